//! The Content-Security-Policy that the pages are written for: no script, nothing loaded, one stylesheet by nonce.

/// The policy for every page but the mail view. `nonce` is the page's own; `form_targets` are origins besides this
/// site that a form may end at, for browsers hold the redirect after a POST against `form-action` too: a payment
/// provider's origin such as `https://checkout.example`.
pub fn content_security_policy(nonce: &str, form_targets: &[&str]) -> String {
    policy(&format!("style-src 'nonce-{nonce}'"), form_targets)
}

/// The policy for [`crate::pages::mail_page`]: a mail's layout lives in style attributes, and the frame that shows it
/// inherits the page's policy, so attributes are allowed there and stylesheets still need the nonce.
pub fn mail_content_security_policy(nonce: &str) -> String {
    policy(
        &format!("style-src 'nonce-{nonce}'; style-src-attr 'unsafe-inline'"),
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
        assert!(mail_content_security_policy("abc").contains("style-src-attr 'unsafe-inline'"));
    }
}
