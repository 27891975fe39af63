//! What a person says about tasks, calls and notes.
//!
//! Source: Dunlin's own rule.

use chrono::NaiveDate;
use serde_json::Value;

use super::{Effect, Outcome, TaskKind, effect_of};
use crate::currency::Currency;
use crate::fields::{FieldError, Fields, Problem, kinds};
use crate::intake::CustomerRef;
use crate::limits;

/// A task as a person opens it: `{"customer": {...}, "kind", "title", "detail"?, "currency"?, "due_on"?, "assignee"?}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskInput {
    /// About whom.
    pub customer: CustomerRef,
    /// What is to be done.
    pub kind: TaskKind,
    /// In a few words.
    pub title: String,
    /// In more words.
    pub detail: Option<String>,
    /// Which of the customer's accounts it is about; none means the customer as such.
    pub currency: Option<Currency>,
    /// By when; none means the next business day.
    pub due_on: Option<NaiveDate>,
    /// By whom.
    pub assignee: Option<String>,
}

impl TaskInput {
    /// Reads a task; every problem at once.
    pub fn parse(value: &Value) -> Result<TaskInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let customer = fields.object("customer", CustomerRef::read);
        let kind = fields.required("kind", kinds::one_of(TaskKind::NAMES));
        let title = fields.required("title", kinds::text(limits::NAME));
        let detail = fields.optional("detail", kinds::lines(limits::TEXT));
        let currency = fields.optional("currency", kinds::currency);
        let due_on = fields.optional("due_on", kinds::date);
        let assignee = fields.optional("assignee", kinds::text(limits::NAME));
        fields.finish(|| {
            Some(TaskInput {
                customer: customer?,
                kind: kind?,
                title: title?,
                detail,
                currency,
                due_on,
                assignee,
            })
        })
    }
}

/// Whose task it is from now on: `{"assignee": "anna"}`; without one, nobody's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssignInput {
    /// A person or a team.
    pub assignee: Option<String>,
    /// By when; none leaves the day as it is.
    pub due_on: Option<NaiveDate>,
}

impl AssignInput {
    /// Reads an assignment; every problem at once.
    pub fn parse(value: &Value) -> Result<AssignInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let assignee = fields.optional("assignee", kinds::text(limits::NAME));
        let due_on = fields.optional("due_on", kinds::date);
        fields.finish(|| Some(AssignInput { assignee, due_on }))
    }
}

/// How something ended, and what the engine needs to know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// How it ended.
    pub outcome: Outcome,
    /// What was said.
    pub text: Option<String>,
    /// With [`Effect::Promise`], the promise, and with [`Effect::Dispute`], the dispute, each in the shape in which it
    /// is made on its own, less the customer.
    pub payload: Option<Value>,
    /// With [`Effect::GiveUpContact`], the telephone number or email address that is not the customer's.
    pub contact: Option<String>,
}

/// What else a report may carry; each belongs to one outcome.
const PAYLOADS: [(&str, Effect); 2] = [("promise", Effect::Promise), ("dispute", Effect::Dispute)];

impl Report {
    fn read(fields: &mut Fields<'_>) -> Option<Report> {
        let outcome = fields.required("outcome", kinds::one_of(Outcome::NAMES));
        let text = fields.optional("text", kinds::lines(limits::TEXT));
        let effect = outcome.map(effect_of);
        let mut payload = None;
        for (name, its) in PAYLOADS {
            let given = fields.optional(name, object);
            belongs(fields, name, effect, its);
            payload = payload.or(given);
        }
        let contact = fields.optional("contact", kinds::text(limits::EMAIL));
        belongs(fields, "contact", effect, Effect::GiveUpContact);
        Some(Report {
            outcome: outcome?,
            text,
            payload,
            contact,
        })
    }
}

/// A field is there with the effect it belongs to, and with no other.
fn belongs(fields: &mut Fields<'_>, name: &'static str, effect: Option<Effect>, its: Effect) {
    match effect {
        Some(effect) if effect == its && !fields.has(name) => {
            fields.report(name, "required", format!("this outcome needs `{name}`"));
        }
        Some(effect) if effect != its && fields.has(name) => {
            fields.report(
                name,
                "not_allowed",
                format!("`{name}` has no place with this outcome"),
            );
        }
        _ => {}
    }
}

fn object(value: &Value) -> Result<Value, Problem> {
    match value {
        Value::Object(_) => Ok(value.clone()),
        other => Err(Problem::new(
            "wrong_type",
            format!("an object is wanted here, not {}", kinds::name_of(other)),
        )),
    }
}

/// A task that is done: `{"outcome", "text"?, "promise"|"dispute"|"contact"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoneInput {
    /// How it ended.
    pub report: Report,
}

impl DoneInput {
    /// Reads what a person reports; every problem at once. Whether the kind of task can end so is for
    /// [`super::settle`] to say.
    pub fn parse(value: &Value) -> Result<DoneInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let report = Report::read(&mut fields);
        fields.finish(|| Some(DoneInput { report: report? }))
    }
}

/// A call that was made: `{"customer": {...}, "outcome", "text"?, "promise"|"dispute"|"contact"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallInput {
    /// With whom.
    pub customer: CustomerRef,
    /// How it ended.
    pub report: Report,
}

impl CallInput {
    /// Reads a call; every problem at once.
    pub fn parse(value: &Value) -> Result<CallInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let customer = fields.object("customer", CustomerRef::read);
        let report = Report::read(&mut fields);
        fields.finish(|| {
            Some(CallInput {
                customer: customer?,
                report: report?,
            })
        })
    }
}

/// A note on a customer: `{"customer": {...}, "text"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteInput {
    /// On whom.
    pub customer: CustomerRef,
    /// What it says.
    pub text: String,
}

impl NoteInput {
    /// Reads a note; every problem at once.
    pub fn parse(value: &Value) -> Result<NoteInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let customer = fields.object("customer", CustomerRef::read);
        let text = fields.required("text", kinds::lines(limits::TEXT));
        fields.finish(|| {
            Some(NoteInput {
                customer: customer?,
                text: text?,
            })
        })
    }
}
