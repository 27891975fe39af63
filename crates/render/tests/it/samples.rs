//! Contexts with everything in them: the same customer, Brandt & Söhne GmbH, in every page and message.

use chrono::NaiveDate;
use receivables::channel::Channel;
use receivables::currency::Currency;
use receivables::money::Money;
use receivables::payment_code::{self, Payee, Settings};
use receivables::reference::Key;
use render::pages::*;
use render::{Language, Line, MessageContext, PromiseLine, amount_input};

pub(crate) fn money(amount: &str, code: &str) -> Money {
    Money::parse(amount, Currency::parse(code).unwrap()).unwrap()
}

pub(crate) fn eur(amount: &str) -> Money {
    money(amount, "EUR")
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn line(number: &str, due_on: &str, days_overdue: i64, balance: &str, total: &str) -> Line {
    Line {
        number: number.into(),
        issue_on: day("2025-12-12"),
        due_on: day(due_on),
        balance: eur(balance),
        total: eur(total),
        days_overdue,
        charge: false,
    }
}

/// Two overdue invoices, one of them partly paid, and one upcoming.
pub(crate) fn message(template: &str, locale: &str) -> MessageContext {
    MessageContext {
        template: template.into(),
        locale: locale.into(),
        creditor_name: "Nordlicht Druck".into(),
        reply_to: Some("rechnung@nordlicht.example".into()),
        customer_name: "Brandt & Söhne GmbH".into(),
        contact_name: Some("Ana Silva".into()),
        overdue: vec![
            line("2025-0117", "2025-12-28", 14, "500.00", "750.00"),
            line("2026-0001", "2026-01-10", 1, "1250.00", "1250.00"),
        ],
        upcoming: vec![line("2026-0009", "2026-01-16", -5, "80.50", "80.50")],
        act_on: Some(day("2026-01-18")),
        promise: template.starts_with("promise_").then(|| PromiseLine {
            amount: eur("500.00"),
            missing: eur("120.00"),
            promised_on: day("2026-01-20"),
        }),
        about: None,
        tone: None,
        total: eur("1830.50"),
        pay_url: "http://127.0.0.1:3000/pay/k3J9x?from=mail&v=1".into(),
        unsubscribe_url: None,
        message_id: "msg_01jh7c9x4n0000000000000000".into(),
    }
}

/// One overdue invoice and nothing else.
pub(crate) fn message_of_one(template: &str, locale: &str) -> MessageContext {
    let only = line("2026-0001", "2026-01-10", 1, "1250.00", "1250.00");
    let (overdue, upcoming) = match template {
        "pre_due" => (
            vec![],
            vec![Line {
                days_overdue: -5,
                ..only
            }],
        ),
        _ => (vec![only], vec![]),
    };
    MessageContext {
        overdue,
        upcoming,
        total: eur("1250.00"),
        ..message(template, locale)
    }
}

pub(crate) fn pay(language: Language, state: PayState) -> PayPage {
    let sample = message("friendly", "en");
    PayPage {
        nonce: "n0nce".into(),
        locale: language.into(),
        creditor_name: sample.creditor_name,
        customer_name: sample.customer_name,
        state,
        lines: sample.overdue.into_iter().chain(sample.upcoming).collect(),
        total: sample.total,
        allow_partial: false,
        minimum: None,
        action: "/pay/k3J9x".into(),
        amount_value: "1830.50".into(),
        error: None,
        provider_note: None,
        methods: methods(language, &["stripe"]),
        transfer: None,
        reply_to: sample.reply_to,
    }
}

/// Ways to pay, by their names.
pub(crate) fn methods(language: Language, names: &[&'static str]) -> Vec<PayMethod> {
    let method = |name: &&'static str| PayMethod {
        name,
        label: method_name(name, language),
    };
    names.iter().map(method).collect()
}

/// The link that is paid.
pub(crate) const LINK: &str = "lnk_01jz3q4k5m6n7p8q9r0s1t2v3w";

/// A creditor with an account in Switzerland and an address of UPI.
pub(crate) const SETTINGS: Settings<'static> = Settings {
    name: "Nordlicht Druck & Söhne",
    iban: "CH93 0076 2011 6238 5295 7",
    bic: "POFICHBEXXX",
    qr_iban: "CH4431999123000889012",
    address: "Bahnhofstrasse|1|8001|Zürich|CH",
    upi: "nordlicht.druck@okbank",
};

