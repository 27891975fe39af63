//! The rule as a table, and what must hold of every line. How well it does in a month: `tests/matching.rs`.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::allocation::Rules;
use crate::currency::Currency;
use crate::fields::Fields;
use crate::reference::{Key, rf};

fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, Currency::parse(code).unwrap())
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn customer(at: u8) -> CustomerId {
    CustomerId::from_parts(u64::from(at), [at; 10])
}

fn id(at: u8) -> InvoiceId {
    InvoiceId::from_parts(u64::from(at), [7, 3, 9, 1, 4, 4, 8, 2, 5, at])
}

/// An invoice of a customer: number and cents of a euro.
fn owed(at: u8, of: u8, number: &str, minor: i64) -> Owed {
    Owed {
        id: id(at),
        customer: customer(of),
        number: number.to_owned(),
        orders: Vec::new(),
        references: Vec::new(),
        total: money(minor, "EUR"),
        balance: money(minor, "EUR"),
        due_on: day("2026-05-01") + chrono::Days::new(u64::from(at)),
        discounts: Vec::new(),
    }
}

fn debtor(at: u8, name: &str, accounts: &[&str]) -> Debtor {
    let document = json!({"under": {"amount": {"EUR": "0.50"}}, "over": {"amount": {"EUR": "0.20"}},
        "bank_charge": {"EUR": "15.00"}});
    let mut fields = Fields::of(&document);
    let rules = Rules::read(&mut fields);
    Debtor {
        id: customer(at),
        names: vec![name.to_owned()],
        accounts: accounts.iter().map(|account| (*account).to_owned()).collect(),
        rules: Arc::new(fields.finish(|| rules).unwrap()),
    }
}

/// Two customers with three invoices each, one with another currency and one that is paid.
fn contents() -> Contents {
    let mut contents = Contents {
        invoices: vec![
            owed(1, 1, "INV-2026-0102", 119_000),
            owed(2, 1, "INV-2026-0231", 50_000),
            owed(3, 1, "INV-2026-0377", 30_000),
            owed(4, 2, "INV-2026-0884", 119_000),
            owed(5, 2, "INV-12", 7_700),
            owed(6, 2, "4711001", 8_800),
            owed(7, 1, "INV-2025-0999", 64_300),
            owed(8, 2, "INV-2026-0555", 20_000),
        ],
        debtors: vec![
            debtor(1, "Müller & Söhne GmbH", &["DE02120300000000202051"]),
            debtor(2, "Acme Widgets Ltd", &[]),
        ],
        announced: Vec::new(),
    };
    contents.invoices[0].orders = vec!["PO-4500077".to_owned()];
    contents.invoices[1].references = vec!["210000000003139471430009017".to_owned()];
    contents.invoices[2].discounts = vec![Deduction {
        until: day("2026-06-10"),
        amount: money(600, "EUR"),
    }];
    contents.invoices[6].balance = money(0, "EUR");
    contents.invoices[7].balance = money(20_000, "USD");
    contents
}

fn credit(minor: i64, text: &[&str]) -> Credit {
    Credit {
        amount: money(minor, "EUR"),
        booked_on: day("2026-06-01"),
        references: Vec::new(),
        text: text.iter().map(|line| (*line).to_owned()).collect(),
        payer: Payer::default(),
        charges: None,
    }
}

fn from(mut credit: Credit, account: &str, name: &str) -> Credit {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    credit.payer = Payer {
        account: some(account),
        name: some(name),
    };
    credit
}

const KNOWN: &str = "DE02 1203 0000 0000 2020 51";

/// A verdict in short: what becomes of the line, how it fits, and what of which invoice.
fn short(verdict: &Verdict) -> (&'static str, Option<Fit>, Vec<(u8, i64)>) {
    let (word, candidate) = match verdict {
        Verdict::Automatic(candidate) => ("automatic", candidate),
        Verdict::Review(candidates) => ("review", &candidates[0]),
        Verdict::Unknown => return ("unknown", None, Vec::new()),
    };
    let place = |invoice: &InvoiceId| (0..=u8::MAX).find(|at| id(*at) == *invoice).unwrap();
    let shares = candidate.shares.iter();
    let shares = shares.map(|share| (place(&share.invoice), share.amount.minor()));
    (word, Some(candidate.fit), shares.collect())
}

