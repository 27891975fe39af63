//! Remittance advices: what customers say that a payment is for, before or after it comes.
//!
//! An advice that is `open` is part of what lines are matched against; the payment that it is about uses it up. Where
//! that came first, its line waits for a person or its money is on account: then the advice is used at once.

use super::hash;
use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::instants::rfc3339;
use crate::moment::Moment;
use crate::params;
use crate::payments::{self, ByHand};
use chrono::NaiveDate;
use formats::remittance;
use receivables::allocation::{InvoiceRef, RemittanceLine};
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, PaymentId, RemittanceId};
use receivables::matching::{Announced, AnnouncedBy, Candidate};
use receivables::money::Money;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

statements! {
    NUMBERS = "SELECT json_object('id', id, 'number', number, 'customer', customer_id, 'balance_minor', balance_minor)
        FROM invoices WHERE number IN (SELECT value FROM json_each(?1)) AND currency = ?2";
    INSERT = "INSERT INTO remittances (id, customer_id, reference, currency, total_minor, paid_on, lines, fingerprint,
            received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (fingerprint) DO NOTHING RETURNING id";
    KNOWN = "SELECT id FROM remittances WHERE fingerprint = ?";
    ONE = "SELECT json_object('id', id, 'customer', customer_id, 'reference', reference, 'currency', currency,
            'total_minor', total_minor, 'paid_on', paid_on, 'lines', json(lines), 'status', status,
            'payment', payment_id, 'received_at', received_at) FROM remittances WHERE id = ?";
    LIST = "SELECT json_object('id', id, 'customer', customer_id, 'reference', reference, 'currency', currency,
            'total_minor', total_minor, 'paid_on', paid_on, 'lines', json(lines), 'status', status,
            'payment', payment_id, 'received_at', received_at) FROM remittances WHERE id < ?1 ORDER BY id DESC LIMIT ?2";
    OPEN = "SELECT json_object('id', id, 'customer', customer_id, 'reference', reference, 'total_minor', total_minor,
            'lines', json(lines)) FROM remittances WHERE status = 'open' AND currency = ? AND customer_id IS NOT NULL";
    /// Lines that wait for a person and that this may be about are judged again.
    AGAIN = "UPDATE bank_lines SET status = 'received' WHERE status = 'review' AND amount_minor = ?1 AND currency = ?2";
    ON_ACCOUNT = "SELECT id FROM payments WHERE customer_id = ?1 AND currency = ?2 AND amount_minor = ?3
        AND unapplied_minor > 0";
    USE = "UPDATE remittances SET status = 'used', payment_id = j.value->>'payment' FROM json_each(?) AS j
        WHERE remittances.id = j.value->>'id'";
    USED_FOR = "SELECT json_object('id', id, 'customer', customer_id, 'total_minor', total_minor, 'currency', currency)
        FROM remittances WHERE status = 'open' AND currency IN (SELECT value FROM json_each(?))";
    FREE = "UPDATE remittances SET status = 'open', payment_id = NULL WHERE status = 'used' AND payment_id = ?";
}

/// What is kept of a line of an advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptLine {
    /// As the payer wrote it.
    pub invoice_number: String,
    /// The invoice that it is, where it is one.
    pub invoice_id: Option<InvoiceId>,
    /// What is paid of it.
    pub amount: Money,
    /// What the payer kept back.
    pub deduction: Option<Money>,
    /// Why.
    pub reason: Option<String>,
}

/// What became of an advice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Advice {
    /// New; whether lines are to be judged again.
    Accepted(RemittanceId),
    /// On record.
    Duplicate(RemittanceId),
}

#[derive(Deserialize)]
struct NumberRow {
    id: InvoiceId,
    number: String,
    customer: CustomerId,
    balance_minor: i64,
}

