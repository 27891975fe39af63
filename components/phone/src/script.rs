//! What is said in a call, whoever carries it: the message and the keys, then what came of the key.

use crate::words::Words;
use render::{Language, format_date, format_money};
use store::voice::{Call, Pressed};

/// Misses in a row after which a call ends: whoever does not find the keys by then will not.
const MISSES: u32 = 3;

/// What is said next, and whether a key is waited for after it.
pub(crate) struct Script {
    /// BCP 47, as the voices of providers are chosen.
    pub(crate) language: &'static str,
    /// Sentences, with a pause between them.
    pub(crate) says: Vec<String>,
    /// Whether the call goes on.
    pub(crate) listens: bool,
}

impl Script {
    /// The message and what the keys do.
    pub(crate) fn opening(call: &Call) -> Self {
        let words = Words::of(&call.locale);
        Self {
            language: words.voice,
            says: vec![call.words.clone(), words.keys.to_owned()],
            listens: true,
        }
    }

    /// What follows a key.
    pub(crate) fn after(call: &Call, pressed: &Pressed) -> Self {
        let words = Words::of(&call.locale);
        let says = |says: Vec<String>, listens| Self {
            language: words.voice,
            says,
            listens,
        };
        let last = |text: String| says(vec![text, words.goodbye.to_owned()], false);
        match pressed {
            Pressed::Again => Self::opening(call),
            Pressed::Promised(promise) => {
                let language = Language::of(&call.locale);
                let text = words
                    .promised
                    .replace("{amount}", &format_money(promise.amount, language))
                    .replace("{day}", &format_date(promise.promised_on, language));
                last(text)
            }
            Pressed::NoPromise => last(words.no_promise.to_owned()),
            Pressed::NoCalls => last(words.no_calls.to_owned()),
            Pressed::Missed(times) if *times < MISSES => {
                says(vec![words.not_understood.to_owned(), words.keys.to_owned()], true)
            }
            Pressed::Missed(_) => last(String::new()),
        }
    }

    /// What a call says that we do not know: nothing of anybody.
    pub(crate) fn unknown() -> Self {
        let words = Words::of("en");
        Self {
            language: words.voice,
            says: vec![words.goodbye.to_owned()],
            listens: false,
        }
    }

    /// The sentences that there are.
    pub(crate) fn sentences(&self) -> impl Iterator<Item = &str> {
        self.says
            .iter()
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
    }
}
