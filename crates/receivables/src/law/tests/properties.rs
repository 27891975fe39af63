//! What must hold always, of any customer, any history and any instant.

use super::*;
use crate::law::places;
use chrono::{Timelike, Weekday};
use proptest::prelude::*;

/// Customers with a country, a region and a number that may say another place.
const PLACES: &[(&str, Option<&str>, &str, Option<&str>)] = &[
    ("US", Some("NY"), NEW_YORK, None),
    (
        "US",
        Some("US-CA"),
        "America/Los_Angeles",
        Some("+1 212 555 0100"),
    ),
    (
        "US",
        Some("Tennessee"),
        "America/Chicago",
        Some("+1 907 555 0100"),
    ),
    ("US", Some("HI"), "Pacific/Honolulu", Some("+1 800 555 0100")),
    ("US", None, "America/Phoenix", Some("+49 30 123456")),
    ("IN", Some("KA"), "Asia/Kolkata", Some("+91 98 1234 5678")),
    ("GB", None, "Europe/London", Some("+44 20 7946 0100")),
    ("DE", Some("BY"), BERLIN, Some("+1 310 555 0100")),
    ("AU", Some("NSW"), "Australia/Lord_Howe", Some("+61 2 5550 0100")),
    ("KE", None, "Africa/Nairobi", None),
];

const PURPOSES: &[Purpose] = &[
    Purpose::Collection,
    Purpose::Reminder,
    Purpose::Order,
    Purpose::Receipt,
    Purpose::Statement,
];

/// Clocks change in all of these weeks: America on 8 March and 1 November, Europe on 29 March and 25 October, Lord Howe on
/// 5 April and 4 October 2026.
fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    let around = prop::sample::select(vec!["2026-03-01T00:00:00Z", "2026-10-01T00:00:00Z"]);
    (around, 0i64..45 * 24 * 60).prop_map(|(from, minutes)| at(from) + TimeDelta::minutes(minutes))
}

fn parties() -> impl Strategy<Value = Party> {
    let address = prop::option::of(prop::sample::select(vec![
        ("+1 212 555 0100", Holder::Customer),
        ("ada@braun.example", Holder::Customer),
        ("office@reed.example", Holder::Attorney),
        ("mother@braun.example", Holder::Other),
    ]));
    (prop::sample::select(PLACES), any::<[bool; 4]>(), address).prop_map(|(place, flags, address)| {
        let (country, region, zone_name, phone) = place;
        let [business, voluntary, collector, by_person] = flags;
        let kind = match business {
            true => CustomerKind::Business,
            false => CustomerKind::Consumer,
        };
        let mut party = party(kind, country, zone_name);
        party.region = region.map(str::to_owned);
        party.rest = RestDays::of(party.country, region);
        party.phones = phone.map(str::to_owned).into_iter().collect();
        party.settings.consumer_rules = voluntary;
        if collector {
            party.settings.creditor_role = CreditorRole::DebtCollector;
        }
        party.by_person = by_person;
        party.to = address.and_then(|(text, holder)| to(text, holder));
        party
    })
}

fn histories() -> impl Strategy<Value = History> {
    let calls = prop::collection::vec((instants(), any::<bool>()), 0..10);
    let messages = prop::collection::vec((instants(), prop::sample::select(PURPOSES)), 0..6);
    let words = prop::collection::vec(
        (any::<bool>(), prop::option::of(Just(Channel::Sms)), instants()),
        0..3,
    );
    let times = prop::collection::vec(
        (
            0u8..7,
            prop::option::of((0u32..24, 0u32..24)),
            prop::option::of(Just("+12125550100")),
        ),
        0..3,
    );
    (calls, messages, words, times, any::<[bool; 3]>()).prop_map(|(calls, messages, words, times, flags)| {
        let [ceased, represented, validated] = flags;
        // Most have said neither, or next to nothing would be allowed.
        let early = at("2026-02-01T00:00:00Z");
        History {
            calls: calls
                .into_iter()
                .map(|(at, conversation)| Call { at, conversation })
                .collect(),
            messages: messages
                .into_iter()
                .map(|(at, purpose)| Sent {
                    at,
                    channel: Channel::Email,
                    purpose,
                })
                .collect(),
            consents: words
                .into_iter()
                .map(|(given, channel, at)| Consent {
                    channel,
                    address: None,
                    purpose: None,
                    given,
                    at,
                })
                .collect(),
            cease: (ceased && represented).then_some(early),
            attorney: (ceased && !represented && validated).then(|| Attorney {
                name: "Reed".to_owned(),
                email: None,
                phone: None,
                postal: None,
            }),
            inconvenient: times
                .into_iter()
                .map(|(day, hours, address)| Inconvenient {
                    days: vec![Weekday::try_from(day).unwrap()],
                    hours: hours
                        .filter(|(from, until)| from != until)
                        .map(|(from, until)| Span {
                            from: NaiveTime::from_hms_opt(from, 0, 0).unwrap(),
                            until: NaiveTime::from_hms_opt(until, 0, 0).unwrap(),
                        }),
                    address: address.map(str::to_owned),
                })
                .collect(),
            validation_notice: validated.then_some(early),
        }
    })
}

