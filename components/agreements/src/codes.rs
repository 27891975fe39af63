//! What customers call the reasons of their disputes.

use receivables::dispute::{REASONS, Reason, reason_of};
use receivables::fields::{FieldError, Fields, kinds};
use receivables::intake::CustomerRef;
use receivables::limits;
use store::Tx;
use store::customers::Directory;
use store::disputes::{self, CodeView};
use web::{Cx, Problem, Reply, Scope};

/// A mapping as it comes in.
struct CodeInput {
    customer: Option<CustomerRef>,
    reason: &'static Reason,
    text: Option<String>,
}

impl CodeInput {
    fn parse(code: &str, value: &serde_json::Value) -> Result<CodeInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        if let Err(problem) = kinds::text_in(code, limits::SLUG) {
            fields.report("", problem.code, format!("the code {}", problem.detail));
        }
        let customer = fields.optional_object("customer", CustomerRef::read);
        let reason = fields.required("reason", reason_of);
        let text = fields.optional("text", kinds::text(limits::NAME));
        fields.finish(|| {
            Some(CodeInput {
                customer,
                reason: reason?,
                text,
            })
        })
    }
}

/// `GET /v1/dispute-codes`: the codes that are mapped, and the reasons that they can mean.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let page = cx.page(&cx.query(&["limit", "after"])?)?;
    let mut rows = disputes::codes(&cx.db().await?, page.after.as_deref(), page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.cursor.clone());
    Reply::list(&rows, next).with_member("reasons", &REASONS)
}

/// `PUT /v1/dispute-codes/{code}`: what a customer means by a code, or everybody who has none of that name.
pub(crate) async fn put(cx: &Cx, code: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Collect).await?;
    cx.query(&[])?;
    let (value, _) = cx.json().await?;
    let input = CodeInput::parse(code, &value).map_err(Problem::invalid)?;
    let db = cx.db().await?;
    db.transaction(async |tx: &Tx<'_>| {
        let customer = match &input.customer {
            None => None,
            Some(reference) => {
                let directory = Directory::load(tx, std::iter::once(reference)).await?;
                let known = directory.get(reference).map(|known| known.id.clone());
                let unknown = || Problem::invalid_field("/customer", "unknown_customer", "no such customer");
                Some(known.ok_or_else(unknown)?)
            }
        };
        let (reason, text) = (input.reason, input.text.as_deref());
        disputes::put_code(tx, cx.moment(), code, customer.as_ref(), reason, text).await?;
        let view = CodeView {
            code: code.trim().to_owned(),
            customer,
            reason,
            text: input.text.clone(),
            cursor: String::new(),
        };
        Ok(Reply::json(200, &view))
    })
    .await
}
