//! The shipped words: every template over every channel, in every language, of one invoice and of several.

use receivables::channel::Channel;
use receivables::currency::Currency;
use receivables::template::TEMPLATES;
use render::lint::{Level, lint};
use render::sms::{Encoding, measure};
use render::{
    Blocks, Chosen, Language, MessageContext, Own, RenderError, Tone, block_names, canonical, render_message,
    render_or_shipped, samples, shipped_blocks,
};
use std::collections::BTreeMap;

const CHANNELS: [Channel; 5] = [
    Channel::Email,
    Channel::Sms,
    Channel::Voice,
    Channel::Letter,
    Channel::Webhook,
];

const LOCALES: [&str; 9] = ["en", "en-US", "en-IN", "de", "de-CH", "fr", "es", "es-MX", "hi"];

fn eur() -> Currency {
    Currency::parse("EUR").unwrap()
}

fn blocks(pairs: &[(&str, &str)]) -> Blocks {
    let pairs = pairs.iter();
    pairs
        .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
        .collect()
}

#[test]
fn every_template_is_written_over_every_channel_in_every_language() {
    for template in TEMPLATES {
        for locale in LOCALES {
            let written = samples(template.name, locale, eur());
            assert_eq!(written.len(), 2);
            for (context, channel) in written
                .iter()
                .flat_map(|one| CHANNELS.map(|channel| (one, channel)))
            {
                let rendered = render_message(&Chosen::shipped(), channel, context);
                let name = format!("{} {locale} {channel:?}", template.name);
                let rendered = rendered.unwrap_or_else(|error| panic!("{name}: {error}"));
                for text in [
                    &rendered.subject,
                    &rendered.text,
                    &rendered.parts.heading,
                    &rendered.parts.opening,
                    &rendered.parts.request,
                    &rendered.parts.closing,
                    &rendered.parts.greeting,
                    &rendered.parts.regards,
                ] {
                    assert!(!text.trim().is_empty(), "{name}: {rendered:?}");
                    assert!(!text.contains("{{") && !text.contains("none"), "{name}: {text}");
                    assert!(!text.contains(" ,") && !text.contains(" ."), "{name}: {text}");
                }
                match channel {
                    Channel::Sms => {
                        assert!(
                            measure(&rendered.text).segments <= 3,
                            "{name}: {:?}",
                            rendered.text
                        );
                        assert!(rendered.text.contains("STOP"), "{name}: {}", rendered.text);
                        assert!(
                            rendered.text.starts_with("Nordlicht Druck: "),
                            "{name}: {}",
                            rendered.text
                        );
                        assert_eq!(rendered.html, "");
                    }
                    Channel::Voice => {
                        assert!(rendered.text.contains('9'), "{name}: {}", rendered.text);
                        assert!(!rendered.text.contains("http"), "{name}: {}", rendered.text);
                    }
                    _ => {
                        assert!(rendered.html.contains("</html>"), "{name}");
                        assert!(
                            rendered.subject.contains("Nordlicht Druck"),
                            "{name}: {}",
                            rendered.subject
                        );
                        let leads = rendered.text.contains(&context.pay_url);
                        assert_eq!(leads, rendered.html.contains("/pay/"), "{name}");
                    }
                }
            }
        }
    }
}

#[test]
fn text_messages_of_latin_languages_keep_to_the_default_alphabet_in_every_month() {
    for (template, locale) in TEMPLATES
        .iter()
        .flat_map(|template| LOCALES.map(|locale| (template, locale)))
    {
        if locale == "hi" {
            continue;
        }
        let shift = |context: &mut MessageContext, months: u32| {
            let later = chrono::Months::new(months);
            context.act_on = context.act_on.map(|day| day + later);
            for line in context.overdue.iter_mut().chain(&mut context.upcoming) {
                line.due_on = line.due_on + later;
            }
        };
        for months in 0..12 {
            for mut context in samples(template.name, locale, eur()) {
                shift(&mut context, months);
                let text = render_message(&Chosen::shipped(), Channel::Sms, &context)
                    .unwrap()
                    .text;
                let measured = measure(&text);
                assert!(
                    measured.encoding == Encoding::Gsm7,
                    "{} {locale}: {text}",
                    template.name
                );
                assert!(measured.segments <= 3, "{} {locale}: {text}", template.name);
            }
        }
    }
}

