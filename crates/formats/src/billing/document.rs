//! Values out of a JSON document that somebody else has designed, with every problem noted at its place. Unlike
//! `receivables::fields`, what is not read is no problem.

use chrono::{DateTime, NaiveDate, Utc};
use receivables::country::Country;
use receivables::currency::Currency;
use receivables::fields::{FieldError, Problem, kinds};
use receivables::intake::{ContactInput, ContactRole, PostalAddress};
use receivables::limits;
use receivables::money::Money;
use serde_json::Value;

/// Digits that a JSON number keeps on its way through a binary one, whatever they are (IEEE 754: DBL_DIG).
const EXACT_DIGITS: usize = 15;

/// A document, or a part of one, that is being read.
pub(super) struct Document<'a> {
    /// Where the part stands in the document that came.
    place: String,
    value: &'a Value,
    errors: Vec<FieldError>,
}

impl<'a> Document<'a> {
    pub(super) fn of(value: &'a Value) -> Document<'a> {
        Document::at("", value)
    }

    /// A part whose problems are told with its place.
    pub(super) fn at(place: impl Into<String>, value: &'a Value) -> Document<'a> {
        Document {
            place: place.into(),
            value,
            errors: Vec::new(),
        }
    }

    /// What stands at a pointer, unless that is `null`.
    pub(super) fn find(&self, pointer: &str) -> Option<&'a Value> {
        self.value.pointer(pointer).filter(|value| !value.is_null())
    }

    /// The text at a pointer, as it is.
    pub(super) fn word(&self, pointer: &str) -> Option<&'a str> {
        self.find(pointer)?.as_str().filter(|text| !text.is_empty())
    }

    /// The list at a pointer; empty where there is none.
    pub(super) fn list(&self, pointer: &str) -> &'a [Value] {
        self.find(pointer)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    pub(super) fn report(&mut self, pointer: &str, code: &'static str, detail: impl Into<String>) {
        if self.errors.len() < limits::PROBLEMS {
            let place = format!("{}{pointer}", self.place);
            self.errors.push(FieldError::new(place, code, detail));
        }
    }

    pub(super) fn read<T>(
        &mut self,
        pointer: &str,
        kind: impl FnOnce(&Value) -> Result<T, Problem>,
    ) -> Option<T> {
        let value = self.find(pointer)?;
        match kind(value) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.report(pointer, problem.code, problem.detail);
                None
            }
        }
    }

    pub(super) fn required<T>(
        &mut self,
        pointer: &str,
        kind: impl FnOnce(&Value) -> Result<T, Problem>,
    ) -> Option<T> {
        if self.find(pointer).is_none() {
            let name = pointer.rsplit('/').next().unwrap_or(pointer);
            self.report(pointer, "required", format!("`{name}` is required"));
        }
        self.read(pointer, kind)
    }

    /// A line of text that is good to have: one that is empty or too long is as if it were not there.
    pub(super) fn line(&self, pointer: &str, most: usize) -> Option<String> {
        let text = self.word(pointer)?;
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        kinds::text_in(&line, most).ok()
    }

    /// The value, or every problem.
    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, Vec<FieldError>> {
        match value {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ if self.errors.is_empty() => Err(vec![FieldError::new(
                self.place,
                "incomplete",
                "a value is missing",
            )]),
            _ => Err(self.errors),
        }
    }
}

/// An amount as a JSON number or a text in the currency's own units. A number of more digits than a binary one surely
/// keeps is refused rather than read wrong.
pub(super) fn amount(currency: Currency) -> impl Fn(&Value) -> Result<Money, Problem> {
    move |value| {
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            other => {
                let detail = format!("an amount is a number, not {}", kinds::name_of(other));
                return Err(Problem::new("wrong_type", detail));
            }
        };
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        if value.is_number() && digits > EXACT_DIGITS {
            return Err(Problem::new(
                "amount_too_large",
                "is larger than can be read exactly",
            ));
        }
        Ok(Money::parse_exact(&text, currency)?)
    }
}

