//! What carriers of telephones have in common: the number that is dialled, and the page of a call.

use crate::Letter;
use receivables::id::InvoiceId;
use receivables::telephone::e164;
use store::Tx;
use store::delivery::Outcome;
use store::voice::{self, NewCall};
use web::{Cx, Problem, secrets};

/// The number of a message's recipient, in E.164; or what becomes of the message without one.
pub(crate) fn number(letter: &Letter) -> Result<String, Outcome> {
    let phone = letter.message.to.phone.as_deref().unwrap_or_default();
    e164(phone).ok_or_else(|| {
        Outcome::Refused(format!(
            "{phone:?} does not say its country: write it as +46 8 123 456"
        ))
    })
}

/// A page of its own for a call, recorded before the call is made; the token that leads there. Nothing else knows it.
pub(crate) async fn page(cx: &Cx, letter: &Letter, phone: &str) -> Result<String, Problem> {
    let message = &letter.message;
    let token = secrets::token()?;
    let hash = secrets::hash(&token);
    let invoices: Vec<InvoiceId> = message
        .overdue
        .iter()
        .chain(&message.upcoming)
        .map(|line| line.id.clone())
        .collect();
    let call = NewCall {
        message: &message.id,
        customer: &message.customer,
        token_hash: &hash,
        phone,
        currency: message.currency,
        locale: &message.locale,
        words: &letter.rendered.text,
        invoices: &invoices,
    };
    let db = cx.db().await?;
    db.transaction(async |tx: &Tx<'_>| Ok::<_, Problem>(voice::place(tx, cx.moment(), &call).await?))
        .await?;
    Ok(token)
}
