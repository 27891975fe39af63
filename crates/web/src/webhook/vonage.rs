//! Vonage's signed webhooks (developer.vonage.com, "Webhooks", "Decoding signed webhooks"): a JSON Web Token (RFC 7519) as
//! the request's bearer, HMAC-SHA256 under the account's signature secret, which says what the body's SHA-256 is.
//!
//! No other algorithm is taken, least of all `none` (RFC 8725, section 3.1). The token may be as old as Vonage goes on
//! delivering (24 h); a narrower window would lose late events, and a replayed one changes nothing.

use crate::limits;
use crate::problem::Problem;
use crate::{context::Cx, secrets};
use chrono::{DateTime, Utc};
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::{Digest, Sha256};

/// Why a request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// There is no token, or it cannot be read.
    #[error("it has no token that can be read")]
    NoToken,
    /// It is signed in another way.
    #[error("its token is not signed with HS256")]
    UnknownAlgorithm,
    /// No secret of ours made the signature.
    #[error("no signature matches")]
    WrongSignature,
    /// It was made too long ago, or in the future.
    #[error("its token is more than a day old, or ahead of us")]
    Stale,
    /// The body is not the one that was signed.
    #[error("the body is not the one that was signed")]
    WrongBody,
}

impl From<Unverified> for Problem {
    fn from(error: Unverified) -> Self {
        Self::unauthorized(format!("This request is not believed: {error}."))
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    iat: i64,
    payload_hash: Option<String>,
}

/// Whether `token` was made with one of `secrets` for `body`: several are active while one is being replaced. Compares in
/// constant time.
pub fn verify(
    secrets: &[impl AsRef<str>],
    token: &str,
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Unverified> {
    let (signed, signature) = token.rsplit_once('.').ok_or(Unverified::NoToken)?;
    let (header, claims) = signed.split_once('.').ok_or(Unverified::NoToken)?;
    let header: Header = part(header)?;
    if header.alg != "HS256" {
        return Err(Unverified::UnknownAlgorithm);
    }
    let tag = BASE64URL_NOPAD
        .decode(signature.as_bytes())
        .map_err(|_| Unverified::NoToken)?;
    let made = |secret: &str| {
        Hmac::<Sha256>::new_from_slice(secret.as_bytes())
            .is_ok_and(|mac| mac.chain_update(signed.as_bytes()).verify_slice(&tag).is_ok())
    };
    if !secrets.iter().any(|secret| made(secret.as_ref())) {
        return Err(Unverified::WrongSignature);
    }
    let claims: Claims = part(claims)?;
    let oldest_s = limits::WEBHOOK_RETRIES_H
        .saturating_mul(3_600)
        .saturating_add(limits::WEBHOOK_TOLERANCE_S);
    let age_s = now.timestamp().saturating_sub(claims.iat);
    if !(-limits::WEBHOOK_TOLERANCE_S..=oldest_s).contains(&age_s) {
        return Err(Unverified::Stale);
    }
    let hash = HEXLOWER.encode(&Sha256::digest(body));
    let said = claims.payload_hash.unwrap_or_default().to_ascii_lowercase();
    match secrets::same(&hash, &said) {
        true => Ok(()),
        false => Err(Unverified::WrongBody),
    }
}

fn part<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, Unverified> {
    let json = BASE64URL_NOPAD
        .decode(text.trim_end_matches('=').as_bytes())
        .map_err(|_| Unverified::NoToken)?;
    serde_json::from_slice(&json).map_err(|_| Unverified::NoToken)
}

/// Whether a request with this body comes from a holder of one of `secrets`.
pub fn believed(cx: &Cx, secrets: &[String], body: &[u8]) -> Result<(), Problem> {
    let token = cx.header("authorization").and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    let token = token.ok_or(Unverified::NoToken)?;
    Ok(verify(secrets, token, body, cx.moment().now)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "Z6l2eVbCbQ4Ap5RKN0uq2kyEsMnF5LxH2Jt1WvYdPqXc";
    const BODY: &[u8] = br#"{"message_uuid":"aaaaaaaa-bbbb-cccc-dddd-0123456789ab","text":"STOP"}"#;
    const AT: i64 = 1_614_265_330;
    // Made with Python's hmac from the claims of Vonage's documentation: iat, jti, iss, payload_hash, api_key and
    // application_id.
    const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE2MTQyNjUzMzAsImp0aSI6ImM1YmE4ZjI0LTFhMTQtNGMxMC1iZmRmLTNmYmU4Y2U1MTFiNSIsImlzcyI6IlZvbmFnZSIsInBheWxvYWRfaGFzaCI6ImYzNmQ0YjgwNTIzMjU4NGE5ZjkyY2M0NGVmMDQ5ODMxN2I5YTg5MGE0YjlmMGRkNjAwNzY0MjY4NmQ1MDc4OTAiLCJhcGlfa2V5IjoiYTFiMmMzZCIsImFwcGxpY2F0aW9uX2lkIjoiYWFhYWFhYWEtYmJiYi1jY2NjLWRkZGQtMDEyMzQ1Njc4OWFiIn0.QoWUWcrMOvdcQX7Kr3cnhbg7I1_L6bI9gIvbyoYC30g";

    fn check(token: &str, body: &[u8], now: i64) -> Result<(), Unverified> {
        verify(
            &["another", SECRET],
            token,
            body,
            DateTime::from_timestamp(now, 0).unwrap(),
        )
    }

    fn token(header: &str, claims: &str) -> String {
        let signed = [header, claims]
            .map(|part| BASE64URL_NOPAD.encode(part.as_bytes()))
            .join(".");
        let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
        let tag = mac.chain_update(signed.as_bytes()).finalize().into_bytes();
        format!("{signed}.{}", BASE64URL_NOPAD.encode(&tag))
    }

    #[test]
    fn what_vonage_signs_is_believed_for_as_long_as_it_delivers() {
        for now in [AT, AT + 86_400, AT - 300] {
            assert_eq!(check(TOKEN, BODY, now), Ok(()), "{now}");
        }
        for now in [AT + 86_400 + 301, AT - 301] {
            assert_eq!(check(TOKEN, BODY, now), Err(Unverified::Stale), "{now}");
        }
    }

    #[test]
    fn nothing_else_is() {
        assert_eq!(check(TOKEN, b"{}", AT), Err(Unverified::WrongBody));
        let other = TOKEN.replace("QoWU", "QoWV");
        assert_eq!(check(&other, BODY, AT), Err(Unverified::WrongSignature));
        for none in ["", "a.b", "a.b.c", "..", "e30.e30.e30"] {
            assert_eq!(check(none, BODY, AT), Err(Unverified::NoToken), "{none}");
        }
        let none: [&str; 0] = [];
        let now = DateTime::from_timestamp(AT, 0).unwrap();
        assert_eq!(verify(&none, TOKEN, BODY, now), Err(Unverified::WrongSignature));
    }

    #[test]
    fn no_other_algorithm_and_no_token_without_a_body_hash() {
        let claims = format!(r#"{{"iat": {AT}}}"#);
        let unsigned = token(r#"{"alg": "none"}"#, &claims);
        assert_eq!(check(&unsigned, BODY, AT), Err(Unverified::UnknownAlgorithm));
        let hashless = token(r#"{"alg": "HS256"}"#, &claims);
        assert_eq!(check(&hashless, BODY, AT), Err(Unverified::WrongBody));
    }
}
