//! Standard Webhooks (<https://www.standardwebhooks.com>): HMAC-SHA256 over `id.timestamp.body`.

pub mod adyen;
pub mod base64;
pub mod body_hex;
pub mod lob;
pub mod stripe;
pub mod twilio;
pub mod vonage;

use crate::context::Cx;
use crate::limits;
use crate::problem::Problem;
use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Why a webhook is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// A header of the scheme is absent or no text.
    #[error("the headers webhook-id, webhook-timestamp and webhook-signature are needed")]
    MissingHeader,
    /// The timestamp is no number of seconds.
    #[error("webhook-timestamp is not a number of seconds since 1970")]
    BadTimestamp,
    /// Signed too long ago, or in the future.
    #[error("webhook-timestamp is more than five minutes away from now")]
    Stale,
    /// No signature is ours.
    #[error("no signature matches")]
    WrongSignature,
    /// The secret we hold is not `whsec_` and base64.
    #[error("the secret is not whsec_ followed by base64")]
    BadSecret,
}

fn keyed(secret: &str) -> Result<Hmac<Sha256>, Unverified> {
    let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = BASE64
        .decode(encoded.as_bytes())
        .map_err(|_| Unverified::BadSecret)?;
    // Whoever sends could sign with nothing, too.
    if key.is_empty() {
        return Err(Unverified::BadSecret);
    }
    Hmac::<Sha256>::new_from_slice(&key).map_err(|_| Unverified::BadSecret)
}

fn mac(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Result<Hmac<Sha256>, Unverified> {
    let mut mac = keyed(secret)?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    Ok(mac)
}

/// The value of `webhook-signature` for a body sent at `timestamp` (seconds since 1970).
pub fn sign(secret: &str, id: &str, timestamp: i64, body: &[u8]) -> Result<String, Unverified> {
    let tag = mac(secret, id, timestamp, body)?.finalize().into_bytes();
    Ok(format!("v1,{}", BASE64.encode(&tag)))
}

/// The headers of a signed webhook.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`.
    pub timestamp: &'a str,
    /// `webhook-signature`: one or more, separated by spaces.
    pub signature: &'a str,
}

impl<'a> Signed<'a> {
    /// The scheme's headers of a request.
    pub fn of(cx: &'a Cx) -> Result<Self, Unverified> {
        let header = |name| cx.header(name).ok_or(Unverified::MissingHeader);
        Ok(Self {
            id: header("webhook-id")?,
            timestamp: header("webhook-timestamp")?,
            signature: header("webhook-signature")?,
        })
    }
}

/// Whether the body was signed lately with one of `secrets`: several are active while one is being replaced by
/// another. Compares in constant time.
pub fn verify(
    secrets: &[impl AsRef<str>],
    signed: Signed<'_>,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Unverified> {
    let timestamp: i64 = signed.timestamp.parse().map_err(|_| Unverified::BadTimestamp)?;
    if now.timestamp().saturating_sub(timestamp).saturating_abs() > limits::WEBHOOK_TOLERANCE_S {
        return Err(Unverified::Stale);
    }
    for secret in secrets {
        let mac = mac(secret.as_ref(), signed.id, timestamp, body)?;
        if signed
            .signature
            .split(' ')
            .any(|signature| is_tag(&mac, signature))
        {
            return Ok(());
        }
    }
    Err(Unverified::WrongSignature)
}

fn is_tag(mac: &Hmac<Sha256>, signature: &str) -> bool {
    let Some(encoded) = signature.strip_prefix("v1,") else {
        return false;
    };
    BASE64
        .decode(encoded.as_bytes())
        .is_ok_and(|tag| mac.clone().verify_slice(&tag).is_ok())
}

impl From<Unverified> for Problem {
    fn from(error: Unverified) -> Self {
        match error {
            // Ours to mend, and nothing that the sender should read.
            Unverified::BadSecret => Self::internal(format!("webhook secret: {error}")),
            error => Self::unauthorized(format!("This webhook is not believed: {error}.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The vector of the specification's reference implementations.
    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    const ID: &str = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    const AT: i64 = 1_614_265_330;
    const BODY: &[u8] = br#"{"test": 2432232314}"#;
    const SIGNATURE: &str = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

    fn check(signature: &str, timestamp: &str, now: i64) -> Result<(), Unverified> {
        let signed = Signed {
            id: ID,
            timestamp,
            signature,
        };
        let other = "whsec_b3RoZXIgc2VjcmV0IG9mIG91cnM=";
        verify(
            &[other, SECRET],
            signed,
            BODY,
            DateTime::from_timestamp(now, 0).unwrap(),
        )
    }

    #[test]
    fn signs_as_the_reference_does() {
        assert_eq!(sign(SECRET, ID, AT, BODY).unwrap(), SIGNATURE);
    }

    #[test]
    fn nothing_is_no_secret() {
        for secret in ["whsec_", ""] {
            assert_eq!(sign(secret, ID, AT, BODY), Err(Unverified::BadSecret), "{secret}");
        }
    }

    #[test]
    fn verifies_what_is_signed_and_recent_and_nothing_else() {
        let at = AT.to_string();
        assert_eq!(check(SIGNATURE, &at, AT), Ok(()));
        assert_eq!(check(&format!("v1,AAAA v2,x {SIGNATURE}"), &at, AT + 300), Ok(()));
        assert_eq!(check(SIGNATURE, &at, AT + 301), Err(Unverified::Stale));
        assert_eq!(check(SIGNATURE, &at, AT - 301), Err(Unverified::Stale));
        assert_eq!(check(SIGNATURE, "soon", AT), Err(Unverified::BadTimestamp));
        assert_eq!(check("v1,AAAA", &at, AT), Err(Unverified::WrongSignature));
        assert_eq!(check("", &at, AT), Err(Unverified::WrongSignature));
        let later = (AT + 1).to_string();
        assert_eq!(check(SIGNATURE, &later, AT), Err(Unverified::WrongSignature));
    }
}
