//! The sandbox: plays a payment provider for development and demos. No money moves.

use super::{Closed, Doing, Order, Provider, Unopened};
use receivables::paylink::Session;
use serde::Deserialize;
use web::{Cx, Problem, outbound};

pub(super) const NAME: &str = "sandbox";

/// The sandbox runs beside us and is reached like any provider: over HTTP, with a secret.
const SESSIONS: &str = "http://sandbox.spin.internal/sandbox/sessions";

struct Sandbox {
    secret: String,
}

pub(super) fn set_up(cx: &Cx) -> Doing<'_, Result<Option<Box<dyn Provider>>, Problem>> {
    Box::pin(async move {
        let secret = cx.setting("sandbox_secret").await?;
        Ok(secret.map(|secret| Box::new(Sandbox { secret }) as Box<dyn Provider>))
    })
}

#[derive(Deserialize)]
struct Opened {
    id: String,
    url: String,
}

impl Provider for Sandbox {
    fn name(&self) -> &'static str {
        NAME
    }

    fn plays(&self) -> bool {
        true
    }

    fn open<'a>(&'a self, _: &'a Cx, order: &'a Order<'_>) -> Doing<'a, Result<Session, Unopened>> {
        Box::pin(async move { self.session(order).await.map_err(Unopened::TryAgain) })
    }

    /// The sandbox keeps no sessions, so there is none to close. What is paid in one that we have left is told like
    /// any other payment.
    fn close<'a>(&'a self, _: &'a str) -> Doing<'a, Result<Closed, Problem>> {
        Box::pin(async { Ok(Closed::Unpaid) })
    }
}

impl Sandbox {
    async fn session(&self, order: &Order<'_>) -> Result<Session, Problem> {
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
        let opened: Opened =
            serde_json::from_slice(&answer.body).map_err(|error| failed(error.to_string()))?;
        Ok(Session {
            id: opened.id,
            url: opened.url,
            expires_at: order.expires_at,
        })
    }
}
