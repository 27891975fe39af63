//! How money, dates and counts are written in the languages that customers read, and how amounts are read back.
//!
//! Shape: a [`Locale`] is a language and the conventions of a region. Numbers, dates and plurals are Unicode CLDR's
//! ([`crate::cldr`]); money is CLDR's pattern of the locale with the ISO 4217 code in the place of the symbol, since `$`
//! and `kr` name several currencies.
//!
//! Bounds: five languages in the regional forms of [`LOCALES`]. English without a region is international English.

use chrono::{DateTime, NaiveDate, Utc};
use receivables::money::Money;
use serde::Serialize;

use crate::cldr::Conventions;
use crate::words;

/// A language that Dunlin writes in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English, and the language of everyone whose own is not here.
    #[default]
    En,
    /// German, in the polite form.
    De,
    /// French, in the polite form.
    Fr,
    /// Spanish, in the polite form.
    Es,
    /// Hindi, in the polite form.
    Hi,
}

impl Language {
    /// Every language there is.
    pub const ALL: [Self; 5] = [Self::En, Self::De, Self::Fr, Self::Es, Self::Hi];

    /// The language of a BCP 47 locale: `de` and `de-AT` are German; English where it is none of ours.
    pub fn of(locale: &str) -> Self {
        let primary = locale.split(['-', '_']).next().unwrap_or_default();
        let known = Self::ALL
            .into_iter()
            .find(|language| primary.eq_ignore_ascii_case(language.tag()));
        known.unwrap_or_default()
    }

    /// The BCP 47 tag, as in HTML's `lang`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::De => "de",
            Self::Fr => "fr",
            Self::Es => "es",
            Self::Hi => "hi",
        }
    }
}

/// The conventions of a language in a region.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    tag: &'static str,
    language: Language,
    /// Whether the currency stands before the amount.
    code_first: bool,
    /// Signs that are others in money than in plain numbers: (in numbers, in money).
    in_money: Option<(char, char)>,
}

const fn row(tag: &'static str, language: Language, code_first: bool) -> Row {
    Row {
        tag,
        language,
        code_first,
        in_money: None,
    }
}

/// How many locales there are.
pub(crate) const LOCALE_COUNT: usize = 26;

const BEFORE: bool = true;
const AFTER: bool = false;

/// The locales there are; the first of a language is the one without a region. Source of the place of the code and of
/// the signs: CLDR 48.2, `cldr-numbers-full`, `currencyFormats` and `symbols` of the number system `latn`.
pub(crate) static LOCALES: [Row; LOCALE_COUNT] = [
    row("en-001", Language::En, BEFORE),
    row("en-US", Language::En, BEFORE),
    row("en-GB", Language::En, BEFORE),
    row("en-IN", Language::En, BEFORE),
    row("en-CA", Language::En, BEFORE),
    row("en-AU", Language::En, BEFORE),
    row("de", Language::De, AFTER),
    Row {
        in_money: Some(('\u{a0}', '.')),
        ..row("de-AT", Language::De, BEFORE)
    },
    row("de-CH", Language::De, BEFORE),
    row("fr", Language::Fr, AFTER),
    row("fr-CA", Language::Fr, AFTER),
    Row {
        in_money: Some((',', '.')),
        ..row("fr-CH", Language::Fr, AFTER)
    },
    row("es", Language::Es, AFTER),
    row("es-419", Language::Es, BEFORE),
    row("es-AR", Language::Es, BEFORE),
    row("es-BO", Language::Es, BEFORE),
    row("es-CL", Language::Es, BEFORE),
    row("es-CO", Language::Es, BEFORE),
    row("es-CR", Language::Es, BEFORE),
    row("es-EC", Language::Es, BEFORE),
    row("es-MX", Language::Es, BEFORE),
    row("es-PY", Language::Es, BEFORE),
    row("es-US", Language::Es, BEFORE),
    row("es-UY", Language::Es, BEFORE),
    row("es-VE", Language::Es, BEFORE),
    row("hi", Language::Hi, BEFORE),
];

