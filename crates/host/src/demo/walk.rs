//! From an invoice to its money, step by step, each checked and told.

use super::client::Client;
use crate::clock::{Move, instant};
use crate::host::Host;
use anyhow::{Context, ensure};
use chrono::{DateTime, Duration, Utc};
use http::{Method, StatusCode};
use serde_json::Value;

/// A UBL 2.1 invoice as a billing system would send it; the one that the README posts.
const INVOICE: &str = include_str!("../../../../examples/invoice.xml");

/// Plays the whole path against a host that runs on a virtual clock and an empty ledger, telling each step.
///
/// # Errors
/// A step that does not hold.
pub async fn play(host: &Host, tell: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let client = Client::new(host);
    let mut step = 0;
    let mut tell = |text: String| {
        step += 1;
        tell(&format!("{step:>2}. {text}"));
    };

    let invoice = client
        .send(
            Method::POST,
            "/v1/invoices",
            "application/xml",
            INVOICE,
            StatusCode::CREATED,
        )
        .await?
        .json()?;
    let (id, number) = (text(&invoice, "/id")?, text(&invoice, "/number")?);
    let owed = format!(
        "{} {}",
        text(&invoice, "/balance/amount")?,
        text(&invoice, "/balance/currency")?
    );
    tell(format!(
        "A UBL invoice comes in: {number}, {owed}, due {}.",
        text(&invoice, "/due_date")?
    ));

    let customer_path = format!("/v1/customers/{}", text(&invoice, "/customer/id")?);
    let customer = client.get(&customer_path).await?.json()?;
    let at: DateTime<Utc> = text(&customer, "/next_action/at")?.parse()?;
    let (next, why) = (
        text(&customer, "/next_action/step")?,
        text(&customer, "/next_action/why")?,
    );
    tell(format!(
        "Its customer is {}; next: {next} at {}. {why}.",
        text(&customer, "/name")?,
        instant(at)
    ));

    let early = client.job("sweep").await?;
    ensure!(
        number_at(&early, "/queued")? == 0,
        "the sweep queued something before its time: {early}"
    );
    tell(format!(
        "A sweep now, at {}, queues nothing: it is too early.",
        instant(host.clock().now())
    ));

    host.clock().advance(Move::To(at))?;
    let swept = client.job("sweep").await?;
    ensure!(
        number_at(&swept, "/queued")? == 1,
        "the sweep should queue one message: {swept}"
    );
    tell(format!(
        "The clock moves to {}; the sweep queues one message.",
        instant(at)
    ));

    let again = client.job("sweep").await?;
    ensure!(
        number_at(&again, "/queued")? == 0,
        "a second sweep queued again: {again}"
    );
    tell("A second sweep queues nothing: one step, one message.".to_owned());

    let delivered = client.job("deliver").await?;
    ensure!(
        number_at(&delivered, "/sent")? == 1,
        "the courier should send one message: {delivered}"
    );
    let mailbox = client.get("/v1/mailbox").await?.json()?;
    let (to, subject) = (text(&mailbox, "/data/0/to")?, text(&mailbox, "/data/0/subject")?);
    tell(format!("The courier delivers to {to}: “{subject}”."));

    let mail = text(&mailbox, "/data/0/text")?;
    let start = format!("{}/pay/", host.url());
    let token = mail
        .split_once(&start)
        .context("the message has no payment link")?
        .1;
    let token: String = token
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
        .collect();
    let pay = format!("/pay/{token}");
    let page = client.get(&pay).await?.text();
    ensure!(page.contains(number), "the payment page does not show {number}");
    tell(format!(
        "Its link opens a page that shows what is owed: {}{pay}",
        host.url()
    ));

    let handed_over = client.form(&pay, "", StatusCode::SEE_OTHER).await?;
    let checkout = handed_over.redirect(host.url())?;
    client.get(&checkout).await?;
    tell("Paying hands over to the payment provider; here the sandbox, where no money moves.".to_owned());

    client.form(&checkout, "outcome=paid", StatusCode::OK).await?;
    let paid = client.get(&format!("/v1/invoices/{id}")).await?.json()?;
    ensure!(
        text(&paid, "/status")? == "paid",
        "the invoice is not paid: {paid}"
    );
    tell(format!(
        "The provider confirms by signed webhook; invoice {number} is paid."
    ));

    client.form(&checkout, "outcome=paid", StatusCode::OK).await?;
    let customer = client.get(&customer_path).await?.json()?;
    ensure!(
        text(&customer, "/unapplied/amount")? == "0.00",
        "the webhook counted twice: {customer}"
    );
    tell("The same webhook again changes nothing.".to_owned());

    ensure!(
        customer.pointer("/next_action") == Some(&Value::Null),
        "something is still planned: {customer}"
    );
    let later = host
        .clock()
        .now()
        .checked_add_signed(Duration::days(60))
        .context("the calendar has ended")?;
    host.clock().advance(Move::To(later))?;
    let swept = client.job("sweep").await?;
    ensure!(
        number_at(&swept, "/queued")? == 0,
        "a paid invoice was reminded of: {swept}"
    );
    let mailbox = client.get("/v1/mailbox").await?.json()?;
    ensure!(
        mailbox.pointer("/data/1").is_none(),
        "a second message was sent: {mailbox}"
    );
    tell("Sixty days later nothing more was sent: the reminders have stopped.".to_owned());

    let proof = client.get("/v1/reports/integrity").await?.json()?;
    ensure!(
        proof.pointer("/holds") == Some(&Value::Bool(true)),
        "the ledger does not add up: {proof}"
    );
    tell("Every balance equals the sum of its postings.".to_owned());
    Ok(())
}

fn text<'a>(value: &'a Value, pointer: &str) -> anyhow::Result<&'a str> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .with_context(|| format!("no text at {pointer} in {value}"))
}

fn number_at(value: &Value, pointer: &str) -> anyhow::Result<u64> {
    value
        .pointer(pointer)
        .and_then(Value::as_u64)
        .with_context(|| format!("no number at {pointer} in {value}"))
}
