//! `printing`: statements of account and letters as PDF, to be looked at, saved or posted.

mod letter;
mod statement;

use bytes::Bytes;
use paper::{Creditor, PaperError, Printed};
use spin_sdk::http::{FullBody, Request, Response};
use spin_sdk::http_service;
use web::{Cx, Problem, Reply};

#[http_service]
async fn handle(request: Request) -> Response<FullBody<Bytes>> {
    web::serve(request, route).await
}

async fn route(cx: &Cx) -> Result<Reply, Problem> {
    let (method, path) = cx.route();
    match (method, path.as_slice()) {
        ("GET", ["v1", "customers", id, "statement.pdf"]) => statement::print(cx, id).await,
        ("GET", ["v1", "messages", id, "letter.pdf"]) => letter::print(cx, id).await,
        (_, ["v1", "customers", _, "statement.pdf"] | ["v1", "messages", _, "letter.pdf"]) => {
            Err(Problem::method_not_allowed("GET"))
        }
        _ => Err(Problem::no_route()),
    }
}

/// Who writes, by the settings.
async fn creditor(cx: &Cx) -> Result<Creditor, Problem> {
    let name = cx.required_setting("creditor_name").await?;
    let address = cx.setting("creditor_address").await?.unwrap_or_default();
    Ok(Creditor::read(&name, &address))
}

/// The document as a file; what it could not show is in the log, since a person may want to write it in.
fn reply(cx: &Cx, name: &str, printed: Result<Printed, PaperError>) -> Result<Reply, Problem> {
    match printed {
        Ok(printed) => {
            if !printed.missing.is_empty() {
                cx.warn(&format!(
                    "{name} shows U+FFFD in the place of letters that no typeface has: {:?}",
                    printed.missing
                ));
            }
            Reply::file("application/pdf", name, printed.pdf)
        }
        Err(PaperError::TooLong(rows)) => Err(Problem::unprocessable(
            "too_long",
            format!("{rows} rows are more than a document has; ask for a shorter period."),
        )),
        Err(error) => Err(Problem::internal(error.to_string())),
    }
}
