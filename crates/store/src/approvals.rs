//! Approvals: what was asked for, who decided, and what was done about it.
//!
//! **Shape.** A request names what it is about in its `subject`, which together with its kind is asked for once until it
//! is decided. [`decide`] grants it and [`carry_out`] does what was granted, in one transaction: a request that cannot be
//! carried out any more is not granted. The database refuses a second decision and one by who asked, whatever calls it.

use crate::accounts;
use crate::activities::{self, Activity};
use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::events::{self, Event};
use crate::instants::{instant, rfc3339};
use crate::listing::Listing;
use crate::moment::Moment;
use crate::params;
use chrono::{DateTime, Utc};
use receivables::approval::{self, Act, Actor, ApprovalKind, ApprovalStatus, Asked, Refused};
use receivables::currency::Currency;
use receivables::id::{ApprovalId, CustomerId};
use receivables::money::Money;
use serde::{Deserialize, Serialize};

mod carry_out;

pub use carry_out::NotDone;

macro_rules! select_approval {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', a.id, 'kind', a.kind, 'customer_id', a.customer_id, 'subject', json(a.subject),
                'currency', a.currency, 'amount_minor', a.amount_minor, 'status', a.status, 'asked_by', a.asked_by,
                'comment', a.comment, 'expires_ms', a.expires_at, 'decided_by', a.decided_by,
                'decision_comment', a.decision_comment, 'decided_ms', a.decided_at, 'created_ms', a.created_at)
            FROM approvals a ",
            $which
        )
    };
}

statements! {
    // The same again, while it is pending, is the one that is there.
    ASK = "INSERT INTO approvals (id, kind, customer_id, subject, currency, amount_minor, asked_by, comment,
            expires_at, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
        ON CONFLICT (kind, subject) WHERE status = 'pending' DO UPDATE SET kind = excluded.kind
        RETURNING id";
    PENDING = select_approval!("WHERE a.kind = ? AND a.subject = ? AND a.status = 'pending'");
    ONE = select_approval!("WHERE a.id = ?");
    LIST = select_approval!("WHERE a.id < ?1 ORDER BY a.id DESC LIMIT ?2");
    OF_STATUS = select_approval!("WHERE a.status = ?3 AND a.id < ?1 ORDER BY a.id DESC LIMIT ?2");
    OF_CUSTOMER = select_approval!("WHERE a.customer_id = ?3 AND a.id < ?1 AND (?4 IS NULL OR a.status = ?4)
            ORDER BY a.id DESC LIMIT ?2");
    DECIDE = "UPDATE approvals SET status = ?2, decided_by = ?3, decision_comment = ?4, decided_at = ?5
        WHERE id = ?1";
    RAN_OUT = select_approval!("WHERE a.status = 'pending' AND a.expires_at <= ?1 ORDER BY a.expires_at LIMIT ?2");
    EXPIRE = "UPDATE approvals SET status = 'expired', decided_at = ?1
        WHERE id IN (SELECT value FROM json_each(?2))";
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request<'a> {
    /// What it is.
    pub kind: ApprovalKind,
    /// Whom it concerns.
    pub customer: &'a CustomerId,
    /// Which invoice, plan or account it is about: whatever carries it out reads this.
    pub subject: serde_json::Value,
    /// How much is given away or deferred, where it is an amount.
    pub amount: Option<Money>,
    /// Who asks: a principal's id, or [`approval::POLICY`].
    pub asked_by: &'a str,
    /// Why.
    pub comment: Option<&'a str>,
}

/// A request as `GET /v1/approvals/{id}` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct ApprovalView {
    /// Ours.
    pub id: ApprovalId,
    /// What is asked for.
    pub kind: ApprovalKind,
    /// Whom it concerns.
    pub customer_id: CustomerId,
    /// What it is about.
    pub subject: serde_json::Value,
    /// How much.
    pub amount: Option<Money>,
    /// Where it stands.
    pub status: ApprovalStatus,
    /// Who asked.
    pub asked_by: String,
    /// Why.
    pub comment: Option<String>,
    /// Until when it can be decided.
    pub expires_at: String,
    /// Who decided, or withdrew it.
    pub decided_by: Option<String>,
    /// What they said.
    pub decision_comment: Option<String>,
    /// When that was, or when it ran out.
    pub decided_at: Option<String>,
    /// When it was asked for.
    pub created_at: String,
}

#[derive(Debug, Clone, Deserialize)]
struct Row {
    id: ApprovalId,
    kind: ApprovalKind,
    customer_id: CustomerId,
    subject: serde_json::Value,
    currency: Option<Currency>,
    amount_minor: Option<i64>,
    status: ApprovalStatus,
    asked_by: String,
    comment: Option<String>,
    expires_ms: i64,
    decided_by: Option<String>,
    decision_comment: Option<String>,
    decided_ms: Option<i64>,
    created_ms: i64,
}

impl Row {
    fn amount(&self) -> Option<Money> {
        Some(Money::new(self.amount_minor?, self.currency?))
    }

    fn expires_at(&self) -> Result<DateTime<Utc>> {
        instant(self.expires_ms)
    }

