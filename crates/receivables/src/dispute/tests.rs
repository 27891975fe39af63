//! Disputes as tables, and what holds of every amount.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::country::Country;
use crate::currency::Currency;
use crate::dunning::{CaseFacts, OpenItem, RestDays, Taken, plan};
use crate::fields::FieldError;
use crate::id::{CustomerId, InvoiceId};
use crate::policy::Policy;
use crate::zone::Zone;

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap())
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::parse("USD").unwrap())
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn problems<T>(result: Result<T, Vec<FieldError>>) -> Vec<(String, String)> {
    let errors = result.err().unwrap_or_default();
    errors
        .into_iter()
        .map(|e| (e.pointer, e.code.into_owned()))
        .collect()
}

fn named(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(p, c)| ((*p).to_owned(), (*c).to_owned()))
        .collect()
}

#[test]
fn reasons_have_names_of_their_own_and_the_public_codes_that_say_the_same() {
    // UN/EDIFACT directory D.20A, data element 4465; OpenPeppol code list OPStatusReason 1.0.
    let uncl4465 = [
        ("3", "damaged_goods"),      // Damaged goods
        ("4", "wrong_quantity"),     // Short delivery
        ("5", "wrong_price"),        // Price query
        ("14", "wrong_goods"),       // Wrong delivery
        ("30", "already_paid"),      // Direct payment to seller
        ("31", "payment_terms"),     // Buyer disagrees with due date
        ("32", "not_delivered"),     // Goods not delivered
        ("33", "late_delivery"),     // Late delivery
        ("35", "returned_goods"),    // Goods returned
        ("50", "contract"),          // Terms of sale error
        ("51", "missing_po"),        // Required data missing
        ("53", "duplicate_invoice"), // Duplicate invoice
        ("56", "discount"),          // Incorrect discount
    ];
    for (code, name) in uncl4465 {
        assert_eq!(Reason::parse(name).unwrap().uncl4465, Some(code), "{name}");
    }
    assert_eq!(
        REASONS.iter().filter(|reason| reason.uncl4465.is_some()).count(),
        uncl4465.len()
    );
    let peppol = [
        "REF", "LEG", "QUA", "DEL", "PRI", "QTY", "ITM", "PAY", "UNR", "OTH",
    ];
    for reason in REASONS {
        assert!(
            reason.peppol.is_none_or(|code| peppol.contains(&code)),
            "{}",
            reason.code
        );
        assert_eq!(
            REASONS.iter().filter(|other| other.code == reason.code).count(),
            1
        );
        assert_eq!(Reason::parse(reason.code), Some(reason));
        assert_eq!(reason_of(&json!(reason.code)), Ok(reason));
    }
    assert_eq!(reason_of(&json!("because")).unwrap_err().code, "unknown_value");
}

#[test]
fn a_customers_own_code_means_what_it_was_mapped_to() {
    let mapped = |of_customer, code: &str, reason| OwnCode {
        of_customer,
        code: code.to_owned(),
        reason: Reason::parse(reason).unwrap(),
    };
    let known = [
        mapped(false, "22", "wrong_quantity"),
        mapped(true, "22", "damaged_goods"),
        mapped(false, "P-10", "wrong_price"),
    ];
    let cases = [
        ("22", &known[..], Some("damaged_goods")),
        ("22", &known[..1], Some("wrong_quantity")),
        (" p-10 ", &known[..], Some("wrong_price")),
        ("wrong_price", &known[..], Some("wrong_price")),
        ("WRONG_PRICE", &[], Some("wrong_price")),
        ("23", &known[..], None),
        ("", &known[..], None),
    ];
    for (code, known, expected) in cases {
        assert_eq!(meaning(code, known).map(|reason| reason.code), expected, "{code}");
    }
    let redefined = [mapped(true, "other", "contract")];
    assert_eq!(
        meaning("other", &redefined).map(|reason| reason.code),
        Some("contract")
    );
}

#[test]
fn a_dispute_moves_along_its_table_and_what_is_over_stays_over() {
    use Act::{Assign, Resolve, Review, Withdraw};
    use Status::{InReview, Open, Resolved, Withdrawn};
    let cases = [
        (Open, Assign, Some(Open)),
        (Open, Review, Some(InReview)),
        (Open, Resolve, Some(Resolved)),
        (Open, Withdraw, Some(Withdrawn)),
        (InReview, Assign, Some(InReview)),
        (InReview, Review, None),
        (InReview, Resolve, Some(Resolved)),
        (InReview, Withdraw, Some(Withdrawn)),
    ];
    for (from, act, to) in cases {
        assert_eq!(from.after(act), to, "{act:?} {from:?}");
    }
    for act in [Assign, Review, Resolve, Withdraw] {
        for over in [Resolved, Withdrawn] {
            assert_eq!(over.after(act), None, "{act:?} {over:?}");
            assert!(!over.rests());
        }
    }
    for (name, status) in Status::NAMES {
        assert_eq!(status.as_str(), *name);
        assert_eq!(serde_json::to_value(status).unwrap(), *name);
    }
}

