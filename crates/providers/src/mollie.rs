//! Mollie: a payment of the payments API (docs.mollie.com/reference/create-payment).
//!
//! **Believed** is what Mollie's API answers and nothing else: its webhook is an unsigned `id=tr_...`, whoever posts it,
//! so the payment is fetched, with its refunds and chargebacks, and that document is the event. It always says how
//! things stand, so the order in which webhooks come does not matter.
//! **Once** for an hour: that long Mollie knows an `Idempotency-Key` again. A payment whose answer was lost for longer
//! is opened a second time; nobody has ever seen the first one.
//! **Closing.** Mollie cancels only what its methods can (`isCancelable`). What it does not is not paid elsewhere
//! either until it has run out by itself.

use crate::api::{Api, Ask, Settled, words};
use crate::{Closed, Doing, Event, Order, Provider, Row, Unopened, content_id, ours};
use chrono::{DateTime, TimeDelta, Utc};
use receivables::currency::Currency;
use receivables::id::{CheckoutId, RefundId};
use receivables::money::Money;
use receivables::paylink::{Offer, Session, Turn};
use receivables::told::{Chargeback, ChargebackStage, Paid, Refund, RefundState, Told};
use receivables::units::{MOLLIE, UnitError};
use serde::Deserialize;
use serde_json::{Value, json};
use store::checkouts::Looked;
use store::refunds::{self, Answered};
use web::{Cx, Problem};

pub(crate) const ROW: Row = Row {
    offer: Offer {
        name: "mollie",
        ways: &["card", "ideal", "bancontact", "online"],
        plays: false,
        takes: |_, currency| takes(currency),
    },
    remembers: TimeDelta::minutes(50),
    acknowledged: None,
    set_up,
    hear,
    read,
};

const KEY: &str = "idempotency-key";

fn takes(currency: Currency) -> bool {
    MOLLIE.takes(currency)
}

struct Mollie(Api);

async fn mollie(cx: &Cx) -> Result<Option<Mollie>, Problem> {
    let Some(key) = cx.setting("mollie_api_key").await? else {
        return Ok(None);
    };
    let url = cx.required_setting("mollie_url").await?;
    Ok(Some(Mollie(Api::new(
        "mollie",
        &url,
        vec![("authorization", format!("Bearer {key}"))],
    ))))
}

fn set_up(cx: &Cx) -> Doing<'_, Result<Option<Box<dyn Provider>>, Problem>> {
    Box::pin(async move {
        Ok(mollie(cx)
            .await?
            .map(|mollie| Box::new(mollie) as Box<dyn Provider>))
    })
}

/// `id=tr_...`. An id that Mollie does not know is acknowledged all the same, as Mollie asks for: who tries ids learns
/// nothing.
fn hear<'a>(cx: &'a Cx, body: &'a [u8]) -> Doing<'a, Result<Vec<Event>, Problem>> {
    Box::pin(async move {
        let Some(mollie) = mollie(cx).await? else {
            return Err(Problem::unauthorized(
                "Mollie's events are not taken: the variable `mollie_api_key` is not set.",
            ));
        };
        let Some(id) = payment_id(body) else {
            return Err(Problem::bad_request("The body is not `id=tr_...`."));
        };
        mollie.payment(id).await
    })
}

/// The id in a webhook's form; it becomes a part of an address, so it must be one.
fn payment_id(body: &[u8]) -> Option<&str> {
    let id = std::str::from_utf8(body).ok()?.trim().strip_prefix("id=")?;
    is_payment(id).then_some(id)
}

