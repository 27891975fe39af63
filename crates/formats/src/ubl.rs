//! UBL 2.1 invoices and credit notes, as Peppol BIS Billing 3.0 and EN 16931 use them.
//!
//! Shape: [`parse`] reads what accounts receivable needs of a document and leaves the rest alone;
//! [`UblDocument::as_intake`] turns it into the same inputs that the JSON API takes. Names are matched by
//! namespace, whatever the prefixes. Every problem is reported at once, at an XPath-like place with the
//! customary prefixes: `/Invoice/cbc:DueDate`.
//!
//! Bounds: [`limits::XML_DEPTH`] and its neighbours, checked before a tree is built. Refused: document type
//! declarations (they are how entity bombs arrive), encodings other than UTF-8, documents of another kind.
//!
//! Source: OASIS UBL 2.1, sections on Invoice and CreditNote; EN 16931-1 for what a term means; Peppol BIS
//! Billing 3.0 for how it is used.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use receivables::currency::Currency;
use receivables::fields::FieldError;
use receivables::limits;
use receivables::money::Money;

mod intake;
mod party;
mod terms;

pub use intake::UblIntake;
pub use party::{UblBuyer, UblContact, UblId};
pub use terms::{UblDue, UblDueSource};

use crate::reader::Reader;
use crate::xml::{self, Namespaces};

/// The prefixes that stand in the paths here.
const NAMESPACES: Namespaces = &[
    (
        "cac",
        "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    ),
    (
        "cbc",
        "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    ),
];

/// What a document calls itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UblKind {
    /// An `Invoice`.
    Invoice,
    /// A `CreditNote`.
    CreditNote,
}

/// The elements that are named differently in the two kinds of document.
struct Names {
    kind: UblKind,
    root: &'static str,
    namespace: &'static str,
    type_code: &'static str,
    line: &'static str,
    quantity: &'static str,
}

const KINDS: [Names; 2] = [
    Names {
        kind: UblKind::Invoice,
        root: "Invoice",
        namespace: "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
        type_code: "cbc:InvoiceTypeCode",
        line: "cac:InvoiceLine",
        quantity: "cbc:InvoicedQuantity",
    },
    Names {
        kind: UblKind::CreditNote,
        root: "CreditNote",
        namespace: "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
        type_code: "cbc:CreditNoteTypeCode",
        line: "cac:CreditNoteLine",
        quantity: "cbc:CreditedQuantity",
    },
];

/// A way to pay that the document offers (`cac:PaymentMeans`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UblPaymentMeans {
    /// UNTDID 4461, such as 30 for a credit transfer.
    pub code: Option<String>,
    /// The remittance reference to quote.
    pub payment_id: Option<String>,
    /// IBAN or national account number, as written.
    pub account: Option<String>,
    /// BIC of the account's bank.
    pub bic: Option<String>,
}

/// A line of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UblLine {
    /// Its number within the document.
    pub id: String,
    /// The item's name, else its description.
    pub description: String,
    /// How much of it.
    pub quantity: Option<Decimal>,
    /// What the line comes to, before tax.
    pub amount: Money,
}

/// What accounts receivable needs of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UblDocument {
    /// Invoice or credit note, by its root element.
    pub kind: UblKind,
    /// The creditor's number.
    pub number: String,
    /// UNTDID 1001, such as 380 (invoice), 381 (credit note), 384 (corrected invoice).
    pub type_code: Option<String>,
    /// The day it was issued.
    pub issue_on: NaiveDate,
    /// When it is due and where it says so; `None` leaves it to the customer's terms.
    pub due: Option<UblDue>,
    /// The payment terms in words.
    pub terms_note: Option<String>,
    /// Currency of every amount here.
    pub currency: Currency,
    /// What is to be paid; negative where the creditor owes.
    pub payable: Money,
    /// The total with tax.
    pub tax_inclusive: Option<Money>,
    /// What has been paid already and is not in `payable`.
    pub prepaid: Option<Money>,
    /// Who is to pay.
    pub buyer: UblBuyer,
    /// Who is to be paid.
    pub seller_name: Option<String>,
    /// The seller's stable key, chosen as the buyer's is.
    pub seller_key: Option<String>,
    /// What the buyer wants quoted.
    pub buyer_reference: Option<String>,
    /// The buyer's order.
    pub order_reference: Option<String>,
    /// The seller's order.
    pub sales_order: Option<String>,
    /// Ways to pay, as listed.
    pub payment_means: Vec<UblPaymentMeans>,
    /// Numbers of the invoices this document corrects.
    pub billing_references: Vec<String>,
    /// Its lines.
    pub lines: Vec<UblLine>,
    /// What is wrong with it but does not stand in the way, such as a contact's address that is none.
    pub remarks: Vec<FieldError>,
}

impl UblDocument {
    /// The buyer's stable key: endpoint, else party id, else company id, else VAT id, else name.
    pub fn external_id(&self) -> String {
        self.buyer.external_id()
    }
}

