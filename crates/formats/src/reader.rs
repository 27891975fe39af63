//! Values out of elements, with every problem noted at its place.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::xml::Element;
use receivables::currency::Currency;
use receivables::fields::{FieldError, Problem, kinds};
use receivables::limits;
use receivables::money::Money;

/// Collects problems while values are read. `None` from a `required_` method means that one was noted.
#[derive(Default)]
pub(crate) struct Reader {
    /// What makes the document unusable.
    pub(crate) errors: Vec<FieldError>,
    /// What does not.
    pub(crate) remarks: Vec<FieldError>,
    /// Whether every amount states its currency, as the syntax has it; one that is stated is always compared.
    pub(crate) currency_on_amounts: bool,
}

impl Reader {
    pub(crate) fn report(&mut self, path: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        if self.errors.len() < limits::PROBLEMS {
            self.errors.push(FieldError::new(path, code, detail));
        }
    }

    pub(crate) fn missing(&mut self, element: &Element<'_, '_>, path: &str) {
        let name = path.rsplit('/').next().unwrap_or(path);
        self.report(
            format!("{}/{path}", element.path()),
            "required",
            format!("`{name}` is required"),
        );
    }

    /// The text at a path, cut to what a field may hold.
    pub(crate) fn text(&mut self, element: &Element<'_, '_>, path: &str, most: usize) -> Option<String> {
        let found = element.find(path)?;
        let text = found.text()?;
        // Documents break lines within an element as they please; a field has one line.
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        self.value(found.path(), kinds::text_in(&line, most))
    }

    pub(crate) fn required_text(
        &mut self,
        element: &Element<'_, '_>,
        path: &str,
        most: usize,
    ) -> Option<String> {
        if element.find(path).and_then(|found| found.text()).is_none() {
            self.missing(element, path);
        }
        self.text(element, path, most)
    }

    /// The text at the first of several paths that has one.
    pub(crate) fn first_text(
        &mut self,
        element: &Element<'_, '_>,
        paths: &[&str],
        most: usize,
    ) -> Option<String> {
        paths.iter().find_map(|path| self.text(element, path, most))
    }

    /// The date at a path. An XML date may carry an offset; the civil day is what stands before it.
    pub(crate) fn date(&mut self, element: &Element<'_, '_>, path: &str) -> Option<NaiveDate> {
        let found = element.find(path)?;
        let text = found.text()?;
        let (day, offset) = text.split_at_checked(10).unwrap_or((&text, ""));
        let read = if is_offset(offset) {
            kinds::date_in(day)
        } else {
            kinds::date_in(&text)
        };
        self.value(found.path(), read)
    }

    pub(crate) fn required_date(&mut self, element: &Element<'_, '_>, path: &str) -> Option<NaiveDate> {
        if element.find(path).and_then(|found| found.text()).is_none() {
            self.missing(element, path);
        }
        self.date(element, path)
    }

    pub(crate) fn required_currency(&mut self, element: &Element<'_, '_>, path: &str) -> Option<Currency> {
        let text = self.required_text(element, path, limits::SLUG)?;
        self.value(
            &format!("{}/{path}", element.path()),
            Currency::parse(&text).map_err(Problem::from),
        )
    }

    /// The amount at a path, which is in the document's currency and says so.
    pub(crate) fn amount(
        &mut self,
        element: &Element<'_, '_>,
        path: &str,
        currency: Option<Currency>,
    ) -> Option<Money> {
        let found = element.find(path)?;
        let text = found.text()?;
        let stated = found.attribute("currencyID");
        let place = format!("{}/@currencyID", found.path());
        let currency = match (currency, stated) {
            (_, None) if self.currency_on_amounts => {
                self.report(place, "required", "an amount states its currency");
                return None;
            }
            // The document's own currency is wrong or missing, and that has been said.
            (None, _) => return None,
            (Some(currency), None) => currency,
            (Some(currency), Some(stated)) if currency.code() == stated => currency,
            (Some(currency), Some(stated)) => {
                let stated: String = stated.chars().take(limits::SLUG).collect();
                let detail = format!("the amount is in {stated}, the document in {currency}");
                self.report(place, "currency_mismatch", detail);
                return None;
            }
        };
        self.value(
            found.path(),
            Money::parse_exact(&text, currency).map_err(Problem::from),
        )
    }

    pub(crate) fn required_amount(
        &mut self,
        element: &Element<'_, '_>,
        path: &str,
        currency: Option<Currency>,
    ) -> Option<Money> {
        if element.find(path).and_then(|found| found.text()).is_none() {
            self.missing(element, path);
        }
        self.amount(element, path, currency)
    }

    pub(crate) fn quantity(&mut self, element: &Element<'_, '_>, path: &str) -> Option<Decimal> {
        let found = element.find(path)?;
        let text = found.text()?;
        self.value(found.path(), kinds::quantity_in(&text))
    }

    /// A value, or a noted problem.
    pub(crate) fn value<T>(&mut self, path: &str, read: Result<T, Problem>) -> Option<T> {
        read.map_err(|problem| self.report(path, problem.code, problem.detail))
            .ok()
    }

    /// A value the document is good without: what is wrong with it is a remark.
    pub(crate) fn nice<T>(
        &mut self,
        element: &Element<'_, '_>,
        path: &str,
        read: impl FnOnce(&str) -> Result<T, Problem>,
    ) -> Option<T> {
        let found = element.find(path)?;
        let text = found.text()?;
        read(&text)
            .map_err(|problem| self.remark(found.path(), problem))
            .ok()
    }

    /// Notes what is wrong but does not make the document unusable.
    pub(crate) fn remark(&mut self, path: impl Into<String>, problem: Problem) {
        if self.remarks.len() < limits::PROBLEMS {
            self.remarks
                .push(FieldError::new(path, problem.code, problem.detail));
        }
    }
}

/// `Z` or `+01:00`, as an XML Schema date may end in.
fn is_offset(text: &str) -> bool {
    let shaped = |sign_and_time: &str| {
        sign_and_time.len() == 6
            && sign_and_time.starts_with(['+', '-'])
            && sign_and_time
                .bytes()
                .skip(1)
                .enumerate()
                .all(|(at, b)| if at == 2 { b == b':' } else { b.is_ascii_digit() })
    };
    text == "Z" || shaped(text)
}
