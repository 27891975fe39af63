//! Payment providers, from the payment link to the money and back, each played by a fake that keeps what it was asked:
//! so that "never twice" is counted by the other side. One table of tests, the same for all of them; Stripe has its own.

mod adyen;
mod gocardless;
mod methods;
mod mollie;
mod partners;
mod paypal;
mod razorpay;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::{Answer, App, Call, Fault, Recorder, Reply, Request, customer, invoice, own, unique};

/// Where customers reach the app; the providers tell it there.
const PUBLIC_URL: &str = "https://pay.sandpiper.example";
const SECRET: &str = "secret of sandpiper";

/// What a provider keeps.
#[derive(Default)]
struct State {
    /// Sessions, payments and refunds by id.
    objects: BTreeMap<String, Value>,
    /// What was asked under a key, and what was answered.
    keys: BTreeMap<String, (String, Reply)>,
}

impl State {
    /// The objects whose id begins so.
    fn of(&self, prefix: &str) -> Vec<&Value> {
        let all = self.objects.iter().filter(|(id, _)| id.starts_with(prefix));
        all.map(|(_, object)| object).collect()
    }

    /// A name for the next object of a kind.
    fn next_id(&self, prefix: &str) -> String {
        format!("{prefix}{}", self.of(prefix).len() + 1)
    }

    /// Answers what a key was answered before; refuses another request under it.
    fn replayed(&self, key: Option<&str>, request: &Request) -> Option<Reply> {
        let (asked, answered) = self.keys.get(key?)?;
        assert_eq!(*asked, request.body, "another request under {key:?}");
        Some(answered.clone())
    }
}

