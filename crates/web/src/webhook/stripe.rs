//! Stripe's signatures: `Stripe-Signature: t=<seconds>,v1=<hex>[,v1=<hex>]`, HMAC-SHA256 over `t.body` with the whole
//! `whsec_...` text as key (docs.stripe.com/webhooks, "Verify webhook signatures manually").
//!
//! The timestamp may be five minutes away in either direction. Stripe's own libraries let any future one pass; here a
//! recorded event that was signed for a later day, with a clock or a secret that was wrong for a while, must not lie
//! in store for whoever holds it. `v0`, the scheme of test events, is not looked at.

use crate::context::Cx;
use crate::limits;
use crate::problem::Problem;
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Why an event is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// The header is absent, or without exactly one time.
    #[error("the header Stripe-Signature with one t= is needed")]
    Malformed,
    /// Signed too long ago, or in the future.
    #[error("it was signed more than five minutes away from now")]
    Stale,
    /// No `v1` signature is of one of our secrets.
    #[error("no signature matches")]
    WrongSignature,
}

/// The header of a request.
pub fn signature(cx: &Cx) -> Result<&str, Unverified> {
    cx.header("stripe-signature").ok_or(Unverified::Malformed)
}

/// Whether the body was signed lately with one of `secrets`: several are active while one is being replaced by
/// another. Compares in constant time.
pub fn verify(
    secrets: &[impl AsRef<str>],
    header: &str,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Unverified> {
    let pairs = || header.split(',').filter_map(|pair| pair.trim().split_once('='));
    let mut times = pairs().filter(|(key, _)| *key == "t").map(|(_, value)| value);
    let (Some(time), None) = (times.next(), times.next()) else {
        return Err(Unverified::Malformed);
    };
    let seconds: i64 = time.parse().map_err(|_| Unverified::Malformed)?;
    if now.timestamp().saturating_sub(seconds).saturating_abs() > limits::WEBHOOK_TOLERANCE_S {
        return Err(Unverified::Stale);
    }
    let tags: Vec<Vec<u8>> = pairs()
        .filter(|(key, _)| *key == "v1")
        .filter_map(|(_, hex)| HEXLOWER_PERMISSIVE.decode(hex.as_bytes()).ok())
        .collect();
    for secret in secrets {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_ref().as_bytes()) else {
            continue;
        };
        mac.update(time.as_bytes());
        mac.update(b".");
        mac.update(body);
        if tags.iter().any(|tag| mac.clone().verify_slice(tag).is_ok()) {
            return Ok(());
        }
    }
    Err(Unverified::WrongSignature)
}

impl From<Unverified> for Problem {
    fn from(error: Unverified) -> Self {
        Self::unauthorized(format!("This event is not believed: {error}."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Made with Stripe's own Python library, 16.1.0.
    const SECRET: &str = "whsec_abc";
    const AT: i64 = 1_700_000_000;
    const BODY: &[u8] = br#"{"id":"evt_1","object":"event","type":"checkout.session.completed"}"#;
    const TAG: &str = "e3c223a18350502492431752c60e3a07e639c907281c2088451b5941072d77d3";

    fn check(header: &str, now: i64) -> Result<(), Unverified> {
        let now = DateTime::from_timestamp(now, 0).unwrap();
        verify(&["whsec_other", SECRET], header, BODY, now)
    }

    #[test]
    fn what_stripe_signs_is_believed_for_five_minutes_either_way() {
        let header = format!("t={AT},v1={TAG}");
        assert_eq!(check(&header, AT), Ok(()));
        assert_eq!(check(&header, AT + 300), Ok(()));
        assert_eq!(check(&header, AT - 300), Ok(()));
        assert_eq!(check(&header, AT + 301), Err(Unverified::Stale));
        assert_eq!(check(&header, AT - 301), Err(Unverified::Stale));
    }

    #[test]
    fn one_signature_of_several_is_enough_and_the_old_scheme_is_none() {
        let other = "0".repeat(64);
        for (header, expected) in [
            (format!("t={AT},v1={other},v1={TAG},v0={other}"), Ok(())),
            (format!("t={AT}, v1={TAG}"), Ok(())),
            (format!("t={AT},v0={TAG}"), Err(Unverified::WrongSignature)),
            (format!("t={AT},v1={other}"), Err(Unverified::WrongSignature)),
            (
                format!("t={AT},v1={}", &TAG[..62]),
                Err(Unverified::WrongSignature),
            ),
            (format!("t={AT},v1="), Err(Unverified::WrongSignature)),
            (format!("t={AT},v1=zz"), Err(Unverified::WrongSignature)),
            (format!("t={AT}"), Err(Unverified::WrongSignature)),
            (format!("t={},v1={TAG}", AT + 1), Err(Unverified::WrongSignature)),
            (format!("v1={TAG}"), Err(Unverified::Malformed)),
            (format!("t={AT},t={AT},v1={TAG}"), Err(Unverified::Malformed)),
            (format!("t=now,v1={TAG}"), Err(Unverified::Malformed)),
            (
                format!("t={}0000000000000000000,v1={TAG}", AT),
                Err(Unverified::Malformed),
            ),
            (format!("t={},v1={TAG}", i64::MIN), Err(Unverified::Stale)),
            (String::new(), Err(Unverified::Malformed)),
        ] {
            assert_eq!(check(&header, AT), expected, "{header}");
        }
        let now = DateTime::from_timestamp(AT, 0).unwrap();
        let none: [&str; 0] = [];
        assert_eq!(
            verify(&none, &format!("t={AT},v1={TAG}"), BODY, now),
            Err(Unverified::WrongSignature)
        );
    }
}
