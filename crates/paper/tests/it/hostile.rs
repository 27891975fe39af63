//! Whatever the facts are: a PDF or an error, never a panic, and nothing breaks out of its place.

use crate::readers;
use crate::samples::{self, day, eur, strings};
use paper::{Account, PaperError, Qr, Sheet, letter, statement};
use proptest::prelude::*;
use receivables::notice::Entry;
use render::{Language, Parts};

#[test]
fn a_hostile_name_stays_in_its_place() {
    let long = "W".repeat(10_000);
    let names = [
        "\u{202e}drowtsaP\u{202c} GmbH".to_owned(),
        "Evil\0\u{7}\u{1b}[2J\r\n\t) Tj ET Q (owned".to_owned(),
        "</x:xmpmeta><script>alert(1)</script>]]>".to_owned(),
        "/JS (app.alert(1)) /S /JavaScript".to_owned(),
        "שלום עולם مرحبا 日本語 😀".to_owned(),
        "e\u{301}\u{301}\u{301}\u{301}".repeat(200),
        "क्".repeat(2_000),
        long.clone(),
    ];
    for (at, name) in names.iter().enumerate() {
        let mut facts = samples::letter(Language::En, 3);
        facts.creditor.insert(0, name.clone());
        facts.addressee = vec![name.clone(); 12];
        facts.subject = name.clone();
        facts.reference = name.clone();
        facts.parts.opening = name.clone();
        facts.lines[1].number = name.clone();
        let printed = letter(&facts).unwrap_or_else(|error| panic!("{at}: {error}"));
        readers::check(&format!("hostile-{at}"), &printed.pdf);
        if let Some(info) = readers::info(&format!("hostile-{at}"), &printed.pdf) {
            assert!(info.contains("JavaScript:      no"), "{at}: {info}");
        }
        let Some(text) = readers::text(&format!("hostile-{at}"), &printed.pdf) else {
            return;
        };
        // Rows and sum are still where they belong; a name of 10,000 letters has not pushed them away.
        assert!(
            text.contains("INV-0001") && text.contains("INV-0003"),
            "{at}: {text}"
        );
        assert!(text.contains("60.54"), "{at}");
        assert!(!text.contains(['\u{202e}', '\u{0}', '\u{1b}']), "{at}");
        assert!(printed.pages <= 6, "{at}: {} pages", printed.pages);
    }
}

#[test]
fn what_is_missing_is_told_once_a_letter() {
    let mut facts = samples::letter(Language::En, 1);
    facts.addressee = strings(&["山田 山田", "שלום"]);
    let printed = letter(&facts).unwrap();
    assert_eq!(printed.missing, ['ו', 'ל', 'ם', 'ש', '山', '田']);
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[ -~]{0,60}",
        "[\u{900}-\u{97f} ]{0,60}",
        "[\u{0}-\u{20}\u{ad}\u{200b}-\u{200f}\u{2028}-\u{202e}\u{300}-\u{36f}e]{0,60}",
        Just(String::new()),
    ]
}

fn languages() -> impl Strategy<Value = Language> {
    (0usize..5).prop_map(|at| Language::ALL[at])
}

fn ends(error: &PaperError) -> bool {
    // Whatever is refused is refused for a reason of ours; the writer's own checks find nothing left to object to.
    !matches!(error, PaperError::Pdf(_) | PaperError::Font(_))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_facts_are_a_letter_or_an_error(
        language in languages(),
        letter_sheet in any::<bool>(),
        said in prop::collection::vec(texts(), 11),
        creditor in prop::collection::vec(texts(), 0..8),
        addressee in prop::collection::vec(texts(), 0..9),
        count in 0usize..60,
        minor in any::<i64>(),
        url in prop_oneof![Just(None), Just(Some(samples::URL.to_owned())), texts().prop_map(Some)],
        code in prop_oneof![Just(None), texts().prop_map(Some)],
    ) {
        let mut facts = samples::letter(language, count);
        let [a, b, c, d, e, f, g, h, i, j, k] = <[String; 11]>::try_from(said).unwrap();
        facts.sheet = if letter_sheet { Sheet::Letter } else { Sheet::A4 };
        facts.creditor = creditor;
        facts.addressee = addressee;
        facts.reference = a;
        facts.subject = b;
        facts.parts = Parts { heading: c, opening: d, request: e, closing: f, greeting: g, regards: h };
        if let Some(line) = facts.lines.first_mut() {
            line.number = i;
            line.total = eur(minor);
        }
        facts.pay_url = url;
        facts.qr = code.map(|payload| Qr { payload, caption: j, swiss: minor % 2 == 0 });
        if let Some(transfer) = &mut facts.transfer {
            transfer.name = k;
        }
        match letter(&facts) {
            Ok(printed) => prop_assert!(printed.pdf.starts_with(b"%PDF-1.7")),
            Err(error) => prop_assert!(ends(&error), "{}", error),
        }
    }

    #[test]
    fn any_facts_are_a_statement_or_an_error(
        language in languages(),
        opening in any::<i64>(),
        moves in prop::collection::vec((any::<i32>(), texts(), texts()), 0..40),
        reference in texts(),
    ) {
        let mut facts = samples::statement(language, 0);
        facts.reference = reference;
        let mut closing = i128::from(opening);
        let mut entries = Vec::new();
        for (minor, what, number) in moves {
            closing += i128::from(minor);
            entries.push(Entry { on: day(2026, 10, 9), what, number: Some(number), amount: eur(i64::from(minor)) });
        }
        let closing = i64::try_from(closing).unwrap_or(0);
        facts.accounts = vec![Account { opening: eur(opening), entries, closing: eur(closing), aging: None }];
        match statement(&facts) {
            Ok(printed) => prop_assert!(printed.pdf.starts_with(b"%PDF-1.7")),
            Err(error) => prop_assert!(ends(&error), "{}", error),
        }
    }
}
