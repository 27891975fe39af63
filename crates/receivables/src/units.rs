//! How payment providers write amounts: which currencies each takes, with how many digits, as whole numbers of the
//! smallest unit or as decimal text. What cannot be said exactly is refused, never rounded. Stripe's are in
//! [`crate::stripe`].
//!
//! Source: of each provider its own documentation. Adyen, "Currency codes and minor units", whose digits count where they differ from ISO 4217
//! (CLP 2, CVE 0, IDR 0, ISK 2); Mollie, "Multicurrency", decimal text with exactly the currency's digits; PayPal,
//! "Currency codes", where HUF, JPY and TWD take no decimals; Razorpay, "Supported currencies", whose three-decimal
//! amounts end in 0; GoCardless, "Payments", eight currencies in their minor units.

use crate::currency::Currency;
use crate::money::Money;
use crate::stripe::rescaled;

/// Why an amount cannot be said to a provider, or cannot be read from it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// The provider does not take the currency.
    #[error("{provider} takes no {currency}")]
    Currency {
        /// Who.
        provider: &'static str,
        /// What.
        currency: String,
    },
    /// The provider's smallest unit is larger than the amount's.
    #[error("{provider} cannot take {amount} exactly")]
    Inexact {
        /// Who.
        provider: &'static str,
        /// What.
        amount: Money,
    },
    /// What the provider writes is no amount of that currency.
    #[error("{text} is no amount of {currency} at {provider}")]
    Unreadable {
        /// Who.
        provider: &'static str,
        /// As it came.
        text: String,
        /// Of which currency.
        currency: Currency,
    },
}

/// A provider's way with amounts.
#[derive(Clone, Copy, Debug)]
pub struct Units {
    provider: &'static str,
    /// Digits, with the currencies that have them.
    digits: &'static [(u32, &'static [&'static str])],
    /// Whether an amount of three decimals must end in 0.
    tens: bool,
}

/// Adyen's.
pub const ADYEN: Units = Units {
    provider: "Adyen",
    digits: &[
        (
            0,
            &[
                "CVE", "DJF", "GNF", "IDR", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF",
                "XOF", "XPF",
            ],
        ),
        (
            2,
            &[
                "AED", "ALL", "AMD", "ARS", "AUD", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK",
                "EGP", "EUR", "GBP", "GEL", "HKD", "HUF", "ILS", "INR", "ISK", "KES", "MAD", "MXN", "MYR",
                "NGN", "NOK", "NZD", "PEN", "PHP", "PLN", "QAR", "RON", "RSD", "SAR", "SEK", "SGD", "THB",
                "TRY", "TWD", "UAH", "USD", "UYU", "ZAR",
            ],
        ),
        (3, &["BHD", "JOD", "KWD", "OMR", "TND"]),
    ],
    tens: false,
};

/// GoCardless's.
pub const GOCARDLESS: Units = Units {
    provider: "GoCardless",
    digits: &[(2, &["AUD", "CAD", "DKK", "EUR", "GBP", "NZD", "SEK", "USD"])],
    tens: false,
};

/// Mollie's.
pub const MOLLIE: Units = Units {
    provider: "Mollie",
    digits: &[
        (0, &["ISK", "JPY"]),
        (
            2,
            &[
                "AED", "AUD", "BRL", "CAD", "CHF", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "MXN",
                "MYR", "NOK", "NZD", "PHP", "PLN", "RON", "SEK", "SGD", "THB", "TWD", "USD", "ZAR",
            ],
        ),
    ],
    tens: false,
};

/// PayPal's.
pub const PAYPAL: Units = Units {
    provider: "PayPal",
    digits: &[
        (0, &["HUF", "JPY", "TWD"]),
        (
            2,
            &[
                "AUD", "BRL", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "ILS", "MXN", "MYR",
                "NOK", "NZD", "PHP", "PLN", "SEK", "SGD", "THB", "USD",
            ],
        ),
    ],
    tens: false,
};

/// Razorpay's.
pub const RAZORPAY: Units = Units {
    provider: "Razorpay",
    digits: &[
        (0, &["JPY"]),
        (
            2,
            &[
                "AED", "AUD", "CAD", "CHF", "CNY", "CZK", "DKK", "EUR", "GBP", "HKD", "HUF", "ILS", "INR",
                "LKR", "MUR", "MXN", "MYR", "NOK", "NPR", "NZD", "PHP", "QAR", "SAR", "SEK", "SGD", "THB",
                "USD", "ZAR",
            ],
        ),
        (3, &["BHD", "KWD", "OMR"]),
    ],
    tens: true,
};

impl Units {
    fn digits(&self, currency: Currency) -> Option<u32> {
        let of = |codes: &[&str]| codes.contains(&currency.code());
        self.digits
            .iter()
            .find(|(_, codes)| of(codes))
            .map(|(digits, _)| *digits)
    }

