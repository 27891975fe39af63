//! A customer as the API and the console show it.

use crate::db::{Db, statements};
use crate::error::Result;
use crate::instants::rfc3339;
use crate::moment::Moment;
use crate::params;
use crate::risk::Reason;
use chrono::NaiveDate;
use receivables::credit::{Credit, Exposure};
use receivables::currency::Currency;
use receivables::id::CustomerId;
use receivables::money::Money;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A customer with contacts, risk and what stands between us per currency.
macro_rules! select_customer {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', k.id, 'external_id', k.external_id, 'name', k.name, 'kind', k.kind,
                'country', k.country, 'region', k.region, 'time_zone', k.time_zone, 'locale', k.locale,
                'currency', k.currency, 'terms_days', k.terms_days, 'terms', json(k.terms),
                'credit_limit_minor', k.credit_limit_minor, 'policy', k.policy, 'tags', json(k.tags), 'known_domains', json(k.known_domains),
                'created_at', k.created_at,
                'hold', iif(k.hold_until_on < date(?1 / 1000, 'unixepoch'), NULL, k.hold),
                'hold_until', iif(k.hold_until_on < date(?1 / 1000, 'unixepoch'), NULL, k.hold_until_on),
                'suspended_ms', k.suspended_at,
                'orders_minor', (SELECT coalesce(sum(o.amount_minor), 0) FROM orders o
                    WHERE o.customer_id = k.id AND o.currency = k.currency AND o.status = 'open'),
                'contacts', json((SELECT json_group_array(json_object('name', t.name, 'role', t.role,
                    'email', t.email, 'phone', t.phone, 'postal', json(t.postal),
                    'purposes', json(t.purposes), 'locale', t.locale, 'email_state', iif(t.email IS NULL, NULL,
                        coalesce((SELECT 'bounced' FROM suppressed s WHERE s.address = lower(t.email) AND s.reason = 'bounce'),
                            (SELECT coalesce(a.proof, iif(a.changed, 'changed', 'unverified')) FROM contact_addresses a
                                WHERE a.customer_id = k.id AND a.address = lower(t.email)), 'unverified'))))
                    FROM contacts t WHERE t.customer_id = k.id)),
                'risk', json((SELECT json_object('score', r.score, 'band', r.band, 'reasons', json(r.reasons))
                    FROM risk_scores r WHERE r.customer_id = k.id)),
                'accounts', json((SELECT json_group_array(json_object('currency', c.currency,
                    'balance_minor', c.balance_minor, 'unapplied_minor', c.unapplied_minor,
                    'overdue_minor', (SELECT coalesce(sum(o.balance_minor), 0) FROM open_items o
                        WHERE o.customer_id = k.id AND o.currency = c.currency
                            AND o.due_on < date(?1 / 1000, 'unixepoch')),
                    'handed_over_ms', c.handed_over_at,
                    'next_ms', c.next_action_at, 'next_step', c.next_step, 'next_why', c.next_why))
                    FROM cases c WHERE c.customer_id = k.id)))
            FROM customers k ",
            $which
        )
    };
}

statements! {
    ONE = select_customer!("WHERE k.id = ?2");
    BY_EXTERNAL_ID = select_customer!("WHERE k.external_id = ?2");
    LIST = select_customer!("WHERE k.id > ?2 ORDER BY k.id LIMIT ?3");
    TIMELINE = "SELECT json_object('id', id, 'at', at, 'kind', kind, 'title', title, 'detail', detail,
            'refers_to', refers_to) FROM (
            SELECT * FROM (SELECT id, at, kind, title, detail, refers_to FROM activities
                WHERE customer_id = ?1 AND id < 'act_' || ?2 ORDER BY id DESC LIMIT ?3)
            UNION ALL
            SELECT * FROM (SELECT id, created_at, 'message', 'Message ' || step || ': ' || status,
                why || coalesce('. ' || last_error, ''), NULL FROM messages
                WHERE customer_id = ?1 AND id < 'msg_' || ?2 ORDER BY id DESC LIMIT ?3))
        ORDER BY substr(id, 5) DESC LIMIT ?3";
    OPENING = "SELECT json_object('currency', currency, 'minor', sum(amount_minor)) FROM postings
        WHERE customer_id = ?1 AND value_on < ?2 GROUP BY currency";
    POSTINGS = "SELECT json_object('id', p.id, 'kind', p.kind, 'currency', p.currency, 'minor', p.amount_minor,
            'value_on', p.value_on, 'invoice_number', i.number, 'source_id', p.source_id)
        FROM postings p LEFT JOIN invoices i ON i.id = p.invoice_id
        WHERE p.customer_id = ?1 AND p.value_on >= ?2 AND p.value_on <= ?3 ORDER BY p.value_on, p.id";
}

