//! What a state folder holds, in a form that two runs of the same have in common.
//!
//! Ids, tokens and whatever else is random differ from run to run, and so does the moment of a second try. So what looks
//! random is named after where it stands: all rows in which it occurs, looked at three rounds deep. Instants keep their
//! day. What tells only how often something was tried is left out: see [`LEFT_OUT`].

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;

use rusqlite::Connection;
use rusqlite::types::ValueRef;

/// Tables and columns that tell of tries, not of what came of them; `*` is the whole table.
const LEFT_OUT: &[(&str, &str, &str)] = &[
    ("messages", "attempts", "a try that failed is counted"),
    ("messages", "last_error", "and says why"),
    ("messages", "attempt_at", "when it is free again"),
    (
        "messages",
        "lease",
        "whose it was; that none is held is an invariant of its own",
    ),
    ("webhook_deliveries", "attempts", "as of messages"),
    ("webhook_deliveries", "tries", "as of messages"),
    ("webhook_deliveries", "lease", "as of messages"),
    ("webhook_deliveries", "due_at", "as of messages"),
    ("webhook_endpoints", "failing_since", "since when tries fail"),
    (
        "webhook_endpoints",
        "resting_until",
        "and how long it is left alone",
    ),
    (
        "provider_pauses",
        "*",
        "how long a carrier that failed is left alone",
    ),
    ("job_runs", "*", "when jobs ran"),
    (
        "acts",
        "*",
        "who asked and how often; that the trail is whole is proved on the file",
    ),
    ("writes", "*", "in which order rows were written"),
    (
        "events",
        "seq",
        "of messages that left at the same time, the one that was tried twice comes later",
    ),
    ("webhook_deliveries", "seq", "an event's"),
];

/// Rows that are compared, of tables whose others tell of tries. Each try of a message makes links anew: who has the text
/// of the first try holds its links, so they stay, and as only their hashes are kept the second cannot have the same.
const COMPARED: &[(&str, &str)] = &[
    ("payment_links", "message_id IS NULL"),
    (
        "payment_link_invoices",
        "link_id IN (SELECT id FROM payment_links WHERE message_id IS NULL)",
    ),
    ("unsubscribes", "message_id IS NULL"),
    // A try that failed is on the timeline.
    ("activities", "kind <> 'message_retry'"),
];

/// Rounds in which names learn from their neighbours.
const ROUNDS: usize = 3;

/// Digits of a name.
pub(super) const NAME_LENGTH: usize = 4;

/// Random text is at least this long.
const RANDOM_LENGTH: usize = 20;

#[derive(Debug)]
enum Part {
    Word(String),
    Random(String),
}

struct Row {
    table: String,
    parts: Vec<Part>,
}

