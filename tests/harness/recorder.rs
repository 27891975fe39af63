//! A server on a port of its own that plays somebody whom Dunlin calls: it keeps a journal of what it was asked,
//! and does by script what networks and busy services do.
//!
//! What it answers is up to the service given to it, a function of the request. A fault concerns one request, in
//! the order in which they come; a request without one goes to the service.

use std::{
    collections::VecDeque,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use serde_json::Value;

/// How long a client may take over its request; for one that is stuck.
const READ_LIMIT: Duration = Duration::from_secs(30);

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// `POST`, ...
    pub(crate) method: String,
    /// With its query.
    pub(crate) path: String,
    headers: Vec<(String, String)>,
    /// As text.
    pub(crate) body: String,
}

impl Request {
    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut found = self
            .headers
            .iter()
            .filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Reply {
    /// An answer with a JSON body.
    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: body.to_string(),
        }
    }

    /// An answer with a text.
    pub(crate) fn text(status: u16, text: &str) -> Self {
        Self {
            status,
            headers: vec![("content-type".to_owned(), "text/plain".to_owned())],
            body: text.to_owned(),
        }
    }

    /// With a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// What goes wrong with one request.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// The connection is reset with the request unread; it is not in the journal.
    ResetUnread,
    /// The request is read and the connection closed; the service knows nothing of it.
    Dropped,
    /// The service does what it is asked; its answer is lost on the way.
    AnswerLost,
    /// The service does what it is asked; another answer arrives in the place of its own.
    AnsweredInstead(Reply),
    /// Answered so, and the service knows nothing of it.
    Refused(Reply),
    /// The service does what it is asked, and its answer takes that long.
    Slow(Duration),
}

type Service = dyn Fn(&Request) -> Reply + Send + Sync;

struct Shared {
    service: Box<Service>,
    faults: Mutex<VecDeque<Fault>>,
    journal: Mutex<Vec<Request>>,
    /// Told of each new line of the journal.
    read: Condvar,
    over: AtomicBool,
}

/// A running server; it ends with its owner.
pub(crate) struct Recorder {
    address: SocketAddr,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

impl Recorder {
    /// Starts it in front of a service.
    pub(crate) fn start(service: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared {
            service: Box::new(service),
            faults: Mutex::default(),
            journal: Mutex::default(),
            read: Condvar::new(),
            over: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        let listening = thread::spawn(move || {
            for connection in listener.incoming() {
                if serving.over.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(connection) = connection else { continue };
                let serving = Arc::clone(&serving);
                // A client that hangs up is the client's affair: the test sees what it did.
                thread::spawn(move || serving.serve(&connection).ok());
            }
        });
        Self {
            address,
            shared,
            listening: Some(listening),
        }
    }

    /// `http://127.0.0.1:<port>`.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What is to go wrong with the next requests, after what was said before.
    pub(crate) fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.shared.faults.lock().expect("faults").extend(faults);
    }

    /// Every request that was read, in the order in which it came.
    pub(crate) fn journal(&self) -> Vec<Request> {
        self.shared.journal.lock().expect("a journal").clone()
    }
}

impl Recorder {
    /// Waits until so many requests have been read; fails the test where they do not come.
    pub(crate) fn wait_for(&self, requests: usize) {
        let journal = self.shared.journal.lock().expect("a journal");
        let waited = self
            .shared
            .read
            .wait_timeout_while(journal, READ_LIMIT, |journal| journal.len() < requests);
        let (journal, _) = waited.expect("a journal");
        assert!(journal.len() >= requests, "{requests} requests did not come");
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the listener.
        TcpStream::connect(self.address).ok();
        if let Some(listening) = self.listening.take() {
            listening.join().ok();
        }
    }
}

impl Shared {
    fn serve(&self, connection: &TcpStream) -> io::Result<()> {
        connection.set_read_timeout(Some(READ_LIMIT))?;
        // One that opens a connection and sends nothing takes no fault.
        connection.peek(&mut [0])?;
        let fault = self.faults.lock().expect("faults").pop_front();
        if matches!(fault, Some(Fault::ResetUnread)) {
            // Closing a socket with bytes unread resets it.
            return Ok(());
        }
        let request = read(connection)?;
        self.journal.lock().expect("a journal").push(request.clone());
        self.read.notify_all();
        let reply = match fault {
            Some(Fault::ResetUnread | Fault::Dropped) => return Ok(()),
            Some(Fault::AnswerLost) => {
                (self.service)(&request);
                return Ok(());
            }
            Some(Fault::AnsweredInstead(reply)) => {
                (self.service)(&request);
                reply
            }
            Some(Fault::Refused(reply)) => reply,
            Some(Fault::Slow(delay)) => {
                let reply = (self.service)(&request);
                thread::sleep(delay);
                reply
            }
            None => (self.service)(&request),
        };
        write(connection, &reply)
    }
}

fn read(connection: &TcpStream) -> io::Result<Request> {
    let mut reader = BufReader::new(connection);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        match line.trim_end().split_once(':') {
            Some((name, value)) => headers.push((name.to_owned(), value.trim().to_owned())),
            None => break,
        }
    }
    let mut request = Request {
        method,
        path,
        headers,
        body: String::new(),
    };
    // By its declared length alone: payment services refuse a body that comes in chunks.
    if let Some(length) = request.header("content-length") {
        let mut body = vec![0; length.parse().map_err(io::Error::other)?];
        reader.read_exact(&mut body)?;
        request.body = String::from_utf8(body).map_err(io::Error::other)?;
    }
    Ok(request)
}

fn write(mut connection: &TcpStream, reply: &Reply) -> io::Result<()> {
    let mut text = format!(
        "HTTP/1.1 {} Scripted\r\ncontent-length: {}\r\nconnection: close\r\n",
        reply.status,
        reply.body.len()
    );
    for (name, value) in &reply.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(&reply.body);
    connection.write_all(text.as_bytes())
}
