//! An invoice that its source has changed after it was taken in: another due date, another total, other words.
//!
//! **Append-only all the same.** What is owed changes by a posting of the difference. **Refused:** another number,
//! customer or currency, which make it another invoice; a total below what was settled already; any change to one that
//! is due in parts, since which part would change is nowhere said.

use crate::activities::{self, Activity};
use crate::consequences;
use crate::customers::Directory;
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use crate::postings::{self, Kind, Posting};
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId};
use receivables::intake::{InvoiceInput, due};
use receivables::money::Money;
use serde::Deserialize;
use std::collections::BTreeSet;

statements! {
    ONE = "SELECT json_object('customer', customer_id, 'number', number, 'currency', currency,
            'total_minor', total_minor, 'balance_minor', balance_minor, 'state', state, 'parts', parts,
            'content', content) FROM invoices WHERE id = ?";
    AMEND = "UPDATE invoices SET issue_on = ?2, due_on = ?3, due_source = json_extract(?4, '$'), total_minor = ?5,
            content = ?6 WHERE id = ?1";
}

/// What became of a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Amended {
    /// It is as it should be now.
    Done,
    /// It was.
    Same,
    /// It is void or written off.
    NotActive,
    /// It cannot be changed so, and why.
    Refused(String),
}

#[derive(Deserialize)]
struct Row {
    customer: CustomerId,
    number: String,
    currency: Currency,
    total_minor: i64,
    balance_minor: i64,
    state: String,
    parts: u32,
    content: String,
}

/// Makes an invoice what `input` says, as far as the ledger allows.
pub async fn amend(tx: &Tx<'_>, moment: Moment, id: &InvoiceId, input: &InvoiceInput) -> Result<Amended> {
    let content = serde_json::to_string(input)?;
    let Some(invoice) = tx.find::<Row>(ONE, params![id.as_str()]).await? else {
        return Ok(Amended::Refused(format!("there is no invoice {id}")));
    };
    if invoice.content == content {
        return Ok(Amended::Same);
    }
    if invoice.state != "active" {
        return Ok(Amended::NotActive);
    }
    let refused = |why: String| Ok(Amended::Refused(why));
    let directory = Directory::load(tx, std::iter::once(&input.customer)).await?;
    let Some(customer) = directory
        .get(&input.customer)
        .filter(|known| known.id == invoice.customer)
    else {
        return refused("it is now another customer's: void it and issue another one".to_owned());
    };
    let currency = input.total.currency();
    if invoice.number != input.number {
        return refused(format!(
            "its number was {} and is now {}",
            invoice.number, input.number
        ));
    }
    if invoice.currency != currency {
        return refused(format!("it was in {} and is now in {currency}", invoice.currency));
    }
    let due = match due(input, customer.terms()?.as_ref(), customer.terms_days) {
        Ok(due) => due,
        Err(error) => return refused(format!("{}: {}", error.pointer, error.detail)),
    };
    if invoice.parts > 0 || !due.schedule.instalments.is_empty() {
        return refused("it is due in parts, and which of them changes is not said".to_owned());
    }
    let change = input
        .total
        .checked_sub(Money::new(invoice.total_minor, currency))?;
    let balance = Money::new(invoice.balance_minor, currency);
    if balance.checked_add(change)?.is_negative() {
        let settled = Money::new(invoice.total_minor, currency).checked_sub(balance)?;
        return refused(format!(
            "its total is now {}, and {settled} of it is settled already",
            input.total
        ));
    }
    tx.run(
        AMEND,
        params![
            id.as_str(),
            input.issue_date.to_string(),
            due.schedule.due_on.to_string(),
            serde_json::to_string(&due.source)?,
            input.total.minor(),
            content,
        ],
    )
    .await?;
    if !change.is_zero() {
        let entry = Posting {
            customer: invoice.customer.clone(),
            invoice: Some(id.clone()),
            kind: Kind::Invoice,
            amount: change,
            value_on: input.issue_date,
            source_id: id.to_string(),
        };
        postings::post(tx, moment, &[entry]).await?;
    }
    let activity = Activity {
        customer_id: invoice.customer.clone(),
        kind: "invoice_amended",
        title: format!("Invoice {} changed", invoice.number),
        detail: format!(
            "Its source says so: {}, due on {}.",
            input.total, due.schedule.due_on
        ),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    consequences::of_money(tx, moment, &BTreeSet::from([invoice.customer])).await?;
    Ok(Amended::Done)
}