/// What is written where all else is unknown.
static ENGLISH: Row = row("en-001", Language::En, BEFORE);

/// Regions that write like another row: CLDR's parents.
const LIKE: &[(&str, &str)] = &[
    ("de-LI", "de-CH"),
    ("es-CU", "es-419"),
    ("es-DO", "es-419"),
    ("es-GT", "es-419"),
    ("es-HN", "es-419"),
    ("es-NI", "es-419"),
    ("es-PA", "es-419"),
    ("es-PE", "es-419"),
    ("es-PR", "es-419"),
    ("es-SV", "es-419"),
];

/// A language with the conventions of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Locale(&'static Row);

impl Locale {
    /// The locale of a BCP 47 tag: that of the region where it is one of ours, else the language's, else English.
    pub fn of(tag: &str) -> Self {
        let language = Language::of(tag);
        let mut subtags = tag.split(['-', '_']).skip(1);
        let region = subtags.find(|subtag| subtag.len() == 2 || subtag.len() == 3);
        let wanted = match region {
            Some(region) => format!("{}-{}", language.tag(), region.to_ascii_uppercase()),
            None => language.tag().to_owned(),
        };
        let like = LIKE.iter().find(|(region, _)| *region == wanted);
        let wanted = like.map_or(wanted.as_str(), |(_, row)| row);
        match LOCALES.iter().find(|row| row.tag == wanted) {
            Some(row) => Self(row),
            None => language.into(),
        }
    }

    /// What it is written in.
    pub fn language(self) -> Language {
        self.0.language
    }

    /// The BCP 47 tag of its conventions.
    pub fn tag(self) -> &'static str {
        self.0.tag
    }

    /// Its place in [`LOCALES`].
    pub(crate) fn index(self) -> usize {
        let at = LOCALES.iter().position(|row| row.tag == self.0.tag);
        at.unwrap_or_default()
    }

    /// Whether a count takes the singular, by CLDR's rules: in French and Hindi zero does.
    pub(crate) fn is_one(self, count: i64) -> bool {
        Conventions::of(self).is_some_and(|conventions| conventions.is_one(count))
    }

    /// In money: (between groups of digits, before the fraction).
    fn separators(self) -> (char, char) {
        let sample = self.signs_of_money(localise_decimal("-11111.1", self));
        let mut signs = sample.chars().filter(|c| !c.is_ascii_digit() && *c != '-');
        (signs.next().unwrap_or(','), signs.next().unwrap_or('.'))
    }

    fn signs_of_money(self, amount: String) -> String {
        match self.0.in_money {
            Some((from, to)) => amount.replace(from, &to.to_string()),
            None => amount,
        }
    }

    /// Whether digits go by twos above the thousands.
    fn by_lakhs(self) -> bool {
        matches!(self.0.tag, "en-IN" | "hi")
    }
}

impl From<Language> for Locale {
    fn from(language: Language) -> Self {
        let first = LOCALES.iter().find(|row| row.language == language);
        Self(first.unwrap_or(&ENGLISH))
    }
}

/// Money as a person reads it: `EUR 1,250.00` in English, `1.250,00 EUR` in German, `INR 1,23,456.78` in Hindi.
pub fn format_money(money: Money, locale: impl Into<Locale>) -> String {
    localise_money(&money.amount(), money.currency().code(), locale)
}

/// A civil day: `12 January 2026`, `January 12, 2026` (US), `12. Januar 2026`.
pub fn format_date(day: NaiveDate, locale: impl Into<Locale>) -> String {
    let conventions = Conventions::of(locale.into());
    let written = conventions.and_then(|conventions| conventions.date(day, false));
    written.unwrap_or_else(|| day.to_string())
}

/// A number of days: `1 day`, `3 days`; `1 Tag`, `3 Tage`.
pub fn format_days(days: i64, locale: impl Into<Locale>) -> String {
    let locale = locale.into();
    let key = if locale.is_one(days) { "day" } else { "days" };
    let word = words::word(key, locale.language());
    format!("{} {word}", localise_decimal(&days.to_string(), locale))
}

