//! Poland, Czechia, Romania.

use super::super::rule::{easter, fixed, orthodox_easter};
use super::Table;

/// Source: ustawa z dnia 18 stycznia 1951 r. o dniach wolnych od pracy, article 1; Christmas Eve by the law of
/// 6 December 2024.
pub(super) const POLAND: Table = Table {
    country: "PL",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6).since(2011),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("National Day", 5, 1),
        fixed("Constitution Day", 5, 3),
        easter("Whit Sunday", 49),
        easter("Corpus Christi", 60),
        fixed("Assumption Day", 8, 15),
        fixed("All Saints' Day", 11, 1),
        fixed("Independence Day", 11, 11),
        fixed("Christmas Eve", 12, 24).since(2025),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
};

/// Source: zákon č. 245/2000 Sb., sections 1 and 2; Good Friday by zákon č. 359/2015 Sb.
pub(super) const CZECHIA: Table = Table {
    country: "CZ",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        easter("Good Friday", -2).since(2016),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        fixed("Victory Day", 5, 8),
        fixed("Sts Cyril and Methodius", 7, 5),
        fixed("Jan Hus Day", 7, 6),
        fixed("Statehood Day", 9, 28),
        fixed("Independent Czechoslovak State Day", 10, 28),
        fixed("Freedom and Democracy Day", 11, 17),
        fixed("Christmas Eve", 12, 24),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
};

/// Source: Codul muncii (Legea 53/2003), article 139(1); 6 and 7 January by Legea 52/2023.
pub(super) const ROMANIA: Table = Table {
    country: "RO",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        fixed("Second day of the year", 1, 2),
        fixed("Epiphany", 1, 6).since(2024),
        fixed("St John the Baptist", 1, 7).since(2024),
        fixed("Unification Day", 1, 24).since(2017),
        orthodox_easter("Good Friday", -2).since(2018),
        orthodox_easter("Easter Sunday", 0),
        orthodox_easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        fixed("Children's Day", 6, 1).since(2017),
        orthodox_easter("Whit Sunday", 49),
        orthodox_easter("Whit Monday", 50),
        fixed("Dormition of the Mother of God", 8, 15),
        fixed("St Andrew's Day", 11, 30),
        fixed("National Day", 12, 1),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
};
