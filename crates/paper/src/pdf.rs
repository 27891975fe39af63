//! From pages of items to the bytes of a PDF.
//!
//! What comes out is PDF/A-2a and PDF/UA-1: every typeface embedded, in subsets, with the Unicode of each glyph; a title,
//! a language and a date; every part tagged, in reading order, tables as tables. The writer refuses to write what breaks
//! either. Nothing in it is random and no clock is read: the same pages are the same bytes.
//!
//! Source: ISO 19005-2, level A; ISO 14289-1; the crate `krilla`, which checks both.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU16;
use std::ops::Range;

use chrono::{Datelike, NaiveDate};
use krilla::action::{Action, LinkAction};
use krilla::annotation::{Annotation, LinkAnnotation, Target};
use krilla::color::luma;
use krilla::configure::{Accessibility, Archival, ConfigurationBuilder};
use krilla::destination::XyzDestination;
use krilla::geom::{Path, PathBuilder, Point, Quadrilateral, Rect};
use krilla::metadata::{DateTime, Metadata};
use krilla::outline::{Outline, OutlineNode};
use krilla::page::PageSettings;
use krilla::paint::Fill;
use krilla::surface::Surface;
use krilla::tagging::{
    Artifact, ArtifactType, ContentTag, Identifier, Node, SpanTag, TableHeaderScope, Tag, TagGroup, TagTree,
};
use krilla::text::GlyphId;
use krilla::{Document, SerializeSettings};

use crate::PaperError;
use crate::folio::{Folio, Item, Part, Spot};
use crate::fonts::Faces;
use crate::length::Length;
use crate::qr::Square;
use crate::text::{Glyph, Line, Run};

/// What a document says of itself.
pub(crate) struct About<'a> {
    pub(crate) title: &'a str,
    pub(crate) author: &'a str,
    pub(crate) language: &'static str,
    pub(crate) dated: NaiveDate,
}

/// What was drawn for each spot.
type Drawn = BTreeMap<Spot, Vec<Node>>;

pub(crate) fn write(folio: &Folio, about: &About<'_>) -> Result<Vec<u8>, PaperError> {
    let configuration = ConfigurationBuilder::new()
        .with_archival_validator(Archival::A2_A)
        .with_accessibility_validator(Accessibility::UA1)
        .finish()
        .map_err(|error| PaperError::Pdf(format!("{error:?}")))?;
    let mut document = Document::new_with(SerializeSettings {
        configuration,
        ..SerializeSettings::default()
    });
    let plan = folio.plan;
    let mut drawn = Drawn::new();
    for items in &folio.pages {
        let settings = PageSettings::from_wh(plan.width.points(), plan.height.points());
        let settings = settings.ok_or_else(|| PaperError::Pdf("a page without a size".to_owned()))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for item in items {
            draw(&mut surface, &folio.setter.faces, item, &mut drawn);
        }
        surface.finish();
        for item in items {
            if let Item::Link { areas, to, spot } = item
                && !areas.is_empty()
            {
                let quads = areas.iter().map(|area| quadrilateral(*area)).collect();
                let target = Target::Action(Action::Link(LinkAction::new(to.clone())));
                let link = LinkAnnotation::new_with_quad_points(quads, target);
                let id = page.add_tagged_annotation(Annotation::new_link(link, Some(to.clone())));
                drawn.entry(*spot).or_default().push(id.into());
            }
        }
        page.finish();
    }
    document.set_tag_tree(tree(&folio.parts, drawn).with_lang(Some(about.language.to_owned())));
    document.set_outline(outline(folio, about));
    document.set_metadata(metadata(about));
    document
        .finish()
        .map_err(|error| PaperError::Pdf(format!("{error}: {error:?}")))
}

fn metadata(about: &About<'_>) -> Metadata {
    let year = u16::try_from(about.dated.year()).unwrap_or_default();
    let month = u8::try_from(about.dated.month()).unwrap_or(1);
    let day = u8::try_from(about.dated.day()).unwrap_or(1);
    let dated = DateTime::new(year).month(month).day(day).utc_offset_hour(0);
    Metadata::new()
        .title(about.title.to_owned())
        .authors(vec![about.author.to_owned()])
        .creator("Dunlin".to_owned())
        .language(about.language.to_owned())
        .creation_date(dated)
}

