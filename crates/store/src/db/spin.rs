//! The connection that a component has: the host's.

use crate::error::Result;
use spin_sdk::sqlite::{Connection as Hosted, Value};

/// A connection to the app's default database.
pub(super) struct Connection(Hosted);

impl Connection {
    pub(super) async fn open() -> Result<Self> {
        Ok(Self(Hosted::open_default().await?))
    }

    /// Runs one statement and reads its rows to the end: only then does the host say whether it went well.
    pub(super) async fn rows(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Vec<Value>>> {
        let result = self.0.execute(sql, parameters).await?;
        Ok(result
            .collect()
            .await?
            .into_iter()
            .map(|row| row.values)
            .collect())
    }
}
