//! UN/CEFACT `CrossIndustryRemittanceAdvice`: a transaction a document that is paid, or a credit note that is deducted.
//!
//! In CII an amount need not say its currency where the document has; an advice has none, so its total says it, and what
//! says nothing is in that.
//!
//! Source: UN/CEFACT, Cross Industry Remittance Advice (D23B); UNTDID 1001 for what a credit note is.

use super::{Advice, AdviceLine, advice};
use crate::cii;
use crate::reader::Reader;
use crate::xml::{Element, Namespaces};
use receivables::currency::Currency;
use receivables::fields::{FieldError, Problem};
use receivables::limits;
use receivables::money::{Money, MoneyError};

/// The root's namespace.
pub(super) const NAMESPACE: &str = "urn:un:unece:uncefact:data:standard:CrossIndustryRemittanceAdvice:100";

pub(super) const NAMESPACES: Namespaces = &[("rsm", NAMESPACE), ("ram", cii::RAM), ("udt", cii::UDT)];

const TOTAL: &str = "rsm:TradeSettlementPayment/ram:SpecifiedPaymentTradeSettlement/\
                     ram:SpecifiedTradeSettlementPaymentMonetarySummation/ram:PaymentTotalAmount";
const LINE: &str = "ram:ApplicableHeaderTradeSettlement/ram:SpecifiedTradeSettlementHeaderMonetarySummation";

pub(super) fn read(root: &Element<'_, '_>) -> Result<Advice, Vec<FieldError>> {
    let mut reader = Reader::default();
    let lines: Vec<Element<'_, '_>> = root.all("rsm:SupplyChainTradeTransaction").collect();
    let currency = currency(&mut reader, root, &lines);
    let references = [
        "rsm:TradeSettlementPayment/ram:EndToEndID",
        "rsm:TradeSettlementPayment/ram:InstructionID",
        "rsm:ExchangedDocument/ram:ID",
    ];
    let reference = reader.first_text(root, &references, limits::KEY);
    let paid_on = cii::date(&mut reader, root, "rsm:ExchangedDocument/ram:IssueDateTime");
    let total = currency.and_then(|currency| amount(&mut reader, root, TOTAL, currency));
    let lines: Vec<AdviceLine> = lines
        .iter()
        .filter_map(|line| read_line(&mut reader, line, currency?))
        .collect();
    match (currency, reader.errors.is_empty()) {
        (Some(currency), true) => advice(reference, paid_on, currency, total, lines),
        _ => Err(reader.errors),
    }
}

/// What the total is in, else the first line that says it.
fn currency(reader: &mut Reader, root: &Element<'_, '_>, lines: &[Element<'_, '_>]) -> Option<Currency> {
    let paid = format!("{LINE}/ram:PaymentTotalAmount");
    let mut amounts = root
        .find(TOTAL)
        .into_iter()
        .chain(lines.iter().filter_map(|line| line.find(&paid)));
    let stated = amounts.find_map(|amount| {
        let code = amount.attribute("currencyID")?;
        Some((format!("{}/@currencyID", amount.path()), code.to_owned()))
    });
    match stated {
        Some((place, code)) => reader.value(&place, Currency::parse(&code).map_err(Problem::from)),
        None => {
            let place = format!("{}/{TOTAL}/@currencyID", root.path());
            reader.report(place, "required", "an amount states its currency");
            None
        }
    }
}

/// The amount at a path, in the advice's currency.
fn amount(reader: &mut Reader, element: &Element<'_, '_>, path: &str, currency: Currency) -> Option<Money> {
    let found = element.find(path)?;
    match found.attribute("currencyID") {
        Some(_) => reader.amount(element, path, Some(currency)),
        None => {
            let text = found.text()?;
            let read = Money::parse_exact(&text, currency).map_err(Problem::from);
            reader.value(found.path(), read)
        }
    }
}

fn read_line(reader: &mut Reader, line: &Element<'_, '_>, currency: Currency) -> Option<AdviceLine> {
    let document = "ram:AssociatedReferencedDocument";
    let number = reader.required_text(line, &format!("{document}/ram:IssuerAssignedID"), limits::NUMBER);
    let code = reader.text(line, &format!("{document}/ram:TypeCode"), limits::SLUG);
    let paid = format!("{LINE}/ram:PaymentTotalAmount");
    let whole = format!("{LINE}/ram:GrandTotalAmount");
    let path = if line.find(&paid).is_some() { paid } else { whole };
    let amount = amount(reader, line, &path, currency);
    if amount.is_none_or(|amount| amount.is_zero()) {
        reader.report(
            format!("{}/{path}", line.path()),
            "required",
            "what is paid of it is required",
        );
    }
    let deducts = code.is_some_and(|code| cii::credits(&code));
    let amount = match signed(amount?, deducts) {
        Ok(amount) => amount,
        Err(error) => {
            reader.report(line.path(), error.code(), error.to_string());
            return None;
        }
    };
    Some(AdviceLine {
        invoice_number: number?,
        amount,
        deduction: None,
        reason: reader.text(
            line,
            "ram:ApplicableHeaderTradeSettlement/ram:Reason",
            limits::TEXT,
        ),
    })
}

/// A credit note is deducted, whether its amount is written with a minus or without.
fn signed(amount: Money, deducts: bool) -> Result<Money, MoneyError> {
    match deducts && amount.is_positive() {
        true => amount.checked_neg(),
        false => Ok(amount),
    }
}
