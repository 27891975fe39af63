//! Payment links. The hand-overs to a provider that start from them: [`crate::checkouts`].
//!
//! A token is 128 random bits, shown once and stored as its SHA-256 alone: who reads the database cannot pay or
//! look in a customer's name. What a link asks for is worked out from the ledger when it is opened, so it is never
//! out of date.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::instants::{instant, time_zone};
use crate::moment::Moment;
use crate::owed::{OwedRow, owed_members};
use crate::params;
use chrono::{DateTime, NaiveDate, Utc};
use receivables::calendar;
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, LinkId, MessageId};
use receivables::money::Money;
use receivables::paylink;
use receivables::zone::Zone;
use serde::{Deserialize, Serialize};

macro_rules! payable {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', i.id, 'customer', i.customer_id, 'currency', i.currency, 'time_zone', k.time_zone, ",
            owed_members!(),
            ") FROM invoices i JOIN customers k ON k.id = i.customer_id WHERE ",
            $which
        )
    };
}

statements! {
    INSERT = "INSERT INTO payment_links (id, token_hash, customer_id, message_id, currency, amount_minor,
            allow_partial, minimum_minor, expires_at, created_at)
        SELECT j.value->>'id', j.value->>'token_hash', j.value->>'customer', j.value->>'message',
            j.value->>'currency', j.value->>'amount_minor', j.value->>'allow_partial',
            j.value->>'minimum_minor', j.value->>'expires_ms', ?1 FROM json_each(?2) AS j";
    INSERT_INVOICES = "INSERT INTO payment_link_invoices (link_id, invoice_id)
        SELECT j.value->>0, j.value->>1 FROM json_each(?) AS j WHERE true ON CONFLICT DO NOTHING";
    BY_TOKEN = concat!("SELECT json_object('id', l.id, 'customer', l.customer_id, 'customer_name', k.name,
            'locale', k.locale, 'time_zone', k.time_zone, 'currency', l.currency, 'amount_minor', l.amount_minor,
            'allow_partial', l.allow_partial, 'minimum_minor', l.minimum_minor, 'expires_ms', l.expires_at,
            'revoked_ms', l.revoked_at, 'country', k.country, 'preferred', json(k.preferred_payment_methods), 'email', (SELECT t.email FROM contacts t WHERE t.customer_id = l.customer_id
                AND t.role = 'billing' AND t.email IS NOT NULL ORDER BY t.position LIMIT 1), 'paid_ms', (SELECT max(p.created_at) FROM checkouts c
                JOIN payments p ON p.id = c.payment_id WHERE c.link_id = l.id),
            'invoices', json((SELECT json_group_array(json_object('id', i.id, 'number', i.number,
                'issue_on', i.issue_on, 'due_on', i.due_on, 'total_minor', i.total_minor, ", owed_members!(), "))
                FROM payment_link_invoices x JOIN invoices i ON i.id = x.invoice_id WHERE x.link_id = l.id)))
        FROM payment_links l JOIN customers k ON k.id = l.customer_id WHERE l.token_hash = ?");
    OPEN_OF_CUSTOMER = payable!("i.customer_id = ? AND i.currency = ? AND i.balance_minor > 0");
    NAMED = payable!("i.id IN (SELECT value FROM json_each(?))");
    CURRENCIES = "SELECT currency FROM cases WHERE customer_id = ? AND balance_minor > 0 ORDER BY balance_minor DESC";
    REVOKE = "UPDATE payment_links SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL RETURNING id";
    EXISTS_ID = "SELECT 1 FROM payment_links WHERE id = ?";
}

/// A link to be made.
#[derive(Debug, Clone)]
pub struct NewLink {
    /// Ours.
    pub id: LinkId,
    /// SHA-256 of the token, hexadecimal.
    pub token_hash: String,
    /// Who is to pay.
    pub customer: CustomerId,
    /// The message that carries it, if one does.
    pub message: Option<MessageId>,
    /// In which currency.
    pub currency: Currency,
    /// A fixed amount; `None`: whatever the invoices still need.
    pub amount: Option<Money>,
    /// Whether the visitor may pay less.
    pub allow_partial: bool,
    /// And how little.
    pub minimum: Option<Money>,
    /// Until when it works.
    pub expires_at: DateTime<Utc>,
    /// What it is for.
    pub invoices: Vec<InvoiceId>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a LinkId,
    token_hash: &'a str,
    customer: &'a CustomerId,
    message: Option<&'a MessageId>,
    currency: &'static str,
    amount_minor: Option<i64>,
    allow_partial: u8,
    minimum_minor: Option<i64>,
    expires_ms: i64,
}

