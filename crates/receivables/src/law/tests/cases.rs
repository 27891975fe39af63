use super::*;
use chrono::Weekday;

/// 12 CFR 1006.6(b)(1)(i): "before 8:00 a.m. and after 9:00 p.m. local time at the consumer's location".
#[test]
fn a_consumer_is_contacted_from_eight_to_nine() {
    let (party, history) = consumer();
    let cases = [
        ("2026-11-17 07:59", "defer hours_us 2026-11-17T13:00Z"),
        ("2026-11-17 07:59:59", "defer hours_us 2026-11-17T13:00Z"),
        ("2026-11-17 08:00", "allow"),
        ("2026-11-17 21:00", "allow"),
        ("2026-11-17 21:00:01", "defer hours_us 2026-11-18T13:00Z"),
        ("2026-11-17 21:01", "defer hours_us 2026-11-18T13:00Z"),
        ("2026-11-17 00:00", "defer hours_us 2026-11-17T13:00Z"),
    ];
    for (when, expected) in cases {
        for channel in [Channel::Email, Channel::Sms, Channel::Voice, Channel::Webhook] {
            let verdict = may_contact(
                &party,
                channel,
                Purpose::Collection,
                &history,
                local(when, NEW_YORK),
            );
            assert_eq!(said(verdict), expected, "{when} {channel:?}");
        }
        // A letter has no hour.
        let verdict = may_contact(
            &party,
            Channel::Letter,
            Purpose::Collection,
            &history,
            local(when, NEW_YORK),
        );
        assert_eq!(verdict, Verdict::Allow, "{when}");
    }
}

/// Comment 6(b)(1)(i)-2: where the area code and the address disagree, a time that suits both. Los Angeles is three hours
/// behind New York.
#[test]
fn where_region_and_number_differ_both_count() {
    let (mut party, history) = consumer();
    party.region = Some("US-CA".to_owned());
    party.zone = zone("America/Los_Angeles");
    party.phones = vec!["+1 (212) 555-0100".to_owned()];
    let cases = [
        ("2026-11-17 10:59", "defer hours_us 2026-11-17T16:00Z"),
        ("2026-11-17 11:00", "allow"),
        ("2026-11-17 21:00", "allow"),
        ("2026-11-17 21:01", "defer hours_us 2026-11-18T16:00Z"),
    ];
    for (when, expected) in cases {
        let verdict = may_contact(
            &party,
            Channel::Email,
            Purpose::Collection,
            &history,
            local(when, NEW_YORK),
        );
        assert_eq!(said(verdict), expected, "{when}");
    }
    // A number that lies nowhere in particular: from 8:00 in Guam, 22:00 UTC, to 21:00 in St John's, 00:30 UTC.
    party.phones = vec!["+1 800 555 0100".to_owned()];
    let toll_free = [
        ("2026-11-17T21:59:00Z", "defer hours_us 2026-11-17T22:00Z"),
        ("2026-11-17T22:00:00Z", "allow"),
        ("2026-11-18T00:30:00Z", "allow"),
        ("2026-11-18T00:31:00Z", "defer hours_us 2026-11-18T22:00Z"),
    ];
    for (when, expected) in toll_free {
        let verdict = may_contact(&party, Channel::Voice, Purpose::Collection, &history, at(when));
        assert_eq!(said(verdict), expected, "{when}");
    }
}

