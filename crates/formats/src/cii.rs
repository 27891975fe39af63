//! UN/CEFACT Cross Industry Invoice D16B, as EN 16931 and its user specifications (Factur-X, ZUGFeRD, XRechnung) use it:
//! where the terms of [`crate::document`] stand in it.
//!
//! One root for invoices and credit notes: which of them it is, the type says. Amounts are in the invoice's currency and
//! need not say so; dates are `YYYYMMDD` with the format 102.
//!
//! Source: UN/CEFACT CII D16B (SCRDM subset); CEN/TS 16931-3-3 for which element is which term; UNTDID 1001 as EN 16931
//! restricts it (code list of BT-3, rule BR-CL-01) for what a type means.

use chrono::{Days, NaiveDate};

use receivables::currency::Currency;
use receivables::fields::{Problem, kinds};
use receivables::limits;

use crate::document::{
    self, AttachmentPaths, Document, Due, DueSource, Kind, Line, PartyIds, PartyPaths, PaymentMeans, Places,
};
use crate::reader::Reader;
use crate::xml::{Element, Namespaces};

/// The root's namespace.
pub(crate) const ROOT: &str = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100";

/// The namespaces that documents of UN/CEFACT share.
pub(crate) const RAM: &str =
    "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100";
pub(crate) const UDT: &str = "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100";

/// The prefixes that stand in the paths here.
pub(crate) const NAMESPACES: Namespaces = &[
    ("rsm", ROOT),
    ("ram", RAM),
    ("udt", UDT),
    ("qdt", "urn:un:unece:uncefact:data:standard:QualifiedDataType:100"),
];

/// Types of documents over something to be paid.
const INVOICES: &[u16] = &[
    71, 80, 82, 84, 102, 130, 202, 203, 204, 211, 218, 219, 295, 325, 326, 331, 380, 382, 383, 384, 385, 386,
    387, 388, 389, 390, 393, 394, 395, 456, 457, 527, 553, 575, 623, 633, 751, 780, 817, 870, 875, 876, 877,
    935,
];

/// Types of documents over something credited.
const CREDIT_NOTES: &[u16] = &[81, 83, 261, 262, 296, 308, 381, 396, 420, 458, 502, 503, 532];

/// Whether a type code (UNTDID 1001) is that of something credited.
pub(crate) fn credits(code: &str) -> bool {
    code.parse().is_ok_and(|number| CREDIT_NOTES.contains(&number))
}

const AGREEMENT: &str = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeAgreement";
const SETTLEMENT: &str = "rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement";
const TERMS: &str = "ram:SpecifiedTradePaymentTerms";
const LINE_AMOUNT: &str =
    "ram:SpecifiedLineTradeSettlement/ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount";

const PARTY: PartyPaths = PartyPaths {
    names: &[
        "ram:Name",
        "ram:SpecifiedLegalOrganization/ram:TradingBusinessName",
    ],
    ids,
    country: "ram:PostalTradeAddress/ram:CountryID",
    address_lines: &[
        "ram:PostalTradeAddress/ram:LineOne",
        "ram:PostalTradeAddress/ram:LineTwo",
        "ram:PostalTradeAddress/ram:LineThree",
    ],
    postal_code: "ram:PostalTradeAddress/ram:PostcodeCode",
    city: "ram:PostalTradeAddress/ram:CityName",
    region: "ram:PostalTradeAddress/ram:CountrySubDivisionName",
    contact: "ram:DefinedTradeContact",
    contact_names: &["ram:PersonName", "ram:DepartmentName"],
    phone: "ram:TelephoneUniversalCommunication/ram:CompleteNumber",
    email: "ram:EmailURIUniversalCommunication/ram:URIID",
};

const ATTACHMENTS: AttachmentPaths = AttachmentPaths {
    list: "ram:AdditionalReferencedDocument",
    names: &["ram:Name", "ram:IssuerAssignedID"],
    file: "ram:AttachmentBinaryObject",
    uri: "ram:URIID",
};

const PLACES: Places = Places {
    country: "/CrossIndustryInvoice/rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeAgreement\
        /ram:BuyerTradeParty/ram:PostalTradeAddress/ram:CountryID",
    payable: "/CrossIndustryInvoice/rsm:SupplyChainTradeTransaction/ram:ApplicableHeaderTradeSettlement\
        /ram:SpecifiedTradeSettlementHeaderMonetarySummation/ram:DuePayableAmount",
};

/// Whether the document is of this syntax.
pub(crate) fn is_root(root: roxmltree::Node<'_, '_>) -> bool {
    root.has_tag_name((ROOT, "CrossIndustryInvoice"))
}

