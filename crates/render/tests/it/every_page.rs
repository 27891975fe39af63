//! What holds for all pages, in every state that they have.

use render::pages::*;
use render::{Language, content_security_policy};

use crate::html::{assert_balanced, attributes, tags};
use crate::samples;
use crate::samples::{methods, pay, refused_pay, sandbox, transfer};

const HOSTILE: &str = "<script>alert(1)</script>\" onload='x' O'Neil {{ 7*7 }}";

/// Every page in every state, by a name for the failing assertion.
fn every_page() -> Vec<(String, String)> {
    let mut pages = vec![
        ("login".into(), login_page(&samples::login()).unwrap()),
        ("home".into(), home_page(&samples::home()).unwrap()),
        ("customers".into(), customers_page(&samples::customers()).unwrap()),
        ("customer".into(), customer_page(&samples::customer()).unwrap()),
        ("mailbox".into(), mailbox_page(&samples::mailbox()).unwrap()),
        ("mail".into(), mail_page(&samples::mail()).unwrap()),
        ("not found".into(), not_found_page(&samples::not_found()).unwrap()),
        (
            "reference".into(),
            reference_page("n0nce", &samples::reference()).unwrap(),
        ),
    ];
    let refused = LoginPage {
        error: Some("This key is not valid.".into()),
        hint: None,
        ..samples::login()
    };
    pages.push(("login refused".into(), login_page(&refused).unwrap()));
    let empty = HomePage {
        totals: vec![],
        matters: vec![],
        failed_events: 0,
        worklist: vec![],
        ..samples::home()
    };
    pages.push(("home, empty".into(), home_page(&empty).unwrap()));
    let empty = CustomersPage {
        rows: vec![],
        next_url: None,
        ..samples::customers()
    };
    pages.push(("customers, empty".into(), customers_page(&empty).unwrap()));
    let empty = MailboxPage {
        messages: vec![],
        ..samples::mailbox()
    };
    pages.push(("mailbox, empty".into(), mailbox_page(&empty).unwrap()));
    let empty = CustomerPage {
        hold: None,
        suspended_at: None,
        judged: vec![],
        matters: vec![],
        balances: vec![],
        next: None,
        risk: None,
        contacts: vec![],
        invoices: vec![],
        timeline: vec![],
        ..samples::customer()
    };
    pages.push(("customer, empty".into(), customer_page(&empty).unwrap()));
    let return_url: String = "/pay/k3J9x".into();
    for state in [
        SandboxState::Open,
        SandboxState::Paid {
            return_url: return_url.clone(),
        },
        SandboxState::Failed {
            return_url,
            detail: "Declined.".into(),
        },
    ] {
        pages.push((
            format!("sandbox {state:?}"),
            sandbox_page(&sandbox(state)).unwrap(),
        ));
    }
    for language in Language::ALL {
        pages.push((
            format!("gone {language:?}"),
            gone_page("n0nce", language).unwrap(),
        ));
        for state in [
            PayState::Open,
            PayState::Paid {
                at: "2026-01-12T10:00:00.123Z".into(),
            },
            PayState::Processing,
            PayState::Nothing,
            PayState::Unavailable,
        ] {
            pages.push((
                format!("pay {language:?} {state:?}"),
                pay_page(&pay(language, state)).unwrap(),
            ));
        }
        let partial = PayPage {
            allow_partial: true,
            ..pay(language, PayState::Open)
        };
        pages.push((format!("pay partial {language:?}"), pay_page(&partial).unwrap()));
        for allow_partial in [false, true] {
            let several = PayPage {
                allow_partial,
                methods: methods(language, &["gocardless", "paypal", "stripe"]),
                ..pay(language, PayState::Open)
            };
            let html = pay_page(&several).unwrap();
            assert_eq!(html.matches("name=\"method\"").count(), 3, "{html}");
            pages.push((
                format!("pay by one of several {language:?} {allow_partial}"),
                html,
            ));
        }
        for currency in ["EUR", "CHF", "INR", "USD"] {
            let by_transfer = PayPage {
                transfer: Some(transfer("1830.50", currency)),
                ..pay(language, PayState::Open)
            };
            pages.push((
                format!("pay by transfer {currency} {language:?}"),
                pay_page(&by_transfer).unwrap(),
            ));
        }
        pages.push((
            format!("pay refused {language:?}"),
            pay_page(&refused_pay(language)).unwrap(),
        ));
    }
    pages
}

#[test]
fn every_page_runs_nothing_loads_nothing_and_styles_by_nonce_alone() {
    for (name, page) in every_page() {
        let tags = tags(&page);
        for tag in &tags {
            let (element, attributes) = tag.split_once(' ').unwrap_or((tag, ""));
            assert!(
                !["script", "link", "img", "object", "embed", "base"].contains(&element),
                "{name}: <{tag}>"
            );
            for bad in [
                " style=",
                " onclick=",
                " onload=",
                " src=",
                "javascript:",
                "http-equiv",
            ] {
                let outside_frame = if element == "iframe" { "" } else { attributes };
                assert!(!format!(" {outside_frame}").contains(bad), "{name}: <{tag}>");
            }
        }
        let styles: Vec<_> = tags
            .iter()
            .copied()
            .filter(|tag| tag.starts_with("style"))
            .collect();
        assert_eq!(styles, ["style nonce=\"n0nce\""], "{name}");
    }
    assert!(content_security_policy("n0nce", &[]).starts_with("default-src 'none'; style-src 'nonce-n0nce'"));
}

