//! Promises to pay: made, judged by the money, cancelled.
//!
//! What is promised rests until the last day, the grace included: `invoices.promised_until_on`. Kept or broken is never
//! set by hand; [`crate::agreements`] says when it is judged.

use crate::activities::{self, Activity};
use crate::agreements::{
    self, Account, CustomerRefView, InvoiceRef, JUDGED_FOR_DAYS, Line, days_before, gone, received,
    received_lines,
};
use crate::db::{Db, Tx, statements};
use crate::dunning;
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::instants::{end_of_day, rfc3339, time_zone};
use crate::listing::Listing;
use crate::moment::Moment;
use crate::notices::{self, Notice};
use crate::params;
use chrono::NaiveDate;
use receivables::calendar;
use receivables::currency::Currency;
use receivables::fields::FieldError;
use receivables::id::{CustomerId, PromiseId};
use receivables::money::Money;
use receivables::promise::{Judged, Meets, Promise, PromiseInput, Rules, Status, admit};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

mod letter;

pub use letter::PromiseNote;
pub(crate) use letter::Spoken;

use letter::Letter;

macro_rules! select_promise {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', a.id, 'customer', a.customer_id, 'external_id', k.external_id,
                'time_zone', k.time_zone, 'currency', a.currency, 'amount_minor', a.amount_minor,
                'debt_minor', a.debt_minor, 'made_on', a.made_on, 'promised_on', a.promised_on,
                'grace_days', a.grace_days, 'status', a.status, 'status_on', a.status_on,
                'missing_minor', a.missing_minor, 'note', a.note, 'made_by', a.made_by, 'created_ms', a.created_at,
                'invoices', json((SELECT json_group_array(json_object('id', i.id, 'number', i.number))
                    FROM promise_invoices x JOIN invoices i ON i.id = x.invoice_id WHERE x.promise_id = a.id)),
                'lines', ",
            received!("promise_invoices", "promise_id"),
            ") FROM promises a JOIN customers k ON k.id = a.customer_id ",
            $which
        )
    };
}

statements! {
    ONE = select_promise!("WHERE a.id = ?");
    LIST = select_promise!("WHERE a.id < ?1 ORDER BY a.id DESC LIMIT ?2");
    OF_STATUS = select_promise!("WHERE a.status = ?3 AND a.id < ?1 ORDER BY a.id DESC LIMIT ?2");
    OF_CUSTOMER = select_promise!("WHERE a.customer_id = ?3 AND a.id < ?1 AND (?4 IS NULL OR a.status = ?4)
            ORDER BY a.id DESC LIMIT ?2");
    OF_CUSTOMERS = select_promise!("WHERE a.customer_id IN (SELECT value FROM json_each(?1))
            AND a.status <> 'cancelled' AND a.until_on >= ?2");
    DUE = select_promise!("WHERE a.due_at <= ?1 ORDER BY a.due_at LIMIT ?2");
    COUNT_OPEN = "SELECT count(*) FROM promises WHERE customer_id = ? AND currency = ? AND +status = 'open'";
    INSERT = "INSERT INTO promises (id, customer_id, currency, amount_minor, debt_minor, made_on, promised_on, grace_days,
            until_on, status, missing_minor, note, made_by, posted_before, due_at, created_at)
        SELECT j->>'id', j->>'customer', j->>'currency', j->>'amount_minor', j->>'debt_minor', j->>'made_on',
            j->>'promised_on', j->>'grace_days', j->>'until_on', 'open', j->>'amount_minor', j->>'note', j->>'made_by',
            j->>'posted_before', j->>'due_ms', ?1 FROM (SELECT ?2 AS j)";
    INSERT_INVOICES = "INSERT INTO promise_invoices (promise_id, invoice_id) SELECT ?1, value FROM json_each(?2)";
    SETTLE = "UPDATE promises SET status = j.value->>'status', status_on = j.value->>'on',
            missing_minor = j.value->>'missing_minor', due_at = j.value->>'due_ms'
        FROM json_each(?) AS j WHERE promises.id = j.value->>'id'";
    /// What is promised rests until the last of its open promises ends; where one has ended, it goes on from that day.
    REST = "UPDATE invoices SET promised_until_on = (SELECT max(p.until_on) FROM promise_invoices x
                JOIN promises p ON p.id = x.promise_id WHERE x.invoice_id = invoices.id AND +p.status = 'open'),
            resumed_on = nullif(max(coalesce(resumed_on, ''), coalesce((SELECT max(p.status_on) FROM promise_invoices x
                JOIN promises p ON p.id = x.promise_id WHERE x.invoice_id = invoices.id AND p.status <> 'open'), '')), '')
        WHERE id IN (SELECT x.invoice_id FROM promise_invoices x
            WHERE x.promise_id IN (SELECT value FROM json_each(?)))";
    RESCORE = "INSERT INTO risk_queue (customer_id, due_at) SELECT value, 0 FROM json_each(?) WHERE true
        ON CONFLICT (customer_id) DO UPDATE SET due_at = 0";
}

