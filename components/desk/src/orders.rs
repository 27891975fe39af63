//! Orders, and whether a customer's credit limit bears them.

use crate::{parameter, word};
use receivables::credit::{OrderInput, OrderStatus};
use receivables::id::{CustomerId, OrderId};
use store::orders::{self, Changed, Taken};
use store::{Db, accounts};
use web::{Cx, Problem, Reply, Scope};

fn unknown() -> Problem {
    Problem::not_found("There is no order with that id.")
}

/// `POST /v1/orders`.
pub(crate) async fn take(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Ingest).await?;
    let (value, bytes) = cx.json().await?;
    let input = OrderInput::parse(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let customer = crate::named(tx, &input.customer).await?;
        let account = accounts::find(tx, cx.moment(), &customer).await?;
        let account = account.ok_or_else(crate::no_customer)?;
        let taken = orders::take(tx, cx.moment(), &customer, &account, &input, &principal.id).await?;
        let (status, id) = match taken {
            Taken::Accepted(id) => (201, id),
            Taken::Duplicate(id) => (200, id),
            Taken::Conflict(id) => {
                return Err(Problem::conflict(
                    "number_taken",
                    format!("Order {} is there with other content, as {id}.", input.number),
                ));
            }
        };
        shown(tx, &id, status).await
    })
    .await
}

/// An order, and how its customer's limit stands now.
async fn shown(db: &Db, id: &OrderId, status: u16) -> Result<Reply, Problem> {
    let order = orders::one(db, id).await?.ok_or_else(unknown)?;
    let credit = orders::credit(db, &order.customer_id, order.currency).await?;
    Reply::json(status, &order).with_member("credit", &credit)
}

/// `GET /v1/orders?status=&customer=`.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["status", "customer", "limit", "after"])?;
    let page = cx.page(&query)?;
    let status = word(&query, "status", OrderStatus::NAMES)?;
    let customer = parameter(&query, "customer", "a customer's id", |text| {
        CustomerId::parse(text).ok()
    })?;
    let after = parameter(&query, "after", "a cursor", |text| OrderId::parse(text).ok())?;
    let db = cx.db().await?;
    let mut rows = orders::list(&db, customer.as_ref(), status, after.as_ref(), page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/orders/{id}`.
pub(crate) async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let id = OrderId::parse(id).map_err(|_| unknown())?;
    shown(&cx.db().await?, &id, 200).await
}

/// `POST /v1/orders/{id}/release`: a blocked order is delivered all the same.
pub(crate) async fn release(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    change(cx, id, OrderStatus::Open, Scope::Approve).await
}

/// `POST /v1/orders/{id}/close`: it was delivered and is invoiced under another name, or not at all.
pub(crate) async fn close(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    change(cx, id, OrderStatus::Closed, Scope::Ingest).await
}

/// `POST /v1/orders/{id}/cancel`: it will not be delivered.
pub(crate) async fn cancel(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    change(cx, id, OrderStatus::Cancelled, Scope::Ingest).await
}

async fn change(cx: &Cx, id: &str, next: OrderStatus, scope: Scope) -> Result<Reply, Problem> {
    let principal = cx.require(scope).await?;
    let id = OrderId::parse(id).map_err(|_| unknown())?;
    cx.once(&principal, b"", async |tx| {
        match orders::change(tx, cx.moment(), &id, next, &principal.id).await? {
            Changed::Done => shown(tx, &id, 200).await,
            Changed::Unknown => Err(unknown()),
            Changed::NotFrom(status) => Err(Problem::conflict(
                "wrong_status",
                format!(
                    "The order is {}; it cannot become {}.",
                    status.as_str(),
                    next.as_str()
                ),
            )),
        }
    })
    .await
}
