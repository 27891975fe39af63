//! What is done, one entry a workflow: what it begins from, and the requests that are it.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use url::form_urlencoded;
use web::webhook::twilio;

use super::ground::{Ask, BILLING_SECRET, Ground, Notes, PUBLIC_URL, STRIPE_SECRET};

/// The morning on which steps are due.
const DAY: &str = "2026-01-13T09:00:00Z";
/// The same in seconds.
const DAY_S: i64 = 1_768_294_800;

const TWILIO_TOKEN: &str = "twilio-token";

/// A workflow.
pub(super) struct Workflow {
    pub(super) name: &'static str,
    /// Variables beside the usual ones.
    pub(super) variables: &'static [(&'static str, &'static str)],
    pub(super) prepare: fn(&Ground) -> Notes,
    /// Requests that are repeated until they are answered as they should be, one after the other.
    pub(super) act: fn(&Notes) -> Vec<Ask>,
    /// Whether a crash may leave a message to a person: its carrier knows no key.
    pub(super) may_be_uncertain: bool,
}

/// Most have a carrier that knows what it has seen, or none.
const USUAL: Workflow = Workflow {
    name: "",
    variables: &[],
    prepare: |_| Notes::new(),
    act: |_| Vec::new(),
    may_be_uncertain: false,
};

