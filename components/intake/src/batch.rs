//! Rows that are taken together: read, their customers made known, taken, and what cannot be taken kept.

use crate::e_invoices;
use crate::invoices::refusal;
use crate::stream::{Request, State};
use formats::csv::cells::unclosed;
use formats::csv::layout::Layout;
use formats::csv::records::{Fault, Record};
use receivables::fields::FieldError;
use receivables::id::RejectId;
use receivables::intake::{CustomerInput, CustomerRef, InvoiceInput};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use store::Tx;
use store::billing::generic::{customer_awaited, invoice_awaited, resume};
use store::customers::{self, Directory};
use store::invoices::{self, Taken};
use store::rejects::{self, Origin, Reject};
use web::{Cx, Problem};

/// Rejected lines that an answer lists; all of them are kept and listed at `/v1/intake/rejects`.
pub(crate) const LISTED: usize = 1_000;

/// What an intake came to so far.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Tally {
    accepted: u64,
    duplicates: u64,
    rejected_count: u64,
    /// The first of them.
    rejected: Vec<Reject>,
}

impl Tally {
    /// Whether nothing has been done yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.accepted == 0 && self.duplicates == 0 && self.rejected_count == 0
    }

    pub(crate) fn as_json(&self) -> Value {
        json!({"accepted": self.accepted, "duplicates": self.duplicates, "rejected": self.rejected,
            "rejected_count": self.rejected_count})
    }

    fn reject(&mut self, rejects: &[Reject]) {
        let more = u64::try_from(rejects.len()).unwrap_or(u64::MAX);
        self.rejected_count = self.rejected_count.saturating_add(more);
        let room = LISTED.saturating_sub(self.rejected.len());
        // Without the lines' texts, which are kept and not listed.
        self.rejected
            .extend(rejects.iter().take(room).map(|reject| Reject {
                line: reject.line,
                errors: reject.errors.clone(),
                body: String::new(),
            }));
    }
}

/// How a table was read, for the person who sent it.
pub(crate) fn table_as_json(layout: &Layout) -> Value {
    let columns: serde_json::Map<String, Value> = layout
        .columns
        .iter()
        .zip(&layout.fields)
        .filter_map(|(column, field)| Some((column.clone(), json!(field.as_ref()?))))
        .collect();
    json!({"delimiter": layout.delimiter, "decimal": layout.decimal, "date_format": layout.dates,
        "columns": columns, "unmapped": layout.unmapped()})
}

/// A row: its line and its text, or what kept it from being read.
pub(crate) struct Item {
    line: u32,
    text: String,
    errors: Vec<FieldError>,
}

impl Item {
    /// The row of a record; `None` for an empty one.
    pub(crate) fn of(record: Record, layout: Option<&Layout>) -> Option<Self> {
        let mut errors: Vec<FieldError> = record.fault.map(fault).into_iter().collect();
        let encoding = layout.map(|layout| layout.encoding).unwrap_or_default();
        let text = match errors.is_empty() {
            false => String::from_utf8_lossy(&record.bytes).into_owned(),
            true => {
                let kept = String::from_utf8_lossy(&record.bytes).into_owned();
                encoding.decode(record.bytes).unwrap_or_else(|problem| {
                    errors.push(FieldError::new("", problem.code, problem.detail));
                    kept
                })
            }
        };
        // A spreadsheet goes on with rows of nothing but delimiters.
        let delimiter = layout.map_or(' ', |layout| layout.delimiter);
        let empty = text.chars().all(|c| c.is_whitespace() || c == delimiter);
        (!empty).then_some(Self {
            line: record.line,
            text,
            errors,
        })
    }

    /// What it says, where it can be read.
    pub(crate) fn text(&self) -> Option<&str> {
        self.errors.is_empty().then_some(self.text.as_str())
    }
}

/// What is wrong with a record that could not be cut.
pub(crate) fn fault(fault: Fault) -> FieldError {
    match fault {
        Fault::TooLong => FieldError::new("", "too_long", "the line is longer than is read"),
        Fault::Unclosed => {
            let problem = unclosed();
            FieldError::new("", problem.code, problem.detail)
        }
    }
}

/// What a row says.
struct Read<'a> {
    item: &'a Item,
    input: InvoiceInput,
    customer: Option<Result<CustomerInput, Vec<FieldError>>>,
    /// The kept line that it corrects.
    corrects: Option<RejectId>,
}

fn read<'a>(item: &'a Item, layout: Option<&Layout>) -> Result<Read<'a>, Vec<FieldError>> {
    let text = item.text().ok_or_else(|| item.errors.clone())?;
    let Some(layout) = layout else {
        let value: Value = serde_json::from_str(text).map_err(|error| {
            let detail = format!("This line is not JSON: {error}");
            vec![FieldError::new("", "not_json", detail)]
        })?;
        return Ok(Read {
            item,
            input: InvoiceInput::parse(&value)?,
            customer: None,
            corrects: None,
        });
    };
    let row = layout.row(text);
    Ok(Read {
        item,
        input: row.invoice?,
        customer: row.customer,
        corrects: row.reject.and_then(|id| RejectId::parse(&id).ok()),
    })
}

