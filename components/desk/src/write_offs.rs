//! Writing an invoice off, or a part of it.

use crate::approvals::ask;
use receivables::approval::ApprovalKind;
use receivables::fields::{FieldError, Fields, kinds};
use receivables::id::InvoiceId;
use receivables::limits;
use receivables::money::Money;
use serde_json::Value;
use store::approvals::Request;
use store::write_offs::{self, WrittenOff};
use store::{accounts, views};
use web::{Cx, Problem, Reply, Scope};

fn no_invoice() -> Problem {
    Problem::not_found("There is no invoice with that id.")
}

/// `{"amount"?, "reason"}`; without an amount, all that is left.
fn parse(value: &Value) -> Result<(Option<Money>, String), Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let amount = fields.optional("amount", kinds::positive_money);
    let reason = fields.required("reason", kinds::text(limits::TEXT));
    fields.finish(|| Some((amount, reason?)))
}

/// `POST /v1/invoices/{id}/write-off`: 200 when it is done, 202 when somebody has to agree.
pub(crate) async fn write_off(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let (amount, why) = parse(&value).map_err(Problem::invalid)?;
    let id = InvoiceId::parse(id).map_err(|_| no_invoice())?;
    cx.once(&principal, &bytes, async |tx| {
        let (customer, amount) = match write_offs::would_write_off(tx, &id, amount).await? {
            WrittenOff::Done { customer, amount } => (customer, amount),
            refused => return Err(problem(&refused)),
        };
        let account = accounts::find(tx, cx.moment(), &customer)
            .await?
            .ok_or_else(no_invoice)?;
        if account
            .policy()
            .approvals
            .needed(ApprovalKind::WriteOff, Some(amount))
        {
            let request = Request {
                kind: ApprovalKind::WriteOff,
                customer: &customer,
                subject: serde_json::json!({"invoice": id}),
                amount: Some(amount),
                asked_by: &principal.id,
                comment: Some(&why),
            };
            return ask(cx, tx, &request).await;
        }
        write_offs::write_off(tx, cx.moment(), &id, Some(amount), &why, &principal.id).await?;
        let view = views::invoice(tx, &id).await?;
        Ok(Reply::json(200, &view.ok_or_else(no_invoice)?))
    })
    .await
}

fn problem(refused: &WrittenOff) -> Problem {
    match refused {
        WrittenOff::Done { .. } | WrittenOff::Unknown => no_invoice(),
        WrittenOff::NothingOwed => Problem::conflict("nothing_owed", "Nothing is left to write off."),
        WrittenOff::TooMuch(balance) => Problem::invalid_field(
            "/amount",
            "out_of_range",
            format!("{balance} is left of it; no more can be written off"),
        ),
        WrittenOff::OtherCurrency(currency) => Problem::invalid_field(
            "/amount",
            "currency_mismatch",
            format!("the invoice is in {currency}"),
        ),
    }
}
