//! The pages that customers see: what each says, in every language and state.

use render::pages::*;
use render::{Language, RenderError};

use crate::html::assert_contains;
use crate::samples::{pay, refused_pay, sandbox};

#[test]
fn the_pay_page_says_what_is_owed_and_takes_it() {
    for (language, expected) in [
        (
            Language::En,
            [
                "lang=\"en\"",
                "Amount due",
                "EUR 1,830.50",
                "For Brandt &amp; Söhne GmbH",
                "14 days overdue",
                "was due 28 December 2025",
                "of EUR 750.00",
                "Pay EUR 1,830.50",
            ],
        ),
        (
            Language::De,
            [
                "lang=\"de\"",
                "Offener Betrag",
                "1.830,50 EUR",
                "Für Brandt &amp; Söhne GmbH",
                "14 Tage überfällig",
                "war fällig am 28. Dezember 2025",
                "von 750,00 EUR",
                "1.830,50 EUR bezahlen",
            ],
        ),
    ] {
        let page = pay_page(&pay(language, PayState::Open)).unwrap();
        assert_contains(&page, &expected);
        assert_contains(
            &page,
            &[
                "<p class=\"name\">Nordlicht Druck</p>",
                "<form method=\"post\" action=\"/pay/k3J9x\">",
                "href=\"mailto:rechnung@nordlicht.example\"",
            ],
        );
        assert!(
            !page.contains("name=\"amount\""),
            "the amount is not the customer's to choose"
        );
    }
}

#[test]
fn an_amount_of_choice_has_a_field_with_its_bounds_and_its_error() {
    for (language, expected) in [
        (
            Language::En,
            [
                "value=\"20.00\"",
                "Any amount from EUR 50.00 to EUR 1,830.50.",
                "The least that can be paid is EUR 50.00.",
                "no money moves",
            ],
        ),
        (
            Language::De,
            [
                "value=\"20,00\"",
                "Jeder Betrag von 50,00 EUR bis 1.830,50 EUR.",
                "Der Mindestbetrag ist 50,00 EUR.",
                "Es fließt kein Geld",
            ],
        ),
    ] {
        let page = pay_page(&refused_pay(language)).unwrap();
        assert_contains(&page, &expected);
        assert_contains(
            &page,
            &[
                "role=\"alert\"",
                "aria-invalid=\"true\"",
                "aria-describedby=\"error amount-hint\"",
                "<label for=\"amount\">",
            ],
        );
    }
}

#[test]
fn only_an_open_payment_is_offered() {
    for (state, en, de) in [
        (
            PayState::Paid {
                at: "2026-01-12T10:00:00Z".into(),
            },
            "We received it on 12 January 2026.",
            "Wir haben sie am 12. Januar 2026 erhalten.",
        ),
        (
            PayState::Processing,
            "Please do not pay again",
            "Bitte zahlen Sie nicht noch einmal",
        ),
        (PayState::Nothing, "Nothing is owed", "Es ist nichts offen"),
        (
            PayState::Unavailable,
            "Online payment is not available",
            "Online-Zahlung ist nicht verfügbar",
        ),
    ] {
        for (language, expected) in [(Language::En, en), (Language::De, de)] {
            let page = pay_page(&pay(language, state.clone())).unwrap();
            assert_contains(&page, &[expected]);
            assert!(!page.contains("<form"), "{state:?}");
        }
    }
}

#[test]
fn a_link_that_does_not_work_says_what_to_do_and_not_why() {
    assert_contains(
        &gone_page("n", Language::En).unwrap(),
        &["This payment link does not work", "ask for a new link"],
    );
    assert_contains(
        &gone_page("n", Language::De).unwrap(),
        &[
            "Dieser Zahlungslink funktioniert nicht",
            "bitten Sie um einen neuen Link",
        ],
    );
}

#[test]
fn the_sandbox_says_that_it_is_one() {
    let open = sandbox_page(&sandbox(SandboxState::Open)).unwrap();
    assert_contains(
        &open,
        &[
            "This is a sandbox. No money moves.",
            "EUR 1,830.50",
            "<form method=\"post\" action=\"/sandbox/pay/s1\"",
            "<button name=\"outcome\" value=\"paid\">Pay</button>",
            "<button name=\"outcome\" value=\"declined\"",
            "href=\"/pay/k3J9x\"",
        ],
    );
    let failed = SandboxState::Failed {
        return_url: "https://shop.example/back".into(),
        detail: "Declined.".into(),
    };
    let failed = sandbox_page(&sandbox(failed)).unwrap();
    assert_contains(
        &failed,
        &[
            "This is a sandbox.",
            "The payment failed",
            "Declined.",
            "href=\"https://shop.example/back\"",
        ],
    );
    assert!(!failed.contains("<form"));
}

#[test]
fn a_context_that_makes_no_sense_is_refused() {
    let elsewhere = PayPage {
        action: "javascript:alert(1)".into(),
        ..pay(Language::En, PayState::Open)
    };
    let no_instant = pay(
        Language::En,
        PayState::Paid {
            at: "yesterday".into(),
        },
    );
    for (page, expected) in [(elsewhere, "not a link"), (no_instant, "not an RFC 3339 instant")] {
        let RenderError::Template(text) = pay_page(&page).unwrap_err() else {
            panic!("another error")
        };
        assert!(text.contains(expected) && text.contains("pay.html"), "{text}");
    }
}