/// Clocks went forward on 8 March and back on 1 November 2026, at 2:00 in the morning: eight o'clock moves by an hour
/// against UTC, and stays eight o'clock.
#[test]
fn nights_in_which_clocks_change() {
    let (mut party, mut history) = consumer();
    let cases = [
        ("2026-03-08T02:30:00Z", "defer hours_us 2026-03-08T12:00Z"),
        ("2026-03-07T12:59:00Z", "defer hours_us 2026-03-07T13:00Z"),
        ("2026-03-08T12:00:00Z", "allow"),
        ("2026-11-01T02:30:00Z", "defer hours_us 2026-11-01T13:00Z"),
        ("2026-11-01T12:30:00Z", "defer hours_us 2026-11-01T13:00Z"),
        ("2026-10-31T12:00:00Z", "allow"),
    ];
    for (when, expected) in cases {
        let verdict = may_contact(&party, Channel::Sms, Purpose::Collection, &history, at(when));
        assert_eq!(said(verdict), expected, "{when}");
    }
    // At a consumer in Germany, 29 March and 25 October.
    party = super::party(CustomerKind::Consumer, "DE", BERLIN);
    history.consents.clear();
    let cases = [
        ("2026-03-28T22:00:00Z", "defer hours 2026-03-29T06:00Z"),
        ("2026-10-24T22:00:00Z", "defer hours 2026-10-25T07:00Z"),
    ];
    for (when, expected) in cases {
        let verdict = may_contact(&party, Channel::Email, Purpose::Collection, &history, at(when));
        assert_eq!(said(verdict), expected, "{when}");
    }
}

/// A time that does not suit and that clocks show twice: New York, 1 November 2026, 1:00 to 2:00. Half past one comes at
/// 05:30 and again at 06:30 UTC.
#[test]
fn an_hour_that_comes_twice_is_waited_out_twice() {
    let mut party = party(CustomerKind::Business, "US", NEW_YORK);
    party.settings.hours.business = None;
    let history = History {
        inconvenient: vec![Inconvenient {
            days: Vec::new(),
            hours: span("01:00", "02:00"),
            address: None,
        }],
        ..History::default()
    };
    for (when, expected) in [
        ("2026-11-01T04:59:00Z", "allow"),
        (
            "2026-11-01T05:30:00Z",
            "defer inconvenient_time 2026-11-01T07:00Z",
        ),
        (
            "2026-11-01T06:30:00Z",
            "defer inconvenient_time 2026-11-01T07:00Z",
        ),
        ("2026-11-01T07:00:00Z", "allow"),
    ] {
        let verdict = may_contact(&party, Channel::Email, Purpose::Collection, &history, at(when));
        assert_eq!(said(verdict), expected, "{when}");
    }
}

fn call(when: &str, conversation: bool) -> Call {
    Call {
        at: local(when, NEW_YORK),
        conversation,
    }
}

/// 12 CFR 1006.14(b)(2)(i)(A): more than seven times within seven consecutive days.
#[test]
fn the_eighth_call_is_refused() {
    let (party, mut history) = consumer();
    let days = ["11", "11", "12", "13", "16", "16", "17"];
    let ask = |history: &History, when| {
        said(may_contact(
            &party,
            Channel::Voice,
            Purpose::Collection,
            history,
            local(when, NEW_YORK),
        ))
    };
    for (made, day) in days.iter().enumerate() {
        assert_eq!(ask(&history, "2026-11-17 12:00"), "allow", "after {made} calls");
        history.calls.push(call(&format!("2026-11-{day} 10:00"), false));
    }
    // Those of the 11th count until the 17th, the seventh day; the hours then begin at eight.
    assert_eq!(
        ask(&history, "2026-11-17 12:00"),
        "defer calls_7_in_7 2026-11-18T13:00Z"
    );
    assert_eq!(ask(&history, "2026-11-18 08:00"), "allow");
    // Other channels are not calls.
    for channel in [Channel::Email, Channel::Sms, Channel::Letter] {
        let verdict = may_contact(
            &party,
            channel,
            Purpose::Collection,
            &history,
            local("2026-11-17 12:00", NEW_YORK),
        );
        assert_eq!(verdict, Verdict::Allow);
    }
}

