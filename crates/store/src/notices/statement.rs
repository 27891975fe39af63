//! Statements of account: the monthly run, what a customer has of its own, and one that somebody asks for.
//!
//! **O(due).** `customers.statement_at` is when the run looks at a customer next, and an index leads to it. One whose
//! policy sends no statements is looked at once a month: its policy follows from what may have changed. 0 has the run
//! find the day and send nothing: a new customer, another policy. One whose turn has come keeps it.
//! **Once.** A statement's cycle is the month in which it is drawn up, and its currency.
//! **Catches up.** What was missed while nothing ran is one statement, the latest (`receivables::notice::statement`).

use super::accounts::{self, Account};
use super::{Notice, queue};
use crate::db::{Db, Tx, statements};
use crate::error::{Result, StoreError};
use crate::moment::Moment;
use crate::params;
use crate::rfc3339;
use chrono::{Datelike, Months, NaiveDate, NaiveTime};
use receivables::calendar;
use receivables::currency::Currency;
use receivables::fields::FieldError;
use receivables::id::{CustomerId, MessageId};
use receivables::limits;
use receivables::money::Money;
use receivables::notice::statement::{Asked, Drawn, Own, Rules, draw, period};
use receivables::notice::{About, Entry};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

statements! {
    DUE = "SELECT json_object('customer', id, 'at_ms', statement_at, 'own', json(statements)) FROM customers
        WHERE statement_at <= ?1 ORDER BY statement_at LIMIT ?2";
    ANY_DUE = "SELECT 1 FROM customers WHERE statement_at <= ? LIMIT 1";
    LOOK_AGAIN = "UPDATE customers SET statement_at = j.value->>'at_ms' FROM json_each(?) AS j
        WHERE customers.id = j.value->>'customer'";
    OWN = "SELECT json_object('customer', id, 'at_ms', statement_at, 'own', json(statements)) FROM customers
        WHERE id = ?";
    SET_OWN = "UPDATE customers SET statements = ?2, statement_at = iif(statement_at > ?3, 0, statement_at)
        WHERE id = ?1 RETURNING id";
    /// The accounts, each with what it closes with and the latest lines of its days, the newest first.
    LINES = "SELECT json_object('customer', c.customer_id, 'currency', c.currency, 'closing_minor', c.balance_minor
                - (SELECT coalesce(sum(p.amount_minor), 0) FROM postings p
                    WHERE p.customer_id = c.customer_id AND p.value_on > j.value->>'to' AND +p.currency = c.currency),
            'lines', json((SELECT json_group_array(json_object('on', value_on, 'what', kind, 'number', number,
                    'minor', amount_minor))
                FROM (SELECT p.value_on, p.kind, i.number, p.amount_minor FROM postings p
                    LEFT JOIN invoices i ON i.id = p.invoice_id
                    WHERE p.customer_id = c.customer_id AND p.value_on >= j.value->>'from'
                        AND p.value_on <= j.value->>'to' AND +p.currency = c.currency
                    ORDER BY p.value_on DESC, p.id DESC LIMIT ?2))))
        FROM json_each(?1) AS j JOIN cases c ON c.customer_id = j.value->>'customer'
        ORDER BY c.customer_id, c.currency";
}

/// What one run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Ran {
    /// Customers whose turn had come.
    pub examined: usize,
    /// Statements put into the queue.
    pub queued: usize,
    /// Customers examined for whom none was drawn up: not their day, or nothing to tell.
    pub skipped: usize,
    /// Whether more are due than `limit` allowed.
    pub more: bool,
}

#[derive(Deserialize)]
struct DueRow {
    customer: CustomerId,
    at_ms: i64,
    own: Option<serde_json::Value>,
}

impl DueRow {
    /// When the customer gets statements: by what it has of its own, else by its policy.
    fn rules(&self, account: &Account) -> Result<Option<Rules>> {
        match &self.own {
            Some(own) => Own::parse(own)
                .map(|own| own.rules)
                .map_err(|problems| StoreError::Decode(format!("{}: {problems:?}", self.customer))),
            None => Ok(account.version.policy.statements.clone()),
        }
    }
}

#[derive(Serialize)]
struct LookAgain<'a> {
    customer: &'a CustomerId,
    at_ms: i64,
}

#[derive(Serialize)]
struct Days<'a> {
    customer: &'a CustomerId,
    from: NaiveDate,
    to: NaiveDate,
}

/// What is looked at, and when next.
enum Turn {
    /// The statement drawn up on that day is due.
    Draw(NaiveDate),
    /// Nothing is.
    Wait,
}

impl Account {
    fn opening(&self, day: NaiveDate) -> i64 {
        calendar::instant_of(day, self.version.policy.send_at, self.zone).timestamp_millis()
    }

