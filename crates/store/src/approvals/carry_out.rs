//! What is done when a request is granted, and when it is not: one arm a kind.
//!
//! Facts may have changed since it was asked for, so each is judged again here. What cannot be done any more is said
//! with its reason, and the caller gives the transaction up: nothing is granted that is not done.

use super::Row;
use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::hand_overs::{self, HandedOver};
use crate::instalment_plans::{self, Acted};
use crate::moment::Moment;
use crate::suspensions::{self, Suspended};
use crate::write_offs::{self, WrittenOff};
use receivables::approval::{self, ApprovalKind};
use receivables::currency::Currency;
use receivables::id::{InvoiceId, PlanId};
use serde::Deserialize;

/// Why what was granted cannot be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotDone(pub String);

/// The parts of a subject, as who asked put them there.
#[derive(Deserialize)]
struct WriteOff {
    invoice: InvoiceId,
}

#[derive(Deserialize)]
struct HandOver {
    currency: Currency,
}

#[derive(Deserialize)]
struct Planned {
    plan: PlanId,
}

fn read<'a, T: Deserialize<'a>>(row: &'a Row) -> Result<T> {
    T::deserialize(&row.subject).map_err(StoreError::from)
}

fn not_done<T>(why: impl Into<String>) -> Result<Result<T, NotDone>> {
    Ok(Err(NotDone(why.into())))
}

/// Does what was granted.
pub(super) async fn carry_out(
    tx: &Tx<'_>,
    moment: Moment,
    row: &Row,
    by: &str,
) -> Result<Result<(), NotDone>> {
    let why = row.comment.as_deref().unwrap_or("approved");
    match row.kind {
        ApprovalKind::WriteOff => {
            let WriteOff { invoice } = read(row)?;
            match write_offs::write_off(tx, moment, &invoice, row.amount(), why, by).await? {
                WrittenOff::Done { .. } => Ok(Ok(())),
                WrittenOff::TooMuch(balance) => not_done(format!("{balance} is left of it, no more")),
                WrittenOff::NothingOwed | WrittenOff::Unknown | WrittenOff::OtherCurrency(_) => {
                    not_done("nothing is owed on it any more")
                }
            }
        }
        ApprovalKind::HandOver => {
            let HandOver { currency } = read(row)?;
            match hand_overs::hand_over(tx, moment, &row.customer_id, currency, by).await? {
                HandedOver::Done(_) => Ok(Ok(())),
                HandedOver::Already => not_done("an agency has it already"),
                HandedOver::NothingOwed => not_done("nothing is owed any more"),
                HandedOver::Unknown => not_done("there is no such customer"),
            }
        }
        ApprovalKind::Suspend => match suspensions::suspend(tx, moment, &row.customer_id, why, by).await? {
            Suspended::Done | Suspended::Already => Ok(Ok(())),
            Suspended::NotYet(not_yet) => not_done(not_yet.to_string()),
            Suspended::NothingOverdue => not_done("nothing is overdue any more"),
            Suspended::Unknown => not_done("there is no such customer"),
        },
        ApprovalKind::Settlement | ApprovalKind::Plan => {
            let Planned { plan } = read(row)?;
            match instalment_plans::approved(tx, moment, &plan, by).await? {
                Acted::Done => Ok(Ok(())),
                Acted::Status(status) => not_done(format!("the plan is {}", status.as_str())),
                Acted::Unknown => not_done("there is no such plan"),
            }
        }
    }
}

/// Tells whoever waits for it that it will not be: it was rejected or withdrawn, or ran out.
pub(super) async fn let_go(tx: &Tx<'_>, moment: Moment, row: &Row, by: &str) -> Result<()> {
    match row.kind {
        // Nothing was begun.
        ApprovalKind::WriteOff | ApprovalKind::HandOver | ApprovalKind::Suspend => Ok(()),
        ApprovalKind::Settlement | ApprovalKind::Plan => {
            let Planned { plan } = read(row)?;
            let why = match by == approval::POLICY {
                true => "Nobody agreed to it in time.".to_owned(),
                false => format!("Not agreed to, or asked for no more, by {by}."),
            };
            instalment_plans::refused(tx, moment, &plan, &why).await.map(drop)
        }
    }
}
