//! What the host calls by itself: the jobs of `[application.tool.dunlin]`.
//!
//! Where a platform has a cron of its own, it calls the same paths; this is for those who have none. A job
//! calls its component within the process, with the variable `cron_key` as its bearer token. It never overlaps
//! itself: times that pass while it runs are left out. On a virtual clock nothing runs by itself, because
//! time does not pass by itself: whoever moves it also runs the jobs.

use crate::app::App;
use crate::limits::REQUEST_TIME;
use crate::manifest::Job;
use chrono::{DateTime, Utc};
use croner::Cron;
use http::{HeaderValue, Request, header};
use http_body_util::{BodyExt, Empty};
use std::sync::Arc;
use std::time::Duration;

/// The app variable that holds the cron's secret.
pub(crate) const KEY_VARIABLE: &str = "cron_key";

/// Reads five cron fields.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn parse(pattern: &str) -> Result<Cron, String> {
    Cron::new(pattern)
        .parse()
        .map_err(|error| format!("cron {pattern:?} cannot be read: {error}"))
}

/// Starts the jobs; they end with the runtime. Says in one line why they do not run, where they do not.
pub(crate) fn start(app: &Arc<App>, jobs: &[Job], cron_key: Option<&str>, virtual_clock: bool) {
    if jobs.is_empty() {
        return;
    }
    let names: Vec<_> = jobs.iter().map(|job| job.name.as_str()).collect();
    let names = names.join(", ");
    if virtual_clock {
        eprintln!("dunlin: the clock is virtual, so {names} run only when called");
        return;
    }
    let Some(token) = cron_key.filter(|key| !key.is_empty()) else {
        eprintln!("dunlin: {names} do not run by themselves: the variable {KEY_VARIABLE} is not set");
        return;
    };
    let Ok(mut authorization) = HeaderValue::from_str(&format!("Bearer {token}")) else {
        eprintln!("dunlin: {names} do not run by themselves: {KEY_VARIABLE} cannot be sent in a header");
        return;
    };
    authorization.set_sensitive(true);
    for job in jobs {
        tokio::spawn(repeat(Arc::clone(app), job.clone(), authorization.clone()));
    }
}

async fn repeat(app: Arc<App>, job: Job, authorization: HeaderValue) {
    // Checked with the manifest.
    let Ok(cron) = parse(&job.cron) else { return };
    while let Some(wait) = until_next(&cron, Utc::now()) {
        tokio::time::sleep(wait).await;
        if let Err(error) = run(&app, &job, authorization.clone()).await {
            eprintln!("dunlin: schedule {}: {error}", job.name);
        }
    }
}

/// Time from `now` to the next time of the pattern, if there is one.
fn until_next(cron: &Cron, now: DateTime<Utc>) -> Option<Duration> {
    cron.find_next_occurrence(&now, false)
        .ok()?
        .signed_duration_since(now)
        .to_std()
        .ok()
}

async fn run(app: &App, job: &Job, authorization: HeaderValue) -> anyhow::Result<()> {
    let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
    let request = Request::post(format!(
        "http://{}{}{}",
        job.component,
        crate::outbound::CHAINING_SUFFIX,
        job.path
    ))
    .header(header::AUTHORIZATION, authorization)
    .body(body)?;
    let call = async {
        let response = app.call_chained(&job.component, request).await?;
        let status = response.status();
        // The work may go on while the answer streams; the job is done when it is.
        response.into_body().collect().await?;
        anyhow::Ok(status)
    };
    let status = tokio::time::timeout(REQUEST_TIME, call).await??;
    anyhow::ensure!(status.is_success(), "{} answered {status}", job.path);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_fields() {
        for (pattern, good) in [
            ("*/5 * * * *", true),
            ("0 9 * * MON-FRI", true),
            ("* * * *", false),
            ("61 * * * *", false),
            ("", false),
        ] {
            assert_eq!(parse(pattern).is_ok(), good, "{pattern}");
        }
    }

    #[test]
    fn the_next_time_is_later_than_now() {
        let cron = parse("*/5 * * * *").unwrap();
        for (now, seconds) in [
            ("2026-01-12T09:00:00Z", 300),
            ("2026-01-12T09:04:59Z", 1),
            ("2026-01-12T23:59:00Z", 60),
        ] {
            assert_eq!(
                until_next(&cron, now.parse().unwrap()),
                Some(Duration::from_secs(seconds)),
                "{now}"
            );
        }
    }
}
