//! Signatures that are the HMAC-SHA256 of the raw body in hexadecimal, and nothing else: Razorpay's
//! `X-Razorpay-Signature` (razorpay.com/docs/webhooks/validate-test) and GoCardless's `Webhook-Signature`
//! (developer.gocardless.com/api-reference, "Webhooks").
//!
//! There is no time in them: an old event can be sent again by whoever has kept it, so what is done with one must be
//! done once.

use crate::problem::Problem;
use data_encoding::HEXLOWER_PERMISSIVE;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The signature is absent, or of none of our secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no signature of the body matches")]
pub struct Unverified;

/// Whether the body was signed with one of `secrets`: several are active while one is being replaced by another.
/// Compares in constant time.
pub fn verify(secrets: &[impl AsRef<str>], signature: Option<&str>, body: &[u8]) -> Result<(), Unverified> {
    let hex = signature.ok_or(Unverified)?.trim();
    let tag = HEXLOWER_PERMISSIVE
        .decode(hex.as_bytes())
        .map_err(|_| Unverified)?;
    for secret in secrets {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_ref().as_bytes()) else {
            continue;
        };
        mac.update(body);
        if mac.verify_slice(&tag).is_ok() {
            return Ok(());
        }
    }
    Err(Unverified)
}

impl From<Unverified> for Problem {
    fn from(error: Unverified) -> Self {
        Self::unauthorized(format!("This event is not believed: {error}."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // RFC 4231, test case 2.
    const KEY: &str = "Jefe";
    const BODY: &[u8] = b"what do ya want for nothing?";
    const TAG: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

    #[test]
    fn the_body_signed_with_our_secret_is_believed_and_nothing_else() {
        let check = |signature| verify(&["other", KEY], signature, BODY);
        assert_eq!(check(Some(TAG)), Ok(()));
        let upper = TAG.to_uppercase();
        assert_eq!(check(Some(&upper)), Ok(()));
        let zeros = "0".repeat(64);
        for wrong in [None, Some(""), Some("zz"), Some(&TAG[..62]), Some(&zeros)] {
            assert_eq!(check(wrong), Err(Unverified), "{wrong:?}");
        }
        assert_eq!(
            verify(&[KEY], Some(TAG), b"what do ya want for something?"),
            Err(Unverified)
        );
        let none: [&str; 0] = [];
        assert_eq!(verify(&none, Some(TAG), BODY), Err(Unverified));
    }
}
