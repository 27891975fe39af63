use super::*;

pub(super) fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap())
}

pub(super) fn id(letter: char) -> InvoiceId {
    InvoiceId::from_parts(u64::from(u32::from(letter)), [0; 10])
}

pub(super) fn invoice(letter: char, due_on: &str, minor: i64) -> OpenInvoice {
    OpenInvoice {
        id: id(letter),
        number: format!("2026-{letter}"),
        kind: ReceivableKind::Invoice,
        due_on: due_on.parse().unwrap(),
        issue_on: "2026-01-01".parse().unwrap(),
        balance: eur(minor),
        parts: Vec::new(),
        discount: None,
    }
}

pub(super) fn told(number: &str, minor: Option<i64>) -> RemittanceLine {
    RemittanceLine {
        invoice: InvoiceRef::Number(number.to_owned()),
        amount: minor.map(eur),
    }
}

fn receipt(amount: Money, remittance: &[RemittanceLine]) -> Receipt<'_> {
    Receipt {
        amount,
        remittance,
        through_banks: false,
    }
}

/// Under the rules of a policy that says nothing about money.
fn pay(
    minor: i64,
    open: &[OpenInvoice],
    remittance: &[RemittanceLine],
) -> Result<Allocation, AllocationError> {
    allocate(&Rules::default(), &receipt(eur(minor), remittance), open)
}

pub(super) fn rules(document: serde_json::Value) -> Rules {
    let mut fields = crate::fields::Fields::of(&document);
    let rules = Rules::read(&mut fields);
    fields.finish(|| rules).unwrap()
}

fn letter(found: &InvoiceId) -> char {
    ('A'..='Z').find(|letter| id(*letter) == *found).unwrap()
}

/// `A 50.00 B 25.00 | 5.00`: what each gets, and what is left.
pub(super) fn shown(allocation: &Allocation) -> String {
    let parts = allocation
        .parts
        .iter()
        .map(|part| format!("{} {} ", letter(&part.invoice), part.amount.amount()));
    format!("{}| {}", parts.collect::<String>(), allocation.unapplied.amount())
}

#[test]
fn money_goes_where_the_payer_says_and_then_to_the_oldest() {
    let open = [
        invoice('B', "2026-02-01", 5_000),
        invoice('A', "2026-01-01", 10_000),
        invoice('C', "2026-02-01", 2_000),
        invoice('D', "2026-03-01", 0),
    ];
    let cases = [
        ("exact, oldest first", 10_000, vec![], "A 100.00 | 0.00"),
        ("partial", 4_000, vec![], "A 40.00 | 0.00"),
        (
            "on to the next, of one day by number",
            16_000,
            vec![],
            "A 100.00 B 50.00 C 10.00 | 0.00",
        ),
        ("too much", 20_000, vec![], "A 100.00 B 50.00 C 20.00 | 30.00"),
        ("as told", 5_000, vec![told("2026-B", None)], "B 50.00 | 0.00"),
        (
            "as told, with an amount",
            5_000,
            vec![told("2026-B", Some(3_000))],
            "B 30.00 A 20.00 | 0.00",
        ),
        (
            "told more than is owed",
            7_000,
            vec![told("2026-B", Some(7_000))],
            "B 50.00 A 20.00 | 0.00",
        ),
        (
            "told more than was paid",
            4_000,
            vec![told("2026-B", Some(5_000)), told("2026-C", None)],
            "B 40.00 | 0.00",
        ),
        (
            "told twice",
            5_000,
            vec![told("2026-B", Some(1_000)), told("2026-B", Some(9_000))],
            "B 50.00 | 0.00",
        ),
        (
            "told some, and the rest reaches it again",
            16_000,
            vec![told("2026-B", Some(1_000))],
            "B 50.00 A 100.00 C 10.00 | 0.00",
        ),
        (
            "an unknown number",
            4_000,
            vec![told("2025-9", Some(4_000))],
            "A 40.00 | 0.00",
        ),
        (
            "a paid one",
            4_000,
            vec![told("2026-D", Some(4_000))],
            "A 40.00 | 0.00",
        ),
        (
            "written carelessly",
            2_000,
            vec![told(" 2026 c", None)],
            "C 20.00 | 0.00",
        ),
        (
            "by id",
            2_000,
            vec![RemittanceLine {
                invoice: InvoiceRef::Id(id('C')),
                amount: None,
            }],
            "C 20.00 | 0.00",
        ),
    ];
    for (name, amount, remittance, expected) in cases {
        assert_eq!(
            shown(&pay(amount, &open, &remittance).unwrap()),
            expected,
            "{name}"
        );
    }
}

