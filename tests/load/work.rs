//! What the clients do: each piece of work checks its answers and writes down in the books what it knows to be done.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::client::{Answer, Ask, Server, Tally};
use crate::bank::camt;
use crate::harness::{customer, invoice, payment, unique};
use crate::kill::{Books, PUBLIC_URL, Random, cents, euros};

/// What the billing system signs with.
pub(super) const BILLING_SECRET: &str = "whsec_bG9hZC10ZXN0LXdlYmhvb2stc2VjcmV0";
/// Lines of a bank statement.
const LINES: usize = 8;
/// As many invoices as a payment is worth.
const INVOICES_PAID: usize = 4;

/// The app, its clients' books, and what time it is.
pub(super) struct World {
    pub(super) server: Server,
    pub(super) books: Mutex<Books>,
    pub(super) customers: Vec<String>,
    pub(super) session: String,
    /// Seconds since 1970 at which the clock was put last.
    pub(super) now: AtomicI64,
    statements: AtomicU32,
}

/// A piece of work. None: refused on the way.
type Work = fn(&World, &Tally, &mut Random) -> Option<()>;

/// How often each is done, of a hundred times, and which.
const MIX: [(usize, Work); 7] = [
    (22, World::invoice),
    (12, World::payment),
    (18, World::told_by_billing),
    (12, World::checkout),
    (14, World::console),
    (21, World::reads),
    (1, World::statement),
];

impl World {
    pub(super) fn new(server: Server, customers: Vec<String>, session: String, now: DateTime<Utc>) -> Self {
        Self {
            server,
            books: Mutex::default(),
            customers,
            session,
            now: AtomicI64::new(now.timestamp()),
            statements: AtomicU32::new(1),
        }
    }

    /// Does one piece of work, chosen by chance.
    pub(super) fn work(&self, tally: &Tally, random: &mut Random) -> Option<()> {
        let mut chance = random.below(MIX.iter().map(|(weight, _)| weight).sum());
        for (weight, work) in MIX {
            if chance < weight {
                return work(self, tally, random);
            }
            chance -= weight;
        }
        None
    }

    /// With a key, asks for something that is answered with one of `statuses`.
    fn api(&self, tally: &Tally, kind: &'static str, ask: Ask, statuses: &[u16]) -> Option<Answer> {
        let key = self.server.app().admin_key.clone();
        let answer = self.server.ask(tally, kind, &ask.key(&key))?;
        assert!(
            statuses.contains(&answer.status),
            "{kind}: {} {}",
            answer.status,
            answer.body
        );
        Some(answer)
    }

    fn due(&self, random: &mut Random) -> String {
        let now = DateTime::from_timestamp(self.now.load(Ordering::Relaxed), 0).expect("an instant");
        let days = i64::try_from(random.below(40)).expect("days") - 20;
        (now.date_naive() + chrono::TimeDelta::days(days))
            .max("2025-12-16".parse().expect("a day"))
            .to_string()
    }

    fn owes(&self, external_id: &str, number: &str, cents: i64) {
        let mut books = self.books.lock().expect("books");
        let known = books.invoices.entry(external_id.to_owned()).or_default();
        assert_eq!(known.insert(number.to_owned(), cents), None);
    }

    fn received(&self, external_id: &str, cents: i64) {
        let mut books = self.books.lock().expect("books");
        *books.received.entry(external_id.to_owned()).or_default() += cents;
    }

    fn invoice(&self, tally: &Tally, random: &mut Random) -> Option<()> {
        let external_id = random.one_of(&self.customers).to_owned();
        self.invoice_for(tally, &external_id, random).map(drop)
    }

    /// Sends an invoice; answers its number and total.
    fn invoice_for(&self, tally: &Tally, external_id: &str, random: &mut Random) -> Option<(String, i64)> {
        let (number, total) = (unique("L"), random.cents());
        let document = invoice(&number, external_id, &euros(total), &self.due(random));
        let taken = self.api(
            tally,
            "invoice",
            Ask::json("/v1/invoices", &document),
            &[200, 201],
        )?;
        let taken = taken.json();
        assert_eq!(
            (&taken["number"], cents(&taken["total"])),
            (&json!(number), total)
        );
        self.owes(external_id, &number, total);
        Some((number, total))
    }

