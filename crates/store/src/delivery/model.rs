//! What a courier is given: who can carry, what may leave, to whom and with what.

use crate::promises::PromiseNote;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use receivables::channel::Channel;
use receivables::country::Country;
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, MessageId, PolicyId};
use receivables::intake::PostalAddress;
use receivables::money::Money;
use receivables::notice::About;
use receivables::template::{Purpose, Tone};

/// For how long a carrier knows what it was handed: so long it can be handed the same again, and takes it once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// It takes whatever it is handed for something new.
    Nothing,
    /// A day, and not more.
    ADay,
    /// It never forgets.
    Always,
}

impl Memory {
    /// Whether what was handed over at that time is still known. An hour short of a day: clocks differ, and calls take time.
    pub fn reaches(self, handed: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
        match self {
            Self::Nothing => false,
            Self::ADay => handed.is_some_and(|at| now.signed_duration_since(at) < TimeDelta::hours(23)),
            Self::Always => true,
        }
    }
}

/// A provider that is set up, over one channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Carrier {
    /// Its name in the ledger.
    pub name: &'static str,
    /// What it carries.
    pub channel: Channel,
    /// For how long it knows a message id that it has seen.
    pub remembers: Memory,
    /// Whether it takes messages now. One that is paused or away keeps its messages waiting: they go to another of the
    /// same channel where there is one, and not over another channel for a delay of minutes.
    pub ready: bool,
}

/// Who a message goes to. The address of the message's channel is there; others may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The person or desk.
    pub name: String,
    /// For email.
    pub email: Option<String>,
    /// For text messages and calls, as somebody wrote it.
    pub phone: Option<String>,
    /// For letters.
    pub postal: Option<PostalAddress>,
}

impl Recipient {
    /// The address over a channel, in one line; what goes to the creditor's own system goes by name.
    pub fn address(&self, channel: Channel) -> String {
        let address = match channel {
            Channel::Email => self.email.clone(),
            Channel::Sms | Channel::Voice => self.phone.clone(),
            Channel::Letter => self.postal.as_ref().map(PostalAddress::one_line),
            Channel::Webhook => None,
        };
        address.unwrap_or_else(|| self.name.clone())
    }
}

/// A file that goes with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Its file name.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// It.
    pub content: Vec<u8>,
}

/// A message that was claimed and may leave now.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Ours; the provider's idempotency key.
    pub id: MessageId,
    /// Whom it goes to.
    pub customer: CustomerId,
    /// The name to write.
    pub customer_name: String,
    /// The language to write in: the contact's, else the customer's.
    pub locale: String,
    /// The policy.
    pub policy: String,
    /// The policy's step.
    pub step: String,
    /// The words.
    pub template: String,
    /// What it is about.
    pub purpose: Purpose,
    /// Over which channel.
    pub channel: Channel,
    /// Who is to carry it: a [`Carrier::name`].
    pub carrier: &'static str,
    /// In which currency.
    pub currency: Currency,
    /// The person written to.
    pub to: Recipient,
    /// The country of the address, else of the customer.
    pub country: Country,
    /// The customer's civil day.
    pub today: NaiveDate,
    /// Overdue invoices to list, as they stand now.
    pub overdue: Vec<Listed>,
    /// Invoices about to be due to list.
    pub upcoming: Vec<Listed>,
    /// The day on which what its step announces is done at the earliest.
    pub act_on: NaiveDate,
    /// The promise that it is about, where it is about one.
    pub promise: Option<PromiseNote>,
    /// The facts that it tells, where it is no step of a policy.
    pub about: Option<About>,
    /// Files that go with it, from what is on record.
    pub documents: Vec<Document>,
    /// The tone that its step speaks in.
    pub tone: Option<Tone>,
    /// The statement of account that its step attaches, as the account stands.
    pub statement: Option<About>,
    /// For how long its carrier will know it.
    pub remembered: Memory,
    /// Since when its carrier may have it from before, and was chosen for that.
    pub open_since: Option<DateTime<Utc>>,
    /// How many attempts there were before this one.
    pub attempts: u32,
    /// What this message has in common with others of one conversation: one a customer.
    pub thread: String,
    /// The lease under which it is held: whoever settles it shows it.
    pub lease: String,
    /// The version of its policy.
    pub policy_id: Option<PolicyId>,
    /// Who else is told that it left.
    pub notify: Vec<String>,
    /// The channels that it may go over.
    pub channels: Vec<Channel>,
    /// Those that it did not go over.
    pub tried: Vec<Channel>,
    /// Why it was queued.
    pub why: String,
}

impl Claimed {
    /// The address that it goes to, in one line.
    pub fn address(&self) -> String {
        self.to.address(self.channel)
    }
}

/// One invoice that a message lists.
#[derive(Debug, Clone)]
pub struct Listed {
    /// Ours.
    pub id: InvoiceId,
    /// The creditor's.
    pub number: String,
    /// Issued.
    pub issue_on: NaiveDate,
    /// Due.
    pub due_on: NaiveDate,
    /// Days past due on the customer's civil day; negative before.
    pub days_overdue: i64,
    /// The original amount.
    pub total: Money,
    /// What is asked for of it.
    pub asked: Money,
    /// Whether it is a fee or interest on an invoice.
    pub charge: bool,
}

/// What a claim brought.
#[derive(Debug, Default)]
pub struct Claim {
    /// Messages that were due.
    pub examined: usize,
    /// Messages that may leave now.
    pub claimed: Vec<Claimed>,
}
