//! Sweden, Denmark, Norway, Finland. Sundays are holidays by name there; they are weekend here.

use chrono::Weekday;

use super::super::rule::{easter, fixed, from};
use super::Table;

/// Source: lag (1989:253) om allmänna helgdagar, section 1; for the eves of Midsummer, Christmas and New Year, which
/// count as Sundays, lag (1930:173) om beräkning av lagstadgad tid, section 2.
pub(super) const SWEDEN: Table = Table {
    country: "SE",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6),
        easter("Good Friday", -2),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("May Day", 5, 1),
        easter("Ascension Day", 39),
        easter("Whit Sunday", 49),
        fixed("National Day", 6, 6).since(2005),
        from("Midsummer Eve", Weekday::Fri, 6, 19),
        from("Midsummer Day", Weekday::Sat, 6, 20),
        from("All Saints' Day", Weekday::Sat, 10, 31),
        fixed("Christmas Eve", 12, 24),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
        fixed("New Year's Eve", 12, 31),
    ],
};

/// Source: Danske Lov 6-3 and anordning of 26 October 1770 for the church's holidays; Great Prayer Day, the fourth
/// Friday after Easter, up to 2023: lov nr. 214 af 7. marts 2023.
pub(super) const DENMARK: Table = Table {
    country: "DK",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        easter("Maundy Thursday", -3),
        easter("Good Friday", -2),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        easter("Great Prayer Day", 26).until(2023),
        easter("Ascension Day", 39),
        easter("Whit Sunday", 49),
        easter("Whit Monday", 50),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
};

/// Source: lov om helligdager og helligdagsfred (LOV-1995-02-24-12), section 2; lov om 1. og 17. mai som høgtidsdager
/// (LOV-1947-04-26-1), section 1.
pub(super) const NORWAY: Table = Table {
    country: "NO",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        easter("Maundy Thursday", -3),
        easter("Good Friday", -2),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        fixed("Constitution Day", 5, 17),
        easter("Ascension Day", 39),
        easter("Whit Sunday", 49),
        easter("Whit Monday", 50),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
};

/// Source: kirkkolaki (652/2023) for the church's holidays, laki 388/1937 for 6 December, laki 272/1944 for 1 May; for
/// the eves of Midsummer and Christmas, on which no time limit ends, laki säädettyjen määräaikain laskemisesta
/// (150/1930), section 5.
pub(super) const FINLAND: Table = Table {
    country: "FI",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6),
        easter("Good Friday", -2),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("May Day", 5, 1),
        easter("Ascension Day", 39),
        easter("Whit Sunday", 49),
        from("Midsummer Eve", Weekday::Fri, 6, 19),
        from("Midsummer Day", Weekday::Sat, 6, 20),
        from("All Saints' Day", Weekday::Sat, 10, 31),
        fixed("Independence Day", 12, 6),
        fixed("Christmas Eve", 12, 24),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
};
