//! Disputes: opened, looked at, decided. What is in dispute rests on the invoice itself, by trigger.
//!
//! **Once.** What is credited is a credit note with a number: one that the books have sent already is not taken twice.
//! **Silence decides nothing.** A dispute whose day for an answer has passed becomes a task for a person ([`unanswered`]).

use crate::activities::{self, Activity};
use crate::agreements;
use crate::credit_notes;
use crate::db::{Tx, statements};
use crate::dunning;
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::instants::{end_of_day, time_zone};
use crate::moment::Moment;
use crate::notices::{self, Notice};
use crate::params;
use crate::tasks::{self, NewTask};
use chrono::NaiveDate;
use receivables::calendar;
use receivables::currency::Currency;
use receivables::dispute::{
    self, Act, DisputeInput, OwnCode, Reason, ResolutionInput, Rules, Settled, Status,
};
use receivables::fields::FieldError;
use receivables::id::{CreditNoteId, CustomerId, DisputeId, InvoiceId};
use receivables::intake::{CreditNoteInput, CustomerRef};
use receivables::money::Money;
use receivables::notice::About;
use receivables::task::TaskKind;
use receivables::zone::Zone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

mod view;

pub use view::{CodeView, DisputeFilter, DisputeView, codes, list, view};

statements! {
    SUBJECT = "SELECT json_object('id', i.id, 'customer', i.customer_id, 'number', i.number, 'numbering', i.numbering,
            'currency', i.currency, 'balance_minor', i.balance_minor, 'disputed_minor', i.disputed_minor,
            'time_zone', k.time_zone)
        FROM invoices i JOIN customers k ON k.id = i.customer_id WHERE i.id = ?";
    OWN_CODES = "SELECT json_object('of_customer', json(iif(customer_id IS NULL, 'false', 'true')), 'code', code,
            'reason', reason)
        FROM dispute_codes WHERE code = ?1 AND coalesce(customer_id, '') IN ('', ?2)";
    INSERT = "INSERT INTO disputes (id, invoice_id, customer_id, currency, amount_minor, reason, customer_code, text,
            assignee, documents, respond_by_on, status, opened_by, opened_at, due_at)
        SELECT j->>'id', j->>'invoice', j->>'customer', j->>'currency', j->>'amount_minor', j->>'reason',
            j->>'customer_code', j->>'text', j->>'assignee', j->'documents', j->>'respond_by', 'open', j->>'by', ?1,
            j->>'due_ms' FROM (SELECT ?2 AS j)";
    STANDING = "SELECT json_object('invoice', d.invoice_id, 'amount_minor', d.amount_minor, 'status', d.status,
            'reason', d.reason)
        FROM disputes d WHERE d.id = ?";
    ASSIGN = "UPDATE disputes SET assignee = ?2 WHERE id = ?1";
    REVIEW = "UPDATE disputes SET status = 'in_review' WHERE id = ?1";
    CLOSE = "UPDATE disputes SET status = ?2, closed_at = ?3, comment = ?4, outcome = ?5, credited_minor = ?6,
            credit_note_id = ?7, due_at = NULL WHERE id = ?1";
    RESUME = "UPDATE invoices SET resumed_on = max(coalesce(resumed_on, ?2), ?2) WHERE id = ?1";
    CREDITED = "SELECT json_object('id', c.id, 'credited_minor', (SELECT coalesce(-sum(l.amount_minor), 0)
            FROM postings l WHERE l.invoice_id = ?2 AND l.source_id = c.id))
        FROM credit_notes c WHERE c.number = ?1";
    PUT_CODE = "INSERT INTO dispute_codes (code, customer_id, written, reason, text, updated_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (code, coalesce(customer_id, '')) DO UPDATE SET written = excluded.written,
            reason = excluded.reason, text = excluded.text, updated_at = excluded.updated_at";
    UNANSWERED = "SELECT json_object('id', d.id, 'customer', d.customer_id, 'currency', d.currency,
            'number', i.number, 'amount_minor', d.amount_minor, 'assignee', d.assignee,
            'respond_by', d.respond_by_on, 'status', d.status, 'time_zone', k.time_zone)
        FROM disputes d JOIN invoices i ON i.id = d.invoice_id JOIN customers k ON k.id = d.customer_id
        WHERE d.due_at <= ?1 ORDER BY d.due_at LIMIT ?2";
    TOLD = "UPDATE disputes SET due_at = NULL WHERE id IN (SELECT value FROM json_each(?))";
}

