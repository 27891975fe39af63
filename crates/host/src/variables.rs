//! App variables and what components see of them.
//!
//! A component has variables of its own, each a template over the app's: `"{{ public_url }}/pay"`. An app
//! variable takes its value from the first of: the environment (`SPIN_VARIABLE_NAME`), what the command line
//! supplies (demo keys, the public address), the manifest's default. Templates are resolved at each `get`, as
//! on Spin; the environment is read once, at start.

use crate::manifest::Manifest;
use std::collections::BTreeMap;

/// What an environment variable's name begins with.
pub const ENVIRONMENT_PREFIX: &str = "SPIN_VARIABLE_";

/// Why a component does not get a variable. The texts are for a developer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// Not a variable name at all.
    #[error("{0}")]
    InvalidName(String),
    /// The component has no such variable.
    #[error("{0}")]
    Undefined(String),
    /// It is required, and nothing supplied it.
    #[error("{0}")]
    Provider(String),
}

/// Text with `{{ name }}` in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Variable(String),
}

impl Template {
    /// Splits a template into its parts.
    ///
    /// # Errors
    /// An opening `{{` without its `}}`.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, opened)) = rest.split_once("{{") {
            let (name, after) = opened
                .split_once("}}")
                .ok_or_else(|| format!("unmatched '{{{{' in template {text:?}"))?;
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            parts.push(Part::Variable(name.trim().to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The app variables that it mentions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    fn resolve(
        &self,
        lookup: impl Fn(&str) -> Result<String, VariableError>,
    ) -> Result<String, VariableError> {
        self.0
            .iter()
            .map(|part| match part {
                Part::Literal(text) => Ok(text.clone()),
                Part::Variable(name) => lookup(name),
            })
            .collect()
    }
}

/// Checks that a name is a variable name: lower-case letters, digits and single underscores between them,
/// beginning with a letter.
///
/// # Errors
/// Which of these it breaks.
pub fn check_name(name: &str) -> Result<(), VariableError> {
    let reason = if name.is_empty() {
        "must not be empty".to_owned()
    } else if let Some(invalid) = name
        .chars()
        .find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '_'))
    {
        format!("{invalid:?} is not a lower-case letter, digit or underscore")
    } else if !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        "must start with a lower-case letter".to_owned()
    } else if name.ends_with('_') {
        "must end with a letter or digit".to_owned()
    } else if name.contains("__") {
        "must not contain two underscores in a row".to_owned()
    } else {
        return Ok(());
    };
    Err(VariableError::InvalidName(format!("{name:?}: {reason}")))
}

/// The values of an app's variables.
#[derive(Debug)]
pub struct Variables {
    app: BTreeMap<String, Option<String>>,
    components: BTreeMap<String, BTreeMap<String, Template>>,
}

impl Variables {
    /// Takes the values together: `environment` as the process has it, `supplied` by name from the command
    /// line; names in `supplied` that the app does not declare are passed over.
    ///
    /// # Errors
    /// Every required variable that nothing supplies, together.
    pub fn new(
        manifest: &Manifest,
        environment: impl IntoIterator<Item = (String, String)>,
        supplied: &BTreeMap<String, String>,
    ) -> Result<Self, String> {
        let environment: BTreeMap<String, String> = environment
            .into_iter()
            .filter_map(|(name, value)| {
                Some((name.strip_prefix(ENVIRONMENT_PREFIX)?.to_ascii_lowercase(), value))
            })
            .collect();
        let app: BTreeMap<String, Option<String>> = manifest
            .variables
            .iter()
            .map(|(name, variable)| {
                let value = environment.get(name).or_else(|| supplied.get(name)).cloned();
                (name.clone(), value.or_else(|| variable.default.clone()))
            })
            .collect();
        let missing: Vec<String> = app
            .iter()
            .filter(|(_, value)| value.is_none())
            .map(|(name, _)| format!("{ENVIRONMENT_PREFIX}{}", name.to_ascii_uppercase()))
            .collect();
        if !missing.is_empty() {
            return Err(format!(
                "the app needs these in the environment: {}",
                missing.join(", ")
            ));
        }
        let mut components = BTreeMap::new();
        for (name, component) in &manifest.component {
            let mut templates = BTreeMap::new();
            for (variable, text) in &component.variables {
                templates.insert(variable.clone(), Template::parse(text)?);
            }
            components.insert(name.clone(), templates);
        }
        Ok(Self { app, components })
    }