    /// What is due of a customer who was to be looked at from `at_ms` on, and when it is looked at next.
    fn turn(&self, rules: Option<&Rules>, at_ms: i64, moment: Moment) -> (Turn, i64) {
        let today = calendar::day_of(moment.now, self.zone);
        let Some(rules) = rules else {
            let next = today
                .with_day(1)
                .unwrap_or(today)
                .checked_add_months(Months::new(1));
            let next = next.unwrap_or(NaiveDate::MAX);
            let at = calendar::instant_of(next, NaiveTime::MIN, self.zone);
            return (Turn::Wait, at.timestamp_millis());
        };
        let (latest, next) = (rules.latest(today), self.opening(rules.next(today)));
        let opens = self.opening(latest);
        if moment.ms() < opens {
            return (Turn::Wait, opens);
        }
        match at_ms > 0 && at_ms <= opens {
            true => (Turn::Draw(latest), next),
            false => (Turn::Wait, next),
        }
    }
}

/// Draws up what is due of at most `limit` customers.
pub async fn run(tx: &Tx<'_>, moment: Moment, limit: u32) -> Result<Ran> {
    let due: Vec<DueRow> = tx.list(DUE, params![moment.ms(), limit]).await?;
    if due.is_empty() {
        return Ok(Ran::default());
    }
    let accounts = accounts::of(tx, moment, due.iter().map(|row| (&row.customer, None))).await?;
    let (mut again, mut days, mut drawing) = (Vec::new(), Vec::new(), BTreeMap::new());
    for (row, account) in due.iter().zip(&accounts) {
        let Some(account) = account else { continue };
        let rules = row.rules(account)?;
        let (turn, at_ms) = account.turn(rules.as_ref(), row.at_ms, moment);
        let customer = &row.customer;
        again.push(LookAgain { customer, at_ms });
        if let (Turn::Draw(on), Some(rules)) = (turn, rules) {
            let (from, to) = period(on);
            days.push(Days { customer, from, to });
            drawing.insert(customer, (on, rules));
        }
    }
    let mut notices = Vec::new();
    for (customer, currency, about) in drawn(tx, &days).await? {
        let Some((on, rules)) = drawing.get(&customer) else {
            continue;
        };
        let About::Statement { closing, entries, .. } = &about else {
            continue;
        };
        if rules.worth(*closing, !entries.is_empty()) {
            let month = on.format("%Y-%m");
            let why = format!("it is drawn up on day {} of each month", rules.day);
            notices.push(statement(&customer, format!("{month}/{currency}"), about, why).of(currency));
        }
    }
    let queued = queue(tx, moment, &notices).await?;
    tx.run(LOOK_AGAIN, params![serde_json::to_string(&again)?])
        .await?;
    let mut told: Vec<&CustomerId> = notices.iter().map(|notice| &notice.customer).collect();
    told.dedup();
    Ok(Ran {
        examined: due.len(),
        queued: queued.len(),
        skipped: due.len().saturating_sub(told.len()),
        more: tx.row(ANY_DUE, params![moment.ms()]).await?.is_some(),
    })
}

fn statement(customer: &CustomerId, cycle: String, about: About, why: String) -> Notice {
    // Whether they are sent has been decided: by what the policy says of statements, or by who asks.
    Notice::new(customer, "statement", cycle, about, why).by_hand()
}

#[derive(Deserialize)]
struct LineRow {
    on: NaiveDate,
    what: String,
    number: Option<String>,
    minor: i64,
}

#[derive(Deserialize)]
struct AccountRow {
    customer: CustomerId,
    currency: Currency,
    closing_minor: i64,
    lines: Vec<LineRow>,
}

