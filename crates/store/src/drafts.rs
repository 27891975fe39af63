//! Whose a customer's paper is, and what is open of its accounts: what a statement of account is printed from.

use crate::db::{Db, statements};
use crate::error::{Result, StoreError};
use crate::params;
use chrono::NaiveDate;
use receivables::country::Country;
use receivables::currency::Currency;
use receivables::id::CustomerId;
use receivables::intake::PostalAddress;
use serde::Deserialize;

statements! {
    // The billing contact with an address, else anybody there with one; sales contacts are on our own side.
    READER = "SELECT json_object('name', k.name, 'locale', k.locale, 'country', k.country, 'reader', json((SELECT
            json_object('name', t.name, 'postal', json(t.postal)) FROM contacts t
            WHERE t.customer_id = k.id AND t.postal IS NOT NULL AND t.role <> 'sales'
            ORDER BY t.role <> 'billing', t.name LIMIT 1)))
        FROM customers k WHERE k.id = ?";
    DUE = "SELECT json_object('due_on', i.due_on, 'minor', i.balance_minor) FROM invoices i
        WHERE i.customer_id = ?1 AND i.currency = ?2 AND i.balance_minor > 0";
}

/// Whom paper goes to.
#[derive(Debug, Clone)]
pub struct Whom {
    /// The customer's name.
    pub name: String,
    /// The language to write in, a BCP 47 locale.
    pub locale: String,
    /// The country of the address, else of the customer.
    pub country: Country,
    /// The person or desk that the address is of.
    pub contact_name: Option<String>,
    /// The address; none: none is known.
    pub postal: Option<PostalAddress>,
}

#[derive(Deserialize)]
struct ReaderRow {
    name: String,
    postal: PostalAddress,
}

#[derive(Deserialize)]
struct WhomRow {
    name: String,
    locale: String,
    country: String,
    reader: Option<ReaderRow>,
}

impl WhomRow {
    fn whom(self) -> Result<Whom> {
        let home = Country::parse(&self.country);
        let home = home.ok_or_else(|| StoreError::Decode(format!("no country {}", self.country)))?;
        let (contact_name, postal) = match self.reader {
            None => (None, None),
            Some(reader) => (Some(reader.name), Some(reader.postal)),
        };
        let abroad = postal.as_ref().and_then(|postal| postal.country);
        Ok(Whom {
            name: self.name,
            locale: self.locale,
            country: abroad.unwrap_or(home),
            contact_name,
            postal,
        })
    }
}

#[derive(Deserialize)]
struct DueRow {
    due_on: NaiveDate,
    minor: i64,
}

/// Whom a customer's paper goes to; nothing where there is no such customer.
pub async fn whom(db: &Db, customer: &CustomerId) -> Result<Option<Whom>> {
    let row: Option<WhomRow> = db.find(READER, params![customer.as_str()]).await?;
    row.map(WhomRow::whom).transpose()
}

/// What is owed by a customer in a currency, each amount with the day on which it fell or falls due.
pub async fn open(db: &Db, customer: &CustomerId, currency: Currency) -> Result<Vec<(NaiveDate, i64)>> {
    let rows: Vec<DueRow> = db.list(DUE, params![customer.as_str(), currency.code()]).await?;
    Ok(rows.into_iter().map(|row| (row.due_on, row.minor)).collect())
}
