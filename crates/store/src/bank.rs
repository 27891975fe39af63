//! Bank statements: kept, matched, and what people decide about their lines.
//!
//! **Shape.** [`take`] keeps statements and their lines in a commit of its own, so that nothing is lost. [`settle`] then
//! judges what is `received`, page by page: it loads what may be meant ([`receivables::matching::Book`]), judges outside
//! of any transaction, and applies in short ones, each of which looks again whether what was judged is still so.
//! Whatever is cut off stays `received` and is judged by whoever comes next.
//! **Once.** A line is UNIQUE by account, currency and what the bank calls it, or says of it
//! ([`formats::statement::Statement::keys`]). An entry that came as a whole is not taken in parts again, nor the other
//! way round. What is matched becomes a payment of source `bank` whose reference is the line's id.

mod advice;
mod book;
mod by_hand;
mod debits;
mod payouts;
mod report;
mod settle;
mod take;
mod view;

pub use advice::{Advice, AdviceView, advices, keep_advice, one_advice};
pub use by_hand::{Decision, Match, decide, unmatch};
pub use payouts::{PayoutView, Payouts, keep_payout, one_payout};
pub use report::{Report, report};
pub use settle::{Counts, counts, settle};
pub use take::{Kept, take};
pub use view::{LineView, StatementView, line, lines, statement_list};

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use data_encoding::HEXLOWER;
use receivables::id::CustomerId;
use receivables::money::Money;
use serde_json::Value;
use sha2::{Digest, Sha256};

statements! {
    MAPPING = "SELECT mapping FROM statement_mappings WHERE name = ?";
    PUT_MAPPING = "INSERT INTO statement_mappings (name, mapping, updated_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (name) DO UPDATE SET mapping = excluded.mapping, updated_at = excluded.updated_at";
    TEACH = "INSERT INTO payer_accounts (account, customer_id, name, times, last_at) VALUES (?1, ?2, ?3, 1, ?4)
        ON CONFLICT (account, customer_id) DO UPDATE SET times = times + 1, last_at = excluded.last_at,
            name = coalesce(excluded.name, name)";
    FORGET = "UPDATE payer_accounts SET times = times - 1 WHERE account = ?1 AND customer_id = ?2 AND times > 1";
    FORGET_ALL = "DELETE FROM payer_accounts WHERE account = ?1 AND customer_id = ?2 AND times = 1";
}

#[cfg(test)]
pub(crate) fn all_statements() -> Vec<(&'static str, &'static str)> {
    [
        ALL,
        advice::ALL,
        book::ALL,
        by_hand::ALL,
        debits::ALL,
        payouts::ALL,
        report::ALL,
        settle::ALL,
        take::ALL,
        view::ALL,
    ]
    .concat()
}

/// The source of payments that a bank confirms.
pub const SOURCE: &str = "bank";
/// How such money came.
const METHOD: &str = "bank_transfer";

fn hash(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text))
}

/// The saved mapping of a name, as it was put.
pub async fn mapping(db: &Db, name: &str) -> Result<Option<Value>> {
    db.find(MAPPING, params![name]).await
}

/// Saves a mapping under a name, in the place of the one before.
pub async fn put_mapping(db: &Db, moment: Moment, name: &str, mapping: &Value) -> Result<()> {
    db.run(PUT_MAPPING, params![name, mapping.to_string(), moment.ms()])
        .await
}

/// An account as it is compared: letters and digits, the letters large.
fn account_key(account: &str) -> String {
    let plain = account.chars().filter(|c| c.is_alphanumeric());
    plain.flat_map(char::to_uppercase).collect()
}

/// Remembers that a customer pays from an account, under a name.
async fn teach(
    tx: &Tx<'_>,
    moment: Moment,
    account: Option<&str>,
    customer: &CustomerId,
    name: Option<&str>,
) -> Result<()> {
    let Some(account) = account.map(account_key).filter(|account| !account.is_empty()) else {
        return Ok(());
    };
    tx.run(TEACH, params![account, customer.as_str(), name, moment.ms()])
        .await
}

/// Takes back what one match has taught.
async fn unteach(tx: &Tx<'_>, account: Option<&str>, customer: &CustomerId) -> Result<()> {
    let Some(account) = account.map(account_key).filter(|account| !account.is_empty()) else {
        return Ok(());
    };
    tx.run(FORGET_ALL, params![account.as_str(), customer.as_str()])
        .await?;
    tx.run(FORGET, params![account, customer.as_str()]).await
}

/// An amount without its sign.
fn size(amount: Money) -> Result<Money> {
    Ok(match amount.is_negative() {
        true => amount.checked_neg()?,
        false => amount,
    })
}
