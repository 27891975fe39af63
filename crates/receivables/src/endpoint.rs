//! Endpoints: where Dunlin's own events are sent, what one may be told, and which addresses are out of bounds.
//!
//! Shape: a URL, the kinds of events that it wants (none named: all), a description. Refused: an address that leads
//! into a private network or back into this deployment (server-side request forgery), one that carries credentials,
//! and one without TLS; a deployment may allow its own network.
//!
//! Source: OWASP, "Server-Side Request Forgery Prevention", for what is refused; RFC 6890 and the IANA special-purpose
//! registries for the address blocks; the WHATWG URL standard, "ends in a number", for hosts that are addresses.

pub mod attempt;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use crate::event;
use crate::fields::{FieldError, Fields, Problem, kinds};
use crate::limits;

/// How far the addresses of endpoints may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// `https` on the public internet.
    Public,
    /// Anywhere that the deployment lets it connect to, `http` too.
    Private,
}

/// An endpoint as somebody asks for it: `{"url", "types"?, "description"?}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointInput {
    /// Where.
    pub url: String,
    /// Which kinds of events, without repetition; none: all.
    pub types: Vec<&'static str>,
    /// For people.
    pub description: Option<String>,
}

impl EndpointInput {
    /// Reads an endpoint; every problem at once.
    pub fn parse(value: &Value, reach: Reach) -> Result<EndpointInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let url = fields.required("url", url(reach));
        let types = types(&mut fields);
        let description = fields.optional("description", kinds::text(limits::TEXT));
        fields.finish(|| {
            Some(EndpointInput {
                url: url?,
                types,
                description,
            })
        })
    }
}

/// What is to change about an endpoint; what is not named stays. An empty list of types asks for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointChange {
    /// Where from now on, what is still to be delivered included.
    pub url: Option<String>,
    /// Which kinds of events from now on.
    pub types: Option<Vec<&'static str>>,
    /// For people.
    pub description: Option<String>,
}

impl EndpointChange {
    /// Reads a change; every problem at once.
    pub fn parse(value: &Value, reach: Reach) -> Result<EndpointChange, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let url = fields.optional("url", url(reach));
        let named = fields.has("types");
        let types = types(&mut fields);
        let description = fields.optional("description", kinds::text(limits::TEXT));
        fields.finish(|| {
            Some(EndpointChange {
                url,
                types: named.then_some(types),
                description,
            })
        })
    }
}

fn types(fields: &mut Fields<'_>) -> Vec<&'static str> {
    let mut types = fields.values("types", event::TYPES.len(), |value| {
        let name = kinds::text(limits::SLUG)(value)?;
        match event::of_name(&name) {
            // A test goes to the endpoint that it was asked for, and cannot be subscribed to.
            Some(known) if known.name != event::TEST => Ok(known.name),
            _ => Err(Problem::new(
                "unknown_value",
                format!("there is no event called {name:?}"),
            )),
        }
    });
    types.sort_unstable();
    types.dedup();
    types
}

/// An address that may be called by a deployment of this reach, or why it may not.
pub fn callable(text: &str, reach: Reach) -> Result<String, Problem> {
    url(reach)(&Value::String(text.to_owned()))
}

fn url(reach: Reach) -> impl Fn(&Value) -> Result<String, Problem> {
    move |value| {
        let text = kinds::url(value)?;
        let refused = |why: &str| Err(Problem::new("forbidden_address", format!("`{text}`: {why}")));
        if text.contains('#') {
            return refused("a fragment is never sent");
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return refused("it has no scheme");
        };
        let authority = rest.split(['/', '?']).next().unwrap_or_default();
        let Some(host) = host(authority) else {
            return refused("its host or port cannot be read");
        };
        if reach == Reach::Private {
            // Components of this deployment are reached under such names, past every route and key.
            return match is_internal(host) {
                true => refused("it leads into this deployment"),
                false => Ok(text),
            };
        }
        if scheme != "https" {
            return refused("only https is called");
        }
        match why_not_public(host) {
            Some(why) => refused(why),
            None => Ok(text),
        }
    }
}

/// The host of `host`, `host:port` or `[address]:port`.
fn host(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<Ipv6Addr>().ok()?;
            (address, port)
        }
        None => {
            let at = authority.find(':').unwrap_or(authority.len());
            let (host, port) = (authority.get(..at)?, authority.get(at..)?);
            let clean = !host.is_empty()
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.' || byte == b'_');
            clean.then_some((host, port))?
        }
    };
    match port.strip_prefix(':') {
        None => port.is_empty().then_some(host),
        Some(port) => port.parse::<u16>().ok().filter(|port| *port > 0).map(|_| host),
    }
}

/// Top-level domains that never lead outside: RFC 6761, RFC 6762 with its appendix G, RFC 8375, ICANN's resolution
/// 2024.07.29.06, what systems call themselves in their hosts file, and what Spin calls a deployment's own components.
const INTERNAL: &[&str] = &[
    "localhost",
    "localdomain",
    "local",
    "internal",
    "intranet",
    "private",
    "corp",
    "home",
    "lan",
    "home.arpa",
    "test",
    "invalid",
    "onion",
];

fn is_internal(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host.ends_with(".spin.internal") || host == "spin.internal"
}

fn why_not_public(host: &str) -> Option<&'static str> {
    let name = host.trim_end_matches('.').to_ascii_lowercase();
    if let Ok(address) = name.parse::<IpAddr>() {
        return (!is_public(address)).then_some("its address is not a public one");
    }
    let last = name.rsplit('.').next().unwrap_or_default();
    // `2130706433`, `0x7f.1` and `127.1` are ways to write an address too, which nobody needs.
    if last.starts_with(|c: char| c.is_ascii_digit()) {
        return Some("its host is neither a name nor an address in the usual form");
    }
    let internal = INTERNAL
        .iter()
        .any(|domain| name == *domain || name.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.')));
    if internal || !name.contains('.') {
        return Some("its host is known in a private network at most");
    }
    None
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Blocks of IPv4 that are not globally reachable: first octets, length of the prefix (IANA, "IPv4 Special-Purpose
/// Address Registry").
const PRIVATE_V4: &[([u8; 4], u32)] = &[
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 3),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = u32::from(address);
    !PRIVATE_V4.iter().any(|(block, length)| {
        let shift = 32_u32.saturating_sub(*length);
        bits.checked_shr(shift) == u32::from_be_bytes(*block).checked_shr(shift)
    })
}

/// Global unicast alone (2000::/3), without the blocks of documentation, transition and benchmarking, through which an
/// address of IPv4 may hide (IANA, "IPv6 Special-Purpose Address Registry").
fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(inner) = address.to_ipv4_mapped() {
        return is_public_v4(inner);
    }
    let [first, second, ..] = address.segments();
    let global = first & 0xe000 == 0x2000;
    let special =
        first == 0x2002 || (first == 0x2001 && (second < 0x0200 || second == 0x0db8)) || first == 0x3fff;
    global && !special
}

#[cfg(test)]
mod tests;
