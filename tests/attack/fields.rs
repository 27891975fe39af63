//! The strings of the API that whoever sends them is free in, read from its description: so that a field is attacked on
//! the day on which it is described.

use serde_json::{Value, json};

use crate::openapi::{document, operations, resolved};

/// How deep a schema is followed: some refer to themselves.
const DEPTH: usize = 10;

/// An operation of the API that takes JSON.
pub(super) struct Door {
    /// As in the document.
    pub(super) path: String,
    /// In capitals.
    pub(super) method: String,
    /// A document that it takes.
    pub(super) example: Value,
    /// Where in it free text may stand.
    pub(super) places: Vec<String>,
}

/// Every operation below `/v1` that takes JSON with free text in it.
pub(super) fn doors() -> Vec<Door> {
    let document = document();
    let of_operation = |(path, method, operation): (String, String, Value)| {
        let content = &operation["requestBody"]["content"]["application/json"];
        let mut places = Vec::new();
        collect(&document, &content["schema"], String::new(), 0, &mut places);
        places.sort();
        places.dedup();
        let example = content.get("example").cloned().unwrap_or_else(|| json!({}));
        // Where one or many are taken, one stands for all.
        places.retain(|place| example.is_array() || !place.starts_with("/0/"));
        (path.starts_with("/v1/") && !places.is_empty()).then_some(Door {
            path,
            method,
            example,
            places,
        })
    };
    operations(&document)
        .into_iter()
        .filter_map(of_operation)
        .collect()
}

fn collect(document: &Value, schema: &Value, at: String, depth: usize, found: &mut Vec<String>) {
    let schema = resolved(document, schema);
    if depth > DEPTH {
        return;
    }
    for of in ["allOf", "oneOf", "anyOf"] {
        for variant in schema[of].as_array().into_iter().flatten() {
            collect(document, variant, at.clone(), depth + 1, found);
        }
    }
    for (name, member) in schema["properties"].as_object().into_iter().flatten() {
        collect(document, member, format!("{at}/{name}"), depth + 1, found);
    }
    if let Some(items) = schema.get("items") {
        collect(document, items, format!("{at}/0"), depth + 1, found);
    }
    let types = &schema["type"];
    let string = types == "string"
        || types
            .as_array()
            .is_some_and(|types| types.contains(&json!("string")));
    let bound = ["enum", "const", "format", "pattern", "contentEncoding"];
    if string && !bound.iter().any(|keyword| schema.get(*keyword).is_some()) {
        found.push(at);
    }
}

/// Puts a text at a place, and makes what has to lie around it.
pub(super) fn put(value: &mut Value, place: &str, text: &str) {
    let mut at = value;
    for step in place.split('/').skip(1) {
        at = match step.parse::<usize>() {
            Ok(index) => {
                if !at.is_array() {
                    *at = json!([]);
                }
                let list = at.as_array_mut().expect("a list");
                while list.len() <= index {
                    list.push(Value::Null);
                }
                &mut list[index]
            }
            Err(_) => {
                if !at.is_object() {
                    *at = json!({});
                }
                &mut at[step]
            }
        };
    }
    *at = json!(text);
}

#[test]
fn the_free_strings_of_the_api_are_found() {
    let doors = doors();
    let has = |path: &str, place: &str| {
        let door = doors.iter().find(|door| door.path == path);
        door.is_some_and(|door| door.places.iter().any(|known| known == place))
    };
    assert!(has("/v1/customers", "/contacts/0/postal/lines/0"));
    assert!(has("/v1/notes", "/text"));
    let count: usize = doors.iter().map(|door| door.places.len()).sum();
    assert!(count > 130, "{count} places");
}