/// Stores `links` and what they are for.
pub async fn create(tx: &Tx<'_>, moment: Moment, links: &[NewLink]) -> Result<()> {
    if links.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = links
        .iter()
        .map(|link| Row {
            id: &link.id,
            token_hash: &link.token_hash,
            customer: &link.customer,
            message: link.message.as_ref(),
            currency: link.currency.code(),
            amount_minor: link.amount.map(|amount| amount.minor()),
            allow_partial: u8::from(link.allow_partial),
            minimum_minor: link.minimum.map(|minimum| minimum.minor()),
            expires_ms: link.expires_at.timestamp_millis(),
        })
        .collect();
    let invoices: Vec<(&LinkId, &InvoiceId)> = links
        .iter()
        .flat_map(|link| link.invoices.iter().map(move |invoice| (&link.id, invoice)))
        .collect();
    tx.run(INSERT, params![moment.ms(), serde_json::to_string(&rows)?])
        .await?;
    tx.run(INSERT_INVOICES, params![serde_json::to_string(&invoices)?])
        .await
}

/// An invoice that a link may be made for.
#[derive(Debug, Clone)]
pub struct Payable {
    /// Ours.
    pub id: InvoiceId,
    /// Whose.
    pub customer: CustomerId,
    /// All that is still owed.
    pub balance: Money,
    /// What is asked for now.
    pub asked: Money,
}

#[derive(Deserialize)]
struct PayableRow {
    id: InvoiceId,
    customer: CustomerId,
    currency: Currency,
    time_zone: String,
    #[serde(flatten)]
    owed: OwedRow,
}

impl PayableRow {
    fn payable(self, moment: Moment) -> Result<Payable> {
        let today = calendar::day_of(moment.now, time_zone(&self.time_zone)?);
        let owed = self.owed.owed(self.currency);
        Ok(Payable {
            id: self.id,
            customer: self.customer,
            balance: owed.balance,
            asked: owed.asked_on(today)?,
        })
    }
}

fn payable(rows: Vec<PayableRow>, moment: Moment) -> Result<Vec<Payable>> {
    rows.into_iter().map(|row| row.payable(moment)).collect()
}

/// The invoices among `ids` that exist.
pub async fn payables(db: &Db, moment: Moment, ids: &[InvoiceId]) -> Result<Vec<Payable>> {
    payable(
        db.list(NAMED, params![serde_json::to_string(ids)?]).await?,
        moment,
    )
}

/// Everything open of a customer in one currency.
pub async fn open_of(
    db: &Db,
    moment: Moment,
    customer: &CustomerId,
    currency: Currency,
) -> Result<Vec<Payable>> {
    let rows = db
        .list(OPEN_OF_CUSTOMER, params![customer.as_str(), currency.code()])
        .await?;
    payable(rows, moment)
}

/// The currency in which a customer owes most, if it owes anything.
pub async fn main_currency(db: &Db, customer: &CustomerId) -> Result<Option<Currency>> {
    match db.row(CURRENCIES, params![customer.as_str()]).await? {
        None => Ok(None),
        Some(row) => Currency::parse(row.text(0)?).map(Some).map_err(Into::into),
    }
}

/// A link as its page needs it.
#[derive(Debug, Clone)]
pub struct Link {
    /// Ours.
    pub id: LinkId,
    /// Who is to pay.
    pub customer: CustomerId,
    /// The name to show.
    pub customer_name: String,
    /// The language to show it in.
    pub locale: String,
    /// The customer's time zone.
    pub time_zone: Zone,
    /// The customer's country, ISO 3166-1 alpha-2.
    pub country: String,
    /// How the customer prefers to pay, best first.
    pub preferred_methods: Vec<String>,
    /// Where its billing contact gets mail.
    pub email: Option<String>,
    /// What is asked for now.
    pub asked: Money,
    /// Whether the visitor may pay less.
    pub allow_partial: bool,
    /// And how little.
    pub minimum: Option<Money>,
    /// What it is for, as it stands now.
    pub invoices: Vec<LinkInvoice>,
    /// When money last came through it.
    pub paid_at: Option<DateTime<Utc>>,
    /// Until when it works.
    pub expires_at: DateTime<Utc>,
}

