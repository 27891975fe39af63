//! The creditor's own account, as it is set: where a transfer goes.

use crate::{Cx, Problem};
use receivables::payment_code::{Payee, Settings};

/// The account that is set up; none where its settings are wrong, which is logged: money must not go astray, and
/// everything else still works.
///
/// # Errors
/// A variable could not be read.
pub async fn payee(cx: &Cx) -> Result<Option<Payee>, Problem> {
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
    Ok(read
        .inspect_err(|setting| {
            cx.log(&Problem::internal(format!(
                "the bank account is not shown: its setting {setting} is wrong"
            )));
        })
        .ok())
}
