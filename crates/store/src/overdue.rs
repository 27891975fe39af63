//! Invoices that have become overdue: the systems outside are told once of each.
//!
//! **O(due).** An index holds what is open and has not been told of, by due date; all of it that was due before today
//! wherever there is a customer is overdue, and of the days that are today somewhere and yesterday elsewhere the
//! customer's time zone decides. So a sweep reads what it tells of, and what is due on those days.

use crate::db::{Tx, statements};
use crate::error::Result;
use crate::events::{self, Event};
use crate::instants::time_zone;
use crate::moment::Moment;
use crate::params;
use chrono::NaiveDate;
use receivables::calendar;
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId};
use receivables::money::Money;
use serde::Deserialize;
use serde_json::json;

statements! {
    /// From each zone to the next in the index: as many steps as there are zones.
    ZONES = "WITH RECURSIVE zones (name) AS (
            SELECT min(time_zone) FROM customers
            UNION ALL
            SELECT (SELECT min(time_zone) FROM customers WHERE time_zone > zones.name) FROM zones
                WHERE zones.name IS NOT NULL)
        SELECT name FROM zones WHERE name IS NOT NULL";
    /// ?1: the earliest of the days that are today; ?2 and ?3: the time zones in which it is later than that day,
    /// and later than the day after.
    OVERDUE = "SELECT json_object('id', i.id, 'customer', i.customer_id, 'number', i.number, 'due_on', i.due_on,
            'currency', i.currency, 'balance_minor', i.balance_minor)
        FROM invoices i JOIN customers k ON k.id = i.customer_id
        WHERE i.balance_minor > 0 AND i.overdue_told_at IS NULL AND i.kind = 'invoice'
            AND i.due_on <= date(?1, '+1 day')
            AND (i.due_on < ?1
                OR (i.due_on = ?1 AND k.time_zone IN (SELECT value FROM json_each(?2)))
                OR (i.due_on > ?1 AND k.time_zone IN (SELECT value FROM json_each(?3))))
        ORDER BY i.due_on, i.id LIMIT ?4";
    TOLD = "UPDATE invoices SET overdue_told_at = ?1 WHERE id IN (SELECT value FROM json_each(?2))";
}

#[derive(Deserialize)]
struct Row {
    id: InvoiceId,
    customer: CustomerId,
    number: String,
    due_on: NaiveDate,
    currency: Currency,
    balance_minor: i64,
}

/// What one run told of.
pub(crate) struct Told {
    /// Whether there may be more than `limit` allowed.
    pub(crate) more: bool,
}

/// Tells of at most `limit` invoices that have become overdue on their customers' civil day.
pub(crate) async fn tell(tx: &Tx<'_>, moment: Moment, limit: u32) -> Result<Told> {
    let zones = tx.rows(ZONES, params![]).await?;
    let today = zones
        .iter()
        .map(|row| Ok((row.text(0)?, time_zone(row.text(0)?)?.local(moment.now).date())))
        .collect::<Result<Vec<(&str, NaiveDate)>>>()?;
    let Some(earliest) = today.iter().map(|(_, day)| *day).min() else {
        return Ok(Told { more: false });
    };
    let later_than = |day: NaiveDate| -> Vec<&str> {
        let zones = today.iter().filter(|(_, today)| *today > day);
        zones.map(|(name, _)| *name).collect()
    };
    let rows: Vec<Row> = tx
        .list(
            OVERDUE,
            params![
                earliest.to_string(),
                serde_json::to_string(&later_than(earliest))?,
                serde_json::to_string(&later_than(calendar::plus_days(earliest, 1)))?,
                limit
            ],
        )
        .await?;
    if rows.is_empty() {
        return Ok(Told { more: false });
    }
    let ids: Vec<&InvoiceId> = rows.iter().map(|row| &row.id).collect();
    tx.run(TOLD, params![moment.ms(), serde_json::to_string(&ids)?])
        .await?;
    let events: Vec<Event> = rows
        .iter()
        .map(|row| {
            let balance = Money::new(row.balance_minor, row.currency);
            let about =
                json!({"invoice": row.id, "number": row.number, "due_date": row.due_on, "balance": balance});
            Event::new("invoice.overdue", &row.customer, about)
        })
        .collect();
    events::record(tx, moment, &events).await?;
    Ok(Told {
        more: u32::try_from(rows.len()).is_ok_and(|told| told >= limit),
    })
}
