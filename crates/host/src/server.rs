//! The HTTP/1.1 server: connections in, requests to the [`Front`], and a graceful end.
//!
//! There are [`CONNECTIONS`], and a few to spare: who comes when all are taken is told so, and a load balancer still
//! learns that the host is well.
//!
//! Nagle's delay is off: an answer whose head and body leave separately would otherwise wait some 40 ms for
//! the client's acknowledgement.

use crate::front::Front;
use crate::limits::{
    CONNECTIONS, HEAD_READ_TIME, REQUEST_HEAD_BYTES, REQUEST_HEADERS, SHUTDOWN_TIME, SPARE_CONNECTIONS,
    SPARE_HEAD_READ_TIME, WRITE_STALL_TIME,
};
use crate::stall::Impatient;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Pause after a failed accept: the usual reason is too many open files, which passes.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` resolves, then lets requests in flight finish. Says whether all did.
pub(crate) async fn serve(listener: TcpListener, front: Arc<Front>, stop: impl Future<Output = ()>) -> bool {
    let graceful = GracefulShutdown::new();
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let spare = Arc::new(Semaphore::new(SPARE_CONNECTIONS));
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &connections, &spare) => accepted,
        };
        let Some((stream, seat)) = accepted else {
            continue;
        };
        let front = Arc::clone(&front);
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            connection(stream, front, watcher, &seat).await;
            drop(seat);
        });
    }
    drop(listener);
    tokio::time::timeout(SHUTDOWN_TIME, graceful.shutdown())
        .await
        .is_ok()
}

/// What a connection takes up while it is open.
enum Seat {
    Regular { _permit: OwnedSemaphorePermit },
    Spare { _permit: OwnedSemaphorePermit },
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
    spare: &Arc<Semaphore>,
) -> Option<(TcpStream, Seat)> {
    // Held while one is waited for; it goes back where there is a regular place by then.
    let spare = Arc::clone(spare).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => {
            let regular = Arc::clone(connections).try_acquire_owned();
            let seat = regular.map_or_else(
                |_| Seat::Spare { _permit: spare },
                |permit| Seat::Regular { _permit: permit },
            );
            Some((stream, seat))
        }
        Err(error) => {
            eprintln!("dunlin: cannot accept a connection: {error}");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    front: Arc<Front>,
    watcher: hyper_util::server::graceful::Watcher,
    seat: &Seat,
) {
    // A client that is gone by now has no address; there is nothing to serve.
    let (Ok(client), Ok(())) = (stream.peer_addr(), stream.set_nodelay(true)) else {
        return;
    };
    let spare = matches!(seat, Seat::Spare { .. });
    let service = service_fn(move |request| {
        let front = Arc::clone(&front);
        async move {
            Ok::<_, Infallible>(match spare {
                true => front.answer_crowded(request),
                false => front.answer(request, client).await,
            })
        }
    });
    let head_read_time = if spare {
        SPARE_HEAD_READ_TIME
    } else {
        HEAD_READ_TIME
    };
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(!spare)
        .header_read_timeout(head_read_time)
        .max_buf_size(REQUEST_HEAD_BYTES)
        .max_headers(REQUEST_HEADERS)
        .serve_connection(TokioIo::new(Impatient::new(stream, WRITE_STALL_TIME)), service);
    // What a client does to its own connection concerns nobody else.
    drop(watcher.watch(connection).await);
}
