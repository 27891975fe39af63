//! What people record of a customer's word on contacts.
//!
//! Source: 47 CFR 64.1200(a)(10) (any reasonable means, so each is taken as it came, with what shows it); for the shapes,
//! Dunlin's own rule.

use super::consent::{DAYS, Inconvenient, Span};
use super::{Attorney, Consent};
use crate::channel::Channel;
use crate::fields::{FieldError, Fields, Problem, kinds};
use crate::intake::PostalAddress;
use crate::limits;
use crate::suppression::key;
use crate::template::Purpose;
use chrono::{DateTime, Utc};
use serde_json::Value;

/// How something was said, and what shows it: `{"how", "evidence"?, "at"?}`. What has no `at` was said now; nothing was
/// said later than now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// By which means: a letter, a form, on the phone.
    pub how: String,
    /// What shows it.
    pub evidence: Option<String>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Word {
    fn read(fields: &mut Fields<'_>, now: DateTime<Utc>) -> Option<Word> {
        let how = fields.required("how", kinds::text(limits::NAME));
        let evidence = fields.optional("evidence", kinds::lines(limits::EVIDENCE));
        let at = fields.optional("at", kinds::instant).unwrap_or(now);
        if at > now {
            fields.report("at", "in_the_future", "nothing is recorded before it is said");
        }
        Some(Word {
            how: how?,
            evidence,
            at,
        })
    }

    /// Reads a demand to cease, or the notice that was given; every problem at once.
    pub fn parse(value: &Value, now: DateTime<Utc>) -> Result<Word, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let word = Word::read(&mut fields, now);
        fields.finish(|| word)
    }
}

/// Consent as a person records it: a [`Word`] with `{"address"?, "purpose"?}`; the channel stands in the address of the
/// request, and none is all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsentInput {
    /// What was agreed to, or taken back.
    pub consent: Consent,
    /// How.
    pub word: Word,
}

/// An email address or a telephone number, as it is compared. A text that is neither would be compared with nothing.
fn address_key(value: &Value) -> Result<String, Problem> {
    let is_email = value.as_str().is_some_and(|text| text.contains('@'));
    let address = match is_email {
        true => kinds::email(value)?,
        false => kinds::phone(value)?,
    };
    Ok(key(&address))
}

impl ConsentInput {
    /// Reads what was said of a channel; every problem at once.
    pub fn parse(
        value: &Value,
        channel: Option<Channel>,
        given: bool,
        now: DateTime<Utc>,
    ) -> Result<ConsentInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let word = Word::read(&mut fields, now);
        let address = fields.optional("address", address_key);
        let purpose = fields.optional("purpose", kinds::one_of(Purpose::NAMES));
        fields.finish(|| {
            let word = word?;
            let consent = Consent {
                channel,
                address,
                purpose,
                given,
                at: word.at,
            };
            Some(ConsentInput { consent, word })
        })
    }
}

impl Attorney {
    /// Reads `{"name", "email"?, "phone"?, "postal"?}`; every problem at once. One that cannot be reached is none.
    pub fn parse(value: &Value) -> Result<Attorney, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let name = fields.required("name", kinds::text(limits::NAME));
        let email = fields.optional("email", kinds::email);
        let phone = fields.optional("phone", kinds::phone);
        let postal = fields.optional_object("postal", PostalAddress::read);
        let is_reachable = ["email", "phone", "postal"].iter().any(|name| fields.has(name));
        if !is_reachable {
            let detail = "an attorney needs an address: `email`, `phone` or `postal`";
            fields.report("email", "required", detail);
        }
        fields.finish(|| {
            Some(Attorney {
                name: name?,
                email,
                phone,
                postal,
            })
        })
    }
}

impl Inconvenient {
    /// Reads all of a customer's: `{"times": [{"days"?, "from"?, "until"?, "address"?}]}`; every problem at once. An
    /// empty list takes all away.
    pub fn parse_all(value: &Value) -> Result<Vec<Inconvenient>, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        if !fields.has("times") {
            let detail = "`times` is required; an empty list takes all away";
            fields.report("times", "required", detail);
        }
        let times = fields.objects("times", limits::INCONVENIENT, Inconvenient::read);
        fields.finish(|| Some(times))
    }

    fn read(fields: &mut Fields<'_>) -> Option<Inconvenient> {
        let days = fields.values("days", DAYS.len(), kinds::one_of(DAYS));
        let from = fields.optional("from", kinds::time_of_day);
        let until = fields.optional("until", kinds::time_of_day);
        let address = fields.optional("address", address_key);
        for (name, other) in [("from", "until"), ("until", "from")] {
            if fields.has(other) && !fields.has(name) {
                fields.report(name, "required", format!("`{other}` goes with `{name}`"));
            }
        }
        if from.is_some() && from == until {
            let detail = "hours end when they do not begin; leave both out for the whole day";
            fields.report("until", "out_of_range", detail);
        }
        // A list of no days says nothing either; one whose days cannot be read has said so.
        let says_something =
            !days.is_empty() || ["from", "until", "address"].iter().any(|name| fields.has(name));
        if !says_something && fields.problems() == 0 {
            let detail = "says neither a time nor a place; to cease contact for good, record that instead";
            fields.report("days", "required", detail);
        }
        Some(Inconvenient {
            days,
            hours: from.zip(until).map(|(from, until)| Span { from, until }),
            address,
        })
    }
}