/// What happens next, when and why.
#[derive(Debug, Clone, Serialize)]
pub struct NextAction {
    /// RFC 3339, UTC.
    pub at: String,
    /// The policy's step.
    pub step: String,
    /// One sentence.
    pub why: String,
}

impl NextAction {
    /// What a case's three columns say.
    pub(super) fn read(ms: Option<i64>, step: Option<String>, why: Option<String>) -> Result<Option<Self>> {
        let (Some(ms), Some(step), Some(why)) = (ms, step, why) else {
            return Ok(None);
        };
        Ok(Some(Self {
            at: rfc3339(ms)?,
            step,
            why,
        }))
    }
}

/// What stands between us and a customer in one currency.
#[derive(Debug, Clone, Serialize)]
pub struct AccountView {
    /// Which currency.
    pub currency: Currency,
    /// All that is owed, less what is on account.
    pub balance: Money,
    /// The part of the open invoices whose due date has passed.
    pub overdue: Money,
    /// Money and credit on account.
    pub unapplied: Money,
    /// Since when an agency collects it.
    pub handed_over_at: Option<String>,
    /// What happens next.
    pub next_action: Option<NextAction>,
}

/// A customer as `GET /v1/customers/{id}` shows it. The figures at the top are those of its own currency.
#[derive(Debug, Clone, Serialize)]
pub struct CustomerView {
    /// Who it is.
    #[serde(flatten)]
    pub brief: CustomerBrief,
    /// All that is owed, less what is on account.
    pub balance: Money,
    /// The part of the open invoices whose due date has passed.
    pub overdue: Money,
    /// Money and credit on account.
    pub unapplied: Money,
    /// Since when it is served no longer.
    pub suspended_at: Option<String>,
    /// How much of its credit limit is used.
    pub credit: Credit,
    /// The earliest next action over all currencies.
    pub next_action: Option<NextAction>,
    /// The same per currency.
    pub accounts: Vec<AccountView>,
}

/// The part of a customer that does not depend on its ledger.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CustomerBrief {
    /// Ours.
    pub id: CustomerId,
    /// The creditor's.
    pub external_id: String,
    /// Name.
    pub name: String,
    /// `business` or `consumer`.
    pub kind: String,
    /// ISO 3166 alpha-2.
    pub country: String,
    /// State, province or canton.
    pub region: Option<String>,
    /// IANA name.
    pub time_zone: String,
    /// BCP 47 tag.
    pub locale: String,
    /// Its own currency.
    pub currency: Currency,
    /// Agreed terms in days.
    pub terms_days: Option<u32>,
    /// Other agreed terms.
    pub terms: Option<serde_json::Value>,
    /// The policy that it is under, where not the default one.
    pub policy: Option<String>,
    /// What it is known by among its kind.
    pub tags: Vec<String>,
    /// Domains that somebody has named as its own.
    pub known_domains: Vec<String>,
    /// Why nobody contacts it, where so.
    pub hold: Option<String>,
    /// The last day of that.
    pub hold_until: Option<NaiveDate>,
    /// Risk score, band and reasons.
    pub risk: Option<RiskView>,
    /// Whom to write to.
    pub contacts: Vec<ContactView>,
}

/// A customer's score.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RiskView {
    /// 0 to 100.
    pub score: i64,
    /// `low` to `critical`.
    pub band: String,
    /// Which facts count how much.
    pub reasons: Vec<Reason>,
}

