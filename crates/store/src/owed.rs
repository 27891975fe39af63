//! What is owed on an invoice, for [`receivables::paylink::Owed`] to say what is asked for of it: by messages and by
//! links alike.

use chrono::NaiveDate;
use receivables::currency::Currency;
use receivables::money::Money;
use receivables::paylink::Owed;
use serde::Deserialize;

/// The members of a JSON object that [`OwedRow`] reads, of the invoice `i`.
macro_rules! owed_members {
    () => {
        "'balance_minor', i.balance_minor, 'disputed_minor', i.disputed_minor, 'parts', json(iif(i.parts = 0, '[]',
            (SELECT json_group_array(json_array(n.due_on, n.balance_minor)) FROM instalments n
                WHERE n.invoice_id = i.id AND n.balance_minor > 0)))"
    };
}
pub(crate) use owed_members;

#[derive(Debug, Deserialize)]
pub(crate) struct OwedRow {
    balance_minor: i64,
    disputed_minor: i64,
    parts: Vec<(NaiveDate, i64)>,
}

impl OwedRow {
    pub(crate) fn owed(&self, currency: Currency) -> Owed {
        let money = |minor| Money::new(minor, currency);
        Owed {
            balance: money(self.balance_minor),
            disputed: money(self.disputed_minor),
            parts: self
                .parts
                .iter()
                .map(|(on, minor)| (*on, money(*minor)))
                .collect(),
        }
    }
}