#[test]
fn what_can_be_disputed_is_what_is_owed_and_not_disputed_yet() {
    let too_much = |asked, left| {
        Err(Refused::TooMuch {
            asked: eur(asked),
            left: eur(left),
        })
    };
    let cases = [
        ("all of it", 1_000, 0, None, Ok(eur(1_000))),
        ("a part", 1_000, 0, Some(400), Ok(eur(400))),
        ("the other part", 1_000, 400, None, Ok(eur(600))),
        ("exactly the rest", 1_000, 400, Some(600), Ok(eur(600))),
        (
            "a cent more than the rest",
            1_000,
            400,
            Some(601),
            too_much(601, 600),
        ),
        (
            "what is disputed already",
            1_000,
            1_000,
            None,
            Err(Refused::NothingLeft),
        ),
        (
            "after a payment left less than is disputed",
            300,
            400,
            None,
            Err(Refused::NothingLeft),
        ),
        ("what is paid", 0, 0, None, Err(Refused::NothingLeft)),
        ("nothing", 1_000, 0, Some(0), too_much(0, 1_000)),
        ("less than nothing", 1_000, 0, Some(-1), too_much(-1, 1_000)),
    ];
    for (name, balance, disputed, asked, expected) in cases {
        assert_eq!(
            claimed(eur(balance), eur(disputed), asked.map(eur)),
            expected,
            "{name}"
        );
    }
    let mixed = claimed(eur(1_000), eur(0), Some(usd(10))).unwrap_err();
    assert_eq!(mixed.code(), "currency_mismatch");
    assert_eq!(
        claimed(eur(5), eur(0), Some(eur(6))).unwrap_err().code(),
        "more_than_owed"
    );
    assert_eq!(claimed(eur(0), eur(0), None).unwrap_err().code(), "nothing_left");
}

#[test]
fn a_decision_credits_all_nothing_or_a_part_of_what_is_still_owed() {
    use Resolution::{CreditNote, Rejected, Split};
    let settled = |credit, stands| {
        Ok(Settled {
            credit: eur(credit),
            stands: eur(stands),
        })
    };
    let no_split = |credit, disputed| {
        Err(Refused::NotASplit {
            credit: eur(credit),
            disputed: eur(disputed),
        })
    };
    let cases = [
        ("credit note", CreditNote, 400, 1_000, settled(400, 0)),
        (
            "credit note after most was paid",
            CreditNote,
            400,
            150,
            settled(150, 0),
        ),
        (
            "credit note after all was paid",
            CreditNote,
            400,
            0,
            Err(Refused::NothingLeft),
        ),
        ("rejection", Rejected, 400, 1_000, settled(0, 400)),
        (
            "rejection after most was paid",
            Rejected,
            400,
            150,
            settled(0, 150),
        ),
        ("rejection after all was paid", Rejected, 400, 0, settled(0, 0)),
        ("split", Split(eur(100)), 400, 1_000, settled(100, 300)),
        (
            "split that leaves a cent",
            Split(eur(399)),
            400,
            1_000,
            settled(399, 1),
        ),
        (
            "split that credits nothing",
            Split(eur(0)),
            400,
            1_000,
            no_split(0, 400),
        ),
        (
            "split that credits all",
            Split(eur(400)),
            400,
            1_000,
            no_split(400, 400),
        ),
        (
            "split that credits more",
            Split(eur(401)),
            400,
            1_000,
            no_split(401, 400),
        ),
        (
            "split beyond what is still owed",
            Split(eur(200)),
            400,
            150,
            no_split(200, 150),
        ),
        (
            "split after all was paid",
            Split(eur(1)),
            400,
            0,
            Err(Refused::NothingLeft),
        ),
    ];
    for (name, resolution, disputed, balance, expected) in cases {
        assert_eq!(
            settle(&resolution, eur(disputed), eur(balance)),
            expected,
            "{name}"
        );
    }
    let mixed = settle(&Split(usd(1)), eur(400), eur(1_000)).unwrap_err();
    assert_eq!(mixed.code(), "currency_mismatch");
    assert_eq!(
        settle(&CreditNote, eur(4), eur(0)).unwrap_err().code(),
        "nothing_left"
    );
    assert_eq!(
        settle(&Split(eur(4)), eur(4), eur(4)).unwrap_err().code(),
        "not_a_split"
    );
}

