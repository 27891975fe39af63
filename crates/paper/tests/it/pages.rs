//! Pages: every row once, in order, under a header; sums beside what they sum up; one and many pages.

use crate::readers;
use crate::samples::{self, URL, day, eur};
use paper::{PaperError, Printed, Qr, Sheet, letter, statement};
use render::{Language, format_date, format_money};

/// A text with every run of white space as one space.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Asserts that the parts come in the text in that order.
#[track_caller]
fn in_order(text: &str, parts: &[String]) {
    let mut rest = text;
    for part in parts {
        let at = rest.find(part.as_str());
        let at = at.unwrap_or_else(|| panic!("{part:?} is not in what is left:\n{rest}"));
        rest = &rest[at + part.len()..];
    }
}

fn printed(count: usize) -> Printed {
    letter(&samples::letter(Language::En, count)).unwrap()
}

#[test]
fn a_letter_says_everything_in_the_order_that_it_is_read_in() {
    let facts = samples::letter(Language::En, 3);
    let printed = letter(&facts).unwrap();
    assert_eq!((printed.pages, printed.missing), (1, vec![]));
    readers::check("letter", &printed.pdf);
    let Some(text) = readers::text("letter", &printed.pdf) else {
        return;
    };
    let text = words(&text);
    let mut parts = samples::strings(&["Nordwind Energie GmbH", "Hafenstraße 7", "20457 Hamburg"]);
    parts.push("Lovelace Analytics SE".to_owned());
    parts.push("Königstraße 1".to_owned());
    parts.push("01097 Dresden".to_owned());
    parts.push(facts.subject.clone());
    parts.push(facts.parts.greeting.clone());
    parts.push(facts.parts.opening.clone());
    parts.push(facts.parts.request.clone());
    parts.push("Invoice Issued Due Days overdue Still open".to_owned());
    for line in &facts.lines {
        parts.push(format!(
            "{} {} {} {} {}",
            line.number,
            format_date(line.issue_on, Language::En),
            format_date(line.due_on, Language::En),
            line.days_overdue,
            format_money(line.balance, Language::En)
        ));
    }
    // 10.09 + 20.18 + 30.27.
    assert_eq!(facts.total, eur(6_054));
    parts.push(format!("Total {}", format_money(facts.total, Language::En)));
    parts.push(URL.to_owned());
    parts.push("IBAN: DE89 3704 0044 0532 0130 00".to_owned());
    parts.push("BIC: COBADEFFXXX".to_owned());
    parts.push("Reference: RF".to_owned());
    parts.push(facts.parts.closing.clone());
    parts.push("Kind regards Nordwind Energie GmbH".to_owned());
    parts.push("Page 1 of 1".to_owned());
    in_order(&text, &parts);
    assert!(text.contains(&format_date(day(2026, 11, 20), Language::En)));
    assert!(text.contains(&facts.reference));
}

#[test]
fn one_forty_and_five_hundred_invoices_are_each_said_once() {
    for (count, pages) in [(1, 1..=1), (40, 2..=3), (500, 12..=20)] {
        let facts = samples::letter(Language::En, count);
        let printed = printed(count);
        assert!(pages.contains(&printed.pages), "{count}: {} pages", printed.pages);
        readers::check(&format!("count-{count}"), &printed.pdf);
        let Some(text) = readers::text(&format!("count-{count}"), &printed.pdf) else {
            return;
        };
        let sheets: Vec<&str> = text.trim_end_matches('\u{c}').split('\u{c}').collect();
        assert_eq!(sheets.len(), printed.pages);
        let rows: Vec<String> = text
            .lines()
            .map(words)
            .filter(|line| line.starts_with("INV-"))
            .collect();
        let expected: Vec<String> = facts
            .lines
            .iter()
            .map(|line| {
                words(&format!(
                    "{} {} {} {} {}",
                    line.number,
                    format_date(line.issue_on, Language::En),
                    format_date(line.due_on, Language::En),
                    if line.days_overdue > 0 {
                        line.days_overdue.to_string()
                    } else {
                        String::new()
                    },
                    format_money(line.balance, Language::En)
                ))
            })
            .collect();
        assert_eq!(rows, expected, "{count}");
        for (at, sheet) in sheets.iter().enumerate() {
            let sheet = words(sheet);
            let number = format!("Page {} of {}", at + 1, printed.pages);
            assert!(sheet.contains(&number), "{number}: {sheet}");
            let has_rows = sheet.contains("INV-") && sheet.contains("EUR");
            let heads = sheet.matches("Invoice Issued Due").count();
            assert!(
                !has_rows || heads == 1 || at + 1 == printed.pages,
                "page {}: {heads} headers",
                at + 1
            );
        }
        // The sum is on the page of the last row.
        let total = format!("Total {}", format_money(facts.total, Language::En));
        let last = expected.last().unwrap();
        assert!(sheets.iter().any(|sheet| {
            let sheet = words(sheet);
            sheet.contains(&total) && sheet.contains(last)
        }));
    }
}

