//! Headers that lie: about who asks, and about what is asked for.

use crate::{attack::Tried, harness::App};

#[test]
fn rights_are_not_had_by_headers() {
    let app = App::shared();
    let mut tried = Tried::of("rights by forged headers");
    for (name, value) in [
        ("spin-client-addr", "127.0.0.1:1"),
        ("spin-component-route", "/internal/..."),
        ("x-forwarded-for", "127.0.0.1"),
    ] {
        app.get("/v1/invoices").anonymous().header(name, value).send(401);
        tried.one();
    }
    assert_eq!(tried.count(), 3);
}
