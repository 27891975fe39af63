//! Money: a whole number of minor units and the currency they are of.
//!
//! Shape: `{"amount": "1250.00", "currency": "EUR"}`. Bounds: `i64` minor units. Every sum is checked, and
//! amounts of different currencies never meet in one. Refused: floats, exponents, separators, signs other
//! than a leading `-`, more digits than the currency has.
//!
//! Source: ISO 4217 for the digits; else Dunlin's own rule.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::currency::Currency;

/// Why a text is no amount, or why two amounts cannot be added. The message names the rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The code is not an active ISO 4217 currency.
    #[error("`{0}` is not an active ISO 4217 currency code; write it in capitals, such as EUR")]
    UnknownCurrency(String),
    /// There is no text at all.
    #[error("an amount must not be empty; write a decimal number such as 1250.00")]
    Empty,
    /// A leading `+`.
    #[error("an amount carries no `+` sign; a positive amount is written without one")]
    PlusSign,
    /// White space anywhere.
    #[error("an amount contains no spaces")]
    Space,
    /// A thousands separator, or a comma for the decimal point.
    #[error("an amount has no separators; write the decimal point as `.` and nothing between thousands")]
    Separator,
    /// Scientific notation.
    #[error("an amount has no exponent; write all its digits")]
    Exponent,
    /// `NaN`, `Infinity` and the like.
    #[error("an amount is a finite number; NaN and infinity are not")]
    NotFinite,
    /// Anything else that is not `-?digits(.digits)?`.
    #[error("an amount is a decimal number such as 1250.00: digits, optionally `.` and more digits")]
    NotDecimal,
    /// More digits after the point than the currency has.
    #[error("{currency} amounts have at most {allowed} digits after the point, not {found}")]
    TooManyDigits {
        /// The currency of the amount.
        currency: Currency,
        /// The currency's exponent.
        allowed: u32,
        /// The digits that were there.
        found: usize,
    },
    /// The number does not fit 64 bits of minor units.
    #[error("the amount is too large: it does not fit 64 bits of minor units")]
    TooLarge,
    /// A sum of amounts does not fit 64 bits of minor units.
    #[error("the sum is too large: it does not fit 64 bits of minor units")]
    Overflow,
    /// Two amounts of different currencies.
    #[error("{left} and {right} amounts cannot be combined")]
    CurrencyMismatch {
        /// The currency on the left side.
        left: Currency,
        /// The currency on the right side.
        right: Currency,
    },
}

impl MoneyError {
    /// The stable code of this error in a problem document.
    pub fn code(&self) -> &'static str {
        match self {
            MoneyError::UnknownCurrency(_) => "unknown_currency",
            MoneyError::Empty => "amount_empty",
            MoneyError::PlusSign => "amount_plus_sign",
            MoneyError::Space => "amount_space",
            MoneyError::Separator => "amount_separator",
            MoneyError::Exponent => "amount_exponent",
            MoneyError::NotFinite => "amount_not_finite",
            MoneyError::NotDecimal => "amount_not_decimal",
            MoneyError::TooManyDigits { .. } => "amount_too_many_digits",
            MoneyError::TooLarge => "amount_too_large",
            MoneyError::Overflow => "amount_overflow",
            MoneyError::CurrencyMismatch { .. } => "currency_mismatch",
        }
    }
}

