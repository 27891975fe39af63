//! CSV: the names of the columns in the first line, in the words that accounts-payable programs use.
//!
//! Source: RFC 4180 for the form; for the names of columns, Dunlin's own rule.

use super::{Advice, AdviceLine, advice, amount, deducted};
use crate::csv::columns;
use crate::csv::table::{plain, read as read_table};
use crate::statement::Problems;
use receivables::currency::Currency;
use receivables::fields::{FieldError, kinds};
use receivables::limits;
use receivables::money::Money;

/// What a column may be called, without spaces and case; the first is its name here.
const COLUMNS: &[(&str, &[&str])] = &[
    (
        "invoice_number",
        &[
            "invoicenumber",
            "invoiceno",
            "invoice",
            "invoicenr",
            "rechnungsnummer",
            "rechnungsnr",
            "rechnung",
            "belegnummer",
            "beleg",
            "document",
            "documentnumber",
            "facture",
        ],
    ),
    (
        "amount",
        &[
            "amount",
            "paid",
            "amountpaid",
            "netamount",
            "net",
            "payment",
            "paymentamount",
            "betrag",
            "zahlbetrag",
            "netto",
            "montant",
        ],
    ),
    (
        "gross",
        &[
            "gross",
            "grossamount",
            "invoiceamount",
            "brutto",
            "rechnungsbetrag",
        ],
    ),
    (
        "deduction",
        &[
            "deduction",
            "discount",
            "skonto",
            "abzug",
            "kürzung",
            "withheld",
            "withholding",
        ],
    ),
    (
        "reason",
        &["reason", "comment", "note", "grund", "bemerkung", "text"],
    ),
    ("currency", &["currency", "währung", "waehrung", "devise"]),
    (
        "reference",
        &[
            "reference",
            "paymentreference",
            "paymentnumber",
            "referenz",
            "zahlungsreferenz",
            "avis",
        ],
    ),
    (
        "paid_on",
        &[
            "paidon",
            "paymentdate",
            "date",
            "valuedate",
            "zahlungsdatum",
            "datum",
            "valuta",
        ],
    ),
];

/// Reads a table; every problem at once. `currency`: that of the request, where the table has no column of it.
pub fn read(bytes: &[u8], currency: Option<Currency>) -> Result<Advice, Vec<FieldError>> {
    let table = read_table(bytes, None)?;
    let mut problems = Problems::default();
    let at = |name: &str| {
        let known = COLUMNS
            .iter()
            .find(|(column, _)| *column == name)
            .map(|(_, words)| *words);
        let known = known.unwrap_or_default();
        table
            .names
            .iter()
            .position(|title| plain(title) == plain(name) || known.contains(&plain(title).as_str()))
    };
    let places: Vec<(&str, Option<usize>)> = COLUMNS.iter().map(|(name, _)| (*name, at(name))).collect();
    let cell = |row: &[String], name: &str| {
        let place = places
            .iter()
            .find(|(column, _)| *column == name)
            .and_then(|(_, at)| *at);
        let text = place
            .and_then(|place| row.get(place))
            .map(|text| text.trim().to_owned());
        text.filter(|text| !text.is_empty())
    };
    for name in ["invoice_number", "amount"] {
        if at(name).is_none() {
            problems.note("line 1", "required", format!("there is no column for `{name}`"));
        }
    }
    let (mut lines, mut reference, mut paid_on, mut stated) = (Vec::new(), None, None, currency);
    let days = table
        .rows
        .iter()
        .filter_map(|(_, row)| cell(row, "paid_on"))
        .collect::<Vec<_>>();
    let form = columns::date_format(days.iter().map(String::as_str));
    let form = problems
        .keep("line 1", form.map_err(|problem| (problem.code, problem.detail)))
        .flatten();
    for (line, row) in &table.rows {
        let place = format!("line {line}");
        if let Some(code) = cell(row, "currency") {
            let read =
                Currency::parse(&code.to_uppercase()).map_err(|error| (error.code(), error.to_string()));
            match (stated, problems.keep(&place, read)) {
                (Some(first), Some(other)) if first != other => {
                    problems.note(
                        &*place,
                        "currency_mismatch",
                        format!("{other} after {first}: an advice has one currency"),
                    );
                }
                (None, found) => stated = found,
                _ => {}
            }
        }
        reference = reference.or_else(|| kinds::text_in(&cell(row, "reference")?, limits::KEY).ok());
        paid_on = paid_on.or_else(|| form.as_ref()?.read(&cell(row, "paid_on")?).ok());
        let Some(currency) = stated else { continue };
        let Some(number) = cell(row, "invoice_number") else {
            continue;
        };
        let mut money = |name: &str| -> Option<Money> {
            let text = cell(row, name)?;
            let read = amount(&text, currency);
            if read.is_none() {
                problems.note(
                    &*place,
                    "invalid_amount",
                    format!("`{name}`: {} is no amount in {currency}", shown(&text)),
                );
            }
            read
        };
        let (paid, gross, kept) = (money("amount"), money("gross"), money("deduction"));
        let deduction = kept.or_else(|| gross?.checked_sub(paid?).ok());
        match (paid, kinds::text_in(&number, limits::NUMBER)) {
            (Some(amount), Ok(invoice_number)) => lines.push(AdviceLine {
                invoice_number,
                amount,
                deduction: deducted(deduction),
                reason: cell(row, "reason").and_then(|text| kinds::text_in(&text, limits::TEXT).ok()),
            }),
            (None, _) if cell(row, "amount").is_none() => {
                problems.note(&*place, "required", "the line has no amount");
            }
            (_, Err(problem)) => problems.note(&*place, problem.code, problem.detail),
            _ => {}
        }
    }
    let Some(currency) = stated else {
        problems.note(
            "line 1",
            "required",
            "there is no column for `currency`, and the request names none",
        );
        return Err(problems.0);
    };
    match problems.0.is_empty() {
        true => advice(reference, paid_on, currency, None, lines),
        false => Err(problems.0),
    }
}

fn shown(text: &str) -> String {
    text.chars().take(limits::SLUG).collect()
}
