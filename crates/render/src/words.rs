//! The fixed words of what customers read, in every language: labels, buttons, the states of the pay page.
//!
//! Shape: one table, a row a phrase; templates say `t.key`, and fill a `{placeholder}` with the `replace` filter.
//! Whole sentences of a message stand in the message's own template, where a writer can see them together.

use std::collections::BTreeMap;

use crate::locale::Language;

/// (key, English, German, French, Spanish, Hindi)
type Phrase = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const WORDS: &[Phrase] = &[
    // Counts.
    ("day", "day", "Tag", "jour", "día", "दिन"),
    ("days", "days", "Tage", "jours", "días", "दिन"),
    // Lists of invoices.
    ("invoice", "Invoice", "Rechnung", "Facture", "Factura", "इनवॉइस"),
    (
        "issued",
        "issued {date}",
        "vom {date}",
        "du {date}",
        "del {date}",
        "दिनांक {date}",
    ),
    (
        "due_today_or_later",
        "due {date}",
        "fällig am {date}",
        "à régler le {date}",
        "vence el {date}",
        "{date} को देय",
    ),
    (
        "was_due",
        "was due {date}",
        "war fällig am {date}",
        "échue le {date}",
        "venció el {date}",
        "{date} को देय था",
    ),
    (
        "overdue_by",
        "{days} overdue",
        "{days} überfällig",
        "{days} de retard",
        "{days} de retraso",
        "{days} की देरी",
    ),
    ("amount", "Amount", "Betrag", "Montant", "Importe", "राशि"),
    (
        "of_total",
        "of {total}",
        "von {total}",
        "sur {total}",
        "de {total}",
        "कुल {total} में से",
    ),
    ("total", "Total", "Summe", "Total", "Total", "कुल"),
    (
        "overdue",
        "Overdue",
        "Überfällig",
        "En retard",
        "Vencidas",
        "नियत तारीख़ बीत चुकी",
    ),
    (
        "upcoming",
        "Not yet due",
        "Noch nicht fällig",
        "À venir",
        "Por vencer",
        "अभी देय नहीं",
    ),
    (
        "invoices",
        "Invoices",
        "Rechnungen",
        "Factures",
        "Facturas",
        "इनवॉइस",
    ),
    // Messages.
    (
        "greeting",
        "Hello {name},",
        "Guten Tag {name},",
        "Bonjour {name},",
        "Estimado cliente, {name}:",
        "नमस्ते {name},",
    ),
    (
        "greeting_friendly",
        "Hi {name},",
        "Hallo {name},",
        "Bonjour {name},",
        "Hola, {name}:",
        "नमस्ते {name} जी,",
    ),
    (
        "greeting_firm",
        "Dear {name},",
        "Sehr geehrte Damen und Herren, {name},",
        "Madame, Monsieur, {name},",
        "A la atención de {name}:",
        "माननीय {name},",
    ),
    (
        "pay_button",
        "View and pay",
        "Ansehen und bezahlen",
        "Voir et payer",
        "Ver y pagar",
        "देखें और भुगतान करें",
    ),
    (
        "pay_online",
        "View the invoices and pay online:",
        "Rechnungen ansehen und online bezahlen:",
        "Voir les factures et payer en ligne :",
        "Ver las facturas y pagar en línea:",
        "इनवॉइस देखें और ऑनलाइन भुगतान करें:",
    ),
    (
        "link_plain",
        "If the button does not work, copy this address into your browser:",
        "Falls die Schaltfläche nicht funktioniert, kopieren Sie bitte diese Adresse in Ihren Browser:",
        "Si le bouton ne fonctionne pas, copiez cette adresse dans votre navigateur :",
        "Si el botón no funciona, copie esta dirección en su navegador:",
        "यदि बटन काम न करे, तो यह पता अपने ब्राउज़र में डालें:",
    ),
    (
        "regards",
        "Kind regards",
        "Freundliche Grüße",
        "Cordialement",
        "Atentamente",
        "सादर",
    ),
    (
        "regards_friendly",
        "Best wishes",
        "Herzliche Grüße",
        "Bien cordialement",
        "Un cordial saludo",
        "शुभकामनाओं सहित",
    ),
    (
        "regards_firm",
        "Yours faithfully",
        "Mit freundlichen Grüßen",
        "Veuillez agréer nos salutations distinguées",
        "Muy atentamente",
        "भवदीय",
    ),
    (
        "reference",
        "Reference: {id}",
        "Referenz: {id}",
        "Référence : {id}",
        "Referencia: {id}",
        "संदर्भ: {id}",
    ),
    (
        "unsubscribe",
        "No more messages of this kind:",
        "Keine Nachrichten dieser Art mehr:",
        "Ne plus recevoir de messages de ce type :",
        "No recibir más mensajes de este tipo:",
        "इस प्रकार के संदेश आगे न पाने के लिए:",
    ),
    // What notices list.
    (
        "applied_to",
        "Invoice {number}",
        "Rechnung {number}",
        "Facture {number}",
        "Factura {number}",
        "इनवॉइस {number}",
    ),
    (
        "on_account",
        "Kept on your account",
        "Guthaben auf Ihrem Konto",
        "Conservé sur votre compte",
        "A favor en su cuenta",
        "आपके खाते में जमा",
    ),
    (
        "instalment_by",
        "By {date}",
        "Bis {date}",
        "Pour le {date}",
        "Hasta el {date}",
        "{date} तक",
    ),
    (
        "opening_balance",
        "Open on {date}",
        "Offen am {date}",
        "À régler au {date}",
        "Pendiente el {date}",
        "{date} को बकाया",
    ),
    (
        "closing_balance",
        "Open on {date}",
        "Offen am {date}",
        "À régler au {date}",
        "Pendiente el {date}",
        "{date} को बकाया",
    ),
    (
        "posting_invoice",
        "Invoice",
        "Rechnung",
        "Facture",
        "Factura",
        "इनवॉइस",
    ),
    (
        "posting_credit_note",
        "Credit note",
        "Gutschrift",
        "Avoir",
        "Nota de crédito",
        "क्रेडिट नोट",
    ),
    (
        "posting_payment",
        "Payment",
        "Zahlung",
        "Paiement",
        "Pago",
        "भुगतान",
    ),
    (
        "posting_void",
        "Cancellation",
        "Storno",
        "Annulation",
        "Anulación",
        "निरस्तीकरण",
    ),
    (
        "posting_write_off",
        "Write-off",
        "Ausbuchung",
        "Abandon de créance",
        "Condonación",
        "बट्टे खाते में",
    ),
    (
        "posting_payment_reversal",
        "Returned payment",
        "Rücklastschrift",
        "Paiement rejeté",
        "Pago devuelto",
        "लौटाया गया भुगतान",
    ),
    (
        "posting_refund",
        "Refund",
        "Erstattung",
        "Remboursement",
        "Reembolso",
        "वापसी",
    ),
    (
        "posting_other",
        "Adjustment",
        "Korrektur",
        "Ajustement",
        "Ajuste",
        "समायोजन",
    ),
    // The pay page.
    (
        "skip",
        "Skip to content",
        "Zum Inhalt springen",
        "Aller au contenu",
        "Ir al contenido",
        "सामग्री पर जाएँ",
    ),
    (
        "page_title",
        "Payment to {creditor}",
        "Zahlung an {creditor}",
        "Paiement à {creditor}",
        "Pago a {creditor}",
        "{creditor} को भुगतान",
    ),
    (
        "account_of",
        "For {customer}",
        "Für {customer}",
        "Pour {customer}",
        "Para {customer}",
        "{customer} के लिए",
    ),
    (
        "amount_due",
        "Amount due",
        "Offener Betrag",
        "Montant à régler",
        "Importe pendiente",
        "देय राशि",
    ),
    (
        "your_invoices",
        "What is owed, by invoice",
        "Offene Beträge je Rechnung",
        "Montants à régler, par facture",
        "Importes pendientes, por factura",
        "बकाया राशि, इनवॉइस के अनुसार",
    ),
    (
        "pay_heading",
        "Pay now",
        "Jetzt bezahlen",
        "Payer maintenant",
        "Pagar ahora",
        "अभी भुगतान करें",
    ),
    (
        "pay_amount",
        "Pay {amount}",
        "{amount} bezahlen",
        "Payer {amount}",
        "Pagar {amount}",
        "{amount} का भुगतान करें",
    ),
    (
        "pay_how",
        "How do you want to pay?",
        "Wie möchten Sie bezahlen?",
        "Comment souhaitez-vous payer ?",
        "¿Cómo desea pagar?",
        "आप भुगतान कैसे करना चाहते हैं?",
    ),
    (
        "pay_amount_how",
        "Pay {amount} by",
        "{amount} bezahlen mit",
        "Payer {amount} par",
        "Pagar {amount} con",
        "{amount} का भुगतान करें, माध्यम:",
    ),
    (
        "continue",
        "Continue to payment",
        "Weiter zur Zahlung",
        "Continuer vers le paiement",
        "Continuar con el pago",
        "भुगतान की ओर बढ़ें",
    ),
    (
        "amount_label",
        "Amount to pay, in {currency}",
        "Zu zahlender Betrag in {currency}",
        "Montant à payer, en {currency}",
        "Importe a pagar, en {currency}",
        "भुगतान की राशि, {currency} में",
    ),
    (
        "amount_at_most",
        "Any amount up to {total}.",
        "Jeder Betrag bis {total}.",
        "Tout montant jusqu'à {total}.",
        "Cualquier importe hasta {total}.",
        "{total} तक कोई भी राशि।",
    ),
    (
        "amount_between",
        "Any amount from {minimum} to {total}.",
        "Jeder Betrag von {minimum} bis {total}.",
        "Tout montant de {minimum} à {total}.",
        "Cualquier importe de {minimum} a {total}.",
        "{minimum} से {total} तक कोई भी राशि।",
    ),
    (
        "error_heading",
        "Please check",
        "Bitte prüfen",
        "Veuillez vérifier",
        "Compruebe lo siguiente",
        "कृपया जाँचें",
    ),
    (
        "next_note",
        "You will confirm the payment on the next page.",
        "Sie bestätigen die Zahlung auf der nächsten Seite.",
        "Vous confirmerez le paiement à la page suivante.",
        "Confirmará el pago en la página siguiente.",
        "आप अगले पृष्ठ पर भुगतान की पुष्टि करेंगे।",
    ),
    (
        "paid_heading",
        "Thank you, your payment has arrived",
        "Vielen Dank, Ihre Zahlung ist eingegangen",
        "Merci, votre paiement nous est parvenu",
        "Gracias, su pago ha llegado",
        "धन्यवाद, आपका भुगतान मिल गया है",
    ),
    (
        "paid_text",
        "We received it on {date}. There is nothing more to do.",
        "Wir haben sie am {date} erhalten. Es ist nichts weiter zu tun.",
        "Nous l'avons reçu le {date}. Vous n'avez rien d'autre à faire.",
        "Lo recibimos el {date}. No tiene que hacer nada más.",
        "यह हमें {date} को मिला। आपको और कुछ नहीं करना है।",
    ),
    (
        "processing_heading",
        "Your payment is on its way",
        "Ihre Zahlung ist unterwegs",
        "Votre paiement est en cours",
        "Su pago está en camino",
        "आपका भुगतान प्रक्रिया में है",
    ),
    (
        "processing_text",
        "We are waiting for its confirmation. Please do not pay again; this page shows the result as soon as it is there.",
        "Wir warten auf die Bestätigung. Bitte zahlen Sie nicht noch einmal; diese Seite zeigt das Ergebnis, sobald es vorliegt.",
        "Nous attendons sa confirmation. Veuillez ne pas payer une seconde fois ; cette page affichera le résultat dès qu'il sera connu.",
        "Esperamos su confirmación. No vuelva a pagar, por favor; esta página mostrará el resultado en cuanto se conozca.",
        "हम इसकी पुष्टि की प्रतीक्षा कर रहे हैं। कृपया दोबारा भुगतान न करें; परिणाम आते ही यह पृष्ठ उसे दिखाएगा।",
    ),
    (
        "refresh",
        "Check again",
        "Erneut prüfen",
        "Vérifier à nouveau",
        "Comprobar de nuevo",
        "फिर से देखें",
    ),
    (
        "nothing_heading",
        "Nothing is owed",
        "Es ist nichts offen",
        "Rien n'est à régler",
        "No hay nada pendiente",
        "कुछ भी बकाया नहीं है",
    ),
    (
        "nothing_text",
        "All invoices of this link are settled. There is nothing to do.",
        "Alle Rechnungen zu diesem Link sind beglichen. Es ist nichts zu tun.",
        "Toutes les factures de ce lien sont réglées. Vous n'avez rien à faire.",
        "Todas las facturas de este enlace están pagadas. No tiene que hacer nada.",
        "इस लिंक के सभी इनवॉइस चुकाए जा चुके हैं। आपको कुछ नहीं करना है।",
    ),
    (
        "unavailable_heading",
        "Online payment is not available",
        "Online-Zahlung ist nicht verfügbar",
        "Le paiement en ligne n'est pas disponible",
        "El pago en línea no está disponible",
        "ऑनलाइन भुगतान उपलब्ध नहीं है",
    ),
    (
        "unavailable_text",
        "Please pay by the means named on your invoice.",
        "Bitte zahlen Sie auf dem Weg, der auf Ihrer Rechnung angegeben ist.",
        "Veuillez payer par le moyen indiqué sur votre facture.",
        "Pague por el medio indicado en su factura, por favor.",
        "कृपया अपने इनवॉइस पर बताए गए माध्यम से भुगतान करें।",
    ),
    (
        "questions",
        "Questions about an invoice? Write to",
        "Fragen zu einer Rechnung? Schreiben Sie an",
        "Des questions sur une facture ? Écrivez à",
        "¿Preguntas sobre una factura? Escriba a",
        "इनवॉइस के बारे में प्रश्न? यहाँ लिखें:",
    ),
    // Paying by bank transfer.
    (
        "transfer_heading",
        "Pay by bank transfer",
        "Per Überweisung bezahlen",
        "Payer par virement",
        "Pagar por transferencia",
        "बैंक ट्रांसफ़र से भुगतान करें",
    ),
    (
        "transfer_text",
        "Please give the reference exactly: it tells us what you have paid.",
        "Bitte geben Sie die Referenz genau so an: Sie sagt uns, was Sie bezahlt haben.",
        "Veuillez indiquer la référence exactement : elle nous dit ce que vous avez payé.",
        "Indique la referencia exactamente, por favor: nos dice qué ha pagado.",
        "कृपया संदर्भ ठीक इसी तरह लिखें: इससे हमें पता चलता है कि आपने किसका भुगतान किया है।",
    ),
    (
        "transfer_to",
        "Recipient",
        "Empfänger",
        "Bénéficiaire",
        "Beneficiario",
        "प्राप्तकर्ता",
    ),
    (
        "transfer_reference",
        "Reference",
        "Referenz",
        "Référence",
        "Referencia",
        "संदर्भ",
    ),
    (
        "transfer_code",
        "Code for banking apps with the same recipient, amount and reference",
        "Code für Banking-Apps mit demselben Empfänger, Betrag und derselben Referenz",
        "Code pour les applications bancaires, avec les mêmes bénéficiaire, montant et référence",
        "Código para aplicaciones bancarias con los mismos beneficiario, importe y referencia",
        "बैंकिंग ऐप के लिए कोड, इसी प्राप्तकर्ता, राशि और संदर्भ के साथ",
    ),
    (
        "transfer_scan",
        "Scan with your banking app",
        "Mit Ihrer Banking-App scannen",
        "À scanner avec votre application bancaire",
        "Escanee con su aplicación bancaria",
        "अपने बैंकिंग ऐप से स्कैन करें",
    ),
    (
        "transfer_open",
        "Open in your UPI app",
        "In Ihrer UPI-App öffnen",
        "Ouvrir dans votre application UPI",
        "Abrir en su aplicación UPI",
        "अपने UPI ऐप में खोलें",
    ),
    // The page of a link that does not work.
    (
        "gone_title",
        "This payment link does not work",
        "Dieser Zahlungslink funktioniert nicht",
        "Ce lien de paiement ne fonctionne pas",
        "Este enlace de pago no funciona",
        "यह भुगतान लिंक काम नहीं करता",
    ),
    (
        "gone_text",
        "It may have expired, been replaced by a newer one, or been copied incompletely.",
        "Er ist möglicherweise abgelaufen, durch einen neueren ersetzt oder unvollständig kopiert worden.",
        "Il a peut-être expiré, été remplacé par un plus récent ou été copié incomplètement.",
        "Puede que haya caducado, que lo haya sustituido uno más reciente o que se haya copiado incompleto.",
        "हो सकता है कि इसकी अवधि समाप्त हो गई हो, इसकी जगह नया लिंक आ गया हो, या यह अधूरा कॉपी हुआ हो।",
    ),
    (
        "gone_do",
        "What you can do",
        "Was Sie tun können",
        "Ce que vous pouvez faire",
        "Qué puede hacer",
        "आप क्या कर सकते हैं",
    ),
    (
        "gone_copy",
        "Open the link again from your most recent message, or copy the whole address.",
        "Öffnen Sie den Link noch einmal aus Ihrer neuesten Nachricht oder kopieren Sie die vollständige Adresse.",
        "Ouvrez de nouveau le lien depuis votre message le plus récent, ou copiez l'adresse entière.",
        "Vuelva a abrir el enlace desde su mensaje más reciente o copie la dirección completa.",
        "अपने सबसे नए संदेश से लिंक फिर खोलें, या पूरा पता कॉपी करें।",
    ),
    (
        "gone_ask",
        "Reply to that message and ask for a new link.",
        "Antworten Sie auf diese Nachricht und bitten Sie um einen neuen Link.",
        "Répondez à ce message et demandez un nouveau lien.",
        "Responda a ese mensaje y pida un enlace nuevo.",
        "उस संदेश का उत्तर दें और नया लिंक माँगें।",
    ),
    (
        "gone_invoice",
        "Pay by the means named on your invoice.",
        "Zahlen Sie auf dem Weg, der auf Ihrer Rechnung angegeben ist.",
        "Payez par le moyen indiqué sur votre facture.",
        "Pague por el medio indicado en su factura.",
        "अपने इनवॉइस पर बताए गए माध्यम से भुगतान करें।",
    ),
    // What the pay page says of an amount that it cannot take.
    (
        "not_an_amount",
        "Enter an amount such as {amount}.",
        "Geben Sie einen Betrag ein, zum Beispiel {amount}.",
        "Saisissez un montant, par exemple {amount}.",
        "Introduzca un importe, por ejemplo {amount}.",
        "एक राशि लिखें, जैसे {amount}।",
    ),
    (
        "too_little",
        "The least that can be paid is {amount}.",
        "Der Mindestbetrag ist {amount}.",
        "Le montant minimum est de {amount}.",
        "El importe mínimo es {amount}.",
        "न्यूनतम राशि {amount} है।",
    ),
    (
        "too_much",
        "No more than {amount} is owed.",
        "Es sind nicht mehr als {amount} offen.",
        "Il ne reste pas plus de {amount} à régler.",
        "No se deben más de {amount}.",
        "{amount} से अधिक बकाया नहीं है।",
    ),
    (
        "try_again",
        "The payment could not be started. Nothing was charged; please try again.",
        "Die Zahlung konnte nicht begonnen werden. Es wurde nichts abgebucht; bitte versuchen Sie es erneut.",
        "Le paiement n'a pas pu commencer. Rien n'a été débité ; veuillez réessayer.",
        "No se pudo iniciar el pago. No se ha cobrado nada; inténtelo de nuevo, por favor.",
        "भुगतान शुरू नहीं हो सका। कोई राशि नहीं कटी; कृपया फिर कोशिश करें।",
    ),
    (
        "sandbox_note",
        "This is a sandbox for trying things out: no money moves.",
        "Dies ist eine Testumgebung: Es fließt kein Geld.",
        "Ceci est un environnement d'essai : aucun argent ne circule.",
        "Este es un entorno de pruebas: no se mueve dinero.",
        "यह एक परीक्षण वातावरण है: कोई पैसा नहीं चलता।",
    ),
    // Ways to pay.
    (
        "method_stripe",
        "Card or wallet",
        "Karte oder Wallet",
        "Carte ou portefeuille",
        "Tarjeta o monedero",
        "कार्ड या वॉलेट",
    ),
    (
        "method_adyen",
        "Card or local methods",
        "Karte oder lokale Zahlungsarten",
        "Carte ou moyens locaux",
        "Tarjeta o medios locales",
        "कार्ड या स्थानीय माध्यम",
    ),
    (
        "method_razorpay",
        "UPI, card or net banking",
        "UPI, Karte oder Netbanking",
        "UPI, carte ou banque en ligne",
        "UPI, tarjeta o banca en línea",
        "UPI, कार्ड या नेट बैंकिंग",
    ),
    (
        "method_gocardless",
        "Direct debit",
        "Lastschrift",
        "Prélèvement",
        "Adeudo directo",
        "डायरेक्ट डेबिट",
    ),
    ("method_paypal", "PayPal", "PayPal", "PayPal", "PayPal", "PayPal"),
    (
        "method_sandbox",
        "Sandbox",
        "Testumgebung",
        "Essai",
        "Pruebas",
        "परीक्षण",
    ),
    (
        "method_online",
        "Online payment",
        "Online-Zahlung",
        "Paiement en ligne",
        "Pago en línea",
        "ऑनलाइन भुगतान",
    ),
];

