//! Hand-overs of a payment link's visitor to a payment provider, each with the provider's session.
//!
//! **One at a time** is open for a link, by a UNIQUE index: two could both be paid. It is recorded before the provider
//! is asked, so that a confirmation always finds what it refers to and asking again uses the same name.
//!
//! Without a payment it moves as [`Turn`] has it; paid it can become from anywhere, since money that came has come.
//! Any other move comes too late and changes nothing: what a provider tells may arrive in any order.

use crate::contacts;
use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::inbound::Effect;
use crate::instants::instant;
use crate::moment::Moment;
use crate::params;
use crate::payments::{self, Incoming, Recorded};
use chrono::{DateTime, NaiveDate, Utc};
use receivables::allocation::{InvoiceRef, RemittanceLine};
use receivables::currency::Currency;
use receivables::id::{CheckoutId, CustomerId, InvoiceId, LinkId, PaymentId};
use receivables::intake::CustomerRef;
use receivables::money::Money;
use receivables::paylink::{Session, Stage, Turn, Underway, look_next};
use serde::Deserialize;

statements! {
    INSERT = "INSERT INTO checkouts (id, link_id, provider, currency, amount_minor, expires_at, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)";
    /// The one that waits for the bank before the one that is open.
    UNDERWAY = "SELECT json_object('id', id, 'provider', provider, 'currency', currency,
            'amount_minor', amount_minor, 'status', status, 'session', session, 'url', url,
            'expires_ms', expires_at)
        FROM checkouts WHERE link_id = ? AND status IN ('open', 'pending') ORDER BY status DESC LIMIT 1";
    OPENED = "UPDATE checkouts SET session = ?2, url = ?3, expires_at = ?4, look_at = ?5
        WHERE id = ?1 AND status = 'open' RETURNING id";
    LOOK_AT = "UPDATE checkouts SET look_at = j.value->>1 FROM json_each(?) AS j WHERE checkouts.id = j.value->>0";
    /// In the order in which they are due.
    DUE = "SELECT json_object('id', id, 'provider', provider, 'session', session, 'status', status,
            'currency', currency, 'amount_minor', amount_minor, 'began_ms', created_at)
        FROM checkouts WHERE look_at <= ? ORDER BY look_at LIMIT ?";
    LOOKED = "SELECT json_object('id', id, 'provider', provider, 'session', session, 'status', status,
            'currency', currency, 'amount_minor', amount_minor, 'began_ms', created_at)
        FROM checkouts WHERE id = ? AND status IN ('open', 'pending') AND session IS NOT NULL";
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
    // Who goes on to pay has read the message that the link was in.
    contacts::clicked(tx, moment, link).await?;
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
pub async fn opened(tx: &Tx<'_>, moment: Moment, id: &CheckoutId, session: &Session) -> Result<bool> {
    let parameters = params![
        id.as_str(),
        session.id.as_str(),
        session.url.as_str(),
        session.expires_at.timestamp_millis(),
        look_next(moment.now, moment.now).timestamp_millis()
    ];
    Ok(tx.row(OPENED, parameters).await?.is_some())
}

/// Moves a hand-over on. False: it comes too late, and nothing has changed.
pub async fn turn(tx: &Tx<'_>, id: &CheckoutId, turn: Turn) -> Result<bool> {
    let from = serde_json::to_string(turn.from())?;
    Ok(tx
        .row(MOVE, params![id.as_str(), turn.status(), from])
        .await?
        .is_some())
}

/// Money that a provider has confirmed.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// What the provider calls the payment.
    pub reference: String,
    /// How much: what counts is the provider's word, not what the link asked for.
    pub amount: Money,
    /// The civil day on which it was paid.
    pub received_on: NaiveDate,
    /// `card`, ...
    pub method: String,
}

/// Takes confirmed money into the ledger, as the payment of a hand-over for what its link is for. Again and again the
/// same is one payment.
pub async fn pay(tx: &Tx<'_>, moment: Moment, checkout: &Checkout, confirmed: Confirmed) -> Result<Effect> {
    let invoice = |id: &InvoiceId| RemittanceLine {
        invoice: InvoiceRef::Id(id.clone()),
        amount: None,
    };
    let incoming = Incoming {
        source: checkout.provider.clone(),
        reference: confirmed.reference,
        customer: Some(CustomerRef::Id(checkout.customer.clone())),
        amount: confirmed.amount,
        received_on: confirmed.received_on,
        method: confirmed.method,
        remittance: checkout.invoices.iter().map(invoice).collect(),
    };
    match payments::record(tx, moment, &incoming).await? {
        Recorded::Accepted(id) | Recorded::Duplicate(id) => {
            tx.run(SETTLE, params![checkout.id.as_str(), id.as_str()]).await?;
            Ok(Effect::Processed(id.to_string()))
        }
        Recorded::Conflict(id) => Ok(Effect::Failed(format!(
            "{id} has this reference and other content"
        ))),
        Recorded::UnknownCustomer | Recorded::SeveralCustomers => Ok(Effect::Failed(
            "the customer of this hand-over is gone".to_owned(),
        )),
    }
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

/// A hand-over whose provider is to be asked what became of it.
#[derive(Debug, Clone)]
pub struct Looked {
    /// Ours.
    pub id: CheckoutId,
    /// Through whom.
    pub provider: String,
    /// The provider's name for it.
    pub session: String,
    /// How much it asks for.
    pub amount: Money,
    /// Whether the payer has agreed already.
    pub pending: bool,
}

#[derive(Deserialize)]
struct LookedRow {
    id: CheckoutId,
    provider: String,
    session: String,
    status: String,
    currency: Currency,
    amount_minor: i64,
    began_ms: i64,
}

impl From<LookedRow> for Looked {
    fn from(row: LookedRow) -> Self {
        Self {
            id: row.id,
            provider: row.provider,
            session: row.session,
            amount: Money::new(row.amount_minor, row.currency),
            pending: row.status == "pending",
        }
    }
}

/// Up to `limit` hand-overs that no event has ended in time. Each is put off until its next look, so that two runs do
/// not ask about the same one.
pub async fn to_look_at(tx: &Tx<'_>, moment: Moment, limit: u32) -> Result<Vec<Looked>> {
    let due: Vec<LookedRow> = tx.list(DUE, params![moment.ms(), i64::from(limit)]).await?;
    let next = due
        .iter()
        .map(|row| {
            let next = look_next(instant(row.began_ms)?, moment.now);
            Ok((&row.id, next.timestamp_millis()))
        })
        .collect::<Result<Vec<_>>>()?;
    tx.run(LOOK_AT, params![serde_json::to_string(&next)?]).await?;
    Ok(due.into_iter().map(Looked::from).collect())
}

/// The same for one hand-over, now; `None` where it is over.
pub async fn looked(db: &Db, id: &CheckoutId) -> Result<Option<Looked>> {
    let row: Option<LookedRow> = db.find(LOOKED, params![id.as_str()]).await?;
    Ok(row.map(Looked::from))
}
