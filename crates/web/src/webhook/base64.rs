//! Signatures that are the base64 of HMAC-SHA256 over the raw body and nothing else: Xero's `x-xero-signature`
//! (developer.xero.com, "Webhooks", "Signature") and QuickBooks' `intuit-signature` (developer.intuit.com, "Webhooks",
//! "Validating the notification"), both with the key's text as it stands.
//!
//! Neither covers a time, so a recorded delivery can be sent again: it changes nothing, since what it tells of is
//! fetched anew.

use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Whether the body was signed with one of `keys`: several are active while one is being replaced by another. Compares
/// in constant time.
pub fn verify(keys: &[impl AsRef<str>], signature: Option<&str>, body: &[u8]) -> bool {
    let Some(tag) = signature.and_then(|text| BASE64.decode(text.as_bytes()).ok()) else {
        return false;
    };
    keys.iter().any(|key| {
        Hmac::<Sha256>::new_from_slice(key.as_ref().as_bytes()).is_ok_and(|mut mac| {
            mac.update(body);
            mac.verify_slice(&tag).is_ok()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Computed with Python: base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).
    const BODY: &[u8] =
        br#"{"events":[],"firstEventSequence": 0,"lastEventSequence": 0, "entropy": "S0m3r4Nd0mt3xt"}"#;
    const KEY: &str = "xero-webhook-key";
    const SIGNATURE: &str = "NTB2cjEEYx6t3Oyx4VZvc30bUXyQSL2/cz1h4V0qRNg=";

    #[test]
    fn only_the_body_as_it_came_under_one_of_our_keys_is_believed() {
        let spaced = [BODY, b" "].concat();
        let believed = |keys: &[&str], signature: &str, body: &[u8]| verify(keys, Some(signature), body);
        assert!(believed(&[KEY], SIGNATURE, BODY));
        assert!(believed(&["old", KEY], SIGNATURE, BODY));
        for (keys, signature, body) in [
            (&["old"][..], SIGNATURE, BODY),
            (&[], SIGNATURE, BODY),
            (&[KEY], "", BODY),
            (&[KEY], "not base64", BODY),
            (&[KEY], SIGNATURE, &spaced),
        ] {
            assert!(!believed(keys, signature, body), "{keys:?} {signature:?}");
        }
        assert!(!verify(&[KEY], None, BODY));
    }
}