/// The statements of all accounts of these customers, each over its days.
async fn drawn(db: &Db, days: &[Days<'_>]) -> Result<Vec<(CustomerId, Currency, About)>> {
    if days.is_empty() {
        return Ok(Vec::new());
    }
    let most = limits::STATEMENT_ENTRIES;
    let probe = u32::try_from(most.saturating_add(1)).unwrap_or(u32::MAX);
    let rows: Vec<AccountRow> = db
        .list(LINES, params![serde_json::to_string(days)?, probe])
        .await?;
    let of: BTreeMap<&CustomerId, &Days<'_>> = days.iter().map(|days| (days.customer, days)).collect();
    rows.into_iter()
        .map(|row| {
            let days = of
                .get(&row.customer)
                .ok_or_else(|| StoreError::Decode(format!("a statement for {}", row.customer)))?;
            let money = |minor| Money::new(minor, row.currency);
            let cut = row.lines.len() > most;
            let latest = row.lines.into_iter().rev().map(|line| Entry {
                on: line.on,
                what: line.what,
                number: line.number,
                amount: money(line.minor),
            });
            let closing = money(row.closing_minor);
            let Drawn {
                from,
                opening,
                entries,
            } = draw(days.from, closing, latest.collect(), cut)?;
            let about = About::Statement {
                from,
                to: days.to,
                opening,
                closing,
                entries,
            };
            Ok((row.customer, row.currency, about))
        })
        .collect()
}

/// The statement of each account of these customers from a month before the day given with each on, as it stands.
pub(crate) async fn until(
    db: &Db,
    days: &BTreeMap<CustomerId, NaiveDate>,
) -> Result<BTreeMap<(CustomerId, Currency), About>> {
    let mut wanted = Vec::with_capacity(days.len());
    for (customer, today) in days {
        let days = Asked::default().days(*today);
        let (from, to) = days.map_err(|problem| StoreError::Decode(problem.detail))?;
        wanted.push(Days { customer, from, to });
    }
    let drawn = drawn(db, &wanted).await?;
    Ok(drawn
        .into_iter()
        .map(|(customer, currency, about)| ((customer, currency), about))
        .collect())
}

/// What became of a request for a statement.
#[derive(Debug, Clone)]
pub enum Asking {
    /// It is in the queue: one for each currency.
    Queued(Sent),
    /// There is no such customer.
    Unknown,
    /// It cannot be drawn up, for these reasons.
    Refused(Vec<FieldError>),
}

/// Statements that somebody asked for.
#[derive(Debug, Clone, Serialize)]
pub struct Sent {
    /// The first day.
    pub from: NaiveDate,
    /// The last.
    pub to: NaiveDate,
    /// The messages, one for each currency.
    pub messages: Vec<MessageId>,
}

/// Queues the statement that somebody asks for: it leaves at once, whatever the policy says of statements.
pub async fn ask(tx: &Tx<'_>, moment: Moment, customer: &CustomerId, asked: &Asked) -> Result<Asking> {
    let accounts = accounts::of(tx, moment, std::iter::once((customer, asked.currency))).await?;
    let Some(Some(account)) = accounts.first() else {
        return Ok(Asking::Unknown);
    };
    let (from, to) = match asked.days(calendar::day_of(moment.now, account.zone)) {
        Ok(days) => days,
        Err(problem) => return Ok(Asking::Refused(vec![problem])),
    };
    let days = Days { customer, from, to };
    let mut notices = Vec::new();
    for (customer, currency, about) in drawn(tx, &[days]).await? {
        if asked.currency.is_none_or(|wanted| wanted == currency) {
            let cycle = format!("{from}/{to}/{currency}/{}", moment.ms());
            let why = "somebody asked for it".to_owned();
            notices.push(statement(&customer, cycle, about, why).of(currency));
        }
    }
    if notices.is_empty() {
        let detail = "nothing was ever posted on this account";
        return Ok(Asking::Refused(vec![FieldError::new(
            "/currency",
            "nothing_posted",
            detail,
        )]));
    }
    let messages = queue(tx, moment, &notices).await?;
    Ok(Asking::Queued(Sent { from, to, messages }))
}

/// When a customer gets statements, and why.
#[derive(Debug, Clone, Serialize)]
pub struct Setting {
    /// Whether it gets any.
    pub send: bool,
    /// On which day of the month, and from what sum on.
    #[serde(flatten)]
    pub rules: Option<Rules>,
    /// Who says so: `customer`, where it has a setting of its own, or `policy`.
    pub by: &'static str,
    /// When the next is drawn up, RFC 3339, UTC.
    pub next_at: Option<String>,
}

/// When a customer gets statements; none: there is no such customer.
pub async fn setting(db: &Db, moment: Moment, customer: &CustomerId) -> Result<Option<Setting>> {
    let Some(row) = db.find::<DueRow>(OWN, params![customer.as_str()]).await? else {
        return Ok(None);
    };
    let accounts = accounts::of(db, moment, std::iter::once((customer, None))).await?;
    let Some(Some(account)) = accounts.first() else {
        return Ok(None);
    };
    let rules = row.rules(account)?;
    let (turn, at_ms) = account.turn(rules.as_ref(), row.at_ms, moment);
    let next_ms = match turn {
        Turn::Draw(on) => account.opening(on),
        Turn::Wait => at_ms,
    };
    Ok(Some(Setting {
        send: rules.is_some(),
        next_at: rules.as_ref().map(|_| rfc3339(next_ms)).transpose()?,
        by: if row.own.is_some() { "customer" } else { "policy" },
        rules,
    }))
}

/// Gives a customer a setting of its own, or with none leaves it to its policy; whether there is such a customer.
pub async fn set(tx: &Tx<'_>, moment: Moment, customer: &CustomerId, own: Option<&Own>) -> Result<bool> {
    let own = own.map(serde_json::to_string).transpose()?;
    let parameters = params![customer.as_str(), own, moment.ms()];
    Ok(tx.row(SET_OWN, parameters).await?.is_some())
}
