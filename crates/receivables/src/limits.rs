//! A bound on everything that comes in, each with its reason. Lengths are in characters.

/// Days to pay where neither the invoice nor the customer says: 30, the statutory period of Directive
/// 2011/7/EU, Article 3(3)(b).
pub const DEFAULT_TERMS_DAYS: u32 = 30;

/// The longest terms of a customer: a year. Longer ones are a financing agreement, not an invoice.
pub const MAX_TERMS_DAYS: u32 = 365;

/// The first year of a date: before it lie only typing errors and clocks at zero.
pub const FIRST_YEAR: i32 = 1980;

/// The last year of a date: `29260110` typed for `20260110` must not become a due date.
pub const LAST_YEAR: i32 = 2199;

/// Names of people, companies and roles: Peppol allows any length, no register exceeds this.
pub const NAME: usize = 200;

/// Keys of other systems (external ids, references of payments): a UUID, a URN or a GLN with its scheme.
pub const KEY: usize = 200;

/// Numbers of invoices, credit notes and orders: they are printed, typed and read out on the phone.
pub const NUMBER: usize = 100;
/// Characters that tell whose numbering a number belongs to: two parties' keys and the words between them.
pub const NUMBERING: usize = 2 * KEY + 64;

/// Short names we define or the user defines (policies, methods, templates).
pub const SLUG: usize = 64;

/// A line of an address: what fits a window envelope, with room.
pub const ADDRESS_LINE: usize = 200;

/// Lines of an address above city and country.
pub const ADDRESS_LINES: usize = 6;

/// An email address: RFC 5321, section 4.5.3.1.3 (a path of 256 with its angle brackets).
pub const EMAIL: usize = 254;

/// The part before the `@`: RFC 5321, section 4.5.3.1.1.
pub const EMAIL_LOCAL: usize = 64;

/// A telephone number: 15 digits (ITU-T E.164) with punctuation and an extension.
pub const PHONE: usize = 40;

/// A URL: what every browser and proxy takes.
pub const URL: usize = 2_000;

/// A language tag: language, script, region and a variant (RFC 5646, section 4.4.1).
pub const LOCALE: usize = 35;

/// Free text a person writes: a description, a reason, a note.
pub const TEXT: usize = 2_000;

/// Contacts of a customer: more than these are a mailing list.
pub const CONTACTS: usize = 50;

/// Preferred payment methods of a customer.
pub const METHODS: usize = 20;

/// Lines of an invoice: the largest telephone bills have a few thousand.
pub const LINES: usize = 10_000;

/// Documents that belong to an invoice.
pub const DOCUMENTS: usize = 50;

/// Bytes of one document that is kept: a scanned contract of some dozens of pages. An instance of 128 MiB holds it
/// several times over while it is read: as base64, as bytes, and as a statement's parameter.
pub const DOCUMENT_BYTES: usize = 8 << 20;

/// Bytes of all documents of one invoice: what the e-invoicing portals of German authorities take (ZRE and OZG-RE:
/// 15 MB in all), with room.
pub const DOCUMENTS_BYTES: usize = 20 << 20;

/// A file's name: what every file system takes in UTF-8, with room for an ending.
pub const FILE_NAME: usize = 60;

/// Remittance lines of a payment: a batch transfer of a large customer.
pub const REMITTANCE_LINES: usize = 5_000;

/// Invoices one payment link covers: more do not fit its page.
pub const LINK_INVOICES: usize = 500;

/// Problems reported for one document: beyond this a reader learns nothing new, and a hostile document
/// cannot make the answer larger than itself.
pub const PROBLEMS: usize = 100;

/// Bytes of one line of a bulk intake in JSON: as much as one document on its own may have.
pub const LINE_BYTES: usize = 1 << 20;

/// Bytes of one record of a CSV file: a spreadsheet's cell holds 32,767 characters, and few have a long one. An unclosed
/// quote is noticed after as many.
pub const CSV_RECORD: usize = 64 << 10;

/// Columns of a CSV file: the largest exports of ledgers have some eighty.
pub const CSV_COLUMNS: usize = 256;