/// Why nothing was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// There is no such dispute.
    Unknown,
    /// What it says cannot be done, for these reasons.
    Invalid(Vec<FieldError>),
    /// It is over, or beyond that act; its status.
    Status(Status),
    /// The credit note's number is another customer's, or its content another.
    CreditNoteTaken(CreditNoteId),
}

fn invalid_field(pointer: &str, code: &'static str, detail: impl Into<String>) -> Refused {
    Refused::Invalid(vec![FieldError::new(pointer, code, detail)])
}

#[derive(Deserialize)]
struct Subject {
    id: InvoiceId,
    customer: CustomerId,
    number: String,
    numbering: String,
    currency: Currency,
    balance_minor: i64,
    disputed_minor: i64,
    time_zone: String,
}

impl Subject {
    async fn find(tx: &Tx<'_>, id: &InvoiceId) -> Result<Option<Subject>> {
        tx.find(SUBJECT, params![id.as_str()]).await
    }

    fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    fn zone(&self) -> Result<Zone> {
        time_zone(&self.time_zone)
    }

    fn today(&self, moment: Moment) -> Result<NaiveDate> {
        Ok(calendar::day_of(moment.now, self.zone()?))
    }
}

#[derive(Deserialize)]
struct CodeRow {
    of_customer: bool,
    code: String,
    reason: String,
}

/// What a customer's code means.
async fn meaning(tx: &Tx<'_>, customer: &CustomerId, code: &str) -> Result<Option<&'static Reason>> {
    let rows: Vec<CodeRow> = tx
        .list(OWN_CODES, params![dispute::code_key(code), customer.as_str()])
        .await?;
    let known: Vec<OwnCode> = rows
        .into_iter()
        .filter_map(|row| {
            Some(OwnCode {
                of_customer: row.of_customer,
                code: row.code,
                reason: Reason::parse(&row.reason)?,
            })
        })
        .collect();
    Ok(dispute::meaning(code, &known))
}

#[derive(Serialize)]
struct NewRow<'a> {
    id: &'a DisputeId,
    invoice: &'a InvoiceId,
    customer: &'a CustomerId,
    currency: &'static str,
    amount_minor: i64,
    reason: &'static str,
    customer_code: Option<&'a str>,
    text: Option<&'a str>,
    assignee: Option<&'a str>,
    documents: &'a [dispute::Document],
    respond_by: NaiveDate,
    by: &'a str,
    due_ms: i64,
}

/// Opens a dispute, about an invoice of `customer` where that is said. What is disputed rests from now on.
pub async fn open(
    tx: &Tx<'_>,
    moment: Moment,
    customer: Option<&CustomerId>,
    input: &DisputeInput,
    by: &str,
) -> Result<Result<DisputeId, Refused>> {
    let theirs = |invoice: &Subject| customer.is_none_or(|customer| invoice.customer == *customer);
    let Some(invoice) = Subject::find(tx, &input.invoice).await?.filter(theirs) else {
        return Ok(Err(invalid_field(
            "/invoice",
            "unknown_invoice",
            "there is no such invoice",
        )));
    };
    let today = invoice.today(moment)?;
    let mut errors = Vec::new();
    let reason = meaning(tx, &invoice.customer, &input.reason).await?;
    if reason.is_none() {
        let detail = format!(
            "`{}` is neither one of our reasons nor a code that is mapped to one",
            input.reason
        );
        errors.push(FieldError::new("/reason", "unknown_value", detail));
    }
    let (balance, disputed) = (
        invoice.money(invoice.balance_minor),
        invoice.money(invoice.disputed_minor),
    );
    let amount = dispute::claimed(balance, disputed, input.amount);
    if let Err(refused) = &amount {
        errors.push(FieldError::new("/amount", refused.code(), refused.to_string()));
    }
    if let Some(day) = input.respond_by.filter(|day| *day < today) {
        errors.push(FieldError::new(
            "/respond_by",
            "in_the_past",
            format!("{day} is over; today is {today}"),
        ));
    }
    let (Some(reason), Ok(amount), true) = (reason, amount, errors.is_empty()) else {
        return Ok(Err(Refused::Invalid(errors)));
    };
    let id = moment.id(DisputeId::from_parts)?;
    let version = agreements::version_of(tx, moment, &invoice.customer, invoice.currency).await?;
    let rules = version.map_or_else(Rules::default, |version| version.policy.disputes.clone());
    let respond_by = rules.respond_by(today, input.respond_by);
    let own_code = Some(input.reason.as_str()).filter(|code| *code != reason.code);
    let row = NewRow {
        id: &id,
        invoice: &invoice.id,
        customer: &invoice.customer,
        currency: invoice.currency.code(),
        amount_minor: amount.minor(),
        reason: reason.code,
        customer_code: own_code,
        text: input.text.as_deref(),
        assignee: input.assignee.as_deref(),
        documents: &input.documents,
        respond_by,
        by,
        due_ms: end_of_day(respond_by, invoice.zone()?),
    };
    tx.run(INSERT, params![moment.ms(), serde_json::to_string(&row)?])
        .await?;
    let said = input
        .text
        .as_deref()
        .map_or(String::new(), |text| format!(" \"{text}\""));
    let opened = Entry {
        kind: "dispute_opened",
        title: format!("{amount} of {} disputed", invoice.number),
        detail: format!("{}.{said} An answer is due by {respond_by}.", reason.text),
        event: Some("dispute.opened"),
        data: serde_json::json!({"dispute": id, "invoice": invoice.id, "amount": amount, "reason": reason.code}),
    };
    finish(tx, moment, &invoice, &id, opened).await?;
    let about = About::Dispute {
        number: invoice.number.clone(),
        amount,
        reason: reason.code.to_owned(),
        granted: None,
        note: None,
    };
    let why = format!("{amount} of {} was disputed", invoice.number);
    notify(tx, moment, &invoice, "dispute_received", &id, about, why).await?;
    Ok(Ok(id))
}

