//! The console: what a collector sees. Sign-in, today, customers, one customer.

use chrono::NaiveDate;
use receivables::money::Money;
use serde::Serialize;

use crate::env::Family;
use crate::{Language, RenderError};

pub(super) static CONSOLE: Family = Family::new(&[
    ("base.css", include_str!("../../templates/page/base.css")),
    ("sheet.css", include_str!("../../templates/page/sheet.css")),
    ("console.css", include_str!("../../templates/page/console.css")),
    ("bird.svg", include_str!("../../templates/page/bird.svg")),
    ("sheet.html", include_str!("../../templates/page/sheet.html")),
    ("console.html", include_str!("../../templates/page/console.html")),
    ("parts.html", include_str!("../../templates/page/parts.html")),
    ("login.html", include_str!("../../templates/page/login.html")),
    ("home.html", include_str!("../../templates/page/home.html")),
    (
        "customers.html",
        include_str!("../../templates/page/customers.html"),
    ),
    (
        "customer.html",
        include_str!("../../templates/page/customer.html"),
    ),
    ("mailbox.html", include_str!("../../templates/page/mailbox.html")),
    ("mail.html", include_str!("../../templates/page/mail.html")),
    (
        "not_found.html",
        include_str!("../../templates/page/not_found.html"),
    ),
]);

/// What frames every console page.
#[derive(Clone, Debug, Serialize)]
pub struct Chrome {
    /// The page's title and, where the page has no name of its own, its heading.
    pub title: String,
    /// The present as the application sees it, an RFC 3339 instant.
    pub now: String,
    /// What is to be known of the clock, such as that it is virtual.
    pub clock_note: Option<String>,
    /// Where in the navigation the page stands: `today`, `customers`, `mailbox` or nothing.
    pub active: &'static str,
}

/// Sign-in. Posts the form field `key`.
#[derive(Clone, Debug, Serialize)]
pub struct LoginPage {
    /// Nonce of the page's stylesheet.
    pub nonce: String,
    /// Where the form is posted.
    pub action: String,
    /// Why the last try failed.
    pub error: Option<String>,
    /// Where a key comes from, such as the demo's.
    pub hint: Option<String>,
}

/// Today: how things stand and who is to be looked after first.
#[derive(Clone, Debug, Serialize)]
pub struct HomePage {
    /// Nonce of the page's stylesheet.
    pub nonce: String,
    /// The frame.
    pub chrome: Chrome,
    /// One entry a currency; currencies are never added up.
    pub totals: Vec<CurrencyTotals>,
    /// What waits for people: tasks and requests for approval, the first due first.
    pub matters: Vec<MatterRow>,
    /// Events from outside that could not be taken in and are not tried again by themselves.
    pub failed_events: i64,
    /// Overdue customers, the most urgent first.
    pub worklist: Vec<WorkRow>,
    /// Messages by state.
    pub queue: QueueView,
}

/// Something that is open with a customer: a task, a request for approval, a dispute, a promise, a plan. Or with nobody:
/// an endpoint that is disabled.
#[derive(Clone, Debug, Serialize)]
pub struct MatterRow {
    /// `task`, `approval`, `dispute`, `promise`, `plan` or `endpoint`.
    pub kind: &'static str,
    /// Whose, where it is about somebody.
    pub customer_id: Option<String>,
    /// In a few words.
    pub title: String,
    /// In more words.
    pub detail: Option<String>,
    /// By when.
    pub due_on: Option<NaiveDate>,
}

/// Why a customer is or is not contacted now, in one currency.
#[derive(Clone, Debug, Serialize)]
pub struct JudgedView {
    /// ISO 4217 code.
    pub currency: String,
    /// Which version of which policy decides, and why that one.
    pub policy: String,
    /// Why something is due now or is not, in a sentence.
    pub why: String,
    /// Each rule, in the order in which they decide.
    pub rules: Vec<RuleRow>,
}

/// A rule that was tried.
#[derive(Clone, Debug, Serialize)]
pub struct RuleRow {
    /// Its name.
    pub rule: String,
    /// Whether it lets a message pass.
    pub passed: bool,
    /// What it found.
    pub detail: String,
}

