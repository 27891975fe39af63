//! Claiming: what is due, looked at once more, given its way, and leased to one courier.

use super::due::{DueRow, due};
use super::listed::Invoices;
use super::route::{self, Asked, Suppressed, Way};
use super::{Carrier, Claim, Claimed, Settlement, files, release_steps, settle_rows};
use crate::activities::{self, Activity};
use crate::charges;
use crate::contacts;
use crate::db::{Db, Tx};
use crate::dunning;
use crate::error::{Result, StoreError};
use crate::instants::{instant, time_zone};
use crate::law;
use crate::moment::{Moment, random};
use crate::notices;
use crate::policies::Book;
use crate::tasks::{self, NewTask};
use chrono::{DateTime, Duration, Utc};
use data_encoding::HEXLOWER;
use receivables::calendar;
use receivables::channel::Channel;
use receivables::country::Country;
use receivables::currency::Currency;
use receivables::dunning::{CaseFacts, Contact, may_contact};
use receivables::id::{CustomerId, InvoiceId, PolicyId};
use receivables::law::{History, Party, Sent};
use receivables::limits;
use receivables::message::MessageStatus;
use receivables::notice::About;
use receivables::policy::{Attachment, Policy, Step};
use receivables::recipient::HeldFor;
use receivables::suppression::key;
use receivables::task::TaskKind;
use receivables::template::Purpose;
use std::collections::{BTreeMap, BTreeSet};

/// How long a claimed message belongs to its claimant: twice what the most patient host gives a handler (60 s), so
/// that a lease never ends under a courier that is still at work.
const LEASE: Duration = Duration::seconds(120);
/// When a message is looked at again that waits for a person: what it says may be settled by then.
const HELD: Duration = Duration::days(1);
/// When one is that waits for a carrier which is away for a moment.
pub(super) const AWAY: Duration = Duration::minutes(1);

/// What a message may say.
#[derive(Default)]
struct Say {
    overdue: Vec<InvoiceId>,
    charges: Vec<InvoiceId>,
    upcoming: Vec<InvoiceId>,
}

impl Say {
    fn all(&self) -> impl Iterator<Item = &InvoiceId> {
        self.overdue.iter().chain(&self.charges).chain(&self.upcoming)
    }
}

/// What becomes of a message.
pub(super) enum Fate {
    Go(Box<Going>),
    Cancel(String),
    /// With whether an address came back: then a person finds another.
    Suppress(String, bool),
    Bounced(String),
    Defer(DateTime<Utc>, String),
    Held(HeldFor, String),
    Waits(Channel),
    Fail(String),
    Uncertain(String),
}

/// A message that leaves.
pub(super) struct Going {
    carrier: Carrier,
    to: Box<super::Recipient>,
    locale: Option<String>,
    notes: Vec<String>,
    say: Say,
    documents: Vec<String>,
    statement: Option<About>,
    lease: String,
}

/// What is on record to go with messages.
struct Papers {
    documents: Vec<files::There>,
    statements: BTreeMap<(CustomerId, Currency), About>,
}

/// Claims at most `limit` due messages, after looking once more at everything that could speak against each.
/// `carriers`: all that are set up, the most welcome first.
pub async fn claim(tx: &Tx<'_>, moment: Moment, limit: u32, carriers: &[Carrier]) -> Result<Claim> {
    let due = due(tx, moment, limit, carriers).await?;
    if due.is_empty() {
        return Ok(Claim::default());
    }
    let scene = Scene::load(tx, moment, &due, carriers).await?;
    let fates = scene.judge(tx, &due).await?;
    scene.record(tx, &due, &fates).await?;
    Ok(Claim {
        examined: due.len(),
        claimed: scene.hand_out(tx, due, fates).await?,
    })
}

