//! API keys and console sessions. Secrets are random, so SHA-256 alone keeps them; it is all that is stored.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use receivables::id::ApiKeyId;
use serde::{Deserialize, Serialize};

statements! {
    CREATE = "INSERT INTO api_keys (id, name, secret_hash, scopes, created_at) VALUES (?, ?, ?, ?, ?)";
    ONE = "SELECT json_object('id', id, 'name', name, 'secret_hash', secret_hash, 'scopes', json(scopes),
            'created_at', created_at, 'revoked_at', revoked_at) FROM api_keys WHERE id = ?";
    LIST = "SELECT json_object('id', id, 'name', name, 'secret_hash', secret_hash, 'scopes', json(scopes),
            'created_at', created_at, 'revoked_at', revoked_at) FROM api_keys WHERE id > ? ORDER BY id LIMIT ?";
    REVOKE = "UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?2) WHERE id = ?1 RETURNING id";
    END_SESSIONS_OF_KEY = "DELETE FROM console_sessions WHERE key_id = ?";
    START_SESSION = "INSERT INTO console_sessions (token_hash, scopes, key_id, expires_at) VALUES (?, ?, ?, ?)";
    END_EXPIRED = "DELETE FROM console_sessions WHERE expires_at <= ?";
    SESSION = "SELECT scopes FROM console_sessions WHERE token_hash = ? AND expires_at > ?";
    END_SESSION = "DELETE FROM console_sessions WHERE token_hash = ?";
}

/// A key as it is stored.
#[derive(Debug, Clone, Deserialize)]
pub struct ApiKey {
    /// Ours; also the part of the key that finds it.
    pub id: ApiKeyId,
    /// What its maker calls it.
    pub name: String,
    /// SHA-256 of the secret, hexadecimal.
    pub secret_hash: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made, milliseconds since 1970.
    pub created_at: i64,
    /// When it stopped working.
    pub revoked_at: Option<i64>,
}

/// Stores a new key.
pub async fn create(
    tx: &Tx<'_>,
    moment: Moment,
    id: &ApiKeyId,
    name: &str,
    secret_hash: &str,
    scopes: &impl Serialize,
) -> Result<()> {
    tx.run(
        CREATE,
        params![
            id.as_str(),
            name,
            secret_hash,
            serde_json::to_string(scopes)?,
            moment.ms()
        ],
    )
    .await
}

/// The key of that id, revoked or not.
pub async fn one(db: &Db, id: &ApiKeyId) -> Result<Option<ApiKey>> {
    db.find(ONE, params![id.as_str()]).await
}

/// Keys after `after`, oldest first.
pub async fn list(db: &Db, after: &str, limit: u32) -> Result<Vec<ApiKey>> {
    db.list(LIST, params![after, limit]).await
}

/// Revokes a key and ends the sessions it opened. False: there is no such key.
pub async fn revoke(tx: &Tx<'_>, moment: Moment, id: &ApiKeyId) -> Result<bool> {
    tx.run(END_SESSIONS_OF_KEY, params![id.as_str()]).await?;
    Ok(tx.row(REVOKE, params![id.as_str(), moment.ms()]).await?.is_some())
}

/// Opens a console session; expired ones are cleared away on the occasion.
pub async fn start_session(
    tx: &Tx<'_>,
    moment: Moment,
    token_hash: &str,
    scopes: &[String],
    key: Option<&ApiKeyId>,
    lasts: chrono::Duration,
) -> Result<()> {
    tx.run(END_EXPIRED, params![moment.ms()]).await?;
    let expires_at = moment.ms().saturating_add(lasts.num_milliseconds());
    let scopes = serde_json::to_string(scopes)?;
    tx.run(
        START_SESSION,
        params![token_hash, scopes, key.map(ApiKeyId::as_str), expires_at],
    )
    .await
}

/// The scopes of an open session.
pub async fn session(db: &Db, moment: Moment, token_hash: &str) -> Result<Option<Vec<String>>> {
    db.find(SESSION, params![token_hash, moment.ms()]).await
}

/// Closes a session.
pub async fn end_session(tx: &Tx<'_>, token_hash: &str) -> Result<()> {
    tx.run(END_SESSION, params![token_hash]).await
}