#[test]
fn a_statement_says_every_entry_with_the_balance_after_it() {
    let facts = samples::statement(Language::En, 60);
    let printed = statement(&facts).unwrap();
    readers::check("statement", &printed.pdf);
    let Some(text) = readers::text("statement", &printed.pdf) else {
        return;
    };
    let text = words(&text);
    let mut balance = facts.accounts[0].opening;
    let mut parts = vec![
        "Statement of account".to_owned(),
        "From 1 October 2026 to 31 October 2026".to_owned(),
        "Date Entry Document Amount Balance".to_owned(),
        format!("Opening balance {}", format_money(balance, Language::En)),
    ];
    for entry in &facts.accounts[0].entries {
        balance = balance.checked_add(entry.amount).unwrap();
        parts.push(format!(
            "{} {} {}",
            entry.number.as_deref().unwrap(),
            format_money(entry.amount, Language::En),
            format_money(balance, Language::En)
        ));
    }
    parts.push(format!("Closing balance {}", format_money(balance, Language::En)));
    parts.push("Not yet due 1–30 days 31–60 days 61–90 days Over 90 days".to_owned());
    // Due on 1 September, on 31 October: 60 days overdue.
    parts.push(format_money(eur(1_000), Language::En));
    parts.push(URL.to_owned());
    in_order(&text, &parts);
}

#[test]
fn a_press_on_the_address_leads_there_and_a_camera_reads_the_code() {
    let facts = samples::letter(Language::En, 3);
    let printed = letter(&facts).unwrap();
    if let Some(links) = readers::links("links", &printed.pdf) {
        assert!(links.lines().any(|line| line.ends_with(URL)), "{links}");
    }
    let read = readers::code("code", &printed.pdf, 1);
    assert!(read.is_none_or(|read| read == facts.qr.unwrap().payload));
    let mut with_address = samples::letter(Language::De, 1);
    with_address.qr = Some(Qr::of(URL, "Zum Ansehen scannen."));
    let printed = letter(&with_address).unwrap();
    let read = readers::code("address", &printed.pdf, 1);
    assert!(read.is_none_or(|read| read == URL));
}

#[test]
fn the_swiss_code_is_read_with_the_cross_in_its_middle() {
    let mut facts = samples::letter(Language::De, 1);
    let payload = format!(
        "SPC\r\n0200\r\n1\r\nCH4431999123000889012\r\nS\r\n{}",
        "Muster AG\r\n".repeat(20)
    );
    facts.qr = Some(Qr {
        payload: payload.trim_end().to_owned(),
        caption: "Mit Ihrer Banking-App scannen.".to_owned(),
        swiss: true,
    });
    let read = readers::code("swiss", &letter(&facts).unwrap().pdf, 1);
    assert!(read.is_none_or(|read| words(&read) == words(&payload)));
}