    /// Money by bank, enough for some invoices: they come at several times the rate, and debts are not to pile up.
    fn payment(&self, tally: &Tally, random: &mut Random) -> Option<()> {
        let external_id = random.one_of(&self.customers);
        let amount = (0..INVOICES_PAID).map(|_| random.cents()).sum();
        let transfer = payment(&unique("T"), external_id, &euros(amount));
        let taken = self.api(
            tally,
            "payment",
            Ask::json("/v1/payments", &transfer),
            &[200, 201],
        )?;
        let taken = taken.json();
        assert_eq!(cents(&taken["amount"]), amount);
        self.received(external_id, amount);
        let id = taken["id"].as_str().expect("an id").to_owned();
        let twice = self.books.lock().expect("books").payments.insert(id, amount);
        assert_eq!(twice, None, "two payments in one");
        Some(())
    }

    /// A signed webhook that brings an invoice.
    fn told_by_billing(&self, tally: &Tally, random: &mut Random) -> Option<()> {
        let external_id = random.one_of(&self.customers);
        let (number, total) = (unique("B"), random.cents());
        let document = invoice(&number, external_id, &euros(total), &self.due(random));
        let body = json!({"type": "invoice.issued", "timestamp": "2026-01-12T09:00:00Z", "data": document});
        let (body, id) = (body.to_string(), unique("evt"));
        loop {
            let now = self.now.load(Ordering::Relaxed);
            let signature = web::webhook::sign(BILLING_SECRET, &id, now, body.as_bytes()).expect("a secret");
            let ask = Ask::post("/webhooks/billing", "application/json", body.as_str())
                .with("webhook-id", id.as_str())
                .with("webhook-timestamp", now.to_string())
                .with("webhook-signature", signature);
            let answer = self.server.ask(tally, "billing webhook", &ask)?;
            match answer.status {
                200 => {
                    let status = answer.json()["status"].clone();
                    // `received`: it is kept, and the job gives it its effect, since there was no time to.
                    let taken = ["processed", "duplicate", "received"]
                        .iter()
                        .any(|word| status == *word);
                    assert!(taken, "{}", answer.body);
                    break;
                }
                // The clock was put forward between its signature and our look at it.
                401 => {}
                _ => panic!("{} {}", answer.status, answer.body),
            }
        }
        self.owes(external_id, &number, total);
        Some(())
    }

    /// A new customer pays an invoice through a link: the provider's webhook brings the money.
    fn checkout(&self, tally: &Tally, random: &mut Random) -> Option<()> {
        let external_id = unique("W");
        let who = customer(&external_id);
        self.api(tally, "customer", Ask::json("/v1/customers", &who), &[200, 201])?;
        let (number, total) = self.invoice_for(tally, &external_id, random)?;
        let link = Ask::json(
            "/v1/payment-links",
            &json!({"customer": {"external_id": external_id}}),
        )
        .with("idempotency-key", unique("idem"));
        let link = self.api(tally, "link", link, &[201])?.json();
        let page = path(link["url"].as_str().expect("an address"));
        let shown = self.server.ask(tally, "pay page", &Ask::get(page.as_str()))?;
        assert!(
            shown.status == 200 && shown.body.contains(&number),
            "{}",
            shown.body
        );
        let form = "application/x-www-form-urlencoded";
        let handed_over = self.server.ask(tally, "hand-over", &Ask::post(page, form, ""))?;
        let provider = path(
            &handed_over
                .location
                .unwrap_or_else(|| panic!("{}", handed_over.body)),
        );
        // From here on the money may move, so there is no giving up.
        loop {
            let pay = Ask::post(provider.as_str(), form, "outcome=paid");
            let paid = self.server.insist(tally, "payment webhook", &pay);
            match paid.status {
                200 => break,
                // The clock was put forward on the way, or the app was too busy for the provider's webhook.
                422 => {}
                _ => panic!("{} {}", paid.status, paid.body),
            }
        }
        self.received(&external_id, total);
        Some(())
    }

