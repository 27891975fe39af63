//! Who guesses is made to wait.
//!
//! **Shape.** A look-up that finds nothing (a key, a payment link, a token) is counted by where it came from and by how
//! it began ([`Cx::failed_attempt`]); past a limit it is answered 429. **Refuses** nobody who has what is looked for, so
//! that strangers cannot lock anybody out; only what is short enough to be guessed is not looked at meanwhile
//! ([`Cx::may_guess`]). **Trusts** no address that the sender can choose: see [`address`].

use crate::context::Cx;
use crate::limits;
use crate::problem::Problem;
use chrono::Duration;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};
use sha2::{Digest, Sha256};
use store::attempts::{self, Kind, Slot};

/// Which of the slots of its kind a text falls into.
fn slot(kind: Kind, limit: u32, text: &str) -> Slot {
    let [high, low, ..] = <[u8; 32]>::from(Sha256::digest(text.as_bytes()));
    Slot {
        kind,
        slot: u16::from_be_bytes([high, low]) & limits::ATTEMPT_SLOTS,
        limit,
    }
}

/// Where a request comes from, as far as that can be believed; `None`: nobody knows.
///
/// The host appends its `spin-client-addr` to the sender's own of that name, so the last one counts. Behind `proxies`
/// proxies, each of which appends to `X-Forwarded-For` whom it hears, the one that many from its end was written by the
/// outermost of them, and whatever stands before it by the sender. A loopback address is this machine's, or that of a
/// proxy that nobody has told us of, which stands for everybody. Who has an IPv6 address has its whole network (/64).
fn address(announced: &[&str], forwarded: &[&str], proxies: usize) -> Option<IpAddr> {
    let address = match proxies.checked_sub(1) {
        None => announced.last()?.parse::<SocketAddr>().ok()?.ip(),
        Some(before) => {
            let last_first = forwarded.iter().rev().flat_map(|value| value.rsplit(','));
            let named = last_first.map(str::trim).nth(before)?;
            let with_port = named.parse::<SocketAddr>().map(|address| address.ip());
            with_port
                .or_else(|_| named.trim_matches(['[', ']']).parse())
                .ok()?
        }
    };
    let address = match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            match address.is_loopback() {
                true => IpAddr::V6(address),
                false => IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0)),
            }
        }
        address => address,
    };
    (!address.is_loopback()).then_some(address)
}

fn window() -> Duration {
    Duration::seconds(limits::ATTEMPTS_WINDOW_S)
}

impl Cx {
    async fn slots(&self, prefix: Option<&str>) -> Result<Vec<Slot>, Problem> {
        // What is no number counts as one proxy: an address that the sender chose is worse than none.
        let proxies = self.setting("proxies_in_front").await?;
        let proxies = proxies.map_or(0, |text| text.trim().parse().unwrap_or(1));
        let from = address(
            &self.headers("spin-client-addr"),
            &self.headers("x-forwarded-for"),
            proxies,
        );
        let from = from.map(|from| slot(Kind::Address, limits::ATTEMPTS_OF_ADDRESS, &from.to_string()));
        let prefix = prefix.map(|prefix| slot(Kind::Prefix, limits::ATTEMPTS_OF_PREFIX, prefix));
        Ok(from.into_iter().chain(prefix).collect())
    }

    /// Counts a look-up that found nothing; refuses where there were too many. `prefix`: how what was looked for begins,
    /// where that tells it from others.
    pub async fn failed_attempt(&self, prefix: Option<&str>) -> Result<(), Problem> {
        let slots = self.slots(prefix).await?;
        let wait = attempts::failed(&self.db().await?, self.moment(), &slots, window()).await?;
        wait.map_or(Ok(()), |wait| Err(Problem::too_many_attempts(wait)))
    }

    /// The same for a token of a link.
    pub async fn failed_token(&self, token: &str) -> Result<(), Problem> {
        let prefix: String = token.chars().take(limits::TOKEN_PREFIX).collect();
        self.failed_attempt(Some(&prefix)).await
    }

    /// Refuses to look at what is short enough to be guessed while its sender has to wait.
    pub(crate) async fn may_guess(&self, secret: &str) -> Result<(), Problem> {
        if secret.len() >= limits::UNGUESSABLE {
            return Ok(());
        }
        let slots = self.slots(None).await?;
        if slots.is_empty() {
            return Ok(());
        }
        let wait = attempts::wait(&self.db().await?, self.moment(), &slots, window()).await?;
        wait.map_or(Ok(()), |wait| Err(Problem::too_many_attempts(wait)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(announced: &[&str], forwarded: &[&str], proxies: usize) -> Option<String> {
        address(announced, forwarded, proxies).map(|address| address.to_string())
    }

    #[test]
    fn only_what_the_host_or_a_proxy_of_ours_has_written_counts() {
        let host = ["198.51.100.7:1", "203.0.113.9:443"];
        let forwarded = ["198.51.100.1, 198.51.100.2", "203.0.113.5,203.0.113.6"];
        for (announced, forwarded, proxies, expected) in [
            (&host[..], &forwarded[..], 0, Some("203.0.113.9")),
            (&host, &forwarded, 1, Some("203.0.113.6")),
            (&host, &forwarded, 2, Some("203.0.113.5")),
            (&host, &forwarded, 3, Some("198.51.100.2")),
            (&host, &forwarded, 5, None),
            (&host, &[], 1, None),
            (&host, &["somebody"], 1, None),
            (&["127.0.0.1:9", "nonsense"], &[], 0, None),
            (&["203.0.113.9:443", "127.0.0.1:9"], &[], 0, None),
            (&["[::1]:9"], &[], 0, None),
            (&["[::ffff:127.0.0.1]:9"], &[], 0, None),
            (&["[::ffff:203.0.113.9]:9"], &[], 0, Some("203.0.113.9")),
            (&["[2001:db8:1:2:3:4:5:6]:9"], &[], 0, Some("2001:db8:1:2::")),
            (&[], &["2001:db8:1:2::9"], 1, Some("2001:db8:1:2::")),
            (&[], &["[2001:db8:1:2::9]:80"], 1, Some("2001:db8:1:2::")),
            (&[], &["203.0.113.6:80"], 1, Some("203.0.113.6")),
        ] {
            assert_eq!(
                found(announced, forwarded, proxies).as_deref(),
                expected,
                "{announced:?} {forwarded:?} {proxies}"
            );
        }
    }

    #[test]
    fn slots_are_as_many_as_they_are_said_to_be() {
        let slots: std::collections::BTreeSet<u16> = (0..60_000)
            .map(|n| slot(Kind::Prefix, 1, &n.to_string()).slot)
            .collect();
        assert_eq!(slots.len(), usize::from(limits::ATTEMPT_SLOTS) + 1);
    }
}