/// What the case is about, the line, what becomes of it, how it fits, and what each invoice gets.
type Case<'a> = (&'a str, Credit, &'a str, Option<Fit>, &'a [(u8, i64)]);

#[test]
fn references_and_amounts_decide() {
    let key = Key::of(id(2).as_str()).unwrap();
    let by_reference = |reference: &str, minor: i64| Credit {
        references: vec![reference.to_owned()],
        ..credit(minor, &[])
    };
    let spaced = format!(
        "Ref {} danke",
        crate::reference::Structured::read(&key.rf()).unwrap().printed()
    );
    let of_number = rf("INV20260102").unwrap();
    let cases: Vec<Case<'_>> = vec![
        (
            "the number",
            credit(119_000, &["Rechnung INV-2026-0102"]),
            "automatic",
            Some(Fit::Exact),
            &[(1, 119_000)],
        ),
        (
            "without punctuation",
            credit(119_000, &["inv20260102."]),
            "automatic",
            Some(Fit::Exact),
            &[(1, 119_000)],
        ),
        (
            "cut by the bank",
            credit(119_000, &["Zahlung zu INV-2026-", "0102"]),
            "automatic",
            Some(Fit::Exact),
            &[(1, 119_000)],
        ),
        (
            "cut within digits",
            credit(119_000, &["Zahlung zu INV-2026-01", "02"]),
            "automatic",
            Some(Fit::Exact),
            &[(1, 119_000)],
        ),
        (
            "glued to words",
            credit(119_000, &["RECHNUNGINV20260102DANKE"]),
            "automatic",
            Some(Fit::Exact),
            &[(1, 119_000)],
        ),
        (
            "two glued",
            credit(169_000, &["INV-2026-0102INV-2026-0231"]),
            "automatic",
            Some(Fit::Exact),
            &[(1, 119_000), (2, 50_000)],
        ),
        (
            "spaces",
            credit(119_000, &["INV 2026 0102"]),
            "automatic",
            Some(Fit::Exact),
            &[(1, 119_000)],
        ),
        (
            "O for 0, I for 1",
            credit(119_000, &["INV-2O26-OIO2"]),
            "automatic",
            Some(Fit::Exact),
            &[(1, 119_000)],
        ),
        (
            "digits only",
            credit(8_800, &["Rg 4711001 vom 12.05.2026"]),
            "automatic",
            Some(Fit::Exact),
            &[(6, 8_800)],
        ),
        (
            "its own RF",
            by_reference(&key.rf(), 50_000),
            "automatic",
            Some(Fit::Exact),
            &[(2, 50_000)],
        ),
        (
            "its own QRR",
            by_reference(&key.qrr(), 50_000),
            "automatic",
            Some(Fit::Exact),
            &[(2, 50_000)],
        ),
        (
            "an RF within a text",
            credit(50_000, &[&spaced]),
            "automatic",
            Some(Fit::Exact),
            &[(2, 50_000)],
        ),
        (
            "an RF of the number",
            by_reference(&of_number, 119_000),
            "automatic",
            Some(Fit::Exact),
            &[(1, 119_000)],
        ),
        (
            "a QRR of the billing system",
            credit(50_000, &["21 00000 00003 13947 14300 09017"]),
            "automatic",
            Some(Fit::Exact),
            &[(2, 50_000)],
        ),
        (
            "the order",
            credit(119_000, &["your order PO-4500077"]),
            "automatic",
            Some(Fit::Exact),
            &[(1, 119_000)],
        ),
        (
            "a merged payment",
            credit(199_000, &["INV-2026-0102/INV-2026-0231, INV-2026-0377"]),
            "automatic",
            Some(Fit::Exact),
            &[(1, 119_000), (2, 50_000), (3, 30_000)],
        ),
        (
            "in time for its discount",
            credit(29_400, &["INV-2026-0377"]),
            "automatic",
            Some(Fit::Discount),
            &[(3, 29_400)],
        ),
        (
            "within the tolerance",
            credit(49_950, &["INV-2026-0231"]),
            "automatic",
            Some(Fit::Tolerance),
            &[(2, 49_950)],
        ),
        (
            "a little more, within it",
            credit(50_020, &["INV-2026-0231"]),
            "automatic",
            Some(Fit::Tolerance),
            &[(2, 50_000)],
        ),
        (
            "less a bank charge",
            credit(48_765, &["INV-2026-0231"]),
            "automatic",
            Some(Fit::BankCharge),
            &[(2, 48_765)],
        ),
        (
            "less a withheld tax",
            credit(45_000, &["INV-2026-0231"]),
            "review",
            Some(Fit::Withholding),
            &[(2, 45_000)],
        ),
        (
            "paid in part",
            credit(23_456, &["INV-2026-0231"]),
            "review",
            Some(Fit::Short),
            &[(2, 23_456)],
        ),
        (
            "paid too much",
            credit(60_000, &["INV-2026-0231"]),
            "review",
            Some(Fit::Over),
            &[(2, 50_000)],
        ),
        (
            "one of two that are named",
            credit(50_000, &["INV-2026-0102, INV-2026-0231"]),
            "review",
            Some(Fit::Exact),
            &[(2, 50_000)],
        ),
        (
            "paid before",
            credit(64_300, &["INV-2025-0999"]),
            "review",
            Some(Fit::OnAccount),
            &[],
        ),
        (
            "owed in another currency",
            credit(20_000, &["INV-2026-0555"]),
            "review",
            Some(Fit::OnAccount),
            &[],
        ),
    ];
    let book = Book::of(contents());
    for (name, credit, word, fit, shares) in cases {
        let verdict = book.judge(&credit);
        assert_eq!(
            short(&verdict),
            (word, fit, shares.to_vec()),
            "{name}: {verdict:?}"
        );
    }
}

