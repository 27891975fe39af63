//! A server outside of the app, which tells what arrived on the wire.

use serde_json::{Map, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::OnceLock;
use std::thread;

/// Where it listens; it starts with the first question and ends with the tests.
pub(super) fn address() -> SocketAddr {
    static ADDRESS: OnceLock<SocketAddr> = OnceLock::new();
    *ADDRESS.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // A client that breaks off is the case's business, which then misses its answer.
                thread::spawn(move || drop(answer(stream)));
            }
        });
        address
    })
}

/// `/redirect` sends elsewhere; all else is told line, headers and body.
fn answer(stream: TcpStream) -> std::io::Result<()> {
    let mut reader = BufReader::new(&stream);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut headers = Map::new();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().into());
    }
    let declared = headers
        .get("content-length")
        .and_then(|length| length.as_str()?.parse().ok());
    let mut body = String::new();
    if let Some(length) = declared {
        (&mut reader).take(length).read_to_string(&mut body)?;
    }
    let mut left = headers.contains_key("transfer-encoding");
    while left {
        let mut length = String::new();
        reader.read_line(&mut length)?;
        let length = u64::from_str_radix(length.trim_end(), 16).map_err(std::io::Error::other)?;
        (&mut reader).take(length).read_to_string(&mut body)?;
        reader.read_line(&mut String::new())?;
        left = length > 0;
    }
    let (status, extra) = if line.starts_with("GET /redirect ") {
        ("302 Found", "location: /elsewhere\r\n")
    } else {
        ("200 OK", "")
    };
    let told = json!({ "line": line.trim_end(), "headers": headers, "body": body }).to_string();
    let length = told.len();
    write!(
        &stream,
        "HTTP/1.1 {status}\r\n{extra}content-length: {length}\r\nconnection: close\r\n\r\n{told}"
    )
}
