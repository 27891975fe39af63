//! Rows of cells over as many pages as they need, under a header that each of them repeats.
//!
//! Bounds: a cell has at most [`CELL_LINES`] lines; a row stays on one page, and the last ones, which say the sum, on the
//! page of a row that it sums up.

use crate::folio::{Folio, Part, Spot};
use crate::length::Length;
use crate::text::{Line, Style};

/// Lines of a cell.
const CELL_LINES: usize = 3;

/// Between columns, and above and below the letters of a row.
const GUTTER: Length = Length::pt10(80);
const PAD: Length = Length::pt10(18);

/// A rule and the room beside it.
const RULE: Length = Length::pt10(25);

const fn style(bold: bool) -> Style {
    Style {
        bold,
        size: Length::pt10(90),
    }
}

/// A column.
pub(crate) struct Column {
    pub(crate) title: &'static str,
    /// Whether its cells end at their right edge, as amounts do.
    pub(crate) right: bool,
    /// Whether it takes what the others leave.
    pub(crate) takes_rest: bool,
}

/// A row.
pub(crate) struct Row {
    pub(crate) cells: Vec<String>,
    /// Whether it says what others come to: bold, under a rule, on the page of the row before it.
    pub(crate) sum: bool,
}

/// Sets a table below what is on the page.
pub(crate) fn set(folio: &mut Folio, columns: &[Column], rows: &[Row]) {
    let table = folio.part(Part::Table);
    let titles: Vec<String> = columns.iter().map(|column| column.title.to_owned()).collect();
    let widths = widths(folio, columns, &titles, rows);
    let head = cells(folio, &titles, &widths, true);
    let mut set: Vec<(Vec<Vec<Line>>, bool)> = Vec::with_capacity(rows.len());
    for row in rows {
        set.push((cells(folio, &row.cells, &widths, row.sum), row.sum));
    }
    let place = Place {
        columns,
        widths: &widths,
        table,
    };
    let heights: Vec<Length> = set.iter().map(|(cells, sum)| height(cells, *sum)).collect();
    let first = heights.first().copied().unwrap_or_default();
    let with_sums = |at: usize| -> Length {
        let after = set.iter().zip(&heights).skip(at.saturating_add(1));
        after
            .take_while(|((_, sum), _)| *sum)
            .map(|(_, height)| *height)
            .sum()
    };
    folio.room(height(&head, true) + first + with_sums(0));
    place.row(folio, head.clone(), true, Some(0));
    for (at, (cells, sum)) in set.iter().enumerate() {
        let own = heights.get(at).copied().unwrap_or_default();
        if folio.room(own + with_sums(at)) {
            // Read out once, at the table's beginning.
            place.row(folio, head.clone(), true, None);
        }
        place.row(folio, cells.clone(), *sum, Some(at.saturating_add(1)));
    }
    folio.y = folio.y + GUTTER;
}

struct Place<'a> {
    columns: &'a [Column],
    widths: &'a [Length],
    table: Spot,
}

impl Place<'_> {
    /// Places a row; without a number it is a header that is repeated. A rule goes with what is bold: below a header,
    /// above a sum.
    fn row(&self, folio: &mut Folio, cells: Vec<Vec<Line>>, bold: bool, number: Option<usize>) {
        let is_head = number.is_none_or(|number| number == 0);
        let style = style(bold);
        let tall = height(&cells, bold);
        let mut top = folio.y;
        let end = top + tall;
        if bold && !is_head {
            folio.rule(top);
            top = top + RULE;
        }
        let mut x = folio.plan.left;
        for (at, (lines, (column, width))) in cells
            .into_iter()
            .zip(self.columns.iter().zip(self.widths))
            .enumerate()
        {
            let spot = number.map(|row| Spot {
                row,
                cell: at,
                ..self.table
            });
            let mut y = top + PAD;
            for line in lines {
                match column.right {
                    true => folio.write_right(x + *width, y, line, style, spot),
                    false => folio.write(x, y, line, style, spot),
                }
                y = y + style.leading();
            }
            x = x + *width + GUTTER;
        }
        folio.y = end;
        if bold && is_head {
            folio.rule(end - RULE);
        }
    }
}

fn height(cells: &[Vec<Line>], bold: bool) -> Length {
    let lines = cells.iter().map(Vec::len).max().unwrap_or_default().max(1);
    let rule = if bold { RULE } else { Length::ZERO };
    style(bold).leading().times(i32::try_from(lines).unwrap_or(1)) + PAD.times(2) + rule
}

fn cells(folio: &mut Folio, texts: &[String], widths: &[Length], bold: bool) -> Vec<Vec<Line>> {
    let cells = texts.iter().zip(widths);
    cells
        .map(|(text, width)| folio.setter.wrap(text, style(bold), *width, CELL_LINES))
        .collect()
}

/// How wide the columns are: as wide as their widest cell, where that leaves something over for the column that takes the
/// rest; else each gets its share.
fn widths(folio: &mut Folio, columns: &[Column], titles: &[String], rows: &[Row]) -> Vec<Length> {
    let gaps = i32::try_from(columns.len().saturating_sub(1)).unwrap_or(0);
    let room = folio.plan.body_width() - GUTTER.times(gaps);
    let mut widths: Vec<Length> = Vec::with_capacity(columns.len());
    for at in 0..columns.len() {
        let in_rows = rows.iter().map(|row| (row.cells.get(at), row.sum));
        let texts = in_rows.chain([(titles.get(at), true)]);
        let mut widest = Length::ZERO;
        for (text, bold) in texts {
            let text = text.map(String::as_str).unwrap_or_default();
            let style = style(bold);
            let line = folio.setter.one_line(text, style, room);
            // A hair more, so that what fits is not broken by a rounding.
            widest = widest.max(style.size.of_em(line.width.saturating_add(1)));
        }
        widths.push(widest);
    }
    let rest_of = |widths: &[Length]| -> Length {
        let others = columns
            .iter()
            .zip(widths)
            .filter(|(column, _)| !column.takes_rest);
        room - others.map(|(_, width)| *width).sum()
    };
    let least = room.share(1, 5);
    if rest_of(&widths) < least {
        // The widest others give way.
        let count = i32::try_from(columns.len()).unwrap_or(1);
        let fair = room.share(1, count);
        for (column, width) in columns.iter().zip(&mut widths) {
            if !column.takes_rest {
                *width = (*width).min(fair);
            }
        }
    }
    let rest = rest_of(&widths);
    for (column, width) in columns.iter().zip(&mut widths) {
        if column.takes_rest {
            *width = rest;
        }
    }
    widths
}
