//! Instalment plans and settlements: proposed, approved where that is needed, judged by the money.
//!
//! What a plan covers is not dunned while it is active: `invoices.plan_id`. Nothing is written off before the end: a
//! settlement's discount is posted when the lump sum has come in full and in time, and taken back where that money is.
//! Other modules' `plans` are query plans; these are the customers'.

use crate::activities::{self, Activity};
use crate::agreements::{
    self, Account, CustomerRefView, InvoiceRef, JUDGED_FOR_DAYS, Line, days_before, gone, received,
    received_lines,
};
use crate::approvals::{self, Request};
use crate::db::{Db, Tx, statements};
use crate::dunning;
use crate::error::Result;
use crate::events::{self, Event};
use crate::instants::{end_of_day, rfc3339, time_zone};
use crate::listing::Listing;
use crate::moment::Moment;
use crate::notices::{self, Notice};
use crate::params;
use chrono::NaiveDate;
use receivables::approval::ApprovalKind;
use receivables::calendar;
use receivables::currency::Currency;
use receivables::fields::FieldError;
use receivables::id::{ApprovalId, CustomerId, PlanId};
use receivables::money::Money;
use receivables::notice::{About, Due};
use receivables::plan::{
    Act, Filled, Instalment, Judged, Kind, Meets, Plan, PlanInput, Rules, Status, admit, needs_approval,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

mod discount;

macro_rules! select_plan {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', a.id, 'customer', a.customer_id, 'external_id', k.external_id,
                'time_zone', k.time_zone, 'currency', a.currency, 'kind', a.kind, 'debt_minor', a.debt_minor,
                'discount_minor', a.discount_minor, 'made_on', a.made_on, 'grace_days', a.grace_days,
                'status', a.status, 'status_on', a.status_on, 'missed', a.missed, 'note', a.note,
                'approval', a.approval_id, 'made_by', a.made_by, 'due_ms', a.due_at, 'created_ms', a.created_at,
                'instalments', json((SELECT json_group_array(json_object('due_on', due_on, 'amount_minor', amount_minor))
                    FROM (SELECT due_on, amount_minor FROM plan_instalments WHERE plan_id = a.id ORDER BY place))),
                'invoices', json((SELECT json_group_array(json_object('id', i.id, 'number', i.number))
                    FROM plan_invoices x JOIN invoices i ON i.id = x.invoice_id WHERE x.plan_id = a.id)),
                'lines', ",
            received!("plan_invoices", "plan_id"),
            ") FROM instalment_plans a JOIN customers k ON k.id = a.customer_id ",
            $which
        )
    };
}

