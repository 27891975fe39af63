//! The contract: `components/reference/openapi.json` says what the app does, all of it and nothing else.
//!
//! What is not tested here is tested everywhere: every request of the whole suite is held against the document by
//! [`judge`].

mod judge;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::OnceLock;

use dunlin_host::{manifest::Manifest, route::Router};
use serde_json::{Value, json};

use crate::harness::{App, Partner, own, unique};
pub(crate) use judge::{Exchange, document, judge, untold};
use judge::{escaped, file};
use source::Served;

/// An app of these tests' own: a virtual clock ticks with every request, theirs are many, and others count seconds.
fn app() -> &'static App {
    static APP: OnceLock<App> = OnceLock::new();
    APP.get_or_init(App::start)
}

/// The operations of the document: path, method in capitals, and what it says.
pub(crate) fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let of_path = |(path, item): (&String, &Value)| {
        let item = item.as_object().expect("a path item").clone();
        let path = path.clone();
        item.into_iter()
            .map(move |(method, operation)| (path.clone(), method.to_uppercase(), operation))
    };
    paths.iter().flat_map(of_path).collect()
}

pub(crate) fn resolved<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(reference) => document
            .pointer(reference.trim_start_matches('#'))
            .expect("a reference that leads somewhere"),
        None => value,
    }
}

/// A path with every parameter filled in, by an id of the right shape where it is one.
pub(crate) fn filled(document: &Value, path: &str, operation: &Value) -> String {
    let mut path = path.to_owned();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let parameter = resolved(document, parameter);
        if parameter["in"] != "path" {
            continue;
        }
        let pattern = resolved(document, &parameter["schema"])["pattern"].as_str();
        let value = match pattern.and_then(|pattern| pattern.strip_prefix('^')?.split_once("_[")) {
            Some((prefix, _)) => format!("{prefix}_{}", "0".repeat(26)),
            None => "standard".to_owned(),
        };
        let name = parameter["name"].as_str().expect("a name");
        path = path.replace(&format!("{{{name}}}"), &value);
    }
    assert!(
        !path.contains('{'),
        "{path}: a parameter that the operation does not describe"
    );
    path
}

fn nameless(path: &str) -> String {
    let steps = path
        .split('/')
        .map(|step| if step.starts_with('{') { "{}" } else { step });
    steps.collect::<Vec<_>>().join("/")
}

#[test]
fn the_document_is_served_as_it_stands() {
    own!();
    let app = app();
    let answer = app.get("/openapi.json").anonymous().send(200);
    assert_eq!(
        answer.text(),
        std::fs::read_to_string(file()).expect("openapi.json")
    );
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let version = answer.json()["info"]["version"].clone();
    assert_eq!(
        version,
        env!("CARGO_PKG_VERSION"),
        "a release stamps the document too"
    );
    let manifest =
        Manifest::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spin.toml")).expect("spin.toml");
    assert_eq!(version, manifest.application.version.as_str());
}

#[test]
fn every_route_is_in_the_document_and_nothing_else_is() {
    let manifest =
        Manifest::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spin.toml")).expect("spin.toml");
    let router = Router::new(&manifest.trigger.http).expect("routes");
    let document = document();
    let documented: BTreeSet<Served> = operations(&document)
        .into_iter()
        .map(|(path, method, operation)| Served {
            component: router
                .route(&filled(&document, &path, &operation))
                .expect("a route")
                .component,
            method,
            path: nameless(&path),
        })
        .collect();
    let served = source::served();
    assert!(served.len() > 40, "the sources were not read: {served:?}");
    let missing: Vec<_> = served.difference(&documented).collect();
    let invented: Vec<_> = documented.difference(&served).collect();
    assert!(
        missing.is_empty() && invented.is_empty(),
        "served and not documented: {missing:#?}\nor: {invented:#?}"
    );
}

/// What the enumeration at `pointer` lists.
fn listed(document: &Value, pointer: &str) -> BTreeSet<String> {
    let words = document
        .pointer(pointer)
        .and_then(Value::as_array)
        .expect(pointer);
    words
        .iter()
        .map(|word| word.as_str().expect("a word").to_owned())
        .collect()
}