/// 12 CFR 1006.14(b)(2)(i)(B): "within a period of seven consecutive days after having had a telephone conversation ...
/// the date of the telephone conversation is the first day".
#[test]
fn a_conversation_gives_seven_days_of_peace() {
    let (party, mut history) = consumer();
    history.calls.push(call("2026-11-16 15:00", true));
    let cases = [
        (
            "2026-11-16 16:00",
            "defer days_after_conversation 2026-11-23T13:00Z",
        ),
        (
            "2026-11-22 20:59",
            "defer days_after_conversation 2026-11-23T13:00Z",
        ),
        ("2026-11-23 08:00", "allow"),
    ];
    for (when, expected) in cases {
        let verdict = may_contact(
            &party,
            Channel::Voice,
            Purpose::Collection,
            &history,
            local(when, NEW_YORK),
        );
        assert_eq!(said(verdict), expected, "{when}");
    }
}

/// 47 CFR 64.1200(a)(10): STOP ends what it is about.
#[test]
fn stop_stops_text_messages_and_nothing_else() {
    let (mut party, mut history) = consumer();
    let noon = local("2026-11-17 12:00", NEW_YORK);
    let number = "+12125550100";
    party.to = to("+1 212 555-0100", Holder::Customer);
    let ask = |party: &Party, channel, history: &History| {
        said(may_contact(party, channel, Purpose::Collection, history, noon))
    };
    history.consents.push(word(
        Some(Channel::Sms),
        Some(number),
        false,
        "2026-11-10T00:00:00Z",
    ));
    assert_eq!(ask(&party, Channel::Sms, &history), "deny consent_revoked");
    for channel in [Channel::Email, Channel::Voice, Channel::Letter] {
        assert_eq!(ask(&party, channel, &history), "allow", "{channel:?}");
    }
    // Another number of the same customer.
    let mut other = party.clone();
    other.to = to("+1 212 555 0199", Holder::Customer);
    assert_eq!(ask(&other, Channel::Sms, &history), "allow");
    // START; and the order in which words are told of does not matter.
    history.consents.insert(
        0,
        word(Some(Channel::Sms), Some(number), true, "2026-11-11T00:00:00Z"),
    );
    assert_eq!(ask(&party, Channel::Sms, &history), "allow");
    // Unless asked: no more of anything.
    history
        .consents
        .push(word(None, None, false, "2026-11-12T00:00:00Z"));
    for channel in [Channel::Email, Channel::Sms, Channel::Voice, Channel::Letter] {
        assert_eq!(
            ask(&party, channel, &history),
            "deny consent_revoked",
            "{channel:?}"
        );
    }
    // Yes and no at the same instant: no.
    history
        .consents
        .push(word(None, None, true, "2026-11-12T00:00:00Z"));
    assert_eq!(ask(&party, Channel::Sms, &history), "deny consent_revoked");
}

/// 47 U.S.C. 227(b)(1): a machine needs consent before, a person who dials does not.
#[test]
fn machines_need_consent_in_the_united_states() {
    let noon = local("2026-11-17 12:00", NEW_YORK);
    let none = History::default();
    for kind in [CustomerKind::Business, CustomerKind::Consumer] {
        let mut party = party(kind, "US", NEW_YORK);
        let ask = |party: &Party, channel| said(may_contact(party, channel, Purpose::Reminder, &none, noon));
        assert_eq!(ask(&party, Channel::Sms), "deny consent_missing");
        assert_eq!(ask(&party, Channel::Voice), "deny consent_missing");
        assert_eq!(ask(&party, Channel::Email), "allow");
        party.by_person = true;
        assert_eq!(ask(&party, Channel::Voice), "allow");
        assert_eq!(ask(&party, Channel::Sms), "deny consent_missing");
    }
    let german = party(CustomerKind::Business, "DE", BERLIN);
    let verdict = may_contact(
        &german,
        Channel::Sms,
        Purpose::Reminder,
        &none,
        local("2026-11-17 12:00", BERLIN),
    );
    assert_eq!(verdict, Verdict::Allow);
}

fn attorney() -> Attorney {
    Attorney {
        name: "Reed & Partners".to_owned(),
        email: Some("office@reed.example".to_owned()),
        phone: None,
        postal: None,
    }
}

