//! Reading JSON with every problem named at once.
//!
//! Shape: a [`Fields`] reads one object, field by field; what a field may hold is a function of
//! [`kinds`]. A reader never stops at the first problem: it notes it with a JSON pointer (RFC 6901) and
//! goes on, and [`Fields::finish`] gives either the value or all the problems, unknown fields included.
//! `null` is the same as absent. Bounds: [`limits::PROBLEMS`] problems a document.
//!
//! Source: RFC 6901 for pointers, RFC 9457, section 3, for a list of errors in one answer; else Dunlin's own
//! rule.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::limits;

pub mod kinds;

/// One thing that is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldError {
    /// RFC 6901 pointer to the field in a JSON document; an XPath-like path in an XML one.
    pub pointer: String,
    /// Stable and machine-readable: `required`, `unknown_field`, `invalid_date` and so on.
    pub code: Cow<'static, str>,
    /// One sentence for the person who has to correct it.
    pub detail: String,
}

impl FieldError {
    /// A problem at `pointer`.
    pub fn new(pointer: impl Into<String>, code: &'static str, detail: impl Into<String>) -> FieldError {
        FieldError {
            pointer: pointer.into(),
            code: Cow::Borrowed(code),
            detail: detail.into(),
        }
    }
}

/// What is wrong with one value; the reader adds where it stood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// As in [`FieldError`].
    pub code: &'static str,
    /// As in [`FieldError`].
    pub detail: String,
}

impl Problem {
    /// A problem with a value.
    pub fn new(code: &'static str, detail: impl Into<String>) -> Problem {
        Problem {
            code,
            detail: detail.into(),
        }
    }
}

