//! Facts that the tests print.

use chrono::{Days, NaiveDate};
use paper::{Account, LetterPaper, Qr, Sheet, StatementPaper};
use receivables::aging::Aging;
use receivables::currency::Currency;
use receivables::money::Money;
use receivables::notice::Entry;
use receivables::payment_code::{Payee, Settings, transfer};
use receivables::reference::Key;
use render::{Language, Line, Parts};

pub(crate) const URL: &str = "https://pay.example/pay/0hJ3kQ9xZr7TnW2mVb5cLs8dYf4gAe6uPiXoRtKyN1w";

pub(crate) fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap()
}

pub(crate) fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap())
}

pub(crate) fn strings(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// Invoices `INV-0001`, ..., each of another amount.
pub(crate) fn lines(count: usize) -> Vec<Line> {
    (1..=count)
        .map(|number| {
            let minor = i64::try_from(number).unwrap() * 1_009;
            let due_on = day(2026, 9, 1) + Days::new(u64::try_from(number % 40).unwrap());
            Line {
                number: format!("INV-{number:04}"),
                issue_on: due_on - Days::new(30),
                due_on,
                balance: eur(minor),
                total: eur(minor),
                days_overdue: (day(2026, 11, 20) - due_on).num_days(),
                charge: false,
            }
        })
        .collect()
}

pub(crate) fn total(lines: &[Line]) -> Money {
    let balances = lines.iter().map(|line| line.balance);
    balances.fold(eur(0), |sum, balance| sum.checked_add(balance).unwrap())
}

/// The sentences of a letter in a language.
pub(crate) fn parts(language: Language) -> Parts {
    let [greeting, opening, request, closing, regards] = match language {
        Language::En => [
            "Hello Ada Lovelace,",
            "There are 3 invoices overdue, the oldest for 79 days. EUR 60.54 in all is still open.",
            "Please pay within the next seven days. If you dispute an invoice, or cannot pay in full at the moment, \
             please tell us within that time, so that we can find a way together and no further steps are needed.",
            "Have you paid already? Thank you, then please disregard this letter.",
            "Kind regards",
        ],
        Language::De => [
            "Guten Tag Ada Lovelace,",
            "3 Rechnungen sind überfällig, die älteste seit 79 Tagen.",
            "Bitte zahlen Sie innerhalb der nächsten sieben Tage. Straße, Größe, Äpfel, Öl: „Anführung“.",
            "Haben Sie bereits bezahlt? Vielen Dank, dann betrachten Sie diesen Brief bitte als gegenstandslos.",
            "Freundliche Grüße",
        ],
        Language::Fr => [
            "Bonjour Ada Lovelace,",
            "3 factures sont échues, la plus ancienne depuis 79 jours.",
            "Nous vous prions de régler sous sept jours ; où ça ? Cœur, garçon, Noël, « là ».",
            "Vous avez déjà payé ? Merci, veuillez alors ne pas tenir compte de cette lettre.",
            "Cordialement",
        ],
        Language::Es => [
            "Hola, Ada Lovelace:",
            "Hay 3 facturas vencidas, la más antigua desde hace 79 días.",
            "Le rogamos que pague en los próximos siete días. ¿Señor? ¡Mañana! Pingüino.",
            "¿Ya ha pagado? Gracias; en ese caso, no tenga en cuenta esta carta.",
            "Atentamente",
        ],
        Language::Hi => [
            "नमस्ते आदित्य कुमार शर्मा जी,",
            "3 चालान अतिदेय हैं, सबसे पुराना 79 दिनों से। क्षमा करें, ज्ञान, श्री, विद्युत, कर्म, हिन्दी, द्वितीय।",
            "कृपया अगले सात दिनों के भीतर भुगतान करें। यदि आप किसी चालान पर आपत्ति करते हैं, तो कृपया हमें बताएँ।",
            "क्या आपने पहले ही भुगतान कर दिया है? धन्यवाद, तब कृपया इस पत्र को अनदेखा करें।",
            "सादर",
        ],
    };
    Parts {
        heading: String::new(),
        greeting: greeting.to_owned(),
        opening: opening.to_owned(),
        request: request.to_owned(),
        closing: closing.to_owned(),
        regards: regards.to_owned(),
    }
}

pub(crate) fn letter(language: Language, count: usize) -> LetterPaper {
    let lines = lines(count);
    let payee = Payee::read(&Settings {
        name: "Nordwind Energie GmbH",
        iban: "DE89370400440532013000",
        bic: "COBADEFFXXX",
        ..Settings::default()
    })
    .unwrap();
    let total = total(&lines);
    let key = Key::of("lnk_01kerpxzmveajww06wkd284ebd").unwrap();
    let transfer = transfer(&payee, total, key);
    let code = transfer.as_ref().and_then(|transfer| transfer.code.as_ref());
    LetterPaper {
        language,
        sheet: Sheet::A4,
        creditor: strings(&[
            "Nordwind Energie GmbH",
            "Hafenstraße 7",
            "20457 Hamburg",
            "+49 40 5550100",
        ]),
        addressee: strings(&[
            "Lovelace Analytics SE",
            "Ada Lovelace",
            "Königstraße 1",
            "01097 Dresden",
            "GERMANY",
        ]),
        dated: day(2026, 11, 20),
        reference: "msg_01kerpxzmveajww06wkd284ebd".to_owned(),
        subject: match language {
            Language::Hi => "अतिदेय चालान: INV-0001 और अन्य".to_owned(),
            _ => "Overdue: invoices INV-0001, INV-0002 and more".to_owned(),
        },
        parts: parts(language),
        qr: code.map(|code| Qr::of_transfer(code, "Scan with your banking app.")),
        transfer,
        lines,
        total,
        pay_url: Some(URL.to_owned()),
    }
}

pub(crate) fn statement(language: Language, count: usize) -> StatementPaper {
    let kinds = ["invoice", "payment", "credit_note", "charge"];
    let mut closing = eur(12_345);
    let mut entries = Vec::new();
    for number in 1..=count {
        let what = kinds[number % 4];
        let minor = i64::try_from(number).unwrap() * 1_013;
        let amount = eur(if matches!(what, "payment" | "credit_note") {
            -minor
        } else {
            minor
        });
        closing = closing.checked_add(amount).unwrap();
        entries.push(Entry {
            on: day(2026, 10, 1) + Days::new(u64::try_from(number * 30 / (count + 1)).unwrap()),
            what: what.to_owned(),
            number: Some(format!("DOC-{number:04}")),
            amount,
        });
    }
    let aging = Aging::of(
        closing.currency(),
        [
            (day(2026, 9, 1), 1_000),
            (day(2026, 12, 1), closing.minor() - 1_000),
        ],
        day(2026, 10, 31),
    );
    StatementPaper {
        language,
        sheet: Sheet::A4,
        creditor: strings(&["Nordwind Energie GmbH", "Hafenstraße 7", "20457 Hamburg"]),
        addressee: strings(&["Lovelace Analytics SE", "Königstraße 1", "01097 Dresden"]),
        dated: day(2026, 11, 1),
        reference: "C-1001".to_owned(),
        from: day(2026, 10, 1),
        to: day(2026, 10, 31),
        accounts: vec![Account {
            opening: eur(12_345),
            entries,
            closing,
            aging: aging.ok(),
        }],
        pay_url: Some(URL.to_owned()),
        qr: Some(Qr::of(URL, "Scan to view and pay.")),
        transfer: None,
    }
}