#[test]
fn who_paid_decides_where_the_line_is_silent() {
    let cases: Vec<Case<'_>> = vec![
        (
            "a known account",
            from(credit(50_000, &["thanks"]), KNOWN, ""),
            "automatic",
            Some(Fit::Exact),
            &[(2, 50_000)],
        ),
        (
            "a name, and nobody else owes as much",
            from(credit(7_700, &[]), "", "ACME WIDGETS LIMITED"),
            "automatic",
            Some(Fit::Exact),
            &[(5, 7_700)],
        ),
        (
            "a name, and somebody else owes as much",
            from(credit(119_000, &[]), "", "ACME WIDGETS LIMITED"),
            "review",
            Some(Fit::Exact),
            &[(4, 119_000)],
        ),
        (
            "a name, from an account that is not the known one",
            from(credit(50_000, &[]), "DE99", "MUELLER SOEHNE"),
            "review",
            Some(Fit::Exact),
            &[(2, 50_000)],
        ),
        (
            "all that is open",
            from(credit(199_000, &[]), KNOWN, ""),
            "automatic",
            Some(Fit::Exact),
            &[(1, 119_000), (2, 50_000), (3, 30_000)],
        ),
        (
            "some of what is open",
            from(credit(80_000, &[]), KNOWN, ""),
            "review",
            Some(Fit::Exact),
            &[(2, 50_000), (3, 30_000)],
        ),
        (
            "no sum of what is open",
            from(credit(55_555, &[]), KNOWN, ""),
            "review",
            Some(Fit::Short),
            &[(1, 55_555)],
        ),
        (
            "a slip, from who owes it",
            from(credit(50_000, &["INV-2026-0213"]), KNOWN, ""),
            "automatic",
            Some(Fit::Exact),
            &[(2, 50_000)],
        ),
        (
            "a slip, from somebody",
            credit(50_000, &["INV-2026-0213"]),
            "review",
            Some(Fit::Exact),
            &[(2, 50_000)],
        ),
        (
            "a number of the series that nobody knows",
            from(credit(50_000, &["INV-2026-0888"]), KNOWN, ""),
            "review",
            Some(Fit::Exact),
            &[(2, 50_000)],
        ),
        (
            "the last digits",
            from(credit(50_000, &["Rg 20260231"]), KNOWN, ""),
            "automatic",
            Some(Fit::Exact),
            &[(2, 50_000)],
        ),
        (
            "nobody",
            from(credit(50_001, &["Gutschrift"]), "DE77", "Stadtwerke"),
            "unknown",
            None,
            &[],
        ),
        (
            "an amount and another name",
            from(credit(50_000, &[]), "DE77", "Stadtwerke"),
            "unknown",
            None,
            &[],
        ),
    ];
    let book = Book::of(contents());
    for (name, credit, word, fit, shares) in cases {
        let verdict = book.judge(&credit);
        assert_eq!(
            short(&verdict),
            (word, fit, shares.to_vec()),
            "{name}: {verdict:?}"
        );
    }
}

