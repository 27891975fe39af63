//! The United States of America, India.

use chrono::Weekday;

use super::super::rule::{Moved, fixed, last, nth};
use super::Table;

/// Source: 5 U.S.C. § 6103(a); Saturdays by § 6103(b), Sundays by Executive Order 11582. Those of the states bind only
/// the states' own offices.
pub(super) const UNITED_STATES: Table = Table {
    country: "US",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1).moved(Moved::Nearest),
        nth("Martin Luther King Jr. Day", 3, Weekday::Mon, 1),
        nth("Washington's Birthday", 3, Weekday::Mon, 2),
        last("Memorial Day", Weekday::Mon, 5),
        fixed("Juneteenth", 6, 19).moved(Moved::Nearest).since(2021),
        fixed("Independence Day", 7, 4).moved(Moved::Nearest),
        nth("Labor Day", 1, Weekday::Mon, 9),
        nth("Columbus Day", 2, Weekday::Mon, 10),
        fixed("Veterans Day", 11, 11).moved(Moved::Nearest),
        nth("Thanksgiving Day", 4, Weekday::Thu, 11),
        fixed("Christmas Day", 12, 25).moved(Moved::Nearest),
    ],
};

/// Source: the three national holidays that every state's act on national and festival holidays names. All others each
/// state announces by notification under the Negotiable Instruments Act 1881, section 25: an administrator adds them.
pub(super) const INDIA: Table = Table {
    country: "IN",
    regions: &[],
    usual: None,
    rules: &[
        fixed("Republic Day", 1, 26),
        fixed("Independence Day", 8, 15),
        fixed("Gandhi Jayanti", 10, 2),
    ],
};
