//! Calls that a machine makes: what each says, and what whoever answers makes of it.
//!
//! **Once.** A call has a page for its provider, found by a token of which only the hash is kept. Pressing a key twice does
//! no more than once: a promise is made once a call, and who wants no more calls wants none.
//! **Whoever answers.** Keys are pressed by whoever picked up the customer's telephone: the promise says so in its note.

use crate::agreements::{self, Account};
use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::law;
use crate::moment::Moment;
use crate::params;
use crate::promises::{self, PromiseView};
use crate::telephone::{self, Wish};
use chrono::NaiveDate;
use receivables::calendar;
use receivables::channel::Channel;
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, MessageId, PromiseId};
use receivables::intake::CustomerRef;
use receivables::promise::{PromiseInput, Rules};
use serde::Deserialize;

/// Days ahead for which a key press promises, where the policy lets a customer promise as far: a transfer that is sent off
/// the same week has come by then. Dunlin's own.
const PROMISE_DAYS: u32 = 7;

/// Keys of one call that are kept.
const KEYS: usize = 40;

statements! {
    PLACE = "INSERT INTO voice_calls (message_id, customer_id, token_hash, phone, currency, locale, words, invoices,
            placed_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        ON CONFLICT (message_id) DO UPDATE SET token_hash = excluded.token_hash, phone = excluded.phone,
            words = excluded.words, invoices = excluded.invoices, placed_at = excluded.placed_at, answered_at = NULL,
            keys = '', misses = 0";
    FIND = "SELECT json_object('message', message_id, 'customer', customer_id, 'phone', phone, 'currency', currency,
            'locale', locale, 'words', words, 'invoices', json(invoices), 'misses', misses, 'promise', promise_id)
        FROM voice_calls WHERE token_hash = ?";
    ANSWERED = "UPDATE voice_calls SET answered_at = coalesce(answered_at, ?2) WHERE message_id = ?1";
    PRESSED = "UPDATE voice_calls SET answered_at = coalesce(answered_at, ?2), keys = substr(keys || ?3, 1, ?4),
            misses = iif(?5, misses + 1, 0) WHERE message_id = ?1";
    PROMISED = "UPDATE voice_calls SET promise_id = ?2 WHERE message_id = ?1";
    OPEN = "SELECT json_quote(id) FROM invoices WHERE id IN (SELECT value FROM json_each(?)) AND balance_minor > 0";
    OF_MESSAGE = "SELECT answered_at IS NOT NULL FROM voice_calls WHERE message_id = ?";
    OF_PROVIDER = "SELECT v.answered_at IS NOT NULL FROM messages m JOIN voice_calls v ON v.message_id = m.id
        WHERE m.provider = ?1 AND m.provider_id = ?2";
}

/// A call about to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewCall<'a> {
    /// The message that it speaks.
    pub message: &'a MessageId,
    /// Whom it goes to.
    pub customer: &'a CustomerId,
    /// What is kept of the token of its page.
    pub token_hash: &'a str,
    /// The number, in E.164.
    pub phone: &'a str,
    /// What the account is kept in.
    pub currency: Currency,
    /// The customer's locale.
    pub locale: &'a str,
    /// What is said.
    pub words: &'a str,
    /// What it asks to be paid.
    pub invoices: &'a [InvoiceId],
}

/// Records a call before it is made. Made again, it has another page, and the one before has none.
pub async fn place(tx: &Tx<'_>, moment: Moment, call: &NewCall<'_>) -> Result<()> {
    let parameters = params![
        call.message.as_str(),
        call.customer.as_str(),
        call.token_hash,
        call.phone,
        call.currency.code(),
        call.locale,
        call.words,
        serde_json::to_string(call.invoices)?,
        moment.ms()
    ];
    tx.run(PLACE, parameters).await
}

/// A call that is being made.
#[derive(Debug, Clone, Deserialize)]
pub struct Call {
    /// The message that it speaks.
    pub message: MessageId,
    /// Whom it goes to.
    pub customer: CustomerId,
    /// The number.
    pub phone: String,
    /// What the account is kept in.
    pub currency: Currency,
    /// The customer's locale.
    pub locale: String,
    /// What is said.
    pub words: String,
    /// What it asks to be paid.
    pub invoices: Vec<InvoiceId>,
    /// How often in a row no key was pressed, or one that means nothing.
    pub misses: u32,
    /// What was promised in it.
    pub promise: Option<PromiseId>,
}

/// The call whose page has a token with this hash.
pub async fn find(db: &Db, token_hash: &str) -> Result<Option<Call>> {
    db.find(FIND, params![token_hash]).await
}

/// Somebody, and no machine, has picked up.
pub async fn answered(tx: &Tx<'_>, moment: Moment, call: &Call) -> Result<()> {
    tx.run(ANSWERED, params![call.message.as_str(), moment.ms()])
        .await
}