/// Reads the document below `root`.
pub(crate) fn read(reader: &mut Reader, root: &Element<'_, '_>) -> Option<Document> {
    let header = root.find("rsm:ExchangedDocument");
    let header = header.as_ref().unwrap_or(root);
    let number = reader.required_text(header, "ram:ID", limits::NUMBER);
    let type_code = reader.required_text(header, "ram:TypeCode", limits::SLUG);
    let kind = kind(reader, header, type_code.as_deref());
    let issue_on = required_date(reader, header, "ram:IssueDateTime");

    let agreement = root.find(AGREEMENT);
    let agreement = agreement.as_ref().unwrap_or(root);
    let buyer = document::party(reader, agreement, "ram:BuyerTradeParty", &PARTY);
    let (seller_key, seller_name) = PARTY.brief(reader, agreement, "ram:SellerTradeParty");
    let buyer_reference = reader.text(agreement, "ram:BuyerReference", limits::KEY);
    let mut order = |path: &str| {
        let path = format!("{path}/ram:IssuerAssignedID");
        reader.text(agreement, &path, limits::NUMBER)
    };
    let order_reference = order("ram:BuyerOrderReferencedDocument");
    let sales_order = order("ram:SellerOrderReferencedDocument");
    let attachments = document::attachments(reader, agreement, &ATTACHMENTS);

    let settlement = root.find(SETTLEMENT);
    let settlement = settlement.as_ref().unwrap_or(root);
    let currency = reader.required_currency(settlement, "ram:InvoiceCurrencyCode");
    let totals = "ram:SpecifiedTradeSettlementHeaderMonetarySummation";
    let payable = reader.required_amount(settlement, &format!("{totals}/ram:DuePayableAmount"), currency);
    let tax_inclusive = reader.amount(settlement, &format!("{totals}/ram:GrandTotalAmount"), currency);
    let prepaid = reader.amount(settlement, &format!("{totals}/ram:TotalPrepaidAmount"), currency);
    let (due, terms_note) = due(reader, settlement, kind, issue_on);
    let payment_means = payment_means(reader, settlement);
    let billing_references = settlement
        .all("ram:InvoiceReferencedDocument")
        .filter_map(|reference| reader.text(&reference, "ram:IssuerAssignedID", limits::NUMBER))
        .collect();

    let transaction = root.find("rsm:SupplyChainTradeTransaction");
    let lines = document::lines(
        reader,
        transaction.as_ref().unwrap_or(root),
        "ram:IncludedSupplyChainTradeLineItem",
        |reader, line| read_line(reader, line, currency),
    );
    Some(Document {
        kind: kind?,
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
        places: PLACES,
    })
}

/// Invoice or credit note, by the type's code. A code outside the list says that the document is no claim, such as an
/// order's confirmation.
fn kind(reader: &mut Reader, header: &Element<'_, '_>, code: Option<&str>) -> Option<Kind> {
    let code = code?;
    let found = code.parse::<u16>().ok().and_then(|number| {
        let invoice = INVOICES.contains(&number).then_some(Kind::Invoice);
        invoice.or(CREDIT_NOTES.contains(&number).then_some(Kind::CreditNote))
    });
    if found.is_none() {
        let detail =
            format!("`{code}` is not a type of invoice or credit note (UNTDID 1001 as EN 16931 has it)");
        reader.report(format!("{}/ram:TypeCode", header.path()), "unknown_type", detail);
    }
    found
}

fn ids(reader: &mut Reader, party: &Element<'_, '_>) -> PartyIds {
    let of_vat = |entry: &Element<'_, '_>| {
        let id = entry.find("ram:ID");
        id.and_then(|id| id.attribute("schemeID")) == Some("VA")
    };
    // An id of a known scheme is the same at every seller's; one without is the seller's own.
    let lists = ["ram:GlobalID", "ram:ID"];
    PartyIds {
        endpoint: document::id(reader, party, "ram:URIUniversalCommunication/ram:URIID"),
        party_ids: lists
            .into_iter()
            .flat_map(|list| party.all(list).collect::<Vec<_>>())
            .filter_map(|entry| document::id(reader, &entry, "."))
            .collect(),
        company_id: document::id(reader, party, "ram:SpecifiedLegalOrganization/ram:ID"),
        vat_id: party
            .all("ram:SpecifiedTaxRegistration")
            .find(of_vat)
            .and_then(|entry| reader.text(&entry, "ram:ID", limits::KEY)),
    }
}

