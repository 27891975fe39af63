//! Twilio's signatures (www.twilio.com/docs/usage/webhooks/webhooks-security, and the `RequestValidator` of its libraries,
//! 9.13): base64 of an HMAC over the address that was called and the fields of the form, sorted, names and values
//! without anything between them. HMAC-SHA1 under the account's auth token; HMAC-SHA256 under a shared key where
//! `X-Twilio-Webhooks-Signature-Settings` says so. A body of JSON is no form: its SHA-256 stands in the address, as
//! `bodySHA256`, and so is signed with it.
//!
//! The address is the one that customers reach us at (`public_url`): a `Host` header is whatever its sender writes. Twilio
//! signs it with the port or without, and either is believed. There is no time in it: what an event does is done once.

use data_encoding::{BASE64, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::context::Cx;
use crate::problem::Problem;

/// Why a request is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unverified {
    /// It has no signature, or one of none of our keys.
    #[error("no signature matches")]
    WrongSignature,
    /// The body is not the one that was signed.
    #[error("the body is not the one that was signed")]
    WrongBody,
    /// It is signed in a way that we do not know.
    #[error("its signature is of a kind that is not known")]
    UnknownAlgorithm,
}

impl From<Unverified> for Problem {
    fn from(error: Unverified) -> Self {
        Self::unauthorized(format!("This request is not believed: {error}."))
    }
}

/// A request as it was signed.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The whole address, with its query.
    pub url: &'a str,
    /// The fields of the form, in any order.
    pub fields: &'a [(String, String)],
    /// The body, where it is no form.
    pub json: Option<&'a [u8]>,
    /// `X-Twilio-Signature`.
    pub signature: Option<&'a str>,
    /// `X-Twilio-Webhooks-Signature-Settings`: `key=...,algorithm=HMAC_SHA256`.
    pub settings: Option<&'a str>,
}

/// How a request is signed.
#[derive(Debug, Clone, Copy)]
pub enum Algorithm {
    /// HMAC-SHA1, where the settings say nothing.
    Sha1,
    /// HMAC-SHA256.
    Sha256,
}

/// The algorithm that the settings name; none: HMAC-SHA1.
fn algorithm(settings: Option<&str>) -> Result<Algorithm, Unverified> {
    let mut parts = settings
        .unwrap_or_default()
        .split(',')
        .filter_map(|part| part.split_once('='));
    let named = parts.find(|(name, value)| name.trim() == "algorithm" && !value.trim().is_empty());
    match named
        .map(|(_, value)| value.trim().to_ascii_uppercase())
        .as_deref()
    {
        None | Some("HMAC_SHA1") => Ok(Algorithm::Sha1),
        Some("HMAC_SHA256") => Ok(Algorithm::Sha256),
        Some(_) => Err(Unverified::UnknownAlgorithm),
    }
}

/// The signature of an address and fields under `secret`: what Twilio sends, and what our tests do.
pub fn sign(algorithm: Algorithm, secret: &str, url: &str, fields: &[(String, String)]) -> Vec<u8> {
    let mut sorted: Vec<&(String, String)> = fields.iter().collect();
    sorted.sort();
    sorted.dedup();
    let mut text = url.to_owned();
    for (name, value) in sorted {
        text.push_str(name);
        text.push_str(value);
    }
    match algorithm {
        Algorithm::Sha1 => tag::<Hmac<Sha1>>(secret, &text),
        Algorithm::Sha256 => tag::<Hmac<Sha256>>(secret, &text),
    }
}

/// An HMAC takes keys of any length; one that did not would sign nothing.
fn tag<M: Mac + KeyInit>(secret: &str, text: &str) -> Vec<u8> {
    let mac = <M as KeyInit>::new_from_slice(secret.as_bytes());
    mac.map(|mac| mac.chain_update(text.as_bytes()).finalize().into_bytes().to_vec())
        .unwrap_or_default()
}

