//! What a text from a customer's telephone asks for: no more of them, more of them again, or who we are.
//!
//! # Shape
//!
//! A text that is nothing but a keyword is that keyword's, in any case, with any punctuation and accents or none. A
//! sentence that asks us to stop writing or calling is taken for a revocation too, and a person reads it; any other is a
//! person's alone.
//!
//! # Rules
//!
//! - STOP stops texts to that number and nothing else. Calls stop where calls are named (`stop calling`), both where all is
//!   (`STOPALL`, `stop all`, `leave me alone`). What goes beyond the telephone is a person's to decide.
//! - Where it is not clear whether somebody wants to be left alone, they are.
//! - A keyword within a sentence is no keyword: nobody leaves with `when does the month end?`.
//!
//! Source: 47 CFR 64.1200(a)(10), in force since 2025-04-11 (FCC 24-24): consent is revoked in any reasonable manner;
//! "stop", "quit", "end", "revoke", "opt out", "cancel" and "unsubscribe" in a text are per se reasonable, and other words
//! where a reasonable person would understand them so. CTIA, Messaging Principles and Best Practices (2023), section
//! 5.1.3, for STOP, START and HELP; Twilio's and Vonage's keywords for the rest of the English ones. The words of other
//! languages are Dunlin's own choice, after what their networks use (`ARRET` and `STOP` in France: AF2M, Charte SMS+).

#[cfg(test)]
mod tests;

/// What a text asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// No more of what is named.
    Stop(Wish),
    /// Texts again.
    Start,
    /// Who writes, and how one leaves.
    Help,
    /// Something that a person must read.
    Other,
}

/// What is to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wish {
    /// Texts to the number.
    pub sms: bool,
    /// Calls by a machine to the number.
    pub voice: bool,
    /// Whether a person is to read it: it was a sentence, or asks for more than the telephone.
    pub person: bool,
}

const TEXTS: Wish = Wish {
    sms: true,
    voice: false,
    person: false,
};
const BOTH: Wish = Wish {
    voice: true,
    person: true,
    ..TEXTS
};

/// Keywords, without accents and punctuation, as whole texts.
const STOP: &[(&str, &[&str])] = &[
    (
        "en",
        &[
            "stop",
            "quit",
            "end",
            "revoke",
            "opt out",
            "optout",
            "cancel",
            "unsubscribe",
        ],
    ),
    (
        "de",
        &[
            "stopp",
            "abmelden",
            "abbestellen",
            "austragen",
            "aufhoren",
            "aufhoeren",
            "ende",
        ],
    ),
    (
        "fr",
        &[
            "arret",
            "arreter",
            "arretez",
            "desabonner",
            "desabonnement",
            "desinscrire",
            "desinscription",
        ],
    ),
    (
        "es",
        &[
            "baja",
            "dar de baja",
            "alto",
            "parar",
            "pare",
            "cancelar",
            "detener",
        ],
    ),
    (
        "hi",
        &[
            "बंद",
            "बंद करो",
            "बंद करें",
            "बन्द",
            "रोकें",
            "रोको",
            "band",
            "band karo",
            "roko",
        ],
    ),
];

/// Keywords that ask for all to stop.
const STOP_ALL: &[(&str, &[&str])] = &[
    ("en", &["stopall", "stop all", "stop everything"]),
    ("de", &["stopp alles", "stop alles", "alles stoppen"]),
    ("fr", &["stop tout", "arret tout", "tout arreter"]),
    ("es", &["alto todo", "parar todo", "stop todo"]),
    ("hi", &["सब बंद", "सब बंद करो", "सब बंद करें", "sab band karo"]),
];

const START: &[(&str, &[&str])] = &[
    ("en", &["start", "yes", "unstop"]),
    ("de", &["anmelden", "starten"]),
    ("fr", &["reprendre", "reabonner"]),
    ("es", &["alta", "iniciar", "reanudar"]),
    ("hi", &["शुरू", "शुरू करें", "shuru"]),
];

const HELP: &[(&str, &[&str])] = &[
    ("en", &["help", "info"]),
    ("de", &["hilfe"]),
    ("fr", &["aide"]),
    ("es", &["ayuda"]),
    ("hi", &["मदद", "सहायता", "madad"]),
];

/// Courtesies that change nothing about a keyword.
const COURTESIES: &[&str] = &[
    "please",
    "pls",
    "plz",
    "thanks",
    "thank",
    "you",
    "bitte",
    "danke",
    "svp",
    "merci",
    "por",
    "favor",
    "gracias",
    "कृपया",
];

/// What begins a wish to be left alone within a sentence. None of them is one by itself.
const ENDING: &[&str] = &[
    "stop",
    "stopp",
    "unsubscribe",
    "remove",
    "quit",
    "revoke",
    "cease",
    "opt",
    "optout",
    "never",
    "dont",
    "no",
    "cancel",
    "aufhoren",
    "aufhoeren",
    "unterlassen",
    "keine",
    "kein",
    "nicht",
    "arretez",
    "arreter",
    "arrete",
    "cessez",
    "cesser",
    "plus",
    "pas",
    "pare",
    "paren",
    "dejen",
    "deje",
    "deja",
    "basta",
    "बंद",
    "मत",
    "रोकें",
    "रोको",
];

/// Texts and what is done with them.
const OF_TEXTS: &[&str] = &[
    "text",
    "texts",
    "texting",
    "sms",
    "message",
    "messages",
    "messaging",
    "msg",
    "msgs",
    "nachricht",
    "nachrichten",
    "texto",
    "textos",
    "mensaje",
    "mensajes",
    "संदेश",
    "मैसेज",
    "list",
    "liste",
    "lista",
];