#[test]
fn what_was_not_done_as_told_is_said() {
    let mut open = vec![
        invoice('A', "2026-01-01", 10_000),
        invoice('B', "2026-02-01", 5_000),
    ];
    let why = |open: &[OpenInvoice], minor, line| pay(minor, open, &[line]).unwrap().why.join("; ");
    assert_eq!(
        why(&open, 100, told("X-1", None)),
        "the remittance names X-1, which is not open"
    );
    assert_eq!(
        why(&open, 7_000, told("2026-B", Some(7_000))),
        "2026-B gets 50.00 EUR of the 70.00 EUR named for it: it owes no more"
    );
    // Who names no amount is not told that it was less.
    assert_eq!(why(&open, 7_000, told("2026-A", None)), "");
    assert_eq!(
        why(&open, 17_000, told("2026-A", None)),
        "20.00 EUR stays on account: no open invoice is left to take it"
    );
    open.push(OpenInvoice {
        id: id('C'),
        ..open[0].clone()
    });
    assert_eq!(
        why(&open, 100, told("2026-A", None)),
        "the remittance names 2026-A, which could be 2 open invoices"
    );
    let parts = pay(12_000, &open[..2], &[told("2026-A", Some(500))])
        .unwrap()
        .parts;
    assert_eq!(
        parts[0].why,
        "2026-A: named in the remittance; 95.00 EUR more: the oldest open invoice, due on 2026-01-01"
    );
}

#[test]
fn what_makes_no_sense_is_an_error() {
    let open = [invoice('A', "2026-01-01", 10_000)];
    let usd = Money::new(100, Currency::parse("USD").unwrap());
    let (left, right) = (eur(0).currency(), usd.currency());
    assert_eq!(pay(0, &open, &[]), Err(AllocationError::NotPositive(eur(0))));
    let mixed = MoneyError::CurrencyMismatch {
        left: right,
        right: left,
    };
    assert_eq!(
        allocate(&Rules::default(), &receipt(usd, &[]), &open),
        Err(mixed.into())
    );
    let line = RemittanceLine {
        invoice: InvoiceRef::Id(id('A')),
        amount: Some(usd),
    };
    assert_eq!(
        pay(1, &open, &[line]),
        Err(MoneyError::CurrencyMismatch { left, right }.into())
    );
}

#[test]
fn charges_go_first_or_last_as_the_policy_says() {
    let kind = |letter, due_on, minor, kind| OpenInvoice {
        kind,
        ..invoice(letter, due_on, minor)
    };
    let open = [
        invoice('A', "2026-01-01", 10_000),
        invoice('B', "2026-02-01", 5_000),
        kind('F', "2026-03-01", 1_000, ReceivableKind::Fee),
        kind('I', "2026-01-15", 300, ReceivableKind::Interest),
        kind('K', "2026-02-15", 4_000, ReceivableKind::Compensation),
    ];
    // § 367(1) BGB: costs, interest, principal; among costs and among invoices the longest due.
    let cases = [
        ("charges_first", 5_200, "K 40.00 F 10.00 I 2.00 | 0.00"),
        ("charges_first", 6_000, "K 40.00 F 10.00 I 3.00 A 7.00 | 0.00"),
        ("principal_first", 15_200, "A 100.00 B 50.00 I 2.00 | 0.00"),
        (
            "principal_first",
            20_000,
            "A 100.00 B 50.00 I 3.00 K 40.00 F 7.00 | 0.00",
        ),
        ("due_date", 15_400, "A 100.00 I 3.00 B 50.00 K 1.00 | 0.00"),
        ("remittance", 15_400, "| 154.00"),
    ];
    for (order, minor, expected) in cases {
        let rules = rules(serde_json::json!({ "order": order }));
        let allocation = allocate(&rules, &receipt(eur(minor), &[]), &open).unwrap();
        assert_eq!(shown(&allocation), expected, "{order}");
    }
    // What the payer says goes before any order, and alone where nothing else counts.
    for (order, expected) in [
        ("charges_first", "B 50.00 K 10.00 | 0.00"),
        ("remittance", "B 50.00 | 10.00"),
    ] {
        let rules = rules(serde_json::json!({ "order": order }));
        let lines = [told("2026-B", None)];
        let allocation = allocate(&rules, &receipt(eur(6_000), &lines), &open).unwrap();
        assert_eq!(shown(&allocation), expected, "{order}");
    }
    let by_costs = rules(serde_json::json!({"order": "charges_first"}));
    let why = |at: usize| {
        allocate(&by_costs, &receipt(eur(6_000), &[]), &open)
            .unwrap()
            .parts[at]
            .why
            .clone()
    };
    assert_eq!(why(0), "2026-K: costs come first, due on 2026-02-15");
    assert_eq!(
        why(2),
        "2026-I: interest comes before invoices, due on 2026-01-15"
    );
    let nothing = rules(serde_json::json!({"order": "remittance"}));
    let allocation = allocate(&nothing, &receipt(eur(100), &[]), &open).unwrap();
    assert_eq!(
        allocation.why,
        ["1.00 EUR stays on account: the payer names nothing else that is open"]
    );
}

