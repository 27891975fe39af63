//! What a case can have done, one after the other, within one request.
//!
//! Connections, results, stores and listings have names and live until they are dropped or the script ends. An
//! error is an answer like any other (`{"error": "..."}`): that it comes, and where, is what cases are about.

use crate::{fetch, held};
use serde::Deserialize;
use serde_json::{Value, json};
use spin_sdk::key_value::{Keys, Store};
use spin_sdk::sqlite::{self, Connection, QueryResult};
use std::collections::HashMap;
use std::fmt::Display;
use std::time::Duration;

/// How often a gathering looks who is there.
const LOOK_MS: u64 = 50;

/// One thing to do.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Op {
    /// Opens a connection.
    Open { name: String, database: Option<String> },
    /// Begins a statement: its columns, or the error that comes early.
    Execute { on: String, sql: String, name: String },
    /// The next row of a statement that was begun.
    Row { of: String },
    /// What is left of a statement that was begun: rows, or the error that comes late.
    Collect { of: String },
    /// A whole statement: rows or its error.
    Query {
        on: String,
        sql: String,
        #[serde(default)]
        parameters: Vec<Value>,
    },
    /// A statement's first value, decoded as each type in turn: null where it is of another.
    Decode { on: String, sql: String },
    /// The rowid and the number of changes of the last statement.
    Changes { on: String },
    /// Opens a key-value store.
    Store { name: String, label: Option<String> },
    /// Sets a value.
    Set { on: String, key: String, value: String },
    /// A value, and whether it exists.
    Get { on: String, key: String },
    /// Deletes a value.
    Delete { on: String, key: String },
    /// All keys, in order.
    Keys { on: String },
    /// Begins to list keys.
    List { on: String, name: String },
    /// The next key of a listing that was begun.
    Key { of: String },
    /// Drops what has this name.
    Drop { name: String },
    /// A variable of the component.
    Variable { name: String },
    /// An outbound request.
    Fetch(fetch::Fetch),
    /// How many requests this instance was given, and how many it is at work on.
    Instance,
    /// Waits, and tells how many requests this instance was at work on at most.
    Gather { ms: u64 },
    /// Does nothing for a while.
    Sleep { ms: u64 },
    /// Computes for ever.
    Compute,
    /// Takes memory.
    Allocate { mebibytes: usize },
    /// Panics, if so many requests are in flight, this one included.
    Panic { in_flight: usize },
}

#[derive(Default)]
struct Names {
    connections: HashMap<String, Connection>,
    results: HashMap<String, QueryResult>,
    stores: HashMap<String, Store>,
    listings: HashMap<String, Keys>,
}

/// Does all of it.
pub(crate) async fn run(ops: Vec<Op>) -> Value {
    let mut names = Names::default();
    let mut answers = Vec::new();
    for op in ops {
        answers.push(
            names
                .step(op)
                .await
                .unwrap_or_else(|error| json!({ "error": error })),
        );
    }
    answers.into()
}

