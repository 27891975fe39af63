//! Where a component may connect to: the grammar of `allowed_outbound_hosts`.
//!
//! | entry | allows |
//! |---|---|
//! | `https://api.example.com` | that host, on the scheme's own port |
//! | `http://localhost:8080` | that host and port |
//! | `https://example.com:8000..8010` | ports 8000 to 8009 |
//! | `https://*.example.com` | every name below `example.com`, not itself |
//! | `*://10.0.0.0/8:*` | every address in the block, any scheme, any port |
//! | `http://self` | the app's own public address: requests without a host |
//! | `http://ledger.spin.internal` | the component `ledger` of the same app, never over the network |
//! | `http://*.spin.internal` | every component of the same app |
//! | `*://*:*` | everything |
//!
//! An empty list denies all. An entry has no path. Templates in entries are resolved once, at load; one that
//! resolves to nothing (an optional endpoint that is not configured) allows nothing.
//!
//! ```
//! use dunlin_host::outbound::AllowList;
//! let list = AllowList::parse(&["https://*.example.com"], &[]).unwrap();
//! assert!(list.allows("https", "api.example.com", None));
//! assert!(!list.allows("https", "example.com", None));
//! assert!(!list.allows("http", "api.example.com", None));
//! assert!(!AllowList::default().allows("https", "example.com", None));
//! ```

use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use url::Host;

/// The domain under which components reach each other.
pub const CHAINING_SUFFIX: &str = ".spin.internal";

/// Ports that need not be written, by scheme.
const WELL_KNOWN_PORTS: [(&str, u16); 6] = [
    ("http", 80),
    ("https", 443),
    ("postgres", 5432),
    ("mysql", 3306),
    ("redis", 6379),
    ("mqtt", 1883),
];

