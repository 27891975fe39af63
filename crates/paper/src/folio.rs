//! Pages in the making: what is drawn where, and which part of the document's structure it belongs to.
//!
//! Shape: the body flows down from `y`; [`Folio::room`] begins a page where there is none left. Nothing is drawn yet:
//! when all is placed, the number of pages is known, and the foot of each can say it.
//!
//! Bounds: what its callers bound; a page takes at least one line, so that a layout always ends.

use crate::length::Length;
use crate::qr::Square;
use crate::sheet::Plan;
use crate::text::{ASCENT, Line, Setter, Style};

const fn style(bold: bool, tenths: i32) -> Style {
    Style {
        bold,
        size: Length::pt10(tenths),
    }
}

pub(crate) const BODY: Style = style(false, 100);
pub(crate) const STRONG: Style = style(true, 100);
pub(crate) const SUBJECT: Style = style(true, 120);
pub(crate) const CREDITOR: Style = style(true, 130);
pub(crate) const SMALL: Style = style(false, 80);
pub(crate) const RETURN: Style = style(false, 65);
pub(crate) const ADDRESS: Style = style(false, 90);

/// Between paragraphs.
pub(crate) const GAP: Length = Length::pt10(90);

/// The thickness of a rule; how far from the edge a fold mark begins, and its length.
const HAIR: Length = Length::pt10(5);
const EDGE: Length = Length::mm100(500);
const MARK: Length = Length::mm100(400);

/// Lines of the subject.
const TITLE_LINES: usize = 3;

/// Lines of a paragraph that stay together at its beginning and its end.
const TOGETHER: usize = 2;

/// A part of the document, in reading order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// The subject.
    Title(String),
    /// A heading below it.
    Heading(String),
    Paragraph,
    /// What leads to an address when it is pressed.
    Link(String),
    /// A picture, and what it shows in words.
    Figure(String),
    /// Rows of cells, the first of which is the header.
    Table,
}

/// Which part, and which cell of it where it is a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Spot {
    pub(crate) part: usize,
    pub(crate) row: usize,
    pub(crate) cell: usize,
}

/// What is drawn; without a spot it is no part of the document, as the foot of a page.
pub(crate) enum Item {
    Text {
        x: Length,
        baseline: Length,
        line: Line,
        size: Length,
        spot: Option<Spot>,
    },
    /// A filled rectangle: left, top, right, bottom.
    Bar([Length; 4]),
    /// The dark squares of a code.
    Code { squares: Vec<Square>, spot: Spot },
    /// Where a press leads: left, top, right, bottom of each line.
    Link {
        areas: Vec<[Length; 4]>,
        to: String,
        spot: Spot,
    },
}

/// Pages in the making.
pub(crate) struct Folio {
    pub(crate) plan: &'static Plan,
    pub(crate) setter: Setter,
    pub(crate) parts: Vec<Part>,
    pub(crate) pages: Vec<Vec<Item>>,
    /// Down to where the page is full.
    pub(crate) y: Length,
}

impl Folio {
    pub(crate) fn new(plan: &'static Plan, setter: Setter) -> Folio {
        let mut folio = Folio {
            plan,
            setter,
            parts: Vec::new(),
            pages: Vec::new(),
            y: plan.body,
        };
        folio.turn();
        folio.y = plan.body;
        folio
    }

    /// Begins a page.
    pub(crate) fn turn(&mut self) {
        self.y = self.plan.next_body;
        self.pages.push(Vec::new());
        if self.pages.len() == 1 {
            for mark in self.plan.marks {
                self.put(Item::Bar([EDGE, *mark, EDGE + MARK, *mark + HAIR]));
            }
        }
    }

    /// Sees to it that so much can be placed on the page; answers whether one was begun for it.
    pub(crate) fn room(&mut self, height: Length) -> bool {
        let full = self.y + height > self.plan.bottom && self.y > self.plan.next_body;
        if full {
            self.turn();
        }
        full
    }

    pub(crate) fn put(&mut self, item: Item) {
        if let Some(page) = self.pages.last_mut() {
            page.push(item);
        }
    }

    /// A part of its own, after those before it.
    pub(crate) fn part(&mut self, part: Part) -> Spot {
        self.parts.push(part);
        Spot {
            part: self.parts.len().saturating_sub(1),
            row: 0,
            cell: 0,
        }
    }

    /// Writes a line whose letters begin at `top`.
    pub(crate) fn write(&mut self, x: Length, top: Length, line: Line, style: Style, spot: Option<Spot>) {
        self.put(Item::Text {
            x,
            baseline: top + style.size.of_em(ASCENT),
            line,
            size: style.size,
            spot,
        });
    }

    /// The same, with its end at `right`.
    pub(crate) fn write_right(
        &mut self,
        right: Length,
        top: Length,
        line: Line,
        style: Style,
        spot: Option<Spot>,
    ) {
        let x = right - style.size.of_em(line.width);
        self.write(x, top, line, style, spot);
    }

    /// A rule across the body at `y`.
    pub(crate) fn rule(&mut self, y: Length) {
        self.put(Item::Bar([self.plan.left, y, self.plan.right, y + HAIR]));
    }

    /// A paragraph of the body; at its break neither side is left with a single line.
    pub(crate) fn paragraph(&mut self, text: &str, style: Style, part: Part) {
        let most = if matches!(part, Part::Title(_)) {
            TITLE_LINES
        } else {
            usize::MAX
        };
        let lines = self.setter.wrap(text, style, self.plan.body_width(), most);
        if lines.is_empty() {
            return;
        }
        let spot = self.part(part);
        let count = lines.len();
        for (at, line) in lines.into_iter().enumerate() {
            // How many lines must still find room below this one's top: the first takes the next along, the last but
            // one the last; a short paragraph stays whole.
            let left = count.saturating_sub(at);
            let together = match at {
                0 if count < TOGETHER.saturating_mul(2) => count,
                0 => TOGETHER,
                _ if left == TOGETHER => TOGETHER,
                _ => 1,
            };
            self.room(style.leading().times(i32::try_from(together).unwrap_or(1)));
            let (x, top) = (self.plan.left, self.y);
            self.write(x, top, line, style, Some(spot));
            self.y = top + style.leading();
        }
        self.y = self.y + GAP;
    }

    /// Writes the foot of every page, now that their number is known: who wrote, what about, and which page it is.
    pub(crate) fn feet(&mut self, left: &str, page_of: impl Fn(usize, usize) -> String) {
        let pages = self.pages.len();
        let style = SMALL;
        let top = self.plan.foot - style.size.of_em(ASCENT);
        for at in 0..pages {
            let number = page_of(at.saturating_add(1), pages);
            let number = self.setter.one_line(&number, style, self.plan.body_width());
            let taken = style.size.of_em(number.width) + GAP;
            let words = self.setter.one_line(left, style, self.plan.body_width() - taken);
            let (x, right) = (self.plan.left, self.plan.right);
            let baseline = top + style.size.of_em(ASCENT);
            let number_x = right - style.size.of_em(number.width);
            if let Some(page) = self.pages.get_mut(at) {
                for (x, line) in [(x, words), (number_x, number)] {
                    page.push(Item::Text {
                        x,
                        baseline,
                        line,
                        size: style.size,
                        spot: None,
                    });
                }
            }
        }
    }
}
