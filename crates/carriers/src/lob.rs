//! Lob (<https://docs.lob.com/#tag/Letters>): prints and posts a letter; one call a letter.
//!
//! Lob knows an idempotency key for 24 hours. What it prints is our PDF, with a page before it for the
//! address, since an envelope's window is elsewhere in each country; without a PDF it is the message's HTML.

use crate::http::{Call, Heard};
use crate::{Called, Carry, Doing, Letter, OUR_ID, Row, needed, print};
use data_encoding::BASE64;
use receivables::channel::Channel;
use receivables::intake::PostalAddress;
use serde::Deserialize;
use store::delivery::{Carrier, Memory, Outcome};
use web::outbound::{self, Answer};
use web::{Cx, Problem, limits, secrets};

#[cfg(test)]
mod tests;

/// Its name in the ledger.
const NAME: &str = "lob";

pub(crate) const ROW: Row = Row {
    carrier: Carrier {
        name: NAME,
        channel: Channel::Letter,
        remembers: Memory::ADay,
        ready: true,
    },
    per_call: 1,
    calls: 4,
    // 150 calls in 5 seconds (docs.lob.com, "Rate limits").
    a_second: 25,
    set_up: |cx| Box::pin(set_up(cx)),
};

async fn set_up(cx: &Cx) -> Result<Option<Box<dyn Carry>>, Problem> {
    let needed = needed(cx, ["lob_url", "lob_api_key", "lob_from"]).await?;
    Ok(needed.map(|[url, key, from]| {
        Box::new(Lob {
            url: format!("{}/v1/letters", url.trim_end_matches('/')),
            authorization: format!("Basic {}", BASE64.encode(format!("{key}:").as_bytes())),
            from,
        }) as Box<dyn Carry>
    }))
}

struct Lob {
    url: String,
    authorization: String,
    /// The creditor's address, as Lob knows it (`adr_...`).
    from: String,
}

#[derive(Deserialize)]
struct Said {
    id: Option<String>,
    error: Option<SaidError>,
}

#[derive(Deserialize)]
struct SaidError {
    message: Option<String>,
    code: Option<String>,
}

fn said(answer: &Answer) -> Option<Said> {
    serde_json::from_slice(&answer.body).ok()
}

fn words(answer: &Answer) -> String {
    let Some(error) = said(answer).and_then(|said| said.error) else {
        return String::new();
    };
    let parts = [error.message, error.code.map(|code| format!("({code})"))];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// The first `most` characters: Lob refuses longer ones, and an envelope has no room for them.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// The fields of a letter, but for the file.
fn fields(subject: &str, from: &str, name: &str, to: &PostalAddress) -> Vec<(&'static str, String)> {
    let mut lines = to.lines.iter();
    let mut fields = vec![
        ("description", cut(subject, 255)),
        ("to[name]", cut(name, 40)),
        (
            "to[address_line1]",
            cut(lines.next().map_or("", String::as_str), 64),
        ),
    ];
    let rest: Vec<&str> = lines.map(String::as_str).collect();
    if !rest.is_empty() {
        fields.push(("to[address_line2]", cut(&rest.join(", "), 64)));
    }
    let parts = [
        ("to[address_city]", to.city.clone()),
        ("to[address_state]", to.region.clone()),
        ("to[address_zip]", to.postal_code.clone()),
        (
            "to[address_country]",
            to.country.map(|country| country.code().to_owned()),
        ),
    ];
    fields.extend(parts.into_iter().filter_map(|(name, value)| Some((name, value?))));
    fields.extend([
        ("from", from.to_owned()),
        ("color", "false".to_owned()),
        ("use_type", "operational".to_owned()),
        ("address_placement", "insert_blank_page".to_owned()),
    ]);
    fields
}

/// A form with a file (RFC 7578). `boundary` stands nowhere in it: it is random.
fn multipart(boundary: &str, fields: &[(&str, String)], file: (&str, &str, &[u8])) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let head =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(head.as_bytes());
    }
    let (name, media_type, content) = file;
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: {media_type}\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(content);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    body
}

impl Carry for Lob {
    fn send<'a>(&'a self, cx: &'a Cx, letters: &'a [Letter]) -> Doing<'a, Called> {
        Box::pin(async move {
            let call = Call {
                cx,
                name: NAME,
                count: letters.len(),
            };
            let [letter] = letters else {
                return call.all(Outcome::TryAgain("one message a call".to_owned()), None);
            };
            let Some(to) = &letter.message.to.postal else {
                return call.all(Outcome::Refused("There is no postal address".to_owned()), None);
            };
            let Ok(boundary) = secrets::token() else {
                return call.all(Outcome::TryAgain("no random bytes".to_owned()), None);
            };
            let id = letter.message.id.as_str();
            let mut fields: Vec<(&str, String)> =
                fields(&letter.rendered.subject, &self.from, &letter.message.to.name, to);
            let metadata = format!("metadata[{OUR_ID}]");
            fields.push((&metadata, id.to_owned()));
            let file = match &letter.paper {
                Some(pdf) => ("letter.pdf", "application/pdf", pdf.as_slice()),
                None => (
                    "letter.html",
                    "text/html; charset=utf-8",
                    letter.rendered.html.as_bytes(),
                ),
            };
            let body = multipart(&boundary, &fields, file);
            let headers = [
                ("authorization", self.authorization.as_str()),
                ("idempotency-key", id),
            ];
            let media_type = format!("multipart/form-data; boundary={boundary}");
            let wait_s = limits::PROVIDER_TIMEOUT_S;
            let answered = outbound::post(&self.url, &headers, &media_type, body, wait_s).await;
            match call.read(answered, words) {
                Ok(Heard::Taken(answer)) => {
                    // It has left, whether or not it can be printed again.
                    if let Err(problem) = print::keep(cx, letters, Some(NAME)).await {
                        cx.log(&problem);
                    }
                    call.all(letter.sent(said(&answer).and_then(|said| said.id)), None)
                }
                Ok(Heard::Refused(answer)) => {
                    let why = call.says(&format!("{} {}", answer.status, words(&answer)));
                    call.all(Outcome::Refused(why), None)
                }
                Err(called) => called,
            }
        })
    }
}
