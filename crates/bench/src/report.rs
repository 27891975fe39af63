//! Figures, as they come and in the end.

use crate::client::Taken;
use crate::probe::Share;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Statements listed of a part.
const LISTED: usize = 12;

/// The figures of a run.
pub(crate) struct Report {
    figures: Map<String, Value>,
    json: bool,
    pub(crate) statements: bool,
}

/// What a piece of work took on one side.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// Units of work done.
    pub(crate) units: usize,
    /// On the wall.
    pub(crate) wall: Duration,
    /// Of the server's processor time.
    pub(crate) cpu: Duration,
    /// Half of the requests, and all but a hundredth, were answered within so many milliseconds.
    pub(crate) latency_ms: Option<(f64, f64)>,
    /// The twin's statements.
    pub(crate) statements: Vec<Share>,
}

impl Measured {
    pub(crate) fn of(taken: &Taken, cpu: Duration) -> Self {
        Self {
            units: taken.count,
            wall: taken.wall,
            cpu,
            latency_ms: Some((taken.percentile_ms(50), taken.percentile_ms(99))),
            statements: Vec::new(),
        }
    }

    pub(crate) fn per_s(&self) -> f64 {
        self.count() / self.wall.as_secs_f64().max(1e-9)
    }

    pub(crate) fn cpu_us(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.count().max(1.0)
    }

    fn count(&self) -> f64 {
        number(self.units)
    }
}

impl Report {
    pub(crate) fn new(json: bool, statements: bool) -> Self {
        let mut report = Self {
            figures: Map::new(),
            json,
            statements,
        };
        let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        report.note(&format!("{cores} cores, shared by the server and its clients"));
        report.figures.insert("cores".to_owned(), json!(cores));
        if !json {
            println!(
                "{:<26} {:>12} {:>12} {:>7}  {:>10} {:>10}  {:>14}",
                "", "app /s", "native /s", "ratio", "app cpu", "native cpu", "app p50 / p99"
            );
        }
        report
    }

    /// A line for the reader.
    pub(crate) fn note(&self, text: &str) {
        if !self.json {
            println!("{text}");
        }
    }

    /// One figure.
    pub(crate) fn figure(&mut self, name: &str, value: f64, text: &str) {
        self.figures.insert(name.to_owned(), rounded(value));
        self.note(&format!("{name:<26} {text}"));
    }

    /// The same work on both sides.
    pub(crate) fn both(&mut self, what: &str, app: &Measured, native: &Measured) {
        let ratio = app.per_s() / native.per_s().max(1e-9);
        for (suffix, value) in [
            ("per_s", app.per_s()),
            ("native_per_s", native.per_s()),
            ("ratio_to_native", ratio),
            ("cpu_us", app.cpu_us()),
            ("native_cpu_us", native.cpu_us()),
        ] {
            self.figures.insert(format!("{what}_{suffix}"), rounded(value));
        }
        let mut latency = String::new();
        if let Some((half, most)) = app.latency_ms {
            self.figures.insert(format!("{what}_p50_ms"), rounded(half));
            self.figures.insert(format!("{what}_p99_ms"), rounded(most));
            latency = format!("{half:.2} / {most:.2} ms");
        }
        self.note(&format!(
            "{what:<26} {:>12.0} {:>12.0} {ratio:>7.2}  {:>7.0} us {:>7.0} us  {latency:>14}",
            app.per_s(),
            native.per_s(),
            app.cpu_us(),
            native.cpu_us(),
        ));
        self.database(what, native);
    }

    /// Work of the app that has no twin.
    pub(crate) fn app(&mut self, what: &str, app: &Measured) {
        self.figures.insert(format!("{what}_per_s"), rounded(app.per_s()));
        self.figures
            .insert(format!("{what}_cpu_us"), rounded(app.cpu_us()));
        self.note(&format!(
            "{what:<26} {:>12.0} {:>12} {:>7}  {:>7.0} us",
            app.per_s(),
            "",
            "",
            app.cpu_us()
        ));
    }

    /// The database's part in the twin, which is the database's part in both.
    fn database(&mut self, what: &str, native: &Measured) {
        if native.statements.is_empty() {
            return;
        }
        let ms: f64 = native.statements.iter().map(|share| share.ms).sum();
        let units = native.count().max(1.0);
        self.figures
            .insert(format!("{what}_sqlite_us"), rounded(ms * 1e3 / units));
        self.note(&format!("    in SQLite {:.0} us each:", ms * 1e3 / units));
        for share in native.statements.iter().take(LISTED) {
            let sql: String = share.sql.chars().take(90).collect();
            self.note(&format!("    {:>9.1} ms {:>8} runs  {sql}", share.ms, share.runs));
        }
    }

    /// Ends the run.
    pub(crate) fn finish(self) -> anyhow::Result<()> {
        if self.json {
            println!("{}", serde_json::to_string_pretty(&self.figures)?);
        }
        Ok(())
    }
}

/// A count as a figure; none here comes near the largest.
pub(crate) fn number(count: impl TryInto<u32>) -> f64 {
    count.try_into().map_or(f64::MAX, f64::from)
}

fn rounded(value: f64) -> Value {
    json!((value * 1e3).round() / 1e3)
}