/// Everything that a claim looks at, read with a handful of statements for all of its messages.
pub(super) struct Scene<'a> {
    moment: Moment,
    carriers: &'a [Carrier],
    customers: BTreeSet<CustomerId>,
    cases: BTreeMap<(CustomerId, Currency), CaseFacts>,
    book: Book,
    people: BTreeMap<CustomerId, contacts::People>,
    suppressed: Suppressed,
}

impl<'a> Scene<'a> {
    pub(super) async fn load(
        db: &Db,
        moment: Moment,
        due: &[DueRow],
        carriers: &'a [Carrier],
    ) -> Result<Scene<'a>> {
        let customers: BTreeSet<CustomerId> = due.iter().map(|message| message.customer.clone()).collect();
        let cases = dunning::cases_of(db, moment, &Vec::from_iter(&customers)).await?;
        let cases = cases
            .into_iter()
            .map(|case| ((case.facts.customer.clone(), case.facts.currency), case.facts));
        let versions: BTreeSet<&PolicyId> = due
            .iter()
            .filter_map(|message| message.policy_id.as_ref())
            .collect();
        let book = Book::load(db, moment, &versions).await?;
        let people = contacts::of(db, &customers).await?;
        let mut addresses: BTreeSet<String> = people.values().flat_map(contacts::People::keys).collect();
        addresses.extend(book.colleagues().map(key));
        Ok(Scene {
            moment,
            carriers,
            cases: cases.collect(),
            suppressed: route::suppressed(db, &addresses).await?,
            book,
            people,
            customers,
        })
    }

    fn policy(&self, message: &DueRow) -> Option<&Policy> {
        let version = self.book.of_message(message.policy_id.as_ref(), &message.policy);
        version.map(|version| &version.policy)
    }

    fn step(&self, message: &DueRow) -> Option<&Step> {
        self.policy(message).and_then(|policy| policy.step(&message.step))
    }

    /// What becomes of each message, in their order.
    pub(super) async fn judge(&self, db: &Db, due: &[DueRow]) -> Result<Vec<Fate>> {
        let said: Vec<std::result::Result<Say, Fate>> = due
            .iter()
            .map(|message| self.say(message))
            .collect::<Result<_>>()?;
        let papers = self.papers(db, due, &said).await?;
        let mut lawful = law::of(db, self.moment, &self.customers).await?;
        let mut fates = Vec::with_capacity(due.len());
        for (message, said) in due.iter().zip(said) {
            let fate = match said {
                Err(fate) => fate,
                Ok(say) => self.way(message, say, lawful.get(&message.customer), &papers)?,
            };
            let fate = may_have_left(message, fate);
            if let Fate::Go(going) = &fate
                && let Some((_, history)) = lawful.get_mut(&message.customer)
            {
                // What leaves now counts for the next of the same claim.
                history.messages.push(Sent {
                    at: self.moment.now,
                    channel: going.carrier.channel,
                    purpose: message.purpose,
                });
            }
            fates.push(fate);
        }
        Ok(fates)
    }

    /// What there is of what the steps of messages attach.
    async fn papers(
        &self,
        db: &Db,
        due: &[DueRow],
        said: &[std::result::Result<Say, Fate>],
    ) -> Result<Papers> {
        let (mut invoices, mut days) = (BTreeSet::new(), BTreeMap::new());
        for (message, said) in due.iter().zip(said) {
            let (Some(step), Ok(say)) = (self.step(message), said) else {
                continue;
            };
            if !step.attach.is_empty() {
                invoices.extend(say.overdue.iter().chain(&say.upcoming).cloned());
            }
            if step.attach.contains(&Attachment::Statement) {
                let today = calendar::day_of(self.moment.now, time_zone(&message.time_zone)?);
                days.insert(message.customer.clone(), today);
            }
        }
        Ok(Papers {
            documents: files::there(db, &invoices).await?,
            statements: notices::statements_until(db, &days).await?,
        })
    }

    /// Looks again at everything that could speak against the message, in this order; what it may say where nothing does.
    fn say(&self, message: &DueRow) -> Result<std::result::Result<Say, Fate>> {
        if message.status == MessageStatus::Sending {
            let carrier = route::same(self.carriers, message.provider.as_deref(), message.channel);
            let since = message.open_since()?;
            if !carrier.is_some_and(|carrier| carrier.remembers.reaches(since, self.moment.now)) {
                return Ok(Err(Fate::Uncertain(
                    "It may have left, and the provider cannot tell whether it had the message: retry it or leave it"
                        .to_owned(),
                )));
            }
        }
        if message.purpose == Purpose::Internal {
            return Ok(Ok(Say::default()));
        }
        let contact = match (&message.notice, &message.promise) {
            // It is about no invoices, and so about no case.
            (Some(notice), None) => notice.contact(&message.template, self.moment)?,
            (_, promise) => {
                let Some(case) = self.cases.get(&(message.customer.clone(), message.currency)) else {
                    return Ok(Err(Fate::Cancel(
                        "The customer owes nothing in this currency".to_owned(),
                    )));
                };
                let Some(policy) = self.policy(message) else {
                    return Ok(Err(Fate::Cancel(format!(
                        "There is no policy {} any more",
                        message.policy
                    ))));
                };
                let mut fresh = case.clone();
                // The message itself is no earlier contact.
                fresh.last_contact_at = message.others_sent_ms.map(instant).transpose()?;
                match promise {
                    Some(promise) => promise.contact(&message.step, policy, &fresh, self.moment),
                    None => may_contact(policy, &fresh, &message.step, &message.invoices, self.moment.now),
                }
            }
        };
        Ok(match contact {
            Contact::Go {
                overdue,
                charges,
                upcoming,
            } => Ok(Say {
                overdue,
                charges,
                upcoming,
            }),
            Contact::Cancel { rule, detail } => Err(Fate::Cancel(format!("Rule {rule}: {detail}"))),
            Contact::Defer { until, rule, detail } => {
                Err(Fate::Defer(until, format!("Rule {rule}: {detail}")))
            }
        })
    }

    /// How a message that may be said gets to somebody.
    fn way(
        &self,
        message: &DueRow,
        say: Say,
        lawful: Option<&(Party, History)>,
        papers: &Papers,
    ) -> Result<Fate> {
        let (policy, step) = (self.policy(message), self.step(message));
        let people = self
            .people
            .get(&message.customer)
            .ok_or_else(|| StoreError::Decode(format!("no customer {}", message.customer)))?;
        let again = route::same(self.carriers, message.provider.as_deref(), message.channel)
            .filter(|_| message.status == MessageStatus::Sending);
        let asked = Asked {
            purpose: message.purpose,
            channels: &message.left(),
            to: step.map_or(&[], |step| step.to.as_slice()),
            rules: policy.map(|policy| policy.recipients).unwrap_or_default(),
            released_to: message.released_to.as_deref(),
            people,
            suppressed: &self.suppressed,
            law: lawful,
            // What may have left goes to the carrier that may have it: it alone can tell.
            carriers: again.map_or(self.carriers, std::slice::from_ref),
            now: self.moment.now,
        };
        let way = match &message.about {
            Some(About::Internal { to, .. }) => {
                let colleague = policy.and_then(|policy| policy.colleagues.get(to));
                route::inside(&asked, to, colleague.map(String::as_str))
            }
            // An address of ours that was given with the words.
            Some(About::Test { to, .. }) => route::inside(&asked, "test", Some(to)),
            _ => route::find(&asked)?,
        };
        Ok(match way {
            Way::Open {
                carrier,
                to,
                locale,
                notes,
            } => {
                let wanted = step.map_or(&[] as &[_], |step| step.attach.as_slice());
                match papers.pick(wanted, message, &say, carrier.channel) {
                    Ok((documents, statement)) => Fate::Go(Box::new(Going {
                        carrier,
                        to,
                        locale,
                        notes,
                        say,
                        documents,
                        statement,
                        lease: lease_token()?,
                    })),
                    Err(missing) => Fate::Held(HeldFor::MissingDocument, missing),
                }
            }
            Way::Held(why, detail) => Fate::Held(why, detail),
            Way::Waits(channel) => Fate::Waits(channel),
            Way::Later(until, why) => Fate::Defer(until, why),
            Way::Nowhere { why, .. } if message.past > 0 => {
                Fate::Bounced(format!("It came back, and no other way is left: {why}"))
            }
            Way::Nowhere {
                refused,
                bounced,
                why,
            } => match refused {
                true => Fate::Suppress(
                    format!("{why}: name another contact or lift it, and retry the message"),
                    bounced,
                ),
                false => Fate::Fail(format!("{why}: add one and retry the message")),
            },
        })
    }

    /// Records what becomes of each message.
    async fn record(&self, tx: &Tx<'_>, due: &[DueRow], fates: &[Fate]) -> Result<()> {
        let moment = self.moment;
        let (mut settlements, mut log) = (Vec::new(), Vec::new());
        let (mut cancelled, mut reviews, mut gone_back) = (Vec::new(), Vec::new(), false);
        for (message, fate) in due.iter().zip(fates) {
            let mut settlement =
                Settlement::new(&message.id, MessageStatus::Queued, message.lease.as_deref());
            match fate {
                Fate::Go(going) => {
                    settlement.status = MessageStatus::Sending;
                    settlement.attempt = 1;
                    settlement.attempt_ms = Some(ms_after(moment, LEASE));
                    settlement.lease = Some(going.lease.clone());
                    settlement.handed_ms = Some(moment.ms());
                    settlement.provider = Some(going.carrier.name);
                    settlement.channel = Some(going.carrier.channel);
                    if !going.notes.is_empty() {
                        let detail = going.notes.join("; ");
                        log.push(activity(message, "contact_refused", "not to everybody", &detail));
                    }
                }
                Fate::Suppress(reason, bounced) => {
                    settlement.status = MessageStatus::Suppressed;
                    settlement.error = Some(reason.clone());
                    log.push(activity(message, "message_suppressed", "not sent", reason));
                    if *bounced {
                        reviews.push(self.review(message, "Nobody can be reached", reason)?);
                    }
                }
                Fate::Bounced(reason) => {
                    settlement.status = MessageStatus::Bounced;
                    settlement.error = Some(reason.clone());
                    gone_back = true;
                    log.push(activity(message, "message_failed", "came back", reason));
                    reviews.push(self.review(message, "Nobody can be reached", reason)?);
                }
                Fate::Cancel(reason) => {
                    settlement.status = MessageStatus::Cancelled;
                    settlement.error = Some(reason.clone());
                    cancelled.push(message.id.clone());
                    log.push(activity(message, "message_cancelled", "taken back", reason));
                }
                Fate::Defer(until, reason) => {
                    settlement.attempt_ms = Some(until.timestamp_millis());
                    stay(&mut settlement, message);
                    settlement.error = Some(reason.clone());
                    log.push(activity(message, "message_deferred", "put off", reason));
                }
                // Nothing is decided and nobody was contacted.
                Fate::Waits(channel) => {
                    settlement.attempt_ms = Some(ms_after(moment, AWAY));
                    settlement.channel = Some(*channel);
                    stay(&mut settlement, message);
                }
                Fate::Held(why, reason) => {
                    settlement.attempt_ms = Some(ms_after(moment, HELD));
                    settlement.held_for = Some(*why);
                    settlement.error = Some(reason.clone());
                    // Looked at again each day; said once.
                    if message.held_for != Some(*why) {
                        let detail = format!("{}: {reason}", why.as_str());
                        log.push(activity(message, "message_held", "waits for a person", &detail));
                        reviews.push(self.review(message, "A message waits", reason)?);
                    }
                }
                Fate::Fail(reason) => {
                    settlement.status = MessageStatus::Failed;
                    settlement.error = Some(reason.clone());
                    log.push(activity(message, "message_failed", "not sent", reason));
                }
                Fate::Uncertain(reason) => {
                    settlement.status = MessageStatus::Uncertain;
                    settlement.error = Some(reason.clone());
                    log.push(activity(
                        message,
                        "message_uncertain",
                        "may have been sent",
                        reason,
                    ));
                }
            }
            settlements.push(settlement);
        }
        settle_rows(tx, &settlements).await?;
        activities::record(tx, moment, &log).await?;
        tasks::open(tx, moment, &reviews).await?;
        if !cancelled.is_empty() {
            release_steps(tx, &cancelled).await?;
            charges::reverse_for_messages(tx, moment, &cancelled).await?;
        }
        if !cancelled.is_empty() || gone_back {
            dunning::replan(tx, moment, &self.customers).await?;
        }
        Ok(())
    }

    /// Whom a message's step tells on our own side, of those whose address is known.
    fn notify(&self, message: &DueRow) -> Vec<String> {
        let (Some(policy), Some(step)) = (self.policy(message), self.step(message)) else {
            return Vec::new();
        };
        let people = self.people.get(&message.customer);
        let salesperson = people.is_some_and(contacts::People::has_salesperson);
        let known = |who: &&String| policy.colleagues.contains_key(*who) || salesperson && *who == "sales";
        step.notify.iter().filter(known).cloned().collect()
    }

    /// A task for a person to look at a message; one for each message, however often it is held.
    fn review(&self, message: &DueRow, title: &str, detail: &str) -> Result<NewTask> {
        let zone = time_zone(&message.time_zone)?;
        let today = calendar::day_of(self.moment.now, zone);
        let case = self.cases.get(&(message.customer.clone(), message.currency));
        Ok(NewTask {
            customer: message.customer.clone(),
            currency: Some(message.currency),
            kind: TaskKind::Review,
            title: format!("{title}: {}", message.step),
            detail: Some(format!("{detail}. Message {}.", message.id)),
            due_on: case.map_or(today, |case| case.rest.all().business_day_from(today)),
            step: Some(message.step.clone()),
            cycle: Some(message.id.to_string()),
            assignee: None,
        })
    }

    /// The messages that leave, with what they say as it stands now.
    pub(super) async fn hand_out(&self, db: &Db, due: Vec<DueRow>, fates: Vec<Fate>) -> Result<Vec<Claimed>> {
        let going: Vec<(DueRow, Box<Going>)> = due
            .into_iter()
            .zip(fates)
            .filter_map(|(message, fate)| match fate {
                Fate::Go(going) => Some((message, going)),
                _ => None,
            })
            .collect();
        let wanted: BTreeSet<&InvoiceId> = going.iter().flat_map(|(_, going)| going.say.all()).collect();
        let invoices = Invoices::read(db, &wanted).await?;
        let files: BTreeSet<&String> = going.iter().flat_map(|(_, going)| &going.documents).collect();
        let files = files::bytes(db, &files).await?;
        going
            .into_iter()
            .map(|(message, going)| {
                let today = calendar::day_of(self.moment.now, time_zone(&message.time_zone)?);
                let list = |ids: &[InvoiceId]| invoices.lines(ids, message.currency, today);
                let say = &going.say;
                let (policy, step) = (self.policy(&message), self.step(&message));
                let country = country(&going.to, &message)?;
                let promise = message.promise.as_ref();
                let about = match &message.notice {
                    // What is told may have changed since.
                    Some(notice) if message.purpose != Purpose::Internal => Some(notice.about()),
                    _ => message.about.clone(),
                };
                Ok(Claimed {
                    open_since: message.open_since()?,
                    overdue: list(&[say.overdue.as_slice(), say.charges.as_slice()].concat())?,
                    upcoming: list(&say.upcoming)?,
                    act_on: calendar::plus_days(today, notice_days(policy, &message.step)),
                    promise: promise.map(|promise| promise.note(message.currency)),
                    about,
                    documents: files::of(&going.documents, &files)?,
                    tone: step.and_then(|step| step.tone),
                    statement: going.statement,
                    notify: self.notify(&message),
                    thread: message.customer.to_string(),
                    locale: going.locale.unwrap_or(message.locale),
                    channel: going.carrier.channel,
                    carrier: going.carrier.name,
                    country,
                    to: *going.to,
                    today,
                    lease: going.lease,
                    id: message.id,
                    customer: message.customer,
                    customer_name: message.customer_name,
                    policy: message.policy,
                    policy_id: message.policy_id,
                    step: message.step,
                    template: message.template,
                    purpose: message.purpose,
                    currency: message.currency,
                    channels: message.channels,
                    tried: message.tried,
                    why: message.why,
                    remembered: going.carrier.remembers,
                    attempts: message.attempts,
                })
            })
            .collect()
    }
}

