//! Field 86: what banks say about a line, in three ways of writing.

use super::{account, kept, name, reference};
use crate::statement::Line;
use receivables::limits;
use receivables::money::Money;

/// The SEPA words within the purpose of German banks, four letters and a plus each.
const WORDS: &[&str] = &[
    "EREF", "KREF", "MREF", "CRED", "DEBT", "SVWZ", "ABWA", "ABWE", "IBAN", "BIC", "COAM", "OAMT", "PURP",
    "RREF", "DDAT", "BREF", "RETN",
];

/// The codes of the others, each between strokes.
const CODES: &[&str] = &[
    "EREF", "IREF", "PREF", "MARF", "CSID", "IBAN", "BIC", "NAME", "REMI", "ORDP", "BENM", "CNTP", "RTRN",
    "TRTP", "PURP", "CHGS", "OCMT", "ULTD", "ULTC", "ULTB", "ISDT", "SVCL", "TRCD", "BUSP", "ADDR", "ID",
    "CREF", "REFE",
];

/// Tells a line what its field 86 says.
pub(super) fn tell(line: &mut Line, lines: &[&str]) {
    let joined: String = lines.concat();
    if let Some(separator) = structured(&joined) {
        return german(line, &joined, separator);
    }
    if code_at(&joined, 0).is_some() || lines.iter().any(|each| code_at(each, 0).is_some()) {
        return coded(line, &joined);
    }
    add_text(line, &lines.join("\n"));
}

fn add_text(line: &mut Line, text: &str) {
    let whole = match line.text.is_empty() {
        true => text.to_owned(),
        false => format!("{}\n{text}", line.text),
    };
    line.text = kept(&whole, limits::STATEMENT_TEXT).unwrap_or_default();
}

/// Three digits of a business transaction code, then a separator and the number of the first subfield.
fn structured(text: &str) -> Option<char> {
    let (code, rest) = text.split_at_checked(3)?;
    let separator = rest
        .chars()
        .next()
        .filter(|c| !c.is_alphanumeric() && !c.is_whitespace())?;
    let number = rest.get(separator.len_utf8()..)?.get(..2)?;
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    (digits(code) && digits(number)).then_some(separator)
}

fn german(line: &mut Line, text: &str, separator: char) {
    let mut fields = text.split(separator);
    let code = fields.next().unwrap_or_default();
    let (mut purpose, mut names, mut words) = (Vec::new(), Vec::new(), None);
    let (mut bank, mut number) = (None, None);
    for field in fields {
        let Some((tag, value)) = field.split_at_checked(2) else {
            continue;
        };
        match tag {
            "00" => words = Some(value),
            "20" | "21" | "22" | "23" | "24" | "25" | "26" | "27" | "28" | "29" | "60" | "61" | "62"
            | "63" => {
                purpose.push(value);
            }
            "30" => bank = account(value),
            "31" => number = account(value),
            "32" | "33" => names.push(value),
            _ => {}
        }
    }
    line.code = Some(code.to_owned());
    line.party.bank = bank;
    line.party.account = number;
    line.party.name = name(&names);
    // The purpose goes on from subfield to subfield, cut wherever 27 characters end.
    let (mut key, mut values): (&str, Vec<(&str, Vec<&str>)>) = ("", Vec::new());
    for part in purpose {
        let word = WORDS.iter().find(|word| {
            part.strip_prefix(**word)
                .is_some_and(|rest| rest.starts_with('+'))
        });
        let value = match word {
            Some(word) => {
                key = word;
                values.push((word, Vec::new()));
                part.get(word.len().saturating_add(1)..).unwrap_or_default()
            }
            None => part,
        };
        match values.last_mut().filter(|(last, _)| *last == key) {
            Some((_, parts)) => parts.push(value),
            None => values.push((key, vec![value])),
        }
    }
    let mut said = Vec::new();
    for (key, parts) in &values {
        let whole = parts.concat();
        match *key {
            "EREF" => line.end_to_end = reference(&whole).or(line.end_to_end.take()),
            "MREF" => line.mandate = reference(&whole),
            "IBAN" => line.party.account = account(&whole),
            "BIC" => line.party.bank = account(&whole),
            "OAMT" => line.instructed = euros(&whole),
            "COAM" => line.charges = euros(&whole),
            // What plain banks send without any word is the purpose.
            "SVWZ" | "" => said.push(parts.join("\n")),
            _ => {}
        }
    }
    // 108, 109: a debit that came back; 159: a transfer that did. The reason is in the text, or nowhere.
    let back = ["108", "109", "159"].contains(&code);
    line.return_reason = returned_as(&said.join(" ")).or_else(|| back.then(|| "MS03".to_owned()));
    if said.iter().all(|text| text.trim().is_empty()) {
        said.extend(words.map(str::to_owned));
    }
    add_text(line, &said.join("\n"));
}