#[derive(Deserialize)]
struct Standing {
    invoice: InvoiceId,
    amount_minor: i64,
    status: Status,
    reason: String,
}

/// A dispute that `act` can still be done to, and its invoice.
async fn standing(tx: &Tx<'_>, id: &DisputeId, act: Act) -> Result<Result<(Standing, Subject), Refused>> {
    let Some(dispute) = tx.find::<Standing>(STANDING, params![id.as_str()]).await? else {
        return Ok(Err(Refused::Unknown));
    };
    if dispute.status.after(act).is_none() {
        return Ok(Err(Refused::Status(dispute.status)));
    }
    let invoice = Subject::find(tx, &dispute.invoice)
        .await?
        .ok_or_else(|| StoreError::Decode(format!("no invoice {}", dispute.invoice)))?;
    Ok(Ok((dispute, invoice)))
}

/// Gives a dispute to a team.
pub async fn assign(tx: &Tx<'_>, moment: Moment, id: &DisputeId, team: &str) -> Result<Result<(), Refused>> {
    let (dispute, invoice) = match standing(tx, id, Act::Assign).await? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    tx.run(ASSIGN, params![id.as_str(), team]).await?;
    let assigned = Entry {
        kind: "dispute_assigned",
        title: format!("Dispute of {} assigned", invoice.number),
        detail: format!("{team} is to look at {}.", invoice.money(dispute.amount_minor)),
        event: None,
        data: serde_json::Value::Null,
    };
    finish(tx, moment, &invoice, id, assigned).await?;
    Ok(Ok(()))
}

/// Begins to look at a dispute.
pub async fn review(tx: &Tx<'_>, moment: Moment, id: &DisputeId) -> Result<Result<(), Refused>> {
    let (dispute, invoice) = match standing(tx, id, Act::Review).await? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    tx.run(REVIEW, params![id.as_str()]).await?;
    let reviewed = Entry {
        kind: "dispute_in_review",
        title: format!("Dispute of {} in review", invoice.number),
        detail: format!("{} is looked at.", invoice.money(dispute.amount_minor)),
        event: None,
        data: serde_json::Value::Null,
    };
    finish(tx, moment, &invoice, id, reviewed).await?;
    Ok(Ok(()))
}

/// Takes a dispute back, on the customer's word. What was disputed is dunned again from now on.
pub async fn withdraw(
    tx: &Tx<'_>,
    moment: Moment,
    id: &DisputeId,
    comment: Option<&str>,
) -> Result<Result<(), Refused>> {
    let (dispute, invoice) = match standing(tx, id, Act::Withdraw).await? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    let nothing: Option<&str> = None;
    tx.run(
        CLOSE,
        params![
            id.as_str(),
            Status::Withdrawn.as_str(),
            moment.ms(),
            comment,
            nothing,
            0,
            nothing
        ],
    )
    .await?;
    resume(tx, moment, &invoice).await?;
    let withdrawn = Entry {
        kind: "dispute_withdrawn",
        title: format!("Dispute of {} withdrawn", invoice.number),
        detail: format!("{} is owed as before.", invoice.money(dispute.amount_minor)),
        event: Some("dispute.withdrawn"),
        data: serde_json::json!({"dispute": id, "invoice": invoice.id}),
    };
    finish(tx, moment, &invoice, id, withdrawn).await?;
    Ok(Ok(()))
}

