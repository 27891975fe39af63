//! What billing and accounting systems say, given its effect.
//!
//! **Shape.** [`apply`] takes one object as it stands at its source ([`receivables::billing::Said`]) into the ledger;
//! [`generic`] does it for the events of systems that speak our own words.
//! **Once, in any order.** A state that is older than the newest one taken is ignored, the same one again changes
//! nothing, so whatever comes late or twice settles to the same books. A state counts as taken when all of it is.
//! **As far as the ledger allows.** What contradicts what is there (a number of something else, a total below what was
//! paid) fails with why, and is tried again: what stood in its way may go.

pub mod generic;
mod objects;
mod payment;

use crate::credit_notes;
use crate::customers::{self, Directory};
use crate::db::Tx;
use crate::error::Result;
use crate::inbound::{Effect, Worth};
use crate::invoices::{self, Amended, Taken, Voided};
use crate::moment::Moment;
use crate::write_offs::{self, WrittenOff};
use objects::Kind;
use receivables::billing::{CreditNoteState, InvoiceState, Object, Said, Standing, Version};
use receivables::fields::FieldError;
use receivables::id::{CreditNoteId, CustomerId, InvoiceId};
use receivables::intake::{CreditNoteInput, CustomerInput, CustomerRef, InvoiceInput};

#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    objects::ALL.to_vec()
}

/// What an object came to.
#[derive(Debug, Clone)]
pub struct Applied {
    /// What it did.
    pub effect: Effect,
    /// Whose it is, where that is known here.
    pub customer: Option<CustomerId>,
    /// Whether one that failed is worth another try.
    pub worth: Worth,
    /// What others may wait for that is here now, as they name it.
    pub brought: Vec<String>,
}

impl Applied {
    /// What cannot be understood says the same again.
    fn unread(why: impl Into<String>) -> Self {
        Self {
            worth: Worth::Nothing,
            ..Self::of(Effect::Failed(why.into()))
        }
    }

    fn of(effect: Effect) -> Self {
        Self {
            effect,
            customer: None,
            worth: Worth::Trying,
            brought: Vec::new(),
        }
    }
}

/// What an event waits for that names an invoice by its source's id.
pub fn invoice_awaited(id: &str) -> String {
    format!("invoice-id {id}")
}

/// The source's id in [`invoice_awaited`].
pub fn awaited_invoice(awaited: &str) -> Option<&str> {
    awaited.strip_prefix("invoice-id ")
}

/// Takes an object of `source` in as it stands there.
pub async fn apply(tx: &Tx<'_>, moment: Moment, source: &str, said: &Said) -> Result<Applied> {
    let customer = match &said.customer {
        Some(draft) => Some(follow(tx, moment, source, &said.version, draft).await?),
        None => None,
    };
    let mut applied = match &said.object {
        Object::Customer => Applied::of(match &customer {
            Some(id) => Effect::Processed(id.to_string()),
            None => Effect::Ignored("nothing is said of the customer".to_owned()),
        }),
        Object::Invoice(state) => invoice(tx, moment, source, &said.version, state).await?,
        Object::Payment(state) => payment::apply(tx, moment, source, &said.version, state).await?,
        Object::CreditNote(state) => credit_note(tx, moment, source, &said.version, state).await?,
    };
    applied.customer = applied.customer.or(customer);
    let whose = said.customer.iter();
    let here = whose.map(|draft| generic::customer_awaited(&draft.external_id));
    applied.brought.extend(here);
    Ok(applied)
}

/// Makes the customer that is not known yet. One that this source has brought follows it, each field for as long as
/// nobody has changed it here; any other is left as it is.
async fn follow(
    tx: &Tx<'_>,
    moment: Moment,
    source: &str,
    version: &Version,
    draft: &CustomerInput,
) -> Result<CustomerId> {
    let reference = CustomerRef::ExternalId(draft.external_id.clone());
    let directory = Directory::load(tx, std::iter::once(&reference)).await?;
    let text = serde_json::to_string(draft)?;
    let Some(known) = directory.get(&reference) else {
        let made = customers::upsert(tx, moment, std::slice::from_ref(draft)).await?;
        let (id, _) = made.into_iter().next().ok_or_else(|| objects::lost("customer"))?;
        objects::said(tx, source, &draft.external_id, version, id.as_str(), &text).await?;
        return Ok(id);
    };
    let seen = objects::find(tx, source, Kind::Customer, &draft.external_id).await?;
    if let Some(seen) = seen
        && seen.version.as_str() <= version.as_str()
        && let Some(before) = seen.said.filter(|before| *before != text)
    {
        customers::follow(tx, moment, &known.id, &before, &text).await?;
        objects::said(tx, source, &draft.external_id, version, known.id.as_str(), &text).await?;
    }
    Ok(known.id.clone())
}