/// 12 CFR 1006.6(b)(2), (c) and (d).
#[test]
fn attorneys_demands_to_cease_and_third_parties() {
    let (consumer, history) = consumer();
    let noon = local("2026-11-17 12:00", NEW_YORK);
    let represented = History {
        attorney: Some(attorney()),
        ..history.clone()
    };
    let ceased = History {
        cease: Some(at("2026-11-01T00:00:00Z")),
        ..history.clone()
    };
    let both = History {
        attorney: Some(attorney()),
        ..ceased.clone()
    };
    let german = party(CustomerKind::Business, "DE", BERLIN);
    let (email, letter) = (Channel::Email, Channel::Letter);
    let own = || to("ada@braun.example", Holder::Customer);
    let theirs = || to("office@reed.example", Holder::Attorney);
    let others = || to("mother@braun.example", Holder::Other);
    let cases = [
        (
            &consumer,
            own(),
            email,
            Purpose::Collection,
            &represented,
            "deny attorney",
        ),
        (
            &consumer,
            None,
            letter,
            Purpose::Statement,
            &represented,
            "deny attorney",
        ),
        (
            &consumer,
            theirs(),
            email,
            Purpose::Collection,
            &represented,
            "allow",
        ),
        (
            &german,
            own(),
            email,
            Purpose::Receipt,
            &represented,
            "deny attorney",
        ),
        (
            &consumer,
            own(),
            email,
            Purpose::Collection,
            &ceased,
            "deny cease",
        ),
        (
            &consumer,
            own(),
            letter,
            Purpose::Statement,
            &ceased,
            "deny cease",
        ),
        (&consumer, own(), email, Purpose::Receipt, &ceased, "deny cease"),
        (&consumer, own(), email, Purpose::Dispute, &ceased, "allow"),
        (&consumer, own(), letter, Purpose::Service, &ceased, "allow"),
        (&consumer, own(), email, Purpose::Order, &ceased, "allow"),
        (&consumer, theirs(), email, Purpose::Collection, &both, "allow"),
        (
            &german,
            own(),
            email,
            Purpose::Collection,
            &ceased,
            "deny cease_paper",
        ),
        (&german, own(), letter, Purpose::Collection, &ceased, "allow"),
        (&german, own(), email, Purpose::Receipt, &ceased, "allow"),
        (
            &consumer,
            others(),
            email,
            Purpose::Collection,
            &history,
            "deny third_party",
        ),
        (&german, others(), email, Purpose::Collection, &history, "allow"),
    ];
    for (at, (party, to, channel, purpose, history, expected)) in cases.into_iter().enumerate() {
        let party = Party { to, ..party.clone() };
        let verdict = may_contact(&party, channel, purpose, history, noon);
        assert_eq!(said(verdict), expected, "case {at}");
    }
}

/// 12 CFR 1006.34(a)(1): a debt collector's alone; an original creditor that keeps to the rules of its own will has none
/// to give.
#[test]
fn the_validation_notice_comes_first() {
    let (mut party, mut history) = consumer();
    let noon = local("2026-11-17 12:00", NEW_YORK);
    let ask = |party: &Party, purpose, history: &History| {
        said(may_contact(party, Channel::Email, purpose, history, noon))
    };
    assert_eq!(ask(&party, Purpose::Collection, &history), "allow");
    party.settings.creditor_role = CreditorRole::DebtCollector;
    assert_eq!(
        ask(&party, Purpose::Collection, &history),
        "deny validation_notice"
    );
    assert_eq!(ask(&party, Purpose::Receipt, &history), "allow");
    let with = Party {
        with_validation_notice: true,
        ..party.clone()
    };
    assert_eq!(ask(&with, Purpose::Collection, &history), "allow");
    history.validation_notice = Some(at("2026-11-01T00:00:00Z"));
    assert_eq!(ask(&party, Purpose::Collection, &history), "allow");
}

