//! The messages: their words in every language, what they carry, and what they refuse.

use receivables::channel::Channel;
use receivables::template::TEMPLATES;
use render::{Chosen, Line, MessageContext, RenderError, Rendered};

use crate::samples::{eur, line, message, message_of_one, money};

fn render_message(message: &MessageContext) -> Result<Rendered, RenderError> {
    render::render_message(&Chosen::shipped(), Channel::Email, message)
}

const HOSTILE: &str = "<script>alert(1)</script> \"O'Neil\" & {{ 7*7 }}";

#[test]
fn subjects_name_the_invoices_and_the_creditor() {
    for (template, locale, one, many) in [
        (
            "pre_due",
            "en",
            "Invoice 2026-0001 from Nordlicht Druck is due on 10 January 2026",
            "Upcoming: invoices A-1, A-2, A-3 and 2 more from Nordlicht Druck",
        ),
        (
            "friendly",
            "en",
            "Reminder: invoice 2026-0001 from Nordlicht Druck",
            "Reminder: invoices A-1, A-2, A-3 and 2 more from Nordlicht Druck",
        ),
        (
            "firm",
            "en",
            "Overdue: invoice 2026-0001 from Nordlicht Druck",
            "Overdue: invoices A-1, A-2, A-3 and 2 more from Nordlicht Druck",
        ),
        (
            "pre_due",
            "de-AT",
            "Rechnung 2026-0001 von Nordlicht Druck ist am 10. Jänner 2026 fällig",
            "Demnächst fällig: Rechnungen A-1, A-2, A-3 und 2 weitere von Nordlicht Druck",
        ),
        (
            "friendly",
            "de-AT",
            "Zahlungserinnerung: Rechnung 2026-0001 von Nordlicht Druck",
            "Zahlungserinnerung: Rechnungen A-1, A-2, A-3 und 2 weitere von Nordlicht Druck",
        ),
        (
            "firm",
            "de-AT",
            "Überfällig: Rechnung 2026-0001 von Nordlicht Druck",
            "Überfällig: Rechnungen A-1, A-2, A-3 und 2 weitere von Nordlicht Druck",
        ),
    ] {
        assert_eq!(
            render_message(&message_of_one(template, locale)).unwrap().subject,
            one
        );
        let days = if template == "pre_due" { -5 } else { 5 };
        let five = (1..=5)
            .map(|n| line(&format!("A-{n}"), "2026-01-10", days, "10.00", "10.00"))
            .collect();
        let (overdue, upcoming) = if template == "pre_due" {
            (vec![], five)
        } else {
            (five, vec![])
        };
        let five = MessageContext {
            overdue,
            upcoming,
            total: eur("50.00"),
            ..message(template, locale)
        };
        assert_eq!(render_message(&five).unwrap().subject, many);
    }
}