/// A person or desk at a customer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ContactView {
    /// Name.
    pub name: String,
    /// `billing`, `escalation` or `sales`.
    pub role: String,
    /// For email.
    pub email: Option<String>,
    /// For SMS and voice.
    pub phone: Option<String>,
    /// For letters.
    pub postal: Option<serde_json::Value>,
    /// What they get and nothing else; none: by role.
    pub purposes: Vec<String>,
    /// The language to write to them in, where it is not the customer's.
    pub locale: Option<String>,
    /// What is known of the email address: `bounced`; verified by `delivery`, `click` or `hand`; `changed` since the
    /// customer was first recorded; else `unverified`.
    pub email_state: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(flatten)]
    brief: CustomerBrief,
    credit_limit_minor: Option<i64>,
    orders_minor: i64,
    suspended_ms: Option<i64>,
    accounts: Vec<AccountRow>,
}

#[derive(Deserialize)]
struct AccountRow {
    currency: Currency,
    balance_minor: i64,
    unapplied_minor: i64,
    overdue_minor: i64,
    handed_over_ms: Option<i64>,
    next_ms: Option<i64>,
    next_step: Option<String>,
    next_why: Option<String>,
}

impl Row {
    fn view(self) -> Result<CustomerView> {
        let mut accounts = Vec::with_capacity(self.accounts.len());
        let mut next: Option<NextAction> = None;
        for row in self.accounts {
            let money = |minor| Money::new(minor, row.currency);
            let action = NextAction::read(row.next_ms, row.next_step, row.next_why)?;
            // RFC 3339 in one zone and to the second sorts as time does.
            if let Some(action) = &action
                && next.as_ref().is_none_or(|earliest| action.at < earliest.at)
            {
                next = Some(action.clone());
            }
            accounts.push(AccountView {
                currency: row.currency,
                balance: money(row.balance_minor),
                overdue: money(row.overdue_minor),
                unapplied: money(row.unapplied_minor),
                handed_over_at: row.handed_over_ms.map(rfc3339).transpose()?,
                next_action: action,
            });
        }
        let zero = Money::zero(self.brief.currency);
        let own = accounts
            .iter()
            .find(|account| account.currency == self.brief.currency);
        let (balance, overdue, unapplied) = own.map_or((zero, zero, zero), |account| {
            (account.balance, account.overdue, account.unapplied)
        });
        let money = |minor| Money::new(minor, self.brief.currency);
        let exposure = Exposure {
            limit: self.credit_limit_minor.map(money),
            // A case's balance is what is owed less what is on account.
            open_balance: balance.checked_add(unapplied)?,
            open_orders: money(self.orders_minor),
            on_account: unapplied,
        };
        let next_action = next;
        Ok(CustomerView {
            suspended_at: self.suspended_ms.map(rfc3339).transpose()?,
            credit: exposure.credit()?,
            balance,
            overdue,
            unapplied,
            next_action,
            accounts,
            brief: self.brief,
        })
    }
}

/// One customer by id.
pub async fn customer(db: &Db, moment: Moment, id: &CustomerId) -> Result<Option<CustomerView>> {
    db.find::<Row>(ONE, params![moment.ms(), id.as_str()])
        .await?
        .map(Row::view)
        .transpose()
}

/// One customer by the creditor's own key.
pub async fn external_customer(db: &Db, moment: Moment, external_id: &str) -> Result<Option<CustomerView>> {
    db.find::<Row>(BY_EXTERNAL_ID, params![moment.ms(), external_id])
        .await?
        .map(Row::view)
        .transpose()
}

/// Customers after the id `after`.
pub async fn customers(db: &Db, moment: Moment, after: &str, limit: u32) -> Result<Vec<CustomerView>> {
    let rows: Vec<Row> = db.list(LIST, params![moment.ms(), after, limit]).await?;
    rows.into_iter().map(Row::view).collect()
}

