//! The read side: what the API and the console show, each page with one statement.

mod customers;
mod events;
mod invoices;
mod messages;
mod reports;

pub use customers::{
    AccountView, CustomerBrief, CustomerView, NextAction, StatementLine, StatementView, TimelineEntry,
    customer, customers, external_customer, statement, timeline,
};
pub use events::{EventCursor, EventView, event, events};
pub use invoices::{DocumentOf, InvoiceFilter, InvoiceView, invoice, invoices, invoices_by_number};
pub use messages::{MessageView, message, messages, totals};
pub use reports::{AgingBucket, AgingView, CurrencyTotals, WorkItem, aging, currency_totals, worklist};

#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [
        customers::ALL,
        events::ALL,
        invoices::ALL,
        messages::ALL,
        reports::ALL,
    ]
    .concat()
}
