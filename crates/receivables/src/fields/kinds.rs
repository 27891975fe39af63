//! What a field may hold: one function a kind, from a JSON value to a checked one or a [`Problem`].
//!
//! Source: the standard that a kind names; where it names none, Dunlin's own rule.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Utc};
use rust_decimal::Decimal;
use serde_json::Value;

use super::Problem;
use crate::country::Country;
use crate::currency::Currency;
use crate::id::IdError;
use crate::limits;
use crate::money::{Money, MoneyError};
use crate::zone::Zone;

impl From<MoneyError> for Problem {
    fn from(error: MoneyError) -> Problem {
        Problem::new(error.code(), error.to_string())
    }
}

impl From<IdError> for Problem {
    fn from(error: IdError) -> Problem {
        Problem::new("invalid_id", error.to_string())
    }
}

/// What a JSON value is called in a message.
pub fn name_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

fn string(value: &Value) -> Result<&str, Problem> {
    value.as_str().ok_or_else(|| {
        Problem::new(
            "wrong_type",
            format!("a string is wanted here, not {}", name_of(value)),
        )
    })
}

/// A text as it is repeated in a message: cut, so that an answer stays small.
fn shown(text: &str) -> String {
    text.chars().take(40).collect()
}

fn bounded(text: &str, most: usize, allowed: fn(char) -> bool) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::new("empty", "must not be empty"));
    }
    // Line breaks in a name would end up in mail headers; other control characters have no use at all.
    if text.chars().any(|c| c.is_control() && !allowed(c)) {
        return Err(Problem::new("control_character", "contains a control character"));
    }
    let length = text.chars().count();
    if length > most {
        return Err(Problem::new(
            "too_long",
            format!("is {length} characters long; at most {most} are taken"),
        ));
    }
    Ok(text.to_owned())
}

/// One line of text of at most `most` characters, without white space around it.
pub fn text(most: usize) -> impl Fn(&Value) -> Result<String, Problem> {
    move |value| text_in(string(value)?, most)
}

/// As [`text`], from a text.
pub fn text_in(text: &str, most: usize) -> Result<String, Problem> {
    bounded(text, most, |_| false)
}

/// Text of several lines, of at most `most` characters in all.
pub fn lines(most: usize) -> impl Fn(&Value) -> Result<String, Problem> {
    move |value| lines_in(string(value)?, most)
}

/// As [`lines`], from a text.
pub fn lines_in(text: &str, most: usize) -> Result<String, Problem> {
    bounded(text, most, |c| matches!(c, '\n' | '\r' | '\t'))
}

/// A short name: lower-case letters, digits, `_` and `-`, a letter first.
pub fn slug(value: &Value) -> Result<String, Problem> {
    let text = bounded(string(value)?, limits::SLUG, |_| false)?;
    let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-'));
    let detail = "is a short name: lower-case letters, digits, `_` and `-`, starting with a letter";
    if fits {
        Ok(text)
    } else {
        Err(Problem::new("invalid_name", detail))
    }
}

/// One of the words of a table.
pub fn one_of<T: Copy>(table: &'static [(&'static str, T)]) -> impl Fn(&Value) -> Result<T, Problem> {
    move |value| {
        let text = string(value)?;
        table
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, meaning)| *meaning)
            .ok_or_else(|| {
                let words: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
                Problem::new(
                    "unknown_value",
                    format!("`{}` is none of: {}", shown(text), words.join(", ")),
                )
            })
    }
}

/// `true` or `false`.
pub fn boolean(value: &Value) -> Result<bool, Problem> {
    let wrong = || {
        Problem::new(
            "wrong_type",
            format!("true or false is wanted here, not {}", name_of(value)),
        )
    };
    value.as_bool().ok_or_else(wrong)
}

/// A whole number within a range.
pub fn integer(range: RangeInclusive<i64>) -> impl Fn(&Value) -> Result<i64, Problem> {
    move |value| {
        let (low, high) = (range.start(), range.end());
        let number = value.as_i64().ok_or_else(|| {
            Problem::new(
                "wrong_type",
                format!("a whole number from {low} to {high} is wanted here"),
            )
        })?;
        let outside = || {
            Problem::new(
                "out_of_range",
                format!("{number} is not between {low} and {high}"),
            )
        };
        if range.contains(&number) {
            Ok(number)
        } else {
            Err(outside())
        }
    }
}

/// A civil date, `YYYY-MM-DD`, that exists.
pub fn date(value: &Value) -> Result<NaiveDate, Problem> {
    date_in(string(value)?)
}

