//! Who at a customer gets a message, and whether it may go there without a person having looked.
//!
//! Shape: [`choose`] goes through the contacts in the order of tiers: those a step names by role (`to`), else those
//! who list the message's purpose, then the billing contacts that list none. Within a tier the creditor's order counts.
//! The choice says why, and whom it passed over. Who lists purposes gets nothing else; a salesperson is our own side
//! and gets nothing of the customer's.
//!
//! **Held.** An address that took another's place is how a fraudster reads a customer's post, and how a typing error sends
//! it to a stranger: where its domain is none that the customer is known by, a person looks first. The addresses that a
//! customer was first recorded with count as the billing system's word and are not doubted, unless the policy says
//! `verify_first`.
//!
//! Bounds: as many contacts as a customer may have ([`crate::limits::CONTACTS`]).
//!
//! Source: Dunlin's own rule.

use serde::{Deserialize, Serialize};

use crate::channel::Channel;
use crate::fields::{Fields, kinds};
use crate::intake::ContactRole;
use crate::names::names;
use crate::suppression::Reason;
use crate::template::Purpose;

/// The roles that a step may write to, in the API's words. Sales is our own side.
pub const ADDRESSED: &[(&str, ContactRole)] = &[
    ("billing", ContactRole::Billing),
    ("escalation", ContactRole::Escalation),
];

/// How we know that an address is the customer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Proof {
    /// A message arrived there.
    Delivery,
    /// A link in a message to it was opened.
    Click,
    /// A person has made sure.
    Hand,
}

names! {
    Proof {
        "delivery" => Delivery,
        "click" => Click,
        "hand" => Hand,
    }
}

/// What a message waits for a person for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeldFor {
    /// The address is new, and its domain is none that the customer is known by.
    ChangedAddress,
    /// The policy wants addresses to be verified first, and this one was not.
    Unverified,
    /// A document that has to go with it is not there.
    MissingDocument,
}

names! {
    HeldFor {
        "changed_address" => ChangedAddress,
        "unverified" => Unverified,
        "missing_document" => MissingDocument,
    }
}

/// What becomes of a message to a new address whose domain is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownDomain {
    /// It waits for a person.
    #[default]
    Hold,
    /// It goes, and the timeline says so.
    Warn,
}

names! {
    UnknownDomain {
        "hold" => Hold,
        "warn" => Warn,
    }
}

/// What a policy says of recipients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// Whether an address is written to only once somebody has made sure that it is the customer's.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub verify_first: bool,
    /// What becomes of a message to a new address whose domain is not known.
    pub unknown_domain: UnknownDomain,
}

impl Rules {
    /// Reads the inside of a policy's `recipients`; what is absent is as in [`Rules::default`].
    pub fn read(fields: &mut Fields<'_>) -> Option<Rules> {
        let verify_first = fields.optional("verify_first", kinds::boolean);
        let unknown_domain = fields.optional("unknown_domain", kinds::one_of(UnknownDomain::NAMES));
        Some(Rules {
            verify_first: verify_first.unwrap_or_default(),
            unknown_domain: unknown_domain.unwrap_or_default(),
        })
    }
}

/// An address of a contact over the channel in question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// It, in one line.
    pub text: String,
    /// What speaks against it.
    pub suppressed: Option<Reason>,
    /// How we know that it is the customer's, if we do.
    pub proof: Option<Proof>,
    /// Whether it came after the customer was first recorded with another.
    pub changed: bool,
}

/// A contact, with its address over the channel in question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The person or desk.
    pub name: String,
    /// What they are asked about.
    pub role: ContactRole,
    /// What they get, where that is told; none: by role.
    pub purposes: Vec<Purpose>,
    /// Their address; `None`: they cannot be reached over the channel.
    pub address: Option<Address>,
}

/// Whom a message is for.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'a> {
    /// What it is about.
    pub purpose: Purpose,
    /// Over which channel.
    pub channel: Channel,
    /// The roles that its step names, the first first; none: by purpose, then billing.
    pub to: &'a [ContactRole],
    /// The address that a person has released it for.
    pub released_to: Option<&'a str>,
}

/// Somebody a message goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found<'a> {
    /// Their place among the contacts.
    pub at: usize,
    /// They.
    pub person: &'a Person,
    /// Why they and nobody else: `billing contact`, ...
    pub why: &'static str,
    /// Those before, whose addresses must not be written to.
    pub passed_over: Vec<&'a Person>,
    /// What is to be noted though the message goes.
    pub warning: Option<String>,
}

