//! What customers say of contacts, recorded; and what the creditor chooses.

use crate::activities::{self, Activity};
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::instants::rfc3339;
use crate::moment::Moment;
use crate::params;
use chrono::{DateTime, Utc};
use receivables::id::{ConsentId, CustomerId};
use receivables::law::input::{ConsentInput, Word};
use receivables::law::{Attorney, Inconvenient, Settings};
use serde_json::json;

statements! {
    CONSENT = "INSERT INTO consents (id, customer_id, channel, address, purpose, given, said_at, how, evidence,
            recorded_by, created_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    BEGIN = "INSERT INTO contact_limits (customer_id) SELECT id FROM customers WHERE id = ?1
        ON CONFLICT (customer_id) DO NOTHING";
    KNOWN = "SELECT 1 FROM customers WHERE id = ?";
    CEASE = "UPDATE contact_limits SET cease_at = ?2, cease = ?3 WHERE customer_id = ?1";
    ATTORNEY = "UPDATE contact_limits SET attorney = ?2 WHERE customer_id = ?1";
    INCONVENIENT = "UPDATE contact_limits SET inconvenient = ?2 WHERE customer_id = ?1";
    VALIDATION = "UPDATE contact_limits SET validation_at = ?2, validation = ?3 WHERE customer_id = ?1";
    SETTINGS = "INSERT INTO contact_settings (id, settings, set_by, set_at) VALUES (1, ?1, ?2, ?3)
        ON CONFLICT (id) DO UPDATE SET settings = excluded.settings, set_by = excluded.set_by,
            set_at = excluded.set_at";
}

/// Something that stands between us and a customer, as it is from now on; `None` takes it away.
#[derive(Debug, Clone, Copy)]
pub enum Limit<'a> {
    /// A demand that contact cease.
    Cease(Option<&'a Word>),
    /// Who represents the customer.
    Attorney(Option<&'a Attorney>),
    /// All times and places that do not suit.
    Inconvenient(&'a [Inconvenient]),
    /// The validation notice, once it was given.
    ValidationNotice(Option<&'a Word>),
}

/// Records what is so from now on; false: there is no such customer.
pub async fn set(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    limit: Limit<'_>,
    by: &str,
) -> Result<bool> {
    if tx.row(KNOWN, params![customer.as_str()]).await?.is_none() {
        return Ok(false);
    }
    tx.run(BEGIN, params![customer.as_str()]).await?;
    let id = customer.as_str();
    match limit {
        Limit::Cease(word) | Limit::ValidationNotice(word) => {
            let sql = match limit {
                Limit::Cease(_) => CEASE,
                _ => VALIDATION,
            };
            let at = word.map(|word| word.at.timestamp_millis());
            let how = word.map(|word| json!({"how": word.how, "evidence": word.evidence, "by": by}));
            tx.run(sql, params![id, at, how.map(|how| how.to_string())])
                .await?;
        }
        Limit::Attorney(attorney) => {
            let attorney = attorney.map(serde_json::to_string).transpose()?;
            tx.run(ATTORNEY, params![id, attorney]).await?;
        }
        Limit::Inconvenient(times) => {
            tx.run(INCONVENIENT, params![id, serde_json::to_string(times)?])
                .await?;
        }
    }
    let (kind, title, detail) = told(limit)?;
    let activity = Activity {
        customer_id: customer.clone(),
        kind,
        title: title.to_owned(),
        detail: format!("{detail} Recorded by {by}."),
        refers_to: None,
    };
    activities::record(tx, moment, &[activity]).await?;
    Ok(true)
}

fn when(at: DateTime<Utc>) -> Result<String> {
    rfc3339(at.timestamp_millis())
}

/// The activity's kind, a few words, and a sentence.
fn told(limit: Limit<'_>) -> Result<(&'static str, &'static str, String)> {
    Ok(match limit {
        Limit::Cease(Some(word)) => (
            "contact_ceased",
            "Contact is to cease",
            format!(
                "By {} at {}: what may still be sent follows from the rule.",
                word.how,
                when(word.at)?
            ),
        ),
        Limit::Cease(None) => (
            "contact_resumed",
            "Contact may go on",
            "The demand to cease was taken back.".to_owned(),
        ),
        Limit::Attorney(Some(attorney)) => (
            "attorney_recorded",
            "Represented by an attorney",
            format!("From now on nobody but {} is contacted.", attorney.name),
        ),
        Limit::Attorney(None) => (
            "attorney_removed",
            "No longer represented",
            "The customer itself may be contacted again.".to_owned(),
        ),
        Limit::Inconvenient(times) => (
            "inconvenient_times_set",
            "Times and places that do not suit",
            format!("{} recorded; they take the place of those before.", times.len()),
        ),
        Limit::ValidationNotice(Some(word)) => (
            "validation_notice_given",
            "Validation notice given",
            format!("By {} at {}.", word.how, when(word.at)?),
        ),
        Limit::ValidationNotice(None) => (
            "validation_notice_withdrawn",
            "Validation notice withdrawn",
            "It was recorded in error.".to_owned(),
        ),
    })
}

/// Records a customer's word on consent; false: there is no such customer.
pub async fn consent(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    input: &ConsentInput,
    by: &str,
) -> Result<bool> {
    if tx.row(KNOWN, params![customer.as_str()]).await?.is_none() {
        return Ok(false);
    }
    let (consent, word) = (&input.consent, &input.word);
    let id = moment.id(ConsentId::from_parts)?;
    let parameters = params![
        id.as_str(),
        customer.as_str(),
        consent.channel.map(|channel| channel.as_str()),
        consent.address.as_deref(),
        consent.purpose.map(|purpose| purpose.as_str()),
        i64::from(consent.given),
        consent.at.timestamp_millis(),
        word.how.as_str(),
        word.evidence.as_deref(),
        by,
        moment.ms()
    ];
    tx.run(CONSENT, parameters).await?;
    let channel = consent
        .channel
        .map_or("every channel", |channel| channel.as_str());
    let of =
        |what: Option<&str>, before: &str| what.map(|what| format!(" {before} {what}")).unwrap_or_default();
    let (kind, verb) = match consent.given {
        true => ("consent_given", "given"),
        false => ("consent_revoked", "taken back"),
    };
    let activity = Activity {
        customer_id: customer.clone(),
        kind,
        title: format!("Consent to {channel} {verb}"),
        detail: format!(
            "Consent to {channel}{}{} was {verb} by {} at {}. Recorded by {by}.",
            of(consent.address.as_deref(), "at"),
            of(consent.purpose.map(|purpose| purpose.as_str()), "about"),
            word.how,
            when(consent.at)?
        ),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    Ok(true)
}

/// Sets what the creditor is and has chosen.
pub async fn put_settings(tx: &Tx<'_>, moment: Moment, settings: &Settings, by: &str) -> Result<()> {
    let settings = serde_json::to_string(settings)?;
    tx.run(SETTINGS, params![settings, by, moment.ms()]).await
}
