//! Paying by bank transfer: to the creditor's own account, with a reference that the link gives.

use receivables::payment_code::{Payee, Settings, transfer};
use receivables::reference::Key;
use render::pages::TransferPanel;
use store::links::Link;
use web::{Cx, Problem};

/// How what a link asks for is transferred; none where nothing is asked for, or no account is set for its currency.
pub(crate) async fn panel(cx: &Cx, link: &Link) -> Result<Option<TransferPanel>, Problem> {
    let mut settings = Vec::new();
    for name in ["account_name", "iban", "bic", "qr_iban", "address"] {
        settings.push(cx.setting(&format!("bank_{name}")).await?.unwrap_or_default());
    }
    let upi = cx.setting("upi_address").await?.unwrap_or_default();
    let [name, iban, bic, qr_iban, address] = settings.as_slice() else {
        return Ok(None);
    };
    let read = Payee::read(&Settings {
        name,
        iban,
        bic,
        qr_iban,
        address,
        upi: &upi,
    });
    let payee = match read {
        Ok(payee) => payee,
        // Money must not go astray, and what else the page offers still works.
        Err(setting) => {
            cx.log(&Problem::internal(format!(
                "the bank account is not shown: its setting {setting} is wrong"
            )));
            return Ok(None);
        }
    };
    let asked = link.asked;
    let made = Key::of(link.id.as_str()).and_then(|key| transfer(&payee, asked, key));
    Ok(made.map(|transfer| TransferPanel::of(transfer, asked)))
}
