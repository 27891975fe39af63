//! Every bound of the host, in one place, each with its reason.
//!
//! Spin itself sets none of the inbound ones; a process that answers the open network must.

use std::time::Duration;

/// Largest request body. The app's own limit for bulk intake is 32 MiB; one more, so that the component
/// itself gets to say which limit a slightly larger body broke.
pub const REQUEST_BODY_BYTES: u64 = 33 << 20;

/// Bytes of a refused or unread body that are still read and thrown away, so that a client which is in the
/// middle of sending gets to read the answer instead of a connection reset.
pub const DISCARDED_BODY_BYTES: u64 = 64 << 20;

/// How long throwing away an unread body may take.
pub const DISCARD_TIME: Duration = Duration::from_secs(10);

/// Size of a request's head: line and headers together. Browsers and proxies stay under 16 KiB.
pub const REQUEST_HEAD_BYTES: usize = 64 << 10;

/// Number of request headers; what hyper takes by default, stated here because it is a promise.
pub const REQUEST_HEADERS: usize = 100;

/// Time a client has to send a request's head, counted anew for each request on a connection.
pub const HEAD_READ_TIME: Duration = Duration::from_secs(30);

/// Time a client may take to read anything at all of its answer. Mobile networks come back within this.
pub const WRITE_STALL_TIME: Duration = Duration::from_secs(60);

/// Connections open at once. One more gets to ask whether the host is well, or a 503.
pub const CONNECTIONS: usize = 1024;

/// Such connections at once: each lasts for one request. Beyond it new ones wait in the kernel's backlog.
pub const SPARE_CONNECTIONS: usize = 64;

/// Time for one of them to send its request's head: a load balancer's question is one packet.
pub const SPARE_HEAD_READ_TIME: Duration = Duration::from_secs(2);

/// Requests being answered at once that change something. Beyond it: 503 with `Retry-After`, at once, instead of a
/// growing queue. Some may be waiting for a slow client's body. As many as this, each with its turn to write, are done
/// within [`WRITE_TURN_TIME`].
pub const CONCURRENT_CHANGES: usize = 384;

/// The same for those that only read: they wait for nobody, so fewer keep every core busy.
pub const CONCURRENT_READS: usize = 128;

/// The same for people who pay: each asks for a page, and then for a checkout.
pub const CONCURRENT_PAYERS: usize = 128;

/// Of each, those that are let in however long answers take: enough to keep every core busy, and few enough to be
/// answered in time when they are all there is.
pub const FEW_REQUESTS: usize = 64;

/// What an answer may take on average before no more than [`FEW_REQUESTS`] are let in. People wait that long, and
/// senders of webhooks for five seconds at the strictest: within that are those that have to wait twice, once to be
/// stored and once to take effect.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// Jobs at once that a cron calls: each of the app's and a late twin.
pub const CONCURRENT_JOBS: usize = 32;

/// What `Retry-After` says then, in seconds.
pub const RETRY_AFTER_SECONDS: u16 = 1;

/// Longest time from a request's arrival to the head of its answer, unless `--request-timeout` says otherwise.
/// Hosted platforms give 30 s;
/// twice that leaves a developer room and still ends what hangs (504).
pub const REQUEST_TIME: Duration = Duration::from_secs(60);

/// Computing time a component may use, counted from the request it accepted last, before it is stopped.
pub const COMPUTE_TIME: Duration = Duration::from_secs(30);

/// How often a computing component is interrupted to be counted and to let others run.
pub const EPOCH_TICK: Duration = Duration::from_millis(10);

/// Linear memory of one component instance; what hosted platforms give.
pub const INSTANCE_MEMORY_BYTES: usize = 128 << 20;

/// Elements in one WebAssembly table of an instance: ten times what a large component has.
pub const INSTANCE_TABLE_ELEMENTS: usize = 100_000;

/// Requests that one instance serves in its life. Spin's default.
pub const INSTANCE_REQUESTS: usize = 128;

/// Requests that one instance serves at the same time. Spin's default.
pub const INSTANCE_CONCURRENT_REQUESTS: usize = 16;

/// How long an idle instance is kept. Spin's default.
pub const INSTANCE_IDLE_TIME: Duration = Duration::from_secs(1);

/// SQLite connections, and likewise key-value stores, that one instance holds open. Spin's default.
pub const INSTANCE_HANDLES: usize = 256;

/// Size of one row, one value or one whole buffered result of SQLite and key-value calls. Spin's default.
pub const RESULT_BYTES: usize = 128 << 20;

/// How long a transaction waits for its turn to write, and a statement for a lock: SQLite's patience, as Spin has it.
/// Hundreds of transactions of the usual length have their turn within it.
pub const WRITE_TURN_TIME: Duration = Duration::from_secs(5);

/// Statements that a connection keeps prepared; a component's request uses up to twenty different ones.
pub const PREPARED_STATEMENTS: usize = 64;

/// Connections that a component has closed and that are kept for its next ones: as many as one instance uses. Each holds
/// the schema and its prepared statements, a megabyte or two.
pub const KEPT_CONNECTIONS: usize = INSTANCE_CONCURRENT_REQUESTS;

/// How long they are kept: longer than the pauses of a component that is in use.
pub const KEPT_CONNECTION_TIME: Duration = Duration::from_secs(30);

/// A statement that keeps to this runs on the thread that asks for it. Others on that thread wait as long.
pub const QUICK_STATEMENT_TIME: Duration = Duration::from_micros(300);

/// Parameters of such a statement: a batch has more.
pub const QUICK_PARAMETER_BYTES: usize = 8 << 10;

/// Statements whose pace is remembered; the app has some two hundred.
pub const KNOWN_STATEMENTS: usize = 1_000;

/// Rows or keys on their way from the database to a component. Spin's value, and it matters: the
/// connection stays locked until all but these are read.
pub const STREAMED_ITEMS: usize = 4;

/// A line of a component's log; longer ones are cut into several.
pub const LOG_LINE_BYTES: usize = 8 << 10;

/// How long requests in flight may take to finish after the host was asked to stop.
pub const SHUTDOWN_TIME: Duration = Duration::from_secs(30);

/// Body of a call to the control port: an instant or a duration.
pub const CONTROL_BODY_BYTES: usize = 4 << 10;

/// Time the command line waits for a running host to answer.
pub const CONTROL_TIME: Duration = Duration::from_secs(10);

/// A letter, or a page of the list of letters, as the command line takes it.
pub const LETTER_BYTES: usize = 32 << 20;

/// Time the command line waits for one letter.
pub const LETTERS_TIME: Duration = Duration::from_secs(60);

/// Time that a key-value server has to take a connection, and then for each answer: within one network that is
/// ample.
pub const STORE_TIME: Duration = Duration::from_secs(5);

/// Connections to a key-value server that are kept for the next call: as many as one instance has requests.
pub const IDLE_CONNECTIONS: usize = INSTANCE_CONCURRENT_REQUESTS;

/// Body of an answer that the host itself reads (schedules, the demo).
pub const IN_PROCESS_BODY_BYTES: usize = 64 << 20;
