//! What an attempt to deliver an event means: delivered, again later and when, or never.
//!
//! Source: Standard Webhooks, "Retry schedule and backoff" for the waits and "Response code" for what counts; that it
//! ends after three days, and that the last attempt is made then, is Dunlin's own.

use chrono::{DateTime, TimeDelta, Utc};

/// Seconds to wait after the first, second, ... failed attempt; after that the last of them again and again.
const DELAYS_S: [i64; 7] = [5, 300, 1_800, 7_200, 18_000, 36_000, 36_000];

/// How long an event is tried.
pub const TRIED_FOR: TimeDelta = TimeDelta::days(3);

/// The longest that an endpoint may ask to be left alone: one that asks for a year is asked again tomorrow.
const LONGEST_REST: TimeDelta = TimeDelta::days(1);

/// What an HTTP status says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It was taken.
    Taken,
    /// It was not, now; nor are redirects, which are not followed.
    NotNow,
    /// The endpoint wants nothing any more.
    Gone,
}

/// Reads a status: 2xx is taken, 410 is gone, all else is not now.
pub fn heard(status: u16) -> Heard {
    match status {
        200..=299 => Heard::Taken,
        410 => Heard::Gone,
        _ => Heard::NotNow,
    }
}

/// When an event is tried again after `attempts` attempts have failed (counted from one), the first of them at
/// `first_at`; `None`: it has been tried for three days. `asked`: until when the endpoint wants to be left alone.
/// `jitter`, 0 to 1000, adds up to a tenth of the wait, so that what failed together is not tried again together.
pub fn again(
    attempts: u32,
    first_at: DateTime<Utc>,
    now: DateTime<Utc>,
    asked: Option<DateTime<Utc>>,
    jitter: u16,
) -> Option<DateTime<Utc>> {
    let last = first_at.checked_add_signed(TRIED_FOR)?;
    if now >= last {
        return None;
    }
    let at = usize::try_from(attempts.saturating_sub(1)).ok()?;
    let delay_s = DELAYS_S.get(at).or(DELAYS_S.last())?;
    let delay_ms = delay_s.saturating_mul(1_000);
    let extra_ms = delay_ms
        .saturating_mul(i64::from(jitter.min(1_000)))
        .checked_div(10_000)?;
    let next = now.checked_add_signed(TimeDelta::milliseconds(delay_ms.saturating_add(extra_ms)))?;
    Some(match rest(now, asked) {
        // What the endpoint asks for counts, even where it asks for more than is left of the three days.
        Some(asked) => next.min(last).max(asked),
        None => next.min(last),
    })
}

/// Until when an endpoint is left alone that asks for it: not in the past, and for a day at most.
pub fn rest(now: DateTime<Utc>, asked: Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
    let longest = now.checked_add_signed(LONGEST_REST)?;
    asked.filter(|asked| *asked > now).map(|asked| asked.min(longest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_waits_are_those_of_the_specification_until_three_days_are_over() {
        // 5 s, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h and so on; 67 h 35 min 5 s after the first there are less than 10 h left.
        let first = at("2026-01-12T09:00:00Z");
        let (mut now, mut waits, mut attempts) = (first, Vec::new(), 1);
        while let Some(next) = again(attempts, first, now, None, 0) {
            waits.push((next - now).num_seconds());
            (now, attempts) = (next, attempts + 1);
        }
        let ten = 36_000;
        let expected = [5, 300, 1_800, 7_200, 18_000, ten, ten, ten, ten, ten, ten];
        assert_eq!(waits[..expected.len()], expected);
        assert_eq!(now, first + TRIED_FOR);
        assert_eq!(waits.len(), expected.len() + 1);
    }

    #[test]
    fn an_endpoint_that_asks_for_time_is_given_a_day_at_most() {
        let now = at("2026-01-12T09:00:00Z");
        let asked = |until: &str| again(1, now, now, Some(at(until)), 0).unwrap();
        assert_eq!(asked("2026-01-12T10:00:00Z"), at("2026-01-12T10:00:00Z"));
        assert_eq!(asked("2026-01-12T09:00:01Z"), at("2026-01-12T09:00:05Z"));
        assert_eq!(asked("2026-01-11T09:00:00Z"), at("2026-01-12T09:00:05Z"));
        assert_eq!(asked("2027-01-01T00:00:00Z"), at("2026-01-13T09:00:00Z"));
    }

    #[test]
    fn statuses() {
        let cases: [(u16, Heard); 9] = [
            (200, Heard::Taken),
            (204, Heard::Taken),
            (301, Heard::NotNow),
            (308, Heard::NotNow),
            (400, Heard::NotNow),
            (410, Heard::Gone),
            (429, Heard::NotNow),
            (503, Heard::NotNow),
            (100, Heard::NotNow),
        ];
        for (status, expected) in cases {
            assert_eq!(heard(status), expected, "{status}");
        }
    }

    proptest! {
        #[test]
        fn the_next_attempt_is_later_and_there_is_an_end(attempts in 1u32..40, passed_s in 0i64..400_000, jitter: u16) {
            let first = at("2026-01-12T09:00:00Z");
            let now = first + TimeDelta::seconds(passed_s);
            match again(attempts, first, now, None, jitter) {
                None => prop_assert!(now >= first + TRIED_FOR),
                Some(next) => prop_assert!(next > now && next <= first + TRIED_FOR),
            }
        }
    }
}