/// How an amount is transferred to it.
pub(crate) fn transfer(amount: &str, currency: &str) -> TransferPanel {
    let amount = Money::parse(amount, Currency::parse(currency).unwrap()).unwrap();
    let payee = Payee::read(&SETTINGS).unwrap();
    let transfer = payment_code::transfer(&payee, amount, Key::of(LINK).unwrap()).unwrap();
    TransferPanel::of(transfer, amount)
}

/// The customer may choose an amount and has chosen one that is refused.
pub(crate) fn refused_pay(language: Language) -> PayPage {
    PayPage {
        allow_partial: true,
        minimum: Some(eur("50.00")),
        amount_value: amount_input(eur("20.00"), language),
        error: Some(
            PayProblem::TooLittle {
                minimum: eur("50.00"),
            }
            .text(language),
        ),
        provider_note: Some(sandbox_note(language).into()),
        ..pay(language, PayState::Open)
    }
}

pub(crate) fn sandbox(state: SandboxState) -> SandboxPage {
    SandboxPage {
        nonce: "n0nce".into(),
        creditor_name: "Nordlicht Druck".into(),
        amount: eur("1830.50"),
        reference: "lnk_01jh7c9x4n0000000000000000".into(),
        action: "/sandbox/pay/s1".into(),
        cancel_url: "/pay/k3J9x".into(),
        state,
        error: None,
    }
}

pub(crate) fn login() -> LoginPage {
    LoginPage {
        nonce: "n0nce".into(),
        action: "/console/login".into(),
        error: None,
        hint: Some("The demo key is printed where Dunlin was started.".into()),
    }
}

pub(crate) fn chrome(title: &str, active: &'static str) -> Chrome {
    Chrome {
        title: title.into(),
        now: "2026-01-11T09:00:00Z".into(),
        clock_note: Some("virtual clock".into()),
        active,
    }
}

pub(crate) fn next() -> Option<NextView> {
    Some(NextView {
        at: "2026-01-12T08:00:00Z".into(),
        step: "firm".into(),
        why: "Invoice 2025-0117 (500.00 EUR) was due on 2025-12-28; step firm runs 14 days after.".into(),
    })
}

fn totals(currency: &str, scale: &str, shares: [u16; 5]) -> CurrencyTotals {
    let money = |amount: &str| money(amount, currency);
    let labels = [
        "Not due",
        "1 to 30 days",
        "31 to 60 days",
        "61 to 90 days",
        "Over 90 days",
    ];
    CurrencyTotals {
        currency: currency.into(),
        receivable: money(scale),
        overdue: money("31400"),
        unapplied: money("250"),
        open_invoices: 1240,
        overdue_customers: 17,
        buckets: labels
            .iter()
            .zip(shares)
            .map(|(label, share_permille)| Bucket {
                label: (*label).into(),
                amount: money("12560"),
                share_permille,
            })
            .collect(),
    }
}

pub(crate) fn work_row(id: &str, name: &str, oldest_days: i64, risk: Option<(u8, &str)>) -> WorkRow {
    WorkRow {
        customer_id: id.into(),
        name: name.into(),
        overdue: eur("1750.00"),
        oldest_days,
        risk: risk.map(|(score, band)| RiskBadge {
            score,
            band: band.into(),
        }),
        next: next(),
    }
}

pub(crate) fn home() -> HomePage {
    HomePage {
        nonce: "n0nce".into(),
        chrome: chrome("Today", "today"),
        totals: vec![
            totals("EUR", "82960.40", [621, 208, 112, 41, 18]),
            totals("JPY", "1250000", [975, 25, 0, 0, 0]),
        ],
        matters: vec![
            matter("task", Some(day("2026-01-14"))),
            MatterRow {
                customer_id: None,
                ..matter("endpoint", None)
            },
        ],
        failed_events: 2,
        worklist: vec![
            work_row("cus_1", "Brandt & Söhne GmbH", 14, Some((72, "high"))),
            work_row("cus_2", "Atelier Lumière SARL", 3, Some((18, "low"))),
            WorkRow {
                next: None,
                ..work_row("cus_3", "Harbour & Sons Ltd", 1, None)
            },
        ],
        queue: QueueView {
            queued: 4,
            sending: 1,
            sent: 12034,
            failed: 0,
            uncertain: 2,
        },
    }
}

