//! What a banking app reads from a code, so that nobody types an account, an amount or a reference: the EPC code for
//! euros, the Swiss QR-bill for francs, UPI for rupees.
//!
//! Shape: whom to pay is read once and checked ([`Payee::read`]); which code there is follows from the currency and
//! from what of it is known ([`transfer`]). A reference is always a structured one ([`crate::reference`]), by which the
//! money finds its way when it arrives.
//!
//! Refused: accounts whose check digits are wrong, a QR-IBAN where none is wanted and the reverse, fields that are
//! longer than the standard lets them be, amounts that it does not allow.
//!
//! Source: EPC069-12 version 2.1 (Quick Response Code: Guidelines to enable data capture for the initiation of a SEPA
//! credit transfer), version 002; Swiss Implementation Guidelines QR-bill 2.3 (SIX), type SPC version 0200 with
//! structured addresses, which are the only ones since November 2025; NPCI, UPI Linking Specifications 1.6; ISO 13616
//! for IBANs.

use crate::money::Money;
use crate::reference::{Key, Structured};

/// The highest amount of an EPC code and of a QR-bill, in cents: 999,999,999.99.
const MOST: i64 = 99_999_999_999;

/// An IBAN with check digits that are right, without spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Iban(String);

impl Iban {
    /// Reads one, with spaces or without.
    pub fn parse(text: &str) -> Option<Iban> {
        let plain: String = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| c.to_ascii_uppercase())
            .collect();
        let (country, rest) = plain.split_at_checked(2)?;
        let (check, body) = rest.split_at_checked(2)?;
        // ISO 13616: letters, two digits, 11 to 30 letters and digits.
        let is_shaped = country.chars().all(|c| c.is_ascii_uppercase())
            && check.chars().all(|c| c.is_ascii_digit())
            && (11..=30).contains(&body.len())
            && body.chars().all(|c| c.is_ascii_alphanumeric());
        let remainder = format!("{body}{country}{check}")
            .chars()
            .try_fold(0u32, |rest, c| {
                let value = c.to_digit(36)?;
                let shift: u32 = if value < 10 { 10 } else { 100 };
                rest.checked_mul(shift)?.checked_add(value)?.checked_rem(97)
            });
        let is_swiss = matches!(country, "CH" | "LI");
        (is_shaped && remainder == Some(1) && (!is_swiss || plain.len() == 21)).then_some(Iban(plain))
    }

    /// Without spaces.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In groups of four, as it is printed.
    pub fn printed(&self) -> String {
        let mut printed = String::new();
        for (at, c) in self.0.chars().enumerate() {
            if at > 0 && at.is_multiple_of(4) {
                printed.push(' ');
            }
            printed.push(c);
        }
        printed
    }

    /// Whether it is of Switzerland or Liechtenstein.
    fn is_swiss(&self) -> bool {
        self.0.starts_with("CH") || self.0.starts_with("LI")
    }

    /// Whether it is a QR-IBAN: a Swiss one whose bank has a number from 30000 to 31999.
    fn is_for_qr(&self) -> bool {
        let bank: Option<u32> = self.0.get(4..9).and_then(|digits| digits.parse().ok());
        self.is_swiss() && bank.is_some_and(|bank| (30_000..=31_999).contains(&bank))
    }
}

/// A postal address in its parts, as the Swiss code wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    street: String,
    building: String,
    postcode: String,
    town: String,
    country: String,
}

/// Whom to pay, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payee {
    name: String,
    iban: Option<Iban>,
    bic: Option<String>,
    qr_iban: Option<Iban>,
    address: Option<Address>,
    upi: Option<String>,
}

/// The settings that say whom to pay, as they are written.
#[derive(Clone, Debug, Default)]
pub struct Settings<'a> {
    /// The account's holder.
    pub name: &'a str,
    /// The IBAN.
    pub iban: &'a str,
    /// The BIC: outside the European Economic Area banks want it.
    pub bic: &'a str,
    /// The QR-IBAN, which goes with QR references.
    pub qr_iban: &'a str,
    /// The holder's address: street, building, postcode, town and country, with `|` between; the first two may be empty.
    pub address: &'a str,
    /// The UPI address (VPA).
    pub upi: &'a str,
}

