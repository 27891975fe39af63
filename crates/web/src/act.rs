//! How a request is named on the trail: by its method and address, without what must not be kept there.
//!
//! Somebody who showed no key may have a secret in the address, as the link of a payment does: of that only where it
//! leads is kept. Of an address that a key opens, what is neither a word of the route nor an id of ours is left out, as
//! an e-mail address that is suppressed.

use http::Method;

/// Who showed no key.
pub(crate) const PUBLIC: &str = "public";
/// Who runs the jobs.
pub(crate) const CRON: &str = "cron";

/// Longest part of an address that is kept.
const SEGMENT: usize = 64;

/// Method and address, as they may be kept.
pub(crate) fn shown(method: &Method, path: &str, has_key: bool) -> String {
    let kept = match has_key {
        true => usize::MAX,
        // `/webhooks/stripe` says who tells; what follows `/pay` is a secret.
        false if path.starts_with("/webhooks/") => 2,
        false => 1,
    };
    let mut shown = format!("{method} ");
    let segments = path.split('/').filter(|segment| !segment.is_empty());
    for (place, segment) in segments.enumerate() {
        shown.push('/');
        shown.push_str(if place < kept && is_plain(segment) {
            segment
        } else {
            "*"
        });
    }
    shown
}

/// A word of a route, the name of a thing, or an id of ours: nothing that tells of a person.
fn is_plain(segment: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-.".contains(&byte);
    segment.len() <= SEGMENT
        && segment.bytes().all(plain)
        && segment.bytes().any(|byte| byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_or_personal_is_left_out() {
        let cases = [
            (
                "/v1/invoices/inv_01aryz6s41zzzzzzzzzzzzzzzz/void",
                true,
                "/v1/invoices/inv_01aryz6s41zzzzzzzzzzzzzzzz/void",
            ),
            ("/v1/suppressions/a%40b.example", true, "/v1/suppressions/*"),
            ("/v1/suppressions/493012345", true, "/v1/suppressions/*"),
            ("/v1/policies/gentle-2", true, "/v1/policies/gentle-2"),
            ("/pay/abcdef", false, "/pay/*"),
            ("/unsubscribe/abcdef", false, "/unsubscribe/*"),
            ("/webhooks/stripe", false, "/webhooks/stripe"),
            ("/webhooks/twilio/voice-token", false, "/webhooks/twilio/*"),
            ("/", false, ""),
        ];
        for (path, has_key, expected) in cases {
            assert_eq!(
                shown(&Method::POST, path, has_key),
                format!("POST {expected}"),
                "{path}"
            );
        }
    }
}
