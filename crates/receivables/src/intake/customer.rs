//! Customers and their contacts.
//!
//! Source: Dunlin's own rule.

use crate::names::names;
use crate::zone::Zone;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::channel::Channel;
use crate::country::Country;
use crate::currency::Currency;
use crate::fields::{FieldError, Fields, kinds};
use crate::limits;
use crate::money::Money;
use crate::template::Purpose;
use crate::terms::Terms;

/// Whether a customer is protected as a consumer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerKind {
    /// A company or public body.
    Business,
    /// A private person.
    Consumer,
}

names! {
    CustomerKind {
        "business" => Business,
        "consumer" => Consumer,
    }
}

/// What a contact is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactRole {
    /// Pays invoices: gets the messages.
    Billing,
    /// Is turned to when billing does not answer.
    Escalation,
    /// Our own side's salesperson.
    Sales,
}

names! {
    ContactRole {
        "billing" => Billing,
        "escalation" => Escalation,
        "sales" => Sales,
    }
}

/// What a contact can be named for, in the API's words: all that a customer is written to about.
pub const PURPOSES: &[(&str, Purpose)] = &[
    ("reminder", Purpose::Reminder),
    ("collection", Purpose::Collection),
    ("agreement", Purpose::Agreement),
    ("dispute", Purpose::Dispute),
    ("order", Purpose::Order),
    ("receipt", Purpose::Receipt),
    ("statement", Purpose::Statement),
    ("service", Purpose::Service),
    ("document", Purpose::Document),
];

/// An address of a customer that somebody has made sure of (`POST /v1/customers/{id}/contacts/verify`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VerifyInput {
    /// The email address or telephone number, as the contact has it.
    pub address: String,
    /// How somebody made sure.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

impl VerifyInput {
    /// Reads it; every problem at once.
    pub fn parse(value: &Value) -> Result<VerifyInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let address = fields.required("address", kinds::text(limits::EMAIL));
        let note = fields.optional("note", kinds::text(limits::NAME));
        fields.finish(|| {
            Some(VerifyInput {
                address: address?,
                note,
            })
        })
    }
}

/// Where a letter goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostalAddress {
    /// Street, building, box: one to [`limits::ADDRESS_LINES`] lines.
    pub lines: Vec<String>,
    /// As the country writes it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State, province or canton.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Country.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<Country>,
}

impl PostalAddress {
    /// All of it in one line, for people to read.
    pub fn one_line(&self) -> String {
        let country = self.country.map(|country| country.code().to_owned());
        let parts = [
            self.postal_code.clone(),
            self.city.clone(),
            self.region.clone(),
            country,
        ];
        let lines = self.lines.iter().cloned();
        lines
            .chain(parts.into_iter().flatten())
            .collect::<Vec<_>>()
            .join(", ")
    }

    pub(crate) fn read(fields: &mut Fields<'_>) -> Option<PostalAddress> {
        let text = kinds::text(limits::ADDRESS_LINE);
        let lines = fields.values("lines", limits::ADDRESS_LINES, &text);
        if lines.is_empty() && fields.problems() == 0 {
            fields.report(
                "lines",
                "required",
                "`lines` is required: street, building or box",
            );
        }
        Some(PostalAddress {
            lines,
            postal_code: fields.optional("postal_code", &text),
            city: fields.optional("city", &text),
            region: fields.optional("region", &text),
            country: fields.optional("country", kinds::country),
        })
    }
}

/// A person or desk at a customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContactInput {
    /// Name of the person or desk.
    pub name: String,
    /// What they are asked about.
    pub role: ContactRole,
    /// For the email channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// For the SMS and voice channels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// For the letter channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal: Option<PostalAddress>,
    /// What they get, and nothing else; none: what goes to their role.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<Purpose>,
    /// The language to write to them in, where it is not the customer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
}

