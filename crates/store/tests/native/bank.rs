//! Statements in the ledger: kept once, matched where that is safe, decided by people, held against the ledger. Needs the
//! feature `native`: `cargo test -p store --features native`.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

use crate::ground::now;
use formats::statement::{Statement, read};
use receivables::allocation::{InvoiceRef, RemittanceLine};
use receivables::bank::payout::Payout;
use receivables::currency::Currency;
use receivables::id::{BankLineId, InvoiceId, LinkId, PaymentId};
use receivables::intake::{CustomerInput, CustomerRef, InvoiceInput};
use receivables::reference::Key;
use serde_json::{Value, json};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::bank::{self, Advice, Counts, Decision, Kept, LineView, Match, Payouts};
use store::links::NewLink;
use store::{Db, Moment, StoreError, Tx, customers, invoices, links, payments, postings, views};

crate::ground::own_ledger!();

/// Lines that are not judged yet are everybody's: one test at a time.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn moment() -> Moment {
    Moment::at("2026-02-01T09:00:00Z".parse().expect("an instant"))
}

fn transact<T>(db: &Db, work: impl AsyncFnMut(&Tx<'_>) -> Result<T, StoreError>) -> T {
    now(db.transaction(work)).expect("a transaction")
}

/// A customer with invoices of its own, in the ledger that all tests share.
struct World {
    db: Db,
    key: &'static str,
    _turn: MutexGuard<'static, ()>,
}

/// A line of a statement: reference, amount with its sign, payer's account and name, end-to-end id, text, return reason.
type Said<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str, &'a str, &'a str);

impl World {
    fn new(key: &'static str, name: &str) -> World {
        let turn = turn();
        let world = World {
            db: ledger(),
            key,
            _turn: turn,
        };
        world.customer(key, name);
        world
    }

    fn customer(&self, key: &str, name: &str) {
        let document = json!({"external_id": key, "name": name, "kind": "business", "country": "DE",
            "time_zone": "Europe/Berlin", "locale": "en", "currency": "EUR"});
        let input = CustomerInput::parse(&document).expect("a customer");
        transact(&self.db, async |tx| {
            customers::upsert(tx, moment(), std::slice::from_ref(&input)).await
        });
    }

    fn invoice(&self, number: &str, total: &str) -> InvoiceId {
        let document = json!({"number": number, "customer": {"external_id": self.key}, "issue_date": "2026-01-01",
            "currency": "EUR", "total": total});
        let input = InvoiceInput::parse(&document).expect("an invoice");
        let taken = transact(&self.db, async |tx| {
            invoices::take(tx, moment(), std::slice::from_ref(&input)).await
        });
        match taken.into_iter().next() {
            Some(invoices::Taken::Accepted(id)) => id,
            other => panic!("{number}: {other:?}"),
        }
    }

    fn balance(&self, id: &InvoiceId) -> String {
        let view = now(views::invoice(&self.db, id))
            .expect("a view")
            .expect("an invoice");
        let view = serde_json::to_value(view).expect("json");
        view["balance"]["amount"].as_str().expect("an amount").to_owned()
    }

    /// Keeps a statement and matches its lines.
    fn take(&self, statement: &Statement) -> (Kept, Counts) {
        let kept = transact(&self.db, async |tx| bank::take(tx, moment(), statement).await);
        now(bank::settle(&self.db, moment(), || true)).expect("settled");
        let counts = now(bank::counts(&self.db, std::slice::from_ref(&kept.id))).expect("counts");
        self.prove();
        (kept, counts)
    }

    fn lines(&self, statement: &Kept) -> Vec<LineView> {
        let all = now(bank::lines(&self.db, None, "", 10_000)).expect("lines");
        all.into_iter()
            .filter(|line| line.statement == statement.id)
            .collect()
    }