statements! {
    ONE = select_plan!("WHERE a.id = ?");
    LIST = select_plan!("WHERE a.id < ?1 ORDER BY a.id DESC LIMIT ?2");
    OF_STATUS = select_plan!("WHERE a.status = ?3 AND a.id < ?1 ORDER BY a.id DESC LIMIT ?2");
    OF_CUSTOMER = select_plan!("WHERE a.customer_id = ?3 AND a.id < ?1 AND (?4 IS NULL OR a.status = ?4)
            ORDER BY a.id DESC LIMIT ?2");
    OF_CUSTOMERS = select_plan!("WHERE a.customer_id IN (SELECT value FROM json_each(?1))
            AND +a.status IN ('active', 'completed', 'broken') AND coalesce(a.status_on, ?2) >= ?2");
    DUE = select_plan!("WHERE a.due_at <= ?1 ORDER BY a.due_at LIMIT ?2");
    INSERT = "INSERT INTO instalment_plans (id, customer_id, currency, kind, debt_minor, discount_minor, made_on,
            grace_days, status, note, made_by, posted_before, created_at)
        SELECT j->>'id', j->>'customer', j->>'currency', j->>'kind', j->>'debt_minor', j->>'discount_minor',
            j->>'made_on', j->>'grace_days', 'proposed', j->>'note', j->>'made_by', j->>'posted_before', ?1
        FROM (SELECT ?2 AS j)";
    INSERT_INSTALMENTS = "INSERT INTO plan_instalments (plan_id, place, due_on, amount_minor)
        SELECT ?1, j.key, j.value->>'due_on', j.value->>'amount_minor' FROM json_each(?2) AS j";
    INSERT_INVOICES = "INSERT INTO plan_invoices (plan_id, invoice_id) SELECT ?1, value FROM json_each(?2)";
    ASKED = "UPDATE instalment_plans SET approval_id = ?2 WHERE id = ?1";
    SETTLE = "UPDATE instalment_plans SET status = j.value->>'status', status_on = j.value->>'on',
            missed = j.value->>'missed', due_at = j.value->>'due_ms'
        FROM json_each(?) AS j WHERE instalment_plans.id = j.value->>'id'";
    /// An invoice is in the plan that is active and covers it; where none is any more, it goes on from the day on which
    /// the last one ended.
    REST = "UPDATE invoices SET plan_id = (SELECT p.id FROM plan_invoices x JOIN instalment_plans p ON p.id = x.plan_id
                WHERE x.invoice_id = invoices.id AND +p.status = 'active'),
            resumed_on = nullif(max(coalesce(resumed_on, ''), coalesce((SELECT max(p.status_on) FROM plan_invoices x
                JOIN instalment_plans p ON p.id = x.plan_id WHERE x.invoice_id = invoices.id
                    AND +p.status IN ('completed', 'broken', 'cancelled')), '')), '')
        WHERE id IN (SELECT x.invoice_id FROM plan_invoices x
            WHERE x.plan_id IN (SELECT value FROM json_each(?)))";
}

/// A plan as `GET /v1/plans/{id}` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct PlanView {
    /// Ours.
    pub id: PlanId,
    /// Whose debt.
    pub customer: CustomerRefView,
    /// `instalments` or `settlement`.
    pub kind: Kind,
    /// Which invoices it covers.
    pub invoices: Vec<InvoiceRef>,
    /// What was owed on them when it was made.
    pub debt: Money,
    /// What is given up when all of it has come in time.
    pub discount: Money,
    /// The parts, as the money has filled them.
    pub instalments: Vec<Filled>,
    /// The day on which it was made.
    pub made_on: NaiveDate,
    /// Days after an instalment's due date on which it is still in time.
    pub grace_days: u32,
    /// `proposed`, `active`, `completed`, `broken` or `cancelled`.
    pub status: Status,
    /// Since when, where it is over.
    pub decided_on: Option<NaiveDate>,
    /// What was said.
    pub note: Option<String>,
    /// The approval that it waits or waited for.
    pub approval: Option<ApprovalId>,
    /// The key with which it was made.
    pub made_by: String,
    /// RFC 3339, UTC.
    pub created_at: String,
}

#[derive(Deserialize)]
struct PartRow {
    due_on: NaiveDate,
    amount_minor: i64,
}

#[derive(Deserialize)]
struct Row {
    id: PlanId,
    customer: CustomerId,
    external_id: String,
    time_zone: String,
    currency: Currency,
    kind: Kind,
    debt_minor: i64,
    discount_minor: i64,
    made_on: NaiveDate,
    grace_days: u32,
    status: Status,
    status_on: Option<NaiveDate>,
    missed: Option<usize>,
    note: Option<String>,
    approval: Option<ApprovalId>,
    made_by: String,
    due_ms: Option<i64>,
    created_ms: i64,
    instalments: Vec<PartRow>,
    invoices: Vec<InvoiceRef>,
    lines: Vec<Line>,
}

impl Row {
    fn plan(&self) -> Plan {
        let money = |minor| Money::new(minor, self.currency);
        let part = |part: &PartRow| Instalment {
            due_date: part.due_on,
            amount: money(part.amount_minor),
        };
        Plan {
            debt: money(self.debt_minor),
            instalments: self.instalments.iter().map(part).collect(),
            discount: money(self.discount_minor),
            made_on: self.made_on,
            grace_days: self.grace_days,
        }
    }

    fn today(&self, moment: Moment) -> Result<NaiveDate> {
        Ok(calendar::day_of(moment.now, time_zone(&self.time_zone)?))
    }

