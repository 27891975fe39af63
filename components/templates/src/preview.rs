//! Words as a customer would read them, and the same sent to an address of one's own.

use crate::asked;
use receivables::fields::{FieldError, Fields, kinds};
use receivables::id::CustomerId;
use receivables::money::Money;
use receivables::notice::About;
use receivables::template::Purpose;
use render::{Chosen, Line, MessageContext, Own, Rendered, render_message, samples, sms};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::templates::{self, Blocks, Key, Sitter};
use web::{Cx, Problem, Reply, Scope};

/// The token of a link in a preview: it leads nowhere.
const SAMPLE_TOKEN: &str = "sample";

struct Wanted {
    key: Key,
    /// Words that are not kept; none: those in force.
    draft: Option<Blocks>,
    customer: Option<CustomerId>,
    to: Option<String>,
}

fn wanted(value: &Value, name: &str, sends: bool) -> Result<Wanted, Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let key = asked::key(&mut fields, name);
    let draft = fields.has("blocks").then(|| asked::blocks(&mut fields));
    let id = kinds::id(CustomerId::parse);
    let customer = match sends {
        true => fields.required("customer", id),
        false => fields.optional("customer", id),
    };
    let to = sends.then(|| fields.optional("to", kinds::email)).flatten();
    fields.finish(|| {
        Some(Wanted {
            key: key?,
            draft,
            customer,
            to,
        })
    })
}

/// A preview, with whether it speaks of the customer's own invoices.
struct Written {
    rendered: Rendered,
    of: &'static str,
    report: render::lint::Report,
}

async fn written(cx: &Cx, wanted: &Wanted) -> Result<Written, Problem> {
    let key = &wanted.key;
    let report = match &wanted.draft {
        Some(blocks) => asked::looked_at(key, blocks)?,
        None => render::lint::Report::default(),
    };
    let db = cx.db().await?;
    let sitter = match &wanted.customer {
        None => None,
        Some(id) => {
            let gone =
                || Problem::invalid_field("/customer", "unknown_customer", "there is no such customer");
            Some(templates::sitter(&db, cx.moment(), id).await?.ok_or_else(gone)?)
        }
    };
    let chosen = match &wanted.draft {
        Some(blocks) => Chosen::new([own(key.clone(), blocks.clone())], tone_of(key)),
        None => {
            let in_force = templates::in_force(&db).await?;
            let own = in_force.versions.into_iter().map(|words| Own {
                template: words.template,
                channel: words.channel,
                tone: words.tone,
                locale: words.locale,
                blocks: words.blocks,
            });
            Chosen::new(own, tone_of(key))
        }
    };
    let (context, of) = context(cx, key, sitter.as_ref()).await?;
    // The words have been tried on samples: what does not render now is the customer's own case.
    let rendered = render_message(&chosen, key.channel, &context)
        .map_err(|error| Problem::unprocessable("does_not_render", format!("{error}.")))?;
    Ok(Written { rendered, of, report })
}

fn tone_of(key: &Key) -> BTreeMap<String, receivables::template::Tone> {
    BTreeMap::from([(key.template.clone(), key.tone)])
}

fn own(key: Key, blocks: Blocks) -> Own {
    Own {
        template: key.template,
        channel: key.channel,
        tone: key.tone,
        locale: key.locale,
        blocks,
    }
}