#[test]
fn every_problem_code_is_in_the_document_and_nothing_else_is() {
    let mut codes = source::codes(
        &["components", "crates/web/src"],
        &[("conflict", 0), ("unprocessable", 0), ("unavailable", 0)],
    );
    codes.extend(source::codes_of_table("crates/web/src/problem.rs", "const KINDS"));
    // Every 409 has a code of its own.
    assert!(codes.remove("conflict"));
    // The host's own: it says the same as the components, and one more.
    codes.insert("timeout".to_owned());
    let document = document();
    assert_eq!(listed(&document, "/components/schemas/ProblemCode/enum"), codes);

    // And each is said of an answer, except the one that every address gives.
    let text = format!("{}{}", document["paths"], document["components"]["responses"]);
    let unsaid: Vec<&String> = codes
        .iter()
        .filter(|code| *code != "method_not_allowed" && !text.contains(&format!("\"{code}\"")))
        .collect();
    assert_eq!(unsaid, Vec::<&String>::new());
}

#[test]
fn every_code_of_a_field_is_in_the_document_and_nothing_else_is() {
    let rules = [
        "crates/receivables/src",
        "crates/formats/src",
        "components",
        "crates/store/src",
    ];
    let mut codes = source::codes(
        &rules,
        &[
            ("FieldError::new", 1),
            ("report", 1),
            ("refuse", 1),
            ("invalid_field", 1),
            ("refused", 0),
            ("refused", 1),
            ("note", 1),
        ],
    );
    let kinds = [
        "crates/receivables/src",
        "crates/formats/src",
        "crates/store/src",
        "components",
    ];
    codes.extend(source::codes(&kinds, &[("Problem::new", 0)]));
    // What is found in words has a list of its own; what refuses them is a field's code besides.
    let found = source::codes(&["crates/render/src"], &[("add", 2)]);
    let findings = "/components/schemas/TemplateFinding/properties/code/enum";
    assert_eq!(listed(&document(), findings), found);
    let fields = listed(&document(), "/components/schemas/FieldCode/enum");
    codes.extend(found.intersection(&fields).cloned());
    codes.extend(source::codes_of_arms("crates/receivables/src/money.rs"));
    codes.extend(source::codes_of_arms("crates/receivables/src/dispute.rs"));
    codes.extend(source::codes_of_table(
        "crates/formats/src/xml.rs",
        "let found = [",
    ));
    // Names of query parameters, in a helper that is called as codes are.
    for name in ["after", "customer"] {
        codes.remove(name);
    }
    assert_eq!(fields, codes);
}

#[test]
fn each_operation_wants_the_scope_that_it_names() {
    own!();
    let app = app();
    let document = document();
    let scopes = listed(&document, "/components/schemas/Scope/enum");
    let keys: BTreeMap<&String, String> = scopes
        .iter()
        .map(|scope| {
            let body = json!({"name": unique("key"), "scopes": [scope]});
            (
                scope,
                app.post("/v1/api-keys").json(&body).send(201).string("/key"),
            )
        })
        .collect();
    let mut guarded = 0;
    for (path, method, operation) in operations(&document) {
        let target = filled(&document, &path, &operation);
        let Some(wanted) = operation["security"][0]["key"][0].as_str() else {
            continue;
        };
        guarded += 1;
        app.call(&method, &target)
            .anonymous()
            .send(401)
            .problem("unauthorized");
        for (scope, key) in &keys {
            let answer = app.call(&method, &target).key(key).answer();
            let open = scope.as_str() == wanted || scope.as_str() == "admin";
            assert_eq!(
                answer.status != 403,
                open,
                "{method} {path} with {scope}: {}",
                answer.text()
            );
        }
    }
    assert!(guarded > 25, "{guarded} operations with a scope");
}

#[test]
fn each_operation_without_security_answers_everybody() {
    own!();
    let app = app();
    let document = document();
    let mut public = 0;
    for (path, method, operation) in operations(&document) {
        let security = operation["security"]
            .as_array()
            .expect("security is said of every operation");
        if !security.is_empty() || method != "GET" {
            continue;
        }
        public += 1;
        let answer = app
            .call(&method, &filled(&document, &path, &operation))
            .anonymous()
            .answer();
        assert!(
            ![401, 403].contains(&answer.status),
            "{method} {path}: {}",
            answer.text()
        );
    }
    assert!(public >= 5, "{public} public operations");
}