pub(crate) fn customers() -> CustomersPage {
    let row = |id: &str, name: &str| CustomerRow {
        id: id.into(),
        name: name.into(),
        external_id: format!("ERP-{id}"),
        country: "DE".into(),
        balance: vec![eur("1830.50")],
        overdue: vec![],
        next: next(),
    };
    CustomersPage {
        nonce: "n0nce".into(),
        chrome: chrome("Customers", "customers"),
        rows: vec![
            row("cus_1", "Brandt & Söhne GmbH"),
            CustomerRow {
                next: None,
                ..row("cus_2", "Atelier Lumière SARL")
            },
        ],
        next_url: Some("/console/customers?after=cus_2".into()),
    }
}

fn matter(kind: &'static str, due_on: Option<NaiveDate>) -> MatterRow {
    MatterRow {
        kind,
        customer_id: Some("cus_1".into()),
        title: "Call the customer".into(),
        detail: Some("Policy standard, step call".into()),
        due_on,
    }
}

pub(crate) fn customer() -> CustomerPage {
    let invoice =
        |number: &str, days_overdue: i64, balance: &str, status: &str, stage: Option<&str>| InvoiceRow {
            id: format!("inv_{number}"),
            number: number.into(),
            issue_on: day("2025-11-28"),
            due_on: day("2025-12-28"),
            total: eur("1250.00"),
            balance: eur(balance),
            status: status.into(),
            days_overdue,
            stage: stage.map(Into::into),
        };
    let event = |at: &str, kind: &str, title: &str, detail: Option<&str>| TimelineRow {
        at: at.into(),
        kind: kind.into(),
        title: title.into(),
        detail: detail.map(Into::into),
    };
    CustomerPage {
        nonce: "n0nce".into(),
        chrome: chrome("Brandt & Söhne GmbH", "customers"),
        id: "cus_01jh7c9x4n0000000000000000".into(),
        external_id: "ERP-4711".into(),
        name: "Brandt & Söhne GmbH".into(),
        kind: "business".into(),
        country: "DE".into(),
        time_zone: "Europe/Berlin".into(),
        locale: "de-DE".into(),
        hold: Some("A dispute about the delivery is open.".into()),
        suspended_at: Some("2026-01-10T08:00:00Z".into()),
        judged: vec![JudgedView {
            currency: "EUR".into(),
            policy: "Policy standard, version 2: it is the default".into(),
            why: "rule hold: the customer is on hold".into(),
            rules: vec![
                RuleRow {
                    rule: "hold".into(),
                    passed: false,
                    detail: "the customer is on hold: <lawyers> & co".into(),
                },
                RuleRow {
                    rule: "min_balance".into(),
                    passed: true,
                    detail: "1,750.00 EUR overdue".into(),
                },
            ],
        }],
        matters: vec![matter("dispute", None)],
        balances: vec![BalanceRow {
            currency: "EUR".into(),
            balance: eur("1830.50"),
            overdue: eur("1750.00"),
            unapplied: eur("0.00"),
        }],
        next: next(),
        risk: Some(RiskView {
            score: 72,
            band: "high".into(),
            reasons: vec![
                ReasonView {
                    code: "paid_late".into(),
                    detail: "7 of 10 invoices were paid late".into(),
                    weight: 28,
                },
                ReasonView {
                    code: "steady".into(),
                    detail: "pays every month".into(),
                    weight: -5,
                },
            ],
        }),
        contacts: vec![ContactRow {
            name: "Ana Silva".into(),
            role: "billing".into(),
            email: Some("ana@brandt.example".into()),
            phone: Some("+49 30 1234567".into()),
        }],
        invoices: vec![
            invoice("2025-0117", 14, "500.00", "partly_paid", Some("reminder")),
            invoice("2026-0001", 1, "1250.00", "open", None),
            invoice("2025-0090", 0, "0.00", "paid", None),
        ],
        timeline: vec![
            event(
                "2026-01-11T08:00:05Z",
                "message",
                "Reminder sent to ana@brandt.example",
                Some(
                    "Step reminder of policy standard; rule min_days_between_contacts passed: 9 days since the last contact.",
                ),
            ),
            event(
                "2026-01-08T14:12:00Z",
                "payment",
                "EUR 250.00 received and set against 2025-0117",
                None,
            ),
            event(
                "2025-12-23T08:00:02Z",
                "message_deferred",
                "Pre-due reminder deferred",
                Some("Quiet hours until 09:00 in Europe/Berlin."),
            ),
        ],
    }
}

