//! The rules of dunning as tables. Unless a case says otherwise: the standard policy (pre_due -5, reminder
//! +1, firm +14, at nine, Monday to Friday, three days between messages, at least 10 EUR), a customer in
//! Berlin in winter (nine is 08:00 UTC). In 2026 the 20th of January is a Tuesday.

use chrono::NaiveDate;

use super::*;
use crate::country::Country;
use crate::currency::Currency;
use crate::id::CustomerId;
use crate::money::Money;
use crate::zone::Zone;

mod deeds;
mod evidence;
mod listing;

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// `2026-01-20 08:00` in UTC.
pub(super) fn at(text: &str) -> DateTime<Utc> {
    format!("{}:00Z", text.replace(' ', "T")).parse().unwrap()
}

/// The id of the invoice called by one letter: ids sort as letters do.
pub(super) fn id(letter: char) -> InvoiceId {
    InvoiceId::from_parts(u64::from(u32::from(letter)), [0; 10])
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap())
}

pub(super) fn item(letter: char, due_on: &str, minor: i64) -> OpenItem {
    OpenItem {
        invoice: id(letter),
        number: letter.to_string(),
        due_on: day(due_on),
        balance: eur(minor),
        part: 0,
        disputed: eur(0),
        promised_until: None,
        planned: false,
        hold: None,
        resumed_on: None,
        taken: Vec::new(),
    }
}

fn took(mut item: OpenItem, steps: &[&str]) -> OpenItem {
    let policy = Policy::standard();
    let taken = |step: &&str| Taken {
        step: (*step).to_owned(),
        day: policy.step(step).unwrap().day,
        carried: true,
        listed: true,
        sent: true,
        at: at("2026-01-01 08:00"),
    };
    item.taken = steps.iter().map(taken).collect();
    item
}

fn disputed(mut item: OpenItem) -> OpenItem {
    item.disputed = item.balance;
    item
}

fn promised(mut item: OpenItem, until: &str) -> OpenItem {
    item.promised_until = Some(day(until));
    item
}

pub(super) fn facts(items: Vec<OpenItem>) -> CaseFacts {
    CaseFacts {
        customer: CustomerId::from_parts(0, [0; 10]),
        currency: Currency::parse("EUR").unwrap(),
        time_zone: Zone::parse("Europe/Berlin").unwrap(),
        rest: RestDays::of(Country::parse("DE").unwrap(), None),
        hold: None,
        suspended: false,
        handed_over: false,
        last_contact_at: None,
        on_account: Money::zero(Currency::parse("EUR").unwrap()),
        items,
        charges: Vec::new(),
        done: Vec::new(),
    }
}

fn on_hold(until: Option<&str>) -> Option<Hold> {
    Some(Hold {
        reason: "lawyers talk".to_owned(),
        until: until.map(day),
    })
}

fn contacted(mut facts: CaseFacts, when: &str) -> CaseFacts {
    facts.last_contact_at = Some(at(when));
    facts
}

/// Invoices by their letters.
fn letters(ids: &[InvoiceId]) -> String {
    let letter = |found: &InvoiceId| ('A'..='Z').find(|letter| id(*letter) == *found).unwrap();
    ids.iter().map(letter).collect()
}

/// `reminder AB|C`: the step, the overdue and the upcoming invoices; `-` where nothing is due.
fn due(plan: &Plan) -> String {
    plan.due.as_ref().map_or("-".to_owned(), |due| {
        format!(
            "{} {}|{}",
            due.step,
            letters(&due.overdue),
            letters(&due.upcoming)
        )
    })
}

/// `2026-01-21 08:00 reminder AB`: when in UTC, the step and the invoices; `-` where nothing is to come.
fn next(plan: &Plan) -> String {
    plan.next.as_ref().map_or("-".to_owned(), |next| {
        format!(
            "{} {} {}",
            next.at.format("%Y-%m-%d %H:%M"),
            next.step,
            letters(&next.invoices)
        )
    })
}

fn planned(facts: &CaseFacts, now: &str) -> Plan {
    plan(&Policy::standard(), facts, at(now))
}

