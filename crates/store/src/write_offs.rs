//! Write-offs: what is given up of an invoice. A posting of its own lowers the balance; where nothing is left, the
//! invoice is written off.

use crate::activities::{self, Activity};
use crate::consequences;
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::events::{self, Event};
use crate::invoices;
use crate::moment::Moment;
use crate::params;
use crate::postings::{self, Kind, Posting};
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId};
use receivables::money::Money;
use std::collections::BTreeSet;

statements! {
    WRITTEN = "SELECT sum(amount_minor) FROM postings WHERE invoice_id = ? AND kind = 'write_off'
        HAVING sum(amount_minor) < 0";
    OWED_AGAIN = "UPDATE invoices SET state = 'active' WHERE id = ? AND state = 'written_off'";
    GIVEN_UP = "UPDATE invoices SET state = 'written_off' WHERE id = ? AND balance_minor = 0";
}

/// What became of a write-off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WrittenOff {
    /// So much of what this customer owes was, or would be.
    Done {
        /// Whose.
        customer: CustomerId,
        /// How much.
        amount: Money,
    },
    /// There is no such invoice.
    Unknown,
    /// Nothing is left to write off.
    NothingOwed,
    /// More than is left, which is this much.
    TooMuch(Money),
    /// The invoice is in this currency, not in that of the amount.
    OtherCurrency(Currency),
}

/// What would be written off of an invoice: `amount`, or all that is left of it.
pub async fn would_write_off(tx: &Tx<'_>, id: &InvoiceId, amount: Option<Money>) -> Result<WrittenOff> {
    let Some(invoice) = invoices::standing(tx, id).await? else {
        return Ok(WrittenOff::Unknown);
    };
    let balance = invoice.balance();
    let amount = amount.unwrap_or(balance);
    Ok(match () {
        () if !balance.is_positive() => WrittenOff::NothingOwed,
        () if amount.currency() != balance.currency() => WrittenOff::OtherCurrency(balance.currency()),
        () if amount.minor() > balance.minor() => WrittenOff::TooMuch(balance),
        () => WrittenOff::Done {
            customer: invoice.customer,
            amount,
        },
    })
}

/// Writes off `amount` of an invoice, or all that is left of it. Whether somebody had to agree is the caller's business.
pub async fn write_off(
    tx: &Tx<'_>,
    moment: Moment,
    id: &InvoiceId,
    amount: Option<Money>,
    why: &str,
    by: &str,
) -> Result<WrittenOff> {
    let outcome = would_write_off(tx, id, amount).await?;
    let WrittenOff::Done { customer, amount } = &outcome else {
        return Ok(outcome);
    };
    let entry = Posting {
        customer: customer.clone(),
        invoice: Some(id.clone()),
        kind: Kind::WriteOff,
        amount: amount.checked_neg()?,
        value_on: moment.now.date_naive(),
        source_id: id.to_string(),
    };
    postings::post(tx, moment, &[entry]).await?;
    tx.run(GIVEN_UP, params![id.as_str()]).await?;
    let activity = Activity {
        customer_id: customer.clone(),
        kind: "written_off",
        title: format!("{amount} written off"),
        detail: format!("{why}. By {by}."),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    if let Some(left) = invoices::standing(tx, id).await? {
        let about = serde_json::json!({"invoice": id, "number": left.number, "amount": amount,
            "balance": left.balance(), "why": why});
        events::record(tx, moment, &[Event::new("invoice.written_off", customer, about)]).await?;
    }
    let concerned = BTreeSet::from([customer.clone()]);
    consequences::of_money(tx, moment, &concerned).await?;
    Ok(outcome)
}

/// Takes back what was written off of an invoice: a posting of the other sign has it owed again. False: nothing was.
pub async fn take_back(tx: &Tx<'_>, moment: Moment, id: &InvoiceId, why: &str, by: &str) -> Result<bool> {
    let Some(invoice) = invoices::standing(tx, id)
        .await?
        .filter(|invoice| invoice.state == "written_off")
    else {
        return Ok(false);
    };
    let Some(row) = tx.row(WRITTEN, params![id.as_str()]).await? else {
        return Ok(false);
    };
    let amount = Money::new(row.int(0)?, invoice.balance().currency()).checked_neg()?;
    let entry = Posting {
        customer: invoice.customer.clone(),
        invoice: Some(id.clone()),
        kind: Kind::WriteOff,
        amount,
        value_on: moment.now.date_naive(),
        source_id: id.to_string(),
    };
    postings::post(tx, moment, &[entry]).await?;
    tx.run(OWED_AGAIN, params![id.as_str()]).await?;
    let activity = Activity {
        customer_id: invoice.customer.clone(),
        kind: "write_off_taken_back",
        title: format!("{amount} owed again"),
        detail: format!("{why}. By {by}."),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    let concerned = BTreeSet::from([invoice.customer]);
    consequences::of_money(tx, moment, &concerned).await?;
    Ok(true)
}