/// The worked example: `INV-12` never matches `INV-123`, nor the reverse, however they are written.
#[test]
fn a_part_of_a_number_is_another_number() {
    let texts = [
        "INV-123",
        "INV-12-3",
        "INV-12/2026",
        "INV12345",
        "INV-1212",
        "2-INV-1-2",
        "XINV-1",
    ];
    let book = Book::of(contents());
    for text in texts {
        let verdict = book.judge(&credit(7_700, &[text]));
        assert_ne!(short(&verdict).0, "automatic", "{text}: {verdict:?}");
    }
    assert_eq!(short(&book.judge(&credit(7_700, &["(inv_12)"]))).0, "automatic");
}

#[test]
fn a_slip_that_hits_another_number_is_left_to_a_person() {
    let mut contents = contents();
    let line = credit(119_000, &["INV-2026-0102"]);
    assert_eq!(short(&Book::of(contents.clone()).judge(&line)).0, "automatic");
    // As much is owed on a number that is one key away: either may be meant, unless the payer is known and owes one.
    contents.invoices.push(owed(20, 2, "INV-2026-0104", 119_000));
    let book = Book::of(contents);
    for (line, word) in [(line.clone(), "review"), (from(line, KNOWN, ""), "automatic")] {
        let verdict = book.judge(&line);
        assert_eq!(
            short(&verdict),
            (word, Some(Fit::Exact), vec![(1, 119_000)]),
            "{verdict:?}"
        );
    }
}

#[test]
fn what_was_announced_is_followed() {
    let mut contents = contents();
    let announced = |kind, reference: &str, shares: &[(u8, Option<i64>)], total: Option<i64>| Announced {
        kind,
        references: vec![reference.to_owned()],
        customer: customer(1),
        total: total.map(|minor| money(minor, "EUR")),
        shares: shares
            .iter()
            .map(|(at, minor)| (id(*at), minor.map(|minor| money(minor, "EUR"))))
            .collect(),
    };
    let link = crate::id::LinkId::from_parts(9, [9; 10]);
    contents.announced = vec![
        announced(
            AnnouncedBy::Advice,
            "RA-77",
            &[(1, Some(100_000)), (2, None)],
            Some(150_000),
        ),
        announced(AnnouncedBy::Link, link.as_str(), &[(1, None), (3, None)], None),
        announced(
            AnnouncedBy::Provider,
            "pi_3MtwBwLkdIwHu7ix28a3tqPa",
            &[(2, None)],
            None,
        ),
    ];
    let rf = Key::of(link.as_str()).unwrap().rf();
    let cases: [(_, _, _, &[(u8, i64)]); 5] = [
        (
            "an advice by its number",
            credit(150_000, &["advice RA-77"]),
            "automatic",
            &[(1, 100_000), (2, 50_000)],
        ),
        (
            "an advice by its total",
            from(credit(150_000, &[]), KNOWN, ""),
            "automatic",
            &[(1, 100_000), (2, 50_000)],
        ),
        (
            "an advice, and another amount",
            credit(150_001, &["advice RA-77"]),
            "review",
            &[(1, 119_000), (2, 31_001)],
        ),
        (
            "a link by its RF",
            credit(149_000, &[&rf]),
            "automatic",
            &[(1, 119_000), (3, 30_000)],
        ),
        (
            "a provider's id",
            credit(50_000, &["pi_3MtwBwLkdIwHu7ix28a3tqPa"]),
            "automatic",
            &[(2, 50_000)],
        ),
    ];
    let book = Book::of(contents);
    for (name, credit, word, shares) in cases {
        let verdict = book.judge(&credit);
        let (found, _, given) = short(&verdict);
        assert_eq!((found, given), (word, shares.to_vec()), "{name}: {verdict:?}");
    }
}