#[test]
fn one_invoice_is_spoken_about_when_its_steps_come() {
    let fresh = || item('A', "2026-01-20", 125_000);
    let told = || took(fresh(), &["pre_due"]);
    let reminded = || took(fresh(), &["pre_due", "reminder"]);
    let cases = [
        (
            "long before",
            fresh(),
            "2026-01-05 12:00",
            "-",
            "2026-01-15 08:00 pre_due A",
        ),
        (
            "a minute before",
            fresh(),
            "2026-01-15 07:59",
            "-",
            "2026-01-15 08:00 pre_due A",
        ),
        (
            "at the moment",
            fresh(),
            "2026-01-15 08:00",
            "pre_due |A",
            "2026-01-15 08:00 pre_due A",
        ),
        (
            "later that day",
            fresh(),
            "2026-01-15 15:30",
            "pre_due |A",
            "2026-01-15 15:30 pre_due A",
        ),
        (
            "in the night after",
            fresh(),
            "2026-01-15 23:30",
            "pre_due |A",
            "2026-01-15 23:30 pre_due A",
        ),
        (
            "on the due date itself",
            fresh(),
            "2026-01-20 08:00",
            "pre_due |A",
            "2026-01-20 08:00 pre_due A",
        ),
        (
            "never after it",
            fresh(),
            "2026-01-21 07:00",
            "-",
            "2026-01-21 08:00 reminder A",
        ),
        (
            "once told",
            told(),
            "2026-01-16 12:00",
            "-",
            "2026-01-21 08:00 reminder A",
        ),
        (
            "a day overdue",
            told(),
            "2026-01-21 08:00",
            "reminder A|",
            "2026-01-21 08:00 reminder A",
        ),
        (
            "once reminded",
            reminded(),
            "2026-01-21 09:00",
            "-",
            "2026-02-03 08:00 firm A",
        ),
        (
            "two weeks overdue",
            reminded(),
            "2026-02-03 08:00",
            "firm A|",
            "2026-02-03 08:00 firm A",
        ),
        (
            "nothing ran for weeks",
            fresh(),
            "2026-02-10 12:00",
            "firm A|",
            "2026-02-10 12:00 firm A",
        ),
        (
            "all is said",
            took(fresh(), &["firm"]),
            "2026-02-10 12:00",
            "-",
            "-",
        ),
        (
            "all is said, whatever was skipped",
            took(fresh(), &["firm"]),
            "2026-01-05 12:00",
            "-",
            "2026-01-15 08:00 pre_due A",
        ),
    ];
    for (name, item, now, expected_due, expected_next) in cases {
        let plan = planned(&facts(vec![item]), now);
        assert_eq!(
            (due(&plan), next(&plan)),
            (expected_due.to_owned(), expected_next.to_owned()),
            "{name}"
        );
    }
}

#[test]
fn a_step_on_a_weekend_waits_for_monday() {
    let cases = [
        // Saturday the 24th is a day after Friday the 23rd.
        (
            "2026-01-23",
            "2026-01-23 12:00",
            "-",
            "2026-01-26 08:00 reminder A",
        ),
        (
            "2026-01-23",
            "2026-01-24 12:00",
            "-",
            "2026-01-26 08:00 reminder A",
        ),
        (
            "2026-01-23",
            "2026-01-26 08:00",
            "reminder A|",
            "2026-01-26 08:00 reminder A",
        ),
        // What was missed on Friday is not caught up on Saturday either.
        (
            "2026-01-22",
            "2026-01-24 12:00",
            "-",
            "2026-01-26 08:00 reminder A",
        ),
        // Five days before Thursday the 29th is Saturday the 24th.
        (
            "2026-01-29",
            "2026-01-24 12:00",
            "-",
            "2026-01-26 08:00 pre_due A",
        ),
    ];
    for (due_on, now, expected_due, expected_next) in cases {
        let told = took(
            item('A', due_on, 5_000),
            if due_on < "2026-01-29" { &["pre_due"] } else { &[] },
        );
        let plan = planned(&facts(vec![told]), now);
        assert_eq!(
            (due(&plan), next(&plan)),
            (expected_due.to_owned(), expected_next.to_owned()),
            "{due_on} {now}"
        );
    }
    let every_day = Policy {
        business_days_only: false,
        ..Policy::standard()
    };
    let told = facts(vec![took(item('A', "2026-01-23", 5_000), &["pre_due"])]);
    assert_eq!(
        next(&plan(&every_day, &told, at("2026-01-23 12:00"))),
        "2026-01-24 08:00 reminder A"
    );
}

