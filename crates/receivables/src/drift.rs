//! Drift: where another system says something else of an invoice than the ledger does.
//!
//! Shape: one invoice, as it stands here and as the other system has it, in; what differs, out. A status is compared
//! by what it means for a debt: something is open, nothing is, it was voided, it was given up. Balances are compared
//! where both sides call it open, and in one currency alone.
//!
//! Source: Dunlin's own rule.

use serde::Serialize;
use serde_json::Value;

use crate::currency::Currency;
use crate::fields::{FieldError, Fields, kinds};
use crate::limits;
use crate::money::Money;
use crate::names::names;

/// What a status means for a debt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Something is owed.
    Open,
    /// Nothing is owed any more.
    Paid,
    /// It was never owed.
    Void,
    /// It was given up.
    WrittenOff,
}

/// The names of statuses, here and there.
const STATUSES: &[(&str, Standing)] = &[
    ("open", Standing::Open),
    ("partly_paid", Standing::Open),
    ("paid", Standing::Paid),
    ("void", Standing::Void),
    ("written_off", Standing::WrittenOff),
];

impl Standing {
    /// What a status means.
    pub fn of(status: &str) -> Option<Standing> {
        STATUSES
            .iter()
            .find(|(name, _)| *name == status)
            .map(|(_, standing)| *standing)
    }
}

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Difference {
    /// Paid here, open there.
    PaidHereOpenThere,
    /// Open here, paid there.
    OpenHerePaidThere,
    /// Void here, open there.
    VoidHereOpenThere,
    /// Open here, void there.
    OpenHereVoidThere,
    /// Given up here, open there.
    WrittenOffHereOpenThere,
    /// Open here, given up there.
    OpenHereWrittenOffThere,
    /// Neither side calls it open, and they disagree why.
    ClosedOtherwise,
    /// Both call it open, and another amount is.
    BalanceDiffers,
    /// It is in another currency.
    CurrencyDiffers,
    /// It is another customer's.
    CustomerDiffers,
    /// Known there alone.
    MissingHere,
    /// Open here, and not named there.
    MissingThere,
    /// Several invoices here have that number, and no customer tells which is meant.
    Ambiguous,
    /// The other system names it more than once.
    NamedTwice,
}

names! { Difference {
    "paid_here_open_there" => PaidHereOpenThere, "open_here_paid_there" => OpenHerePaidThere,
    "void_here_open_there" => VoidHereOpenThere, "open_here_void_there" => OpenHereVoidThere,
    "written_off_here_open_there" => WrittenOffHereOpenThere,
    "open_here_written_off_there" => OpenHereWrittenOffThere, "closed_otherwise" => ClosedOtherwise,
    "balance_differs" => BalanceDiffers, "currency_differs" => CurrencyDiffers,
    "customer_differs" => CustomerDiffers, "missing_here" => MissingHere, "missing_there" => MissingThere,
    "ambiguous" => Ambiguous, "named_twice" => NamedTwice,
} }

/// An invoice as one side has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Side {
    /// `open`, `partly_paid`, `paid`, `void` or `written_off`.
    pub status: String,
    /// What is owed on it.
    pub balance: Money,
    /// Whose, by the customer's external id, where said.
    pub customer: Option<String>,
}

/// An invoice as the other system has it: `{"number", "status", "balance", "currency", "customer"?}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct There {
    /// The creditor's number.
    pub number: String,
    /// How it stands.
    pub side: Side,
}

impl There {
    /// Reads a line; every problem at once.
    pub fn parse(value: &Value) -> Result<There, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let number = fields.required("number", kinds::text(limits::NUMBER));
        let status = fields.required("status", kinds::one_of(STATUSES_BY_NAME));
        let currency = fields.required("currency", kinds::currency);
        let balance = fields.required_given("balance", currency, |currency: Currency| {
            kinds::money_in(currency)
        });
        let customer = fields.optional("customer", kinds::text(limits::KEY));
        fields.finish(|| {
            Some(There {
                number: number?,
                side: Side {
                    status: status?.to_owned(),
                    balance: balance?,
                    customer,
                },
            })
        })
    }
}

/// The names of statuses once more, each standing for itself.
const STATUSES_BY_NAME: &[(&str, &str)] = &[
    ("open", "open"),
    ("partly_paid", "partly_paid"),
    ("paid", "paid"),
    ("void", "void"),
    ("written_off", "written_off"),
];

/// What differs between the two sides of one invoice, if anything. In another currency nothing else can be compared.
pub fn differences(here: &Side, there: &Side) -> Vec<Difference> {
    let mut found = Vec::new();
    if there.customer.is_some() && there.customer != here.customer {
        found.push(Difference::CustomerDiffers);
    }
    if here.balance.currency() != there.balance.currency() {
        found.push(Difference::CurrencyDiffers);
        return found;
    }
    let standings = Standing::of(&here.status).zip(Standing::of(&there.status));
    let differs = standings.and_then(|(ours, theirs)| match (ours, theirs) {
        (Standing::Open, Standing::Open) => {
            (here.balance != there.balance).then_some(Difference::BalanceDiffers)
        }
        (Standing::Open, Standing::Paid) => Some(Difference::OpenHerePaidThere),
        (Standing::Open, Standing::Void) => Some(Difference::OpenHereVoidThere),
        (Standing::Open, Standing::WrittenOff) => Some(Difference::OpenHereWrittenOffThere),
        (Standing::Paid, Standing::Open) => Some(Difference::PaidHereOpenThere),
        (Standing::Void, Standing::Open) => Some(Difference::VoidHereOpenThere),
        (Standing::WrittenOff, Standing::Open) => Some(Difference::WrittenOffHereOpenThere),
        (ours, theirs) => (ours != theirs).then_some(Difference::ClosedOtherwise),
    });
    found.extend(differs);
    found
}

#[cfg(test)]
mod tests;