pub(crate) fn mailbox() -> MailboxPage {
    let row = |id: &str, subject: &str| MailRow {
        id: id.into(),
        at: "2026-01-11T08:00:05Z".into(),
        to: "ana@brandt.example".into(),
        subject: subject.into(),
        step: "reminder".into(),
    };
    MailboxPage {
        nonce: "n0nce".into(),
        chrome: chrome("Mailbox", "mailbox"),
        messages: vec![
            row(
                "msg_1",
                "Zahlungserinnerung: Rechnungen 2025-0117, 2026-0001 von Nordlicht Druck",
            ),
            row(
                "msg_2",
                "Invoice 2026-0009 from Nordlicht Druck is due on 16 January 2026",
            ),
        ],
        next_url: None,
    }
}

pub(crate) fn mail() -> MailPage {
    let sent = render::render_message(
        &render::Chosen::shipped(),
        Channel::Email,
        &message("friendly", "de"),
    )
    .unwrap();
    MailPage {
        nonce: "n0nce".into(),
        chrome: chrome("Message", "mailbox"),
        id: "msg_1".into(),
        at: "2026-01-11T08:00:05Z".into(),
        to: "ana@brandt.example".into(),
        from: "Nordlicht Druck <rechnung@nordlicht.example>".into(),
        subject: sent.subject,
        text: sent.text,
        html: sent.html,
    }
}

pub(crate) fn not_found() -> NotFoundPage {
    NotFoundPage {
        nonce: "n0nce".into(),
        chrome: chrome("Not found", ""),
    }
}

/// Everything that a contract can have, once.
pub(crate) fn reference() -> Reference {
    let part = |text: &str, link: Option<&str>| TypePart {
        text: text.into(),
        link: link.map(str::to_owned),
    };
    let field = |name: &str, place: Option<&str>| ReferenceField {
        name: name.into(),
        place: place.map(str::to_owned),
        required: true,
        kind: vec![part("list of ", None), part("Invoice", Some("#Invoice"))],
        bounds: Some("1 to 500; default `50`".into()),
        description: Some("The **invoices**, see `status`.".into()),
    };
    let body = ReferenceBody {
        media_type: "application/json".into(),
        kind: vec![part("Invoice", Some("#Invoice"))],
        description: Some("One a line.".into()),
        example: Some("{\n  \"number\": \"<1>\"\n}".into()),
    };
    let answer = |status: &str, link: Option<&str>| ReferenceAnswer {
        status: status.into(),
        link: link.map(str::to_owned),
        description: Some("No valid `key`.".into()),
        codes: vec!["unauthorized".into(), "forbidden".into()],
        headers: vec!["www-authenticate".into()],
        bodies: vec![body.clone()],
    };
    Reference {
        title: "Dunlin".into(),
        version: "0.1.0".into(),
        introduction: "Invoices in.\n\n**Errors** are `application/problem+json`.".into(),
        keys: vec![field("key", Some("header authorization"))],
        groups: vec![ReferenceGroup {
            name: "Invoices".into(),
            anchor: "invoices".into(),
            description: Some("What is owed.".into()),
            operations: vec![ReferenceOperation {
                anchor: "listInvoices".into(),
                method: "GET".into(),
                path: "/v1/invoices/{id}".into(),
                summary: "List invoices".into(),
                description: Some("Oldest first.".into()),
                needs: vec![
                    vec![
                        part("key", Some("#keys-and-signatures")),
                        part(" with the scope read", None),
                    ],
                    vec![],
                ],
                parameters: vec![field("limit", Some("query"))],
                bodies: vec![body.clone()],
                answers: vec![answer("200", None), answer("401", Some("#answer-Unauthorized"))],
            }],
        }],
        answers: vec![answer("Unauthorized", None)],
        schemas: vec![
            ReferenceSchema {
                name: "Invoice".into(),
                description: Some("An invoice.".into()),
                kind: vec![],
                bounds: None,
                fields: vec![field("lines[].amount", None)],
            },
            ReferenceSchema {
                name: "Date".into(),
                description: None,
                kind: vec![part("date", None)],
                bounds: Some("matches `^[0-9]`".into()),
                fields: vec![],
            },
        ],
    }
}
