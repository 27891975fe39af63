//! Who may do what. A key is the deployment's administrator key, or one made with it; the cron secret opens the
//! jobs and nothing else.

use crate::act;
use crate::context::Cx;
use crate::problem::Problem;
use crate::secrets;
use receivables::id::ApiKeyId;
use serde::{Deserialize, Serialize};
use store::keys;

/// What a key may be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Bring documents and payments in.
    Ingest,
    /// Look.
    Read,
    /// Act as a collector.
    Collect,
    /// Decide on approvals.
    Approve,
    /// Make and revoke keys; everything else too.
    Admin,
}

impl Scope {
    /// Every scope with its name.
    pub const NAMES: &'static [(&'static str, Scope)] = &[
        ("ingest", Scope::Ingest),
        ("read", Scope::Read),
        ("collect", Scope::Collect),
        ("approve", Scope::Approve),
        ("admin", Scope::Admin),
    ];

    /// The scope's name.
    pub fn name(self) -> &'static str {
        Self::NAMES
            .iter()
            .find(|(_, scope)| *scope == self)
            .map_or("", |(name, _)| name)
    }
}

/// Who asks.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The key's id; `admin` for the deployment's own.
    pub id: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// The key, where it is one that was made.
    pub key: Option<ApiKeyId>,
}

impl Principal {
    /// Whether it may; `admin` may everything.
    pub fn may(&self, scope: Scope) -> bool {
        self.scopes
            .iter()
            .any(|name| name == scope.name() || name == Scope::Admin.name())
    }
}

/// A key's text: `dk_`, the 26 characters of its id, `_`, its secret.
pub fn key_text(id: &ApiKeyId, secret: &str) -> String {
    let body = id.as_str().trim_start_matches(ApiKeyId::PREFIX);
    format!("dk_{body}_{secret}")
}

fn parse_key(text: &str) -> Option<(ApiKeyId, &str)> {
    let (body, secret) = text.strip_prefix("dk_")?.split_once('_')?;
    let id = ApiKeyId::parse(&format!("{}{body}", ApiKeyId::PREFIX)).ok()?;
    Some((id, secret))
}

impl Cx {
    fn bearer(&self) -> Option<&str> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    }

    /// Who asks, provided that it may do `scope`: 401 without a valid key, 403 without the scope.
    pub async fn require(&self, scope: Scope) -> Result<Principal, Problem> {
        let Some(token) = self.bearer() else {
            return Err(Problem::unauthorized("Send `Authorization: Bearer <key>`."));
        };
        let principal = self.principal(token).await?;
        match principal.may(scope) {
            true => Ok(principal),
            false => Err(Problem::forbidden(format!(
                "This needs a key with the scope `{}`.",
                scope.name()
            ))),
        }
    }

    /// Whose key `token` is. Without the deployment's `admin_key` no key works at all.
    pub async fn principal(&self, token: &str) -> Result<Principal, Problem> {
        let Some(admin_key) = self.setting("admin_key").await? else {
            return Err(Problem::unauthorized(
                "No keys work here yet: the variable `admin_key` is not set.",
            ));
        };
        self.may_guess(token).await?;
        if secrets::same(token, &admin_key) {
            let scopes = vec![Scope::Admin.name().to_owned()];
            self.is_of("admin");
            return Ok(Principal {
                id: "admin".to_owned(),
                scopes,
                key: None,
            });
        }
        match self.made_key(token).await? {
            Some(key) => {
                self.is_of(key.id.as_str());
                Ok(Principal {
                    id: key.id.to_string(),
                    scopes: key.scopes,
                    key: Some(key.id),
                })
            }
            None => {
                let named = parse_key(token).map(|(id, _)| id);
                self.failed_attempt(named.as_ref().map(ApiKeyId::as_str)).await?;
                Err(Problem::unauthorized("That key is not valid."))
            }
        }
    }

    /// The key that somebody made, while it works.
    async fn made_key(&self, token: &str) -> Result<Option<keys::ApiKey>, Problem> {
        let Some((id, secret)) = parse_key(token) else {
            return Ok(None);
        };
        let key = keys::one(&self.db().await?, &id).await?;
        let hash = secrets::hash(secret);
        Ok(key.filter(|key| key.revoked_at.is_none() && secrets::same(&hash, &key.secret_hash)))
    }

    /// Lets cron in: the `cron_key` as a bearer token or, for a cron that can only send a plain GET, as `?key=`.
    pub async fn require_cron(&self, key: Option<&String>) -> Result<(), Problem> {
        let Some(cron_key) = self.setting("cron_key").await? else {
            return Err(Problem::unauthorized(
                "Jobs do not run: the variable `cron_key` is not set.",
            ));
        };
        let refused = || Problem::unauthorized("Send the cron key as `Authorization: Bearer` or `?key=`.");
        let given = self.bearer().or(key.map(String::as_str)).ok_or_else(refused)?;
        self.may_guess(given).await?;
        if secrets::same(given, &cron_key) {
            self.is_of(act::CRON);
            return Ok(());
        }
        self.failed_attempt(None).await?;
        Err(refused())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_names_its_record_and_carries_its_secret() {
        let id = ApiKeyId::from_parts(1_768_208_400_000, [7; 10]);
        let text = key_text(&id, "s3cr_et");
        assert_eq!(parse_key(&text), Some((id, "s3cr_et")));
        for bad in ["", "dk_", "dk_x_y", "sk_01", "dk_01kez0000000000000000000000_"] {
            assert!(
                parse_key(bad).is_none_or(|(_, secret)| secret.is_empty()),
                "{bad}"
            );
        }
    }

    #[test]
    fn admin_may_everything_and_others_what_they_were_given() {
        let may = |given: &str, wanted| {
            Principal {
                id: String::new(),
                scopes: vec![given.to_owned()],
                key: None,
            }
            .may(wanted)
        };
        assert!(may("admin", Scope::Ingest));
        assert!(may("read", Scope::Read));
        assert!(!may("read", Scope::Admin));
        assert!(!may("ingest", Scope::Read));
    }
}