/// A promise as `GET /v1/promises/{id}` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct PromiseView {
    /// Ours.
    pub id: PromiseId,
    /// Who promises.
    pub customer: CustomerRefView,
    /// What for.
    pub invoices: Vec<InvoiceRef>,
    /// How much.
    pub amount: Money,
    /// What of it has not come.
    pub missing: Money,
    /// The day on which it was made.
    pub made_on: NaiveDate,
    /// The day by which the money is to be here.
    pub promised_on: NaiveDate,
    /// Days after it on which it is still in time.
    pub grace_days: u32,
    /// The last day on which it is in time, and on which what is promised is not dunned.
    pub until: NaiveDate,
    /// `open`, `kept`, `broken` or `cancelled`.
    pub status: Status,
    /// Since when, where it is not open.
    pub decided_on: Option<NaiveDate>,
    /// What was said.
    pub note: Option<String>,
    /// The key with which it was recorded.
    pub made_by: String,
    /// RFC 3339, UTC.
    pub created_at: String,
}

#[derive(Deserialize)]
struct Row {
    id: PromiseId,
    customer: CustomerId,
    external_id: String,
    time_zone: String,
    currency: Currency,
    amount_minor: i64,
    debt_minor: i64,
    made_on: NaiveDate,
    promised_on: NaiveDate,
    grace_days: u32,
    status: Status,
    status_on: Option<NaiveDate>,
    missing_minor: i64,
    note: Option<String>,
    made_by: String,
    created_ms: i64,
    invoices: Vec<InvoiceRef>,
    lines: Vec<Line>,
}

impl Row {
    fn promise(&self) -> Promise {
        Promise {
            amount: Money::new(self.amount_minor, self.currency),
            debt: Money::new(self.debt_minor, self.currency),
            made_on: self.made_on,
            promised_on: self.promised_on,
            grace_days: self.grace_days,
        }
    }
}

impl TryFrom<Row> for PromiseView {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let promise = row.promise();
        Ok(Self {
            id: row.id,
            customer: CustomerRefView {
                id: row.customer,
                external_id: row.external_id,
            },
            invoices: row.invoices,
            amount: promise.amount,
            missing: Money::new(row.missing_minor, row.currency),
            made_on: row.made_on,
            promised_on: row.promised_on,
            grace_days: row.grace_days,
            until: promise.until(),
            status: row.status,
            decided_on: row.status_on,
            note: row.note,
            made_by: row.made_by,
            created_at: rfc3339(row.created_ms)?,
        })
    }
}

#[derive(Serialize)]
struct NewRow<'a> {
    id: &'a PromiseId,
    customer: &'a CustomerId,
    currency: &'static str,
    amount_minor: i64,
    debt_minor: i64,
    made_on: NaiveDate,
    promised_on: NaiveDate,
    grace_days: u32,
    until_on: NaiveDate,
    note: Option<&'a str>,
    made_by: &'a str,
    posted_before: &'a str,
    due_ms: i64,
}