    fn view(self) -> Result<ApprovalView> {
        Ok(ApprovalView {
            amount: self.amount(),
            id: self.id,
            kind: self.kind,
            customer_id: self.customer_id,
            subject: self.subject,
            status: self.status,
            asked_by: self.asked_by,
            comment: self.comment,
            expires_at: rfc3339(self.expires_ms)?,
            decided_by: self.decided_by,
            decision_comment: self.decision_comment,
            decided_at: self.decided_ms.map(rfc3339).transpose()?,
            created_at: rfc3339(self.created_ms)?,
        })
    }

    /// The request in a sentence: what, how much.
    fn words(&self) -> String {
        let what = match self.kind {
            ApprovalKind::WriteOff => "a write-off",
            ApprovalKind::Settlement => "a settlement",
            ApprovalKind::Plan => "an instalment plan",
            ApprovalKind::HandOver => "a hand-over to an agency",
            ApprovalKind::Suspend => "a suspension",
        };
        match self.amount() {
            Some(amount) => format!("{what} of {amount}"),
            None => what.to_owned(),
        }
    }

    fn event(&self, status: ApprovalStatus) -> Event {
        let kind = match status {
            ApprovalStatus::Pending => "approval.requested",
            _ => "approval.decided",
        };
        Event::new(
            kind,
            &self.customer_id,
            serde_json::json!({"approval_id": self.id, "kind": self.kind, "status": status, "subject": self.subject,
                "amount": self.amount()}),
        )
    }

    fn activity(&self, kind: &'static str, title: &str, detail: String) -> Activity {
        Activity {
            customer_id: self.customer_id.clone(),
            kind,
            title: title.to_owned(),
            detail,
            refers_to: Some(self.id.to_string()),
        }
    }
}

fn by_whom(by: &str) -> String {
    match by == approval::POLICY {
        true => "The policy".to_owned(),
        false => by.to_owned(),
    }
}

/// How many requests run out with one statement.
const BATCH: u32 = 500;

/// Asks for approval. The same kind of request about the same subject, while it is pending, is not asked for twice: its
/// id comes back.
pub async fn request(tx: &Tx<'_>, moment: Moment, request: &Request<'_>) -> Result<ApprovalId> {
    // One that has run out makes room.
    expire_due(tx, moment, BATCH).await?;
    let account = accounts::find(tx, moment, request.customer).await?;
    let rules = account
        .map(|account| account.policy().approvals.clone())
        .unwrap_or_default();
    let row = Row {
        id: moment.id(ApprovalId::from_parts)?,
        kind: request.kind,
        customer_id: request.customer.clone(),
        subject: request.subject.clone(),
        currency: request.amount.map(|amount| amount.currency()),
        amount_minor: request.amount.map(|amount| amount.minor()),
        status: ApprovalStatus::Pending,
        asked_by: request.asked_by.to_owned(),
        comment: request.comment.map(str::to_owned),
        expires_ms: rules.expires_at(moment.now).timestamp_millis(),
        decided_by: None,
        decision_comment: None,
        decided_ms: None,
        created_ms: moment.ms(),
    };
    let parameters = params![
        row.id.as_str(),
        row.kind.as_str(),
        row.customer_id.as_str(),
        row.subject.to_string(),
        row.currency.map(|currency| currency.code()),
        row.amount_minor,
        row.asked_by.as_str(),
        row.comment.as_deref(),
        row.expires_ms,
        row.created_ms
    ];
    let stored = tx.row(ASK, parameters).await?;
    let stored = stored.map(|row| row.text(0).map(ApprovalId::parse)).transpose()?;
    match stored {
        Some(Ok(id)) if id != row.id => return Ok(id),
        _ => {}
    }
    let because = row.comment.as_deref().map(|why| format!(": {why}"));
    let detail = format!(
        "{} asks for {}{}. It can be decided until {}.",
        by_whom(&row.asked_by),
        row.words(),
        because.unwrap_or_default(),
        rfc3339(row.expires_ms)?
    );
    activities::record(
        tx,
        moment,
        &[row.activity("approval_requested", "Approval asked for", detail)],
    )
    .await?;
    events::record(tx, moment, &[row.event(ApprovalStatus::Pending)]).await?;
    Ok(row.id)
}

/// The request of this kind about this subject that waits for a decision, if there is one.
pub async fn pending(
    tx: &Tx<'_>,
    moment: Moment,
    kind: ApprovalKind,
    subject: &serde_json::Value,
) -> Result<Option<ApprovalId>> {
    expire_due(tx, moment, BATCH).await?;
    let found: Option<Row> = tx
        .find(PENDING, params![kind.as_str(), subject.to_string()])
        .await?;
    Ok(found.map(|row| row.id))
}

/// What became of an act on a request.
#[derive(Debug)]
pub enum Decided {
    /// It is done.
    Done,
    /// There is no such request.
    Unknown,
    /// The rules do not allow it.
    Refused(Refused),
    /// It was granted, and what it asks for cannot be done any more: the transaction has to be given up.
    NotDone(NotDone),
}