/// Takes the rows of a batch; `alone`, where there is no other.
pub(crate) async fn take(
    cx: &Cx,
    tx: &Tx<'_>,
    request: &Request<'_>,
    items: &[Item],
    alone: bool,
    state: &mut State,
) -> Result<(), Problem> {
    let mut rejected: Vec<Reject> = Vec::new();
    let mut reads: Vec<Read<'_>> = Vec::new();
    let reject = |item: &Item, errors| Reject {
        line: item.line,
        errors,
        body: item.text.clone(),
    };
    for item in items {
        match read(item, state.layout.as_ref()) {
            Ok(read) => reads.push(read),
            Err(errors) => rejected.push(reject(item, errors)),
        }
    }
    let unusable = make_known(cx, tx, &mut reads).await?;
    let inputs: Vec<InvoiceInput> = reads.iter().map(|read| read.input.clone()).collect();
    let outcomes = match alone {
        true => invoices::take(tx, cx.moment(), &inputs).await?,
        false => invoices::take_part(tx, cx.moment(), &inputs).await?,
    };
    let mut corrected: Vec<RejectId> = Vec::new();
    for (read, taken) in reads.iter().zip(outcomes) {
        match taken {
            Taken::Accepted(_) => state.tally.accepted = state.tally.accepted.saturating_add(1),
            Taken::Duplicate(_) => state.tally.duplicates = state.tally.duplicates.saturating_add(1),
            other => {
                let of_customer = unusable
                    .get(&read.item.line)
                    .filter(|_| other == Taken::UnknownCustomer);
                let errors = of_customer
                    .cloned()
                    .unwrap_or_else(|| refusal(&read.input, &other));
                rejected.push(reject(read.item, errors));
                continue;
            }
        }
        corrected.extend(read.corrects.clone());
    }
    let brought = inputs.iter().map(|input| invoice_awaited(&input.number));
    resume(tx, cx.moment(), brought.collect()).await?;
    rejected.sort_by_key(|reject| reject.line);
    let layout = state
        .layout
        .as_ref()
        .map(serde_json::to_string)
        .transpose()
        .map_err(|error| Problem::internal(format!("layout: {error}")))?;
    let origin = Origin {
        kind: "invoice",
        source: request.source.as_deref(),
        layout: layout.as_deref(),
    };
    rejects::keep(tx, cx.moment(), origin, &rejected).await?;
    rejects::remove(tx, &corrected).await?;
    state.tally.reject(&rejected);
    Ok(())
}

/// Makes accounts of customers that rows describe and nobody knows; answers what is wrong with those that cannot be
/// made, by line.
async fn make_known(
    cx: &Cx,
    tx: &Tx<'_>,
    reads: &mut [Read<'_>],
) -> Result<BTreeMap<u32, Vec<FieldError>>, Problem> {
    let mut unusable = BTreeMap::new();
    let described: Vec<CustomerRef> = reads
        .iter()
        .filter(|read| read.customer.is_some())
        .map(|read| read.input.customer.clone())
        .collect();
    if described.is_empty() {
        return Ok(unusable);
    }
    let directory = Directory::load(tx, described.iter()).await?;
    let mut drafts: Vec<CustomerInput> = Vec::new();
    let mut seen = BTreeSet::new();
    for read in reads {
        if directory.get(&read.input.customer).is_some() {
            continue;
        }
        match read.customer.take() {
            None => {}
            // The first row that describes it does so for all.
            Some(Ok(draft)) if seen.insert(draft.external_id.clone()) => drafts.push(draft),
            Some(Ok(_)) => {}
            Some(Err(errors)) => {
                unusable.insert(read.item.line, errors);
            }
        }
    }
    customers::upsert(tx, cx.moment(), &drafts).await?;
    let brought = drafts.iter().map(|draft| customer_awaited(&draft.external_id));
    resume(tx, cx.moment(), brought.collect()).await?;
    Ok(unusable)
}

/// Takes one row by itself, as a kept line is taken again: the invoice, after its customer where that is new.
pub(crate) async fn make_one_known(
    cx: &Cx,
    tx: &Tx<'_>,
    customer: Option<&Result<CustomerInput, Vec<FieldError>>>,
    input: &InvoiceInput,
) -> Result<(), Problem> {
    let directory = Directory::load(tx, std::iter::once(&input.customer)).await?;
    match (directory.get(&input.customer), customer) {
        (None, Some(Ok(draft))) => e_invoices::make_known(cx, tx, draft).await,
        (None, Some(Err(errors))) => Err(Problem::invalid(errors.clone())),
        _ => Ok(()),
    }
}