    fn known(&self, currency: Currency) -> Result<u32, UnitError> {
        self.digits(currency).ok_or_else(|| UnitError::Currency {
            provider: self.provider,
            currency: currency.code().to_owned(),
        })
    }

    /// Whether the provider takes the currency.
    pub fn takes(&self, currency: Currency) -> bool {
        self.digits(currency).is_some()
    }

    /// The whole number of the provider's smallest unit.
    pub fn to_minor(&self, amount: Money) -> Result<i64, UnitError> {
        let digits = self.known(amount.currency())?;
        let exact = rescaled(amount.minor(), amount.currency().exponent(), digits);
        let step = if self.tens && digits == 3 { 10 } else { 1 };
        exact
            .filter(|minor| minor.checked_rem(step) == Some(0))
            .ok_or(UnitError::Inexact {
                provider: self.provider,
                amount,
            })
    }

    /// The amount that such a number means, of a currency by its code.
    pub fn from_minor(&self, minor: i64, code: &str) -> Result<Money, UnitError> {
        let currency = self.currency(code)?;
        let exact = rescaled(minor, self.known(currency)?, currency.exponent());
        exact
            .map(|minor| Money::new(minor, currency))
            .ok_or_else(|| self.unreadable(&minor.to_string(), currency))
    }

    /// The amount as decimal text with exactly the provider's digits.
    pub fn to_text(&self, amount: Money) -> Result<String, UnitError> {
        let minor = self.to_minor(amount)?;
        let digits = usize::try_from(self.known(amount.currency())?).unwrap_or_default();
        if digits == 0 {
            return Ok(minor.to_string());
        }
        let sign = if minor < 0 { "-" } else { "" };
        let wide = format!(
            "{:0>width$}",
            minor.unsigned_abs(),
            width = digits.saturating_add(1)
        );
        let (whole, decimals) =
            wide.split_at_checked(wide.len().saturating_sub(digits))
                .ok_or(UnitError::Inexact {
                    provider: self.provider,
                    amount,
                })?;
        Ok(format!("{sign}{whole}.{decimals}"))
    }

    /// The amount that such text means, of a currency by its code. Decimals beyond the currency's are taken where they
    /// are zeros.
    pub fn from_text(&self, text: &str, code: &str) -> Result<Money, UnitError> {
        let currency = self.currency(code)?;
        self.known(currency)?;
        Money::parse_exact(text, currency).map_err(|_| self.unreadable(text, currency))
    }

    fn currency(&self, code: &str) -> Result<Currency, UnitError> {
        Currency::parse(&code.to_uppercase()).map_err(|_| UnitError::Currency {
            provider: self.provider,
            currency: code.to_owned(),
        })
    }

