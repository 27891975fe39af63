//! How one file is read: decided from its header, its first rows and the mapping of its source, and kept with what was
//! read by it, so that a row can be read again alone.
//!
//! Shape: [`Layout::of`] a header; [`Layout::settle`] on the first rows; [`Layout::row`] for each. Bounds:
//! [`limits::CSV_COLUMNS`]. Refused: a file without a column that an invoice needs; two columns for one field; a row
//! with more or fewer cells than the header, since nobody knows which of them moved.
//!
//! Source: Dunlin's own rule.

use std::collections::BTreeMap;

use receivables::country::{locale_of, time_zone_of};
use receivables::fields::{FieldError, Problem, kinds};
use receivables::intake::{CustomerInput, InvoiceInput};
use receivables::limits;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::cells::{Encoding, cells, delimiter_of};
use super::columns::{DateFormat, DecimalMark, amount, date_format, decimal_mark};
use super::mapping::{Mapping, usual};
use super::write::meant;

/// What an invoice needs a column or a default for.
const NEEDED: [&str; 5] = ["number", "customer", "issue_date", "currency", "total"];

/// How one file is read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layout {
    /// The header's record, as it came.
    pub header: String,
    /// What divides the cells.
    pub delimiter: char,
    /// How bytes are read.
    pub encoding: Encoding,
    /// The columns' names.
    pub columns: Vec<String>,
    /// For each column its field, where it has one.
    pub fields: Vec<Option<String>>,
    /// What a field is without a cell.
    pub defaults: BTreeMap<String, String>,
    /// What stands before the cents; `None` while no amount has shown it.
    pub decimal: Option<DecimalMark>,
    /// How dates are written; `None` while no date has shown it.
    pub dates: Option<DateFormat>,
}

/// What a row comes to.
#[derive(Clone, Debug)]
pub struct Row {
    /// The invoice.
    pub invoice: Result<InvoiceInput, Vec<FieldError>>,
    /// Its customer, where the row names more than a key: for an account that is not known yet.
    pub customer: Option<Result<CustomerInput, Vec<FieldError>>>,
    /// The reject that this row corrects.
    pub reject: Option<String>,
}

fn wrong(pointer: impl Into<String>, problem: Problem) -> FieldError {
    FieldError::new(pointer, problem.code, problem.detail)
}

impl Layout {
    /// The layout of a file with this header; every problem at once.
    pub fn of(
        header: &str,
        encoding: Encoding,
        mapping: Option<&Mapping>,
    ) -> Result<Layout, Vec<FieldError>> {
        let delimiter = match mapping.and_then(|mapping| mapping.delimiter) {
            Some(delimiter) => delimiter,
            None => delimiter_of(header).ok_or_else(|| {
                let detail = "the header does not show what divides its columns; say it by `delimiter` in the \
                              source's mapping";
                vec![FieldError::new("", "delimiter_ambiguous", detail)]
            })?,
        };
        let columns: Vec<String> = cells(header, delimiter)
            .map_err(|problem| vec![wrong("", problem)])?
            .iter()
            .map(|name| name.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let fields: Vec<Option<String>> = columns
            .iter()
            .map(|column| match mapping {
                Some(mapping) => mapping.field(column).map(str::to_owned),
                None => usual(column).map(str::to_owned),
            })
            .collect();
        let layout = Layout {
            header: header.to_owned(),
            delimiter,
            encoding,
            columns,
            fields,
            defaults: mapping
                .map(|mapping| mapping.defaults.clone())
                .unwrap_or_default(),
            decimal: mapping.and_then(|mapping| mapping.decimal),
            dates: mapping.and_then(|mapping| mapping.date_format.clone()),
        };
        let problems = layout.problems();
        match problems.is_empty() {
            true => Ok(layout),
            false => Err(problems),
        }
    }

    fn problems(&self) -> Vec<FieldError> {
        let mut problems = Vec::new();
        for name in NEEDED {
            let there = self.fields.iter().flatten().any(|field| field == name);
            if !there && !self.defaults.contains_key(name) {
                let columns: Vec<String> = self
                    .columns
                    .iter()
                    .take(limits::METHODS)
                    .map(|column| format!("`{}`", shortened(column)))
                    .collect();
                let detail = format!(
                    "no column is the field `{name}`; there are {}. A mapping of the source says which it is",
                    columns.join(", ")
                );
                problems.push(FieldError::new(format!("/{name}"), "required", detail));
            }
        }
        let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
        for (column, field) in self.columns.iter().zip(&self.fields) {
            let Some(field) = field else { continue };
            if let Some(other) = seen.insert(field, column) {
                let detail = format!(
                    "both `{}` and `{}` are the field `{field}`; a mapping of the source says which it is",
                    shortened(other),
                    shortened(column)
                );
                problems.push(FieldError::new(format!("/{field}"), "duplicate_column", detail));
            }
        }
        problems.truncate(limits::PROBLEMS);
        problems
    }

    /// The columns that are no field.
    pub fn unmapped(&self) -> Vec<&str> {
        self.columns
            .iter()
            .zip(&self.fields)
            .filter(|(_, field)| field.is_none())
            .map(|(column, _)| column.as_str())
            .collect()
    }

    /// Decides from `records` how amounts and dates are written, as far as that is open.
    pub fn settle<'a>(&mut self, records: impl Iterator<Item = &'a str>) -> Result<(), Vec<FieldError>> {
        if self.decimal.is_some() && self.dates.is_some() {
            return Ok(());
        }
        let rows: Vec<Vec<String>> = records
            .filter_map(|record| cells(record, self.delimiter).ok())
            .filter(|row| row.len() == self.columns.len())
            .collect();
        let mut problems = Vec::new();
        if self.decimal.is_none() {
            match decimal_mark(self.column(&rows, &["total"])) {
                Ok(mark) => self.decimal = mark,
                Err(problem) => problems.push(wrong("/total", problem)),
            }
        }
        if self.dates.is_none() {
            match date_format(self.column(&rows, &["issue_date", "due_date"])) {
                Ok(format) => self.dates = format,
                Err(problem) => problems.push(wrong("/issue_date", problem)),
            }
        }
        match problems.is_empty() {
            true => Ok(()),
            false => Err(problems),
        }
    }

