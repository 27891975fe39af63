//! The Content-Security-Policy that the pages are written for: no script, nothing loaded, one stylesheet by nonce.

use data_encoding::BASE64;
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// The policy for every page but the mail view. `nonce` is the page's own; `form_targets` are origins besides this
/// site that a form may end at, for browsers hold the redirect after a POST against `form-action` too: a payment
/// provider's origin such as `https://checkout.example`.
pub fn content_security_policy(nonce: &str, form_targets: &[&str]) -> String {
    policy(&format!("style-src 'nonce-{nonce}'"), form_targets)
}

/// How many style attributes of a mail are allowed: ours have some thirty, and a header has its limits.
const MAIL_STYLES: usize = 64;

/// The policy for [`crate::pages::mail_page`] of a mail in HTML: its layout lives in style attributes, and the frame that
/// shows it inherits the page's policy, so those that it has are allowed, each by its hash. Stylesheets still need the
/// nonce.
pub fn mail_content_security_policy(nonce: &str, mail: &str) -> String {
    let styles = mail.split(" style=\"").skip(1);
    let styles: BTreeSet<&str> = styles.filter_map(|rest| rest.split('"').next()).collect();
    let hash = |style: &str| format!(" 'sha256-{}'", BASE64.encode(&Sha256::digest(style.as_bytes())));
    // What is escaped is hashed as it is read, and ours are not.
    let hashes: String = styles
        .into_iter()
        .filter(|style| !style.contains('&'))
        .take(MAIL_STYLES)
        .map(hash)
        .collect();
    policy(
        &format!("style-src 'nonce-{nonce}'; style-src-attr 'unsafe-hashes'{hashes}"),
        &[],
    )
}

fn policy(styles: &str, form_targets: &[&str]) -> String {
    let mut text =
        format!("default-src 'none'; {styles}; base-uri 'none'; frame-ancestors 'none'; form-action 'self'");
    for target in form_targets {
        text.push(' ');
        text.push_str(target);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_every_directive_that_default_src_does_not_cover() {
        assert_eq!(
            content_security_policy("abc", &["https://checkout.example"]),
            "default-src 'none'; style-src 'nonce-abc'; base-uri 'none'; frame-ancestors 'none'; \
             form-action 'self' https://checkout.example"
        );
    }

    #[test]
    fn a_mail_is_allowed_the_styles_that_it_has() {
        let mail = r#"<p style="margin:0">a</p><p style="margin:0">b</p><td style="color:red">c</td><i style="a&amp;b">"#;
        // printf margin:0 | openssl dgst -sha256 -binary | base64
        assert_eq!(
            mail_content_security_policy("abc", mail),
            "default-src 'none'; style-src 'nonce-abc'; style-src-attr 'unsafe-hashes' \
             'sha256-8f935d27GvUutRyY9yWScUMiFUk4WTdZURISiYfPOeQ=' 'sha256-q3nqK4VzeI/SowYCYQ/tCfo056B/JMutuSpzbJbHczk='; \
             base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
        );
    }
}
