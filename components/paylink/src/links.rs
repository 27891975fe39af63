//! Making and revoking links over the API.

use chrono::{DateTime, Duration, Utc};
use receivables::currency::Currency;
use receivables::fields::FieldError;
use receivables::id::{CustomerId, InvoiceId, LinkId};
use receivables::intake::PaymentLinkInput;
use receivables::money::Money;
use store::customers::Directory;
use store::links::{self, NewLink, Payable};
use store::{Db, Tx};
use web::{Cx, Principal, Problem, Reply, Scope, rfc3339, secrets};

/// How long a link works where the request does not say.
const LASTS: Duration = Duration::days(30);
/// And how long at most: nobody remembers a link of a year ago, and it would still open.
const LASTS_AT_MOST: Duration = Duration::days(366);

/// `POST /v1/payment-links`.
pub(crate) async fn create(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let input = PaymentLinkInput::parse(&value).map_err(Problem::invalid)?;
    let expires_at = expiry(cx, &input)?;
    let token = token(cx, &principal, &bytes).await?;
    let public_url = cx.required_setting("public_url").await?;
    let reply = cx
        .once(&principal, &bytes, async |tx| {
            let (customer, currency, invoices, asked) = subject(cx, tx, &input).await?;
            let link = NewLink {
                id: cx.moment().id(LinkId::from_parts)?,
                token_hash: secrets::hash(&token),
                customer,
                message: None,
                currency,
                amount: input.amount,
                allow_partial: input.allow_partial,
                minimum: input.minimum,
                expires_at,
                invoices,
            };
            links::create(tx, cx.moment(), std::slice::from_ref(&link)).await?;
            Ok(Reply::json(
                201,
                &serde_json::json!({"id": link.id, "customer": {"id": link.customer}, "amount": asked,
                    "invoices": link.invoices, "allow_partial": link.allow_partial, "minimum": link.minimum,
                    "expires_at": rfc3339(expires_at.timestamp_millis())?, "status": "open"}),
            ))
        })
        .await?;
    // Added last: what is kept for a replay must not hold the token.
    reply.with_member(
        "url",
        &format!("{}/pay/{token}", public_url.trim_end_matches('/')),
    )
}

fn expiry(cx: &Cx, input: &PaymentLinkInput) -> Result<DateTime<Utc>, Problem> {
    let now = cx.moment().now;
    let refused = |code, detail: String| Problem::invalid_field("/expires_at", code, detail);
    let latest = now.checked_add_signed(LASTS_AT_MOST);
    match input.expires_at {
        None => now
            .checked_add_signed(LASTS)
            .ok_or_else(|| Problem::internal("the calendar has ended")),
        Some(at) if at <= now => Err(refused("in_the_past", format!("{at} has passed"))),
        Some(at) if latest.is_some_and(|latest| at > latest) => Err(refused(
            "too_far",
            format!("a link works for at most {} days", LASTS_AT_MOST.num_days()),
        )),
        Some(at) => Ok(at),
    }
}

/// Random; with an `Idempotency-Key`, derived from it, so that a replay can give the same link again.
async fn token(cx: &Cx, principal: &Principal, body: &[u8]) -> Result<String, Problem> {
    match cx.idempotency_key()? {
        None => secrets::token(),
        Some(key) => {
            let secret = cx.required_setting("admin_key").await?;
            secrets::derived_token(
                &secret,
                &[b"payment-link", principal.id.as_bytes(), key.as_bytes(), body],
            )
        }
    }
}

