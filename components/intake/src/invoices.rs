//! Invoices: JSON (one or many), NDJSON, CSV, UBL, CII.

use crate::batch::LISTED;
use crate::e_invoices;
use crate::lines::{self, Shape};
use crate::{mappings, stream};
use formats::csv::write::{Cell, Table};
use receivables::fields::{FieldError, kinds};
use receivables::id::{CustomerId, InvoiceId};
use receivables::intake::InvoiceInput;
use store::billing::generic::{invoice_awaited, resume};
use store::invoices::{self, Taken, Voided};
use store::rejects::{self, Origin, Reject};
use store::views::{self, InvoiceFilter};
use store::{Db, Tx};
use web::{Cx, Principal, Problem, Reply, Scope, limits};

/// What this address reads.
const ACCEPTED: &str = "application/json, application/x-ndjson, text/csv, application/xml (UBL 2.1 Invoice or CreditNote, \
                        CII CrossIndustryInvoice)";

/// `POST /v1/invoices`.
pub(crate) async fn take(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Ingest).await?;
    let query = cx.query(&["source"])?;
    let source = query.get("source").cloned();
    if let Some(source) = &source {
        let name = kinds::slug(&serde_json::Value::from(source.as_str()));
        name.map_err(|problem| Problem::bad_request(format!("`source`: {}.", problem.detail)))?;
    }
    let media_type = cx.media_type();
    let table = match media_type.as_str() {
        "application/json" => return take_json(cx, &principal, source.as_deref()).await,
        "application/x-ndjson" | "application/jsonl" => None,
        "text/csv" => Some(stream::Table {
            encoding: mappings::encoding(cx)?,
            mapping: mappings::of(cx, source.as_deref()).await?,
        }),
        "application/xml" | "text/xml" => return e_invoices::take_document(cx, &principal).await,
        xml if xml.ends_with("+xml") => return e_invoices::take_document(cx, &principal).await,
        _ => return Err(Problem::unsupported_media_type(ACCEPTED)),
    };
    let request = stream::Request {
        principal: &principal,
        table,
        source,
    };
    stream::take(cx, &request).await
}

/// One object, or an array: in one transaction.
async fn take_json(cx: &Cx, principal: &Principal, source: Option<&str>) -> Result<Reply, Problem> {
    let bytes = cx.bytes(limits::BULK_BODY).await?;
    match lines::shape(&cx.media_type(), &bytes)? {
        Shape::One(value) => {
            let input = InvoiceInput::parse(&value).map_err(Problem::invalid)?;
            cx.once(principal, &bytes, async |tx| one(cx, tx, &input).await)
                .await
        }
        Shape::Many(items) => many(cx, principal, &bytes, &items, source).await,
    }
}

/// Takes one invoice and answers with it: 201 when new, 200 when it is the same again.
pub(crate) async fn one(cx: &Cx, tx: &Tx<'_>, input: &InvoiceInput) -> Result<Reply, Problem> {
    let (status, id) = taken_one(cx, tx, input).await?;
    Ok(Reply::json(status, &shown(tx, &id).await?))
}

/// Takes one invoice: the status to answer with, and its id.
pub(crate) async fn taken_one(
    cx: &Cx,
    tx: &Tx<'_>,
    input: &InvoiceInput,
) -> Result<(u16, InvoiceId), Problem> {
    let taken = invoices::take(tx, cx.moment(), std::slice::from_ref(input)).await?;
    let (status, id) = match taken.into_iter().next() {
        Some(Taken::Accepted(id)) => (201, id),
        Some(Taken::Duplicate(id)) => (200, id),
        Some(Taken::Conflict(id)) => return Err(conflict(&input.number, id.as_str())),
        Some(other) => return Err(Problem::invalid(refusal(input, &other))),
        None => return Err(Problem::internal("an invoice without an outcome")),
    };
    resume(tx, cx.moment(), vec![invoice_awaited(&input.number)]).await?;
    Ok((status, id))
}

/// An invoice as it is answered with.
pub(crate) async fn shown(db: &Db, id: &InvoiceId) -> Result<views::InvoiceView, Problem> {
    views::invoice(db, id)
        .await?
        .ok_or_else(|| Problem::not_found("There is no invoice with that id."))
}

/// 409: the number stands for something else already.
pub(crate) fn conflict(number: &str, id: &str) -> Problem {
    Problem::conflict(
        "number_taken",
        format!("Number {number} is in the ledger with other content, as {id}."),
    )
}

/// Why an invoice that could be read was not taken.
pub(crate) fn refusal(input: &InvoiceInput, taken: &Taken) -> Vec<FieldError> {
    let error = match taken {
        Taken::Accepted(_) | Taken::Duplicate(_) => return Vec::new(),
        Taken::Conflict(id) => FieldError::new(
            "/number",
            "number_taken",
            format!(
                "number {} is in the ledger with other content, as {id}",
                input.number
            ),
        ),
        Taken::UnknownCustomer => e_invoices::unknown_customer(),
        Taken::Refused(error) => error.clone(),
    };
    vec![error]
}

