//! How the command line talks to a running host.
//!
//! A host listens on a loopback port of its own, apart from the app's, and writes where, with a random token,
//! into `control.json` of its state folder, which only its owner may read. It knows one call: moving the
//! virtual clock. The file goes when the host does.

use crate::clock::{Clock, Move, Moved};
use crate::limits::{CONTROL_BODY_BYTES, CONTROL_TIME};
use anyhow::{Context, bail};
use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};

const FILE_NAME: &str = "control.json";
const CLOCK_PATH: &str = "/clock";

/// `control.json`: where a running host is found.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Running {
    /// The app's address, as URL.
    pub url: String,
    /// The app's address, as host and port.
    pub address: SocketAddr,
    /// Where the host takes orders.
    pub control: SocketAddr,
    /// What it must be told with each.
    pub token: String,
    /// Its process.
    pub pid: u32,
}

impl Running {
    /// Reads who runs on a state folder.
    ///
    /// # Errors
    /// Nobody does, or the file cannot be read.
    pub fn find(state_dir: &Path) -> anyhow::Result<Self> {
        match std::fs::read(state_dir.join(FILE_NAME)) {
            Ok(bytes) => serde_json::from_slice(&bytes).context("control.json is damaged"),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => bail!(nothing_runs(state_dir)),
            Err(error) => {
                Err(error).with_context(|| format!("cannot read {}", state_dir.join(FILE_NAME).display()))
            }
        }
    }
}

fn nothing_runs(state_dir: &Path) -> String {
    format!(
        "nothing is running on {}; `dunlin up --clock ...` starts it",
        state_dir.display()
    )
}

/// The control port of this process; dropping it removes the file.
pub(crate) struct Control {
    file: PathBuf,
    server: tokio::task::JoinHandle<()>,
}

impl Drop for Control {
    fn drop(&mut self) {
        self.server.abort();
        if let Err(error) = std::fs::remove_file(&self.file) {
            eprintln!("dunlin: cannot remove {}: {error}", self.file.display());
        }
    }
}

/// Opens the control port and says where it is.
pub(crate) async fn open(
    state_dir: &Path,
    address: SocketAddr,
    url: &str,
    clock: Clock,
) -> anyhow::Result<Control> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let mut token = [0; 32];
    getrandom::fill(&mut token).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    let running = Running {
        url: url.to_owned(),
        address,
        control: listener.local_addr()?,
        token: data_encoding::HEXLOWER.encode(&token),
        pid: std::process::id(),
    };
    let expected: Arc<str> = Arc::from(bearer(&running.token));
    let file = state_dir.join(FILE_NAME);
    crate::state::write_atomically(&file, &serde_json::to_vec_pretty(&running)?)?;
    Ok(Control {
        file,
        server: tokio::spawn(serve(listener, expected, clock)),
    })
}

fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

async fn serve(listener: TcpListener, expected: Arc<str>, clock: Clock) {
    while let Ok((stream, _)) = listener.accept().await {
        let (expected, clock) = (Arc::clone(&expected), clock.clone());
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let (expected, clock) = (Arc::clone(&expected), clock.clone());
                async move { Ok::<_, Infallible>(answer(request, &expected, &clock).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(CONTROL_TIME)
                .serve_connection(TokioIo::new(stream), service);
            // Whoever breaks off gets no answer.
            drop(connection.await);
        });
    }
}

async fn answer(request: Request<Incoming>, expected: &str, clock: &Clock) -> Response<Full<Bytes>> {
    // The token has 256 random bits; what comparing it byte by byte gives away does not help to guess it.
    let authorized = request
        .headers()
        .get(header::AUTHORIZATION)
        .is_some_and(|given| given.as_bytes() == expected.as_bytes());
    if !authorized {
        return reply(
            StatusCode::UNAUTHORIZED,
            "the token is not the one in control.json",
        );
    }
    if (request.method().as_str(), request.uri().path()) != ("POST", CLOCK_PATH) {
        return reply(StatusCode::NOT_FOUND, "there is only POST /clock");
    }
    let Ok(body) = Limited::new(request.into_body(), CONTROL_BODY_BYTES)
        .collect()
        .await
    else {
        return reply(StatusCode::BAD_REQUEST, "the body cannot be read");
    };
    let by = match serde_json::from_slice::<Move>(&body.to_bytes()) {
        Ok(by) => by,
        Err(error) => return reply(StatusCode::BAD_REQUEST, error.to_string()),
    };
    match clock.advance(by) {
        Ok(moved) => match serde_json::to_vec(&moved) {
            Ok(body) => reply(StatusCode::OK, body),
            Err(error) => reply(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()),
        },
        Err(error) => reply(StatusCode::CONFLICT, error.to_string()),
    }
}