#[test]
fn every_template_says_what_is_owed_in_both_parts_and_languages() {
    for (template, locale, sentences) in [
        (
            "pre_due",
            "en",
            [
                "Invoice 2026-0001 for EUR 1,250.00 falls due on 10 January 2026.",
                "due 10 January 2026",
                "Already paid?",
            ],
        ),
        (
            "friendly",
            "en",
            [
                "Invoice 2026-0001 was due on 10 January 2026, and EUR 1,250.00 is still open.",
                "1 day overdue",
                "Already paid?",
            ],
        ),
        (
            "firm",
            "en",
            [
                "Invoice 2026-0001 has been overdue for 1 day. EUR 1,250.00 of it is still open.",
                "Please pay within the next seven days.",
                "Already paid?",
            ],
        ),
        (
            "pre_due",
            "de",
            [
                "Die Rechnung 2026-0001 über 1.250,00 EUR ist am 10. Januar 2026 fällig.",
                "fällig am 10. Januar 2026",
                "Haben Sie bereits bezahlt?",
            ],
        ),
        (
            "friendly",
            "de",
            [
                "Die Rechnung 2026-0001 war am 10. Januar 2026 fällig; offen sind noch 1.250,00 EUR.",
                "1 Tag überfällig",
                "Haben Sie bereits bezahlt?",
            ],
        ),
        (
            "firm",
            "de",
            [
                "Die Rechnung 2026-0001 ist seit 1 Tag überfällig. Offen sind noch 1.250,00 EUR.",
                "Bitte zahlen Sie innerhalb der nächsten sieben Tage.",
                "Haben Sie bereits bezahlt?",
            ],
        ),
    ] {
        let rendered = render_message(&message_of_one(template, locale)).unwrap();
        for part in [flowing(&rendered.text), flowing(&rendered.html)] {
            for sentence in sentences {
                let found = part.to_lowercase().contains(&sentence.to_lowercase());
                assert!(found, "{template} {locale} lacks {sentence:?} in:\n{part}");
            }
            for always in [
                "Ana Silva",
                "Nordlicht Druck",
                "rechnung@nordlicht.example",
                "msg_01jh7c9x4n",
            ] {
                assert!(part.contains(always), "{template} {locale} lacks {always}");
            }
        }
        assert!(
            rendered.html.contains(&format!("<html lang=\"{locale}\">")),
            "{template}"
        );
    }
}

#[test]
fn several_invoices_are_listed_by_state_with_their_sum() {
    for (locale, expected) in [
        (
            "en",
            [
                "There are 2 invoices past their due date, and EUR 1,750.00 in all",
                "of EUR 750.00",
                "Not yet due",
                "EUR 1,830.50",
            ],
        ),
        (
            "de",
            [
                "2 Ihrer Rechnungen sind überfällig; offen sind noch insgesamt 1.750,00 EUR",
                "von 750,00 EUR",
                "Noch nicht fällig",
                "1.830,50 EUR",
            ],
        ),
    ] {
        let rendered = render_message(&message("friendly", locale)).unwrap();
        for part in [flowing(&rendered.text), flowing(&rendered.html)] {
            for text in expected.iter().chain(&["2025-0117", "2026-0001", "2026-0009"]) {
                assert!(part.contains(text), "{locale} lacks {text:?} in:\n{part}");
            }
        }
    }
}

#[test]
fn the_text_part_is_complete_and_pleasant() {
    let expected = "\
Hello Ana Silva,

Invoice 2026-0001 was due on 10 January 2026, and EUR 1,250.00 is still
open. It may simply have slipped through; that happens.

Would you please arrange the payment in the next few days?

View the invoices and pay online:
http://127.0.0.1:3000/pay/k3J9x?from=mail&v=1

Overdue
-------

2026-0001, issued 12 December 2025
was due 10 January 2026 (1 day overdue)
EUR 1,250.00

Total: EUR 1,250.00

Already paid? Thank you, then please disregard this message. If
something is not right, just reply, or write to
rechnung@nordlicht.example, and we will sort it out.

Kind regards
Nordlicht Druck

Reference: msg_01jh7c9x4n0000000000000000
";
    assert_eq!(
        render_message(&message_of_one("friendly", "en")).unwrap().text,
        expected
    );
}

#[test]
fn the_pay_link_is_a_button_and_a_plain_address() {
    let of_policy = TEMPLATES.iter().filter(|template| template.of_policy);
    for template in of_policy.map(|template| template.name) {
        let rendered = render_message(&message(template, "en")).unwrap();
        assert!(
            rendered
                .text
                .lines()
                .any(|line| line == "http://127.0.0.1:3000/pay/k3J9x?from=mail&v=1")
        );
        let escaped = "http://127.0.0.1:3000/pay/k3J9x?from=mail&amp;v=1";
        assert_eq!(
            rendered.html.matches(&format!("href=\"{escaped}\"")).count(),
            2,
            "{template}"
        );
        assert!(rendered.html.contains(&format!(">{escaped}</a>")), "{template}");
    }
}

