//! The page on which the reader of a message says that there are to be no more.
//!
//! It works by a button: whoever merely opens it, such as a mail server that looks where a link leads, changes nothing.

use minijinja::context;
use serde::Serialize;

use crate::env::Family;
use crate::{Language, RenderError};

static UNSUBSCRIBE: Family = Family::new(&[
    ("base.css", include_str!("../../templates/page/base.css")),
    ("sheet.css", include_str!("../../templates/page/sheet.css")),
    ("sheet.html", include_str!("../../templates/page/sheet.html")),
    (
        "unsubscribe.html",
        include_str!("../../templates/page/unsubscribe.html"),
    ),
]);

/// The page behind the link in a message.
#[derive(Clone, Debug)]
pub struct UnsubscribePage {
    /// Nonce of the page's stylesheet.
    pub nonce: String,
    /// The reader's language.
    pub language: Language,
    /// Who writes.
    pub creditor_name: String,
    /// What can be refused; one or more.
    pub choices: Vec<UnsubscribeChoice>,
    /// Where the form is posted.
    pub action: String,
    /// Whether it was done.
    pub done: bool,
    /// Mail address for questions.
    pub reply_to: Option<String>,
}

/// One channel that can be refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnsubscribeChoice {
    /// What the form says: `email`, `sms`, `voice`.
    pub name: &'static str,
    /// The address, as much of it as a reader needs to know it by.
    pub address: String,
    /// Whether it is chosen before anybody chooses.
    pub checked: bool,
}

/// The words of the page in one language.
#[derive(Serialize)]
struct Words {
    title: &'static str,
    intro: &'static str,
    email: &'static str,
    sms: &'static str,
    voice: &'static str,
    button: &'static str,
    still: &'static str,
    done_title: &'static str,
    done: &'static str,
    questions: &'static str,
}

const WORDS: &[(&str, Words)] = &[
    (
        "en",
        Words {
            title: "No more messages",
            intro: "{creditor} sends you messages about invoices. Choose what you no longer want to receive.",
            email: "Emails to {address}",
            sms: "Text messages to {address}",
            voice: "Automated calls to {address}",
            button: "Stop these messages",
            still: "What is owed stays owed, and what the law requires to be announced still comes by post.",
            done_title: "Done",
            done: "Nothing more will be sent there.",
            questions: "Questions? Write to",
        },
    ),
    (
        "de",
        Words {
            title: "Keine Nachrichten mehr",
            intro: "{creditor} sendet Ihnen Nachrichten zu Rechnungen. Wählen Sie aus, was Sie nicht mehr erhalten möchten.",
            email: "E-Mails an {address}",
            sms: "SMS an {address}",
            voice: "Automatische Anrufe an {address}",
            button: "Diese Nachrichten beenden",
            still: "Offene Beträge bleiben offen, und was gesetzlich anzukündigen ist, kommt weiterhin mit der Post.",
            done_title: "Erledigt",
            done: "Dorthin wird nichts mehr gesendet.",
            questions: "Fragen? Schreiben Sie an",
        },
    ),
    (
        "fr",
        Words {
            title: "Ne plus recevoir de messages",
            intro: "{creditor} vous envoie des messages au sujet de factures. Choisissez ce que vous ne souhaitez plus recevoir.",
            email: "E-mails à {address}",
            sms: "SMS au {address}",
            voice: "Appels automatiques au {address}",
            button: "Arrêter ces messages",
            still: "Les sommes dues restent dues, et ce que la loi impose d’annoncer arrivera toujours par la poste.",
            done_title: "C’est fait",
            done: "Plus rien ne sera envoyé à cette adresse.",
            questions: "Des questions ? Écrivez à",
        },
    ),
    (
        "es",
        Words {
            title: "No recibir más mensajes",
            intro: "{creditor} le envía mensajes sobre facturas. Elija lo que ya no desea recibir.",
            email: "Correos a {address}",
            sms: "Mensajes de texto a {address}",
            voice: "Llamadas automáticas a {address}",
            button: "Detener estos mensajes",
            still: "Lo que se debe se sigue debiendo, y lo que la ley obliga a anunciar seguirá llegando por correo postal.",
            done_title: "Hecho",
            done: "No se enviará nada más a esa dirección.",
            questions: "¿Preguntas? Escriba a",
        },
    ),
    (
        "hi",
        Words {
            title: "और संदेश नहीं",
            intro: "{creditor} आपको बिलों के बारे में संदेश भेजता है। चुनें कि आप आगे क्या नहीं पाना चाहते।",
            email: "{address} पर ईमेल",
            sms: "{address} पर एसएमएस",
            voice: "{address} पर स्वचालित कॉल",
            button: "ये संदेश बंद करें",
            still: "बकाया राशि बकाया रहती है, और कानूनन ज़रूरी सूचनाएँ डाक से आती रहेंगी।",
            done_title: "हो गया",
            done: "वहाँ अब कुछ नहीं भेजा जाएगा।",
            questions: "कोई प्रश्न? यहाँ लिखें:",
        },
    ),
];

