//! The proof: that a ledger's file holds what the app wrote, all of it and nothing else; or which row it is that differs.
//!
//! **Shape.** One read of one snapshot, beside the app and without it, so that it serves a running database and a
//! backup alike. First the file itself, then the trail act by act, then every sealed row against the print that its
//! last act left of it, then the sums. **Bounds.** A print and an id of each sealed row are held in memory.
//! **What it cannot see:** a file that was written anew as a whole, trail included. Against that stands a head that
//! was kept elsewhere: the act of that number must still have that hash.

use crate::postings::{self, Drift};
use crate::trail::{self, Act, NOBODY, PRINT, TrailHead, row};
use rusqlite::{Connection, Result, Row};
use std::collections::{HashMap, HashSet};

/// The first schema that has a trail.
const TRAIL_SINCE: i64 = 6;

/// Sealed tables: what the trail calls a row, the table, and how all of them are read.
const SEALED: &[(&str, &str, &str)] = &[
    ("posting", "postings", concat!("SELECT id, 0, ", row!(posting))),
    (
        "activity",
        "activities",
        concat!("SELECT id, 0, ", row!(activity)),
    ),
    ("payment", "payments", concat!("SELECT id, 0, ", row!(payment))),
    (
        "allocation",
        "allocations",
        concat!("SELECT payment_id, position, ", row!(allocation)),
    ),
    (
        "credit_note",
        "credit_notes",
        concat!("SELECT id, 0, ", row!(credit_note)),
    ),
    ("api_key", "api_keys", concat!("SELECT id, 0, ", row!(api_key))),
];

/// Sums that must hold: the table, and the rows where one does not, each with what differs.
const SUMS: &[(&str, &str)] = &[
    (
        "payments",
        "SELECT p.id, 'its parts come to ' || (p.unapplied_minor + p.refunded_minor + p.reversed_minor + p.allocated_minor)
            || ', its amount is ' || p.amount_minor FROM payments p
         WHERE p.unapplied_minor + p.refunded_minor + p.reversed_minor + p.allocated_minor <> p.amount_minor",
    ),
    (
        "payments",
        "SELECT p.id, 'its allocations come to ' || s.minor || ', it says ' || p.allocated_minor FROM payments p
         JOIN (SELECT y.id AS id, coalesce(sum(a.amount_minor), 0) AS minor FROM payments y
            LEFT JOIN allocations a ON a.payment_id = y.id GROUP BY y.id) s ON s.id = p.id
         WHERE s.minor <> p.allocated_minor",
    ),
    (
        "credit_notes",
        "SELECT c.id, 'its parts come to ' || (c.applied_minor + c.unapplied_minor) || ', its total is ' || c.total_minor
         FROM credit_notes c WHERE c.applied_minor + c.unapplied_minor <> c.total_minor",
    ),
    (
        "cases",
        "SELECT c.customer_id || ' ' || c.currency, 'its balance is ' || c.balance_minor
            || ', its invoices less what is on account come to ' || (coalesce(s.minor, 0) - c.unapplied_minor)
         FROM cases c LEFT JOIN (SELECT customer_id, currency, sum(balance_minor) AS minor FROM invoices
            GROUP BY customer_id, currency) s ON s.customer_id = c.customer_id AND s.currency = c.currency
         WHERE c.balance_minor <> coalesce(s.minor, 0) - c.unapplied_minor",
    ),
    (
        "invoices",
        "SELECT i.id, 'its balance is ' || i.balance_minor || ' of ' || i.total_minor FROM invoices i
         WHERE i.balance_minor NOT BETWEEN 0 AND i.total_minor",
    ),
];

const SCHEMA: &str = "SELECT coalesce(max(version), 0) FROM schema_migrations";
const ACTS: &str = "SELECT seq, at, who, what, request, upto, prints, hash FROM acts ORDER BY seq";
const WRITES: &str = "SELECT seq, what, id, position FROM writes ORDER BY seq";
/// The number of the last act that there ever was.
const LAST_ACT: &str = "SELECT seq FROM sqlite_sequence WHERE name = 'acts'";

/// A row that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its table.
    pub table: String,
    /// Its id.
    pub id: String,
    /// What is wrong with it.
    pub what: String,
}

/// What was proved, or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The schema's version.
    pub schema: i64,
    /// Acts of the trail.
    pub acts: i64,
    /// Rows that they seal.
    pub rows: usize,
    /// Where the trail ends; none in a ledger of before there was one.
    pub head: Option<TrailHead>,
    /// What is not as it should be, the earliest in the trail first. Empty: all of it holds.
    pub findings: Vec<Finding>,
}