/// The rows of a database, as sorted lines.
pub(super) fn dump(file: &Path) -> Vec<String> {
    let rows = read(file);
    let mut names: BTreeMap<&str, u64> = BTreeMap::new();
    for round in 0..ROUNDS {
        let mut learned: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        for row in &rows {
            let text = hash(&(&row.table, written(row, &names)));
            for (at, part) in row.parts.iter().enumerate() {
                if let Part::Random(random) = part {
                    learned.entry(random).or_default().push(hash(&(text, at)));
                }
            }
        }
        names = learned
            .into_iter()
            .map(|(random, mut seen)| {
                seen.sort_unstable();
                (random, hash(&(round, seen)))
            })
            .collect();
    }
    let mut lines: Vec<String> = rows
        .iter()
        .map(|row| format!("{}: {}", row.table, written(row, &names)))
        .collect();
    lines.sort();
    lines
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

fn written(row: &Row, names: &BTreeMap<&str, u64>) -> String {
    row.parts
        .iter()
        .map(|part| match part {
            Part::Word(word) => word.clone(),
            Part::Random(random) => {
                // `inv` of an invoice's id; tokens say nothing of themselves.
                let kind = random
                    .split_once('_')
                    .filter(|(_, id)| id.len() == 26 && random.len() < 32);
                let kind = kind.map_or("", |(kind, _)| kind);
                format!("{kind}#{:04x}", names.get(random.as_str()).unwrap_or(&0) & 0xffff)
            }
        })
        .collect()
}

fn read(file: &Path) -> Vec<Row> {
    let database = Connection::open(file).expect("the database");
    let names = |sql: &str| -> Vec<String> {
        let mut statement = database.prepare(sql).expect("a statement");
        let rows = statement.query_map([], |row| row.get(0)).expect("rows");
        rows.collect::<Result<_, _>>().expect("names")
    };
    let tables = names(
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
    );
    let mut rows = Vec::new();
    for table in tables {
        let left_out = |column: &str| {
            LEFT_OUT
                .iter()
                .any(|(t, c, _)| *t == table && (*c == "*" || *c == column))
        };
        let columns = names(&format!("SELECT name FROM pragma_table_xinfo('{table}')"));
        let columns: Vec<String> = columns.into_iter().filter(|column| !left_out(column)).collect();
        if columns.is_empty() {
            continue;
        }
        let compared = COMPARED.iter().find(|(name, _)| *name == table);
        let rows_of = compared.map_or("TRUE", |(_, condition)| condition);
        let sql = format!(
            "SELECT \"{}\" FROM {table} WHERE {rows_of}",
            columns.join("\", \"")
        );
        let mut statement = database.prepare(&sql).expect("a statement");
        let mut found = statement.query([]).expect("rows");
        while let Some(row) = found.next().expect("a row") {
            let mut parts = Vec::new();
            for (at, column) in columns.iter().enumerate() {
                parts.push(Part::Word(format!("{column}=")));
                take(row.get_ref(at).expect("a value"), &mut parts);
                parts.push(Part::Word(" ".to_owned()));
            }
            rows.push(Row {
                table: table.clone(),
                parts,
            });
        }
    }
    rows
}

fn take(value: ValueRef<'_>, parts: &mut Vec<Part>) {
    match value {
        ValueRef::Null => parts.push(Part::Word("-".to_owned())),
        ValueRef::Integer(number) => parts.push(Part::Word(integer(number))),
        ValueRef::Real(number) => parts.push(Part::Word(number.to_string())),
        ValueRef::Text(text) => words(&String::from_utf8_lossy(text), parts),
        ValueRef::Blob(blob) => words(&String::from_utf8_lossy(blob), parts),
    }
}

/// Milliseconds since 1970 keep their day.
fn integer(number: i64) -> String {
    const DAY_MS: i64 = 86_400_000;
    if (1_000_000_000_000..4_000_000_000_000).contains(&number) {
        format!("day {}", number / DAY_MS)
    } else {
        number.to_string()
    }
}

/// Splits a text into what is random and what is not.
fn words(text: &str, parts: &mut Vec<Part>) {
    let is_word = |c: char| c.is_ascii_alphanumeric() || "_-/".contains(c);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c| is_word(c) != is_word(first)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        rest = after;
        if let Some(day) = instant(word) {
            parts.push(Part::Word(day.to_owned()));
            rest = rest.trim_start_matches(|c: char| c.is_ascii_digit() || ":.".contains(c));
            rest = rest.strip_prefix('Z').unwrap_or(rest);
        } else if is_random(word) {
            // An address ends with what is random.
            let (path, random) = word.rsplit_once('/').unwrap_or(("", word));
            parts.push(Part::Word(path.to_owned()));
            parts.push(Part::Random(random.to_owned()));
        } else {
            parts.push(Part::Word(word.to_owned()));
        }
    }
}

fn is_random(word: &str) -> bool {
    let last = word.rsplit('/').next().unwrap_or(word);
    let has = |is: fn(&char) -> bool| last.chars().any(|c| is(&c));
    let mixed = has(char::is_ascii_digit) || has(char::is_ascii_uppercase) && has(char::is_ascii_lowercase);
    last.len() >= RANDOM_LENGTH && mixed
}

/// The day of `2026-01-12T09`, the beginning of an instant.
fn instant(word: &str) -> Option<&str> {
    let (day, hour) = word.split_once('T')?;
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit() || c == '-');
    (day.len() == 10 && hour.len() == 2 && digits(day) && digits(hour)).then_some(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("test.db");
        let database = Connection::open(&file).expect("a database");
        database
            .execute_batch("CREATE TABLE a (id TEXT, b TEXT)")
            .expect("a table");
        for (id, b) in rows {
            database
                .execute("INSERT INTO a VALUES (?, ?)", (id, b))
                .expect("a row");
        }
        drop(database);
        dump(&file)
    }

    #[test]
    fn what_is_random_differs_and_what_it_stands_for_does_not() {
        let one = of(&[
            ("inv_01jz3q4k5m6n7p8q9r0s1t2v3w", "x"),
            ("p", "inv_01jz3q4k5m6n7p8q9r0s1t2v3w"),
        ]);
        assert_eq!(
            one,
            of(&[
                ("p", "inv_01jz3q4k5m6n7p8q9r0s1t2v3z"),
                ("inv_01jz3q4k5m6n7p8q9r0s1t2v3z", "x")
            ])
        );
        for other in [
            [
                ("inv_01jz3q4k5m6n7p8q9r0s1t2v3w", "x"),
                ("p", "inv_01jz3q4k5m6n7p8q9r0s1t2v3z"),
            ],
            [
                ("inv_01jz3q4k5m6n7p8q9r0s1t2v3w", "y"),
                ("p", "inv_01jz3q4k5m6n7p8q9r0s1t2v3w"),
            ],
        ] {
            assert_ne!(one, of(&other));
        }
        assert_eq!(
            of(&[("a", "2026-01-12T09:00:00.123Z")]),
            of(&[("a", "2026-01-12T10:00:00Z")])
        );
    }
}
