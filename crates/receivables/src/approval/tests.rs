use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::currency::Currency;

fn at(text: &str) -> DateTime<Utc> {
    format!("2026-03-{text}Z").parse().unwrap()
}

fn money(amount: &str, currency: &str) -> Money {
    Money::parse(amount, Currency::parse(currency).unwrap()).unwrap()
}

fn actor(id: &str, may_ask: bool, may_decide: bool) -> Actor<'_> {
    Actor {
        id,
        may_ask,
        may_decide,
    }
}

#[test]
fn every_word_is_its_own() {
    for (name, kind) in ApprovalKind::NAMES {
        assert_eq!(ApprovalKind::parse(name), Some(*kind));
        assert_eq!(kind.as_str(), *name);
        assert_eq!(serde_json::to_value(kind).unwrap(), *name);
    }
    for (name, status) in ApprovalStatus::NAMES {
        assert_eq!(ApprovalStatus::parse(name), Some(*status));
        assert_eq!(status.as_str(), *name);
        assert_eq!(serde_json::to_value(status).unwrap(), *name);
        assert_eq!(status.is_final(), *status != Pending, "{name}");
    }
    assert_eq!(ApprovalKind::parse("void"), None);
    assert_eq!(ApprovalStatus::parse("open"), None);
}

#[test]
fn who_may_do_what_about_a_request() {
    let (in_time, too_late) = (at("10T08:59:59"), at("10T09:00:00"));
    let (ann, bob) = ("key_ann", "key_bob");
    let late = Err(Refused::TooLate(too_late));
    // Asked by, standing, act, who acts, may they ask, may they decide, when -> what becomes of it.
    let cases = [
        (ann, Pending, Act::Approve, bob, true, true, in_time, Ok(Approved)),
        (ann, Pending, Act::Reject, bob, false, true, in_time, Ok(Rejected)),
        (
            ann,
            Pending,
            Act::Approve,
            ann,
            true,
            true,
            in_time,
            Err(Refused::FourEyes),
        ),
        (
            ann,
            Pending,
            Act::Reject,
            ann,
            true,
            true,
            in_time,
            Err(Refused::FourEyes),
        ),
        (
            ann,
            Pending,
            Act::Approve,
            bob,
            true,
            false,
            in_time,
            Err(Refused::NoRight("approve")),
        ),
        // The right is looked at first: who may not decide is not told whose request it is.
        (
            ann,
            Pending,
            Act::Approve,
            ann,
            true,
            false,
            in_time,
            Err(Refused::NoRight("approve")),
        ),
        (
            POLICY,
            Pending,
            Act::Approve,
            ann,
            true,
            true,
            in_time,
            Ok(Approved),
        ),
        (
            POLICY,
            Pending,
            Act::Approve,
            POLICY,
            true,
            true,
            in_time,
            Err(Refused::FourEyes),
        ),
        (
            ann,
            Pending,
            Act::Approve,
            POLICY,
            true,
            true,
            in_time,
            Err(Refused::FourEyes),
        ),
        (
            ann,
            Pending,
            Act::Withdraw,
            ann,
            true,
            false,
            in_time,
            Ok(Withdrawn),
        ),
        (
            ann,
            Pending,
            Act::Withdraw,
            bob,
            true,
            true,
            in_time,
            Err(Refused::NotTheAsker),
        ),
        (
            ann,
            Pending,
            Act::Withdraw,
            ann,
            false,
            true,
            in_time,
            Err(Refused::NoRight("collect")),
        ),
        (
            POLICY,
            Pending,
            Act::Withdraw,
            bob,
            true,
            false,
            in_time,
            Ok(Withdrawn),
        ),
        (ann, Pending, Act::Approve, bob, true, true, too_late, late),
        (ann, Pending, Act::Withdraw, ann, true, true, too_late, late),
        (
            ann,
            Pending,
            Act::Expire,
            bob,
            true,
            true,
            in_time,
            Err(Refused::NoRight("none")),
        ),
        (
            ann,
            Approved,
            Act::Reject,
            bob,
            true,
            true,
            in_time,
            Err(Refused::NotPending(Approved)),
        ),
        (
            ann,
            Withdrawn,
            Act::Approve,
            bob,
            true,
            true,
            in_time,
            Err(Refused::NotPending(Withdrawn)),
        ),
        (
            ann,
            Expired,
            Act::Approve,
            bob,
            true,
            true,
            too_late,
            Err(Refused::NotPending(Expired)),
        ),
    ];
    for case in cases {
        let (asked_by, status, act, who, may_ask, may_decide, now, expected) = case;
        let asked = Asked {
            status,
            asked_by,
            expires_at: at("10T09:00:00"),
        };
        assert_eq!(
            decide(&asked, act, &actor(who, may_ask, may_decide), now),
            expected,
            "{case:?}"
        );
    }
}

