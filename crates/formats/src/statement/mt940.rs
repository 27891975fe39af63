//! SWIFT MT940, with the block headers of the network or without, and what banks put into its field 86.
//!
//! Shape: messages, each a list of fields (`:61:`, `:86:`); field 61 is read by position, field 86 by whichever of three
//! ways it is written in: German banks' `166?00...?20...?32`, the `/EREF/.../REMI/...` codes of others, or plain text.
//!
//! Bounds: [`limits::STATEMENT_LINES`] lines. Refused: a message without account, balances or their currency; a field 61 that cannot be
//! read, since its amount would be missing. Strange fields are passed over.
//!
//! Why not the crate `mt940`: it refuses characters, tags and field lengths beyond the letter of the standard, which
//! most banks' files have, and it reads nothing of field 86.
//!
//! Source: SWIFT Standards, Category 9, MT 940; Deutsche Kreditwirtschaft, DFÜ-Abkommen, Anlage 3, chapter 8, for field
//! 86; SEPA structuring of field 86 by Dutch and Nordic banks for its codes.

use chrono::{Datelike, NaiveDate};

use super::{Balance, Format, Line, Problems, Statement};
use super::{account, kept, reference, short_day};
use receivables::currency::Currency;
use receivables::fields::FieldError;
use receivables::limits;
use receivables::money::Money;

mod narrative;

/// A field of a message.
struct Field<'a> {
    tag: &'a str,
    /// Its lines, the first without the tag.
    lines: Vec<&'a str>,
    /// The line of the document, from 1.
    at: usize,
}

impl Field<'_> {
    fn place(&self) -> String {
        format!("line {}, :{}:", self.at, self.tag)
    }

    fn first(&self) -> &str {
        self.lines.first().copied().unwrap_or_default().trim()
    }
}

/// Reads a document; every problem at once.
pub fn read(text: &str) -> Result<Vec<Statement>, Vec<FieldError>> {
    let mut problems = Problems::default();
    let (mut statements, mut lines) = (Vec::new(), 0usize);
    for message in messages(text) {
        if let Some((place, statement)) = statement(&message, &mut problems) {
            lines = lines.saturating_add(statement.lines.len());
            statements.push((place, statement));
        }
        if lines > limits::STATEMENT_LINES {
            problems.note(
                "",
                "too_many_lines",
                format!("the document has more than {} lines", limits::STATEMENT_LINES),
            );
            return problems.finish(Vec::new());
        }
    }
    problems.finish(statements)
}

/// The document's messages. Each begins with field 20; what stands around (blocks, separators) is left out.
fn messages(text: &str) -> Vec<Vec<Field<'_>>> {
    let mut messages: Vec<Vec<Field<'_>>> = Vec::new();
    for (line, at) in text.lines().zip(1usize..) {
        // A message's block begins with `{4:` and ends with `-}`; what is before and between are headers.
        let line = line.rsplit_once("{4:").map_or(line, |(_, after)| after);
        let trimmed = line.trim_end();
        if trimmed.is_empty() || trimmed == "-" || trimmed.starts_with("-}") || trimmed.starts_with('{') {
            continue;
        }
        match tag(trimmed) {
            Some((tag, rest)) => {
                if tag == "20" {
                    messages.push(Vec::new());
                }
                if let Some(message) = messages.last_mut() {
                    let lines = vec![rest];
                    message.push(Field { tag, lines, at });
                }
            }
            None => {
                if let Some(field) = messages.last_mut().and_then(|message| message.last_mut()) {
                    field.lines.push(trimmed);
                }
            }
        }
    }
    messages
}

/// `:61:` and what follows it.
fn tag(line: &str) -> Option<(&str, &str)> {
    let (tag, rest) = line.strip_prefix(':')?.split_once(':')?;
    let digits = tag.get(..2)?.bytes().all(|b| b.is_ascii_digit());
    let option = tag.get(2..)?;
    let known = digits && option.len() <= 1 && option.bytes().all(|b| b.is_ascii_uppercase());
    (known || tag == "NS").then_some((tag, rest))
}

