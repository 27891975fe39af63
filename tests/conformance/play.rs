//! Plays a case: sends what it says, and compares what comes back.

use super::case::{Case, Expect, Highest, Step, compare};
use super::host::{Host, Running};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long an answer may take where a case says nothing.
const PATIENCE: Duration = Duration::from_secs(30);

/// Plays a case on a host; what does not come back as expected ends it.
pub(super) fn all(case: &Case, host: &Host) {
    let on_spin = matches!(host, Host::Spin(_));
    if let Some(says) = &case.refused {
        let said = host.refuse(case);
        // Spin has words of its own; that it refuses is what matters.
        assert!(on_spin || said.contains(says), "{}: it says {said}", case.shows);
        return;
    }
    let mut running = host.start(case);
    let mut begun = BTreeMap::new();
    for (number, step) in case.steps.iter().enumerate() {
        let (expect, why) = match &step.on_spin {
            Some(differs) if on_spin => (&differs.expect, differs.why.as_str()),
            _ => (&step.expect, ""),
        };
        if let Err(error) = take(step, expect, &mut running, &mut begun) {
            let (folder, shows) = (case.folder.display(), &case.shows);
            let number = number + 1;
            panic!(
                "{folder}: {shows}\nstep {number}: {error} {why}\n--- log ---\n{}",
                running.log()
            );
        }
    }
}

fn take(
    step: &Step,
    expect: &Expect,
    running: &mut Running,
    begun: &mut BTreeMap<String, Begun>,
) -> Result<(), String> {
    if step.stop {
        let status = running.stop();
        return status
            .success()
            .then_some(())
            .ok_or(format!("it ends with {status}"));
    }
    if let Some(ms) = step.pause_ms {
        thread::sleep(Duration::from_millis(ms));
        return Ok(());
    }
    if let Some(name) = &step.finish {
        let begun = begun.remove(name).ok_or(format!("{name} was not begun"))?;
        return check(begun.end(), expect, &[]).map(drop);
    }
    let (request, script) = Request::of(step, expect, &running.url)?;
    if let Some(name) = &step.begin {
        let (answer, head) = request.begin();
        if step.until_head {
            head.recv().map_err(|_| "its answer did not begin".to_owned())?;
        }
        begun.insert(name.clone(), answer);
        return Ok(());
    }
    let highest = match step.apart_ms {
        Some(ms) => {
            let mut sent = Vec::new();
            for _ in 0..step.times {
                sent.push(request.begin().0);
                thread::sleep(Duration::from_millis(ms));
            }
            let mut numbers = sent.into_iter().map(|begun| check(begun.end(), expect, &script));
            numbers.try_fold(None, |highest, number| Ok::<_, String>(highest.max(number?)))?
        }
        None => {
            let mut highest = None;
            let mut last = Ok(None);
            for _ in 0..step.times {
                last = check(request.begin().0.end(), expect, &script);
                highest = highest.max(last.clone().unwrap_or_default());
                if last.is_ok() == step.until {
                    break;
                }
            }
            last?;
            highest
        }
    };
    match &expect.highest {
        Some(wanted) if highest != Some(wanted.is) => Err(format!(
            "the highest {} is {highest:?} where {} is expected",
            wanted.at, wanted.is
        )),
        _ => Ok(()),
    }
}

/// Compares what came back; answers the number whose highest is of interest.
fn check(came: Came, expect: &Expect, script: &[Option<Value>]) -> Result<Option<u64>, String> {
    let answer = match (came.end, expect.hangs_ms.is_some(), expect.breaks_off) {
        (End::TimedOut, true, _) | (End::BrokeOff(_), false, true) => return Ok(None),
        (End::Whole(answer), false, false) => answer,
        (End::Whole(answer), _, _) => return Err(format!("it answers: {}", answer.text)),
        (End::BrokeOff(error), _, _) => return Err(format!("it breaks off: {error}")),
        (End::TimedOut, ..) => return Err("no answer comes".to_owned()),
    };
    let (at_least, at_most) = (expect.at_least_ms, expect.at_most_ms.unwrap_or(u64::MAX));
    if !(at_least..=at_most).contains(&came.took_ms) {
        return Err(format!("it took {} ms", came.took_ms));
    }
    answer.check(expect)?;
    check_script(script, &answer)?;
    let number = |wanted: &Highest| {
        let json = answer.json()?;
        let number = json.pointer(&wanted.at).and_then(Value::as_u64);
        number.ok_or(format!("no number at {}", wanted.at))
    };
    expect.highest.as_ref().map(number).transpose()
}

