//! Random tokens, their hashes, and comparison in constant time.

use crate::problem::Problem;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};
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

/// A key of 256 bits, in base64, that the same `secret` and `parts` give again: for what signs and is stored nowhere.
pub fn derived_key(secret: &str, parts: &[&[u8]]) -> Result<String, Problem> {
    Ok(BASE64.encode(&tag(secret, fingerprint(parts).as_bytes())?))
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

/// Bytes of a nonce: random ones of this length never meet (XChaCha20).
const NONCE: usize = 24;

fn locked_with(secret: &str) -> XChaCha20Poly1305 {
    use chacha20poly1305::KeyInit;
    let key = Sha256::new()
        .chain_update("dunlin: what is locked under this secret\n")
        .chain_update(secret)
        .finalize();
    XChaCha20Poly1305::new(&key)
}

/// `text` so that nobody without `secret` can read or change it: XChaCha20-Poly1305 under a key made of the secret,
/// bound to `name`, with a nonce of its own. `secret` is to be long and random.
pub fn lock(secret: &str, name: &str, text: &str) -> Result<String, Problem> {
    let nonce = store::random::<NONCE>()?;
    let payload = Payload {
        msg: text.as_bytes(),
        aad: name.as_bytes(),
    };
    let locked = locked_with(secret)
        .encrypt(&XNonce::from(nonce), payload)
        .map_err(|_| Problem::internal("what is too long to be locked"))?;
    Ok(BASE64URL_NOPAD.encode(&[nonce.as_slice(), &locked].concat()))
}

/// The text that was locked under the same secret and name; `None` for any other.
pub fn unlock(secret: &str, name: &str, locked: &str) -> Option<String> {
    let bytes = BASE64URL_NOPAD.decode(locked.as_bytes()).ok()?;
    let (nonce, msg) = bytes.split_first_chunk::<NONCE>()?;
    let payload = Payload {
        msg,
        aad: name.as_bytes(),
    };
    let text = locked_with(secret).decrypt(&XNonce::from(*nonce), payload).ok()?;
    String::from_utf8(text).ok()
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
    fn what_is_locked_is_hidden_and_opens_with_its_own_secret_and_name_alone() {
        let locked = lock("s", "quickbooks", "refresh-token").unwrap();
        assert!(!locked.contains("refresh") && locked != lock("s", "quickbooks", "refresh-token").unwrap());
        assert_eq!(
            unlock("s", "quickbooks", &locked).as_deref(),
            Some("refresh-token")
        );
        assert_eq!(unlock("t", "quickbooks", &locked), None);
        assert_eq!(unlock("s", "xero", &locked), None);
        let changed = if locked.ends_with('A') { "B" } else { "A" };
        let changed = format!("{}{changed}", &locked[..locked.len() - 1]);
        assert_eq!(unlock("s", "quickbooks", &changed), None);
        assert_eq!(unlock("s", "quickbooks", "AAAA"), None);
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
    fn a_derived_key_has_all_the_bits_of_its_hash() {
        let derive = |secret, part: &[u8]| derived_key(secret, &[part]).unwrap();
        assert_eq!(BASE64.decode(derive("s", b"a").as_bytes()).unwrap().len(), 32);
        assert_eq!(derive("s", b"a"), derive("s", b"a"));
        assert_ne!(derive("s", b"a"), derive("s", b"b"));
        assert_ne!(derive("s", b"a"), derive("t", b"a"));
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