#[test]
fn a_request_runs_out_once_and_only_while_it_is_pending() {
    let asked = |status| Asked {
        status,
        asked_by: "key_ann",
        expires_at: at("10T09:00:00"),
    };
    assert!(!has_expired(&asked(Pending), at("10T08:59:59")));
    assert!(has_expired(&asked(Pending), at("10T09:00:00")));
    for status in [Approved, Rejected, Expired, Withdrawn] {
        assert!(!has_expired(&asked(status), at("11T09:00:00")), "{status:?}");
    }
    let rules = Rules {
        expire_after_days: 3,
        ..Rules::default()
    };
    assert_eq!(rules.expires_at(at("07T09:00:00")), at("10T09:00:00"));
    assert_eq!(
        rules.expires_at(DateTime::<Utc>::MAX_UTC),
        DateTime::<Utc>::MAX_UTC
    );
}

#[test]
fn an_amount_above_the_limit_needs_a_second_person() {
    let rules = Rules {
        write_off_above: [money("50.00", "EUR"), money("1", "JPY")].into_iter().collect(),
        ..Rules::default()
    };
    use ApprovalKind::{HandOver, Plan, Settlement, Suspend, WriteOff};
    let cases = [
        (WriteOff, Some(("50.00", "EUR")), false),
        (WriteOff, Some(("50.01", "EUR")), true),
        (WriteOff, Some(("1", "JPY")), false),
        (WriteOff, Some(("2", "JPY")), true),
        // No limit in that currency: any amount needs one.
        (WriteOff, Some(("0.01", "USD")), true),
        (WriteOff, None, true),
        (Plan, Some(("0.01", "EUR")), true),
        (Settlement, Some(("0.01", "EUR")), true),
        (HandOver, None, true),
        (Suspend, None, false),
    ];
    for (kind, amount, expected) in cases {
        let amount = amount.map(|(amount, currency)| money(amount, currency));
        assert_eq!(rules.needed(kind, amount), expected, "{kind:?} {amount:?}");
    }
    let strict = Rules {
        suspend: true,
        ..Rules::default()
    };
    assert!(strict.needed(Suspend, None));
}

fn rules_of(document: &Value) -> Result<Rules, Vec<(String, String)>> {
    let mut fields = Fields::of(document);
    let rules = Rules::read(&mut fields);
    let told = |error: FieldError| (error.pointer, error.code.into_owned());
    fields
        .finish(|| rules)
        .map_err(|errors| errors.into_iter().map(told).collect())
}