async fn invoice(
    tx: &Tx<'_>,
    moment: Moment,
    source: &str,
    version: &Version,
    state: &InvoiceState,
) -> Result<Applied> {
    let seen = objects::find(tx, source, Kind::Invoice, &state.id).await?;
    if seen
        .as_ref()
        .is_some_and(|seen| seen.version.as_str() > version.as_str())
    {
        return Ok(Applied::of(older("invoice", &state.id)));
    }
    let known = seen.and_then(|seen| seen.entity);
    let taken = match (known, &state.invoice) {
        (Some(id), None) => Ok(InvoiceId::parse(&id).map_err(|_| objects::lost("invoice"))?),
        (None, None) => {
            objects::record(tx, source, Kind::Invoice, &state.id, version, None, None).await?;
            let why = format!("invoice {} is owed by nobody and was never here", state.id);
            return Ok(Applied::of(Effect::Ignored(why)));
        }
        (Some(id), Some(input)) => {
            let id = InvoiceId::parse(&id).map_err(|_| objects::lost("invoice"))?;
            take_back_write_off(tx, moment, source, &id, state.standing).await?;
            amend(tx, moment, &id, input, state.standing).await?
        }
        (None, Some(input)) => take(tx, moment, input).await?,
    };
    let id = match taken {
        Ok(id) => id,
        Err(effect) => return Ok(Applied::of(effect)),
    };
    // Known from here on, whatever becomes of the rest: the next try is about this invoice, and its version is
    // recorded when all of it is taken.
    objects::adopt(tx, source, &state.id, id.as_str()).await?;
    let effect = match payment::on_invoice(tx, moment, source, version, &id, state).await? {
        Some(refused) => refused,
        None => stand(tx, moment, source, &id, state.standing).await?,
    };
    let customer = invoices::standing(tx, &id)
        .await?
        .map(|standing| standing.customer);
    if matches!(effect, Effect::Processed(_)) {
        objects::record(
            tx,
            source,
            Kind::Invoice,
            &state.id,
            version,
            Some(id.as_str()),
            None,
        )
        .await?;
    }
    let number = state
        .invoice
        .iter()
        .map(|input| generic::invoice_awaited(&input.number));
    Ok(Applied {
        effect,
        customer,
        worth: Worth::Trying,
        brought: number.chain([invoice_awaited(&state.id)]).collect(),
    })
}

async fn take(
    tx: &Tx<'_>,
    moment: Moment,
    input: &InvoiceInput,
) -> Result<std::result::Result<InvoiceId, Effect>> {
    let taken = invoices::take(tx, moment, std::slice::from_ref(input)).await?;
    Ok(match taken.into_iter().next() {
        Some(Taken::Accepted(id) | Taken::Duplicate(id)) => Ok(id),
        Some(Taken::Conflict(id)) => Err(number_taken(&input.number, id.as_str())),
        Some(Taken::UnknownCustomer) => Err(Effect::Failed("its customer is not there".to_owned())),
        Some(Taken::Refused(error)) => Err(Effect::Failed(in_words(&[error]))),
        None => return Err(objects::lost("invoice")),
    })
}

async fn amend(
    tx: &Tx<'_>,
    moment: Moment,
    id: &InvoiceId,
    input: &InvoiceInput,
    standing: Standing,
) -> Result<std::result::Result<InvoiceId, Effect>> {
    Ok(match invoices::amend(tx, moment, id, input).await? {
        Amended::Done | Amended::Same => Ok(id.clone()),
        // What it says no longer matters: it is void, here and there.
        Amended::NotActive | Amended::Refused(_) if standing == Standing::Void => Ok(id.clone()),
        Amended::NotActive => Err(Effect::Failed(
            "it is void here, and what is void is not owed again".to_owned(),
        )),
        Amended::Refused(why) => Err(Effect::Failed(why)),
    })
}

/// What the source has given up and does no longer, or what was paid after all.
async fn take_back_write_off(
    tx: &Tx<'_>,
    moment: Moment,
    source: &str,
    id: &InvoiceId,
    standing: Standing,
) -> Result<()> {
    if standing != Standing::Uncollectible {
        let why = format!("{source} no longer calls it uncollectible");
        write_offs::take_back(tx, moment, id, &why, source).await?;
    }
    Ok(())
}