impl Names {
    async fn step(&mut self, op: Op) -> Result<Value, String> {
        match op {
            Op::Open { name, database } => {
                let label = database.unwrap_or_else(|| "default".to_owned());
                let connection = Connection::open(label).await.map_err(debug)?;
                self.connections.insert(name, connection);
                Ok(json!("open"))
            }
            Op::Execute { on, sql, name } => {
                let result = find(&self.connections, &on)?
                    .execute(sql, [])
                    .await
                    .map_err(debug)?;
                let columns = json!(result.columns());
                self.results.insert(name, result);
                Ok(columns)
            }
            Op::Row { of } => {
                let result = self.results.get_mut(&of).ok_or("no such result")?;
                Ok(result.next().await.map_or(Value::Null, |row| values(&row.values)))
            }
            Op::Collect { of } => {
                let result = self.results.remove(&of).ok_or("no such result")?;
                rows(result).await
            }
            Op::Query { on, sql, parameters } => {
                let parameters: Vec<_> = parameters.iter().map(parameter).collect::<Result<_, _>>()?;
                let connection = find(&self.connections, &on)?;
                rows(connection.execute(sql, parameters).await.map_err(debug)?).await
            }
            Op::Decode { on, sql } => {
                let result = find(&self.connections, &on)?
                    .execute(sql, [])
                    .await
                    .map_err(debug)?;
                let rows = result.collect().await.map_err(debug)?;
                let row = rows.first().ok_or("no row")?;
                Ok(json!({
                    "i64": row.get::<i64>(0),
                    "u8": row.get::<u8>(0),
                    "bool": row.get::<bool>(0),
                    "f64": row.get::<f64>(0),
                    "str": row.get::<&str>(0),
                    "bytes": row.get::<&[u8]>(0).map(hexadecimal),
                }))
            }
            Op::Changes { on } => {
                let connection = find(&self.connections, &on)?;
                Ok(json!([
                    connection.last_insert_rowid().await,
                    connection.changes().await
                ]))
            }
            Op::Store { name, label } => {
                let label = label.unwrap_or_else(|| "default".to_owned());
                let store = Store::open(label).await.map_err(debug)?;
                self.stores.insert(name, store);
                Ok(json!("open"))
            }
            Op::Set { on, key, value } => {
                find(&self.stores, &on)?.set(key, value).await.map_err(debug)?;
                Ok(json!("set"))
            }
            Op::Get { on, key } => {
                let store = find(&self.stores, &on)?;
                let value = store.get(&key).await.map_err(debug)?;
                let exists = store.exists(&key).await.map_err(debug)?;
                let value = value.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
                Ok(json!([value, exists]))
            }
            Op::Delete { on, key } => {
                find(&self.stores, &on)?.delete(key).await.map_err(debug)?;
                Ok(json!("deleted"))
            }
            Op::Keys { on } => {
                let keys = find(&self.stores, &on)?.get_keys().await;
                let mut keys = keys.collect().await.map_err(debug)?;
                keys.sort();
                Ok(json!(keys))
            }
            Op::List { on, name } => {
                let keys = find(&self.stores, &on)?.get_keys().await;
                self.listings.insert(name, keys);
                Ok(json!("begun"))
            }
            Op::Key { of } => {
                let listing = self.listings.get_mut(&of).ok_or("no such listing")?;
                Ok(json!(listing.next().await))
            }
            Op::Drop { name } => {
                let dropped = self.connections.remove(&name).is_some()
                    || self.results.remove(&name).is_some()
                    || self.stores.remove(&name).is_some()
                    || self.listings.remove(&name).is_some();
                if dropped {
                    Ok(json!("dropped"))
                } else {
                    Err("nothing has this name".to_owned())
                }
            }
            Op::Variable { name } => spin_sdk::variables::get(name)
                .await
                .map(Value::from)
                .map_err(debug),
            Op::Fetch(fetch) => fetch.send().await,
            Op::Instance => Ok(json!({ "served": held::served(), "in_flight": held::in_flight() })),
            Op::Gather { ms } => {
                let mut most = held::in_flight();
                for _ in 0..ms / LOOK_MS {
                    spin_sdk::time::sleep(Duration::from_millis(LOOK_MS)).await;
                    most = most.max(held::in_flight());
                }
                Ok(json!(most))
            }
            Op::Sleep { ms } => {
                spin_sdk::time::sleep(Duration::from_millis(ms)).await;
                Ok(json!("slept"))
            }
            Op::Compute => loop {
                std::hint::spin_loop();
            },
            Op::Allocate { mebibytes } => {
                let taken = vec![1_u8; mebibytes.saturating_mul(1 << 20)];
                Ok(json!(std::hint::black_box(taken).len() >> 20))
            }
            #[expect(clippy::panic, reason = "what a host does then is what the case is about")]
            Op::Panic { in_flight } => {
                if held::in_flight() >= in_flight {
                    panic!("the case asked for it");
                }
                Ok(json!("not so many are in flight"))
            }
        }
    }
}

fn find<'a, T>(map: &'a HashMap<String, T>, name: &str) -> Result<&'a T, String> {
    map.get(name).ok_or_else(|| format!("nothing is called {name}"))
}

async fn rows(result: QueryResult) -> Result<Value, String> {
    let rows = result.collect().await.map_err(debug)?;
    Ok(rows.iter().map(|row| values(&row.values)).collect())
}

fn values(values: &[sqlite::Value]) -> Value {
    let json = values.iter().map(|value| match value {
        sqlite::Value::Null => Value::Null,
        sqlite::Value::Integer(integer) => json!(integer),
        sqlite::Value::Real(real) => json!(real),
        sqlite::Value::Text(text) => json!(text),
        sqlite::Value::Blob(bytes) => json!({ "blob": hexadecimal(bytes) }),
    });
    json.collect()
}

fn parameter(json: &Value) -> Result<sqlite::Value, String> {
    match json {
        Value::String(text) => Ok(sqlite::Value::Text(text.clone())),
        Value::Number(number) => number
            .as_i64()
            .map(sqlite::Value::Integer)
            .or_else(|| number.as_f64().map(sqlite::Value::Real))
            .ok_or_else(|| format!("{number} is no number of SQLite's")),
        other => Err(format!("{other} cannot be a parameter")),
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// An error of the host's: its case and text.
fn debug(error: impl std::fmt::Debug + Display) -> String {
    format!("{error:?}")
}
