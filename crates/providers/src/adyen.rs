//! Adyen: Pay by Link (docs.adyen.com/api-explorer/Checkout/71/post/paymentLinks).
//!
//! **Once** for at least seven days: that long Adyen knows an `idempotency-key` again.
//! **Believed** is what `adyen_hmac_keys` sign: eight fields of each notification item. Adyen wants `[accepted]`.
//! **Paid** is what was authorised: the account captures by itself. A capture that fails takes the payment back. Asked
//! about a link that was paid Adyen does not name the payment, so the link waits for the notification, which Adyen sends
//! again and again for a month.

use crate::api::{Api, Ask, Settled, words};
use crate::{Closed, Doing, Event, Order, Provider, Row, Unopened, content_id, ours};
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use receivables::id::RefundId;
use receivables::money::Money;
use receivables::paylink::{Offer, Session, Turn};
use receivables::told::{Chargeback, ChargebackStage, Paid, Refund, RefundState, Told};
use receivables::units::{ADYEN, UnitError};
use serde::Deserialize;
use serde_json::{Value, json};
use store::checkouts::Looked;
use store::refunds::{self, Answered};
use web::webhook::adyen as signature;
use web::{Cx, Problem};

pub(crate) const ROW: Row = Row {
    offer: Offer {
        name: "adyen",
        ways: &["card", "ideal", "online"],
        plays: false,
        takes: |_, currency| ADYEN.takes(currency),
    },
    remembers: TimeDelta::days(6),
    acknowledged: Some("[accepted]"),
    set_up,
    hear,
    read,
};

const KEY: &str = "idempotency-key";

struct Adyen {
    api: Api,
    account: String,
}

fn set_up(cx: &Cx) -> Doing<'_, Result<Option<Box<dyn Provider>>, Problem>> {
    Box::pin(async move {
        let key = cx.setting("adyen_api_key").await?;
        let Some((key, account)) = key.zip(cx.setting("adyen_merchant_account").await?) else {
            return Ok(None);
        };
        let url = cx.required_setting("adyen_url").await?;
        let api = Api::new("adyen", &base(&url), vec![("x-api-key", key)]);
        Ok(Some(Box::new(Adyen { api, account }) as Box<dyn Provider>))
    })
}

