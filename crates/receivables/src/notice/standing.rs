//! Fresh evidence for notices: whether what one tells is so still, when it is about to leave.
//!
//! A table says in which states of what it is about a notice may leave. Nothing goes to a customer on hold; and nothing
//! about the account of one whom an agency has taken over: only what an order or a document is about.
//!
//! Source: Dunlin's own rule.

use chrono::{DateTime, Utc};

use crate::calendar;
use crate::dunning::{AGENCY, Contact, HOLD, Hold};
use crate::template::{self, Purpose};
use crate::zone::Zone;

/// The rule by which a notice is taken back that tells what is no longer so.
const STILL_SO: &str = "still_so";

/// A template, and the states of what it is about in which it tells the truth.
const STATES: &[(&str, &[&str])] = &[
    // An invoice for it has closed an order that was delivered.
    ("order_confirmation", &["open", "closed"]),
    ("payment_received", &["received"]),
    ("statement", &["drawn"]),
    ("dispute_received", &["open", "in_review"]),
    ("dispute_decided", &["resolved"]),
    ("plan", &["active"]),
    ("suspended", &["suspended"]),
    ("reinstated", &["reinstated"]),
    ("document_request", &["open"]),
];

/// What is known, when a notice is about to leave, of whom it goes to and of what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where the customer's civil day passes.
    pub time_zone: Zone,
    /// Why nothing may be sent at all, if so.
    pub hold: Option<Hold>,
    /// Whether an agency has taken the account over.
    pub handed_over: bool,
    /// How what it is about stands; none: it is not there any more.
    pub state: Option<String>,
}

impl Standing {
    /// Whether a notice of `template` may leave now, listing no invoices; or why it must never.
    pub fn judge(&self, template: &str, now: DateTime<Utc>) -> Contact {
        let today = calendar::day_of(now, self.time_zone);
        let cancel = |rule, detail| Contact::Cancel { rule, detail };
        if let Some(hold) = self.hold.as_ref().filter(|hold| hold.on(today)) {
            return cancel(HOLD, format!("the customer is on hold: {}", hold.reason));
        }
        let purpose = template::find(template).map(|template| template.purpose);
        if self.handed_over && !matches!(purpose, Some(Purpose::Order | Purpose::Document)) {
            let detail = "an agency has taken the account over, and answers for it";
            return cancel(AGENCY, detail.to_owned());
        }
        let state = self.state.as_deref();
        let mut true_in = STATES
            .iter()
            .filter(|(name, _)| *name == template)
            .flat_map(|(_, states)| *states);
        if true_in.any(|known| state == Some(known)) {
            return Contact::Go {
                overdue: Vec::new(),
                charges: Vec::new(),
                upcoming: Vec::new(),
            };
        }
        let found = state.map_or("not there any more".to_owned(), |state| state.replace('_', " "));
        cancel(STILL_SO, format!("what it tells is {found}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notice::rules::SWITCHES;

    fn standing(state: &str) -> Standing {
        Standing {
            time_zone: Zone::parse("Europe/Berlin").unwrap(),
            hold: None,
            handed_over: false,
            state: Some(state.to_owned()),
        }
    }

    /// The rule that speaks against it, or `go`.
    fn ruled(standing: &Standing, template: &str, now: &str) -> String {
        match standing.judge(template, now.parse().unwrap()) {
            Contact::Go {
                overdue,
                charges,
                upcoming,
            } => {
                assert!(overdue.is_empty() && charges.is_empty() && upcoming.is_empty());
                "go".to_owned()
            }
            Contact::Cancel { rule, .. } => rule.to_owned(),
            Contact::Defer { rule, .. } => panic!("{rule} defers"),
        }
    }

    const NOW: &str = "2026-01-20T12:00:00Z";

    #[test]
    fn what_is_no_longer_so_is_not_told() {
        let cases = [
            ("order_confirmation", "open", "go"),
            ("order_confirmation", "closed", "go"),
            ("order_confirmation", "cancelled", "still_so"),
            ("order_confirmation", "blocked", "still_so"),
            ("payment_received", "received", "go"),
            ("payment_received", "taken_back", "still_so"),
            ("statement", "drawn", "go"),
            ("dispute_received", "open", "go"),
            ("dispute_received", "in_review", "go"),
            ("dispute_received", "resolved", "still_so"),
            ("dispute_received", "withdrawn", "still_so"),
            ("dispute_decided", "resolved", "go"),
            ("dispute_decided", "withdrawn", "still_so"),
            ("plan", "active", "go"),
            ("plan", "broken", "still_so"),
            ("plan", "cancelled", "still_so"),
            ("suspended", "suspended", "go"),
            ("suspended", "reinstated", "still_so"),
            ("reinstated", "reinstated", "go"),
            ("reinstated", "suspended", "still_so"),
            ("document_request", "open", "go"),
            ("document_request", "answered", "still_so"),
            ("document_request", "withdrawn", "still_so"),
            // What has no row is never sent.
            ("friendly", "open", "still_so"),
        ];
        for (template, state, expected) in cases {
            assert_eq!(
                ruled(&standing(state), template, NOW),
                expected,
                "{template} {state}"
            );
        }
        let gone = Standing {
            state: None,
            ..standing("open")
        };
        assert_eq!(ruled(&gone, "order_confirmation", NOW), "still_so");
    }

    #[test]
    fn nothing_goes_to_a_customer_on_hold() {
        let held = Standing {
            hold: Some(Hold {
                reason: "insolvency".to_owned(),
                until: Some("2026-01-20".parse().unwrap()),
            }),
            ..standing("open")
        };
        // The last day is over in Berlin at 23:00 UTC.
        assert_eq!(ruled(&held, "order_confirmation", "2026-01-20T22:59:59Z"), "hold");
        assert_eq!(ruled(&held, "order_confirmation", "2026-01-20T23:00:00Z"), "go");
    }

    #[test]
    fn an_agency_answers_for_what_it_has_taken_over() {
        for (template, state) in STATES.iter().map(|(template, states)| (*template, states[0])) {
            let handed_over = Standing {
                handed_over: true,
                ..standing(state)
            };
            let apart = ["order_confirmation", "document_request"].contains(&template);
            let expected = if apart { "go" } else { "agency" };
            assert_eq!(ruled(&handed_over, template, NOW), expected, "{template}");
        }
    }

    #[test]
    fn every_notice_has_a_row() {
        // A promise's letters are judged by how the promise stands.
        let here = SWITCHES.iter().filter(|name| !name.starts_with("promise"));
        for name in here.chain(&["statement", "document_request"]) {
            assert!(STATES.iter().any(|(template, _)| template == name), "{name}");
        }
    }
}
