//! Words of a tenant's own that want more than words: to read what is not theirs, to fetch, to keep, to run on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Tried;
use crate::harness::{Answer, App, own, say};

/// Within this a template is refused, also on a machine that does much else: the fuel of one rendering is some
/// milliseconds.
const QUICK: Duration = Duration::from_secs(10);

/// What reads what is not there for words, or does what words do not do.
const REACHING: [&str; 38] = [
    "{{ admin_key }}",
    "{{ env }}",
    "{{ environ }}",
    "{{ config }}",
    "{{ request }}",
    "{{ context }}",
    "{{ globals() }}",
    "{{ debug() }}",
    "{{ namespace() }}",
    "{{ range(9) }}",
    "{{ lipsum(9) }}",
    "{{ cycler('a') }}",
    "{{ dict(a=1) }}",
    "{{ customer_name.__class__ }}",
    "{{ customer_name.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''.__class__ }}",
    "{{ [].append(1) }}",
    "{{ rows.append(1) }}",
    "{{ rows.items() }}",
    "{{ customer_name.upper() }}",
    "{{ self.__init__ }}",
    "{{ self.nonsense() }}",
    "{{ customer_name|attr('x') }}",
    "{{ customer_name|safe }}",
    "{{ customer_name|tojson }}",
    "{{ customer_name|map('upper') }}",
    "{% include 'mail.html' %}",
    "{%- include \"mail.html\" -%}",
    "{%\tinclude 'mail.html'%}",
    "{% import 'mail.html' as m %}",
    "{% from 'mail.html' import m %}",
    "{% extends 'firm.en.txt' %}",
    "{% macro m() %}{% endmacro %}",
    "{% set x = customer_name %}",
    "{% filter upper %}x{% endfilter %}",
    "{% autoescape false %}<b>{% endautoescape %}",
    "{% endblock %}{% block subject %}x",
    "{% with x = 1 %}{% endwith %}",
];

/// What would run on, or grow, or break what reads it.
fn runaway() -> Vec<String> {
    let long = "x".repeat(60);
    let nested = |depth: usize| {
        let open: String = (0..depth)
            .map(|n| format!("{{% for a{n} in '{long}' %}}"))
            .collect();
        format!("{open}x{}", "{% endfor %}".repeat(depth))
    };
    let mut all = vec![
        nested(4),
        nested(12),
        format!("{{{{ '{long}'{} }}}}", format!("|join('{long}')").repeat(20)),
        format!(
            "{{{{ '{long}'{} }}}}",
            "|replace('x', 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')".repeat(20)
        ),
        // Multiplication, in the open and behind what looks like a tag's end.
        "{{ 'x' * 99999999 }}".to_owned(),
        "{{ '}}' * 49999999 }}".to_owned(),
        "{{ \"}}\" * 49999999 }}".to_owned(),
        "{{ '\\'}}' * 33333333 }}".to_owned(),
        "{{ {'a': {'b': 'x'}}.a.b * 99999999 }}".to_owned(),
        "{{ [['}}'] * 99999999] }}".to_owned(),
        "{% if '%}' * 49999999 %}x{% endif %}".to_owned(),
        "{% if ('%}' ~ '}}') * 9999999 %}x{% endif %}".to_owned(),
        "{{ 9 ** 99 }}".to_owned(),
        // Itself, and each other.
        "{{ self.opening() }}{{ self.sms() }}{{ self.voice() }}{{ self.closing() }}".to_owned(),
        // Unfinished.
        "{{ '".to_owned(),
        "{% for a in rows %}".to_owned(),
        "{% if x".to_owned(),
        "{# ".to_owned() + "{{ nonsense }}",
        "{{".to_owned(),
        // Deep.
        format!("{{{{ {}1{} }}}}", "(".repeat(900), ")".repeat(900)),
        format!("{{{{ {}1{} }}}}", "[".repeat(900), "]".repeat(900)),
        format!("{{{{ customer_name{} }}}}", ".x".repeat(900)),
        // Long.
        "x".repeat(2_001),
        "{{ customer_name }}".repeat(200),
    ];
    let nonsense = ["1 // 0", "1 % 0", "'x'[::0]"];
    all.extend(nonsense.map(|value| format!("{{{{ {value} }}}}")));
    all
}