/// The one entry of the outline: the document itself.
fn outline(folio: &Folio, about: &About<'_>) -> Outline {
    let top = Point::from_xy(0.0, folio.plan.body.points());
    let mut outline = Outline::new();
    outline.push_child(OutlineNode::new(
        about.title.to_owned(),
        XyzDestination::new(0, top),
    ));
    outline
}

fn draw(surface: &mut Surface<'_>, faces: &Faces, item: &Item, drawn: &mut Drawn) {
    match item {
        Item::Text {
            x,
            baseline,
            line,
            size,
            spot,
        } => {
            let id = match spot {
                Some(_) => surface.start_tagged(ContentTag::Span(SpanTag::empty())),
                None => surface.start_tagged(artifact(ArtifactType::Footer)),
            };
            text(surface, faces, *x, *baseline, line, *size);
            surface.end_tagged();
            keep(drawn, *spot, id);
        }
        Item::Bar(edges) => {
            surface.start_tagged(artifact(ArtifactType::Layout));
            let bar = Square {
                edges: *edges,
                dark: true,
            };
            fill(surface, [&bar].into_iter(), 0);
            surface.end_tagged();
        }
        Item::Code { squares, spot } => {
            let id = surface.start_tagged(ContentTag::Other);
            // In order: what is white lies on what is dark before it.
            for squares in squares.chunk_by(|a, b| a.dark == b.dark) {
                let dark = squares.first().is_some_and(|square| square.dark);
                fill(surface, squares.iter(), if dark { 0 } else { 255 });
            }
            surface.end_tagged();
            keep(drawn, Some(*spot), id);
        }
        Item::Link { .. } => {}
    }
}

fn artifact(kind: ArtifactType) -> ContentTag<'static> {
    ContentTag::Artifact(Artifact::with_kind(kind))
}

fn keep(drawn: &mut Drawn, spot: Option<Spot>, id: Identifier) {
    if let Some(spot) = spot {
        drawn.entry(spot).or_default().push(id.into());
    }
}

fn text(surface: &mut Surface<'_>, faces: &Faces, x: Length, baseline: Length, line: &Line, size: Length) {
    surface.set_fill(Some(shade(0)));
    let mut x = x;
    for run in &line.runs {
        let glyphs = shown(run);
        let start = Point::from_xy(x.points(), baseline.points());
        let font = faces.of(run.face).embedded();
        surface.draw_glyphs(start, &glyphs, font, &run.text, size.points(), false);
        let advances = run.glyphs.iter().map(|glyph| glyph.advance);
        x = x + size.of_em(advances.fold(0i32, i32::saturating_add));
    }
}

fn shade(lightness: u8) -> Fill {
    Fill {
        paint: luma::Color::new(lightness).into(),
        ..Fill::default()
    }
}

fn fill<'a>(surface: &mut Surface<'_>, squares: impl Iterator<Item = &'a Square>, lightness: u8) {
    if let Some(path) = path(squares) {
        surface.set_fill(Some(shade(lightness)));
        surface.draw_path(&path);
    }
}

fn path<'a>(squares: impl Iterator<Item = &'a Square>) -> Option<Path> {
    let mut path = PathBuilder::new();
    for square in squares {
        let [left, top, right, bottom] = square.edges.map(Length::points);
        if let Some(rectangle) = Rect::from_ltrb(left, top, right, bottom) {
            path.push_rect(rectangle);
        }
    }
    path.finish()
}

fn quadrilateral([left, top, right, bottom]: [Length; 4]) -> Quadrilateral {
    let corner = |x: Length, y: Length| Point::from_xy(x.points(), y.points());
    Quadrilateral([
        corner(left, bottom),
        corner(right, bottom),
        corner(right, top),
        corner(left, top),
    ])
}

/// A glyph as the writer asks for it.
struct Shown<'a> {
    glyph: &'a Glyph,
    shows: Range<usize>,
}

/// A run's glyphs. Where a cluster takes several, as Devanagari's often do, the whole word is told as one: a reader that
/// takes text out judges by places, and finds a gap beside a mark that stands below its letter.
fn shown(run: &Run) -> Vec<Shown<'_>> {
    let mut crowded = BTreeSet::new();
    for cluster in run.glyphs.chunk_by(|a, b| a.shows == b.shows) {
        if let [first, _, ..] = cluster {
            crowded.insert(word_about(&run.text, first.shows.start).start);
        }
    }
    let glyphs = run.glyphs.iter().map(|glyph| {
        let word = word_about(&run.text, glyph.shows.start);
        let shows = match crowded.contains(&word.start) && !word.is_empty() {
            true => word,
            false => glyph.shows.clone(),
        };
        Shown { glyph, shows }
    });
    glyphs.collect()
}