/// A day in a dense table: `12 Jan 2026`, `12.01.2026`.
pub(crate) fn format_short_date(day: NaiveDate, locale: impl Into<Locale>) -> String {
    let conventions = Conventions::of(locale.into());
    let written = conventions.and_then(|conventions| conventions.date(day, true));
    written.unwrap_or_else(|| day.to_string())
}

/// An instant in UTC, to the minute: `12 Jan 2026, 09:00 UTC`.
pub(crate) fn format_instant(at: DateTime<Utc>, locale: impl Into<Locale>) -> String {
    format!(
        "{}, {} UTC",
        format_short_date(at.date_naive(), locale),
        at.format("%H:%M")
    )
}

/// `amount` (a plain decimal) and the ISO 4217 code, as [`format_money`] writes them.
pub(crate) fn localise_money(amount: &str, code: &str, locale: impl Into<Locale>) -> String {
    let locale = locale.into();
    let amount = locale.signs_of_money(localise_decimal(amount, locale));
    if locale.0.code_first {
        format!("{code} {amount}")
    } else {
        format!("{amount} {code}")
    }
}

/// A plain decimal with the locale's signs: `-1250.5` is `-1,250.5` or `-1.250,5`.
pub(crate) fn localise_decimal(plain: &str, locale: impl Into<Locale>) -> String {
    let conventions = Conventions::of(locale.into());
    let written = conventions.and_then(|conventions| conventions.decimal(plain));
    written.unwrap_or_else(|| plain.to_owned())
}

/// The amount as an input field shows it: the locale's decimal sign, no grouping, no currency.
pub fn amount_input(money: Money, locale: impl Into<Locale>) -> String {
    money
        .amount()
        .replace('.', &locale.into().separators().1.to_string())
}

/// What a person typed into an amount field, as a plain decimal for `Money::parse`; `None` if it is no amount.
///
/// The locale's own signs win: `1.250` is 1250 in German and 1.250 in English. The other decimal sign is understood
/// where it cannot be a group of three, so that `12.50` typed by a German is not refused.
pub fn read_amount(typed: &str, locale: impl Into<Locale>) -> Option<String> {
    let locale = locale.into();
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let (group, point) = locale.separators();
    let other = if point == '.' { ',' } else { '.' };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let whole_of = |whole: &str| ungroup(whole, group, locale.by_lakhs());
    let (whole, fraction) = match typed.split_once(point) {
        Some((whole, fraction)) => (whole_of(whole)?, Some(fraction.to_owned())),
        None => match whole_of(&typed).filter(|whole| is_number(whole)) {
            Some(whole) => (whole, None),
            None => {
                let (whole, fraction) = typed.split_once(other)?;
                (whole.to_owned(), Some(fraction.to_owned()))
            }
        },
    };
    match fraction {
        None => is_number(&whole).then_some(whole),
        Some(fraction) => (is_number(&whole) && is_number(&fraction)).then(|| format!("{whole}.{fraction}")),
    }
}

/// `1.250.000` without its separators, if the last stands before exactly three digits and those before it do too, or
/// before two where digits go by lakhs.
fn ungroup(whole: &str, group: char, by_lakhs: bool) -> Option<String> {
    let mut groups = whole.split(group).peekable();
    let mut joined = groups.next()?.to_owned();
    while let Some(next) = groups.next() {
        let fits = next.len() == 3 || (by_lakhs && next.len() == 2 && groups.peek().is_some());
        if joined.is_empty() || !fits {
            return None;
        }
        joined.push_str(next);
    }
    Some(joined)
}

#[cfg(test)]
mod tests {
    use super::*;
    use receivables::currency::Currency;

    fn money(amount: &str, code: &str) -> Money {
        Money::parse(amount, Currency::parse(code).unwrap()).unwrap()
    }

