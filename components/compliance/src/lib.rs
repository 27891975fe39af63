//! `compliance`: whom one may contact, when and about what; what customers said of it; a person's data.

mod data;
mod forget;
mod limits;
mod rules;

use bytes::Bytes;
use receivables::id::CustomerId;
use spin_sdk::http::{FullBody, Request, Response};
use spin_sdk::http_service;
use store::law;
use web::{Cx, Problem, Reply};

#[http_service]
async fn handle(request: Request) -> Response<FullBody<Bytes>> {
    web::serve(request, route).await
}

async fn route(cx: &Cx) -> Result<Reply, Problem> {
    let (method, path) = cx.route();
    match (method, path.as_slice()) {
        ("GET", ["v1", "contact-rules"]) => rules::show(cx).await,
        ("PUT", ["v1", "contact-rules"]) => rules::set(cx).await,
        ("GET", ["v1", "customers", id, "may-contact"]) => rules::may_contact(cx, id).await,
        ("GET", ["v1", "customers", id, "contact-record"]) => limits::show(cx, id).await,
        ("PUT", ["v1", "customers", id, "consents", channel]) => limits::give(cx, id, channel).await,
        ("DELETE", ["v1", "customers", id, "consents", channel]) => limits::revoke(cx, id, channel).await,
        ("POST", ["v1", "customers", id, "cease"]) => limits::cease(cx, id).await,
        ("DELETE", ["v1", "customers", id, "cease"]) => limits::resume(cx, id).await,
        ("POST", ["v1", "customers", id, "attorney"]) => limits::attorney(cx, id).await,
        ("DELETE", ["v1", "customers", id, "attorney"]) => limits::no_attorney(cx, id).await,
        ("POST", ["v1", "customers", id, "inconvenient-times"]) => limits::inconvenient(cx, id).await,
        ("POST", ["v1", "customers", id, "validation-notice"]) => limits::validation_notice(cx, id).await,
        ("DELETE", ["v1", "customers", id, "validation-notice"]) => limits::no_notice(cx, id).await,
        ("GET", ["v1", "customers", id, "export"]) => data::export(cx, id).await,
        ("POST", ["v1", "customers", id, "erase"]) => data::erase(cx, id).await,
        ("GET", ["v1", "erasures"]) => data::pending(cx).await,
        ("GET" | "POST", ["internal", "forget"]) => forget::run(cx).await,
        (_, ["internal", "forget"]) => Err(Problem::method_not_allowed("GET, POST")),
        (_, ["v1", "contact-rules"]) => Err(Problem::method_not_allowed("GET, PUT")),
        (_, ["v1", "customers", _, "consents", _]) => Err(Problem::method_not_allowed("PUT, DELETE")),
        (_, ["v1", "customers", _, "cease" | "attorney" | "validation-notice"]) => {
            Err(Problem::method_not_allowed("POST, DELETE"))
        }
        (_, ["v1", "customers", _, "inconvenient-times" | "erase"]) => {
            Err(Problem::method_not_allowed("POST"))
        }
        (_, ["v1", "customers", _, "may-contact" | "contact-record" | "export"] | ["v1", "erasures"]) => {
            Err(Problem::method_not_allowed("GET"))
        }
        _ => Err(Problem::no_route()),
    }
}

fn no_customer() -> Problem {
    Problem::not_found("There is no customer with that id.")
}

fn customer_id(id: &str) -> Result<CustomerId, Problem> {
    CustomerId::parse(id).map_err(|_| no_customer())
}

/// What is on record of contacts with a customer.
async fn record(db: &store::Db, id: &CustomerId) -> Result<Reply, Problem> {
    let record = law::record(db, id).await?;
    Ok(Reply::json(200, &record.ok_or_else(no_customer)?))
}
