//! A load client: keep-alive connections, one request at a time on each, as little work a request as can be.

use anyhow::{Context, bail, ensure};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than either side takes for anything it is asked here.
const PATIENCE: Duration = Duration::from_secs(120);

/// A request, complete.
#[derive(Clone)]
pub(crate) struct Request {
    head: String,
    body: Vec<u8>,
}

impl Request {
    /// A request with the given headers; a body makes it a POST.
    pub(crate) fn new(method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Self {
        let body = body.into();
        let mut head = format!(
            "{method} {path} HTTP/1.1\r\nhost: bench\r\ncontent-length: {}\r\n",
            body.len()
        );
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        Self { head, body }
    }

    /// A GET with a bearer token.
    pub(crate) fn get(path: &str, key: &str) -> Self {
        Self::new("GET", path, &[("authorization", &format!("Bearer {key}"))], "")
    }

    /// A POST with a bearer token.
    pub(crate) fn post(path: &str, key: &str, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str()), ("content-type", media_type)];
        Self::new("POST", path, &headers, body)
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Insists on a status.
    pub(crate) fn expect(self, status: u16) -> anyhow::Result<Self> {
        ensure!(
            self.status == status,
            "{} where {status} is expected: {}",
            self.status,
            String::from_utf8_lossy(&self.body)
        );
        Ok(self)
    }

    /// A member of the JSON body.
    pub(crate) fn json(&self) -> anyhow::Result<serde_json::Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }
}

/// One keep-alive connection.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    message: Vec<u8>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self {
            stream: BufReader::new(stream),
            message: Vec::new(),
        })
    }

    /// Sends a request and reads its answer.
    pub(crate) fn call(&mut self, request: &Request) -> anyhow::Result<Answer> {
        // In one piece, so that it leaves in as few packets as it needs.
        self.message.clear();
        self.message.extend_from_slice(request.head.as_bytes());
        self.message.extend_from_slice(&request.body);
        self.stream.get_mut().write_all(&self.message)?;
        self.answer()
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        ensure!(self.stream.read_line(&mut line)? > 0, "the connection ended");
        line.truncate(line.trim_end().len());
        Ok(line)
    }

    fn answer(&mut self) -> anyhow::Result<Answer> {
        let line = self.line()?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.with_context(|| format!("no status line: {line}"))?;
        let mut headers = Vec::new();
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        let mut answer = Answer {
            status,
            headers,
            body: Vec::new(),
        };
        if let Some(length) = answer.header("content-length") {
            answer.body.resize(length.parse()?, 0);
            self.stream.read_exact(&mut answer.body)?;
        } else if answer.header("transfer-encoding").is_some() {
            self.chunks(&mut answer.body)?;
        } else {
            bail!("an answer without a length");
        }
        Ok(answer)
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> anyhow::Result<()> {
        loop {
            let length = usize::from_str_radix(&self.line()?, 16)?;
            let start = body.len();
            body.resize(start.saturating_add(length), 0);
            self.stream
                .read_exact(body.get_mut(start..).unwrap_or_default())?;
            self.line()?;
            if length == 0 {
                return Ok(());
            }
        }
    }
}

/// What a stream of requests took.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    /// From the first request to the last answer.
    pub(crate) wall: Duration,
    /// Requests answered.
    pub(crate) count: usize,
    /// Each request's time, the shortest first.
    latencies: Vec<Duration>,
}

impl Taken {
    /// The time within which `percent` of the requests were answered, in milliseconds.
    pub(crate) fn percentile_ms(&self, percent: usize) -> f64 {
        let at = self.latencies.len().saturating_mul(percent) / 100;
        let at = at.min(self.latencies.len().saturating_sub(1));
        self.latencies
            .get(at)
            .map_or(0.0, |time| time.as_secs_f64() * 1e3)
    }
}

/// Sends `requests` over `connections` connections at once, each answer with `status`.
pub(crate) fn stream(
    address: SocketAddr,
    connections: usize,
    requests: &[Request],
    status: u16,
) -> anyhow::Result<Taken> {
    let next = AtomicUsize::new(0);
    let mut open = (0..connections)
        .map(|_| Connection::open(address))
        .collect::<anyhow::Result<Vec<_>>>()?;
    let start = Instant::now();
    let worked = thread::scope(|scope| {
        let workers: Vec<_> = open
            .iter_mut()
            .map(|connection| {
                let next = &next;
                scope.spawn(move || {
                    let mut latencies = Vec::new();
                    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let start = Instant::now();
                        connection.call(request)?.expect(status)?;
                        latencies.push(start.elapsed());
                    }
                    anyhow::Ok(latencies)
                })
            })
            .collect();
        let joined = workers.into_iter().map(|worker| match worker.join() {
            Ok(latencies) => latencies,
            Err(_) => bail!("a connection's thread failed"),
        });
        joined.collect::<anyhow::Result<Vec<_>>>()
    })?;
    let wall = start.elapsed();
    let mut latencies = worked.concat();
    latencies.sort_unstable();
    Ok(Taken {
        wall,
        count: latencies.len(),
        latencies,
    })
}