fn statement(message: &[Field<'_>], problems: &mut Problems) -> Option<(String, Statement)> {
    let of = |tags: &[&str]| message.iter().find(|field| tags.contains(&field.tag));
    let head = of(&["20"])?;
    let place = head.place();
    let owner = of(&["25", "25P"]).and_then(|field| account(field.first()));
    if owner.is_none() {
        problems.note(place.clone(), "required", "the account, field 25, is required");
    }
    let opening = of(&["60F", "60M"]);
    if opening.is_none() {
        problems.note(
            place.clone(),
            "required",
            "the opening balance, field 60, is required",
        );
    }
    let opening = balance(opening?, problems)?;
    let closing = of(&["62F", "62M"]).and_then(|field| balance(field, problems));
    let currency = opening.amount.currency();
    let (number, page) = sequence(of(&["28C", "28"]).map(Field::first).unwrap_or_default());
    let mut statement = Statement {
        format: Format::Mt940,
        id: reference(head.first()),
        account: owner.map(|owner| without_currency(&owner, currency))?,
        currency,
        number,
        page,
        opening: Some(opening),
        closing,
        lines: Vec::new(),
    };
    // A field 86 belongs to the field 61 before it; one after the closing balance is about the whole.
    let mut after_line = false;
    for field in message {
        match field.tag {
            "61" => {
                let read = entry(field, currency);
                after_line = read.is_ok();
                statement.lines.extend(problems.keep(&field.place(), read));
            }
            "86" if after_line => {
                if let Some(line) = statement.lines.last_mut() {
                    narrative::tell(line, &field.lines);
                }
                after_line = false;
            }
            "NS" => {}
            _ => after_line = false,
        }
    }
    if let Some(closing) = closing
        && closing.amount.currency() != currency
    {
        let detail = format!(
            "the statement opens in {currency} and closes in {}",
            closing.amount.currency()
        );
        problems.note(place.clone(), "currency_mismatch", detail);
    }
    Some((place, statement))
}

/// Some banks write the currency behind the account's number.
fn without_currency(owner: &str, currency: Currency) -> String {
    let bare = owner.strip_suffix(currency.code());
    let bare = bare.filter(|bare| bare.ends_with(|c: char| c.is_ascii_digit()));
    bare.unwrap_or(owner).to_owned()
}

/// `00012/001`: number and page.
fn sequence(text: &str) -> (Option<u64>, Option<u64>) {
    let (number, page) = text.split_once('/').unwrap_or((text, ""));
    (number.trim().parse().ok(), page.trim().parse().ok())
}

/// `C260110EUR1234,56`.
fn balance(field: &Field<'_>, problems: &mut Problems) -> Option<Balance> {
    let place = field.place();
    let read = || -> Option<(bool, NaiveDate, &str, &str)> {
        let text = field.first();
        let (mark, rest) = text.split_at_checked(1)?;
        let (day, rest) = rest.split_at_checked(6)?;
        let (code, digits) = rest.split_at_checked(3)?;
        Some((mark == "D", short_day(day)?, code, digits)).filter(|_| mark == "C" || mark == "D")
    };
    let Some((negative, on, code, digits)) = read() else {
        let detail = "a balance is a mark, a day, a currency and an amount, such as C260110EUR1234,56";
        problems.note(place, "invalid_balance", detail);
        return None;
    };
    let read = Currency::parse(code).map_err(|error| (error.code(), error.to_string()));
    let currency = problems.keep(&place, read)?;
    let amount = problems.keep(&place, amount(digits, negative, currency))?;
    Some(Balance { on, amount })
}

/// An amount with a decimal comma, which always stands: `1234,` `1234,5` `1234,56`.
fn amount(digits: &str, negative: bool, currency: Currency) -> Result<Money, (&'static str, String)> {
    let plain = digits.trim().trim_end_matches(',').replace(',', ".");
    let read = Money::parse_exact(&plain, currency);
    let read = match negative {
        true => read.and_then(Money::checked_neg),
        false => read,
    };
    read.map_err(|error| (error.code(), error.to_string()))
}

/// Field 61: value date, entry date, mark, funds code, amount, type, references, and a second line.
fn entry(field: &Field<'_>, currency: Currency) -> Result<Line, (&'static str, String)> {
    let unread = |what: &str| {
        refused(
            "invalid_line",
            format!("the line's {what} cannot be read: {}", field.first()),
        )
    };
    let text = field.first();
    let (day, rest) = text.split_at_checked(6).ok_or_else(|| unread("value date"))?;
    let value_on = short_day(day).ok_or_else(|| unread("value date"))?;
    let (entry_day, rest) = match rest.split_at_checked(4) {
        Some((day, after)) if day.bytes().all(|b| b.is_ascii_digit()) => (Some(day), after),
        _ => (None, rest),
    };
    let booked_on = match entry_day {
        None => value_on,
        Some(day) => near(day, value_on).ok_or_else(|| unread("entry date"))?,
    };
    // A reversal of a credit takes money out, a reversal of a debit brings it back.
    let marks = [
        ("RC", true, true),
        ("RD", false, true),
        ("C", false, false),
        ("D", true, false),
    ];
    let (rest, negative, reversal) = marks
        .into_iter()
        .find_map(|(mark, negative, reversal)| Some((rest.strip_prefix(mark)?, negative, reversal)))
        .ok_or_else(|| unread("credit or debit mark"))?;
    // The third letter of the currency, where the bank writes it.
    let rest = rest
        .strip_prefix(|c: char| c.is_ascii_uppercase())
        .unwrap_or(rest);
    let end = rest
        .find(|c: char| !c.is_ascii_digit() && c != ',')
        .unwrap_or(rest.len());
    let (digits, rest) = rest.split_at_checked(end).ok_or_else(|| unread("amount"))?;
    let mut line = Line::new(booked_on, value_on, amount(digits, negative, currency)?);
    line.reversal = reversal;
    let (code, rest) = rest.split_at_checked(4).unwrap_or((rest, ""));
    line.code = reference(code);
    let (theirs, ours) = rest.split_once("//").unwrap_or((rest, ""));
    line.end_to_end = reference(theirs);
    line.reference = reference(ours);
    let more: Vec<&str> = field.lines.iter().skip(1).map(|line| line.trim()).collect();
    narrative::amounts(&mut line, &more.join(""));
    line.text = kept(&more.join("\n"), limits::STATEMENT_TEXT).unwrap_or_default();
    Ok(line)
}

fn refused(code: &'static str, detail: String) -> (&'static str, String) {
    (code, detail)
}

/// The day `MMDD` that is nearest to another: at the turn of a year either may be in the other year.
fn near(month_day: &str, to: NaiveDate) -> Option<NaiveDate> {
    let (month, day) = month_day.split_at_checked(2)?;
    let (month, day) = (month.parse().ok()?, day.parse().ok()?);
    [
        to.year().checked_sub(1),
        Some(to.year()),
        to.year().checked_add(1),
    ]
    .into_iter()
    .flatten()
    .filter_map(|year| NaiveDate::from_ymd_opt(year, month, day))
    .min_by_key(|on| on.signed_duration_since(to).num_days().unsigned_abs())
}

/// What a name may hold of several lines.
fn name(parts: &[&str]) -> Option<String> {
    let whole: Vec<&str> = parts
        .iter()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty())
        .collect();
    kept(&whole.join(" "), limits::NAME)
}
