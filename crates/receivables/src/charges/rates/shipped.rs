//! The rates that ship, each with its source. Only what has been published and checked is here: what was
//! not known when this version was made is for an administrator to add.
//!
//! A rate that stood for several half-years is one row. Percentages are in hundredths: 215 is 2.15.

use chrono::{Datelike, NaiveDate};

use super::{Entry, NATIONAL, Series};
use crate::calendar;
use crate::charges::percent::Percent;
use crate::country::Country;

/// A rate from one half-year to another, both with their first month, January or July.
type HalfYears = ((i32, u32), (i32, u32), i32);

/// The fixed rate of the main refinancing operations, in force on the first day of the half-year.
/// Source: European Central Bank, "Key ECB interest rates", by date of effect: 10 September 2014, 16 March
/// 2016, 21 December 2022, 21 June 2023, 20 September 2023, 12 June 2024, 18 December 2024, 11 June 2025.
const ECB_REFERENCE: &[HalfYears] = &[
    ((2015, 1), (2016, 1), 5),
    ((2016, 7), (2022, 7), 0),
    ((2023, 1), (2023, 1), 250),
    ((2023, 7), (2023, 7), 400),
    ((2024, 1), (2024, 1), 450),
    ((2024, 7), (2024, 7), 425),
    ((2025, 1), (2025, 1), 315),
    ((2025, 7), (2026, 1), 215),
];

/// The base rate. Source: Deutsche Bundesbank, notices in the Bundesanzeiger under section 247(2) BGB.
const DE_BASE_RATE: &[HalfYears] = &[
    ((2015, 1), (2016, 1), -83),
    ((2016, 7), (2022, 7), -88),
    ((2023, 1), (2023, 1), 162),
    ((2023, 7), (2023, 7), 312),
    ((2024, 1), (2024, 1), 362),
    ((2024, 7), (2024, 7), 337),
    ((2025, 1), (2025, 1), 227),
    ((2025, 7), (2026, 1), 127),
];

/// Bank Rate on the 31 December or 30 June before the half-year. Source: Bank of England, "Official Bank
/// Rate history", by date of change: 5 March 2009, 4 August 2016, 2 November 2017, 2 August 2018, 19 March
/// 2020, 16 December 2021, 16 June 2022, 15 December 2022, 22 June 2023, 3 August 2023, 7 November 2024,
/// 8 May 2025, 18 December 2025.
const GB_BANK_RATE: &[HalfYears] = &[
    ((2015, 1), (2016, 7), 50),
    ((2017, 1), (2017, 7), 25),
    ((2018, 1), (2018, 7), 50),
    ((2019, 1), (2020, 1), 75),
    ((2020, 7), (2021, 7), 10),
    ((2022, 1), (2022, 1), 25),
    ((2022, 7), (2022, 7), 125),
    ((2023, 1), (2023, 1), 350),
    ((2023, 7), (2023, 7), 500),
    ((2024, 1), (2024, 7), 525),
    ((2025, 1), (2025, 1), 475),
    ((2025, 7), (2025, 7), 425),
    ((2026, 1), (2026, 1), 375),
];

/// The bank rate, by date of its notification. Source: Reserve Bank of India, circulars "Penal interest on
/// shortfall in CRR and SLR requirements: change in Bank Rate" of these dates.
const IN_BANK_RATE: &[((i32, u32, u32), i32)] = &[
    ((2019, 10, 4), 540),
    ((2020, 3, 27), 465),
    ((2020, 5, 22), 425),
    ((2022, 5, 4), 465),
    ((2022, 6, 8), 515),
    ((2022, 8, 5), 565),
    ((2022, 9, 30), 615),
    ((2022, 12, 7), 650),
    ((2023, 2, 8), 675),
    ((2025, 2, 7), 650),
    ((2025, 4, 9), 625),
    ((2025, 6, 6), 575),
    ((2025, 12, 5), 550),
];

/// The day before the Monetary Policy Committee's decision of February 2026: until then the last row of
/// [`IN_BANK_RATE`] is known to have stood.
const IN_KNOWN_UNTIL: (i32, u32, u32) = (2026, 2, 5);

/// All of them.
pub(super) fn entries() -> Vec<Entry> {
    let mut entries = Vec::new();
    let half_yearly = [
        (
            Series::EcbReference,
            ECB_REFERENCE,
            "European Central Bank, key ECB interest rates",
        ),
        (
            Series::DeBaseRate,
            DE_BASE_RATE,
            "Deutsche Bundesbank, section 247(2) BGB",
        ),
        (
            Series::GbBankRate,
            GB_BANK_RATE,
            "Bank of England, Official Bank Rate history",
        ),
    ];
    for (series, rows, source) in half_yearly {
        entries.extend(rows.iter().flat_map(|row| of_row(series, row, source)));
    }
    entries.extend(of_india());
    let of_ecb: Vec<Entry> = entries
        .iter()
        .filter(|entry| entry.series == Series::EcbReference)
        .cloned()
        .collect();
    for (code, adopted) in NATIONAL {
        let country = Country::parse(code);
        let since = adopted.and_then(|(year, month)| NaiveDate::from_ymd_opt(year, month, 1));
        if let (Some(country), Some(since)) = (country, since) {
            let own = of_ecb.iter().filter(|entry| entry.from >= since).cloned();
            entries.extend(own.map(|entry| Entry {
                series: Series::National(country),
                ..entry
            }));
        }
    }
    entries
}

fn of_row(series: Series, row: &HalfYears, source: &str) -> Vec<Entry> {
    let ((year, month), (last_year, last_month), hundredths) = *row;
    let last = NaiveDate::from_ymd_opt(last_year, last_month, 1);
    let first = NaiveDate::from_ymd_opt(year, month, 1);
    std::iter::successors(first, |from| {
        series.lasts(*from).map(|end| calendar::plus_days(end, 1))
    })
    .take_while(|from| last.is_some_and(|last| *from <= last))
    .filter_map(|from| {
        Some(Entry {
            series,
            from,
            to: series.lasts(from)?,
            percent: Percent::hundredths(hundredths),
            source: source.to_owned(),
            shipped: true,
        })
    })
    .collect()
}

fn of_india() -> impl Iterator<Item = Entry> {
    let day = |(year, month, day): (i32, u32, u32)| NaiveDate::from_ymd_opt(year, month, day);
    let ends = IN_BANK_RATE
        .iter()
        .skip(1)
        .map(move |(next, _)| day(*next).map(|next| calendar::plus_days(next, -1)))
        .chain([day(IN_KNOWN_UNTIL)]);
    IN_BANK_RATE
        .iter()
        .zip(ends)
        .filter_map(move |((from, hundredths), to)| {
            let from = day(*from)?;
            Some(Entry {
                series: Series::InBankRate,
                from,
                to: to?,
                percent: Percent::hundredths(*hundredths),
                source: format!(
                    "Reserve Bank of India, change in Bank Rate of {}-{:02}-{:02}",
                    from.year(),
                    from.month(),
                    from.day()
                ),
                shipped: true,
            })
        })
}
