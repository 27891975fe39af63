//! What is known of a customer's addresses: since when, how it was verified, by which domains the customer is known.
//!
//! **Shape.** Contacts are replaced as a set by whoever tells of a customer; a row here belongs to an address and stays, so
//! that what was verified stays verified where the address is the same. An address that comes when the customer is on
//! record with others is `changed`; [`receivables::recipient`] says what that means.

use crate::activities::{self, Activity};
use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use receivables::id::{CustomerId, LinkId};
use receivables::intake::ContactRole;
use receivables::recipient::{Proof, domain_of, is_known};
use receivables::suppression::key;
use receivables::template::Purpose;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

statements! {
    KNOW = "INSERT INTO contact_addresses (customer_id, address, changed, known_since)
        SELECT j.value->>'customer', a.value, j.value->>'changed', ?1
        FROM json_each(?2) AS j, json_each(j.value->'addresses') AS a WHERE true
        ON CONFLICT DO NOTHING RETURNING json_array(customer_id, address, changed)";
    PEOPLE = "SELECT json_object('customer', k.id, 'name', k.name, 'known_domains', json(k.known_domains),
            'contacts', json((SELECT json_group_array(json_object('name', t.name, 'role', t.role, 'email', t.email,
                    'phone', t.phone, 'postal', json(t.postal), 'purposes', json(t.purposes), 'locale', t.locale))
                FROM contacts t WHERE t.customer_id = k.id)),
            'addresses', json((SELECT json_group_array(json_object('address', a.address, 'changed', a.changed,
                    'proof', a.proof)) FROM contact_addresses a WHERE a.customer_id = k.id)))
        FROM customers k WHERE k.id IN (SELECT value FROM json_each(?))";
    PROVE = "INSERT INTO contact_addresses (customer_id, address, changed, known_since, proof, proved_at)
        VALUES (?1, ?2, 0, ?3, ?4, ?3)
        ON CONFLICT (customer_id, address) DO UPDATE SET proof = excluded.proof, proved_at = excluded.proved_at
        WHERE contact_addresses.proof IS NULL
            OR excluded.proof = 'hand' AND contact_addresses.proof <> 'hand'
        RETURNING address";
    LINKED = "SELECT json_array(m.customer_id, m.recipient) FROM payment_links l JOIN messages m ON m.id = l.message_id
        WHERE l.id = ? AND m.recipient IS NOT NULL";
    LOOK_AGAIN = "UPDATE messages SET attempt_at = ?2 WHERE customer_id = ?1 AND held_for IS NOT NULL
        AND +status = 'queued' AND attempt_at > ?2";
}

/// A customer's people, and what is known of where they are reached.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct People {
    pub(crate) customer: CustomerId,
    pub(crate) name: String,
    known_domains: Vec<String>,
    pub(crate) contacts: Vec<Contact>,
    addresses: Vec<Known>,
}

/// A contact as it stands.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Contact {
    pub(crate) name: String,
    pub(crate) role: ContactRole,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) postal: Option<serde_json::Value>,
    pub(crate) purposes: Vec<Purpose>,
    pub(crate) locale: Option<String>,
}

/// What is known of one address.
#[derive(Debug, Clone, Deserialize)]
struct Known {
    address: String,
    changed: u8,
    proof: Option<Proof>,
}

impl People {
    /// How an address was verified, and whether it took another's place.
    pub(crate) fn standing(&self, address: &str) -> (Option<Proof>, bool) {
        let wanted = key(address);
        let known = self.addresses.iter().find(|known| known.address == wanted);
        known.map_or((None, false), |known| (known.proof, known.changed == 1))
    }

    /// The domains that the customer is known by: those that somebody has named, those of the addresses that it was
    /// recorded with, and those of addresses that are verified.
    pub(crate) fn domains(&self) -> Vec<String> {
        let sure = self
            .addresses
            .iter()
            .filter(|known| known.changed == 0 || known.proof.is_some());
        let own = sure.filter_map(|known| domain_of(&known.address));
        let all: BTreeSet<String> = self.known_domains.iter().cloned().chain(own).collect();
        all.into_iter().collect()
    }

    /// Whether one of our own salespeople has the customer, and an email address.
    pub(crate) fn has_salesperson(&self) -> bool {
        let mut contacts = self.contacts.iter();
        contacts.any(|contact| contact.role == ContactRole::Sales && contact.email.is_some())
    }

    /// Every address over which somebody could be reached, as suppressions spell them.
    pub(crate) fn keys(&self) -> impl Iterator<Item = String> {
        let of = |contact: &Contact| {
            [
                contact.email.as_deref().map(key),
                contact.phone.as_deref().map(key),
            ]
        };
        self.contacts.iter().flat_map(of).flatten()
    }
}