    fn console(&self, tally: &Tally, _: &mut Random) -> Option<()> {
        let ask = Ask::get("/console").with("cookie", self.session.as_str());
        let page = self.server.ask(tally, "console", &ask)?;
        assert_eq!(page.status, 200, "{}", page.body);
        Some(())
    }

    fn reads(&self, tally: &Tally, random: &mut Random) -> Option<()> {
        let external_id = random.one_of(&self.customers);
        let found = Ask::get(format!("/v1/customers?external_id={external_id}"));
        let found = self.api(tally, "customer read", found, &[200])?.json();
        assert_eq!(found["data"][0]["external_id"], *external_id);
        let path = [
            "/v1/reports/worklist",
            "/v1/reports/aging",
            "/v1/invoices?status=open",
        ][random.below(3)];
        let list = self.api(tally, "report", Ask::get(path), &[200])?.json();
        assert!(list.is_object(), "{list}");
        Some(())
    }

    /// A bank statement that pays a new customer's invoices, each by its number.
    fn statement(&self, tally: &Tally, random: &mut Random) -> Option<()> {
        let external_id = unique("S");
        let who = customer(&external_id);
        self.api(tally, "customer", Ask::json("/v1/customers", &who), &[200, 201])?;
        // Each its own amount: where two numbers one slip apart owe the same, a person decides which is meant.
        let first = random.cents();
        let owed: Vec<(String, i64)> = (first..).take(LINES).map(|cents| (unique("N"), cents)).collect();
        let due = self.due(random);
        let documents: String = owed
            .iter()
            .map(|(number, total)| invoice(number, &external_id, &euros(*total), &due).to_string() + "\n")
            .collect();
        let bulk = Ask::post("/v1/invoices", "application/x-ndjson", documents);
        let taken = self.api(tally, "bulk", bulk, &[200])?.json();
        let counted = |name: &str| taken[name].as_u64().unwrap_or_default();
        assert_eq!(
            counted("accepted") + counted("duplicates"),
            owed.len() as u64,
            "{taken}"
        );
        for (number, total) in &owed {
            self.owes(&external_id, number, *total);
        }
        let amounts: Vec<String> = owed.iter().map(|(_, total)| euros(*total)).collect();
        let lines: Vec<[&str; 6]> = owed
            .iter()
            .zip(&amounts)
            .map(|((number, _), amount)| [amount, "", "", "", number, ""])
            .collect();
        let number = self.statements.fetch_add(1, Ordering::Relaxed);
        let document = camt(&unique("ACC"), number, "2026-01-12", 0, &lines);
        let statement = Ask::post("/v1/bank-statements", "application/xml", document);
        let taken = self.api(tally, "statement", statement, &[200])?.json();
        let count = |name: &str| taken[name].as_i64().unwrap_or_default();
        assert_eq!(count("lines"), LINES as i64, "{taken}");
        self.received(&external_id, owed.iter().map(|(_, total)| total).sum());
        Some(())
    }
}

fn path(url: &str) -> String {
    url.strip_prefix(PUBLIC_URL).expect("a public address").to_owned()
}

/// No message was handed over twice, and each is where it should be.
pub(super) fn sent_once(messages: &[Value], taken: &BTreeMap<String, u32>, now: DateTime<Utc>) {
    let twice: Vec<_> = taken.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "sent more than once: {twice:?}");
    for message in messages {
        let id = message["id"].as_str().expect("an id");
        match message["status"].as_str() {
            Some("sent" | "delivered") => assert!(taken.contains_key(id), "never left: {message}"),
            Some("uncertain" | "suppressed" | "cancelled") => {}
            // Its day has not come.
            Some("queued") => {
                let next = message["next_attempt_at"].as_str().expect("an instant");
                assert!(
                    next.parse::<DateTime<Utc>>().expect("an instant") > now,
                    "{message}"
                );
                assert!(!taken.contains_key(id), "it has left: {message}");
            }
            _ => panic!("a message is neither sent nor taken back: {message}"),
        }
    }
}