/// Who gets a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice<'a> {
    /// This one.
    To(Found<'a>),
    /// This one, once a person has looked.
    Held(Found<'a>, HeldFor, String),
    /// There are addresses, and none may be written to.
    AllSuppressed(Vec<&'a Person>),
    /// There is no address.
    Nobody,
}

const TO_STEP: &str = "the role that the step names";
const TO_PURPOSE: &str = "named for this purpose";
const TO_BILLING: &str = "billing contact";

/// The tier of a contact for a wish: the lower the earlier; `None`: not for them.
fn tier(person: &Person, wish: &Wish<'_>) -> Option<(usize, &'static str)> {
    let named = person.purposes.contains(&wish.purpose);
    if person.role == ContactRole::Sales || !(named || person.purposes.is_empty()) {
        return None;
    }
    if !wish.to.is_empty() {
        let at = wish.to.iter().position(|role| *role == person.role)?;
        // Who is named for the purpose comes first among those of one role.
        let tier = at.saturating_mul(2).saturating_add(usize::from(!named));
        return Some((tier, TO_STEP));
    }
    match (named, person.role) {
        (true, _) => Some((0, TO_PURPOSE)),
        (false, ContactRole::Billing) => Some((1, TO_BILLING)),
        (false, _) => None,
    }
}

/// Who gets a message.
pub fn choose<'a>(
    people: &'a [Person],
    wish: &Wish<'_>,
    rules: Rules,
    known_domains: &[String],
) -> Choice<'a> {
    let mut ranked: Vec<(usize, usize, &'a Person, &'a Address, &'static str)> = people
        .iter()
        .enumerate()
        .filter_map(|(at, person)| {
            let (tier, why) = tier(person, wish)?;
            Some((tier, at, person, person.address.as_ref()?, why))
        })
        .collect();
    ranked.sort_by_key(|(tier, at, ..)| (*tier, *at));
    let free = ranked
        .iter()
        .position(|(_, _, _, address, _)| address.suppressed.is_none());
    let before = ranked.iter().take(free.unwrap_or(ranked.len()));
    let passed_over: Vec<&Person> = before.map(|(_, _, person, ..)| *person).collect();
    let Some((_, at, person, address, why)) = free.and_then(|free| ranked.get(free)) else {
        return match passed_over.is_empty() {
            true => Choice::Nobody,
            false => Choice::AllSuppressed(passed_over),
        };
    };
    let mut found = Found {
        at: *at,
        person,
        why,
        passed_over,
        warning: None,
    };
    if wish.released_to == Some(address.text.as_str()) || address.proof.is_some() {
        return Choice::To(found);
    }
    // A letter has nothing that could be clicked, and the creditor's own system is no address.
    let electronic = matches!(wish.channel, Channel::Email | Channel::Sms | Channel::Voice);
    if rules.verify_first && electronic {
        let detail = format!(
            "nobody has verified {} yet, and the policy wants that first",
            address.text
        );
        return Choice::Held(found, HeldFor::Unverified, detail);
    }
    if let Some(detail) = stranger(address, wish.channel, known_domains) {
        if rules.unknown_domain == UnknownDomain::Hold {
            return Choice::Held(found, HeldFor::ChangedAddress, detail);
        }
        found.warning = Some(detail);
    }
    Choice::To(found)
}

/// What is strange about an address: that it is new, and its domain none that the customer is known by.
fn stranger(address: &Address, channel: Channel, known_domains: &[String]) -> Option<String> {
    let domain = domain_of(&address.text).filter(|_| channel == Channel::Email)?;
    let strange = address.changed && !known_domains.is_empty() && !is_known(&domain, known_domains);
    strange.then(|| {
        format!(
            "{} is new, and {domain} is none of the customer's domains ({})",
            address.text,
            known_domains.join(", ")
        )
    })
}

/// The domain of an email address, in lower case.
pub fn domain_of(email: &str) -> Option<String> {
    let (_, domain) = email.trim().rsplit_once('@')?;
    Some(domain.to_lowercase()).filter(|domain| !domain.is_empty())
}

/// Whether a domain is one of `known`, or lies below one: who has `nordwind.example` has `mail.nordwind.example` too.
pub fn is_known(domain: &str, known: &[String]) -> bool {
    known.iter().any(|known| {
        domain
            .strip_suffix(known.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}

#[cfg(test)]
mod tests;
