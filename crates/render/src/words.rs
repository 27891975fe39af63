//! The fixed words of what customers read, in every language: labels, buttons, the states of the pay page.
//!
//! Shape: one table, a row a phrase; templates say `t.key`, and fill a `{placeholder}` with the `replace` filter.
//! Whole sentences of a message stand in the message's own template, where a writer can see them together.

use std::collections::BTreeMap;

use crate::locale::Language;

/// (key, English, German)
const WORDS: &[(&str, &str, &str)] = &[
    // Lists of invoices.
    ("invoice", "Invoice", "Rechnung"),
    ("issued", "issued {date}", "vom {date}"),
    ("due_today_or_later", "due {date}", "fällig am {date}"),
    ("was_due", "was due {date}", "war fällig am {date}"),
    ("overdue_by", "{days} overdue", "{days} überfällig"),
    ("amount", "Amount", "Betrag"),
    ("of_total", "of {total}", "von {total}"),
    ("total", "Total", "Summe"),
    ("overdue", "Overdue", "Überfällig"),
    ("upcoming", "Not yet due", "Noch nicht fällig"),
    ("invoices", "Invoices", "Rechnungen"),
    // Messages.
    ("greeting", "Hello {name},", "Guten Tag {name},"),
    ("pay_button", "View and pay", "Ansehen und bezahlen"),
    (
        "pay_online",
        "View the invoices and pay online:",
        "Rechnungen ansehen und online bezahlen:",
    ),
    (
        "link_plain",
        "If the button does not work, copy this address into your browser:",
        "Falls die Schaltfläche nicht funktioniert, kopieren Sie bitte diese Adresse in Ihren Browser:",
    ),
    ("regards", "Kind regards", "Freundliche Grüße"),
    ("reference", "Reference: {id}", "Referenz: {id}"),
    // The pay page.
    ("skip", "Skip to content", "Zum Inhalt springen"),
    ("page_title", "Payment to {creditor}", "Zahlung an {creditor}"),
    ("account_of", "For {customer}", "Für {customer}"),
    ("amount_due", "Amount due", "Offener Betrag"),
    (
        "your_invoices",
        "What is owed, by invoice",
        "Offene Beträge je Rechnung",
    ),
    ("pay_heading", "Pay now", "Jetzt bezahlen"),
    ("pay_amount", "Pay {amount}", "{amount} bezahlen"),
    ("pay_how", "How do you want to pay?", "Wie möchten Sie bezahlen?"),
    ("pay_amount_how", "Pay {amount} by", "{amount} bezahlen mit"),
    ("continue", "Continue to payment", "Weiter zur Zahlung"),
    (
        "amount_label",
        "Amount to pay, in {currency}",
        "Zu zahlender Betrag in {currency}",
    ),
    (
        "amount_at_most",
        "Any amount up to {total}.",
        "Jeder Betrag bis {total}.",
    ),
    (
        "amount_between",
        "Any amount from {minimum} to {total}.",
        "Jeder Betrag von {minimum} bis {total}.",
    ),
    ("error_heading", "Please check", "Bitte prüfen"),
    (
        "next_note",
        "You will confirm the payment on the next page.",
        "Sie bestätigen die Zahlung auf der nächsten Seite.",
    ),
    (
        "paid_heading",
        "Thank you, your payment has arrived",
        "Vielen Dank, Ihre Zahlung ist eingegangen",
    ),
    (
        "paid_text",
        "We received it on {date}. There is nothing more to do.",
        "Wir haben sie am {date} erhalten. Es ist nichts weiter zu tun.",
    ),
    (
        "processing_heading",
        "Your payment is on its way",
        "Ihre Zahlung ist unterwegs",
    ),
    (
        "processing_text",
        "We are waiting for its confirmation. Please do not pay again; this page shows the result as soon as it is there.",
        "Wir warten auf die Bestätigung. Bitte zahlen Sie nicht noch einmal; diese Seite zeigt das Ergebnis, sobald es vorliegt.",
    ),
    ("refresh", "Check again", "Erneut prüfen"),
    ("nothing_heading", "Nothing is owed", "Es ist nichts offen"),
    (
        "nothing_text",
        "All invoices of this link are settled. There is nothing to do.",
        "Alle Rechnungen zu diesem Link sind beglichen. Es ist nichts zu tun.",
    ),
    (
        "unavailable_heading",
        "Online payment is not available",
        "Online-Zahlung ist nicht verfügbar",
    ),
    (
        "unavailable_text",
        "Please pay by the means named on your invoice.",
        "Bitte zahlen Sie auf dem Weg, der auf Ihrer Rechnung angegeben ist.",
    ),
    (
        "questions",
        "Questions about an invoice? Write to",
        "Fragen zu einer Rechnung? Schreiben Sie an",
    ),
    // Paying by bank transfer.
    (
        "transfer_heading",
        "Pay by bank transfer",
        "Per Überweisung bezahlen",
    ),
    (
        "transfer_text",
        "Please give the reference exactly: it tells us what you have paid.",
        "Bitte geben Sie die Referenz genau so an: Sie sagt uns, was Sie bezahlt haben.",
    ),
    ("transfer_to", "Recipient", "Empfänger"),
    ("transfer_reference", "Reference", "Referenz"),
    (
        "transfer_code",
        "Code for banking apps with the same recipient, amount and reference",
        "Code für Banking-Apps mit demselben Empfänger, Betrag und derselben Referenz",
    ),
    (
        "transfer_scan",
        "Scan with your banking app",
        "Mit Ihrer Banking-App scannen",
    ),
    ("transfer_open", "Open in your UPI app", "In Ihrer UPI-App öffnen"),
    // The page of a link that does not work.
    (
        "gone_title",
        "This payment link does not work",
        "Dieser Zahlungslink funktioniert nicht",
    ),
    (
        "gone_text",
        "It may have expired, been replaced by a newer one, or been copied incompletely.",
        "Er ist möglicherweise abgelaufen, durch einen neueren ersetzt oder unvollständig kopiert worden.",
    ),
    ("gone_do", "What you can do", "Was Sie tun können"),
    (
        "gone_copy",
        "Open the link again from your most recent message, or copy the whole address.",
        "Öffnen Sie den Link noch einmal aus Ihrer neuesten Nachricht oder kopieren Sie die vollständige Adresse.",
    ),
    (
        "gone_ask",
        "Reply to that message and ask for a new link.",
        "Antworten Sie auf diese Nachricht und bitten Sie um einen neuen Link.",
    ),
    (
        "gone_invoice",
        "Pay by the means named on your invoice.",
        "Zahlen Sie auf dem Weg, der auf Ihrer Rechnung angegeben ist.",
    ),
];

/// Every phrase by its key.
pub(crate) fn in_language(language: Language) -> BTreeMap<&'static str, &'static str> {
    WORDS
        .iter()
        .map(|&(key, en, de)| {
            let phrase = match language {
                Language::De => de,
                _ => en,
            };
            (key, phrase)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placeholders(phrase: &str) -> Vec<&str> {
        let mut found: Vec<&str> = phrase
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split_once('}'))
            .map(|(name, _)| name)
            .collect();
        found.sort_unstable();
        found
    }

    #[test]
    fn every_phrase_is_there_once_in_both_languages_with_the_same_placeholders() {
        assert_eq!(in_language(Language::En).len(), WORDS.len(), "a key stands twice");
        for (key, en, de) in WORDS {
            assert!(!en.is_empty() && !de.is_empty(), "{key}");
            assert_eq!(placeholders(en), placeholders(de), "{key}");
        }
    }
}
