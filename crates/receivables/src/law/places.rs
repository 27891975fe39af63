//! Where somebody may be, by region and telephone number, as far as the hour of the day goes.
//!
//! Source: each table's own.

use super::Party;
use crate::zone::Zone;
use std::collections::BTreeSet;

/// Every zone in which a party may be.
pub fn zones(party: &Party) -> BTreeSet<Zone> {
    BTreeSet::from([party.zone])
}