/// Whether somebody picked up the call of a message, by our id or by the provider's for it. `None`: there is no such call.
pub async fn was_answered(
    db: &Db,
    message: Option<&MessageId>,
    provider: &str,
    provider_id: &str,
) -> Result<Option<bool>> {
    let row = match message {
        Some(id) => db.row(OF_MESSAGE, params![id.as_str()]).await?,
        None => db.row(OF_PROVIDER, params![provider, provider_id]).await?,
    };
    row.map(|row| Ok(row.int(0)? != 0)).transpose()
}

/// What somebody does with the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// 1: hear it again.
    Again,
    /// 2: promise to pay.
    Promise,
    /// 9: no more calls.
    NoCalls,
    /// None, or one that means nothing.
    Other,
}

impl Key {
    /// What a key means.
    pub fn of(digits: &str) -> Self {
        match digits {
            "1" => Self::Again,
            "2" => Self::Promise,
            "9" => Self::NoCalls,
            _ => Self::Other,
        }
    }
}

/// What came of a key.
#[derive(Debug, Clone)]
pub enum Pressed {
    /// To be read again.
    Again,
    /// Promised, in this call or before in it.
    Promised(Box<PromiseView>),
    /// No promise could be made of it: a person is to be asked.
    NoPromise,
    /// There are to be no more calls.
    NoCalls,
    /// Nothing; how often in a row that is.
    Missed(u32),
}

/// Gives a key its effect. `source`: the provider that heard it.
pub async fn pressed(
    tx: &Tx<'_>,
    moment: Moment,
    source: &'static str,
    call: &Call,
    digits: &str,
) -> Result<Pressed> {
    let key = Key::of(digits);
    let missed = key == Key::Other;
    let kept: String = digits
        .chars()
        .filter(|c| c.is_ascii_digit() || "*#".contains(*c))
        .collect();
    let parameters = params![
        call.message.as_str(),
        moment.ms(),
        if kept.is_empty() { "-" } else { kept.as_str() },
        i64::try_from(KEYS).unwrap_or(i64::MAX),
        i64::from(missed)
    ];
    tx.run(PRESSED, parameters).await?;
    // Whoever presses a key has been spoken to.
    if !kept.is_empty() {
        law::conversation(tx, &call.message).await?;
    }
    Ok(match key {
        Key::Again => Pressed::Again,
        Key::Promise => promise(tx, moment, source, call).await?,
        Key::NoCalls => {
            let wish = Wish {
                source,
                number: &call.phone,
                given: false,
                how: "key 9 in a call",
                words: "9",
            };
            telephone::wished(tx, moment, Channel::Voice, &wish).await?;
            telephone::tell(
                tx,
                moment,
                std::slice::from_ref(&call.customer),
                "contact_opted_out",
                "Wants no more calls",
                &format!(
                    "Pressed 9 in a call to {}: no more calls go to this number.",
                    call.phone
                ),
                Some(call.message.to_string()),
            )
            .await?;
            Pressed::NoCalls
        }
        Key::Other => Pressed::Missed(call.misses.saturating_add(1)),
    })
}

async fn promise(tx: &Tx<'_>, moment: Moment, source: &'static str, call: &Call) -> Result<Pressed> {
    if let Some(made) = &call.promise {
        return Ok(Pressed::Promised(Box::new(promises::shown(tx, made).await?)));
    }
    let invoices: Vec<InvoiceId> = tx
        .list(OPEN, params![serde_json::to_string(&call.invoices)?])
        .await?;
    let promised_on = match promised_on(tx, moment, call).await? {
        Some(day) if !invoices.is_empty() => day,
        _ => return Ok(Pressed::NoPromise),
    };
    let input = PromiseInput {
        customer: CustomerRef::Id(call.customer.clone()),
        invoices,
        amount: None,
        currency: Some(call.currency),
        promised_on,
        grace_days: None,
        note: Some(format!("Key 2, pressed in a call to {}", call.phone)),
    };
    let Ok(made) = promises::make(tx, moment, &input, source).await? else {
        return Ok(Pressed::NoPromise);
    };
    tx.run(PROMISED, params![call.message.as_str(), made.as_str()])
        .await?;
    Ok(Pressed::Promised(Box::new(promises::shown(tx, &made).await?)))
}

/// The day for which a key promises: a week ahead, or as far as the policy lets anybody promise.
async fn promised_on(tx: &Tx<'_>, moment: Moment, call: &Call) -> Result<Option<NaiveDate>> {
    let reference = CustomerRef::Id(call.customer.clone());
    let Some(account) = Account::find(tx, &reference).await? else {
        return Ok(None);
    };
    let version = agreements::version_of(tx, moment, &call.customer, call.currency).await?;
    let rules = version.map_or_else(Rules::default, |version| version.policy.promises.clone());
    let days = i64::from(PROMISE_DAYS.min(rules.max_days));
    Ok(Some(calendar::plus_days(account.today(moment), days)))
}
