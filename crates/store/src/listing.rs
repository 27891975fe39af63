//! Lists by customer and status: the three questions that every such list asks, newest first.

use crate::db::Db;
use crate::error::Result;
use crate::params;
use receivables::id::CustomerId;
use serde::de::DeserializeOwned;

/// The statements of a list: all of it, those of a status, those of a customer (of a status, where one is named). Each
/// takes the id before which it begins and how many rows; then the customer, then the status.
pub(crate) struct Listing {
    pub(crate) all: &'static str,
    pub(crate) of_status: &'static str,
    pub(crate) of_customer: &'static str,
}

impl Listing {
    /// At most `limit` rows before the id `before`; without one, from the newest.
    pub(crate) async fn rows<T: DeserializeOwned>(
        &self,
        db: &Db,
        customer: Option<&CustomerId>,
        status: Option<&str>,
        before: Option<&str>,
        limit: u32,
    ) -> Result<Vec<T>> {
        // Sorts after every id.
        let before = before.unwrap_or("~");
        match (customer, status) {
            (Some(customer), status) => {
                let parameters = params![before, limit, customer.as_str(), status];
                db.list(self.of_customer, parameters).await
            }
            (None, Some(status)) => db.list(self.of_status, params![before, limit, status]).await,
            (None, None) => db.list(self.all, params![before, limit]).await,
        }
    }
}