/// Calls and what is done with them.
const OF_CALLS: &[&str] = &[
    "call",
    "calls",
    "calling",
    "phone",
    "phoning",
    "ring",
    "ringing",
    "anruf",
    "anrufe",
    "anrufen",
    "appel",
    "appels",
    "appeler",
    "appelez",
    "llamada",
    "llamadas",
    "llamar",
    "llamen",
    "llame",
    "कॉल",
    "फोन",
];

/// Words for being spoken to at all.
const OF_ANY: &[&str] = &[
    "contact",
    "contacting",
    "kontaktieren",
    "contacter",
    "contactez",
    "contactar",
    "contacten",
    "संपर्क",
];

/// What ends everything where something is to end; `no money at all` ends nothing.
const ALL: &[&str] = &["all", "everything", "alles", "tout", "todo", "सब"];

/// What says by itself that something is to end.
const STRONG: &[&str] = &[
    "stop",
    "stopp",
    "unsubscribe",
    "quit",
    "revoke",
    "cease",
    "arretez",
    "arreter",
    "cessez",
    "paren",
    "बंद",
    "रोकें",
];

/// Other ways to say it that need nothing else. Several words each.
const PHRASES: &[(&str, Wish)] = &[
    ("leave me alone", BOTH),
    ("lose my number", BOTH),
    ("lass mich in ruhe", BOTH),
    ("lassen sie mich in ruhe", BOTH),
    ("laissez moi tranquille", BOTH),
    ("dejenme en paz", BOTH),
    ("dejeme en paz", BOTH),
    ("opt me out", SENTENCE),
    ("opt out", SENTENCE),
    ("take me off", SENTENCE),
    ("remove me", SENTENCE),
    ("remove my number", SENTENCE),
    ("wrong number", BOTH),
    ("falsche nummer", BOTH),
    ("faux numero", BOTH),
    ("numero equivocado", BOTH),
];

const SENTENCE: Wish = Wish {
    person: true,
    ..TEXTS
};

/// What turns a wish around: `do not stop the deliveries`.
const TURNED: &[&str] = &[
    "dont stop",
    "do not stop",
    "not stop",
    "nicht stoppen",
    "never stop",
];

/// Words of a text that begins with STOP and is still no more than that: `stop it now`.
const SHORT: usize = 3;

/// What a text asks for.
pub fn read(text: &str) -> Meaning {
    let words = words(text);
    let plain = join(&words);
    let bare = join(
        &words
            .iter()
            .filter(|word| !COURTESIES.contains(&word.as_str()))
            .cloned()
            .collect::<Vec<_>>(),
    );
    let is = |table: &[(&str, &[&str])]| {
        let mut keywords = table.iter().flat_map(|(_, keywords)| keywords.iter());
        keywords.any(|keyword| *keyword == plain || *keyword == bare)
    };
    if is(STOP) {
        return Meaning::Stop(TEXTS);
    }
    if is(STOP_ALL) {
        return Meaning::Stop(BOTH);
    }
    if is(START) {
        return Meaning::Start;
    }
    if is(HELP) {
        return Meaning::Help;
    }
    sentence(&words, &plain).map_or(Meaning::Other, Meaning::Stop)
}

/// What a sentence asks to stop, where it does.
fn sentence(words: &[String], plain: &str) -> Option<Wish> {
    let says = |phrase: &str| format!(" {plain} ").contains(&format!(" {phrase} "));
    if TURNED.iter().any(|phrase| says(phrase)) {
        return None;
    }
    if let Some((_, wish)) = PHRASES.iter().find(|(phrase, _)| says(phrase)) {
        return Some(*wish);
    }
    let any = |table: &[&str]| words.iter().any(|word| table.contains(&word.as_str()));
    let stops_first = words
        .first()
        .is_some_and(|word| ["stop", "stopp"].contains(&word.as_str()));
    let ends = any(ENDING) || says("do not");
    if !ends {
        return None;
    }
    let anything = any(OF_ANY) || (any(ALL) && any(STRONG));
    let wish = match (anything, any(OF_TEXTS), any(OF_CALLS)) {
        (true, _, _) | (false, true, true) => BOTH,
        (false, true, false) => SENTENCE,
        (false, false, true) => Wish {
            sms: false,
            voice: true,
            person: true,
        },
        (false, false, false) if stops_first && words.len() <= SHORT => SENTENCE,
        (false, false, false) => return None,
    };
    Some(wish)
}

fn join(words: &[String]) -> String {
    words.join(" ")
}

/// The words of a text in small letters, without accents and apostrophes; what is no letter and no digit divides them.
fn words(text: &str) -> Vec<String> {
    let mut plain = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match ACCENTS.iter().find(|(accented, _)| accented.contains(c)) {
            Some((_, letter)) => plain.push(*letter),
            // Accents as characters of their own (Unicode block 0300-036F), as some telephones send them.
            None if matches!(c, '\'' | '\u{2019}' | '`' | '\u{300}'..='\u{36f}') => {}
            None if c.is_alphanumeric() || is_mark(c) => plain.push(c),
            None => plain.push(' '),
        }
    }
    plain.split_whitespace().map(str::to_owned).collect()
}

/// Accented letters of the languages above, and the letters below them.
const ACCENTS: &[(&str, char)] = &[
    ("àáâãäå", 'a'),
    ("ç", 'c'),
    ("èéêë", 'e'),
    ("ìíîï", 'i'),
    ("ñ", 'n'),
    ("òóôõö", 'o'),
    ("ùúûü", 'u'),
];

/// Signs that are written at a letter of Devanagari and are part of its word (Unicode block 0900-097F), without the
/// sentence's end.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{0900}'..='\u{097f}') && !matches!(c, '\u{0964}' | '\u{0965}')
}