/// Brings the ledger's invoice to where the source's stands.
async fn stand(
    tx: &Tx<'_>,
    moment: Moment,
    source: &str,
    id: &InvoiceId,
    standing: Standing,
) -> Result<Effect> {
    let done = Effect::Processed(id.to_string());
    Ok(match standing {
        Standing::Owed => done,
        Standing::Void => {
            // Where nothing of it could be read there was no occasion yet.
            take_back_write_off(tx, moment, source, id, standing).await?;
            match invoices::void(tx, moment, id).await? {
                Voided::Done => done,
                Voided::HasPayments => {
                    Effect::Failed("money is allocated to it: reverse the payment first".to_owned())
                }
                Voided::WrittenOff => Effect::Failed("it is written off".to_owned()),
                Voided::Unknown => return Err(objects::lost("invoice")),
            }
        }
        Standing::Uncollectible => {
            let why = format!("Marked as uncollectible at {source}");
            match write_offs::write_off(tx, moment, id, None, &why, source).await? {
                WrittenOff::Done { .. } | WrittenOff::NothingOwed => done,
                WrittenOff::Unknown | WrittenOff::TooMuch(_) | WrittenOff::OtherCurrency(_) => {
                    return Err(objects::lost("invoice"));
                }
            }
        }
    })
}

async fn credit_note(
    tx: &Tx<'_>,
    moment: Moment,
    source: &str,
    version: &Version,
    state: &CreditNoteState,
) -> Result<Applied> {
    let seen = objects::find(tx, source, Kind::CreditNote, &state.id).await?;
    if seen
        .as_ref()
        .is_some_and(|seen| seen.version.as_str() > version.as_str())
    {
        return Ok(Applied::of(older("credit note", &state.id)));
    }
    let known = seen.and_then(|seen| seen.entity);
    let (effect, id) = match (&state.note, known) {
        (Some(note), _) => take_credit_note(tx, moment, note).await?,
        (None, Some(id)) => {
            let id = CreditNoteId::parse(&id).map_err(|_| objects::lost("credit note"))?;
            match credit_notes::void(tx, moment, &id).await? {
                credit_notes::Voided::Done(_) => (Effect::Processed(id.to_string()), None),
                credit_notes::Voided::Unknown => return Err(objects::lost("credit note")),
            }
        }
        (None, None) => {
            let why = format!("credit note {} is void and was never here", state.id);
            (Effect::Ignored(why), None)
        }
    };
    if !matches!(effect, Effect::Failed(_)) {
        let entity = id.as_ref().map(CreditNoteId::as_str);
        objects::record(tx, source, Kind::CreditNote, &state.id, version, entity, None).await?;
    }
    Ok(Applied::of(effect))
}

/// Its effect, and which one it is here.
async fn take_credit_note(
    tx: &Tx<'_>,
    moment: Moment,
    input: &CreditNoteInput,
) -> Result<(Effect, Option<CreditNoteId>)> {
    use credit_notes::Taken;
    Ok(match credit_notes::take(tx, moment, input).await? {
        Taken::Accepted(applied) | Taken::Duplicate(applied) => {
            (Effect::Processed(applied.id.to_string()), Some(applied.id))
        }
        Taken::Conflict(id) => match credit_notes::total(tx, &id).await? {
            // A credit that is set against other invoices there is the same credit: here it lowers what is owed by as
            // much.
            Some(total) if total == input.total => {
                let why = format!("{id}, which is set against other invoices there");
                (Effect::Processed(why), Some(id))
            }
            _ => (number_taken(&input.number, id.as_str()), None),
        },
        Taken::UnknownCustomer => (Effect::Failed("its customer is not there".to_owned()), None),
        Taken::OtherCurrency(currency) => {
            let why = format!("the invoice that it names is in {currency}");
            (Effect::Failed(why), None)
        }
    })
}

fn older(what: &str, id: &str) -> Effect {
    Effect::Ignored(format!("{what} {id} is known as it stood later"))
}

fn number_taken(number: &str, id: &str) -> Effect {
    Effect::Failed(format!(
        "number {number} is in the ledger with other content, as {id}"
    ))
}

fn in_words(errors: &[FieldError]) -> String {
    let each = errors
        .iter()
        .map(|error| format!("{}: {}", error.pointer, error.detail));
    each.collect::<Vec<_>>().join("; ")
}
