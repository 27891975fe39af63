//! How money, dates and counts are written in the languages that customers read, and how amounts are read back.
//!
//! Bounds: two languages. Conventions follow Unicode CLDR for `en` and `de`, with the ISO 4217 code before or after
//! the amount instead of a symbol, since `$` and `kr` name several currencies.

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use receivables::money::Money;
use serde::Serialize;

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

    /// (between groups of three digits, before the fraction)
    fn separators(self) -> (char, char) {
        match self {
            Self::De => ('.', ','),
            _ => (',', '.'),
        }
    }

    fn months(self) -> &'static [&'static str; 12] {
        match self {
            Self::De => &[
                "Januar",
                "Februar",
                "März",
                "April",
                "Mai",
                "Juni",
                "Juli",
                "August",
                "September",
                "Oktober",
                "November",
                "Dezember",
            ],
            _ => &[
                "January",
                "February",
                "March",
                "April",
                "May",
                "June",
                "July",
                "August",
                "September",
                "October",
                "November",
                "December",
            ],
        }
    }
}

/// Money as a person reads it: `EUR 1,250.00` in English, `1.250,00 EUR` in German.
pub fn format_money(money: Money, language: Language) -> String {
    localise_money(&money.amount(), money.currency().code(), language)
}

/// A civil day: `12 January 2026`, `12. Januar 2026`.
pub fn format_date(day: NaiveDate, language: Language) -> String {
    let month = usize::try_from(day.month0())
        .ok()
        .and_then(|index| language.months().get(index))
        .unwrap_or(&"");
    match language {
        Language::De => format!("{}. {month} {}", day.day(), day.year()),
        _ => format!("{} {month} {}", day.day(), day.year()),
    }
}

/// A number of days: `1 day`, `3 days`; `1 Tag`, `3 Tage`.
pub fn format_days(days: i64, language: Language) -> String {
    let word = match (language, days) {
        (Language::De, 1) => "Tag",
        (Language::De, _) => "Tage",
        (_, 1) => "day",
        _ => "days",
    };
    format!("{} {word}", localise_decimal(&days.to_string(), language))
}

/// A day in a dense table: `12 Jan 2026`, `12.01.2026`.
pub(crate) fn format_short_date(day: NaiveDate, language: Language) -> String {
    match language {
        Language::De => day.format("%d.%m.%Y").to_string(),
        _ => {
            let long = format_date(day, language);
            let mut words = long.splitn(3, ' ');
            let (number, month, year) = (words.next(), words.next(), words.next());
            let month: String = month.unwrap_or_default().chars().take(3).collect();
            format!(
                "{} {month} {}",
                number.unwrap_or_default(),
                year.unwrap_or_default()
            )
        }
    }
}

/// An instant in UTC, to the minute: `12 Jan 2026, 09:00 UTC`.
pub(crate) fn format_instant(at: DateTime<Utc>, language: Language) -> String {
    format!(
        "{}, {} UTC",
        format_short_date(at.date_naive(), language),
        at.format("%H:%M")
    )
}

/// `amount` (a plain decimal) and the ISO 4217 code, as [`format_money`] writes them.
pub(crate) fn localise_money(amount: &str, code: &str, language: Language) -> String {
    let amount = localise_decimal(amount, language);
    match language {
        Language::De => format!("{amount} {code}"),
        _ => format!("{code} {amount}"),
    }
}

/// A plain decimal with the language's separators: `-1250.5` is `-1,250.5` or `-1.250,5`.
pub(crate) fn localise_decimal(plain: &str, language: Language) -> String {
    let (group, point) = language.separators();
    let (sign, digits) = plain.strip_prefix('-').map_or(("", plain), |rest| ("-", rest));
    let (whole, fraction) = digits
        .split_once('.')
        .map_or((digits, None), |(whole, rest)| (whole, Some(rest)));
    let mut text = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && whole.len().wrapping_sub(index).is_multiple_of(3) {
            text.push(group);
        }
        text.push(digit);
    }
    if let Some(fraction) = fraction {
        text.push(point);
        text.push_str(fraction);
    }
    text
}

/// The amount as an input field shows it: the language's decimal sign, no grouping, no currency.
pub fn amount_input(money: Money, language: Language) -> String {
    money.amount().replace('.', &language.separators().1.to_string())
}

/// What a person typed into an amount field, as a plain decimal for `Money::parse`; `None` if it is no amount.
///
/// The language's own signs win: `1.250` is 1250 in German and 1.250 in English. The other language's decimal sign is
/// understood where it cannot be a group of three, so that `12.50` typed by a German is not refused.
pub fn read_amount(typed: &str, language: Language) -> Option<String> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
    let (group, point) = language.separators();
    let (whole, fraction) = match typed.split_once(point) {
        Some((whole, fraction)) => (ungroup(whole, group)?, Some(fraction.to_owned())),
        None => match ungroup(&typed, group) {
            Some(whole) => (whole, None),
            None => {
                let (whole, fraction) = typed.split_once(group)?;
                (whole.to_owned(), Some(fraction.to_owned()))
            }
        },
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match fraction {
        None => is_number(&whole).then_some(whole),
        Some(fraction) => (is_number(&whole) && is_number(&fraction)).then(|| format!("{whole}.{fraction}")),
    }
}

/// `1.250.000` without its separators, if each stands before exactly three digits.
fn ungroup(whole: &str, group: char) -> Option<String> {
    let mut groups = whole.split(group);
    let mut joined = groups.next()?.to_owned();
    for next in groups {
        if joined.is_empty() || next.len() != 3 {
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
    }

    #[test]
    fn days_and_dates_are_written_out() {
        assert_eq!(format_date(day(2026, 1, 12), Language::En), "12 January 2026");
        assert_eq!(format_date(day(2026, 3, 1), Language::De), "1. März 2026");
        assert_eq!(format_short_date(day(2026, 9, 1), Language::En), "1 Sep 2026");
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
        for (amount, code) in [("1250.00", "EUR"), ("1250000", "JPY"), ("1250.125", "KWD")] {
            for language in [Language::En, Language::De] {
                let shown = amount_input(money(amount, code), language);
                assert_eq!(read_amount(&shown, language).as_deref(), Some(amount), "{shown}");
            }
        }
    }
}