/// An amount of money in minor units of one currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// `minor` units (cents of a euro, whole yen, thousandths of a dinar) of `currency`.
    pub fn new(minor: i64, currency: Currency) -> Money {
        Money { minor, currency }
    }

    /// Nothing, in `currency`.
    pub fn zero(currency: Currency) -> Money {
        Money::new(0, currency)
    }

    /// Reads `-?digits(.digits)?` with at most the currency's digits after the point.
    pub fn parse(amount: &str, currency: Currency) -> Result<Money, MoneyError> {
        let decimal = Decimal::read(amount)?;
        decimal.into_money(decimal.fraction, currency)
    }

    /// Reads what [`Money::parse`] reads, and also more digits than the currency has as long as they are
    /// zeros: e-invoices write `1656.2500` for 1656.25.
    pub fn parse_exact(amount: &str, currency: Currency) -> Result<Money, MoneyError> {
        let decimal = Decimal::read(amount)?;
        let digits = usize::try_from(currency.exponent()).map_err(|_| MoneyError::TooLarge)?;
        let (kept, surplus) = decimal
            .fraction
            .split_at_checked(digits)
            .unwrap_or((decimal.fraction, ""));
        let significant = surplus.trim_end_matches('0').is_empty();
        decimal.into_money(if significant { kept } else { decimal.fraction }, currency)
    }

    /// The amount in minor units.
    pub fn minor(&self) -> i64 {
        self.minor
    }

    /// The currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// The amount as a decimal number with exactly the currency's digits: `1250.00`, `-0.05`, `1250` (JPY).
    pub fn amount(&self) -> String {
        let sign = if self.minor < 0 { "-" } else { "" };
        let Ok(exponent) = usize::try_from(self.currency.exponent()) else {
            return self.minor.to_string();
        };
        let width = exponent.saturating_add(1);
        let digits = format!("{:0>width$}", self.minor.unsigned_abs());
        match digits.split_at_checked(digits.len().saturating_sub(exponent)) {
            Some((whole, fraction)) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
            _ => format!("{sign}{digits}"),
        }
    }

    /// The amount for an English sentence: `1,250.00 EUR`.
    pub fn in_words(&self) -> String {
        let amount = self.amount();
        let (whole, fraction) = amount
            .split_once('.')
            .map_or((amount.as_str(), None), |(w, f)| (w, Some(f)));
        let (sign, digits) = whole
            .strip_prefix('-')
            .map_or(("", whole), |digits| ("-", digits));
        let mut grouped = String::from(sign);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let point = if fraction.is_some() { "." } else { "" };
        format!(
            "{grouped}{point}{} {}",
            fraction.unwrap_or_default(),
            self.currency
        )
    }

    /// The sum; an error where the currencies differ or it does not fit.
    pub fn checked_add(self, other: Money) -> Result<Money, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// The difference; an error where the currencies differ or it does not fit.
    pub fn checked_sub(self, other: Money) -> Result<Money, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    /// The amount with the other sign.
    pub fn checked_neg(self) -> Result<Money, MoneyError> {
        let minor = self.minor.checked_neg().ok_or(MoneyError::Overflow)?;
        Ok(Money::new(minor, self.currency))
    }

    /// The smaller of two amounts of one currency.
    pub fn checked_min(self, other: Money) -> Result<Money, MoneyError> {
        self.combine(other, |left, right| Some(left.min(right)))
    }

    /// The sum of `amounts`, all of which are of `currency`.
    pub fn checked_sum(
        currency: Currency,
        amounts: impl IntoIterator<Item = Money>,
    ) -> Result<Money, MoneyError> {
        amounts
            .into_iter()
            .try_fold(Money::zero(currency), Money::checked_add)
    }

    /// Whether nothing is left.
    pub fn is_zero(&self) -> bool {
        self.minor == 0
    }

    /// Whether it is more than nothing.
    pub fn is_positive(&self) -> bool {
        self.minor > 0
    }

    /// Whether it is less than nothing.
    pub fn is_negative(&self) -> bool {
        self.minor < 0
    }

    fn combine(self, other: Money, rule: fn(i64, i64) -> Option<i64>) -> Result<Money, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch {
                left: self.currency,
                right: other.currency,
            });
        }
        let minor = rule(self.minor, other.minor).ok_or(MoneyError::Overflow)?;
        Ok(Money::new(minor, self.currency))
    }
}

/// `1250.00 EUR`
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency)
    }
}

