//! Activities: every contact made or refused, every decision, with what decided. Append-only.

use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use receivables::id::{ActivityId, CustomerId};
use serde::Serialize;

statements! {
    INSERT = "INSERT INTO activities (id, customer_id, at, kind, title, detail, refers_to)
        SELECT j.value->>'id', j.value->>'customer_id', ?1, j.value->>'kind', j.value->>'title',
            j.value->>'detail', j.value->>'refers_to' FROM json_each(?2) AS j";
}

/// One line of a customer's timeline.
#[derive(Debug, Clone, Serialize)]
pub struct Activity {
    /// Whose.
    pub customer_id: CustomerId,
    /// A word for programs: `message_queued`, `message_sent`, `contact_refused`, `payment_received`, ...
    pub kind: &'static str,
    /// A few words for people.
    pub title: String,
    /// What decided, in a sentence.
    pub detail: String,
    /// The message, payment or invoice that it is about.
    pub refers_to: Option<String>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: ActivityId,
    #[serde(flatten)]
    activity: &'a Activity,
}

/// Records all of `activities` with one statement.
pub async fn record(tx: &Tx<'_>, moment: Moment, activities: &[Activity]) -> Result<()> {
    if activities.is_empty() {
        return Ok(());
    }
    let mut mint = moment.mint()?;
    let rows: Vec<_> = activities
        .iter()
        .map(|activity| Row {
            id: mint.id(ActivityId::from_parts),
            activity,
        })
        .collect();
    tx.run(INSERT, params![moment.ms(), serde_json::to_string(&rows)?])
        .await
}