/// Proves a ledger, against a head that was kept elsewhere where there is one.
///
/// # Errors
/// It cannot be read.
pub fn prove(connection: &Connection, kept: Option<&TrailHead>) -> Result<Proof> {
    let snapshot = connection.unchecked_transaction()?;
    let schema = snapshot.query_row(SCHEMA, [], |row| row.get(0))?;
    let mut findings = Vec::new();
    file(&snapshot, &mut findings)?;
    let mut proof = Proof {
        schema,
        acts: 0,
        rows: 0,
        head: None,
        findings: Vec::new(),
    };
    if schema >= TRAIL_SINCE {
        let mut trail = Trail::read(&snapshot, kept)?;
        trail.compare(&snapshot)?;
        trail.findings.sort_by_key(|(place, _)| *place);
        findings.extend(trail.findings.into_iter().map(|(_, finding)| finding));
        (proof.acts, proof.rows, proof.head) = (trail.acts, trail.rows, trail.head);
    }
    sums(&snapshot, &mut findings)?;
    proof.findings = findings;
    Ok(proof)
}

fn finding(table: &str, id: impl ToString, what: impl Into<String>) -> Finding {
    Finding {
        table: table.to_owned(),
        id: id.to_string(),
        what: what.into(),
    }
}

/// Each row of a query, until there are no more.
fn each(connection: &Connection, sql: &str, mut take: impl FnMut(&Row<'_>) -> Result<()>) -> Result<()> {
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        take(row)?;
    }
    Ok(())
}

fn file(connection: &Connection, findings: &mut Vec<Finding>) -> Result<()> {
    each(connection, "PRAGMA integrity_check", |row| {
        let said: String = row.get(0)?;
        if said != "ok" {
            findings.push(finding("file", "", said));
        }
        Ok(())
    })?;
    each(connection, "PRAGMA foreign_key_check", |row| {
        let (table, id): (String, Option<i64>) = (row.get(0)?, row.get(1)?);
        let parent: String = row.get(2)?;
        let id = id.map_or(String::new(), |id| format!("rowid {id}"));
        findings.push(finding(
            &table,
            id,
            format!("refers to a row of {parent} that is not there"),
        ));
        Ok(())
    })
}

fn sums(connection: &Connection, findings: &mut Vec<Finding>) -> Result<()> {
    each(connection, postings::PROOF, |row| {
        let text: String = row.get(0)?;
        let Ok(drift) = serde_json::from_str::<Drift>(&text) else {
            findings.push(finding("postings", "", text));
            return Ok(());
        };
        let what = format!(
            "{} is stored, its postings come to {}",
            drift.stored_minor, drift.posted_minor
        );
        let table = match drift.what.as_str() {
            "invoice" => "invoices",
            "case" => "cases",
            other => other,
        };
        findings.push(finding(table, drift.id, what));
        Ok(())
    })?;
    for (table, sql) in SUMS {
        each(connection, sql, |row| {
            let (id, what): (String, String) = (row.get(0)?, row.get(1)?);
            findings.push(finding(table, id, what));
            Ok(())
        })?;
    }
    Ok(())
}

/// What a row is called: its kind, its id, its position.
type Name = (String, String, i64);

/// What the last act that wrote a row left of it.
struct Sealed {
    place: i64,
    act: i64,
    print: [u8; PRINT],
}

#[derive(Default)]
struct Trail {
    acts: i64,
    rows: usize,
    head: Option<TrailHead>,
    /// Who did it and what, by act.
    by: HashMap<i64, String>,
    last: HashMap<Name, Sealed>,
    /// What stands as nobody's act left it.
    beside: HashSet<Name>,
    /// Each with its place among the writes.
    findings: Vec<(i64, Finding)>,
}

fn table_of(what: &str) -> &str {
    let known = SEALED.iter().find(|(name, ..)| *name == what);
    known.map_or("writes", |(_, table, _)| table)
}

fn shown(id: &str, position: i64) -> String {
    match position {
        0 => id.to_owned(),
        position => format!("{id} {position}"),
    }
}

impl Trail {
    fn found(&mut self, place: i64, finding: Finding) {
        self.findings.push((place, finding));
    }

