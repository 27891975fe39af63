//! The decision itself.
//!
//! Source: each rule's own citation; for the order, Dunlin's own rule.

use super::regime::{self, Cease, Terms};
use super::rules::{self, Rule};
use super::{Address, History, Holder, Party, Verdict, consent, places};
use crate::calendar;
use crate::channel::Channel;
use crate::template::Purpose;
use crate::zone::Zone;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use std::collections::BTreeSet;

/// How far ahead a time is looked for at which all rules agree: a week of their own repeats itself long before.
pub const HORIZON_DAYS: i64 = 60;

/// Rounds of the search for it: two a day and rule are few enough, and an hour that clocks show twice takes sixty.
const ROUNDS: u32 = 2_000;

/// The days within which calls and messages are counted, the last included.
const WEEK: u64 = 7;

/// Calls within them.
const CALLS: usize = 7;

/// Whether a party may be contacted over a channel, for a purpose, at an instant.
pub fn may_contact(
    party: &Party,
    channel: Channel,
    purpose: Purpose,
    history: &History,
    now: DateTime<Utc>,
) -> Verdict {
    let ask = Ask {
        party,
        terms: regime::terms(party),
        zones: places::zones(party),
        channel,
        purpose,
        history,
    };
    if let Some(rule) = ask.forbidden() {
        return Verdict::Deny { rule };
    }
    let mut at = now;
    let mut first = None;
    for _ in 0..ROUNDS {
        let Some((rule, next)) = ask.put_off(at) else {
            return match first {
                None => Verdict::Allow,
                Some(rule) => Verdict::Defer { until: at, rule },
            };
        };
        first = first.or(Some(rule));
        // Where clocks go back, a time on the wall comes again: what has begun anew is waited out minute by minute.
        let later = at.checked_add_signed(TimeDelta::minutes(1)).unwrap_or(at);
        at = next.max(later);
        if at.signed_duration_since(now) > TimeDelta::days(HORIZON_DAYS) {
            break;
        }
    }
    Verdict::Deny {
        rule: &rules::NO_HOUR,
    }
}

/// What is asked.
struct Ask<'a> {
    party: &'a Party,
    terms: Terms,
    zones: BTreeSet<Zone>,
    channel: Channel,
    purpose: Purpose,
    history: &'a History,
}