fn is_payment(id: &str) -> bool {
    let unique = id.strip_prefix("tr_").unwrap_or_default();
    (1..=64).contains(&unique.len()) && unique.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl Provider for Mollie {
    fn open<'a>(&'a self, cx: &'a Cx, order: &'a Order<'_>) -> Doing<'a, Result<Session, Unopened>> {
        Box::pin(async move {
            let body = payment(order).map_err(|error| Unopened::Over(self.0.failed(&error.to_string())))?;
            let ask = Ask::post("/v2/payments", Some((KEY, order.checkout.as_str())), body);
            let opened: Opened = self.0.open(cx, &ask).await?;
            let Some(page) = opened.links.checkout else {
                let problem = self.0.failed(&format!("payment {} has no address", opened.id));
                return Err(Unopened::Over(problem));
            };
            Ok(Session {
                id: opened.id,
                url: page.href,
                expires_at: opened.expires_at.unwrap_or(order.expires_at),
            })
        })
    }

    fn close<'a>(&'a self, session: &'a str) -> Doing<'a, Result<Closed, Problem>> {
        Box::pin(async move {
            let path = format!("/v2/payments/{session}");
            let ask = Ask {
                method: "DELETE",
                path: &path,
                key: None,
                body: None,
            };
            let answer = self.0.once(&ask).await?;
            if answer.status == 200 {
                return Ok(Closed::Unpaid);
            }
            let refused = self.0.refusal(&answer);
            let payment: Payment = self.0.read(&self.0.get(&path).await?)?;
            match payment.status.as_str() {
                "canceled" | "expired" | "failed" => Ok(Closed::Unpaid),
                "paid" | "pending" | "authorized" => Ok(Closed::Paid),
                _ => Err(refused),
            }
        })
    }

    fn look<'a>(&'a self, _: &'a Cx, looked: &'a Looked) -> Doing<'a, Result<Vec<Event>, Problem>> {
        Box::pin(self.payment(&looked.session))
    }

    fn refund<'a>(&'a self, cx: &'a Cx, refund: &'a refunds::Order) -> Doing<'a, Result<Answered, Problem>> {
        Box::pin(async move {
            if !is_payment(&refund.payment) {
                return Ok(Answered::Refused(format!(
                    "{} is no payment of Mollie's",
                    refund.payment
                )));
            }
            let body = match back(refund) {
                Ok(body) => body,
                Err(error) => return Ok(Answered::Refused(error.to_string())),
            };
            let path = format!("/v2/payments/{}/refunds", refund.payment);
            match self
                .0
                .insist(cx, &Ask::post(&path, Some((KEY, refund.id.as_str())), body))
                .await
            {
                Settled::Open(problem) => Err(problem),
                Settled::Refused(answer) => Ok(Answered::Refused(words(&answer))),
                Settled::Done(answer) => {
                    let made: MadeBack = self.0.read(&answer)?;
                    Ok(match state(&made.status) {
                        Some(RefundState::Done) => Answered::Done(made.id),
                        Some(RefundState::Failed) => {
                            Answered::Refused(format!("refund {} {}", made.id, made.status))
                        }
                        _ => Answered::Asked(made.id),
                    })
                }
            }
        })
    }
}

impl Mollie {
    /// How a payment stands, as an event: another one whenever it says something else.
    async fn payment(&self, id: &str) -> Result<Vec<Event>, Problem> {
        let path = format!("/v2/payments/{id}?embed=refunds,chargebacks");
        let answer = self.0.once(&Ask::get(&path)).await?;
        match answer.status {
            200 => {
                let body = self.0.text(&answer)?;
                Ok(vec![Event {
                    id: content_id(&format!("{id}-"), &body),
                    body,
                }])
            }
            404 | 410 => Ok(Vec::new()),
            _ => Err(self.0.refusal(&answer)),
        }
    }
}

fn amount(amount: Money) -> Result<Value, UnitError> {
    Ok(json!({"currency": amount.currency().code(), "value": MOLLIE.to_text(amount)?}))
}

/// Characters of a description that Mollie takes.
const DESCRIPTION: usize = 255;

