//! Hand-overs of a payment link's visitor to a payment provider, each with the provider's session.
//!
//! **One at a time** is open for a link, by a UNIQUE index: two could both be paid. It is recorded before the provider
//! is asked, so that a confirmation always finds what it refers to and asking again uses the same name.
//!
//! | from | to |
//! |---|---|
//! | open, expired | pending: paid, and the bank has yet to confirm |
//! | open, pending | failed |
//! | open | expired |
//! | any | paid |
//!
//! Any other move comes too late and changes nothing: what a provider tells may arrive in any order.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::instants::instant;
use crate::moment::Moment;
use crate::params;
use chrono::{DateTime, Utc};
use receivables::currency::Currency;
use receivables::id::{CheckoutId, CustomerId, InvoiceId, LinkId, PaymentId};
use receivables::money::Money;
use receivables::paylink::{Session, Stage, Underway};
use serde::Deserialize;

statements! {
    INSERT = "INSERT INTO checkouts (id, link_id, provider, currency, amount_minor, expires_at, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)";
    /// The one that waits for the bank before the one that is open.
    UNDERWAY = "SELECT json_object('id', id, 'provider', provider, 'currency', currency,
            'amount_minor', amount_minor, 'status', status, 'session', session, 'url', url,
            'expires_ms', expires_at)
        FROM checkouts WHERE link_id = ? AND status IN ('open', 'pending') ORDER BY status DESC LIMIT 1";
    OPENED = "UPDATE checkouts SET session = ?2, url = ?3, expires_at = ?4 WHERE id = ?1 AND status = 'open'
        RETURNING id";
    MOVE = "UPDATE checkouts SET status = ?2 WHERE id = ?1 AND status IN (SELECT value FROM json_each(?3))
        RETURNING id";
    SETTLE = "UPDATE checkouts SET status = 'paid', payment_id = ?2 WHERE id = ?1";
    ONE = "SELECT json_object('id', c.id, 'customer', l.customer_id, 'provider', c.provider,
            'currency', c.currency, 'amount_minor', c.amount_minor, 'payment', c.payment_id, 'invoices',
            json((SELECT json_group_array(id) FROM (SELECT i.id AS id FROM payment_link_invoices x
                JOIN invoices i ON i.id = x.invoice_id WHERE x.link_id = l.id ORDER BY i.due_on, i.number))))
        FROM checkouts c JOIN payment_links l ON l.id = c.link_id WHERE c.id = ?";
}

/// Records that a visitor is about to be handed over to `provider`, in a session that is to last until `expires_at`.
pub async fn begin(
    tx: &Tx<'_>,
    moment: Moment,
    link: &LinkId,
    provider: &str,
    amount: Money,
    expires_at: DateTime<Utc>,
) -> Result<CheckoutId> {
    let id = moment.id(CheckoutId::from_parts)?;
    tx.run(
        INSERT,
        params![
            id.as_str(),
            link.as_str(),
            provider,
            amount.currency().code(),
            amount.minor(),
            expires_at.timestamp_millis(),
            moment.ms()
        ],
    )
    .await?;
    Ok(id)
}

#[derive(Deserialize)]
struct UnderwayRow {
    id: CheckoutId,
    provider: String,
    currency: Currency,
    amount_minor: i64,
    status: String,
    session: Option<String>,
    url: Option<String>,
    expires_ms: i64,
}

/// The hand-over of a link that is not over, if there is one.
pub async fn underway(db: &Db, link: &LinkId) -> Result<Option<Underway>> {
    let Some(row) = db.find::<UnderwayRow>(UNDERWAY, params![link.as_str()]).await? else {
        return Ok(None);
    };
    let expires_at = instant(row.expires_ms)?;
    let stage = match (row.status.as_str(), row.session, row.url) {
        ("pending", _, _) => Stage::Pending,
        (_, Some(id), Some(url)) => Stage::Open(Session { id, url, expires_at }),
        _ => Stage::Asked(expires_at),
    };
    Ok(Some(Underway {
        id: row.id,
        provider: row.provider,
        amount: Money::new(row.amount_minor, row.currency),
        stage,
    }))
}

/// Records the session that the provider has opened for a hand-over. False: the hand-over was given up meanwhile, and
/// nobody may be sent there.
pub async fn opened(tx: &Tx<'_>, id: &CheckoutId, session: &Session) -> Result<bool> {
    let parameters = params![
        id.as_str(),
        session.id.as_str(),
        session.url.as_str(),
        session.expires_at.timestamp_millis()
    ];
    Ok(tx.row(OPENED, parameters).await?.is_some())
}

/// Where a hand-over can go without a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Paid, and the bank has yet to confirm.
    Pending,
    /// The bank has refused.
    Failed,
    /// Nobody can pay it any more.
    Expired,
}

impl Turn {
    /// The status, and from which others it can be reached.
    fn moves(self) -> (&'static str, &'static [&'static str]) {
        match self {
            Self::Pending => ("pending", &["open", "expired"]),
            Self::Failed => ("failed", &["open", "pending"]),
            Self::Expired => ("expired", &["open"]),
        }
    }
}

/// Moves a hand-over on. False: it comes too late, and nothing has changed.
pub async fn turn(tx: &Tx<'_>, id: &CheckoutId, turn: Turn) -> Result<bool> {
    let (status, from) = turn.moves();
    let from = serde_json::to_string(from)?;
    Ok(tx.row(MOVE, params![id.as_str(), status, from]).await?.is_some())
}

/// Ties a hand-over to the payment that came of it.
pub async fn settle(tx: &Tx<'_>, id: &CheckoutId, payment: &PaymentId) -> Result<()> {
    tx.run(SETTLE, params![id.as_str(), payment.as_str()]).await
}

/// What a provider's confirmation refers to.
#[derive(Debug, Clone, Deserialize)]
pub struct Checkout {
    /// Ours; the provider's client reference.
    pub id: CheckoutId,
    /// Who pays.
    pub customer: CustomerId,
    /// Through whom.
    pub provider: String,
    /// In which currency it was offered.
    pub currency: Currency,
    /// How much was offered, in minor units. What counts is what the provider confirms.
    pub amount_minor: i64,
    /// The payment, once there is one.
    pub payment: Option<PaymentId>,
    /// What it is for, oldest due first.
    pub invoices: Vec<InvoiceId>,
}

/// The hand-over of that id.
pub async fn checkout(db: &Db, id: &CheckoutId) -> Result<Option<Checkout>> {
    db.find(ONE, params![id.as_str()]).await
}