#[test]
fn each_part_of_an_invoice_is_due_on_its_own_day() {
    let part = |due_on: &str, minor| OpenPart {
        due_on: due_on.parse().unwrap(),
        balance: eur(minor),
    };
    let open = [
        OpenInvoice {
            parts: vec![
                part("2026-01-01", 3_000),
                part("2026-03-01", 5_000),
                part("2026-05-01", 2_000),
            ],
            ..invoice('A', "2026-01-01", 10_000)
        },
        invoice('B', "2026-02-01", 4_000),
    ];
    let cases = [
        (2_000, vec![], "A 20.00 | 0.00"),
        (6_000, vec![], "A 30.00 B 30.00 | 0.00"),
        (9_000, vec![], "A 50.00 B 40.00 | 0.00"),
        (15_000, vec![], "A 100.00 B 40.00 | 10.00"),
        // Named, it takes as much as the invoice owes, whatever is due.
        (9_000, vec![told("2026-A", None)], "A 90.00 | 0.00"),
        // 35.00 fill the first part and 5.00 of the second; then B is longer due than the rest of it.
        (8_500, vec![told("2026-A", Some(3_500))], "A 45.00 B 40.00 | 0.00"),
    ];
    for (minor, lines, expected) in cases {
        assert_eq!(
            shown(&pay(minor, &open, &lines).unwrap()),
            expected,
            "{minor} {lines:?}"
        );
    }
}

/// `Discount A -2.00, Overpayment B 0.50`
fn let_go(allocation: &Allocation) -> String {
    let shown = allocation
        .differences
        .iter()
        .map(|d| format!("{:?} {} {}", d.cause, letter(&d.invoice), d.posted.amount()));
    shown.collect::<Vec<_>>().join(", ")
}