#[test]
fn sheets_are_a4_or_letter() {
    for (sheet, size) in [(Sheet::A4, "595.275 x 841.889"), (Sheet::Letter, "612 x 792")] {
        let mut facts = samples::letter(Language::En, 3);
        facts.sheet = sheet;
        let Some(info) = readers::info("sheet", &letter(&facts).unwrap().pdf) else {
            return;
        };
        assert!(info.contains(size), "{info}");
    }
}

#[test]
fn what_was_invoiced_has_a_column_where_a_part_is_paid() {
    let mut facts = samples::letter(Language::En, 2);
    facts.lines[0].total = eur(99_900);
    let Some(text) = readers::text("partly", &letter(&facts).unwrap().pdf) else {
        return;
    };
    let text = words(&text);
    let (total, open) = (eur(99_900), facts.lines[0].balance);
    let row = format!(
        "{} {}",
        format_money(total, Language::En),
        format_money(open, Language::En)
    );
    assert!(
        text.contains("Days overdue Invoiced Still open") && text.contains(&row),
        "{text}"
    );
}

#[test]
fn the_same_facts_are_the_same_bytes() {
    for language in Language::ALL {
        let facts = samples::letter(language, 40);
        assert_eq!(letter(&facts).unwrap(), letter(&facts).unwrap());
        let facts = samples::statement(language, 10);
        assert_eq!(statement(&facts).unwrap(), statement(&facts).unwrap());
    }
}

#[test]
fn what_does_not_add_up_leads_nowhere_or_does_not_fit_is_refused() {
    let mut sum = samples::letter(Language::En, 2);
    sum.total = eur(1);
    assert!(matches!(letter(&sum), Err(PaperError::Sum { .. })));
    let mut closing = samples::statement(Language::En, 2);
    closing.accounts[0].closing = eur(1);
    assert!(matches!(statement(&closing), Err(PaperError::Sum { .. })));
    for url in [
        "javascript:alert(1)",
        "https://a b",
        "ftp://a",
        "https://pay.example/ä",
        "",
    ] {
        let mut link = samples::letter(Language::En, 1);
        link.pay_url = Some(url.to_owned());
        assert!(matches!(letter(&link), Err(PaperError::Link(_))), "{url}");
    }
    let mut code = samples::letter(Language::En, 1);
    code.qr = Some(Qr::of("x".repeat(3_000), "too long"));
    assert!(matches!(letter(&code), Err(PaperError::Code(3_000))));
    let mut long = samples::letter(Language::En, 1);
    long.lines = samples::lines(paper::ROWS + 1);
    assert!(matches!(letter(&long), Err(PaperError::TooLong(_))));
}

#[test]
fn a_document_says_what_it_is_and_is_tagged_for_who_has_it_read_out() {
    let printed = printed(40);
    if let Some(info) = readers::info("info", &printed.pdf) {
        for said in [
            "Title:           Overdue: invoices INV-0001, INV-0002 and more",
            "Author:          Nordwind Energie GmbH",
            "Tagged:          yes",
            "Encrypted:       no",
            "JavaScript:      no",
        ] {
            assert!(info.contains(said), "{said}\n{info}");
        }
    }
    let bytes = String::from_utf8_lossy(&printed.pdf);
    for said in [
        "<pdfaid:part>2</pdfaid:part>",
        "<pdfaid:conformance>A</pdfaid:conformance>",
        "pdfuaid:part",
        "/Lang(en)",
    ] {
        assert!(bytes.contains(said), "{said}");
    }
    let Some(structure) = readers::structure("structure", &printed.pdf) else {
        return;
    };
    // One table, one header of it, a row an invoice and one for the sum; headers of later pages are no part of it.
    assert_eq!(
        structure.matches("\n    THead").count() + structure.matches("\n      THead").count(),
        1,
        "{structure}"
    );
    assert_eq!(structure.matches(" TR").count(), 1 + 40 + 1, "{structure}");
    for part in ["H1", "Link", "Figure"] {
        assert!(structure.contains(part), "{part}\n{structure}");
    }
}