impl Ask<'_> {
    fn address(&self) -> Option<&str> {
        self.party.to.as_ref().map(|to| to.text.as_str())
    }

    fn holder(&self) -> Option<Holder> {
        self.party.to.as_ref().map(|to: &Address| to.holder)
    }

    /// Whether it rings: people are disturbed by it whatever they are doing.
    fn rings(&self) -> bool {
        matches!(self.channel, Channel::Sms | Channel::Voice)
    }

    /// The rule that forbids it, whenever it is.
    fn forbidden(&self) -> Option<&'static Rule> {
        let refusals: [(bool, &'static Rule); 8] = [
            (self.goes_past_the_attorney(), &rules::ATTORNEY),
            (self.is_ceased(Cease::Debt), &rules::CEASE),
            (self.is_ceased(Cease::Paper), &rules::CEASE_PAPER),
            (self.tells_a_third_party(), &rules::THIRD_PARTY),
            (self.is_at_a_bad_place(), &rules::PLACE),
            (self.word() == Some(false), &rules::REVOKED),
            (self.lacks_consent(), &rules::CONSENT),
            (self.lacks_validation(), &rules::VALIDATION),
        ];
        let first = refusals.into_iter().find(|(refused, _)| *refused);
        first.map(|(_, rule)| rule)
    }

    fn goes_past_the_attorney(&self) -> bool {
        self.history.attorney.is_some() && self.holder() != Some(Holder::Attorney)
    }

    fn is_ceased(&self, cease: Cease) -> bool {
        if self.history.cease.is_none()
            || self.terms.cease != cease
            || self.holder() == Some(Holder::Attorney)
        {
            return false;
        }
        match cease {
            Cease::Debt => !matches!(self.purpose, Purpose::Order | Purpose::Dispute | Purpose::Service),
            Cease::Paper => self.channel != Channel::Letter && rules::asks(self.purpose),
        }
    }

    fn tells_a_third_party(&self) -> bool {
        self.terms.no_third_parties && self.holder() == Some(Holder::Other)
    }

    fn is_at_a_bad_place(&self) -> bool {
        let bad = |it: &&super::Inconvenient| it.is_place() && it.concerns(self.address());
        self.history.inconvenient.iter().any(|it| bad(&it))
    }

    fn word(&self) -> Option<bool> {
        consent::word(&self.history.consents, self.channel, self.address(), self.purpose)
    }

    fn lacks_consent(&self) -> bool {
        let by_machine = match self.channel {
            Channel::Sms => true,
            Channel::Voice => !self.party.by_person,
            Channel::Email | Channel::Letter | Channel::Webhook => false,
        };
        self.terms.consent && by_machine && self.word() != Some(true)
    }

    fn lacks_validation(&self) -> bool {
        self.terms.validation
            && rules::asks(self.purpose)
            && self.history.validation_notice.is_none()
            && !self.party.with_validation_notice
    }

    /// The first rule that speaks against an instant, and the next at which it may no longer.
    fn put_off(&self, at: DateTime<Utc>) -> Option<(&'static Rule, DateTime<Utc>)> {
        self.out_of_hours(at)
            .or_else(|| self.on_a_rest_day(at).map(|next| (&rules::REST_DAY, next)))
            .or_else(|| self.at_a_bad_time(at).map(|next| (&rules::TIME, next)))
            .or_else(|| {
                self.too_soon_after_a_conversation(at)
                    .map(|next| (&rules::CONVERSATION, next))
            })
            .or_else(|| self.too_many_calls(at).map(|next| (&rules::CALLS, next)))
            .or_else(|| self.too_often(at).map(|next| (&rules::FREQUENCY, next)))
    }

    /// Whether the hours of the day matter: always where it rings; to a consumer also of what is only read, unless it
    /// answers what the customer has just done. A letter has no hour.
    fn keeps_hours(&self) -> bool {
        match self.channel {
            Channel::Letter => false,
            Channel::Sms | Channel::Voice => true,
            Channel::Email | Channel::Webhook => {
                self.terms.email_too && (rules::asks(self.purpose) || self.is_debt())
            }
        }
    }

    /// Whether even an answer is a communication about a debt: under Regulation F all but an order's is.
    fn is_debt(&self) -> bool {
        self.terms.cease == Cease::Debt && self.purpose != Purpose::Order
    }

    fn out_of_hours(&self, at: DateTime<Utc>) -> Option<(&'static Rule, DateTime<Utc>)> {
        if !self.keeps_hours() {
            return None;
        }
        let refused = self.terms.hours.iter().flatten().filter_map(|(hours, rule)| {
            let next = self.latest(|zone| {
                let local = zone.local(at);
                let day = match local.time() {
                    time if hours.contain(time) => return None,
                    time if time < hours.from => local.date(),
                    _ => next_day(local.date()),
                };
                Some(zone.first_instant(day.and_time(hours.from)))
            });
            next.map(|next| (*rule, next))
        });
        refused.reduce(|first, other| (first.0, first.1.max(other.1)))
    }

    fn on_a_rest_day(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if !self.terms.rest_days || !self.rings() {
            return None;
        }
        let zone = self.party.zone;
        let day = calendar::day_of(at, zone);
        let rests = !self.party.rest.all().is_business_day(day);
        rests.then(|| start_of(next_day(day), zone))
    }

    /// A time that does not suit, wherever the customer may be. A letter is read when it suits.
    fn at_a_bad_time(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.channel == Channel::Letter {
            return None;
        }
        let concerned = self.history.inconvenient.iter();
        let ends = concerned
            .filter(|it| !it.is_place() && it.concerns(self.address()))
            .filter_map(|it| self.latest(|zone| Some(zone.first_instant(it.ends_after(zone.local(at))?))));
        ends.max()
    }

    fn too_soon_after_a_conversation(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if !self.terms.calls || self.channel != Channel::Voice {
            return None;
        }
        self.latest(|zone| {
            let today = calendar::day_of(at, zone);
            let spoken = self.history.calls.iter().filter(|call| call.conversation);
            let last = spoken.map(|call| calendar::day_of(call.at, zone)).max()?;
            let free = last.checked_add_days(Days::new(WEEK))?;
            (today < free).then(|| start_of(free, zone))
        })
    }

    fn too_many_calls(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if !self.terms.calls || self.channel != Channel::Voice {
            return None;
        }
        let calls: Vec<DateTime<Utc>> = self.history.calls.iter().map(|call| call.at).collect();
        self.latest(|zone| too_many(&calls, CALLS, at, zone))
    }

    fn too_often(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let weekly = usize::try_from(self.terms.weekly?).ok()?;
        if self.purpose != Purpose::Collection {
            return None;
        }
        let messages = self.history.messages.iter();
        let asked = messages.filter(|sent| sent.purpose == Purpose::Collection);
        let contacts: Vec<DateTime<Utc>> = asked
            .map(|sent| sent.at)
            .chain(self.history.calls.iter().map(|call| call.at))
            .collect();
        too_many(&contacts, weekly, at, self.party.zone)
    }

    /// The latest of what the zones say: it is no longer so in any of them then.
    fn latest(&self, next: impl Fn(Zone) -> Option<DateTime<Utc>>) -> Option<DateTime<Utc>> {
        self.zones.iter().filter_map(|zone| next(*zone)).max()
    }
}

/// The start of the next day, where as many as are allowed fell within the seven days up to that of an instant.
fn too_many(made: &[DateTime<Utc>], most: usize, at: DateTime<Utc>, zone: Zone) -> Option<DateTime<Utc>> {
    let today = calendar::day_of(at, zone);
    let counted = made.iter().filter(|made| {
        let day = calendar::day_of(**made, zone);
        day <= today
            && day
                .checked_add_days(Days::new(WEEK))
                .is_none_or(|free| today < free)
    });
    (counted.count() >= most).then(|| start_of(next_day(today), zone))
}

fn next_day(day: NaiveDate) -> NaiveDate {
    calendar::plus_days(day, 1)
}

fn start_of(day: NaiveDate, zone: Zone) -> DateTime<Utc> {
    calendar::instant_of(day, NaiveTime::MIN, zone)
}