async fn many(
    cx: &Cx,
    principal: &Principal,
    bytes: &[u8],
    items: &[(u32, &str)],
    source: Option<&str>,
) -> Result<Reply, Problem> {
    let mut unread: Vec<Reject> = Vec::new();
    let parsed = lines::parse(items, InvoiceInput::parse, &mut unread);
    let (numbers, inputs): (Vec<u32>, Vec<InvoiceInput>) = parsed.into_iter().unzip();
    cx.once(principal, bytes, async |tx| {
        let (mut accepted, mut duplicates) = (0_usize, 0_usize);
        let mut rejected = unread.clone();
        let outcomes = invoices::take(tx, cx.moment(), &inputs).await?;
        for ((line, input), taken) in numbers.iter().zip(&inputs).zip(outcomes) {
            match taken {
                Taken::Accepted(_) => accepted = accepted.saturating_add(1),
                Taken::Duplicate(_) => duplicates = duplicates.saturating_add(1),
                other => {
                    let at = items.binary_search_by_key(line, |(number, _)| *number).ok();
                    let text = at.and_then(|index| items.get(index)).map_or("", |(_, text)| text);
                    let errors = refusal(input, &other);
                    let body = text.to_owned();
                    rejected.push(Reject {
                        line: *line,
                        errors,
                        body,
                    });
                }
            }
        }
        let brought = inputs.iter().map(|input| invoice_awaited(&input.number));
        resume(tx, cx.moment(), brought.collect()).await?;
        rejected.sort_by_key(|reject| reject.line);
        let origin = Origin {
            kind: "invoice",
            source,
            layout: None,
        };
        rejects::keep(tx, cx.moment(), origin, &rejected).await?;
        let listed = rejected.get(..LISTED).unwrap_or(&rejected);
        Ok(Reply::json(
            200,
            &serde_json::json!({"accepted": accepted, "duplicates": duplicates,
            "rejected": listed, "rejected_count": rejected.len()}),
        ))
    })
    .await
}

/// `GET /v1/invoices?status=&customer=&overdue=`, as JSON or as a table.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["status", "customer", "overdue", "number", "limit", "after"])?;
    let page = cx.page(&query)?;
    let db = cx.db().await?;
    if let Some(number) = query.get("number") {
        let rows = views::invoices_by_number(&db, number).await?;
        return match cx.wants_csv() {
            true => Ok(Reply::csv(table(&rows))),
            false => Ok(Reply::list(&rows, None)),
        };
    }
    let status = query.get("status").cloned();
    let known = ["open", "partly_paid", "paid", "void", "written_off"];
    if status.as_deref().is_some_and(|status| !known.contains(&status)) {
        return Err(Problem::bad_request(format!(
            "`status` is one of {}.",
            known.join(", ")
        )));
    }
    let overdue_on = match query.get("overdue").map(String::as_str) {
        None | Some("false") => None,
        Some("true") => Some(cx.moment().now.date_naive()),
        Some(_) => return Err(Problem::bad_request("`overdue` is true or false.")),
    };
    let customer = match query.get("customer") {
        None => None,
        Some(text) => Some(
            CustomerId::parse(text).map_err(|error| Problem::bad_request(format!("`customer`: {error}.")))?,
        ),
    };
    let after = match &page.after {
        None => None,
        Some(text) => {
            Some(InvoiceId::parse(text).map_err(|error| Problem::bad_request(format!("`after`: {error}.")))?)
        }
    };
    let filter = InvoiceFilter {
        customer,
        status,
        overdue_on,
        after,
    };
    let mut rows = views::invoices(&db, &filter, page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    if !cx.wants_csv() {
        return Ok(Reply::list(&rows, next));
    }
    let reply = Reply::csv(table(&rows));
    let Some(next) = next else { return Ok(reply) };
    let mut onward: Vec<(&str, &str)> = query
        .iter()
        .filter(|(name, _)| name.as_str() != "after")
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    onward.push(("after", &next));
    reply.with_next(cx.path(), &onward)
}

/// Invoices as a table, under the names that the intake of one knows.
fn table(rows: &[views::InvoiceView]) -> String {
    let mut table = Table::new(&[
        "number",
        "customer",
        "issue_date",
        "due_date",
        "currency",
        "total",
        "balance",
        "status",
        "kind",
        "disputed",
        "po_number",
        "order_number",
        "payment_reference",
        "id",
    ]);
    for row in rows {
        table.row([
            Cell::text(row.number.as_str()),
            Cell::text(row.customer.external_id.as_str()),
            Cell::text(row.issue_date.to_string()),
            Cell::text(row.due_date.to_string()),
            Cell::text(row.currency.code()),
            Cell::number(row.total.amount()),
            Cell::number(row.balance.amount()),
            Cell::text(row.status.as_str()),
            Cell::text(row.kind.as_str()),
            Cell::text(if row.disputed { "true" } else { "false" }),
            Cell::optional(row.po_number.as_deref()),
            Cell::optional(row.order_number.as_deref()),
            Cell::optional(row.payment_reference.as_deref()),
            Cell::text(row.id.as_str()),
        ]);
    }
    table.finish()
}

/// `POST /v1/invoices/{id}/void`.
pub(crate) async fn void(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Ingest).await?;
    let unknown = || Problem::not_found("There is no invoice with that id.");
    let id = InvoiceId::parse(id).map_err(|_| unknown())?;
    let bytes = cx.bytes(limits::BODY).await?;
    cx.once(&principal, &bytes, async |tx| {
        match invoices::void(tx, cx.moment(), &id).await? {
            Voided::Done => Ok(Reply::json(200, &shown(tx, &id).await?)),
            Voided::Unknown => Err(unknown()),
            Voided::HasPayments => Err(Problem::conflict(
                "has_payments",
                "Money is allocated to this invoice: reverse the payment first.",
            )),
            Voided::WrittenOff => Err(Problem::conflict("written_off", "This invoice is written off.")),
        }
    })
    .await
}