/// When it is due, by a date of its payment terms or by what they say in words, and these words.
fn due(
    reader: &mut Reader,
    settlement: &Element<'_, '_>,
    kind: Option<Kind>,
    issue_on: Option<NaiveDate>,
) -> (Option<Due>, Option<String>) {
    let terms: Vec<Element<'_, '_>> = settlement.all(TERMS).collect();
    let notes: Vec<String> = terms
        .iter()
        .filter_map(|terms| reader.text(terms, "ram:Description", limits::TEXT))
        .collect();
    let note = (!notes.is_empty()).then(|| notes.join(" "));
    // Where a document leaves a choice, nobody is reminded before the last of its dates.
    let stated = terms
        .iter()
        .filter_map(|terms| date(reader, terms, "ram:DueDateDateTime"))
        .max();
    let in_words = note
        .as_deref()
        .and_then(document::days_in_words)
        .and_then(|days| issue_on?.checked_add_days(Days::new(u64::from(days))));
    let places = [(stated, DueSource::PaymentTerms), (in_words, DueSource::Note)];
    let due = places
        .into_iter()
        .find_map(|(on, source)| on.map(|on| Due { on, source }));
    let place = format!("{}/{TERMS}/ram:DueDateDateTime", settlement.path());
    if let Some(kind) = kind {
        document::not_before_issue(reader, kind, due, issue_on, &place);
    }
    (due, note)
}

/// The ways to pay; the reference to quote is the document's and the same for each.
fn payment_means(reader: &mut Reader, settlement: &Element<'_, '_>) -> Vec<PaymentMeans> {
    let payment_id = reader.text(settlement, "ram:PaymentReference", limits::KEY);
    let account = "ram:PayeePartyCreditorFinancialAccount";
    let means: Vec<PaymentMeans> = settlement
        .all("ram:SpecifiedTradeSettlementPaymentMeans")
        .map(|means| PaymentMeans {
            code: reader.text(&means, "ram:TypeCode", limits::SLUG),
            payment_id: payment_id.clone(),
            account: reader.first_text(
                &means,
                &[
                    &format!("{account}/ram:IBANID"),
                    &format!("{account}/ram:ProprietaryID"),
                ],
                limits::KEY,
            ),
            bic: reader.text(
                &means,
                "ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID",
                limits::KEY,
            ),
        })
        .collect();
    if means.is_empty() && payment_id.is_some() {
        return vec![PaymentMeans {
            code: None,
            payment_id,
            account: None,
            bic: None,
        }];
    }
    means
}

fn read_line(reader: &mut Reader, line: &Element<'_, '_>, currency: Option<Currency>) -> Option<Line> {
    let id = reader.required_text(line, "ram:AssociatedDocumentLineDocument/ram:LineID", limits::KEY);
    let description = reader.first_text(
        line,
        &[
            "ram:SpecifiedTradeProduct/ram:Name",
            "ram:SpecifiedTradeProduct/ram:Description",
        ],
        limits::TEXT,
    );
    let quantity = reader.quantity(line, "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity");
    let amount = reader.required_amount(line, LINE_AMOUNT, currency);
    let id = id?;
    Some(Line {
        description: description.unwrap_or_else(|| id.clone()),
        id,
        quantity,
        amount: amount?,
    })
}

/// The day in the `udt:DateTimeString` at a path.
pub(crate) fn date(reader: &mut Reader, element: &Element<'_, '_>, path: &str) -> Option<NaiveDate> {
    let found = element.find(&format!("{path}/udt:DateTimeString"))?;
    let text = found.text()?;
    reader.value(found.path(), day(found.attribute("format"), &text))
}

fn required_date(reader: &mut Reader, element: &Element<'_, '_>, path: &str) -> Option<NaiveDate> {
    let full = format!("{path}/udt:DateTimeString");
    if element.find(&full).and_then(|found| found.text()).is_none() {
        reader.missing(element, path);
    }
    date(reader, element, path)
}

/// A day of the form `YYYYMMDD`, which is what the format 102 means (UNTDID 2379).
fn day(format: Option<&str>, text: &str) -> Result<NaiveDate, Problem> {
    let refused = |detail: String| Problem::new("invalid_date", detail);
    if let Some(format) = format.filter(|format| *format != "102") {
        let shown: String = format.chars().take(limits::SLUG).collect();
        return Err(refused(format!(
            "a date has the format 102 (YYYYMMDD), not {shown}"
        )));
    }
    let digits = text.len() == 8 && text.bytes().all(|b| b.is_ascii_digit());
    match (digits, text.get(..4), text.get(4..6), text.get(6..)) {
        (true, Some(year), Some(month), Some(day)) => kinds::date_in(&format!("{year}-{month}-{day}")),
        _ => {
            let shown: String = text.chars().take(limits::SLUG).collect();
            Err(refused(format!("`{shown}` is not a date of the form YYYYMMDD")))
        }
    }
}

#[cfg(test)]
mod tests;