/// 12 CFR 1006.6(b)(1): times and places of which the consumer has said so.
#[test]
fn times_and_places_that_do_not_suit() {
    let (mut party, mut history) = consumer();
    let ask = |party: &Party, channel, history: &History, when| {
        said(may_contact(
            party,
            channel,
            Purpose::Collection,
            history,
            local(when, NEW_YORK),
        ))
    };
    let times = |days: &[Weekday], hours, address: Option<&str>| Inconvenient {
        days: days.to_vec(),
        hours,
        address: address.map(crate::suppression::key),
    };
    history.inconvenient = vec![times(&[Weekday::Tue], span("12:00", "14:00"), None)];
    // 17 November 2026 is a Tuesday.
    assert_eq!(ask(&party, Channel::Voice, &history, "2026-11-17 11:59"), "allow");
    let until_two = "defer inconvenient_time 2026-11-17T19:00Z";
    assert_eq!(
        ask(&party, Channel::Voice, &history, "2026-11-17 12:00"),
        until_two
    );
    assert_eq!(
        ask(&party, Channel::Email, &history, "2026-11-17 13:59"),
        until_two
    );
    assert_eq!(ask(&party, Channel::Voice, &history, "2026-11-17 14:00"), "allow");
    assert_eq!(ask(&party, Channel::Voice, &history, "2026-11-18 12:00"), "allow");
    // A letter is read when it suits.
    assert_eq!(
        ask(&party, Channel::Letter, &history, "2026-11-17 12:00"),
        "allow"
    );
    // Nights that begin in the evening: until ten in the morning, after what the hours allow.
    history.inconvenient = vec![times(&[], span("18:00", "10:00"), None)];
    let until_ten = "defer inconvenient_time 2026-11-18T15:00Z";
    assert_eq!(
        ask(&party, Channel::Voice, &history, "2026-11-17 18:00"),
        until_ten
    );
    assert_eq!(
        ask(&party, Channel::Voice, &history, "2026-11-18 09:59"),
        until_ten
    );
    assert_eq!(ask(&party, Channel::Voice, &history, "2026-11-17 17:59"), "allow");
    // A place: the number at work, at any time.
    history.inconvenient = vec![times(&[], None, Some("+12125550177"))];
    party.to = to("+1 212 555-0177", Holder::Customer);
    assert_eq!(
        ask(&party, Channel::Voice, &history, "2026-11-17 12:00"),
        "deny inconvenient_place"
    );
    party.to = to("+1 212 555-0100", Holder::Customer);
    assert_eq!(ask(&party, Channel::Voice, &history, "2026-11-17 12:00"), "allow");
    // A place on weekdays only.
    history.inconvenient = vec![times(&[Weekday::Tue], None, Some("+12125550100"))];
    assert_eq!(
        ask(&party, Channel::Voice, &history, "2026-11-17 12:00"),
        "defer inconvenient_time 2026-11-18T13:00Z"
    );
    // What leaves no hour at all.
    history.inconvenient = vec![times(&[], span("07:00", "21:30"), None)];
    assert_eq!(
        ask(&party, Channel::Voice, &history, "2026-11-17 12:00"),
        "deny no_common_hour"
    );
}

