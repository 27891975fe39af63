//! Customers (the debtor accounts) and their contacts. Natural key: the creditor's own `external_id`.

use crate::contacts::{self, Told};
use crate::db::{Db, Tx, statements};
use crate::dunning;
use crate::error::{Result, StoreError};
use crate::moment::Moment;
use crate::params;
use receivables::id::CustomerId;
use receivables::intake::{ContactInput, ContactRole, CustomerInput, CustomerRef};
use receivables::suppression::key;
use receivables::terms::Terms;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

statements! {
    UPSERT = "INSERT INTO customers (id, external_id, name, kind, country, region, time_zone, locale, currency,
            terms_days, terms, credit_limit_minor, policy, po_required, preferred_channel, preferred_payment_methods,
            tags, known_domains, created_at, updated_at)
        SELECT c->>'id', c->>'external_id', c->>'name', c->>'kind', c->>'country', c->>'region', c->>'time_zone',
            c->>'locale', c->>'currency', c->>'terms_days', c->'terms', c->>'credit_limit_minor', c->>'policy',
            c->>'po_required', c->>'preferred_channel', coalesce(c->'preferred_payment_methods', '[]'),
            coalesce(c->'tags', '[]'), coalesce(c->'known_domains', '[]'), ?1, ?1
        FROM (SELECT value AS c FROM json_each(?2)) WHERE true
        ON CONFLICT (external_id) DO UPDATE SET name = excluded.name, kind = excluded.kind,
            country = excluded.country, region = excluded.region, time_zone = excluded.time_zone,
            locale = excluded.locale, currency = excluded.currency, terms_days = excluded.terms_days,
            terms = excluded.terms,
            credit_limit_minor = excluded.credit_limit_minor, policy = excluded.policy,
            po_required = excluded.po_required, preferred_channel = excluded.preferred_channel,
            preferred_payment_methods = excluded.preferred_payment_methods, tags = excluded.tags,
            known_domains = excluded.known_domains, updated_at = excluded.updated_at";
    /// Each field, for as long as it is what its source said before.
    FOLLOW = "UPDATE customers SET name = iif(name IS ?2->>'name', ?3->>'name', name),
            kind = iif(kind IS ?2->>'kind', ?3->>'kind', kind),
            country = iif(country IS ?2->>'country', ?3->>'country', country),
            time_zone = iif(time_zone IS ?2->>'time_zone', ?3->>'time_zone', time_zone),
            locale = iif(locale IS ?2->>'locale', ?3->>'locale', locale),
            currency = iif(currency IS ?2->>'currency', ?3->>'currency', currency), updated_at = ?4 WHERE id = ?1";
    /// The contact that the source has brought, likewise.
    FOLLOW_CONTACT = "UPDATE contacts SET name = ?3->>'$.contacts[0].name', email = ?3->>'$.contacts[0].email',
            phone = ?3->>'$.contacts[0].phone', postal = ?3->'$.contacts[0].postal'
        WHERE customer_id = ?1 AND position = 0 AND name IS ?2->>'$.contacts[0].name'
            AND email IS ?2->>'$.contacts[0].email' AND phone IS ?2->>'$.contacts[0].phone'
            AND ?3->'$.contacts[0]' IS NOT NULL";
    FIRST_CONTACT = "INSERT INTO contacts (customer_id, position, name, role, email, phone, postal)
        SELECT ?1, 0, t.value->>'name', t.value->>'role', t.value->>'email', t.value->>'phone', t.value->'postal'
        FROM json_each(?2, '$.contacts') AS t WHERE t.key = 0
            AND NOT EXISTS (SELECT 1 FROM contacts WHERE customer_id = ?1)";
    CLEAR_CONTACTS = "DELETE FROM contacts WHERE customer_id IN (SELECT value FROM json_each(?))";
    INSERT_CONTACTS = "INSERT INTO contacts (customer_id, position, name, role, email, phone, postal, purposes, locale)
        SELECT j.value->>'customer', t.key, t.value->>'name', t.value->>'role', t.value->>'email',
            t.value->>'phone', t.value->'postal', coalesce(t.value->'purposes', '[]'), t.value->>'locale'
        FROM json_each(?) AS j, json_each(j.value->'contacts') AS t";
    RESCORE = "INSERT INTO risk_queue (customer_id, due_at) SELECT value, 0 FROM json_each(?) WHERE true
        ON CONFLICT (customer_id) DO UPDATE SET due_at = 0";
    BY_EXTERNAL_ID = "SELECT json_object('id', id, 'external_id', external_id, 'terms_days', terms_days,
            'terms', json(terms))
        FROM customers WHERE external_id IN (SELECT value FROM json_each(?))";
    BY_ID = "SELECT json_object('id', id, 'external_id', external_id, 'terms_days', terms_days,
            'terms', json(terms))
        FROM customers WHERE id IN (SELECT value FROM json_each(?))";
}