/// A reason in the text: `Rückgabegrund: AM04`, `RETURN REASON AC04`, `RETN/MD01`.
fn returned_as(text: &str) -> Option<String> {
    let capital = text.to_uppercase();
    let said = [
        "RÜCKGABE",
        "RUECKGABE",
        "RÜCKLASTSCHRIFT",
        "RUECKLASTSCHRIFT",
        "RETURN",
        "RETOURE",
    ];
    said.iter().find(|word| capital.contains(**word))?;
    capital
        .split(|c: char| !c.is_alphanumeric())
        .find(|word| receivables::bank::return_reason(word).is_some())
        .map(str::to_owned)
}

/// `/OCMT/EUR100,00/` and `/CHGS/EUR2,50/` in the second line of field 61.
pub(super) fn amounts(line: &mut Line, text: &str) {
    for (code, value) in codes(text) {
        let read = || {
            let (currency, digits) = value.trim_matches('/').split_at_checked(3)?;
            let currency = receivables::currency::Currency::parse(currency).ok()?;
            super::amount(digits, false, currency).ok()
        };
        match code {
            "OCMT" => line.instructed = read(),
            "CHGS" => line.charges = read(),
            _ => {}
        }
    }
}

/// `100,00` or `EUR 100,00`: an amount in euros, the currency of these words.
fn euros(text: &str) -> Option<Money> {
    let euro = receivables::currency::Currency::parse("EUR").ok()?;
    let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == ',').collect();
    super::amount(&digits, false, euro).ok()
}

/// The code that begins at a place, with its strokes.
fn code_at(text: &str, at: usize) -> Option<&'static str> {
    let inner = text.get(at..)?.strip_prefix('/')?;
    CODES
        .iter()
        .find(|code| {
            inner
                .strip_prefix(**code)
                .is_some_and(|rest| rest.starts_with('/'))
        })
        .copied()
}

/// Codes with what stands after each, up to the next.
fn codes(text: &str) -> Vec<(&'static str, &str)> {
    let mut starts: Vec<(usize, usize, &'static str)> = Vec::new();
    for (at, _) in text.match_indices('/') {
        // The stroke that ends one code may begin the next: `/REMI/` and what follows it.
        let within = starts
            .last()
            .is_some_and(|(_, value, _)| at.saturating_add(1) < *value);
        if let Some(code) = code_at(text, at).filter(|_| !within) {
            let value = at.saturating_add(code.len()).saturating_add(2);
            starts.push((at, value, code));
        }
    }
    let ends = starts.iter().skip(1).map(|(at, ..)| *at).chain([text.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|((_, value, code), end)| (*code, text.get(*value..end.max(*value)).unwrap_or_default()))
        .collect()
}

fn coded(line: &mut Line, text: &str) {
    let mut said = Vec::new();
    for (code, value) in codes(text) {
        let value = value.trim_matches('/').trim();
        match code {
            "EREF" => line.end_to_end = reference(value).or(line.end_to_end.take()),
            "MARF" => line.mandate = reference(value),
            "IBAN" => line.party.account = account(value),
            "BIC" => line.party.bank = account(value),
            "NAME" => line.party.name = name(&[value]),
            // ING: account, bank, name and town in one.
            "CNTP" => {
                let mut parts = value.split('/');
                line.party.account = parts.next().and_then(account);
                line.party.bank = parts.next().and_then(account);
                line.party.name = parts.next().and_then(|part| name(&[part]));
            }
            "RTRN" => line.return_reason = reference(value.split('/').next().unwrap_or_default()),
            "REMI" => remittance(line, value, &mut said),
            _ => {}
        }
    }
    add_text(line, &said.join("\n"));
}

/// `USTD//text` and `STRD/CUR/reference`, or just text.
fn remittance(line: &mut Line, value: &str, said: &mut Vec<String>) {
    if let Some(text) = value.strip_prefix("USTD//") {
        said.push(text.to_owned());
    } else if let Some(rest) = value.strip_prefix("STRD/") {
        let last = rest.rsplit('/').next().unwrap_or(rest);
        line.references.extend(reference(last));
    } else {
        said.push(value.to_owned());
    }
}