/// Whether a request was signed with one of `secrets`: auth tokens and shared keys, several while one is being replaced.
/// Compares in constant time.
pub fn verify(secrets: &[impl AsRef<str>], signed: Signed<'_>) -> Result<(), Unverified> {
    let algorithm = algorithm(signed.settings)?;
    let given = signed
        .signature
        .and_then(|text| BASE64.decode(text.trim().as_bytes()).ok());
    let given = given
        .filter(|tag| !tag.is_empty())
        .ok_or(Unverified::WrongSignature)?;
    if let Some(body) = signed.json {
        let ours = HEXLOWER.encode(&Sha256::digest(body));
        let theirs = body_hash(signed.url).ok_or(Unverified::WrongBody)?;
        if !bool::from(ours.as_bytes().ct_eq(theirs.to_ascii_lowercase().as_bytes())) {
            return Err(Unverified::WrongBody);
        }
    }
    let fields = if signed.json.is_some() { &[] } else { signed.fields };
    let spellings = ports(signed.url);
    let matches = |secret: &str| {
        spellings
            .iter()
            .any(|url| bool::from(sign(algorithm, secret, url, fields).ct_eq(&given)))
    };
    match secrets.iter().any(|secret| matches(secret.as_ref())) {
        true => Ok(()),
        false => Err(Unverified::WrongSignature),
    }
}

/// `bodySHA256` of an address.
fn body_hash(url: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    let query = query.split('#').next()?;
    form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "bodySHA256")
        .map(|(_, value)| value.into_owned())
}

/// An address without its port and with it.
fn ports(url: &str) -> [String; 2] {
    let Some((scheme, rest)) = url.split_once("://") else {
        return [url.to_owned(), url.to_owned()];
    };
    let cut = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at_checked(cut).unwrap_or((rest, ""));
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => (host, port),
        _ => (authority, if scheme == "https" { "443" } else { "80" }),
    };
    [
        format!("{scheme}://{host}{path}"),
        format!("{scheme}://{host}:{port}{path}"),
    ]
}

/// A body that is a form, as names and values in their order, names that come twice among them.
pub fn fields(body: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(body).into_owned().collect()
}

