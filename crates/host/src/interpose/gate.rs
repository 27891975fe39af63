//! The point itself, one an instance.

use super::{Call, Failure, Interpose, Kind, Then, World};
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What the calls of one instance pass. Clones are the same one; the default lets everything through.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gate(Option<Arc<Watched>>);

#[derive(Debug)]
struct Watched {
    component: String,
    by: Arc<dyn Interpose>,
    stopped: AtomicBool,
}

impl Gate {
    /// The gate of a new instance of `component`.
    pub(crate) fn new(component: &str, by: Option<&Arc<dyn Interpose>>) -> Self {
        Self(by.map(|by| {
            Arc::new(Watched {
                component: component.to_owned(),
                by: Arc::clone(by),
                stopped: AtomicBool::new(false),
            })
        }))
    }

    /// Whether anybody watches.
    pub(crate) fn is_watched(&self) -> bool {
        self.0.is_some()
    }

    /// `detail`, where somebody will want it.
    pub(crate) fn note(&self, detail: &str) -> String {
        if self.is_watched() {
            detail.to_owned()
        } else {
            String::new()
        }
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

    /// Lets a call begin, or not.
    pub(crate) async fn before(&self, kind: Kind, detail: &str) -> Result<(), Failure> {
        match &self.0 {
            None => Ok(()),
            Some(watched) => watched.obey(watched.by.before(&watched.call(kind, detail))).await,
        }
    }

    /// Lets the component know of a call that was made, or not.
    pub(crate) async fn after(&self, kind: Kind, detail: &str) -> Result<(), Failure> {
        match &self.0 {
            None => Ok(()),
            Some(watched) => watched.obey(watched.by.after(&watched.call(kind, detail))).await,
        }
    }

    /// A whole call.
    pub(crate) async fn pass<T, E: From<Failure>>(
        &self,
        kind: Kind,
        detail: &str,
        call: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        if !self.is_watched() {
            return call.await;
        }
        self.before(kind, detail).await?;
        let answer = call.await;
        self.after(kind, detail).await?;
        answer
    }

    /// A call that cannot fail.
    pub(crate) async fn pass_unfailing<T>(
        &self,
        kind: Kind,
        detail: &str,
        call: impl Future<Output = T>,
    ) -> T {
        // It has no error to end with, so it goes on.
        self.before(kind, detail).await.ok();
        let answer = call.await;
        self.after(kind, detail).await.ok();
        answer
    }
}

impl Watched {
    fn call<'a>(&'a self, kind: Kind, detail: &'a str) -> Call<'a> {
        Call {
            component: &self.component,
            kind,
            detail,
        }
    }

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