    /// The value of an app variable, where it is declared.
    pub fn app(&self, name: &str) -> Option<&str> {
        self.app.get(name)?.as_deref()
    }

    /// A component's variable.
    ///
    /// # Errors
    /// See [`VariableError`].
    pub fn get(&self, component: &str, name: &str) -> Result<String, VariableError> {
        check_name(name)?;
        let template = self
            .components
            .get(component)
            .and_then(|templates| templates.get(name))
            .ok_or_else(|| VariableError::Undefined(format!("no variable for {component:?}.{name:?}")))?;
        self.resolve(template)
    }

    /// The text that a template over app variables gives.
    ///
    /// # Errors
    /// See [`VariableError`].
    pub fn resolve(&self, template: &Template) -> Result<String, VariableError> {
        template.resolve(|name| {
            let value = self
                .app
                .get(name)
                .ok_or_else(|| VariableError::InvalidName(name.to_owned()))?;
            value
                .clone()
                .ok_or_else(|| VariableError::Provider(format!("no value for required variable {name:?}")))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        Manifest::parse(
            r#"
            spin_manifest_version = 2
            [application]
            name = "a"
            [variables]
            plain = { default = "d" }
            needed = { required = true }
            also_needed = { required = true }
            [trigger]
            [component.c]
            source = "c.wasm"
            variables = { one = "{{ plain }}", two = "<{{plain}}|{{ needed }}>", three = "fixed" }
            [component.other]
            source = "c.wasm"
            "#,
        )
        .unwrap()
    }

    fn variables(environment: &[(&str, &str)], supplied: &[(&str, &str)]) -> Result<Variables, String> {
        let own = |pairs: &[(&str, &str)]| -> Vec<(String, String)> {
            pairs
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect()
        };
        Variables::new(
            &manifest(),
            own(environment),
            &own(supplied).into_iter().collect(),
        )
    }

    #[test]
    fn environment_before_command_line_before_default() {
        let both = [("needed", "n"), ("also_needed", "a"), ("plain", "supplied")];
        let found = variables(&[("SPIN_VARIABLE_PLAIN", "environment"), ("OTHER", "x")], &both).unwrap();
        assert_eq!(found.get("c", "one").unwrap(), "environment");
        assert_eq!(
            variables(&[], &both).unwrap().get("c", "one").unwrap(),
            "supplied"
        );
        assert_eq!(variables(&[], &both[..2]).unwrap().get("c", "one").unwrap(), "d");
    }

    #[test]
    fn templates_are_filled_in() {
        let found = variables(
            &[("SPIN_VARIABLE_NEEDED", "n"), ("SPIN_VARIABLE_ALSO_NEEDED", "")],
            &[],
        )
        .unwrap();
        assert_eq!(found.get("c", "two").unwrap(), "<d|n>");
        assert_eq!(found.get("c", "three").unwrap(), "fixed");
    }

    #[test]
    fn all_missing_ones_are_named_together() {
        let error = variables(&[], &[]).unwrap_err();
        assert!(
            error.contains("SPIN_VARIABLE_NEEDED") && error.contains("SPIN_VARIABLE_ALSO_NEEDED"),
            "{error}"
        );
    }

    #[test]
    fn a_component_sees_only_its_own() {
        let found = variables(&[], &[("needed", "n"), ("also_needed", "a")]).unwrap();
        for (component, name) in [("c", "plain"), ("c", "nope"), ("other", "one"), ("gone", "one")] {
            assert!(
                matches!(found.get(component, name), Err(VariableError::Undefined(_))),
                "{component}.{name}"
            );
        }
        for name in ["", "Upper", "a-b", "1a", "a_", "a__b"] {
            assert!(
                matches!(found.get("c", name), Err(VariableError::InvalidName(_))),
                "{name}"
            );
        }
    }
}
