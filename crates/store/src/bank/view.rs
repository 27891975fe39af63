//! Statements and lines as the API shows them.

use crate::db::{Db, statements};
use crate::error::Result;
use crate::instants::rfc3339;
use crate::params;
use chrono::NaiveDate;
use formats::statement::{Line, Party};
use receivables::bank::return_reason;
use receivables::currency::Currency;
use receivables::id::{BankLineId, PaymentId, PayoutId, StatementId};
use receivables::matching::Candidate;
use receivables::money::Money;
use serde::{Deserialize, Serialize};

macro_rules! select_line {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', id, 'statement', statement_id, 'account', account, 'content', json(content),
                'status', status, 'candidates', json(candidates), 'why', why, 'payment', payment_id,
                'payout', payout_id, 'decided_by', decided_by, 'decided_at', decided_at)
            FROM bank_lines ",
            $which
        )
    };
}

statements! {
    ONE = select_line!("WHERE id = ?");
    OF_STATUS = select_line!("WHERE status = ?1 AND id > ?2 ORDER BY id LIMIT ?3");
    EVERY = select_line!("WHERE id > ?1 ORDER BY id LIMIT ?2");
    STATEMENTS = "SELECT json_object('id', id, 'account', account, 'currency', currency, 'format', format, 'name', name,
            'number', number, 'page', page, 'from', from_on, 'opening_minor', opening_minor, 'to', to_on,
            'closing_minor', closing_minor, 'received_at', received_at)
        FROM bank_statements WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
}

#[derive(Deserialize)]
struct Row {
    id: BankLineId,
    statement: StatementId,
    account: String,
    content: Line,
    status: String,
    candidates: Vec<Candidate>,
    why: Option<String>,
    payment: Option<PaymentId>,
    payout: Option<PayoutId>,
    decided_by: Option<String>,
    decided_at: Option<i64>,
}

/// A line of a bank statement as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct LineView {
    /// Ours.
    pub id: BankLineId,
    /// The statement that brought it.
    pub statement: StatementId,
    /// Our account.
    pub account: String,
    /// The day on which the bank booked it.
    pub booked_on: NaiveDate,
    /// The day from which it counts.
    pub value_on: NaiveDate,
    /// How much; negative went out.
    pub amount: Money,
    /// `received`, `matched`, `review` or `ignored`.
    pub status: String,
    /// What the bank calls it.
    pub reference: Option<String>,
    /// What the payer calls it.
    pub end_to_end: Option<String>,
    /// Creditor references and numbers in fields of their own.
    pub references: Vec<String>,
    /// What the payer wrote.
    pub text: String,
    /// Who is on the other side.
    pub party: PartyView,
    /// The bank's code of what it is.
    pub code: Option<String>,
    /// Why it came back, where it did.
    pub return_reason: Option<ReasonView>,
    /// What banks kept.
    pub charges: Option<Money>,
    /// What was instructed, where that is another amount.
    pub instructed: Option<Money>,
    /// For what it may be, the likeliest first.
    pub candidates: Vec<Candidate>,
    /// Why it is as it is, in a sentence.
    pub why: Option<String>,
    /// The payment that it became, or that it took back.
    pub payment_id: Option<PaymentId>,
    /// The payout that it is.
    pub payout_id: Option<PayoutId>,
    /// Who decided: a key's id, or `dunlin`.
    pub decided_by: Option<String>,
    /// When, an RFC 3339 instant.
    pub decided_at: Option<String>,
}

/// Who is on the other side of a line.
#[derive(Debug, Clone, Serialize)]
pub struct PartyView {
    /// The name.
    pub name: Option<String>,
    /// The account.
    pub account: Option<String>,
    /// The bank.
    pub bank: Option<String>,
}

/// Why money came back.
#[derive(Debug, Clone, Serialize)]
pub struct ReasonView {
    /// The code of ISO 20022.
    pub code: String,
    /// The same in words, where the code is known.
    pub detail: Option<&'static str>,
}

impl Row {
    fn view(self) -> Result<LineView> {
        let line = self.content;
        let Party { name, account, bank } = line.party;
        Ok(LineView {
            id: self.id,
            statement: self.statement,
            account: self.account,
            booked_on: line.booked_on,
            value_on: line.value_on,
            amount: line.amount,
            status: self.status,
            reference: line.reference,
            end_to_end: line.end_to_end,
            references: line.references,
            text: line.text,
            party: PartyView { name, account, bank },
            code: line.code,
            return_reason: line.return_reason.map(|code| ReasonView {
                detail: return_reason(&code),
                code,
            }),
            charges: line.charges,
            instructed: line.instructed,
            candidates: self.candidates,
            why: self.why,
            payment_id: self.payment,
            payout_id: self.payout,
            decided_by: self.decided_by,
            decided_at: self.decided_at.map(rfc3339).transpose()?,
        })
    }
}

/// A line.
pub async fn line(db: &Db, id: &BankLineId) -> Result<Option<LineView>> {
    let row: Option<Row> = db.find(ONE, params![id.as_str()]).await?;
    row.map(Row::view).transpose()
}

/// Lines after the id `after`, of a status or all, the oldest first.
pub async fn lines(db: &Db, status: Option<&str>, after: &str, limit: u32) -> Result<Vec<LineView>> {
    let rows: Vec<Row> = match status {
        Some(status) => db.list(OF_STATUS, params![status, after, limit]).await?,
        None => db.list(EVERY, params![after, limit]).await?,
    };
    rows.into_iter().map(Row::view).collect()
}

#[derive(Deserialize)]
struct StatementRow {
    id: StatementId,
    account: String,
    currency: Currency,
    format: String,
    name: Option<String>,
    number: Option<i64>,
    page: Option<i64>,
    from: Option<NaiveDate>,
    opening_minor: Option<i64>,
    to: Option<NaiveDate>,
    closing_minor: Option<i64>,
    received_at: i64,
}

/// A statement as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct StatementView {
    /// Ours.
    pub id: StatementId,
    /// Whose account.
    pub account: String,
    /// Its currency.
    pub currency: Currency,
    /// In what it was written.
    pub format: String,
    /// What the bank calls it.
    pub name: Option<String>,
    /// Its number, where the bank counts.
    pub number: Option<i64>,
    /// Its page.
    pub page: Option<i64>,
    /// The day of its opening balance, or of its first line.
    pub from: Option<NaiveDate>,
    /// What it opens with.
    pub opening: Option<Money>,
    /// The day of its closing balance, or of its last line.
    pub to: Option<NaiveDate>,
    /// What it closes with.
    pub closing: Option<Money>,
    /// When it came, an RFC 3339 instant.
    pub received_at: String,
}

/// Statements before the id `before`, the newest first.
pub async fn statement_list(db: &Db, before: Option<&str>, limit: u32) -> Result<Vec<StatementView>> {
    let rows: Vec<StatementRow> = db.list(STATEMENTS, params![before.unwrap_or("~"), limit]).await?;
    let views = rows.into_iter().map(|row| {
        let money = |minor: Option<i64>| minor.map(|minor| Money::new(minor, row.currency));
        Ok(StatementView {
            id: row.id,
            account: row.account,
            currency: row.currency,
            format: row.format,
            name: row.name,
            number: row.number,
            page: row.page,
            from: row.from,
            opening: money(row.opening_minor),
            to: row.to,
            closing: money(row.closing_minor),
            received_at: rfc3339(row.received_at)?,
        })
    });
    views.collect()
}