/// The parts of a decimal number, known to be digits only.
#[derive(Clone, Copy)]
struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    fn read(text: &'a str) -> Result<Decimal<'a>, MoneyError> {
        if text.is_empty() {
            return Err(MoneyError::Empty);
        }
        let (negative, unsigned) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match unsigned.split_once('.') {
            Some((_, "")) => return Err(what_is_wrong_with(text)),
            Some(parts) => parts,
            None => (unsigned, ""),
        };
        let digits_only =
            !whole.is_empty() && whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit());
        if digits_only {
            Ok(Decimal {
                negative,
                whole,
                fraction,
            })
        } else {
            Err(what_is_wrong_with(text))
        }
    }

    fn into_money(self, fraction: &str, currency: Currency) -> Result<Money, MoneyError> {
        let allowed = currency.exponent();
        let missing = usize::try_from(allowed)
            .ok()
            .and_then(|allowed| allowed.checked_sub(fraction.len()));
        let Some(missing) = missing else {
            return Err(MoneyError::TooManyDigits {
                currency,
                allowed,
                found: self.fraction.len(),
            });
        };
        let sign = if self.negative { "-" } else { "" };
        // Only digits are in here, so what the standard parser can still refuse is the size.
        let minor = format!("{sign}{}{fraction}{}", self.whole, "0".repeat(missing));
        let minor = minor.parse().map_err(|_| MoneyError::TooLarge)?;
        Ok(Money::new(minor, currency))
    }
}

