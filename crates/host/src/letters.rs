//! `dunlin letters`: the letters that wait to be printed, fetched from the host that runs on a state folder into a folder
//! of this machine, where a printer or a person finds them.
//!
//! What is in the folder already is not fetched again. That they are in the post is said only where that is asked for:
//! what a letter announces waits from then on.

use crate::control::Running;
use crate::limits::{LETTER_BYTES, LETTERS_TIME};
use crate::state::write_atomically;
use anyhow::{Context, bail};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use std::path::Path;
use tokio::net::TcpStream;

#[derive(Deserialize)]
struct Page {
    data: Vec<Letter>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Letter {
    id: String,
}

/// What was done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Letters that wait to be printed.
    pub waiting: usize,
    /// Those of them that are new in the folder.
    pub new: usize,
}

/// Fetches the letters that wait into `folder`; `posted`: says of each of them that it is in the post.
///
/// # Errors
/// Nothing runs there, the key is not enough, or the folder cannot be written to.
pub async fn fetch(running: &Running, key: &str, folder: &Path, posted: bool) -> anyhow::Result<Fetched> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut fetched = Fetched::default();
    let mut path = "/v1/letters?status=to_print&limit=100".to_owned();
    loop {
        let page: Page = serde_json::from_slice(&call(running, key, Method::GET, &path).await?)?;
        for letter in &page.data {
            let id = &letter.id;
            if !id
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            {
                bail!("{id:?} is no name of a letter");
            }
            let file = folder.join(format!("{id}.pdf"));
            fetched.waiting = fetched.waiting.saturating_add(1);
            if !file.exists() {
                let pdf = call(running, key, Method::GET, &format!("/v1/letters/{id}.pdf")).await?;
                write_atomically(&file, &pdf).with_context(|| format!("cannot write {}", file.display()))?;
                fetched.new = fetched.new.saturating_add(1);
            }
            if posted {
                call(running, key, Method::POST, &format!("/v1/letters/{id}/posted")).await?;
            }
        }
        match page.next {
            Some(after) => path = format!("/v1/letters?status=to_print&limit=100&after={after}"),
            None => return Ok(fetched),
        }
    }
}

async fn call(running: &Running, key: &str, method: Method, path: &str) -> anyhow::Result<Bytes> {
    let what = format!("{method} {path}");
    let call = async {
        let stream = TcpStream::connect(running.address)
            .await
            .context("nothing answers where the host should be")?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(connection);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, running.address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .body(Full::new(Bytes::new()))?;
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LETTER_BYTES).collect().await;
        connection.abort();
        anyhow::Ok((status, body.map_err(anyhow::Error::msg)?.to_bytes()))
    };
    let (status, body) = tokio::time::timeout(LETTERS_TIME, call)
        .await
        .with_context(|| format!("{what}: no answer"))??;
    if status != StatusCode::OK {
        bail!("{what} answered {status}: {}", String::from_utf8_lossy(&body));
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Response;
    use hyper::service::service_fn;
    use std::convert::Infallible;
    use std::sync::{Arc, Mutex};
    use tokio::net::TcpListener;

    /// What is asked of an app with two letters to print, on two pages; `third`: another one on the second page.
    async fn app(third: &'static str) -> (Running, Arc<Mutex<Vec<String>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let journal = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let journal = Arc::clone(&journal);
                let service = service_fn(move |request: Request<hyper::body::Incoming>| {
                    let what = format!("{} {}", request.method(), request.uri());
                    let known = request.headers()[header::AUTHORIZATION] == "Bearer k";
                    let (status, body) = match (known, what.as_str()) {
                        (false, _) => (401, "no such key".to_owned()),
                        (_, "GET /v1/letters?status=to_print&limit=100") => (
                            200,
                            "{\"data\":[{\"id\":\"msg_1\"}],\"next\":\"msg_1\"}".to_owned(),
                        ),
                        (_, "GET /v1/letters?status=to_print&limit=100&after=msg_1") => (
                            200,
                            format!("{{\"data\":[{{\"id\":\"{third}\"}}],\"next\":null}}"),
                        ),
                        (_, file) if file.ends_with(".pdf") => (200, format!("%PDF of {file}")),
                        (_, posted) if posted.ends_with("/posted") => (200, "{}".to_owned()),
                        _ => (404, "?".to_owned()),
                    };
                    journal.lock().unwrap().push(what);
                    let response = Response::builder()
                        .status(status)
                        .body(Full::new(Bytes::from(body)));
                    async { Ok::<_, Infallible>(response.unwrap()) }
                });
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service),
                );
            }
        });
        let running = Running {
            url: format!("http://{address}"),
            address,
            control: address,
            token: String::new(),
            pid: 0,
        };
        (running, asked)
    }

    fn got(waiting: usize, new: usize) -> Fetched {
        Fetched { waiting, new }
    }

    #[tokio::test]
    async fn letters_are_fetched_once_and_posted_where_that_is_asked_for() {
        let (running, asked) = app("msg_2").await;
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().join("post");
        assert_eq!(fetch(&running, "k", &into, false).await.unwrap(), got(2, 2));
        let read = |name: &str| std::fs::read_to_string(into.join(name)).unwrap();
        assert_eq!(read("msg_1.pdf"), "%PDF of GET /v1/letters/msg_1.pdf");
        assert_eq!(read("msg_2.pdf"), "%PDF of GET /v1/letters/msg_2.pdf");
        let posts = || {
            asked
                .lock()
                .unwrap()
                .iter()
                .filter(|what| what.starts_with("POST "))
                .count()
        };
        assert_eq!(posts(), 0);
        assert_eq!(fetch(&running, "k", &into, true).await.unwrap(), got(2, 0));
        assert_eq!(posts(), 2);
        assert_eq!(
            asked
                .lock()
                .unwrap()
                .iter()
                .filter(|what| what.ends_with(".pdf"))
                .count(),
            2
        );
    }

    #[tokio::test]
    async fn what_is_refused_is_said_and_no_file_is_written_elsewhere() {
        let (running, _) = app("../../etc/x").await;
        let folder = tempfile::tempdir().unwrap();
        let into = folder.path().join("post");
        let error = fetch(&running, "another", &into, false).await.unwrap_err();
        assert!(error.to_string().contains("401"), "{error}");
        let error = fetch(&running, "k", &into, false).await.unwrap_err();
        assert!(error.to_string().contains("is no name of a letter"), "{error}");
        assert_eq!(std::fs::read_dir(&into).unwrap().count(), 1);
    }
}