#[test]
fn an_invoice_is_paid_once_and_what_is_in_doubt_is_held() {
    let mut book = Book::of(contents());
    let line = credit(50_000, &["INV-2026-0231"]);
    let Verdict::Automatic(candidate) = book.judge(&line) else {
        panic!("{:?}", book.judge(&line));
    };
    book.hold(&candidate);
    assert_eq!(short(&book.judge(&line)).0, "review");
    book.release(&candidate);
    assert_eq!(book.judge(&line), Verdict::Automatic(candidate.clone()));
    book.take(&candidate);
    assert_eq!(
        short(&book.judge(&line)),
        ("review", Some(Fit::OnAccount), Vec::new())
    );
}

#[test]
fn every_candidate_says_why() {
    let verdict = Book::of(contents()).judge(&from(
        credit(119_000, &["INV-2026-0102"]),
        KNOWN,
        "Mueller Soehne",
    ));
    let Verdict::Automatic(candidate) = verdict else {
        panic!()
    };
    let reasons = candidate
        .reasons
        .iter()
        .map(|reason| (reason.code, reason.points));
    let expected = [
        (Evidence::Number, 50),
        (Evidence::Amount, 30),
        (Evidence::Account, 20),
        (Evidence::Name, 4),
    ];
    assert_eq!(reasons.collect::<Vec<_>>(), expected);
    assert_eq!(candidate.score, 100);
    let written = serde_json::to_value(&candidate).unwrap();
    assert_eq!(written["reasons"][0]["code"], "number");
    assert_eq!(serde_json::from_value::<Candidate>(written).unwrap(), candidate);
}

/// Ledgers of a few invoices of three customers whose numbers and amounts are close to one another.
fn ledgers() -> impl Strategy<Value = Contents> {
    let one = (1u8..60, 1u8..4, 10u32..30, 1i64..6, 0usize..8);
    prop::collection::vec(one, 0..14).prop_map(|all| Contents {
        invoices: all
            .into_iter()
            .map(|(at, of, number, amount, currency)| {
                let owed = owed(at, of, &format!("RE-2026{number}"), amount * 10_000);
                let code = if currency == 0 { "USD" } else { "EUR" };
                let balance = money(owed.balance.minor(), code);
                Owed {
                    total: balance,
                    balance,
                    ..owed
                }
            })
            .collect(),
        debtors: vec![
            debtor(1, "Müller GmbH", &["DE1"]),
            debtor(2, "Müller Bau GmbH", &["DE2"]),
            debtor(3, "Müller AG", &[]),
        ],
        announced: Vec::new(),
    })
}

fn lines() -> impl Strategy<Value = Credit> {
    let text = prop_oneof![
        Just(String::new()),
        (10u32..30).prop_map(|number| format!("Rechnung RE-2026{number}")),
        (10u32..30, 10u32..30).prop_map(|(one, two)| format!("RE-2026{one} RE2026{two}")),
        ".{0,40}",
    ];
    let payer = prop::sample::select(vec!["", "Mueller", "Müller Bau", "Nobody Else"]);
    let account = prop::sample::select(vec!["", "DE1", "DE2", "DE9"]);
    (text, 1i64..12, -60i64..60, payer, account).prop_map(|(text, tens, off, payer, account)| {
        from(credit((tens * 10_000 + off).max(1), &[&text]), account, payer)
    })
}

