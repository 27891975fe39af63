//! Which column is which field: as saved for a source, or by the names that columns usually have.
//!
//! Bounds: [`limits::CSV_COLUMNS`] columns. Refused: fields that there are not, delimiters that are none.
//!
//! Source: Dunlin's own rule; the names are those of the API and of the exports of common accounting programs.

use std::collections::BTreeMap;

use receivables::fields::{FieldError, Fields, Problem, kinds, token};
use receivables::limits;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::columns::{DateFormat, DecimalMark};

/// A field that a column may be, and what its column is called where nobody says: the API's own name first, then
/// others, in lower case and without what is neither letter nor digit.
pub(crate) struct Field {
    pub(crate) name: &'static str,
    synonyms: &'static [&'static str],
}

pub(crate) const FIELDS: &[Field] = &[
    field(
        "number",
        &[
            "invoicenumber",
            "invoiceno",
            "invoicenr",
            "invoice",
            "rechnungsnummer",
            "rechnungsnr",
            "rechnungnr",
            "belegnummer",
            "belegnr",
            "factuurnummer",
            "numérodefacture",
            "nºfactura",
        ],
    ),
    field(
        "customer",
        &[
            "customerid",
            "customerno",
            "customernumber",
            "customerexternalid",
            "externalid",
            "accountno",
            "accountnumber",
            "kundennummer",
            "kundennr",
            "kundenr",
            "debitor",
            "debitorennummer",
            "debitorennr",
            "klantnummer",
            "numéroclient",
        ],
    ),
    field(
        "issue_date",
        &[
            "invoicedate",
            "date",
            "dateofissue",
            "rechnungsdatum",
            "belegdatum",
            "datum",
            "factuurdatum",
            "datedefacture",
        ],
    ),
    field(
        "due_date",
        &[
            "duedate",
            "due",
            "paymentdue",
            "fälligam",
            "fälligkeit",
            "fälligkeitsdatum",
            "fällig",
            "vervaldatum",
            "datedéchéance",
            "échéance",
        ],
    ),
    field(
        "currency",
        &["currencycode", "ccy", "währung", "valuta", "devise", "moneda"],
    ),
    field(
        "total",
        &[
            "amount",
            "totalamount",
            "grossamount",
            "amountdue",
            "invoicetotal",
            "betrag",
            "bruttobetrag",
            "rechnungsbetrag",
            "gesamtbetrag",
            "brutto",
            "bedrag",
            "totaalbedrag",
            "montant",
            "montantttc",
        ],
    ),
    field(
        "po_number",
        &[
            "po",
            "purchaseorder",
            "customerreference",
            "bestellnummer",
            "bestellnr",
            "ihrebestellung",
        ],
    ),
    field(
        "order_number",
        &["order", "orderno", "salesorder", "auftragsnummer", "auftragsnr"],
    ),
    field(
        "payment_reference",
        &[
            "paymentref",
            "reference",
            "remittance",
            "verwendungszweck",
            "zahlungsreferenz",
        ],
    ),
    field(
        "description",
        &[
            "subject",
            "beschreibung",
            "betreff",
            "text",
            "omschrijving",
            "libellé",
        ],
    ),
    field(
        "customer_name",
        &[
            "customername",
            "client",
            "kunde",
            "kundenname",
            "firma",
            "klant",
            "klantnaam",
            "nomduclient",
        ],
    ),
    field("customer_kind", &["customertype", "kundenart"]),
    field(
        "customer_country",
        &["country", "countrycode", "land", "ländercode", "pays"],
    ),
    field("customer_region", &["region", "state"]),
    field("customer_time_zone", &["timezone"]),
    field("customer_locale", &["language", "locale", "sprache"]),
    field("customer_contact", &["contact", "contactname", "ansprechpartner"]),
    field("customer_email", &["email", "emailaddress", "mail"]),
    field("customer_phone", &["phone", "telephone", "telefon"]),
    field("customer_street", &["street", "address", "straße", "strasse"]),
    field("customer_postal_code", &["postalcode", "zip", "postcode", "plz"]),
    field("customer_city", &["city", "ort", "stad", "ville"]),
    // A reject that is corrected by this row: what the export of rejects names so.
    field("reject_id", &[]),
];

