//! The token with which calls are asked for: a JSON Web Token (RFC 7519) under RS256 (RFC 7518, section 3.3), made anew
//! for each call and good for minutes.

use chrono::{DateTime, Utc};
use data_encoding::BASE64URL_NOPAD;
use rsa::RsaPrivateKey;
use rsa::pkcs1::DecodeRsaPrivateKey;
use rsa::pkcs1v15::SigningKey;
use rsa::pkcs8::DecodePrivateKey;
use rsa::signature::{SignatureEncoding, Signer as _};
use serde_json::json;
use sha2::Sha256;
use web::Problem;

/// Seconds for which a token is good: a clock may be off by a minute.
const GOOD_FOR_S: i64 = 300;

/// Signs for an application.
pub(super) struct Signer {
    application: String,
    key: SigningKey<Sha256>,
}

impl Signer {
    /// `key`: the application's private key, PEM in PKCS #8 or PKCS #1; its line ends may be written `\n`, since many
    /// places for variables have room for one line alone.
    pub(super) fn new(application: String, key: &str) -> Result<Self, Problem> {
        let pem = key.replace("\\n", "\n");
        let parsed = RsaPrivateKey::from_pkcs8_pem(&pem).or_else(|_| RsaPrivateKey::from_pkcs1_pem(&pem));
        let key = parsed.map_err(|_| Problem::internal("vonage_private_key: not an RSA key in PEM"))?;
        Ok(Self {
            application,
            key: SigningKey::new(key),
        })
    }

    /// A token made at `now`; `jti` makes it one of a kind.
    pub(super) fn token(&self, now: DateTime<Utc>, jti: &str) -> Result<String, Problem> {
        let at = now.timestamp();
        let header = json!({"alg": "RS256", "typ": "JWT"});
        let claims = json!({"application_id": self.application, "iat": at, "exp": at.saturating_add(GOOD_FOR_S),
            "jti": jti});
        let signed = [header, claims]
            .map(|part| BASE64URL_NOPAD.encode(part.to_string().as_bytes()))
            .join(".");
        let signature = self
            .key
            .try_sign(signed.as_bytes())
            .map_err(|error| Problem::internal(format!("vonage_private_key: {error}")))?;
        Ok(format!(
            "{signed}.{}",
            BASE64URL_NOPAD.encode(&signature.to_vec())
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A key made for this test with `openssl genrsa`, in both forms; the token by Python's `cryptography` 48: PKCS #1 v1.5
    // has one signature for a text.
    const PKCS8: &str = include_str!("token/test_key.pem");
    const PKCS1: &str = include_str!("token/test_key_pkcs1.pem");
    const TOKEN: &str = include_str!("token/test_token.txt");

    #[test]
    fn a_token_is_what_others_make_of_the_same_key_and_claims() {
        let now = DateTime::from_timestamp(1_768_291_200, 0).unwrap();
        for key in [PKCS8.to_owned(), PKCS1.to_owned(), PKCS8.replace('\n', "\\n")] {
            let signer = Signer::new("app-1".to_owned(), &key).unwrap();
            assert_eq!(signer.token(now, "j1").unwrap(), TOKEN);
        }
        assert!(Signer::new("app-1".to_owned(), "no key").is_err());
    }
}
