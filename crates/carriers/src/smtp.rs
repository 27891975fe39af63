//! A mail server of the creditor's own, spoken to by SMTP: a relay on the private network, which signs (DKIM) and delivers
//! (RFC 5321; RFC 6409).
//!
//! **On the private network only.** A component has no TLS of its own that could be relied on (docs/providers.md says why),
//! and neither Spin nor the embedded host has one for sockets: what is said here is readable on the way. So the address is
//! a number (no name that could come to mean another), of a range that no router of the internet passes on (RFC 1918, RFC
//! 4193) or this machine's own; any other is refused. So is a relay that insists on TLS.
//! **Seven bits:** an email is encoded so that any server takes it; addresses outside of ASCII (SMTPUTF8, RFC 6531) are
//! refused in words.
//! **Tells nothing later:** bounces go to the sender's mailbox, since a mail server has no webhooks.

mod reply;
mod session;
#[cfg(test)]
mod tests;
mod wire;

use crate::address::domain;
use crate::mime::mime;
use crate::{Called, Carry, Doing, Letter, Row, Stop};
use receivables::channel::Channel;
use reply::Reader;
use session::{Ending, Fate, Login, Mail, Next, Session};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;
use store::delivery::{Carrier, Memory, Outcome};
use web::{Cx, Problem};
use wire::Wire;

const NAME: &str = "smtp";

/// For how long a conversation begins messages: with the longest wait for an answer it ends before a handler must.
const BEGINS: Duration = Duration::from_secs(10);

pub(crate) const ROW: Row = Row {
    carrier: Carrier {
        name: NAME,
        channel: Channel::Email,
        remembers: Memory::Nothing,
        ready: true,
    },
    per_call: 10,
    calls: 4,
    a_second: 100,
    set_up: |cx| Box::pin(set_up(cx)),
};

async fn set_up(cx: &Cx) -> Result<Option<Box<dyn Carry>>, Problem> {
    let Some(relay) = cx.setting("smtp_relay").await? else {
        return Ok(None);
    };
    let relay = private(&relay).map_err(|why| Problem::internal(format!("variable smtp_relay: {why}")))?;
    let login = match (cx.setting("smtp_user").await?, cx.setting("smtp_password").await?) {
        (Some(user), Some(password)) => Some(Login { user, password }),
        _ => None,
    };
    Ok(Some(Box::new(Smtp { relay, login })))
}

/// The address of a relay on the private network: `*://10.0.0.5:25`, as Spin wants it among the hosts that are allowed.
fn private(text: &str) -> Result<SocketAddr, String> {
    let text = text.trim();
    let (_, address) = text.split_once("://").unwrap_or(("", text));
    let address: SocketAddr = address
        .trim_end_matches('/')
        .parse()
        .map_err(|_| format!("{text:?} is not *://<IP address>:<port>"))?;
    let inside = match address.ip() {
        IpAddr::V4(ip) => ip.is_private() || ip.is_loopback(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_loopback(),
    };
    match inside && address.port() != 0 {
        true => Ok(address),
        false => Err(format!(
            "{address} is not on a private network, and there is no TLS here"
        )),
    }
}

struct Smtp {
    relay: SocketAddr,
    login: Option<Login>,
}

impl Carry for Smtp {
    fn send<'a>(&'a self, cx: &'a Cx, letters: &'a [Letter]) -> Doing<'a, Called> {
        Box::pin(async move {
            let now = cx.moment().now;
            let made: Vec<Result<Vec<u8>, String>> = letters.iter().map(|letter| mime(letter, now)).collect();
            let mails = letters.iter().zip(&made).filter_map(|(letter, data)| {
                Some(Mail {
                    from: letter.sender.email.clone(),
                    to: letter.to_email().to_owned(),
                    data: data.as_ref().ok()?.clone(),
                })
            });
            let name = letters
                .first()
                .map_or("localhost", |letter| domain(&letter.sender.email));
            let session = Session::new(name, self.login.clone(), mails.collect());
            let (fates, ending) = converse(cx, self.relay, session).await;
            let mut fates = fates.into_iter();
            let outcomes = letters.iter().zip(made).map(|(letter, made)| match made {
                Err(why) => Outcome::Refused(format!("{NAME}: {why}")),
                Ok(_) => outcome(letter, fates.next().unwrap_or(Fate::Untouched), ending.as_ref()),
            });
            Called {
                outcomes: outcomes.collect(),
                stop: ending.map(|ending| match ending {
                    Ending::Unreached(_) => Stop::Unreached,
                    Ending::Setup(why) => Stop::Setup(Problem::provider(
                        "The mail server does not deliver for this deployment as it is set up. Every message is back \
                         in the queue.",
                        format!("{NAME}: {why}"),
                    )),
                }),
            }
        })
    }
}

fn outcome(letter: &Letter, fate: Fate, ending: Option<&Ending>) -> Outcome {
    let says = |words: String| {
        let text = format!("{NAME}: {words}");
        text.chars().take(web::limits::PROVIDER_WORDS).collect::<String>()
    };
    match (fate, ending) {
        (Fate::Sent(name), _) => letter.sent(name),
        (Fate::TryAgain(why), _) => Outcome::TryAgain(says(why)),
        (Fate::Refused(why), _) => Outcome::Refused(says(why)),
        (Fate::Gone(why), _) => Outcome::Inactive(says(why)),
        (Fate::Unknown(why), _) => Outcome::Unknown(says(why)),
        (Fate::Untouched, Some(Ending::Unreached(why))) => Outcome::TryAgain(says(why.clone())),
        (Fate::Untouched, Some(Ending::Setup(why))) => Outcome::Later {
            until: None,
            why: says(why.clone()),
        },
        (Fate::Untouched, None) => Outcome::Later {
            until: None,
            why: says("no time was left for it".to_owned()),
        },
    }
}

/// Has the whole conversation.
async fn converse(cx: &Cx, relay: SocketAddr, mut session: Session) -> (Vec<Fate>, Option<Ending>) {
    let begun = cx.elapsed();
    let mut wire = match Wire::connect(relay).await {
        Ok(wire) => wire,
        Err(why) => {
            session.lost(&why);
            return session.end();
        }
    };
    let mut reader = Reader::default();
    loop {
        let reply = match reader.next() {
            Ok(Some(reply)) => reply,
            Ok(None) => match wire.read().await {
                Ok(bytes) => {
                    reader.feed(&bytes);
                    continue;
                }
                Err(why) => {
                    session.lost(&why);
                    break;
                }
            },
            Err(why) => {
                session.lost(&why);
                break;
            }
        };
        if cx.elapsed().saturating_sub(begun) >= BEGINS {
            session.hurry();
        }
        match session.heard(&reply) {
            Next::Close => break,
            Next::Say(bytes) => {
                if let Err(why) = wire.write(bytes).await {
                    session.lost(&why);
                    break;
                }
            }
        }
    }
    session.end()
}