#[test]
fn each_query_parameter_is_in_the_document_and_nothing_else_is() {
    own!();
    let app = app();
    let document = document();
    let mut strict = 0;
    for (path, method, operation) in operations(&document) {
        let mut listed: Vec<&str> = operation["parameters"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|parameter| resolved(&document, parameter))
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| parameter["name"].as_str().expect("a name"))
            .collect();
        let target = format!("{}?nonsense=1", filled(&document, &path, &operation));
        let mut call = app.call(&method, &target);
        if path.starts_with("/internal/") {
            listed.push("key");
            call = call.key(&app.cron_key);
        }
        let answer = call.answer();
        if answer.status != 400 || !answer.text().contains("nonsense") {
            continue;
        }
        strict += 1;
        let detail = answer.string("/detail");
        let known = detail
            .rsplit("known: ")
            .next()
            .expect("names")
            .trim_end_matches('.');
        let mut known: Vec<&str> = known.split(", ").filter(|name| *name != "none").collect();
        known.sort_unstable();
        listed.sort_unstable();
        assert_eq!(known, listed, "{method} {path}");
    }
    assert!(strict > 20, "{strict} operations refuse unknown parameters");
}

#[test]
fn another_method_is_refused_by_the_ones_that_the_document_lists() {
    own!();
    let app = app();
    let document = document();
    for (path, _, operation) in operations(&document) {
        // What is not listed is judged as every answer is: 405, and `allow` as the document has it.
        let item = document["paths"][&path].as_object().expect("a path item");
        for method in ["GET", "POST", "PUT", "DELETE"] {
            if !item.contains_key(&method.to_lowercase()) {
                app.call(method, &filled(&document, &path, &operation))
                    .send(405)
                    .problem("method_not_allowed");
            }
        }
    }
}

