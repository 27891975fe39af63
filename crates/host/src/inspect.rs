//! `dunlin components`: how large each component is and how long its first answer takes.
//!
//! A cold start is what a request pays that meets no instance: from the call to the head of the answer, on code that
//! is compiled already. It is asked for a path that no component has, which they refuse without a look at the
//! database. The median of several starts counts, each of a freshly loaded app.

use crate::app::{App, IN_PROCESS, Program, Surroundings};
use crate::clock::Clock;
use crate::host::cache_dir;
use crate::limits::REQUEST_TIME;
use crate::manifest::Manifest;
use crate::route::Match;
use crate::runtime_config::RuntimeConfig;
use crate::state::StateDir;
use crate::variables::Variables;
use anyhow::Context;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Empty};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Starts of each component, an odd number.
const STARTS: usize = 9;

/// A path that no component has.
const NOWHERE: &str = "http://dunlin.invalid/.well-known/nowhere";

/// What is told of a component.
#[derive(Debug, Clone, Serialize)]
pub struct Told {
    /// Its name in the manifest.
    pub name: String,
    /// Size of its file.
    pub bytes: u64,
    /// The median time from a call to the head of the first answer, in milliseconds.
    pub cold_start_ms: f64,
}

/// Looks at the components of a manifest, which must be built.
///
/// # Errors
/// One is missing, cannot be loaded, or does not answer.
pub async fn components(path: &Path) -> anyhow::Result<Vec<Told>> {
    let root = path.parent().unwrap_or(Path::new("")).to_owned();
    let manifest = Manifest::load(path).with_context(|| format!("in {}", path.display()))?;
    let scratch = tempfile::tempdir()?;
    let cache_dir = cache_dir(path, scratch.path())?;
    let mut times: BTreeMap<String, Vec<Duration>> = BTreeMap::new();
    // The first load compiles what has not been compiled before, and is not counted.
    for round in 0..=STARTS {
        let app = load(&manifest, &root, &cache_dir).await?;
        for name in manifest.component.keys() {
            let time = first_answer(&app, name)
                .await
                .with_context(|| format!("component {name}"))?;
            if round > 0 {
                times.entry(name.clone()).or_default().push(time);
            }
        }
        app.stop();
    }
    let told = times.into_iter().map(|(name, times)| {
        let component = manifest
            .component
            .get(&name)
            .context("a component without an entry")?;
        Ok(Told {
            bytes: std::fs::metadata(root.join(&component.source))?.len(),
            cold_start_ms: median_ms(times),
            name,
        })
    });
    told.collect()
}

async fn load(manifest: &Manifest, root: &Path, cache_dir: &Path) -> anyhow::Result<Arc<App>> {
    let (manifest, root, cache_dir) = (manifest.clone(), root.to_owned(), cache_dir.to_owned());
    let load = move || {
        let folder = tempfile::tempdir()?;
        let state = StateDir::take(folder.path())?;
        let variables = Variables::new(&manifest, std::iter::empty(), &BTreeMap::new());
        let program = Program::compile(manifest, &root, &cache_dir)?;
        App::load(
            &program,
            &Surroundings {
                state_dir: state.path(),
                runtime: RuntimeConfig::in_folder(state.path()),
                address: IN_PROCESS,
                clock: Clock::real(),
                variables: Arc::new(variables.map_err(anyhow::Error::msg)?),
                request_time: REQUEST_TIME,
                terminal: false,
                interpose: None,
            },
        )
    };
    tokio::task::spawn_blocking(load).await?
}

async fn first_answer(app: &App, component: &str) -> anyhow::Result<Duration> {
    let body = Empty::<Bytes>::new().map_err(|never| match never {});
    let request = Request::get(NOWHERE).body(body.boxed_unsync())?;
    let found = Match::chained(component, request.uri().path());
    let start = Instant::now();
    let answer = app
        .call(&found, request, IN_PROCESS)
        .await
        .map_err(anyhow::Error::from)?;
    let time = start.elapsed();
    drop(answer);
    Ok(time)
}

fn median_ms(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    let middle = times.get(times.len() / 2).copied().unwrap_or_default();
    middle.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        let times = [9, 1, 3].map(Duration::from_millis);
        assert_eq!(median_ms(times.to_vec()).round(), 3.0);
    }
}