#[test]
fn without_a_reply_address_or_a_contact_the_message_still_reads() {
    for (locale, greeting, closing) in [
        ("en", "Hello Brandt & Söhne GmbH,", "please get in touch with us"),
        (
            "de",
            "Guten Tag Brandt & Söhne GmbH,",
            "melden Sie sich bitte bei uns",
        ),
    ] {
        let text = render_message(&MessageContext {
            reply_to: None,
            contact_name: None,
            ..message("friendly", locale)
        });
        let text = flowing(&text.unwrap().text);
        assert!(text.starts_with(greeting) && text.contains(closing), "{text}");
    }
}

#[test]
fn no_value_becomes_markup_or_template() {
    let of_policy = TEMPLATES.iter().filter(|template| template.of_policy);
    for template in of_policy.map(|template| template.name) {
        for locale in ["en", "de", "fr", "es", "hi"] {
            let mut hostile = MessageContext {
                creditor_name: HOSTILE.into(),
                reply_to: Some(HOSTILE.into()),
                customer_name: HOSTILE.into(),
                contact_name: Some(HOSTILE.into()),
                message_id: HOSTILE.into(),
                ..message(template, locale)
            };
            for line in hostile.overdue.iter_mut().chain(&mut hostile.upcoming) {
                line.number = HOSTILE.into();
            }
            let rendered = render_message(&hostile).unwrap();
            assert!(
                !rendered.html.contains("<script") && !rendered.html.contains("49"),
                "{}",
                rendered.html
            );
            assert!(
                rendered
                    .html
                    .contains("&lt;script&gt;alert(1)&lt;&#x2f;script&gt;"),
                "{}",
                rendered.html
            );
            assert!(rendered.text.contains(HOSTILE), "text is text: {}", rendered.text);
        }
    }
}

#[test]
fn no_value_ends_the_subject_or_adds_a_paragraph() {
    for attack in [
        "x\r\nBcc: all@example.com",
        "x\nBcc:",
        "x\rBcc:",
        "x\u{2028}Bcc:",
        "x\u{85}Bcc:",
        "x\0Bcc:",
        "x\u{b}Bcc:",
    ] {
        for field in ["creditor", "number", "contact"] {
            let mut context = message_of_one("friendly", "en");
            match field {
                "creditor" => context.creditor_name = attack.into(),
                "number" => context.overdue[0].number = attack.into(),
                _ => context.contact_name = Some(attack.into()),
            }
            let rendered = render_message(&context).unwrap();
            assert!(
                !rendered
                    .subject
                    .chars()
                    .any(|c| c.is_control() || c == '\u{2028}'),
                "{:?}",
                rendered.subject
            );
            assert!(
                !rendered.text.lines().any(|line| line.starts_with("Bcc")),
                "{}",
                rendered.text
            );
        }
    }
    let mut turned = message_of_one("friendly", "en");
    turned.creditor_name = "Nord\u{202e}licht\u{2066}".into();
    assert_eq!(
        render_message(&turned).unwrap().subject,
        "Reminder: invoice 2026-0001 from Nordlicht"
    );
    turned.creditor_name = "ö".repeat(5000);
    let subject = render_message(&turned).unwrap().subject;
    assert!(
        subject.chars().count() == 180 && subject.ends_with('…'),
        "{subject}"
    );
}

