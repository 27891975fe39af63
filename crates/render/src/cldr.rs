//! What Unicode CLDR says of our locales, as ICU4X reads it: numbers, dates and plurals.
//!
//! The data lies in `crates/render/cldr`, made by `icu4x-datagen` 2.4 from CLDR 48.2 for the locales of
//! [`LOCALES`](crate::locale) alone, so that a component carries some 40 KB of it instead of all the world's. It is under
//! the Unicode licence v3, as its sources are (`cldr/LICENSE`). To renew it: `crates/render/cldr/README.md`.

use std::sync::OnceLock;

use chrono::{Datelike, NaiveDate};
use fixed_decimal::Decimal;
use icu_calendar::{Date, Gregorian};
use icu_datetime::FixedCalendarDateTimeFormatter;
use icu_datetime::fieldsets::YMD;
use icu_datetime::provider::names::{DatetimeNamesYearGregorianV1, YearNames};
use icu_decimal::DecimalFormatter;
use icu_plurals::{PluralCategory, PluralRules};
use icu_provider::prelude::{DataError, DataPayload, DataProvider, DataRequest, DataResponse};
use zerovec::VarZeroVec;

use crate::locale::{LOCALE_COUNT, Locale};

#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::indexing_slicing,
    missing_docs,
    unreachable_pub,
    unsafe_code,
    unused_macros,
    reason = "made by icu4x-datagen, which checks the bytes that it calls unchecked"
)]
mod data {
    pub(super) struct Cldr;

    include!("../cldr/impls.rs");
    impl_data_provider!(Cldr);
}

use data::Cldr;

/// A day of our time with its year names no era: there are none.
impl DataProvider<DatetimeNamesYearGregorianV1> for Cldr {
    fn load(&self, _: DataRequest) -> Result<DataResponse<DatetimeNamesYearGregorianV1>, DataError> {
        Ok(DataResponse {
            metadata: Default::default(),
            payload: DataPayload::from_owned(YearNames::FixedEras(VarZeroVec::new())),
        })
    }
}

type Dates = FixedCalendarDateTimeFormatter<Gregorian, YMD>;

/// How one locale writes.
pub(crate) struct Conventions {
    decimals: DecimalFormatter,
    long: Dates,
    short: Dates,
    plurals: PluralRules,
}

static READY: [OnceLock<Option<Conventions>>; LOCALE_COUNT] = [const { OnceLock::new() }; LOCALE_COUNT];

impl Conventions {
    /// Those of a locale; made once an instance. `None` where the data lacks it, which a test rules out.
    pub(crate) fn of(locale: Locale) -> Option<&'static Self> {
        let cell = READY.get(locale.index())?;
        cell.get_or_init(|| Self::read(locale.tag())).as_ref()
    }

    fn read(tag: &str) -> Option<Self> {
        let locale: icu_locale_core::Locale = tag.parse().ok()?;
        Some(Self {
            decimals: DecimalFormatter::try_new_unstable(&Cldr, (&locale).into(), Default::default()).ok()?,
            long: Dates::try_new_unstable(&Cldr, (&locale).into(), YMD::long()).ok()?,
            short: Dates::try_new_unstable(&Cldr, (&locale).into(), YMD::medium()).ok()?,
            plurals: PluralRules::try_new_cardinal_unstable(&Cldr, (&locale).into()).ok()?,
        })
    }

    /// A plain decimal with the locale's signs.
    pub(crate) fn decimal(&self, plain: &str) -> Option<String> {
        let decimal = Decimal::try_from_str(plain).ok()?;
        Some(self.decimals.format(&decimal).to_string())
    }

    /// A day: `12 January 2026`, or `12 Jan 2026` where it is to be short.
    pub(crate) fn date(&self, day: NaiveDate, short: bool) -> Option<String> {
        let month = u8::try_from(day.month()).ok()?;
        let date = Date::try_new_gregorian(day.year(), month, u8::try_from(day.day()).ok()?).ok()?;
        let dates = if short { &self.short } else { &self.long };
        Some(dates.format(&date).to_string())
    }

    /// Whether a count takes the singular.
    pub(crate) fn is_one(&self, count: i64) -> bool {
        self.plurals.category_for(count) == PluralCategory::One
    }
}