#[derive(Deserialize)]
struct TimelineRow {
    id: String,
    at: i64,
    kind: String,
    title: String,
    detail: String,
    refers_to: Option<String>,
}

/// One line of a customer's timeline: an activity, or a message as it stands now.
#[derive(Debug, Clone, Serialize)]
pub struct TimelineEntry {
    /// The activity's or message's.
    pub id: String,
    /// RFC 3339, UTC.
    pub at: String,
    /// For programs.
    pub kind: String,
    /// For people.
    pub title: String,
    /// What decided, in a sentence.
    pub detail: String,
    /// The message, payment or invoice that it is about.
    pub refers_to: Option<String>,
}

/// Newest first, before `before` (the part of an id after its prefix; `~` for the newest).
pub async fn timeline(db: &Db, id: &CustomerId, before: &str, limit: u32) -> Result<Vec<TimelineEntry>> {
    let rows: Vec<TimelineRow> = db.list(TIMELINE, params![id.as_str(), before, limit]).await?;
    rows.into_iter()
        .map(|row| {
            Ok(TimelineEntry {
                id: row.id,
                at: rfc3339(row.at)?,
                kind: row.kind,
                title: row.title,
                detail: row.detail,
                refers_to: row.refers_to,
            })
        })
        .collect()
}

#[derive(Deserialize)]
struct SumRow {
    currency: Currency,
    minor: i64,
}

#[derive(Deserialize)]
struct PostingRow {
    id: String,
    kind: String,
    currency: Currency,
    minor: i64,
    value_on: NaiveDate,
    invoice_number: Option<String>,
    source_id: String,
}

/// One posting of a statement, with the balance after it.
#[derive(Debug, Clone, Serialize)]
pub struct StatementLine {
    /// Ours.
    pub id: String,
    /// The civil day from which it counts.
    pub value_on: NaiveDate,
    /// `invoice`, `payment`, ...
    pub kind: String,
    /// The same in words, for people.
    pub title: String,
    /// The invoice it is against; `null`: on account.
    pub invoice_number: Option<String>,
    /// The invoice, credit note or payment behind it.
    pub source_id: String,
    /// Positive: owed more.
    pub amount: Money,
    /// After this line.
    pub balance: Money,
}

/// An account between two days in one currency.
#[derive(Debug, Clone, Serialize)]
pub struct StatementView {
    /// Which currency.
    pub currency: Currency,
    /// Before the first day.
    pub opening: Money,
    /// In order.
    pub postings: Vec<StatementLine>,
    /// After the last day.
    pub closing: Money,
}

impl StatementView {
    fn starting(opening: Money) -> Self {
        Self {
            currency: opening.currency(),
            opening,
            postings: Vec::new(),
            closing: opening,
        }
    }
}

/// The account from `from` to `as_of`, both included, per currency.
pub async fn statement(
    db: &Db,
    id: &CustomerId,
    from: NaiveDate,
    as_of: NaiveDate,
) -> Result<Vec<StatementView>> {
    let opening: Vec<SumRow> = db.list(OPENING, params![id.as_str(), from.to_string()]).await?;
    let postings: Vec<PostingRow> = db
        .list(
            POSTINGS,
            params![id.as_str(), from.to_string(), as_of.to_string()],
        )
        .await?;
    let mut statements: BTreeMap<Currency, StatementView> = BTreeMap::new();
    for sum in opening {
        statements.insert(
            sum.currency,
            StatementView::starting(Money::new(sum.minor, sum.currency)),
        );
    }
    for row in postings {
        let starting = || StatementView::starting(Money::zero(row.currency));
        let statement = statements.entry(row.currency).or_insert_with(starting);
        let amount = Money::new(row.minor, row.currency);
        statement.closing = statement.closing.checked_add(amount)?;
        statement.postings.push(StatementLine {
            id: row.id,
            value_on: row.value_on,
            title: crate::postings::words(&row.kind, amount),
            kind: row.kind,
            invoice_number: row.invoice_number,
            source_id: row.source_id,
            amount,
            balance: statement.closing,
        });
    }
    Ok(statements.into_values().collect())
}