/// India: RBI/2022-23/108, paragraph 3. The United Kingdom, the Union and all others: Dunlin's defaults.
#[test]
fn hours_and_days_of_rest_by_country_and_kind() {
    use CustomerKind::{Business, Consumer};
    let (email, sms, voice) = (Channel::Email, Channel::Sms, Channel::Voice);
    let india = "Asia/Kolkata";
    let cases = [
        (
            Consumer,
            "IN",
            india,
            email,
            "2026-11-17 07:59",
            "defer hours_in 2026-11-17T02:30Z",
        ),
        (Consumer, "IN", india, email, "2026-11-17 08:00", "allow"),
        (Consumer, "IN", india, voice, "2026-11-17 19:00", "allow"),
        (
            Business,
            "IN",
            india,
            voice,
            "2026-11-17 19:01",
            "defer hours_in 2026-11-18T02:30Z",
        ),
        (Business, "IN", india, email, "2026-11-17 23:00", "allow"),
        (
            Consumer,
            "GB",
            "Europe/London",
            email,
            "2026-11-17 20:01",
            "defer hours 2026-11-18T08:00Z",
        ),
        (Consumer, "DE", BERLIN, sms, "2026-11-17 08:00", "allow"),
        (
            Business,
            "DE",
            BERLIN,
            sms,
            "2026-11-17 18:01",
            "defer hours 2026-11-18T07:00Z",
        ),
        (Business, "DE", BERLIN, email, "2026-11-17 23:00", "allow"),
        // A Sunday; and 26 December 2026, a holiday and a Saturday, before a Sunday.
        (
            Consumer,
            "DE",
            BERLIN,
            sms,
            "2026-11-22 12:00",
            "defer rest_day 2026-11-23T07:00Z",
        ),
        (
            Consumer,
            "DE",
            BERLIN,
            voice,
            "2026-12-25 12:00",
            "defer rest_day 2026-12-28T07:00Z",
        ),
        (Consumer, "DE", BERLIN, email, "2026-11-22 12:00", "allow"),
        (
            Consumer,
            "KE",
            "Africa/Nairobi",
            email,
            "2026-11-17 08:59",
            "defer hours 2026-11-17T06:00Z",
        ),
        (
            Consumer,
            "KE",
            "Africa/Nairobi",
            email,
            "2026-11-17 18:01",
            "defer hours 2026-11-18T06:00Z",
        ),
    ];
    for (kind, country, zone_name, channel, when, expected) in cases {
        let party = party(kind, country, zone_name);
        let none = History::default();
        let verdict = may_contact(
            &party,
            channel,
            Purpose::Collection,
            &none,
            local(when, zone_name),
        );
        assert_eq!(said(verdict), expected, "{kind:?} {country} {channel:?} {when}");
    }
}

/// A region's holiday is a day of rest there: Corpus Christi, 4 June 2026, in Bavaria and not in Berlin.
#[test]
fn holidays_are_those_of_the_region() {
    let mut party = party(CustomerKind::Consumer, "DE", BERLIN);
    let ask = |party: &Party| {
        let when = local("2026-06-04 12:00", BERLIN);
        said(may_contact(
            party,
            Channel::Voice,
            Purpose::Collection,
            &History::default(),
            when,
        ))
    };
    for (region, expected) in [("BE", "allow"), ("BY", "defer rest_day 2026-06-05T06:00Z")] {
        party.rest = RestDays::of(party.country, Some(region));
        assert_eq!(ask(&party), expected, "{region}");
    }
}

/// What the customer itself has begun is answered at once, wherever no law says otherwise.
#[test]
fn answers_go_at_once() {
    let night = local("2026-11-17 23:00", BERLIN);
    let party = party(CustomerKind::Consumer, "DE", BERLIN);
    let ask = |purpose| {
        said(may_contact(
            &party,
            Channel::Email,
            purpose,
            &History::default(),
            night,
        ))
    };
    for purpose in [Purpose::Order, Purpose::Receipt, Purpose::Dispute] {
        assert_eq!(ask(purpose), "allow");
    }
    assert_eq!(ask(Purpose::Reminder), "defer hours 2026-11-18T07:00Z");
    // Under Regulation F whatever is about the debt waits; an order is not.
    let (party, history) = consumer();
    let night = local("2026-11-17 23:00", NEW_YORK);
    let ask = |purpose| said(may_contact(&party, Channel::Email, purpose, &history, night));
    assert_eq!(ask(Purpose::Order), "allow");
    assert_eq!(ask(Purpose::Receipt), "defer hours_us 2026-11-18T13:00Z");
}