/// All of them.
pub(super) const WORKFLOWS: &[Workflow] = &[
    Workflow {
        name: "first request: the schema is made",
        act: |_| vec![Ask::get("/v1/customers")],
        ..USUAL
    },
    Workflow {
        name: "intake of one",
        prepare: |ground| {
            customers(ground, &["C-1"], json!({}));
            Notes::new()
        },
        act: |_| vec![Ask::json("/v1/invoices", &invoice("R-1", "C-1", "2026-01-09"))],
        ..USUAL
    },
    Workflow {
        name: "intake of many",
        prepare: |ground| {
            customers(ground, &["C-1"], json!({}));
            Notes::new()
        },
        act: |_| {
            let mut table =
                "number,customer,issue_date,due_date,currency,total,customer_name,customer_country\n"
                    .to_owned();
            for row in 0..25 {
                let customer = row % 5;
                table.push_str(&format!(
                    "B-{row},C-{customer},2026-01-05,2026-02-04,EUR,10.{row:02},Customer {customer},DE\n"
                ));
            }
            vec![Ask::post("/v1/invoices", "text/csv", table).header("idempotency-key", "the table")]
        },
        ..USUAL
    },
    Workflow {
        name: "credit note",
        prepare: owing,
        act: |_| {
            let note = json!({"number": "CN-1", "customer": {"external_id": "C-1"}, "issue_date": "2026-01-10",
                "currency": "EUR", "total": "30.00", "invoice_number": "R-C-1"});
            vec![Ask::json("/v1/credit-notes", &note)]
        },
        ..USUAL
    },
    Workflow {
        name: "order",
        prepare: owing,
        act: |_| {
            let order = json!({"number": "SO-1", "customer": {"external_id": "C-1"}, "currency": "EUR",
                "amount": "70.00"});
            vec![Ask::json("/v1/orders", &order)]
        },
        ..USUAL
    },
    Workflow {
        name: "sweep",
        prepare: |ground| {
            owing(ground);
            ground.clock_to(DAY);
            Notes::new()
        },
        act: |_| vec![Ask::job("sweep")],
        ..USUAL
    },
    Workflow {
        name: "deliver: mailbox",
        prepare: queued,
        act: |_| vec![Ask::job("deliver")],
        ..USUAL
    },
    Workflow {
        name: "deliver: carrier that knows its keys",
        prepare: |ground| {
            policy(ground, "webhook");
            customers(ground, &["C-1", "C-2"], json!({"policy": "by-webhook"}));
            swept(ground, &["C-1", "C-2"])
        },
        act: |_| vec![Ask::job("deliver")],
        ..USUAL
    },
    Workflow {
        name: "deliver: carrier that knows none",
        variables: &[("email_providers", "postmark")],
        prepare: queued,
        act: |_| vec![Ask::job("deliver")],
        may_be_uncertain: true,
    },
    Workflow {
        name: "payment link",
        prepare: owing,
        act: |_| {
            let link = json!({"customer": {"external_id": "C-1"}});
            vec![Ask::json("/v1/payment-links", &link).header("idempotency-key", "the link")]
        },
        ..USUAL
    },
    Workflow {
        name: "hand-over to the provider",
        prepare: linked,
        act: |notes| vec![press(notes)],
        ..USUAL
    },
    Workflow {
        name: "hand-over to the sandbox",
        variables: &[
            ("sandbox_secret", "whsec_c2FuZGJveCBzZWNyZXQ="),
            ("stripe_secret_key", ""),
        ],
        prepare: linked,
        act: |notes| vec![press(notes)],
        ..USUAL
    },
    Workflow {
        name: "provider's webhook",
        prepare: |ground| {
            let mut notes = linked(ground);
            ground.insist(&press(&notes)).expect("a session");
            let session = ground.outside.complete();
            notes.insert("event", event("checkout.session.completed", &session));
            notes
        },
        act: |notes| vec![told(&notes["event"])],
        ..USUAL
    },
    Workflow {
        name: "refund",
        prepare: paid,
        act: |notes| {
            let back = json!({"amount": {"amount": "20.00", "currency": "EUR"}, "reason": "Sent back"});
            let path = format!("/v1/payments/{}/refund", notes["payment"]);
            vec![Ask::json(path, &back).header("idempotency-key", "the refund")]
        },
        ..USUAL
    },
    Workflow {
        name: "billing system's webhook",
        prepare: |ground| {
            customers(ground, &["C-1"], json!({}));
            Notes::new()
        },
        act: |_| {
            let body = json!({"type": "invoice.issued", "timestamp": "2026-01-12T09:00:00Z",
                "data": invoice("R-1", "C-1", "2026-02-09")});
            let (body, at) = (body.to_string(), "1768208400");
            let key = data_encoding::BASE64.decode(BILLING_SECRET.trim_start_matches("whsec_").as_bytes());
            let signature =
                data_encoding::BASE64.encode(&mac(&key.expect("base64"), &format!("evt_1.{at}.{body}")));
            vec![
                Ask::post("/webhooks/billing", "application/json", body)
                    .anonymous()
                    .header("webhook-id", "evt_1")
                    .header("webhook-timestamp", at)
                    .header("webhook-signature", format!("v1,{signature}")),
                Ask::job("inbound"),
            ]
        },
        ..USUAL
    },
    Workflow {
        name: "a text that says STOP",
        variables: &[("twilio_auth_token", TWILIO_TOKEN)],
        prepare: owing,
        act: |_| {
            let fields = [
                ("MessageSid", "SM1"),
                ("From", "+4930123456"),
                ("To", "+15005550006"),
                ("Body", "STOP"),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
            let form = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(&fields)
                .finish();
            let url = format!("{PUBLIC_URL}/webhooks/twilio");
            let signature = twilio::sign(twilio::Algorithm::Sha1, TWILIO_TOKEN, &url, &fields);
            vec![
                Ask::post("/webhooks/twilio", "application/x-www-form-urlencoded", form)
                    .anonymous()
                    .header("x-twilio-signature", data_encoding::BASE64.encode(&signature)),
                Ask::job("replies"),
            ]
        },
        ..USUAL
    },
    Workflow {
        name: "bank statement",
        prepare: owing,
        act: |_| {
            let lines = [
                ("119.00", "Customer C-1", "R-C-1"),
                ("60.00", "Somebody", "R-C-2"),
                ("7.00", "Nobody", "?"),
            ];
            vec![
                Ask::post("/v1/bank-statements", "application/xml", camt(&lines))
                    .header("idempotency-key", "the statement"),
                Ask::job("match"),
            ]
        },
        ..USUAL
    },
    Workflow {
        name: "remittance advice",
        prepare: owing,
        act: |_| {
            let text = "EUR\nReference: PAY-1\nR-C-1 100.00\nR-C-2 30.00 damaged goods\nTotal 130.00";
            vec![Ask::post("/v1/remittances", "text/plain", text)]
        },
        ..USUAL
    },
    Workflow {
        name: "promise broken",
        prepare: |ground| {
            owing(ground);
            let promise = json!({"customer": {"external_id": "C-1"}, "promised_on": "2026-01-20"});
            ground.json(&Ask::json("/v1/promises", &promise));
            ground.clock_to("2026-01-23T09:00:00Z");
            Notes::new()
        },
        act: |_| vec![Ask::job("sweep")],
        ..USUAL
    },
    Workflow {
        name: "policy change",
        prepare: |ground| {
            policy(ground, "email");
            customers(ground, &["C-1"], json!({"policy": "by-email"}));
            Notes::new()
        },
        act: |_| {
            let mut policy = says("email");
            policy["steps"][0]["day"] = json!(3);
            vec![Ask::put("/v1/policies/by-email", &policy)]
        },
        ..USUAL
    },
    Workflow {
        name: "relay of events",
        prepare: |ground| {
            let endpoint = json!({"url": "https://hooks.example/in", "types": ["invoice.created"]});
            ground.json(&Ask::json("/v1/webhook-endpoints", &endpoint));
            owing(ground)
        },
        act: |_| vec![Ask::job("relay")],
        ..USUAL
    },
    Workflow {
        name: "erasure",
        prepare: |ground| {
            let ids = customers(ground, &["C-1", "C-2"], json!({}));
            swept(ground, &["C-2"]);
            Notes::from([("customer", ids[0].clone())])
        },
        act: |notes| {
            let path = format!("/v1/customers/{}/erase", notes["customer"]);
            let reason = json!({"reason": "He asked by letter"});
            vec![Ask::json(path, &reason).header("idempotency-key", "the erasure")]
        },
        ..USUAL
    },
];

fn customers(ground: &Ground, names: &[&str], more: Value) -> Vec<String> {
    let made = names.iter().map(|name| {
        let mut customer = json!({"external_id": name, "name": format!("Customer {name}"), "kind": "business",
            "country": "DE", "time_zone": "Europe/Berlin", "locale": "en", "currency": "EUR",
            "contacts": [{"name": "Ada Braun", "role": "billing", "email": format!("{name}@nordwind.example")}]});
        let members = customer.as_object_mut().expect("an object");
        members.extend(more.as_object().expect("an object").clone());
        let made = ground.json(&Ask::json("/v1/customers", &customer));
        made["id"].as_str().expect("an id").to_owned()
    });
    made.collect()
}

fn invoice(number: &str, customer: &str, due: &str) -> Value {
    json!({"number": number, "customer": {"external_id": customer}, "issue_date": "2025-12-15", "due_date": due,
        "currency": "EUR", "total": "119.00"})
}

fn says(channel: &str) -> Value {
    json!({"name": format!("by-{channel}"), "send_at": "09:00", "business_days_only": false,
        "min_days_between_contacts": 0,
        "steps": [{"id": "reminder", "day": 1, "channels": [channel], "template": "friendly"}]})
}

fn policy(ground: &Ground, channel: &str) {
    let path = format!("/v1/policies/by-{channel}");
    ground.json(&Ask::put(path, &says(channel)));
}

/// Three customers with an invoice each, overdue since the ninth.
fn owing(ground: &Ground) -> Notes {
    let names = ["C-1", "C-2", "C-3"];
    customers(ground, &names, json!({}));
    for name in names {
        let invoice = invoice(&format!("R-{name}"), name, "2026-01-09");
        ground.json(&Ask::json("/v1/invoices", &invoice));
    }
    Notes::new()
}

/// Invoices of customers that are there, and what is to be said about them in the queue.
fn swept(ground: &Ground, names: &[&str]) -> Notes {
    for name in names {
        let invoice = invoice(&format!("R-{name}"), name, "2026-01-09");
        ground.json(&Ask::json("/v1/invoices", &invoice));
    }
    ground.clock_to(DAY);
    ground.json(&Ask::job("sweep"));
    Notes::new()
}

fn queued(ground: &Ground) -> Notes {
    let names = ["C-1", "C-2", "C-3"];
    customers(ground, &names, json!({}));
    swept(ground, &names)
}

/// A link to pay one customer's invoice.
fn linked(ground: &Ground) -> Notes {
    owing(ground);
    ground.clock_to(DAY);
    let link = json!({"customer": {"external_id": "C-1"}});
    let made = ground.json(&Ask::json("/v1/payment-links", &link));
    let url = made["url"].as_str().expect("an address");
    let path = url.strip_prefix(PUBLIC_URL).expect("our address").to_owned();
    Notes::from([("link", path)])
}

/// The payer presses pay.
fn press(notes: &Notes) -> Ask {
    Ask::post(&notes["link"], "application/x-www-form-urlencoded", "").anonymous()
}

/// Money came through the provider.
fn paid(ground: &Ground) -> Notes {
    let notes = linked(ground);
    ground.insist(&press(&notes)).expect("a session");
    let session = ground.outside.complete();
    ground.json(&told(&event("checkout.session.completed", &session)));
    let customer = ground.json(&Ask::get("/v1/customers?external_id=C-1"));
    let id = customer["data"][0]["id"].as_str().expect("an id").to_owned();
    let timeline = ground.json(&Ask::get(format!("/v1/customers/{id}/timeline?limit=500")));
    let activities = timeline["data"].as_array().expect("data");
    let received = activities
        .iter()
        .find(|activity| activity["kind"] == "payment_received");
    let payment = received.expect("a payment")["refers_to"]
        .as_str()
        .expect("an id")
        .to_owned();
    let freed = json!({"allocations": []});
    ground.json(&Ask::json(format!("/v1/payments/{payment}/allocations"), &freed));
    Notes::from([("payment", payment)])
}

fn event(kind: &str, object: &Value) -> String {
    json!({"id": "evt_1", "object": "event", "api_version": "2025-09-30.clover", "created": DAY_S, "type": kind,
        "data": {"object": object}, "livemode": false, "pending_webhooks": 1})
    .to_string()
}

fn told(event: &str) -> Ask {
    let signature =
        data_encoding::HEXLOWER.encode(&mac(STRIPE_SECRET.as_bytes(), &format!("{DAY_S}.{event}")));
    Ask::post("/webhooks/stripe", "application/json", event)
        .anonymous()
        .header("stripe-signature", format!("t={DAY_S},v1={signature}"))
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// A camt.053 with these lines: amount, payer, text.
fn camt(lines: &[(&str, &str, &str)]) -> String {
    let cents = |amount: &str| amount.replace('.', "").parse::<i64>().expect("an amount");
    let sum: i64 = lines.iter().map(|(amount, ..)| cents(amount)).sum();
    let balance = |code: &str, amount: String| {
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{amount}</Amt>\
             <CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-01-12</Dt></Dt></Bal>"
        )
    };
    let entries: String = lines
        .iter()
        .enumerate()
        .map(|(at, (amount, who, text))| {
            format!(
                "<Ntry><Amt Ccy=\"EUR\">{amount}</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts>\
                 <BookgDt><Dt>2026-01-12</Dt></BookgDt><AcctSvcrRef>1-{at}</AcctSvcrRef><NtryDtls><TxDtls>\
                 <RltdPties><Dbtr><Nm>{who}</Nm></Dbtr></RltdPties><RmtInf><Ustrd>{text}</Ustrd></RmtInf>\
                 </TxDtls></NtryDtls></Ntry>"
            )
        })
        .collect();
    format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt><Stmt><Id>S-1</Id>\
         <ElctrncSeqNb>1</ElctrncSeqNb><Acct><Id><Othr><Id>DE-BANK-1</Id></Othr></Id><Ccy>EUR</Ccy></Acct>{}{}{entries}\
         </Stmt></BkToCstmrStmt></Document>",
        balance("OPBD", "0.00".to_owned()),
        balance("CLBD", format!("{}.{:02}", sum / 100, sum % 100))
    )
}