#[test]
fn days_pass_where_the_customer_is() {
    let cases = [
        (Zone::parse("UTC").unwrap(), "2026-01-21 09:00"),
        (Zone::parse("Europe/Berlin").unwrap(), "2026-01-21 08:00"),
        (Zone::parse("America/New_York").unwrap(), "2026-01-21 14:00"),
        (Zone::parse("Pacific/Kiritimati").unwrap(), "2026-01-20 19:00"),
        (Zone::parse("Asia/Kolkata").unwrap(), "2026-01-21 03:30"),
    ];
    for (time_zone, moment) in cases {
        let facts = CaseFacts {
            time_zone,
            ..facts(vec![took(item('A', "2026-01-20", 5_000), &["pre_due"])])
        };
        let expected = format!("{moment} reminder A");
        assert_eq!(
            next(&plan(&Policy::standard(), &facts, at("2026-01-16 00:00"))),
            expected,
            "{time_zone}"
        );
        assert_eq!(
            due(&plan(&Policy::standard(), &facts, at(moment))),
            "reminder A|",
            "{time_zone}"
        );
        let before = at(moment) - chrono::TimeDelta::seconds(1);
        assert_eq!(
            due(&plan(&Policy::standard(), &facts, before)),
            "-",
            "{time_zone}"
        );
    }
}

#[test]
fn a_sweep_once_a_day_misses_nobody_at_whatever_hour_it_runs() {
    for hour in 0..24 {
        let mut facts = facts(vec![item('A', "2026-01-20", 5_000)]);
        let mut sent = Vec::new();
        for days in 0..40 {
            let now = at("2026-01-05 00:00") + chrono::TimeDelta::hours(days * 24 + hour);
            if let Some(due) = plan(&Policy::standard(), &facts, now).due {
                facts = facts.after(&due, now);
                sent.push(due.step);
            }
        }
        assert_eq!(sent, ["pre_due", "reminder", "firm"], "swept daily at {hour} UTC");
    }
}

#[test]
fn a_send_time_that_clocks_skip_or_repeat_is_reached_once() {
    let policy = Policy {
        send_at: chrono::NaiveTime::from_hms_opt(2, 30, 0).unwrap(),
        business_days_only: false,
        ..Policy::standard()
    };
    for (due_on, moment) in [
        ("2026-03-28", "2026-03-29 01:00"),
        ("2026-10-24", "2026-10-25 00:30"),
    ] {
        let facts = facts(vec![item('A', due_on, 5_000)]);
        let plan = plan(
            &policy,
            &CaseFacts {
                last_contact_at: Some(at(&format!("{due_on} 12:00"))),
                ..facts
            },
            at(moment),
        );
        assert_eq!(due(&plan), "-", "the pause of three days holds");
        let facts = super::tests::facts(vec![took(item('A', due_on, 5_000), &["pre_due"])]);
        let early = super::plan(&policy, &facts, at(moment) - chrono::TimeDelta::minutes(1));
        assert_eq!(
            (due(&early), next(&early)),
            ("-".to_owned(), format!("{moment} reminder A"))
        );
        assert_eq!(due(&super::plan(&policy, &facts, at(moment))), "reminder A|");
    }
}

