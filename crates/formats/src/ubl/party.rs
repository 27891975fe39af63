//! The buyer: the party that is to pay.

use crate::reader::Reader;
use crate::xml::Element;
use receivables::country::Country;
use receivables::fields::kinds;
use receivables::limits;

/// Where a party's name stands, the registered one first.
pub(super) const NAMES: [&str; 2] = [
    "cac:PartyLegalEntity/cbc:RegistrationName",
    "cac:PartyName/cbc:Name",
];

const ADDRESS: &str = "cac:PostalAddress";

/// An identifier and the scheme it belongs to (ISO 6523 ICD or Peppol EAS), such as `0088` for a GLN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UblId {
    /// The scheme, where it is stated.
    pub scheme: Option<String>,
    /// The identifier within it.
    pub id: String,
}

impl std::fmt::Display for UblId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.scheme {
            Some(scheme) => write!(f, "{scheme}:{}", self.id),
            None => f.write_str(&self.id),
        }
    }
}

/// Whom to ask at the buyer's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UblContact {
    /// Name of the person or desk.
    pub name: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Email address.
    pub email: Option<String>,
}

/// The party that is to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UblBuyer {
    /// Registered name, else trading name.
    pub name: String,
    /// Electronic address.
    pub endpoint: Option<UblId>,
    /// Other identifiers, as listed.
    pub party_ids: Vec<UblId>,
    /// VAT registration.
    pub vat_id: Option<String>,
    /// Registration in a register of companies.
    pub company_id: Option<UblId>,
    /// Country of the postal address.
    pub country: Option<Country>,
    /// Street, additional street and further lines.
    pub address_lines: Vec<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State, province or canton.
    pub region: Option<String>,
    /// Whom to ask.
    pub contact: Option<UblContact>,
}

impl UblBuyer {
    /// The stable key: endpoint, else party id, else company id, else VAT id, else name.
    pub(super) fn external_id(&self) -> String {
        let ids = [
            self.endpoint.as_ref(),
            self.party_ids.first(),
            self.company_id.as_ref(),
        ];
        key(ids, self.vat_id.as_deref()).unwrap_or_else(|| self.name.clone())
    }
}

/// The first of a party's identifiers that there is, in the order of how stable they are.
fn key(ids: [Option<&UblId>; 3], vat_id: Option<&str>) -> Option<String> {
    let id = ids.into_iter().flatten().next();
    id.map(UblId::to_string).or_else(|| vat_id.map(str::to_owned))
}

/// The stable key of `cac:AccountingSupplierParty`.
pub(super) fn seller_key(reader: &mut Reader, root: &Element<'_, '_>, name: Option<&str>) -> Option<String> {
    let party = root.find("cac:AccountingSupplierParty/cac:Party")?;
    let endpoint = id(reader, &party, "cbc:EndpointID");
    let party_id = party
        .find("cac:PartyIdentification")
        .and_then(|entry| id(reader, &entry, "cbc:ID"));
    let company_id = id(reader, &party, "cac:PartyLegalEntity/cbc:CompanyID");
    let vat_id = vat_id(reader, &party);
    key(
        [endpoint.as_ref(), party_id.as_ref(), company_id.as_ref()],
        vat_id.as_deref(),
    )
    .or_else(|| name.map(str::to_owned))
}

fn vat_id(reader: &mut Reader, party: &Element<'_, '_>) -> Option<String> {
    let of_vat = |scheme: &Element<'_, '_>| {
        scheme
            .find("cac:TaxScheme/cbc:ID")
            .and_then(|id| id.text())
            .as_deref()
            == Some("VAT")
    };
    let scheme = party.all("cac:PartyTaxScheme").find(of_vat)?;
    reader.text(&scheme, "cbc:CompanyID", limits::KEY)
}

/// Reads `cac:AccountingCustomerParty`.
pub(super) fn buyer(reader: &mut Reader, root: &Element<'_, '_>) -> Option<UblBuyer> {
    let path = "cac:AccountingCustomerParty/cac:Party";
    let Some(party) = root.find(path) else {
        reader.report(
            format!("{}/{path}", root.path()),
            "required",
            "the buyer is required",
        );
        return None;
    };
    let before = reader.errors.len();
    let name = reader.first_text(&party, &NAMES, limits::NAME);
    if name.is_none() && reader.errors.len() == before {
        let place = format!("{}/{}", party.path(), NAMES.join(" | "));
        reader.report(place, "required", "the buyer's name is required");
    }
    let endpoint = id(reader, &party, "cbc:EndpointID");
    let party_ids = party
        .all("cac:PartyIdentification")
        .filter_map(|entry| id(reader, &entry, "cbc:ID"))
        .collect();
    let vat_id = vat_id(reader, &party);
    let company_id = id(reader, &party, "cac:PartyLegalEntity/cbc:CompanyID");
    let code = format!("{ADDRESS}/cac:Country/cbc:IdentificationCode");
    let country = reader.text(&party, &code, limits::SLUG).and_then(|text| {
        let place = format!("{}/{code}", party.path());
        reader.value(&place, kinds::country_in(&text))
    });
    let contact = party.find("cac:Contact").map(|contact| UblContact {
        name: reader.text(&contact, "cbc:Name", limits::NAME),
        phone: reader.nice(&contact, "cbc:Telephone", kinds::phone_in),
        email: reader.nice(&contact, "cbc:ElectronicMail", kinds::email_in),
    });
    let mut part = |path: &str| reader.text(&party, &format!("{ADDRESS}/{path}"), limits::ADDRESS_LINE);
    let street = [
        "cbc:StreetName",
        "cbc:AdditionalStreetName",
        "cac:AddressLine/cbc:Line",
    ];
    Some(UblBuyer {
        address_lines: street.into_iter().filter_map(&mut part).collect(),
        postal_code: part("cbc:PostalZone"),
        city: part("cbc:CityName"),
        region: part("cbc:CountrySubentity"),
        name: name?,
        endpoint,
        party_ids,
        vat_id,
        company_id,
        country,
        contact,
    })
}

/// An identifier whose key, with its scheme, fits the length of a key.
fn id(reader: &mut Reader, element: &Element<'_, '_>, path: &str) -> Option<UblId> {
    let found = element.find(path)?;
    let scheme = found.attribute("schemeID").map(str::to_owned);
    let room = scheme
        .as_ref()
        .map_or(0, |scheme| scheme.chars().count().saturating_add(1));
    let id = reader.text(element, path, limits::KEY.saturating_sub(room))?;
    Some(UblId { scheme, id })
}
