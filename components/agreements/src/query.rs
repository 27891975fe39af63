//! What the lists have in common: `?status=&customer=`, and an optional word in the body of an act.

use bytes::Bytes;
use receivables::fields::{FieldError, Fields, kinds};
use receivables::id::CustomerId;
use receivables::limits;
use std::collections::BTreeMap;
use web::{Cx, Page, Problem};

/// The parameters of a list.
pub(crate) struct Listing<S> {
    /// Only those of this status.
    pub(crate) status: Option<S>,
    /// Only those of this customer.
    pub(crate) customer: Option<CustomerId>,
    /// Which page.
    pub(crate) page: Page,
}

/// Reads `?status=&customer=&limit=&after=`; `names` are the statuses there are.
pub(crate) fn listing<S: Copy>(cx: &Cx, names: &[(&str, S)]) -> Result<Listing<S>, Problem> {
    let query = cx.query(&["status", "customer", "limit", "after"])?;
    Ok(Listing {
        status: status(&query, names)?,
        customer: customer(&query)?,
        page: cx.page(&query)?,
    })
}

fn status<S: Copy>(query: &BTreeMap<String, String>, names: &[(&str, S)]) -> Result<Option<S>, Problem> {
    let Some(asked) = query.get("status") else {
        return Ok(None);
    };
    let found = names.iter().find(|(name, _)| name == asked);
    found.map(|(_, status)| Some(*status)).ok_or_else(|| {
        let known: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        Problem::bad_request(format!("`status` is one of {}.", known.join(", ")))
    })
}

fn customer(query: &BTreeMap<String, String>) -> Result<Option<CustomerId>, Problem> {
    let customer = query.get("customer").map(|text| CustomerId::parse(text));
    customer
        .transpose()
        .map_err(|error| Problem::bad_request(format!("`customer`: {error}.")))
}

/// The body of an act that may say something about itself: none at all (it has no media type), or an object with one
/// optional text.
pub(crate) async fn optional_text(cx: &Cx, name: &'static str) -> Result<(Option<String>, Bytes), Problem> {
    if cx.header("content-type").is_none() {
        return Ok((None, Bytes::new()));
    }
    let (value, bytes) = cx.json().await?;
    let read = || -> Result<Option<String>, Vec<FieldError>> {
        let mut fields = Fields::of(&value);
        let text = fields.optional(name, kinds::lines(limits::TEXT));
        fields.finish(|| Some(text))
    };
    Ok((read().map_err(Problem::invalid)?, bytes))
}