/// The payment that is asked for. Every field follows from the order alone.
fn payment(order: &Order<'_>) -> Result<Value, UnitError> {
    let purpose = if order.purpose.is_empty() {
        &order.creditor_name
    } else {
        &order.purpose
    };
    Ok(json!({
        "amount": amount(order.amount)?,
        "description": purpose.chars().take(DESCRIPTION).collect::<String>(),
        "redirectUrl": order.success_url,
        "cancelUrl": order.cancel_url,
        "webhookUrl": order.webhook_url,
        "locale": locale(order.locale),
        "metadata": {"checkout": order.checkout, "customer": order.customer, "link": order.link},
    }))
}

/// The refund that is asked for.
fn back(refund: &refunds::Order) -> Result<Value, UnitError> {
    Ok(json!({
        "amount": amount(refund.amount)?,
        "description": refund.reason.chars().take(DESCRIPTION).collect::<String>(),
        "metadata": {"refund": refund.id},
    }))
}

/// The languages of Mollie's pages (docs.mollie.com, "locale"), the first one of a language being what it stands for.
const LOCALES: &[&str] = &[
    "en_US", "en_GB", "nl_NL", "nl_BE", "de_DE", "de_AT", "de_CH", "fr_FR", "fr_BE", "es_ES", "ca_ES",
    "pt_PT", "it_IT", "nb_NO", "sv_SE", "fi_FI", "da_DK", "is_IS", "hu_HU", "pl_PL", "lv_LV", "lt_LT",
];

fn locale(tag: &str) -> &'static str {
    let exact = tag.replace('-', "_");
    let language = tag.split('-').next().unwrap_or(tag);
    let same = |known: &&&str| known.eq_ignore_ascii_case(&exact);
    let speaks = |known: &&&str| {
        known
            .split('_')
            .next()
            .is_some_and(|known| known.eq_ignore_ascii_case(language))
    };
    let found = LOCALES.iter().find(same).or_else(|| LOCALES.iter().find(speaks));
    found.copied().unwrap_or("en_US")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Opened {
    id: String,
    expires_at: Option<DateTime<Utc>>,
    #[serde(rename = "_links")]
    links: Links,
}

#[derive(Deserialize)]
struct Links {
    checkout: Option<Href>,
}

#[derive(Deserialize)]
struct Href {
    href: String,
}

#[derive(Deserialize)]
struct MadeBack {
    id: String,
    status: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payment {
    id: String,
    status: String,
    amount: Option<Amount>,
    method: Option<String>,
    metadata: Option<Value>,
    paid_at: Option<DateTime<Utc>>,
    #[serde(rename = "_embedded", default)]
    embedded: Embedded,
}

#[derive(Deserialize)]
struct Amount {
    value: String,
    currency: String,
}

#[derive(Deserialize, Default)]
struct Embedded {
    #[serde(default)]
    refunds: Vec<RefundObject>,
    #[serde(default)]
    chargebacks: Vec<ChargebackObject>,
}

#[derive(Deserialize)]
struct RefundObject {
    id: String,
    amount: Amount,
    status: String,
    metadata: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChargebackObject {
    id: String,
    amount: Amount,
    reason: Option<Reason>,
    reversed_at: Option<String>,
}

#[derive(Deserialize)]
struct Reason {
    description: Option<String>,
}

impl Amount {
    fn money(&self) -> Result<Money, String> {
        MOLLIE
            .from_text(&self.value, &self.currency)
            .map_err(|error| error.to_string())
    }
}

fn in_metadata<'a>(metadata: Option<&'a Value>, name: &str) -> Option<&'a str> {
    metadata?.get(name)?.as_str()
}

fn state(status: &str) -> Option<RefundState> {
    match status {
        "queued" | "pending" | "processing" => Some(RefundState::Requested),
        "refunded" => Some(RefundState::Done),
        "failed" | "canceled" => Some(RefundState::Failed),
        _ => None,
    }
}

