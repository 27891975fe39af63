//! Rules of the pure crates, this one and `formats`, that a reader relies on: no floats, no panics, no clock, nothing from outside, and every public
//! function says where its rule comes from. Lints hold most of it; what they let through, the sources show.

use std::fs;
use std::path::{Path, PathBuf};

/// What the compiler refuses.
const LINTS: &[&str] = &[
    "unwrap_used",
    "expect_used",
    "panic",
    "todo",
    "unimplemented",
    "indexing_slicing",
    "string_slice",
    "unreachable",
    "exit",
    "allow_attributes_without_reason",
    "arithmetic_side_effects",
    "float_arithmetic",
    "as_conversions",
];

/// What stops a program and passes the lints.
const PANICS: &[&str] = &[
    "assert!",
    "assert_eq!",
    "assert_ne!",
    "abort(",
    "split_at(",
    "copy_from_slice(",
    "swap_remove(",
    "drain(",
    "resume_unwind(",
];

/// What comes from outside: time, chance, files, the environment, other processes and machines.
const OUTSIDE: &[&str] = &[
    "::now(",
    "SystemTime",
    "Instant",
    "Local",
    "rand::",
    "getrandom",
    "RandomState",
    "std::fs",
    "std::io",
    "std::env",
    "std::net",
    "std::process",
    "std::thread::",
    "env!(",
    "include_str!",
    "print!(",
    "println!(",
    "eprintln!(",
    "unsafe",
];

/// A source file of such a crate without its tests: where it is, its text, and its code alone.
struct Source {
    path: PathBuf,
    text: String,
    code: String,
}

/// The crates that are held to these rules.
fn pure_crates() -> [PathBuf; 2] {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    [here.to_owned(), here.with_file_name("formats")]
}

/// Every file that is compiled into the pure crates, found the way the compiler finds it: a module that is only there for
/// tests is not among them.
fn sources() -> Vec<Source> {
    let mut found = Vec::new();
    let mut open: Vec<_> = pure_crates().map(|folder| folder.join("src/lib.rs")).into();
    while let Some(path) = open.pop() {
        let whole = fs::read_to_string(&path).unwrap();
        let text = match whole.find("#[cfg(test)]\nmod tests {") {
            Some(at) => whole[..at].to_owned(),
            None => whole,
        };
        let lines: Vec<_> = text.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            let name = line
                .trim_start_matches("pub(super) ")
                .trim_start_matches("pub(crate) ")
                .trim_start_matches("pub ")
                .strip_prefix("mod ")
                .and_then(|rest| rest.strip_suffix(';'));
            if let Some(name) = name
                && (at == 0 || lines[at - 1] != "#[cfg(test)]")
            {
                open.push(module(&path, name));
            }
        }
        let code = code_of(&text);
        found.push(Source { path, text, code });
    }
    assert!(found.len() > 40, "{} files", found.len());
    found
}

fn module(parent: &Path, name: &str) -> PathBuf {
    let folder = match parent.file_stem().and_then(|stem| stem.to_str()) {
        Some("lib" | "mod") => parent.parent().unwrap().to_owned(),
        _ => parent.with_extension(""),
    };
    let file = folder.join(format!("{name}.rs"));
    if file.exists() {
        file
    } else {
        folder.join(name).join("mod.rs")
    }
}

/// A text with comments, and what is in quotes, blotted out.
fn code_of(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let hashes = rest[1.min(rest.len())..]
            .chars()
            .take_while(|c| *c == '#')
            .count();
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == 'r' && rest[1 + hashes..].starts_with('"') && !ends_in_word(&code) {
            let close = format!("\"{}", "#".repeat(hashes));
            let from = 2 + hashes;
            rest[from..].find(&close).unwrap() + from + close.len()
        } else if first == '"' {
            closing(rest, '"')
        } else if first == '\'' && is_character(rest) {
            closing(rest, '\'')
        } else {
            code.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        };
        code.push(' ');
        rest = &rest[length..];
    }
    code
}

fn ends_in_word(code: &str) -> bool {
    code.ends_with(|c: char| c.is_alphanumeric() || c == '_')
}

/// Whether a quote begins a character, not a lifetime.
fn is_character(text: &str) -> bool {
    let mut characters = text.chars().skip(1);
    let (one, two) = (characters.next(), characters.next());
    one == Some('\\') || two == Some('\'')
}

