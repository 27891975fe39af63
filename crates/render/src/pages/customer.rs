//! The pages that customers see: what they owe and how to pay it, a link that does not work, and the sandbox that
//! stands in for a payment provider.

use minijinja::context;
use receivables::money::Money;
use serde::Serialize;

use super::transfer::TransferPanel;
use crate::env::Family;
use crate::locale::Locale;
use crate::{Language, Line, RenderError, amount_input, format_money, words};

static CUSTOMER: Family = Family::new(&[
    ("base.css", include_str!("../../templates/page/base.css")),
    ("sheet.css", include_str!("../../templates/page/sheet.css")),
    ("bird.svg", include_str!("../../templates/page/bird.svg")),
    ("sheet.html", include_str!("../../templates/page/sheet.html")),
    ("pay.html", include_str!("../../templates/page/pay.html")),
    (
        "transfer.html",
        include_str!("../../templates/page/transfer.html"),
    ),
    ("gone.html", include_str!("../../templates/page/gone.html")),
    ("sandbox.html", include_str!("../../templates/page/sandbox.html")),
]);

/// The page behind a payment link.
#[derive(Clone, Debug, Serialize)]
pub struct PayPage {
    /// Nonce of the page's stylesheet.
    pub nonce: String,
    /// How the customer reads and writes.
    #[serde(skip)]
    pub locale: Locale,
    /// Who is owed; leads the page.
    pub creditor_name: String,
    /// Who owes.
    pub customer_name: String,
    /// What the page can offer now.
    pub state: PayState,
    /// The invoices that the link covers and that are still open.
    pub lines: Vec<Line>,
    /// What is owed in all; what is paid unless the customer may choose.
    pub total: Money,
    /// Whether the customer may choose an amount (form field `amount`, see [`crate::read_amount`]).
    pub allow_partial: bool,
    /// The least that may be paid, where the customer may choose.
    pub minimum: Option<Money>,
    /// Where the form is posted.
    pub action: String,
    /// What the amount field shows: [`crate::amount_input`], or what was typed and refused.
    pub amount_value: String,
    /// What is wrong with what was posted: [`PayProblem::text`].
    pub error: Option<String>,
    /// What is to be known of the provider, such as that no real money moves.
    pub provider_note: Option<String>,
    /// Who the visitor can be handed over to; with several, each is a button (form field `method`).
    pub methods: Vec<PayMethod>,
    /// How to pay by bank transfer instead, where that is possible.
    pub transfer: Option<TransferPanel>,
    /// Mail address for questions.
    pub reply_to: Option<String>,
}

/// A way to pay that is a button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PayMethod {
    /// What the form says.
    pub name: &'static str,
    /// What the customer reads: [`method_name`].
    pub label: &'static str,
}

/// What a way to pay is called on the page; one that has no name here is called by what it is.
pub fn method_name(name: &str, language: Language) -> &'static str {
    let named = words::find(&format!("method_{name}"), language);
    named.unwrap_or_else(|| words::word("method_online", language))
}

/// What the pay page can offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum PayState {
    /// It can be paid.
    Open,
    /// It has been paid through this link.
    Paid {
        /// When the money was confirmed, an RFC 3339 instant.
        at: String,
    },
    /// The provider has not confirmed yet; paying again must not be offered.
    Processing,
    /// Nothing is owed any more.
    Nothing,
    /// There is no payment provider.
    Unavailable,
}

/// Why a payment was not begun, in words for [`PayPage::error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayProblem {
    /// What was typed is no amount of this currency.
    NotAnAmount {
        /// An amount to show the form by.
        example: Money,
    },
    /// Less than the link allows.
    TooLittle {
        /// The least that may be paid.
        minimum: Money,
    },
    /// More than is owed.
    TooMuch {
        /// What is owed.
        most: Money,
    },
    /// The provider did not take it.
    TryAgain,
}

impl PayProblem {
    /// The sentence that the customer reads.
    pub fn text(self, locale: impl Into<Locale>) -> String {
        let locale = locale.into();
        let (key, amount) = match self {
            Self::NotAnAmount { example } => ("not_an_amount", amount_input(example, locale)),
            Self::TooLittle { minimum } => ("too_little", format_money(minimum, locale)),
            Self::TooMuch { most } => ("too_much", format_money(most, locale)),
            Self::TryAgain => ("try_again", String::new()),
        };
        words::word(key, locale.language()).replace("{amount}", &amount)
    }
}

/// What [`PayPage::provider_note`] says where the sandbox is the provider.
pub fn sandbox_note(language: Language) -> &'static str {
    words::word("sandbox_note", language)
}

/// The sandbox provider's page.
#[derive(Clone, Debug, Serialize)]
pub struct SandboxPage {
    /// Nonce of the page's stylesheet.
    pub nonce: String,
    /// Who would be paid.
    pub creditor_name: String,
    /// What would be paid.
    pub amount: Money,
    /// The payment's reference.
    pub reference: String,
    /// Where the form is posted, with `outcome=paid` or `outcome=declined`.
    pub action: String,
    /// Where to go without deciding.
    pub cancel_url: String,
    /// How far the payment is.
    pub state: SandboxState,
    /// What is wrong with what was posted.
    pub error: Option<String>,
}

/// How far a sandbox payment is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum SandboxState {
    /// Undecided.
    Open,
    /// Paid.
    Paid {
        /// The customer's way back.
        return_url: String,
    },
    /// Declined.
    Failed {
        /// The customer's way back.
        return_url: String,
        /// Why, in a sentence.
        detail: String,
    },
}

/// What is owed and how to pay it.
///
/// # Errors
/// A context that the template cannot use: [`RenderError::Template`].
pub fn pay_page(page: &PayPage) -> Result<String, RenderError> {
    CUSTOMER.render("pay.html", page.locale, page)
}

/// The one answer to an unknown, an expired and a revoked link, so that a guess learns nothing.
///
/// # Errors
/// A template that does not render: [`RenderError::Template`].
pub fn gone_page(nonce: &str, language: Language) -> Result<String, RenderError> {
    CUSTOMER.render("gone.html", language, context! { nonce })
}

/// Where the sandbox provider asks for the outcome. English, since only developers and demos see it.
///
/// # Errors
/// A context that the template cannot use: [`RenderError::Template`].
pub fn sandbox_page(page: &SandboxPage) -> Result<String, RenderError> {
    CUSTOMER.render("sandbox.html", Language::En, page)
}