#[test]
fn an_early_payment_discount_settles_what_is_paid_but_for_it() {
    // "2/10": 2.00 may be deducted from A's 100.00; B is paid in full or not at all.
    let discounted = |letter, minor: i64| OpenInvoice {
        discount: Some(eur(minor / 50)),
        ..invoice(letter, "2026-02-01", minor)
    };
    let alone = vec![discounted('A', 10_000)];
    let two = vec![discounted('A', 10_000), invoice('B', "2026-02-02", 20_000)];
    let late = vec![invoice('A', "2026-02-01", 10_000)];
    let both = vec![discounted('A', 10_000), discounted('B', 20_000)];
    let a = || told("2026-A", None);
    let exactly = |minor| told("2026-A", Some(minor));
    let b = || told("2026-B", None);
    let cases = [
        (
            "total less discount",
            &alone,
            9_800,
            vec![],
            "A 98.00 | 0.00",
            "Discount A -2.00",
        ),
        ("a cent less", &alone, 9_799, vec![], "A 97.99 | 0.00", ""),
        ("late", &late, 9_800, vec![], "A 98.00 | 0.00", ""),
        (
            "less is deducted than may be",
            &alone,
            9_850,
            vec![],
            "A 98.50 | 0.00",
            "Discount A -1.50",
        ),
        ("paid in full", &alone, 10_000, vec![], "A 100.00 | 0.00", ""),
        (
            "both named",
            &two,
            29_800,
            vec![a(), b()],
            "A 98.00 B 200.00 | 0.00",
            "Discount A -2.00",
        ),
        (
            "both named, the other first",
            &two,
            29_800,
            vec![b(), a()],
            "B 200.00 A 98.00 | 0.00",
            "Discount A -2.00",
        ),
        (
            "the whole account",
            &two,
            29_800,
            vec![],
            "A 98.00 B 200.00 | 0.00",
            "Discount A -2.00",
        ),
        (
            "the whole account in full",
            &two,
            30_000,
            vec![],
            "A 100.00 B 200.00 | 0.00",
            "",
        ),
        (
            "one of several",
            &two,
            9_800,
            vec![],
            "A 98.00 | 0.00",
            "Discount A -2.00",
        ),
        (
            "one in full, one in part",
            &two,
            15_000,
            vec![],
            "A 100.00 B 50.00 | 0.00",
            "",
        ),
        ("named twice", &two, 10_000, vec![a(), a()], "A 100.00 | 0.00", ""),
        // The payer says what is deducted; the rest of the money does not make up for it.
        (
            "by amount",
            &two,
            29_700,
            vec![exactly(9_800)],
            "A 98.00 B 199.00 | 0.00",
            "Discount A -2.00",
        ),
        (
            "by amount, all of it",
            &two,
            29_800,
            vec![exactly(10_000)],
            "A 100.00 B 198.00 | 0.00",
            "",
        ),
        (
            "two discounts",
            &both,
            29_400,
            vec![a(), b()],
            "A 98.00 B 196.00 | 0.00",
            "Discount A -2.00, Discount B -4.00",
        ),
        (
            "part of two discounts",
            &both,
            29_700,
            vec![],
            "A 98.00 B 199.00 | 0.00",
            "Discount A -2.00, Discount B -1.00",
        ),
    ];
    for (name, open, minor, lines, expected, differences) in cases {
        let allocation = pay(minor, open, &lines).unwrap();
        assert_eq!(
            (shown(&allocation).as_str(), let_go(&allocation).as_str()),
            (expected, differences),
            "{name}"
        );
    }
    let allocation = pay(9_800, &alone, &[]).unwrap();
    assert_eq!(
        allocation.differences[0].why,
        "2026-A: 2.00 EUR early-payment discount, paid in time"
    );
    // What is left of an invoice may be no more than its discount: no payment, no discount.
    for left in [150, 200] {
        let nearly = [OpenInvoice {
            discount: Some(eur(200)),
            ..invoice('A', "2026-02-01", left)
        }];
        assert_eq!(let_go(&pay(1, &nearly, &[]).unwrap()), "", "{left}");
    }
}