/// Decides a dispute: what is credited gets its credit note; what stands is dunned from today on, at the stage that the
/// invoice's age gives.
pub async fn resolve(
    tx: &Tx<'_>,
    moment: Moment,
    id: &DisputeId,
    input: &ResolutionInput,
) -> Result<Result<(), Refused>> {
    let (dispute, invoice) = match standing(tx, id, Act::Resolve).await? {
        Ok(found) => found,
        Err(refused) => return Ok(Err(refused)),
    };
    let disputed = invoice.money(dispute.amount_minor);
    let (settled, note) = match credit(tx, moment, id, &invoice, disputed, input).await? {
        Ok(credited) => credited,
        Err(refused) => return Ok(Err(refused)),
    };
    tx.run(
        CLOSE,
        params![
            id.as_str(),
            Status::Resolved.as_str(),
            moment.ms(),
            input.comment.as_deref(),
            Some(input.resolution.as_str()),
            settled.credit.minor(),
            note.as_ref().map(CreditNoteId::as_str),
        ],
    )
    .await?;
    resume(tx, moment, &invoice).await?;
    let why = input
        .comment
        .as_deref()
        .map_or(String::new(), |why| format!(" {why}"));
    let resolved = Entry {
        kind: "dispute_resolved",
        title: format!(
            "Dispute of {} resolved: {}",
            invoice.number,
            input.resolution.as_str()
        ),
        detail: format!("{} is credited, {} stands.{why}", settled.credit, settled.stands),
        event: Some("dispute.resolved"),
        data: serde_json::json!({"dispute": id, "invoice": invoice.id, "outcome": input.resolution.as_str(),
            "credited": settled.credit, "stands": settled.stands}),
    };
    finish(tx, moment, &invoice, id, resolved).await?;
    let about = About::Dispute {
        number: invoice.number.clone(),
        amount: disputed,
        reason: dispute.reason,
        granted: Some(settled.credit),
        note: input.comment.clone(),
    };
    let why = format!("the dispute of {} was decided", invoice.number);
    notify(tx, moment, &invoice, "dispute_decided", id, about, why).await?;
    Ok(Ok(()))
}

/// Tells the customer of its dispute.
async fn notify(
    tx: &Tx<'_>,
    moment: Moment,
    invoice: &Subject,
    template: &'static str,
    id: &DisputeId,
    about: About,
    why: String,
) -> Result<()> {
    let notice = Notice::new(&invoice.customer, template, id, about, why).of(invoice.currency);
    notices::queue(tx, moment, &[notice]).await.map(drop)
}

/// A credit note, and what it took off an invoice.
#[derive(Deserialize)]
struct KnownNote {
    id: CreditNoteId,
    credited_minor: i64,
}

/// What a decision comes to, with the credit note that carries it: the one of that number where the books have sent it
/// already, else a new one.
async fn credit(
    tx: &Tx<'_>,
    moment: Moment,
    id: &DisputeId,
    invoice: &Subject,
    disputed: Money,
    input: &ResolutionInput,
) -> Result<Result<(Settled, Option<CreditNoteId>), Refused>> {
    if let Some(number) = &input.credit_note_number {
        let namesakes: Vec<KnownNote> = tx
            .list(CREDITED, params![number.as_str(), invoice.id.as_str()])
            .await?;
        if let Some(note) = namesakes.iter().find(|note| note.credited_minor > 0) {
            let credit = invoice.money(note.credited_minor).checked_min(disputed)?;
            let stands = disputed
                .checked_sub(credit)?
                .checked_min(invoice.money(invoice.balance_minor))?;
            return Ok(Ok((Settled { credit, stands }, Some(note.id.clone()))));
        }
    }
    let balance = invoice.money(invoice.balance_minor);
    let settled = match dispute::settle(&input.resolution, disputed, balance) {
        Ok(settled) => settled,
        Err(unsettled) => {
            return Ok(Err(invalid_field(
                "/outcome",
                unsettled.code(),
                unsettled.to_string(),
            )));
        }
    };
    if !settled.credit.is_positive() {
        return Ok(Ok((settled, None)));
    }
    let note = CreditNoteInput {
        number: input.credit_note_number.clone().unwrap_or_else(|| id.to_string()),
        numbering: Some(invoice.numbering.clone()).filter(|numbering| !numbering.is_empty()),
        customer: CustomerRef::Id(invoice.customer.clone()),
        issue_date: invoice.today(moment)?,
        currency: invoice.currency,
        total: settled.credit,
        invoice_number: Some(invoice.number.clone()),
        invoices: Vec::new(),
        reason: input.comment.clone(),
    };
    match credit_notes::take(tx, moment, &note).await? {
        credit_notes::Taken::Accepted(applied) | credit_notes::Taken::Duplicate(applied) => {
            Ok(Ok((settled, Some(applied.id))))
        }
        credit_notes::Taken::Conflict(taken) => Ok(Err(Refused::CreditNoteTaken(taken))),
        credit_notes::Taken::UnknownCustomer | credit_notes::Taken::OtherCurrency(_) => {
            Err(StoreError::Decode(format!("credit note for dispute {id}")))
        }
    }
}