/// One invoice of a [`Link`].
#[derive(Debug, Clone)]
pub struct LinkInvoice {
    /// Ours.
    pub id: InvoiceId,
    /// The creditor's.
    pub number: String,
    /// Issued.
    pub issue_on: NaiveDate,
    /// Due.
    pub due_on: NaiveDate,
    /// The original amount.
    pub total: Money,
    /// What is asked for of it now.
    pub asked: Money,
}

#[derive(Deserialize)]
struct LinkRow {
    id: LinkId,
    customer: CustomerId,
    customer_name: String,
    locale: String,
    time_zone: String,
    country: String,
    preferred: Vec<String>,
    email: Option<String>,
    currency: Currency,
    amount_minor: Option<i64>,
    allow_partial: i64,
    minimum_minor: Option<i64>,
    expires_ms: i64,
    revoked_ms: Option<i64>,
    paid_ms: Option<i64>,
    invoices: Vec<LinkInvoiceRow>,
}

#[derive(Deserialize)]
struct LinkInvoiceRow {
    id: InvoiceId,
    number: String,
    issue_on: NaiveDate,
    due_on: NaiveDate,
    total_minor: i64,
    #[serde(flatten)]
    owed: OwedRow,
}

/// The link behind a token's hash. `None`: unknown, expired or revoked; which of them is nobody's business.
pub async fn by_token(db: &Db, moment: Moment, token_hash: &str) -> Result<Option<Link>> {
    let Some(row) = db.find::<LinkRow>(BY_TOKEN, params![token_hash]).await? else {
        return Ok(None);
    };
    if row.revoked_ms.is_some() || row.expires_ms <= moment.ms() {
        return Ok(None);
    }
    let money = |minor| Money::new(minor, row.currency);
    let zone = time_zone(&row.time_zone)?;
    let today = calendar::day_of(moment.now, zone);
    let mut open = Money::zero(row.currency);
    let mut now = open;
    let mut invoices = Vec::with_capacity(row.invoices.len());
    for invoice in row.invoices {
        let owed = invoice.owed.owed(row.currency);
        let asked = owed.asked_on(today)?;
        open = open.checked_add(owed.balance)?;
        now = now.checked_add(asked)?;
        invoices.push(LinkInvoice {
            id: invoice.id,
            number: invoice.number,
            issue_on: invoice.issue_on,
            due_on: invoice.due_on,
            total: money(invoice.total_minor),
            asked,
        });
    }
    invoices.sort_by(|a, b| (a.due_on, &a.number).cmp(&(b.due_on, &b.number)));
    let paid_at = row.paid_ms.map(instant).transpose()?;
    let fixed = row.amount_minor.map(money);
    let asked = paylink::asked(fixed, now, open, !invoices.is_empty(), paid_at.is_some())?;
    Ok(Some(Link {
        id: row.id,
        customer: row.customer,
        customer_name: row.customer_name,
        locale: row.locale,
        time_zone: zone,
        country: row.country,
        preferred_methods: row.preferred,
        email: row.email,
        asked,
        allow_partial: row.allow_partial != 0,
        minimum: row.minimum_minor.map(money),
        invoices,
        paid_at,
        expires_at: instant(row.expires_ms)?,
    }))
}

/// Makes a link useless. False: there is no such link. Revoking again changes nothing.
pub async fn revoke(tx: &Tx<'_>, moment: Moment, id: &LinkId) -> Result<bool> {
    if tx.row(REVOKE, params![id.as_str(), moment.ms()]).await?.is_some() {
        return Ok(true);
    }
    Ok(tx.row(EXISTS_ID, params![id.as_str()]).await?.is_some())
}
