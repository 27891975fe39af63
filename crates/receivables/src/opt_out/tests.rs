//! What people write, and what it is taken for.

use super::*;
use proptest::prelude::*;

const CALLS: Wish = Wish {
    sms: false,
    voice: true,
    person: true,
};

fn all(table: &'static [(&'static str, &'static [&'static str])]) -> impl Iterator<Item = &'static str> {
    table.iter().flat_map(|(_, keywords)| keywords.iter().copied())
}

#[test]
fn keywords_mean_what_they_say_in_any_dress() {
    for (table, meaning) in [
        (STOP, Meaning::Stop(TEXTS)),
        (STOP_ALL, Meaning::Stop(BOTH)),
        (START, Meaning::Start),
        (HELP, Meaning::Help),
    ] {
        for keyword in all(table) {
            for text in [
                keyword.to_owned(),
                keyword.to_uppercase(),
                format!("  {keyword}!! "),
                format!("\"{keyword}.\"\r\n"),
                format!("Please {keyword}"),
                format!("{keyword}, bitte"),
            ] {
                assert_eq!(read(&text), meaning, "{text:?}");
            }
        }
    }
}

#[test]
fn a_keyword_stands_in_one_table_alone_and_as_it_is_compared() {
    let mut seen = std::collections::BTreeSet::new();
    for keyword in [STOP, STOP_ALL, START, HELP].into_iter().flat_map(all) {
        assert!(seen.insert(keyword), "{keyword} stands twice");
        assert_eq!(join(&words(keyword)), keyword, "can never be found");
    }
    for word in [ENDING, OF_TEXTS, OF_CALLS, OF_ANY, ALL, STRONG, COURTESIES].concat() {
        assert_eq!(words(word), [word], "can never be found");
    }
    for phrase in PHRASES.iter().map(|(phrase, _)| phrase).chain(TURNED) {
        assert_eq!(join(&words(phrase)), *phrase, "can never be found");
    }
}

/// 47 CFR 64.1200(a)(10): the words that are a reasonable means per se.
#[test]
fn the_words_of_the_regulation_revoke() {
    for word in [
        "stop",
        "quit",
        "end",
        "revoke",
        "opt out",
        "cancel",
        "unsubscribe",
    ] {
        assert_eq!(read(word), Meaning::Stop(TEXTS), "{word}");
    }
}

/// The keywords that Twilio's and Vonage's networks know.
#[test]
fn the_networks_keywords_are_known() {
    for word in [
        "STOP",
        "UNSUBSCRIBE",
        "END",
        "QUIT",
        "CANCEL",
        "REVOKE",
        "OPTOUT",
        "STOPALL",
    ] {
        assert!(
            matches!(read(word), Meaning::Stop(Wish { sms: true, .. })),
            "{word}"
        );
    }
    for word in ["START", "YES", "UNSTOP"] {
        assert_eq!(read(word), Meaning::Start, "{word}");
    }
    for word in ["HELP", "INFO"] {
        assert_eq!(read(word), Meaning::Help, "{word}");
    }
}

#[test]
fn stop_stops_texts_and_nothing_else_unless_asked() {
    let said = |text| match read(text) {
        Meaning::Stop(wish) => (wish.sms, wish.voice),
        _ => (false, false),
    };
    assert_eq!(said("STOP"), (true, false));
    assert_eq!(said("stop all"), (true, true));
    assert_eq!(said("STOPALL"), (true, true));
    assert_eq!(said("stop calls"), (false, true));
    assert_eq!(said("Stop calling me."), (false, true));
    assert_eq!(said("stop texting and calling me"), (true, true));
}

#[test]
fn accents_count_for_nothing() {
    // The last has its accent as a character of its own.
    for text in ["ARRÊT", "arrêt", "Arret", "ARRE\u{302}T"] {
        assert_eq!(read(text), Meaning::Stop(TEXTS), "{text}");
    }
    assert_eq!(read("aufhören"), Meaning::Stop(TEXTS));
    assert_eq!(read("बंद।"), Meaning::Stop(TEXTS));
}

#[test]
fn a_sentence_that_asks_to_be_left_alone_is_a_revocation_and_a_persons_to_read() {
    for (text, wish) in [
        ("Please stop texting me", SENTENCE),
        ("pls stop sending these messages!!", SENTENCE),
        ("Don't text me again", SENTENCE),
        ("do not send me any more sms", SENTENCE),
        ("I want to opt out of this", SENTENCE),
        ("take me off your list", SENTENCE),
        ("Remove me", SENTENCE),
        ("stop it now", SENTENCE),
        ("Stop!!! Enough.", SENTENCE),
        ("Bitte keine Nachrichten mehr", SENTENCE),
        ("ne m'envoyez plus de SMS", SENTENCE),
        ("no me envíen más mensajes", SENTENCE),
        ("मुझे संदेश मत भेजो", SENTENCE),
        ("never call this number", CALLS),
        ("Rufen Sie nicht mehr an, keine Anrufe", CALLS),
        ("no more calls or texts", BOTH),
        ("stop contacting me", BOTH),
        ("leave me alone", BOTH),
        ("You have the wrong number", BOTH),
    ] {
        assert_eq!(read(text), Meaning::Stop(wish), "{text:?}");
    }
}

#[test]
fn what_asks_for_nothing_of_the_kind_is_a_persons() {
    for text in [
        "",
        "👍",
        "When does the month end?",
        "I will stop by your office tomorrow to pay",
        "I want to cancel my order 4711",
        "Do not stop the deliveries, I have paid",
        "I paid yesterday",
        "I have no money at all",
        "yes I will pay on Friday",
        "can you help me with this invoice?",
        "wir zahlen am Ende der Woche",
    ] {
        assert_eq!(read(text), Meaning::Other, "{text:?}");
    }
}

proptest! {
    #[test]
    fn case_and_punctuation_never_change_what_is_meant(
        keyword in prop::sample::select([STOP, STOP_ALL, START, HELP].into_iter().flat_map(all).collect::<Vec<_>>()),
        before in "[ .,!?\"\\-\n]{0,4}", after in "[ .,!?\"\\-\n]{0,4}", shout in any::<bool>(),
    ) {
        let said = if shout { keyword.to_uppercase() } else { keyword.to_owned() };
        prop_assert_eq!(read(&format!("{before}{said}{after}")), read(keyword));
    }

    #[test]
    fn whatever_is_sent_is_read(text in "\\PC{0,160}") {
        // A wish always names something; a plain keyword for texts alone needs nobody.
        if let Meaning::Stop(wish) = read(&text) {
            prop_assert!(wish.sms || wish.voice);
            prop_assert!(wish.person || !wish.voice);
        }
    }
}
