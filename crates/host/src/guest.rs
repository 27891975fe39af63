//! What one component instance is given: WASI, the three Spin interfaces, limits; and nothing else.

use crate::bindings;
use crate::chain::Outbound;
use crate::clock::Clock;
use crate::interpose::{Gate, Interpose, Kind, Seeded};
use crate::key_value::{KeyValue, Stores};
use crate::limits::{COMPUTE_TIME, EPOCH_TICK, INSTANCE_MEMORY_BYTES, INSTANCE_TABLE_ELEMENTS};
use crate::logs::Logs;
use crate::outbound::AllowList;
use crate::sqlite::{self, Databases};
use crate::variables::{VariableError, Variables};
use bindings::variables::{self as wit, Error};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::{Accessor, HasSelf, Linker, ResourceTable};
use wasmtime::{Engine, Store, StoreLimits, StoreLimitsBuilder, UpdateDeadline};
use wasmtime_wasi::cli::{WasiCli, WasiCliView};
use wasmtime_wasi::filesystem::{WasiFilesystem, WasiFilesystemView};
use wasmtime_wasi::random::WasiRandom;
use wasmtime_wasi::sockets::SocketAddrUse;
use wasmtime_wasi::{WasiCtx, WasiCtxBuilder, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// What all instances of a component have in common.
#[derive(Debug, Clone)]
pub(crate) struct Blueprint {
    pub(crate) name: String,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) variables: Arc<Variables>,
    pub(crate) databases: Arc<[String]>,
    pub(crate) database: sqlite::File,
    pub(crate) stores: Arc<[String]>,
    pub(crate) key_value: KeyValue,
    pub(crate) clock: Clock,
    pub(crate) logs: Logs,
    pub(crate) interpose: Option<Arc<dyn Interpose>>,
}

/// The state behind one instance.
pub(crate) struct Guest {
    wasi: WasiCtx,
    table: ResourceTable,
    http: WasiHttpCtx,
    outbound: Outbound,
    databases: Databases,
    stores: Stores,
    variables: ComponentVariables,
    limits: StoreLimits,
    computing: Computing,
    gate: Gate,
}

impl Blueprint {
    /// A fresh store for one instance, with its limits in force.
    pub(crate) fn store(&self, engine: &Engine, mut outbound: Outbound) -> Store<Guest> {
        let gate = Gate::new(&self.name, self.interpose.as_ref());
        outbound.gate = gate.clone();
        let mut wasi = WasiCtxBuilder::new();
        wasi.stdout(self.logs.stdout.for_instance())
            .stderr(self.logs.stderr.for_instance())
            .wall_clock(self.clock.clone())
            .allow_tcp(true)
            .allow_udp(false)
            .allow_ip_name_lookup(false);
        if let Some(seed) = self.interpose.as_ref().and_then(|by| by.seed(&self.name)) {
            seeded(&mut wasi, Seeded::new(seed));
        }
        let (reach, connecting) = (Arc::clone(&outbound.allowed), gate.clone());
        wasi.socket_addr_check(move |address, purpose| {
            let allowed = may_use(&reach, address, purpose);
            let gate = connecting.clone();
            Box::pin(async move {
                if !allowed || !matches!(purpose, SocketAddrUse::TcpConnect) || !gate.is_watched() {
                    return allowed;
                }
                gate.call(Kind::SocketConnect, &address.to_string())
                    .before()
                    .await
                    .is_ok()
            })
        });
        for (name, value) in &self.environment {
            wasi.env(name, value);
        }
        let guest = Guest {
            wasi: wasi.build(),
            table: ResourceTable::new(),
            http: WasiHttpCtx::new(),
            outbound,
            databases: Databases::new(self.database.clone(), Arc::clone(&self.databases), gate.clone()),
            stores: Stores::new(self.key_value.clone(), Arc::clone(&self.stores), gate.clone()),
            variables: ComponentVariables {
                component: self.name.clone(),
                variables: Arc::clone(&self.variables),
                gate: gate.clone(),
            },
            limits: StoreLimitsBuilder::new()
                .memory_size(INSTANCE_MEMORY_BYTES)
                .table_elements(INSTANCE_TABLE_ELEMENTS)
                .build(),
            computing: Computing::new(),
            gate,
        };
        let mut store = Store::new(engine, guest);
        store.limiter(|guest| &mut guest.limits);
        store.epoch_deadline_callback(|mut context| Ok(context.data_mut().computing.tick(Instant::now())));
        store.set_epoch_deadline(1);
        store
    }
}

impl Guest {
    /// Says that a request was accepted: the instance may compute for it.
    pub(crate) fn request_accepted(&mut self) {
        self.computing = Computing::new();
    }

    /// What all its calls pass.
    pub(crate) fn gate(&self) -> &Gate {
        &self.gate
    }
}

/// Has an instance draw everything random from one source.
fn seeded(wasi: &mut WasiCtxBuilder, mut random: Seeded) {
    let (high, low) = (u128::from(random.next()), u128::from(random.next()));
    wasi.insecure_random_seed((high << 64) | low)
        .insecure_random(Seeded::new(random.next()))
        .secure_random(random);
}

/// A pause up to which computing counts as unbroken: ticks come late on a busy machine.
const UNBROKEN: Duration = EPOCH_TICK.saturating_mul(5);

/// How long an instance has been computing since it accepted a request.
///
/// The engine's ticks are time on the wall, and an instance that waits also lets them pass. So only a tick that
/// follows the last one closely counts; waits shorter than [`UNBROKEN`] count as computing.
struct Computing {
    used: Duration,
    last_tick: Option<Instant>,
}

impl Computing {
    const fn new() -> Self {
        Self {
            used: Duration::ZERO,
            last_tick: None,
        }
    }