    /// The cells of `rows` in the columns of some fields that say something.
    fn column<'a>(&'a self, rows: &'a [Vec<String>], names: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
        let wanted = |field: &Option<String>| field.as_deref().is_some_and(|field| names.contains(&field));
        rows.iter()
            .flat_map(move |row| row.iter().zip(&self.fields))
            .filter(move |(_, field)| wanted(field))
            .map(|(cell, _)| cell.trim())
            .filter(|cell| !cell.is_empty())
    }

    /// What a record says of each field.
    fn values(&self, record: &str) -> Result<BTreeMap<&str, String>, Problem> {
        let row = cells(record, self.delimiter)?;
        if row.len() != self.columns.len() {
            let detail = format!(
                "the row has {} cells, the header {} columns",
                row.len(),
                self.columns.len()
            );
            return Err(Problem::new("column_count", detail));
        }
        let mut values: BTreeMap<&str, String> = self
            .defaults
            .iter()
            .map(|(field, value)| (field.as_str(), value.clone()))
            .collect();
        for (cell, field) in row.iter().zip(&self.fields) {
            // A cell may go over several lines; a field has one.
            let text = meant(cell.trim())
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            if let (Some(field), false) = (field, text.is_empty()) {
                values.insert(field, text);
            }
        }
        Ok(values)
    }

    /// What a record says of each field in the API's own terms, as far as it can be read: for a table to correct.
    pub fn plain(&self, record: &str) -> BTreeMap<String, String> {
        let values = self.values(record).unwrap_or_default();
        let plain = |(field, text): (&str, String)| {
            let text = match field {
                "total" => amount(&text, self.decimal).unwrap_or(text),
                "issue_date" | "due_date" => self.date(&text).map(|day| day.to_string()).unwrap_or(text),
                _ => text,
            };
            (field.to_owned(), text)
        };
        values.into_iter().map(plain).collect()
    }

    fn date(&self, text: &str) -> Result<chrono::NaiveDate, Problem> {
        match &self.dates {
            Some(format) => format.read(text),
            // No date before this one showed how they are written.
            None => date_format([text].into_iter())
                .and_then(|format| format.map_or_else(|| kinds::date_in(text), |format| format.read(text))),
        }
    }

    /// Reads a record; every problem at once, each naming its column.
    pub fn row(&self, record: &str) -> Row {
        let mut values = match self.values(record) {
            Ok(values) => values,
            Err(problem) => {
                return Row {
                    invoice: Err(vec![wrong("", problem)]),
                    customer: None,
                    reject: None,
                };
            }
        };
        let reject = values.remove("reject_id");
        let customer = values
            .contains_key("customer_name")
            .then(|| self.customer(&values));
        Row {
            invoice: self.invoice(&values).map_err(|errors| self.with_columns(errors)),
            customer: customer.map(|customer| customer.map_err(|errors| self.with_columns(errors))),
            reject,
        }
    }

    fn invoice(&self, values: &BTreeMap<&str, String>) -> Result<InvoiceInput, Vec<FieldError>> {
        let mut errors = Vec::new();
        let mut document = Map::new();
        for name in [
            "number",
            "currency",
            "po_number",
            "order_number",
            "payment_reference",
        ] {
            if let Some(text) = values.get(name) {
                document.insert(name.to_owned(), json!(text));
            }
        }
        for name in ["issue_date", "due_date"] {
            match values.get(name).map(|text| self.date(text)) {
                None => {}
                Some(Ok(day)) => {
                    document.insert(name.to_owned(), json!(day));
                }
                Some(Err(problem)) => errors.push(wrong(format!("/{name}"), problem)),
            }
        }
        if let Some(customer) = values.get("customer") {
            document.insert("customer".to_owned(), json!({"external_id": customer}));
        }
        match values.get("total").map(|text| amount(text, self.decimal)) {
            None => {}
            Some(Ok(digits)) => {
                let currency = values.get("currency");
                document.insert(
                    "total".to_owned(),
                    json!({"amount": digits, "currency": currency}),
                );
            }
            Some(Err(problem)) => errors.push(wrong("/total", problem)),
        }
        if let Some(text) = values.get("description") {
            document.insert("lines".to_owned(), json!([{"description": text}]));
        }
        let said: Vec<String> = errors.iter().map(|error| error.pointer.clone()).collect();
        let read = InvoiceInput::parse(&Value::Object(document));
        match read {
            Ok(input) if errors.is_empty() => Ok(input),
            read => {
                // What is missing because it could not be read has been said.
                let others = read.err().unwrap_or_default().into_iter();
                errors.extend(others.filter(|error| !said.contains(&error.pointer)));
                Err(errors)
            }
        }
    }

    /// As a UBL document's buyer: time zone and language follow from the country where the file does not say.
    fn customer(&self, values: &BTreeMap<&str, String>) -> Result<CustomerInput, Vec<FieldError>> {
        let get = |name: &str| values.get(name).cloned();
        let country = get("customer_country");
        let known = country.as_deref().and_then(|text| kinds::country_in(text).ok());
        let zone = || known.map(|country| time_zone_of(country).name().to_owned());
        let locale = || known.map(|country| locale_of(country).to_owned());
        let street = get("customer_street");
        let postal = street.map(|street| {
            json!({"lines": [street], "postal_code": get("customer_postal_code"),
                "city": get("customer_city"), "region": get("customer_region"), "country": country})
        });
        let email = get("customer_email");
        let phone = get("customer_phone");
        let reachable = email.is_some() || phone.is_some() || postal.is_some();
        let contacts = match reachable {
            true => {
                json!([{"name": get("customer_contact").or_else(|| get("customer_name")), "role": "billing",
                "email": email, "phone": phone, "postal": postal}])
            }
            false => json!([]),
        };
        let document = json!({
            "external_id": get("customer"),
            "name": get("customer_name"),
            "kind": get("customer_kind").map_or_else(|| "business".to_owned(), |kind| kind.to_lowercase()),
            "country": country,
            "region": get("customer_region"),
            "time_zone": get("customer_time_zone").or_else(zone),
            "locale": get("customer_locale").or_else(locale),
            "currency": get("currency"),
            "contacts": contacts,
        });
        CustomerInput::parse(&document).map_err(|errors| {
            // What follows from the country is missing with it.
            let missing = |pointer: &str| country.is_none() && ["/time_zone", "/locale"].contains(&pointer);
            errors
                .into_iter()
                .filter(|error| !missing(&error.pointer))
                .map(|error| FieldError {
                    pointer: format!("/customer{}", error.pointer),
                    ..error
                })
                .collect()
        })
    }

    /// Names the column beside the field, for the person who has the file before them.
    fn with_columns(&self, errors: Vec<FieldError>) -> Vec<FieldError> {
        let column = |pointer: &str| {
            let mut steps = pointer.split('/').skip(1);
            let first = steps.next()?;
            let detailed = steps.next().map(|second| match second {
                "contacts" => format!("{first}_{}", pointer.rsplit('/').next().unwrap_or(second)),
                other => format!("{first}_{other}"),
            });
            let at = [detailed.as_deref(), Some(first)]
                .into_iter()
                .flatten()
                .find_map(|name| {
                    self.fields
                        .iter()
                        .position(|field| field.as_deref() == Some(name))
                })?;
            self.columns.get(at)
        };
        errors
            .into_iter()
            .map(|error| match column(&error.pointer) {
                Some(column) => FieldError {
                    detail: format!("column `{}`: {}", shortened(column), error.detail),
                    ..error
                },
                None => error,
            })
            .collect()
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(limits::SLUG).collect()
}

#[cfg(test)]
mod tests;