/// Whether a request to `path` of `public_url` with this body comes from a holder of one of `secrets`; its fields.
pub fn believed(
    cx: &Cx,
    public_url: &str,
    secrets: &[String],
    body: &[u8],
) -> Result<Vec<(String, String)>, Problem> {
    let query = match cx.raw_query() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    let url = format!("{}{}{query}", public_url.trim_end_matches('/'), cx.path());
    let is_json = cx.media_type() == "application/json";
    let fields = if is_json { Vec::new() } else { fields(body) };
    let signed = Signed {
        url: &url,
        fields: &fields,
        json: is_json.then_some(body),
        signature: cx.header("x-twilio-signature"),
        settings: cx.header("x-twilio-webhooks-signature-settings"),
    };
    verify(secrets, signed)?;
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    // The values of the tests of Twilio's libraries; those with HMAC_SHA256 and of the last case are computed with its
    // Python library, 9.13.0.
    const TOKEN: &str = "12345";
    const URL: &str = "https://mycompany.com/myapp.php?foo=1&bar=2";
    const FIELDS: [(&str, &str); 5] = [
        ("CallSid", "CA1234567890ABCDE"),
        ("Digits", "1234"),
        ("From", "+14158675309"),
        ("To", "+18005551212"),
        ("Caller", "+14158675309"),
    ];
    const BODY: &[u8] = br#"{"property": "value", "boolean": true}"#;
    const BODY_HASH: &str = "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620";

    fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
        fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    fn check(
        url: &str,
        fields: &[(&str, &str)],
        settings: Option<&str>,
        signature: &str,
    ) -> Result<(), Unverified> {
        let signed = Signed {
            url,
            fields: &owned(fields),
            json: None,
            signature: Some(signature),
            settings,
        };
        verify(&["another", TOKEN], signed)
    }

    const SHA1: &str = "RSOYDt4T1cUTdK1PDd93/VVr8B8=";
    const SHA256: &str = "033hgUJA9M/hXIZsYjwkerEP/DBm35nEri5FhCYjA5s=";

    #[test]
    fn what_twilio_signs_is_believed_with_its_port_or_without() {
        let with_port = URL.replace(".com/", ".com:443/");
        for signature in [SHA1, "kvajT1Ptam85bY51eRf/AJRuM3w="] {
            assert_eq!(check(URL, &FIELDS, None, signature), Ok(()));
            assert_eq!(check(&with_port, &FIELDS, None, signature), Ok(()));
        }
        let settings = Some("key=webhooks_sharedkey_01, algorithm=HMAC_SHA256");
        assert_eq!(check(URL, &FIELDS, settings, SHA256), Ok(()));
        assert_eq!(
            check(URL, &FIELDS, Some("key=k,algorithm=HMAC_SHA1"), SHA1),
            Ok(())
        );
        let umlauts = [("Body", "Grüße & ?="), ("A", "")];
        assert_eq!(
            check(
                "https://a.example/x",
                &umlauts,
                None,
                "iv0iR415qXn56pO3nZ9h1MLN+CA="
            ),
            Ok(())
        );
    }

    #[test]
    fn nothing_else_is() {
        let wrong = Err(Unverified::WrongSignature);
        let mut other = FIELDS;
        other[1].1 = "1235";
        assert_eq!(check(URL, &other, None, SHA1), wrong);
        assert_eq!(check(URL, &FIELDS[..4], None, SHA1), wrong);
        assert_eq!(check(&URL.replace("bar=2", "bar=3"), &FIELDS, None, SHA1), wrong);
        assert_eq!(
            check(&URL.replace("mycompany", "yours"), &FIELDS, None, SHA1),
            wrong
        );
        // Neither algorithm's for the other's.
        assert_eq!(check(URL, &FIELDS, None, SHA256), wrong);
        assert_eq!(check(URL, &FIELDS, Some("algorithm=HMAC_SHA256"), SHA1), wrong);
        for signature in ["", "AAAA", "no base64"] {
            assert_eq!(check(URL, &FIELDS, None, signature), wrong, "{signature}");
        }
        let md5 = Some("key=k,algorithm=HMAC_MD5");
        assert_eq!(check(URL, &FIELDS, md5, SHA1), Err(Unverified::UnknownAlgorithm));
        let none: [&str; 0] = [];
        let unsigned = Signed {
            url: URL,
            fields: &[],
            json: None,
            signature: None,
            settings: None,
        };
        assert_eq!(verify(&none, unsigned), wrong);
        assert_eq!(verify(&[TOKEN], unsigned), wrong);
    }

    #[test]
    fn a_body_of_json_is_believed_by_its_hash_in_the_address() {
        let url = format!("{URL}&bodySHA256={BODY_HASH}");
        let check = |url: &str, body, signature| {
            let signed = Signed {
                url,
                fields: &[],
                json: Some(body),
                signature: Some(signature),
                settings: None,
            };
            verify(&[TOKEN], signed)
        };
        let signature = "a9nBmqA0ju/hNViExpshrM61xv4=";
        assert_eq!(check(&url, BODY, signature), Ok(()));
        assert_eq!(check(&url, b"{}", signature), Err(Unverified::WrongBody));
        // Without a hash its body is anybody's.
        assert_eq!(check(URL, BODY, SHA1), Err(Unverified::WrongBody));
    }

    #[test]
    fn a_form_keeps_names_that_come_twice_and_counts_the_same_pair_once() {
        let read = fields(b"a=2&a=1&b=%2B1&a=2");
        assert_eq!(read, owned(&[("a", "2"), ("a", "1"), ("b", "+1"), ("a", "2")]));
        let sorted = owned(&[("a", "1"), ("a", "2"), ("b", "+1")]);
        assert_eq!(
            sign(Algorithm::Sha1, "k", URL, &read),
            sign(Algorithm::Sha1, "k", URL, &sorted)
        );
    }
}
