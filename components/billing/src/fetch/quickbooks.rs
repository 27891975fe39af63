//! QuickBooks Online: `GET /v3/company/{realm}/{invoice,payment,customer,creditmemo}/{id}`, and tokens whose refresh
//! token comes back new (developer.intuit.com, "OAuth 2.0", "Refresh the token"): the variable holds the first one of a
//! chain, the store the latest.

use super::{Client, Fetched, set};
use formats::billing::{Kind, Wanted};
use store::Db;
use web::{Cx, Problem, secrets};

/// Fetches a document.
pub(crate) async fn get(cx: &Cx, db: &Db, wanted: &Wanted) -> Result<Fetched, Problem> {
    let names = [
        "quickbooks_client_id",
        "quickbooks_client_secret",
        "quickbooks_refresh_token",
        "quickbooks_realm",
        "quickbooks_oauth_url",
        "quickbooks_url",
    ];
    let values = match set(cx, &names).await? {
        Ok(values) => values,
        Err(missing) => return Ok(missing),
    };
    let [id, secret, first, realm, oauth, api] = values.as_slice() else {
        return Err(Problem::internal("six variables"));
    };
    let client = Client {
        source: "quickbooks",
        id,
        secret,
        token_url: format!("{oauth}/oauth2/v1/tokens/bearer"),
    };
    let seed = secrets::hash(first);
    let kept = client.kept(db).await?.filter(|token| token.seed == seed);
    let token = match kept {
        Some(token) if token.until_ms > cx.moment().ms() => token,
        kept => {
            let latest = kept.and_then(|token| token.refresh);
            let refresh = latest.as_ref().unwrap_or(first);
            let fields = [
                ("grant_type", "refresh_token"),
                ("refresh_token", refresh.as_str()),
            ];
            match client.ask(cx, db, &seed, &fields).await? {
                Ok(token) => token,
                Err(not) => return Ok(not),
            }
        }
    };
    let kind = match wanted.kind {
        Kind::Customer => "customer",
        Kind::Invoice => "invoice",
        Kind::Payment => "payment",
        Kind::CreditNote => "creditmemo",
    };
    let url = format!("{api}/v3/company/{realm}/{kind}/{}?minorversion=75", wanted.id);
    client.fetch(cx, db, token, &url, &[]).await
}
