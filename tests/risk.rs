//! Risk: accounts scored from what the ledger knows, each score with its reasons.

use serde_json::Value;

use crate::harness::{App, Known, own};

/// Scores what has changed and answers one customer's row.
fn score(app: &App, known: &Known) -> Value {
    app.job("risk");
    let list = app.get("/v1/risk?limit=500").send(200).json();
    let rows = list["data"].as_array().expect("data");
    let row = rows.iter().find(|row| row["customer_id"] == known.id.as_str());
    row.unwrap_or_else(|| panic!("{} is not scored: {list}", known.id))
        .clone()
}

#[test]
fn an_account_gets_worse_as_it_gets_later_and_better_when_it_pays() {
    let app = own!(App::start());
    let known = app.new_customer();
    app.new_invoice(&known, "1000.00", "2026-01-20");
    let mut last = -1;
    for instant in [
        "2026-01-12T10:00:00Z",
        "2026-02-05T10:00:00Z",
        "2026-05-05T10:00:00Z",
    ] {
        app.clock(instant);
        let row = score(&app, &known);
        let score = row["score"].as_i64().expect("a score");
        assert!(
            (0..=100).contains(&score) && score > last,
            "{instant}: {row} after {last}"
        );
        last = score;
    }
    let reasons = score(&app, &known)["reasons"].clone();
    let reasons = reasons.as_array().expect("reasons");
    assert!(!reasons.is_empty());
    for reason in reasons {
        assert!(
            reason["code"].is_string() && reason["weight"].is_i64(),
            "{reason}"
        );
        assert!(
            reason["detail"].as_str().is_some_and(|detail| !detail.is_empty()),
            "{reason}"
        );
    }
    app.pay(&known, "1000.00");
    assert!(score(&app, &known)["score"].as_i64().expect("a score") < last);
}

#[test]
fn only_accounts_that_changed_are_scored_again() {
    let app = own!(App::start());
    let customers: Vec<Known> = (0..3).map(|_| app.new_customer()).collect();
    for known in &customers {
        app.new_invoice(known, "10.00", "2026-02-01");
    }
    let examined = || app.job("risk")["examined"].clone();
    assert_eq!(examined(), 3);
    assert_eq!(examined(), 0);
    app.pay(&customers[0], "10.00");
    assert_eq!(examined(), 1);
}

#[test]
fn accounts_are_listed_by_band() {
    let app = App::shared();
    for band in ["low", "medium", "high", "critical"] {
        let list = app.get(&format!("/v1/risk?band={band}")).send(200).json();
        assert!(
            list["data"]
                .as_array()
                .expect("data")
                .iter()
                .all(|row| row["band"] == band),
            "{list}"
        );
    }
    app.get("/v1/risk?band=awful").send(400).problem("bad_request");
}
