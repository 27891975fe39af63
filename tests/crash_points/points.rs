//! The point that every host call passes, where calls are counted and one of them is struck.

use std::sync::{Arc, Mutex};

use dunlin_host::interpose::{Call, Failure, Interpose, Kind, Then, World};

use super::outside::Outside;

/// What happens at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum How {
    /// The instance ends before it.
    Before,
    /// The instance ends after it: it is done, and the component never learns.
    After,
    /// The call fails with this and is not made.
    Fails(Failure),
    /// The call is made, and the component is told that it failed.
    FailsDone(Failure),
}

/// A call that was seen.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) kind: Kind,
    /// Component, kind and what it was about, for people.
    pub(super) text: String,
}

#[derive(Debug, Default)]
struct State {
    watching: bool,
    seen: Vec<Seen>,
    strike: Option<(usize, How)>,
    /// The call of the strike, by component and number, while it is under way.
    under_way: Option<(String, u64)>,
    struck: bool,
}

/// Watches one app.
#[derive(Debug)]
pub(super) struct Points {
    outside: Arc<Outside>,
    state: Mutex<State>,
}

impl Points {
    pub(super) fn new(outside: Arc<Outside>) -> Self {
        Self {
            outside,
            state: Mutex::default(),
        }
    }

    /// Counts from now on, and strikes the call of that number once.
    pub(super) fn watch(&self, strike: Option<(usize, How)>) {
        *self.state.lock().expect("state") = State {
            watching: true,
            strike,
            ..State::default()
        };
    }

    /// Ends the watch and answers the calls that were seen, and whether one was struck.
    pub(super) fn done(&self) -> (Vec<Seen>, bool) {
        let mut state = self.state.lock().expect("state");
        state.watching = false;
        (std::mem::take(&mut state.seen), state.struck)
    }
}

impl Interpose for Points {
    fn before(&self, call: &Call<'_>) -> Then {
        let mut state = self.state.lock().expect("state");
        if !state.watching {
            return Then::Go;
        }
        let at = state.seen.len();
        let words: String = call
            .detail
            .split_whitespace()
            .take(6)
            .collect::<Vec<_>>()
            .join(" ");
        state.seen.push(Seen {
            kind: call.kind,
            text: format!("{} {:?} {words}", call.component, call.kind),
        });
        let Some((_, how)) = state.strike.filter(|(k, _)| *k == at) else {
            return Then::Go;
        };
        match how {
            How::Before | How::Fails(_) => state.struck = true,
            How::After | How::FailsDone(_) => state.under_way = Some((call.component.to_owned(), call.n)),
        }
        match how {
            How::Before => Then::Trap,
            How::Fails(failure) => Then::Fail(failure),
            How::After | How::FailsDone(_) => Then::Go,
        }
    }

    fn after(&self, call: &Call<'_>) -> Then {
        let mut state = self.state.lock().expect("state");
        let is_it = |(component, n): &(String, u64)| component == call.component && *n == call.n;
        if !state.under_way.as_ref().is_some_and(is_it) {
            return Then::Go;
        }
        state.under_way = None;
        state.struck = true;
        match state.strike {
            Some((_, How::After)) => Then::Trap,
            Some((_, How::FailsDone(failure))) => Then::Fail(failure),
            _ => Then::Go,
        }
    }

    fn world(&self) -> Option<Arc<dyn World>> {
        Some(Arc::clone(&self.outside) as Arc<dyn World>)
    }
}
