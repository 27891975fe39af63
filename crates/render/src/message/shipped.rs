//! The shipped words: every template in every language, and the layouts that place them.

use crate::env::Family;

/// The files of the names, each in the five languages, and the two layouts.
macro_rules! in_every_language {
    ($($name:literal)*) => {
        &[
            $(
                in_every_language!(one $name "en"),
                in_every_language!(one $name "de"),
                in_every_language!(one $name "fr"),
                in_every_language!(one $name "es"),
                in_every_language!(one $name "hi"),
            )*
            ("mail.txt", include_str!("../../templates/mail/mail.txt")),
            ("mail.html", include_str!("../../templates/mail/mail.html")),
        ]
    };
    (one $name:literal $language:literal) => {
        (
            concat!($name, ".", $language, ".txt"),
            include_str!(concat!("../../templates/mail/", $name, ".", $language, ".txt")),
        )
    };
}

/// What every template of a language inherits: `closing`. The environments of one language hold those of all five, of
/// which only its own are ever compiled: [`Family::in_language`].
pub(super) static MAIL: Family = Family::in_language(in_every_language!(
    "closing"
    "pre_due"
    "friendly"
    "firm"
    "final"
    "late_fee"
    "suspension_warning"
    "suspended"
    "reinstated"
    "hand_over_notice"
    "promise_confirmation"
    "promise_reminder"
    "promise_broken"
    "plan"
    "dispute_received"
    "dispute_decided"
    "order_confirmation"
    "payment_received"
    "statement"
    "document_request"
    "internal_notice"
));