#[test]
fn rules_are_read_and_written_in_one_shape() {
    assert_eq!(rules_of(&json!({})), Ok(Rules::default()));
    let document = json!({"expire_after_days": 7, "write_off_above": {"EUR": "50.00"}, "suspend": true});
    let rules = rules_of(&document).unwrap();
    assert_eq!(
        rules.write_off_above.get(Currency::parse("EUR").unwrap()),
        Some(money("50.00", "EUR"))
    );
    assert_eq!(serde_json::to_value(&rules).unwrap(), document);
    let wrong = json!({"expire_after_days": 0, "write_off_above": {"EUR": "-1", "XXZ": "1"},
        "suspend": "yes", "above": 1});
    let expected = [
        ("/expire_after_days", "out_of_range"),
        ("/write_off_above/EUR", "out_of_range"),
        ("/write_off_above/XXZ", "unknown_currency"),
        ("/suspend", "wrong_type"),
        ("/above", "unknown_field"),
    ];
    let expected = expected.map(|(pointer, code)| (pointer.to_owned(), code.to_owned()));
    assert_eq!(rules_of(&wrong), Err(expected.to_vec()));
}

#[test]
fn a_rejection_says_why() {
    let act = |document: Value| Decision::parse(&document).map(|decision| decision.act);
    assert_eq!(act(json!({"decision": "approve"})), Ok(Act::Approve));
    assert_eq!(
        act(json!({"decision": "reject", "comment": "Ask again in May."})),
        Ok(Act::Reject)
    );
    let errors = act(json!({"decision": "reject"})).unwrap_err();
    assert_eq!(
        errors.first().map(|e| (e.pointer.as_str(), e.code.as_ref())),
        Some(("/comment", "required"))
    );
    assert!(act(json!({"decision": "expire"})).is_err());
}

fn statuses() -> impl Strategy<Value = ApprovalStatus> {
    prop::sample::select(
        ApprovalStatus::NAMES
            .iter()
            .map(|(_, status)| *status)
            .collect::<Vec<_>>(),
    )
}

fn acts() -> impl Strategy<Value = Act> {
    prop::sample::select(vec![Act::Approve, Act::Reject, Act::Withdraw, Act::Expire])
}

fn people() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["key_a", "key_b", "admin", POLICY])
}

proptest! {
    /// Nobody decides on what they asked for, whatever their rights; and nothing is decided twice.
    #[test]
    fn four_eyes_and_one_decision(
        asked_by in people(),
        acting in prop::collection::vec((acts(), people(), any::<bool>(), any::<bool>(), 0u32..20), 0..12),
    ) {
        let expires_at = at("10T09:00:00");
        let mut status = Pending;
        for (act, who, may_ask, may_decide, hour) in acting {
            let now = at(&format!("10T{hour:02}:00:00"));
            let asked = Asked { status, asked_by, expires_at };
            let before = status;
            if let Ok(next) = decide(&asked, act, &actor(who, may_ask, may_decide), now) {
                prop_assert_eq!(before, Pending);
                prop_assert!(next.is_final());
                prop_assert!(now < expires_at);
                if matches!(next, Approved | Rejected) {
                    prop_assert!(may_decide && who != asked_by && who != POLICY);
                } else {
                    prop_assert_eq!(next, Withdrawn);
                    prop_assert!(may_ask && (who == asked_by || asked_by == POLICY));
                }
                status = next;
            }
        }
    }

    /// There is no way out of an end.
    #[test]
    fn an_end_is_an_end(status in statuses(), act in acts()) {
        prop_assert_eq!(status.after(act).is_some(), status == Pending);
        if let Some(next) = status.after(act) {
            prop_assert!(next.is_final() && next != status);
        }
    }

    /// What needs a second person at one amount needs one at every larger amount.
    #[test]
    fn more_never_needs_less(limit in 0i64..10_000, amount in 0i64..20_000, more in 0i64..20_000) {
        let eur = |minor| Money::new(minor, Currency::parse("EUR").unwrap());
        let rules = Rules { write_off_above: [eur(limit)].into_iter().collect(), ..Rules::default() };
        for (_, kind) in ApprovalKind::NAMES {
            if rules.needed(*kind, Some(eur(amount))) {
                prop_assert!(rules.needed(*kind, Some(eur(amount + more))));
            }
        }
    }
}