/// Decides on a request, or withdraws it. What is granted is carried out at once.
pub async fn decide(
    tx: &Tx<'_>,
    moment: Moment,
    id: &ApprovalId,
    act: Act,
    actor: &Actor<'_>,
    comment: Option<&str>,
) -> Result<Decided> {
    let Some(row) = tx.find::<Row>(ONE, params![id.as_str()]).await? else {
        return Ok(Decided::Unknown);
    };
    let asked = Asked {
        status: row.status,
        asked_by: &row.asked_by,
        expires_at: row.expires_at()?,
    };
    let next = match approval::decide(&asked, act, actor, moment.now) {
        Ok(next) => next,
        Err(refused) => return Ok(Decided::Refused(refused)),
    };
    let parameters = params![id.as_str(), next.as_str(), actor.id, comment, moment.ms()];
    tx.run(DECIDE, parameters).await?;
    let (kind, title) = match next {
        ApprovalStatus::Approved => ("approval_granted", "Approved"),
        ApprovalStatus::Rejected => ("approval_rejected", "Approval refused"),
        _ => ("approval_withdrawn", "Request withdrawn"),
    };
    let said = comment.map(|comment| format!(": {comment}")).unwrap_or_default();
    let detail = format!(
        "{}, {}, asked for by {}{said}",
        title,
        row.words(),
        by_whom(&row.asked_by)
    );
    let detail = format!("{detail}. Decided by {}.", actor.id);
    activities::record(tx, moment, &[row.activity(kind, title, detail)]).await?;
    events::record(tx, moment, &[row.event(next)]).await?;
    let done = match next {
        ApprovalStatus::Approved => carry_out::carry_out(tx, moment, &row, actor.id).await?,
        _ => {
            carry_out::let_go(tx, moment, &row, actor.id).await?;
            Ok(())
        }
    };
    Ok(match done {
        Ok(()) => Decided::Done,
        Err(not_done) => Decided::NotDone(not_done),
    })
}

/// Takes back the request that waits for a decision about `subject`, if there is one: what it asks for can no longer
/// be done, for the reason `why`.
pub(crate) async fn fall_away(
    tx: &Tx<'_>,
    moment: Moment,
    kind: ApprovalKind,
    subject: &serde_json::Value,
    why: &str,
) -> Result<()> {
    let found: Option<Row> = tx
        .find(PENDING, params![kind.as_str(), subject.to_string()])
        .await?;
    let Some(row) = found else { return Ok(()) };
    let next = ApprovalStatus::Withdrawn;
    let parameters = params![row.id.as_str(), next.as_str(), approval::POLICY, why, moment.ms()];
    tx.run(DECIDE, parameters).await?;
    let detail = format!("{}: {why}", row.words());
    activities::record(
        tx,
        moment,
        &[row.activity("approval_withdrawn", "Request fell away", detail)],
    )
    .await?;
    events::record(tx, moment, &[row.event(next)]).await
}

/// Lets at most `limit` requests run out whose time has passed, and answers how many. Part of every sweep.
pub async fn expire_due(tx: &Tx<'_>, moment: Moment, limit: u32) -> Result<usize> {
    let rows: Vec<Row> = tx.list(RAN_OUT, params![moment.ms(), limit]).await?;
    if rows.is_empty() {
        return Ok(0);
    }
    let ids: Vec<&ApprovalId> = rows.iter().map(|row| &row.id).collect();
    tx.run(EXPIRE, params![moment.ms(), serde_json::to_string(&ids)?])
        .await?;
    let log: Vec<Activity> = rows
        .iter()
        .map(|row| {
            let detail = format!(
                "Nobody decided on {} in time; it can be asked for again.",
                row.words()
            );
            row.activity("approval_expired", "Request expired", detail)
        })
        .collect();
    activities::record(tx, moment, &log).await?;
    let told: Vec<Event> = rows
        .iter()
        .map(|row| row.event(ApprovalStatus::Expired))
        .collect();
    events::record(tx, moment, &told).await?;
    for row in &rows {
        carry_out::let_go(tx, moment, row, approval::POLICY).await?;
    }
    Ok(rows.len())
}

/// One request.
pub async fn one(db: &Db, id: &ApprovalId) -> Result<Option<ApprovalView>> {
    db.find::<Row>(ONE, params![id.as_str()])
        .await?
        .map(Row::view)
        .transpose()
}

const LISTING: Listing = Listing {
    all: LIST,
    of_status: OF_STATUS,
    of_customer: OF_CUSTOMER,
};

/// Requests, newest first, before the id `before`.
pub async fn list(
    db: &Db,
    customer: Option<&CustomerId>,
    status: Option<ApprovalStatus>,
    before: Option<&ApprovalId>,
    limit: u32,
) -> Result<Vec<ApprovalView>> {
    let (status, before) = (status.map(ApprovalStatus::as_str), before.map(ApprovalId::as_str));
    let rows: Vec<Row> = LISTING.rows(db, customer, status, before, limit).await?;
    rows.into_iter().map(Row::view).collect()
}