/// What intake needs to know of a customer that a document names.
#[derive(Debug, Clone, Deserialize)]
pub struct Known {
    /// Ours.
    pub id: CustomerId,
    /// The creditor's.
    pub external_id: String,
    /// Payment terms in days, where agreed.
    pub terms_days: Option<u32>,
    /// Other payment terms, where agreed.
    terms: Option<serde_json::Value>,
}

impl Known {
    /// Payment terms that are more than days, where agreed.
    pub fn terms(&self) -> Result<Option<Terms>> {
        let read = |terms: &serde_json::Value| {
            Terms::parse_default(terms).map_err(|problems| {
                StoreError::Decode(format!("terms of {} cannot be read: {problems:?}", self.id))
            })
        };
        self.terms.as_ref().map(read).transpose()
    }
}

#[derive(Serialize)]
struct UpsertRow<'a> {
    id: CustomerId,
    #[serde(flatten)]
    input: &'a CustomerInput,
    credit_limit_minor: Option<i64>,
}

#[derive(Serialize)]
struct ContactsRow<'a> {
    customer: &'a CustomerId,
    contacts: &'a [ContactInput],
}

/// Creates customers or brings them up to date; for each input the id, and whether it is new. Contacts are replaced
/// as a set. Of several inputs with one `external_id` the last counts.
pub async fn upsert(
    tx: &Tx<'_>,
    moment: Moment,
    inputs: &[CustomerInput],
) -> Result<Vec<(CustomerId, bool)>> {
    let last: BTreeMap<&str, &CustomerInput> = inputs
        .iter()
        .map(|input| (input.external_id.as_str(), input))
        .collect();
    let references: Vec<CustomerRef> = last
        .keys()
        .map(|external_id| CustomerRef::ExternalId((*external_id).to_owned()))
        .collect();
    let before = Directory::load(tx, references.iter()).await?;
    let mut mint = moment.mint()?;
    let rows: Vec<_> = last
        .values()
        .map(|input| UpsertRow {
            id: mint.id(CustomerId::from_parts),
            input,
            credit_limit_minor: input.credit_limit.as_ref().map(|limit| limit.minor()),
        })
        .collect();
    tx.run(UPSERT, params![moment.ms(), serde_json::to_string(&rows)?])
        .await?;
    let after = Directory::load(tx, references.iter()).await?;

    let people: Vec<ContactsRow<'_>> = last
        .iter()
        .filter_map(|(external_id, input)| {
            let customer = &after.by_external_id.get(*external_id)?.id;
            Some(ContactsRow {
                customer,
                contacts: &input.contacts,
            })
        })
        .collect();
    let ids: Vec<&CustomerId> = people.iter().map(|row| row.customer).collect();
    let ids = serde_json::to_string(&ids)?;
    tx.run(CLEAR_CONTACTS, params![ids.as_str()]).await?;
    tx.run(INSERT_CONTACTS, params![serde_json::to_string(&people)?])
        .await?;
    let addresses = |contact: &ContactInput| {
        [
            contact.email.as_deref().map(key),
            contact.phone.as_deref().map(key),
        ]
    };
    let told: Vec<Told<'_>> = people
        .iter()
        .map(|row| Told {
            customer: row.customer,
            changed: before.by_id.contains_key(row.customer),
            // A salesperson is our own side: their address is none of the customer's.
            addresses: row
                .contacts
                .iter()
                .filter(|contact| contact.role != ContactRole::Sales)
                .flat_map(addresses)
                .flatten()
                .collect(),
        })
        .collect();
    contacts::know(tx, moment, &told).await?;
    tx.run(RESCORE, params![ids]).await?;

    // Where a customer is, and which policy it is under, decides what happens next.
    let changed = before.by_id.keys().cloned().collect();
    dunning::replan(tx, moment, &changed).await?;

    let mut seen = BTreeSet::new();
    let outcome = |input: &CustomerInput| {
        let external_id = input.external_id.as_str();
        let known = after.by_external_id.get(external_id)?;
        let first = seen.insert(external_id.to_owned());
        Some((
            known.id.clone(),
            first && !before.by_external_id.contains_key(external_id),
        ))
    };
    let outcomes: Option<Vec<_>> = inputs.iter().map(outcome).collect();
    outcomes.ok_or_else(|| StoreError::Decode("a customer just stored is not there".to_owned()))
}

