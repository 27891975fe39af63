//! Which notices a policy sends, and over which channels.
//!
//! In JSON `{"channels": ["email"], "payment_received": false}`: a template's name and whether it is sent. All are,
//! unless the policy says otherwise. What a person asks for, a document request or a statement on demand, is sent
//! whatever the policy says. The letters that confirm a promise and that tell of a broken one have their switches among
//! what the policy says of promises ([`crate::promise::Rules`]).
//!
//! Source: Dunlin's own rule.

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use crate::channel::Channel;
use crate::fields::{Fields, kinds};

/// What a policy may leave out.
pub(super) const SWITCHES: &[&str] = &[
    "order_confirmation",
    "payment_received",
    "promise_reminder",
    "plan",
    "dispute_received",
    "dispute_decided",
    "suspended",
    "reinstated",
];

/// What a policy says about notices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Over which channels they go, the first first.
    pub channels: Vec<Channel>,
    /// The templates that are left out, in the order of [`SWITCHES`].
    muted: Vec<&'static str>,
}

impl Default for Rules {
    /// All of them, by email.
    fn default() -> Rules {
        Rules {
            channels: vec![Channel::Email],
            muted: Vec::new(),
        }
    }
}

impl Rules {
    /// Reads the inside of a policy's `notices`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Rules> {
        let mut rules = Rules::default();
        let channels = fields.values("channels", Channel::NAMES.len(), kinds::one_of(Channel::NAMES));
        let twice = |(at, channel)| channels.iter().take(at).any(|earlier| earlier == channel);
        if channels.iter().enumerate().any(twice) {
            fields.report("channels", "duplicate", "a channel is named twice");
        }
        if fields.has("channels") && channels.is_empty() {
            let detail = "a notice goes over at least one channel; leave out the notices that are not wanted";
            fields.report("channels", "required", detail);
        }
        if !channels.is_empty() {
            rules.channels = channels;
        }
        for template in SWITCHES {
            if fields.optional(template, kinds::boolean) == Some(false) {
                rules.muted.push(template);
            }
        }
        Some(rules)
    }

    /// Whether a template is sent.
    pub fn send(&self, template: &str) -> bool {
        !self.muted.contains(&template)
    }
}

impl Serialize for Rules {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if *self.channels != [Channel::Email] {
            map.serialize_entry("channels", &self.channels)?;
        }
        for template in &self.muted {
            map.serialize_entry(template, &false)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::template;

    fn read(value: Value) -> Result<Rules, Vec<(String, String)>> {
        let mut fields = Fields::of(&value);
        let rules = Rules::read(&mut fields);
        fields.finish(|| rules).map_err(|errors| {
            let errors = errors.into_iter();
            errors
                .map(|error| (error.pointer, error.code.into_owned()))
                .collect()
        })
    }

    #[test]
    fn what_is_not_named_is_sent_by_email() {
        let rules = read(json!({})).unwrap();
        assert_eq!(rules, Rules::default());
        assert!(SWITCHES.iter().all(|template| rules.send(template)));
        assert_eq!(rules.channels, [Channel::Email]);
        assert_eq!(serde_json::to_value(&rules).unwrap(), json!({}));
    }

    #[test]
    fn what_is_left_out_is_not_sent_and_the_rest_is() {
        let given = json!({"channels": ["sms", "email"], "payment_received": false, "plan": true});
        let rules = read(given).unwrap();
        assert!(!rules.send("payment_received"));
        assert!(rules.send("plan") && rules.send("order_confirmation"));
        let written = json!({"channels": ["sms", "email"], "payment_received": false});
        assert_eq!(serde_json::to_value(&rules).unwrap(), written);
        assert_eq!(read(written), Ok(rules));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let cases = [
            (json!({"channels": []}), "/channels", "required"),
            (json!({"channels": ["email", "email"]}), "/channels", "duplicate"),
            (json!({"channels": ["fax"]}), "/channels/0", "unknown_value"),
            (json!({"plan": "no"}), "/plan", "wrong_type"),
            (json!({"birthday": true}), "/birthday", "unknown_field"),
        ];
        for (given, pointer, code) in cases {
            let errors = read(given.clone()).unwrap_err();
            let expected = (pointer.to_owned(), code.to_owned());
            assert!(errors.contains(&expected), "{given}: {errors:?}");
        }
    }

    #[test]
    fn every_switch_is_a_template_of_a_notice() {
        for name in SWITCHES {
            let template = template::find(name).unwrap();
            assert!(!template.of_policy, "{name}");
        }
    }
}