    fn unreadable(&self, text: &str, currency: Currency) -> UnitError {
        UnitError::Unreadable {
            provider: self.provider,
            text: text.to_owned(),
            currency,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Units; 5] = [ADYEN, GOCARDLESS, MOLLIE, PAYPAL, RAZORPAY];

    fn money(amount: &str, code: &str) -> Money {
        Money::parse(amount, Currency::parse(code).unwrap()).unwrap()
    }

    #[test]
    fn each_provider_writes_an_amount_as_its_documentation_says() {
        // Provider, amount, currency -> whole number, text.
        let cases = [
            (ADYEN, "10", "CLP", Some((1_000, "10.00"))),
            (ADYEN, "10.00", "CVE", Some((10, "10"))),
            (ADYEN, "10.50", "CVE", None),
            (ADYEN, "150.00", "IDR", Some((150, "150"))),
            (ADYEN, "150", "ISK", Some((15_000, "150.00"))),
            (ADYEN, "10", "JPY", Some((10, "10"))),
            (ADYEN, "10.123", "BHD", Some((10_123, "10.123"))),
            (ADYEN, "10.50", "EUR", Some((1_050, "10.50"))),
            (MOLLIE, "10", "JPY", Some((10, "10"))),
            (MOLLIE, "1000", "ISK", Some((1_000, "1000"))),
            (MOLLIE, "0.05", "EUR", Some((5, "0.05"))),
            (MOLLIE, "1250.50", "HUF", Some((125_050, "1250.50"))),
            (MOLLIE, "10.000", "KWD", None),
            (PAYPAL, "1250.00", "HUF", Some((1_250, "1250"))),
            (PAYPAL, "1250.50", "HUF", None),
            (PAYPAL, "800.00", "TWD", Some((800, "800"))),
            (PAYPAL, "10", "JPY", Some((10, "10"))),
            (PAYPAL, "10.10", "USD", Some((1_010, "10.10"))),
            (RAZORPAY, "500.00", "INR", Some((50_000, "500.00"))),
            (RAZORPAY, "99.990", "KWD", Some((99_990, "99.990"))),
            (RAZORPAY, "99.991", "KWD", None),
            (RAZORPAY, "295", "JPY", Some((295, "295"))),
            (GOCARDLESS, "10.00", "GBP", Some((1_000, "10.00"))),
            (GOCARDLESS, "10", "JPY", None),
        ];
        for (units, amount, code, expected) in cases {
            let amount = money(amount, code);
            let said = units.to_minor(amount).ok().zip(units.to_text(amount).ok());
            let expected = expected.map(|(minor, text)| (minor, text.to_owned()));
            assert_eq!(said, expected, "{amount} at {}", units.provider);
            if let Some((minor, text)) = expected {
                assert_eq!(units.from_minor(minor, code), Ok(amount));
                assert_eq!(units.from_text(&text, code), Ok(amount));
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        assert_eq!(PAYPAL.from_text("1250.00", "HUF"), Ok(money("1250.00", "HUF")));
        assert_eq!(PAYPAL.from_text("10.00", "JPY"), Ok(money("10", "JPY")));
        let reads =
            |units: Units, text: &str, code: &str| units.from_text(text, code).unwrap_err().to_string();
        assert_eq!(
            reads(PAYPAL, "10.50", "JPY"),
            "10.50 is no amount of JPY at PayPal"
        );
        assert_eq!(reads(MOLLIE, "ten", "EUR"), "ten is no amount of EUR at Mollie");
        assert_eq!(reads(MOLLIE, "1.00", "XXZ"), "Mollie takes no XXZ");
        assert_eq!(
            ADYEN.from_minor(1_050, "CLP").unwrap_err().to_string(),
            "1050 is no amount of CLP at Adyen"
        );
        assert_eq!(GOCARDLESS.from_minor(1_050, "gbp"), Ok(money("10.50", "GBP")));
    }

    #[test]
    fn the_tables_name_each_currency_once() {
        for units in ALL {
            let codes: Vec<_> = units.digits.iter().flat_map(|(_, codes)| codes.iter()).collect();
            let distinct: std::collections::BTreeSet<_> = codes.iter().collect();
            assert_eq!(codes.len(), distinct.len(), "{}", units.provider);
            for code in codes {
                assert!(Currency::parse(code).is_ok(), "{code}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_said_is_read_back(minor in any::<i64>(), at in 0usize..165, which in 0usize..5) {
            let currency = Currency::all().nth(at).unwrap();
            let (units, amount) = (ALL[which], Money::new(minor, currency));
            if let Ok(said) = units.to_minor(amount) {
                prop_assert_eq!(units.from_minor(said, currency.code()), Ok(amount));
                let text = units.to_text(amount).unwrap();
                prop_assert_eq!(units.from_text(&text, currency.code()), Ok(amount));
            }
        }
    }
}
