//! Random tokens, their hashes, and comparison in constant time.

use crate::problem::Problem;
use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A token of 128 random bits, in 22 characters that are safe in a URL.
pub fn token() -> Result<String, Problem> {
    Ok(BASE64URL_NOPAD.encode(&store::random::<16>()?))
}

/// SHA-256 in hexadecimal: what is stored of a token.
pub fn hash(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// Bytes in hexadecimal, as digests are kept.
pub fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// SHA-256 over several parts, in hexadecimal, each part's length included so that no two splits meet.
pub fn fingerprint(parts: &[&[u8]]) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(part);
    }
    HEXLOWER.encode(&digest.finalize())
}

/// A token of 128 bits that the same `secret` and `parts` give again, and that nobody without the secret can tell
/// from a random one. For an answer that must be given twice although its token is stored nowhere.
pub fn derived_token(secret: &str, parts: &[&[u8]]) -> Result<String, Problem> {
    let tag = tag(secret, fingerprint(parts).as_bytes())?;
    Ok(BASE64URL_NOPAD.encode(tag.get(..16).unwrap_or_default()))
}

fn tag(secret: &str, message: &[u8]) -> Result<Vec<u8>, Problem> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map_err(|error| Problem::internal(format!("hmac key: {error}")))?;
    mac.update(message);
    Ok(mac.finalize().into_bytes().to_vec())
}

/// `text` with a proof that it comes from a holder of `secret`, safe in a URL. Not hidden: who has it can read it.
pub fn seal(secret: &str, text: &str) -> Result<String, Problem> {
    let body = BASE64URL_NOPAD.encode(text.as_bytes());
    let tag = tag(secret, body.as_bytes())?;
    Ok(format!("{body}.{}", BASE64URL_NOPAD.encode(&tag)))
}

/// The text of a seal made with the same secret; `None` for any other.
pub fn unseal(secret: &str, sealed: &str) -> Result<Option<String>, Problem> {
    let Some((body, given)) = sealed.split_once('.') else {
        return Ok(None);
    };
    let ours = BASE64URL_NOPAD.encode(&tag(secret, body.as_bytes())?);
    if !same(&ours, given) {
        return Ok(None);
    }
    let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).ok();
    Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
}

/// Whether two secrets are the same, in time that does not tell where they differ. An empty one equals nothing.
pub fn same(a: &str, b: &str) -> bool {
    let (a, b) = (Sha256::digest(a.as_bytes()), Sha256::digest(b.as_bytes()));
    let empty = Sha256::digest(b"");
    let equal: bool = a.as_slice().ct_eq(b.as_slice()).into();
    let nothing: bool = a.as_slice().ct_eq(empty.as_slice()).into();
    equal && !nothing
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_the_same_only_when_they_are_and_are_something() {
        assert!(same("k1", "k1"));
        assert!(!same("k1", "k2"));
        assert!(!same("", ""));
    }

    #[test]
    fn a_seal_opens_with_its_own_secret_and_unaltered() {
        let sealed = seal("s", "{}").unwrap();
        assert_eq!(unseal("s", &sealed).unwrap().as_deref(), Some("{}"));
        assert_eq!(unseal("t", &sealed).unwrap(), None);
        assert_eq!(unseal("s", &format!("A{sealed}")).unwrap(), None);
        assert_eq!(unseal("s", "e30").unwrap(), None);
    }

    #[test]
    fn a_derived_token_is_the_same_for_the_same_and_only_then() {
        let derive = |secret, part: &[u8]| derived_token(secret, &[part]).unwrap();
        assert_eq!(derive("s", b"a"), derive("s", b"a"));
        assert_ne!(derive("s", b"a"), derive("s", b"b"));
        assert_ne!(derive("s", b"a"), derive("t", b"a"));
        assert_eq!(derive("s", b"a").len(), 22);
    }

    #[test]
    fn a_fingerprint_knows_where_its_parts_end() {
        assert_ne!(fingerprint(&[b"ab", b"c"]), fingerprint(&[b"a", b"bc"]));
        assert_eq!(
            hash(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
        );
    }
}