/// Where the Checkout API is at an address: under a path of its own on the live hosts. The variable names no path, since
/// what a host lets a component call has none.
fn base(url: &str) -> String {
    let url = url.trim_end_matches('/');
    match url.ends_with(".adyenpayments.com") {
        true => format!("{url}/checkout"),
        false => url.to_owned(),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Notification {
    notification_items: Vec<Wrapped>,
}

#[derive(Deserialize)]
struct Wrapped {
    #[serde(rename = "NotificationRequestItem")]
    item: Value,
}

fn hear<'a>(cx: &'a Cx, body: &'a [u8]) -> Doing<'a, Result<Vec<Event>, Problem>> {
    Box::pin(async move {
        let keys = cx.secrets("adyen_hmac_keys").await?;
        if keys.is_empty() {
            return Err(Problem::unauthorized(
                "Adyen's notifications are not taken: the variable `adyen_hmac_keys` is not set.",
            ));
        }
        let notification: Notification = serde_json::from_slice(body)
            .map_err(|error| Problem::bad_request(format!("The body is no notification: {error}.")))?;
        let mut events = Vec::new();
        for wrapped in notification.notification_items {
            events.push(believed(&keys, &wrapped.item)?);
        }
        Ok(events)
    })
}

/// An item's value as text, the way it is signed.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

fn believed(keys: &[String], item: &Value) -> Result<Event, Problem> {
    let field = |pointer: &str| item.pointer(pointer).map(text).unwrap_or_default();
    let [psp, original, account, merchant, value, currency, code, success] = [
        "/pspReference",
        "/originalReference",
        "/merchantAccountCode",
        "/merchantReference",
        "/amount/value",
        "/amount/currency",
        "/eventCode",
        "/success",
    ]
    .map(field);
    let signed = signature::Signed {
        psp_reference: &psp,
        original_reference: &original,
        merchant_account: &account,
        merchant_reference: &merchant,
        value: &value,
        currency: &currency,
        event_code: &code,
        success: &success,
    };
    let given = item
        .pointer("/additionalData/hmacSignature")
        .and_then(Value::as_str);
    signature::verify(keys, signed, given)?;
    // What is signed, and no more: sent again, an item may differ in the rest.
    let id = content_id(
        &format!("{psp}-{code}-"),
        &[&original, &merchant, &value, &currency, &success]
            .map(String::as_str)
            .join(":"),
    );
    Ok(Event {
        id,
        body: item.to_string(),
    })
}

impl Provider for Adyen {
    fn open<'a>(&'a self, cx: &'a Cx, order: &'a Order<'_>) -> Doing<'a, Result<Session, Unopened>> {
        Box::pin(async move {
            let body = self
                .link(order)
                .map_err(|error| Unopened::Over(self.api.failed(&error.to_string())))?;
            let ask = Ask::post("/v71/paymentLinks", Some((KEY, order.checkout.as_str())), body);
            let link: Link = self.api.open(cx, &ask).await?;
            Ok(Session {
                id: link.id,
                url: link.url.unwrap_or_default(),
                expires_at: link.expires_at.unwrap_or(order.expires_at),
            })
        })
    }

    fn close<'a>(&'a self, session: &'a str) -> Doing<'a, Result<Closed, Problem>> {
        Box::pin(async move {
            let path = format!("/v71/paymentLinks/{session}");
            let body = json!({"status": "expired"}).to_string();
            let ask = Ask {
                method: "PATCH",
                path: &path,
                key: None,
                body: Some(body),
            };
            let answer = self.api.once(&ask).await?;
            if answer.status == 200 {
                return Ok(Closed::Unpaid);
            }
            let refused = self.api.refusal(&answer);
            let link: Link = self.api.read(&self.api.get(&path).await?)?;
            match link.status.as_str() {
                "expired" => Ok(Closed::Unpaid),
                "completed" | "paid" | "paymentPending" => Ok(Closed::Paid),
                _ => Err(refused),
            }
        })
    }

    fn look<'a>(&'a self, _: &'a Cx, looked: &'a Looked) -> Doing<'a, Result<Vec<Event>, Problem>> {
        Box::pin(async move {
            let answer = self
                .api
                .get(&format!("/v71/paymentLinks/{}", looked.session))
                .await?;
            let body = self.api.text(&answer)?;
            Ok(vec![Event {
                id: content_id(&format!("{}-", looked.session), &body),
                body,
            }])
        })
    }

    fn refund<'a>(&'a self, cx: &'a Cx, refund: &'a refunds::Order) -> Doing<'a, Result<Answered, Problem>> {
        Box::pin(async move {
            let amount = match amount(refund.amount) {
                Ok(amount) => amount,
                Err(error) => return Ok(Answered::Refused(error.to_string())),
            };
            let body = json!({"merchantAccount": self.account, "amount": amount, "reference": refund.id});
            let path = format!("/v71/payments/{}/refunds", refund.payment);
            match self
                .api
                .insist(cx, &Ask::post(&path, Some((KEY, refund.id.as_str())), body))
                .await
            {
                Settled::Open(problem) => Err(problem),
                Settled::Refused(answer) => Ok(Answered::Refused(words(&answer))),
                // Whether it was done, a notification tells.
                Settled::Done(answer) => {
                    Ok(Answered::Asked(self.api.read::<Received>(&answer)?.psp_reference))
                }
            }
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Link {
    id: String,
    url: Option<String>,
    status: String,
    reference: Option<String>,
    expires_at: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    psp_reference: String,
}

fn amount(amount: Money) -> Result<Value, UnitError> {
    Ok(json!({"value": ADYEN.to_minor(amount)?, "currency": amount.currency().code()}))
}

/// Characters of a description that Adyen takes.
const DESCRIPTION: usize = 280;

impl Adyen {
    /// The link that is asked for. Every field follows from the order alone.
    fn link(&self, order: &Order<'_>) -> Result<Value, UnitError> {
        let purpose = if order.purpose.is_empty() {
            &order.creditor_name
        } else {
            &order.purpose
        };
        let mut link = json!({
            "reference": order.checkout,
            "merchantAccount": self.account,
            "amount": amount(order.amount)?,
            "description": purpose.chars().take(DESCRIPTION).collect::<String>(),
            "countryCode": order.country,
            "shopperLocale": order.locale,
            "shopperReference": order.customer,
            "returnUrl": order.success_url,
            "expiresAt": order.expires_at.to_rfc3339_opts(SecondsFormat::Secs, true),
            "reusable": false,
            "metadata": {"checkout": order.checkout, "customer": order.customer, "link": order.link},
        });
        if let (Some(email), Some(link)) = (order.email, link.as_object_mut()) {
            link.insert("shopperEmail".to_owned(), json!(email));
        }
        Ok(link)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    event_code: String,
    psp_reference: String,
    original_reference: Option<String>,
    merchant_reference: Option<String>,
    amount: Option<Amount>,
    /// `"true"` or `true`.
    success: Value,
    reason: Option<String>,
    payment_method: Option<String>,
    event_date: Option<DateTime<Utc>>,
}

#[derive(Deserialize)]
struct Amount {
    value: i64,
    currency: String,
}

impl Item {
    fn money(&self) -> Result<Option<Money>, String> {
        let read = |amount: &Amount| ADYEN.from_minor(amount.value, &amount.currency);
        self.amount
            .as_ref()
            .map(read)
            .transpose()
            .map_err(|error| error.to_string())
    }

    /// What Adyen calls the payment that the item is about.
    fn payment(&self) -> String {
        let original = self
            .original_reference
            .as_ref()
            .filter(|original| !original.is_empty());
        original.unwrap_or(&self.psp_reference).clone()
    }

    fn refund(&self, state: RefundState) -> Result<Told, String> {
        let name = self.merchant_reference.as_deref().unwrap_or_default();
        Ok(Told::Refund(Refund {
            ours: RefundId::parse(name).ok(),
            id: self.psp_reference.clone(),
            payment: self.payment(),
            amount: self.money()?,
            state,
        }))
    }

    fn chargeback(&self, stage: ChargebackStage) -> Result<Told, String> {
        // The second one follows one that was reversed, under the same name.
        let second = if self.event_code == "SECOND_CHARGEBACK" {
            "-second"
        } else {
            ""
        };
        Ok(Told::Chargeback(Chargeback {
            id: format!("{}{second}", self.psp_reference),
            payment: self.payment(),
            amount: self.money()?,
            reason: self.reason.clone().unwrap_or_default(),
            stage,
        }))
    }
}

/// A link that was looked at, or a notification's item.
fn read(text: &str) -> Result<Vec<Told>, String> {
    if let Ok(link) = serde_json::from_str::<Link>(text) {
        return Ok(vec![looked(&link)?]);
    }
    let item: Item =
        serde_json::from_str(text).map_err(|error| format!("not a notification of Adyen's: {error}"))?;
    let success = matches!(&item.success, Value::Bool(true)) || item.success == "true";
    let told = match (item.event_code.as_str(), success) {
        ("REFUND", true) => item.refund(RefundState::Done)?,
        ("REFUND", false) | ("REFUND_FAILED", true) => item.refund(RefundState::Failed)?,
        ("NOTIFICATION_OF_CHARGEBACK", true) => item.chargeback(ChargebackStage::Demanded)?,
        ("CHARGEBACK" | "SECOND_CHARGEBACK", true) => item.chargeback(ChargebackStage::Lost)?,
        ("CHARGEBACK_REVERSED", true) => item.chargeback(ChargebackStage::Won)?,
        ("AUTHORISATION", _) | ("CAPTURE", false) | ("CAPTURE_FAILED" | "CANCELLATION", true) => {
            match ours(item.merchant_reference.as_deref()) {
                Err(why) => Told::Nothing(why),
                Ok(checkout) if item.event_code != "AUTHORISATION" => {
                    let reason = item.reason.unwrap_or_else(|| item.event_code.to_lowercase());
                    Told::Fell { checkout, reason }
                }
                // The payer may try another card on the same page.
                Ok(checkout) if !success => Told::Declined(checkout),
                Ok(checkout) => Told::Paid(Paid {
                    checkout,
                    amount: item.money()?,
                    reference: item.psp_reference,
                    method: item.payment_method.unwrap_or_else(|| "online".to_owned()),
                    at: item.event_date,
                }),
            }
        }
        (code, _) => Told::Nothing(format!("{code} needs nothing done")),
    };
    Ok(vec![told])
}

fn looked(link: &Link) -> Result<Told, String> {
    let checkout = match ours(link.reference.as_deref()) {
        Ok(checkout) => checkout,
        Err(why) => return Ok(Told::Nothing(why)),
    };
    match link.status.as_str() {
        "active" => Ok(Told::Nothing(format!("{} is open", link.id))),
        "expired" => Ok(Told::Turned(checkout, Turn::Expired)),
        "completed" | "paid" | "paymentPending" => Ok(Told::Turned(checkout, Turn::Pending)),
        other => Err(format!("link status {other} is not one that we know")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use receivables::currency::Currency;
    use receivables::id::CheckoutId;

    const CHECKOUT: &str = "chk_01kerpxzmw76f6s5peagy4mabq";

    fn item(code: &str, success: bool, merchant: &str) -> String {
        json!({"eventCode": code, "success": success.to_string(), "pspReference": "PSP2", "originalReference": "PSP1",
            "merchantAccountCode": "Sandpiper", "merchantReference": merchant,
            "amount": {"value": 1_130, "currency": "EUR"}, "reason": "why", "paymentMethod": "visa",
            "eventDate": "2026-01-12T10:00:00+01:00"})
        .to_string()
    }

    #[test]
    fn each_notification_is_known() {
        let checkout = || CheckoutId::parse(CHECKOUT).unwrap();
        let amount = Some(Money::new(1_130, Currency::parse("EUR").unwrap()));
        let paid = Told::Paid(Paid {
            checkout: checkout(),
            reference: "PSP2".to_owned(),
            amount,
            method: "visa".to_owned(),
            at: "2026-01-12T09:00:00Z".parse().ok(),
        });
        let fell = || Told::Fell {
            checkout: checkout(),
            reason: "why".to_owned(),
        };
        let name = "rfd_01kerpxzmw76f6s5peagy4mabq";
        let refund = |ours: bool, state| {
            Told::Refund(Refund {
                ours: ours.then(|| RefundId::parse(name).unwrap()),
                id: "PSP2".to_owned(),
                payment: "PSP1".to_owned(),
                amount,
                state,
            })
        };
        let chargeback = |id: &str, stage| {
            Told::Chargeback(Chargeback {
                id: id.to_owned(),
                payment: "PSP1".to_owned(),
                amount,
                reason: "why".to_owned(),
                stage,
            })
        };
        for (code, success, merchant, expected) in [
            ("AUTHORISATION", true, CHECKOUT, paid),
            ("AUTHORISATION", false, CHECKOUT, Told::Declined(checkout())),
            (
                "AUTHORISATION",
                true,
                "order 7",
                Told::Nothing("\"order 7\" is no hand-over of ours".to_owned()),
            ),
            (
                "CAPTURE",
                true,
                CHECKOUT,
                Told::Nothing("CAPTURE needs nothing done".to_owned()),
            ),
            ("CAPTURE", false, CHECKOUT, fell()),
            ("CAPTURE_FAILED", true, CHECKOUT, fell()),
            ("REFUND", true, name, refund(true, RefundState::Done)),
            ("REFUND", true, CHECKOUT, refund(false, RefundState::Done)),
            ("REFUND", false, name, refund(true, RefundState::Failed)),
            ("REFUND_FAILED", true, name, refund(true, RefundState::Failed)),
            (
                "NOTIFICATION_OF_CHARGEBACK",
                true,
                CHECKOUT,
                chargeback("PSP2", ChargebackStage::Demanded),
            ),
            (
                "CHARGEBACK",
                true,
                CHECKOUT,
                chargeback("PSP2", ChargebackStage::Lost),
            ),
            (
                "CHARGEBACK_REVERSED",
                true,
                CHECKOUT,
                chargeback("PSP2", ChargebackStage::Won),
            ),
            (
                "SECOND_CHARGEBACK",
                true,
                CHECKOUT,
                chargeback("PSP2-second", ChargebackStage::Lost),
            ),
            (
                "REPORT_AVAILABLE",
                true,
                "",
                Told::Nothing("REPORT_AVAILABLE needs nothing done".to_owned()),
            ),
        ] {
            assert_eq!(
                read(&item(code, success, merchant)),
                Ok(vec![expected]),
                "{code} {success} {merchant}"
            );
        }
    }

    #[test]
    fn a_link_follows_from_the_order() {
        let ids = crate::tests::Ids::new();
        let adyen = Adyen {
            api: Api::new("adyen", "https://adyen.example/", Vec::new()),
            account: "Sandpiper".to_owned(),
        };
        let expected = json!({"reference": ids.checkout, "merchantAccount": "Sandpiper",
            "amount": {"value": 12_500, "currency": "EUR"}, "description": "R-1, R-2", "countryCode": "DE",
            "shopperLocale": "de-AT", "shopperReference": ids.customer,
            "returnUrl": "https://pay.example/back?returned=1", "expiresAt": "2026-01-13T08:00:00Z",
            "reusable": false,
            "metadata": {"checkout": ids.checkout, "customer": ids.customer, "link": ids.link},
            "shopperEmail": "ada@nordwind.example"});
        assert_eq!(adyen.link(&ids.order("125.00", "EUR")), Ok(expected));
        assert_eq!(
            adyen.link(&ids.order("150", "ISK")).unwrap()["amount"]["value"],
            15_000
        );
    }

    #[test]
    fn the_live_api_lies_under_a_path() {
        for (url, expected) in [
            (
                "https://checkout-test.adyen.com",
                "https://checkout-test.adyen.com",
            ),
            (
                "https://1797a841fbb37ca7-Sandpiper-checkout-live.adyenpayments.com/",
                "https://1797a841fbb37ca7-Sandpiper-checkout-live.adyenpayments.com/checkout",
            ),
        ] {
            assert_eq!(base(url), expected);
        }
    }

    #[test]
    fn a_link_that_was_looked_at_says_how_far_it_is() {
        for (status, expected) in [
            ("active", Told::Nothing("PL1 is open".to_owned())),
            (
                "expired",
                Told::Turned(CheckoutId::parse(CHECKOUT).unwrap(), Turn::Expired),
            ),
            (
                "completed",
                Told::Turned(CheckoutId::parse(CHECKOUT).unwrap(), Turn::Pending),
            ),
        ] {
            let link = json!({"id": "PL1", "url": "https://x", "status": status, "reference": CHECKOUT,
                "expiresAt": "2026-01-13T10:00:00+01:00"});
            assert_eq!(read(&link.to_string()), Ok(vec![expected]), "{status}");
        }
    }
}
