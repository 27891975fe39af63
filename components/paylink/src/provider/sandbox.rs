//! The sandbox: plays a payment provider for development and demos. No money moves.

use super::{Order, Provider};
use serde::Deserialize;
use web::{Problem, outbound};

/// The sandbox runs beside us and is reached like any provider: over HTTP, with a secret.
const SESSIONS: &str = "http://sandbox.spin.internal/sandbox/sessions";

pub(crate) struct Sandbox {
    secret: String,
}

impl Sandbox {
    pub(super) fn new(secret: String) -> Self {
        Self { secret }
    }
}

#[derive(Deserialize)]
struct Session {
    url: String,
}

impl Provider for Sandbox {
    const NAME: &'static str = "sandbox";

    async fn open(&self, order: &Order<'_>) -> Result<String, Problem> {
        let failed = |cause: String| Problem::provider("The payment could not be started.", cause);
        let body = serde_json::json!({"client_reference": order.checkout, "amount": order.amount,
            "creditor_name": order.creditor_name, "purpose": order.purpose, "success_url": order.success_url,
            "cancel_url": order.cancel_url});
        let body = serde_json::to_vec(&body).map_err(|error| failed(error.to_string()))?;
        let authorization = format!("Bearer {}", self.secret);
        let headers = [
            ("authorization", authorization.as_str()),
            ("idempotency-key", order.checkout.as_str()),
        ];
        let answer = outbound::post_json(SESSIONS, &headers, body).await?;
        if answer.status != 201 {
            return Err(failed(format!("sandbox answered {}", answer.status)));
        }
        let session: Session =
            serde_json::from_slice(&answer.body).map_err(|error| failed(error.to_string()))?;
        Ok(session.url)
    }
}
