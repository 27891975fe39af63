//! The typefaces that are embedded, and which of them has a letter.
//!
//! Noto Sans for Latin, Greek and Cyrillic, in two weights; Noto Sans Devanagari, in one, which stands for its bold too.
//! What they were cut out of, and how, is told in `fonts/README.md`.

use harfrust::ShaperData;
use krilla::text::Font;
use skrifa::charmap::Charmap;
use skrifa::{FontRef, MetadataProvider};

use crate::PaperError;

/// One of the typefaces, by its place in [`Faces`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Face {
    Regular,
    Bold,
    Devanagari,
}

const REGULAR: &[u8] = include_bytes!("../fonts/NotoSans-Regular.ttf");
const BOLD: &[u8] = include_bytes!("../fonts/NotoSans-Bold.ttf");
const DEVANAGARI: &[u8] = include_bytes!("../fonts/NotoSansDevanagari-Regular.ttf");

/// A typeface, read.
pub(crate) struct Type {
    font: FontRef<'static>,
    shaper: ShaperData,
    letters: Charmap<'static>,
    embedded: Font,
}

impl Type {
    fn read(bytes: &'static [u8]) -> Result<Type, PaperError> {
        let font = FontRef::new(bytes).map_err(|error| PaperError::Font(error.to_string()))?;
        let embedded = Font::new(bytes.into(), 0);
        Ok(Type {
            shaper: ShaperData::new(&font),
            letters: font.charmap(),
            embedded: embedded.ok_or_else(|| PaperError::Font("cannot be embedded".to_owned()))?,
            font,
        })
    }

    /// What gives its letters their shapes and places.
    pub(crate) fn shaper(&self) -> harfrust::Shaper<'_> {
        self.shaper.shaper(&self.font).build()
    }

    /// Whether it has that letter.
    pub(crate) fn has(&self, letter: char) -> bool {
        self.letters.map(letter).is_some()
    }

    /// As the PDF writer takes it.
    pub(crate) fn embedded(&self) -> Font {
        self.embedded.clone()
    }
}

/// All of them.
pub(crate) struct Faces {
    regular: Type,
    bold: Type,
    devanagari: Type,
}

impl Faces {
    /// Reads them: a few microseconds each, since tables are looked at where they lie.
    pub(crate) fn read() -> Result<Faces, PaperError> {
        Ok(Faces {
            regular: Type::read(REGULAR)?,
            bold: Type::read(BOLD)?,
            devanagari: Type::read(DEVANAGARI)?,
        })
    }

    pub(crate) fn of(&self, face: Face) -> &Type {
        match face {
            Face::Regular => &self.regular,
            Face::Bold => &self.bold,
            Face::Devanagari => &self.devanagari,
        }
    }
}
