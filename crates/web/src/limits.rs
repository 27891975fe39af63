//! Every limit of the HTTP layer, with its reason.

/// Bytes of an ordinary request body. Generous for one document; the API promises 1 MiB.
pub const BODY: usize = 1 << 20;
/// Bytes of a bulk intake or bank statement. The API promises 32 MiB; an instance has 128 MiB to hold and parse it. What
/// is read as it comes is held to the same limit, although it takes no more memory when it is longer: a hundred thousand
/// rows of 300 bytes fit, and take less than the half minute that hosted platforms give a handler.
pub const BULK_BODY: usize = 32 << 20;
/// Documents of one JSON array, and of customers' lines: each that is bad is held with what is wrong with it until all are
/// taken, and that many fit an instance. Invoices' lines and tables are read as they come and have no such limit.
pub const DOCUMENTS_AT_ONCE: usize = 50_000;
/// Rows of a bulk intake that are committed together. Measured natively, what a row costs is the same from 250 rows to
/// 5,000, while the write lock is held, and others wait, in proportion to them.
pub const BATCH_ROWS: usize = 1_000;
/// Bytes of such rows, where they are long: what is held of a body at a time, beside what is made of it.
pub const BATCH_BYTES: usize = 4 << 20;
/// Customers who are planned together after a bulk intake: all that they owe is looked at, a thousand invoices each
/// where there are few, and what is known of them fits an instance.
pub const PLANNED: u32 = 50;
/// Bytes of a body that brings one document as JSON: a third more than the document, and room for the words about it.
pub const DOCUMENT_AS_JSON: usize = 12 << 20;
/// Bytes of a form that a browser posts: a handful of short fields.
pub const FORM: usize = 16 << 10;
/// Rows of a list where the request does not say.
pub const PAGE: u32 = 50;
/// Rows of a list at most: one answer stays below a megabyte.
pub const PAGE_MAX: u32 = 500;
/// Characters of an idempotency key; 255 is what Stripe and the IETF draft's examples allow.
pub const IDEMPOTENCY_KEY: usize = 255;
/// Customers of one statement of a bulk intake: long enough that the statement's own cost vanishes.
pub const BATCH: usize = 500;
/// Cases, messages or accounts of one run of a job, unless the caller says otherwise: well within the 30 s that
/// hosted platforms give a handler.
pub const JOB: u32 = 200;
/// And at most.
pub const JOB_MAX: u32 = 1_000;
/// Events that one run of a job takes up which had no effect when they came: they are few, and some may never have one.
pub const LEFT_OVER: u32 = 100;
/// Seconds by which a webhook's timestamp may differ from ours (Standard Webhooks).
pub const WEBHOOK_TOLERANCE_S: i64 = 300;
/// Seconds that a provider's answer is waited for: less than a handler may take, so that the outcome is recorded.
pub const PROVIDER_TIMEOUT_S: u64 = 15;

/// Seconds that a payment provider's answer is waited for while a visitor waits for the page: closing one session (two
/// calls) and opening another (three tries and the pauses between them) stay below the 30 s that hosted platforms give
/// a handler.
pub const CHECKOUT_TIMEOUT_S: u64 = 5;
/// Milliseconds before the second and the third try.
pub const CHECKOUT_PAUSES_MS: [u64; 2] = [250, 1_000];
/// Seconds within which a connection to a provider must stand: one that answers at all does so in one.
pub const PROVIDER_CONNECT_S: u64 = 5;
/// Seconds for which one run of the courier starts to send: with a connection and an answer that take as long as they
/// may, and the record of it, it ends within the 30 s that hosted platforms give a handler.
pub const SENDING_S: u64 = 8;
/// Seconds that an endpoint has to take an event (Standard Webhooks: 15 to 30), and how much longer the rest of its
/// answer is waited for, which is kept for people alone.
pub const WEBHOOK_WAIT_S: u64 = 15;
/// See [`WEBHOOK_WAIT_S`].
pub const WEBHOOK_REST_MS: u64 = 2_000;
/// Bytes of an endpoint's answer that are read: an error message's beginning.
pub const WEBHOOK_WORDS: usize = 500;
/// Bytes of a provider's own words that are kept: an error message, not a page.
pub const PROVIDER_WORDS: usize = 500;
/// Hours for which a provider is left alone at most: one that asks for a year is asked again tomorrow.
pub const PROVIDER_PAUSE_H: i64 = 24;
/// Seconds for which one is left alone that is asked too much and does not say how long.
pub const PROVIDER_PAUSE_S: i64 = 60;
/// Seconds that an accounting system's answer is waited for: a token and a document, with their connections, stay below
/// the 30 s that hosted platforms give a handler, whenever the run begins to fetch them.
pub const FETCH_TIMEOUT_S: u64 = 5;
/// Events that are due and claimed at a time: what a run that ends early puts off is no more.
pub const INBOUND_CLAIM: usize = 10;
/// Seconds after which the job deals with an event that was acknowledged and not dealt with: a request takes one.
pub const INBOUND_GRACE_S: i64 = 60;
/// Events of a webhook that take effect in one transaction: the write lock is held for a few milliseconds.
pub const EVENTS: usize = 50;
/// Seconds within which failed look-ups are counted, and for which too many of them are refused at most.
pub const ATTEMPTS_WINDOW_S: i64 = 900;
/// Look-ups of one address that may fail in that time: a link that has expired is opened again and again by people, and
/// by what guards their mail.
pub const ATTEMPTS_OF_ADDRESS: u32 = 60;
/// The same of what begins alike, wherever it comes from.
pub const ATTEMPTS_OF_PREFIX: u32 = 20;
/// The last of the slots that addresses fall into, and of those that prefixes do; a power of two less one. It bounds what
/// guessing can make the ledger keep; whoever shares a slot with a guesser waits with it only where they fail themselves.
pub const ATTEMPT_SLOTS: u16 = 0x0fff;
/// Characters of a link's token that are its prefix: 48 bits, which nobody has by chance.
pub const TOKEN_PREFIX: usize = 8;
/// Characters from which on a secret cannot be guessed: our own have 128 bits in 22.
pub const UNGUESSABLE: usize = 22;
/// Hours for which a provider delivers one signed webhook again and again (Twilio SendGrid: a day).
pub const WEBHOOK_RETRIES_H: i64 = 24;

/// Days that a preview covers where nobody says.
pub const PREVIEW_DAYS_DEFAULT: u64 = 30;
/// Days that a preview covers at most: a year and a day.
pub const PREVIEW_DAYS: i64 = 366;