/// Who is to pay, in which currency, which invoices, and how much as of now.
async fn subject(
    cx: &Cx,
    tx: &Tx<'_>,
    input: &PaymentLinkInput,
) -> Result<(CustomerId, Currency, Vec<InvoiceId>, Money), Problem> {
    let directory = Directory::load(tx, std::iter::once(&input.customer)).await?;
    let customer = directory
        .get(&input.customer)
        .map(|known| known.id.clone())
        .ok_or_else(|| Problem::invalid_field("/customer", "unknown_customer", "no such customer"))?;
    let (currency, payables) = match input.invoices.is_empty() {
        true => everything_open(cx, tx, &customer, input.amount).await?,
        false => named(cx, tx, &customer, &input.invoices).await?,
    };
    let sum = |amounts: &mut dyn Iterator<Item = Money>| {
        Money::checked_sum(currency, amounts)
            .map_err(|error| Problem::unprocessable("amount_out_of_range", error.to_string()))
    };
    let owed = sum(&mut payables.iter().map(|invoice| invoice.balance))?;
    let asked = match input.amount {
        Some(amount) => amount,
        None => sum(&mut payables.iter().map(|invoice| invoice.asked))?,
    };
    let mut errors = Vec::new();
    if asked.currency() != currency {
        let detail = format!("the invoices are in {currency}");
        errors.push(FieldError::new("/amount", "currency_mismatch", detail));
    } else if asked.minor() > owed.minor() {
        errors.push(FieldError::new(
            "/amount",
            "more_than_owed",
            format!("no more than {owed} is owed"),
        ));
    }
    match input.minimum {
        Some(minimum) if minimum.currency() != currency => {
            errors.push(FieldError::new(
                "/minimum",
                "currency_mismatch",
                format!("the invoices are in {currency}"),
            ));
        }
        Some(minimum) if minimum.minor() > asked.minor() => {
            errors.push(FieldError::new(
                "/minimum",
                "more_than_amount",
                format!("the link asks for {asked}"),
            ));
        }
        _ => {}
    }
    match errors.is_empty() {
        _ if !owed.is_positive() => Err(nothing_owed("Nothing is owed on these invoices.")),
        _ if !asked.is_positive() => Err(nothing_owed("All that is owed on these invoices is in dispute.")),
        true => {
            let invoices = payables.into_iter().map(|invoice| invoice.id).collect();
            Ok((customer, currency, invoices, asked))
        }
        false => Err(Problem::invalid(errors)),
    }
}

fn nothing_owed(detail: &str) -> Problem {
    Problem::unprocessable("nothing_owed", detail)
}

async fn everything_open(
    cx: &Cx,
    db: &Db,
    customer: &CustomerId,
    amount: Option<Money>,
) -> Result<(Currency, Vec<Payable>), Problem> {
    let nothing = || nothing_owed("This customer has no open invoice to pay.");
    let currency = match amount {
        Some(amount) => amount.currency(),
        None => links::main_currency(db, customer).await?.ok_or_else(nothing)?,
    };
    let open = links::open_of(db, cx.moment(), customer, currency).await?;
    match open.is_empty() {
        true => Err(nothing()),
        false => Ok((currency, open)),
    }
}

async fn named(
    cx: &Cx,
    db: &Db,
    customer: &CustomerId,
    ids: &[InvoiceId],
) -> Result<(Currency, Vec<Payable>), Problem> {
    let mut found = links::payables(db, cx.moment(), ids).await?;
    found.retain(|invoice| invoice.customer == *customer);
    found.sort_by_key(|invoice| ids.iter().position(|id| *id == invoice.id));
    let currency = found.first().map(|invoice| invoice.balance.currency());
    let mut errors = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        let pointer = format!("/invoices/{index}");
        match found.iter().find(|invoice| invoice.id == *id) {
            None => errors.push(FieldError::new(
                pointer,
                "unknown_invoice",
                "this customer has no such invoice",
            )),
            Some(invoice) if Some(invoice.balance.currency()) != currency => errors.push(FieldError::new(
                pointer,
                "currency_mismatch",
                "a link is in one currency",
            )),
            Some(_) => {}
        }
    }
    match currency {
        Some(currency) if errors.is_empty() => Ok((currency, found)),
        _ => Err(Problem::invalid(errors)),
    }
}

/// `POST /v1/payment-links/{id}/revoke`.
pub(crate) async fn revoke(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let unknown = || Problem::not_found("There is no payment link with that id.");
    let id = LinkId::parse(id).map_err(|_| unknown())?;
    cx.once(&principal, b"", async |tx| {
        match links::revoke(tx, cx.moment(), &id).await? {
            true => Ok(Reply::json(
                200,
                &serde_json::json!({"id": id, "status": "revoked"}),
            )),
            false => Err(unknown()),
        }
    })
    .await
}
