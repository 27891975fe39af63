//! The errors that a call can end with, and what each interface makes of them.

use super::Kind;
use crate::bindings::{key_value, sqlite, variables};
use wasmtime_wasi_http::Error as Http;

/// An error, of the interface that its name begins with. One of another interface becomes its catch-all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the names are the interfaces' own")]
pub enum Failure {
    SqliteLocked,
    SqliteIo,
    /// `database or disk is full`, as SQLite itself says it.
    SqliteFull,
    /// The interface's own `database-full`, which a host with quotas says.
    SqliteDatabaseFull,
    SqliteNoSuchDatabase,
    SqliteAccessDenied,
    SqliteInvalidConnection,
    KvStoreTableFull,
    KvNoSuchStore,
    KvAccessDenied,
    KvOther,
    HttpDnsTimeout,
    HttpDnsError,
    HttpDestinationNotFound,
    HttpDestinationUnavailable,
    HttpConnectionRefused,
    HttpConnectionTimeout,
    HttpConnectionTerminated,
    HttpConnectionReadTimeout,
    HttpConnectionWriteTimeout,
    HttpConnectionLimitReached,
    HttpTlsProtocolError,
    HttpTlsCertificateError,
    HttpRequestDenied,
    HttpResponseIncomplete,
    HttpResponseTimeout,
    HttpProtocolError,
    HttpInternalError,
    VariableInvalidName,
    VariableUndefined,
    VariableProvider,
    VariableOther,
}

impl Failure {
    const SQLITE: &'static [Self] = &[
        Self::SqliteLocked,
        Self::SqliteIo,
        Self::SqliteFull,
        Self::SqliteDatabaseFull,
        Self::SqliteNoSuchDatabase,
        Self::SqliteAccessDenied,
        Self::SqliteInvalidConnection,
    ];
    const KEY_VALUE: &'static [Self] = &[
        Self::KvStoreTableFull,
        Self::KvNoSuchStore,
        Self::KvAccessDenied,
        Self::KvOther,
    ];
    const HTTP: &'static [Self] = &[
        Self::HttpDnsTimeout,
        Self::HttpDnsError,
        Self::HttpDestinationNotFound,
        Self::HttpDestinationUnavailable,
        Self::HttpConnectionRefused,
        Self::HttpConnectionTimeout,
        Self::HttpConnectionTerminated,
        Self::HttpConnectionReadTimeout,
        Self::HttpConnectionWriteTimeout,
        Self::HttpConnectionLimitReached,
        Self::HttpTlsProtocolError,
        Self::HttpTlsCertificateError,
        Self::HttpRequestDenied,
        Self::HttpResponseIncomplete,
        Self::HttpResponseTimeout,
        Self::HttpProtocolError,
        Self::HttpInternalError,
    ];
    const VARIABLE: &'static [Self] = &[
        Self::VariableInvalidName,
        Self::VariableUndefined,
        Self::VariableProvider,
        Self::VariableOther,
    ];

    /// All errors that a call of this kind can end with.
    pub const fn of(kind: Kind) -> &'static [Self] {
        match kind {
            Kind::SqliteOpen | Kind::SqliteExecute | Kind::SqliteEnd => Self::SQLITE,
            Kind::KvOpen | Kind::KvGet | Kind::KvSet | Kind::KvDelete | Kind::KvExists => Self::KEY_VALUE,
            Kind::HttpSend => Self::HTTP,
            Kind::SocketConnect => &[Self::HttpConnectionRefused],
            Kind::Variable => Self::VARIABLE,
            Kind::SqliteAsk | Kind::SqliteClose | Kind::KvKeys => &[],
        }
    }
}

impl From<Failure> for sqlite::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::SqliteLocked => Self::Io("database is locked".to_owned()),
            Failure::SqliteFull => Self::Io("database or disk is full".to_owned()),
            Failure::SqliteDatabaseFull => Self::DatabaseFull,
            Failure::SqliteNoSuchDatabase => Self::NoSuchDatabase,
            Failure::SqliteAccessDenied => Self::AccessDenied,
            Failure::SqliteInvalidConnection => Self::InvalidConnection,
            _ => Self::Io("disk I/O error".to_owned()),
        }
    }
}

impl From<Failure> for key_value::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::KvStoreTableFull => Self::StoreTableFull,
            Failure::KvNoSuchStore => Self::NoSuchStore,
            Failure::KvAccessDenied => Self::AccessDenied,
            _ => Self::Other("the store is away".to_owned()),
        }
    }
}

impl From<Failure> for variables::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::VariableInvalidName => Self::InvalidName("not a name".to_owned()),
            Failure::VariableUndefined => Self::Undefined("not there".to_owned()),
            Failure::VariableProvider => Self::Provider("the provider is away".to_owned()),
            _ => Self::Other("no variable can be read".to_owned()),
        }
    }
}

impl From<Failure> for Http {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::HttpDnsTimeout => Self::DnsTimeout,
            Failure::HttpDnsError => Self::DnsError {
                rcode: None,
                info_code: None,
            },
            Failure::HttpDestinationNotFound => Self::DestinationNotFound,
            Failure::HttpDestinationUnavailable => Self::DestinationUnavailable,
            Failure::HttpConnectionRefused => Self::ConnectionRefused,
            Failure::HttpConnectionTimeout => Self::ConnectionTimeout,
            Failure::HttpConnectionTerminated => Self::ConnectionTerminated,
            Failure::HttpConnectionReadTimeout => Self::ConnectionReadTimeout,
            Failure::HttpConnectionWriteTimeout => Self::ConnectionWriteTimeout,
            Failure::HttpConnectionLimitReached => Self::ConnectionLimitReached,
            Failure::HttpTlsProtocolError => Self::TlsProtocolError,
            Failure::HttpTlsCertificateError => Self::TlsCertificateError,
            Failure::HttpRequestDenied => Self::HttpRequestDenied,
            Failure::HttpResponseIncomplete => Self::HttpResponseIncomplete,
            Failure::HttpResponseTimeout => Self::HttpResponseTimeout,
            Failure::HttpProtocolError => Self::HttpProtocolError,
            _ => Self::InternalError(None),
        }
    }
}
