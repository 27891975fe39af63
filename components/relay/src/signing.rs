//! Secrets of endpoints: derived from the deployment's signing key, an endpoint's id and the version of its secret, and
//! stored nowhere.

use receivables::id::EndpointId;
use store::endpoints::SecretVersions;
use web::{Cx, Problem, secrets, webhook};

/// The deployment's signing keys: one, or several while one is being replaced; the first makes the secrets that are
/// shown, all of them sign.
pub(crate) struct Keys(Vec<String>);

impl Keys {
    /// The keys, where there are any.
    pub(crate) async fn set(cx: &Cx) -> Result<Option<Keys>, Problem> {
        let keys = cx.secrets("webhook_signing_keys").await?;
        Ok((!keys.is_empty()).then_some(Keys(keys)))
    }

    /// The keys; a 409 where there is none.
    pub(crate) async fn of(cx: &Cx) -> Result<Keys, Problem> {
        Keys::set(cx).await?.ok_or_else(|| {
            Problem::conflict(
                "no_signing_key",
                "Nothing can be signed here yet: the variable `webhook_signing_keys` is not set.",
            )
        })
    }

    /// The secret of an endpoint that is shown to its owner.
    pub(crate) fn shown(&self, endpoint: &EndpointId, versions: SecretVersions) -> Result<String, Problem> {
        let key = self.0.first().map_or("", String::as_str);
        derive(key, endpoint, versions.current)
    }

    /// The value of `webhook-signature`: by every secret that signs at this moment, separated by spaces.
    pub(crate) fn sign(
        &self,
        cx: &Cx,
        endpoint: &EndpointId,
        versions: SecretVersions,
        (id, body): (&str, &[u8]),
    ) -> Result<String, Problem> {
        let now = cx.moment().now;
        let mut signatures = Vec::new();
        for key in &self.0 {
            for version in versions.signing(now) {
                let secret = derive(key, endpoint, version)?;
                signatures.push(webhook::sign(&secret, id, now.timestamp(), body)?);
            }
        }
        Ok(signatures.join(" "))
    }
}

/// `whsec_` and 32 bytes in base64, as Standard Webhooks has it.
fn derive(key: &str, endpoint: &EndpointId, version: i64) -> Result<String, Problem> {
    let parts = [
        b"webhook endpoint".as_slice(),
        endpoint.as_str().as_bytes(),
        &version.to_be_bytes(),
    ];
    Ok(format!("whsec_{}", secrets::derived_key(key, &parts)?))
}