#[test]
fn a_small_rest_is_let_go_where_the_payment_meant_to_settle() {
    let open = [
        invoice('A', "2026-01-01", 10_000),
        invoice('B', "2026-02-01", 20_000),
        invoice('C', "2026-03-01", 50),
    ];
    let policy = rules(serde_json::json!({
        "under": {"amount": {"EUR": "1.00"}, "percent": "0.5"}, "bank_charge": {"EUR": "15.00"}
    }));
    let a = |minor: Option<i64>| told("2026-A", minor);
    let b = |minor: Option<i64>| told("2026-B", minor);
    let under_a = "Underpayment A -0.50";
    // Sources: 0.5 % of 100.00 is 0.50, less than 1.00; of 200.00 it is 1.00; of 300.50 more than 1.00.
    let cases = [
        ("named", false, 9_950, vec![a(None)], "A 99.50 | 0.00", under_a),
        (
            "named with its amount",
            false,
            9_950,
            vec![a(Some(9_950))],
            "A 99.50 | 0.00",
            under_a,
        ),
        (
            "a cent too little",
            false,
            9_949,
            vec![a(None)],
            "A 99.49 | 0.00",
            "",
        ),
        ("not named", false, 9_950, vec![], "A 99.50 | 0.00", ""),
        (
            "the whole account",
            false,
            30_030,
            vec![],
            "A 100.00 B 200.00 C 0.30 | 0.00",
            "Underpayment C -0.20",
        ),
        (
            "what got nothing was not meant",
            false,
            29_950,
            vec![],
            "A 100.00 B 199.50 | 0.00",
            "",
        ),
        (
            "small in all",
            false,
            29_920,
            vec![a(Some(9_950)), b(None)],
            "A 99.50 B 199.70 | 0.00",
            "Underpayment A -0.50, Underpayment B -0.30",
        ),
        (
            "each small, together not",
            false,
            29_860,
            vec![a(Some(9_950)), b(Some(19_910))],
            "A 99.50 B 199.10 | 0.00",
            "",
        ),
        (
            "one small, one paid in part",
            false,
            14_950,
            vec![a(Some(9_950)), b(None)],
            "A 99.50 B 50.00 | 0.00",
            under_a,
        ),
        (
            "a wire",
            true,
            18_500,
            vec![b(None)],
            "B 185.00 | 0.00",
            "BankCharge B -15.00",
        ),
        (
            "a wire, short by more",
            true,
            18_499,
            vec![b(None)],
            "B 184.99 | 0.00",
            "",
        ),
        (
            "a card is never short",
            false,
            18_500,
            vec![b(None)],
            "B 185.00 | 0.00",
            "",
        ),
        (
            "a wire within the tolerance",
            true,
            9_950,
            vec![a(None)],
            "A 99.50 | 0.00",
            under_a,
        ),
        (
            "a wire that leaves the last one out",
            true,
            30_000,
            vec![],
            "A 100.00 B 200.00 | 0.00",
            "",
        ),
        (
            "half of a small one",
            true,
            25,
            vec![told("2026-C", None)],
            "C 0.25 | 0.00",
            "",
        ),
        (
            "most of a small one",
            true,
            26,
            vec![told("2026-C", None)],
            "C 0.26 | 0.00",
            "BankCharge C -0.24",
        ),
    ];
    for (name, through_banks, minor, lines, expected, differences) in cases {
        let receipt = Receipt {
            through_banks,
            ..receipt(eur(minor), &lines)
        };
        let allocation = allocate(&policy, &receipt, &open).unwrap();
        assert_eq!(
            (shown(&allocation).as_str(), let_go(&allocation).as_str()),
            (expected, differences),
            "{name}"
        );
        assert!(
            allocate(&Rules::default(), &receipt, &open)
                .unwrap()
                .differences
                .is_empty(),
            "{name}"
        );
    }
    // Of A and B alone, a wire for the whole account.
    for (minor, differences) in [
        (28_500, "BankCharge B -15.00"),
        (28_499, ""),
        (29_900, "Underpayment B -1.00"),
    ] {
        let wire = Receipt {
            through_banks: true,
            ..receipt(eur(minor), &[])
        };
        let allocation = allocate(&policy, &wire, &open[..2]).unwrap();
        assert_eq!(let_go(&allocation), differences, "{minor}");
    }
    let lines = [b(None)];
    let wire = Receipt {
        through_banks: true,
        ..receipt(eur(18_500), &lines)
    };
    let why = allocate(&policy, &wire, &open).unwrap().differences[0]
        .why
        .clone();
    assert_eq!(
        why,
        "2026-B: 15.00 EUR of what was named is missing, as much as banks may keep of a transfer"
    );
}

#[test]
fn a_small_surplus_is_kept_where_the_policy_says_so() {
    let open = [
        invoice('A', "2026-01-01", 10_000),
        invoice('B', "2026-02-01", 20_000),
    ];
    let write_off =
        serde_json::json!({"over": {"amount": {"EUR": "1.00"}, "percent": "0.5", "keep": "write_off"}});
    let on_account = serde_json::json!({"over": {"amount": {"EUR": "1.00"}}});
    let cases = [
        (
            &write_off,
            30_100,
            vec![],
            "A 100.00 B 201.00 | 0.00",
            "Overpayment B 1.00",
        ),
        (&write_off, 30_101, vec![], "A 100.00 B 200.00 | 1.01", ""),
        (
            &write_off,
            30_050,
            vec![told("2026-B", None)],
            "B 200.00 A 100.50 | 0.00",
            "Overpayment A 0.50",
        ),
        (&on_account, 30_100, vec![], "A 100.00 B 200.00 | 1.00", ""),
        // A prepayment is no over-payment: nothing is paid with it.
        (&write_off, 10, vec![], "A 0.10 | 0.00", ""),
    ];
    for (policy, minor, lines, expected, differences) in cases {
        let allocation = allocate(&rules(policy.clone()), &receipt(eur(minor), &lines), &open).unwrap();
        assert_eq!(
            (shown(&allocation).as_str(), let_go(&allocation).as_str()),
            (expected, differences),
            "{minor}"
        );
    }
    let prepaid = allocate(&rules(write_off), &receipt(eur(10), &[]), &[]).unwrap();
    assert_eq!(
        (shown(&prepaid).as_str(), let_go(&prepaid).as_str()),
        ("| 0.10", "")
    );
}