async fn resume(tx: &Tx<'_>, moment: Moment, invoice: &Subject) -> Result<()> {
    let today = invoice.today(moment)?.to_string();
    tx.run(RESUME, params![invoice.id.as_str(), today]).await
}

/// What is written about an act.
struct Entry {
    kind: &'static str,
    title: String,
    detail: String,
    /// What systems outside are told, if anything.
    event: Option<&'static str>,
    /// In what words.
    data: serde_json::Value,
}

async fn finish(tx: &Tx<'_>, moment: Moment, invoice: &Subject, id: &DisputeId, entry: Entry) -> Result<()> {
    let activity = Activity {
        customer_id: invoice.customer.clone(),
        kind: entry.kind,
        title: entry.title,
        detail: entry.detail,
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    if let Some(r#type) = entry.event {
        let event = Event::new(r#type, &invoice.customer, entry.data);
        events::record(tx, moment, &[event]).await?;
    }
    dunning::replan(tx, moment, &BTreeSet::from([invoice.customer.clone()])).await
}

/// Maps a customer's own code, or everybody's, to one of our reasons.
pub async fn put_code(
    tx: &Tx<'_>,
    moment: Moment,
    code: &str,
    customer: Option<&CustomerId>,
    reason: &'static Reason,
    text: Option<&str>,
) -> Result<()> {
    tx.run(
        PUT_CODE,
        params![
            dispute::code_key(code),
            customer.map(CustomerId::as_str),
            code.trim(),
            reason.code,
            text,
            moment.ms()
        ],
    )
    .await
}

#[derive(Deserialize)]
struct UnansweredRow {
    id: DisputeId,
    customer: CustomerId,
    currency: Currency,
    number: String,
    amount_minor: i64,
    assignee: Option<String>,
    respond_by: NaiveDate,
    status: Status,
    time_zone: String,
}

/// Gives a person a task for each dispute whose last day for an answer has passed; how many there were. It decides
/// nothing.
pub(crate) async fn unanswered(tx: &Tx<'_>, moment: Moment, limit: u32) -> Result<usize> {
    let rows: Vec<UnansweredRow> = tx.list(UNANSWERED, params![moment.ms(), limit]).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let mut log = Vec::with_capacity(rows.len());
    let mut reviews = Vec::with_capacity(rows.len());
    for row in &rows {
        let today = calendar::day_of(moment.now, time_zone(&row.time_zone)?);
        if !dispute::overdue(row.status, row.respond_by, today) {
            continue;
        }
        let amount = Money::new(row.amount_minor, row.currency);
        let detail = format!(
            "{amount} of {} is in dispute, and was to be answered by {}.",
            row.number, row.respond_by
        );
        log.push(Activity {
            customer_id: row.customer.clone(),
            kind: "dispute_unanswered",
            title: format!("Dispute of {} unanswered", row.number),
            detail: detail.clone(),
            refers_to: Some(row.id.to_string()),
        });
        reviews.push(NewTask {
            customer: row.customer.clone(),
            currency: Some(row.currency),
            kind: TaskKind::Review,
            title: format!("Answer the dispute of {}", row.number),
            detail: Some(detail),
            due_on: calendar::business_day_from(today),
            step: Some("dispute_unanswered".to_owned()),
            cycle: Some(row.id.to_string()),
            assignee: row.assignee.clone(),
        });
    }
    let told: Vec<&DisputeId> = rows.iter().map(|row| &row.id).collect();
    tx.run(TOLD, params![serde_json::to_string(&told)?]).await?;
    activities::record(tx, moment, &log).await?;
    tasks::open(tx, moment, &reviews).await?;
    Ok(rows.len())
}

#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [ALL, view::ALL].concat()
}