fn spoken(phrase: &Phrase, language: Language) -> &'static str {
    let &(_, en, de, fr, es, hi) = phrase;
    match language {
        Language::En => en,
        Language::De => de,
        Language::Fr => fr,
        Language::Es => es,
        Language::Hi => hi,
    }
}

/// Every phrase by its key.
pub(crate) fn in_language(language: Language) -> BTreeMap<&'static str, &'static str> {
    let phrases = WORDS.iter();
    phrases
        .map(|phrase| (phrase.0, spoken(phrase, language)))
        .collect()
}

/// One phrase; none where there is no such key.
pub(crate) fn find(key: &str, language: Language) -> Option<&'static str> {
    let found = WORDS.iter().find(|phrase| phrase.0 == key);
    found.map(|phrase| spoken(phrase, language))
}

/// One phrase that is there; a key that is not is a mistake that tests find, and says nothing.
pub(crate) fn word(key: &str, language: Language) -> &'static str {
    find(key, language).unwrap_or_default()
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
    fn every_phrase_is_there_once_in_every_language_with_the_same_placeholders() {
        assert_eq!(in_language(Language::En).len(), WORDS.len(), "a key stands twice");
        for phrase in WORDS {
            let wanted = placeholders(phrase.1);
            for language in Language::ALL {
                let text = spoken(phrase, language);
                assert!(!text.is_empty(), "{} {language:?}", phrase.0);
                assert_eq!(placeholders(text), wanted, "{} {language:?}", phrase.0);
            }
        }
    }
}
