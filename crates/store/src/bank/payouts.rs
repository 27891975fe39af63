//! What a payment provider says it has paid out: gross, fee, net, payment by payment. Held against the payments of that
//! provider, and against the line of the bank statement on which the net amount arrived.

use super::hash;
use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use chrono::{NaiveDate, TimeDelta};
use formats::statement::Line;
use receivables::bank::payout::{self, Difference, Item, Known, Payout};
use receivables::currency::Currency;
use receivables::id::{BankLineId, PaymentId, PayoutId};
use receivables::money::Money;
use serde::{Deserialize, Serialize};

statements! {
    KNOWN = "SELECT json_object('id', id, 'content', content) FROM payouts WHERE provider = ? AND reference = ?";
    INSERT = "INSERT INTO payouts (id, provider, reference, currency, arrives_on, gross_minor, fee_minor, net_minor,
            content, received_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    INSERT_ITEMS = "INSERT INTO payout_items (payout_id, position, reference, gross_minor, fee_minor, net_minor)
        SELECT ?1, j.key, j.value->>'reference', j.value->>'gross_minor', j.value->>'fee_minor', j.value->>'net_minor'
        FROM json_each(?2) AS j";
    ITEMS = "SELECT json_object('reference', x.reference, 'gross_minor', x.gross_minor, 'fee_minor', x.fee_minor,
            'net_minor', x.net_minor, 'payment', p.id, 'paid_minor', p.amount_minor, 'back_minor',
            p.refunded_minor + p.reversed_minor, 'currency', p.currency)
        FROM payout_items x LEFT JOIN payments p ON p.source = ?2 AND p.reference = x.reference
        WHERE x.payout_id = ?1 ORDER BY x.position";
    ONE = "SELECT json_object('id', id, 'provider', provider, 'reference', reference, 'currency', currency,
            'arrives_on', arrives_on, 'gross_minor', gross_minor, 'fee_minor', fee_minor, 'net_minor', net_minor,
            'line', line_id) FROM payouts WHERE id = ?";
    AWAITED = "SELECT json_object('id', id, 'provider', provider, 'reference', reference, 'arrives_on', arrives_on,
            'net_minor', net_minor) FROM payouts WHERE currency = ? AND line_id IS NULL AND net_minor <> 0";
    ARRIVED = "UPDATE payouts SET line_id = ?2 WHERE id = ?1";
    /// A line that came before the report, and that nobody could tell what it was.
    CAME = "SELECT json_object('id', id, 'content', json(content)) FROM bank_lines
        WHERE status IN ('received', 'review') AND booked_on BETWEEN ?1 AND ?2 AND currency = ?3 AND amount_minor = ?4";
    MATCH_LINE = "UPDATE bank_lines SET status = 'matched', payout_id = ?2, candidates = '[]',
            why = 'A payout of a payment provider.', decided_by = 'dunlin', decided_at = ?3 WHERE id = ?1";
}

/// Days around the announced one on which a payout may arrive: a weekend with holidays.
const DAYS: TimeDelta = TimeDelta::days(5);

#[derive(Deserialize)]
struct KnownRow {
    id: PayoutId,
    content: String,
}

#[derive(Serialize)]
struct ItemRow<'a> {
    reference: &'a str,
    gross_minor: i64,
    fee_minor: i64,
    net_minor: i64,
}

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payouts {
    /// New, and kept.
    Accepted(PayoutId),
    /// On record, the same.
    Duplicate(PayoutId),
    /// On record with other content.
    Conflict(PayoutId),
}

/// Keeps a report, and finds the bank's line of it where that is there.
pub async fn keep_payout(tx: &Tx<'_>, moment: Moment, payout: &Payout) -> Result<Payouts> {
    let content = hash(&serde_json::to_string(payout)?);
    let known: Option<KnownRow> = tx
        .find(
            KNOWN,
            params![payout.provider.as_str(), payout.reference.as_str()],
        )
        .await?;
    if let Some(known) = known {
        return Ok(match known.content == format!("\"{content}\"") {
            true => Payouts::Duplicate(known.id),
            false => Payouts::Conflict(known.id),
        });
    }
    let id = moment.id(PayoutId::from_parts)?;
    let parameters = params![
        id.as_str(),
        payout.provider.as_str(),
        payout.reference.as_str(),
        payout.net.currency().code(),
        payout.arrives_on.to_string(),
        payout.gross.minor(),
        payout.fee.minor(),
        payout.net.minor(),
        format!("\"{content}\""),
        moment.ms()
    ];
    tx.run(INSERT, parameters).await?;
    let rows: Vec<ItemRow<'_>> = payout
        .items
        .iter()
        .map(|item| ItemRow {
            reference: &item.reference,
            gross_minor: item.gross.minor(),
            fee_minor: item.fee.minor(),
            net_minor: item.net.minor(),
        })
        .collect();
    tx.run(INSERT_ITEMS, params![id.as_str(), serde_json::to_string(&rows)?])
        .await?;
    came(tx, moment, &id, payout).await?;
    Ok(Payouts::Accepted(id))
}

#[derive(Deserialize)]
struct CameRow {
    id: BankLineId,
    content: Line,
}

