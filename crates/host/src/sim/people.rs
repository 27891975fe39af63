//! Who the customers are, and what they are like.

use super::random::Random;
use serde_json::{Value, json};

/// How a customer pays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pays {
    OnTime,
    Late,
    Partly,
    Twice,
    OtherCurrency,
    Never,
}

/// Which way the money takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Bank,
    Desk,
    Link,
}

/// A customer.
#[derive(Debug)]
pub(super) struct Person {
    pub(super) at: usize,
    pub(super) external_id: String,
    pub(super) country: &'static str,
    pub(super) zone: &'static str,
    pub(super) locale: &'static str,
    pub(super) currency: &'static str,
    pub(super) consumer: bool,
    pub(super) pays: Pays,
    pub(super) way: Way,
    /// Days between two invoices.
    pub(super) every_days: i64,
    pub(super) terms_days: i64,
    /// Of a thousand invoices, how many it disputes, and for how many it makes promises.
    pub(super) disputes: u64,
    pub(super) promises: u64,
    pub(super) keeps_promises: bool,
    pub(super) opts_out: bool,
    pub(super) bounces: bool,
    pub(super) moves: bool,
    /// Changes with each move.
    pub(super) address: u32,
    pub(super) invoices: u32,
    pub(super) random: Random,
    /// Where the last message said that it can be paid.
    pub(super) pay_path: Option<String>,
    /// Where it said that no more is wanted, and of which address that is.
    pub(super) unsubscribe: Option<(String, String)>,
    /// Since when Dunlin knows that this address wants no mail: the step of the run.
    pub(super) refused: Option<(String, u64)>,
}

/// Country, time zone, language, currency.
const PLACES: &[(u64, [&str; 4])] = &[
    (40, ["DE", "Europe/Berlin", "de", "EUR"]),
    (20, ["FR", "Europe/Paris", "en", "EUR"]),
    (15, ["AT", "Europe/Vienna", "de", "EUR"]),
    (15, ["US", "America/New_York", "en", "USD"]),
    (10, ["US", "America/Los_Angeles", "en", "USD"]),
];

impl Person {
    pub(super) fn new(seed: u64, at: usize) -> Self {
        let mut random = Random::of(seed, &format!("customer {at}"));
        let [country, zone, locale, currency] = random.weighed(PLACES, ["DE", "Europe/Berlin", "de", "EUR"]);
        let pays = random.weighed(
            &[
                (34, Pays::OnTime),
                (32, Pays::Late),
                (12, Pays::Partly),
                (6, Pays::Twice),
                (4, Pays::OtherCurrency),
                (12, Pays::Never),
            ],
            Pays::OnTime,
        );
        let way = match currency {
            // The simulated bank account is one in euros.
            "EUR" => random.weighed(&[(60, Way::Bank), (15, Way::Desk), (25, Way::Link)], Way::Bank),
            _ => random.weighed(&[(60, Way::Desk), (40, Way::Link)], Way::Desk),
        };
        Self {
            at,
            external_id: format!("C-{at}"),
            country,
            zone,
            locale,
            currency,
            consumer: random.chance(200),
            pays,
            way,
            every_days: random.between(15, 60),
            terms_days: random.weighed(&[(2, 14), (3, 30)], 30),
            disputes: random.weighed(&[(8, 10), (2, 150)], 10),
            promises: random.weighed(&[(7, 20), (3, 400)], 20),
            keeps_promises: random.chance(500),
            opts_out: random.chance(40),
            bounces: random.chance(40),
            moves: random.chance(80),
            address: 1,
            invoices: 0,
            pay_path: None,
            unsubscribe: None,
            refused: None,
            random,
        }
    }

    pub(super) fn name(&self) -> String {
        format!("{} {}", NAMES[self.at % NAMES.len()], self.external_id)
    }

    pub(super) fn email(&self) -> String {
        let gone = if self.bounces && self.address == 1 {
            "gone"
        } else {
            "ap"
        };
        format!(
            "{gone}{}@{}.example",
            self.address,
            self.external_id.to_lowercase()
        )
    }

    pub(super) fn iban(&self) -> String {
        // Check digits after ISO 13616 (ISO 7064, MOD 97-10), so that it is one.
        let account = format!("37040044{:010}", self.at + 1);
        let remainder = format!("{account}131400").bytes().fold(0_u64, |rest, digit| {
            (rest * 10 + u64::from(digit.saturating_sub(b'0'))) % 97
        });
        format!("DE{:02}{account}", 98 - remainder)
    }

    /// What is said of it to the API.
    pub(super) fn document(&self) -> Value {
        let kind = if self.consumer { "consumer" } else { "business" };
        let mut document = json!({"external_id": self.external_id, "name": self.name(), "kind": kind,
            "country": self.country, "time_zone": self.zone, "locale": self.locale, "currency": self.currency,
            "contacts": [{"name": "Accounts payable", "role": "billing", "email": self.email()}]});
        if self.country == "US"
            && let Some(fields) = document.as_object_mut()
        {
            let region = if self.zone == "America/New_York" {
                "NY"
            } else {
                "CA"
            };
            fields.insert("region".to_owned(), json!(region));
        }
        document
    }
}

/// Waders and sea birds, as in all of the project's examples.
const NAMES: [&str; 12] = [
    "Avocet",
    "Curlew",
    "Godwit",
    "Knot",
    "Ruff",
    "Turnstone",
    "Sanderling",
    "Whimbrel",
    "Plover",
    "Lapwing",
    "Petrel",
    "Gannet",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_the_same_however_many_there_are() {
        let one = Person::new(7, 3);
        let again = Person::new(7, 3);
        assert_eq!(one.document(), again.document());
        assert_eq!(
            (one.pays, one.way, one.every_days),
            (again.pays, again.way, again.every_days)
        );
    }

    #[test]
    fn ibans_have_their_check_digits() {
        for at in 0..50 {
            let iban = Person::new(1, at).iban();
            let (head, account) = iban.split_at(4);
            let digits = format!("{account}1314{}", &head[2..]);
            let rest = digits
                .bytes()
                .fold(0_u64, |rest, digit| (rest * 10 + u64::from(digit - b'0')) % 97);
            assert_eq!((rest, iban.len()), (1, 22), "{iban}");
        }
    }
}
