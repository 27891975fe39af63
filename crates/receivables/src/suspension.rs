//! Suspension: when a customer is served no longer, and when again.
//!
//! Shape: a customer is active, told that it will be suspended, suspended, and reinstated. Dunlin says so, as events;
//! what is switched off is the business of the systems that listen. **A warning precedes every suspension:** the message
//! that announces it has left, at least its notice period ago. What ends it is money: nothing overdue is left. Dunlin's
//! own rule for everyone; laws that allow a service to be withheld ask for such a warning too (in Germany § 61 TKG for
//! telecommunications, § 19 StromGVV for electricity), and how long before is for the policy to say.
//!
//! Source: Dunlin's own rule, for everyone; the laws named above.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::calendar;
use crate::names::names;

/// How a customer is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Served.
    Active,
    /// Served still, and told that it will not be.
    Noticed,
    /// Served no longer.
    Suspended,
    /// Served again.
    Reinstated,
}

use Standing::{Active, Noticed, Reinstated, Suspended};

/// What happens to a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// The message that announces the suspension has left.
    Announced,
    /// The notice period is over, and the suspension is carried out.
    Suspend,
    /// Nothing overdue is left, or a person decides so.
    Reinstate,
}

/// What each event makes of each standing. What is not here changes nothing.
const BECOMES: [(Standing, Event, Standing); 5] = [
    (Active, Event::Announced, Noticed),
    (Reinstated, Event::Announced, Noticed),
    (Noticed, Event::Suspend, Suspended),
    // Paid within the notice period: the announcement has served its purpose and counts no longer.
    (Noticed, Event::Reinstate, Active),
    (Suspended, Event::Reinstate, Reinstated),
];

names! {
    Standing {
        "active" => Active,
        "noticed" => Noticed,
        "suspended" => Suspended,
        "reinstated" => Reinstated,
    }
}

impl Standing {
    /// What it becomes by an event; `None` where that changes nothing.
    pub fn after(self, event: Event) -> Option<Standing> {
        BECOMES
            .iter()
            .find(|(from, by, _)| *from == self && *by == event)
            .map(|(_, _, next)| *next)
    }
}

/// Why a customer may not be suspended now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotYet {
    /// No message that announces it has left.
    #[error("no message has told the customer that it will be suspended")]
    NotAnnounced,
    /// The notice period is not over; it is on that day.
    #[error("the notice period ends on {0}")]
    Notice(NaiveDate),
}

/// Whether a customer may be suspended `today`: the message that announces it left on the day `announced` (one that is
/// queued announces nothing), and `notice_days` have passed since. Days are civil days where the customer is; that of
/// the announcement is not counted, as in § 187(1) BGB and article 3(1) of Regulation (EEC, Euratom) No 1182/71.
pub fn may_suspend(announced: Option<NaiveDate>, notice_days: u32, today: NaiveDate) -> Result<(), NotYet> {
    let announced = announced.filter(|on| *on <= today).ok_or(NotYet::NotAnnounced)?;
    let ends = calendar::plus_days(announced, i64::from(notice_days));
    if today >= ends {
        Ok(())
    } else {
        Err(NotYet::Notice(ends))
    }
}

/// Whether a suspended customer is reinstated without anybody's doing: nothing overdue is left `today`, in any currency.
/// `oldest_due` is the earliest due date of what is open. What is disputed or promised is open still, and keeps a
/// suspension: it was for a debt, and the debt is there.
pub fn reinstates(oldest_due: Option<NaiveDate>, today: NaiveDate) -> bool {
    oldest_due.is_none_or(|due| today <= due)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn every_standing_has_a_name() {
        for (name, standing) in Standing::NAMES {
            assert_eq!(standing.as_str(), *name);
            assert_eq!(serde_json::to_value(standing).unwrap(), *name);
        }
    }

    #[test]
    fn what_becomes_of_a_customer() {
        use Event::{Announced, Reinstate, Suspend};
        // What happens, and where it leads from the start.
        let cases: [(&[Event], Standing); 8] = [
            (&[], Active),
            (&[Suspend], Active),
            (&[Announced], Noticed),
            (&[Announced, Suspend], Suspended),
            (&[Announced, Reinstate], Active),
            (&[Announced, Reinstate, Suspend], Active),
            (&[Announced, Suspend, Reinstate, Suspend], Reinstated),
            (&[Announced, Suspend, Reinstate, Announced, Suspend], Suspended),
        ];
        for (events, expected) in cases {
            let end = events.iter().fold(Active, |standing, event| {
                standing.after(*event).unwrap_or(standing)
            });
            assert_eq!(end, expected, "{events:?}");
        }
    }

    #[test]
    fn a_notice_period_is_whole() {
        let announced = Some(day("2026-03-02"));
        let ends = |text| Err(NotYet::Notice(day(text)));
        let cases = [
            (None, 0, "2026-03-09", Err(NotYet::NotAnnounced)),
            (announced, 7, "2026-03-01", Err(NotYet::NotAnnounced)),
            (announced, 7, "2026-03-02", ends("2026-03-09")),
            (announced, 7, "2026-03-08", ends("2026-03-09")),
            (announced, 7, "2026-03-09", Ok(())),
            (announced, 0, "2026-03-02", Ok(())),
        ];
        for (announced, days, today, expected) in cases {
            assert_eq!(
                may_suspend(announced, days, day(today)),
                expected,
                "{announced:?} {days} {today}"
            );
        }
        let never = may_suspend(announced, u32::MAX, NaiveDate::MAX.pred_opt().unwrap());
        assert_eq!(never, Err(NotYet::Notice(NaiveDate::MAX)));
    }

    #[test]
    fn what_is_not_overdue_reinstates() {
        assert!(reinstates(None, day("2026-03-09")));
        // The due date is the last day on which payment is in time.
        assert!(reinstates(Some(day("2026-03-09")), day("2026-03-09")));
        assert!(!reinstates(Some(day("2026-03-08")), day("2026-03-09")));
    }

    proptest! {
        /// Whatever happens in whatever order, a suspension has an announcement before it that nothing took back.
        #[test]
        fn a_warning_precedes_every_suspension(events in prop::collection::vec(0u8..3, 0..30)) {
            let (mut standing, mut announced) = (Active, false);
            for number in events {
                let event = [Event::Announced, Event::Suspend, Event::Reinstate][usize::from(number)];
                let Some(next) = standing.after(event) else { continue };
                match event {
                    Event::Announced => announced = true,
                    Event::Suspend => prop_assert!(announced && next == Suspended),
                    Event::Reinstate => announced = false,
                }
                standing = next;
            }
        }

        /// What may be done on one day may be done on every later one, and on none before the notice period is over.
        #[test]
        fn notice_only_runs_out(after in 0i64..60, days in 0u32..30, later in 0i64..400) {
            let announced = day("2026-03-02");
            let on = |days| calendar::plus_days(announced, days);
            let may = |today| may_suspend(Some(announced), days, today).is_ok();
            prop_assert_eq!(may(on(after)), after >= i64::from(days));
            prop_assert!(!may(on(after)) || may(on(after + later)));
        }
    }
}