/// Seconds since 1970.
pub(super) fn seconds(value: &Value) -> Result<DateTime<Utc>, Problem> {
    let instant = value.as_i64().and_then(|at| DateTime::from_timestamp(at, 0));
    instant.ok_or_else(|| Problem::new("invalid_instant", "is no number of seconds since 1970"))
}

/// An instant after RFC 3339, `+0000` for its offset included: QuickBooks writes both.
pub(super) fn instant(value: &Value) -> Result<DateTime<Utc>, Problem> {
    let text = value.as_str().unwrap_or_default();
    instant_in(text).ok_or_else(|| Problem::new("invalid_instant", "is no instant with its offset"))
}

/// As [`instant`], from a text.
pub(super) fn instant_in(text: &str) -> Option<DateTime<Utc>> {
    let read = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z"));
    read.ok().map(|at| at.with_timezone(&Utc))
}

/// A civil day, within the years that an invoice can have.
pub(super) fn day_of(at: DateTime<Utc>) -> Result<NaiveDate, Problem> {
    kinds::date_in(&at.date_naive().to_string())
}

/// A country as people write it into an address: its code, or nothing that we know.
pub(super) fn country(text: Option<&str>) -> Option<Country> {
    Country::parse(&text?.trim().to_uppercase())
}

/// The contact who gets the messages. An address that is none is left out: the customer is good without.
pub(super) fn contact(
    name: &str,
    email: Option<&str>,
    phone: Option<&str>,
    postal: Option<PostalAddress>,
) -> Vec<ContactInput> {
    // Several addresses in one field: the first is as good as any.
    let first = email.and_then(|email| email.split([',', ';']).next());
    let email = first.and_then(|email| kinds::email_in(email.trim()).ok());
    let phone = phone.and_then(|phone| kinds::phone_in(phone.trim()).ok());
    let postal = postal.filter(|postal| !postal.lines.is_empty());
    if email.is_none() && phone.is_none() && postal.is_none() {
        return Vec::new();
    }
    vec![ContactInput {
        name: name.to_owned(),
        role: ContactRole::Billing,
        email,
        phone,
        postal,
        purposes: Vec::new(),
        locale: None,
    }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn amounts_are_read_to_the_last_digit_or_not_at_all() {
        let eur = Currency::parse("EUR").unwrap();
        let jpy = Currency::parse("JPY").unwrap();
        let read = |text: &str, currency| {
            amount(currency)(&serde_json::from_str(text).unwrap())
                .map(|money| money.minor())
                .map_err(|problem| problem.code)
        };
        for (text, currency, expected) in [
            ("2025.00", eur, Ok(202_500)),
            ("2025", eur, Ok(202_500)),
            ("0.07", eur, Ok(7)),
            ("-1.5", eur, Ok(-150)),
            ("\"45.10\"", eur, Ok(4_510)),
            ("1000.0", jpy, Ok(1_000)),
            ("9999999999999.99", eur, Ok(999_999_999_999_999)),
            ("99999999999999.99", eur, Err("amount_too_large")),
            ("1.005", eur, Err("amount_too_many_digits")),
            ("1e3", jpy, Ok(1_000)),
            ("true", eur, Err("wrong_type")),
        ] {
            assert_eq!(read(text, currency), expected, "{text}");
        }
    }

    #[test]
    fn instants_come_with_either_offset() {
        for (text, expected) in [
            ("2015-10-05T14:42:19-0700", Some("2015-10-05T21:42:19+00:00")),
            ("2014-09-19T13:16:17-07:00", Some("2014-09-19T20:16:17+00:00")),
            (
                "2025-09-10T21:31:25.179550Z",
                Some("2025-09-10T21:31:25.179550+00:00"),
            ),
            ("2025-09-10", None),
        ] {
            let read = instant(&json!(text)).ok().map(|at| at.to_rfc3339());
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }
}
