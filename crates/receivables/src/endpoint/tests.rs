use super::*;
use serde_json::json;

fn verdict(url: &str, reach: Reach) -> Result<String, String> {
    let parsed = EndpointInput::parse(&json!({ "url": url }), reach);
    parsed.map(|input| input.url).map_err(|errors| {
        errors
            .iter()
            .map(|error| error.code.clone().into_owned())
            .collect()
    })
}

#[test]
fn an_endpoint_is_public_and_has_tls() {
    for good in [
        "https://hooks.example.com",
        "https://hooks.example.com:8443/dunlin?tenant=1",
        "https://93.184.215.14/in",
        "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/in",
        "https://bücher.example"
            .replace("bücher", "xn--bcher-kva")
            .as_str(),
        "https://10.example.com/",
    ] {
        assert_eq!(verdict(good, Reach::Public).as_deref(), Ok(good));
    }
}

/// Ways into a private network, as OWASP and the WHATWG URL standard's host parser list them.
#[test]
fn what_leads_inside_is_refused() {
    for bad in [
        "http://hooks.example.com",
        "https://localhost/",
        "https://LOCALHOST./",
        "https://api.localhost",
        "https://printer",
        "https://printer.local",
        "https://metadata.google.internal/",
        "https://cash.spin.internal/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.1/",
        "https://0177.0.0.1/",
        "https://0x7f000001",
        "https://10.0.0.8/",
        "https://100.64.0.1",
        "https://169.254.169.254/latest/meta-data",
        "https://172.31.255.255",
        "https://192.168.1.1",
        "https://198.19.0.1",
        "https://224.0.0.1",
        "https://255.255.255.255",
        "https://0.0.0.0",
        "https://[::1]/",
        "https://[::]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fd00::1]",
        "https://[fe80::1]",
        "https://[2002:7f00:1::]",
        "https://[2001:db8::1]",
        "https://[64:ff9b::a00:1]",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:70000/",
        "https://hooks.example.com#secret",
        "https://ex%61mple.com/",
        "https://münchen.example/",
        "https://[::1/",
        "https://hooks.example.com\u{ff0e}evil/",
    ] {
        assert_eq!(
            verdict(bad, Reach::Public),
            Err("forbidden_address".to_owned()),
            "{bad}"
        );
    }
    for bad in [
        "https://user:word@hooks.example.com",
        "ftp://hooks.example.com",
        "https://",
        "https://a b.example",
    ] {
        assert_eq!(
            verdict(bad, Reach::Public),
            Err("invalid_url".to_owned()),
            "{bad}"
        );
    }
}

#[test]
fn a_deployment_may_allow_its_own_network_but_not_its_own_components() {
    for good in [
        "http://127.0.0.1:8080/in",
        "http://erp:9000",
        "https://10.0.0.8",
        "http://[::1]:8080/",
    ] {
        assert_eq!(verdict(good, Reach::Private).as_deref(), Ok(good));
    }
    for bad in [
        "http://cash.spin.internal/webhooks/sandbox",
        "http://CASH.spin.internal.:80/",
    ] {
        assert_eq!(
            verdict(bad, Reach::Private),
            Err("forbidden_address".to_owned()),
            "{bad}"
        );
    }
}

#[test]
fn types_are_those_there_are_and_a_test_is_none_of_them() {
    let read = |types: Value| {
        EndpointInput::parse(
            &json!({"url": "https://a.example", "types": types}),
            Reach::Public,
        )
    };
    let types = read(json!(["invoice.paid", "invoice.created", "invoice.paid"]))
        .unwrap()
        .types;
    assert_eq!(types, ["invoice.created", "invoice.paid"]);
    assert_eq!(read(json!([])).unwrap().types, Vec::<&str>::new());
    for bad in ["invoice.lost", "endpoint.test", "*"] {
        let errors = read(json!([bad])).unwrap_err();
        assert_eq!(
            (errors[0].pointer.as_str(), errors[0].code.as_ref()),
            ("/types/0", "unknown_value")
        );
    }
}

#[test]
fn a_change_names_what_changes() {
    let change = |value: Value| EndpointChange::parse(&value, Reach::Public);
    let nothing = change(json!({})).unwrap();
    assert_eq!(
        (nothing.url, nothing.types, nothing.description),
        (None, None, None)
    );
    assert_eq!(change(json!({"types": []})).unwrap().types, Some(Vec::new()));
    assert!(change(json!({"url": "http://a.example"})).is_err());
    assert_eq!(
        change(json!({"secret": "x"})).unwrap_err()[0].code,
        "unknown_field"
    );
}
