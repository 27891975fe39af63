//! Lob's signatures (help.lob.com, "Using webhooks"): `Lob-Signature` is the HMAC-SHA256 of `timestamp.body` in
//! hexadecimal, under the webhook's secret; the timestamp is in `Lob-Signature-Timestamp`.
//!
//! Whether that counts seconds or milliseconds its documentation leaves open: both are read, by their size. It may be as
//! old as Lob goes on delivering; a replayed event changes nothing, since each takes effect once.

use crate::context::Cx;
use crate::limits;
use crate::problem::Problem;
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// From here on a timestamp counts milliseconds: as seconds it would be the year 5138.
const MILLISECONDS: i64 = 100_000_000_000;

/// Why an event is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// It has no signature or no timestamp, or a signature of none of our secrets.
    #[error("no signature matches")]
    WrongSignature,
    /// It was signed too long ago, or in the future.
    #[error("it was signed more than a day ago, or ahead of us")]
    Stale,
}

impl From<Unverified> for Problem {
    fn from(error: Unverified) -> Self {
        Self::unauthorized(format!("This event is not believed: {error}."))
    }
}

/// Whether the body was signed with one of `secrets`: several are active while one is being replaced. Compares in constant
/// time.
pub fn verify(
    secrets: &[impl AsRef<str>],
    timestamp: &str,
    signature: &str,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Unverified> {
    let tag = HEXLOWER_PERMISSIVE
        .decode(signature.trim().as_bytes())
        .map_err(|_| Unverified::WrongSignature)?;
    let made = |secret: &str| {
        Hmac::<Sha256>::new_from_slice(secret.as_bytes()).is_ok_and(|mac| {
            let mac = mac.chain_update(timestamp.as_bytes()).chain_update(b".");
            mac.chain_update(body).verify_slice(&tag).is_ok()
        })
    };
    if !secrets.iter().any(|secret| made(secret.as_ref())) {
        return Err(Unverified::WrongSignature);
    }
    let at: i64 = timestamp.trim().parse().map_err(|_| Unverified::WrongSignature)?;
    let at_s = if at >= MILLISECONDS { at / 1_000 } else { at };
    let oldest_s = limits::WEBHOOK_RETRIES_H
        .saturating_mul(3_600)
        .saturating_add(limits::WEBHOOK_TOLERANCE_S);
    let age_s = now.timestamp().saturating_sub(at_s);
    match (-limits::WEBHOOK_TOLERANCE_S..=oldest_s).contains(&age_s) {
        true => Ok(()),
        false => Err(Unverified::Stale),
    }
}

/// Whether an event with this body comes from a holder of one of `secrets`.
pub fn believed(cx: &Cx, secrets: &[String], body: &[u8]) -> Result<(), Problem> {
    let header = |name| cx.header(name).ok_or(Unverified::WrongSignature);
    let (timestamp, signature) = (header("lob-signature-timestamp")?, header("lob-signature")?);
    Ok(verify(secrets, timestamp, signature, body, cx.moment().now)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    // Computed with Python: hmac.new(b"lob-secret", timestamp + b"." + body, hashlib.sha256).hexdigest().
    const BODY: &[u8] = br#"{"message_uuid":"aaaaaaaa-bbbb-cccc-dddd-0123456789ab","text":"STOP"}"#;
    const AT: &str = "1614265330123";
    const TAG: &str = "1e1b39650f8f263f2db8787078208d0f8d2e72071bd320e8886b9bbd2e678a68";

    fn check(timestamp: &str, signature: &str, body: &[u8], now: i64) -> Result<(), Unverified> {
        let now = DateTime::from_timestamp(now, 0).unwrap();
        verify(&["another", "lob-secret"], timestamp, signature, body, now)
    }

    #[test]
    fn what_lob_signs_is_believed_for_as_long_as_it_delivers_and_nothing_else() {
        let at = 1_614_265_330;
        assert_eq!(check(AT, TAG, BODY, at), Ok(()));
        assert_eq!(check(AT, &TAG.to_uppercase(), BODY, at + 86_400), Ok(()));
        assert_eq!(check(AT, TAG, BODY, at + 86_400 + 301), Err(Unverified::Stale));
        assert_eq!(check(AT, TAG, BODY, at - 301), Err(Unverified::Stale));
        for (timestamp, signature, body) in [
            ("1614265330124", TAG, BODY),
            (AT, &TAG[..62], BODY),
            (AT, "", BODY),
            (AT, "zz", BODY),
            ("", TAG, BODY),
            (AT, TAG, &b"{}"[..]),
        ] {
            assert_eq!(
                check(timestamp, signature, body, at),
                Err(Unverified::WrongSignature),
                "{signature}"
            );
        }
    }
}