/// What each step of a script is to come to.
fn check_script(expected: &[Option<Value>], answer: &Answer) -> Result<(), String> {
    if expected.is_empty() || answer.status != 200 {
        return Ok(());
    }
    let json = answer.json()?;
    let came = json.as_array().filter(|came| came.len() == expected.len());
    let came = came.ok_or(format!("{json} does not answer {} steps", expected.len()))?;
    for (number, (expected, came)) in expected.iter().zip(came).enumerate() {
        if let Some(expected) = expected {
            compare(expected, came, &format!("/{number}"))?;
        }
    }
    Ok(())
}

#[derive(Clone)]
struct Request {
    method: String,
    url: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
    /// How long to wait for the answer's end.
    patience: Duration,
}

impl Request {
    /// The request of a step, and what each step of its script is to come to.
    fn of(step: &Step, expect: &Expect, base: &str) -> Result<(Self, Vec<Option<Value>>), String> {
        let (line, body, expected) = match (&step.script, &step.request) {
            (Some(script), None) => {
                let ops: Vec<&Value> = script.iter().filter_map(|pair| pair.first()).collect();
                let body = serde_json::to_vec(&ops).map_err(|error| error.to_string())?;
                let expected = script.iter().map(|pair| pair.get(1).cloned()).collect();
                (format!("POST {}", step.path), body, expected)
            }
            (None, Some(line)) => {
                let body = match step.body_bytes {
                    Some(bytes) => vec![b'x'; bytes],
                    None => step.body.clone().into_bytes(),
                };
                (line.clone(), body, Vec::new())
            }
            _ => return Err("a step is a script or a request".to_owned()),
        };
        let (method, path) = line.split_once(' ').ok_or("a request is a method and a path")?;
        let request = Self {
            method: method.to_owned(),
            url: format!("{base}{path}"),
            headers: step.headers.clone(),
            body,
            patience: expect.hangs_ms.map_or(PATIENCE, Duration::from_millis),
        };
        Ok((request, expected))
    }

    /// Sends it. What is answered besides hears when the answer has begun.
    fn begin(&self) -> (Begun, Receiver<()>) {
        let request = self.clone();
        let (head, began) = mpsc::channel();
        let thread = thread::spawn(move || {
            let started = Instant::now();
            let end = match request.exchange(&head) {
                Ok(answer) => End::Whole(answer),
                Err(ureq::Error::Timeout(_)) => End::TimedOut,
                Err(error) => End::BrokeOff(error.to_string()),
            };
            let took_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
            Came { end, took_ms }
        });
        (Begun(thread), began)
    }

    fn exchange(&self, head: &Sender<()>) -> Result<Answer, ureq::Error> {
        // A connection of its own: what became of one before it must not matter.
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(self.patience))
            .build()
            .new_agent();
        let mut request = ureq::http::Request::builder()
            .method(self.method.as_str())
            .uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let response = match self.method.as_str() {
            "GET" | "DELETE" => agent.run(request.body(())?),
            _ => agent.run(request.body(self.body.as_slice())?),
        }?;
        // Most do not wait for it.
        _ = head.send(());
        let (head, mut body) = response.into_parts();
        let text = body.with_config().limit(64 << 20).read_to_string()?;
        Ok(Answer::new(&head, text))
    }
}

/// A request in flight.
struct Begun(JoinHandle<Came>);

impl Begun {
    fn end(self) -> Came {
        self.0.join().expect("a client")
    }
}

/// What became of a request, and how long that took.
struct Came {
    end: End,
    took_ms: u64,
}

enum End {
    Whole(Answer),
    BrokeOff(String),
    TimedOut,
}

/// What came back.
struct Answer {
    status: u16,
    headers: serde_json::Map<String, Value>,
    text: String,
}

impl Answer {
    fn new(head: &ureq::http::response::Parts, text: String) -> Self {
        let headers = head.headers.iter();
        let headers = headers.map(|(name, value)| {
            (
                name.to_string(),
                String::from_utf8_lossy(value.as_bytes()).into_owned().into(),
            )
        });
        Self {
            status: head.status.as_u16(),
            headers: headers.collect(),
            text,
        }
    }

    fn json(&self) -> Result<Value, String> {
        serde_json::from_str(&self.text).map_err(|error| format!("{error} in {:?}", self.text))
    }

    fn check(&self, expect: &Expect) -> Result<(), String> {
        let Self { status, text, .. } = self;
        if *status != expect.status {
            return Err(format!("{status} where {} is expected: {text}", expect.status));
        }
        let headers: serde_json::Map<_, _> = expect.headers.clone().into_iter().collect();
        compare(&headers.into(), &self.headers.clone().into(), "headers")?;
        if let Some(expected) = &expect.text {
            compare(&expected.as_str().into(), &text.as_str().into(), "body")?;
        }
        if let Some(expected) = &expect.json {
            compare(expected, &self.json()?, "")?;
        }
        Ok(())
    }
}