/// The people of a set of customers, read at once.
pub(crate) async fn of(db: &Db, customers: &BTreeSet<CustomerId>) -> Result<BTreeMap<CustomerId, People>> {
    let rows: Vec<People> = db
        .list(PEOPLE, params![serde_json::to_string(customers)?])
        .await?;
    Ok(rows.into_iter().map(|row| (row.customer.clone(), row)).collect())
}

/// Addresses that a customer is recorded with.
#[derive(Serialize)]
pub(crate) struct Told<'a> {
    pub(crate) customer: &'a CustomerId,
    /// Whether the customer was on record before.
    pub(crate) changed: bool,
    /// As [`key`] spells them.
    pub(crate) addresses: Vec<String>,
}

/// Notes the addresses that customers have now. Those that are new of somebody who was on record are noted on the
/// timeline, with a warning where the domain is a strange one.
pub(crate) async fn know(tx: &Tx<'_>, moment: Moment, told: &[Told<'_>]) -> Result<()> {
    let rows = tx
        .rows(KNOW, params![moment.ms(), serde_json::to_string(told)?])
        .await?;
    let mut changed = Vec::new();
    for row in &rows {
        let (customer, address, is_changed): (CustomerId, String, u8) = row.json(0)?;
        if is_changed == 1 {
            changed.push((customer, address));
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    let customers = changed.iter().map(|(customer, _)| customer.clone()).collect();
    let people = of(tx, &customers).await?;
    let log: Vec<Activity> = changed
        .into_iter()
        .map(|(customer, address)| {
            let domains = people.get(&customer).map(People::domains).unwrap_or_default();
            let strange =
                domain_of(&address).filter(|domain| !domains.is_empty() && !is_known(domain, &domains));
            let warning = strange.map(|domain| {
                let known = domains.join(", ");
                format!(" Warning: {domain} is none of the customer's domains ({known}).")
            });
            Activity {
                customer_id: customer,
                kind: "contact_changed",
                title: "New address".to_owned(),
                detail: format!(
                    "{address} came after the customer was recorded with others.{}",
                    warning.unwrap_or_default()
                ),
                refers_to: None,
            }
        })
        .collect();
    activities::record(tx, moment, &log).await
}

/// What became of a wish to verify an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// It is verified now.
    Done,
    /// It was already.
    Already,
    /// No contact of the customer has that address.
    Unknown,
}

/// Records that somebody has made sure that an address is the customer's; messages that wait for it are looked at again
/// at once. `by`: who says so.
pub async fn verify(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    address: &str,
    by: &str,
    note: Option<&str>,
) -> Result<Verified> {
    if !crate::suppressions::reaches(tx, customer, address).await? {
        return Ok(Verified::Unknown);
    }
    let detail = format!(
        "{by} has made sure of it{}.",
        note.map(|note| format!(": {note}")).unwrap_or_default()
    );
    match prove(tx, moment, customer, address, Proof::Hand, detail).await? {
        true => Ok(Verified::Done),
        false => Ok(Verified::Already),
    }
}

/// Records that a message arrived at an address, where nothing better is known of it.
pub(crate) async fn delivered(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    address: &str,
) -> Result<()> {
    let detail = "A message arrived there.".to_owned();
    prove(tx, moment, customer, address, Proof::Delivery, detail)
        .await
        .map(drop)
}

/// Records that whoever reads the mail of a link's message went on to pay by it.
pub(crate) async fn clicked(tx: &Tx<'_>, moment: Moment, link: &LinkId) -> Result<()> {
    let Some((customer, address)) = tx
        .find::<(CustomerId, String)>(LINKED, params![link.as_str()])
        .await?
    else {
        return Ok(());
    };
    let detail = "Its reader followed the link in a message to pay.".to_owned();
    prove(tx, moment, &customer, &address, Proof::Click, detail)
        .await
        .map(drop)
}

/// Whether it is news: the first proof, or a person's word over a machine's.
async fn prove(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    address: &str,
    proof: Proof,
    detail: String,
) -> Result<bool> {
    let parameters = params![customer.as_str(), key(address), moment.ms(), proof.as_str()];
    let new = tx.row(PROVE, parameters).await?.is_some();
    if new {
        tx.run(LOOK_AGAIN, params![customer.as_str(), moment.ms()])
            .await?;
        let activity = Activity {
            customer_id: customer.clone(),
            kind: "contact_verified",
            title: format!("{} verified", key(address)),
            detail,
            refers_to: None,
        };
        activities::record(tx, moment, &[activity]).await?;
    }
    Ok(new)
}