const CHANNELS: &[Channel] = &[
    Channel::Email,
    Channel::Sms,
    Channel::Voice,
    Channel::Letter,
    Channel::Webhook,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    /// What is allowed is within 8:00 and 21:00 wherever the consumer may be, and 8:00 and 19:00 in India.
    #[test]
    fn nothing_is_allowed_outside_of_the_intersection(
        party in parties(), history in histories(), now in instants(),
        channel in prop::sample::select(CHANNELS), purpose in prop::sample::select(PURPOSES),
    ) {
        let verdict = may_contact(&party, channel, purpose, &history, now);
        let last = match party.country.code() {
            "US" if party.kind == CustomerKind::Consumer => 21,
            "IN" => 19,
            _ => return Ok(()),
        };
        let answers = matches!(purpose, Purpose::Order | Purpose::Receipt);
        let is_read = matches!(channel, Channel::Email | Channel::Webhook);
        let free = channel == Channel::Letter
            || (is_read && (answers || party.kind == CustomerKind::Business));
        if verdict == Verdict::Allow && !free {
            for zone in places::zones(&party) {
                let time = zone.local(now).time();
                let is_last = time.hour() == last && time.minute() == 0 && time.second() == 0;
                prop_assert!(time.hour() >= 8 && (time.hour() < last || is_last), "{zone} {time}");
            }
        }
    }

    /// Whoever waits until the instant that is named may then go, and a minute before it not yet.
    #[test]
    fn what_is_deferred_is_allowed_then_and_not_before(
        party in parties(), history in histories(), now in instants(),
        channel in prop::sample::select(CHANNELS), purpose in prop::sample::select(PURPOSES),
    ) {
        let ask = |at| may_contact(&party, channel, purpose, &history, at);
        if let Verdict::Defer { until, .. } = ask(now) {
            prop_assert!(until > now);
            prop_assert_eq!(ask(until), Verdict::Allow);
            let before = until - TimeDelta::minutes(1);
            if before >= now {
                prop_assert_ne!(ask(before), Verdict::Allow);
            }
            // On the way there nothing is allowed either: it is the first instant.
            let half = now + (until - now) / 2;
            prop_assert_ne!(ask(half), Verdict::Allow);
        }
    }

    /// What is forbidden stays so however long one waits, unless its rule is that there is no hour in sight.
    #[test]
    fn time_alone_lifts_no_prohibition(
        party in parties(), history in histories(), now in instants(), later in 1i64..400,
        channel in prop::sample::select(CHANNELS), purpose in prop::sample::select(PURPOSES),
    ) {
        let ask = |at| may_contact(&party, channel, purpose, &history, at);
        if let Verdict::Deny { rule } = ask(now)
            && rule != &rules::NO_HOUR
        {
            prop_assert_eq!(ask(now + TimeDelta::days(later)), Verdict::Deny { rule });
        }
    }

    /// A word of refusal can only take away: what is allowed after it was allowed before.
    #[test]
    fn a_refusal_allows_nothing(
        party in parties(), history in histories(), now in instants(),
        channel in prop::sample::select(CHANNELS), purpose in prop::sample::select(PURPOSES),
    ) {
        let mut after = history.clone();
        after.consents.push(Consent { channel: None, address: None, purpose: None, given: false, at: now });
        after.calls.push(Call { at: now, conversation: true });
        after.inconvenient.push(Inconvenient { days: Vec::new(), hours: span("12:00", "13:00"), address: None });
        if may_contact(&party, channel, purpose, &after, now) == Verdict::Allow {
            prop_assert_eq!(may_contact(&party, channel, purpose, &history, now), Verdict::Allow);
        }
    }
}
