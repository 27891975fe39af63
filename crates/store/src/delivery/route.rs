//! The way of a message: over which channel, to whom and by which carrier, of those that are left to it.
//!
//! **Order.** The message's channels in their order; over each the carriers in theirs. What a channel is passed over for is
//! said: nobody set up carries it, nobody can be reached over it, or the law forbids it. A carrier that is away for minutes
//! keeps its messages waiting; an address that a person has to look at holds them.

use super::{Carrier, Recipient};
use crate::contacts::{Contact, People};
use crate::db::{Db, statements};
use crate::error::Result;
use crate::params;
use chrono::{DateTime, Utc};
use receivables::channel::Channel;
use receivables::intake::{ContactRole, PostalAddress};
use receivables::law::{self, History, Party, Verdict};
use receivables::recipient::{self, Address, Choice, Found, HeldFor, Person, Rules, Wish};
use receivables::suppression::{Reason, key};
use receivables::template::Purpose;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

statements! {
    SUPPRESSED = "SELECT json_object('address', address, 'channel', nullif(channel, ''), 'reason', reason)
        FROM suppressed WHERE address IN (SELECT value FROM json_each(?))";
}

/// What speaks against addresses, by their spelling there: over one channel, or whichever goes there.
pub(super) type Suppressed = BTreeMap<String, Vec<(Option<Channel>, Reason)>>;

#[derive(Deserialize)]
struct SuppressedRow {
    address: String,
    channel: Option<Channel>,
    reason: Reason,
}

/// What speaks against these addresses.
pub(super) async fn suppressed(db: &Db, addresses: &BTreeSet<String>) -> Result<Suppressed> {
    let rows: Vec<SuppressedRow> = db
        .list(SUPPRESSED, params![serde_json::to_string(addresses)?])
        .await?;
    let mut against = Suppressed::new();
    for row in rows {
        against
            .entry(row.address)
            .or_default()
            .push((row.channel, row.reason));
    }
    Ok(against)
}

/// What the way of a message is found from.
pub(super) struct Asked<'a> {
    /// What it is about.
    pub(super) purpose: Purpose,
    /// The channels that are left to it, the first first.
    pub(super) channels: &'a [Channel],
    /// The roles that its step names.
    pub(super) to: &'a [ContactRole],
    /// What its policy says of recipients.
    pub(super) rules: Rules,
    /// The address that a person has released it for.
    pub(super) released_to: Option<&'a str>,
    /// The customer's people.
    pub(super) people: &'a People,
    /// Addresses that must not be written to.
    pub(super) suppressed: &'a Suppressed,
    /// What the law looks at.
    pub(super) law: Option<&'a (Party, History)>,
    /// Who is set up.
    pub(super) carriers: &'a [Carrier],
    /// When.
    pub(super) now: DateTime<Utc>,
}

/// The way that was found.
pub(super) enum Way {
    /// It may leave.
    Open {
        carrier: Carrier,
        to: Box<Recipient>,
        locale: Option<String>,
        /// What is to be noted though it goes.
        notes: Vec<String>,
    },
    /// A person has to look at the address first.
    Held(HeldFor, String),
    /// Whoever carries this channel is away for a moment.
    Waits(Channel),
    /// The law puts it off.
    Later(DateTime<Utc>, String),
    /// No channel is left to it.
    Nowhere {
        /// Whether somebody or the law does not want it, or an address came back; else there is nobody to write to.
        refused: bool,
        /// Whether an address came back.
        bounced: bool,
        /// In words.
        why: String,
    },
}

