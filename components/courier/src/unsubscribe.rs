//! Where the reader of a message says that there are to be no more: by the button of a mail program (RFC 8058, one
//! click), or on a page with a choice of channels. Opening the page changes nothing, since mail servers open links too.
//!
//! Nobody shows who they are: the token in the address is all there is, as the standard wants it.

use receivables::channel::Channel;
use render::pages::{UnsubscribeChoice, UnsubscribePage, gone_page, unsubscribe_page};
use render::{Language, RenderError, content_security_policy};
use store::Tx;
use store::unsubscribes::{self, Subscription};
use web::{Cx, Problem, Reply, limits, secrets};

/// The channels that can be refused here; a letter by post cannot.
const CHANNELS: [Channel; 3] = [Channel::Email, Channel::Sms, Channel::Voice];

/// `GET /unsubscribe/{token}`: the page.
pub(crate) async fn show(cx: &Cx, token: &str) -> Result<Reply, Problem> {
    match unsubscribes::find(&cx.db().await?, &secrets::hash(token)).await? {
        Some(subscription) => page(cx, &subscription, false).await,
        None => gone(cx, token).await,
    }
}

/// `POST /unsubscribe/{token}`: by one click (`List-Unsubscribe=One-Click`) the channel of the message, by the page's form
/// those that were chosen. Said again it changes nothing.
pub(crate) async fn refuse(cx: &Cx, token: &str) -> Result<Reply, Problem> {
    let body = cx.bytes(limits::FORM).await?;
    let (hash, db) = (secrets::hash(token), cx.db().await?);
    let Some(subscription) = unsubscribes::find(&db, &hash).await? else {
        return gone(cx, token).await;
    };
    let Some(channels) = chosen(&body, subscription.channel) else {
        return page(cx, &subscription, false).await;
    };
    db.transaction(async |tx: &Tx<'_>| {
        unsubscribes::refuse(tx, cx.moment(), &hash, &subscription, &channels).await
    })
    .await?;
    page(cx, &subscription, true).await
}

/// The channels that a body names; `None` where it names none.
fn chosen(body: &[u8], own: Channel) -> Option<Vec<Channel>> {
    let mut channels = Vec::new();
    for (name, value) in form_urlencoded::parse(body) {
        let channel = match name.as_ref() {
            // RFC 8058, section 3.1: exactly this, from the mail program.
            "List-Unsubscribe" if value == "One-Click" => Some(own),
            "channel" => CHANNELS.into_iter().find(|channel| channel.as_str() == value),
            _ => None,
        };
        channels.extend(channel.filter(|channel| !channels.contains(channel)));
    }
    (!channels.is_empty()).then_some(channels)
}

async fn page(cx: &Cx, subscription: &Subscription, done: bool) -> Result<Reply, Problem> {
    let nonce = secrets::token()?;
    let page = UnsubscribePage {
        nonce: nonce.clone(),
        language: Language::of(&subscription.locale),
        creditor_name: cx.required_setting("creditor_name").await?,
        choices: choices(subscription),
        action: cx.path().to_owned(),
        done,
        reply_to: cx.setting("creditor_email").await?,
    };
    let page = unsubscribe_page(&page).map_err(unrendered)?;
    Ok(Reply::html(200, page, &content_security_policy(&nonce, &[])))
}

/// What the reader can refuse. Of a telephone number no more is shown than its owner needs to know it by: who was
/// forwarded the email is not told it.
fn choices(subscription: &Subscription) -> Vec<UnsubscribeChoice> {
    let phone = subscription.phone.as_deref().map(veiled);
    let choices = CHANNELS.into_iter().filter_map(|channel| {
        let own = channel == subscription.channel;
        let address = match (own, channel) {
            (true, _) => Some(subscription.address.clone()),
            (false, Channel::Sms | Channel::Voice) => phone.clone(),
            (false, _) => None,
        };
        Some(UnsubscribeChoice {
            name: channel.as_str(),
            address: address?,
            checked: own,
        })
    });
    choices.collect()
}

/// `••• 42`.
fn veiled(phone: &str) -> String {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    let last: String = digits.iter().skip(digits.len().saturating_sub(2)).collect();
    format!("••• {last}")
}

/// The one answer to a token that nobody was given.
async fn gone(cx: &Cx, token: &str) -> Result<Reply, Problem> {
    let nonce = secrets::token()?;
    let wanted = cx.header("accept-language").unwrap_or("");
    let page = gone_page(&nonce, Language::of(wanted.split(',').next().unwrap_or(""))).map_err(unrendered)?;
    let page = |status| Reply::html(status, page, &content_security_policy(&nonce, &[]));
    match cx.failed_token(token).await {
        Ok(()) => Ok(page(404)),
        Err(problem) => problem.into_page(page),
    }
}

fn unrendered(error: RenderError) -> Problem {
    Problem::internal(format!("page: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_click_is_the_messages_own_channel_and_a_form_says_which() {
        let email = Channel::Email;
        for (body, expected) in [
            ("List-Unsubscribe=One-Click", Some(vec![email])),
            ("List-Unsubscribe=Yes", None),
            ("", None),
            (
                "channel=sms&channel=voice",
                Some(vec![Channel::Sms, Channel::Voice]),
            ),
            ("channel=email&channel=email", Some(vec![email])),
            ("channel=letter", None),
            ("channel=everything", None),
        ] {
            assert_eq!(chosen(body.as_bytes(), email), expected, "{body}");
        }
        assert_eq!(
            chosen(b"List-Unsubscribe=One-Click", Channel::Sms),
            Some(vec![Channel::Sms])
        );
    }

    #[test]
    fn a_number_is_veiled() {
        assert_eq!(veiled("+46 (8) 123-42"), "••• 42");
        assert_eq!(veiled("7"), "••• 7");
    }
}
