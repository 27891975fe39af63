//! A message, and the paper that says the same.

use crate::readers;
use crate::samples::{URL, day, eur, lines, strings, total};
use paper::{Envelope, PaperError, Sheet, letter, letter_with, of_message, of_statement, statement};
use receivables::channel::Channel;
use receivables::notice::{About, Entry};
use render::{Chosen, MessageContext, render_message};

fn context() -> MessageContext {
    let overdue = lines(2);
    MessageContext {
        template: "firm".to_owned(),
        locale: "de-AT".to_owned(),
        creditor_name: "Nordwind Energie GmbH".to_owned(),
        reply_to: Some("buchhaltung@nordwind.example".to_owned()),
        customer_name: "Lovelace Analytics SE".to_owned(),
        contact_name: Some("Ada Lovelace".to_owned()),
        total: total(&overdue),
        overdue,
        upcoming: Vec::new(),
        act_on: None,
        promise: None,
        about: None,
        tone: None,
        pay_url: URL.to_owned(),
        unsubscribe_url: None,
        message_id: "msg_01kerpxzmveajww06wkd284ebd".to_owned(),
    }
}

fn envelope(country: &str) -> Envelope {
    Envelope {
        creditor: strings(&["Nordwind Energie GmbH", "Hafenstraße 7", "20457 Hamburg"]),
        addressee: strings(&["Lovelace Analytics SE", "Graben 1", "1010 Wien"]),
        country: Some(country.to_owned()),
        dated: day(2026, 11, 20),
        transfer: None,
    }
}

#[test]
fn a_letter_has_the_sentences_and_invoices_of_its_message() {
    let context = context();
    let rendered = render_message(&Chosen::default(), Channel::Letter, &context).unwrap();
    let facts = of_message(&context, &rendered, &envelope("AT"));
    assert_eq!(facts.sheet, Sheet::A4);
    assert_eq!(facts.subject, rendered.subject);
    assert_eq!(facts.parts, rendered.parts);
    assert_eq!(facts.lines.len(), 2);
    // No account is set: the code is the address.
    assert_eq!(facts.qr.as_ref().unwrap().payload, URL);
    let printed = letter(&facts).unwrap();
    let Some(text) = readers::text("message", &printed.pdf) else {
        return;
    };
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for said in [
        &rendered.parts.opening,
        &rendered.parts.request,
        &rendered.subject,
    ] {
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(&said), "{said}\n{text}");
    }
    let american = of_message(&context, &rendered, &envelope("US"));
    assert_eq!(american.sheet, Sheet::Letter);
}

#[test]
fn a_statement_is_what_its_notice_says() {
    let mut context = context();
    assert!(matches!(
        of_statement(&context, None, &envelope("AT")),
        Err(PaperError::NoStatement)
    ));
    context.about = Some(About::Statement {
        from: day(2026, 10, 1),
        to: day(2026, 10, 31),
        opening: eur(10_000),
        closing: eur(7_500),
        entries: vec![Entry {
            on: day(2026, 10, 12),
            what: "payment".to_owned(),
            number: Some("2026-0201".to_owned()),
            amount: eur(-2_500),
        }],
    });
    let facts = of_statement(&context, None, &envelope("AT")).unwrap();
    let printed = statement(&facts).unwrap();
    let Some(text) = readers::text("notice", &printed.pdf) else {
        return;
    };
    for said in ["Kontoauszug", "Zahlung", "2026-0201", "-25,00", "75,00"] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}

#[test]
fn a_letter_has_its_statement_on_the_pages_after_its_own() {
    let mut context = context();
    let rendered = render_message(&Chosen::default(), Channel::Letter, &context).unwrap();
    let facts = of_message(&context, &rendered, &envelope("AT"));
    let alone = letter(&facts).unwrap();
    context.about = Some(About::Statement {
        from: day(2026, 10, 1),
        to: day(2026, 10, 31),
        opening: eur(10_000),
        closing: eur(7_500),
        entries: vec![Entry {
            on: day(2026, 10, 12),
            what: "payment".to_owned(),
            number: Some("2026-0201".to_owned()),
            amount: eur(-2_500),
        }],
    });
    let enclosed = of_statement(&context, None, &envelope("AT")).unwrap();
    let whole = letter_with(&facts, &enclosed).unwrap();
    assert_eq!((alone.pages, whole.pages), (1, 2));
    let mut wrong = enclosed.clone();
    wrong.accounts[0].closing = eur(1);
    assert!(matches!(letter_with(&facts, &wrong), Err(PaperError::Sum { .. })));
    let Some(text) = readers::text("enclosed", &whole.pdf) else {
        return;
    };
    for said in ["Kontoauszug", "2026-0201", "-25,00", "75,00"] {
        assert!(text.contains(said), "{said}\n{text}");
    }
}