/// Unclosed quotes of one CSV file that are looked for over several lines. Each costs a look at [`CSV_RECORD`] bytes;
/// beyond them a line's end ends the record, whatever is open.
pub const CSV_UNCLOSED: u32 = 100;

/// Elements within elements of an XML document: UBL 2.1 needs about a dozen.
pub const XML_DEPTH: usize = 64;

/// Attributes of one element: UBL has at most about ten, and the parser compares each with each.
pub const XML_ATTRIBUTES: usize = 64;

/// Different namespace prefixes of a document: UBL needs three, signatures a few more. The parser copies
/// those in scope for each element that declares one.
pub const XML_NAMESPACES: usize = 64;

/// Nodes of an XML document: an invoice of several thousand lines, in about 40 MB of memory.
pub const XML_NODES: u32 = 500_000;

/// Steps of a dunning policy: more than one a week for half a year.
pub const POLICY_STEPS: usize = 30;

/// The earliest and latest day of a policy's step, counted from the due date.
pub const STEP_DAYS: std::ops::RangeInclusive<i64> = -60..=365;

/// The longest pause between contacts that a policy may ask for.
pub const MAX_DAYS_BETWEEN_CONTACTS: i64 = 90;

/// Messages about one invoice that a policy may ask for: one a month for two years.
pub const MAX_ATTEMPTS: i64 = 24;

/// Days between the announcement of a suspension or a hand-over and the act, where a policy does not say: a
/// reasonable period in which to pay is what § 323(1) BGB asks for, and a week is what courts have let pass.
pub const NOTICE_DAYS: u32 = 7;

/// The longest notice of an act.
pub const MAX_NOTICE_DAYS: i64 = 90;

/// Domains that a customer is known by beside those of its contacts: a group's companies.
pub const DOMAINS: usize = 20;

/// Days within which a message that came back goes another way: mail servers give a message up after four to five days
/// (RFC 5321, section 4.5.4.1), and a reminder that old has been overtaken by the next.
pub const FAILOVER_DAYS: i64 = 5;

/// Ways and addresses that one message is tried by after the first has sent it back.
pub const FAILOVERS: usize = 5;

/// Files that go with one message, in bytes: mailboxes refuse what is larger than 20 to 25 MB, and base64 adds a third.
pub const ATTACHED_BYTES: usize = 10 * 1024 * 1024;

/// Who on our side is told of a step.
pub const NOTIFY: usize = 10;

/// What may happen to one account in a preview: more than a policy can ask for in the years a preview covers.
pub const FORESEEN: usize = 500;

/// Pools of customers: each is a rule that a person has to keep in mind.
pub const POOLS: usize = 100;

/// Values of one condition of a pool: every country there is.
pub const POOL_VALUES: usize = 300;

/// Tags of a customer.
pub const TAGS: usize = 20;
/// The highest rate of interest or of a fee, in percent: a typing error (`1175` for `11.75`) lies beyond it.
pub const MAX_PERCENT: i64 = 1_000;

/// Rates by age of one interest charge: more than one a month for a year is no schedule a debtor can follow.
pub const TIERS: usize = 12;

/// The latest day overdue at which a rate of interest may change: ten years, the longest limitation period
/// in commercial law that is at all common.
pub const TIER_DAYS: std::ops::RangeInclusive<i64> = 2..=3_650;

/// The longest grace before interest begins.
pub const MAX_GRACE_DAYS: i64 = 365;

/// Entries of one series of reference rates that an administrator may add: two a year for a century.
pub const RATE_ENTRIES: usize = 200;
/// Documents that belong to a dispute: photographs of a delivery, letters, the order.
pub const DISPUTE_DOCUMENTS: usize = 20;

/// A document that is kept as text with a dispute: a mail or the notes of a call, not a file.
pub const DOCUMENT_TEXT: usize = 10_000;

/// A media type: two names of at most 127 characters with a stroke between (RFC 6838, section 4.2).
pub const MEDIA_TYPE: usize = 255;

/// Days in which a dispute may be given to be answered: beyond half a year nobody remembers the delivery.
pub const RESPOND_DAYS: std::ops::RangeInclusive<i64> = 1..=180;