/// Keeps an advice, and uses it at once where its money is here.
pub async fn keep_advice(tx: &Tx<'_>, moment: Moment, advice: &remittance::Advice) -> Result<Advice> {
    let currency = advice.total.currency();
    let numbers: BTreeSet<&str> = advice
        .lines
        .iter()
        .map(|line| line.invoice_number.as_str())
        .collect();
    let rows: Vec<NumberRow> = tx
        .list(
            NUMBERS,
            params![serde_json::to_string(&numbers)?, currency.code()],
        )
        .await?;
    // A number that several customers have is nobody's.
    let mut found: BTreeMap<&str, Option<&NumberRow>> = BTreeMap::new();
    for row in &rows {
        let slot = found.entry(row.number.as_str()).or_insert(Some(row));
        if slot.is_some_and(|first| first.id != row.id) {
            *slot = None;
        }
    }
    let customers: BTreeSet<&CustomerId> = found.values().flatten().map(|row| &row.customer).collect();
    let customer = match customers.len() {
        1 => customers.first().copied(),
        _ => None,
    };
    let lines: Vec<KeptLine> = advice
        .lines
        .iter()
        .map(|line| KeptLine {
            invoice_number: line.invoice_number.clone(),
            invoice_id: found
                .get(line.invoice_number.as_str())
                .copied()
                .flatten()
                .map(|row| row.id.clone()),
            amount: line.amount,
            deduction: line.deduction,
            reason: line.reason.clone(),
        })
        .collect();
    let said = format!(
        "{:?}|{}|{:?}|{:?}",
        advice.reference, advice.total, advice.paid_on, advice.lines
    );
    let fingerprint = hash(&said);
    let id = moment.id(RemittanceId::from_parts)?;
    let parameters = params![
        id.as_str(),
        customer.map(CustomerId::as_str),
        advice.reference.as_deref(),
        currency.code(),
        advice.total.minor(),
        advice.paid_on.map(|on| on.to_string()),
        serde_json::to_string(&lines)?,
        fingerprint.as_str(),
        moment.ms()
    ];
    if tx.row(INSERT, parameters).await?.is_none() {
        let row = tx.row(KNOWN, params![fingerprint]).await?;
        let known = row.map(|row| row.text(0).map(str::to_owned)).transpose()?;
        let known = known.and_then(|known| RemittanceId::parse(&known).ok());
        return Ok(Advice::Duplicate(known.unwrap_or(id)));
    }
    tx.run(AGAIN, params![advice.total.minor(), currency.code()])
        .await?;
    if let Some(customer) = customer {
        let open = found
            .values()
            .flatten()
            .filter(|row| row.balance_minor > 0)
            .count();
        if open > 0 {
            apply_to_account(tx, moment, &id, customer, advice.total, &lines).await?;
        }
    }
    Ok(Advice::Accepted(id))
}

/// Where the money is on the customer's account already, it goes where the advice says.
async fn apply_to_account(
    tx: &Tx<'_>,
    moment: Moment,
    id: &RemittanceId,
    customer: &CustomerId,
    total: Money,
    lines: &[KeptLine],
) -> Result<()> {
    let parameters = params![customer.as_str(), total.currency().code(), total.minor()];
    let rows = tx.rows(ON_ACCOUNT, parameters).await?;
    let [only] = rows.as_slice() else { return Ok(()) };
    let Ok(payment) = PaymentId::parse(only.text(0)?) else {
        return Ok(());
    };
    let wanted: Vec<RemittanceLine> = lines
        .iter()
        .filter_map(|line| {
            Some(RemittanceLine {
                invoice: InvoiceRef::Id(line.invoice_id.clone()?),
                amount: Some(line.amount),
            })
        })
        .collect();
    if let ByHand::Done = payments::reallocate(tx, moment, &payment, &wanted).await? {
        mark(
            tx,
            &[Used {
                id,
                payment: &payment,
            }],
        )
        .await?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Used<'a> {
    id: &'a RemittanceId,
    payment: &'a PaymentId,
}

async fn mark(tx: &Tx<'_>, used: &[Used<'_>]) -> Result<()> {
    match used.is_empty() {
        true => Ok(()),
        false => tx.run(USE, params![serde_json::to_string(used)?]).await,
    }
}

#[derive(Deserialize)]
struct OpenRow {
    id: RemittanceId,
    customer: CustomerId,
    reference: Option<String>,
    total_minor: i64,
    lines: Vec<KeptLine>,
}

