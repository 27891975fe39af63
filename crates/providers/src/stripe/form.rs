//! A Checkout Session as the fields of Stripe's form.

use crate::Order;
use receivables::stripe;
use store::refunds;

/// The session that is asked for. Every field follows from the order alone, but for where the payer gets mail.
pub(super) fn session(
    order: &Order<'_>,
    email: Option<&str>,
) -> Result<Vec<(String, String)>, stripe::AmountError> {
    let unit_amount = stripe::to_minor(order.amount)?;
    let item = |name: &str| format!("line_items[0]{name}");
    let mut fields = vec![
        ("mode".to_owned(), "payment".to_owned()),
        ("client_reference_id".to_owned(), order.checkout.to_string()),
        (item("[quantity]"), "1".to_owned()),
        (
            item("[price_data][currency]"),
            order.amount.currency().code().to_lowercase(),
        ),
        (item("[price_data][unit_amount]"), unit_amount.to_string()),
        (
            item("[price_data][product_data][name]"),
            product_name(&order.purpose, &order.creditor_name),
        ),
        ("locale".to_owned(), stripe::locale(order.locale).to_owned()),
        ("success_url".to_owned(), order.success_url.clone()),
        ("cancel_url".to_owned(), order.cancel_url.clone()),
        ("expires_at".to_owned(), order.expires_at.timestamp().to_string()),
    ];
    if let Some(email) = email {
        fields.push(("customer_email".to_owned(), email.to_owned()));
    }
    // On the payment too: from there Stripe copies it to the charge, which refunds and chargebacks are told of.
    for (name, value) in [
        ("checkout", order.checkout.as_str()),
        ("customer", order.customer.as_str()),
        ("link", order.link.as_str()),
    ] {
        fields.push((format!("metadata[{name}]"), value.to_owned()));
        fields.push((format!("payment_intent_data[metadata][{name}]"), value.to_owned()));
    }
    Ok(fields)
}

/// The refund that is asked for (docs.stripe.com/api/refunds/create).
pub(super) fn refund(refund: &refunds::Order) -> Result<Vec<(String, String)>, stripe::AmountError> {
    Ok(vec![
        ("payment_intent".to_owned(), refund.payment.clone()),
        ("amount".to_owned(), stripe::to_minor(refund.amount)?.to_string()),
        ("metadata[refund]".to_owned(), refund.id.to_string()),
    ])
}

/// Characters of a product's name that a payer still reads; Stripe takes 5,000 and shows two lines.
const NAME_SHOWN: usize = 250;

/// What the payer sees: the invoices' numbers, or who is paid where the link is for no invoice.
fn product_name(purpose: &str, creditor_name: &str) -> String {
    let name = if purpose.is_empty() {
        creditor_name
    } else {
        purpose
    };
    match name.char_indices().nth(NAME_SHOWN) {
        Some((end, _)) => format!("{}…", name.get(..end).unwrap_or(name)),
        None => name.to_owned(),
    }
}