/// Finds the way of a message.
pub(super) fn find(asked: &Asked<'_>) -> Result<Way> {
    let mut notes = Vec::new();
    let mut later: Option<(DateTime<Utc>, String)> = None;
    let (mut refused, mut bounced) = (false, false);
    for channel in asked.channels.iter().copied() {
        let mut set_up = asked.carriers.iter().filter(|carrier| carrier.channel == channel);
        let ready = set_up.clone().find(|carrier| carrier.ready);
        if set_up.next().is_none() {
            notes.push(format!("nothing is set up that carries {}", channel.as_str()));
            continue;
        }
        let persons = persons(asked, channel)?;
        let wish = Wish {
            purpose: asked.purpose,
            channel,
            to: asked.to,
            released_to: asked.released_to,
        };
        let found = match recipient::choose(&persons, &wish, asked.rules, &asked.people.domains()) {
            Choice::To(found) => found,
            Choice::Held(_, why, detail) => return Ok(Way::Held(why, detail)),
            Choice::AllSuppressed(all) => {
                refused = true;
                bounced |= all.iter().any(|person| has_bounced(person));
                notes.push(against(&all));
                continue;
            }
            Choice::Nobody => {
                notes.push(format!(
                    "no contact for it with an address for {}",
                    channel.as_str()
                ));
                continue;
            }
        };
        match lawful(asked, channel, &found) {
            Verdict::Allow => {}
            Verdict::Defer { until, rule } => {
                let why = format!("Rule {}: {} ({})", rule.id, rule.text, rule.citation);
                if later.as_ref().is_none_or(|(earliest, _)| until < *earliest) {
                    later = Some((until, why.clone()));
                }
                notes.push(format!("{} waits: {why}", channel.as_str()));
                continue;
            }
            Verdict::Deny { rule } => {
                refused = true;
                let (id, text, citation) = (rule.id, rule.text, rule.citation);
                notes.push(format!(
                    "Rule {id}: {text} ({citation}), for {}",
                    channel.as_str()
                ));
                continue;
            }
        }
        let Some(carrier) = ready else {
            return Ok(Way::Waits(channel));
        };
        if !found.passed_over.is_empty() {
            let (others, to) = (against(&found.passed_over), &found.person.name);
            notes.push(format!(
                "{others}; {} is written to instead",
                address(found.person).unwrap_or(to)
            ));
        }
        notes.extend(found.warning.clone());
        let contact = asked.people.contacts.get(found.at);
        return Ok(Way::Open {
            carrier: *carrier,
            to: Box::new(recipient_of(asked, contact)?),
            locale: contact.and_then(|contact| contact.locale.clone()),
            notes,
        });
    }
    if let Some((until, why)) = later {
        return Ok(Way::Later(until, why));
    }
    let why = match notes.is_empty() {
        true => "No channel is left to it".to_owned(),
        false => notes.join("; "),
    };
    Ok(Way::Nowhere {
        refused,
        bounced,
        why,
    })
}

fn has_bounced(person: &Person) -> bool {
    let address = person.address.as_ref();
    address.is_some_and(|address| address.suppressed == Some(Reason::Bounce))
}

fn lawful(asked: &Asked<'_>, channel: Channel, found: &Found<'_>) -> Verdict {
    let Some((party, history)) = asked.law else {
        return Verdict::Allow;
    };
    let mut party = party.clone();
    party.to = address(found.person).map(|text| law::Address {
        text: text.to_owned(),
        holder: law::holder(party.kind, found.person.role),
    });
    law::may_contact(&party, channel, asked.purpose, history, asked.now)
}

/// The customer's people with their addresses over a channel. What goes to the creditor's own system needs none.
fn persons(asked: &Asked<'_>, channel: Channel) -> Result<Vec<Person>> {
    let person = |contact: &Contact| {
        Ok(Person {
            name: contact.name.clone(),
            role: contact.role,
            purposes: contact.purposes.clone(),
            address: match channel {
                Channel::Webhook => Some(unquestioned(contact.name.clone())),
                Channel::Letter => postal(contact)?.map(|postal| unquestioned(postal.one_line())),
                Channel::Email => contact.email.as_deref().map(|text| known(asked, channel, text)),
                Channel::Sms | Channel::Voice => {
                    contact.phone.as_deref().map(|text| known(asked, channel, text))
                }
            },
        })
    };
    let mut persons = asked
        .people
        .contacts
        .iter()
        .map(person)
        .collect::<Result<Vec<_>>>()?;
    if channel == Channel::Webhook && !persons.iter().any(|person| person.role != ContactRole::Sales) {
        persons.push(Person {
            name: asked.people.name.clone(),
            role: ContactRole::Billing,
            purposes: Vec::new(),
            address: Some(unquestioned(asked.people.name.clone())),
        });
    }
    Ok(persons)
}

