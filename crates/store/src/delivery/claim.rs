//! Claiming: what is due, looked at once more, given its way, and leased to one courier.

use super::due::{DueRow, due};
use super::route::{self, Asked, Way};
use super::{Carrier, Claim, Claimed, Listed, Settlement, files, release_steps, settle_rows};
use crate::activities::{self, Activity};
use crate::charges;
use crate::contacts;
use crate::db::{Tx, statements};
use crate::dunning;
use crate::error::{Result, StoreError};
use crate::instants::{instant, time_zone};
use crate::law;
use crate::moment::{Moment, random};
use crate::owed::{OwedRow, owed_members};
use crate::params;
use crate::policies::Book;
use crate::suppressions;
use crate::tasks::{self, NewTask};
use chrono::{DateTime, Duration, NaiveDate, SecondsFormat, Utc};
use data_encoding::HEXLOWER;
use receivables::calendar;
use receivables::currency::Currency;
use receivables::dunning::{CaseFacts, Contact, may_contact};
use receivables::id::{CustomerId, InvoiceId, PolicyId};
use receivables::law::Sent;
use receivables::limits;
use receivables::message::MessageStatus;
use receivables::money::Money;
use receivables::notice::About;
use receivables::policy::{Policy, Step};
use receivables::recipient::HeldFor;
use receivables::task::TaskKind;
use receivables::template::Purpose;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// How long a claimed message belongs to its claimant: twice what the most patient host gives a handler (60 s), so
/// that a lease never ends under a courier that is still at work.
const LEASE: Duration = Duration::seconds(120);
/// When a message is looked at again that waits for a person: what it says may be settled by then.
const HELD: Duration = Duration::days(1);
/// When one is that waits for a carrier which is away for a moment.
const AWAY: Duration = Duration::minutes(1);

statements! {
    INVOICES = concat!("SELECT json_object('id', i.id, 'kind', i.kind, 'number', i.number, 'issue_on', i.issue_on,
            'due_on', i.due_on, 'total_minor', i.total_minor, ", owed_members!(), ")
        FROM invoices i WHERE i.id IN (SELECT value FROM json_each(?))");
}

#[derive(Deserialize)]
struct InvoiceRow {
    id: InvoiceId,
    kind: String,
    number: String,
    issue_on: NaiveDate,
    due_on: NaiveDate,
    total_minor: i64,
    #[serde(flatten)]
    owed: OwedRow,
}

/// What a message may say.
struct Say {
    overdue: Vec<InvoiceId>,
    charges: Vec<InvoiceId>,
    upcoming: Vec<InvoiceId>,
}

/// What becomes of a message.
enum Fate {
    Go(Box<Going>),
    Cancel(String),
    Suppress { why: String, review: bool },
    Bounced(String),
    Defer(DateTime<Utc>, String),
    Held(HeldFor, String),
    Waits(receivables::channel::Channel),
    Fail(String),
    Uncertain(String),
}

/// A message that leaves.
struct Going {
    carrier: Carrier,
    to: super::Recipient,
    locale: Option<String>,
    notes: Vec<String>,
    say: Say,
    documents: Vec<String>,
    lease: String,
}

/// Claims at most `limit` due messages, after looking once more at everything that could speak against each.
/// `carriers`: all that are set up, the most welcome first.
pub async fn claim(tx: &Tx<'_>, moment: Moment, limit: u32, carriers: &[Carrier]) -> Result<Claim> {
    let due = due(tx, moment, limit, carriers).await?;
    if due.is_empty() {
        return Ok(Claim::default());
    }
    let scene = Scene::load(tx, moment, &due, carriers).await?;
    let (fates, going) = scene.judge(tx, &due).await?;
    let taken = record(tx, moment, &scene, &due, fates).await?;
    debug_assert_eq!(taken.len(), going, "each that goes is on record as going");
    let claimed = scene.hand_out(tx, &due, taken).await?;
    Ok(Claim {
        examined: due.len(),
        claimed,
    })
}

/// Everything that a claim looks at, read with a handful of statements for all of its messages.
struct Scene<'a> {
    moment: Moment,
    carriers: &'a [Carrier],
    customers: BTreeSet<CustomerId>,
    cases: BTreeMap<(CustomerId, Currency), CaseFacts>,
    book: Book,
    people: BTreeMap<CustomerId, contacts::People>,
    suppressed: BTreeMap<String, Vec<suppressions::Against>>,
    law: BTreeMap<CustomerId, law::Known>,
}
