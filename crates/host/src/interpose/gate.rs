//! The point itself, one an instance.

use super::{Call, Failure, Interpose, Kind, Then, World};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What the calls of one instance pass. Clones are the same one; the default lets everything through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Option<Arc<Watched>>);

#[derive(Debug)]
struct Watched {
    component: String,
    by: Arc<dyn Interpose>,
    calls: AtomicU64,
    stopped: AtomicBool,
}

impl Gate {
    /// The gate of a new instance of `component`.
    pub(crate) fn new(component: &str, by: Option<&Arc<dyn Interpose>>) -> Self {
        Self(by.map(|by| {
            Arc::new(Watched {
                component: component.to_owned(),
                by: Arc::clone(by),
                calls: AtomicU64::new(0),
                stopped: AtomicBool::new(false),
            })
        }))
    }

    /// Whether anybody watches.
    pub(crate) fn is_watched(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the instance was stopped here; it ends as soon as it waits.
    pub(crate) fn is_stopped(&self) -> bool {
        let watched = self.0.as_ref();
        watched.is_some_and(|watched| watched.stopped.load(Ordering::Relaxed))
    }

    /// Who answers outbound HTTP.
    pub(crate) fn world(&self) -> Option<Arc<dyn World>> {
        self.0.as_ref()?.by.world()
    }

    /// A call that comes to the gate.
    pub(crate) fn call(&self, kind: Kind, detail: &str) -> Passing {
        Passing(self.0.as_ref().map(|watched| Passage {
            n: watched.calls.fetch_add(1, Ordering::Relaxed),
            watched: Arc::clone(watched),
            kind,
            detail: detail.to_owned(),
        }))
    }
}

/// A call on its way through.
pub(crate) struct Passing(Option<Passage>);

struct Passage {
    watched: Arc<Watched>,
    n: u64,
    kind: Kind,
    detail: String,
}

impl Passing {
    /// Lets the call begin, or not.
    pub(crate) async fn before(&self) -> Result<(), Failure> {
        match &self.0 {
            None => Ok(()),
            Some(it) => it.watched.obey(it.watched.by.before(&it.call())).await,
        }
    }

    /// Lets the component know of the call that was made, or not.
    pub(crate) async fn after(&self) -> Result<(), Failure> {
        match &self.0 {
            None => Ok(()),
            Some(it) => it.watched.obey(it.watched.by.after(&it.call())).await,
        }
    }

    /// The whole call.
    pub(crate) async fn with<T, E: From<Failure>>(
        self,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        self.before().await?;
        let answer = call.await;
        self.after().await?;
        answer
    }

    /// The whole call, where its interface knows no error.
    pub(crate) async fn with_unfailing<T>(self, call: impl Future<Output = T>) -> T {
        // There is nothing to fail with, so it goes on.
        self.before().await.ok();
        let answer = call.await;
        self.after().await.ok();
        answer
    }
}

impl Passage {
    fn call(&self) -> Call<'_> {
        Call {
            component: &self.watched.component,
            n: self.n,
            kind: self.kind,
            detail: &self.detail,
        }
    }
}

impl Watched {
    async fn obey(&self, then: Then) -> Result<(), Failure> {
        if then == Then::Trap {
            self.stopped.store(true, Ordering::Relaxed);
        }
        // Of an instance that was stopped nothing goes on, whatever else it had under way.
        if self.stopped.load(Ordering::Relaxed) {
            return pending().await;
        }
        match then {
            Then::Fail(failure) => Err(failure),
            Then::Go | Then::Trap => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::variables::Error;
    use futures::FutureExt;

    /// Says the same of every call.
    #[derive(Debug)]
    struct Always {
        before: Then,
        after: Then,
    }

    impl Interpose for Always {
        fn before(&self, _: &Call<'_>) -> Then {
            self.before
        }

        fn after(&self, _: &Call<'_>) -> Then {
            self.after
        }
    }

    /// Whether the call is made, what the component learns (None: it never does), and whether its instance ends.
    fn passed(by: Option<(Then, Then)>) -> (bool, Option<bool>, bool) {
        let by = by.map(|(before, after)| Arc::new(Always { before, after }) as Arc<dyn Interpose>);
        let gate = Gate::new("probe", by.as_ref());
        let mut made = false;
        let call = async {
            made = true;
            Ok::<_, Error>(())
        };
        let learned = gate.call(Kind::Variable, "x").with(call).now_or_never();
        (made, learned.map(|answer| answer.is_ok()), gate.is_stopped())
    }

    #[test]
    fn a_call_goes_fails_or_is_the_last() {
        let fails = Then::Fail(Failure::VariableProvider);
        for (by, expected) in [
            (None, (true, Some(true), false)),
            (Some((Then::Go, Then::Go)), (true, Some(true), false)),
            (Some((fails, Then::Go)), (false, Some(false), false)),
            (Some((Then::Go, fails)), (true, Some(false), false)),
            (Some((Then::Trap, Then::Go)), (false, None, true)),
            (Some((Then::Go, Then::Trap)), (true, None, true)),
        ] {
            assert_eq!(passed(by), expected, "{by:?}");
        }
    }
}
