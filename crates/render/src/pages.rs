//! The pages: whole HTML documents without a line of JavaScript.
//!
//! Shape: a struct a page, a function that renders it. Customers' pages ([`customer`]) come in their language and lead
//! with the creditor's name; the console ([`console`], [`mailbox`]) and the API reference ([`reference`]) are English. Every page carries its stylesheet in
//! a `<style>` with the context's nonce and needs nothing else, so that
//! [`content_security_policy`](crate::content_security_policy) can forbid everything else.
//!
//! Accessibility is held to WCAG 2.2 AA: headings in order, labels bound to fields, table headers with scope, a skip
//! link, visible focus, contrast of 4.5:1 in light and dark, and no loss at 320 CSS pixels.

pub mod console;
pub mod customer;
pub mod mailbox;
pub mod reference;
pub mod transfer;
pub mod unsubscribe;

pub use console::{
    BalanceRow, Bucket, Chrome, ContactRow, CurrencyTotals, CustomerPage, CustomerRow, CustomersPage,
    HomePage, InvoiceRow, JudgedView, LoginPage, MatterRow, NextView, NotFoundPage, QueueView, ReasonView,
    RiskBadge, RiskView, RuleRow, TimelineRow, WorkRow, customer_page, customers_page, home_page, login_page,
    not_found_page,
};
pub use customer::{
    PayMethod, PayPage, PayProblem, PayState, SandboxPage, SandboxState, gone_page, method_name, pay_page,
    sandbox_note, sandbox_page,
};
pub use mailbox::{MailPage, MailRow, MailboxPage, mail_page, mailbox_page};
pub use reference::{
    Reference, ReferenceAnswer, ReferenceBody, ReferenceField, ReferenceGroup, ReferenceOperation,
    ReferenceSchema, TypePart, reference_page,
};
pub use transfer::TransferPanel;
pub use unsubscribe::{UnsubscribeChoice, UnsubscribePage, unsubscribe_page};
