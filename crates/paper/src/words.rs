//! The fixed words of paper, in every language, and what a bucket or an entry of a statement is called.
//!
//! Shape: one table, a row a word, a column a language, in the order of [`Language::ALL`]. A row that lacks one does not
//! compile; sentences come from the templates of messages.

use chrono::NaiveDate;
use receivables::aging::Bucket;
use receivables::money::Money;
use receivables::posting::Kind;
use render::{Language, format_date, format_money};

macro_rules! words {
    ($($(#[$doc:meta])* $word:ident: $en:literal, $de:literal, $fr:literal, $es:literal, $hi:literal;)*) => {
        /// A word or a phrase.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Word { $($(#[$doc])* $word,)* }

        impl Word {
            #[cfg(test)]
            pub(crate) const ALL: &[Word] = &[$(Word::$word),*];

            /// It, in every language.
            fn in_all(self) -> [&'static str; 5] {
                match self { $(Word::$word => [$en, $de, $fr, $es, $hi],)* }
            }
        }
    };
}

words! {
    Date: "Date", "Datum", "Date", "Fecha", "दिनांक";
    Reference: "Reference", "Referenz", "Référence", "Referencia", "संदर्भ";
    Page: "Page {page} of {pages}", "Seite {page} von {pages}", "Page {page} sur {pages}", "Página {page} de {pages}",
        "पृष्ठ {page} / {pages}";
    Invoice: "Invoice", "Rechnung", "Facture", "Factura", "चालान";
    Issued: "Issued", "Ausgestellt", "Émise le", "Emitida", "जारी तिथि";
    Due: "Due", "Fällig", "Échéance", "Vencimiento", "देय तिथि";
    Days: "Days overdue", "Tage überfällig", "Jours de retard", "Días de retraso", "विलंब के दिन";
    Invoiced: "Invoiced", "Rechnungsbetrag", "Facturé", "Facturado", "चालान राशि";
    Open: "Still open", "Noch offen", "Reste à payer", "Pendiente", "बकाया राशि";
    Total: "Total", "Summe", "Total", "Total", "कुल";
    Pay: "View and pay online", "Online ansehen und bezahlen", "Consulter et payer en ligne", "Ver y pagar en línea",
        "ऑनलाइन देखें और भुगतान करें";
    ScanLink: "Scan to view and pay.", "Zum Ansehen und Bezahlen scannen.", "Scannez pour consulter et payer.",
        "Escanee para ver y pagar.", "देखने और भुगतान करने के लिए स्कैन करें।";
    ScanBank: "Scan with your banking app.", "Mit Ihrer Banking-App scannen.",
        "Scannez avec votre application bancaire.", "Escanee con su aplicación bancaria.",
        "अपने बैंकिंग ऐप से स्कैन करें।";
    Transfer: "Or by bank transfer", "Oder per Überweisung", "Ou par virement", "O por transferencia bancaria",
        "या बैंक अंतरण द्वारा";
    Holder: "Account holder", "Kontoinhaber", "Titulaire du compte", "Titular de la cuenta", "खाताधारक";
    Iban: "IBAN", "IBAN", "IBAN", "IBAN", "IBAN";
    Bic: "BIC", "BIC", "BIC", "BIC", "BIC";
    Upi: "UPI", "UPI", "UPI", "UPI", "UPI";
    Statement: "Statement of account", "Kontoauszug", "Relevé de compte", "Estado de cuenta", "खाता विवरण";
    Period: "From {from} to {to}", "Vom {from} bis {to}", "Du {from} au {to}", "Del {from} al {to}",
        "{from} से {to} तक";
    Entry: "Entry", "Vorgang", "Opération", "Movimiento", "विवरण";
    Document: "Document", "Beleg", "Pièce", "Documento", "दस्तावेज़";
    Amount: "Amount", "Betrag", "Montant", "Importe", "राशि";
    Balance: "Balance", "Saldo", "Solde", "Saldo", "शेष";
    Opening: "Opening balance", "Anfangssaldo", "Solde initial", "Saldo inicial", "प्रारंभिक शेष";
    Closing: "Closing balance", "Endsaldo", "Solde final", "Saldo final", "अंतिम शेष";
    Aging: "Open by age", "Offen nach Alter", "Encours par ancienneté", "Pendiente por antigüedad",
        "अवधि के अनुसार बकाया";
    Current: "Not yet due", "Noch nicht fällig", "Non échu", "No vencido", "अभी देय नहीं";
    To30: "1–30 days", "1–30 Tage", "1–30 jours", "1–30 días", "1–30 दिन";
    To60: "31–60 days", "31–60 Tage", "31–60 jours", "31–60 días", "31–60 दिन";
    To90: "61–90 days", "61–90 Tage", "61–90 jours", "61–90 días", "61–90 दिन";
    Over90: "Over 90 days", "Über 90 Tage", "Plus de 90 jours", "Más de 90 días", "90 दिन से अधिक";
    NoEntries: "Nothing happened in this period.", "In diesem Zeitraum gab es keine Vorgänge.",
        "Aucune opération sur cette période.", "No hubo movimientos en este período.",
        "इस अवधि में कोई लेन-देन नहीं हुआ।";
    KindInvoice: "Invoice", "Rechnung", "Facture", "Factura", "चालान";
    KindVoid: "Invoice cancelled", "Rechnung storniert", "Facture annulée", "Factura anulada", "चालान रद्द";
    KindWriteOff: "Written off", "Ausgebucht", "Passé en perte", "Cancelado contablemente", "बट्टे खाते में";
    KindCreditNote: "Credit note", "Gutschrift", "Avoir", "Nota de crédito", "क्रेडिट नोट";
    KindPayment: "Payment", "Zahlung", "Paiement", "Pago", "भुगतान";
    KindPaymentReversal: "Payment taken back", "Rücklastschrift oder Rückbuchung", "Paiement annulé", "Pago devuelto",
        "भुगतान वापस";
    KindRefund: "Refund", "Rückzahlung", "Remboursement", "Reembolso", "धनवापसी";
    KindDiscount: "Discount", "Skonto", "Escompte", "Descuento", "छूट";
    KindTolerance: "Small difference", "Kleindifferenz", "Petit écart", "Pequeña diferencia", "मामूली अंतर";
    KindCharge: "Fee or interest", "Gebühr oder Zinsen", "Frais ou intérêts", "Recargo o intereses",
        "शुल्क या ब्याज";
    KindChargeReversal: "Fee or interest taken back", "Gebühr oder Zinsen erlassen", "Frais ou intérêts annulés",
        "Recargo o intereses anulados", "शुल्क या ब्याज वापस";
    KindSettlement: "Settlement", "Vergleich", "Règlement amiable", "Acuerdo de pago", "समझौता";
}

/// The words of a language, and its way with amounts and days.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words(pub(crate) Language);

impl Words {
    pub(crate) fn say(self, word: Word) -> &'static str {
        let at = Language::ALL.iter().position(|language| *language == self.0);
        let words = word.in_all();
        at.and_then(|at| words.get(at).copied()).unwrap_or_default()
    }

    /// A word with its `{placeholders}` filled.
    pub(crate) fn fill(self, word: Word, values: &[(&str, &str)]) -> String {
        let filled = self.say(word).to_owned();
        values
            .iter()
            .fold(filled, |text, (name, value)| text.replace(name, value))
    }

    pub(crate) fn page(self, page: usize, pages: usize) -> String {
        let (page, pages) = (page.to_string(), pages.to_string());
        self.fill(Word::Page, &[("{page}", &page), ("{pages}", &pages)])
    }

    pub(crate) fn money(self, money: Money) -> String {
        format_money(money, self.0)
    }

    pub(crate) fn date(self, day: NaiveDate) -> String {
        format_date(day, self.0)
    }

    pub(crate) fn bucket(self, bucket: Bucket) -> &'static str {
        self.say(match bucket {
            Bucket::Current => Word::Current,
            Bucket::To30 => Word::To30,
            Bucket::To60 => Word::To60,
            Bucket::To90 => Word::To90,
            Bucket::Over90 => Word::Over90,
        })
    }

    /// What an entry of a statement is; what is no kind of a posting is said as it is.
    pub(crate) fn entry(self, what: &str) -> String {
        match Kind::parse(what) {
            None => what.to_owned(),
            Some(kind) => self.kind(kind).to_owned(),
        }
    }

    fn kind(self, kind: Kind) -> &'static str {
        self.say(match kind {
            Kind::Invoice => Word::KindInvoice,
            Kind::Void => Word::KindVoid,
            Kind::WriteOff => Word::KindWriteOff,
            Kind::CreditNote => Word::KindCreditNote,
            Kind::Payment => Word::KindPayment,
            Kind::PaymentReversal => Word::KindPaymentReversal,
            Kind::Refund => Word::KindRefund,
            Kind::Discount => Word::KindDiscount,
            Kind::Tolerance => Word::KindTolerance,
            Kind::Charge => Word::KindCharge,
            Kind::ChargeReversal => Word::KindChargeReversal,
            Kind::Settlement => Word::KindSettlement,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fonts::Faces;
    use crate::text::Setter;

    #[test]
    fn every_word_is_there_in_every_language_and_can_be_printed() {
        for word in Word::ALL {
            for language in Language::ALL {
                let said = Words(language).say(*word);
                assert!(!said.trim().is_empty(), "{word:?} in {language:?}");
                for bold in [false, true] {
                    let mut setter = Setter::new(Faces::read().unwrap());
                    setter.line(said, bold);
                    assert_eq!(setter.missing(), [], "{word:?} in {language:?}");
                }
            }
        }
    }

    #[test]
    fn placeholders_are_the_same_in_every_language() {
        for word in Word::ALL {
            let names = |text: &str| {
                let mut names: Vec<String> = text
                    .split('{')
                    .skip(1)
                    .map(|rest| rest.split('}').next().unwrap().to_owned())
                    .collect();
                names.sort();
                names
            };
            let [first, rest @ ..] = word.in_all();
            for other in rest {
                assert_eq!(names(first), names(other), "{word:?}: {other}");
            }
        }
    }

    #[test]
    fn every_kind_of_posting_has_a_word() {
        for (name, kind) in Kind::NAMES {
            let words = Words(Language::De);
            assert_eq!(words.entry(name), words.kind(*kind));
            assert_ne!(&words.entry(name), name);
        }
        assert_eq!(Words(Language::De).entry("something else"), "something else");
    }
}
