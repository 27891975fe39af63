//! What must hold, whatever happened: the invariants of the design as far as they are seen from outside, and what the
//! world itself knows better.

mod followed;

use super::money;
use super::report::{Facts, Lists};
use super::stage::Asked;
use super::town::Town;
use chrono::{DateTime, Days, NaiveDate, Utc};
use receivables::channel::Channel;
use receivables::country::Country;
use receivables::dunning::RestDays;
use receivables::intake::CustomerKind;
use receivables::law::{self, Address, History, Holder, Party, Sent, Settings, Verdict};
use receivables::template::Purpose;
use receivables::zone::Zone;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeMap;

/// Every rule that a run is judged by, with what it means.
pub(super) const RULES: &[(&str, &str)] = &[
    (
        "answers",
        "who asks again under the same key is answered, and a webhook is heard",
    ),
    (
        "jobs end",
        "a job that is run until it has no more to do comes to an end",
    ),
    (
        "ledger",
        "stored balances equal their postings, and payments add up (GET /v1/reports/integrity)",
    ),
    (
        "double entry",
        "in each entry of the journal debits and credits are the same, in each currency (GET /v1/reports/journal)",
    ),
    (
        "balances",
        "each account's balance is what the world's own books say, in each currency",
    ),
    (
        "inbound once",
        "each invoice is in the ledger once, with its total, and each bank line once",
    ),
    (
        "reflected or listed",
        "every event taken in took effect, or is listed as waiting or failed",
    ),
    (
        "outbound once",
        "no carrier was given a message twice, but where its answer was lost and a person decides",
    ),
    (
        "one final state",
        "after a quiet time every message and every plan is at its end, and nothing is leased or half taken in",
    ),
    (
        "fresh evidence",
        "no message asks for what was settled, or is all in dispute, before it left",
    ),
    (
        "no contact against a customer's word",
        "nobody is written to at an address that refused before",
    ),
    (
        "law",
        "every message that left was one that may_contact allows, asked again from what is on record",
    ),
    (
        "one key, one effect",
        "Stripe made one session or refund for each idempotency key, and all that it took is in the ledger",
    ),
    (
        "paid back",
        "what Stripe paid back is in the ledger once, with its amount and its end, and nothing else is",
    ),
    (
        "told",
        "every event reached the system that follows them, signed and unchanged, and tells what became of each invoice",
    ),
];

/// The ledger's own proof.
pub(super) async fn proof(town: &mut Town) -> anyhow::Result<()> {
    let asked = Asked::get("/v1/reports/integrity").about(format!("proof {}", town.stage.now()));
    let report = town.must(&asked).await?.json();
    if report["holds"] != true {
        town.violate("ledger", report.to_string(), None);
    }
    Ok(())
}

/// Judges a run that is over.
pub(super) async fn judge(town: &mut Town, now: DateTime<Utc>) -> anyhow::Result<Facts> {
    proof(town).await?;
    let customers = town.list("/v1/customers").await?;
    let invoices = town.list("/v1/invoices").await?;
    let charges = town.list("/v1/charges").await?;
    let lines = town.list("/v1/bank-lines").await?;
    let messages = town.list("/v1/messages").await?;
    let promises = town.list("/v1/promises").await?;
    let mut events = Vec::new();
    for status in ["received", "waiting", "failed"] {
        events.extend(town.list(&format!("/v1/webhook-events?status={status}")).await?);
    }
    let ids: BTreeMap<String, usize> = customers
        .iter()
        .filter_map(|customer| Some((text(customer, "/id"), who(&text(customer, "/external_id"))?)))
        .collect();
    journal(town).await?;
    let plans = plans(town, now).await?;
    taken_in(town, &invoices, &events);
    bank_lines(town, &lines);
    let refunds = followed::paid_back(town).await?;
    balances(town, &customers, &charges, &lines, &refunds, &ids);
    ends(town, &messages, &lines, &events);
    left_once(town, &messages);
    evidence(town, &messages, &ids);
    lawful(town, &messages, &ids);
    providers(town);
    followed::judge(town, &invoices).await?;
    let lists = Lists {
        customers: &customers,
        invoices: &invoices,
        charges: &charges,
        messages: &messages,
        promises: &promises,
        plans: &plans,
        events: &events,
    };
    Ok(Facts::gather(town, now, &lists))
}

