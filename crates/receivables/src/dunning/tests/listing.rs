//! Whom a message speaks about, and what it takes.

use super::*;

#[test]
fn the_oldest_carries_and_all_are_listed() {
    let cases = [
        (
            "the oldest",
            vec![item('B', "2026-01-20", 9_000), item('A', "2026-01-19", 100)],
            'A',
            "AB",
        ),
        (
            "of one day the largest",
            vec![item('A', "2026-01-20", 100), item('B', "2026-01-20", 9_000)],
            'B',
            "BA",
        ),
        (
            "else the lowest id",
            vec![item('B', "2026-01-20", 9_000), item('A', "2026-01-20", 9_000)],
            'A',
            "AB",
        ),
    ];
    for (name, items, carrying, listed) in cases {
        let due = planned(&facts(items), "2026-01-21 08:00").due.unwrap();
        assert_eq!(
            (due.carrying, due.cycle, letters(&due.overdue)),
            (id(carrying), id(carrying).to_string(), listed.to_owned()),
            "{name}"
        );
    }
}

/// `A.reminder A.firm`
fn covers(due: &DueStep) -> String {
    let pairs = due
        .covers
        .iter()
        .map(|cover| format!("{}.{}", letters(std::slice::from_ref(&cover.invoice)), cover.step));
    pairs.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_message_takes_its_step_and_those_passed_over_for_all_it_lists() {
    let cases = [
        (
            "one",
            vec![item('A', "2026-01-20", 5_000)],
            "2026-01-21 08:00",
            "A.reminder",
            "",
        ),
        (
            "missed",
            vec![item('A', "2026-01-20", 5_000)],
            "2026-02-10 08:00",
            "A.reminder A.firm",
            "reminder",
        ),
        (
            "the younger one took nothing yet",
            vec![
                took(item('A', "2026-01-20", 5_000), &["reminder"]),
                item('B', "2026-01-30", 5_000),
            ],
            "2026-02-03 08:00",
            "A.firm B.reminder B.firm",
            "",
        ),
        (
            "the older one was told everything, and is listed again",
            vec![
                took(item('A', "2026-01-02", 5_000), &["reminder", "firm"]),
                item('B', "2026-01-30", 5_000),
            ],
            "2026-02-03 08:00",
            "A.reminder B.reminder",
            "",
        ),
        (
            "one that is to fall due is listed and has its word",
            vec![
                item('A', "2026-01-20", 5_000),
                item('B', "2026-01-23", 5_000),
                item('C', "2026-02-23", 5_000),
            ],
            "2026-01-21 08:00",
            "A.reminder B.pre_due",
            "",
        ),
    ];
    for (name, items, now, expected, skipped) in cases {
        let due = planned(&facts(items), now).due.unwrap();
        assert_eq!(
            (covers(&due).as_str(), due.skipped.join(" ").as_str()),
            (expected, skipped),
            "{name}"
        );
    }
}

#[test]
fn when_another_invoice_takes_over_nothing_is_said_twice() {
    let both = facts(vec![
        item('A', "2026-01-20", 5_000),
        item('B', "2026-01-29", 5_000),
    ]);
    let reminder = planned(&both, "2026-01-30 08:00").due.unwrap();
    assert_eq!(covers(&reminder), "A.reminder B.reminder");
    let mut later = both.after(&reminder, at("2026-01-30 08:00"));
    later.items.remove(0);
    // B is a day overdue and was reminded along with A: the next it hears is firm, at its own fourteen days.
    assert_eq!(
        next(&planned(&later, "2026-01-30 09:00")),
        "2026-02-12 08:00 firm B"
    );

    let firm = planned(&both, "2026-02-03 08:00").due.unwrap();
    assert_eq!(covers(&firm), "A.reminder A.firm B.reminder B.firm");
    let mut later = both.after(&firm, at("2026-02-03 08:00"));
    later.items.remove(0);
    assert_eq!(
        next(&planned(&later, "2026-02-03 09:00")),
        "-",
        "B was listed in the policy's last word"
    );
}

#[test]
fn invoices_about_to_fall_due_share_one_message_unless_the_customer_is_dunned() {
    let (b, c) = (item('B', "2026-01-23", 5_000), item('C', "2026-01-22", 5_000));
    let cases = [
        (
            "both at once, the earliest first",
            vec![b.clone(), c.clone()],
            "pre_due |CB",
        ),
        (
            "not what is still far away",
            vec![b.clone(), item('D', "2026-02-23", 5_000)],
            "pre_due |B",
        ),
        (
            "with the case step that is due",
            vec![item('A', "2026-01-20", 5_000), b.clone()],
            "reminder A|B",
        ),
        (
            "not between case steps",
            vec![took(item('A', "2026-01-20", 5_000), &["reminder"]), b.clone()],
            "-",
        ),
        (
            "nor after the last one, while the older is owed",
            vec![took(item('A', "2026-01-02", 5_000), &["firm"]), b.clone()],
            "-",
        ),
        (
            "when too little is overdue",
            vec![item('A', "2026-01-20", 900), b.clone()],
            "pre_due |B",
        ),
        (
            "when what is overdue is disputed",
            vec![disputed(item('A', "2026-01-20", 5_000)), b.clone()],
            "pre_due |B",
        ),
        ("not what is disputed itself", vec![disputed(b), c], "pre_due |C"),
    ];
    for (name, items, expected) in cases {
        let plan = planned(&facts(items), "2026-01-21 08:00");
        assert_eq!(due(&plan), expected, "{name}");
        if let Some(due) = plan.due.filter(|due| due.step == "pre_due") {
            assert_eq!(due.carrying, due.upcoming[0], "{name}");
        }
    }
}
