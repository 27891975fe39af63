//! Plans as they come in.
//!
//! Source: Dunlin's own API.

use serde_json::Value;

use super::{Equal, Frequency, Instalment, Terms};
use crate::currency::Currency;
use crate::fields::{FieldError, Fields, kinds};
use crate::id::InvoiceId;
use crate::intake::CustomerRef;
use crate::limits;
use crate::promise::{grace_days, invoices};

/// A plan as it comes in: exactly one of `equal`, `instalments` and `settlement`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanInput {
    /// Whose debt.
    pub customer: CustomerRef,
    /// Which of it; none means all that the account owes.
    pub invoices: Vec<InvoiceId>,
    /// The account's currency, where neither an amount nor an invoice tells it.
    pub currency: Option<Currency>,
    /// How it is to be paid.
    pub terms: Terms,
    /// Days of grace; none means the policy's.
    pub grace_days: Option<u32>,
    /// What was said.
    pub note: Option<String>,
}

const FREQUENCIES: &[(&str, Option<Frequency>)] = &[
    ("weekly", Some(Frequency::Weekly)),
    ("monthly", Some(Frequency::Monthly)),
    ("days", None),
];

impl Instalment {
    fn read(fields: &mut Fields<'_>) -> Option<Instalment> {
        let due_date = fields.required("due_date", kinds::date);
        let amount = fields.required("amount", kinds::positive_money);
        Some(Instalment {
            due_date: due_date?,
            amount: amount?,
        })
    }
}

impl Equal {
    fn read(fields: &mut Fields<'_>) -> Option<Equal> {
        let most = i64::try_from(limits::PLAN_INSTALMENTS).unwrap_or(i64::MAX);
        let count = fields.required("count", kinds::integer(2..=most));
        let frequency = fields.required("frequency", kinds::one_of(FREQUENCIES));
        let days = fields.optional("days", kinds::integer(limits::INSTALMENT_EVERY_DAYS));
        let first_due_date = fields.required("first_due_date", kinds::date);
        match frequency {
            Some(None) if !fields.has("days") => {
                fields.report("days", "required", "how many days lie between two instalments");
            }
            Some(Some(_)) if fields.has("days") => {
                fields.report(
                    "days",
                    "not_allowed",
                    "`days` has a meaning only with the frequency `days`",
                );
            }
            _ => {}
        }
        let every = || Some(Frequency::Days(u32::try_from(days?).ok()?));
        Some(Equal {
            count: u32::try_from(count?).ok()?,
            frequency: frequency?.or_else(every)?,
            first_due_date: first_due_date?,
        })
    }
}

impl PlanInput {
    /// Reads a plan; every problem at once.
    pub fn parse(value: &Value) -> Result<PlanInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let customer = fields.object("customer", CustomerRef::read);
        let invoices = invoices(&mut fields);
        let currency = fields.optional("currency", kinds::currency);
        let forms = ["equal", "instalments", "settlement"];
        let given = forms.iter().filter(|form| fields.has(form)).count();
        let is_free = fields.has("instalments");
        let equal = fields.optional_object("equal", Equal::read);
        let before = fields.problems();
        let free = fields.objects("instalments", limits::PLAN_INSTALMENTS, Instalment::read);
        let readable = fields.problems() == before;
        let settlement = fields.optional_object("settlement", Instalment::read);
        if given != 1 {
            let detail = "a plan has either `equal` instalments, free `instalments` or a `settlement`";
            fields.report("", "one_of", detail);
        }
        if is_free && free.is_empty() {
            fields.report("instalments", "required", "a plan has at least one instalment");
        }
        // Where one cannot be read, the places of the others are not theirs.
        for (at, pair) in free.windows(2).enumerate().filter(|_| readable) {
            if let [earlier, later] = pair
                && later.due_date <= earlier.due_date
            {
                let place = format!("instalments/{}/due_date", at.saturating_add(1));
                let detail = format!("{} does not come after {}", later.due_date, earlier.due_date);
                fields.report(&place, "unordered", detail);
            }
        }
        let grace_days = grace_days(&mut fields);
        let note = fields.optional("note", kinds::lines(limits::TEXT));
        fields.finish(|| {
            let free = Some(free).filter(|_| is_free).map(Terms::Free);
            let terms = equal
                .map(Terms::Equal)
                .or(settlement.map(Terms::Settlement))
                .or(free)?;
            let told = match &terms {
                Terms::Equal(_) => None,
                Terms::Free(parts) => parts.first().map(|part| part.amount.currency()),
                Terms::Settlement(part) => Some(part.amount.currency()),
            };
            Some(PlanInput {
                customer: customer?,
                invoices,
                currency: currency.or(told),
                terms,
                grace_days,
                note,
            })
        })
    }
}
