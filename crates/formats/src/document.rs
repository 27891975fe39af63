//! Electronic invoices and credit notes: what accounts receivable needs of one, whatever its syntax.
//!
//! Shape: [`parse`] reads a document by its root element, as UBL 2.1 ([`crate::ubl`]) or CII ([`crate::cii`]), the two
//! syntaxes of EN 16931; [`Document::as_intake`] turns it into the same inputs that the JSON API takes. What is not
//! needed is left alone. Names are matched by namespace, whatever the prefixes. Every problem is reported at once, at an
//! XPath-like place with the customary prefixes: `/Invoice/cbc:DueDate`.
//!
//! Bounds: [`limits::XML_DEPTH`] and its neighbours, checked before a tree is built; [`limits::DOCUMENT_BYTES`] and its
//! neighbours for what is embedded. Refused: document type declarations (they are how entity bombs arrive), encodings
//! other than UTF-8, documents of another kind.
//!
//! Source: EN 16931-1 for what a term means, CEN/TS 16931-3-2 and -3 for where it stands in either syntax.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::reader::Reader;
use crate::xml::{self, Element};
use crate::{cii, ubl};
use receivables::currency::Currency;
use receivables::fields::FieldError;
use receivables::limits;
use receivables::money::Money;

mod attachment;
mod due;
mod intake;
mod party;

pub use attachment::{Attachment, Embedded};
pub use due::{Due, DueSource};
pub use intake::Intake;
pub use party::{Contact, Party, PartyId, PartyIds};

pub(crate) use attachment::{AttachmentPaths, attachments};
pub(crate) use due::{days_in_words, is_discount, not_before_issue};
pub(crate) use party::{PartyPaths, id, party};

/// What a document calls itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An invoice.
    Invoice,
    /// A credit note.
    CreditNote,
}

/// A way to pay that the document offers (EN 16931, BG-16).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentMeans {
    /// UNTDID 4461, such as 30 for a credit transfer (BT-81).
    pub code: Option<String>,
    /// The remittance reference to quote (BT-83).
    pub payment_id: Option<String>,
    /// IBAN or national account number, as written (BT-84).
    pub account: Option<String>,
    /// BIC of the account's bank (BT-86).
    pub bic: Option<String>,
}

/// A line of the document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
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
pub struct Document {
    /// Invoice or credit note: in UBL by its root element, in CII by its type.
    pub kind: Kind,
    /// The creditor's number.
    pub number: String,
    /// UNTDID 1001, such as 380 (invoice), 381 (credit note), 384 (corrected invoice).
    pub type_code: Option<String>,
    /// The day it was issued.
    pub issue_on: NaiveDate,
    /// When it is due and where it says so; `None` leaves it to the customer's terms.
    pub due: Option<Due>,
    /// The payment terms in words.
    pub terms_note: Option<String>,
    /// Currency of every amount here.
    pub currency: Currency,
    /// What is to be paid, after allowances, charges and what was paid before; negative where the creditor owes.
    pub payable: Money,
    /// The total with tax.
    pub tax_inclusive: Option<Money>,
    /// What has been paid already and is not in `payable`.
    pub prepaid: Option<Money>,
    /// Who is to pay.
    pub buyer: Party,
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
    pub payment_means: Vec<PaymentMeans>,
    /// Numbers of the invoices this document corrects.
    pub billing_references: Vec<String>,
    /// Its lines.
    pub lines: Vec<Line>,
    /// What came with it, in it or by address.
    pub attachments: Vec<Attachment>,
    /// What is wrong with it but does not stand in the way, such as a contact's address that is none.
    pub remarks: Vec<FieldError>,
    /// Where problems that only show in the end are placed.
    pub(crate) places: Places,
}

/// The places of what is judged after reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Places {
    /// The buyer's country.
    pub(crate) country: &'static str,
    /// The amount to be paid.
    pub(crate) payable: &'static str,
}

impl Document {
    /// The buyer's stable key: endpoint, else party id, else company id, else VAT id, else name.
    pub fn external_id(&self) -> String {
        self.buyer.key()
    }
}

/// Reads a document; every problem at once.
pub fn parse(xml: &[u8]) -> Result<Document, Vec<FieldError>> {
    let text = xml::decode(xml).map_err(|error| vec![error])?;
    let tree = xml::tree(text).map_err(|error| vec![error])?;
    let root = tree.root_element();
    let mut reader = Reader::default();
    let document = match (ubl::names(root), cii::is_root(root)) {
        (Some(names), _) => ubl::read(&mut reader, names, &Element::root(root, ubl::NAMESPACES)),
        (None, true) => cii::read(&mut reader, &Element::root(root, cii::NAMESPACES)),
        (None, false) => return Err(vec![unknown(root)]),
    };
    match document {
        Some(document) if reader.errors.is_empty() => Ok(Document {
            remarks: reader.remarks,
            ..document
        }),
        _ => Err(reader.errors),
    }
}

/// Lines, of which a document has a bearable number.
pub(crate) fn lines(
    reader: &mut Reader,
    parent: &Element<'_, '_>,
    name: &str,
    mut read: impl FnMut(&mut Reader, &Element<'_, '_>) -> Option<Line>,
) -> Option<Vec<Line>> {
    let count = parent.all(name).count();
    if count > limits::LINES {
        let detail = format!("at most {} lines are taken, not {count}", limits::LINES);
        reader.report(format!("{}/{name}", parent.path()), "too_many_items", detail);
        return None;
    }
    // Each is read, whatever is wrong with one before it.
    let lines: Vec<Option<Line>> = parent.all(name).map(|line| read(reader, &line)).collect();
    lines.into_iter().collect()
}

fn unknown(root: roxmltree::Node<'_, '_>) -> FieldError {
    let name = root.tag_name();
    let shown: String = name.name().chars().take(limits::SLUG).collect();
    let place = match name.namespace() {
        None => "no namespace".to_owned(),
        Some(namespace) => format!(
            "namespace `{}`",
            namespace.chars().take(limits::KEY).collect::<String>()
        ),
    };
    let detail = format!(
        "a UBL 2.1 document has the root `Invoice` or `CreditNote` in {}, a CII document `CrossIndustryInvoice` in {}; \
         this one has `{shown}` in {place}",
        ubl::ROOTS,
        cii::ROOT,
    );
    FieldError::new(format!("/{shown}"), "unknown_document", detail)
}