    fn tick(&mut self, now: Instant) -> UpdateDeadline {
        let since = self
            .last_tick
            .map_or(Duration::MAX, |last| now.saturating_duration_since(last));
        self.last_tick = Some(now);
        if since < UNBROKEN {
            self.used = self.used.saturating_add(since);
        }
        if self.used >= COMPUTE_TIME {
            UpdateDeadline::Interrupt
        } else {
            UpdateDeadline::Yield(1)
        }
    }
}

/// Makes everything that a component may import available to it.
///
/// That is what components made with spin-sdk 7 import: p3 for HTTP and for sockets, p2 because Rust's std asks for it.
/// What is not here (p2's sockets and HTTP, p3's files) costs minutes of compiling and serves nobody; a component that
/// asks for it is refused at start.
pub(crate) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    use wasmtime_wasi::p2::bindings::{cli, filesystem, random};

    wasmtime_wasi::p2::add_to_linker_proxy_interfaces_async(linker)?;
    filesystem::types::add_to_linker::<_, WasiFilesystem>(linker, Guest::filesystem)?;
    filesystem::preopens::add_to_linker::<_, WasiFilesystem>(linker, Guest::filesystem)?;
    random::insecure::add_to_linker::<_, WasiRandom>(linker, |guest| guest.wasi.random())?;
    random::insecure_seed::add_to_linker::<_, WasiRandom>(linker, |guest| guest.wasi.random())?;
    cli::exit::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::environment::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::terminal_input::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::terminal_output::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::terminal_stdin::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::terminal_stdout::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    cli::terminal_stderr::add_to_linker::<_, WasiCli>(linker, Guest::cli)?;
    wasmtime_wasi::p3::cli::add_to_linker(linker)?;
    wasmtime_wasi::p3::clocks::add_to_linker(linker)?;
    wasmtime_wasi::p3::random::add_to_linker(linker)?;
    wasmtime_wasi::p3::sockets::add_to_linker(linker)?;
    wasmtime_wasi_http::p3::add_to_linker(linker)?;
    bindings::sqlite::add_to_linker::<_, HasSelf<Databases>>(linker, |guest| &mut guest.databases)?;
    bindings::key_value::add_to_linker::<_, HasSelf<Stores>>(linker, |guest| &mut guest.stores)?;
    bindings::variables::add_to_linker::<_, HasSelf<ComponentVariables>>(linker, |guest| &mut guest.variables)
}

/// What a socket may do: connect to where the component may connect to, bound to nothing in particular. Nobody listens.
fn may_use(reach: &AllowList, address: SocketAddr, purpose: SocketAddrUse) -> bool {
    match purpose {
        // What the system does by itself before a connection.
        SocketAddrUse::TcpBind => address.ip().is_unspecified() && address.port() == 0,
        SocketAddrUse::TcpConnect => reach.allows_socket(address),
        _ => false,
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.outbound,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

/// `spin:variables` for one component.
pub(crate) struct ComponentVariables {
    component: String,
    variables: Arc<Variables>,
    gate: Gate,
}

impl wit::Host for ComponentVariables {
    fn convert_error(&mut self, error: Error) -> wasmtime::Result<Error> {
        Ok(error)
    }
}

impl<T: Send> wit::HostWithStore<T> for HasSelf<ComponentVariables> {
    async fn get(accessor: &Accessor<T, Self>, name: String) -> Result<String, Error> {
        let gate = accessor.with(|mut access| access.get().gate.clone());
        let read = async { accessor.with(|mut access| access.get().read(&name)) };
        gate.call(Kind::Variable, &name).with(read).await
    }
}

impl ComponentVariables {
    fn read(&self, name: &str) -> Result<String, Error> {
        self.variables
            .get(&self.component, name)
            .map_err(|error| match error {
                VariableError::InvalidName(text) => Error::InvalidName(text),
                VariableError::Undefined(text) => Error::Undefined(text),
                VariableError::Provider(text) => Error::Provider(text),
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_connects_where_the_component_may_and_does_nothing_else() {
        let reach = AllowList::parse(&["*://10.0.0.5:25"], &[]).unwrap();
        let may = |address: &str, purpose| may_use(&reach, address.parse().unwrap(), purpose);
        assert!(may("10.0.0.5:25", SocketAddrUse::TcpConnect));
        assert!(!may("10.0.0.6:25", SocketAddrUse::TcpConnect));
        assert!(may("0.0.0.0:0", SocketAddrUse::TcpBind) && may("[::]:0", SocketAddrUse::TcpBind));
        assert!(!may("0.0.0.0:25", SocketAddrUse::TcpBind) && !may("10.0.0.5:0", SocketAddrUse::TcpBind));
        for purpose in [
            SocketAddrUse::TcpListen,
            SocketAddrUse::UdpBind,
            SocketAddrUse::UdpSend,
        ] {
            assert!(!may("0.0.0.0:0", purpose) && !may("10.0.0.5:25", purpose));
        }
    }

    #[test]
    fn only_unbroken_computing_counts() {
        let start = Instant::now();
        let at = |ticks: u32| start + EPOCH_TICK * ticks;
        let stopped = |update| matches!(update, UpdateDeadline::Interrupt);
        let busy_ticks = u32::try_from(COMPUTE_TIME.as_millis() / EPOCH_TICK.as_millis()).unwrap();

        let mut busy = Computing::new();
        assert!((0..busy_ticks).all(|tick| !stopped(busy.tick(at(tick)))));
        assert!(stopped(busy.tick(at(busy_ticks))));

        let mut waiting = Computing::new();
        assert!((0..busy_ticks * 2).all(|tick| !stopped(waiting.tick(at(tick * 10)))));
    }
}