/// Reads a document; every problem at once.
pub fn parse(xml: &[u8]) -> Result<UblDocument, Vec<FieldError>> {
    let text = xml::decode(xml).map_err(|error| vec![error])?;
    let tree = xml::tree(text).map_err(|error| vec![error])?;
    let root = tree.root_element();
    let names = KINDS
        .iter()
        .find(|names| root.has_tag_name((names.namespace, names.root)))
        .ok_or_else(|| vec![not_ubl(root)])?;
    let mut reader = Reader::default();
    let document = read(&mut reader, names, &xml::Element::root(root, NAMESPACES));
    match document {
        Some(document) if reader.errors.is_empty() => Ok(UblDocument {
            remarks: reader.remarks,
            ..document
        }),
        _ => Err(reader.errors),
    }
}

fn read(reader: &mut Reader, names: &Names, root: &xml::Element<'_, '_>) -> Option<UblDocument> {
    let number = reader.required_text(root, "cbc:ID", limits::NUMBER);
    let issue_on = reader.required_date(root, "cbc:IssueDate");
    let due = terms::read(reader, root, names.kind, issue_on);
    let type_code = reader.text(root, names.type_code, limits::SLUG);
    let currency = reader.required_currency(root, "cbc:DocumentCurrencyCode");
    let buyer = party::buyer(reader, root);
    let seller_name = root
        .find("cac:AccountingSupplierParty/cac:Party")
        .and_then(|party| reader.first_text(&party, &party::NAMES, limits::NAME));
    let seller_key = party::seller_key(reader, root, seller_name.as_deref());
    let totals = "cac:LegalMonetaryTotal";
    let payable = reader.required_amount(root, &format!("{totals}/cbc:PayableAmount"), currency);
    let tax_inclusive = reader.amount(root, &format!("{totals}/cbc:TaxInclusiveAmount"), currency);
    let prepaid = reader.amount(root, &format!("{totals}/cbc:PrepaidAmount"), currency);
    let buyer_reference = reader.text(root, "cbc:BuyerReference", limits::KEY);
    let order_reference = reader.text(root, "cac:OrderReference/cbc:ID", limits::NUMBER);
    let sales_order = reader.text(root, "cac:OrderReference/cbc:SalesOrderID", limits::NUMBER);
    let payment_means = root
        .all("cac:PaymentMeans")
        .map(|means| payment_means(reader, &means))
        .collect();
    let billing_references = root
        .all("cac:BillingReference")
        .filter_map(|reference| {
            reader.text(&reference, "cac:InvoiceDocumentReference/cbc:ID", limits::NUMBER)
        })
        .collect();
    let lines: Vec<Option<UblLine>> = root
        .all(names.line)
        .map(|line| read_line(reader, names, &line, currency))
        .collect();
    if lines.len() > limits::LINES {
        let detail = format!("at most {} lines are taken, not {}", limits::LINES, lines.len());
        reader.report(
            format!("{}/{}", root.path(), names.line),
            "too_many_items",
            detail,
        );
    }
    let (due, terms_note) = due;
    Some(UblDocument {
        kind: names.kind,
        number: number?,
        type_code,
        issue_on: issue_on?,
        due,
        terms_note,
        currency: currency?,
        payable: payable?,
        tax_inclusive,
        prepaid,
        buyer: buyer?,
        seller_name,
        seller_key,
        buyer_reference,
        order_reference,
        sales_order,
        payment_means,
        billing_references,
        lines: lines.into_iter().collect::<Option<_>>()?,
        remarks: Vec::new(),
    })
}

fn payment_means(reader: &mut Reader, means: &xml::Element<'_, '_>) -> UblPaymentMeans {
    let account = "cac:PayeeFinancialAccount";
    UblPaymentMeans {
        code: reader.text(means, "cbc:PaymentMeansCode", limits::SLUG),
        payment_id: reader.text(means, "cbc:PaymentID", limits::KEY),
        account: reader.text(means, &format!("{account}/cbc:ID"), limits::KEY),
        bic: reader.text(
            means,
            &format!("{account}/cac:FinancialInstitutionBranch/cbc:ID"),
            limits::KEY,
        ),
    }
}

fn read_line(
    reader: &mut Reader,
    names: &Names,
    line: &xml::Element<'_, '_>,
    currency: Option<Currency>,
) -> Option<UblLine> {
    let id = reader.required_text(line, "cbc:ID", limits::KEY);
    let description = reader.first_text(
        line,
        &["cac:Item/cbc:Name", "cac:Item/cbc:Description"],
        limits::TEXT,
    );
    let quantity = reader.quantity(line, names.quantity);
    let amount = reader.required_amount(line, "cbc:LineExtensionAmount", currency);
    let id = id?;
    Some(UblLine {
        description: description.unwrap_or_else(|| id.clone()),
        id,
        quantity,
        amount: amount?,
    })
}

fn not_ubl(root: roxmltree::Node<'_, '_>) -> FieldError {
    let name = root.tag_name();
    let shown: String = name.name().chars().take(limits::SLUG).collect();
    let place = match name.namespace() {
        None => "no namespace".to_owned(),
        Some(namespace) => format!(
            "namespace `{}`",
            namespace.chars().take(limits::KEY).collect::<String>()
        ),
    };
    let wanted: Vec<&str> = KINDS.iter().map(|names| names.namespace).collect();
    let detail = format!(
        "a UBL 2.1 document has the root `Invoice` or `CreditNote` in {}; this one has `{shown}` in {place}",
        wanted.join(" or ")
    );
    FieldError::new(format!("/{shown}"), "not_ubl", detail)
}

#[cfg(test)]
mod tests;
