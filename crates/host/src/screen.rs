//! The first screen: what this is, what to open, and how to stop it. One screen of 80 by 24, all of it useful.

use crate::clock::instant;
use chrono::{DateTime, Utc};
use std::fmt::Write;
use std::path::Path;

/// What the first screen tells.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// The app's address without a trailing slash.
    pub url: &'a str,
    /// Whether demo keys and a demo ledger are in use.
    pub demo: bool,
    /// The administrator's key, or where it is found; None where there is none.
    pub admin_key: Option<&'a str>,
    /// The cron's key, or where it is found.
    pub cron_key: &'a str,
    /// Where a virtual clock stands; None is the real one.
    pub clock: Option<DateTime<Utc>>,
    /// Where the data lies.
    pub state_dir: &'a Path,
    /// What to type to run this program again.
    pub program: &'a str,
}

/// The screen's text.
pub fn banner(facts: &Facts<'_>) -> String {
    let Facts { url, program, .. } = facts;
    let mut text = format!(
        "\nDunlin {} collects what is owed: invoices in, reminders out, money matched.\n\n",
        env!("CARGO_PKG_VERSION")
    );
    let mut row = |name: &str, value: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {name:<9}{value}");
    };
    row("Console", &format!("{url}/console"));
    row("API", &format!("{url}/v1    (described at {url}/docs)"));
    match facts.admin_key {
        Some(key) => row("Key", &format!("{key}    (console, and Authorization: Bearer)")),
        None => row(
            "Key",
            "none: set SPIN_VARIABLE_ADMIN_KEY; without, only public pages answer",
        ),
    }
    if facts.demo {
        row("Cron key", &format!("{}     (sweep and deliver)", facts.cron_key));
    }
    match facts.clock {
        Some(now) => row(
            "Clock",
            &format!("{}, standing still until you move it", instant(now)),
        ),
        None => row("Clock", "real time"),
    }
    row("Data", &facts.state_dir.display().to_string());
    if facts.demo {
        let _ = write!(
            text,
            "\n  This is a demo: a made-up ledger, keys that everyone knows, no real money.\n\
             \x20 Let time pass, decide who is due a word, send it; then read it in the mailbox:\n\n\
             \x20   {program} clock --advance 3d\n\
             \x20   curl -X POST -H \"Authorization: Bearer {key}\" \\\n\
             \x20     {url}/internal/sweep\n\
             \x20   curl -X POST -H \"Authorization: Bearer {key}\" \\\n\
             \x20     {url}/internal/deliver\n\n\
             \x20 Or watch it all played through:  {program} demo\n",
            key = facts.cron_key
        );
    } else if facts.clock.is_some() {
        let _ = write!(text, "\n  Let time pass:  {program} clock --advance 3d\n");
    }
    text.push_str("\n  Ctrl-C stops it.");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts<'static> {
        Facts {
            url: "http://127.0.0.1:3000",
            demo: true,
            admin_key: Some("demo-admin-key"),
            cron_key: "demo-cron-key",
            clock: Some("2026-01-12T09:00:00Z".parse().unwrap()),
            state_dir: Path::new(".spin"),
            program: "cargo run --release --",
        }
    }

    #[test]
    fn it_fits_one_screen() {
        for facts in [
            facts(),
            Facts {
                admin_key: Some("$SPIN_VARIABLE_ADMIN_KEY"),
                cron_key: "$SPIN_VARIABLE_CRON_KEY",
                ..facts()
            },
            Facts {
                demo: false,
                ..facts()
            },
            Facts {
                demo: false,
                admin_key: None,
                clock: None,
                ..facts()
            },
        ] {
            let text = banner(&facts);
            assert!(text.lines().count() <= 23, "{text}");
            assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        }
    }

    #[test]
    fn without_a_key_it_says_what_answers() {
        assert!(banner(&facts()).contains("demo-admin-key"));
        let text = banner(&Facts {
            admin_key: None,
            ..facts()
        });
        assert!(text.contains("only public pages answer"), "{text}");
    }
}
