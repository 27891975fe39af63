//! When a delivery that failed is tried again.
//!
//! Source: Dunlin's own rule.

use chrono::{DateTime, TimeDelta, Utc};

/// Seconds to wait after the first, second, ... failed attempt: quick at first, since most failures pass in
/// a minute, and over a day in all, since a provider's outage rarely lasts longer.
const DELAYS_S: [i64; 6] = [60, 300, 1_800, 7_200, 28_800, 86_400];

/// Attempts there are in all.
pub const MAX_ATTEMPTS: u32 = 7;

/// When to try again after `attempt` attempts have failed (counted from one); `None` where it has been
/// tried often enough. `jitter`, 0 to 1000, adds up to a fifth of the wait, so that what failed together is
/// not tried again together.
pub fn next_attempt(attempt: u32, now: DateTime<Utc>, jitter: u16) -> Option<DateTime<Utc>> {
    let at = usize::try_from(attempt.saturating_sub(1)).ok()?;
    let delay_ms = DELAYS_S.get(at)?.saturating_mul(1_000);
    let extra_ms = delay_ms
        .saturating_mul(i64::from(jitter.min(1_000)))
        .checked_div(5_000)?;
    now.checked_add_signed(TimeDelta::milliseconds(delay_ms.saturating_add(extra_ms)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wait_is_longer_until_it_is_enough() {
        let now: DateTime<Utc> = "2026-01-20T09:00:00Z".parse().unwrap();
        let cases = [
            (1, 0, Some("2026-01-20T09:01:00Z")),
            (2, 0, Some("2026-01-20T09:05:00Z")),
            (3, 0, Some("2026-01-20T09:30:00Z")),
            (4, 0, Some("2026-01-20T11:00:00Z")),
            (5, 0, Some("2026-01-20T17:00:00Z")),
            (6, 0, Some("2026-01-21T09:00:00Z")),
            (7, 0, None),
            (u32::MAX, 0, None),
            (1, 1_000, Some("2026-01-20T09:01:12Z")),
            (1, 500, Some("2026-01-20T09:01:06Z")),
            (1, u16::MAX, Some("2026-01-20T09:01:12Z")),
        ];
        for (attempt, jitter, expected) in cases {
            let expected: Option<DateTime<Utc>> = expected.map(|at| at.parse().unwrap());
            assert_eq!(
                next_attempt(attempt, now, jitter),
                expected,
                "attempt {attempt}, jitter {jitter}"
            );
        }
        assert_eq!(next_attempt(MAX_ATTEMPTS, now, 0), None);
        assert!(next_attempt(MAX_ATTEMPTS - 1, now, 0).is_some());
    }
}