    fn read(connection: &Connection, kept: Option<&TrailHead>) -> Result<Self> {
        let mut trail = Self::default();
        let mut statement = connection.prepare(WRITES)?;
        let mut writes = statement.query([])?;
        let (mut upto, mut hash) = (0_i64, String::new());
        let mut is_kept = kept.is_none();
        each(connection, ACTS, |row| {
            let seq: i64 = row.get(0)?;
            let act = Act {
                at_ms: row.get(1)?,
                who: row.get(2)?,
                what: row.get(3)?,
                request: row.get(4)?,
                always: false,
            };
            let (to, prints): (i64, Vec<u8>) = (row.get(5)?, row.get(6)?);
            let stored: String = row.get(7)?;
            let expected = trail.acts.saturating_add(1);
            if seq != expected {
                trail.found(
                    upto,
                    finding("acts", expected, format!("is gone: {seq} comes next")),
                );
            }
            let count = to.saturating_sub(upto);
            let whole = i64::try_from(prints.len() / PRINT) == Ok(count);
            if !whole || act.hash(&hash, to, &prints).ok().as_ref() != Some(&stored) {
                let what = "is not what its hash was made of, or does not follow the one before";
                trail.found(upto, finding("acts", seq, what));
            }
            trail.by.insert(seq, format!("{} ({})", act.who, act.what));
            for print in prints.chunks_exact(PRINT) {
                upto = upto.saturating_add(1);
                let Some(write) = writes.next()? else {
                    trail.found(upto, finding("writes", upto, "is gone"));
                    continue;
                };
                trail.take(upto, seq, &act, write, print)?;
            }
            if kept.is_some_and(|kept| kept.act == seq && kept.hash == stored) {
                is_kept = true;
            }
            (trail.acts, upto) = (seq, to);
            hash.clone_from(&stored);
            trail.head = Some(TrailHead {
                act: seq,
                hash: stored,
            });
            Ok(())
        })?;
        while let Some(write) = writes.next()? {
            let (what, id): (String, String) = (write.get(1)?, write.get(2)?);
            let place = write.get(0)?;
            let what_is = "was written beside the app, and no act seals it";
            trail.found(place, finding(table_of(&what), &id, what_is));
            trail.beside.insert((what, id, write.get(3)?));
        }
        let last: i64 = connection.query_row(LAST_ACT, [], |row| row.get(0)).unwrap_or(0);
        if last > trail.acts {
            let what = format!("is gone, and all after it: the trail went as far as {last}");
            trail.found(i64::MAX, finding("acts", trail.acts.saturating_add(1), what));
        }
        if let (Some(kept), false) = (kept, is_kept) {
            let what = "is not the one that was kept: acts are gone, or the file was written anew";
            trail.found(i64::MAX, finding("acts", kept.act, what));
        }
        Ok(trail)
    }

    fn take(&mut self, place: i64, act: i64, who: &Act, write: &Row<'_>, print: &[u8]) -> Result<()> {
        let (seq, what): (i64, String) = (write.get(0)?, write.get(1)?);
        let (id, position): (String, i64) = (write.get(2)?, write.get(3)?);
        if seq != place {
            self.found(
                place,
                finding("writes", place, format!("is gone: {seq} comes next")),
            );
        }
        if who.who == NOBODY {
            let said = format!("was written beside the app; act {act} found it");
            self.found(place, finding(table_of(&what), shown(&id, position), said));
        }
        let mut sealed = Sealed {
            place,
            act,
            print: [0; PRINT],
        };
        for (to, from) in sealed.print.iter_mut().zip(print) {
            *to = *from;
        }
        self.last.insert((what, id, position), sealed);
        Ok(())
    }

    /// Every sealed row against what its last act left of it.
    fn compare(&mut self, connection: &Connection) -> Result<()> {
        self.rows = self.last.len();
        let mut last = std::mem::take(&mut self.last);
        for (what, table, sql) in SEALED {
            each(connection, sql, |row| {
                let (id, position): (String, i64) = (row.get(0)?, row.get(1)?);
                let text: String = row.get(2)?;
                let line = format!("{what} {id} {position} {text}");
                let name = ((*what).to_owned(), id, position);
                let id = shown(&name.1, position);
                if self.beside.contains(&name) {
                    last.remove(&name);
                    return Ok(());
                }
                match last.remove(&name) {
                    None => self.found(i64::MAX, finding(table, id, "is there, but no act wrote it")),
                    Some(sealed) if sealed.print != trail::print(&line) => {
                        let by = self.by.get(&sealed.act).map_or("", String::as_str);
                        let what = format!("is not as act {} by {by} left it", sealed.act);
                        self.found(sealed.place, finding(table, id, what));
                    }
                    Some(_) => {}
                }
                Ok(())
            })?;
        }
        for ((what, id, position), sealed) in last {
            if sealed.print != trail::print(&format!("{what} {id} {position} gone")) {
                let by = self.by.get(&sealed.act).map_or("", String::as_str);
                let said = format!("is gone: act {} by {by} wrote it", sealed.act);
                self.found(sealed.place, finding(table_of(&what), shown(&id, position), said));
            }
        }
        Ok(())
    }
}