/// A payment as it stands: what it is, then what went back of it.
fn read(text: &str) -> Result<Vec<Told>, String> {
    let payment: Payment =
        serde_json::from_str(text).map_err(|error| format!("not a payment of Mollie's: {error}"))?;
    let checkout = match ours(in_metadata(payment.metadata.as_ref(), "checkout")) {
        Ok(checkout) => checkout,
        Err(why) => return Ok(vec![Told::Nothing(why)]),
    };
    let mut told = vec![stands(&payment, checkout)?];
    for refund in &payment.embedded.refunds {
        let state =
            state(&refund.status).ok_or_else(|| format!("refund status {} is not known", refund.status))?;
        let name =
            in_metadata(refund.metadata.as_ref(), "refund").and_then(|name| RefundId::parse(name).ok());
        told.push(Told::Refund(Refund {
            ours: name,
            id: refund.id.clone(),
            payment: payment.id.clone(),
            amount: Some(refund.amount.money()?),
            state,
        }));
    }
    for chargeback in &payment.embedded.chargebacks {
        let reason = chargeback
            .reason
            .as_ref()
            .and_then(|reason| reason.description.clone());
        told.push(Told::Chargeback(Chargeback {
            id: chargeback.id.clone(),
            payment: payment.id.clone(),
            amount: Some(chargeback.amount.money()?),
            reason: reason.unwrap_or_default(),
            // With Mollie the money is gone as soon as one is heard of.
            stage: match chargeback.reversed_at {
                Some(_) => ChargebackStage::Won,
                None => ChargebackStage::Lost,
            },
        }));
    }
    Ok(told)
}

