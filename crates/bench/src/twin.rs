//! The same work natively: axum, rusqlite, and the rules and statements that the components run.
//!
//! A handler does what the component's does, in its order: who asks, parse, one transaction, render. Work on the
//! database runs on threads made for blocking, each with a connection of its own, as is usual with rusqlite; nothing
//! there ever waits for anything but SQLite, so one poll brings every future to its end.

mod console;
pub(crate) mod payments;

use crate::subject::{ADMIN_KEY, CRON_KEY, Running};
use crate::{probe, seed};
use anyhow::{Context, bail};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Query};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use receivables::intake::InvoiceInput;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::path::Path;
use store::invoices::{self, Taken};
use store::{Database, Db, StoreError, Tx, dunning, use_database, views};

/// Where the twin tells what its statements took.
pub(crate) const STATEMENTS: &str = "/statements";
/// Set where they are to be counted, which costs a little.
pub(crate) const COUNT_STATEMENTS: &str = "count_statements";

/// Serves `file` until the process is ended; says where on standard output.
pub(crate) fn serve(file: &Path) -> anyhow::Result<()> {
    let counted = std::env::var_os(COUNT_STATEMENTS.to_uppercase()).is_some();
    use_database(Database {
        file: file.to_owned(),
        on_open: if counted { probe::watch } else { |_| {} },
    });
    let router = Router::new()
        .route("/v1/invoices", post(take_invoices))
        .route("/v1/customers", get(list_customers))
        .route("/v1/reports/aging", get(aging))
        .route("/v1/reports/worklist", get(worklist))
        .route("/internal/sweep", post(sweep))
        .route("/webhooks/sandbox", post(payments::webhook))
        .route("/console", get(console::home))
        .route(STATEMENTS, get(statements))
        .layer(DefaultBodyLimit::max(web::limits::BULK_BODY));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let running = Running {
            address: listener.local_addr()?,
            pid: std::process::id(),
        };
        println!("{}", serde_json::to_string(&running)?);
        let listener = axum::serve::ListenerExt::tap_io(listener, |stream| {
            // As the app's host does; without it an answer may wait for the client's acknowledgement.
            drop(stream.set_nodelay(true));
        });
        Ok(axum::serve(listener, router).await?)
    })
}

/// An answer, or why there is none.
type Outcome = anyhow::Result<(StatusCode, &'static str, Vec<u8>)>;

fn as_json(status: StatusCode, value: &impl Serialize) -> Outcome {
    Ok((status, "application/json", serde_json::to_vec(value)?))
}

/// Runs `work` where it may block.
async fn on_thread<F, W>(work: W) -> Response
where
    F: Future<Output = Outcome>,
    W: FnOnce() -> F + Send + 'static,
{
    let runtime = tokio::runtime::Handle::current();
    let done = tokio::task::spawn_blocking(move || runtime.block_on(work())).await;
    match done.map_err(anyhow::Error::from).and_then(|outcome| outcome) {
        Ok((status, media_type, body)) => {
            (status, [(header::CONTENT_TYPE, media_type)], body).into_response()
        }
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:#}")).into_response(),
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("")
}

fn authorize(headers: &HeaderMap, key: &str) -> anyhow::Result<()> {
    let given = header(headers, "authorization")
        .strip_prefix("Bearer ")
        .unwrap_or("");
    match web::secrets::same(given, key) {
        true => Ok(()),
        false => bail!("that key is not valid"),
    }
}

fn failed(problem: web::Problem) -> anyhow::Error {
    anyhow::anyhow!("{problem:?}")
}

async fn statements() -> Response {
    on_thread(|| async { as_json(StatusCode::OK, &probe::taken()) }).await
}

async fn take_invoices(headers: HeaderMap, body: Bytes) -> Response {
    on_thread(move || async move {
        authorize(&headers, ADMIN_KEY)?;
        match header(&headers, "content-type") {
            "application/json" => take_one(&body).await,
            _ => take_many(&body).await,
        }
    })
    .await
}

async fn take_one(body: &[u8]) -> Outcome {
    let value = web::parse_json(body).map_err(failed)?;
    let input = InvoiceInput::parse(&value).map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
    let moment = seed::moment()?;
    let view = Db::open()
        .await?
        .transaction(async |tx: &Tx<'_>| {
            let taken = invoices::take(tx, moment, std::slice::from_ref(&input)).await?;
            match taken.into_iter().next() {
                Some(Taken::Accepted(id)) => views::invoice(tx, &id).await,
                other => Err(StoreError::Decode(format!("{other:?}"))),
            }
        })
        .await?;
    as_json(StatusCode::CREATED, &view.context("no invoice")?)
}

async fn take_many(body: &[u8]) -> Outcome {
    let text = std::str::from_utf8(body)?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let inputs = lines
        .map(|line| {
            let value: Value = serde_json::from_str(line)?;
            InvoiceInput::parse(&value).map_err(|errors| anyhow::anyhow!("{errors:?}"))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    let moment = seed::moment()?;
    let taken = Db::open()
        .await?
        .transaction(async |tx: &Tx<'_>| invoices::take(tx, moment, &inputs).await)
        .await?;
    let accepted = taken
        .iter()
        .filter(|taken| matches!(taken, Taken::Accepted(_)))
        .count();
    as_json(StatusCode::OK, &json!({"accepted": accepted}))
}

async fn sweep(headers: HeaderMap, Query(query): Query<HashMap<String, String>>) -> Response {
    on_thread(move || async move {
        authorize(&headers, CRON_KEY)?;
        let limit = query.get("limit").context("a limit")?.parse()?;
        let moment = seed::moment()?;
        let swept = Db::open()
            .await?
            .transaction(async |tx: &Tx<'_>| dunning::sweep(tx, moment, limit).await)
            .await?;
        as_json(StatusCode::OK, &swept)
    })
    .await
}

async fn list_customers(headers: HeaderMap, Query(query): Query<HashMap<String, String>>) -> Response {
    on_thread(move || async move {
        authorize(&headers, ADMIN_KEY)?;
        let limit = query.get("limit").context("a limit")?.parse()?;
        let rows = views::customers(&Db::open().await?, seed::moment()?, "", limit).await?;
        as_json(StatusCode::OK, &json!({"data": rows, "next": null}))
    })
    .await
}

async fn aging(headers: HeaderMap) -> Response {
    on_thread(move || async move {
        authorize(&headers, ADMIN_KEY)?;
        let today = seed::moment()?.now.date_naive();
        let accounts = views::aging(&Db::open().await?, today).await?;
        as_json(StatusCode::OK, &json!({"as_of": today, "currencies": accounts}))
    })
    .await
}

async fn worklist(headers: HeaderMap) -> Response {
    on_thread(move || async move {
        authorize(&headers, ADMIN_KEY)?;
        let today = seed::moment()?.now.date_naive();
        let rows = views::worklist(&Db::open().await?, today, web::limits::PAGE).await?;
        as_json(StatusCode::OK, &json!({"data": rows, "next": null}))
    })
    .await
}
