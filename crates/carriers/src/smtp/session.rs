//! One conversation with a mail server (RFC 5321; AUTH: RFC 4954; SIZE: RFC 1870), without the wire: what it says goes in,
//! what to say next comes out.
//!
//! **One thing at a time:** each command waits for its answer (no PIPELINING, RFC 2920), so that what became of each message
//! is never in doubt but for one moment: after the dot that ends it, until its answer. A connection that is lost then
//! leaves that message to a person, and it alone.
//!
//! | answer | meaning |
//! |---|---|
//! | 4xx to a message's commands | tried again by backoff |
//! | 5xx to `RCPT` that says the mailbox is not there (RFC 3463: x.1.1, x.1.2, x.1.3, x.1.6, x.1.10) | the address is not written to any more |
//! | 5xx else to `RCPT`, `DATA` or the message | refused |
//! | 5xx to `MAIL` but for its size (552), to `AUTH` or before | it does not serve us as we are set up |
//! | 421, no connection | another carrier's turn |

use super::reply::Reply;
use data_encoding::BASE64;

/// A message with its envelope.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    pub(crate) from: String,
    pub(crate) to: String,
    /// As it goes over the wire, before dots are doubled; lines end in CRLF.
    pub(crate) data: Vec<u8>,
}

/// Name and password.
#[derive(Debug, Clone)]
pub(crate) struct Login {
    pub(crate) user: String,
    pub(crate) password: String,
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The server has it; what it calls it.
    Sent(Option<String>),
    /// Not now.
    TryAgain(String),
    /// Never.
    Refused(String),
    /// Never to that address.
    Gone(String),
    /// It may have it.
    Unknown(String),
    /// Its turn did not come.
    Untouched,
}

/// Why the server gets no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It is away, or says that it will be.
    Unreached(String),
    /// It does not serve us as we are set up.
    Setup(String),
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Say this, and hear the answer.
    Say(Vec<u8>),
    /// Close the connection.
    Close,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Greeting,
    Hello,
    Plain,
    LoginUser,
    LoginPassword,
    LoginDone,
    Mail,
    Rcpt,
    Data,
    Body,
    Reset,
    Quit,
}

/// A conversation.
#[derive(Debug)]
pub(crate) struct Session {
    name: String,
    login: Option<Login>,
    mails: Vec<Mail>,
    fates: Vec<Fate>,
    at: usize,
    state: State,
    /// The largest message that it takes.
    size: Option<usize>,
    ending: Option<Ending>,
    hurry: bool,
}

impl Session {
    /// A conversation in which we call ourselves `name`, to deliver `mails`.
    pub(crate) fn new(name: &str, login: Option<Login>, mails: Vec<Mail>) -> Self {
        Self {
            name: name.to_owned(),
            login,
            fates: vec![Fate::Untouched; mails.len()],
            mails,
            at: 0,
            state: State::Greeting,
            size: None,
            ending: None,
            hurry: false,
        }
    }

    /// No more is begun: what is under way is finished.
    pub(crate) fn hurry(&mut self) {
        self.hurry = true;
    }

    /// What became of each message, and why the server gets no more.
    pub(crate) fn end(self) -> (Vec<Fate>, Option<Ending>) {
        (self.fates, self.ending)
    }

    /// The connection was lost, or no answer came.
    pub(crate) fn lost(&mut self, why: &str) {
        match self.state {
            // All is said and done.
            State::Quit => return,
            State::Body => self.fate(Fate::Unknown(why.to_owned())),
            State::Mail | State::Rcpt | State::Data => self.fate(Fate::TryAgain(why.to_owned())),
            _ => {}
        }
        self.ending = Some(Ending::Unreached(why.to_owned()));
        self.state = State::Quit;
    }

    /// The server's answer to what was said last.
    pub(crate) fn heard(&mut self, reply: &Reply) -> Next {
        let good = (200..400).contains(&reply.code);
        match (self.state, reply.code) {
            (State::Quit, _) => Next::Close,
            (State::Greeting, 220) => self.say(State::Hello, &format!("EHLO {}", self.name)),
            (State::Hello, 250) => self.hello(reply),
            (State::Plain | State::LoginDone, 235) => self.next(),
            (State::LoginUser, 334) => {
                let user = self
                    .login
                    .as_ref()
                    .map(|login| BASE64.encode(login.user.as_bytes()));
                self.say(State::LoginPassword, &user.unwrap_or_default())
            }
            (State::LoginPassword, 334) => {
                let word = self
                    .login
                    .as_ref()
                    .map(|login| BASE64.encode(login.password.as_bytes()));
                self.say(State::LoginDone, &word.unwrap_or_default())
            }
            (State::Mail, 250) => {
                let to = self
                    .mails
                    .get(self.at)
                    .map(|mail| format!("RCPT TO:<{}>", mail.to));
                self.say(State::Rcpt, &to.unwrap_or_default())
            }
            (State::Rcpt, 250..=252) => self.say(State::Data, "DATA"),
            (State::Data, 354) => {
                self.state = State::Body;
                let data = self.mails.get(self.at).map(|mail| stuffed(&mail.data));
                Next::Say(data.unwrap_or_default())
            }
            (State::Body, 250) => {
                self.fate(Fate::Sent(queued_as(reply)));
                self.at = self.at.saturating_add(1);
                self.next()
            }
            (State::Reset, 250) => self.next(),
            (State::Mail | State::Rcpt | State::Data | State::Body, _) if !good => self.refused(reply),
            (_, 400..=499) => self.over(Ending::Unreached(reply.words())),
            _ => self.over(Ending::Setup(reply.words())),
        }
    }

