//! The demo's ledger: made-up customers of a made-up tool shop, with dates counted from the demo's today.

use super::client::Client;
use crate::host::Host;
use chrono::{Days, NaiveDate};
use http::{Method, StatusCode};
use serde_json::{Value, json};

/// Who: external id, name, country, time zone, locale, currency, credit limit, contact, address.
const CUSTOMERS: &[[&str; 9]] = &[
    [
        "C-1001",
        "Avocet Marine GmbH",
        "DE",
        "Europe/Berlin",
        "de",
        "EUR",
        "20000.00",
        "Buchhaltung",
        "buchhaltung@avocet.example",
    ],
    [
        "C-1002",
        "Curlew & Daughters Ltd",
        "GB",
        "Europe/London",
        "en",
        "GBP",
        "8000.00",
        "Accounts payable",
        "ap@curlew.example",
    ],
    [
        "C-1003",
        "Godwit Freight Inc",
        "US",
        "America/New_York",
        "en",
        "USD",
        "15000.00",
        "Dana Reyes",
        "dana@godwit.example",
    ],
    [
        "C-1004",
        "Knot Rope Works SARL",
        "FR",
        "Europe/Paris",
        "en",
        "EUR",
        "5000.00",
        "Comptabilité",
        "compta@knot.example",
    ],
    [
        "C-1005",
        "Ruff Carpentry AG",
        "AT",
        "Europe/Vienna",
        "de",
        "EUR",
        "4000.00",
        "Frau Huber",
        "huber@ruff.example",
    ],
];

/// Number, customer, currency, total; issued and due in days from today; paid how many days from today.
type Invoice = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    i64,
    i64,
    Option<i64>,
);

const INVOICES: &[Invoice] = &[
    ("2025-0911", "C-1001", "EUR", "3120.00", -95, -65, Some(-60)),
    ("2025-1042", "C-1001", "EUR", "1890.50", -60, -30, Some(-31)),
    ("2026-0103", "C-1001", "EUR", "4200.00", -8, 22, None),
    ("2025-0958", "C-1002", "GBP", "640.00", -80, -50, Some(-22)),
    ("2025-1107", "C-1002", "GBP", "1275.00", -46, -16, None),
    ("2025-1163", "C-1002", "GBP", "310.00", -33, -3, None),
    ("2025-1120", "C-1003", "USD", "9800.00", -34, -4, None),
    ("2026-0108", "C-1003", "USD", "2450.00", -5, 4, None),
    ("2025-0890", "C-1004", "EUR", "2300.00", -110, -80, Some(-41)),
    ("2025-0987", "C-1004", "EUR", "3650.00", -102, -72, None),
    ("2025-1066", "C-1004", "EUR", "980.00", -65, -35, None),
    ("2026-0110", "C-1005", "EUR", "540.00", -4, 3, None),
];

/// Fills an empty ledger; one that holds anything is left as it is. Says whether it did.
///
/// # Errors
/// The app does not take what it should.
pub async fn seed(host: &Host) -> anyhow::Result<bool> {
    let client = Client::new(host);
    let some = client.get("/v1/customers?limit=1").await?.json()?;
    if some.pointer("/data/0").is_some() {
        return Ok(false);
    }
    let today = host.clock().now().date_naive();
    let customers: Vec<Value> = CUSTOMERS.iter().map(customer).collect();
    post(&client, "/v1/customers", &json!(customers)).await?;
    let invoices: Vec<Value> = INVOICES
        .iter()
        .map(|(number, customer, currency, total, issued, due, _)| {
            json!({"number": number, "customer": {"external_id": customer}, "currency": currency, "total": total,
                "issue_date": day(today, *issued), "due_date": day(today, *due)})
        })
        .collect();
    post(&client, "/v1/invoices", &json!(invoices)).await?;
    for (number, customer, currency, total, _, _, paid) in INVOICES {
        let Some(paid) = paid else { continue };
        let payment = json!({"customer": {"external_id": customer}, "amount": total, "currency": currency,
            "received_on": day(today, *paid), "method": "bank_transfer", "reference": format!("RCPT-{number}"),
            "remittance": [{"invoice_number": number}]});
        let body = payment.to_string();
        client
            .send(
                Method::POST,
                "/v1/payments",
                "application/json",
                body,
                StatusCode::CREATED,
            )
            .await?;
    }
    client.job("risk").await?;
    Ok(true)
}

async fn post(client: &Client<'_>, path: &str, documents: &Value) -> anyhow::Result<()> {
    let body = documents.to_string();
    let answer = client
        .send(Method::POST, path, "application/json", body, StatusCode::OK)
        .await?
        .json()?;
    match answer.pointer("/rejected/0") {
        None => Ok(()),
        Some(rejected) => anyhow::bail!("the demo's own data was rejected: {rejected}"),
    }
}

fn customer(row: &[&str; 9]) -> Value {
    let [
        external_id,
        name,
        country,
        time_zone,
        locale,
        currency,
        limit,
        contact,
        email,
    ] = row;
    json!({"external_id": external_id, "name": name, "kind": "business", "country": country,
        "time_zone": time_zone, "locale": locale, "currency": currency, "credit_limit": limit, "terms_days": 30,
        "contacts": [{"name": contact, "role": "billing", "email": email}]})
}

fn day(today: NaiveDate, offset: i64) -> NaiveDate {
    let days = Days::new(offset.unsigned_abs());
    let moved = if offset < 0 {
        today.checked_sub_days(days)
    } else {
        today.checked_add_days(days)
    };
    moved.unwrap_or(today)
}
