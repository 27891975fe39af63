//! Paying by bank transfer: to the creditor's own account, with a reference that the link gives.

use receivables::payment_code::transfer;
use receivables::reference::Key;
use render::pages::TransferPanel;
use store::links::Link;
use web::{Cx, Problem};

/// How what a link asks for is transferred; none where nothing is asked for, or no account is set for its currency.
pub(crate) async fn panel(cx: &Cx, link: &Link) -> Result<Option<TransferPanel>, Problem> {
    let Some(payee) = web::payee(cx).await? else {
        return Ok(None);
    };
    let asked = link.asked;
    let made = Key::of(link.id.as_str()).and_then(|key| transfer(&payee, asked, key));
    Ok(made.map(|transfer| TransferPanel::of(transfer, asked)))
}
