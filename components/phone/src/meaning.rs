//! What providers of telephones and the post tell of a message, in our words; and a text that came in, answered.

use crate::words;
use receivables::channel::Channel;
use receivables::id::MessageId;
use receivables::message::Word;
use receivables::opt_out::Meaning as Wish;
use receivables::suppression::Reason;
use store::Tx;
use store::delivery::{self, Against, Told};
use store::inbound::Effect;
use store::suppressions::{self, Evidence};
use store::voice;
use web::{Cx, Problem};

/// What a status means for its message, and for the number.
#[derive(Clone, Copy)]
pub(crate) struct Meaning {
    /// The activity's kind.
    pub(crate) kind: &'static str,
    /// What became of the message.
    pub(crate) word: Option<Word>,
    /// Whether it is worth a line where the message's status stays as it is.
    pub(crate) news: bool,
    /// What it says against the number, over this channel alone.
    pub(crate) against: Option<Reason>,
}

/// That a provider has what we know it has is no news.
pub(crate) const ACCEPTED: Meaning = Meaning {
    kind: "message_accepted",
    word: Some(Word::Accepted),
    news: false,
    against: None,
};
pub(crate) const DELIVERED: Meaning = Meaning {
    kind: "message_delivered",
    word: Some(Word::Delivered),
    news: true,
    against: None,
};
/// It did not reach anybody, and the number is not at fault.
pub(crate) const REJECTED: Meaning = Meaning {
    kind: "message_bounced",
    word: Some(Word::Bounced),
    ..DELIVERED
};
/// It did not reach anybody, since nobody is there, or nobody who takes such messages.
pub(crate) const GONE: Meaning = Meaning {
    against: Some(Reason::Bounce),
    ..REJECTED
};
/// Its owner wants no more.
pub(crate) const OPTED_OUT: Meaning = Meaning {
    against: Some(Reason::Unsubscribe),
    ..REJECTED
};

/// Gives a status its effect.
pub(crate) async fn apply(
    cx: &Cx,
    tx: &Tx<'_>,
    told: &Told<'_>,
    channel: Channel,
    against: Option<Reason>,
) -> Result<Effect, Problem> {
    let effect = delivery::told(tx, cx.moment(), told).await?;
    if let Some(reason) = against.filter(|_| !told.address.is_empty()) {
        let evidence = Evidence {
            address: told.address,
            reason,
            source: told.provider,
            detail: &told.detail,
            at: told.at,
        };
        suppressions::add_on(tx, cx.moment(), Some(channel), &evidence).await?;
    }
    Ok(effect)
}

/// What a call that is over means, and why: it reached somebody where somebody, and no machine, picked up.
pub(crate) async fn over(
    tx: &Tx<'_>,
    provider: &'static str,
    message: Option<&MessageId>,
    call: &str,
    said: (Meaning, String),
) -> Result<(Meaning, String), Problem> {
    match voice::was_answered(tx, message, provider, call).await? {
        Some(false) => Ok((REJECTED, "nobody but a machine picked up".to_owned())),
        _ => Ok(said),
    }
}

/// A status as [`delivery::told`] takes it.
pub(crate) fn told<'a>(
    provider: &'static str,
    meaning: Meaning,
    address: &'a str,
    at: chrono::DateTime<chrono::Utc>,
    detail: String,
) -> Told<'a> {
    Told {
        provider,
        message: None,
        provider_id: None,
        word: meaning.word,
        against: Against::Nothing,
        whoever_wrote: false,
        address,
        at,
        news: meaning.news,
        kind: meaning.kind,
        detail: detail.chars().take(web::limits::PROVIDER_WORDS).collect(),
    }
}

/// What a text is answered, in the language of its sender where we know it; nothing where a person will.
pub(crate) async fn answer(cx: &Cx, wish: Wish, locale: &str) -> Result<Option<String>, Problem> {
    let creditor = cx.required_setting("creditor_name").await?;
    let contact = cx.setting("creditor_email").await?;
    Ok(words::answer(wish, locale, &creditor, contact.as_deref()))
}
