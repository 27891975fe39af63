//! The ways to pay: an address to press or to type, a code for a camera beside it, and an account to transfer to.

use receivables::payment_code::Transfer;

use crate::PaperError;
use crate::folio::{BODY, Folio, GAP, Item, Part, SMALL, STRONG};
use crate::length::Length;
use crate::qr::{self, Qr};
use crate::text::{Line, Style, plain};
use crate::words::{Word, Words};

/// Bytes of an address: what browsers and PDF readers take.
const URL: usize = 2_000;

/// What there is of ways to pay.
pub(crate) struct Pay<'a> {
    pub(crate) url: Option<&'a str>,
    pub(crate) qr: Option<&'a Qr>,
    pub(crate) transfer: Option<&'a Transfer>,
}

/// A line of the block, and what it is of.
struct Placed {
    line: Line,
    style: Style,
    of: Of,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    Heading,
    Address,
    Words,
}

/// Sets them below what is on the page, all on one.
pub(crate) fn set(folio: &mut Folio, words: Words, pay: &Pay<'_>) -> Result<(), PaperError> {
    if let Some(url) = pay.url
        && !is_address(url)
    {
        return Err(PaperError::Link(url.to_owned()));
    }
    let drawn = pay.qr.map(qr::draw).transpose()?;
    let side = drawn.as_ref().map_or(Length::ZERO, |drawn| drawn.side);
    let (left, right) = (folio.plan.left, folio.plan.right);
    let x = match side > Length::ZERO {
        true => left + side + GAP,
        false => left,
    };
    let lines = lines(folio, words, pay, right - x);
    if lines.is_empty() && drawn.is_none() {
        return Ok(());
    }
    let tall: Length = lines.iter().map(|placed| placed.style.leading()).sum();
    folio.room(tall.max(side) + GAP);
    let top = folio.y;
    if let (Some(drawn), Some(qr)) = (drawn, pay.qr) {
        // Whoever cannot see it is told what it is for.
        let said = Some(plain(&qr.caption)).filter(|caption| !caption.is_empty());
        let spot = folio.part(Part::Figure(
            said.unwrap_or_else(|| words.say(Word::Pay).to_owned()),
        ));
        let moved = drawn.squares.into_iter().map(|mut square| {
            let [x0, y0, x1, y1] = square.edges;
            square.edges = [left + x0, top + y0, left + x1, top + y1];
            square
        });
        let squares = moved.collect();
        folio.put(Item::Code { squares, spot });
    }
    let mut y = top;
    for lines in lines.chunk_by(|a, b| a.of == b.of) {
        let of = lines.first().map_or(Of::Words, |placed| placed.of);
        let spot = folio.part(match (of, pay.url) {
            (Of::Address, Some(url)) => Part::Link(url.to_owned()),
            _ => Part::Paragraph,
        });
        let mut areas = Vec::new();
        for placed in lines {
            let wide = placed.style.size.of_em(placed.line.width);
            folio.write(x, y, placed.line.clone(), placed.style, Some(spot));
            areas.push([x, y, x + wide, y + placed.style.leading()]);
            y = y + placed.style.leading();
        }
        if let (Of::Address, Some(url)) = (of, pay.url) {
            let to = url.to_owned();
            folio.put(Item::Link { areas, to, spot });
        }
    }
    folio.y = top + tall.max(side) + GAP;
    Ok(())
}

fn lines(folio: &mut Folio, words: Words, pay: &Pay<'_>, width: Length) -> Vec<Placed> {
    let mut placed = Vec::new();
    let mut add = |text: &str, style: Style, of: Of| {
        let lines = folio.setter.wrap(text, style, width, usize::MAX);
        placed.extend(lines.into_iter().map(|line| Placed { line, style, of }));
    };
    if let Some(url) = pay.url {
        add(words.say(Word::Pay), STRONG, Of::Heading);
        add(url, BODY, Of::Address);
    }
    if let Some(transfer) = pay.transfer {
        add(words.say(Word::Transfer), STRONG, Of::Heading);
        let facts = [
            (Word::Holder, Some(&transfer.name)),
            (Word::Iban, transfer.iban.as_ref()),
            (Word::Bic, transfer.bic.as_ref()),
            (Word::Upi, transfer.upi.as_ref()),
            (Word::Reference, Some(&transfer.reference)),
        ];
        for (word, value) in facts {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                add(&format!("{}: {value}", words.say(word)), BODY, Of::Words);
            }
        }
    }
    if let Some(qr) = pay.qr {
        add(&qr.caption, SMALL, Of::Words);
    }
    placed
}

/// Whether it is an http(s) address, with nothing in it that could not be pressed and typed.
fn is_address(url: &str) -> bool {
    let web = url.starts_with("https://") || url.starts_with("http://");
    web && url.len() <= URL && url.bytes().all(|byte| byte.is_ascii_graphic())
}
