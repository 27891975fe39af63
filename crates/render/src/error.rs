//! What can go wrong while rendering. None of it is a customer's doing: each is a wrong context or a wrong template.

use receivables::money::MoneyError;

/// Why nothing was rendered.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The message template is not one of [`receivables::template::TEMPLATES`].
    #[error("unknown message template {0:?}")]
    UnknownTemplate(String),
    /// The lists lack what the template is about: overdue invoices, or upcoming ones for `pre_due`.
    #[error("message template {template:?} has no {missing} invoice to speak of")]
    NothingToSay {
        /// The template asked for.
        template: String,
        /// `overdue` or `upcoming`.
        missing: &'static str,
    },
    /// A letter about a promise, and no promise.
    #[error("message template {0:?} has no promise to speak of")]
    NoPromise(String),
    /// A message that announces something, and no day for it.
    #[error("message template {0:?} announces nothing without a day")]
    NoDay(String),
    /// A notice, and not the facts that it tells.
    #[error("message template {0:?} has not the facts that it tells")]
    NoFacts(String),
    /// Own words that may not be used: see [`crate::lint`].
    #[error("{0}")]
    Own(String),
    /// The total that a message names is not the sum of the balances it lists.
    #[error("the total {given} is not the sum of the invoices listed, {listed}")]
    Total {
        /// The total of the context.
        given: String,
        /// The sum of its lines.
        listed: String,
    },
    /// The lines cannot be added up.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A template does not parse, names something the context lacks, holds a bad link, or ran out of fuel.
    #[error("{0}")]
    Template(String),
}

impl From<minijinja::Error> for RenderError {
    fn from(error: minijinja::Error) -> Self {
        // The alternate form adds the template's name, the line and the causes; it holds no context values.
        let mut text = format!("{error:#}");
        let mut cause = std::error::Error::source(&error);
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        Self::Template(text)
    }
}