fn candidates(verdict: &Verdict) -> Vec<Candidate> {
    match verdict {
        Verdict::Automatic(candidate) => vec![candidate.clone()],
        Verdict::Review(all) => all.clone(),
        Verdict::Unknown => Vec::new(),
    }
}

proptest! {
    #[test]
    fn candidates_add_up_within_what_is_owed_and_one_currency(contents in ledgers(), line in lines()) {
        let verdict = Book::of(contents.clone()).judge(&line);
        let all = candidates(&verdict);
        prop_assert!(all.len() <= CANDIDATES);
        prop_assert!(!matches!(&verdict, Verdict::Review(all) if all.is_empty()));
        for candidate in all {
            let given = candidate.shares.iter().map(|share| share.amount);
            let sum = Money::checked_sum(line.amount.currency(), given.chain([candidate.on_account]));
            prop_assert_eq!(sum, Ok(line.amount));
            prop_assert!(!candidate.on_account.is_negative() && !candidate.short.is_negative());
            for share in &candidate.shares {
                let owed = contents.invoices.iter().find(|owed| owed.id == share.invoice).unwrap();
                prop_assert!(share.amount.is_positive() && share.amount.minor() <= owed.balance.minor());
                prop_assert_eq!(owed.balance.currency(), line.amount.currency());
                prop_assert_eq!(&owed.customer, &candidate.customer);
            }
            let mut invoices: Vec<&InvoiceId> = candidate.shares.iter().map(|share| &share.invoice).collect();
            invoices.sort();
            invoices.dedup();
            prop_assert_eq!(invoices.len(), candidate.shares.len());
        }
    }

    #[test]
    fn the_order_of_what_is_known_means_nothing(contents in ledgers(), line in lines()) {
        let mut turned = contents.clone();
        turned.invoices.sort_by(|a, b| b.id.cmp(&a.id));
        turned.invoices.dedup_by(|a, b| a.id == b.id);
        let mut sorted = turned.clone();
        sorted.invoices.reverse();
        turned.debtors.reverse();
        prop_assert_eq!(Book::of(sorted).judge(&line), Book::of(turned).judge(&line));
    }

    /// One more invoice of somebody else can make a line less certain, and never certain of something else.
    #[test]
    fn an_unrelated_invoice_moves_no_line_to_another(
        contents in ledgers(), line in lines(), minor in 1i64..12, number in "[A-Z]{3}[0-9]{5}"
    ) {
        let before = Book::of(contents.clone()).judge(&line);
        let mut more = contents;
        more.invoices.push(owed(99, 9, &number, minor * 10_000));
        more.debtors.push(debtor(9, "Quite Different Ltd", &["DE7"]));
        let after = Book::of(more).judge(&line);
        match (&before, &after) {
            (Verdict::Automatic(one), Verdict::Automatic(other)) => prop_assert_eq!(one, other),
            (_, Verdict::Automatic(_)) => prop_assert!(false, "certain by what has nothing to do with it"),
            _ => {}
        }
    }

    #[test]
    fn taking_what_was_matched_leaves_no_more_than_was_owed(contents in ledgers(), all in prop::collection::vec(lines(), 0..8)) {
        let owed: i64 = contents.invoices.iter().map(|owed| owed.balance.minor()).sum();
        let mut book = Book::of(contents);
        let mut given = 0;
        for line in &all {
            if let Verdict::Automatic(candidate) = book.judge(line) {
                given += candidate.shares.iter().map(|share| share.amount.minor()).sum::<i64>();
                book.take(&candidate);
            }
        }
        prop_assert!(given <= owed);
    }

    #[test]
    fn no_line_makes_it_panic(contents in ledgers(), texts in prop::collection::vec("[A-Z0-9 \\-/.ÄÖßıİ\n]{0,50}", 0..4), minor: i64) {
        let line = Credit { references: texts.clone(), text: texts, ..credit(minor, &[]) };
        let _ = Book::of(contents).judge(&line);
    }
}
