//! Xero: a custom connection's client credentials (developer.xero.com, "Custom connections"; tokens last half an hour)
//! and `GET /api.xro/2.0/{Invoices,Contacts,CreditNotes}/{id}`.

use super::{Client, Fetched, set};
use formats::billing::{Kind, Wanted};
use store::Db;
use web::{Cx, Problem};

const SCOPES: &str = "accounting.transactions.read accounting.contacts.read";

/// Fetches a document.
pub(crate) async fn get(cx: &Cx, db: &Db, wanted: &Wanted) -> Result<Fetched, Problem> {
    let names = [
        "xero_client_id",
        "xero_client_secret",
        "xero_identity_url",
        "xero_url",
    ];
    let values = match set(cx, &names).await? {
        Ok(values) => values,
        Err(missing) => return Ok(missing),
    };
    let [id, secret, identity, api] = values.as_slice() else {
        return Err(Problem::internal("four variables"));
    };
    let client = Client {
        source: "xero",
        id,
        secret,
        token_url: format!("{identity}/connect/token"),
    };
    let kept = client.kept(db).await?.filter(|token| {
        // Of another client it is another organisation's.
        token.until_ms > cx.moment().ms() && token.seed == *id
    });
    let token = match kept {
        Some(token) => token,
        None => {
            let fields = [("grant_type", "client_credentials"), ("scope", SCOPES)];
            match client.ask(cx, db, id, &fields).await? {
                Ok(token) => token,
                Err(not) => return Ok(not),
            }
        }
    };
    let list = match wanted.kind {
        Kind::Customer => "Contacts",
        Kind::CreditNote => "CreditNotes",
        Kind::Invoice | Kind::Payment => "Invoices",
    };
    let url = format!("{api}/api.xro/2.0/{list}/{}", wanted.id);
    client
        .fetch(cx, db, token, &url, &[("xero-tenant-id", &wanted.account)])
        .await
}
