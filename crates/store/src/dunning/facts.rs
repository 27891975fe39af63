//! What the rules look at, as the database tells it.

use crate::db::{Db, statements};
use crate::error::Result;
use crate::instants::{instant, time_zone};
use crate::moment::Moment;
use crate::notices::is_contact;
use crate::params;
use crate::policies::{Book, Ruling};
use chrono::NaiveDate;
use receivables::country::Country;
use receivables::currency::Currency;
use receivables::dunning::{CaseFacts, Hold, OpenCharge, OpenItem, Taken, spread_disputes};
use receivables::id::{CustomerId, InvoiceId, PolicyId};
use receivables::intake::CustomerKind;
use receivables::money::Money;
use receivables::policy::assign::Account;
use receivables::risk::Band;
use serde::Deserialize;
use std::collections::BTreeSet;

/// The facts of a case as one JSON document: customer, last contact, open items with the steps taken.
macro_rules! select_facts {
    ($which:literal) => {
        concat!(
            "SELECT json_object('customer', c.customer_id, 'currency', c.currency, 'time_zone', k.time_zone,
                'country', k.country, 'region', k.region, 'kind', k.kind, 'tags', json(k.tags), 'own', k.policy,
                'risk', (SELECT r.band FROM risk_scores r WHERE r.customer_id = c.customer_id),
                'hold', k.hold, 'hold_until', k.hold_until_on, 'suspended', k.suspended_at IS NOT NULL,
                'handed_over', c.handed_over_at IS NOT NULL, 'finished', c.finished_at IS NOT NULL,
                'announced', c.next_step IS NOT NULL, 'policy_id', c.policy_id,
                'balance_minor', c.balance_minor, 'unapplied_minor', c.unapplied_minor, 'last_contact_ms',
                (SELECT max(coalesce(m.sent_at, m.created_at)) FROM messages m WHERE m.customer_id = c.customer_id
                    AND m.status NOT IN ('cancelled', 'suppressed') AND ", is_contact!("m"), "),
                'items', json((SELECT json_group_array(json_object('invoice', i.id, 'kind', i.kind,
                    'part', coalesce(p.part, 0), 'number', i.number, 'due_on', coalesce(p.due_on, i.due_on),
                    'balance_minor', coalesce(p.balance_minor, i.balance_minor), 'disputed_minor', i.disputed_minor,
                    'promised_until', i.promised_until_on, 'planned', i.plan_id IS NOT NULL, 'hold', i.hold,
                    'hold_until', i.hold_until_on, 'resumed_on', i.resumed_on, 'taken',
                    json((SELECT json_group_array(json_object('step', s.step, 'day', s.day, 'listed', s.listed,
                        'carried', m.cycle = i.id || iif(p.part IS NULL, '', '/' || p.part),
                        'sent', m.sent_at IS NOT NULL, 'at', coalesce(m.sent_at, m.created_at)))
                        FROM steps_taken s JOIN messages m ON m.id = s.message_id
                        WHERE s.invoice_id = i.id AND s.part = coalesce(p.part, 0)))))
                    FROM invoices i LEFT JOIN instalments p ON p.invoice_id = i.id AND p.balance_minor > 0
                    WHERE i.customer_id = c.customer_id AND i.currency = c.currency AND i.balance_minor > 0)),
                'done', json((SELECT json_group_array(json_array(d.step, d.cycle)) FROM deeds d
                    WHERE d.customer_id = c.customer_id AND d.currency = c.currency)))
            FROM cases c JOIN customers k ON k.id = c.customer_id ",
            $which
        )
    };
}