/// Every example in the document with the pointer to its schema.
fn examples(document: &Value) -> Vec<(String, Value)> {
    fn collect(at: String, value: &Value, found: &mut Vec<(String, Value)>) {
        match value {
            Value::Object(members) => {
                if let (Some(example), Some(_)) = (members.get("example"), members.get("schema")) {
                    found.push((format!("{at}/schema"), example.clone()));
                } else if let Some(example) = members
                    .get("example")
                    .filter(|_| at.starts_with("/components/schemas/"))
                {
                    found.push((at.clone(), example.clone()));
                }
                for (name, member) in members.iter().filter(|(name, _)| *name != "example") {
                    collect(format!("{at}/{}", escaped(name)), member, found);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    collect(format!("{at}/{index}"), item, found);
                }
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    collect(String::new(), document, &mut found);
    found
}

#[test]
fn every_example_is_what_its_schema_says() {
    let examples = examples(&document());
    assert!(examples.len() > 40, "{} examples", examples.len());
    let wrong: Vec<String> = judge::with(|judge| {
        let verdict = |(pointer, example): &(String, Value)| judge.value(pointer, example).err();
        examples.iter().filter_map(verdict).collect()
    });
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_led_to() {
    fn collect(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(members) => {
                found.extend(
                    members
                        .get("$ref")
                        .and_then(Value::as_str)
                        .map(|to| to.trim_start_matches('#').to_owned()),
                );
                members.values().for_each(|member| collect(member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
            _ => {}
        }
    }
    let document = document();
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    let mut components = BTreeSet::new();
    for kind in ["parameters", "headers", "responses", "schemas"] {
        let named = document["components"][kind].as_object().expect(kind);
        components.extend(named.keys().map(|name| format!("/components/{kind}/{name}")));
    }
    assert_eq!(references, components);
}

#[test]
fn the_document_is_openapi_3_1() {
    let Some(partner) = Partner::python("openapi_spec_validator") else {
        return;
    };
    let text = std::fs::read_to_string(file()).expect("openapi.json");
    assert_eq!(partner.run("openapi_validate.py", &[], &text), "valid");
    let nonsense = text.replace("\"paths\"", "\"path\"");
    let refused = std::panic::catch_unwind(|| partner.run("openapi_validate.py", &[], &nonsense));
    assert!(refused.is_err(), "the validator takes anything");
}

#[test]
fn the_page_shows_all_of_the_document_and_runs_nothing() {
    own!();
    let app = app();
    let answer = app.get("/docs").anonymous().send(200);
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(
        policy.starts_with("default-src 'none'; style-src 'nonce-") && !policy.contains("script-src"),
        "{policy}"
    );
    let page = answer.text();
    assert!(!page.contains("<script"), "a script");
    let document = document();
    for (path, method, operation) in operations(&document) {
        let id = operation["operationId"].as_str().expect("an operationId");
        let shown = page
            .split_once(&format!("<article id=\"{id}\">"))
            .map(|(_, rest)| rest);
        let shown = shown
            .and_then(|rest| rest.split_once("</article>"))
            .unwrap_or_else(|| panic!("no {id}"))
            .0;
        assert!(
            shown.contains(&format!("{method}</strong> <code>{path}</code>")),
            "{id}: {shown}"
        );
        for status in operation["responses"].as_object().expect("responses").keys() {
            assert!(
                shown.contains(&format!(">{status}</")),
                "{id} without {status}: {shown}"
            );
        }
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let name = resolved(&document, parameter)["name"].as_str().expect("a name");
            assert!(
                shown.contains(&format!("<code>{name}</code>")),
                "{id} without {name}: {shown}"
            );
        }
    }
    for name in document["components"]["schemas"]
        .as_object()
        .expect("schemas")
        .keys()
    {
        assert!(page.contains(&format!("<article id=\"{name}\">")), "no {name}");
    }
    // Every link within the page leads somewhere.
    for link in page.split("href=\"#").skip(1) {
        let anchor = link.split('"').next().expect("a link");
        assert!(
            page.contains(&format!("id=\"{anchor}\"")),
            "#{anchor} leads nowhere"
        );
    }
}

/// An exchange that the judge accepts, to be spoiled.
fn verdict(method: &str, target: &str, status: u16, media_type: &str, body: &Value) -> Result<(), String> {
    let mut headers = ureq::http::HeaderMap::new();
    headers.insert("content-type", media_type.parse().expect("a header"));
    judge(&Exchange {
        method,
        target,
        sent_headers: &[],
        sent: b"",
        status,
        headers: &headers,
        body: body.to_string().as_bytes(),
    })
}

#[test]
fn the_judge_finds_what_the_document_does_not_say() {
    let good = json!({"status": "ok", "version": "0.1.0", "schema": 1});
    let plain = "application/json";
    assert_eq!(verdict("GET", "/health", 200, plain, &good), Ok(()));
    let more = json!({"status": "ok", "version": "0.1.0", "schema": 1, "more": true});
    let less = json!({"status": "ok", "version": "0.1.0"});
    let other = json!({"status": "ok", "version": "0.1.0", "schema": "1"});
    let problem =
        json!({"type": "urn:dunlin:problem:conflict", "title": "x", "status": 409, "code": "number_taken"});
    let problems = "application/problem+json";
    let integrity = json!({"holds": true, "drift": [], "trail": {"act": 1, "hash": "0".repeat(64)}});
    for (method, target, status, media_type, body, complaint) in [
        ("GET", "/health", 200, plain, &more, "additionalProperties"),
        ("GET", "/health", 200, plain, &less, "schema"),
        ("GET", "/health", 200, plain, &other, "integer"),
        ("GET", "/health", 200, "text/html", &good, "text/html"),
        ("GET", "/health", 201, plain, &good, "status 201"),
        (
            "GET",
            "/v1/reports/integrity?deep=1",
            200,
            plain,
            &integrity,
            "`deep`",
        ),
        ("PUT", "/health", 200, plain, &good, "method"),
        ("GET", "/healthy", 200, plain, &good, "address"),
        (
            "GET",
            "/v1/risk?limit=501",
            200,
            plain,
            &json!({"data": [], "next": null}),
            "1 to 500",
        ),
        ("POST", "/v1/payments", 409, problems, &problem, "'/code'"),
    ] {
        let found = verdict(method, target, status, media_type, body).expect_err(target);
        assert!(found.contains(complaint), "{method} {target} {status}: {found}");
    }
}
