//! A statement of account: what was owed, what happened, what is owed, and how old that is.
//!
//! What it refuses: a closing balance that is not the opening one and its entries, more rows than [`crate::ROWS`], an
//! address that is not http(s).

use chrono::NaiveDate;
use receivables::aging::Aging;
use receivables::money::Money;
use receivables::notice::Entry;
use receivables::payment_code::Transfer;
use render::Language;

use crate::folio::{BODY, Folio, Part, STRONG};
use crate::frame::{Frame, begin, finish};
use crate::letter::column;
use crate::pay::{self, Pay};
use crate::qr::Qr;
use crate::sheet::Sheet;
use crate::table::{self, Column, Row};
use crate::words::{Word, Words};
use crate::{PaperError, Printed, ROWS};

/// What a statement is made of.
#[derive(Clone, Debug)]
pub struct StatementPaper {
    /// The language of its words, and of amounts and days.
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
    /// Its first day.
    pub from: NaiveDate,
    /// Its last day.
    pub to: NaiveDate,
    /// An account a currency.
    pub accounts: Vec<Account>,
    /// Where to pay, http(s).
    pub pay_url: Option<String>,
    /// A code for a camera.
    pub qr: Option<Qr>,
    /// How to pay by bank transfer.
    pub transfer: Option<Transfer>,
}

/// An account in one currency.
#[derive(Clone, Debug)]
pub struct Account {
    /// What was owed before the first day.
    pub opening: Money,
    /// What happened, in its order.
    pub entries: Vec<Entry>,
    /// What is owed after the last day.
    pub closing: Money,
    /// How old that is; none: not said.
    pub aging: Option<Aging>,
}

/// Prints a statement.
///
/// # Errors
/// See [`PaperError`].
///
/// Source: Dunlin's own layout, on the sheets of [`Sheet`].
pub fn statement(statement: &StatementPaper) -> Result<Printed, PaperError> {
    check(statement)?;
    let words = Words(statement.language);
    let frame = Frame {
        words,
        sheet: statement.sheet,
        creditor: &statement.creditor,
        addressee: &statement.addressee,
        dated: statement.dated,
        reference: &statement.reference,
        subject: words.say(Word::Statement),
    };
    let mut folio = begin(&frame)?;
    accounts(&mut folio, words, statement)?;
    let pay = Pay {
        url: statement.pay_url.as_deref(),
        qr: statement.qr.as_ref(),
        transfer: statement.transfer.as_ref(),
    };
    pay::set(&mut folio, words, &pay)?;
    finish(folio, &frame)
}

pub(crate) fn check(statement: &StatementPaper) -> Result<(), PaperError> {
    let rows: usize = statement
        .accounts
        .iter()
        .map(|account| account.entries.len())
        .fold(statement.accounts.len(), usize::saturating_add);
    match rows > ROWS {
        true => Err(PaperError::TooLong(rows)),
        false => Ok(()),
    }
}

/// Its days and its accounts, below what is on the page.
pub(crate) fn accounts(
    folio: &mut Folio,
    words: Words,
    statement: &StatementPaper,
) -> Result<(), PaperError> {
    let (from, to) = (words.date(statement.from), words.date(statement.to));
    let period = words.fill(Word::Period, &[("{from}", &from), ("{to}", &to)]);
    folio.paragraph(&period, BODY, Part::Paragraph);
    let several = statement.accounts.len() > 1;
    for account in &statement.accounts {
        if several {
            let code = account.opening.currency().code();
            folio.paragraph(code, STRONG, Part::Heading(code.to_owned()));
        }
        entries(folio, words, statement, account)?;
        if let Some(aging) = &account.aging {
            ages(folio, words, aging);
        }
    }
    if statement.accounts.is_empty() {
        folio.paragraph(words.say(Word::NoEntries), BODY, Part::Paragraph);
    }
    Ok(())
}

fn entries(
    folio: &mut Folio,
    words: Words,
    statement: &StatementPaper,
    account: &Account,
) -> Result<(), PaperError> {
    let columns = [
        column(words, Word::Date, false, false),
        column(words, Word::Entry, false, false),
        column(words, Word::Document, false, true),
        column(words, Word::Amount, true, false),
        column(words, Word::Balance, true, false),
    ];
    let mut rows = vec![Row {
        cells: vec![
            words.date(statement.from),
            words.say(Word::Opening).to_owned(),
            String::new(),
            String::new(),
            words.money(account.opening),
        ],
        sum: false,
    }];
    let mut balance = account.opening;
    for entry in &account.entries {
        balance = balance.checked_add(entry.amount)?;
        rows.push(Row {
            cells: vec![
                words.date(entry.on),
                words.entry(&entry.what),
                entry.number.clone().unwrap_or_default(),
                words.money(entry.amount),
                words.money(balance),
            ],
            sum: false,
        });
    }
    if balance != account.closing {
        return Err(PaperError::Sum {
            given: account.closing.to_string(),
            listed: balance.to_string(),
        });
    }
    rows.push(Row {
        cells: vec![
            words.date(statement.to),
            words.say(Word::Closing).to_owned(),
            String::new(),
            String::new(),
            words.money(account.closing),
        ],
        sum: true,
    });
    table::set(folio, &columns, &rows);
    Ok(())
}

/// What is owed by how long it has been due.
fn ages(folio: &mut Folio, words: Words, aging: &Aging) {
    let columns: Vec<Column> = aging
        .buckets
        .iter()
        .enumerate()
        .map(|(at, (bucket, _))| Column {
            title: words.bucket(*bucket),
            right: true,
            takes_rest: at == 0,
        })
        .collect();
    let cells = aging
        .buckets
        .iter()
        .map(|(_, amount)| words.money(*amount))
        .collect();
    let title = words.say(Word::Aging);
    folio.paragraph(title, STRONG, Part::Heading(title.to_owned()));
    table::set(folio, &columns, &[Row { cells, sum: false }]);
}