/// As [`date`], from a text.
pub fn date_in(text: &str) -> Result<NaiveDate, Problem> {
    let shaped = text.len() == 10
        && text.bytes().enumerate().all(|(at, b)| {
            if matches!(at, 4 | 7) {
                b == b'-'
            } else {
                b.is_ascii_digit()
            }
        });
    if !shaped {
        return Err(Problem::new(
            "invalid_date",
            format!("`{}` is not a date; write YYYY-MM-DD", shown(text)),
        ));
    }
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d")
        .map_err(|_| Problem::new("invalid_date", format!("{text} does not exist in the calendar")))?;
    if (limits::FIRST_YEAR..=limits::LAST_YEAR).contains(&date.year()) {
        return Ok(date);
    }
    let (first, last) = (limits::FIRST_YEAR, limits::LAST_YEAR);
    Err(Problem::new(
        "date_out_of_range",
        format!("{text} is not between the years {first} and {last}"),
    ))
}

/// A time of day, `HH:MM`.
pub fn time_of_day(value: &Value) -> Result<NaiveTime, Problem> {
    let text = string(value)?;
    let read = NaiveTime::parse_from_str(text, "%H:%M")
        .ok()
        .filter(|_| text.len() == 5);
    read.ok_or_else(|| {
        Problem::new(
            "invalid_time",
            format!("`{}` is not a time of day such as 09:00", shown(text)),
        )
    })
}

/// An instant, RFC 3339, whatever its offset.
pub fn instant(value: &Value) -> Result<DateTime<Utc>, Problem> {
    let text = string(value)?;
    DateTime::parse_from_rfc3339(text)
        .map(|instant| instant.with_timezone(&Utc))
        .map_err(|_| {
            let detail = format!(
                "`{}` is not an RFC 3339 instant such as 2026-01-10T09:00:00Z",
                shown(text)
            );
            Problem::new("invalid_instant", detail)
        })
}

/// An ISO 3166-1 alpha-2 country code.
pub fn country(value: &Value) -> Result<Country, Problem> {
    country_in(string(value)?)
}

/// As [`country`], from a text.
pub fn country_in(text: &str) -> Result<Country, Problem> {
    Country::parse(text).ok_or_else(|| {
        let detail = format!(
            "`{}` is not an ISO 3166-1 alpha-2 country code such as SE",
            shown(text)
        );
        Problem::new("unknown_country", detail)
    })
}

/// A time zone of the IANA database.
pub fn time_zone(value: &Value) -> Result<Zone, Problem> {
    let text = string(value)?;
    Zone::parse(text).ok_or_else(|| {
        let detail = format!(
            "`{}` is not a time zone of the IANA database such as Europe/Berlin",
            shown(text)
        );
        Problem::new("unknown_time_zone", detail)
    })
}

/// A language tag in the form of BCP 47: a language of two or three letters, then subtags.
pub fn locale(value: &Value) -> Result<String, Problem> {
    let text = string(value)?;
    let mut subtags = text.split('-');
    let language = subtags
        .next()
        .is_some_and(|tag| (2..=3).contains(&tag.len()) && tag.chars().all(|c| c.is_ascii_lowercase()));
    let rest =
        subtags.all(|tag| (2..=8).contains(&tag.len()) && tag.chars().all(|c| c.is_ascii_alphanumeric()));
    if language && rest && text.len() <= limits::LOCALE {
        return Ok(text.to_owned());
    }
    let detail = format!("`{}` is not a language tag such as en or de-AT", shown(text));
    Err(Problem::new("invalid_locale", detail))
}

/// An ISO 4217 currency code.
pub fn currency(value: &Value) -> Result<Currency, Problem> {
    Ok(Currency::parse(string(value)?)?)
}

/// Money as `{"amount": "1250.00", "currency": "EUR"}`.
pub fn money(value: &Value) -> Result<Money, Problem> {
    let part = |name: &str| {
        let detail = r#"money is an object such as {"amount": "1250.00", "currency": "EUR"}"#;
        value
            .get(name)
            .and_then(Value::as_str)
            .ok_or_else(|| Problem::new("wrong_type", detail))
    };
    let (amount, code) = (part("amount")?, part("currency")?);
    if value.as_object().is_some_and(|object| object.len() > 2) {
        return Err(Problem::new(
            "unknown_field",
            "money has the fields `amount` and `currency` only",
        ));
    }
    Ok(Money::parse(amount, Currency::parse(code)?)?)
}

/// Money in a document that names its currency once: a decimal string, or an object that repeats it.
pub fn money_in(currency: Currency) -> impl Fn(&Value) -> Result<Money, Problem> {
    move |value| match value {
        Value::String(amount) => Ok(Money::parse(amount, currency)?),
        Value::Object(_) => {
            let money = money(value)?;
            let mismatch = || {
                MoneyError::CurrencyMismatch {
                    left: currency,
                    right: money.currency(),
                }
                .into()
            };
            if money.currency() == currency {
                Ok(money)
            } else {
                Err(mismatch())
            }
        }
        Value::Number(_) => {
            let detail =
                "an amount is a decimal string such as \"1250.00\", so that no digit is lost on the way";
            Err(Problem::new("wrong_type", detail))
        }
        other => Err(Problem::new(
            "wrong_type",
            format!("an amount is a decimal string, not {}", name_of(other)),
        )),
    }
}