/// The advices of a currency whose money has not come.
pub(super) async fn announced(db: &Db, currency: Currency) -> Result<Vec<Announced>> {
    let rows: Vec<OpenRow> = db.list(OPEN, params![currency.code()]).await?;
    let announced = rows.into_iter().map(|row| Announced {
        kind: AnnouncedBy::Advice,
        references: row.reference.into_iter().chain([row.id.to_string()]).collect(),
        customer: row.customer,
        total: Some(Money::new(row.total_minor, currency)),
        shares: row
            .lines
            .into_iter()
            .filter_map(|line| Some((line.invoice_id?, Some(line.amount))))
            .collect(),
    });
    Ok(announced.collect())
}

#[derive(Deserialize)]
struct AwaitedRow {
    id: RemittanceId,
    customer: Option<CustomerId>,
    total_minor: i64,
    currency: Currency,
}

/// Payments have come: an advice of that customer over that amount is used.
pub(super) async fn used(tx: &Tx<'_>, paid: &[(&Candidate, PaymentId)]) -> Result<()> {
    let currencies: BTreeSet<&str> = paid
        .iter()
        .map(|(candidate, _)| candidate.short.currency().code())
        .collect();
    if currencies.is_empty() {
        return Ok(());
    }
    let rows: Vec<AwaitedRow> = tx
        .list(USED_FOR, params![serde_json::to_string(&currencies)?])
        .await?;
    let (mut used, mut taken) = (Vec::new(), BTreeSet::new());
    for (candidate, payment) in paid {
        let currency = candidate.short.currency();
        let shares = Money::checked_sum(currency, candidate.shares.iter().map(|share| share.amount))?;
        let amount = shares.checked_add(candidate.on_account)?;
        let found = rows.iter().find(|row| {
            row.customer.as_ref() == Some(&candidate.customer)
                && row.currency == currency
                && row.total_minor == amount.minor()
                && !taken.contains(&row.id)
        });
        if let Some(row) = found {
            taken.insert(row.id.clone());
            used.push(Used { id: &row.id, payment });
        }
    }
    mark(tx, &used).await
}

/// A payment was none: the advice that it had used waits again.
pub(super) async fn free(tx: &Tx<'_>, payment: &PaymentId) -> Result<()> {
    tx.run(FREE, params![payment.as_str()]).await
}

#[derive(Deserialize)]
struct Row {
    id: RemittanceId,
    customer: Option<CustomerId>,
    reference: Option<String>,
    currency: Currency,
    total_minor: i64,
    paid_on: Option<NaiveDate>,
    lines: Vec<KeptLine>,
    status: String,
    payment: Option<PaymentId>,
    received_at: i64,
}

/// An advice as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct AdviceView {
    /// Ours.
    pub id: RemittanceId,
    /// Whose, where its invoices tell.
    pub customer_id: Option<CustomerId>,
    /// What the payer calls the payment.
    pub reference: Option<String>,
    /// What is paid in all.
    pub total: Money,
    /// When it is paid.
    pub paid_on: Option<NaiveDate>,
    /// Invoice by invoice.
    pub lines: Vec<KeptLine>,
    /// `open` until its money has come; then `used`.
    pub status: String,
    /// The payment that used it.
    pub payment_id: Option<PaymentId>,
    /// When it came, an RFC 3339 instant.
    pub received_at: String,
}

impl Row {
    fn view(self) -> Result<AdviceView> {
        Ok(AdviceView {
            id: self.id,
            customer_id: self.customer,
            reference: self.reference,
            total: Money::new(self.total_minor, self.currency),
            paid_on: self.paid_on,
            lines: self.lines,
            status: self.status,
            payment_id: self.payment,
            received_at: rfc3339(self.received_at)?,
        })
    }
}

/// An advice.
pub async fn one_advice(db: &Db, id: &RemittanceId) -> Result<Option<AdviceView>> {
    let row: Option<Row> = db.find(ONE, params![id.as_str()]).await?;
    row.map(Row::view).transpose()
}

/// Advices before the id `before`, the newest first.
pub async fn advices(db: &Db, before: Option<&str>, limit: u32) -> Result<Vec<AdviceView>> {
    let rows: Vec<Row> = db.list(LIST, params![before.unwrap_or("~"), limit]).await?;
    rows.into_iter().map(Row::view).collect()
}