    fn decide(&self, id: &BankLineId, wanted: &Match) -> Decision {
        let decision = transact(&self.db, async |tx| {
            bank::decide(tx, moment(), id, wanted, "somebody").await
        });
        self.prove();
        decision
    }

    fn unmatch(&self, id: &BankLineId) -> Decision {
        let decision = transact(&self.db, async |tx| {
            bank::unmatch(tx, moment(), id, "it was another's", "somebody").await
        });
        self.prove();
        decision
    }

    fn line(&self, id: &BankLineId) -> LineView {
        now(bank::line(&self.db, id)).expect("a view").expect("a line")
    }

    fn prove(&self) {
        let drift = now(postings::drift(&self.db)).expect("a proof");
        assert!(drift.is_empty(), "{drift:?}");
    }

    fn payment(&self, id: &PaymentId) -> Value {
        let view = now(payments::view(&self.db, id))
            .expect("a view")
            .expect("a payment");
        serde_json::to_value(view).expect("json")
    }
}

fn paid_in<'a>(
    reference: &'a str,
    amount: &'a str,
    account: &'a str,
    name: &'a str,
    text: &'a str,
) -> Said<'a> {
    (reference, amount, account, name, "", text, "")
}

/// A camt.053 of an account of the test's own.
fn camt(account: &str, number: u32, day: &str, opening: i64, lines: &[Said<'_>]) -> Statement {
    let cents = |amount: &str| amount.replace('.', "").parse::<i64>().expect("an amount");
    let moved: i64 = lines.iter().map(|(_, amount, ..)| cents(amount)).sum();
    let balance = |code: &str, minor: i64| {
        let (size, side) = (minor.unsigned_abs(), if minor < 0 { "DBIT" } else { "CRDT" });
        format!(
            "<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy=\"EUR\">{}.{:02}</Amt><CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>",
            size / 100,
            size % 100
        )
    };
    let tag = |name: &str, text: &str| match text {
        "" => String::new(),
        text => format!("<{name}>{text}</{name}>"),
    };
    let entries: String = lines.iter().map(|(reference, amount, payer, name, end_to_end, text, back)| {
        let (size, side, who) = match amount.strip_prefix('-') {
            Some(size) => (size, "DBIT", "Cdtr"),
            None => (*amount, "CRDT", "Dbtr"),
        };
        let iban = tag(&format!("{who}Acct"), &tag("Id", &tag("IBAN", payer)));
        let parties = format!("{}{iban}", tag(who, &tag("Nm", name)));
        format!("<Ntry><Amt Ccy=\"EUR\">{size}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts>BOOK</Sts><BookgDt><Dt>{day}</Dt></BookgDt>{}\
            <NtryDtls><TxDtls>{}{}{}{}</TxDtls></NtryDtls></Ntry>",
            tag("AcctSvcrRef", reference), tag("Refs", &tag("EndToEndId", end_to_end)), tag("RltdPties", &parties),
            tag("RmtInf", &tag("Ustrd", text)), tag("RtrInf", &tag("Rsn", &tag("Cd", back))))
    }).collect();
    let document = format!(
        "<Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.02\"><BkToCstmrStmt><Stmt><Id>{account}-{number}</Id>\
        <ElctrncSeqNb>{number}</ElctrncSeqNb><Acct><Id><IBAN>{account}</IBAN></Id><Ccy>EUR</Ccy></Acct>{}{}{entries}</Stmt></BkToCstmrStmt></Document>",
        balance("OPBD", opening),
        balance("CLBD", opening + moved)
    );
    read(document.as_bytes()).expect("a statement").remove(0)
}

fn counts(matched: i64, review: i64, ignored: i64) -> Counts {
    Counts {
        matched,
        review,
        ignored,
        received: 0,
    }
}

#[test]
fn the_same_statement_again_has_nothing_new_and_two_equal_payments_are_two() {
    let world = World::new("once", "Once GmbH");
    let twin = paid_in("", "10.00", "", "Somebody", "no reference at all");
    let statement = camt(
        "DE-ONCE",
        1,
        "2026-01-05",
        0,
        &[twin, twin, paid_in("R1", "5.00", "", "", "nothing")],
    );
    let (kept, found) = world.take(&statement);
    assert_eq!((kept.lines, kept.duplicates), (3, 0));
    assert_eq!(found, counts(0, 3, 0), "nothing on them tells whose they are");
    let (again, _) = world.take(&statement);
    assert_eq!((again.id.clone(), again.lines, again.duplicates), (kept.id, 3, 3));
    // The same lines in another document, as a notification before the statement has them.
    let mut other = statement.clone();
    other.id = Some("another".to_owned());
    let (other, _) = world.take(&other);
    assert_eq!((other.lines, other.duplicates), (3, 3));
}

#[test]
fn an_entry_as_a_whole_and_in_parts_is_one() {
    let world = World::new("whole", "Whole GmbH");
    let whole = camt(
        "DE-WHOLE",
        1,
        "2026-01-05",
        0,
        &[paid_in("B1", "30.00", "", "", "")],
    );
    let mut parts = whole.clone();
    parts.id = Some("parts".to_owned());
    parts.lines = ["10.00", "20.00"]
        .iter()
        .zip(1u32..)
        .map(|(amount, part)| {
            let mut line = camt("DE-WHOLE", 1, "2026-01-05", 0, &[paid_in("", amount, "", "", "")])
                .lines
                .remove(0);
            line.batch = Some(formats::statement::Batch {
                reference: Some("B1".to_owned()),
                part,
                of: 2,
            });
            line
        })
        .collect();
    let (first, _) = world.take(&whole);
    let (second, _) = world.take(&parts);
    assert_eq!((first.duplicates, second.lines, second.duplicates), (0, 2, 2));
}

#[test]
fn a_gap_is_told_and_what_comes_late_closes_it() {
    let world = World::new("gap", "Gap GmbH");
    let of = |number, day, opening, amount| {
        camt(
            "DE-GAP",
            number,
            day,
            opening,
            &[paid_in("", amount, "", "x", "y")],
        )
    };
    assert!(world.take(&of(1, "2026-03-02", 0, "1.00")).0.gaps.is_empty());
    let gaps = world.take(&of(3, "2026-03-04", 300, "4.00")).0.gaps;
    assert_eq!(gaps.len(), 1);
    assert_eq!(
        gaps[0].detail,
        "1 statement(s) between the two are missing, whose lines come to 2.00 EUR"
    );
    let report = |world: &World| {
        let day = |text: &str| text.parse().expect("a day");
        now(bank::report(&world.db, day("2026-03-01"), day("2026-03-31"))).expect("a report")
    };
    let named = |report: &bank::Report| {
        report
            .differences
            .iter()
            .filter(|found| found.code == "statement_gap")
            .count()
    };
    let before = report(&world);
    assert_eq!(named(&before), 1);
    let account = before
        .accounts
        .iter()
        .find(|account| account.account == "DE-GAP")
        .expect("the account");
    assert_eq!(
        account.unexplained.map(|money| money.to_string()).as_deref(),
        Some("2.00 EUR")
    );
    assert!(world.take(&of(2, "2026-03-03", 100, "2.00")).0.gaps.is_empty());
    let after = report(&world);
    assert_eq!(named(&after), 0);
    let account = after
        .accounts
        .iter()
        .find(|account| account.account == "DE-GAP")
        .expect("the account");
    assert_eq!(
        account.unexplained.map(|money| money.to_string()).as_deref(),
        Some("0.00 EUR")
    );
}

#[test]
fn what_is_safe_is_applied_what_goes_back_reopens_and_the_rest_waits() {
    let world = World::new("safe", "Sicher Handels GmbH");
    let (first, second) = (
        world.invoice("SAFE-2026-0101", "119.00"),
        world.invoice("SAFE-2026-0102", "80.00"),
    );
    let statement = camt(
        "DE-SAFE",
        1,
        "2026-01-12",
        0,
        &[
            (
                "S1",
                "119.00",
                "DE11SAFE",
                "Sicher Handels GmbH",
                "E2E-1",
                "Rechnung SAFE-2026-0101",
                "",
            ),
            (
                "S2",
                "70.00",
                "DE11SAFE",
                "Sicher Handels GmbH",
                "",
                "SAFE-2026-0102",
                "",
            ),
            ("S3", "-12.00", "", "The landlord", "", "rent", ""),
        ],
    );
    let (kept, found) = world.take(&statement);
    assert_eq!(found, counts(1, 1, 1));
    let lines = world.lines(&kept);
    assert_eq!(lines[0].status, "matched");
    let payment = world.payment(lines[0].payment_id.as_ref().expect("a payment"));
    assert_eq!(
        (payment["source"].as_str(), payment["reference"].as_str()),
        (Some("bank"), Some(lines[0].id.as_str()))
    );
    assert_eq!(
        (world.balance(&first), world.balance(&second)),
        ("0.00".to_owned(), "80.00".to_owned())
    );
    // The systems outside are told of it as of any payment.
    let told = now(store::events::list(&world.db, None, "", 10_000)).expect("events");
    let of = |kind: &str| {
        let about = |event: &&store::events::EventView| {
            event.r#type == kind && event.data["payment"] == json!(lines[0].payment_id)
        };
        told.iter().filter(about).count()
    };
    assert_eq!((of("payment.received"), of("payment.applied")), (1, 1));
    assert_eq!(lines[2].why.as_deref(), Some("Money that went out."));
    // Short beyond any tolerance: a person sees the invoice first.
    assert_eq!(lines[1].candidates[0].shares[0].invoice, second);

    let back = camt(
        "DE-SAFE",
        2,
        "2026-01-13",
        17_700,
        &[
            (
                "S4",
                "-119.00",
                "DE11SAFE",
                "Sicher Handels GmbH",
                "E2E-1",
                "",
                "AC04",
            ),
            ("S5", "-1.00", "", "", "E2E-9", "", "MD06"),
        ],
    );
    let (kept, found) = world.take(&back);
    assert_eq!(found, counts(1, 1, 0));
    let lines = world.lines(&kept);
    assert_eq!(world.balance(&first), "119.00", "open again");
    let why = "Returned by the bank (AC04): the account is closed. 119.00 EUR of the payment was taken back.";
    assert_eq!(lines[0].why.as_deref(), Some(why));
    assert!(
        lines[1]
            .why
            .as_deref()
            .is_some_and(|why| why.contains("No payment that still stands is called E2E-9"))
    );
}

#[test]
fn what_a_person_decides_is_done_learnt_and_can_be_taken_back() {
    let world = World::new("hand", "Handwerk Meier GmbH");
    let invoice = world.invoice("HAND-1", "50.00");
    let statement = camt(
        "DE-HAND",
        1,
        "2026-01-12",
        0,
        &[
            paid_in("H1", "60.00", "DE22 HAND", "Meier privat", "thanks"),
            paid_in("H2", "7.00", "", "", "?"),
        ],
    );
    let (kept, found) = world.take(&statement);
    assert_eq!(found, counts(0, 2, 0));
    let lines = world.lines(&kept);
    let wanted = |amount: &str| Match::For {
        customer: None,
        allocations: vec![RemittanceLine {
            invoice: InvoiceRef::Number("HAND-1".to_owned()),
            amount: serde_json::from_value(json!({"amount": amount, "currency": "EUR"})).ok(),
        }],
    };
    let refused = world.decide(&lines[0].id, &wanted("50.01"));
    assert!(
        matches!(&refused, Decision::Refused(errors) if errors[0].code == "more_than_balance"),
        "{refused:?}"
    );
    assert_eq!(world.decide(&lines[0].id, &wanted("50.00")), Decision::Done);
    assert_eq!(world.balance(&invoice), "0.00");
    let first = world.line(&lines[0].id).payment_id.expect("a payment");
    assert_eq!(
        world.payment(&first)["unapplied"]["amount"],
        "10.00",
        "the rest is on account"
    );
    assert!(matches!(
        world.decide(&lines[0].id, &wanted("1.00")),
        Decision::NotOpen(_)
    ));
    assert_eq!(
        world.decide(&lines[1].id, &Match::Ignore("interest".to_owned())),
        Decision::Done
    );
    assert_eq!(world.line(&lines[1].id).status, "ignored");

    // The account is known now: who pays exactly from it is matched without a word.
    let learnt = world.invoice("HAND-2", "33.00");
    let next = camt(
        "DE-HAND",
        2,
        "2026-01-13",
        6_700,
        &[paid_in("H3", "33.00", "DE22HAND", "Meier privat", "thanks")],
    );
    let (_, found) = world.take(&next);
    assert_eq!(found, counts(1, 0, 0));
    assert_eq!(world.balance(&learnt), "0.00");

    assert_eq!(world.unmatch(&lines[0].id), Decision::Done);
    assert_eq!(world.balance(&invoice), "50.00");
    assert_eq!(world.line(&lines[0].id).status, "review");
    // Once more, as a payment of its own.
    let customer = Match::For {
        customer: Some(CustomerRef::ExternalId("hand".to_owned())),
        allocations: Vec::new(),
    };
    assert_eq!(world.decide(&lines[0].id, &customer), Decision::Done);
    let second = world.line(&lines[0].id).payment_id.expect("a payment");
    assert_ne!(second, first);
    assert_eq!(
        world.payment(&second)["unapplied"]["amount"],
        "60.00",
        "all of it on account, as was said"
    );
}

/// Two lines of one batch name one invoice and pay it both: it is paid once. And what waits for a person is nobody
/// else's meanwhile.
#[test]
fn an_invoice_is_not_paid_twice_and_what_is_doubtful_is_held() {
    let world = World::new("twice", "Zweimal GmbH");
    let (invoice, other) = (
        world.invoice("TWICE-2026-1", "15.00"),
        world.invoice("TWICE-2026-2", "27.00"),
    );
    let statement = camt(
        "DE-TWICE",
        1,
        "2026-01-12",
        0,
        &[
            paid_in("T1", "15.00", "", "Zweimal GmbH", "TWICE-2026-1"),
            paid_in("T2", "15.00", "", "Zweimal GmbH", "TWICE-2026-1"),
            paid_in("T3", "20.00", "", "Zweimal GmbH", "TWICE-2026-2"),
        ],
    );
    let (_, found) = world.take(&statement);
    assert_eq!(found, counts(1, 2, 0));
    assert_eq!(
        (world.balance(&invoice), world.balance(&other)),
        ("0.00".to_owned(), "27.00".to_owned())
    );
    let next = camt(
        "DE-TWICE",
        2,
        "2026-01-13",
        5_000,
        &[paid_in("T4", "27.00", "", "Zweimal GmbH", "TWICE-2026-2")],
    );
    let (kept, found) = world.take(&next);
    assert_eq!(found, counts(0, 1, 0), "{:?}", world.lines(&kept));
}

/// The payment page of a link asks for a reference that is made of its id.
#[test]
fn money_that_quotes_a_links_reference_is_for_what_the_link_covers() {
    let world = World::new("link", "Verbund AG");
    let invoices = ["LINK-2026-1", "LINK-2026-2"].map(|number| world.invoice(number, "40.00"));
    let customer = transact(&world.db, async |tx| {
        let reference = CustomerRef::ExternalId("link".to_owned());
        let known = customers::Directory::load(tx, std::iter::once(&reference)).await?;
        Ok(known.get(&reference).map(|known| known.id.clone()))
    });
    let id = moment().id(LinkId::from_parts).expect("an id");
    let link = NewLink {
        id: id.clone(),
        token_hash: "0".repeat(64),
        customer: customer.expect("a customer"),
        message: None,
        currency: Currency::parse("EUR").expect("a currency"),
        amount: None,
        allow_partial: false,
        minimum: None,
        expires_at: "2026-03-01T00:00:00Z".parse().expect("an instant"),
        invoices: invoices.to_vec(),
    };
    transact(&world.db, async |tx| {
        links::create(tx, moment(), std::slice::from_ref(&link)).await
    });
    let rf = Key::of(id.as_str()).expect("a key").rf();
    let printed: Vec<&str> = [0, 4, 8, 12, 16].iter().map(|at| &rf[*at..at + 4]).collect();
    let text = format!("payment {}", printed.join(" "));
    let statement = camt(
        "DE-LINK",
        1,
        "2026-01-12",
        0,
        &[paid_in("K1", "80.00", "", "", &text)],
    );
    let (kept, found) = world.take(&statement);
    assert_eq!(found, counts(1, 0, 0), "{:?}", world.lines(&kept));
    assert_eq!(invoices.each_ref().map(|id| world.balance(id)), ["0.00", "0.00"]);
}

fn advised(text: &str) -> formats::remittance::Advice {
    formats::remittance::email(text.as_bytes()).expect("an advice")
}

#[test]
fn an_advice_says_where_money_goes_whether_it_comes_before_or_after() {
    let world = World::new("advice", "Avis Vertrieb GmbH");
    let invoices =
        ["AVIS-2026-01", "AVIS-2026-02", "AVIS-2026-03"].map(|number| world.invoice(number, "100.00"));
    let keep = |text: &str| {
        let advice = advised(text);
        transact(&world.db, async |tx| {
            bank::keep_advice(tx, moment(), &advice).await
        })
    };
    let text =
        "EUR\nReference: PAY-2026-77\nAVIS-2026-01 100.00\nAVIS-2026-02 40.00 in dispute\nTotal 140.00";
    let Advice::Accepted(before) = keep(text) else {
        panic!("it is new")
    };
    assert_eq!(keep(text), Advice::Duplicate(before.clone()));
    let statement = camt(
        "DE-AVIS",
        1,
        "2026-01-12",
        0,
        &[(
            "A1",
            "140.00",
            "DE33AVIS",
            "Avis Vertrieb GmbH",
            "PAY-2026-77",
            "",
            "",
        )],
    );
    let (kept, found) = world.take(&statement);
    assert_eq!(found, counts(1, 0, 0), "{:?}", world.lines(&kept));
    assert_eq!(
        invoices.each_ref().map(|id| world.balance(id)),
        ["0.00", "60.00", "100.00"]
    );
    let used = now(bank::one_advice(&world.db, &before))
        .expect("a view")
        .expect("an advice");
    assert_eq!(
        (used.status.as_str(), used.payment_id),
        ("used", world.lines(&kept)[0].payment_id.clone())
    );

    // The money first, on account; then what it is for.
    let statement = camt(
        "DE-AVIS",
        2,
        "2026-01-13",
        14_000,
        &[paid_in("A2", "90.00", "", "", "?")],
    );
    let (kept, _) = world.take(&statement);
    let line = world.lines(&kept).remove(0);
    let customer = Match::For {
        customer: Some(CustomerRef::ExternalId("advice".to_owned())),
        allocations: Vec::new(),
    };
    assert_eq!(world.decide(&line.id, &customer), Decision::Done);
    let Advice::Accepted(after) = keep("EUR\nAVIS-2026-03 90.00") else {
        panic!("it is new")
    };
    assert_eq!(world.balance(&invoices[2]), "10.00");
    let used = now(bank::one_advice(&world.db, &after))
        .expect("a view")
        .expect("an advice");
    assert_eq!(used.status, "used");
    world.prove();
}

fn payout(reference: &str, net: &str) -> Payout {
    Payout::parse(
        &json!({"provider": "mollie", "id": reference, "currency": "EUR", "arrival_date": "2026-04-14",
        "gross": net, "fee": "0.00", "net": net,
        "items": [{"payment": format!("tr_{reference}"), "gross": net, "fee": "0.00", "net": net}]}),
    )
    .expect("a payout")
}

#[test]
fn a_payout_finds_its_line_and_what_is_missing_is_named() {
    let world = World::new("payout", "Payout GmbH");
    let keep = |report: &Payout| {
        transact(&world.db, async |tx| {
            bank::keep_payout(tx, moment(), report).await
        })
    };
    let Payouts::Accepted(before) = keep(&payout("stl-1", "12.00")) else {
        panic!("it is new")
    };
    assert_eq!(
        keep(&payout("stl-1", "12.00")),
        Payouts::Duplicate(before.clone())
    );
    assert_eq!(keep(&payout("stl-1", "13.00")), Payouts::Conflict(before.clone()));
    let statement = camt(
        "DE-PAYOUT",
        1,
        "2026-04-15",
        0,
        &[
            paid_in("P1", "12.00", "", "Mollie Payments", "settlement stl-1"),
            paid_in("P2", "34.00", "", "Mollie Payments", "settlement stl-2"),
        ],
    );
    let (kept, found) = world.take(&statement);
    assert_eq!(found, counts(1, 1, 0));
    let lines = world.lines(&kept);
    assert_eq!(lines[0].payout_id.as_ref(), Some(&before));
    // The report comes after its line.
    let Payouts::Accepted(after) = keep(&payout("stl-2", "34.00")) else {
        panic!("it is new")
    };
    assert_eq!(world.line(&lines[1].id).payout_id.as_ref(), Some(&after));
    let Payouts::Accepted(missing) = keep(&payout("stl-3", "56.00")) else {
        panic!("it is new")
    };
    let view = now(bank::one_payout(&world.db, &missing))
        .expect("a view")
        .expect("a payout");
    assert_eq!(view.differences[0].code, "unknown_payment");
    let day = |text: &str| text.parse().expect("a day");
    let report = now(bank::report(&world.db, day("2026-04-01"), day("2026-04-30"))).expect("a report");
    let of = |code: &str| {
        report
            .differences
            .iter()
            .filter(|found| found.code == code)
            .count()
    };
    assert_eq!((of("payout_missing"), of("payout_item_differs")), (1, 3));
}

#[test]
fn bank_and_ledger_agree_until_somebody_reverses_by_hand() {
    let world = World::new("agree", "Einig GmbH");
    let invoice = world.invoice("AGREE-2026-1", "25.00");
    let statement = camt(
        "DE-AGREE",
        1,
        "2026-05-05",
        0,
        &[paid_in("G1", "25.00", "", "Einig GmbH", "AGREE-2026-1")],
    );
    let (kept, found) = world.take(&statement);
    assert_eq!(found, counts(1, 0, 0));
    let day = |text: &str| text.parse().expect("a day");
    let report = || now(bank::report(&world.db, day("2026-05-01"), day("2026-05-31"))).expect("a report");
    assert!(report().differences.is_empty());
    assert_eq!(report().cash[0].difference.minor(), 0);
    let payment = world.lines(&kept)[0].payment_id.clone().expect("a payment");
    transact(&world.db, async |tx| {
        payments::reverse(tx, moment(), &payment, "a mistake").await
    });
    assert_eq!(world.balance(&invoice), "25.00");
    let report = report();
    assert_eq!(report.differences[0].code, "taken_back_without_bank");
    assert_eq!(report.cash[0].difference.to_string(), "25.00 EUR");
}