/// Records a promise; or every reason against it. What it covers rests from now on.
pub async fn make(
    tx: &Tx<'_>,
    moment: Moment,
    input: &PromiseInput,
    by: &str,
) -> Result<Result<PromiseId, Vec<FieldError>>> {
    let Some(account) = Account::find(tx, &input.customer).await? else {
        let unknown = FieldError::new("/customer", "unknown_customer", "no such customer");
        return Ok(Err(vec![unknown]));
    };
    let covered = match agreements::covered(tx, moment, &account, &input.invoices, input.currency).await? {
        Ok(covered) => covered,
        Err(errors) => return Ok(Err(errors)),
    };
    let currency = covered.owed.currency();
    let open = tx
        .row(COUNT_OPEN, params![account.customer.as_str(), currency.code()])
        .await?
        .map_or(Ok(0), |row| row.int(0))?;
    let version = agreements::version_of(tx, moment, &account.customer, currency).await?;
    let rules = version.map_or_else(Rules::default, |version| version.policy.promises.clone());
    let meets = Meets {
        owed: covered.owed,
        open: usize::try_from(open).unwrap_or(usize::MAX),
        overlaps: covered.promised,
    };
    let promise = match admit(input, &rules, meets, account.today(moment)) {
        Ok(promise) => promise,
        Err(errors) => return Ok(Err(errors)),
    };
    let id = moment.id(PromiseId::from_parts)?;
    let row = NewRow {
        id: &id,
        customer: &account.customer,
        currency: currency.code(),
        amount_minor: promise.amount.minor(),
        debt_minor: promise.debt.minor(),
        made_on: promise.made_on,
        promised_on: promise.promised_on,
        grace_days: promise.grace_days,
        until_on: promise.until(),
        note: input.note.as_deref(),
        made_by: by,
        posted_before: &covered.posted_before,
        due_ms: end_of_day(promise.until(), account.zone),
    };
    tx.run(INSERT, params![moment.ms(), serde_json::to_string(&row)?])
        .await?;
    let invoices = serde_json::to_string(&covered.invoices)?;
    tx.run(INSERT_INVOICES, params![id.as_str(), invoices]).await?;
    rest(tx, &[&id]).await?;
    let said = input
        .note
        .as_deref()
        .map_or(String::new(), |note| format!(" \"{note}\""));
    let activity = Activity {
        customer_id: account.customer.clone(),
        kind: "promise_made",
        title: format!("{} promised for {}", promise.amount, promise.promised_on),
        detail: format!(
            "For {} invoice(s) that owe {}; in time until {}.{said}",
            covered.invoices.len(),
            promise.debt,
            promise.until()
        ),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    let data = serde_json::json!({"promise": id, "amount": promise.amount, "promised_on": promise.promised_on,
        "until": promise.until(), "invoices": covered.invoices});
    events::record(tx, moment, &[Event::new("promise.made", &account.customer, data)]).await?;
    let letter = Letter {
        promise: &id,
        customer: &account.customer,
        amount: promise.amount,
        promised_on: promise.promised_on,
    };
    let confirmation = rules.confirm.then(|| letter.confirms());
    let letters: Vec<Notice> = confirmation
        .into_iter()
        .chain([letter.recalls(rules.remind_days)])
        .collect();
    notices::queue(tx, moment, &letters).await?;
    dunning::replan(tx, moment, &BTreeSet::from([account.customer])).await?;
    Ok(Ok(id))
}

async fn rest(tx: &Tx<'_>, promises: &[&PromiseId]) -> Result<()> {
    tx.run(REST, params![serde_json::to_string(promises)?]).await
}

/// What became of a request to cancel a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cancelled {
    /// It is; what it covered goes on.
    Done,
    /// There is no such promise.
    Unknown,
    /// The money has decided already, or it was cancelled before.
    Status(Status),
}

