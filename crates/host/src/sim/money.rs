//! Amounts of the simulated world: cents, as it thinks of them, and as the API writes them.

use serde_json::{Value, json};

/// `12.34`.
pub(super) fn text(cents: i64) -> String {
    let sign = if cents < 0 { "-" } else { "" };
    let all = cents.unsigned_abs();
    format!("{sign}{}.{:02}", all / 100, all % 100)
}

/// As the API takes it.
pub(super) fn json(cents: i64, currency: &str) -> Value {
    json!({"amount": text(cents), "currency": currency})
}

/// The cents of an amount that the API wrote in a currency of two digits.
pub(super) fn cents(amount: &str) -> Option<i64> {
    amount.replace('.', "").parse().ok()
}

/// The cents of a `{"amount", "currency"}` at a pointer.
pub(super) fn at(document: &Value, pointer: &str) -> Option<i64> {
    cents(document.pointer(pointer)?.get("amount")?.as_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_there_and_back() {
        for (minor, written) in [
            (0, "0.00"),
            (5, "0.05"),
            (-5, "-0.05"),
            (123_456, "1234.56"),
            (-1200, "-12.00"),
        ] {
            assert_eq!(text(minor), written);
            assert_eq!(cents(written), Some(minor));
        }
        assert_eq!(at(&json!({"balance": json(199, "EUR")}), "/balance"), Some(199));
    }
}