#[test]
fn a_difference_goes_back_with_the_money_that_it_came_with() {
    // Posted, taken back -> what reverses it.
    let cases = [
        ("a discount", -200, 9_800, 200),
        ("a discount, part of the money", -200, 1, 200),
        ("kept over-payment", 50, 10_050, -50),
        ("kept over-payment, less money", 50, 30, -30),
        ("nothing", 0, 100, 0),
    ];
    for (name, posted, taken, expected) in cases {
        assert_eq!(reversal(eur(posted), eur(taken)), Ok(eur(expected)), "{name}");
    }
}

#[test]
fn a_credit_note_lowers_what_it_corrects_and_nothing_else() {
    let open = [
        OpenInvoice {
            discount: Some(eur(200)),
            ..invoice('A', "2026-01-01", 10_000)
        },
        invoice('B', "2026-02-01", 20_000),
    ];
    let cases = [
        (5_000, vec![], "| 50.00"),
        (5_000, vec![told("2026-B", None)], "B 50.00 | 0.00"),
        (25_000, vec![told("2026-B", None)], "B 200.00 | 50.00"),
        (
            25_000,
            vec![told("2026-B", Some(5_000)), told("2026-A", None)],
            "B 50.00 A 100.00 | 100.00",
        ),
        // A discount is for payers.
        (9_800, vec![told("2026-A", None)], "A 98.00 | 0.00"),
        (9_800, vec![told("X-1", None)], "| 98.00"),
    ];
    for (minor, lines, expected) in cases {
        let allocation = credit(eur(minor), &lines, &open).unwrap();
        assert_eq!(
            (shown(&allocation).as_str(), let_go(&allocation).as_str()),
            (expected, ""),
            "{lines:?}"
        );
    }
    let unknown = credit(eur(100), &[told("X-1", None)], &open).unwrap();
    assert_eq!(
        unknown.why,
        [
            "the credit note names X-1, which is not open",
            "1.00 EUR stays on account: the credit note corrects nothing else that is open"
        ]
    );
}

#[test]
fn what_is_on_account_is_used_the_oldest_credit_first() {
    let open = [
        invoice('B', "2026-02-01", 5_000),
        OpenInvoice {
            kind: ReceivableKind::Fee,
            ..invoice('F', "2026-03-01", 1_000)
        },
        invoice('A', "2026-01-01", 10_000),
    ];
    let payment = |at, on: &str, minor| Credit {
        source: CreditSource::Payment(crate::id::PaymentId::from_parts(at, [0; 10])),
        on: on.parse().unwrap(),
        left: eur(minor),
    };
    let note = Credit {
        source: CreditSource::CreditNote(crate::id::CreditNoteId::from_parts(1, [0; 10])),
        ..payment(1, "2026-02-10", 3_000)
    };
    let credits = [
        payment(2, "2026-03-01", 9_000),
        note,
        payment(1, "2026-01-05", 2_000),
        payment(3, "2026-01-01", 0),
    ];
    let used = |order, most| {
        let applied = apply_on_account(order, &open, &credits, eur(most)).unwrap();
        let shown = applied.applications.iter().map(|application| {
            let source = match &application.source {
                CreditSource::Payment(id) => credits
                    .iter()
                    .position(|c| c.source == CreditSource::Payment(id.clone())),
                CreditSource::CreditNote(_) => Some(1),
            };
            format!(
                "{}{} {} ",
                source.unwrap(),
                letter(&application.invoice),
                application.amount.amount()
            )
        });
        format!("{}| {}", shown.collect::<String>(), applied.left.amount())
    };
    assert_eq!(
        used(Order::DueDate, 14_000),
        "2A 20.00 1A 30.00 0A 50.00 0B 40.00 | 0.00"
    );
    assert_eq!(used(Order::Remittance, 14_000), used(Order::DueDate, 99_000));
    assert_eq!(
        used(Order::ChargesFirst, 4_000),
        "2F 10.00 2A 10.00 1A 20.00 | 100.00"
    );
    let nothing = apply_on_account(Order::DueDate, &open, &[], eur(1));
    assert_eq!(nothing, Err(AllocationError::NotPositive(eur(0))));
    let paid = apply_on_account(Order::DueDate, &[], &credits, eur(14_000)).unwrap();
    assert_eq!((paid.applications.len(), paid.left), (0, eur(14_000)));
}