impl Payee {
    /// Reads the settings; what is empty is not offered. What is wrong is named by the end of its setting's name.
    pub fn read(settings: &Settings<'_>) -> Result<Payee, &'static str> {
        fn optional<T>(
            text: &str,
            name: &'static str,
            read: fn(&str) -> Option<T>,
        ) -> Result<Option<T>, &'static str> {
            match text.trim() {
                "" => Ok(None),
                text => read(text).map(Some).ok_or(name),
            }
        }
        let payee = Payee {
            name: line(settings.name, 70).ok_or("account_name")?,
            iban: optional(settings.iban, "iban", |text| {
                Iban::parse(text).filter(|iban| !iban.is_for_qr())
            })?,
            bic: optional(settings.bic, "bic", bic)?,
            qr_iban: optional(settings.qr_iban, "qr_iban", |text| {
                Iban::parse(text).filter(Iban::is_for_qr)
            })?,
            address: optional(settings.address, "address", address)?,
            upi: optional(settings.upi, "upi_address", upi_address)?,
        };
        let is_offered = payee.iban.is_some() || payee.qr_iban.is_some() || payee.upi.is_some();
        match is_offered && payee.name.is_empty() {
            true => Err("account_name"),
            false => Ok(payee),
        }
    }
}

/// A code that an app reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// EPC069-12: error correction M, at most version 13.
    Epc(String),
    /// A Swiss QR-bill: error correction M, the Swiss cross in its middle.
    Swiss(String),
    /// UPI: a link, that is a code too.
    Upi(String),
}

/// How an amount is transferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// To whom.
    pub name: String,
    /// To which account, as it is printed; none where there is but an address of UPI.
    pub iban: Option<String>,
    /// At which bank.
    pub bic: Option<String>,
    /// To which address of UPI.
    pub upi: Option<String>,
    /// With which reference, as it is printed.
    pub reference: String,
    /// The code, where there is one for the currency.
    pub code: Option<Code>,
}

/// How to transfer an amount with the reference of `key`; none where the settings name no account for its currency.
pub fn transfer(payee: &Payee, amount: Money, key: Key) -> Option<Transfer> {
    if !amount.is_positive() {
        return None;
    }
    let rf = Structured::read(&key.rf())?;
    let of_account = |iban: &Iban, reference: &Structured, code: Option<Code>| Transfer {
        name: payee.name.clone(),
        iban: Some(iban.printed()),
        bic: payee.bic.clone(),
        upi: None,
        reference: reference.printed(),
        code,
    };
    match amount.currency().code() {
        "INR" => payee.upi.as_ref().map(|address| Transfer {
            name: payee.name.clone(),
            iban: None,
            bic: None,
            upi: Some(address.clone()),
            reference: rf.as_str().to_owned(),
            code: Some(Code::Upi(upi(address, &payee.name, amount, &rf))),
        }),
        "CHF" => {
            let qrr = Structured::read(&key.qrr())?;
            let (iban, reference) = match (&payee.qr_iban, &payee.iban) {
                (Some(iban), _) => (iban, &qrr),
                (None, Some(iban)) => (iban, &rf),
                (None, None) => return None,
            };
            let code = swiss(payee, iban, amount, reference).map(Code::Swiss);
            Some(of_account(iban, reference, code))
        }
        "EUR" => {
            let iban = payee.iban.as_ref()?;
            Some(of_account(
                iban,
                &rf,
                epc(payee, iban, amount, &rf).map(Code::Epc),
            ))
        }
        _ => Some(of_account(payee.iban.as_ref()?, &rf, None)),
    }
}

/// EPC069-12, table 2: lines with LF between; what is empty at the end is left out.
fn epc(payee: &Payee, iban: &Iban, amount: Money, rf: &Structured) -> Option<String> {
    let in_bounds = (1..=MOST).contains(&amount.minor());
    let bic = payee.bic.as_deref().unwrap_or_default();
    let amount = format!("EUR{}", amount.amount());
    // Service tag, version, character set (1: UTF-8), identification; purpose; structured remittance, so that there is
    // no unstructured one.
    let lines = [
        "BCD",
        "002",
        "1",
        "SCT",
        bic,
        &payee.name,
        iban.as_str(),
        &amount,
        "",
        rf.as_str(),
    ];
    let payload = lines.join("\n");
    (in_bounds && payload.len() <= 331).then_some(payload)
}

