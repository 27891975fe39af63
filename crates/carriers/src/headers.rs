//! The headers that every email carries, whoever carries it.
//!
//! | header | why |
//! |---|---|
//! | `X-Dunlin-Message` | our id, for the recipient's mail server and ours |
//! | `Message-ID` | made of our id (RFC 5322, 3.6.4): the same however often it is sent |
//! | `In-Reply-To`, `References` | the customer's thread, a message that was never sent: mail programs show what has the same one together |
//! | `List-Unsubscribe`, `List-Unsubscribe-Post` | one click (RFC 8058, section 3) |

use crate::address::domain;
use crate::{Letter, OUR_HEADER};

/// `Message-ID`, without its brackets.
pub(crate) fn message_id(letter: &Letter) -> String {
    format!("{}@{}", letter.message.id, domain(&letter.sender.email))
}

/// What the customer's messages refer to, without its brackets.
pub(crate) fn thread(letter: &Letter) -> String {
    format!(
        "thread.{}@{}",
        letter.message.thread,
        domain(&letter.sender.email)
    )
}

/// The headers by which a reader says that there are to be no more.
pub(crate) fn unsubscribe(letter: &Letter) -> Vec<(&'static str, String)> {
    let url = letter.unsubscribe_url.iter();
    url.flat_map(|url| {
        [
            ("List-Unsubscribe", format!("<{url}>")),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
        ]
    })
    .collect()
}

/// All of them, for a carrier that makes the message itself.
pub(crate) fn all(letter: &Letter) -> Vec<(&'static str, String)> {
    let thread = format!("<{}>", thread(letter));
    let mut headers = vec![
        (OUR_HEADER, letter.message.id.to_string()),
        ("Message-ID", format!("<{}>", message_id(letter))),
        ("In-Reply-To", thread.clone()),
        ("References", thread),
    ];
    headers.extend(unsubscribe(letter));
    headers
}
