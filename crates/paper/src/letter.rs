//! A letter: what is owed, by invoice, and how to pay it.
//!
//! Shape: the creditor's head, the address where the window of an envelope shows it, date and reference, the subject, the
//! sentences of the message, a table of invoices with its sum, the ways to pay, the close. The table goes on over as many
//! pages as it needs.
//!
//! What it refuses: an address that is not http(s), more rows than [`crate::ROWS`], a total that is not the sum of its
//! rows, a code that its kind cannot hold.

use chrono::NaiveDate;
use receivables::money::Money;
use receivables::payment_code::Transfer;
use render::{Language, Line, Parts};

use crate::folio::{BODY, Folio, GAP, Part, STRONG};
use crate::frame::{Frame, begin, finish};
use crate::length::Length;
use crate::pay::{self, Pay};
use crate::qr::Qr;
use crate::sheet::Sheet;
use crate::statement::{self, StatementPaper};
use crate::table::{self, Column, Row};
use crate::words::{Word, Words};
use crate::{PaperError, Printed, ROWS};

/// What a letter is made of.
#[derive(Clone, Debug)]
pub struct LetterPaper {
    /// The language of the fixed words, and of amounts and days.
    pub language: Language,
    /// What it is printed on.
    pub sheet: Sheet,
    /// The creditor's name and address, a line each.
    pub creditor: Vec<String>,
    /// The customer's, a line each.
    pub addressee: Vec<String>,
    /// The day it is written.
    pub dated: NaiveDate,
    /// What the customer can quote.
    pub reference: String,
    /// What it is about, in a line.
    pub subject: String,
    /// Its sentences; one that is empty is left out.
    pub parts: Parts,
    /// The invoices that it lists; none: no table.
    pub lines: Vec<Line>,
    /// The sum of their balances.
    pub total: Money,
    /// Where to pay, http(s).
    pub pay_url: Option<String>,
    /// A code for a camera.
    pub qr: Option<Qr>,
    /// How to pay by bank transfer.
    pub transfer: Option<Transfer>,
}

/// Prints a letter.
///
/// # Errors
/// See [`PaperError`].
///
/// Source: Dunlin's own layout, on the sheets of [`Sheet`].
pub fn letter(letter: &LetterPaper) -> Result<Printed, PaperError> {
    print(letter, None)
}

/// Prints a letter with a statement of account on the pages after its own.
///
/// # Errors
/// See [`PaperError`].
///
/// Source: Dunlin's own layout, on the sheets of [`Sheet`].
pub fn letter_with(letter: &LetterPaper, enclosed: &StatementPaper) -> Result<Printed, PaperError> {
    print(letter, Some(enclosed))
}

fn print(letter: &LetterPaper, enclosed: Option<&StatementPaper>) -> Result<Printed, PaperError> {
    check(letter)?;
    enclosed.map_or(Ok(()), statement::check)?;
    let words = Words(letter.language);
    let frame = Frame {
        words,
        sheet: letter.sheet,
        creditor: &letter.creditor,
        addressee: &letter.addressee,
        dated: letter.dated,
        reference: &letter.reference,
        subject: &letter.subject,
    };
    let mut folio = begin(&frame)?;
    let parts = &letter.parts;
    for text in [&parts.greeting, &parts.opening, &parts.request] {
        folio.paragraph(text, BODY, Part::Paragraph);
    }
    if !letter.lines.is_empty() {
        invoices(&mut folio, words, letter);
    }
    let pay = Pay {
        url: letter.pay_url.as_deref(),
        qr: letter.qr.as_ref(),
        transfer: letter.transfer.as_ref(),
    };
    pay::set(&mut folio, words, &pay)?;
    folio.paragraph(&parts.closing, BODY, Part::Paragraph);
    if !parts.regards.is_empty() {
        // The name stays with the close above it.
        folio.room(BODY.leading().times(2) + GAP);
        folio.paragraph(&parts.regards, BODY, Part::Paragraph);
        folio.y = folio.y - GAP + Length::pt10(20);
        let name = letter.creditor.first().map(String::as_str).unwrap_or_default();
        folio.paragraph(name, STRONG, Part::Paragraph);
    }
    if let Some(enclosed) = enclosed {
        folio.turn();
        let title = words.say(Word::Statement);
        folio.paragraph(title, STRONG, Part::Heading(title.to_owned()));
        statement::accounts(&mut folio, words, enclosed)?;
    }
    finish(folio, &frame)
}

fn check(letter: &LetterPaper) -> Result<(), PaperError> {
    if letter.lines.len() > ROWS {
        return Err(PaperError::TooLong(letter.lines.len()));
    }
    if letter.lines.is_empty() {
        return Ok(());
    }
    let balances = letter.lines.iter().map(|line| line.balance);
    let listed = balances
        .clone()
        .try_fold(Money::zero(letter.total.currency()), Money::checked_add)?;
    match listed == letter.total {
        true => Ok(()),
        false => Err(PaperError::Sum {
            given: letter.total.to_string(),
            listed: listed.to_string(),
        }),
    }
}

/// The table of invoices. What they were issued for has a column where it is not what is still open.
fn invoices(folio: &mut Folio, words: Words, letter: &LetterPaper) {
    let partly = letter.lines.iter().any(|line| line.balance != line.total);
    let mut columns = vec![
        column(words, Word::Invoice, false, true),
        column(words, Word::Issued, false, false),
        column(words, Word::Due, false, false),
        column(words, Word::Days, true, false),
    ];
    if partly {
        columns.push(column(words, Word::Invoiced, true, false));
    }
    columns.push(column(words, Word::Open, true, false));
    let mut rows: Vec<Row> = Vec::with_capacity(letter.lines.len().saturating_add(1));
    for line in &letter.lines {
        let days = match line.days_overdue {
            ..=0 => String::new(),
            days => days.to_string(),
        };
        let mut cells = vec![
            line.number.clone(),
            words.date(line.issue_on),
            words.date(line.due_on),
            days,
        ];
        if partly {
            cells.push(words.money(line.total));
        }
        cells.push(words.money(line.balance));
        rows.push(Row { cells, sum: false });
    }
    let mut sum = vec![String::new(); columns.len()];
    if let Some(first) = sum.first_mut() {
        *first = words.say(Word::Total).to_owned();
    }
    if let Some(last) = sum.last_mut() {
        *last = words.money(letter.total);
    }
    rows.push(Row {
        cells: sum,
        sum: true,
    });
    table::set(folio, &columns, &rows);
}

pub(crate) fn column(words: Words, title: Word, right: bool, takes_rest: bool) -> Column {
    Column {
        title: words.say(title),
        right,
        takes_rest,
    }
}
