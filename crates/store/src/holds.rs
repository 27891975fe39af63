//! Holds: why nobody contacts a customer or speaks of an invoice, and until when.
//!
//! A hold whose last day has passed is none: whoever reads it compares the day. Setting it again replaces it; releasing
//! it early counts as its end.

use crate::activities::{self, Activity};
use crate::db::{Tx, statements};
use crate::dunning;
use crate::error::Result;
use crate::instants::time_zone;
use crate::moment::Moment;
use crate::params;
use chrono::NaiveDate;
use receivables::calendar;
use receivables::hold::HoldInput;
use receivables::id::{CustomerId, InvoiceId};
use serde::Deserialize;
use std::collections::BTreeSet;

statements! {
    CUSTOMER = "SELECT json_object('customer', k.id, 'time_zone', k.time_zone, 'name', k.name)
        FROM customers k WHERE k.id = ?";
    INVOICE = "SELECT json_object('customer', k.id, 'time_zone', k.time_zone, 'name', 'invoice ' || i.number)
        FROM invoices i JOIN customers k ON k.id = i.customer_id WHERE i.id = ?";
    SET_CUSTOMER = "UPDATE customers SET hold = ?2, hold_until_on = ?3, updated_at = ?4 WHERE id = ?1";
    // The customer's open invoices, where there was a hold to release.
    RESUME_ALL = "UPDATE invoices SET resumed_on = ?2 WHERE customer_id = ?1 AND balance_minor > 0
        AND (SELECT k.hold FROM customers k WHERE k.id = ?1) IS NOT NULL";
    SET_INVOICE = "UPDATE invoices SET hold = ?2, hold_until_on = ?3 WHERE id = ?1";
    RELEASE_INVOICE = "UPDATE invoices SET resumed_on = ?2, hold = NULL, hold_until_on = NULL
        WHERE id = ?1 AND hold IS NOT NULL";
}

/// What is put on hold.
#[derive(Debug, Clone, Copy)]
pub enum Held<'a> {
    /// A customer: nothing is said to it at all.
    Customer(&'a CustomerId),
    /// An invoice: it is not spoken about.
    Invoice(&'a InvoiceId),
}

impl Held<'_> {
    fn id(&self) -> &str {
        match self {
            Held::Customer(id) => id.as_str(),
            Held::Invoice(id) => id.as_str(),
        }
    }
}

/// Whose hold it is, and what day it is there.
#[derive(Debug, Clone)]
pub struct Subject {
    /// The customer.
    pub customer: CustomerId,
    /// The civil day there.
    pub today: NaiveDate,
    name: String,
}

#[derive(Deserialize)]
struct Row {
    customer: CustomerId,
    time_zone: String,
    name: String,
}

/// What `held` is, if there is such a thing.
pub async fn subject(tx: &Tx<'_>, moment: Moment, held: Held<'_>) -> Result<Option<Subject>> {
    let sql = match held {
        Held::Customer(_) => CUSTOMER,
        Held::Invoice(_) => INVOICE,
    };
    let Some(row) = tx.find::<Row>(sql, params![held.id()]).await? else {
        return Ok(None);
    };
    Ok(Some(Subject {
        customer: row.customer,
        today: calendar::day_of(moment.now, time_zone(&row.time_zone)?),
        name: row.name,
    }))
}

/// Puts on hold, or releases (`None`).
pub async fn set(
    tx: &Tx<'_>,
    moment: Moment,
    held: Held<'_>,
    subject: &Subject,
    hold: Option<&HoldInput>,
    by: &str,
) -> Result<()> {
    let reason = hold.map(|hold| hold.reason.as_str());
    let until = hold.and_then(|hold| hold.until).map(|day| day.to_string());
    match (held, hold) {
        (Held::Customer(id), _) => {
            if hold.is_none() {
                let today = subject.today.to_string();
                tx.run(RESUME_ALL, params![id.as_str(), today]).await?;
            }
            let parameters = params![id.as_str(), reason, until.as_deref(), moment.ms()];
            tx.run(SET_CUSTOMER, parameters).await?;
        }
        (Held::Invoice(id), Some(_)) => {
            tx.run(SET_INVOICE, params![id.as_str(), reason, until.as_deref()])
                .await?;
        }
        (Held::Invoice(id), None) => {
            let today = subject.today.to_string();
            tx.run(RELEASE_INVOICE, params![id.as_str(), today]).await?;
        }
    }
    let activity = Activity {
        customer_id: subject.customer.clone(),
        kind: if hold.is_some() {
            "hold_set"
        } else {
            "hold_released"
        },
        title: match hold {
            Some(_) => format!("{} on hold", subject.name),
            None => format!("Hold on {} released", subject.name),
        },
        detail: match (reason, until) {
            (Some(reason), Some(until)) => format!("{reason}. Until {until}, by {by}."),
            (Some(reason), None) => format!("{reason}. Until it is released, by {by}."),
            (None, _) => format!("Contact resumes by policy. By {by}."),
        },
        refers_to: Some(held.id().to_owned()),
    };
    activities::record(tx, moment, &[activity]).await?;
    dunning::replan(tx, moment, &BTreeSet::from([subject.customer.clone()])).await
}
