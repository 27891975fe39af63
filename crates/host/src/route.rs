//! Which component answers a path.
//!
//! The matching is `routefinder`'s, the library that Spin uses, so that precedence is the same to the
//! letter: exact segments before `:parameters` before a trailing `/...`, and the longest of those.
//! Private routes are not in the table at all; only a call from another component reaches them.

use crate::manifest::{HttpTrigger, Route};

/// The table of public routes of an app.
#[derive(Debug)]
pub struct Router {
    table: routefinder::Router<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    component: String,
    raw: String,
    based: String,
}

/// The route that a path took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// The component to call.
    pub component: String,
    /// The route as the manifest has it: `/pay/...`.
    pub raw: String,
    /// The same as an absolute path without a trailing slash.
    pub based: String,
    /// What a trailing `/...` matched, with its slash; empty for other routes.
    pub trailing: String,
    /// The values of `:parameters`.
    pub parameters: Vec<(String, String)>,
}

impl Match {
    /// The match of a call from one component to another, which goes past the table: as if the component
    /// had the route `/...`.
    pub fn chained(component: &str, path: &str) -> Self {
        Self {
            component: component.to_owned(),
            raw: "/...".to_owned(),
            based: "/...".to_owned(),
            trailing: path.to_owned(),
            parameters: Vec::new(),
        }
    }
}

impl Router {
    /// Builds the table. Of two equal routes the later one wins, as on Spin.
    ///
    /// # Errors
    /// A route that cannot be read, with its component.
    pub fn new(triggers: &[HttpTrigger]) -> Result<Self, String> {
        let mut table = routefinder::Router::new();
        for (position, trigger) in triggers.iter().enumerate() {
            let Route::Public(raw) = &trigger.route else {
                continue;
            };
            let replaced = triggers
                .iter()
                .skip(position.saturating_add(1))
                .any(|later| later.route == trigger.route);
            if replaced {
                continue;
            }
            let based = based(raw);
            let spec = based
                .strip_suffix("/...")
                .map_or_else(|| based.clone(), |prefix| format!("{prefix}/*"));
            let entry = Entry {
                component: trigger.component.clone(),
                raw: raw.clone(),
                based,
            };
            table.add(spec.as_str(), entry).map_err(|error| {
                format!(
                    "route {raw:?} of component {:?} cannot be read: {error}",
                    trigger.component
                )
            })?;
        }
        Ok(Self { table })
    }

    /// The best match for a path, which comes without its query.
    pub fn route(&self, path: &str) -> Option<Match> {
        let found = self.table.best_match(path)?;
        let entry = found.handler().clone();
        let captures = found.captures();
        let trailing = captures.wildcard().map_or_else(String::new, |rest| {
            // The library drops slashes at both ends; Spin hands them on.
            let slash = if path.ends_with('/') { "/" } else { "" };
            if rest.is_empty() {
                slash.to_owned()
            } else {
                format!("/{rest}{slash}")
            }
        });
        let parameters = captures
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Some(Match {
            component: entry.component,
            raw: entry.raw,
            based: entry.based,
            trailing,
            parameters,
        })
    }
}

/// An absolute path without its trailing slash.
fn based(raw: &str) -> String {
    let absolute = if raw.starts_with('/') {
        raw.to_owned()
    } else {
        format!("/{raw}")
    };
    absolute
        .strip_suffix('/')
        .map_or_else(|| absolute.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(routes: &[(&str, &str)]) -> Router {
        let triggers: Vec<_> = routes
            .iter()
            .map(|(component, route)| HttpTrigger {
                id: String::new(),
                component: (*component).to_owned(),
                route: match *route {
                    "private" => Route::Private,
                    path => Route::Public(path.to_owned()),
                },
            })
            .collect();
        Router::new(&triggers).unwrap()
    }

    #[test]
    fn exact_beats_parameter_beats_wildcard_and_the_longest_wildcard_wins() {
        let router = router(&[
            ("all", "/..."),
            ("one", "/one/..."),
            ("two", "/one/two/..."),
            ("exact", "/one/exact"),
            ("parameter", "/users/:id"),
            ("me", "/users/me"),
            ("root", "/"),
            ("hidden", "private"),
        ]);
        for (path, component) in [
            ("/", "root"),
            ("/one", "one"),
            ("/one/", "one"),
            ("/one/exact", "exact"),
            ("/one/exact/more", "one"),
            ("/one/two", "two"),
            ("/one/two/three", "two"),
            ("/users/7", "parameter"),
            ("/users/me", "me"),
            ("/users/7/x", "all"),
            ("/hidden", "all"),
        ] {
            assert_eq!(
                router.route(path).map(|found| found.component).as_deref(),
                Some(component),
                "{path}"
            );
        }
    }

    #[test]
    fn nothing_matches_outside_the_table() {
        let router = router(&[("one", "/one"), ("hidden", "private")]);
        for path in ["/", "/two", "/one/two", "/hidden", "/private"] {
            assert_eq!(router.route(path), None, "{path}");
        }
    }

    #[test]
    fn the_rest_of_the_path_keeps_its_slashes() {
        let router = router(&[("c", "/test/...")]);
        for (path, trailing) in [
            ("/test", ""),
            ("/test/", "/"),
            ("/test/a", "/a"),
            ("/test/a/b/", "/a/b/"),
        ] {
            assert_eq!(router.route(path).unwrap().trailing, trailing, "{path}");
        }
    }

    #[test]
    fn parameters_are_named() {
        let found = router(&[("c", "/a/:first/b/:second/...")])
            .route("/a/1/b/2/c")
            .unwrap();
        assert_eq!(
            found.parameters,
            [
                ("first".to_owned(), "1".to_owned()),
                ("second".to_owned(), "2".to_owned())
            ]
        );
        assert_eq!(
            (found.raw.as_str(), found.trailing.as_str()),
            ("/a/:first/b/:second/...", "/c")
        );
    }

    #[test]
    fn of_equal_routes_the_later_wins() {
        assert_eq!(
            router(&[("first", "/a"), ("second", "/a")])
                .route("/a")
                .unwrap()
                .component,
            "second"
        );
    }
}
