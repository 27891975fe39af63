//! What every carrier's table and every email must hold.

use super::*;
use receivables::country::Country;
use receivables::currency::Currency;
use receivables::id::{CustomerId, MessageId};
use receivables::template::Purpose;
use store::delivery::{Document, Memory, Recipient};

/// A message to Ada, with a document, as carriers are given it.
pub(crate) fn letter() -> Letter {
    let customer = CustomerId::from_parts(1, [2; 10]);
    Letter {
        message: Claimed {
            id: MessageId::from_parts(1, [1; 10]),
            thread: customer.to_string(),
            customer,
            customer_name: "Nordwind AB".to_owned(),
            locale: "de-AT".to_owned(),
            policy: "standard".to_owned(),
            step: "friendly".to_owned(),
            template: "friendly".to_owned(),
            purpose: Purpose::Collection,
            channel: Channel::Email,
            carrier: "smtp",
            currency: Currency::parse("EUR").unwrap(),
            to: Recipient {
                name: "Braun, Åda".to_owned(),
                email: Some("ada@nordwind.example".to_owned()),
                phone: None,
                postal: None,
            },
            country: Country::parse("DE").unwrap(),
            today: "2026-01-13".parse().unwrap(),
            overdue: Vec::new(),
            upcoming: Vec::new(),
            act_on: "2026-01-20".parse().unwrap(),
            promise: None,
            about: None,
            documents: vec![Document {
                name: "R-1 für Ada.pdf".to_owned(),
                media_type: "application/pdf".to_owned(),
                content: b"%PDF-1.7\n\x00\xff".to_vec(),
            }],
            attempts: 0,
            remembered: Memory::Nothing,
            open_since: None,
            tone: None,
            statement: None,
            lease: "l".to_owned(),
            policy_id: None,
            notify: Vec::new(),
            channels: vec![Channel::Email],
            tried: Vec::new(),
            why: String::new(),
        },
        rendered: rendered(),
        sender: Sender {
            name: "Sandpiper \"S\" Tools".to_owned(),
            email: "receivables@sandpiper.example".to_owned(),
            reply_to: Some("answers@sandpiper.example".to_owned()),
        },
        unsubscribe_url: Some("https://pay.example/unsubscribe/tok".to_owned()),
        paper: None,
    }
}

fn rendered() -> Rendered {
    Rendered {
        subject: "Rechnung R-1 ist überfällig".to_owned(),
        text: ".Guten Tag,\nbitte zahlen Sie 10,00 €.\n".to_owned(),
        html: "<p>Bitte zahlen Sie 10,00&nbsp;€.</p>".to_owned(),
        parts: render::Parts::default(),
    }
}

#[test]
fn every_carrier_is_there_once_and_can_send_something() {
    for row in CARRIERS {
        let name = row.carrier.name;
        let same = |other: &&Row| (other.carrier.name, other.carrier.channel) == (name, row.carrier.channel);
        assert_eq!(CARRIERS.iter().filter(same).count(), 1, "{name}");
        assert!(row.per_call > 0 && row.calls > 0 && row.a_second > 0, "{name}");
        assert!(row.carrier.ready, "{name}");
    }
}

#[test]
fn rates_are_by_carrier() {
    let known = rates("sending_rates", "ses:50, resend:10").unwrap();
    assert_eq!(rate(&known, row(Channel::Email, "ses").unwrap()), 50);
    assert_eq!(rate(&known, &sendgrid::ROW), sendgrid::ROW.a_second);
    assert_eq!(of(&known, &resend::ROW), Some(10));
    assert_eq!(of(&known, &sendgrid::ROW), None);
    assert!(rates("x", "").unwrap().is_empty());
    for wrong in ["ses", "ses:0", "ses:-1", "ses:many", "nobody:5"] {
        assert!(rates("x", wrong).is_err(), "{wrong}");
    }
}

#[test]
fn headers_are_the_same_however_often_a_message_is_sent_and_one_click_is_among_them() {
    let letter = letter();
    let id = letter.message.id.to_string();
    let customer = letter.message.customer.to_string();
    let thread = format!("<thread.{customer}@sandpiper.example>");
    assert_eq!(
        headers::all(&letter),
        [
            ("X-Dunlin-Message", id.clone()),
            ("Message-ID", format!("<{id}@sandpiper.example>")),
            ("In-Reply-To", thread.clone()),
            ("References", thread),
            (
                "List-Unsubscribe",
                "<https://pay.example/unsubscribe/tok>".to_owned()
            ),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned()),
        ]
    );
    let silent = Letter {
        unsubscribe_url: None,
        ..letter
    };
    assert_eq!(headers::all(&silent).len(), 4);
}

/// The lines of an email's head, unfolded.
fn head(email: &str) -> Vec<String> {
    let (head, _) = email.split_once("\r\n\r\n").unwrap();
    head.replace("\r\n ", " ")
        .replace("\r\n\t", " ")
        .split("\r\n")
        .map(str::to_owned)
        .collect()
}

#[test]
fn an_email_is_seven_bit_with_short_lines_and_says_what_it_must() {
    let now = "2026-01-13T08:00:00Z".parse().unwrap();
    let email = String::from_utf8(mime::mime(&letter(), now).unwrap()).unwrap();
    assert!(email.is_ascii(), "{email}");
    assert!(!email.replace("\r\n", "").contains(['\r', '\n']), "{email}");
    // RFC 5322, section 2.1.1: 998 at most.
    assert!(email.split("\r\n").all(|line| line.len() <= 998), "{email}");
    let head = head(&email);
    let has = |start: &str| head.iter().filter(|line| line.starts_with(start)).count();
    for once in [
        "From: ",
        "To: ",
        "Subject: =?utf-8?",
        "Date: Tue, 13 Jan 2026 08:00:00 +0000",
        "Message-ID: <",
        "In-Reply-To: <thread.",
        "References: <thread.",
        "Reply-To: ",
        "MIME-Version: 1.0",
        "X-Dunlin-Message: ",
        "List-Unsubscribe: <https://pay.example/unsubscribe/tok>",
        "List-Unsubscribe-Post: List-Unsubscribe=One-Click",
        "Content-Type: multipart/mixed",
    ] {
        assert_eq!(has(once), 1, "{once}: {email}");
    }
    assert!(
        email.contains("multipart/alternative") && email.contains("application/pdf"),
        "{email}"
    );
}

#[test]
fn no_name_and_no_address_ends_a_header() {
    let now = "2026-01-13T08:00:00Z".parse().unwrap();
    let mut letter = letter();
    letter.message.to.name = "Ada\r\nBcc: all@x.example".to_owned();
    letter.sender.name = "\u{7f}\r\nX: y".to_owned();
    letter.rendered.subject = "Due\r\nBcc: all@x.example".to_owned();
    let email = String::from_utf8(mime::mime(&letter, now).unwrap()).unwrap();
    let head = head(&email);
    assert!(
        !head
            .iter()
            .any(|line| line.starts_with("Bcc") || line.starts_with("X:")),
        "{email}"
    );
    for wrong in [
        "",
        "ada",
        "a b@x.example",
        "ada@x.example>\r\nBcc: b@x",
        "ada@",
        "ådä@x.example",
    ] {
        letter.message.to.email = Some(wrong.to_owned());
        assert!(mime::mime(&letter, now).is_err(), "{wrong}");
    }
}