/// QR-bill guidelines, 4.2.2: 31 lines with CR and LF between; a debtor is not said.
fn swiss(payee: &Payee, iban: &Iban, amount: Money, reference: &Structured) -> Option<String> {
    let address = payee.address.as_ref().filter(|_| iban.is_swiss())?;
    let (kind, amount_text) = match reference {
        Structured::Qrr(_) => ("QRR", amount.amount()),
        Structured::Rf(_) => ("SCOR", amount.amount()),
    };
    if amount.minor() > MOST {
        return None;
    }
    let mut lines = vec![
        "SPC",
        "0200",
        "1",
        iban.as_str(),
        "S",
        &payee.name,
        &address.street,
        &address.building,
    ];
    lines.extend([address.postcode.as_str(), &address.town, &address.country]);
    // The ultimate creditor: for future use.
    lines.extend([""; 7]);
    lines.extend([amount_text.as_str(), "CHF"]);
    // The ultimate debtor, whom the payer's bank knows.
    lines.extend([""; 7]);
    lines.extend([kind, reference.as_str(), "", "EPD"]);
    Some(lines.join("\r\n"))
}

/// UPI Linking Specifications, 1.6: `tr` is the reference that comes back with the money, `tn` a note to the payer.
fn upi(address: &str, name: &str, amount: Money, rf: &Structured) -> String {
    let reference = rf.as_str();
    format!(
        "upi://pay?pa={}&pn={}&am={}&cu=INR&tr={reference}&tn={reference}",
        encoded(address),
        encoded(name),
        amount.amount()
    )
}

/// As RFC 3986, section 2.1, has it. The `@` of an address stays: apps look for it.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match char::from(byte) {
            c if c.is_ascii_alphanumeric() || "-._~@".contains(c) => out.push(c),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// One line of at most so many characters, none of them a control character; it may be empty.
