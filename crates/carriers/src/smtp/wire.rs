//! The wire under a conversation: a socket of WASI 0.3, every wait of it bounded.

use futures_util::future::{Either, select};
use spin_sdk::wasip3::sockets::types::{
    ErrorCode, IpAddressFamily, IpSocketAddress, Ipv4SocketAddress, Ipv6SocketAddress, TcpSocket,
};
use spin_sdk::wasip3::wit_bindgen::{FutureReader, StreamReader, StreamResult, StreamWriter};
use spin_sdk::wasip3::wit_stream;
use std::net::SocketAddr;
use std::pin::pin;
use web::{limits, outbound};

/// Bytes of one read.
const READ: usize = 4 << 10;

/// A connection.
pub(super) struct Wire {
    receiving: StreamReader<u8>,
    sending: StreamWriter<u8>,
    // What each direction ends with is heard as its stream's end; the socket lives for as long as they do.
    _received: FutureReader<Result<(), ErrorCode>>,
    _sent: FutureReader<Result<(), ErrorCode>>,
    _socket: TcpSocket,
}

impl Wire {
    /// Connects.
    ///
    /// # Errors
    /// In words; nothing was said then.
    pub(super) async fn connect(to: SocketAddr) -> Result<Self, String> {
        let family = match to {
            SocketAddr::V4(_) => IpAddressFamily::Ipv4,
            SocketAddr::V6(_) => IpAddressFamily::Ipv6,
        };
        let failed = |error: ErrorCode| format!("no connection: {error:?}");
        let socket = TcpSocket::create(family).map_err(failed)?;
        let connecting = within(limits::PROVIDER_CONNECT_S, socket.connect(address(to))).await;
        connecting
            .ok_or_else(|| "no connection in time".to_owned())?
            .map_err(failed)?;
        let (sending, outgoing) = wit_stream::new::<u8>();
        let sent = socket.send(outgoing);
        let (receiving, received) = socket.receive();
        Ok(Self {
            receiving,
            sending,
            _received: received,
            _sent: sent,
            _socket: socket,
        })
    }

    /// Says all of it.
    pub(super) async fn write(&mut self, bytes: Vec<u8>) -> Result<(), String> {
        match within(limits::PROVIDER_TIMEOUT_S, self.sending.write_all(bytes)).await {
            Some(rest) if rest.is_empty() => Ok(()),
            Some(_) => Err("the connection was closed".to_owned()),
            None => Err("not read in time".to_owned()),
        }
    }

    /// What came; something.
    pub(super) async fn read(&mut self) -> Result<Vec<u8>, String> {
        let reading = self.receiving.read(Vec::with_capacity(READ));
        match within(limits::PROVIDER_TIMEOUT_S, reading).await {
            Some((_, bytes)) if !bytes.is_empty() => Ok(bytes),
            Some((StreamResult::Complete(_), _)) => Ok(Vec::new()),
            Some(_) => Err("the connection was closed".to_owned()),
            None => Err(format!("no answer within {} s", limits::PROVIDER_TIMEOUT_S)),
        }
    }
}

/// What comes of something within so many seconds; `None` where nothing does.
async fn within<T>(seconds: u64, doing: impl Future<Output = T>) -> Option<T> {
    match select(pin!(doing), pin!(outbound::pause(seconds.saturating_mul(1_000)))).await {
        Either::Left((done, _)) => Some(done),
        Either::Right(_) => None,
    }
}

fn address(to: SocketAddr) -> IpSocketAddress {
    match to {
        SocketAddr::V4(to) => {
            let [a, b, c, d] = to.ip().octets();
            IpSocketAddress::Ipv4(Ipv4SocketAddress {
                port: to.port(),
                address: (a, b, c, d),
            })
        }
        SocketAddr::V6(to) => {
            let [a, b, c, d, e, f, g, h] = to.ip().segments();
            IpSocketAddress::Ipv6(Ipv6SocketAddress {
                port: to.port(),
                flow_info: to.flowinfo(),
                address: (a, b, c, d, e, f, g, h),
                scope_id: to.scope_id(),
            })
        }
    }
}