/// A reader of one JSON object that collects every problem.
pub struct Fields<'a> {
    pointer: String,
    object: Option<&'a Map<String, Value>>,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl<'a> Fields<'a> {
    /// A reader of a whole document.
    pub fn of(document: &'a Value) -> Fields<'a> {
        Fields::at(String::new(), document)
    }

    fn at(pointer: String, value: &'a Value) -> Fields<'a> {
        let object = value.as_object();
        let mut fields = Fields {
            pointer,
            object,
            known: Vec::new(),
            errors: Vec::new(),
        };
        if object.is_none() {
            let found = kinds::name_of(value);
            fields.errors.push(FieldError::new(
                fields.pointer.clone(),
                "wrong_type",
                format!("an object is wanted here, not {found}"),
            ));
        }
        fields
    }

    /// A field that must be there. `None` after a problem, which has been noted.
    pub fn required<T>(
        &mut self,
        name: &'static str,
        kind: impl FnOnce(&Value) -> Result<T, Problem>,
    ) -> Option<T> {
        let value = self.expect(name)?;
        self.read(name, value, kind)
    }

    /// A field that may be absent. `None` where it is absent or, after a noted problem, wrong.
    pub fn optional<T>(
        &mut self,
        name: &'static str,
        kind: impl FnOnce(&Value) -> Result<T, Problem>,
    ) -> Option<T> {
        let value = self.take(name)?;
        self.read(name, value, kind)
    }

    /// A field that must be there and whose kind depends on another field, `given`. Where that one is wrong,
    /// nothing but the presence of this one can be judged.
    pub fn required_given<C, T, K>(
        &mut self,
        name: &'static str,
        given: Option<C>,
        kind: impl FnOnce(C) -> K,
    ) -> Option<T>
    where
        K: FnOnce(&Value) -> Result<T, Problem>,
    {
        let value = self.expect(name)?;
        self.read(name, value, kind(given?))
    }

    /// As [`Fields::required_given`], for a field that may be absent.
    pub fn optional_given<C, T, K>(
        &mut self,
        name: &'static str,
        given: Option<C>,
        kind: impl FnOnce(C) -> K,
    ) -> Option<T>
    where
        K: FnOnce(&Value) -> Result<T, Problem>,
    {
        let value = self.take(name)?;
        self.read(name, value, kind(given?))
    }

    /// An object that must be there, read by `read`.
    pub fn object<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Fields<'a>) -> Option<T>,
    ) -> Option<T> {
        let value = self.expect(name)?;
        self.descend(name, value, read)
    }

    /// An object that may be absent, read by `read`.
    pub fn optional_object<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Fields<'a>) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(name)?;
        self.descend(name, value, read)
    }

    /// A list of at most `most` values, each of one kind. Absent is empty.
    pub fn values<T>(
        &mut self,
        name: &'static str,
        most: usize,
        kind: impl Fn(&Value) -> Result<T, Problem>,
    ) -> Vec<T> {
        let items = self.items(name, most);
        items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| match kind(item) {
                Ok(value) => Some(value),
                Err(problem) => {
                    self.report(&format!("{name}/{at}"), problem.code, problem.detail);
                    None
                }
            })
            .collect()
    }

    /// A list of at most `most` objects, each read by `read`. Absent is empty.
    pub fn objects<T>(
        &mut self,
        name: &'static str,
        most: usize,
        read: impl Fn(&mut Fields<'a>) -> Option<T>,
    ) -> Vec<T> {
        let items = self.items(name, most);
        items
            .iter()
            .enumerate()
            .filter_map(|(at, item)| self.descend(&format!("{name}/{at}"), item, &read))
            .collect()
    }

    /// The entries of an object whose keys are data, such as amounts by currency. Absent is empty.
    pub fn entries(&mut self, name: &'static str) -> Vec<(&'a str, &'a Value)> {
        match self.take(name) {
            None => Vec::new(),
            Some(Value::Object(entries)) => {
                entries.iter().map(|(key, value)| (key.as_str(), value)).collect()
            }
            Some(other) => {
                let detail = format!("an object is wanted here, not {}", kinds::name_of(other));
                self.report(name, "wrong_type", detail);
                Vec::new()
            }
        }
    }

    /// Accounts for fields that exist but cannot be used here; where one is set, says why not.
    pub fn refuse(&mut self, names: &'static [&'static str], code: &'static str, detail: &str) {
        for name in names {
            if self.take(name).is_some() {
                self.report(name, code, format!("`{name}`: {detail}"));
            }
        }
    }

    /// Leaves unread what is left of the object: where the field that says what it is is wrong, whether the
    /// others belong to it cannot be judged.
    pub fn overlook(&mut self) {
        self.object = None;
    }

    /// Whether the field is there and not `null`.
    pub fn has(&self, name: &str) -> bool {
        self.object
            .and_then(|object| object.get(name))
            .is_some_and(|value| !value.is_null())
    }

    /// How many problems have been noted.
    pub fn problems(&self) -> usize {
        self.errors.len()
    }

    /// Notes a problem with a field (`""` for the object itself) that only shows in the context of others.
    pub fn report(&mut self, name: &str, code: &'static str, detail: impl Into<String>) {
        let pointer = if name.is_empty() {
            self.pointer.clone()
        } else {
            format!("{}/{name}", self.pointer)
        };
        if self.errors.len() < limits::PROBLEMS {
            self.errors.push(FieldError::new(pointer, code, detail));
        }
    }

    /// Notes a problem that was found elsewhere, with a pointer that counts from this object.
    pub fn note(&mut self, error: FieldError) {
        if self.errors.len() < limits::PROBLEMS {
            self.errors.push(FieldError {
                pointer: format!("{}{}", self.pointer, error.pointer),
                ..error
            });
        }
    }

    /// The value that `make` puts together, or every problem, unknown fields included.
    pub fn finish<T>(mut self, make: impl FnOnce() -> Option<T>) -> Result<T, Vec<FieldError>> {
        self.report_unknown();
        match make() {
            Some(value) if self.errors.is_empty() => Ok(value),
            _ if self.errors.is_empty() => Err(vec![FieldError::new(
                self.pointer,
                "incomplete",
                "a value is missing",
            )]),
            _ => Err(self.errors),
        }
    }

    fn take(&mut self, name: &'static str) -> Option<&'a Value> {
        self.known.push(name);
        self.object?.get(name).filter(|value| !value.is_null())
    }

    fn expect(&mut self, name: &'static str) -> Option<&'a Value> {
        let value = self.take(name);
        // Where there is no object at all, that has been said once and is enough.
        if value.is_none() && self.object.is_some() {
            self.report(name, "required", format!("`{name}` is required"));
        }
        value
    }

    fn read<T>(
        &mut self,
        name: &str,
        value: &Value,
        kind: impl FnOnce(&Value) -> Result<T, Problem>,
    ) -> Option<T> {
        kind(value)
            .map_err(|problem| self.report(name, problem.code, problem.detail))
            .ok()
    }

    fn items(&mut self, name: &'static str, most: usize) -> &'a [Value] {
        let Some(value) = self.take(name) else { return &[] };
        match value {
            Value::Array(items) if items.len() <= most => items,
            Value::Array(items) => {
                let detail = format!("at most {most} entries are taken, not {}", items.len());
                self.report(name, "too_many_items", detail);
                &[]
            }
            other => {
                self.report(
                    name,
                    "wrong_type",
                    format!("a list is wanted here, not {}", kinds::name_of(other)),
                );
                &[]
            }
        }
    }

    fn descend<T>(
        &mut self,
        path: &str,
        value: &'a Value,
        read: impl FnOnce(&mut Fields<'a>) -> Option<T>,
    ) -> Option<T> {
        let mut inner = Fields::at(format!("{}/{path}", self.pointer), value);
        let made = read(&mut inner);
        inner.report_unknown();
        let clean = inner.errors.is_empty();
        let room = limits::PROBLEMS.saturating_sub(self.errors.len());
        self.errors.extend(inner.errors.into_iter().take(room));
        made.filter(|_| clean)
    }

    fn report_unknown(&mut self) {
        let Some(object) = self.object else { return };
        let unknown: Vec<&String> = object
            .keys()
            .filter(|key| !self.known.contains(&key.as_str()))
            .collect();
        for key in unknown {
            let shown: String = key.chars().take(limits::SLUG).collect();
            self.report(
                &token(key),
                "unknown_field",
                format!("`{shown}` is not a field of this object"),
            );
        }
    }
}

/// A key that is data, as a token of a JSON pointer (RFC 6901, section 3), cut to a bearable length.
pub fn token(key: &str) -> String {
    let shown: String = key.chars().take(limits::SLUG).collect();
    shown.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn problems(result: Result<(), Vec<FieldError>>) -> Vec<(String, String)> {
        result
            .err()
            .unwrap_or_default()
            .into_iter()
            .map(|e| (e.pointer, e.code.into_owned()))
            .collect()
    }

    fn read(document: &Value) -> Result<(), Vec<FieldError>> {
        let mut fields = Fields::of(document);
        let name = fields.required("name", kinds::text(5));
        fields.optional("on", kinds::date);
        fields.optional_object("inner", |inner| inner.required("flag", kinds::boolean));
        fields.objects("list", 2, |item| item.required("n", kinds::integer(1..=3)));
        fields.values("words", 2, kinds::text(3));
        fields.finish(|| name.map(|_| ()))
    }

    #[test]
    fn all_problems_come_at_once_each_with_its_place() {
        let document = json!({
            "name": "too long", "on": "2026-02-30", "inner": {"flag": 1, "what/ever~": true},
            "list": [{"n": 1}, {"n": 9}], "words": ["abc", "abcd"], "extra": null
        });
        let expected = [
            ("/name", "too_long"),
            ("/on", "invalid_date"),
            ("/inner/flag", "wrong_type"),
            ("/inner/what~1ever~0", "unknown_field"),
            ("/list/1/n", "out_of_range"),
            ("/words/1", "too_long"),
            ("/extra", "unknown_field"),
        ];
        assert_eq!(
            problems(read(&document)),
            expected.map(|(p, c)| (p.to_owned(), c.to_owned()))
        );
    }

    #[test]
    fn null_is_absent() {
        assert!(read(&json!({"name": "abc", "on": null, "inner": null, "list": null})).is_ok());
        assert_eq!(
            problems(read(&json!({"name": null}))),
            [("/name".to_owned(), "required".to_owned())]
        );
    }

    #[test]
    fn what_is_no_object_or_list_is_said_once() {
        assert_eq!(
            problems(read(&json!([1]))),
            [(String::new(), "wrong_type".to_owned())]
        );
        let document = json!({"name": "abc", "inner": 3, "list": {}, "words": ["a", "b", "c"]});
        let expected = [
            ("/inner", "wrong_type"),
            ("/list", "wrong_type"),
            ("/words", "too_many_items"),
        ];
        assert_eq!(
            problems(read(&document)),
            expected.map(|(p, c)| (p.to_owned(), c.to_owned()))
        );
    }

    #[test]
    fn a_hostile_document_gets_a_bounded_answer() {
        let document = Value::Object((0..5_000).map(|n| (format!("x{n}"), json!(1))).collect());
        assert_eq!(problems(read(&document)).len(), limits::PROBLEMS);
    }
}