impl ContactInput {
    /// Reads a contact on its own.
    pub fn parse(value: &Value) -> Result<ContactInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let contact = ContactInput::read(&mut fields);
        fields.finish(|| contact)
    }

    fn read(fields: &mut Fields<'_>) -> Option<ContactInput> {
        let name = fields.required("name", kinds::text(limits::NAME));
        let role = fields.required("role", kinds::one_of(ContactRole::NAMES));
        let email = fields.optional("email", kinds::email);
        let phone = fields.optional("phone", kinds::phone);
        let postal = fields.optional_object("postal", PostalAddress::read);
        let purposes = fields.values("purposes", PURPOSES.len(), kinds::one_of(PURPOSES));
        if role == Some(ContactRole::Sales) && !purposes.is_empty() {
            let detail = "a salesperson is our own side and gets nothing of the customer's";
            fields.report("purposes", "out_of_place", detail);
        }
        let locale = fields.optional("locale", kinds::locale);
        Some(ContactInput {
            name: name?,
            role: role?,
            email,
            phone,
            postal,
            purposes,
            locale,
        })
    }
}

/// A customer as it is created or replaced. Nothing that decides about messages is defaulted: kind,
/// country, time zone, locale and currency are all required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CustomerInput {
    /// The billing system's key; the natural key of a customer.
    pub external_id: String,
    /// Name of the company or person.
    pub name: String,
    /// Business or consumer.
    pub kind: CustomerKind,
    /// Country of residence: decides which law applies.
    pub country: Country,
    /// State, province or canton where law or holidays differ by it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Where the customer's civil day passes.
    pub time_zone: Zone,
    /// Language of messages, as a BCP 47 tag.
    pub locale: String,
    /// Currency of the account.
    pub currency: Currency,
    /// Days to pay where an invoice does not say, 0 to [`limits::MAX_TERMS_DAYS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms_days: Option<u32>,
    /// In place of them: when an invoice is due that does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
    /// The most the customer may owe, in the account's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credit_limit: Option<Money>,
    /// Name of the dunning policy, where it is not the standard one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// What it is known by among its kind: pools of customers are made by them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Whether an invoice without the customer's order number will not be paid.
    pub po_required: bool,
    /// The channel to try first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_channel: Option<Channel>,
    /// Names of payment methods, the most welcome first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub preferred_payment_methods: Vec<String>,
    /// Whom to write to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub contacts: Vec<ContactInput>,
    /// Domains of its email addresses, besides those of the contacts that it was recorded with.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub known_domains: Vec<String>,
}

impl CustomerInput {
    /// Reads a customer; every problem at once.
    pub fn parse(value: &Value) -> Result<CustomerInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let external_id = fields.required("external_id", kinds::text(limits::KEY));
        let name = fields.required("name", kinds::text(limits::NAME));
        let kind = fields.required("kind", kinds::one_of(CustomerKind::NAMES));
        let country = fields.required("country", kinds::country);
        let region = fields.optional("region", kinds::text(limits::NAME));
        let time_zone = fields.required("time_zone", kinds::time_zone);
        let locale = fields.required("locale", kinds::locale);
        let currency = fields.required("currency", kinds::currency);
        let days = kinds::integer(0..=i64::from(limits::MAX_TERMS_DAYS));
        let terms_days = fields
            .optional("terms_days", days)
            .and_then(|days| u32::try_from(days).ok());
        let terms = fields.optional_object("terms", Terms::read_default);
        if fields.has("terms_days") && fields.has("terms") {
            fields.report("terms", "one_of", "a customer has either `terms_days` or `terms`");
        }
        let credit_limit = fields.optional_given("credit_limit", currency, kinds::money_in);
        if credit_limit.is_some_and(|limit| limit.is_negative()) {
            fields.report("credit_limit", "out_of_range", "a credit limit is zero or more");
        }
        let policy = fields.optional("policy", kinds::slug);
        let tags = fields.values("tags", limits::TAGS, kinds::slug);
        let po_required = fields.optional("po_required", kinds::boolean).unwrap_or(false);
        let preferred_channel = fields.optional("preferred_channel", kinds::one_of(Channel::NAMES));
        let preferred_payment_methods =
            fields.values("preferred_payment_methods", limits::METHODS, kinds::slug);
        let contacts = fields.objects("contacts", limits::CONTACTS, ContactInput::read);
        let known_domains = fields.values("known_domains", limits::DOMAINS, kinds::domain);
        fields.finish(|| {
            Some(CustomerInput {
                external_id: external_id?,
                name: name?,
                kind: kind?,
                country: country?,
                region,
                time_zone: time_zone?,
                locale: locale?,
                currency: currency?,
                terms_days,
                terms,
                credit_limit,
                policy,
                tags,
                po_required,
                preferred_channel,
                preferred_payment_methods,
                contacts,
                known_domains,
            })
        })
    }
}