/// What one component may connect to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowList(Vec<Rule>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    /// None: any.
    scheme: Option<String>,
    host: HostRule,
    port: PortRule,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum HostRule {
    Any,
    /// Names that end so, the dot included.
    Below(String),
    Itself,
    Exactly(Host),
    Block(IpNet),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PortRule {
    Any,
    In(Range<u32>),
}

impl AllowList {
    /// Reads a list. `components` are the app's, which `*.spin.internal` stands for.
    ///
    /// # Errors
    /// The first entry that is not of the grammar, and why.
    pub fn parse(entries: &[impl AsRef<str>], components: &[String]) -> Result<Self, String> {
        let mut rules = Vec::new();
        for entry in entries {
            let entry = entry.as_ref().trim();
            let rule =
                Rule::parse(entry).map_err(|why| format!("allowed_outbound_hosts: {entry:?}: {why}"))?;
            match &rule.host {
                HostRule::Below(suffix) if suffix == CHAINING_SUFFIX => {
                    rules.extend(components.iter().map(|component| Rule {
                        host: HostRule::Exactly(Host::Domain(format!("{component}{CHAINING_SUFFIX}"))),
                        ..rule.clone()
                    }));
                }
                _ => rules.push(rule),
            }
        }
        Ok(Self(rules))
    }

    /// Whether a connection is allowed. `port` is None where the address names none.
    pub fn allows(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let Ok(host) = Host::parse(host) else { return false };
        self.0.iter().any(|rule| {
            rule.allows_scheme(scheme) && rule.host.allows(&host) && rule.port.allows(port, scheme)
        })
    }

    /// Whether a socket may connect there. Names are nothing to it: an entry counts where it is of any scheme (`*://`), as
    /// on Spin, and names the address or its block.
    pub fn allows_socket(&self, address: SocketAddr) -> bool {
        let host = match address.ip() {
            IpAddr::V4(ip) => Host::Ipv4(ip),
            IpAddr::V6(ip) => Host::Ipv6(ip),
        };
        self.0.iter().any(|rule| {
            rule.scheme.is_none() && rule.host.allows(&host) && rule.port.allows(Some(address.port()), "*")
        })
    }

    /// Whether requests to the app's own public address are allowed.
    pub fn allows_self(&self) -> bool {
        self.0.iter().any(|rule| {
            matches!(rule.host, HostRule::Any | HostRule::Itself)
                && (rule.allows_scheme("http") || rule.allows_scheme("https"))
        })
    }
}

/// Whether an entry whose templates were resolved says nothing: an optional endpoint left empty.
pub fn is_blank(resolved: &str) -> bool {
    matches!(resolved, "" | "http://" | "https://")
}

/// The component that a host name stands for: `ledger` in `ledger.spin.internal`.
pub fn chained_component(host: &str) -> Option<&str> {
    let name = host.trim().strip_suffix(CHAINING_SUFFIX)?;
    (!name.is_empty() && !name.contains('.')).then_some(name)
}

fn well_known_port(scheme: &str) -> Option<u16> {
    WELL_KNOWN_PORTS
        .iter()
        .find(|(name, _)| *name == scheme)
        .map(|(_, port)| *port)
}

impl Rule {
    fn parse(entry: &str) -> Result<Self, String> {
        let (scheme, rest) = entry
            .split_once("://")
            .ok_or("has no scheme; entries are <scheme>://<host>[:<port>], * allowed for each")?;
        let (host, port) = split_port(rest)?;
        Ok(Self {
            host: HostRule::parse(host)?,
            port: PortRule::parse(port, scheme)?,
            scheme: match scheme {
                "*" => None,
                name if !name.is_empty() && name.chars().all(char::is_alphabetic) => Some(name.to_owned()),
                _ => return Err("a scheme is letters, or *".to_owned()),
            },
        })
    }

    fn allows_scheme(&self, scheme: &str) -> bool {
        self.scheme.as_deref().is_none_or(|own| own == scheme)
    }
}

/// Splits `host:port`, where the host may itself hold colons (`[::1]`, `fe80::/10`) and a port may carry one
/// closing slash.
fn split_port(rest: &str) -> Result<(&str, &str), String> {
    match rest.rsplit_once(':') {
        None => Ok((rest, "")),
        Some((host, "")) => Ok((host, "")),
        Some(_) if HostRule::parse(rest).is_ok() => Ok((rest, "")),
        Some((host, port)) => match port.split_once('/') {
            None | Some((_, "")) => Ok((host, port.trim_end_matches('/'))),
            Some(_) => Err("must not have a path".to_owned()),
        },
    }
}

impl HostRule {
    fn parse(host: &str) -> Result<Self, String> {
        let host = host.trim();
        match host {
            "*" => return Ok(Self::Any),
            "self" | "self.alt" => return Ok(Self::Itself),
            _ => {}
        }
        if let Ok(block) = host.parse::<IpNet>() {
            return Ok(Self::Block(block));
        }
        let host = host.strip_suffix('/').unwrap_or(host);
        if host.contains('/') {
            return Err("must not have a path".to_owned());
        }
        if let Some(domain) = host.strip_prefix("*.") {
            return match Host::parse(domain) {
                Ok(Host::Domain(domain)) if !domain.contains('*') => Ok(Self::Below(format!(".{domain}"))),
                _ => Err("*. must be followed by a domain".to_owned()),
            };
        }
        if host.contains('*') {
            return Err("* stands for the whole host or its first label only".to_owned());
        }
        Host::parse(host)
            .map(Self::Exactly)
            .map_err(|error| format!("host {host:?}: {error}"))
    }

    fn allows(&self, host: &Host) -> bool {
        let address = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(IpAddr::V4(*address)),
            Host::Ipv6(address) => Some(IpAddr::V6(*address)),
        };
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Below(suffix), Host::Domain(domain)) => domain.ends_with(suffix.as_str()),
            (Self::Exactly(own), host) => own == host,
            (Self::Block(block), _) => address.is_some_and(|address| block.contains(&address)),
            (Self::Below(_) | Self::Itself, _) => false,
        }
    }
}

impl PortRule {
    fn parse(port: &str, scheme: &str) -> Result<Self, String> {
        let number = |text: &str| {
            text.parse::<u16>()
                .map(u32::from)
                .map_err(|_| format!("{text:?} is not a port"))
        };
        let one = |port: u32| Self::In(port..port.saturating_add(1));
        match (port, port.split_once("..")) {
            ("", _) => well_known_port(scheme)
                .map(|port| one(u32::from(port)))
                .ok_or_else(|| format!("needs a port: {scheme:?} has no usual one")),
            ("*", _) => Ok(Self::Any),
            (_, Some((from, to))) => Ok(Self::In(number(from)?..number(to)?)),
            (_, None) => Ok(one(number(port)?)),
        }
    }