/// How long the quoted text is that `text` begins with, its quotes included.
fn closing(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// The words of a list that stand in the code, each with its file.
fn found(words: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources() {
        for word in words {
            let is_there = source.code.match_indices(word).any(|(at, _)| {
                // Whole words: `Local` is not in `LocalResult`; but `assert!` is in `debug_assert!`.
                let after = source.code[at + word.len()..].chars().next();
                let ends = !word.ends_with(char::is_alphanumeric)
                    || after.is_none_or(|c| !c.is_alphanumeric() && c != '_');
                let begins = !word.starts_with(char::is_alphanumeric)
                    || !ends_in_word(&source.code[..at])
                    || word.ends_with('!');
                ends && begins
            });
            if is_there {
                found.push(format!("{}: {word}", source.path.display()));
            }
        }
    }
    found
}

/// The float literals and types of a code.
fn floats(code: &str) -> Vec<String> {
    let bytes = code.as_bytes();
    let is_word = |at: usize| {
        bytes
            .get(at)
            .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
    };
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let starts = is_word(at) && (at == 0 || !is_word(at - 1));
        if !starts {
            at += 1;
            continue;
        }
        let end = (at..=bytes.len()).find(|end| !is_word(*end)).unwrap();
        let word = &code[at..end];
        let is_number = word.starts_with(|c: char| c.is_ascii_digit());
        // `a.0.1` is a field of a field, `0..7` a range, `1.max(2)` a call.
        let is_field = at > 0 && bytes[at - 1] == b'.';
        let has_point = bytes.get(end) == Some(&b'.')
            && bytes
                .get(end + 1)
                .is_none_or(|b| *b != b'.' && *b != b'_' && !b.is_ascii_alphabetic());
        let has_exponent = word.contains(['e', 'E']) && !word.starts_with("0x") && !word.contains("size");
        if is_number && !is_field && (has_point || has_exponent)
            || ["f32", "f64"].iter().any(|float| word.ends_with(float))
        {
            found.push(word.to_owned());
        }
        at = end;
    }
    found
}

#[test]
fn lints_refuse_floats_casts_and_panics() {
    for folder in pure_crates() {
        let manifest = fs::read_to_string(folder.join("Cargo.toml")).unwrap();
        let clippy = manifest.split("[lints.clippy]\n").nth(1).unwrap();
        let clippy = clippy.split("\n[").next().unwrap();
        for lint in LINTS {
            assert!(
                clippy.lines().any(|line| line == format!("{lint} = \"deny\"")),
                "{lint} in {}",
                folder.display()
            );
        }
    }
    // Nothing is exempt: the one attribute of the kind, at each crate's head, is for tests.
    let exempt: Vec<_> = sources()
        .into_iter()
        .flat_map(|source| {
            let of = source.path;
            ["#[allow", "#![allow", "#[expect", "#![expect", "cfg_attr"]
                .into_iter()
                .filter(move |word| source.code.contains(word))
                .map(move |word| format!("{} {word}", of.file_name().unwrap().display()))
        })
        .collect();
    assert_eq!(exempt, ["lib.rs cfg_attr"; 2]);
}

#[test]
fn no_number_is_a_float() {
    for source in sources() {
        assert_eq!(
            floats(&source.code),
            Vec::<String>::new(),
            "{}",
            source.path.display()
        );
    }
}

#[test]
fn nothing_panics() {
    assert_eq!(found(PANICS), Vec::<String>::new());
}

#[test]
fn nothing_comes_from_outside() {
    assert_eq!(found(OUTSIDE), Vec::<String>::new());
}

/// The docs of a public function, or the head of its module, name the source of its rule: a law's section, a
/// standard's clause, a publication, or Dunlin itself.
#[test]
fn every_public_function_says_where_its_rule_comes_from() {
    let mut silent = Vec::new();
    let mut functions = 0;
    for source in sources() {
        let head = source.text.lines().take_while(|line| line.starts_with("//!"));
        let is_cited = head.into_iter().any(|line| line.starts_with("//! Source: "));
        let mut docs_cite = false;
        for line in source.text.lines().map(str::trim) {
            if line.starts_with("/// Source: ") {
                docs_cite = true;
            } else if line.starts_with("pub fn ") || line.starts_with("pub const fn ") {
                functions += 1;
                if !is_cited && !docs_cite {
                    silent.push(format!("{}: {line}", source.path.display()));
                }
                docs_cite = false;
            } else if !line.starts_with("///") && !line.starts_with("#[") {
                docs_cite = false;
            }
        }
    }
    assert!(functions > 100, "{functions}");
    assert_eq!(silent, Vec::<String>::new());
}

/// A guard that sees nothing would hold nothing.
#[test]
fn the_guards_see_what_they_are_for() {
    let code = code_of(
        "let a = 1.5; // 2.5\nlet b = \"3.5 panic!\"; let c = 'x'; let d: &'a str = r#\"4.5\"#; t.0.1; 0..7; 1.max(2); 2e3",
    );
    assert_eq!(floats(&code), ["1", "2e3"]);
    assert!(!code.contains("panic!"), "{code}");
    assert_eq!(floats("let a: f64 = x.to_f32();"), ["f64", "to_f32"]);
    assert_eq!(floats("0xe1 + 5_i64 + 1usize"), Vec::<String>::new());
}
