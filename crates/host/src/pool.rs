//! The instances of one component: made when needed, reused as Spin reuses them, and dropped.
//!
//! An instance serves up to [`INSTANCE_REQUESTS`] requests, up to [`INSTANCE_CONCURRENT_REQUESTS`] of them at
//! once, and goes after [`INSTANCE_IDLE_TIME`] without any. A trap ends it, with every request in flight. The
//! queueing and the event loop are `wasmtime_wasi_http`'s; this file says how long and how many.

use crate::chain::Outbound;
use crate::guest::{Blueprint, Guest};
use crate::interpose::Gate;
use crate::limits::{INSTANCE_CONCURRENT_REQUESTS, INSTANCE_IDLE_TIME, INSTANCE_REQUESTS};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::Sleep;
use wasmtime::component::GuestTaskId;
use wasmtime::{Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, Proxy, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;

/// How instances of a component are made.
pub(crate) struct Pool {
    pub(crate) blueprint: Blueprint,
    pub(crate) service: ServicePre<Guest>,
    pub(crate) outbound: Outbound,
    /// Longest time to the head of an answer.
    pub(crate) request_time: Duration,
    /// Becomes true when the host stops. What ends from then on is no trouble to report.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl HandlerState for Pool {
    type StoreData = Guest;
    type WorkerExpiration = Lifetime;
    type WorkerState = Reuse;

    async fn instantiate(&self) -> wasmtime::Result<Instance<Guest, Lifetime, Reuse>> {
        let mut store = self.blueprint.store(self.service.engine(), self.outbound.clone());
        let service = self.service.instantiate_async(&mut store).await?;
        let gate = store.data().gate().clone();
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: Guest::http,
            expiration: Lifetime {
                sleep: Box::pin(tokio::time::sleep(INSTANCE_IDLE_TIME)),
                request_time: self.request_time,
                gate,
                stopped: Box::pin(stopped(self.stopping.clone())),
            },
            state: Reuse {
                component: self.blueprint.name.clone(),
                request_time: self.request_time,
                stopping: self.stopping.clone(),
            },
        })
    }
}

/// When an instance has lived long enough.
pub(crate) struct Lifetime {
    sleep: Pin<Box<Sleep>>,
    request_time: Duration,
    gate: Gate,
    /// Ready when the host stops, or is dropped without.
    stopped: Pin<Box<dyn Future<Output = ()> + Send + Sync>>,
}

/// Waits until nobody can ask any more.
async fn stopped(mut stopping: watch::Receiver<bool>) {
    // An error means that the host is gone, which is as good.
    drop(stopping.wait_for(|stopping| *stopping).await);
}

impl WorkerExpiration for Lifetime {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        // Asked whenever the instance waits, as it does where it was stopped.
        if self.gate.is_stopped() {
            return Poll::Ready(());
        }
        let time = match status {
            // How long nobody asks is the machine's affair; whoever watches wants the same calls again each time. Such
            // an instance goes with its host, or the process that starts one host after the other runs out of files.
            WorkerStatus::Idle if self.gate.is_watched() => return self.stopped.as_mut().poll(context),
            WorkerStatus::Idle => INSTANCE_IDLE_TIME,
            WorkerStatus::Requests | WorkerStatus::PostReturn => self.request_time,
        };
        let Some(deadline) = start.checked_add(time) else {
            return Poll::Pending;
        };
        let deadline = deadline.into();
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        self.sleep.as_mut().poll(context)
    }
}

/// How often an instance is used.
pub(crate) struct Reuse {
    component: String,
    request_time: Duration,
    stopping: watch::Receiver<bool>,
}

impl WorkerState for Reuse {
    type StoreData = Guest;
    type RequestData = ();

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= INSTANCE_REQUESTS {
            ShouldAccept::Never
        } else if concurrent >= INSTANCE_CONCURRENT_REQUESTS {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, Guest>,
        (): (),
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync + 'static>> {
        store.data_mut().request_accepted();
        Box::pin(tokio::time::sleep(self.request_time))
    }

    fn drop(&self, store: Store<Guest>, result: Result<(), wasmtime::Error>) {
        let on_purpose = store.data().gate().is_stopped();
        drop(store);
        if let Err(error) = result
            && !on_purpose
            && !*self.stopping.borrow()
        {
            // Names are stripped from components, so the places in a backtrace say nothing; the cause does.
            eprintln!(
                "dunlin: an instance of {} was stopped: {}",
                self.component,
                error.root_cause()
            );
        }
    }
}
