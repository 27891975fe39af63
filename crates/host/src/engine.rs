//! The WebAssembly engine and the compiled components.
//!
//! Components are compiled side by side; what was compiled before comes from a cache on disk, which makes a
//! later start quick.

use crate::guest::{self, Guest};
use crate::limits::EPOCH_TICK;
use anyhow::Context;
use std::path::{Path, PathBuf};
use wasmtime::component::{Component, Linker};
use wasmtime::{Cache, CacheConfig, Config, Engine};
use wasmtime_wasi_http::p3::bindings::ServicePre;

/// An engine whose compiled code is kept in `cache_dir`.
///
/// # Errors
/// The folder cannot be used, or this machine cannot run WebAssembly.
pub(crate) fn engine(cache_dir: &Path) -> anyhow::Result<Engine> {
    std::fs::create_dir_all(cache_dir).with_context(|| format!("cannot make {}", cache_dir.display()))?;
    let mut cache = CacheConfig::new();
    cache.with_directory(cache_dir.canonicalize()?);
    // Otherwise code that was used often is compressed again, as small as can be: half a minute of one core for these
    // components, taken from requests, and begun anew at the next start where the host ends before it is done.
    cache.with_optimized_compression_usage_counter_threshold(u64::MAX);
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        .wasm_component_model_async(true)
        .epoch_interruption(true);
    config.cache(Some(Cache::new(cache)?));
    let engine = Engine::new(&config)?;
    tick(&engine);
    Ok(engine)
}

/// Lets the engine's epoch pass for as long as the engine lives.
fn tick(engine: &Engine) {
    let engine = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(EPOCH_TICK);
        }
    });
}

/// Compiles components and links them, in the order given.
///
/// # Errors
/// The first component that is missing, damaged, or asks for what this host does not have.
pub(crate) fn compile(
    engine: &Engine,
    files: &[(String, PathBuf)],
) -> anyhow::Result<Vec<ServicePre<Guest>>> {
    let mut linker = Linker::new(engine);
    guest::link(&mut linker)?;
    let linker = &linker;
    std::thread::scope(|scope| {
        let tasks: Vec<_> = files
            .iter()
            .map(|(name, file)| {
                scope.spawn(move || service(linker, file).with_context(|| format!("component {name}")))
            })
            .collect();
        tasks
            .into_iter()
            .map(|task| {
                task.join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("the compiler stopped unexpectedly")))
            })
            .collect()
    })
}

fn service(linker: &Linker<Guest>, file: &Path) -> anyhow::Result<ServicePre<Guest>> {
    anyhow::ensure!(
        file.is_file(),
        "{} is not there; `dunlin build` makes it",
        file.display()
    );
    let component = Component::from_file(linker.engine(), file)?;
    let instance = linker
        .instantiate_pre(&component)
        .map_err(anyhow::Error::from)
        .context("it imports what this host does not have")?;
    ServicePre::new(instance)
        .map_err(anyhow::Error::from)
        .context("it does not export wasi:http/handler@0.3.0, as components made with spin-sdk 7 do")
}
