//! What every sheet has around its words: the creditor's head, the address in its window, date and reference, the
//! subject, and the feet of the pages.

use chrono::NaiveDate;

use crate::folio::{ADDRESS, BODY, CREDITOR, Folio, Part, RETURN, SMALL, SUBJECT};
use crate::fonts::Faces;
use crate::length::Length;
use crate::pdf::{self, About};
use crate::sheet::Sheet;
use crate::text::{Setter, plain};
use crate::words::{Word, Words};
use crate::{PaperError, Printed};

/// Lines of the creditor's head below its name, beyond which there is no room above the address.
const HEAD_LINES: usize = 5;

/// Lines of it that the post needs to bring a letter back: name, street, town.
const RETURN_LINES: usize = 3;

/// Letters of the title that the document gives itself. A string of PDF/A-2 has at most 32,767 bytes.
const TITLE: usize = 500;

/// Between what is said in the head and in the feet of pages.
const DOT: &str = " · ";

pub(crate) struct Frame<'a> {
    pub(crate) words: Words,
    pub(crate) sheet: Sheet,
    pub(crate) creditor: &'a [String],
    pub(crate) addressee: &'a [String],
    pub(crate) dated: NaiveDate,
    pub(crate) reference: &'a str,
    pub(crate) subject: &'a str,
}

impl Frame<'_> {
    /// The lines that say something.
    fn lines(lines: &[String]) -> Vec<String> {
        let lines = lines.iter().map(|line| plain(line));
        lines.filter(|line| !line.is_empty()).collect()
    }
}

/// The first page with all that is above its body.
pub(crate) fn begin(frame: &Frame<'_>) -> Result<Folio, PaperError> {
    let plan = frame.sheet.plan();
    let mut folio = Folio::new(plan, Setter::new(Faces::read()?));
    let creditor = Frame::lines(frame.creditor);
    head(&mut folio, &creditor);
    if let Some(baseline) = plan.return_line {
        let sender: Vec<&str> = creditor.iter().take(RETURN_LINES).map(String::as_str).collect();
        let line = folio
            .setter
            .one_line(&sender.join(DOT), RETURN, plan.address_width);
        // Said in the head already: whoever has it read out hears it once.
        folio.write(plan.address.0, baseline - RETURN.size, line, RETURN, None);
    }
    address(&mut folio, &Frame::lines(frame.addressee));
    facts(&mut folio, frame);
    folio.y = plan.body;
    let title = title(frame.subject);
    folio.paragraph(frame.subject, SUBJECT, Part::Title(title));
    Ok(folio)
}

fn head(folio: &mut Folio, creditor: &[String]) {
    let (x, width) = (folio.plan.left, folio.plan.body_width());
    let mut top = folio.plan.head;
    for (at, text) in creditor.iter().take(HEAD_LINES.saturating_add(1)).enumerate() {
        let style = if at == 0 { CREDITOR } else { SMALL };
        let line = folio.setter.one_line(text, style, width);
        let spot = folio.part(Part::Paragraph);
        folio.write(x, top, line, style, Some(spot));
        top = top + style.leading();
    }
}

/// The address. What has more lines than the window loses those between its first lines and its last one, which is the
/// town or the country.
fn address(folio: &mut Folio, addressee: &[String]) {
    let plan = folio.plan;
    let (x, mut top) = plan.address;
    let most = plan.address_lines;
    let shown: Vec<&String> = match addressee.split_last() {
        Some((last, first)) if addressee.len() > most => {
            first.iter().take(most.saturating_sub(1)).chain([last]).collect()
        }
        _ => addressee.iter().collect(),
    };
    let spot = folio.part(Part::Paragraph);
    for text in shown {
        let line = folio.setter.one_line(text, ADDRESS, plan.address_width);
        folio.write(x, top, line, ADDRESS, Some(spot));
        top = top + ADDRESS.leading();
    }
}

fn facts(folio: &mut Folio, frame: &Frame<'_>) {
    let words = frame.words;
    let facts = [
        (Word::Date, words.date(frame.dated)),
        (Word::Reference, frame.reference.to_owned()),
    ];
    let (x, mut top) = folio.plan.facts;
    let width = folio.plan.right - x;
    for (word, value) in facts {
        if plain(&value).is_empty() {
            continue;
        }
        let spot = folio.part(Part::Paragraph);
        let label = folio.setter.one_line(words.say(word), SMALL, width);
        folio.write(x, top, label, SMALL, Some(spot));
        top = top + SMALL.leading();
        for line in folio.setter.wrap(&value, BODY, width, 2) {
            folio.write(x, top, line, BODY, Some(spot));
            top = top + BODY.leading();
        }
        top = top + Length::pt10(40);
    }
}

/// The subject, as the document's title and the name of its heading; neither may be empty.
fn title(subject: &str) -> String {
    let title: String = plain(subject).chars().take(TITLE).collect();
    if title.is_empty() { "-".to_owned() } else { title }
}

/// Numbers the pages and writes them.
pub(crate) fn finish(mut folio: Folio, frame: &Frame<'_>) -> Result<Printed, PaperError> {
    let creditor = Frame::lines(frame.creditor);
    let name = creditor.first().map(String::as_str).unwrap_or_default();
    let words = frame.words;
    let foot: Vec<&str> = [name, frame.reference]
        .into_iter()
        .filter(|text| !text.is_empty())
        .collect();
    folio.feet(&foot.join(DOT), |page, pages| words.page(page, pages));
    let pdf = pdf::write(
        &folio,
        &About {
            title: &title(frame.subject),
            author: &title(name),
            language: words.0.tag(),
            dated: frame.dated,
        },
    )?;
    Ok(Printed {
        pdf,
        pages: folio.pages.len(),
        missing: folio.setter.missing(),
    })
}