    fn day(year: i32, month: u32, day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(year, month, day).unwrap()
    }

    #[test]
    fn a_locale_is_german_or_else_english() {
        for (locale, expected) in [
            ("de", Language::De),
            ("de-AT", Language::De),
            ("DE_ch", Language::De),
            ("den", Language::En),
            ("en-GB", Language::En),
            ("fr", Language::Fr),
            ("it", Language::En),
            ("", Language::En),
        ] {
            assert_eq!(Language::of(locale), expected, "{locale}");
        }
    }

    #[test]
    fn money_is_grouped_and_keeps_its_currency_s_digits() {
        for (amount, code, en, de) in [
            ("1250.00", "EUR", "EUR 1,250.00", "1.250,00 EUR"),
            ("0.05", "EUR", "EUR 0.05", "0,05 EUR"),
            ("999.00", "EUR", "EUR 999.00", "999,00 EUR"),
            ("-1234567.89", "USD", "USD -1,234,567.89", "-1.234.567,89 USD"),
            ("-100.00", "USD", "USD -100.00", "-100,00 USD"),
            ("1250000", "JPY", "JPY 1,250,000", "1.250.000 JPY"),
            ("1250.125", "KWD", "KWD 1,250.125", "1.250,125 KWD"),
        ] {
            assert_eq!(format_money(money(amount, code), Language::En), en);
            assert_eq!(format_money(money(amount, code), Language::De), de);
        }
        // CLDR 48.2, `symbols` and `currencyFormats`: groups by lakhs in India, none below five digits in Spain, an
        // apostrophe in Switzerland, a sign of its own for money in Austria and French Switzerland.
        for (tag, amount, expected) in [
            ("en-IN", "123456.78", "INR 1,23,456.78"),
            ("hi", "12345678.90", "INR 1,23,45,678.90"),
            ("fr", "1250.00", "1\u{202f}250,00 INR"),
            ("fr-CA", "1250.00", "1\u{a0}250,00 INR"),
            ("fr-CH", "1234.50", "1'234.50 INR"),
            ("de-CH", "1234.50", "INR 1'234.50"),
            ("de-LI", "1234.50", "INR 1'234.50"),
            ("de-AT", "1234.50", "INR 1.234,50"),
            ("es", "1250.00", "1250,00 INR"),
            ("es", "12500.00", "12.500,00 INR"),
            ("es-MX", "1250.00", "INR 1,250.00"),
            ("es-PE", "1250.00", "INR 1,250.00"),
            ("es-AR", "1250.00", "INR 1.250,00"),
        ] {
            assert_eq!(
                format_money(money(amount, "INR"), Locale::of(tag)),
                expected,
                "{tag}"
            );
        }
    }

    #[test]
    fn days_and_dates_are_written_out() {
        assert_eq!(format_date(day(2026, 1, 12), Language::En), "12 January 2026");
        assert_eq!(format_date(day(2026, 3, 1), Language::De), "1. März 2026");
        // CLDR 48.2, the long and medium patterns of the Gregorian calendar; the same from Node's Intl but for spaces.
        for (tag, long, short) in [
            ("en-US", "September 1, 2026", "Sep 1, 2026"),
            ("en-GB", "1 September 2026", "1 Sept 2026"),
            ("en-IN", "1 September 2026", "01 Sept 2026"),
            ("fr", "1 septembre 2026", "1 sept. 2026"),
            ("es-MX", "1 de septiembre de 2026", "1 sep 2026"),
            ("hi", "1 सितंबर 2026", "1 सित॰ 2026"),
        ] {
            assert_eq!(format_date(day(2026, 9, 1), Locale::of(tag)), long, "{tag}");
            assert_eq!(
                format_short_date(day(2026, 9, 1), Locale::of(tag)),
                short,
                "{tag}"
            );
        }
        assert_eq!(format_short_date(day(2026, 9, 1), Language::En), "1 Sept 2026");
        assert_eq!(format_short_date(day(2026, 9, 1), Language::De), "01.09.2026");
        for (days, en, de) in [
            (0, "0 days", "0 Tage"),
            (1, "1 day", "1 Tag"),
            (3, "3 days", "3 Tage"),
            (1200, "1,200 days", "1.200 Tage"),
        ] {
            assert_eq!(format_days(days, Language::En), en);
            assert_eq!(format_days(days, Language::De), de);
        }
        // CLDR 48.2, `plurals`: in French and Hindi zero is singular.
        assert_eq!(format_days(0, Language::Fr), "0 jour");
        assert_eq!(format_days(0, Language::Es), "0 días");
        assert!(Locale::of("hi").is_one(0) && Locale::of("hi").is_one(1) && !Locale::of("hi").is_one(2));
    }