/// The word around a place; nothing where a space is.
fn word_about(text: &str, at: usize) -> Range<usize> {
    let (before, after) = text.split_at_checked(at).unwrap_or((text, ""));
    let from = before.rfind(' ').map_or(0, |space| space.saturating_add(1));
    let to = after
        .find(' ')
        .map_or(text.len(), |space| at.saturating_add(space));
    if after.starts_with(' ') { at..at } else { from..to }
}

impl Shown<'_> {
    #[allow(
        clippy::float_arithmetic,
        reason = "the writer asks for measures at a size, as floats; they are only written"
    )]
    fn at(thousandths: i32, size: f32) -> f32 {
        Length::of_thousandths(thousandths).points() * size
    }
}

impl krilla::text::Glyph for Shown<'_> {
    fn glyph_id(&self) -> GlyphId {
        GlyphId::new(self.glyph.id)
    }

    fn text_range(&self) -> Range<usize> {
        self.shows.clone()
    }

    fn x_advance(&self, size: f32) -> f32 {
        Self::at(self.glyph.advance, size)
    }

    fn x_offset(&self, size: f32) -> f32 {
        Self::at(self.glyph.dx, size)
    }

    fn y_offset(&self, size: f32) -> f32 {
        Self::at(self.glyph.dy, size)
    }

    fn y_advance(&self, size: f32) -> f32 {
        Self::at(0, size)
    }

    fn location(&self) -> Option<krilla::surface::Location> {
        None
    }
}

/// The document's structure: its parts in order, each with what was drawn of it.
fn tree(parts: &[Part], mut drawn: Drawn) -> TagTree {
    let mut tree = TagTree::new();
    for (number, part) in parts.iter().enumerate() {
        let after = Spot {
            part: number.saturating_add(1),
            row: 0,
            cell: 0,
        };
        let later = drawn.split_off(&after);
        let own = std::mem::replace(&mut drawn, later);
        let group = match part {
            Part::Table => table(own),
            part => {
                let nodes = own.into_values().flatten().collect();
                match part {
                    Part::Title(title) => {
                        TagGroup::with_children(Tag::Hn(level(1), Some(title.clone())), nodes)
                    }
                    Part::Heading(title) => {
                        TagGroup::with_children(Tag::Hn(level(2), Some(title.clone())), nodes)
                    }
                    Part::Link(_) => TagGroup::with_children(Tag::Link, nodes),
                    Part::Figure(alt) => TagGroup::with_children(Tag::Figure(Some(alt.clone())), nodes),
                    Part::Paragraph | Part::Table => TagGroup::with_children(Tag::P, nodes),
                }
            }
        };
        if !group.children.is_empty() {
            match part {
                Part::Link(_) => tree.push(TagGroup::with_children(Tag::P, vec![group.into()])),
                _ => tree.push(group),
            }
        }
    }
    tree
}

fn level(level: u16) -> NonZeroU16 {
    NonZeroU16::new(level).unwrap_or(NonZeroU16::MIN)
}

fn table(cells: Drawn) -> TagGroup {
    let mut rows: BTreeMap<usize, Vec<Node>> = BTreeMap::new();
    for (spot, nodes) in cells {
        let cell = match spot.row {
            0 => TagGroup::with_children(Tag::TH(TableHeaderScope::Column), nodes),
            _ => TagGroup::with_children(Tag::TD, nodes),
        };
        rows.entry(spot.row).or_default().push(cell.into());
    }
    let row = |cells: Vec<Node>| Node::from(TagGroup::with_children(Tag::TR, cells));
    let head = rows.remove(&0).map(row);
    let body: Vec<Node> = rows.into_values().map(row).collect();
    let mut table = TagGroup::new(Tag::Table);
    if let Some(head) = head {
        table.push(TagGroup::with_children(Tag::THead, vec![head]));
    }
    if !body.is_empty() {
        table.push(TagGroup::with_children(Tag::TBody, body));
    }
    table
}