    /// Reads what the server can (RFC 5321, section 4.1.1.1), and logs in where we are to.
    fn hello(&mut self, reply: &Reply) -> Next {
        let mut ways: Vec<String> = Vec::new();
        for line in reply.lines.iter().skip(1) {
            let mut words = line.split_ascii_whitespace();
            match words.next().map(str::to_ascii_uppercase).as_deref() {
                Some("AUTH") => ways.extend(words.map(str::to_ascii_uppercase)),
                Some("SIZE") => {
                    self.size = words
                        .next()
                        .and_then(|size| size.parse().ok())
                        .filter(|size| *size > 0)
                }
                _ => {}
            }
        }
        let Some(login) = &self.login else {
            return self.next();
        };
        let offers = |way: &str| ways.iter().any(|offered| offered == way);
        if offers("PLAIN") {
            let plain = format!("\0{}\0{}", login.user, login.password);
            let plain = format!("AUTH PLAIN {}", BASE64.encode(plain.as_bytes()));
            return self.say(State::Plain, &plain);
        }
        match offers("LOGIN") {
            true => self.say(State::LoginUser, "AUTH LOGIN"),
            false => self.over(Ending::Setup(
                "it offers neither AUTH PLAIN nor AUTH LOGIN".to_owned(),
            )),
        }
    }

    /// The next message, or the end.
    fn next(&mut self) -> Next {
        while let Some(mail) = self.mails.get(self.at).filter(|_| !self.hurry) {
            let length = mail.data.len();
            match self.size {
                Some(most) if length > most => {
                    let why = format!("{length} bytes, and the server takes {most}");
                    self.fate(Fate::Refused(why));
                    self.at = self.at.saturating_add(1);
                }
                known => {
                    let size = known.map_or_else(String::new, |_| format!(" SIZE={length}"));
                    let from = format!("MAIL FROM:<{}>{size}", mail.from);
                    return self.say(State::Mail, &from);
                }
            }
        }
        self.say(State::Quit, "QUIT")
    }

    /// A message was not taken.
    fn refused(&mut self, reply: &Reply) -> Next {
        let words = reply.words();
        let no_mailbox = || {
            let detail = reply.enhanced().and_then(|code| code.split_once('.'));
            detail.is_some_and(|(_, detail)| ["1.1", "1.2", "1.3", "1.6", "1.10"].contains(&detail))
        };
        let fate = match (self.state, reply.code) {
            (_, 400..=499) => Fate::TryAgain(words.clone()),
            (State::Mail, 552) => Fate::Refused(words.clone()),
            (State::Mail, _) => return self.over(Ending::Setup(words)),
            (State::Rcpt, _) if no_mailbox() => Fate::Gone(words.clone()),
            _ => Fate::Refused(words.clone()),
        };
        self.fate(fate);
        self.at = self.at.saturating_add(1);
        match reply.code {
            // RFC 5321, section 3.8: it closes the connection.
            421 => self.over(Ending::Unreached(words)),
            _ => self.say(State::Reset, "RSET"),
        }
    }

    fn fate(&mut self, fate: Fate) {
        if let Some(own) = self.fates.get_mut(self.at) {
            *own = fate;
        }
    }

    fn over(&mut self, ending: Ending) -> Next {
        self.ending = Some(ending);
        self.say(State::Quit, "QUIT")
    }

    fn say(&mut self, state: State, line: &str) -> Next {
        self.state = state;
        Next::Say(format!("{line}\r\n").into_bytes())
    }
}

/// A message and its end: a dot at the beginning of a line is doubled (RFC 5321, section 4.5.2).
fn stuffed(data: &[u8]) -> Vec<u8> {
    let mut stuffed = Vec::with_capacity(data.len().saturating_add(64));
    let mut fresh = true;
    for byte in data {
        if fresh && *byte == b'.' {
            stuffed.push(b'.');
        }
        stuffed.push(*byte);
        fresh = *byte == b'\n';
    }
    if !fresh {
        stuffed.extend_from_slice(b"\r\n");
    }
    stuffed.extend_from_slice(b".\r\n");
    stuffed
}

/// What the server calls a message that it took: Postfix, Exim and others say `queued as X`.
fn queued_as(reply: &Reply) -> Option<String> {
    let words = reply.lines.join(" ");
    let (_, name) = words.split_once("queued as ")?;
    let name = name.split_ascii_whitespace().next()?;
    Some(name.chars().take(100).collect())
}