impl Papers {
    /// What goes with a message over a channel; or what is missing.
    fn pick(
        &self,
        wanted: &[Attachment],
        message: &DueRow,
        say: &Say,
        channel: Channel,
    ) -> std::result::Result<(Vec<String>, Option<About>), String> {
        if !files::carries(channel) {
            return Ok((Vec::new(), None));
        }
        let invoices = [say.overdue.as_slice(), say.upcoming.as_slice()].concat();
        let documents = files::pick(wanted, &invoices, &self.documents)?;
        if !wanted.contains(&Attachment::Statement) {
            return Ok((documents, None));
        }
        let account = (message.customer.clone(), message.currency);
        match self.statements.get(&account) {
            Some(statement) => Ok((documents, Some(statement.clone()))),
            None => Err(format!("there is no account in {} to state", message.currency)),
        }
    }
}

/// What may have left is still so when it is looked at again.
fn stay(settlement: &mut Settlement<'_>, message: &DueRow) {
    if message.status == MessageStatus::Sending {
        settlement.status = MessageStatus::Sending;
        settlement.lease = message.lease.clone();
    }
}

/// The country of the address, else of the customer.
fn country(to: &super::Recipient, message: &DueRow) -> Result<Country> {
    let abroad = to.postal.as_ref().and_then(|postal| postal.country);
    let home = || Country::parse(&message.country);
    let country = abroad.or_else(home);
    country.ok_or_else(|| StoreError::Decode(format!("no country {}", message.country)))
}