/// Brings a customer up to date with the source that has brought it: `before` and `now` are what the source said last
/// and says now, as [`CustomerInput`] in canonical form. What somebody has changed here meanwhile stays as it is.
pub(crate) async fn follow(
    tx: &Tx<'_>,
    moment: Moment,
    id: &CustomerId,
    before: &str,
    now: &str,
) -> Result<()> {
    tx.run(FOLLOW, params![id.as_str(), before, now, moment.ms()])
        .await?;
    tx.run(FOLLOW_CONTACT, params![id.as_str(), before, now]).await?;
    tx.run(FIRST_CONTACT, params![id.as_str(), now]).await?;
    let told = Told {
        customer: id,
        changed: true,
        addresses: contacts::reached(tx, id).await?,
    };
    contacts::know(tx, moment, &[told]).await?;
    tx.run(RESCORE, params![serde_json::to_string(&[id])?]).await?;
    dunning::replan(tx, moment, &BTreeSet::from([id.clone()])).await
}

/// An id read back from the database.
pub(crate) fn decode_id(text: &str) -> Result<CustomerId> {
    CustomerId::parse(text).map_err(|error| StoreError::Decode(error.to_string()))
}

/// The customers that a batch of documents names, found with one statement for each way of naming.
pub struct Directory {
    by_external_id: BTreeMap<String, Known>,
    by_id: BTreeMap<CustomerId, Known>,
}

impl Directory {
    /// Looks all of `refs` up.
    pub async fn load(db: &Db, refs: impl Iterator<Item = &CustomerRef>) -> Result<Self> {
        let (mut external, mut ids) = (Vec::new(), Vec::new());
        for reference in refs {
            match reference {
                CustomerRef::ExternalId(external_id) => external.push(external_id.as_str()),
                CustomerRef::Id(id) => ids.push(id.as_str()),
            }
        }
        let mut directory = Self {
            by_external_id: BTreeMap::new(),
            by_id: BTreeMap::new(),
        };
        for (sql, keys) in [(BY_EXTERNAL_ID, external), (BY_ID, ids)] {
            if keys.is_empty() {
                continue;
            }
            for known in db
                .list::<Known>(sql, params![serde_json::to_string(&keys)?])
                .await?
            {
                directory.by_id.insert(known.id.clone(), known.clone());
                directory.by_external_id.insert(known.external_id.clone(), known);
            }
        }
        Ok(directory)
    }

    /// The customer that `reference` names, if there is one.
    pub fn get(&self, reference: &CustomerRef) -> Option<&Known> {
        match reference {
            CustomerRef::ExternalId(external_id) => self.by_external_id.get(external_id),
            CustomerRef::Id(id) => self.by_id.get(id),
        }
    }
}
