//! Addresses as carriers want them.

/// `"Braun, Ada" <ada@nordwind.example>` (RFC 5322, section 3.4), the name quoted always.
pub(crate) fn mailbox(name: &str, email: &str) -> String {
    let mut quoted = String::with_capacity(name.len());
    for letter in name.chars().filter(|letter| !letter.is_control()) {
        if matches!(letter, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    match quoted.trim() {
        "" => email.to_owned(),
        name => format!("\"{name}\" <{email}>"),
    }
}

/// An address of the same mailbox that names what an answer is about: `ada+tag@x.example` (RFC 5233). Left as it is where
/// its first part would exceed the 64 octets of RFC 5321, section 4.5.3.1.1, or the tag is nothing that may stand there.
pub fn tagged(address: &str, tag: &str) -> String {
    let plain = |tag: &str| {
        tag.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    };
    match address.rsplit_once('@') {
        Some((local, domain)) if plain(tag) && !local.starts_with('"') => {
            let local = format!("{local}+{tag}");
            match local.len() {
                0..=64 => format!("{local}@{domain}"),
                _ => address.to_owned(),
            }
        }
        _ => address.to_owned(),
    }
}

/// The part of an address after its `@`.
pub(crate) fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or("localhost", |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_end_no_header() {
        for (name, expected) in [
            ("Ada", "\"Ada\" <a@x.example>"),
            ("Braun, Ada", "\"Braun, Ada\" <a@x.example>"),
            ("The \"B\\C\"", "\"The \\\"B\\\\C\\\"\" <a@x.example>"),
            (
                "Ada\r\nBcc: all@x.example",
                "\"AdaBcc: all@x.example\" <a@x.example>",
            ),
            (" ", "a@x.example"),
        ] {
            assert_eq!(mailbox(name, "a@x.example"), expected);
        }
    }

    #[test]
    fn an_answer_goes_to_the_case() {
        for (address, tag, expected) in [
            ("ar@x.example", "cus_1-eur", "ar+cus_1-eur@x.example"),
            ("ar+in@x.example", "c", "ar+in+c@x.example"),
            ("\"a r\"@x.example", "c", "\"a r\"@x.example"),
            ("ar@x.example", "a b", "ar@x.example"),
            ("ar", "c", "ar"),
        ] {
            assert_eq!(tagged(address, tag), expected);
        }
        let long = format!("{}@x.example", "a".repeat(60));
        assert_eq!(tagged(&long, "12345"), long);
    }
}