#[test]
fn every_page_is_a_whole_document_that_a_screen_reader_can_walk() {
    for (name, page) in every_page() {
        assert!(page.trim_start().starts_with("<!doctype html>"), "{name}");
        assert_balanced(&name, &page);
        let tags = tags(&page);
        let starting = |prefix: &str| tags.iter().filter(|tag| tag.starts_with(prefix)).count();
        for once in [
            "html lang=\"",
            "title",
            "main id=\"main\"",
            "h1",
            "a class=\"skip\" href=\"#main\"",
        ] {
            assert_eq!(starting(once), 1, "{name}: <{once}");
        }
        assert_eq!(
            starting("table"),
            starting("caption"),
            "{name}: a table without caption"
        );
        assert!(
            tags.iter()
                .all(|tag| !tag.starts_with("th ") && *tag != "th" || tag.contains("scope=")),
            "{name}"
        );

        let levels: Vec<u32> = tags
            .iter()
            .filter_map(|tag| tag.strip_prefix('h')?.chars().next()?.to_digit(10))
            .collect();
        assert!(
            levels.windows(2).all(|pair| pair[1] <= pair[0] + 1),
            "{name}: headings skip a level: {levels:?}"
        );

        let mut ids = attributes(&tags, "id");
        for reference in ["for", "aria-labelledby", "aria-describedby"] {
            for id in attributes(&tags, reference)
                .iter()
                .flat_map(|list| list.split(' '))
            {
                assert!(ids.contains(&id), "{name}: {reference}={id} points nowhere");
            }
        }
        for input in tags.iter().filter(|tag| tag.starts_with("input")) {
            let id = attributes(std::slice::from_ref(input), "id").remove(0);
            assert!(
                attributes(&tags, "for").contains(&id),
                "{name}: no label for {id}"
            );
        }
        let all = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), all, "{name}: an id stands twice");
    }
}

#[test]
fn no_name_becomes_markup_or_template() {
    let hostile = || HOSTILE.to_owned();
    let mut pay = refused_pay(Language::De);
    (pay.creditor_name, pay.customer_name, pay.amount_value) = (hostile(), hostile(), hostile());
    (pay.error, pay.provider_note, pay.reply_to) = (Some(hostile()), Some(hostile()), Some(hostile()));
    pay.lines[0].number = hostile();
    let mut customer = samples::customer();
    for field in [
        &mut customer.name,
        &mut customer.external_id,
        &mut customer.kind,
        &mut customer.id,
        &mut customer.chrome.title,
    ] {
        *field = hostile();
    }
    customer.hold = Some(hostile());
    (customer.contacts[0].name, customer.contacts[0].email) = (hostile(), Some(hostile()));
    (customer.invoices[0].number, customer.invoices[0].status) = (hostile(), hostile());
    (customer.timeline[0].title, customer.timeline[0].detail) = (hostile(), Some(hostile()));
    let mut home = samples::home();
    (home.worklist[0].name, home.worklist[0].customer_id) = (hostile(), hostile());
    home.worklist[0].risk.as_mut().unwrap().band = hostile();
    home.totals[0].buckets[0].label = hostile();
    let mut mailbox = samples::mailbox();
    (mailbox.messages[0].subject, mailbox.messages[0].to) = (hostile(), hostile());
    let mut sandbox = sandbox(SandboxState::Open);
    (sandbox.creditor_name, sandbox.reference, sandbox.error) = (hostile(), hostile(), Some(hostile()));
    let mut reference = samples::reference();
    (reference.title, reference.introduction) = (hostile(), "<script>alert(1)</script>".to_owned());
    reference.groups[0].operations[0].summary = hostile();
    reference.groups[0].operations[0].bodies[0].example = Some(hostile());
    reference.schemas[0].fields[0].name = hostile();
    for (name, page) in [
        ("reference", reference_page("n0nce", &reference)),
        ("pay", pay_page(&pay)),
        ("customer", customer_page(&customer)),
        ("home", home_page(&home)),
        ("mailbox", mailbox_page(&mailbox)),
        ("sandbox", sandbox_page(&sandbox)),
    ] {
        let page = page.unwrap();
        assert!(
            !page.contains("<script") && !page.contains("onload='"),
            "{name}: {page}"
        );
        assert!(
            page.contains("&lt;script&gt;") && page.contains("{{ 7*7 }}"),
            "{name}"
        );
        assert_balanced(name, &page);
    }
}

#[test]
fn the_longest_lists_render_within_the_fuel() {
    let customers = CustomersPage {
        rows: vec![samples::customers().rows[0].clone(); 500],
        ..samples::customers()
    };
    assert_eq!(
        customers_page(&customers)
            .unwrap()
            .matches("/console/customers/cus_1")
            .count(),
        500
    );
    let mut customer = samples::customer();
    customer.invoices = vec![customer.invoices[0].clone(); 500];
    customer.timeline = vec![customer.timeline[0].clone(); 500];
    customer_page(&customer).unwrap();
    let home = HomePage {
        worklist: vec![samples::home().worklist[0].clone(); 500],
        ..samples::home()
    };
    home_page(&home).unwrap();
    let lines = vec![pay(Language::En, PayState::Open).lines[0].clone(); 2000];
    pay_page(&PayPage {
        lines,
        ..pay(Language::En, PayState::Open)
    })
    .unwrap();
}
