//! What others know: the system that follows the events, and Stripe, which pays back what it is asked to.

use super::text;
use crate::sim::money;
use crate::sim::stage::Asked;
use crate::sim::town::Town;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Events, by the invoice that they are about and their kind.
type Counts<'a> = BTreeMap<(&'a str, &'a str), usize>;

/// Holds Stripe's refunds against the ledger's. Answers what went back through Stripe: customer, currency, cents.
pub(super) async fn paid_back(town: &mut Town) -> anyhow::Result<Vec<(String, String, i64)>> {
    let (heard, made) = {
        let inside = town.stage.outside.inside();
        (inside.erp.heard.clone(), inside.stripe.refunds.clone())
    };
    let payments: BTreeSet<String> = heard
        .values()
        .filter(|heard| heard.data["source"] == "stripe")
        .filter_map(|heard| heard.data["payment"].as_str().map(str::to_owned))
        .collect();
    let mut made: BTreeMap<String, Vec<Value>> =
        made.into_values().fold(BTreeMap::new(), |mut all, refund| {
            all.entry(text(&refund, "/metadata/refund"))
                .or_default()
                .push(refund);
            all
        });
    let (mut back, mut wrong) = (Vec::new(), Vec::new());
    for payment in payments {
        let asked = Asked::get(format!("/v1/payments/{payment}")).about(format!("judge {payment}"));
        let view = town.must(&asked).await?.json();
        for refund in view["refunds"].as_array().into_iter().flatten() {
            let (id, status) = (text(refund, "/id"), text(refund, "/status"));
            let cents = money::at(refund, "/amount").unwrap_or_default();
            if status != "failed" {
                back.push((text(&view, "/customer"), text(refund, "/amount/currency"), cents));
            }
            let at_stripe = made.remove(&id).unwrap_or_default();
            let fits = match at_stripe.as_slice() {
                // Stripe was never reached, for so long that its memory of keys could be over: a person looks.
                [] => status == "requested" && refund["reference"].is_null(),
                [one] => {
                    let end = match one["status"].as_str() {
                        Some("failed") => status == "failed",
                        Some("succeeded") => status == "done",
                        _ => status == "requested",
                    };
                    end && one["amount"] == cents
                }
                _ => false,
            };
            if !fits {
                wrong.push(format!("{refund} of {payment}, which at Stripe is {at_stripe:?}"));
            }
        }
    }
    for (id, refunds) in made {
        wrong.push(format!("{id} is at Stripe alone: {refunds:?}"));
    }
    for what in wrong {
        town.violate("paid back", what, None);
    }
    Ok(back)
}

/// Holds what was told against what there is.
pub(super) async fn judge(town: &mut Town, invoices: &[Value]) -> anyhow::Result<()> {
    let (heard, refused) = {
        let inside = town.stage.outside.inside();
        (inside.erp.heard.clone(), inside.erp.refused.clone())
    };
    let mut wrong = refused;
    let endpoint = town.endpoint.clone();
    // Tried for three days, and given up: it is listed, and one asks for it again.
    let given_up: BTreeSet<String> = town
        .list(&format!(
            "/v1/webhook-endpoints/{endpoint}/deliveries?status=failed"
        ))
        .await?
        .iter()
        .map(|delivery| text(delivery, "/event"))
        .collect();
    let events = town.list("/v1/events").await?;
    let mut known = BTreeSet::new();
    for event in &events {
        let id = text(event, "/id");
        match heard.get(&id) {
            Some(heard) if heard.kind == event["type"] => {}
            Some(heard) => wrong.push(format!(
                "{id} is {}, and was told as {}",
                event["type"], heard.kind
            )),
            None if given_up.contains(&id) => {}
            None => wrong.push(format!("{id} ({}) was told to nobody", event["type"])),
        }
        known.insert(id);
    }
    for id in heard.keys().filter(|id| !known.contains(*id)) {
        wrong.push(format!("{id} was told, and is no event"));
    }
    // What was charged is told of by `charge.posted`, and not followed.
    let issued = invoices.iter().filter(|invoice| invoice["kind"] == "invoice");
    let mut counts = Counts::new();
    for event in &events {
        if let (Some(kind), Some(invoice)) = (
            event["type"].as_str(),
            event.pointer("/data/invoice").and_then(Value::as_str),
        ) {
            *counts.entry((invoice, kind)).or_default() += 1;
        }
    }
    wrong.extend(issued.filter_map(|invoice| stands_as_told(invoice, &counts)));
    if !invoices.is_empty() && heard.is_empty() {
        wrong.push("nothing was told at all".to_owned());
    }
    for what in wrong {
        town.violate("told", what, None);
    }
    Ok(())
}

/// Whether the events about an invoice, in whatever order, say what the ledger says; what does not fit, otherwise.
fn stands_as_told(invoice: &Value, counts: &Counts<'_>) -> Option<String> {
    let id = invoice["id"].as_str().unwrap_or_default();
    let count = |kind| counts.get(&(id, kind)).copied().unwrap_or_default();
    let (paid, reopened) = (count("invoice.paid"), count("invoice.reopened"));
    let fits = match invoice["status"].as_str() {
        Some("void") => count("invoice.voided") == 1,
        Some("written_off") => true,
        _ => {
            let settled = money::at(invoice, "/balance") == Some(0);
            paid == reopened + usize::from(settled) && count("invoice.voided") == 0
        }
    };
    (!fits).then(|| {
        format!(
            "{} is {} with {} left, and was told paid {paid} times, open again {reopened} times",
            invoice["number"],
            invoice["status"],
            text(invoice, "/balance/amount")
        )
    })
}