/// The page.
///
/// # Errors
/// A template that does not render: [`RenderError::Template`].
pub fn unsubscribe_page(page: &UnsubscribePage) -> Result<String, RenderError> {
    let tag = page.language.tag();
    let found = WORDS
        .iter()
        .find(|(language, _)| *language == tag)
        .or_else(|| WORDS.first());
    let words = found.map(|(_, words)| words);
    UNSUBSCRIBE.render(
        "unsubscribe.html",
        page.language,
        context! { w => words, nonce => page.nonce, creditor_name => page.creditor_name, choices => page.choices,
            action => page.action, done => page.done, reply_to => page.reply_to },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(language: Language, done: bool) -> String {
        let choice = |name, address: &str, checked| UnsubscribeChoice {
            name,
            address: address.to_owned(),
            checked,
        };
        unsubscribe_page(&UnsubscribePage {
            nonce: "n".to_owned(),
            language,
            creditor_name: "Braun & Söhne".to_owned(),
            choices: vec![
                choice("email", "ada@x.example", true),
                choice("sms", "+46 8 1", false),
                choice("voice", "+46 8 1", false),
            ],
            action: "/unsubscribe/t".to_owned(),
            done,
            reply_to: Some("ar@x.example".to_owned()),
        })
        .unwrap()
    }

    #[test]
    fn every_channel_is_a_choice_and_a_button_does_it() {
        for language in [Language::En, Language::De] {
            let html = page(language, false);
            assert!(
                html.contains("method=\"post\" action=\"/unsubscribe/t\""),
                "{html}"
            );
            for name in ["email", "sms", "voice"] {
                let field = format!("name=\"channel\" value=\"{name}\"");
                assert_eq!(html.matches(&field).count(), 1, "{html}");
            }
            assert_eq!(html.matches(" checked").count(), 1, "{html}");
            assert!(html.contains("Braun &amp; Söhne") && html.contains("ada@x.example"));
            assert!(!html.contains("<script") && !html.contains('{'.to_string().repeat(2).as_str()));
        }
        assert!(page(Language::De, false).contains("<html lang=\"de\">"));
        let done = page(Language::En, true);
        assert!(
            done.contains("Nothing more will be sent there") && !done.contains("<form"),
            "{done}"
        );
    }

    #[test]
    fn every_language_says_everything() {
        for (language, words) in WORDS {
            let words = serde_json::to_value(words).unwrap();
            for (name, text) in words.as_object().unwrap() {
                let text = text.as_str().unwrap();
                assert!(!text.is_empty(), "{language} {name}");
                let filled = match name.as_str() {
                    "intro" => "{creditor}",
                    "email" | "sms" | "voice" => "{address}",
                    _ => continue,
                };
                assert!(text.contains(filled), "{language} {name}");
            }
        }
    }
}