fn stands(payment: &Payment, checkout: CheckoutId) -> Result<Told, String> {
    Ok(match payment.status.as_str() {
        "paid" => Told::Paid(Paid {
            checkout,
            reference: payment.id.clone(),
            amount: payment.amount.as_ref().map(Amount::money).transpose()?,
            method: payment.method.clone().unwrap_or_else(|| "online".to_owned()),
            at: payment.paid_at,
        }),
        "open" => Told::Nothing(format!("{} is open", payment.id)),
        "pending" | "authorized" => Told::Turned(checkout, Turn::Pending),
        "canceled" | "expired" => Told::Turned(checkout, Turn::Expired),
        "failed" => Told::Turned(checkout, Turn::Failed),
        other => return Err(format!("payment status {other} is not one that we know")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHECKOUT: &str = "chk_01kerpxzmw76f6s5peagy4mabq";

    fn euro(minor: i64) -> Money {
        Money::new(minor, Currency::parse("EUR").unwrap())
    }

    /// A payment as the documentation of "Get payment" shows it, with what we put in.
    fn document(status: &str) -> Value {
        json!({"resource": "payment", "id": "tr_7UhSN1zuXS", "mode": "live", "createdAt": "2026-01-12T09:00:00+00:00",
            "amount": {"value": "10.00", "currency": "EUR"}, "description": "R-1", "method": "ideal",
            "metadata": {"checkout": CHECKOUT}, "status": status, "paidAt": "2026-01-12T23:30:00+00:00"})
    }

    #[test]
    fn each_status_of_a_payment_is_known() {
        let checkout = || CheckoutId::parse(CHECKOUT).unwrap();
        let paid = Told::Paid(Paid {
            checkout: checkout(),
            reference: "tr_7UhSN1zuXS".to_owned(),
            amount: Some(euro(1_000)),
            method: "ideal".to_owned(),
            at: "2026-01-12T23:30:00Z".parse().ok(),
        });
        for (status, expected) in [
            ("paid", paid),
            ("open", Told::Nothing("tr_7UhSN1zuXS is open".to_owned())),
            ("pending", Told::Turned(checkout(), Turn::Pending)),
            ("authorized", Told::Turned(checkout(), Turn::Pending)),
            ("canceled", Told::Turned(checkout(), Turn::Expired)),
            ("expired", Told::Turned(checkout(), Turn::Expired)),
            ("failed", Told::Turned(checkout(), Turn::Failed)),
        ] {
            assert_eq!(
                read(&document(status).to_string()),
                Ok(vec![expected]),
                "{status}"
            );
        }
        assert!(read(&document("shipped").to_string()).is_err());
        let mut foreign = document("paid");
        foreign["metadata"] = json!("order 7");
        let nothing = Told::Nothing("\"\" is no hand-over of ours".to_owned());
        assert_eq!(read(&foreign.to_string()), Ok(vec![nothing]));
    }

    #[test]
    fn what_went_back_is_told_after_the_payment() {
        let mut payment = document("paid");
        payment["_embedded"] = json!({
            "refunds": [{"id": "re_4qqhO89gsT", "amount": {"value": "4.00", "currency": "EUR"}, "status": "refunded",
                "metadata": {"refund": "rfd_01kerpxzmw76f6s5peagy4mabq"}},
                {"id": "re_2", "amount": {"value": "1.00", "currency": "EUR"}, "status": "queued", "metadata": null}],
            "chargebacks": [{"id": "chb_n9z0tp", "amount": {"value": "5.00", "currency": "EUR"},
                "reason": {"code": "AC01", "description": "Account identifier incorrect"}, "reversedAt": null}]});
        let told = read(&payment.to_string()).unwrap();
        let refund = |ours: Option<&str>, id: &str, minor, state| {
            Told::Refund(Refund {
                ours: ours.map(|id| RefundId::parse(id).unwrap()),
                id: id.to_owned(),
                payment: "tr_7UhSN1zuXS".to_owned(),
                amount: Some(euro(minor)),
                state,
            })
        };
        let lost = Told::Chargeback(Chargeback {
            id: "chb_n9z0tp".to_owned(),
            payment: "tr_7UhSN1zuXS".to_owned(),
            amount: Some(euro(500)),
            reason: "Account identifier incorrect".to_owned(),
            stage: ChargebackStage::Lost,
        });
        let ours = Some("rfd_01kerpxzmw76f6s5peagy4mabq");
        let expected = [
            refund(ours, "re_4qqhO89gsT", 400, RefundState::Done),
            refund(None, "re_2", 100, RefundState::Requested),
            lost,
        ];
        assert_eq!(told[1..], expected);
    }

    #[test]
    fn a_payment_follows_from_the_order() {
        let ids = crate::tests::Ids::new();
        let expected = json!({"amount": {"currency": "EUR", "value": "125.00"}, "description": "R-1, R-2",
            "redirectUrl": "https://pay.example/back?returned=1", "cancelUrl": "https://pay.example/back",
            "webhookUrl": "https://pay.example/webhooks/x", "locale": "de_AT",
            "metadata": {"checkout": ids.checkout, "customer": ids.customer, "link": ids.link}});
        assert_eq!(payment(&ids.order("125.00", "EUR")), Ok(expected));
        assert_eq!(
            payment(&ids.order("1250", "JPY")).unwrap()["amount"]["value"],
            "1250"
        );
        assert!(payment(&ids.order("1.000", "KWD")).is_err());
    }

    #[test]
    fn a_webhook_names_a_payment_and_nothing_that_leads_elsewhere() {
        assert_eq!(payment_id(b"id=tr_7UhSN1zuXS"), Some("tr_7UhSN1zuXS"));
        for wrong in [
            "",
            "id=",
            "id=tr_",
            "id=ord_1",
            "id=tr_1/../x",
            "id=tr_1%2F",
            "id=tr_1&a=b",
            "tr_1",
            "id=tr_1?x",
        ] {
            assert_eq!(payment_id(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn a_language_is_one_that_mollie_speaks() {
        for (tag, expected) in [
            ("de", "de_DE"),
            ("de-AT", "de_AT"),
            ("de-LI", "de_DE"),
            ("en", "en_US"),
            ("ja", "en_US"),
        ] {
            assert_eq!(locale(tag), expected, "{tag}");
        }
    }
}
