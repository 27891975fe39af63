//! Adyen's signatures: each notification item carries the base64 HMAC-SHA256 over eight of its fields, joined by colons,
//! with a key that is hexadecimal (docs.adyen.com, "Verify HMAC signatures").
//!
//! No more than those eight fields is believed on its account; there is no time among them, so what is done with an item
//! must be done once. Backslashes and colons in a field are joined as they stand, as Adyen's own libraries do.

use crate::problem::Problem;
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The eight fields that are signed, as text; what an item does not have is empty.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Signed<'a> {
    /// `pspReference`.
    pub psp_reference: &'a str,
    /// `originalReference`.
    pub original_reference: &'a str,
    /// `merchantAccountCode`.
    pub merchant_account: &'a str,
    /// `merchantReference`.
    pub merchant_reference: &'a str,
    /// `amount.value`.
    pub value: &'a str,
    /// `amount.currency`.
    pub currency: &'a str,
    /// `eventCode`.
    pub event_code: &'a str,
    /// `success`.
    pub success: &'a str,
}

/// Why an item is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// It is absent, or of none of our keys.
    #[error("no hmacSignature matches")]
    WrongSignature,
    /// A key that we hold is not hexadecimal.
    #[error("the key is not hexadecimal")]
    BadKey,
}

/// Whether an item was signed with one of `keys`: several are active while one is being replaced by another. Compares
/// in constant time.
pub fn verify(
    keys: &[impl AsRef<str>],
    signed: Signed<'_>,
    signature: Option<&str>,
) -> Result<(), Unverified> {
    let tag = signature.and_then(|text| BASE64.decode(text.as_bytes()).ok());
    let tag = tag.ok_or(Unverified::WrongSignature)?;
    let fields = [
        signed.psp_reference,
        signed.original_reference,
        signed.merchant_account,
        signed.merchant_reference,
        signed.value,
        signed.currency,
        signed.event_code,
        signed.success,
    ];
    for key in keys {
        let key = HEXLOWER_PERMISSIVE
            .decode(key.as_ref().as_bytes())
            .map_err(|_| Unverified::BadKey)?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| Unverified::BadKey)?;
        mac.update(fields.join(":").as_bytes());
        if mac.verify_slice(&tag).is_ok() {
            return Ok(());
        }
    }
    Err(Unverified::WrongSignature)
}

impl From<Unverified> for Problem {
    fn from(error: Unverified) -> Self {
        match error {
            // Ours to mend, and nothing that the sender should read.
            Unverified::BadKey => Self::internal(format!("adyen_hmac_keys: {error}")),
            error => Self::unauthorized(format!("This notification is not believed: {error}.")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example of Adyen's documentation and of the tests of its libraries.
    const KEY: &str = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";
    const SIGNATURE: &str = "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0=";
    const ITEM: Signed<'_> = Signed {
        psp_reference: "7914073381342284",
        original_reference: "",
        merchant_account: "TestMerchant",
        merchant_reference: "TestPayment-1407325143704",
        value: "1130",
        currency: "EUR",
        event_code: "AUTHORISATION",
        success: "true",
    };

    #[test]
    fn what_adyen_signs_is_believed_and_nothing_else() {
        let other = "00".repeat(32);
        assert_eq!(verify(&[other.as_str(), KEY], ITEM, Some(SIGNATURE)), Ok(()));
        assert_eq!(
            verify(&[other.as_str()], ITEM, Some(SIGNATURE)),
            Err(Unverified::WrongSignature)
        );
        for wrong in [None, Some(""), Some("AAAA"), Some("%")] {
            assert_eq!(
                verify(&[KEY], ITEM, wrong),
                Err(Unverified::WrongSignature),
                "{wrong:?}"
            );
        }
        let more = Signed {
            value: "11300",
            ..ITEM
        };
        assert_eq!(
            verify(&[KEY], more, Some(SIGNATURE)),
            Err(Unverified::WrongSignature)
        );
        let refused = Signed {
            success: "false",
            ..ITEM
        };
        assert_eq!(
            verify(&[KEY], refused, Some(SIGNATURE)),
            Err(Unverified::WrongSignature)
        );
        assert_eq!(
            verify(&["no hex"], ITEM, Some(SIGNATURE)),
            Err(Unverified::BadKey)
        );
    }
}