#[test]
fn a_notice_lists_what_it_tells_and_leads_to_the_payment_only_where_something_is_to_be_paid() {
    for (template, table, pays) in [
        (
            "payment_received",
            vec![
                "Invoice RE-2026-001: EUR 1,000.00",
                "Kept on your account: EUR 250.00",
            ],
            false,
        ),
        ("plan", vec!["By 13 September 2026: EUR 400.00"], true),
        (
            "statement",
            vec![
                "Open on 30 August 2026: EUR 0.00",
                "Invoice RE-2026-001: EUR 1,250.00",
                "Open on 29 September 2026",
            ],
            true,
        ),
        (
            "order_confirmation",
            vec!["We received your order PO-4711 on 30 August 2026, EUR 1,250.00 in all."],
            false,
        ),
        (
            "dispute_decided",
            vec!["We agree to EUR 200.00", "Two of five boxes were damaged."],
            false,
        ),
        ("reinstated", vec!["From 30 August 2026 on"], false),
        (
            "suspended",
            vec!["Since 30 August 2026", "RE-2026-001, issued"],
            true,
        ),
        (
            "document_request",
            vec!["we still need: W-9.", "by 13 September 2026"],
            false,
        ),
        (
            "promise_reminder",
            vec!["you will pay EUR 500.00 by 2 September 2026"],
            true,
        ),
    ] {
        let context = samples(template, "en", eur()).swap_remove(0);
        let rendered = render_message(&Chosen::shipped(), Channel::Email, &context).unwrap();
        let flowing = rendered
            .text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .replace('\u{a0}', " ");
        for expected in table {
            assert!(
                flowing.contains(expected),
                "{template} lacks {expected:?}: {flowing}"
            );
        }
        assert_eq!(
            rendered.text.contains(&context.pay_url),
            pays,
            "{template}: {}",
            rendered.text
        );
        assert!(
            rendered.text.contains("/stop") && rendered.html.contains("/stop"),
            "{template}"
        );
    }
    let without = MessageContext {
        about: None,
        ..samples("plan", "en", eur()).swap_remove(0)
    };
    let error = render_message(&Chosen::shipped(), Channel::Email, &without).unwrap_err();
    assert!(matches!(error, RenderError::NoFacts(_)), "{error}");
}

#[test]
fn own_words_take_the_place_of_blocks_closest_first() {
    let own = |channel, tone, locale: &str, subject: &str| Own {
        template: "friendly".into(),
        channel,
        tone,
        locale: canonical(locale),
        blocks: blocks(&[("subject", subject)]),
    };
    let chosen = |tone| {
        Chosen::new(
            [
                own(
                    Channel::Email,
                    Tone::Neutral,
                    "de",
                    "email de {{ self.numbers() }} {{ super() }}",
                ),
                own(Channel::Email, Tone::Neutral, "de-CH", "email de-CH"),
                own(Channel::Email, Tone::Firm, "de", "firm"),
                own(Channel::Letter, Tone::Neutral, "de-CH", "letter de-CH"),
            ],
            BTreeMap::from([("friendly".to_owned(), tone)]),
        )
    };
    for (tone, channel, locale, expected) in [
        (
            Tone::Neutral,
            Channel::Email,
            "de-DE",
            "email de Rechnung RE-2026-001 Zahlungserinnerung",
        ),
        (Tone::Neutral, Channel::Email, "de-CH", "email de-CH"),
        (Tone::Neutral, Channel::Letter, "de-CH", "letter de-CH"),
        (Tone::Neutral, Channel::Letter, "de", "email de Rechnung"),
        (Tone::Firm, Channel::Email, "de-CH", "firm"),
        (Tone::Friendly, Channel::Email, "de-AT", "email de Rechnung"),
        (Tone::Neutral, Channel::Email, "fr", "Rappel"),
    ] {
        let context = samples("friendly", locale, eur()).swap_remove(0);
        let rendered = render_message(&chosen(tone), channel, &context).unwrap();
        assert!(
            rendered.subject.starts_with(expected),
            "{expected}: {}",
            rendered.subject
        );
        // What is not replaced is as shipped.
        let shipped = render_message(&Chosen::shipped(), channel, &context).unwrap();
        assert_eq!(rendered.parts.opening, shipped.parts.opening);
        if tone == Tone::Firm {
            assert!(
                rendered.parts.greeting.starts_with("Sehr geehrte"),
                "{}",
                rendered.parts.greeting
            );
        }
    }
}