    fn view(self, moment: Moment) -> Result<PlanView> {
        let plan = self.plan();
        let lines = received_lines(&self.lines, self.currency);
        let instalments = plan.filled(&lines, self.today(moment)?);
        Ok(PlanView {
            id: self.id,
            customer: CustomerRefView {
                id: self.customer,
                external_id: self.external_id,
            },
            kind: self.kind,
            invoices: self.invoices,
            debt: plan.debt,
            discount: plan.discount,
            instalments,
            made_on: self.made_on,
            grace_days: self.grace_days,
            status: self.status,
            decided_on: self.status_on,
            note: self.note,
            approval: self.approval,
            made_by: self.made_by,
            created_at: rfc3339(self.created_ms)?,
        })
    }
}

#[derive(Serialize)]
struct NewRow<'a> {
    id: &'a PlanId,
    customer: &'a CustomerId,
    currency: &'static str,
    kind: Kind,
    debt_minor: i64,
    discount_minor: i64,
    made_on: NaiveDate,
    grace_days: u32,
    note: Option<&'a str>,
    made_by: &'a str,
    posted_before: &'a str,
}

#[derive(Serialize)]
struct NewPart {
    due_on: NaiveDate,
    amount_minor: i64,
}

/// Makes a plan; or every reason against it. It is active at once, unless somebody else has to agree to it.
pub async fn propose(
    tx: &Tx<'_>,
    moment: Moment,
    input: &PlanInput,
    by: &str,
) -> Result<Result<PlanId, Vec<FieldError>>> {
    let Some(account) = Account::find(tx, &input.customer).await? else {
        let unknown = FieldError::new("/customer", "unknown_customer", "no such customer");
        return Ok(Err(vec![unknown]));
    };
    let covered = match agreements::covered(tx, moment, &account, &input.invoices, input.currency).await? {
        Ok(covered) => covered,
        Err(errors) => return Ok(Err(errors)),
    };
    let version = agreements::version_of(tx, moment, &account.customer, covered.owed.currency()).await?;
    let rules = version.map_or_else(Rules::default, |version| version.policy.plans.clone());
    let meets = Meets {
        owed: covered.owed,
        overlaps: covered.planned,
        disputed: covered.disputed,
    };
    let plan = match admit(input, &rules, meets, account.today(moment)) {
        Ok(plan) => plan,
        Err(errors) => return Ok(Err(errors)),
    };
    let id = moment.id(PlanId::from_parts)?;
    let row = NewRow {
        id: &id,
        customer: &account.customer,
        currency: plan.debt.currency().code(),
        kind: plan.kind(),
        debt_minor: plan.debt.minor(),
        discount_minor: plan.discount.minor(),
        made_on: plan.made_on,
        grace_days: plan.grace_days,
        note: input.note.as_deref(),
        made_by: by,
        posted_before: &covered.posted_before,
    };
    tx.run(INSERT, params![moment.ms(), serde_json::to_string(&row)?])
        .await?;
    let parts: Vec<NewPart> = plan
        .instalments
        .iter()
        .map(|part| NewPart {
            due_on: part.due_date,
            amount_minor: part.amount.minor(),
        })
        .collect();
    tx.run(
        INSERT_INSTALMENTS,
        params![id.as_str(), serde_json::to_string(&parts)?],
    )
    .await?;
    let invoices = serde_json::to_string(&covered.invoices)?;
    tx.run(INSERT_INVOICES, params![id.as_str(), invoices]).await?;
    let terms = terms(&plan);
    match needs_approval(&rules, &plan) {
        Some(why) => {
            let request = Request {
                kind: approved_as(plan.kind()),
                customer: &account.customer,
                subject: subject(&id),
                amount: Some(plan.debt),
                asked_by: by,
                comment: Some(&why),
            };
            let approval = approvals::request(tx, moment, &request).await?;
            tx.run(ASKED, params![id.as_str(), approval.as_str()]).await?;
            let entry = Entry {
                act: "plan_proposed",
                event: "plan.proposed",
                what: "proposed",
                detail: format!("{terms} Needs approval: {why}."),
            };
            tell(tx, moment, &account.customer, &id, plan.kind(), entry).await?;
        }
        None => activate(tx, moment, &id, &account.customer, &plan, &terms).await?,
    }
    Ok(Ok(id))
}