fn text(document: &Value, pointer: &str) -> String {
    document
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// Who a customer's key, or an invoice's number, is about.
fn who(name: &str) -> Option<usize> {
    name.split('-').nth(1)?.parse().ok()
}

/// The ledger as others will read it.
async fn journal(town: &mut Town) -> anyhow::Result<()> {
    let from = super::town::start().date_naive();
    let to = town.stage.now().date_naive();
    let entries = town
        .list(&format!("/v1/reports/journal?from={from}&to={to}"))
        .await?;
    for entry in &entries {
        let mut sums: BTreeMap<String, i64> = BTreeMap::new();
        for line in entry["lines"].as_array().into_iter().flatten() {
            for (side, sign) in [("/debit", 1), ("/credit", -1)] {
                let currency = text(line, &format!("{side}/currency"));
                *sums.entry(currency).or_default() += sign * money::at(line, side).unwrap_or_default();
            }
        }
        if sums.values().any(|sum| *sum != 0) {
            town.violate("double entry", entry.to_string(), None);
        }
    }
    if entries.is_empty() && !town.books.invoices.is_empty() {
        town.violate("double entry", "the journal is empty".to_owned(), None);
    }
    Ok(())
}

fn taken_in(town: &mut Town, invoices: &[Value], events: &[Value]) {
    let mut found: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for invoice in invoices.iter().filter(|invoice| invoice["kind"] == "invoice") {
        let total = money::at(invoice, "/total").unwrap_or_default();
        found.entry(text(invoice, "/number")).or_default().push(total);
    }
    let mut wrong = Vec::new();
    for (number, invoice) in &town.books.invoices {
        let listed = invoice
            .event
            .as_ref()
            .is_some_and(|id| events.iter().any(|event| event["event_id"] == **id));
        match found.remove(number).unwrap_or_default().as_slice() {
            [] if listed || !invoice.told => {}
            [] => wrong.push((
                "reflected or listed",
                format!("{number} was acknowledged and is nowhere"),
                Some(invoice.who),
            )),
            [total] if *total == invoice.cents => {}
            other => wrong.push((
                "inbound once",
                format!("{number} over {} is there as {other:?}", invoice.cents),
                Some(invoice.who),
            )),
        }
    }
    for number in found.into_keys() {
        wrong.push((
            "inbound once",
            format!("{number} is in the ledger, and nobody issued it"),
            None,
        ));
    }
    for (rule, what, who) in wrong {
        town.violate(rule, what, who);
    }
}

fn bank_lines(town: &mut Town, lines: &[Value]) {
    let told = town.bank.told;
    if lines.len() as u64 != told && town.plan.has("statements") {
        town.violate(
            "inbound once",
            format!("the bank told of {told} lines, {} are known", lines.len()),
            None,
        );
    }
}

fn balances(
    town: &mut Town,
    customers: &[Value],
    charges: &[Value],
    lines: &[Value],
    refunds: &[(String, String, i64)],
    ids: &BTreeMap<String, usize>,
) {
    let mut owed: BTreeMap<(usize, String), i64> = BTreeMap::new();
    let mut add = |who: usize, currency: &str, cents: i64| {
        *owed.entry((who, currency.to_owned())).or_default() += cents
    };
    for invoice in town.books.invoices.values().filter(|invoice| invoice.told) {
        add(invoice.who, invoice.currency, invoice.cents);
    }
    let books = &town.books;
    for map in [
        &books.received,
        &books.credited,
        &books.at_stripe,
        &books.forgiven,
    ] {
        for ((who, currency), cents) in map {
            add(*who, currency, -cents);
        }
    }
    for ((who, currency), cents) in &books.paid_back {
        add(*who, currency, *cents);
    }
    for (customer, currency, cents) in refunds {
        if let Some(who) = ids.get(customer) {
            add(*who, currency, *cents);
        }
    }
    for charge in charges.iter().filter(|charge| charge["status"] != "blocked") {
        let Some(who) = ids.get(&text(charge, "/customer")) else {
            continue;
        };
        let [amount, reversed, waived] =
            ["/amount", "/reversed", "/waived"].map(|at| money::at(charge, at).unwrap_or_default());
        add(
            *who,
            &text(charge, "/amount/currency"),
            amount - reversed - waived,
        );
    }
    let by_iban: BTreeMap<String, usize> = town
        .people
        .iter()
        .map(|person| (person.iban(), person.at))
        .collect();
    for line in lines.iter().filter(|line| line["status"] == "matched") {
        if let Some(who) = by_iban.get(&text(line, "/party/account")) {
            add(*who, "EUR", -money::at(line, "/amount").unwrap_or_default());
        }
    }
    let mut wrong = Vec::new();
    for customer in customers {
        let Some(who) = who(&text(customer, "/external_id")) else {
            continue;
        };
        for account in customer["accounts"].as_array().into_iter().flatten() {
            let currency = text(account, "/currency");
            let balance = money::at(account, "/balance").unwrap_or_default();
            let expected = owed.remove(&(who, currency.clone())).unwrap_or_default();
            if balance != expected {
                wrong.push((
                    format!(
                        "C-{who} owes {} {currency}, the books say {}",
                        money::text(balance),
                        money::text(expected)
                    ),
                    who,
                ));
            }
        }
    }
    for ((who, currency), cents) in owed.into_iter().filter(|(_, cents)| *cents != 0) {
        let listed = customers
            .iter()
            .any(|customer| text(customer, "/external_id") == format!("C-{who}"));
        wrong.push((
            format!(
                "C-{who} ({listed}) should owe {} {currency}, and has no such account",
                money::text(cents)
            ),
            who,
        ));
    }
    for (what, who) in wrong {
        town.violate("balances", what, Some(who));
    }
}

/// A plan whose last day is over is over.
async fn plans(town: &mut Town, now: DateTime<Utc>) -> anyhow::Result<Vec<Value>> {
    let plans = town.list("/v1/plans").await?;
    for plan in &plans {
        let parts = plan["instalments"].as_array();
        let last = parts.and_then(|parts| parts.last()?["due_date"].as_str()?.parse::<NaiveDate>().ok());
        let grace = Days::new(plan["grace_days"].as_u64().unwrap_or_default() + 2);
        let over = last.is_none_or(|last| last + grace < now.date_naive());
        if over && matches!(plan["status"].as_str(), Some("active" | "proposed")) {
            let what = format!("plan {} is {} since {last:?}", plan["id"], plan["status"]);
            town.violate("one final state", what, None);
        }
    }
    Ok(plans)
}

fn ends(town: &mut Town, messages: &[Value], lines: &[Value], events: &[Value]) {
    let mut wrong = Vec::new();
    for message in messages
        .iter()
        .filter(|message| matches!(message["status"].as_str(), Some("queued" | "sending")))
    {
        wrong.push(format!(
            "{} is {}, next at {}",
            message["id"], message["status"], message["next_attempt_at"]
        ));
    }
    for line in lines.iter().filter(|line| line["status"] == "received") {
        wrong.push(format!("line {} was never judged", line["id"]));
    }
    for event in events.iter().filter(|event| event["status"] == "received") {
        wrong.push(format!(
            "event {} of {} never took effect",
            event["event_id"], event["source"]
        ));
    }
    for what in wrong {
        town.violate("one final state", what, None);
    }
}

fn left_once(town: &mut Town, messages: &[Value]) {
    let known: BTreeMap<String, &Value> = messages
        .iter()
        .map(|message| (text(message, "/id"), message))
        .collect();
    let taken = town.stage.outside.inside().post.taken.clone();
    let mut wrong = Vec::new();
    for (id, count) in &taken {
        let status = known.get(id).map(|message| text(message, "/status"));
        match status.as_deref() {
            _ if *count > 1 => wrong.push(format!("{id} was given to the carrier {count} times")),
            None => wrong.push(format!("{id} left, and the outbox does not know it")),
            Some("cancelled" | "suppressed") => wrong.push(format!("{id} left, and is {status:?}")),
            Some(_) => {}
        }
    }
    for (id, message) in &known {
        if matches!(message["status"].as_str(), Some("sent" | "delivered" | "bounced"))
            && !taken.contains_key(id)
        {
            wrong.push(format!("{id} is {}, and never left", message["status"]));
        }
    }
    for what in wrong {
        town.violate("outbound once", what, None);
    }
}

fn asks(message: &Value) -> bool {
    matches!(message["purpose"].as_str(), Some("reminder" | "collection"))
}

fn evidence(town: &mut Town, messages: &[Value], ids: &BTreeMap<String, usize>) {
    let taken_at = town.stage.outside.inside().post.taken_at.clone();
    let mut wrong = Vec::new();
    for message in messages.iter().filter(|message| asks(message)) {
        let id = text(message, "/id");
        let Some(at) = taken_at.get(&id) else { continue };
        let numbers: Vec<&str> = message["invoices"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let done = |number: &&str| {
            town.books.invoices.get(*number).is_some_and(|invoice| {
                let settled = invoice.settled.is_some_and(|step| step < *at);
                let disputed = invoice
                    .disputed
                    .is_some_and(|(from, until)| from < *at && *at < until);
                settled || disputed
            })
        };
        if !numbers.is_empty() && numbers.iter().all(done) {
            let who = ids.get(&text(message, "/customer_id")).copied();
            wrong.push((
                format!("{id} asks for {numbers:?}, of which nothing was to be asked"),
                who,
            ));
        }
    }
    for (what, who) in wrong {
        town.violate("fresh evidence", what, who);
    }
}

fn word<T: DeserializeOwned>(document: &Value, name: &str) -> Option<T> {
    serde_json::from_value(document[name].clone()).ok()
}

fn lawful(town: &mut Town, messages: &[Value], ids: &BTreeMap<String, usize>) {
    let mut left: BTreeMap<usize, Vec<(DateTime<Utc>, &Value)>> = BTreeMap::new();
    for message in messages {
        let who = ids.get(&text(message, "/customer_id"));
        let at = text(message, "/sent_at").parse().ok();
        if let (Some(who), Some(at)) = (who, at) {
            left.entry(*who).or_default().push((at, message));
        }
    }
    let mut wrong = Vec::new();
    for (who, mut messages) in left {
        messages.sort_by_key(|(at, _)| *at);
        let Some(person) = town.people.get(who) else {
            continue;
        };
        let (Some(country), Some(zone)) = (Country::parse(person.country), Zone::parse(person.zone)) else {
            continue;
        };
        let document = person.document();
        let region = document["region"].as_str();
        let mut history = History::default();
        for (at, message) in messages {
            let (Some(channel), Some(purpose)) = (
                word::<Channel>(message, "channel"),
                word::<Purpose>(message, "purpose"),
            ) else {
                wrong.push((
                    format!("{} has no channel or purpose that is known", message["id"]),
                    who,
                ));
                continue;
            };
            let party = Party {
                settings: Settings::default(),
                kind: if person.consumer {
                    CustomerKind::Consumer
                } else {
                    CustomerKind::Business
                },
                country,
                region: region.map(str::to_owned),
                zone,
                phones: Vec::new(),
                rest: RestDays::of(country, region),
                to: message["recipient"].as_str().map(|to| Address {
                    text: to.to_owned(),
                    holder: Holder::Customer,
                }),
                by_person: false,
                with_validation_notice: false,
            };
            let verdict = law::may_contact(&party, channel, purpose, &history, at);
            if !matches!(verdict, Verdict::Allow) {
                wrong.push((
                    format!("{} left at {at}, where the law says {verdict:?}", message["id"]),
                    who,
                ));
            }
            history.messages.push(Sent { at, channel, purpose });
        }
    }
    for (what, who) in wrong {
        town.violate("law", what, Some(who));
    }
}

fn providers(town: &mut Town) {
    let twice: Vec<String> = {
        let inside = town.stage.outside.inside();
        let made = inside.stripe.made.iter().filter(|(_, count)| **count > 1);
        made.map(|(key, count)| format!("{count} sessions or refunds for the key {key}"))
            .collect()
    };
    for what in twice {
        town.violate("one key, one effect", what, None);
    }
}