/// What is odd and may be words all the same: whatever comes of it, nothing breaks.
const ODD: [&str; 23] = [
    "{{ 1 / 0 }}",
    "{{ (0 - 9223372036854775807 - 1) // (0 - 1) }}",
    "{{ not not not not ----1 }}",
    "{{ 170141183460469231731687303715884105727 + 1 }}",
    "{{ 340282366920938463463374607431768211456 }}",
    "{{ 9223372036854775807|days }}",
    "{{ (0-9223372036854775807)|days }}",
    "{{ 9223372036854775807|permille }}",
    "{{ (0-9223372036854775807-1)|permille }}",
    "{{ 170141183460469231731687303715884105727|count }}",
    "{{ 9223372036854775807|plural('a', 'b') }}",
    "{{ '9999-12-31'|date }}",
    "{{ '+262142-12-31'|date }}",
    "{{ '-262143-01-01'|day }}",
    "{{ '9999-12-31T23:59:60Z'|instant }}",
    "{{ {'amount': '1e999999999', 'currency': 'EUR'}|money }}",
    "{{ {'amount': '--', 'currency': '\u{202e}'}|money }}",
    "{{ {'amount': '', 'currency': ''}|money }}",
    "{{ 'é€'[1:] }}",
    "{{ 'javascript:alert(1)'|href }}",
    "{{ ('x'|wrap)|length }}",
    "{{ rows[-1] }}",
    "{{ rows[99999999999] }}",
];

/// A channel, the block of it that is attacked, and what else its words have to say.
const BLOCKS: [(&str, &str, &str); 4] = [
    ("email", "opening", ""),
    ("letter", "closing", ""),
    ("sms", "sms", " {{ pay_url }} STOP"),
    ("voice", "voice", " 9"),
];

fn words(channel: &str, block: &str, text: &str) -> Value {
    json!({"channel": channel, "locale": "en", "blocks": {block: text}})
}

/// Has words stored and looked at, and answers what is said to storing them.
fn tried(app: &App, document: &Value, tried: &mut Tried) -> Answer {
    let started = Instant::now();
    let preview = app.post("/v1/templates/firm/preview").json(document).answer();
    let stored = app.put("/v1/templates/firm").json(document).answer();
    for answer in [&preview, &stored] {
        assert!(
            answer.status < 500,
            "{document}: {} {}",
            answer.status,
            answer.text()
        );
        tried.one();
    }
    let took = started.elapsed();
    assert!(took < 2 * QUICK, "{document}: {took:?}");
    stored
}

#[test]
fn words_reach_nothing_and_do_not_run_on() {
    let app = own!(App::start());
    let mut count = Tried::of("templates that reach out or run on");
    let bad: Vec<String> = REACHING
        .iter()
        .map(|text| (*text).to_owned())
        .chain(runaway())
        .collect();
    let started = Instant::now();
    for (channel, block, more) in BLOCKS {
        for text in &bad {
            let document = words(channel, block, &format!("{text}{more}"));
            let answer = tried(&app, &document, &mut count);
            assert_eq!(answer.status, 422, "{document}: {}", answer.text());
            assert_eq!(answer.pointers(), [format!("/blocks/{block}")], "{document}");
        }
        for text in ODD {
            tried(&app, &words(channel, block, &format!("{text}{more}")), &mut count);
        }
    }
    let mutual = json!({"channel": "email", "locale": "en",
        "blocks": {"opening": "{{ self.closing() }}", "closing": "{{ self.opening() }}"}});
    assert_eq!(tried(&app, &mutual, &mut count).status, 422);
    say(&format!(
        "templates: {:.0} ms each",
        started.elapsed().as_secs_f64() * 1e3 / count.count() as f64
    ));
    // An instance that had to be stopped would have taken others' requests with it.
    let log = std::fs::read_to_string(app.state_file("test.log")).expect("a log");
    assert!(!log.contains("wasm trap") && !log.contains("panicked"), "{log}");
}

#[test]
fn words_that_only_run_on_for_somebody_who_owes_much_hold_up_nobody() {
    let app = own!(App::start());
    let heavy = "{% for a in rows %}{% for b in rows %}{% for c in rows %}{% if a.number == b.number == c.number %}x\
        {% endif %}{% endfor %}{% endfor %}{% endfor %}";
    let document = words("email", "opening", heavy);
    let stored = app.put("/v1/templates/friendly").json(&document).answer();
    let much = app.new_customer();
    for _ in 0..80 {
        app.new_invoice(&much, "10.00", "2026-01-12");
    }
    let little = app.new_customer();
    app.new_invoice(&little, "10.00", "2026-01-12");
    app.clock("2026-01-13T09:00:00Z");
    app.job("sweep");
    let started = Instant::now();
    app.job("deliver");
    assert!(started.elapsed() < QUICK, "{:?}", started.elapsed());
    let status = |known| app.messages(known)[0]["status"].clone();
    assert_eq!(status(&little), "sent", "stored with {}", stored.status);
    say(&format!(
        "templates: what runs on for one customer is {} there",
        status(&much)
    ));
    assert_ne!(status(&much), "sending");
}