fn terms(plan: &Plan) -> String {
    let due = |part: Option<&Instalment>| part.map_or(String::new(), |part| part.due_date.to_string());
    let (first, last) = (due(plan.instalments.first()), due(plan.instalments.last()));
    match (plan.kind(), plan.instalments.len()) {
        (Kind::Settlement, _) => {
            let sum = plan.instalments.first().map_or(plan.debt, |part| part.amount);
            format!("{sum} by {last} settles {}.", plan.debt)
        }
        (Kind::Instalments, 1) => format!("{} by {last}.", plan.debt),
        (Kind::Instalments, count) => {
            format!("{} in {count} instalments from {first} to {last}.", plan.debt)
        }
    }
}

async fn activate(
    tx: &Tx<'_>,
    moment: Moment,
    id: &PlanId,
    customer: &CustomerId,
    plan: &Plan,
    why: &str,
) -> Result<()> {
    let change = Change {
        id,
        status: Status::Active,
        on: None,
        missed: None,
        // Judged at once: that tells when next.
        due_ms: None,
    };
    tx.run(SETTLE, params![serde_json::to_string(&[change])?]).await?;
    rest(tx, &[id]).await?;
    let entry = Entry {
        act: "plan_activated",
        event: "plan.activated",
        what: "active",
        detail: why.to_owned(),
    };
    tell(tx, moment, customer, id, plan.kind(), entry).await?;
    let customers = BTreeSet::from([customer.clone()]);
    judge_of(tx, moment, &customers).await?;
    dunning::replan(tx, moment, &customers).await?;
    notices::queue(tx, moment, &[agreed(id, customer, plan)?])
        .await
        .map(drop)
}

/// Tells the customer what was agreed.
fn agreed(id: &PlanId, customer: &CustomerId, plan: &Plan) -> Result<Notice> {
    let currency = plan.debt.currency();
    let about = About::Plan {
        total: Money::checked_sum(currency, plan.instalments.iter().map(|part| part.amount))?,
        instalments: plan
            .instalments
            .iter()
            .map(|part| Due {
                amount: part.amount,
                due_on: part.due_date,
            })
            .collect(),
    };
    let why = "it was agreed on".to_owned();
    Ok(Notice::new(customer, "plan", id, about, why).of(currency))
}

async fn rest(tx: &Tx<'_>, plans: &[&PlanId]) -> Result<()> {
    tx.run(REST, params![serde_json::to_string(plans)?]).await
}

/// What is written about what happened to a plan.
struct Entry<'a> {
    act: &'static str,
    /// What systems outside are told.
    event: &'static str,
    what: &'a str,
    detail: String,
}

impl Entry<'_> {
    fn of(self, customer: &CustomerId, id: &PlanId, kind: Kind) -> (Activity, Event) {
        let name = match kind {
            Kind::Instalments => "Instalment plan",
            Kind::Settlement => "Settlement",
        };
        let activity = Activity {
            customer_id: customer.clone(),
            kind: self.act,
            title: format!("{name} {}", self.what),
            detail: self.detail,
            refers_to: Some(id.to_string()),
        };
        let about = serde_json::json!({"plan": id, "kind": kind});
        let event = Event::new(self.event, customer, about);
        (activity, event)
    }
}

async fn tell(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    id: &PlanId,
    kind: Kind,
    entry: Entry<'_>,
) -> Result<()> {
    let (activity, event) = entry.of(customer, id, kind);
    activities::record(tx, moment, &[activity]).await?;
    events::record(tx, moment, &[event]).await
}

/// What became of an act on a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acted {
    /// It is done.
    Done,
    /// There is no such plan.
    Unknown,
    /// It is beyond that; its status.
    Status(Status),
}

