//! Reads out of the components' sources what they serve and which codes they answer with.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// A method and path that a component serves; a parameter is `{}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Served {
    /// The component.
    pub(super) component: String,
    /// In capitals.
    pub(super) method: String,
    /// With `{}` for each parameter.
    pub(super) path: String,
}

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The code of every source below a folder, by path: no comments, no tests.
pub(super) fn code(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repo") {
            let path = entry.expect("an entry").path();
            let is_test = |name: &str| path.components().any(|part| part.as_os_str() == name);
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && !["tests", "tests.rs", "properties.rs"]
                    .iter()
                    .any(|name| is_test(name))
            {
                let text = fs::read_to_string(&path).expect("a source file");
                let text = text.split("#[cfg(test)]").next().unwrap_or_default();
                let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
                found.push((path, lines.collect::<Vec<_>>().join("\n")));
            }
        }
    }
    found
}

/// Every method and path in the `match` arms of every component's `route`.
pub(super) fn served() -> BTreeSet<Served> {
    let mut served = BTreeSet::new();
    for entry in fs::read_dir(root().join("components")).expect("components") {
        let component = entry
            .expect("a component")
            .file_name()
            .into_string()
            .expect("a name");
        let sources = code(&format!("components/{component}"));
        let library = sources.iter().find(|(path, _)| path.ends_with("src/lib.rs"));
        let (_, library) = library.expect("src/lib.rs");
        for (methods, pattern) in arms(library) {
            for path in paths(&pattern, &sources) {
                served.extend(methods.iter().map(|method| Served {
                    component: component.clone(),
                    method: method.clone(),
                    path: path.clone(),
                }));
            }
        }
    }
    served
}

/// The arms that name a method: the methods, and what stands between the brackets of the path.
fn arms(text: &str) -> Vec<(Vec<String>, String)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("(\"") {
        let rest = &text[at + 1..];
        let Some((arm, _)) = rest.split_once("=>") else {
            continue;
        };
        let Some((methods, pattern)) = arm.split_once(',') else {
            continue;
        };
        let methods: Vec<&str> = methods.split('|').map(str::trim).collect();
        let known = methods
            .iter()
            .all(|method| METHODS.iter().any(|known| *method == format!("\"{known}\"")));
        let methods = literals(&methods.concat());
        let Some((_, pattern)) = pattern.split_once('[').filter(|_| known) else {
            continue;
        };
        // What follows the path is the arm's own business.
        let pattern = pattern.rsplit_once(']').expect("the end of a path").0;
        found.push((methods, pattern.to_owned()));
    }
    found
}

/// The paths that a slice pattern stands for.
fn paths(pattern: &str, sources: &[(PathBuf, String)]) -> Vec<String> {
    let mut paths = vec![String::new()];
    for part in pattern.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let steps: Vec<String> = if part.ends_with("..") {
            rest(sources)
        } else if part.contains('"') {
            literals(part)
                .into_iter()
                .map(|step| format!("/{step}"))
                .collect()
        } else {
            vec!["/{}".to_owned()]
        };
        paths = paths
            .iter()
            .flat_map(|path| steps.iter().map(move |step| format!("{path}{step}")))
            .collect();
    }
    for path in &mut paths {
        if path.is_empty() {
            path.push('/');
        }
    }
    paths
}

/// What a component that takes a whole folder does with the rest of the path: the arms of its `match rest`.
fn rest(sources: &[(PathBuf, String)]) -> Vec<String> {
    let block = sources
        .iter()
        .find_map(|(_, text)| text.split_once("match rest {"));
    let (_, block) = block.expect("`match rest` in a component that takes a folder");
    let block = block.split_once("_ =>").expect("an arm for all else").0;
    let arms = block
        .split('\n')
        .filter_map(|line| line.trim_start().strip_prefix('[')?.split_once("] =>"));
    arms.map(|(pattern, _)| match pattern {
        "" => String::new(),
        pattern => paths(pattern, &[]).concat(),
    })
    .collect()
}

fn literals(text: &str) -> Vec<String> {
    text.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

/// A call that names a code, and which of its arguments that is.
pub(super) type Call = (&'static str, usize);

/// The codes that calls in `folders` name.
pub(super) fn codes(folders: &[&str], calls: &[Call]) -> BTreeSet<String> {
    let sources = folders.iter().flat_map(|folder| code(folder));
    let mut found = BTreeSet::new();
    for (_, text) in sources {
        for (name, position) in calls {
            for (at, called) in text.match_indices(&format!("{name}(")) {
                let own_word = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
                let argument = arguments(&text[at + called.len()..]).into_iter().nth(*position);
                let literal = argument.as_deref().and_then(|argument| {
                    let word = argument.strip_prefix('"')?.strip_suffix('"')?;
                    is_code(word).then_some(word)
                });
                found.extend(literal.filter(|_| own_word).map(str::to_owned));
            }
        }
    }
    found
}

/// The arguments of a call, from behind its opening parenthesis.
fn arguments(text: &str) -> Vec<String> {
    let (mut found, mut current) = (Vec::new(), String::new());
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for c in text.chars() {
        if in_string {
            in_string = escaped || c != '"';
            escaped = !escaped && c == '\\';
        } else {
            match c {
                '"' => in_string = true,
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth == 0 => break,
                ')' | ']' | '}' => depth -= 1,
                ',' if depth == 0 => {
                    found.push(std::mem::take(&mut current).trim().to_owned());
                    continue;
                }
                _ => {}
            }
        }
        current.push(c);
    }
    found.push(current.trim().to_owned());
    found
}

/// The codes of the `=> "code"` arms of a file.
pub(super) fn codes_of_arms(file: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(file)).expect("a source file");
    let body = text.split_once("fn code(").expect("fn code").1;
    let body = body.split_once("\n    }\n").expect("its end").0;
    body.split("=> ").skip(1).flat_map(literals).collect()
}

/// The codes in a table of a file: its texts that are one word.
pub(super) fn codes_of_table(file: &str, start: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(file)).expect("a source file");
    let body = text.split_once(start).expect("the table").1;
    let body = body.split_once("];").expect("its end").0;
    literals(body).into_iter().filter(|text| is_code(text)).collect()
}

fn is_code(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c == '_')
}