#[test]
fn an_answer_is_overdue_after_its_last_day_and_decides_nothing() {
    let cases = [
        (Status::Open, "2026-01-30", false),
        (Status::Open, "2026-01-31", false),
        (Status::Open, "2026-02-01", true),
        (Status::InReview, "2026-02-01", true),
        (Status::Resolved, "2026-02-01", false),
        (Status::Withdrawn, "2026-02-01", false),
    ];
    let rules = Rules::default();
    assert_eq!(rules.respond_by(day("2026-01-17"), None), day("2026-01-31"));
    assert_eq!(
        rules.respond_by(day("2026-01-17"), Some(day("2026-01-20"))),
        day("2026-01-20")
    );
    for (status, today, expected) in cases {
        assert_eq!(
            overdue(status, day("2026-01-31"), day(today)),
            expected,
            "{status:?} {today}"
        );
    }
}

#[test]
fn a_dispute_is_read_with_every_problem_named() {
    let invoice = "inv_01aryz6s41zzzzzzzzzzzzzzzz";
    let read = DisputeInput::parse(&json!({
        "invoice": invoice, "reason": "22", "amount": {"amount": "4.00", "currency": "EUR"}, "text": "Short.\nAgain.",
        "assignee": "logistics", "respond_by": "2026-02-01",
        "documents": [
            {"name": "Photo", "media_type": "image/jpeg", "url": "https://files.example.com/1.jpg"},
            {"name": "Delivery note", "reference": "DN-7"},
            {"name": "Mail", "text": "Half of it\nis missing"},
        ]
    }));
    let read = read.unwrap();
    assert_eq!(read.amount, Some(eur(400)));
    let documents = json!([
        {"name": "Photo", "media_type": "image/jpeg", "url": "https://files.example.com/1.jpg"},
        {"name": "Delivery note", "reference": "DN-7"},
        {"name": "Mail", "text": "Half of it\nis missing"},
    ]);
    assert_eq!(serde_json::to_value(&read.documents).unwrap(), documents);

    let wrong = json!({
        "invoice": "cus_01aryz6s41zzzzzzzzzzzzzzzz", "amount": {"amount": "-1.00", "currency": "EUR"},
        "assignee": "The Team", "colour": "red",
        "documents": [
            {"name": "Both", "url": "https://files.example.com/1.jpg", "text": "x"},
            {"name": "Neither"},
            {"name": "Kind", "media_type": "jpeg", "text": "x"},
            {"name": "Kind", "media_type": "image/jp eg", "text": "x"},
        ]
    });
    let expected = [
        ("/invoice", "invalid_id"),
        ("/amount", "not_positive"),
        ("/reason", "required"),
        ("/assignee", "invalid_name"),
        ("/documents/0", "one_of"),
        ("/documents/1", "one_of"),
        ("/documents/2/media_type", "invalid_media_type"),
        ("/documents/3/media_type", "invalid_media_type"),
        ("/colour", "unknown_field"),
    ];
    assert_eq!(problems(DisputeInput::parse(&wrong)), named(&expected));
}

#[test]
fn a_decision_is_read_with_every_problem_named() {
    let read = |value| ResolutionInput::parse(&value).unwrap();
    let split = read(json!({
        "outcome": "split", "credit": {"amount": "1.00", "currency": "EUR"}, "credit_note_number": "CN-1",
        "comment": "Half each"
    }));
    assert_eq!(split.resolution, Resolution::Split(eur(100)));
    assert_eq!(split.credit_note_number.as_deref(), Some("CN-1"));
    assert_eq!(split.resolution.as_str(), "split");
    assert_eq!(
        read(json!({"outcome": "credit_note"})).resolution,
        Resolution::CreditNote
    );
    assert_eq!(
        read(json!({"outcome": "rejected"})).resolution,
        Resolution::Rejected
    );
    let euro = json!({"amount": "1.00", "currency": "EUR"});
    let cases = [
        (json!({}), &[("/outcome", "required")][..]),
        (json!({"outcome": "maybe"}), &[("/outcome", "unknown_value")]),
        (json!({"outcome": "split"}), &[("/credit", "required")]),
        (
            json!({"outcome": "credit_note", "credit": euro}),
            &[("/credit", "not_allowed")],
        ),
        (
            json!({"outcome": "rejected", "credit": euro, "credit_note_number": "CN-1"}),
            &[("/credit", "not_allowed"), ("/credit_note_number", "not_allowed")],
        ),
    ];
    for (value, expected) in cases {
        assert_eq!(
            problems(ResolutionInput::parse(&value)),
            named(expected),
            "{value}"
        );
    }
}

#[test]
fn a_policys_rules_are_read_and_written_alike() {
    let read = |value: &Value| {
        let mut fields = Fields::of(value);
        let rules = Rules::read(&mut fields);
        fields.finish(|| rules)
    };
    assert_eq!(read(&json!({})).unwrap(), Rules::default());
    let value = json!({"respond_days": 30, "dun_undisputed": true});
    assert_eq!(serde_json::to_value(read(&value).unwrap()).unwrap(), value);
    let wrong = json!({"respond_days": 0, "dun_undisputed": "no", "days": 1});
    let expected = [
        ("/respond_days", "out_of_range"),
        ("/dun_undisputed", "wrong_type"),
        ("/days", "unknown_field"),
    ];
    assert_eq!(problems(read(&wrong)), named(&expected));
}

