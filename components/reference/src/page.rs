//! From the document to what the page shows.

use crate::document::{Document, bounds, entries, kind, members, named, text};
use render::pages::{
    Reference, ReferenceAnswer, ReferenceBody, ReferenceField, ReferenceGroup, ReferenceOperation,
    ReferenceSchema, TypePart,
};
use serde_json::Value;

/// The methods that a path item can have.
const METHODS: [&str; 5] = ["post", "get", "put", "patch", "delete"];

/// The whole page.
pub(crate) fn reference(document: &Document) -> Reference {
    let owned = |pointer: &str| document.at(pointer).as_str().unwrap_or_default().to_owned();
    let keys = members(document.at("/components"), "securitySchemes");
    Reference {
        title: owned("/info/title"),
        version: owned("/info/version"),
        introduction: owned("/info/description"),
        keys: keys.map(|(name, scheme)| security_scheme(name, scheme)).collect(),
        groups: document
            .at("/tags")
            .as_array()
            .into_iter()
            .flatten()
            .map(|tag| group(document, tag))
            .collect(),
        answers: members(document.at("/components"), "responses")
            .map(|(name, answer)| self::answer(name, answer))
            .collect(),
        schemas: members(document.at("/components"), "schemas")
            .map(schema)
            .collect(),
    }
}

fn anchor(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}

fn described(value: &Value) -> Option<String> {
    text(value, "description").map(str::to_owned)
}

fn pretty(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => serde_json::to_string_pretty(other).ok(),
    }
}

fn security_scheme(name: &str, scheme: &Value) -> ReferenceField {
    let place = match (text(scheme, "in"), text(scheme, "name")) {
        (Some(place), Some(name)) => format!("{place} {name}"),
        _ => "header authorization".to_owned(),
    };
    ReferenceField {
        name: name.to_owned(),
        place: Some(place),
        required: false,
        kind: Vec::new(),
        bounds: None,
        description: described(scheme),
    }
}

fn group(document: &Document, tag: &Value) -> ReferenceGroup {
    let name = text(tag, "name").unwrap_or_default();
    let mut operations = Vec::new();
    for (path, item) in members(document.at(""), "paths") {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let here = entries(operation, "tags").iter().any(|tag| tag == name);
            if here && METHODS.contains(&method.as_str()) {
                operations.push(self::operation(document, path, method, operation));
            }
        }
    }
    ReferenceGroup {
        name: name.to_owned(),
        anchor: anchor(name),
        description: described(tag),
        operations,
    }
}

fn operation(document: &Document, path: &str, method: &str, operation: &Value) -> ReferenceOperation {
    let body = operation.get("requestBody").unwrap_or(&Value::Null);
    ReferenceOperation {
        anchor: text(operation, "operationId").unwrap_or_default().to_owned(),
        method: method.to_uppercase(),
        path: path.to_owned(),
        summary: text(operation, "summary").unwrap_or_default().to_owned(),
        description: described(operation),
        needs: entries(operation, "security").iter().map(needs).collect(),
        parameters: entries(operation, "parameters")
            .iter()
            .map(|parameter| parameter_field(document.resolve(parameter)))
            .collect(),
        bodies: members(body, "content")
            .map(|(name, media)| media_body(name, media))
            .collect(),
        answers: members(operation, "responses")
            .map(|(status, answer)| match shared(answer) {
                Some(link) => brief(status, link, document.resolve(answer)),
                None => self::answer(status, answer),
            })
            .collect(),
    }
}

/// One way to be let in: schemes, each with the scopes that it needs. Empty: nothing is asked for.
fn needs(requirement: &Value) -> Vec<TypePart> {
    let mut parts = Vec::new();
    for (scheme, scopes) in requirement.as_object().into_iter().flatten() {
        parts.push(TypePart {
            text: scheme.clone(),
            link: Some("#keys-and-signatures".to_owned()),
        });
        for scope in scopes.as_array().into_iter().flatten().filter_map(Value::as_str) {
            let text = format!(" with the scope {scope}");
            parts.push(TypePart { text, link: None });
        }
    }
    parts
}

fn parameter_field(parameter: &Value) -> ReferenceField {
    let schema = parameter.get("schema").unwrap_or(&Value::Null);
    ReferenceField {
        name: text(parameter, "name").unwrap_or_default().to_owned(),
        place: text(parameter, "in").map(str::to_owned),
        required: parameter.get("required") == Some(&Value::Bool(true)),
        kind: kind(schema),
        bounds: bounds(schema),
        description: described(parameter),
    }
}

fn media_body(media_type: &str, media: &Value) -> ReferenceBody {
    let schema = media.get("schema").unwrap_or(&Value::Null);
    ReferenceBody {
        media_type: media_type.to_owned(),
        kind: kind(schema),
        description: described(schema),
        example: media.get("example").and_then(pretty),
    }
}

/// The fragment of an answer that many operations share.
fn shared(answer: &Value) -> Option<String> {
    let name = text(answer, "$ref")?.strip_prefix("#/components/responses/")?;
    Some(format!("#answer-{name}"))
}

/// A shared answer where it is referred to: the rest stands at its own place.
fn brief(status: &str, link: String, answer: &Value) -> ReferenceAnswer {
    ReferenceAnswer {
        link: Some(link),
        headers: Vec::new(),
        bodies: Vec::new(),
        ..self::answer(status, answer)
    }
}

fn answer(status: &str, answer: &Value) -> ReferenceAnswer {
    let code = answer.pointer("/content/application~1problem+json/schema/properties/code");
    let code = code.unwrap_or(&Value::Null);
    let codes = entries(code, "enum")
        .iter()
        .chain(code.get("const"))
        .filter_map(Value::as_str);
    ReferenceAnswer {
        status: status.to_owned(),
        link: None,
        description: described(answer),
        codes: codes.map(str::to_owned).collect(),
        headers: members(answer, "headers")
            .map(|(name, _)| name.to_owned())
            .collect(),
        bodies: members(answer, "content")
            .map(|(name, media)| media_body(name, media))
            .collect(),
    }
}

fn schema((name, schema): (&str, &Value)) -> ReferenceSchema {
    let mut fields = Vec::new();
    collect(schema, "", &mut fields);
    ReferenceSchema {
        name: name.to_owned(),
        description: described(schema),
        // The fields say it better.
        kind: if fields.is_empty() {
            kind(schema)
        } else {
            Vec::new()
        },
        bounds: bounds(schema),
        fields,
    }
}

/// The fields of an object; those of an object within it, or within a list in it, under a longer name.
fn collect(schema: &Value, prefix: &str, fields: &mut Vec<ReferenceField>) {
    let required = entries(schema, "required");
    for (name, field) in members(schema, "properties") {
        let path = format!("{prefix}{name}");
        let list = field.get("items").filter(|items| named(items).is_none());
        let inner = list.unwrap_or(field);
        let deeper = inner.get("properties").is_some();
        fields.push(ReferenceField {
            name: path.clone(),
            place: None,
            required: required.iter().any(|entry| entry == name),
            kind: match (deeper, list.is_some()) {
                (true, true) => word("list of object"),
                (true, false) => word("object"),
                (false, _) => kind(field),
            },
            bounds: bounds(field),
            description: described(field),
        });
        if deeper {
            let separator = if list.is_some() { "[]." } else { "." };
            collect(inner, &format!("{path}{separator}"), fields);
        }
    }
}

fn word(text: &str) -> Vec<TypePart> {
    let text = text.to_owned();
    vec![TypePart { text, link: None }]
}
