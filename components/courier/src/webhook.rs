//! What providers tell by webhook: one file a provider turns its events into [`Told`], and each takes effect once.

pub(crate) mod mailgun;
pub(crate) mod postmark;
pub(crate) mod resend;
pub(crate) mod sendgrid;
pub(crate) mod ses;
mod sns;

use receivables::message::Word;
use receivables::suppression::Reason;
use store::Tx;
use store::delivery::{self, Against, Told};
use store::inbound::Effect;
use web::{Cx, Problem};

/// What an event means: the members of [`Told`] that its kind decides.
#[derive(Clone, Copy)]
struct Meaning {
    kind: &'static str,
    word: Option<Word>,
    against: Against,
    whoever_wrote: bool,
    news: bool,
}

/// That a provider has what we know it has is no news.
const ACCEPTED: Meaning = Meaning {
    kind: "message_accepted",
    word: Some(Word::Accepted),
    against: Against::Nothing,
    whoever_wrote: false,
    news: false,
};
const DELIVERED: Meaning = Meaning {
    kind: "message_delivered",
    word: Some(Word::Delivered),
    news: true,
    ..ACCEPTED
};
/// Not yet, or not this time: the provider tries again, or the server said something that needs nothing done.
const DELAYED: Meaning = Meaning {
    kind: "message_delayed",
    news: true,
    ..ACCEPTED
};
/// It came back, and the address is not at fault.
const REJECTED: Meaning = Meaning {
    kind: "message_bounced",
    word: Some(Word::Bounced),
    ..DELIVERED
};
/// It came back, since nobody is there.
const GONE: Meaning = Meaning {
    against: Against::Suppress(Reason::Bounce),
    whoever_wrote: true,
    ..REJECTED
};
/// Its reader calls it spam: it arrived.
const COMPLAINT: Meaning = Meaning {
    kind: "message_complained",
    against: Against::Suppress(Reason::Complaint),
    whoever_wrote: true,
    ..DELIVERED
};
const UNSUBSCRIBED: Meaning = Meaning {
    kind: "message_unsubscribed",
    word: None,
    against: Against::Suppress(Reason::Unsubscribe),
    ..DELIVERED
};
const RESUBSCRIBED: Meaning = Meaning {
    kind: "message_resubscribed",
    against: Against::Lift,
    ..UNSUBSCRIBED
};

/// An event that we understand; the words of the provider where we do not.
type Read<'a> = Result<Told<'a>, String>;

async fn apply(cx: &Cx, tx: &Tx<'_>, read: &Read<'_>) -> Result<Effect, Problem> {
    match read {
        Ok(told) => Ok(delivery::told(tx, cx.moment(), told).await?),
        Err(why) => Ok(Effect::Failed(why.clone())),
    }
}

/// The provider's own words, those that are there.
fn words(parts: &[Option<&str>]) -> String {
    let said: Vec<&str> = parts
        .iter()
        .flatten()
        .copied()
        .filter(|part| !part.is_empty())
        .collect();
    let text = said.join(", ");
    text.chars().take(web::limits::PROVIDER_WORDS).collect()
}