    #[test]
    fn a_locale_is_the_region_s_or_else_the_language_s() {
        for (tag, expected) in [
            ("de-CH", "de-CH"),
            ("de_ch", "de-CH"),
            ("de-DE", "de"),
            ("de-Latn-AT", "de-AT"),
            ("en", "en-001"),
            ("en-ZA", "en-001"),
            ("es-419", "es-419"),
            ("es-PE", "es-419"),
            ("hi-IN", "hi"),
            ("it-CH", "en-001"),
            ("", "en-001"),
        ] {
            assert_eq!(Locale::of(tag).tag(), expected, "{tag}");
        }
    }

    #[test]
    fn every_locale_has_its_conventions() {
        for row in &LOCALES {
            let conventions = Conventions::of(Locale::of(row.tag)).unwrap();
            assert_eq!(Locale::of(row.tag).tag(), row.tag);
            assert!(conventions.decimal("1.5").is_some(), "{}", row.tag);
            for short in [false, true] {
                let day = conventions.date(day(2026, 9, 1), short).unwrap();
                assert!(day.contains("2026"), "{}: {day}", row.tag);
            }
        }
        for (_, like) in LIKE {
            assert_eq!(Locale::of(like).tag(), *like);
        }
    }

    #[test]
    fn an_amount_typed_is_read_in_the_language_of_the_page() {
        for (typed, en, de) in [
            ("1250", Some("1250"), Some("1250")),
            ("12.50", Some("12.50"), Some("12.50")),
            ("12,50", Some("12.50"), Some("12.50")),
            ("1,250.00", Some("1250.00"), None),
            ("1.250,00", None, Some("1250.00")),
            ("1.250", Some("1.250"), Some("1250")),
            (" 1 250,5 ", Some("1250.5"), Some("1250.5")),
            ("1.2.3", None, None),
            ("1,2,3", None, None),
            ("-5", None, None),
            ("1e3", None, None),
            ("", None, None),
            (".5", None, None),
            ("5.", None, None),
            ("٣", None, None),
        ] {
            assert_eq!(read_amount(typed, Language::En).as_deref(), en, "en {typed:?}");
            assert_eq!(read_amount(typed, Language::De).as_deref(), de, "de {typed:?}");
        }
    }

    #[test]
    fn what_an_input_shows_is_read_back_as_the_same_amount() {
        for (amount, code) in [
            ("1250.00", "EUR"),
            ("1250000", "JPY"),
            ("1250.125", "KWD"),
            ("12.50", "EUR"),
        ] {
            for row in &LOCALES {
                let (money, locale) = (money(amount, code), Locale::of(row.tag));
                let shown = amount_input(money, locale);
                assert_eq!(
                    read_amount(&shown, locale).as_deref(),
                    Some(amount),
                    "{} {shown}",
                    row.tag
                );
                let whole = format_money(money, locale).replace(code, "");
                assert_eq!(
                    read_amount(&whole, locale).as_deref(),
                    Some(amount),
                    "{} {whole}",
                    row.tag
                );
            }
        }
        assert_eq!(read_amount("12.50", Language::Fr).as_deref(), Some("12.50"));
        assert_eq!(read_amount("1,23,45", Language::Hi), None);
    }
}