const fn field(name: &'static str, synonyms: &'static [&'static str]) -> Field {
    Field { name, synonyms }
}

/// A column's name in lower case, without what is neither letter nor digit.
pub(crate) fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// The field that a column of this name usually is.
pub(crate) fn usual(name: &str) -> Option<&'static str> {
    let name = plain(name);
    FIELDS
        .iter()
        .find(|field| plain(field.name) == name || field.synonyms.contains(&name.as_str()))
        .map(|field| field.name)
}

/// How the files of one source are read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mapping {
    /// Column to field.
    pub columns: BTreeMap<String, String>,
    /// What divides the cells; absent: what the header shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<char>,
    /// What stands before the cents; absent: what the column shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<DecimalMark>,
    /// How dates are written; absent: what the columns show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date_format: Option<DateFormat>,
    /// What a field is where the file has no column for it, or an empty cell.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub defaults: BTreeMap<String, String>,
}

impl Mapping {
    /// Reads a mapping as the API takes it; every problem at once.
    pub fn parse(value: &Value) -> Result<Mapping, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        if !fields.has("columns") {
            fields.report("columns", "required", "`columns` is required");
        }
        let columns = fields.entries("columns");
        if columns.len() > limits::CSV_COLUMNS {
            let detail = format!("at most {} columns are read", limits::CSV_COLUMNS);
            fields.report("columns", "too_many_columns", detail);
        }
        let mut seen = BTreeMap::new();
        let columns = columns
            .into_iter()
            .take(limits::CSV_COLUMNS)
            .filter_map(|(column, value)| {
                let place = format!("columns/{}", token(column));
                let name = known(&mut fields, &place, value)?;
                if let Some(other) = seen.insert(name.clone(), column) {
                    let other: String = other.chars().take(limits::SLUG).collect();
                    fields.report(&place, "duplicate_column", format!("`{other}` is that already"));
                }
                Some((column.trim().to_owned(), name))
            })
            .collect();
        let delimiter = fields.optional("delimiter", delimiter);
        let decimal = fields.optional("decimal", kinds::one_of(DecimalMark::NAMES));
        let date_format = fields.optional("date_format", |value| {
            DateFormat::parse(&kinds::text(limits::SLUG)(value)?)
        });
        let defaults = fields
            .entries("defaults")
            .into_iter()
            .filter_map(|(name, value)| {
                let place = format!("defaults/{}", token(name));
                let name = known(&mut fields, &place, &Value::from(name))?;
                match kinds::text(limits::TEXT)(value) {
                    Ok(text) => Some((name, text)),
                    Err(problem) => {
                        fields.report(&place, problem.code, problem.detail);
                        None
                    }
                }
            })
            .collect();
        fields.finish(|| {
            Some(Mapping {
                columns,
                delimiter,
                decimal,
                date_format,
                defaults,
            })
        })
    }

    /// The field of a column.
    pub(crate) fn field(&self, column: &str) -> Option<&str> {
        let column = column.trim();
        let exact = self.columns.get(column);
        let alike = || {
            let name = plain(column);
            self.columns
                .iter()
                .find(|(known, _)| plain(known) == name)
                .map(|(_, field)| field)
        };
        exact.or_else(alike).map(String::as_str)
    }
}

fn known(fields: &mut Fields<'_>, place: &str, value: &Value) -> Option<String> {
    let name = value.as_str().unwrap_or_default();
    let found = FIELDS.iter().find(|field| field.name == name);
    if found.is_none() {
        let names: Vec<&str> = FIELDS.iter().map(|field| field.name).collect();
        fields.report(
            place,
            "unknown_field",
            format!("a column is one of {}", names.join(", ")),
        );
    }
    found.map(|field| field.name.to_owned())
}

fn delimiter(value: &Value) -> Result<char, Problem> {
    let text = value.as_str().unwrap_or_default();
    match text.chars().next() {
        Some(c @ (',' | ';' | '\t' | '|')) if text.len() == 1 => Ok(c),
        _ => Err(Problem::new(
            "unknown_value",
            "a delimiter is a comma, a semicolon, a tab or `|`",
        )),
    }
}