#[test]
fn a_context_that_makes_no_sense_is_refused() {
    let upcoming = vec![line("A-1", "2026-01-16", -5, "10.00", "10.00")];
    let empty = MessageContext {
        overdue: vec![],
        upcoming: vec![],
        total: eur("0.00"),
        ..message("firm", "en")
    };
    let unknown = MessageContext {
        template: "suspension".into(),
        ..message("firm", "en")
    };
    let only_upcoming = MessageContext {
        upcoming,
        total: eur("10.00"),
        ..empty.clone()
    };
    let no_upcoming = MessageContext {
        upcoming: vec![],
        total: eur("1750.00"),
        ..message("pre_due", "en")
    };
    let wrong_total = MessageContext {
        total: eur("1.00"),
        ..message("firm", "en")
    };
    let mut mixed = message("firm", "en");
    mixed.upcoming[0].balance = money("80", "JPY");
    for (context, expected) in [
        (unknown, "unknown message template \"suspension\""),
        (
            empty,
            "message template \"firm\" has no overdue invoice to speak of",
        ),
        (
            only_upcoming,
            "message template \"firm\" has no overdue invoice to speak of",
        ),
        (
            no_upcoming,
            "message template \"pre_due\" has no upcoming invoice to speak of",
        ),
        (
            wrong_total,
            "the total 1.00 EUR is not the sum of the invoices listed, 1830.50 EUR",
        ),
        (mixed, "EUR and JPY amounts cannot be combined"),
    ] {
        assert_eq!(render_message(&context).unwrap_err().to_string(), expected);
    }
    for link in [
        "javascript:alert(1)",
        "//evil.example",
        "https://pay.example/a b",
        "ftp://pay.example",
    ] {
        let context = MessageContext {
            pay_url: link.into(),
            ..message("firm", "en")
        };
        assert!(
            matches!(render_message(&context), Err(RenderError::Template(_))),
            "{link}"
        );
    }
}

#[test]
fn a_message_of_five_hundred_invoices_renders() {
    let overdue: Vec<Line> = (0..500)
        .map(|n| line(&format!("A-{n}"), "2026-01-10", 5, "10.00", "10.00"))
        .collect();
    let many = MessageContext {
        overdue,
        upcoming: vec![],
        total: eur("5000.00"),
        ..message("firm", "de")
    };
    assert!(render_message(&many).unwrap().html.contains("A-499"));
}

/// A part as one flowing line, as a reader takes it in.
fn flowing(part: &str) -> String {
    part.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_letter_about_a_promise_says_what_was_promised_and_what_of_it_is_missing() {
    let cases = [
        (
            "promise_confirmation",
            "en",
            "Noted: EUR\u{a0}500.00 by 20 January 2026 for invoice 2026-0001 from Nordlicht Druck",
            "We have noted that you will pay EUR 500.00 by 20 January 2026 for invoice 2026-0001.",
        ),
        (
            "promise_confirmation",
            "de",
            "Notiert: 500,00\u{a0}EUR bis 20. Januar 2026 für Rechnung 2026-0001 von Nordlicht Druck",
            "wir haben notiert, dass Sie 500,00 EUR bis zum 20. Januar 2026 zahlen, für die Rechnung 2026-0001.",
        ),
        (
            "promise_broken",
            "en",
            "Not received as agreed: invoice 2026-0001 from Nordlicht Druck",
            "EUR 120.00 of it has not reached us.",
        ),
        (
            "promise_broken",
            "de",
            "Nicht wie vereinbart eingegangen: Rechnung 2026-0001 von Nordlicht Druck",
            "Davon fehlen noch 120,00 EUR.",
        ),
    ];
    for (template, locale, subject, sentence) in cases {
        let rendered = render_message(&message_of_one(template, locale)).unwrap();
        assert_eq!(rendered.subject, subject);
        let text = flowing(&rendered.text);
        assert!(text.contains(sentence), "{template} {locale}: {text}");
    }
    // About what is not due yet, too; but never without a promise.
    let upcoming = MessageContext {
        overdue: vec![],
        total: eur("80.50"),
        ..message("promise_confirmation", "en")
    };
    assert!(render_message(&upcoming).unwrap().text.contains("2026-0009"));
    let none = MessageContext {
        promise: None,
        ..message("promise_broken", "en")
    };
    assert!(matches!(render_message(&none), Err(RenderError::NoPromise(_))));
}
