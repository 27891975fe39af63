//! What one carrier is given in a run, and how fast.
//!
//! **Bounded.** No more calls at a time and messages a call than its row says, no more messages on their way than it
//! takes in a second, and calls that start as far apart as its rate asks.

use carriers::{Letter, Ready};
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use std::collections::VecDeque;
use std::time::Duration;
use store::Db;
use store::delivery::{self, Carrier};
use web::{Cx, Problem};

/// A carrier's part of a run.
pub(super) struct Lane {
    carrier: Carrier,
    per_call: usize,
    calls: usize,
    a_second: u32,
    /// Claimed and not yet on their way.
    backlog: VecDeque<Letter>,
    in_flight: usize,
    /// Calls at a time for now: one until the first has been answered.
    width: usize,
    /// How far into the run the next call may start.
    gate: Duration,
    paused_until: Option<DateTime<Utc>>,
    quota: Option<Quota>,
}

/// What a carrier may still be given of a day.
#[derive(Debug, Clone, Copy)]
struct Quota {
    left: usize,
    /// When the next day begins.
    until: DateTime<Utc>,
}

/// The carriers at the beginning of a run.
pub(super) async fn all(cx: &Cx, db: &Db, carriers: &[Ready]) -> Result<Vec<Lane>, Problem> {
    let mut lanes = Vec::with_capacity(carriers.len());
    let now = cx.moment().now;
    let day = now.duration_trunc(TimeDelta::days(1)).unwrap_or(now);
    let until = day.checked_add_signed(TimeDelta::days(1)).unwrap_or(now);
    for ready in carriers {
        let carrier = ready.row.carrier;
        let paused_until = delivery::paused(db, carrier.name, cx.moment()).await?;
        let mut lane = Lane::new(ready, paused_until);
        if let Some(a_day) = ready.a_day {
            let had = delivery::sent_since(db, carrier, day).await?;
            let left = u64::from(a_day).saturating_sub(had);
            let left = usize::try_from(left).unwrap_or(usize::MAX);
            lane.give(Quota { left, until });
        }
        lanes.push(lane);
    }
    Ok(lanes)
}

impl Lane {
    /// A carrier at the beginning of a run; one that is paused takes nothing.
    fn new(ready: &Ready, paused_until: Option<DateTime<Utc>>) -> Self {
        let row = ready.row;
        let carrier = Carrier {
            ready: paused_until.is_none(),
            ..row.carrier
        };
        Self::paced(
            carrier,
            row.per_call,
            row.calls,
            ready.a_second.max(1),
            paused_until,
        )
    }

    fn paced(
        carrier: Carrier,
        per_call: usize,
        calls: usize,
        a_second: u32,
        paused_until: Option<DateTime<Utc>>,
    ) -> Self {
        let rate = usize::try_from(a_second).unwrap_or(usize::MAX);
        let per_call = per_call.min(rate).max(1);
        let in_a_second = rate.checked_div(per_call).unwrap_or(1).max(1);
        Self {
            carrier,
            per_call,
            calls: calls.min(in_a_second).max(1),
            a_second,
            backlog: VecDeque::new(),
            in_flight: 0,
            width: 1,
            gate: Duration::ZERO,
            paused_until,
            quota: None,
        }
    }

    /// Sets what it may have of the day; with nothing left it takes nothing until the next.
    fn give(&mut self, quota: Quota) {
        if quota.left == 0 {
            self.close(Some(quota.until));
        }
        self.quota = Some(quota);
    }

    /// Who it is, and whether it takes messages now.
    pub(super) fn carrier(&self) -> Carrier {
        self.carrier
    }

    /// Until when it wants to be left alone, where it does.
    pub(super) fn paused_until(&self) -> Option<DateTime<Utc>> {
        self.paused_until
    }

