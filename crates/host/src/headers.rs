//! What the host adds to a request on its way to a component, and what it takes away.
//!
//! The `spin-*` headers are appended after the client's own of the same name, as on Spin: a component must
//! not trust the first one it finds.

use crate::outbound::chained_component;
use crate::route::Match;
use http::header::{CONNECTION, HOST};
use http::uri::{Authority, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Uri};
use std::net::SocketAddr;

/// Takes away what concerns the connection only, and a `Host` that pretends to come from another component.
pub(crate) fn strip<B>(request: &mut Request<B>) {
    let headers = request.headers_mut();
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let name = host.map(|host| host.rsplit_once(':').map_or(host, |(name, _)| name));
    if name.is_some_and(|name| chained_component(name).is_some()) {
        headers.remove(HOST);
    }
    headers.remove(CONNECTION);
}

/// Makes the address of a request whole, from its `Host` or its own.
///
/// # Errors
/// Neither names a host, or they contradict each other.
pub(crate) fn complete_uri<B>(request: &mut Request<B>) -> Result<(), &'static str> {
    let named = match request.headers().get(HOST) {
        None => None,
        Some(host) => Some(
            host.to_str()
                .ok()
                .and_then(|host| host.parse::<Authority>().ok())
                .ok_or("the Host header is not a host")?,
        ),
    };
    let mut parts = request.uri().clone().into_parts();
    parts.authority = match (named, parts.authority.take()) {
        (None, None) => return Err("the request has no Host header"),
        (Some(named), Some(own)) if named != own => return Err("the Host header and the address differ"),
        (named, own) => named.or(own),
    };
    parts.scheme = Some(Scheme::HTTP);
    if parts.path_and_query.is_none() {
        parts.path_and_query = Some(http::uri::PathAndQuery::from_static("/"));
    }
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| "the address cannot be read")?;
    Ok(())
}

/// Appends the `spin-*` headers.
pub(crate) fn announce<B>(request: &mut Request<B>, found: &Match, client: SocketAddr) {
    let host = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or("localhost");
    let scheme = request.uri().scheme_str().unwrap_or("http");
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", http::uri::PathAndQuery::as_str);
    let full_url = format!("{scheme}://{host}{path}");
    let prefix = found.raw.strip_suffix("/...").unwrap_or(&found.raw).to_owned();
    let client = client.to_string();
    let headers = request.headers_mut();
    for (name, value) in [
        ("spin-path-info", found.trailing.as_str()),
        ("spin-full-url", &full_url),
        ("spin-matched-route", &found.based),
        ("spin-base-path", "/"),
        ("spin-raw-component-route", &found.raw),
        ("spin-component-route", &prefix),
        ("spin-client-addr", &client),
    ] {
        append(headers, name, value);
    }
    for (name, value) in &found.parameters {
        append(
            headers,
            &format!("spin-path-match-{}", name.to_ascii_lowercase().replace('_', "-")),
            value,
        );
    }
}

/// Like Spin, leaves out what cannot be a header.
fn append(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (
        HeaderName::from_bytes(name.as_bytes()),
        HeaderValue::from_bytes(value.as_bytes()),
    ) {
        headers.append(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(uri: &str, headers: &[(&str, &str)]) -> Request<()> {
        let builder = headers.iter().fold(Request::get(uri), |builder, (name, value)| {
            builder.header(*name, *value)
        });
        builder.body(()).unwrap()
    }

    #[test]
    fn the_address_comes_from_host_or_line() {
        for (uri, headers, expected) in [
            ("/a?b=c", &[("host", "x:1")][..], Ok("http://x:1/a?b=c")),
            ("http://x/a", &[], Ok("http://x/a")),
            ("http://x/a", &[("host", "x")], Ok("http://x/a")),
            ("http://x/a", &[("host", "y")], Err("differ")),
            ("/a", &[], Err("no Host")),
            ("/a", &[("host", "not a host")], Err("not a host")),
        ] {
            let mut request = request(uri, headers);
            match (complete_uri(&mut request), expected) {
                (Ok(()), Ok(expected)) => assert_eq!(request.uri(), expected),
                (Err(error), Err(expected)) => assert!(error.contains(expected), "{error}"),
                other => panic!("{uri} {headers:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn announced_after_the_clients_own() {
        let mut request = request(
            "http://h/users/7/x?q=1",
            &[("host", "h"), ("spin-client-addr", "forged")],
        );
        let found = Match {
            component: "c".to_owned(),
            raw: "/users/:user_id/...".to_owned(),
            based: "/users/:user_id/...".to_owned(),
            trailing: "/x".to_owned(),
            parameters: vec![("user_id".to_owned(), "7".to_owned())],
        };
        announce(&mut request, &found, "127.0.0.1:5".parse().unwrap());
        for (name, expected) in [
            ("spin-path-info", &["/x"][..]),
            ("spin-full-url", &["http://h/users/7/x?q=1"]),
            ("spin-matched-route", &["/users/:user_id/..."]),
            ("spin-base-path", &["/"]),
            ("spin-raw-component-route", &["/users/:user_id/..."]),
            ("spin-component-route", &["/users/:user_id"]),
            ("spin-client-addr", &["forged", "127.0.0.1:5"]),
            ("spin-path-match-user-id", &["7"]),
        ] {
            let found: Vec<_> = request.headers().get_all(name).iter().collect();
            assert_eq!(found, expected, "{name}");
        }
    }

    #[test]
    fn pretenders_are_stripped() {
        for (host, kept) in [
            ("h:1", true),
            ("ledger.spin.internal", false),
            ("ledger.spin.internal:80", false),
        ] {
            let mut request = request("/", &[("host", host), ("connection", "close")]);
            strip(&mut request);
            assert_eq!(request.headers().contains_key(HOST), kept, "{host}");
            assert!(!request.headers().contains_key(CONNECTION));
        }
    }
}