/// How things stand in one currency.
#[derive(Clone, Debug, Serialize)]
pub struct CurrencyTotals {
    /// ISO 4217 code.
    pub currency: String,
    /// Open balances of all invoices.
    pub receivable: Money,
    /// The part of it that is past due.
    pub overdue: Money,
    /// Money received and not yet set against an invoice.
    pub unapplied: Money,
    /// Invoices with a balance.
    pub open_invoices: u64,
    /// Customers with something overdue.
    pub overdue_customers: u64,
    /// The receivable by age.
    pub buckets: Vec<Bucket>,
}

/// One bar of the aging.
#[derive(Clone, Debug, Serialize)]
pub struct Bucket {
    /// Such as `Not due` or `1 to 30 days`.
    pub label: String,
    /// What is open at that age.
    pub amount: Money,
    /// Its share of the receivable in thousandths, 0 to 1000.
    pub share_permille: u16,
}

/// A customer in the worklist.
#[derive(Clone, Debug, Serialize)]
pub struct WorkRow {
    /// The customer's id.
    pub customer_id: String,
    /// The customer's name.
    pub name: String,
    /// What is overdue.
    pub overdue: Money,
    /// Days since the oldest due date.
    pub oldest_days: i64,
    /// The score, where there is one.
    pub risk: Option<RiskBadge>,
    /// What happens next, if anything will.
    pub next: Option<NextView>,
}

/// A score at a glance.
#[derive(Clone, Debug, Serialize)]
pub struct RiskBadge {
    /// 0 to 100.
    pub score: u8,
    /// `low`, `medium`, `high` or `critical`.
    pub band: String,
}

/// What happens next.
#[derive(Clone, Debug, Serialize)]
pub struct NextView {
    /// When, an RFC 3339 instant.
    pub at: String,
    /// The policy's step.
    pub step: String,
    /// Why, in a sentence.
    pub why: String,
}

/// Messages by state.
#[derive(Clone, Debug, Serialize)]
pub struct QueueView {
    /// Waiting to leave.
    pub queued: u64,
    /// Leaving now.
    pub sending: u64,
    /// Taken by the provider.
    pub sent: u64,
    /// Given up.
    pub failed: u64,
    /// Whether they left is not known; a person decides.
    pub uncertain: u64,
}

/// A page of the list of customers.
#[derive(Clone, Debug, Serialize)]
pub struct CustomersPage {
    /// Nonce of the page's stylesheet.
    pub nonce: String,
    /// The frame.
    pub chrome: Chrome,
    /// The customers.
    pub rows: Vec<CustomerRow>,
    /// Where the next page is.
    pub next_url: Option<String>,
}

/// A customer in the list.
#[derive(Clone, Debug, Serialize)]
pub struct CustomerRow {
    /// The customer's id.
    pub id: String,
    /// The name.
    pub name: String,
    /// The creditor's own key.
    pub external_id: String,
    /// ISO 3166 code.
    pub country: String,
    /// What is open, by currency.
    pub balance: Vec<Money>,
    /// What is overdue, by currency.
    pub overdue: Vec<Money>,
    /// What happens next, if anything will.
    pub next: Option<NextView>,
}

/// One customer: how the account stands, what happens next and why, what happened so far.
#[derive(Clone, Debug, Serialize)]
pub struct CustomerPage {
    /// Nonce of the page's stylesheet.
    pub nonce: String,
    /// The frame.
    pub chrome: Chrome,
    /// The customer's id.
    pub id: String,
    /// The creditor's own key.
    pub external_id: String,
    /// The name; the page's heading.
    pub name: String,
    /// `business` or `consumer`.
    pub kind: String,
    /// ISO 3166 code.
    pub country: String,
    /// IANA time zone.
    pub time_zone: String,
    /// BCP 47 locale.
    pub locale: String,
    /// Why nothing is sent, while the account is on hold.
    pub hold: Option<String>,
    /// Since when it is served no longer, an RFC 3339 instant.
    pub suspended_at: Option<String>,
    /// Why it is or is not contacted now, one entry a currency.
    pub judged: Vec<JudgedView>,
    /// What is open with it.
    pub matters: Vec<MatterRow>,
    /// One row a currency.
    pub balances: Vec<BalanceRow>,
    /// What happens next, if anything will.
    pub next: Option<NextView>,
    /// The score and its reasons.
    pub risk: Option<RiskView>,
    /// Whom to write to.
    pub contacts: Vec<ContactRow>,
    /// The invoices.
    pub invoices: Vec<InvoiceRow>,
    /// What happened, newest first.
    pub timeline: Vec<TimelineRow>,
}