fn line(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    let fits = text.chars().count() <= most && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// ISO 9362: eight characters or eleven.
fn bic(text: &str) -> Option<String> {
    let is_shaped = matches!(text.len(), 8 | 11)
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        && text.chars().take(6).all(|c| c.is_ascii_uppercase());
    is_shaped.then(|| text.to_owned())
}

fn address(text: &str) -> Option<Address> {
    let parts: Vec<&str> = text.split('|').collect();
    let [street, building, postcode, town, country] = parts.as_slice() else {
        return None;
    };
    let address = Address {
        street: line(street, 70)?,
        building: line(building, 16)?,
        postcode: line(postcode, 16)?,
        town: line(town, 35)?,
        country: crate::country::Country::parse(country.trim()).map(|_| country.trim().to_owned())?,
    };
    (!address.postcode.is_empty() && !address.town.is_empty()).then_some(address)
}

fn upi_address(text: &str) -> Option<String> {
    let (user, bank) = text.split_once('@')?;
    let is_shaped = (2..=256).contains(&user.len())
        && user
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_".contains(c))
        && (2..=64).contains(&bank.len())
        && bank.chars().all(|c| c.is_ascii_alphanumeric());
    is_shaped.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::currency::Currency;
    use crate::id::LinkId;

    const SETTINGS: Settings<'static> = Settings {
        name: "Nordlicht Druck & Söhne",
        iban: "CH93 0076 2011 6238 5295 7",
        bic: "POFICHBEXXX",
        qr_iban: "CH4431999123000889012",
        address: "Bahnhofstrasse|1|8001|Zürich|CH",
        upi: "nordlicht.druck@okbank",
    };

    fn key() -> Key {
        Key::of(LinkId::from_parts(1, [9; 10]).as_str()).unwrap()
    }

    fn made(settings: &Settings<'_>, minor: i64, code: &str) -> Option<Transfer> {
        let amount = Money::new(minor, Currency::parse(code).unwrap());
        transfer(&Payee::read(settings).unwrap(), amount, key())
    }

    #[test]
    fn a_code_follows_from_the_currency() {
        let (rf, qrr) = (key().rf(), key().qrr());
        let euro = made(&SETTINGS, 183_050, "EUR").unwrap();
        let epc = format!(
            "BCD\n002\n1\nSCT\nPOFICHBEXXX\nNordlicht Druck & Söhne\nCH9300762011623852957\nEUR1830.50\n\n{rf}"
        );
        assert_eq!(euro.code, Some(Code::Epc(epc)));
        assert_eq!(euro.iban.as_deref(), Some("CH93 0076 2011 6238 5295 7"));

        let before = "SPC\r\n0200\r\n1\r\n";
        let holder = "\r\nS\r\nNordlicht Druck & Söhne\r\nBahnhofstrasse\r\n1\r\n8001\r\nZürich\r\nCH\r\n";
        let amount = "\r\n\r\n\r\n\r\n\r\n\r\n\r\n1949.75\r\nCHF\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n";
        let francs = made(&SETTINGS, 194_975, "CHF").unwrap();
        let swiss = format!("{before}CH4431999123000889012{holder}{amount}QRR\r\n{qrr}\r\n\r\nEPD");
        assert_eq!(swiss.split("\r\n").count(), 31);
        assert_eq!(francs.code, Some(Code::Swiss(swiss)));
        assert!(francs.reference.starts_with(&qrr[..2]));

        let without = Settings {
            qr_iban: "",
            ..SETTINGS
        };
        let francs = made(&without, 194_975, "CHF").unwrap();
        let swiss = format!("{before}CH9300762011623852957{holder}{amount}SCOR\r\n{rf}\r\n\r\nEPD");
        assert_eq!(francs.code, Some(Code::Swiss(swiss)));

        let rupees = made(&SETTINGS, 100, "INR").unwrap();
        let link = format!(
            "upi://pay?pa=nordlicht.druck@okbank&pn=Nordlicht%20Druck%20%26%20S%C3%B6hne&am=1.00&cu=INR&tr={rf}&tn={rf}"
        );
        assert_eq!(rupees.code, Some(Code::Upi(link)));

        let dollars = made(&SETTINGS, 100, "USD").unwrap();
        assert_eq!((dollars.code, dollars.reference.replace(' ', "")), (None, rf));
    }

    #[test]
    fn what_is_not_set_or_not_allowed_is_not_offered() {
        let none = Settings::default();
        for code in ["EUR", "CHF", "INR", "USD"] {
            assert_eq!(made(&none, 100, code), None, "{code}");
        }
        let no_upi = Settings { upi: "", ..SETTINGS };
        assert_eq!(made(&no_upi, 100, "INR"), None);
        // Without an address there is no QR-bill, but an account and a reference.
        let no_address = Settings {
            address: "",
            ..SETTINGS
        };
        assert_eq!(made(&no_address, 100, "CHF").unwrap().code, None);
        let german = Settings {
            iban: "DE89370400440532013000",
            qr_iban: "",
            ..SETTINGS
        };
        assert_eq!(made(&german, 100, "CHF").unwrap().code, None);
        assert_eq!(made(&SETTINGS, MOST + 1, "EUR").unwrap().code, None);
        assert!(made(&SETTINGS, MOST, "EUR").unwrap().code.is_some());
        assert_eq!(made(&SETTINGS, 0, "EUR"), None);
    }

    #[test]
    fn wrong_settings_are_named() {
        let long = "x".repeat(71);
        let cases = [
            (Settings { name: "", ..SETTINGS }, "account_name"),
            (
                Settings {
                    name: &long,
                    ..SETTINGS
                },
                "account_name",
            ),
            (
                Settings {
                    name: "two\nlines",
                    ..SETTINGS
                },
                "account_name",
            ),
            (
                Settings {
                    iban: "CH93 0076 2011 6238 5295 8",
                    ..SETTINGS
                },
                "iban",
            ),
            (
                Settings {
                    iban: "CH4431999123000889012",
                    ..SETTINGS
                },
                "iban",
            ),
            (
                Settings {
                    bic: "POFICHBEXX",
                    ..SETTINGS
                },
                "bic",
            ),
            (
                Settings {
                    qr_iban: "CH9300762011623852957",
                    ..SETTINGS
                },
                "qr_iban",
            ),
            (
                Settings {
                    address: "Bahnhofstrasse 1, Zürich",
                    ..SETTINGS
                },
                "address",
            ),
            (
                Settings {
                    address: "||8001|Zürich|XX",
                    ..SETTINGS
                },
                "address",
            ),
            (
                Settings {
                    upi: "nordlicht",
                    ..SETTINGS
                },
                "upi_address",
            ),
        ];
        for (settings, expected) in cases {
            assert_eq!(Payee::read(&settings), Err(expected));
        }
    }

    /// Examples of the IBAN registry (ISO 13616, SWIFT).
    #[test]
    fn ibans_of_the_registry_are_read() {
        for iban in [
            "DE89370400440532013000",
            "GB29NWBK60161331926819",
            "NO9386011117947",
            "LI21088100002324013AA",
        ] {
            assert_eq!(Iban::parse(iban).map(|iban| iban.0), Some(iban.to_owned()));
        }
        for wrong in [
            "",
            "DE",
            "DE88370400440532013000",
            "DE8937040044053201300Ü",
            "1234567890123456",
        ] {
            assert_eq!(Iban::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_setting_makes_it_panic(text in ".{0,60}", minor: i64) {
            let settings = Settings { name: &text, iban: &text, bic: &text, qr_iban: &text, address: &text, upi: &text };
            if let Ok(payee) = Payee::read(&settings) {
                let _ = transfer(&payee, Money::new(minor, Currency::parse("EUR").unwrap()), key());
            }
        }
    }
}