/// The second half of the field's worked example: an invoice of 15 January under -5, +1 L1, +7 L2, +14 L3, disputed from
/// the 17th; the dispute is rejected on the 24th.
#[test]
fn after_a_rejection_the_step_that_the_age_gives_is_next_at_once() {
    let policy = Policy::parse(&json!({
        "name": "levels", "send_at": "09:00", "business_days_only": false, "min_days_between_contacts": 0,
        "steps": [
            {"id": "notice", "day": -5, "per_invoice": true, "channels": ["email"], "template": "pre_due"},
            {"id": "l1", "day": 1, "channels": ["email"], "template": "friendly"},
            {"id": "l2", "day": 7, "channels": ["email"], "template": "firm"},
            {"id": "l3", "day": 14, "channels": ["email"], "template": "firm"},
        ]
    }));
    let policy = policy.unwrap();
    let invoice = InvoiceId::from_parts(0, [0; 10]);
    let taken = |step: &str, day: i32| Taken {
        step: step.to_owned(),
        day,
        carried: true,
        listed: true,
        sent: true,
        at: "2026-01-16T09:00:00Z".parse().unwrap(),
    };
    let standing = |status: Status| CaseFacts {
        customer: CustomerId::from_parts(0, [0; 10]),
        currency: Currency::parse("EUR").unwrap(),
        time_zone: Zone::parse("UTC").unwrap(),
        rest: RestDays::of(Country::parse("DE").unwrap(), None),
        hold: None,
        suspended: false,
        handed_over: false,
        last_contact_at: None,
        on_account: eur(0),
        items: vec![OpenItem {
            invoice: invoice.clone(),
            number: "A".to_owned(),
            due_on: day("2026-01-15"),
            balance: eur(10_000),
            part: 0,
            disputed: if status.rests() { eur(10_000) } else { eur(0) },
            promised_until: None,
            planned: false,
            hold: None,
            resumed_on: None,
            taken: vec![taken("notice", -5), taken("l1", 1)],
        }],
        charges: Vec::new(),
        done: Vec::new(),
    };
    let at = |day: &str| format!("{day}T09:00:00Z").parse().unwrap();
    let disputed = standing(Status::Open);
    for morning in ["2026-01-17", "2026-01-22", "2026-01-23"] {
        let planned = plan(&policy, &disputed, at(morning));
        assert_eq!((planned.due, planned.next), (None, None), "{morning}");
    }
    let resolved = Status::Open.after(Act::Resolve).unwrap();
    let settled = settle(&Resolution::Rejected, eur(10_000), eur(10_000)).unwrap();
    assert_eq!((settled.credit, settled.stands), (eur(0), eur(10_000)));
    let due = plan(&policy, &standing(resolved), at("2026-01-24")).due.unwrap();
    assert_eq!((due.step.as_str(), due.carrying), ("l2", invoice));
}

proptest! {
    #[test]
    fn open_disputes_never_exceed_the_balance_and_the_rest_is_never_negative(
        balance in 0i64..10_000, asked in prop::collection::vec(prop::option::of(-50i64..6_000), 0..8), paid in 0i64..10_000,
    ) {
        let mut disputed = 0;
        for asked in asked {
            if let Ok(amount) = claimed(eur(balance), eur(disputed), asked.map(eur)) {
                prop_assert!(amount.is_positive());
                prop_assert!(asked.is_none_or(|asked| amount.minor() == asked));
                disputed += amount.minor();
            }
            prop_assert!(disputed <= balance);
        }
        let left = eur((balance - paid).max(0));
        let rest = undisputed(left, eur(disputed)).unwrap();
        prop_assert!(!rest.is_negative() && rest.minor() <= left.minor());
    }

    #[test]
    fn a_decision_adds_up_to_what_is_disputed_and_still_owed(
        disputed in 1i64..10_000, balance in 0i64..10_000, credit in 1i64..10_000, how in 0usize..3,
    ) {
        let resolution = match how {
            0 => Resolution::CreditNote,
            1 => Resolution::Rejected,
            _ => Resolution::Split(eur(credit)),
        };
        if let Ok(settled) = settle(&resolution, eur(disputed), eur(balance)) {
            let owed = disputed.min(balance);
            prop_assert_eq!(settled.credit.minor() + settled.stands.minor(), owed);
            prop_assert!(!settled.credit.is_negative() && !settled.stands.is_negative());
            prop_assert!(settled.credit.minor() <= disputed && settled.credit.minor() <= balance);
        }
    }
}
