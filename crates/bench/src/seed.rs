//! Databases to start from, written with the store itself.
//!
//! A plan is `<what>:<customers>[:<due>]`:
//! - `customers:N`: N customers and nothing else;
//! - `due:N:D`: N customers with one open invoice each, of which D are to be reminded now and the others in weeks;
//! - `checkouts:N`: N customers, each with an invoice, a payment link and a visitor at the payment provider; the
//!   ids of the hand-overs are written beside the database.

use crate::NOW;
use anyhow::{Context, bail};
use receivables::id::LinkId;
use receivables::intake::{CustomerInput, CustomerRef, InvoiceInput};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;
use store::customers::Directory;
use store::invoices::{self, Taken};
use store::links::{self, NewLink};
use store::{Database, Db, Moment, StoreError, Tx, checkouts, customers, use_database};

/// Rows of one transaction.
const BATCH: usize = 5_000;

/// Writes the database of `plan` into `file`.
pub(crate) fn write(plan: &str, file: &Path) -> anyhow::Result<()> {
    use_database(Database {
        file: file.to_owned(),
        on_open: |_| {},
    });
    let numbers: Vec<usize> = plan.split(':').skip(1).filter_map(|n| n.parse().ok()).collect();
    let what = plan.split(':').next().unwrap_or_default().to_owned();
    let out = file.with_extension("txt");
    // On a thread that ends: its connections close, and with them the log is written into the file.
    let writer = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(async {
            match (what.as_str(), numbers.as_slice()) {
                ("customers", [count]) => add_customers(*count).await,
                ("due", [count, due]) => {
                    add_customers(*count).await?;
                    add_invoices(*count, *due).await.map(drop)
                }
                ("checkouts", [count]) => {
                    add_customers(*count).await?;
                    let ids = add_checkouts(*count).await?;
                    Ok(fs::write(out, ids.join("\n"))?)
                }
                _ => bail!("no such plan"),
            }
        })
    });
    match writer.join() {
        Ok(outcome) => outcome,
        Err(_) => bail!("the writer failed"),
    }
}

/// The moment of everything here.
pub(crate) fn moment() -> anyhow::Result<Moment> {
    Ok(Moment::at(NOW.parse().context("NOW")?))
}

/// A customer of the bench: a German business that pays in euros.
pub(crate) fn customer(index: usize) -> Value {
    json!({
        "external_id": format!("C-{index}"), "name": format!("Nordwind {index} GmbH"), "kind": "business",
        "country": "DE", "time_zone": "Europe/Berlin", "locale": "en", "currency": "EUR",
        "contacts": [{"name": "Ada Braun", "role": "billing", "email": format!("ada@c{index}.example")}],
    })
}

/// An invoice over 100 euros and some cents.
pub(crate) fn invoice(number: &str, customer: usize, due: &str) -> Value {
    json!({
        "number": number, "customer": {"external_id": format!("C-{customer}")}, "issue_date": "2025-12-01",
        "due_date": due, "currency": "EUR",
        "total": {"amount": format!("100.{:02}", customer % 100), "currency": "EUR"},
    })
}

fn read<T>(
    value: &Value,
    parse: impl Fn(&Value) -> Result<T, Vec<receivables::fields::FieldError>>,
) -> anyhow::Result<T> {
    parse(value).map_err(|errors| anyhow::anyhow!("{errors:?}"))
}

async fn add_customers(count: usize) -> anyhow::Result<()> {
    let db = Db::open().await?;
    let moment = moment()?;
    let all: Vec<usize> = (0..count).collect();
    for batch in all.chunks(BATCH) {
        let inputs = batch
            .iter()
            .map(|index| read(&customer(*index), CustomerInput::parse))
            .collect::<anyhow::Result<Vec<_>>>()?;
        db.transaction(async |tx: &Tx<'_>| customers::upsert(tx, moment, &inputs).await)
            .await?;
    }
    Ok(())
}

/// Gives each customer an invoice: `due` of them, spread evenly, ten days overdue, the others due in two months.
async fn add_invoices(count: usize, due: usize) -> anyhow::Result<Vec<Taken>> {
    let db = Db::open().await?;
    let moment = moment()?;
    let all: Vec<usize> = (0..count).collect();
    let spread = count.checked_div(due).unwrap_or(usize::MAX).max(1);
    let mut taken = Vec::new();
    for batch in all.chunks(BATCH) {
        let inputs = batch
            .iter()
            .map(|index| {
                let day = if index % spread == 0 {
                    "2026-01-02"
                } else {
                    "2026-03-12"
                };
                read(&invoice(&format!("R-{index}"), *index, day), InvoiceInput::parse)
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        let outcomes = db
            .transaction(async |tx: &Tx<'_>| invoices::take(tx, moment, &inputs).await)
            .await?;
        taken.extend(outcomes);
    }
    Ok(taken)
}

async fn add_checkouts(count: usize) -> anyhow::Result<Vec<String>> {
    let taken = add_invoices(count, count).await?;
    let db = Db::open().await?;
    let moment = moment()?;
    let references: Vec<CustomerRef> = (0..count)
        .map(|index| CustomerRef::ExternalId(format!("C-{index}")))
        .collect();
    let mut ids = Vec::with_capacity(count);
    for (references, taken) in references.chunks(BATCH).zip(taken.chunks(BATCH)) {
        let made = db
            .transaction(async |tx: &Tx<'_>| {
                let directory = Directory::load(tx, references.iter()).await?;
                let mut links = Vec::new();
                for (reference, taken) in references.iter().zip(taken) {
                    let (Some(known), Taken::Accepted(invoice)) = (directory.get(reference), taken) else {
                        return Err(StoreError::Decode("a seeded customer is not there".to_owned()));
                    };
                    let id = moment.id(LinkId::from_parts)?;
                    links.push(NewLink {
                        token_hash: id.to_string(),
                        id,
                        customer: known.id.clone(),
                        message: None,
                        currency: receivables::currency::Currency::parse("EUR")?,
                        amount: None,
                        allow_partial: true,
                        minimum: None,
                        expires_at: moment.now + chrono::Duration::days(90),
                        invoices: vec![invoice.clone()],
                    });
                }
                links::create(tx, moment, &links).await?;
                let mut made = Vec::new();
                for link in &links {
                    let amount = receivables::money::Money::new(10_000, link.currency);
                    let id =
                        checkouts::begin(tx, moment, &link.id, "sandbox", amount, link.expires_at).await?;
                    made.push(id.to_string());
                }
                Ok(made)
            })
            .await?;
        ids.extend(made);
    }
    Ok(ids)
}
