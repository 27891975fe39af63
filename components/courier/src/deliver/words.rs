//! Own words that failed: said once to a person, while the message leaves with the shipped ones.

use store::delivery::Claimed;
use store::templates::{self, Failure};
use store::{Db, Tx};
use web::{Cx, Problem};

/// Has a person look at them. That it could not be said is logged: the messages are not held up by it.
pub(super) async fn tell(cx: &Cx, db: &Db, failures: &[(Claimed, Failure)]) {
    if failures.is_empty() {
        return;
    }
    let told = db
        .transaction(async |tx: &Tx<'_>| {
            for (message, failure) in failures {
                templates::failed(tx, cx.moment(), message, failure).await?;
            }
            Ok::<_, Problem>(())
        })
        .await;
    if let Err(problem) = told {
        cx.log(&problem);
    }
}
