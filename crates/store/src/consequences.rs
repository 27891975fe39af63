//! What follows when money has moved, however it did: interest that was charged on what turns out to have been paid is
//! corrected, promises and plans are judged, what is paid or open again is told of, and what happens next is worked out anew.

use crate::db::Tx;
use crate::error::Result;
use crate::moment::Moment;
use crate::{agreements, charges, dunning, events};
use receivables::id::CustomerId;
use std::collections::BTreeSet;

/// For customers whose balances have changed; in the transaction that changed them, and last.
pub(crate) async fn of_money(tx: &Tx<'_>, moment: Moment, customers: &BTreeSet<CustomerId>) -> Result<()> {
    charges::correct(tx, moment, customers).await?;
    agreements::judge(tx, moment, customers).await?;
    // A settlement that is completed gives up the rest, so this comes after it.
    events::turned(tx, moment).await?;
    dunning::replan(tx, moment, customers).await
}