/// As [`money_in`], and more than nothing.
pub fn positive_money_in(currency: Currency) -> impl Fn(&Value) -> Result<Money, Problem> {
    move |value| positive(money_in(currency)(value)?)
}

/// As [`money`], and more than nothing.
pub fn positive_money(value: &Value) -> Result<Money, Problem> {
    positive(money(value)?)
}

fn positive(money: Money) -> Result<Money, Problem> {
    let refused = || Problem::new("not_positive", format!("must be more than zero, not {money}"));
    if money.is_positive() {
        Ok(money)
    } else {
        Err(refused())
    }
}

/// An exact quantity: a decimal string of up to 28 digits, or a whole number.
pub fn quantity(value: &Value) -> Result<Decimal, Problem> {
    let wrong = || {
        Problem::new(
            "invalid_quantity",
            "a quantity is a decimal string such as \"2.5\", or a whole number",
        )
    };
    match value {
        Value::String(text) => quantity_in(text),
        other => other.as_i64().map(Decimal::from).ok_or_else(wrong),
    }
}

/// As [`quantity`], from a text.
pub fn quantity_in(text: &str) -> Result<Decimal, Problem> {
    Decimal::from_str_exact(text).map_err(|_| {
        let detail = format!(
            "`{}` is not a decimal number of at most 28 digits such as 2.5",
            shown(text)
        );
        Problem::new("invalid_quantity", detail)
    })
}

/// An id of one kind: `id(CustomerId::parse)`.
pub fn id<T>(parse: fn(&str) -> Result<T, IdError>) -> impl Fn(&Value) -> Result<T, Problem> {
    move |value| Ok(parse(string(value)?)?)
}

/// An email address, as far as it can be judged without sending to it (RFC 5321 lengths, one `@`, a domain
/// with a dot). Quoted local parts and address literals are refused: no customer has one.
pub fn email(value: &Value) -> Result<String, Problem> {
    email_in(string(value)?)
}

/// As [`email`], from a text.
pub fn email_in(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let dotted = |part: &str| part.split('.').all(|label| !label.is_empty());
    let fits = text.rsplit_once('@').is_some_and(|(local, domain)| {
        local.len() <= limits::EMAIL_LOCAL
            && dotted(local)
            && !local.contains(['@', '"', '(', ')', '<', '>', '[', ']', ',', ';', ':', '\\'])
            && domain.contains('.')
            && dotted(domain)
            && domain
                .split('.')
                .all(|label| !label.starts_with('-') && !label.ends_with('-'))
            && domain
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-'))
    });
    let clean = !text.chars().any(|c| c.is_whitespace() || c.is_control());
    if fits && clean && text.len() <= limits::EMAIL {
        return Ok(text.to_owned());
    }
    Err(Problem::new(
        "invalid_email",
        format!("`{}` is not an email address", shown(text)),
    ))
}

/// A domain of email addresses, such as `nordwind.example`; in lower case.
pub fn domain(value: &Value) -> Result<String, Problem> {
    let text = string(value)?.trim().to_lowercase();
    match email_in(&format!("a@{text}")) {
        Ok(_) => Ok(text),
        Err(_) => Err(Problem::new(
            "invalid_domain",
            format!("`{}` is not a domain such as nordwind.example", shown(&text)),
        )),
    }
}

/// A telephone number as people write it: an optional `+`, at least three digits, and punctuation.
pub fn phone(value: &Value) -> Result<String, Problem> {
    phone_in(string(value)?)
}

/// As [`phone`], from a text.
pub fn phone_in(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let shaped = text
        .trim_start_matches('+')
        .chars()
        .all(|c| c.is_ascii_digit() || " ()./-".contains(c));
    if shaped && digits >= 3 && text.len() <= limits::PHONE && text.matches('+').count() <= 1 {
        return Ok(text.to_owned());
    }
    Err(Problem::new(
        "invalid_phone",
        format!(
            "`{}` is not a telephone number such as +46 8 123 456",
            shown(text)
        ),
    ))
}

/// An `http` or `https` URL with a host and no credentials in it.
pub fn url(value: &Value) -> Result<String, Problem> {
    url_in(string(value)?)
}

/// As [`url`], from a text.
pub fn url_in(text: &str) -> Result<String, Problem> {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    let host = rest
        .and_then(|rest| rest.split(['/', '?', '#']).next())
        .unwrap_or_default();
    let clean = !text
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || "<>\"\\^`{|}".contains(c));
    if !host.is_empty() && !host.starts_with(':') && !host.contains('@') && clean && text.len() <= limits::URL
    {
        return Ok(text.to_owned());
    }
    Err(Problem::new(
        "invalid_url",
        format!("`{}` is not an http or https URL", shown(text)),
    ))
}

#[cfg(test)]
mod tests;
