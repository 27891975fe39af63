//! Why invoices are disputed: our codes, their public counterparts, and what customers call them.
//!
//! Source: the codes are Dunlin's own; their counterparts are UN/EDIFACT directory D.20A, data element 4465, and OpenPeppol's
//! code list `OPStatusReason` 1.0 (Peppol BIS Invoice Response 3).

use serde::Serialize;
use serde_json::Value;

use crate::fields::{Problem, kinds};
use crate::limits;

/// A reason for which an invoice, or a part of it, is not paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Its name in the API.
    pub code: &'static str,
    /// What it says, to a person.
    pub text: &'static str,
    /// The code of UN/EDIFACT data element 4465 (adjustment reason), where one says the same: it comes with
    /// remittance advices and deductions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncl4465: Option<&'static str>,
    /// The code of OpenPeppol's list `OPStatusReason`, where one says the same: it comes with a buyer's Invoice
    /// Response. Several reasons may share one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peppol: Option<&'static str>,
}

const fn reason(
    code: &'static str,
    text: &'static str,
    uncl4465: Option<&'static str>,
    peppol: Option<&'static str>,
) -> Reason {
    Reason {
        code,
        text,
        uncl4465,
        peppol,
    }
}

/// The reasons, Dunlin's own, with their counterparts in UN/EDIFACT 4465 (directory D.20A) and Peppol BIS Invoice
/// Response 3 (`OPStatusReason`). Only counterparts that mean the same are named.
pub const REASONS: &[Reason] = &[
    reason(
        "wrong_price",
        "The price is not the one agreed",
        Some("5"),
        Some("PRI"),
    ),
    reason(
        "wrong_quantity",
        "Less was delivered than invoiced",
        Some("4"),
        Some("QTY"),
    ),
    reason(
        "wrong_goods",
        "Something else was delivered than ordered",
        Some("14"),
        Some("ITM"),
    ),
    reason("damaged_goods", "The goods were damaged", Some("3"), Some("QUA")),
    reason("returned_goods", "The goods were sent back", Some("35"), None),
    reason("not_delivered", "Nothing was delivered", Some("32"), Some("DEL")),
    reason(
        "late_delivery",
        "The delivery came too late",
        Some("33"),
        Some("DEL"),
    ),
    reason(
        "service_quality",
        "The service was not as agreed",
        None,
        Some("QUA"),
    ),
    reason(
        "not_ordered",
        "Nothing of the kind was ordered",
        None,
        Some("UNR"),
    ),
    reason("duplicate_invoice", "It was invoiced before", Some("53"), None),
    reason("already_paid", "It has been paid", Some("30"), None),
    reason(
        "missing_po",
        "The purchase order number is missing or wrong",
        Some("51"),
        Some("REF"),
    ),
    reason("tax_error", "The tax is wrong", None, Some("LEG")),
    reason("discount", "A discount or allowance is missing", Some("56"), None),
    reason(
        "payment_terms",
        "The due date is not the one agreed",
        Some("31"),
        Some("PAY"),
    ),
    reason("contract", "The contract says otherwise", Some("50"), None),
    reason("other", "Something else", None, Some("OTH")),
];

impl Reason {
    /// The reason of a name in the API.
    pub fn parse(code: &str) -> Option<&'static Reason> {
        REASONS.iter().find(|reason| reason.code == code)
    }
}

/// A customer's own code for a reason: retailers number their deductions, and each in another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnCode {
    /// Whether it is the code of one customer; else of all who have none of that name.
    pub of_customer: bool,
    /// The code, as the customer writes it.
    pub code: String,
    /// What it means.
    pub reason: &'static Reason,
}

/// What a customer's code means: the customer's own mapping first, then one for everybody, then ours. Case and space
/// around it do not matter: people type what they read on a remittance slip.
pub fn meaning(code: &str, known: &[OwnCode]) -> Option<&'static Reason> {
    let named = |mapped: &&OwnCode| same_code(&mapped.code, code);
    let own = known.iter().filter(named).find(|mapped| mapped.of_customer);
    own.or_else(|| known.iter().find(named))
        .map(|mapped| mapped.reason)
        .or_else(|| REASONS.iter().find(|reason| same_code(reason.code, code)))
}

/// A code in the form in which codes are compared.
pub fn code_key(code: &str) -> String {
    code.trim().to_uppercase()
}

fn same_code(left: &str, right: &str) -> bool {
    code_key(left) == code_key(right)
}

/// Reads a mapping of a customer's own code: `{"reason": "wrong_price"}`, with a `customer` where it is one customer's.
pub fn reason_of(value: &Value) -> Result<&'static Reason, Problem> {
    let code = kinds::text(limits::SLUG)(value)?;
    Reason::parse(&code).ok_or_else(|| {
        let codes: Vec<&str> = REASONS.iter().map(|reason| reason.code).collect();
        Problem::new("unknown_value", format!("is none of: {}", codes.join(", ")))
    })
}
