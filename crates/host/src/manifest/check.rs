//! Whether a manifest that can be read also holds together.

use super::{Component, DEFAULT_STORE, Manifest};
use crate::route::Router;
use crate::schedule;
use crate::variables::{Template, check_name};

impl Manifest {
    /// Everything that is wrong with it, in words.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.spin_manifest_version != 2 {
            problems.push(format!(
                "spin_manifest_version is {}, not 2",
                self.spin_manifest_version
            ));
        }
        if let Some(base) = self
            .application
            .trigger
            .http
            .base
            .as_deref()
            .filter(|base| *base != "/")
        {
            problems.push(format!(
                "application.trigger.http.base is {base:?}; only \"/\" has a meaning"
            ));
        }
        for (name, variable) in &self.variables {
            problems.extend(
                check_name(name)
                    .err()
                    .map(|error| format!("variables.{name}: {error}")),
            );
            match (variable.required, &variable.default) {
                (true, Some(_)) => problems.push(format!(
                    "variables.{name} is required and has a default: choose one"
                )),
                (false, None) => {
                    problems.push(format!("variables.{name} needs a default or required = true"))
                }
                _ => {}
            }
        }
        for trigger in &self.trigger.http {
            if !self.component.contains_key(&trigger.component) {
                problems.push(format!(
                    "trigger.http names a component {:?} that is not there",
                    trigger.component
                ));
            }
        }
        problems.extend(Router::new(&self.trigger.http).err());
        for (name, component) in &self.component {
            self.component_problems(name, component, &mut problems);
        }
        for job in &self.application.tool.dunlin.schedule {
            if !self.component.contains_key(&job.component) {
                problems.push(format!(
                    "schedule {:?} names a component {:?} that is not there",
                    job.name, job.component
                ));
            }
            if !job.path.starts_with('/') {
                problems.push(format!(
                    "schedule {:?}: path {:?} must begin with /",
                    job.name, job.path
                ));
            }
            problems.extend(
                schedule::parse(&job.cron)
                    .err()
                    .map(|e| format!("schedule {:?}: {e}", job.name)),
            );
        }
        problems
    }

    fn component_problems(&self, name: &str, component: &Component, problems: &mut Vec<String>) {
        let kebab = |word: &str| {
            word.starts_with(|c: char| c.is_ascii_lowercase())
                && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        };
        if !name.split('-').all(kebab) {
            problems.push(format!(
                "component.{name}: names are lower-case words joined by single hyphens"
            ));
        }
        for (variable, template) in &component.variables {
            let place = format!("component.{name}.variables.{variable}");
            problems.extend(
                check_name(variable)
                    .err()
                    .map(|error| format!("{place}: {error}")),
            );
            self.template_problems(&place, template, problems);
        }
        for host in &component.allowed_outbound_hosts {
            self.template_problems(
                &format!("component.{name}.allowed_outbound_hosts"),
                host,
                problems,
            );
        }
        for (kind, labels) in [
            ("key_value_stores", &component.key_value_stores),
            ("sqlite_databases", &component.sqlite_databases),
        ] {
            for label in labels.iter().filter(|label| *label != DEFAULT_STORE) {
                problems.push(format!(
                    "component.{name}.{kind}: {label:?} is not configured; only \"default\" is"
                ));
            }
        }
    }

    fn template_problems(&self, place: &str, template: &str, problems: &mut Vec<String>) {
        match Template::parse(template) {
            Err(error) => problems.push(format!("{place}: {error}")),
            Ok(template) => problems.extend(
                template
                    .names()
                    .filter(|name| !self.variables.contains_key(*name))
                    .map(|name| format!("{place}: no app variable is called {name:?}")),
            ),
        }
    }
}