    /// Whether messages wait here for a call.
    pub(super) fn has_backlog(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// How many messages may be claimed for it. Claims are transactions: they wait until half of the calls are free,
    /// and then fill them.
    pub(super) fn room(&self) -> usize {
        let width = self.calls.min(self.width);
        let free = width.saturating_sub(self.in_flight);
        let enough = self.in_flight == 0 || free >= width.div_ceil(2);
        match self.carrier.ready && enough {
            true => free.saturating_mul(self.per_call),
            false => 0,
        }
    }

    /// A message for it.
    pub(super) fn push(&mut self, letter: Letter) {
        self.backlog.push_back(letter);
    }

    /// The next call, `elapsed` into the run: how many milliseconds it waits for its turn, and what it carries.
    pub(super) fn next_call(&mut self, elapsed: Duration) -> Option<(u64, Vec<Letter>)> {
        if self.in_flight >= self.calls.min(self.width) || self.backlog.is_empty() {
            return None;
        }
        let left = self.quota.map_or(usize::MAX, |quota| quota.left);
        let count = self.backlog.len().min(self.per_call).min(left);
        if count == 0 {
            return None;
        }
        let batch: Vec<Letter> = self.backlog.drain(..count).collect();
        if let Some(quota) = self.quota {
            let left = left.saturating_sub(count);
            self.give(Quota { left, ..quota });
        }
        self.in_flight = self.in_flight.saturating_add(1);
        Some((self.turn(elapsed, count), batch))
    }

    /// Takes a turn for `count` messages; answers the milliseconds until it comes.
    fn turn(&mut self, elapsed: Duration, count: usize) -> u64 {
        let start = self.gate.max(elapsed);
        let count = u64::try_from(count).unwrap_or(u64::MAX);
        let takes_us = count
            .saturating_mul(1_000_000)
            .checked_div(u64::from(self.a_second))
            .unwrap_or(0);
        self.gate = start.saturating_add(Duration::from_micros(takes_us));
        u64::try_from(start.saturating_sub(elapsed).as_millis()).unwrap_or(u64::MAX)
    }

    /// A call was answered: from now on as many go as may.
    pub(super) fn answered(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.width = self.calls;
    }

    /// It takes nothing more in this run.
    pub(super) fn close(&mut self, paused_until: Option<DateTime<Utc>>) {
        self.carrier.ready = false;
        self.paused_until = self.paused_until.max(paused_until);
    }

    /// What waits here, where it will not be taken any more.
    pub(super) fn given_back(&mut self) -> Vec<Letter> {
        match self.carrier.ready {
            true => Vec::new(),
            false => self.backlog.drain(..).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use receivables::channel::Channel;
    use store::delivery::Memory;

    fn lane(per_call: usize, calls: usize, a_second: u32) -> Lane {
        let carrier = Carrier {
            name: "x",
            channel: Channel::Email,
            remembers: Memory::Nothing,
            ready: true,
        };
        Lane::paced(carrier, per_call, calls, a_second, None)
    }

    #[test]
    fn turns_come_as_far_apart_as_the_rate_asks() {
        // Ten a second, one a call: a tenth of a second between them, whenever they are asked for.
        let mut lane = lane(1, 16, 10);
        let at = Duration::from_millis;
        let waits: Vec<u64> = [0, 0, 0, 250, 250]
            .map(|elapsed| lane.turn(at(elapsed), 1))
            .to_vec();
        assert_eq!(waits, [0, 100, 200, 50, 150]);
        // Nothing is saved up while nothing is sent.
        assert_eq!(lane.turn(at(5_000), 1), 0);
        assert_eq!(lane.turn(at(5_000), 1), 100);
    }

    #[test]
    fn what_is_on_its_way_is_at_most_what_it_takes_in_a_second() {
        for (per_call, calls, a_second, expected) in [
            (20, 4, 500, (20, 4)),
            (1, 16, 500, (1, 16)),
            (1, 16, 2, (1, 2)),
            (20, 4, 2, (2, 1)),
            (20, 4, 30, (20, 1)),
            (1, 1, 1, (1, 1)),
        ] {
            let lane = lane(per_call, calls, a_second);
            assert_eq!(
                (lane.per_call, lane.calls),
                expected,
                "{per_call} {calls} {a_second}"
            );
        }
    }

    #[test]
    fn who_has_had_enough_of_a_day_takes_nothing_until_the_next() {
        let until = DateTime::UNIX_EPOCH;
        let mut lane = lane(20, 4, 500);
        lane.give(Quota { left: 1, until });
        assert!(lane.carrier().ready);
        assert_eq!(lane.paused_until(), None);
        lane.give(Quota { left: 0, until });
        assert!(!lane.carrier().ready);
        assert_eq!((lane.room(), lane.paused_until()), (0, Some(until)));
    }

    #[test]
    fn the_first_call_goes_alone_and_later_ones_wait_for_half_of_the_room() {
        let mut lane = lane(20, 4, 500);
        assert_eq!(lane.room(), 20);
        lane.in_flight = 1;
        assert_eq!(lane.room(), 0);
        lane.answered();
        assert_eq!(lane.room(), 80);
        lane.in_flight = 3;
        assert_eq!(lane.room(), 0);
        lane.in_flight = 2;
        assert_eq!(lane.room(), 40);
        lane.close(None);
        assert_eq!(lane.room(), 0);
    }
}