/// Days after a promised day or an instalment on which money is still in time: a transfer takes one banking day
/// within the EEA (Directive 2015/2366, Article 83(1)), abroad and over holidays some more.
pub const GRACE_DAYS: std::ops::RangeInclusive<i64> = 0..=30;

/// How far ahead a policy may let a customer promise: beyond a quarter it is a plan.
pub const PROMISE_DAYS: std::ops::RangeInclusive<i64> = 1..=90;

/// Open promises of one customer and currency that a policy may allow.
pub const OPEN_PROMISES: std::ops::RangeInclusive<i64> = 1..=50;

/// Invoices that one promise or plan names; more are the whole account.
pub const AGREEMENT_INVOICES: usize = 500;

/// Instalments of a plan: weekly for more than two years, monthly for ten.
pub const PLAN_INSTALMENTS: usize = 120;

/// How long a policy may let a plan last: ten years.
pub const PLAN_DAYS: std::ops::RangeInclusive<i64> = 1..=3_660;

/// Days between two instalments, where they are counted in days: a year at most.
pub const INSTALMENT_EVERY_DAYS: std::ops::RangeInclusive<i64> = 1..=366;
/// How long a request waits for a decision: a day at least, so that the other person can be asleep; a quarter at most,
/// since what was true when it was asked for is not by then.
pub const APPROVAL_DAYS: std::ops::RangeInclusive<i64> = 1..=90;

/// The longest hold with an end date: a year. A debt that is left alone for longer is a write-off nobody decided on.
pub const MAX_HOLD_DAYS: i64 = 366;

/// Business days between the tries of a task.
pub const TASK_DAYS: std::ops::RangeInclusive<i64> = 1..=60;

/// Tries of a task: who has not answered ten calls will not answer the eleventh.
pub const TASK_ATTEMPTS: std::ops::RangeInclusive<i64> = 1..=10;

/// Days of rest that an administrator adds for a country: ten years of a country without a table.
pub const REST_DAYS: usize = 500;
/// Parts of one invoice, each with its own due date: five years of monthly ones. More are a loan.
pub const INSTALMENTS: usize = 60;

/// Months between an invoice's issue date and the month in which its terms end: a year, as for
/// [`MAX_TERMS_DAYS`].
pub const TERMS_MONTHS: u32 = 12;

/// Early-payment discounts of one invoice: "3/7, 2/14" is two, and nobody offers more than four.
pub const DISCOUNT_TERMS: usize = 4;

/// Days by which a policy may extend the time for an early-payment discount: beyond a month it is no grace but
/// another discount.
pub const DISCOUNT_GRACE_DAYS: i64 = 31;
/// Customers whose dues are computed at once: a page of a list.
pub const DUES_CUSTOMERS: usize = 500;

/// Lines of one bank statement: a large creditor's busiest day.
pub const STATEMENT_LINES: usize = 100_000;

/// What the payer wrote on one line of a bank statement: 140 characters in a SEPA transfer, nine thousand in the longest
/// structured one; what is beyond has never named an invoice.
pub const STATEMENT_TEXT: usize = 4_000;

/// Items of one payout of a payment provider: a large shop's week.
pub const PAYOUT_ITEMS: usize = 20_000;

/// How often a customer may be asked to pay within seven days, where that is set: three times a day is persistence that
/// Directive 2005/29/EC, annex I, point 26, forbids anywhere.
pub const WEEKLY_CONTACTS: std::ops::RangeInclusive<i64> = 1..=21;

/// Times and places of a customer that do not suit: two a day for a week, and a few addresses.
pub const INCONVENIENT: usize = 20;

/// What shows that consent was given or taken back: a text message, or where the recording lies.
pub const EVIDENCE: usize = 2_000;

/// The day of the month on which statements of account are drawn up: every month has it.
pub const STATEMENT_DAY: std::ops::RangeInclusive<i64> = 1..=28;

/// Lines of one statement of account that is sent: some ten pages. Who has more of them in a month reads a file.
pub const STATEMENT_ENTRIES: usize = 300;

/// Days after which a payment that is told of is not thanked for any more: what is told of later is history that is
/// taken in.
pub const THANKS_DAYS: i64 = 7;

/// Days before a promised day on which it is recalled.
pub const REMIND_DAYS: std::ops::RangeInclusive<i64> = 1..=14;
