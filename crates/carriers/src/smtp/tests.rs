//! Conversations as servers have them, and what must hold however they go.

use super::reply::{Reader, Reply};
use super::session::{Ending, Fate, Login, Mail, Next, Session};
use super::{outcome, private};
use crate::tests::letter;
use store::delivery::Outcome;

fn mail(to: &str) -> Mail {
    Mail {
        from: "ar@sandpiper.example".to_owned(),
        to: to.to_owned(),
        data: b"Subject: x\r\n\r\n.one\r\n..two\r\nthree.\r\n".to_vec(),
    }
}

fn reply(text: &str) -> Reply {
    let mut reader = Reader::default();
    reader.feed(text.as_bytes());
    reader.next().unwrap().unwrap()
}

/// Plays a server's answers, then the loss of the connection; what was said, and the end.
fn play(session: Session, answers: &[&str]) -> (Vec<String>, Vec<Fate>, Option<Ending>) {
    let mut session = session;
    let mut said = Vec::new();
    let mut closed = false;
    for answer in answers {
        match session.heard(&reply(answer)) {
            Next::Say(bytes) => said.push(String::from_utf8(bytes).unwrap()),
            Next::Close => {
                closed = true;
                break;
            }
        }
    }
    if !closed {
        session.lost("gone");
    }
    let (fates, ending) = session.end();
    (said, fates, ending)
}

fn two() -> Session {
    Session::new(
        "sandpiper.example",
        None,
        vec![mail("a@x.example"), mail("b@x.example")],
    )
}

const HELLO: [&str; 2] = ["220 mx ready\r\n", "250-mx\r\n250-SIZE 1000\r\n250 8BITMIME\r\n"];
const TAKEN: [&str; 4] = [
    "250 ok\r\n",
    "250 ok\r\n",
    "354 go\r\n",
    "250 2.0.0 Ok: queued as 4Fx1\r\n",
];

