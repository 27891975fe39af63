//! The HTTP/1.1 server: connections in, requests to the [`Front`], and a graceful end.
//!
//! Nagle's delay is off: an answer whose head and body leave separately would otherwise wait some 40 ms for
//! the client's acknowledgement.

use crate::front::Front;
use crate::limits::{
    CONNECTIONS, HEAD_READ_TIME, REQUEST_HEAD_BYTES, REQUEST_HEADERS, SHUTDOWN_TIME, WRITE_STALL_TIME,
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
use tokio::sync::Semaphore;

/// Pause after a failed accept: the usual reason is too many open files, which passes.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves until `stop` resolves, then lets requests in flight finish. Says whether all did.
pub(crate) async fn serve(listener: TcpListener, front: Arc<Front>, stop: impl Future<Output = ()>) -> bool {
    let graceful = GracefulShutdown::new();
    let connections = Arc::new(Semaphore::new(CONNECTIONS));
    let mut stop = std::pin::pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &connections) => accepted,
        };
        let Some((stream, permit)) = accepted else {
            continue;
        };
        let front = Arc::clone(&front);
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            connection(stream, front, watcher).await;
            drop(permit);
        });
    }
    drop(listener);
    tokio::time::timeout(SHUTDOWN_TIME, graceful.shutdown())
        .await
        .is_ok()
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> Option<(TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(connections).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, permit)),
        Err(error) => {
            eprintln!("dunlin: cannot accept a connection: {error}");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn connection(stream: TcpStream, front: Arc<Front>, watcher: hyper_util::server::graceful::Watcher) {
    // A client that is gone by now has no address; there is nothing to serve.
    let (Ok(client), Ok(())) = (stream.peer_addr(), stream.set_nodelay(true)) else {
        return;
    };
    let service = service_fn(move |request| {
        let front = Arc::clone(&front);
        async move { Ok::<_, Infallible>(front.answer(request, client).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_READ_TIME)
        .max_buf_size(REQUEST_HEAD_BYTES)
        .max_headers(REQUEST_HEADERS)
        .serve_connection(TokioIo::new(Impatient::new(stream, WRITE_STALL_TIME)), service);
    // What a client does to its own connection concerns nobody else.
    drop(watcher.watch(connection).await);
}
