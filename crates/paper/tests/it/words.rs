//! Every language: what is printed comes out as the very Unicode that went in.

use crate::readers;
use crate::samples;
use paper::{letter, statement};
use render::{Language, format_date, format_money};

fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_letter_s_sentences_come_out_as_they_went_in() {
    for language in Language::ALL {
        let facts = samples::letter(language, 3);
        let printed = letter(&facts).unwrap();
        assert_eq!(printed.missing, [], "{language:?}");
        let name = format!("words-{}", language.tag());
        readers::check(&name, &printed.pdf);
        let Some(text) = readers::text(&name, &printed.pdf) else {
            return;
        };
        let text = words(&text);
        let parts = &facts.parts;
        let sentences = [
            &parts.greeting,
            &parts.opening,
            &parts.request,
            &parts.closing,
            &parts.regards,
        ];
        for sentence in sentences.into_iter().chain([&facts.subject]) {
            assert!(
                text.contains(&words(sentence)),
                "{language:?}: {sentence}\n{text}"
            );
        }
        let total = words(&format_money(facts.total, language));
        assert!(text.contains(&total), "{language:?}: {total}\n{text}");
        let dated = words(&format_date(facts.dated, language));
        assert!(text.contains(&dated), "{language:?}: {dated}\n{text}");
    }
}

#[test]
fn a_statement_speaks_the_customer_s_language() {
    for (language, said) in [
        (
            Language::En,
            ["Statement of account", "Credit note", "Closing balance"],
        ),
        (Language::De, ["Kontoauszug", "Gutschrift", "Endsaldo"]),
        (Language::Fr, ["Relevé de compte", "Avoir", "Solde final"]),
        (
            Language::Es,
            ["Estado de cuenta", "Nota de crédito", "Saldo final"],
        ),
        (Language::Hi, ["खाता विवरण", "क्रेडिट नोट", "अंतिम शेष"]),
    ] {
        let printed = statement(&samples::statement(language, 8)).unwrap();
        let name = format!("statement-{}", language.tag());
        let Some(text) = readers::text(&name, &printed.pdf) else {
            return;
        };
        let text = words(&text);
        for said in said {
            assert!(text.contains(said), "{language:?}: {said}\n{text}");
        }
        let bytes = String::from_utf8_lossy(&printed.pdf);
        assert!(bytes.contains(&format!("/Lang({})", language.tag())));
    }
}