#[test]
fn the_tone_of_a_message_goes_before_its_template_s() {
    let chosen = |tone| Chosen::new([], BTreeMap::from([("friendly".to_owned(), tone)]));
    let greeting = |of_template, own| {
        let context = MessageContext {
            tone: own,
            ..samples("friendly", "de", eur()).swap_remove(0)
        };
        let rendered = render_message(&chosen(of_template), Channel::Email, &context).unwrap();
        rendered.parts.greeting
    };
    let (friendly, firm) = (greeting(Tone::Friendly, None), greeting(Tone::Firm, None));
    assert_ne!(friendly, firm);
    assert_eq!(greeting(Tone::Friendly, Some(Tone::Firm)), firm);
    assert_eq!(greeting(Tone::Firm, Some(Tone::Friendly)), friendly);
}

#[test]
fn own_words_that_fail_give_way_to_the_shipped_ones_and_are_named() {
    // A list that this message has not: what is sure of a sample is not of every message.
    let own = |subject: &str| {
        let own = Own {
            template: "friendly".into(),
            channel: Channel::Email,
            tone: Tone::Neutral,
            locale: "de".into(),
            blocks: blocks(&[("subject", subject)]),
        };
        Chosen::new([own], BTreeMap::new())
    };
    let context = samples("friendly", "de-AT", eur()).swap_remove(0);
    let shipped = render_message(&Chosen::shipped(), Channel::Letter, &context).unwrap();
    let broken = own("{% for line in nothing_of_the_kind.lines %}x{% endfor %}");
    let (rendered, failed) = render_or_shipped(&broken, Channel::Letter, &context).unwrap();
    assert_eq!(rendered, shipped);
    let failed = failed.unwrap();
    // A letter takes the words of the email: those are the ones that failed.
    assert_eq!(
        (
            failed.template.as_str(),
            failed.channel,
            failed.tone,
            failed.locale.as_str()
        ),
        ("friendly", Channel::Email, Tone::Neutral, "de")
    );
    assert!(!failed.why.is_empty());

    let (rendered, failed) = render_or_shipped(&own("meine"), Channel::Letter, &context).unwrap();
    assert_eq!((rendered.subject.as_str(), failed), ("meine", None));
    // What no words can say is no fault of one's own words.
    let nothing = MessageContext {
        overdue: vec![],
        ..context
    };
    assert!(render_or_shipped(&broken, Channel::Letter, &nothing).is_err());
}