async fn came(tx: &Tx<'_>, moment: Moment, id: &PayoutId, payout: &Payout) -> Result<()> {
    let day = |on: Option<NaiveDate>| on.unwrap_or(payout.arrives_on).to_string();
    let parameters = params![
        day(payout.arrives_on.checked_sub_signed(DAYS)),
        day(payout.arrives_on.checked_add_signed(DAYS)),
        payout.net.currency().code(),
        payout.net.minor()
    ];
    let rows: Vec<CameRow> = tx.list(CAME, parameters).await?;
    let mut named = rows
        .iter()
        .filter(|row| names(&row.content, &payout.provider, &payout.reference));
    if let (Some(only), None) = (named.next(), named.next()) {
        tx.run(MATCH_LINE, params![only.id.as_str(), id.as_str(), moment.ms()])
            .await?;
        arrived(tx, Some(id), &only.id).await?;
    }
    Ok(())
}

/// Whether a line says that it is of a provider, or which payout it is.
fn names(line: &Line, provider: &str, reference: &str) -> bool {
    let said = [
        line.text.as_str(),
        line.party.name.as_deref().unwrap_or_default(),
        line.end_to_end.as_deref().unwrap_or_default(),
        line.reference.as_deref().unwrap_or_default(),
    ];
    let said = said.join(" ").to_uppercase();
    said.contains(&reference.to_uppercase())
        || said
            .split(|c: char| !c.is_alphanumeric())
            .any(|word| word == provider.to_uppercase())
}

/// The payouts that have not arrived.
pub(super) struct Awaited(Vec<AwaitedRow>);

#[derive(Deserialize)]
struct AwaitedRow {
    id: PayoutId,
    provider: String,
    reference: String,
    arrives_on: NaiveDate,
    net_minor: i64,
}

pub(super) async fn awaited(db: &Db, currency: Currency) -> Result<Awaited> {
    Ok(Awaited(db.list(AWAITED, params![currency.code()]).await?))
}

impl Awaited {
    /// The only payout that a line may be: its amount, about its day, and named on it.
    pub(super) fn of(&self, line: &Line) -> Option<PayoutId> {
        let mut found = self.0.iter().filter(|payout| {
            let apart = line.booked_on.signed_duration_since(payout.arrives_on);
            payout.net_minor == line.amount.minor()
                && apart.abs() <= DAYS
                && names(line, &payout.provider, &payout.reference)
        });
        match (found.next(), found.next()) {
            (Some(only), None) => Some(only.id.clone()),
            _ => None,
        }
    }
}

pub(super) async fn arrived(tx: &Tx<'_>, payout: Option<&PayoutId>, line: &BankLineId) -> Result<()> {
    match payout {
        Some(payout) => tx.run(ARRIVED, params![payout.as_str(), line.as_str()]).await,
        None => Ok(()),
    }
}

#[derive(Deserialize)]
struct OneRow {
    id: PayoutId,
    provider: String,
    reference: String,
    currency: Currency,
    arrives_on: NaiveDate,
    gross_minor: i64,
    fee_minor: i64,
    net_minor: i64,
    line: Option<BankLineId>,
}

#[derive(Deserialize)]
struct HeldRow {
    reference: String,
    gross_minor: i64,
    fee_minor: i64,
    net_minor: i64,
    payment: Option<PaymentId>,
    paid_minor: Option<i64>,
    back_minor: Option<i64>,
    currency: Option<Currency>,
}

/// A payout as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct PayoutView {
    /// Ours.
    pub id: PayoutId,
    /// Whose.
    pub provider: String,
    /// What the provider calls it.
    pub reference: String,
    /// The day on which it arrives.
    pub arrives_on: NaiveDate,
    /// What was paid.
    pub gross: Money,
    /// What the provider kept.
    pub fee: Money,
    /// What it pays out.
    pub net: Money,
    /// The bank's line on which it arrived.
    pub bank_line_id: Option<BankLineId>,
    /// How many payments, refunds and fees it has.
    pub items: usize,
    /// Where it and the ledger do not agree.
    pub differences: Vec<Difference>,
}

/// A payout held against the ledger.
pub async fn one_payout(db: &Db, id: &PayoutId) -> Result<Option<PayoutView>> {
    let row: Option<OneRow> = db.find(ONE, params![id.as_str()]).await?;
    let Some(row) = row else { return Ok(None) };
    let held: Vec<HeldRow> = db
        .list(ITEMS, params![id.as_str(), row.provider.as_str()])
        .await?;
    let money = |minor| Money::new(minor, row.currency);
    let items: Vec<(Item, Option<Known>)> = held
        .into_iter()
        .map(|held| {
            let item = Item {
                reference: held.reference,
                gross: money(held.gross_minor),
                fee: money(held.fee_minor),
                net: money(held.net_minor),
            };
            let of = |minor: Option<i64>| Some(Money::new(minor?, held.currency?));
            let known = held.payment.and_then(|payment| {
                Some(Known {
                    payment,
                    amount: of(held.paid_minor)?,
                    back: of(held.back_minor)?,
                })
            });
            (item, known)
        })
        .collect();
    Ok(Some(PayoutView {
        id: row.id,
        provider: row.provider,
        reference: row.reference,
        arrives_on: row.arrives_on,
        gross: money(row.gross_minor),
        fee: money(row.fee_minor),
        net: money(row.net_minor),
        bank_line_id: row.line,
        items: items.len(),
        differences: payout::differences(&items),
    }))
}