statements! {
    OF_CUSTOMERS = select_facts!("WHERE c.customer_id IN (SELECT value FROM json_each(?))");
    DUE = select_facts!("WHERE c.next_action_at <= ? ORDER BY c.next_action_at LIMIT ?");
    PAGE = select_facts!("WHERE (c.customer_id, c.currency) > (?1, ?2) AND c.balance_minor > 0
        ORDER BY c.customer_id, c.currency LIMIT ?3");
}

/// A case as the rules see it, and the version of the policy that decides about it.
#[derive(Debug, Clone)]
pub struct Case {
    /// What is known of it.
    pub facts: CaseFacts,
    /// What is known of the account.
    pub account: Account,
    /// The policy that decides, and why that one.
    pub ruling: Ruling,
    /// Whether something was said or done in this cycle, so that it keeps its version of the policy.
    pub under_way: bool,
    /// Whether everything was said and done the last time it was planned.
    pub(crate) finished: bool,
    /// Whether something was announced for its next action.
    pub(crate) announced: bool,
}

#[derive(Deserialize)]
struct Row {
    customer: CustomerId,
    currency: Currency,
    time_zone: String,
    country: Country,
    region: Option<String>,
    kind: CustomerKind,
    tags: Vec<String>,
    own: Option<String>,
    risk: Option<Band>,
    hold: Option<String>,
    hold_until: Option<NaiveDate>,
    suspended: i64,
    handed_over: i64,
    finished: i64,
    announced: i64,
    policy_id: Option<PolicyId>,
    balance_minor: i64,
    unapplied_minor: i64,
    last_contact_ms: Option<i64>,
    items: Vec<ItemRow>,
    done: Vec<(String, String)>,
}

#[derive(Deserialize)]
struct ItemRow {
    invoice: InvoiceId,
    kind: String,
    part: u32,
    number: String,
    due_on: NaiveDate,
    balance_minor: i64,
    disputed_minor: i64,
    promised_until: Option<NaiveDate>,
    planned: i64,
    hold: Option<String>,
    hold_until: Option<NaiveDate>,
    resumed_on: Option<NaiveDate>,
    taken: Vec<TakenRow>,
}

#[derive(Deserialize)]
struct TakenRow {
    step: String,
    day: i32,
    listed: i64,
    carried: i64,
    sent: i64,
    at: i64,
}

impl Row {
    fn case(self, book: &Book) -> Result<Case> {
        let currency = self.currency;
        let money = |minor| Money::new(minor, currency);
        let account = Account {
            own: self.own,
            country: self.country,
            kind: self.kind,
            risk: self.risk,
            tags: self.tags,
            balance: money(self.balance_minor),
        };
        let (invoices, charges): (Vec<ItemRow>, Vec<ItemRow>) =
            self.items.into_iter().partition(|item| item.kind == "invoice");
        let mut items = invoices
            .into_iter()
            .map(|item| item.open(currency))
            .collect::<Result<Vec<_>>>()?;
        spread_disputes(&mut items);
        let under_way = items
            .iter()
            .any(|item| item.taken.iter().any(|taken| taken.day > 0));
        let ruling = book.ruling(&account, self.policy_id.as_ref().filter(|_| under_way))?;
        let facts = CaseFacts {
            customer: self.customer,
            currency,
            time_zone: time_zone(&self.time_zone)?,
            rest: book.rest(self.country, self.region.as_deref()),
            hold: held(self.hold, self.hold_until),
            suspended: self.suspended != 0,
            handed_over: self.handed_over != 0,
            last_contact_at: self.last_contact_ms.map(instant).transpose()?,
            on_account: money(self.unapplied_minor),
            items,
            charges: charges
                .into_iter()
                .map(|charge| OpenCharge {
                    id: charge.invoice,
                    balance: money(charge.balance_minor),
                })
                .collect(),
            done: self.done,
        };
        Ok(Case {
            facts,
            account,
            ruling,
            under_way,
            finished: self.finished != 0,
            announced: self.announced != 0,
        })
    }
}

fn held(reason: Option<String>, until: Option<NaiveDate>) -> Option<Hold> {
    reason.map(|reason| Hold { reason, until })
}

impl ItemRow {
    fn open(self, currency: Currency) -> Result<OpenItem> {
        let taken = self.taken.into_iter().map(|taken| {
            Ok(Taken {
                step: taken.step,
                day: taken.day,
                carried: taken.carried != 0,
                listed: taken.listed != 0,
                sent: taken.sent != 0,
                at: instant(taken.at)?,
            })
        });
        Ok(OpenItem {
            invoice: self.invoice,
            part: self.part,
            number: self.number,
            due_on: self.due_on,
            balance: Money::new(self.balance_minor, currency),
            disputed: Money::new(self.disputed_minor, currency),
            promised_until: self.promised_until,
            planned: self.planned != 0,
            hold: held(self.hold, self.hold_until),
            resumed_on: self.resumed_on,
            taken: taken.collect::<Result<Vec<_>>>()?,
        })
    }
}

async fn judged(db: &Db, moment: Moment, rows: Vec<Row>) -> Result<Vec<Case>> {
    let kept: BTreeSet<&PolicyId> = rows.iter().filter_map(|row| row.policy_id.as_ref()).collect();
    let book = Book::load(db, moment, &kept).await?;
    rows.into_iter().map(|row| row.case(&book)).collect()
}

/// Every case of `customers`.
pub(crate) async fn of_customers(db: &Db, moment: Moment, customers: &[&CustomerId]) -> Result<Vec<Case>> {
    let rows = db
        .list(OF_CUSTOMERS, params![serde_json::to_string(customers)?])
        .await?;
    judged(db, moment, rows).await
}

/// Every case of a customer.
pub async fn cases(db: &Db, moment: Moment, customer: &CustomerId) -> Result<Vec<Case>> {
    of_customers(db, moment, &[customer]).await
}

/// At most `limit` cases whose next action has come, the longest due first.
pub(crate) async fn due(db: &Db, moment: Moment, limit: u32) -> Result<Vec<Case>> {
    let rows: Vec<Row> = db.list(DUE, params![moment.ms(), limit]).await?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    judged(db, moment, rows).await
}

/// Cases with something open after the one of `after` (customer and currency).
pub async fn page(db: &Db, moment: Moment, after: (&str, &str), limit: u32) -> Result<Vec<Case>> {
    let rows = db.list(PAGE, params![after.0, after.1, limit]).await?;
    judged(db, moment, rows).await
}