/// Days until what a message announces is done at the earliest.
fn notice_days(policy: Option<&Policy>, step: &str) -> i64 {
    let announced = policy.and_then(|policy| policy.acts().find(|act| act.by.id == step));
    i64::from(announced.map_or(limits::NOTICE_DAYS, |act| act.notice_days))
}

/// A message whose courier stopped may have left: what takes an unsent one back, and frees its step, is for a person
/// to decide about this one.
fn may_have_left(message: &DueRow, fate: Fate) -> Fate {
    match fate {
        Fate::Cancel(reason)
        | Fate::Suppress(reason, _)
        | Fate::Bounced(reason)
        | Fate::Held(_, reason)
        | Fate::Fail(reason)
            if message.status == MessageStatus::Sending =>
        {
            Fate::Uncertain(format!(
                "The courier stopped between sending and recording, and it would not be sent now: {reason}"
            ))
        }
        fate => fate,
    }
}

fn activity(message: &DueRow, kind: &'static str, what: &str, detail: &str) -> Activity {
    Activity {
        customer_id: message.customer.clone(),
        kind,
        title: format!("{} {what}", message.step),
        detail: format!(
            "Policy {}, step {}: {detail} (planned because: {})",
            message.policy, message.step, message.why
        ),
        refers_to: Some(message.id.to_string()),
    }
}

fn lease_token() -> Result<String> {
    Ok(HEXLOWER.encode(&random::<8>()?))
}

fn ms_after(moment: Moment, wait: Duration) -> i64 {
    moment.ms().saturating_add(wait.num_milliseconds())
}