/// The rule that a text which is no decimal number breaks, the most telling one first.
fn what_is_wrong_with(text: &str) -> MoneyError {
    let has = |characters: &[char]| text.contains(characters);
    let letters = text.trim_start_matches('-').to_ascii_lowercase();
    let starts_with_digit = letters.starts_with(|c: char| c.is_ascii_digit());
    match () {
        () if letters.starts_with("nan") || letters.starts_with("inf") => MoneyError::NotFinite,
        () if text.contains(char::is_whitespace) => MoneyError::Space,
        () if has(&['+']) && text.starts_with('+') => MoneyError::PlusSign,
        () if starts_with_digit && has(&['e', 'E']) => MoneyError::Exponent,
        () if has(&[',', '_', '\'', '\u{2019}']) => MoneyError::Separator,
        () => MoneyError::NotDecimal,
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    amount: String,
    currency: Currency,
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Wire {
            amount: self.amount(),
            currency: self.currency,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Money, D::Error> {
        let wire = Wire::deserialize(deserializer)?;
        Money::parse(&wire.amount, wire.currency).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn amounts_are_read_to_the_currencys_digits_and_written_with_all_of_them() {
        let cases = [
            ("1250.00", "EUR", 125_000, "1250.00"),
            ("1250", "EUR", 125_000, "1250.00"),
            ("1250.5", "EUR", 125_050, "1250.50"),
            ("0.05", "EUR", 5, "0.05"),
            ("-0.05", "EUR", -5, "-0.05"),
            ("-1656.25", "EUR", -165_625, "-1656.25"),
            ("1250", "JPY", 1_250, "1250"),
            ("1.234", "KWD", 1_234, "1.234"),
            ("1.2345", "CLF", 12_345, "1.2345"),
            ("92233720368547758.07", "EUR", i64::MAX, "92233720368547758.07"),
            ("-92233720368547758.08", "EUR", i64::MIN, "-92233720368547758.08"),
        ];
        for (text, code, minor, written) in cases {
            let money = Money::parse(text, currency(code)).unwrap();
            assert_eq!(
                (money.minor(), money.amount().as_str()),
                (minor, written),
                "{text} {code}"
            );
        }
    }

    #[test]
    fn sentences_have_grouped_thousands() {
        let cases = [
            ("1250.00", "EUR", "1,250.00 EUR"),
            ("125.00", "EUR", "125.00 EUR"),
            ("-1234567.5", "EUR", "-1,234,567.50 EUR"),
            ("-125.00", "EUR", "-125.00 EUR"),
            ("100000", "JPY", "100,000 JPY"),
            ("0", "KWD", "0.000 KWD"),
        ];
        for (amount, code, words) in cases {
            assert_eq!(Money::parse(amount, currency(code)).unwrap().in_words(), words);
        }
    }

    #[test]
    fn each_rule_refuses_with_its_own_error() {
        let too_many = |code: &str, allowed, found| MoneyError::TooManyDigits {
            currency: currency(code),
            allowed,
            found,
        };
        let cases = [
            ("", "EUR", MoneyError::Empty),
            ("+5", "EUR", MoneyError::PlusSign),
            (" 5", "EUR", MoneyError::Space),
            ("1 250.00", "EUR", MoneyError::Space),
            ("1,250.00", "EUR", MoneyError::Separator),
            ("1250,00", "EUR", MoneyError::Separator),
            ("1'250.00", "CHF", MoneyError::Separator),
            ("1e3", "EUR", MoneyError::Exponent),
            ("1.5E+3", "EUR", MoneyError::Exponent),
            ("NaN", "EUR", MoneyError::NotFinite),
            ("-Infinity", "EUR", MoneyError::NotFinite),
            ("-", "EUR", MoneyError::NotDecimal),
            (".50", "EUR", MoneyError::NotDecimal),
            ("5.", "EUR", MoneyError::NotDecimal),
            ("1.2.3", "EUR", MoneyError::NotDecimal),
            ("--5", "EUR", MoneyError::NotDecimal),
            ("0x10", "EUR", MoneyError::NotDecimal),
            ("١٢", "EUR", MoneyError::NotDecimal),
            ("1250.005", "EUR", too_many("EUR", 2, 3)),
            ("1250.0", "JPY", too_many("JPY", 0, 1)),
            ("1.2345", "KWD", too_many("KWD", 3, 4)),
            ("92233720368547758.08", "EUR", MoneyError::TooLarge),
            ("99999999999999999999999999", "JPY", MoneyError::TooLarge),
        ];
        for (text, code, error) in cases {
            assert_eq!(Money::parse(text, currency(code)), Err(error), "{text:?} {code}");
        }
    }

    #[test]
    fn exact_reading_takes_surplus_zeros_and_nothing_else() {
        let eur = currency("EUR");
        for (text, minor) in [
            ("1656.2500", 165_625),
            ("8550", 855_000),
            ("6125.00", 612_500),
            ("-1.50000", -150),
        ] {
            assert_eq!(
                Money::parse_exact(text, eur),
                Ok(Money::new(minor, eur)),
                "{text}"
            );
        }
        assert_eq!(
            Money::parse_exact("1250.000", currency("JPY")),
            Ok(Money::new(1_250, currency("JPY")))
        );
        let refused = MoneyError::TooManyDigits {
            currency: eur,
            allowed: 2,
            found: 4,
        };
        assert_eq!(Money::parse_exact("1656.2501", eur), Err(refused));
        assert_eq!(Money::parse_exact("1656.25x0", eur), Err(MoneyError::NotDecimal));
    }

    #[test]
    fn sums_are_checked() {
        let (eur, usd) = (currency("EUR"), currency("USD"));
        let one = Money::new(1, eur);
        assert_eq!(one.checked_add(Money::new(2, eur)), Ok(Money::new(3, eur)));
        assert_eq!(one.checked_sub(Money::new(2, eur)), Ok(Money::new(-1, eur)));
        assert_eq!(
            Money::new(i64::MAX, eur).checked_add(one),
            Err(MoneyError::Overflow)
        );
        assert_eq!(Money::new(i64::MIN, eur).checked_neg(), Err(MoneyError::Overflow));
        assert_eq!(
            one.checked_add(Money::new(1, usd)),
            Err(MoneyError::CurrencyMismatch {
                left: eur,
                right: usd
            })
        );
        assert_eq!(Money::checked_sum(eur, [one, one, one]), Ok(Money::new(3, eur)));
    }

    #[test]
    fn json_has_the_published_shape() {
        let money = Money::new(125_000, currency("EUR"));
        let json = serde_json::json!({"amount": "1250.00", "currency": "EUR"});
        assert_eq!(serde_json::to_value(money).unwrap(), json);
        assert_eq!(serde_json::from_value::<Money>(json).unwrap(), money);
        for bad in [
            r#"{"amount": 1250, "currency": "EUR"}"#,
            r#"{"amount": "1250.001", "currency": "EUR"}"#,
            r#"{"amount": "1250"}"#,
            r#"{"amount": "1", "currency": "EUR", "x": 1}"#,
        ] {
            assert!(serde_json::from_str::<Money>(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(minor: i64, at in 0usize..165) {
            let currency = Currency::all().nth(at).unwrap();
            let money = Money::new(minor, currency);
            prop_assert_eq!(Money::parse(&money.amount(), currency), Ok(money));
            prop_assert_eq!(Money::parse_exact(&money.amount(), currency), Ok(money));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = Money::parse(&text, Currency::parse("EUR").unwrap());
            let _ = Money::parse_exact(&text, Currency::parse("JPY").unwrap());
        }
    }
}