/// Makes a plan active that waited for approval.
pub async fn approved(tx: &Tx<'_>, moment: Moment, id: &PlanId, by: &str) -> Result<Acted> {
    let row = match standing(tx, id, Act::Approve).await? {
        Ok(row) => row,
        Err(acted) => return Ok(acted),
    };
    let plan = row.plan();
    let why = format!("Approved by {by}. {}", terms(&plan));
    activate(tx, moment, id, &row.customer, &plan, &why).await?;
    Ok(Acted::Done)
}

/// Ends a plan whose approval was refused, expired or withdrawn.
pub async fn refused(tx: &Tx<'_>, moment: Moment, id: &PlanId, why: &str) -> Result<Acted> {
    end(tx, moment, id, Act::Refuse, why).await
}

/// Gives a plan up by hand; what it covered is owed and dunned as before.
pub async fn cancel(tx: &Tx<'_>, moment: Moment, id: &PlanId, reason: Option<&str>) -> Result<Acted> {
    end(tx, moment, id, Act::Cancel, reason.unwrap_or("Given up by hand.")).await
}

fn approved_as(kind: Kind) -> ApprovalKind {
    match kind {
        Kind::Settlement => ApprovalKind::Settlement,
        Kind::Instalments => ApprovalKind::Plan,
    }
}

/// What a request for a plan's approval is about.
fn subject(id: &PlanId) -> serde_json::Value {
    serde_json::json!({"plan": id})
}

async fn standing(tx: &Tx<'_>, id: &PlanId, act: Act) -> Result<Result<Row, Acted>> {
    let Some(row) = tx.find::<Row>(ONE, params![id.as_str()]).await? else {
        return Ok(Err(Acted::Unknown));
    };
    Ok(match row.status.after(act) {
        Some(_) => Ok(row),
        None => Err(Acted::Status(row.status)),
    })
}

async fn end(tx: &Tx<'_>, moment: Moment, id: &PlanId, act: Act, why: &str) -> Result<Acted> {
    let row = match standing(tx, id, act).await? {
        Ok(row) => row,
        Err(acted) => return Ok(acted),
    };
    let change = Change {
        id,
        status: Status::Cancelled,
        on: Some(row.today(moment)?),
        missed: None,
        due_ms: None,
    };
    tx.run(SETTLE, params![serde_json::to_string(&[change])?]).await?;
    rest(tx, &[id]).await?;
    if act == Act::Cancel {
        approvals::fall_away(
            tx,
            moment,
            approved_as(row.kind),
            &subject(id),
            "the plan was cancelled",
        )
        .await?;
    }
    let what = if act == Act::Refuse {
        "refused"
    } else {
        "cancelled"
    };
    let entry = Entry {
        act: "plan_cancelled",
        event: "plan.cancelled",
        what,
        detail: why.to_owned(),
    };
    tell(tx, moment, &row.customer, id, row.kind, entry).await?;
    dunning::replan(tx, moment, &BTreeSet::from([row.customer])).await?;
    Ok(Acted::Done)
}

#[derive(Serialize)]
struct Change<'a> {
    id: &'a PlanId,
    status: Status,
    on: Option<NaiveDate>,
    missed: Option<usize>,
    due_ms: Option<i64>,
}

/// Judges every plan of `customers` that is or was under way and is not long over.
pub(crate) async fn judge_of(tx: &Tx<'_>, moment: Moment, customers: &BTreeSet<CustomerId>) -> Result<()> {
    let since = days_before(moment, JUDGED_FOR_DAYS);
    let rows = tx
        .list(OF_CUSTOMERS, params![serde_json::to_string(customers)?, since])
        .await?;
    judge(tx, moment, &rows).await
}