fn reply(status: StatusCode, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response
}

/// Moves the clock of the host that runs on a state folder.
///
/// # Errors
/// Nothing runs there, its clock is the real one, or it would have to go back.
pub async fn move_clock(state_dir: &Path, by: Move) -> anyhow::Result<Moved> {
    let running = Running::find(state_dir)?;
    let call = async {
        // A host that was killed leaves its file behind.
        let stream = TcpStream::connect(running.control)
            .await
            .map_err(|_| anyhow::anyhow!(nothing_runs(state_dir)))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request = Request::post(CLOCK_PATH)
            .header(header::HOST, running.control.to_string())
            .header(header::AUTHORIZATION, bearer(&running.token))
            .body(Full::new(Bytes::from(serde_json::to_vec(&by)?)))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), CONTROL_BODY_BYTES)
            .collect()
            .await
            .map_err(anyhow::Error::msg)?;
        connection.abort();
        anyhow::Ok((status, body.to_bytes()))
    };
    let (status, body) = tokio::time::timeout(CONTROL_TIME, call)
        .await
        .context("the running host does not answer")??;
    match status {
        StatusCode::OK => Ok(serde_json::from_slice(&body)?),
        // Another process has taken the port of one that was killed.
        StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND => bail!(nothing_runs(state_dir)),
        _ => bail!(String::from_utf8_lossy(&body).into_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn running(clock: Clock) -> (Control, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let control = open(
            folder.path(),
            "127.0.0.1:1".parse().unwrap(),
            "http://127.0.0.1:1",
            clock,
        )
        .await
        .unwrap();
        (control, folder)
    }

    fn frozen() -> Clock {
        let folder = tempfile::tempdir().unwrap();
        Clock::frozen(&folder.keep(), "2026-01-12T09:00:00Z".parse().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn a_running_clock_moves_forward_only() {
        let clock = frozen();
        let (_control, folder) = running(clock.clone()).await;
        let moved = move_clock(folder.path(), Move::AdvanceSeconds(3600))
            .await
            .unwrap();
        assert_eq!(
            (moved.to, clock.now()),
            (clock.now(), "2026-01-12T10:00:00Z".parse().unwrap())
        );
        let error = move_clock(folder.path(), Move::To(moved.from))
            .await
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("2026-01-12T10:00:00Z and never goes back"),
            "{error}"
        );
    }

    #[tokio::test]
    async fn a_real_clock_does_not() {
        let (_control, folder) = running(Clock::real()).await;
        let error = move_clock(folder.path(), Move::AdvanceSeconds(1))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("real clock"), "{error}");
    }

    #[tokio::test]
    async fn without_the_token_nothing_happens() {
        let clock = frozen();
        let (_control, folder) = running(clock.clone()).await;
        let mut stolen = Running::find(folder.path()).unwrap();
        stolen.token = "0".repeat(64);
        std::fs::write(
            folder.path().join(FILE_NAME),
            serde_json::to_vec(&stolen).unwrap(),
        )
        .unwrap();
        assert!(move_clock(folder.path(), Move::AdvanceSeconds(1)).await.is_err());
        assert_eq!(
            clock.now(),
            "2026-01-12T09:00:00Z"
                .parse::<chrono::DateTime<chrono::Utc>>()
                .unwrap()
        );
    }

    #[tokio::test]
    async fn where_nothing_runs_it_says_so() {
        let (control, folder) = running(Clock::real()).await;
        drop(control);
        let error = move_clock(folder.path(), Move::AdvanceSeconds(1))
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("nothing is running"), "{error}");
    }
}
