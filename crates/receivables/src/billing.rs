//! What billing and accounting systems say of their customers, invoices, payments and credit notes, in words that are
//! the same for all of them.
//!
//! Shape: a source's reader makes a [`Said`] of one object as it stands there. It is a state, not a change: whoever
//! has taken the newest of an object's states in has taken all of them in, so events that come late, twice or in
//! another order settle to the same books.
//!
//! Bounds: one object, with the payments that are part of it. Refused: nothing here; readers name what is wrong.
//!
//! Source: Dunlin's own rule.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::country::{self, Country};
use crate::currency::Currency;
use crate::intake::{ContactInput, CreditNoteInput, CustomerInput, CustomerKind, InvoiceInput};
use crate::money::Money;

/// Which of an object's states is the later one. Ordered by when the source changed the object, then by what the
/// source says about states of one instant. As text it sorts as it does as a value: the store compares texts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Version(String);

impl Version {
    /// A state of `at`; of those of one instant the one with the greater `rank` is the later, then the one with the
    /// greater `tie`. An instant before 1970 counts as 1970.
    pub fn new(at: DateTime<Utc>, rank: u32, tie: &str) -> Version {
        Version(format!("{:015}.{rank:010}.{tie}", at.timestamp_millis().max(0)))
    }

    /// Its text, which sorts as it does.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// One object of a source's, as it stood at a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// When that was.
    pub version: Version,
    /// Whose it is, as far as the source says: to make a customer that is not known yet. What was guessed of one that
    /// is known is never said again.
    pub customer: Option<CustomerInput>,
    /// What it is.
    pub object: Object,
}

/// An object of a source's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Object {
    /// A customer.
    Customer,
    /// An invoice.
    Invoice(Box<InvoiceState>),
    /// A payment that is an object of its own.
    Payment(Box<PaymentState>),
    /// A credit note.
    CreditNote(Box<CreditNoteState>),
}

/// An invoice as it stands at its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvoiceState {
    /// What the source calls it: not its number.
    pub id: String,
    /// What it says; `None` where it is gone there and nothing of it can be read.
    pub invoice: Option<InvoiceInput>,
    /// Where it stands.
    pub standing: Standing,
    /// What was paid on it, as far as the source says with it.
    pub payments: Vec<PaymentOnInvoice>,
    /// Whether those are all: one that was there before and is not now has been taken back.
    pub all_payments: bool,
}

/// A credit note as it stands at its source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CreditNoteState {
    /// What the source calls it: not its number.
    pub id: String,
    /// What it says; `None`: it is void or gone, and what there was of it is taken back.
    pub note: Option<CreditNoteInput>,
}

impl InvoiceState {
    /// One that is void or gone there, and of which nothing else is said.
    pub fn gone(id: String) -> InvoiceState {
        InvoiceState {
            id,
            invoice: None,
            standing: Standing::Void,
            payments: Vec::new(),
            all_payments: false,
        }
    }
}

/// Where an invoice stands at its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is owed, or paid.
    Owed,
    /// Nobody owes it.
    Void,
    /// It is owed and will not be paid.
    Uncollectible,
}

/// Money that the source has received for one invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentOnInvoice {
    /// What it is called: one reference is one payment.
    pub reference: String,
    /// How much; `None`: what is left of the invoice, since the source only says that it is paid.
    pub amount: Option<Money>,
    /// When.
    pub received_on: NaiveDate,
    /// `card`, `bank_transfer`, ...
    pub method: String,
}

/// Money that the source has received, for several invoices or none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentState {
    /// What it is called: one reference is one payment.
    pub reference: String,
    /// The customer's key; none where the payment is gone.
    pub customer: Option<String>,
    /// How much; `None`: it is void or gone, and what there was of it is taken back.
    pub amount: Option<Money>,
    /// When; where it is gone, when that was.
    pub received_on: NaiveDate,
    /// `card`, `bank_transfer`, ...
    pub method: String,
    /// The source's ids of the invoices that it is for, and how much of it each gets.
    pub invoices: Vec<(String, Money)>,
}

/// What a deployment assumes of customers whose billing system does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Assumed {
    /// Where they are.
    pub country: Option<Country>,
    /// What they are.
    pub kind: CustomerKind,
}

/// A customer out of what a billing system knows: time zone and language are guessed from the country, a start that
/// the account's owner can correct.
pub fn customer(
    external_id: String,
    name: String,
    kind: CustomerKind,
    country: Country,
    currency: Currency,
    contacts: Vec<ContactInput>,
) -> CustomerInput {
    CustomerInput {
        external_id,
        name,
        kind,
        country,
        region: None,
        time_zone: country::time_zone_of(country),
        locale: country::locale_of(country).to_owned(),
        currency,
        terms_days: None,
        terms: None,
        credit_limit: None,
        policy: None,
        tags: Vec::new(),
        po_required: false,
        preferred_channel: None,
        preferred_payment_methods: Vec::new(),
        contacts,
        known_domains: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(ms).unwrap()
    }

    #[test]
    fn of_one_instant_the_rank_decides_and_then_the_name() {
        let newer = Version::new(at(2), 0, "a");
        let ranked = Version::new(at(1), 2, "a");
        let named = Version::new(at(1), 1, "b");
        let first = Version::new(at(1), 1, "a");
        assert!(newer > ranked && ranked > named && named > first);
        assert_eq!(Version::new(at(-5), 1, "a"), Version::new(at(0), 1, "a"));
    }

    proptest! {
        #[test]
        fn the_text_sorts_as_instant_and_rank_do(
            a in (0i64..100_000_000_000_000, any::<u32>()),
            b in (0i64..100_000_000_000_000, any::<u32>()),
        ) {
            let text = |(ms, rank): (i64, u32)| Version::new(at(ms), rank, "x").as_str().to_owned();
            prop_assert_eq!(text(a).cmp(&text(b)), a.cmp(&b));
        }
    }
}