/// A provider as it is played.
struct Player {
    name: &'static str,
    country: &'static str,
    currency: &'static str,
    /// The app's variables, given the fake's address.
    variables: fn(&str) -> Vec<(&'static str, String)>,
    answer: fn(&mut State, &Request) -> Reply,
    /// How ids of sessions, payments and refunds begin.
    prefixes: [&'static str; 3],
    /// Calls before the one that opens a session or asks for a refund.
    before: usize,
    /// The payer does on the session's page what there is to do.
    pays: fn(&mut State, &str),
    /// Tells the app of what became of a session, as often as it takes; the last answer.
    tells: fn(&Setup, &str) -> Answer,
    /// A payment's money goes back because the payer's bank takes it; and the event that tells so.
    loses: fn(&Setup, &str) -> Answer,
    /// A refund comes to its end, well or not; and the event that tells so.
    refunds: fn(&Setup, &str, bool) -> Answer,
    /// A webhook that nobody can have signed.
    forged: fn(&Setup) -> Option<Answer>,
}

const PLAYERS: [&Player; 5] = [
    &mollie::PLAYER,
    &razorpay::PLAYER,
    &adyen::PLAYER,
    &paypal::PLAYER,
    &gocardless::PLAYER,
];

/// An app whose links are paid through one provider of its own.
struct Setup {
    app: App,
    player: &'static Player,
    recorder: Recorder,
    state: Arc<Mutex<State>>,
}

/// A customer, what it owes, and its link.
struct Owing {
    external_id: String,
    id: String,
    invoice: String,
    link: String,
}

impl Setup {
    fn start(player: &'static Player) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let kept = Arc::clone(&state);
        let recorder =
            Recorder::start(move |request| (player.answer)(&mut kept.lock().expect("state"), request));
        let mut variables = (player.variables)(&recorder.url());
        variables.push(("public_url", PUBLIC_URL.to_owned()));
        let variables: Vec<_> = variables
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let app = App::start_with(&variables);
        Self {
            app,
            player,
            recorder,
            state,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("state")
    }

    /// How many sessions, payments and refunds there are at the provider.
    fn made(&self) -> [usize; 3] {
        self.player.prefixes.map(|prefix| self.state().of(prefix).len())
    }

    fn owing(&self, amount: &str) -> Owing {
        let external_id = unique("C");
        let mut buyer = customer(&external_id);
        buyer["country"] = json!(self.player.country);
        buyer["currency"] = json!(self.player.currency);
        let id = self
            .app
            .post("/v1/customers")
            .json(&buyer)
            .send(201)
            .string("/id");
        let mut document = invoice(&unique("R"), &external_id, amount, "2026-02-09");
        document["currency"] = json!(self.player.currency);
        document["total"]["currency"] = json!(self.player.currency);
        let invoice = self
            .app
            .post("/v1/invoices")
            .json(&document)
            .send(201)
            .string("/id");
        let made = self
            .app
            .post("/v1/payment-links")
            .json(&json!({"customer": {"id": id}}))
            .send(201);
        let link = made.string("/url").replace(PUBLIC_URL, "");
        Owing {
            external_id,
            id,
            invoice,
            link,
        }
    }

    /// Presses pay and answers the address that it leads to.
    #[track_caller]
    fn press(&self, owing: &Owing) -> String {
        let answer = self.app.post(&owing.link).anonymous().form(&[]).send(303);
        answer.header("location").expect("a location").to_owned()
    }

    /// The only session, or the last one.
    fn session(&self) -> String {
        let state = self.state();
        let prefix = self.player.prefixes[0];
        let ids: Vec<_> = state.objects.keys().filter(|id| id.starts_with(prefix)).collect();
        ids.last().expect("a session").to_string()
    }

    /// What goes wrong with the next call that opens a session or asks for a refund, and with those after it.
    fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        let before = (0..self.player.before).map(|_| Fault::Slow(Duration::ZERO));
        self.recorder.next(before.chain(faults));
    }

    /// The customer's activities of a kind.
    fn activities(&self, owing: &Owing, kind: &str) -> Vec<Value> {
        let path = format!("/v1/customers/{}/timeline?limit=500", owing.id);
        let timeline = self.app.get(&path).send(200).json();
        let all = timeline["data"].as_array().expect("data").iter();
        all.filter(|activity| activity["kind"] == kind).cloned().collect()
    }

    /// The one payment of a customer.
    #[track_caller]
    fn payment(&self, owing: &Owing) -> Value {
        let mut received = self.activities(owing, "payment_received");
        // Not one that was made otherwise.
        received.retain(|activity| {
            let detail = activity["detail"].as_str().expect("a detail");
            detail.starts_with(self.player.name)
        });
        let [activity] = received.as_slice() else {
            panic!("{}: not one payment: {received:?}", self.player.name);
        };
        let id = activity["refers_to"].as_str().expect("a payment");
        self.app.get(&format!("/v1/payments/{id}")).send(200).json()
    }

    /// Opens a session, has it paid and told; answers the session.
    #[track_caller]
    fn paid(&self, owing: &Owing) -> String {
        self.press(owing);
        let session = self.session();
        (self.player.pays)(&mut self.state(), &session);
        (self.player.tells)(self, &session);
        session
    }

    /// Takes the payment off its invoice and asks for some of it to be paid back.
    #[track_caller]
    fn pay_back(&self, owing: &Owing, amount: &str, key: &str) -> Answer {
        let id = self.payment(owing)["id"].as_str().expect("an id").to_owned();
        let path = format!("/v1/payments/{id}");
        self.app
            .post(&format!("{path}/allocations"))
            .json(&json!({"allocations": []}))
            .send(200);
        let amount = json!({"amount": amount, "currency": self.player.currency});
        self.app
            .post(&format!("{path}/refund"))
            .header("idempotency-key", key)
            .json(&json!({"amount": amount, "reason": "Sent back"}))
            .send(200)
    }

    /// What the one refund of a payment came to, and what the payment has paid back.
    fn refund(&self, owing: &Owing) -> (String, String) {
        let payment = self.payment(owing);
        let refunds = payment["refunds"].as_array().expect("refunds");
        let [refund] = refunds.as_slice() else {
            panic!("{}: not one refund: {refunds:?}", self.player.name);
        };
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        (text(&refund["status"]), text(&payment["refunded"]["amount"]))
    }

    fn balance(&self, owing: &Owing) -> String {
        let invoice = self.app.invoice(&owing.invoice);
        invoice["balance"]["amount"]
            .as_str()
            .expect("a balance")
            .to_owned()
    }

    fn holds(&self) {
        let proof = self.app.get("/v1/reports/integrity").send(200).json();
        assert_eq!(proof["holds"], true, "{}: {proof}", self.player.name);
    }

    /// A webhook's call, without its credentials.
    fn hook(&self) -> Call<'_> {
        self.app
            .post(&format!("/webhooks/{}", self.player.name))
            .anonymous()
    }
}

/// HMAC-SHA256.
fn tag(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// The same of a body, in hexadecimal.
fn hex(text: &str) -> String {
    data_encoding::HEXLOWER.encode(&tag(SECRET.as_bytes(), text))
}

/// What a body of JSON says.
fn body(request: &Request) -> Value {
    serde_json::from_str(&request.body).unwrap_or_else(|error| panic!("{error}: {}", request.body))
}

fn trouble(status: u16) -> Fault {
    Fault::Refused(Reply::json(status, &json!({"error": "busy"})))
}

#[test]
fn a_link_is_paid_once_however_often_it_is_told() {
    own!();
    for player in PLAYERS {
        let setup = Setup::start(player);
        let owing = setup.owing("125.00");
        let location = setup.press(&owing);
        assert!(location.starts_with("https://"), "{location}");
        assert_eq!(setup.press(&owing), location, "{}", player.name);
        assert_eq!(setup.made()[0], 1, "{}", player.name);
        let session = setup.session();
        (player.pays)(&mut setup.state(), &session);
        (player.tells)(&setup, &session);
        assert_eq!(setup.balance(&owing), "0.00", "{}", player.name);
        (player.tells)(&setup, &session);
        let payment = setup.payment(&owing);
        assert_eq!(
            payment["amount"]["amount"], "125.00",
            "{}: {payment}",
            player.name
        );
        assert_eq!(payment["source"], player.name);
        assert_eq!(setup.made()[1], 1, "{}", player.name);
        // Nobody is let pay again.
        let page = setup.app.get(&owing.link).anonymous().send(200).text();
        assert!(page.contains("Thank you"), "{}: {page}", player.name);
        setup.holds();
    }
}

#[test]
fn what_nobody_has_signed_is_not_believed() {
    own!();
    for player in PLAYERS {
        let setup = Setup::start(player);
        let owing = setup.owing("125.00");
        setup.press(&owing);
        if let Some(answer) = (player.forged)(&setup) {
            assert_eq!(answer.status, 401, "{}: {}", player.name, answer.text());
        }
        assert_eq!(setup.balance(&owing), "125.00", "{}", player.name);
    }
    // And nothing is taken where nothing is set up.
    let app = App::start();
    for player in PLAYERS {
        let (media, text) = match player.name {
            "mollie" => ("application/x-www-form-urlencoded", "id=tr_1"),
            _ => ("application/json", "{}"),
        };
        app.post(&format!("/webhooks/{}", player.name))
            .anonymous()
            .body(media, text)
            .send(401);
    }
}

#[test]
fn there_is_one_session_whatever_is_lost_on_the_way() {
    own!();
    for player in PLAYERS {
        let setup = Setup::start(player);
        for (nth, faults) in [
            vec![trouble(500)],
            vec![trouble(429)],
            vec![Fault::AnswerLost],
            vec![Fault::Dropped],
            vec![Fault::ResetUnread],
            vec![trouble(503), trouble(503), trouble(503), trouble(503)],
        ]
        .into_iter()
        .enumerate()
        {
            let owing = setup.owing("125.00");
            let said = format!("{} {faults:?}", player.name);
            setup.next(faults);
            let first = setup.app.post(&owing.link).anonymous().form(&[]).answer();
            assert!([303, 422].contains(&first.status), "{said}: {}", first.text());
            let again = (0..3).map(|_| setup.app.post(&owing.link).anonymous().form(&[]).answer());
            let opened = again
                .into_iter()
                .find(|answer| answer.status == 303)
                .expect("a session");
            if first.status == 303 {
                assert_eq!(first.header("location"), opened.header("location"), "{said}");
            }
            assert_eq!(setup.made()[0], nth + 1, "{said}");
        }
    }
}

#[test]
fn an_answer_that_takes_too_long_is_asked_for_again_under_the_same_name() {
    own!();
    let setup = Setup::start(&mollie::PLAYER);
    let owing = setup.owing("125.00");
    setup.next([Fault::Slow(Duration::from_secs(7))]);
    setup.press(&owing);
    assert_eq!((setup.made()[0], setup.recorder.journal().len()), (1, 2));
}

#[test]
fn another_amount_is_another_session_and_the_first_one_is_closed() {
    own!();
    for player in PLAYERS {
        let setup = Setup::start(player);
        let owing = setup.owing("125.00");
        let first = setup.press(&owing);
        let closed = setup.session();
        let mut transfer = crate::harness::payment(&unique("P"), &owing.external_id, "25.00");
        transfer["currency"] = json!(player.currency);
        setup.app.post("/v1/payments").json(&transfer).send(201);
        let second = setup.press(&owing);
        assert_ne!(first, second, "{}", player.name);
        assert_eq!(setup.made()[0], 2, "{}", player.name);
        // At the provider too, but for PayPal, where nobody but us takes the money of an order.
        let status = setup.state().objects[&closed]["status"].clone();
        if player.name != "paypal" {
            assert!(
                ["canceled", "cancelled", "expired"]
                    .iter()
                    .any(|over| status == *over),
                "{}: {status}",
                player.name
            );
        }
        let session = setup.session();
        (player.pays)(&mut setup.state(), &session);
        (player.tells)(&setup, &session);
        assert_eq!(setup.balance(&owing), "0.00", "{}", player.name);
        setup.holds();
    }
}

#[test]
fn money_goes_back_once_through_whoever_took_it() {
    own!();
    for player in PLAYERS {
        let setup = Setup::start(player);
        let owing = setup.owing("125.00");
        setup.paid(&owing);
        // The answer is lost: it is asked again under the same name.
        setup.next([Fault::AnswerLost]);
        let key = unique("K");
        let first = setup.pay_back(&owing, "25.00", &key);
        assert_eq!(
            first.json()["refunds"][0]["status"],
            "requested",
            "{}",
            player.name
        );
        setup.app.clock("2026-01-12T09:30:00Z");
        setup.app.job("payments");
        assert_eq!(setup.made()[2], 1, "{}", player.name);
        assert_eq!(setup.refund(&owing).1, "25.00", "{}", player.name);
        (player.refunds)(&setup, &setup.last_refund(), true);
        (player.refunds)(&setup, &setup.last_refund(), true);
        assert_eq!(
            setup.refund(&owing),
            ("done".to_owned(), "25.00".to_owned()),
            "{}",
            player.name
        );
        // Our own request, repeated, is the same.
        let id = setup.payment(&owing)["id"].as_str().expect("an id").to_owned();
        let amount = json!({"amount": "25.00", "currency": player.currency});
        setup
            .app
            .post(&format!("/v1/payments/{id}/refund"))
            .header("idempotency-key", &key)
            .json(&json!({"amount": amount, "reason": "Sent back"}))
            .send(200);
        assert_eq!(setup.made()[2], 1, "{}", player.name);
        setup.holds();
    }
}

impl Setup {
    /// The last refund at the provider.
    fn last_refund(&self) -> String {
        let state = self.state();
        let prefix = self.player.prefixes[2];
        let ids: Vec<_> = state.objects.keys().filter(|id| id.starts_with(prefix)).collect();
        ids.last().expect("a refund").to_string()
    }
}

#[test]
fn a_refund_that_cannot_be_asked_for_now_is_asked_for_later_and_one_that_fails_is_restored() {
    own!();
    for player in PLAYERS {
        let setup = Setup::start(player);
        let owing = setup.owing("125.00");
        setup.paid(&owing);
        setup.next((0..4).map(|_| trouble(503)));
        setup.pay_back(&owing, "25.00", &unique("K"));
        assert_eq!(
            setup.refund(&owing),
            ("requested".to_owned(), "25.00".to_owned()),
            "{}",
            player.name
        );
        for (minutes, _) in (0..4).enumerate() {
            setup
                .app
                .clock(&format!("2026-01-12T09:{:02}:00Z", 20 + minutes * 3));
            setup.app.job("payments");
        }
        assert_eq!(setup.made()[2], 1, "{}", player.name);
        (player.refunds)(&setup, &setup.last_refund(), false);
        assert_eq!(
            setup.refund(&owing),
            ("failed".to_owned(), "0.00".to_owned()),
            "{}",
            player.name
        );
        let payment = setup.payment(&owing);
        assert_eq!(payment["unapplied"]["amount"], "125.00", "{}", player.name);
        let tasks = setup
            .app
            .get(&format!("/v1/tasks?customer={}", owing.id))
            .send(200)
            .json();
        assert_eq!(
            tasks["data"].as_array().map(Vec::len),
            Some(1),
            "{}: {tasks}",
            player.name
        );
        setup.holds();
    }
}

#[test]
fn what_the_payers_bank_takes_reopens_the_invoice() {
    own!();
    for player in PLAYERS {
        let setup = Setup::start(player);
        let owing = setup.owing("125.00");
        let session = setup.paid(&owing);
        assert_eq!(setup.balance(&owing), "0.00", "{}", player.name);
        (player.loses)(&setup, &session);
        (player.loses)(&setup, &session);
        assert_eq!(setup.balance(&owing), "125.00", "{}", player.name);
        let payment = setup.payment(&owing);
        assert_eq!(
            payment["reversed"]["amount"], "125.00",
            "{}: {payment}",
            player.name
        );
        assert!(
            setup.app.customer(&owing.id)["next_action"].is_object(),
            "{}",
            player.name
        );
        setup.holds();
    }
}

#[test]
fn a_payment_that_no_webhook_told_of_is_found_by_asking() {
    own!();
    for player in PLAYERS {
        let setup = Setup::start(player);
        let owing = setup.owing("125.00");
        setup.press(&owing);
        let session = setup.session();
        let quiet = setup.app.job("payments");
        assert_eq!(quiet["examined"], 0, "{}: {quiet}", player.name);
        (player.pays)(&mut setup.state(), &session);
        setup.app.clock("2026-01-12T09:30:00Z");
        let done = setup.app.job("payments");
        assert_eq!(
            (&done["examined"], &done["failed"]),
            (&json!(1), &json!(0)),
            "{}: {done}",
            player.name
        );
        let expected = match player.name {
            // A debit is collected now, and confirmed in days.
            "gocardless" => {
                assert_eq!(setup.made()[1], 1);
                gocardless::confirm(&mut setup.state());
                setup.app.clock("2026-01-14T09:30:00Z");
                setup.app.job("payments");
                "0.00"
            }
            // Adyen does not name the payment of a link, so its notification is waited for.
            "adyen" => "125.00",
            _ => "0.00",
        };
        assert_eq!(setup.balance(&owing), expected, "{}", player.name);
        if player.name == "adyen" {
            let page = setup.app.get(&owing.link).anonymous().send(200).text();
            assert!(page.contains("on its way"), "{page}");
        }
        // The webhook that comes after all changes nothing.
        (player.tells)(&setup, &session);
        assert_eq!(
            setup.payment(&owing)["amount"]["amount"],
            "125.00",
            "{}",
            player.name
        );
        assert_eq!(setup.made()[1], 1, "{}", player.name);
        setup.holds();
    }
}