    fn allows(&self, port: Option<u16>, scheme: &str) -> bool {
        match self {
            Self::Any => true,
            Self::In(range) => port
                .or_else(|| well_known_port(scheme))
                .is_some_and(|port| range.contains(&u32::from(port))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(entries: &[&str]) -> AllowList {
        AllowList::parse(entries, &["ledger".to_owned(), "risk".to_owned()]).unwrap()
    }

    #[test]
    fn the_grammar() {
        for (entry, url, allowed) in [
            ("https://api.example.com", "https://api.example.com/x", true),
            ("https://api.example.com/", "https://api.example.com", true),
            ("https://api.example.com", "http://api.example.com", false),
            ("https://api.example.com", "https://api.example.com:444", false),
            ("https://api.example.com", "https://example.com", false),
            ("https://API.example.com", "https://api.EXAMPLE.com", true),
            ("http://localhost:8080", "http://localhost:8080", true),
            ("http://localhost:8080/", "http://localhost:8080", true),
            ("http://localhost:8080", "http://localhost", false),
            ("http://localhost:8000..8010", "http://localhost:8009", true),
            ("http://localhost:8000..8010", "http://localhost:8010", false),
            ("https://*.example.com", "https://a.b.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "https://badexample.com", false),
            ("http://*:*", "http://anywhere:1", true),
            ("http://*:*", "https://anywhere:1", false),
            ("http://*", "http://anywhere:81", false),
            ("*://*:*", "https://anywhere", true),
            ("*://localhost:*", "redis://localhost:1", true),
            ("*://10.0.0.0/8:*", "http://10.255.0.1", true),
            ("*://10.0.0.0/8:*", "http://11.0.0.1", false),
            ("*://10.0.0.0/8:*", "http://ten.example.com", false),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000", true),
            ("http://[::1]:3000", "http://[::1]:3000", true),
            ("http://[::1]", "http://[::1]", true),
            ("http://[::1]", "http://[::2]", false),
            ("http://ledger.spin.internal", "http://ledger.spin.internal", true),
            ("http://ledger.spin.internal", "http://risk.spin.internal", false),
            ("http://*.spin.internal", "http://risk.spin.internal", true),
            ("http://*.spin.internal", "http://unknown.spin.internal", false),
            ("http://self", "http://localhost", false),
        ] {
            let target = url::Url::parse(url).unwrap();
            let found = list(&[entry]).allows(target.scheme(), target.host_str().unwrap(), target.port());
            assert_eq!(found, allowed, "{entry} against {url}");
        }
    }

    #[test]
    fn what_is_not_of_the_grammar_is_refused() {
        for entry in [
            "",
            "*",
            "example.com",
            "example.com:443",
            "https://",
            "ftp://example.com",
            "https://example.com/path",
            "https://example.com:443/path",
            "https://example.com:x",
            "https://example.com:70000",
            "https://*.*.com",
            "https://a.*.com",
            "ht-tp://x:1",
            "*://example.com",
        ] {
            assert!(AllowList::parse(&[entry], &[]).is_err(), "{entry}");
        }
    }

    #[test]
    fn an_empty_list_denies_all() {
        assert!(!list(&[]).allows("https", "example.com", None));
        assert!(!list(&[]).allows_self());
    }

    #[test]
    fn a_socket_goes_where_an_entry_of_any_scheme_names_its_address() {
        for (entry, address, allowed) in [
            ("*://10.0.0.5:25", "10.0.0.5:25", true),
            ("*://10.0.0.5:25", "10.0.0.5:26", false),
            ("*://10.0.0.5:25", "10.0.0.6:25", false),
            ("*://10.0.0.0/8:*", "10.9.8.7:587", true),
            ("*://[fd00::1]:25", "[fd00::1]:25", true),
            ("*://*:*", "8.8.8.8:53", true),
            ("http://10.0.0.5:25", "10.0.0.5:25", false),
            ("https://*:*", "10.0.0.5:443", false),
            ("*://localhost:25", "127.0.0.1:25", false),
            ("http://self", "127.0.0.1:80", false),
        ] {
            let address = address.parse().unwrap();
            assert_eq!(
                list(&[entry]).allows_socket(address),
                allowed,
                "{entry} {address}"
            );
        }
        assert!(!AllowList::default().allows_socket("127.0.0.1:25".parse().unwrap()));
    }

    #[test]
    fn itself() {
        for (entry, allowed) in [
            ("http://self", true),
            ("https://self.alt", true),
            ("*://*:*", true),
            ("https://example.com", false),
        ] {
            assert_eq!(list(&[entry]).allows_self(), allowed, "{entry}");
        }
    }

    #[test]
    fn components_by_name() {
        for (host, component) in [
            ("ledger.spin.internal", Some("ledger")),
            ("a.b.spin.internal", None),
            (".spin.internal", None),
            ("spin.internal", None),
            ("ledger.spin.internal.example.com", None),
        ] {
            assert_eq!(chained_component(host), component, "{host}");
        }
    }

    #[test]
    fn an_optional_endpoint_may_be_left_empty() {
        for (resolved, blank) in [("", true), ("https://", true), ("https://x", false)] {
            assert_eq!(is_blank(resolved), blank, "{resolved}");
        }
    }
}