fn unquestioned(text: String) -> Address {
    Address {
        text,
        suppressed: None,
        proof: None,
        changed: false,
    }
}

fn known(asked: &Asked<'_>, channel: Channel, text: &str) -> Address {
    let (proof, changed) = asked.people.standing(text);
    let mut against = asked.suppressed.get(&key(text)).into_iter().flatten();
    let suppressed = against.find(|(on, _)| on.is_none_or(|on| on == channel));
    Address {
        text: text.to_owned(),
        suppressed: suppressed.map(|(_, reason)| *reason),
        proof,
        changed,
    }
}

fn postal(contact: &Contact) -> Result<Option<PostalAddress>> {
    let read = |postal: &serde_json::Value| serde_json::from_value(postal.clone());
    Ok(contact.postal.as_ref().map(read).transpose()?)
}

fn recipient_of(asked: &Asked<'_>, contact: Option<&Contact>) -> Result<Recipient> {
    let Some(contact) = contact else {
        return Ok(Recipient {
            name: asked.people.name.clone(),
            email: None,
            phone: None,
            postal: None,
        });
    };
    Ok(Recipient {
        name: contact.name.clone(),
        email: contact.email.clone(),
        phone: contact.phone.clone(),
        postal: postal(contact)?,
    })
}

fn address(person: &Person) -> Option<&str> {
    person.address.as_ref().map(|address| address.text.as_str())
}

/// What speaks against writing to each: `Rule suppression: ada@nordwind.example (bounce)`.
fn against(people: &[&Person]) -> String {
    let each = people.iter().filter_map(|person| {
        let address = person.address.as_ref()?;
        let reason = address.suppressed.map_or("", Reason::as_str);
        Some(format!("{} ({reason})", address.text))
    });
    format!("Rule suppression: {}", each.collect::<Vec<_>>().join(", "))
}

/// The way of what no customer sees: to the customer's salesperson, or to a colleague whose address the policy has.
pub(super) fn inside(asked: &Asked<'_>, to: &str, colleague: Option<&str>) -> Way {
    let nowhere = |refused, why: String| Way::Nowhere {
        refused,
        bounced: false,
        why,
    };
    let mut sales = asked
        .people
        .contacts
        .iter()
        .filter(|contact| to == "sales" && contact.role == ContactRole::Sales);
    let salesperson = sales.find_map(|contact| Some((contact.name.clone(), contact.email.clone()?)));
    let colleague = colleague.map(|email| (to.to_owned(), email.to_owned()));
    let Some((name, email)) = salesperson.or(colleague) else {
        return nowhere(
            false,
            format!("No address of {to} is known to the customer or the policy"),
        );
    };
    if let Some(reason) = known(asked, Channel::Email, &email).suppressed {
        return nowhere(true, format!("Rule suppression: {email} ({})", reason.as_str()));
    }
    let mut carriers = asked
        .carriers
        .iter()
        .filter(|carrier| carrier.channel == Channel::Email)
        .peekable();
    if carriers.peek().is_none() {
        return nowhere(false, "nothing is set up that carries email".to_owned());
    }
    let Some(carrier) = carriers.find(|carrier| carrier.ready) else {
        return Way::Waits(Channel::Email);
    };
    Way::Open {
        carrier: *carrier,
        to: Box::new(Recipient {
            name,
            email: Some(email),
            phone: None,
            postal: None,
        }),
        locale: None,
        notes: Vec::new(),
    }
}

/// The carrier that may have had a message when its courier stopped: only it can tell.
pub(super) fn same<'a>(
    carriers: &'a [Carrier],
    provider: Option<&str>,
    channel: Channel,
) -> Option<&'a Carrier> {
    let mut carriers = carriers.iter();
    carriers.find(|carrier| Some(carrier.name) == provider && carrier.channel == channel)
}