/// Judges active plans whose next instalment's last day has passed; how many there were.
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
    let (mut changes, mut moved) = (Vec::new(), Vec::new());
    let (mut log, mut told) = (Vec::new(), Vec::new());
    let (mut given, mut taken_back) = (Vec::new(), Vec::new());
    for row in rows {
        let (zone, today, plan) = (time_zone(&row.time_zone)?, row.today(moment)?, row.plan());
        let judged = plan.judge(&received_lines(&row.lines, row.currency), today);
        let status = row.status.judged(&judged);
        let mut change = Change {
            id: &row.id,
            status,
            on: None,
            missed: None,
            due_ms: None,
        };
        match judged {
            Judged::Active { next } => {
                let part = plan.instalments.get(next);
                change.due_ms = part.map(|part| end_of_day(plan.deadline(part), zone));
            }
            Judged::Completed { on } => change.on = Some(on),
            Judged::Broken { on, missed } => (change.on, change.missed) = (Some(on), Some(missed)),
            Judged::Void => change.on = Some(row.status_on.unwrap_or(today)),
        }
        let before = (row.status, row.status_on, row.missed, row.due_ms);
        if (status, change.on, change.missed, change.due_ms) == before {
            continue;
        }
        changes.push(change);
        if status == row.status {
            continue;
        }
        moved.push(&row.id);
        let (activity, event) = outcome(row, &plan, &judged);
        log.push(activity);
        told.push(event);
        if plan.kind() == Kind::Settlement && status == Status::Completed {
            given.push((row, plan));
        } else if row.status == Status::Completed {
            taken_back.push(row);
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
    activities::record(tx, moment, &log).await?;
    events::record(tx, moment, &told).await?;
    discount::give(tx, moment, &given).await?;
    discount::take_back(tx, moment, &taken_back).await
}

/// What is written about a judgement that changed a plan's status, and what systems outside are told.
fn outcome(row: &Row, plan: &Plan, judged: &Judged) -> (Activity, Event) {
    let (act, named, what, detail) = match judged {
        Judged::Active { .. } => (
            "plan_resumed",
            "plan.resumed",
            "active again",
            "By what has come in or was taken back since, it is under way.".to_owned(),
        ),
        Judged::Completed { .. } => (
            "plan_completed",
            "plan.completed",
            "completed",
            "All of it came in time.".to_owned(),
        ),
        Judged::Broken { missed, .. } => {
            let part = plan.instalments.get(*missed);
            let due = part.map_or(String::new(), |part| {
                format!("{} due on {}", part.amount, part.due_date)
            });
            let detail = format!("{due} had not come in time. What is left is owed as before.");
            ("plan_broken", "plan.broken", "broken", detail)
        }
        Judged::Void => (
            "plan_cancelled",
            "plan.cancelled",
            "void",
            "Nothing is owed any more on what it was about, and nobody has paid it.".to_owned(),
        ),
    };
    let entry = Entry {
        act,
        event: named,
        what,
        detail,
    };
    entry.of(&row.customer, &row.id, row.kind)
}

/// One plan.
pub async fn view(db: &Db, moment: Moment, id: &PlanId) -> Result<Option<PlanView>> {
    let row: Option<Row> = db.find(ONE, params![id.as_str()]).await?;
    row.map(|row| row.view(moment)).transpose()
}

/// One plan that is known to be there.
pub async fn shown(db: &Db, moment: Moment, id: &PlanId) -> Result<PlanView> {
    view(db, moment, id).await?.ok_or_else(|| gone(id))
}

const LISTING: Listing = Listing {
    all: LIST,
    of_status: OF_STATUS,
    of_customer: OF_CUSTOMER,
};

/// Which plans to list.
#[derive(Debug, Clone, Default)]
pub struct PlanFilter {
    /// Only those of one customer.
    pub customer: Option<CustomerId>,
    /// Only those of one status.
    pub status: Option<Status>,
    /// The last one of the page before.
    pub after: Option<String>,
}

/// Plans, the newest first.
pub async fn list(db: &Db, moment: Moment, filter: &PlanFilter, limit: u32) -> Result<Vec<PlanView>> {
    let (customer, before) = (filter.customer.as_ref(), filter.after.as_deref());
    let status = filter.status.map(Status::as_str);
    let rows: Vec<Row> = LISTING.rows(db, customer, status, before, limit).await?;
    rows.into_iter().map(|row| row.view(moment)).collect()
}

#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [ALL, discount::ALL].concat()
}