/// Cancels an open promise.
pub async fn cancel(tx: &Tx<'_>, moment: Moment, id: &PromiseId, reason: Option<&str>) -> Result<Cancelled> {
    let Some(row) = tx.find::<Row>(ONE, params![id.as_str()]).await? else {
        return Ok(Cancelled::Unknown);
    };
    if !row.status.cancellable() {
        return Ok(Cancelled::Status(row.status));
    }
    let today = calendar::day_of(moment.now, time_zone(&row.time_zone)?);
    let change = Change {
        id: &row.id,
        status: Status::Cancelled,
        on: Some(today),
        missing_minor: row.missing_minor,
        due_ms: None,
    };
    tx.run(SETTLE, params![serde_json::to_string(&[change])?]).await?;
    rest(tx, &[&row.id]).await?;
    let activity = Activity {
        customer_id: row.customer.clone(),
        kind: "promise_cancelled",
        title: format!("Promise for {} cancelled", row.promised_on),
        detail: reason.map_or("Taken back by hand.".to_owned(), str::to_owned),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    let money = |minor| Money::new(minor, row.currency);
    let data = serde_json::json!({"promise": id, "amount": money(row.amount_minor),
        "missing": money(row.missing_minor), "promised_on": row.promised_on, "on": today});
    events::record(
        tx,
        moment,
        &[Event::new("promise.cancelled", &row.customer, data)],
    )
    .await?;
    dunning::replan(tx, moment, &BTreeSet::from([row.customer])).await?;
    Ok(Cancelled::Done)
}

#[derive(Serialize)]
struct Change<'a> {
    id: &'a PromiseId,
    status: Status,
    on: Option<NaiveDate>,
    missing_minor: i64,
    due_ms: Option<i64>,
}

/// Judges every promise of `customers` that is not cancelled and not long over.
pub(crate) async fn judge_of(tx: &Tx<'_>, moment: Moment, customers: &BTreeSet<CustomerId>) -> Result<()> {
    let since = days_before(moment, JUDGED_FOR_DAYS);
    let rows = tx
        .list(OF_CUSTOMERS, params![serde_json::to_string(customers)?, since])
        .await?;
    judge(tx, moment, &rows).await
}

/// Judges open promises whose last day has passed; how many there were.
pub(crate) async fn judge_due(
    tx: &Tx<'_>,
    moment: Moment,
    limit: u32,
    concerned: &mut BTreeSet<CustomerId>,
) -> Result<usize> {
    let rows: Vec<Row> = tx.list(DUE, params![moment.ms(), limit]).await?;
    judge(tx, moment, &rows).await?;
    concerned.extend(rows.iter().map(|row| row.customer.clone()));
    Ok(rows.len())
}

async fn judge(tx: &Tx<'_>, moment: Moment, rows: &[Row]) -> Result<()> {
    let (mut changes, mut moved, mut log, mut events) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let (mut broken, mut rescored) = (Vec::new(), BTreeSet::new());
    for row in rows {
        let zone = time_zone(&row.time_zone)?;
        let today = calendar::day_of(moment.now, zone);
        let promise = row.promise();
        let judged = promise.judge(&received_lines(&row.lines, row.currency), today);
        let status = row.status.judged(&judged);
        let (on, missing_minor) = match judged {
            Judged::Open { missing } => (None, missing.minor()),
            Judged::Kept { on } => (Some(on), 0),
            Judged::Broken { on, missing } => (Some(on), missing.minor()),
            Judged::Void => (Some(today), 0),
        };
        if (status, on, missing_minor) == (row.status, row.status_on, row.missing_minor) {
            continue;
        }
        changes.push(Change {
            id: &row.id,
            status,
            on,
            missing_minor,
            due_ms: (status == Status::Open).then(|| end_of_day(promise.until(), zone)),
        });
        if status == row.status {
            continue;
        }
        moved.push(&row.id);
        let missing = Money::new(missing_minor, row.currency);
        let (activity, event) = told(row, status, on, missing);
        log.push(activity);
        events.push(event);
        if status == Status::Broken {
            broken.push((row, missing));
        }
        if status == Status::Broken || row.status == Status::Broken {
            rescored.insert(&row.customer);
        }
    }
    if changes.is_empty() {
        return Ok(());
    }
    tx.run(SETTLE, params![serde_json::to_string(&changes)?]).await?;
    if moved.is_empty() {
        return Ok(());
    }
    rest(tx, &moved).await?;
    tx.run(RESCORE, params![serde_json::to_string(&rescored)?])
        .await?;
    activities::record(tx, moment, &log).await?;
    events::record(tx, moment, &events).await?;
    speak_of_breaches(tx, moment, &broken).await
}

