//! The console: what each of its pages shows.

use render::pages::*;

use crate::html::assert_contains;
use crate::samples;

#[test]
fn the_console_s_frame_leads_everywhere() {
    for page in [
        home_page(&samples::home()).unwrap(),
        customers_page(&samples::customers()).unwrap(),
        customer_page(&samples::customer()).unwrap(),
        mailbox_page(&samples::mailbox()).unwrap(),
        mail_page(&samples::mail()).unwrap(),
        not_found_page(&samples::not_found()).unwrap(),
    ] {
        assert_contains(
            &page,
            &[
                "href=\"/console\"",
                "href=\"/console/customers\"",
                "href=\"/console/mailbox\"",
                "<form method=\"post\" action=\"/console/logout\">",
                "11 Jan 2026, 09:00 UTC",
                "virtual clock",
            ],
        );
    }
    let home = home_page(&samples::home()).unwrap();
    assert_contains(&home, &["<a href=\"/console\" aria-current=\"page\">Today</a>"]);
    assert_eq!(
        home.matches("aria-current").count(),
        2,
        "once in the navigation, once in the stylesheet"
    );
}

#[test]
fn today_shows_totals_aging_worklist_and_queue() {
    assert_contains(
        &home_page(&samples::home()).unwrap(),
        &[
            "EUR 82,960.40",
            "JPY 1,250,000",
            "1,240",
            "<rect class=\"fill\" width=\"621\"",
            "62.1\u{a0}%",
            "<a href=\"/console/customers/cus_1\">Brandt &amp; Söhne GmbH</a>",
            "14 days",
            "<span class=\"badge high\">72 high</span>",
            "not scored",
            "nothing planned",
            "12 Jan 2026, 08:00 UTC",
            "step firm runs 14 days after",
            "12,034",
        ],
    );
}

#[test]
fn a_customer_shows_what_happens_next_and_why() {
    assert_contains(
        &customer_page(&samples::customer()).unwrap(),
        &[
            "ERP-4711",
            "<strong>On hold:</strong> A dispute about the delivery is open.",
            "12 Jan 2026, 08:00 UTC</time>: firm",
            "7 of 10 invoices were paid late",
            "+28",
            "-5",
            "mailto:ana@brandt.example",
            "28 Dec 2025",
            "14 days overdue",
            "partly paid",
            "after reminder",
            "EUR 250.00 received and set against 2025-0117",
            "9 days since the last contact",
        ],
    );
    assert_contains(
        &customers_page(&samples::customers()).unwrap(),
        &["href=\"/console/customers?after=cus_2\"", "ERP-cus_1"],
    );
    assert_contains(
        &login_page(&samples::login()).unwrap(),
        &[
            "action=\"/console/login\"",
            "name=\"key\" type=\"password\"",
            "key-hint",
        ],
    );
}

#[test]
fn a_mail_is_shown_where_nothing_of_it_can_run() {
    let mail = MailPage {
        html: "<b>\"hi\"</b><script>alert(1)</script>".into(),
        text: "<b>hi</b>".into(),
        ..samples::mail()
    };
    let page = mail_page(&mail).unwrap();
    assert_contains(
        &page,
        &[
            "sandbox=\"allow-popups allow-popups-to-escape-sandbox\"",
            "srcdoc=\"&lt;b&gt;&quot;hi&quot;&lt;&#x2f;b&gt;&lt;script&gt;alert(1)",
            "&lt;b&gt;hi&lt;&#x2f;b&gt;</pre>",
        ],
    );
    assert_contains(
        &mailbox_page(&samples::mailbox()).unwrap(),
        &["href=\"/console/mailbox/msg_1\"", "ana@brandt.example"],
    );
}
