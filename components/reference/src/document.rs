//! Reading the OpenAPI document: references, and a schema's type in words.

use render::pages::TypePart;
use serde_json::Value;

/// The document.
pub(crate) struct Document(Value);

impl Document {
    pub(crate) fn parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text).map(Self)
    }

    /// What a pointer leads to; nothing where it leads nowhere.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.0.pointer(pointer).unwrap_or(&Value::Null)
    }

    /// The value itself, or what its `$ref` leads to.
    pub(crate) fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match reference(value) {
            Some(pointer) => self.at(pointer),
            None => value,
        }
    }
}

fn reference(value: &Value) -> Option<&str> {
    value.get("$ref")?.as_str()?.strip_prefix('#')
}

/// The name of the schema that `value` refers to.
pub(crate) fn named(value: &Value) -> Option<&str> {
    reference(value)?.strip_prefix("/components/schemas/")
}

/// A text member, if it is there.
pub(crate) fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    value.get(name)?.as_str()
}

/// The members of an object member, in the document's order.
pub(crate) fn members<'a>(value: &'a Value, name: &str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let object = value.get(name).and_then(Value::as_object);
    object
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.as_str(), value))
}

/// The entries of a list member.
pub(crate) fn entries<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value
        .get(name)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn plain(text: impl Into<String>) -> TypePart {
    TypePart {
        text: text.into(),
        link: None,
    }
}

fn joined(parts: impl IntoIterator<Item = Vec<TypePart>>, between: &str) -> Vec<TypePart> {
    let mut all = Vec::new();
    for part in parts {
        if !all.is_empty() {
            all.push(plain(between));
        }
        all.extend(part);
    }
    all
}

/// A schema's type in words, with links to the schemas that it names.
pub(crate) fn kind(schema: &Value) -> Vec<TypePart> {
    if let Some(name) = named(schema) {
        let link = Some(format!("#{name}"));
        return vec![TypePart {
            text: name.to_owned(),
            link,
        }];
    }
    if let Some(only) = schema.get("const") {
        return vec![plain(only.to_string())];
    }
    if schema.get("oneOf").is_some() {
        return joined(entries(schema, "oneOf").iter().map(kind), " or ");
    }
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => vec!["anything"],
    };
    joined(types.into_iter().map(|word| one_type(schema, word)), " or ")
}

fn one_type(schema: &Value, word: &str) -> Vec<TypePart> {
    match word {
        "array" => {
            let items = schema.get("items").map_or_else(Vec::new, kind);
            std::iter::once(plain("list of ")).chain(items).collect()
        }
        "object" => object(schema),
        "integer" => vec![plain("whole number")],
        "string" => vec![plain(text(schema, "format").unwrap_or("string"))],
        other => vec![plain(other)],
    }
}

fn object(schema: &Value) -> Vec<TypePart> {
    if let Some(values) = schema
        .get("additionalProperties")
        .filter(|values| values.is_object())
    {
        return std::iter::once(plain("map of ")).chain(kind(values)).collect();
    }
    let fields = members(schema, "properties").map(|(name, field)| {
        let name = plain(format!("{name}: "));
        std::iter::once(name).chain(kind(field)).collect()
    });
    let inside = joined(fields, ", ");
    match inside.is_empty() {
        true => vec![plain("object")],
        false => [vec![plain("{ ")], inside, vec![plain(" }")]].concat(),
    }
}

/// What a value is held to beside its type, in words.
pub(crate) fn bounds(schema: &Value) -> Option<String> {
    let number = |name: &str| schema.get(name).and_then(Value::as_i64);
    let range = |least: Option<i64>, most: Option<i64>, unit: &str| match (least, most) {
        (Some(least), Some(most)) => Some(format!("{least} to {most}{unit}")),
        (Some(least), None) => Some(format!("at least {least}{unit}")),
        (None, Some(most)) => Some(format!("at most {most}{unit}")),
        (None, None) => None,
    };
    let words: Vec<String> = entries(schema, "enum")
        .iter()
        .filter_map(Value::as_str)
        .map(code)
        .collect();
    let found = [
        (!words.is_empty()).then(|| words.join(", ")),
        range(number("minLength"), number("maxLength"), " characters"),
        range(number("minimum"), number("maximum"), ""),
        range(number("minItems"), number("maxItems"), " entries"),
        text(schema, "pattern").map(|pattern| format!("matches {}", code(pattern))),
        schema
            .get("default")
            .map(|value| format!("default {}", code(&value.to_string()))),
    ];
    let found: Vec<String> = found.into_iter().flatten().collect();
    (!found.is_empty()).then(|| found.join("; "))
}

fn code(word: &str) -> String {
    format!("`{word}`")
}