/// How an account stands in one currency.
#[derive(Clone, Debug, Serialize)]
pub struct BalanceRow {
    /// ISO 4217 code.
    pub currency: String,
    /// What is open.
    pub balance: Money,
    /// What is overdue.
    pub overdue: Money,
    /// Received and not yet applied.
    pub unapplied: Money,
}

/// A score with its reasons.
#[derive(Clone, Debug, Serialize)]
pub struct RiskView {
    /// 0 to 100.
    pub score: u8,
    /// `low`, `medium`, `high` or `critical`.
    pub band: String,
    /// What the score is made of, heaviest first.
    pub reasons: Vec<ReasonView>,
}

/// One reason of a score.
#[derive(Clone, Debug, Serialize)]
pub struct ReasonView {
    /// The rule.
    pub code: String,
    /// What it saw.
    pub detail: String,
    /// Points that it added or took.
    pub weight: i32,
}

/// A contact.
#[derive(Clone, Debug, Serialize)]
pub struct ContactRow {
    /// The name.
    pub name: String,
    /// `billing`, `escalation` or `sales`.
    pub role: String,
    /// Mail address.
    pub email: Option<String>,
    /// Phone number.
    pub phone: Option<String>,
}

/// An invoice of the customer.
#[derive(Clone, Debug, Serialize)]
pub struct InvoiceRow {
    /// The invoice's id.
    pub id: String,
    /// The creditor's number.
    pub number: String,
    /// The day it was issued.
    pub issue_on: NaiveDate,
    /// The day it falls due.
    pub due_on: NaiveDate,
    /// What it was issued for.
    pub total: Money,
    /// What is open of it.
    pub balance: Money,
    /// `open`, `partly_paid`, `paid`, `void` or `written_off`.
    pub status: String,
    /// Days since the due date; zero or less while it is not overdue.
    pub days_overdue: i64,
    /// The latest step taken for it.
    pub stage: Option<String>,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct TimelineRow {
    /// When, an RFC 3339 instant.
    pub at: String,
    /// What sort of thing, a word such as `message` or `payment`.
    pub kind: String,
    /// What, in a line.
    pub title: String,
    /// The rest, such as the rule that decided.
    pub detail: Option<String>,
}

/// What is not there.
#[derive(Clone, Debug, Serialize)]
pub struct NotFoundPage {
    /// Nonce of the page's stylesheet.
    pub nonce: String,
    /// The frame.
    pub chrome: Chrome,
}

/// Sign-in.
///
/// # Errors
/// A context that the template cannot use: [`RenderError::Template`].
pub fn login_page(page: &LoginPage) -> Result<String, RenderError> {
    CONSOLE.render("login.html", Language::En, page)
}

/// Today.
///
/// # Errors
/// A context that the template cannot use: [`RenderError::Template`].
pub fn home_page(page: &HomePage) -> Result<String, RenderError> {
    CONSOLE.render("home.html", Language::En, page)
}

/// The list of customers.
///
/// # Errors
/// A context that the template cannot use: [`RenderError::Template`].
pub fn customers_page(page: &CustomersPage) -> Result<String, RenderError> {
    CONSOLE.render("customers.html", Language::En, page)
}

/// One customer.
///
/// # Errors
/// A context that the template cannot use: [`RenderError::Template`].
pub fn customer_page(page: &CustomerPage) -> Result<String, RenderError> {
    CONSOLE.render("customer.html", Language::En, page)
}

/// What is not there.
///
/// # Errors
/// A context that the template cannot use: [`RenderError::Template`].
pub fn not_found_page(page: &NotFoundPage) -> Result<String, RenderError> {
    CONSOLE.render("not_found.html", Language::En, page)
}