/// Queues the message that a broken promise triggers, where the policy names one. Without, dunning just goes on.
async fn speak_of_breaches(tx: &Tx<'_>, moment: Moment, broken: &[(&Row, Money)]) -> Result<()> {
    if broken.is_empty() {
        return Ok(());
    }
    let customers: BTreeSet<&CustomerId> = broken.iter().map(|(row, _)| &row.customer).collect();
    let cases = dunning::cases_of(tx, moment, &Vec::from_iter(customers)).await?;
    let letters: Vec<Notice> = broken
        .iter()
        .filter_map(|(row, missing)| {
            let ours = |case: &&dunning::Case| {
                case.facts.customer == row.customer && case.facts.currency == row.currency
            };
            let version = &cases.iter().find(ours)?.ruling.version;
            let template = version.policy.promises.broken_step.as_deref()?;
            let letter = Letter {
                promise: &row.id,
                customer: &row.customer,
                amount: Money::new(row.amount_minor, row.currency),
                promised_on: row.promised_on,
            };
            Some(letter.broken(template, *missing))
        })
        .collect();
    notices::queue(tx, moment, &letters).await.map(drop)
}

/// What is written about a judgement, and what systems outside are told.
fn told(row: &Row, status: Status, on: Option<NaiveDate>, missing: Money) -> (Activity, Event) {
    let promised = Money::new(row.amount_minor, row.currency);
    let (kind, named, what, detail) = match status {
        Status::Kept => (
            "promise_kept",
            "promise.kept",
            "kept",
            format!("{promised} came in time."),
        ),
        Status::Broken => (
            "promise_broken",
            "promise.broken",
            "broken",
            format!(
                "{missing} of {promised} had not come by {}.",
                row.promise().until()
            ),
        ),
        Status::Open => (
            "promise_reopened",
            "promise.reopened",
            "open again",
            format!("Money was taken back: {missing} is missing."),
        ),
        Status::Cancelled => (
            "promise_cancelled",
            "promise.cancelled",
            "void",
            "Nothing is owed any more on what it was about, and nobody has paid it.".to_owned(),
        ),
    };
    let activity = Activity {
        customer_id: row.customer.clone(),
        kind,
        title: format!("Promise for {} {what}", row.promised_on),
        detail,
        refers_to: Some(row.id.to_string()),
    };
    let data = serde_json::json!({"promise": row.id, "amount": promised, "missing": missing,
        "promised_on": row.promised_on, "on": on});
    (activity, Event::new(named, &row.customer, data))
}

/// One promise.
pub async fn view(db: &Db, id: &PromiseId) -> Result<Option<PromiseView>> {
    let row: Option<Row> = db.find(ONE, params![id.as_str()]).await?;
    row.map(PromiseView::try_from).transpose()
}

/// One promise that is known to be there.
pub async fn shown(db: &Db, id: &PromiseId) -> Result<PromiseView> {
    view(db, id).await?.ok_or_else(|| gone(id))
}

const LISTING: Listing = Listing {
    all: LIST,
    of_status: OF_STATUS,
    of_customer: OF_CUSTOMER,
};

/// Which promises to list.
#[derive(Debug, Clone, Default)]
pub struct PromiseFilter {
    /// Only those of one customer.
    pub customer: Option<CustomerId>,
    /// Only those of one status.
    pub status: Option<Status>,
    /// The last one of the page before.
    pub after: Option<String>,
}

/// Promises, the newest first.
pub async fn list(db: &Db, filter: &PromiseFilter, limit: u32) -> Result<Vec<PromiseView>> {
    let (customer, before) = (filter.customer.as_ref(), filter.after.as_deref());
    let status = filter.status.map(Status::as_str);
    let rows: Vec<Row> = LISTING.rows(db, customer, status, before, limit).await?;
    rows.into_iter().map(PromiseView::try_from).collect()
}