/// The customer's own open invoices, where the template has something to say of them; else a sample's.
async fn context(
    cx: &Cx,
    key: &Key,
    sitter: Option<&Sitter>,
) -> Result<(MessageContext, &'static str), Problem> {
    let euro = || receivables::currency::Currency::parse("EUR");
    let currency = match sitter {
        Some(sitter) => sitter.currency,
        None => euro().map_err(|error| Problem::internal(error.to_string()))?,
    };
    let sample = samples(&key.template, &key.locale, currency).into_iter().next();
    let mut context = sample.ok_or_else(|| Problem::internal(format!("no sample of {}", key.template)))?;
    let public_url = cx.required_setting("public_url").await?;
    context.creditor_name = cx.required_setting("creditor_name").await?;
    context.reply_to = cx.setting("creditor_email").await?;
    context.pay_url = format!("{}/pay/{SAMPLE_TOKEN}", public_url.trim_end_matches('/'));
    context.unsubscribe_url = Some(format!(
        "{}/unsubscribe/{SAMPLE_TOKEN}",
        public_url.trim_end_matches('/')
    ));
    let Some(sitter) = sitter else {
        return Ok((context, "sample"));
    };
    context.customer_name = sitter.name.clone();
    context.contact_name = sitter.contact.clone();
    let today = sitter.today;
    let lines = sitter.invoices.iter().map(|invoice| Line {
        number: invoice.number.clone(),
        issue_on: invoice.issue_on,
        due_on: invoice.due_on,
        balance: invoice.balance,
        total: invoice.total,
        days_overdue: today.signed_duration_since(invoice.due_on).num_days(),
        charge: invoice.charge,
    });
    let (overdue, upcoming): (Vec<Line>, Vec<Line>) = lines.partition(|line| line.days_overdue > 0);
    let purpose = asked::template(&key.template)?.purpose;
    let says = match purpose {
        Purpose::Reminder => !upcoming.is_empty(),
        Purpose::Collection => overdue.iter().any(|line| !line.charge),
        _ => !(overdue.is_empty() && upcoming.is_empty()),
    };
    if !says {
        return Ok((context, "sample"));
    }
    // A reminder of what is to come lists nothing else; a step that is overdue lists what is overdue.
    context.overdue = if purpose == Purpose::Reminder {
        Vec::new()
    } else {
        overdue
    };
    context.upcoming = if purpose == Purpose::Collection {
        Vec::new()
    } else {
        upcoming
    };
    let listed = context.overdue.iter().chain(&context.upcoming);
    context.total = listed
        .map(|line| line.balance)
        .try_fold(Money::zero(currency), Money::checked_add)
        .map_err(|error| Problem::internal(error.to_string()))?;
    Ok((context, "customer"))
}

/// `POST /v1/templates/{name}/preview`: words as they are, or a draft, for a customer or a sample. Changes nothing.
pub(crate) async fn preview(cx: &Cx, name: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    asked::template(name)?;
    let (value, _) = cx.json().await?;
    let wanted = wanted(&value, name, false).map_err(Problem::invalid)?;
    let written = written(cx, &wanted).await?;
    let measured = (wanted.key.channel == receivables::channel::Channel::Sms)
        .then(|| sms::measure(&written.rendered.text));
    Ok(Reply::json(
        200,
        &json!({"subject": written.rendered.subject, "text": written.rendered.text, "html": written.rendered.html,
            "parts": written.rendered.parts, "of": written.of, "findings": written.report.findings, "sms": measured}),
    ))
}

/// `POST /v1/templates/{name}/test`: the same, to an address of our own: `to` is `creditor_email`, or lies in its domain or
/// that of `sender_email`. Marked as a test; no step is taken with it.
pub(crate) async fn send_test(cx: &Cx, name: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Admin).await?;
    asked::template(name)?;
    let (value, bytes) = cx.json().await?;
    let wanted = wanted(&value, name, true).map_err(Problem::invalid)?;
    let to = ours(cx, wanted.to.clone()).await?;
    let written = written(cx, &wanted).await?;
    let about = About::Test {
        to: to.clone(),
        subject: format!("[Test] {}", written.rendered.subject),
        text: written.rendered.text,
        html: written.rendered.html,
    };
    let Some(customer) = wanted.customer else {
        return Err(Problem::internal("a test without a customer"));
    };
    cx.once(&principal, &bytes, async |tx| {
        let by = principal.id.as_str();
        let queued = templates::send_test(tx, cx.moment(), &customer, name, &about, by).await?;
        let gone = || Problem::invalid_field("/customer", "unknown_customer", "there is no such customer");
        let message = queued.ok_or_else(gone)?;
        Ok(Reply::json(
            202,
            &json!({"message": message, "to": to, "of": written.of}),
        ))
    })
    .await
}

/// An address of our own side.
async fn ours(cx: &Cx, to: Option<String>) -> Result<String, Problem> {
    let creditor = cx
        .setting("creditor_email")
        .await?
        .filter(|address| !address.is_empty());
    let sender = cx.setting("sender_email").await?;
    let Some(to) = to.or_else(|| creditor.clone()) else {
        let detail = "`to` is required where the variable `creditor_email` is not set";
        return Err(Problem::invalid_field("/to", "required", detail));
    };
    let domain = |address: &str| address.rsplit_once('@').map(|(_, domain)| domain.to_lowercase());
    let own = [creditor, sender];
    let known = own.iter().flatten().filter_map(|address| domain(address));
    match known.into_iter().any(|known| domain(&to) == Some(known)) {
        true => Ok(to),
        false => Err(Problem::invalid_field(
            "/to",
            "not_ours",
            "a test goes to your own side: an address in the domain of `creditor_email` or `sender_email`",
        )),
    }
}
