//! What is wrong with own words before they are sent to anybody.
//!
//! Shape: an error keeps words from being stored; a warning is told. Each names the block that it is about.
//!
//! Source: Dunlin's own rule. That a text message says how to end them: CTIA Messaging Principles and Best Practices,
//! section 5.1.3, and 47 CFR 64.1200(a)(10); 12 CFR 1006.6(e) for electronic messages of debt collectors.

use std::collections::BTreeSet;

use receivables::channel::Channel;
use receivables::currency::Currency;
use receivables::template::Tone;
use serde::Serialize;

use crate::message::{self, facts, own};
use crate::sample::samples;
use crate::sms::{self, Encoding, Sms};
use crate::{Blocks, Language, Locale, MessageContext, RenderError};

/// Parts of a text message beyond which it is told to be long.
pub const SEGMENTS: usize = 3;

/// Characters of a subject that mail readers show.
pub const SUBJECT: usize = 78;

/// The variables that words may name, apart from those of a loop.
pub const VARIABLES: &[&str] = &[
    "template",
    "purpose",
    "channel",
    "tone",
    "creditor_name",
    "customer_name",
    "addressee",
    "reply_to",
    "asks",
    "first",
    "invoice_count",
    "numbers",
    "more",
    "oldest_days",
    "overdue",
    "upcoming",
    "overdue_total",
    "charged",
    "act_on",
    "promise",
    "notice",
    "rows",
    "total",
    "total_open",
    "pay_url",
    "unsubscribe_url",
    "message_id",
    "lang",
    "t",
];

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// The words are not taken.
    Error,
    /// They are, and somebody should look.
    Warning,
}

/// Something that is wrong with words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// The block that it is about.
    pub block: String,
    /// What it is, for programs.
    pub code: &'static str,
    /// What it is, for people.
    pub detail: String,
}

/// What was found, and what a text message of these words costs at most.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Everything that is wrong.
    pub findings: Vec<Finding>,
    /// The longest sample, where the channel is SMS and the words can be written.
    pub sms: Option<Sms>,
}

impl Report {
    fn add(&mut self, level: Level, block: &str, code: &'static str, detail: impl Into<String>) {
        let finding = Finding {
            level,
            block: block.to_owned(),
            code,
            detail: detail.into(),
        };
        if !self.findings.contains(&finding) {
            self.findings.push(finding);
        }
    }

    /// Whether the words may not be used.
    pub fn refuses(&self) -> bool {
        self.findings.iter().any(|finding| finding.level == Level::Error)
    }
}

/// Looks at own words for a template, channel and locale.
pub fn lint(template: &str, channel: Channel, locale: &str, blocks: &Blocks) -> Report {
    let mut report = Report::default();
    let known = message::block_names(channel);
    if blocks.is_empty() {
        report.add(Level::Error, "", "required", "no block is given");
    }
    for (name, text) in blocks {
        if !known.contains(&name.as_str()) {
            let detail = format!(
                "a message over {} has no such block; it has {}",
                channel.as_str(),
                known.join(", ")
            );
            report.add(Level::Error, name, "unknown_block", detail);
        } else if text.trim().is_empty() {
            report.add(Level::Error, name, "required", "the block is empty");
        } else if let Err(error) = own::refuse(name, text) {
            report.add(Level::Error, name, "not_allowed", error.to_string());
        } else {
            names(&mut report, name, text, Locale::of(locale));
        }
    }
    if !report.refuses() {
        tried(&mut report, template, channel, locale, blocks);
    }
    report
}

/// Whether every variable that a block names is one that there is.
fn names(report: &mut Report, block: &str, text: &str, locale: Locale) {
    match own::variables(text, locale) {
        Err(error) => report.add(Level::Error, block, "syntax", error.to_string()),
        Ok(named) => {
            let named: BTreeSet<String> = named.into_iter().collect();
            let given = |name: &str| VARIABLES.contains(&name) || matches!(name, "self" | "super" | "loop");
            for name in named.iter().filter(|name| !given(name)) {
                let detail = format!("there is no variable `{name}`");
                report.add(Level::Error, block, "unknown_variable", detail);
            }
        }
    }
}

/// Writes the samples with the words and looks at what comes out.
fn tried(report: &mut Report, name: &str, channel: Channel, locale: &str, blocks: &Blocks) {
    let Ok(currency) = Currency::parse("EUR") else {
        return;
    };
    let first = blocks.keys().next().cloned().unwrap_or_default();
    for sample in samples(name, locale, currency) {
        match message::rendered(Some(blocks), channel, Tone::Neutral, &sample) {
            Err(error) => {
                let block = named_in(&error, blocks).unwrap_or(&first);
                report.add(Level::Error, block, "does_not_render", error.to_string());
            }
            Ok(rendered) => {
                if blocks.contains_key("subject") && rendered.subject.chars().count() > SUBJECT {
                    let detail = format!("the subject is longer than {SUBJECT} characters for a sample");
                    report.add(Level::Warning, "subject", "long_subject", detail);
                }
                match channel {
                    Channel::Sms => text_message(report, name, &sample, &rendered.text, locale),
                    Channel::Voice => call(report, &rendered.text, blocks),
                    Channel::Email | Channel::Letter | Channel::Webhook => {}
                }
            }
        }
    }
}

/// The only block there is, or the one whose own rendering fails too.
fn named_in<'a>(error: &RenderError, blocks: &'a Blocks) -> Option<&'a String> {
    let text = error.to_string();
    blocks.keys().find(|block| text.contains(block.as_str()))
}

fn text_message(report: &mut Report, name: &str, sample: &MessageContext, text: &str, locale: &str) {
    let measured = sms::measure(text);
    if report.sms.is_none_or(|sms| sms.segments < measured.segments) {
        report.sms = Some(measured);
    }
    if facts::asks(name) && !text.contains(&sample.pay_url) {
        let detail = "a message that asks to pay leads to the payment: `{{ pay_url }}`";
        report.add(Level::Error, "sms", "missing_link", detail);
    }
    if !text.to_uppercase().contains("STOP") {
        let detail = "a text message says how to end them: `{{ self.stop() }}`, or the word STOP";
        report.add(Level::Error, "sms", "missing_opt_out", detail);
    }
    if measured.segments > SEGMENTS {
        let detail = format!(
            "a sample takes {} parts; {SEGMENTS} are enough",
            measured.segments
        );
        report.add(Level::Warning, "sms", "many_segments", detail);
    }
    let latin = Language::of(locale) != Language::Hi;
    if latin && measured.encoding == Encoding::Ucs2 {
        let detail =
            "a letter is outside the default alphabet, so that a part holds 70 characters and not 160";
        report.add(Level::Warning, "sms", "wide_encoding", detail);
    }
}

fn call(report: &mut Report, text: &str, blocks: &Blocks) {
    let whole = blocks.get("voice");
    if blocks.contains_key("spoken") && whole.is_some_and(|whole| !whole.contains("self.spoken")) {
        let detail = "`voice` is all that is said, and does not say `{{ self.spoken() }}`";
        report.add(Level::Warning, "spoken", "unused_block", detail);
    }
    if blocks.contains_key("voice") && !text.contains('9') {
        let detail = "a call says how to end them: press 9";
        report.add(Level::Error, "voice", "missing_opt_out", detail);
    }
}
