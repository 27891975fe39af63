//! UBL 2.1 invoices and credit notes, as Peppol BIS Billing 3.0 and EN 16931 use them: where the terms of
//! [`crate::document`] stand in them.
//!
//! Source: OASIS UBL 2.1, sections on Invoice and CreditNote; CEN/TS 16931-3-2 for which element is which term; Peppol
//! BIS Billing 3.0 for how it is used.

use receivables::currency::Currency;
use receivables::limits;

mod terms;

use crate::document::{
    self, AttachmentPaths, Document, Kind, Line, PartyIds, PartyPaths, PaymentMeans, Places,
};
use crate::reader::Reader;
use crate::xml::{Element, Namespaces};

/// The prefixes that stand in the paths here.
pub(crate) const NAMESPACES: Namespaces = &[
    (
        "cac",
        "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    ),
    (
        "cbc",
        "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    ),
];

/// The elements that are named differently in the two kinds of document.
pub(crate) struct Names {
    kind: Kind,
    root: &'static str,
    namespace: &'static str,
    type_code: &'static str,
    line: &'static str,
    quantity: &'static str,
    places: Places,
}

/// Where the buyer's country stands below the root.
macro_rules! country {
    () => {
        "cac:AccountingCustomerParty/cac:Party/cac:PostalAddress/cac:Country/cbc:IdentificationCode"
    };
}
/// Where the amount to be paid does.
macro_rules! payable {
    () => {
        "cac:LegalMonetaryTotal/cbc:PayableAmount"
    };
}

/// The namespaces of the roots, for people.
pub(crate) const ROOTS: &str = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2 or CreditNote-2";

const KINDS: [Names; 2] = [
    Names {
        kind: Kind::Invoice,
        root: "Invoice",
        namespace: "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
        type_code: "cbc:InvoiceTypeCode",
        line: "cac:InvoiceLine",
        quantity: "cbc:InvoicedQuantity",
        places: Places {
            country: concat!("/Invoice/", country!()),
            payable: concat!("/Invoice/", payable!()),
        },
    },
    Names {
        kind: Kind::CreditNote,
        root: "CreditNote",
        namespace: "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
        type_code: "cbc:CreditNoteTypeCode",
        line: "cac:CreditNoteLine",
        quantity: "cbc:CreditedQuantity",
        places: Places {
            country: concat!("/CreditNote/", country!()),
            payable: concat!("/CreditNote/", payable!()),
        },
    },
];

const BUYER: PartyPaths = PartyPaths {
    names: &[
        "cac:PartyLegalEntity/cbc:RegistrationName",
        "cac:PartyName/cbc:Name",
    ],
    ids,
    country: "cac:PostalAddress/cac:Country/cbc:IdentificationCode",
    address_lines: &[
        "cac:PostalAddress/cbc:StreetName",
        "cac:PostalAddress/cbc:AdditionalStreetName",
        "cac:PostalAddress/cac:AddressLine/cbc:Line",
    ],
    postal_code: "cac:PostalAddress/cbc:PostalZone",
    city: "cac:PostalAddress/cbc:CityName",
    region: "cac:PostalAddress/cbc:CountrySubentity",
    contact: "cac:Contact",
    contact_names: &["cbc:Name"],
    phone: "cbc:Telephone",
    email: "cbc:ElectronicMail",
};

const ATTACHMENTS: AttachmentPaths = AttachmentPaths {
    list: "cac:AdditionalDocumentReference",
    names: &["cbc:DocumentDescription", "cbc:ID"],
    file: "cac:Attachment/cbc:EmbeddedDocumentBinaryObject",
    uri: "cac:Attachment/cac:ExternalReference/cbc:URI",
};

/// What the root element is called, if the document is of this syntax.
pub(crate) fn names(root: roxmltree::Node<'_, '_>) -> Option<&'static Names> {
    KINDS
        .iter()
        .find(|names| root.has_tag_name((names.namespace, names.root)))
}

fn ids(reader: &mut Reader, party: &Element<'_, '_>) -> PartyIds {
    let of_vat = |scheme: &Element<'_, '_>| {
        let id = scheme.find("cac:TaxScheme/cbc:ID").and_then(|id| id.text());
        id.as_deref() == Some("VAT")
    };
    PartyIds {
        endpoint: document::id(reader, party, "cbc:EndpointID"),
        party_ids: party
            .all("cac:PartyIdentification")
            .filter_map(|entry| document::id(reader, &entry, "cbc:ID"))
            .collect(),
        company_id: document::id(reader, party, "cac:PartyLegalEntity/cbc:CompanyID"),
        vat_id: party
            .all("cac:PartyTaxScheme")
            .find(of_vat)
            .and_then(|scheme| reader.text(&scheme, "cbc:CompanyID", limits::KEY)),
    }
}

/// Reads the document below a root of these `names`.
pub(crate) fn read(reader: &mut Reader, names: &Names, root: &Element<'_, '_>) -> Option<Document> {
    reader.currency_on_amounts = true;
    let number = reader.required_text(root, "cbc:ID", limits::NUMBER);
    let issue_on = reader.required_date(root, "cbc:IssueDate");
    let due = terms::read(reader, root, names.kind, issue_on);
    let type_code = reader.text(root, names.type_code, limits::SLUG);
    let currency = reader.required_currency(root, "cbc:DocumentCurrencyCode");
    let buyer = document::party(reader, root, "cac:AccountingCustomerParty/cac:Party", &BUYER);
    let (seller_key, seller_name) = BUYER.brief(reader, root, "cac:AccountingSupplierParty/cac:Party");
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
    let lines = document::lines(reader, root, names.line, |reader, line| {
        read_line(reader, names, line, currency)
    });
    let attachments = document::attachments(reader, root, &ATTACHMENTS);
    let (due, terms_note) = due;
    Some(Document {
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
        lines: lines?,
        attachments,
        remarks: Vec::new(),
        places: names.places,
    })
}

fn payment_means(reader: &mut Reader, means: &Element<'_, '_>) -> PaymentMeans {
    let account = "cac:PayeeFinancialAccount";
    PaymentMeans {
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
    line: &Element<'_, '_>,
    currency: Option<Currency>,
) -> Option<Line> {
    let id = reader.required_text(line, "cbc:ID", limits::KEY);
    let description = reader.first_text(
        line,
        &["cac:Item/cbc:Name", "cac:Item/cbc:Description"],
        limits::TEXT,
    );
    let quantity = reader.quantity(line, names.quantity);
    let amount = reader.required_amount(line, "cbc:LineExtensionAmount", currency);
    let id = id?;
    Some(Line {
        description: description.unwrap_or_else(|| id.clone()),
        id,
        quantity,
        amount: amount?,
    })
}

#[cfg(test)]
mod tests;
