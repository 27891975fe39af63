//! Who buys and who sells, whatever the syntax calls it.

use crate::reader::Reader;
use crate::xml::Element;
use receivables::country::Country;
use receivables::fields::kinds;
use receivables::limits;

/// An identifier and the scheme it belongs to (ISO 6523 ICD or Peppol EAS), such as `0088` for a GLN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyId {
    /// The scheme, where it is stated.
    pub scheme: Option<String>,
    /// The identifier within it.
    pub id: String,
}

impl std::fmt::Display for PartyId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.scheme {
            Some(scheme) => write!(f, "{scheme}:{}", self.id),
            None => f.write_str(&self.id),
        }
    }
}

/// Whom to ask at a party's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Name of the person or desk.
    pub name: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Email address.
    pub email: Option<String>,
}

/// The party that is to pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// Registered name, else trading name.
    pub name: String,
    /// What tells it from others.
    pub ids: PartyIds,
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
    pub contact: Option<Contact>,
}

impl Party {
    /// The stable key: one of its ids, else its name.
    pub(super) fn key(&self) -> String {
        self.ids.key().unwrap_or_else(|| self.name.clone())
    }
}

/// What tells a party from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartyIds {
    /// Electronic address (EN 16931, BT-34 and BT-49).
    pub endpoint: Option<PartyId>,
    /// Other identifiers, as listed (BT-29 and BT-46).
    pub party_ids: Vec<PartyId>,
    /// Registration in a register of companies (BT-30 and BT-47).
    pub company_id: Option<PartyId>,
    /// VAT registration (BT-31 and BT-48).
    pub vat_id: Option<String>,
}

impl PartyIds {
    /// The first that there is, in the order of how stable they are: endpoint, party id, company id, VAT id.
    pub(crate) fn key(&self) -> Option<String> {
        let ids = [
            self.endpoint.as_ref(),
            self.party_ids.first(),
            self.company_id.as_ref(),
        ];
        let id = ids.into_iter().flatten().next();
        id.map(PartyId::to_string).or_else(|| self.vat_id.clone())
    }
}

/// Where a syntax keeps what there is to know of a party.
pub(crate) struct PartyPaths {
    /// Names, the registered one first.
    pub(crate) names: &'static [&'static str],
    /// How its identifiers are found.
    pub(crate) ids: fn(&mut Reader, &Element<'_, '_>) -> PartyIds,
    pub(crate) country: &'static str,
    pub(crate) address_lines: &'static [&'static str],
    pub(crate) postal_code: &'static str,
    pub(crate) city: &'static str,
    pub(crate) region: &'static str,
    pub(crate) contact: &'static str,
    /// Within a contact.
    pub(crate) contact_names: &'static [&'static str],
    pub(crate) phone: &'static str,
    pub(crate) email: &'static str,
}

impl PartyPaths {
    /// The stable key and the name of a party of which no more is needed.
    pub(crate) fn brief(
        &self,
        reader: &mut Reader,
        root: &Element<'_, '_>,
        path: &str,
    ) -> (Option<String>, Option<String>) {
        let Some(party) = root.find(path) else {
            return (None, None);
        };
        let name = reader.first_text(&party, self.names, limits::NAME);
        let key = (self.ids)(reader, &party).key().or_else(|| name.clone());
        (key, name)
    }
}

/// Reads the buyer, who has to be there and to have a name.
pub(crate) fn party(
    reader: &mut Reader,
    root: &Element<'_, '_>,
    path: &str,
    paths: &PartyPaths,
) -> Option<Party> {
    let Some(party) = root.find(path) else {
        reader.report(
            format!("{}/{path}", root.path()),
            "required",
            "the buyer is required",
        );
        return None;
    };
    let before = reader.errors.len();
    let name = reader.first_text(&party, paths.names, limits::NAME);
    if name.is_none() && reader.errors.len() == before {
        let place = format!("{}/{}", party.path(), paths.names.join(" | "));
        reader.report(place, "required", "the buyer's name is required");
    }
    let ids = (paths.ids)(reader, &party);
    let country = reader.text(&party, paths.country, limits::SLUG).and_then(|text| {
        let place = format!("{}/{}", party.path(), paths.country);
        reader.value(&place, kinds::country_in(&text))
    });
    let contact = party.find(paths.contact).map(|contact| Contact {
        name: reader.first_text(&contact, paths.contact_names, limits::NAME),
        phone: reader.nice(&contact, paths.phone, kinds::phone_in),
        email: reader.nice(&contact, paths.email, kinds::email_in),
    });
    let mut part = |path: &str| reader.text(&party, path, limits::ADDRESS_LINE);
    Some(Party {
        address_lines: paths.address_lines.iter().filter_map(|path| part(path)).collect(),
        postal_code: part(paths.postal_code),
        city: part(paths.city),
        region: part(paths.region),
        name: name?,
        ids,
        country,
        contact,
    })
}

/// An identifier whose key, with its scheme, fits the length of a key. The path `.` is the element itself.
pub(crate) fn id(reader: &mut Reader, element: &Element<'_, '_>, path: &str) -> Option<PartyId> {
    let found = element.find(path)?;
    let scheme = found.attribute("schemeID").map(str::to_owned);
    let room = scheme
        .as_ref()
        .map_or(0, |scheme| scheme.chars().count().saturating_add(1));
    let id = reader.text(element, path, limits::KEY.saturating_sub(room))?;
    Some(PartyId { scheme, id })
}