/// Three demands in seven days to a consumer in the Union by default; what is set takes its place.
#[test]
fn how_often_is_a_default_that_can_be_set() {
    let mut party = party(CustomerKind::Consumer, "DE", BERLIN);
    let asked = |day: &str| Sent {
        at: local(&format!("2026-11-{day} 10:00"), BERLIN),
        channel: Channel::Email,
        purpose: Purpose::Collection,
    };
    let mut history = History {
        messages: vec![asked("11"), asked("13")],
        ..History::default()
    };
    let ask = |party: &Party, purpose, history: &History| {
        let noon = local("2026-11-17 12:00", BERLIN);
        said(may_contact(party, Channel::Email, purpose, history, noon))
    };
    assert_eq!(ask(&party, Purpose::Collection, &history), "allow");
    history.messages.push(asked("16"));
    assert_eq!(
        ask(&party, Purpose::Collection, &history),
        "defer frequency 2026-11-18T07:00Z"
    );
    assert_eq!(ask(&party, Purpose::Reminder, &history), "allow");
    party.settings.weekly.consumer = Some(4);
    assert_eq!(ask(&party, Purpose::Collection, &history), "allow");
    // Hours can be set, and those of a law only narrowed.
    let hours = settings::Hours {
        from: NaiveTime::from_hms_opt(6, 0, 0).unwrap(),
        until: NaiveTime::from_hms_opt(17, 0, 0).unwrap(),
    };
    party.settings.hours.consumer = Some(hours);
    let early = |party: &Party, zone_name, time: &str| {
        let when = local(&format!("2026-11-17 {time}"), zone_name);
        said(may_contact(
            party,
            Channel::Email,
            Purpose::Reminder,
            &History::default(),
            when,
        ))
    };
    assert_eq!(early(&party, BERLIN, "06:00"), "allow");
    assert_eq!(early(&party, BERLIN, "17:01"), "defer hours 2026-11-18T05:00Z");
    let mut american = consumer().0;
    american.settings.hours.consumer = Some(hours);
    assert_eq!(
        early(&american, NEW_YORK, "06:00"),
        "defer hours_us 2026-11-17T13:00Z"
    );
    assert_eq!(
        early(&american, NEW_YORK, "17:01"),
        "defer hours 2026-11-18T13:00Z"
    );
}

#[test]
fn a_regime_follows_from_role_kind_and_country() {
    use regime::Regime;
    let original = Settings::default();
    let voluntary = Settings {
        consumer_rules: true,
        ..original
    };
    let collector = Settings {
        creditor_role: CreditorRole::DebtCollector,
        ..original
    };
    let cases = [
        (original, CustomerKind::Consumer, "US", Regime::Us),
        (voluntary, CustomerKind::Consumer, "US", Regime::UsCollection),
        (collector, CustomerKind::Consumer, "PR", Regime::UsCollection),
        (collector, CustomerKind::Business, "US", Regime::Us),
        (collector, CustomerKind::Consumer, "IN", Regime::In),
        (original, CustomerKind::Business, "JE", Regime::Gb),
        (original, CustomerKind::Consumer, "CH", Regime::Eu),
        (original, CustomerKind::Consumer, "NO", Regime::Eu),
        (original, CustomerKind::Consumer, "BR", Regime::Elsewhere),
    ];
    for (settings, kind, country, expected) in cases {
        let country = Country::parse(country).unwrap();
        assert_eq!(
            regime::of(&settings, kind, country),
            expected,
            "{country} {kind:?}"
        );
    }
}

#[test]
fn every_rule_has_an_id_of_its_own_and_a_citation() {
    for (at, rule) in rules::ALL.iter().enumerate() {
        assert_eq!(rules::find(rule.id), Some(*rule));
        assert!(
            !rules::ALL.iter().take(at).any(|other| other.id == rule.id),
            "{}",
            rule.id
        );
        assert!(
            !rule.citation.is_empty() && rule.text.ends_with('.'),
            "{}",
            rule.id
        );
    }
    assert_eq!(rules::find("none"), None);
}

/// The table for people says of each rule what the code says.
#[test]
fn the_documentation_names_every_rule() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/law.md");
    let text = std::fs::read_to_string(path).unwrap();
    for rule in rules::ALL {
        let row = format!("| `{}` | {} | {} |", rule.id, rule.text, rule.citation);
        assert!(text.contains(&row), "docs/law.md lacks\n{row}");
    }
}