#[test]
fn what_stands_in_the_way_of_an_invoice() {
    let overdue = || item('A', "2026-01-20", 125_000);
    let mut other_currency = overdue();
    other_currency.balance = Money::new(125_000, Currency::parse("USD").unwrap());
    let cases = [
        ("paid", vec![item('A', "2026-01-20", 0)], "-", "-"),
        ("in credit", vec![item('A', "2026-01-20", -500)], "-", "-"),
        ("disputed", vec![disputed(overdue())], "-", "-"),
        ("of another currency", vec![other_currency], "-", "-"),
        (
            "promised, through the last day",
            vec![promised(overdue(), "2026-01-22")],
            "-",
            "2026-01-23 08:00 reminder A",
        ),
        (
            "a promise that lapsed yesterday",
            vec![promised(overdue(), "2026-01-21")],
            "reminder A|",
            "2026-01-22 08:00 reminder A",
        ),
        ("too little", vec![item('A', "2026-01-20", 999)], "-", "-"),
        (
            "just enough",
            vec![item('A', "2026-01-20", 1_000)],
            "reminder A|",
            "2026-01-22 08:00 reminder A",
        ),
        (
            "enough together, once both are overdue",
            vec![
                item('A', "2026-01-20", 500),
                took(item('B', "2026-01-25", 500), &["pre_due"]),
            ],
            "-",
            "2026-01-26 08:00 reminder AB",
        ),
        (
            "the disputed one does not carry",
            vec![
                disputed(item('A', "2026-01-02", 5_000)),
                item('B', "2026-01-20", 5_000),
            ],
            "reminder B|",
            "2026-01-22 08:00 reminder B",
        ),
    ];
    for (name, items, expected_due, expected_next) in cases {
        let plan = planned(&facts(items), "2026-01-22 08:00");
        assert_eq!(
            (due(&plan), next(&plan)),
            (expected_due.to_owned(), expected_next.to_owned()),
            "{name}"
        );
    }
}

#[test]
fn a_hold_stops_everything_and_a_pause_delays_it() {
    let case = || facts(vec![took(item('A', "2026-01-20", 5_000), &["pre_due"])]);
    let held = CaseFacts {
        hold: on_hold(None),
        ..case()
    };
    let plan = planned(&held, "2026-01-21 08:00");
    assert_eq!((due(&plan), next(&plan)), ("-".to_owned(), "-".to_owned()));

    let cases = [
        // Written to on Monday the 19th: three days later is Thursday.
        (
            "2026-01-19 10:00",
            "2026-01-21 08:00",
            "-",
            "2026-01-22 08:00 reminder A",
        ),
        (
            "2026-01-19 10:00",
            "2026-01-22 08:00",
            "reminder A|",
            "2026-01-22 08:00 reminder A",
        ),
        // Late in the evening UTC is the next civil day in Berlin.
        (
            "2026-01-19 23:30",
            "2026-01-22 08:00",
            "-",
            "2026-01-23 08:00 reminder A",
        ),
        // Three days after Thursday is Sunday, so Monday.
        (
            "2026-01-22 10:00",
            "2026-01-23 08:00",
            "-",
            "2026-01-26 08:00 reminder A",
        ),
    ];
    for (last, now, expected_due, expected_next) in cases {
        let plan = planned(&contacted(case(), last), now);
        assert_eq!(
            (due(&plan), next(&plan)),
            (expected_due.to_owned(), expected_next.to_owned()),
            "{last}, {now}"
        );
    }
}

#[test]
fn credit_on_account_counts_against_what_is_overdue() {
    let overdue = || vec![took(item('A', "2026-01-20", 5_000), &["pre_due"])];
    // 50.00 EUR is overdue, and 10.00 EUR is the least worth a message.
    for (credit, dunned) in [
        (0, true),
        (4_000, true),
        (4_001, false),
        (5_000, false),
        (9_000, false),
    ] {
        let facts = CaseFacts {
            on_account: Money::new(credit, Currency::parse("EUR").unwrap()),
            ..facts(overdue())
        };
        let plan = plan(&Policy::standard(), &facts, at("2026-01-21 12:00"));
        assert_eq!(plan.due.is_some(), dunned, "{credit}");
        let rule = plan
            .verdicts
            .iter()
            .find(|verdict| verdict.rule == "min_balance")
            .unwrap();
        assert_eq!(rule.passed, dunned, "{credit}");
    }
}