#[test]
fn lint_refuses_what_cannot_be_sent_and_warns_of_what_should_not() {
    let long = "word ".repeat(40);
    for (template, channel, locale, name, text, expected) in [
        (
            "friendly",
            Channel::Email,
            "en",
            "subject",
            "Hello {{ addressee }}",
            None,
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "{{ nonsense }}",
            Some((Level::Error, "unknown_variable")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "{{ first.nonsense }}",
            Some((Level::Error, "does_not_render")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "{{ promise.nonsense }}",
            Some((Level::Error, "does_not_render")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "{{ first.number",
            Some((Level::Error, "syntax")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "{{ first.number|nonsense }}",
            Some((Level::Error, "does_not_render")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "{% if x",
            Some((Level::Error, "syntax")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "{% include 'mail.txt' %}",
            Some((Level::Error, "not_allowed")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "{%- set x = 1 %}",
            Some((Level::Error, "not_allowed")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "{{ 'x' * 1000 }}",
            Some((Level::Error, "not_allowed")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "{{ '}}' * 1000 }}",
            Some((Level::Error, "not_allowed")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "{{ '\\'}}' * 1000 }}",
            Some((Level::Error, "not_allowed")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "{{ {'a': {'b': 'x'}}.a.b * 1000 }}",
            Some((Level::Error, "not_allowed")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "{% if '%}' * 1000 %}x{% endif %}",
            Some((Level::Error, "not_allowed")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "{% endblock %}{% block sms %}",
            Some((Level::Error, "not_allowed")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "{{ self.opening() }}",
            Some((Level::Error, "does_not_render")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "opening",
            "  ",
            Some((Level::Error, "required")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "sms",
            "x",
            Some((Level::Error, "unknown_block")),
        ),
        (
            "friendly",
            Channel::Email,
            "en",
            "subject",
            &long,
            Some((Level::Warning, "long_subject")),
        ),
        (
            "friendly",
            Channel::Sms,
            "en",
            "sms",
            "Pay: {{ pay_url }}",
            Some((Level::Error, "missing_opt_out")),
        ),
        (
            "friendly",
            Channel::Sms,
            "en",
            "sms",
            "Pay! {{ self.stop() }}",
            Some((Level::Error, "missing_link")),
        ),
        (
            "payment_received",
            Channel::Sms,
            "en",
            "sms",
            "Thanks! {{ self.stop() }}",
            None,
        ),
        (
            "friendly",
            Channel::Sms,
            "fr",
            "sms",
            "Ça {{ pay_url }} reçu STOP",
            Some((Level::Warning, "wide_encoding")),
        ),
        (
            "friendly",
            Channel::Sms,
            "hi",
            "sms",
            "नमस्ते {{ pay_url }} STOP",
            None,
        ),
        (
            "friendly",
            Channel::Voice,
            "en",
            "voice",
            "Pay.",
            Some((Level::Error, "missing_opt_out")),
        ),
        ("friendly", Channel::Voice, "en", "spoken", "Please pay.", None),
    ] {
        let report = lint(template, channel, locale, &blocks(&[(name, text)]));
        let found: Vec<_> = report
            .findings
            .iter()
            .map(|found| (found.level, found.code))
            .collect();
        match expected {
            None => assert_eq!(found, [], "{text}"),
            Some(expected) => {
                assert!(found.contains(&expected), "{text}: {found:?}");
                assert_eq!(report.refuses(), expected.0 == Level::Error, "{text}");
                assert!(
                    report.findings.iter().all(|found| found.block == name),
                    "{report:?}"
                );
            }
        }
    }
    let text = format!("{} {{{{ pay_url }}}} STOP", "word ".repeat(100));
    let report = lint("friendly", Channel::Sms, "en", &blocks(&[("sms", &text)]));
    assert_eq!(report.sms.unwrap().segments, 4);
    assert!(report.findings.iter().any(|found| found.code == "many_segments"));
    let both = [("spoken", "Pay."), ("voice", "Press 9.")];
    let report = lint("friendly", Channel::Voice, "en", &blocks(&both));
    let found: Vec<_> = report.findings.iter().map(|found| found.code).collect();
    assert_eq!(found, ["unused_block"]);
    let report = lint(
        "friendly",
        Channel::Sms,
        "en",
        &blocks(&[("sms", &"x".repeat(2001))]),
    );
    assert!(
        report.findings.iter().any(|found| found.code == "not_allowed"),
        "{report:?}"
    );
}

#[test]
fn the_shipped_blocks_can_be_read_and_pass_as_ones_own() {
    for (template, language) in TEMPLATES
        .iter()
        .flat_map(|one| Language::ALL.map(|language| (one, language)))
    {
        for channel in CHANNELS {
            let shipped = shipped_blocks(template.name, channel, language).unwrap();
            assert_eq!(
                shipped.len(),
                block_names(channel).len(),
                "{} {channel:?}",
                template.name
            );
            let report = lint(template.name, channel, language.tag(), &shipped);
            assert!(
                !report.refuses(),
                "{} {language:?} {channel:?}: {report:?}",
                template.name
            );
        }
    }
    assert_eq!(shipped_blocks("nonsense", Channel::Email, Language::En), None);
}