fn after_hello(answers: &[&'static str]) -> Vec<&'static str> {
    [&HELLO, answers].concat()
}

#[test]
fn two_messages_go_over_one_connection() {
    let answers = [&HELLO[..], &TAKEN, &TAKEN, &["221 bye\r\n"]].concat();
    let (said, fates, ending) = play(two(), &answers);
    let body = "Subject: x\r\n\r\n..one\r\n...two\r\nthree.\r\n.\r\n";
    assert_eq!(
        said,
        [
            "EHLO sandpiper.example\r\n",
            "MAIL FROM:<ar@sandpiper.example> SIZE=35\r\n",
            "RCPT TO:<a@x.example>\r\n",
            "DATA\r\n",
            body,
            "MAIL FROM:<ar@sandpiper.example> SIZE=35\r\n",
            "RCPT TO:<b@x.example>\r\n",
            "DATA\r\n",
            body,
            "QUIT\r\n",
        ]
    );
    let sent = Fate::Sent(Some("4Fx1".to_owned()));
    assert_eq!((fates, ending), (vec![sent.clone(), sent], None));
}

#[test]
fn every_answer_means_one_thing_for_its_message_and_the_next_goes_on() {
    let again = |words: &str| Fate::TryAgain(words.to_owned());
    let no = |words: &str| Fate::Refused(words.to_owned());
    let cases: [(&[&'static str], Fate); 9] = [
        (&["451 4.3.0 later\r\n"], again("451 4.3.0 later")),
        (&["552 5.3.4 too big\r\n"], no("552 5.3.4 too big")),
        (
            &["250 ok\r\n", "450 4.2.0 greylisted\r\n"],
            again("450 4.2.0 greylisted"),
        ),
        (
            &["250 ok\r\n", "550 5.1.1 no such user\r\n"],
            Fate::Gone("550 5.1.1 no such user".to_owned()),
        ),
        (&["250 ok\r\n", "550 5.7.1 policy\r\n"], no("550 5.7.1 policy")),
        (&["250 ok\r\n", "550 no\r\n"], no("550 no")),
        (
            &["250 ok\r\n", "250 ok\r\n", "554 5.5.1 no\r\n"],
            no("554 5.5.1 no"),
        ),
        (
            &["250 ok\r\n", "250 ok\r\n", "354 go\r\n", "452 4.3.1 full\r\n"],
            again("452 4.3.1 full"),
        ),
        (
            &[
                "250 ok\r\n",
                "250 ok\r\n",
                "354 go\r\n",
                "554-5.7.1 spam\r\n554 5.7.1 no\r\n",
            ],
            no("554 5.7.1 spam 5.7.1 no"),
        ),
    ];
    for (answers, expected) in cases {
        let all = [&HELLO[..], answers, &["250 reset\r\n"], &TAKEN, &["221 bye\r\n"]].concat();
        let (said, fates, ending) = play(two(), &all);
        assert!(said.contains(&"RSET\r\n".to_owned()), "{said:?}");
        assert_eq!(
            fates,
            [expected, Fate::Sent(Some("4Fx1".to_owned()))],
            "{answers:?}"
        );
        assert_eq!(ending, None);
    }
}

#[test]
fn only_after_the_last_dot_nobody_knows() {
    let lost = |answers: &[&'static str]| {
        let (_, fates, ending) = play(two(), &after_hello(answers));
        assert_eq!(ending, Some(Ending::Unreached("gone".to_owned())), "{answers:?}");
        assert_eq!(fates[1], Fate::Untouched);
        fates[0].clone()
    };
    let again = Fate::TryAgain("gone".to_owned());
    assert_eq!(lost(&[]), again);
    assert_eq!(lost(&TAKEN[..1]), again);
    assert_eq!(lost(&TAKEN[..2]), again);
    assert_eq!(lost(&TAKEN[..3]), Fate::Unknown("gone".to_owned()));
    // The answer that is lost is that to QUIT: all was well before.
    let (_, fates, ending) = play(
        Session::new("x", None, vec![mail("a@x.example")]),
        &[&HELLO[..], &TAKEN].concat(),
    );
    assert_eq!((fates.len(), ending), (1, None));
    assert!(matches!(fates[0], Fate::Sent(_)));
}

#[test]
fn what_is_about_us_costs_no_message_anything() {
    let setup = |words: &str| Some(Ending::Setup(words.to_owned()));
    let away = |words: &str| Some(Ending::Unreached(words.to_owned()));
    for (answers, expected) in [
        (vec!["554 no service\r\n"], setup("554 no service")),
        (vec!["421 busy\r\n"], away("421 busy")),
        (vec!["220 mx\r\n", "502 what\r\n"], setup("502 what")),
        (
            after_hello(&["530 5.7.0 Must issue a STARTTLS command first\r\n"]),
            setup("530 5.7.0 Must issue a STARTTLS command first"),
        ),
        (after_hello(&["550 5.7.1 sender\r\n"]), setup("550 5.7.1 sender")),
    ] {
        let all = [answers.clone(), vec!["221 bye\r\n"]].concat();
        let (said, fates, ending) = play(two(), &all);
        assert_eq!(
            (fates, ending),
            (vec![Fate::Untouched; 2], expected),
            "{answers:?}"
        );
        assert_eq!(said.last().map(String::as_str), Some("QUIT\r\n"));
    }
    // The server goes away in the middle: the other message keeps its turn.
    let (_, fates, ending) = play(
        two(),
        &after_hello(&["250 ok\r\n", "421 4.3.2 going down\r\n", "221 bye\r\n"]),
    );
    assert_eq!(
        fates,
        [Fate::TryAgain("421 4.3.2 going down".to_owned()), Fate::Untouched]
    );
    assert_eq!(ending, away("421 4.3.2 going down"));
}

#[test]
fn logs_in_as_the_server_offers() {
    let login = || Login {
        user: "user".to_owned(),
        password: "pass".to_owned(),
    };
    let session = || Session::new("x", Some(login()), vec![mail("a@x.example")]);
    let hello = |auth: &str| format!("250-mx\r\n250-AUTH {auth}\r\n250 HELP\r\n");
    // RFC 4616, section 2: NUL, name, NUL, password.
    let (said, _, ending) = play(
        session(),
        &[
            "220 mx\r\n",
            &hello("LOGIN plain"),
            "535 5.7.8 no\r\n",
            "221 bye\r\n",
        ],
    );
    assert_eq!(said[1], "AUTH PLAIN AHVzZXIAcGFzcw==\r\n");
    assert_eq!(ending, Some(Ending::Setup("535 5.7.8 no".to_owned())));
    let (said, fates, _) = play(
        session(),
        &[
            &[
                "220 mx\r\n",
                &hello("LOGIN"),
                "334 VXNlcm5hbWU6\r\n",
                "334 UGFzc3dvcmQ6\r\n",
                "235 ok\r\n",
            ][..],
            &TAKEN,
            &["221 bye\r\n"],
        ]
        .concat(),
    );
    assert_eq!(said[1..4], ["AUTH LOGIN\r\n", "dXNlcg==\r\n", "cGFzcw==\r\n"]);
    assert!(matches!(fates[0], Fate::Sent(_)), "{fates:?}");
    let (_, _, ending) = play(session(), &["220 mx\r\n", &hello("GSSAPI"), "221 bye\r\n"]);
    assert!(matches!(ending, Some(Ending::Setup(_))));
}

#[test]
fn a_message_larger_than_the_server_takes_is_not_offered() {
    let hello = "250-mx\r\n250 SIZE 34\r\n";
    let (said, fates, _) = play(two(), &["220 mx\r\n", hello, "221 bye\r\n"]);
    assert_eq!(said, ["EHLO sandpiper.example\r\n", "QUIT\r\n"]);
    let why = Fate::Refused("35 bytes, and the server takes 34".to_owned());
    assert_eq!(fates, [why.clone(), why]);
}

#[test]
fn in_a_hurry_nothing_more_is_begun() {
    let mut session = two();
    for answer in [&HELLO[..], &TAKEN[..3]].concat() {
        session.heard(&reply(answer));
    }
    session.hurry();
    assert_eq!(
        session.heard(&reply("250 ok\r\n")),
        Next::Say(b"QUIT\r\n".to_vec())
    );
    let (fates, _) = session.end();
    assert_eq!(fates, [Fate::Sent(None), Fate::Untouched]);
}

#[test]
fn answers_are_read_however_they_come() {
    let text = "250-mx one\r\n250-two\r\n250 three\r\n354\r\n";
    for size in 1..text.len() {
        let mut reader = Reader::default();
        let mut replies = Vec::new();
        for part in text.as_bytes().chunks(size) {
            reader.feed(part);
            while let Some(reply) = reader.next().unwrap() {
                replies.push((reply.code, reply.lines));
            }
        }
        let lines = ["mx one", "two", "three"].map(str::to_owned).to_vec();
        assert_eq!(replies, [(250, lines), (354, vec![String::new()])], "{size}");
    }
    for wrong in [
        "hello\r\n",
        "99 x\r\n",
        "250+x\r\n",
        "600 x\r\n",
        "\r\n",
        "2é50 x\r\n",
    ] {
        let mut reader = Reader::default();
        reader.feed(wrong.as_bytes());
        assert!(reader.next().is_err(), "{wrong:?}");
    }
    let mut endless = Reader::default();
    endless.feed(&[b'2'; 20 << 10]);
    assert!(endless.next().is_err());
    assert_eq!(reply("550 5.1.1 x\r\n").enhanced(), Some("5.1.1"));
    assert_eq!(reply("550 5.1 x\r\n").enhanced(), None);
}

#[test]
fn only_a_relay_on_the_private_network_is_spoken_to() {
    for good in [
        "*://10.0.0.5:25",
        "172.16.0.1:587",
        "*://192.168.1.2:25/",
        "127.0.0.1:2525",
        "*://[fd00::1]:25",
        "[::1]:25",
    ] {
        assert!(private(good).is_ok(), "{good}");
    }
    for wrong in [
        "*://8.8.8.8:25",
        "169.254.169.254:25",
        "172.32.0.1:25",
        "[2001:db8::1]:25",
        "[::ffff:8.8.8.8]:25",
        "[fe80::1]:25",
        "0.0.0.0:25",
        "mail.internal:25",
        "10.0.0.5",
        "10.0.0.5:0",
        "",
    ] {
        assert!(private(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn fates_are_outcomes() {
    let letter = letter();
    let of = |fate, ending: Option<Ending>| outcome(&letter, fate, ending.as_ref());
    assert!(matches!(of(Fate::Sent(None), None), Outcome::Sent { .. }));
    assert!(matches!(of(Fate::Gone("x".into()), None), Outcome::Inactive(why) if why == "smtp: x"));
    assert!(matches!(of(Fate::Unknown("x".into()), None), Outcome::Unknown(_)));
    assert!(matches!(
        of(Fate::Untouched, None),
        Outcome::Later { until: None, .. }
    ));
    let away = Some(Ending::Unreached("x".into()));
    assert!(matches!(of(Fate::Untouched, away), Outcome::TryAgain(_)));
    let setup = Some(Ending::Setup("x".into()));
    assert!(matches!(
        of(Fate::Untouched, setup),
        Outcome::Later { until: None, .. }
    ));
}
