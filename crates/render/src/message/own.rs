//! A deployment's own words, laid over the shipped ones, block by block.
//!
//! Shape: own words inherit the shipped template and replace blocks of it, so that `{{ self.numbers() }}` and
//! `{{ super() }}` say what they say there. A version is for a template, a channel, a tone and a locale; the closest to a
//! message is taken.
//!
//! What bounds it: [`FUEL`], [`BLOCK_BYTES`], and the text that a rendering may make.
//!
//! What it refuses: a statement other than `if` and `for`, and multiplication: nothing in a block can call for other
//! templates, keep what it has made, or make a text grow.

use std::collections::{BTreeMap, HashSet};

use receivables::channel::Channel;
use receivables::template;
pub use receivables::template::Tone;

use super::MessageContext;
use super::shipped::MAIL;
use crate::env::text_of;
use crate::{Language, Locale, RenderError};

/// Instructions that a rendering of own words may take; a shipped message of 500 invoices takes a tenth of it.
pub(super) const FUEL: u64 = 50_000;

/// Bytes of one block's source.
pub(crate) const BLOCK_BYTES: usize = 2_000;

/// Sources by the names of the blocks that they replace.
pub type Blocks = BTreeMap<String, String>;

const MAIL_BLOCKS: &[&str] = &[
    "subject", "heading", "greeting", "opening", "request", "closing", "regards",
];

/// The blocks that messages of a channel are made of. A letter on paper is made of an email's.
pub fn block_names(channel: Channel) -> &'static [&'static str] {
    match channel {
        Channel::Email | Channel::Letter | Channel::Webhook => MAIL_BLOCKS,
        Channel::Sms => &["sms"],
        Channel::Voice => &["spoken", "voice"],
    }
}

/// Own words for one template, channel, tone and locale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// Name of the template.
    pub template: String,
    /// The channel.
    pub channel: Channel,
    /// The tone.
    pub tone: Tone,
    /// A language (`de`) or one of our locales (`de-CH`): [`canonical`].
    pub locale: String,
    /// What they replace.
    pub blocks: Blocks,
}

/// The tag that own words for a locale are kept under: that of one of our locales, or of its language alone where no
/// region is named or the region writes like the language.
pub fn canonical(locale: &str) -> String {
    let ours = Locale::of(locale);
    match ours == Locale::from(ours.language()) {
        true => ours.language().tag().to_owned(),
        false => ours.tag().to_owned(),
    }
}

/// What own words are for: template, channel, tone and locale.
pub(super) type OwnKey = (String, Channel, Tone, String);

/// Own words that could not be rendered for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// Name of the template.
    pub template: String,
    /// The channel that they were written for.
    pub channel: Channel,
    /// The tone.
    pub tone: Tone,
    /// The locale.
    pub locale: String,
    /// Why.
    pub why: String,
}

/// The words that messages are made from: the shipped set, with a deployment's own over it.
#[derive(Clone, Debug, Default)]
pub struct Chosen {
    own: BTreeMap<OwnKey, Blocks>,
    tones: BTreeMap<String, Tone>,
}

impl Chosen {
    /// The shipped set and nothing else.
    pub fn shipped() -> Self {
        Self::default()
    }

    /// The shipped set with these over it; `tones` says, by template, in which tone it speaks.
    pub fn new(own: impl IntoIterator<Item = Own>, tones: BTreeMap<String, Tone>) -> Self {
        let keyed = own
            .into_iter()
            .map(|own| ((own.template, own.channel, own.tone, own.locale), own.blocks));
        Self {
            own: keyed.collect(),
            tones,
        }
    }

    /// The tone in which a template speaks.
    pub fn tone(&self, template: &str) -> Tone {
        self.tones.get(template).copied().unwrap_or_default()
    }

    /// The tone that a message speaks in: its step's, else its template's.
    pub(super) fn tone_of(&self, message: &MessageContext) -> Tone {
        message.tone.unwrap_or_else(|| self.tone(&message.template))
    }

    /// The own words that are closest to a message: its channel (a letter falls back on an email's), then its tone, then
    /// its locale.
    pub(super) fn best(
        &self,
        channel: Channel,
        tone: Tone,
        message: &MessageContext,
    ) -> Option<(&OwnKey, &Blocks)> {
        if self.own.is_empty() {
            return None;
        }
        let channels: &[Channel] = match channel {
            Channel::Letter | Channel::Webhook => &[channel, Channel::Email],
            _ => &[channel],
        };
        let locales = [
            canonical(&message.locale),
            Language::of(&message.locale).tag().to_owned(),
        ];
        let wanted = channels.iter().flat_map(|channel| {
            let locales = &locales;
            [tone, Tone::Neutral]
                .into_iter()
                .flat_map(move |tone| locales.iter().map(move |locale| (*channel, tone, locale)))
        });
        wanted
            .filter_map(|(channel, tone, locale)| {
                let key = (message.template.clone(), channel, tone, locale.clone());
                self.own.get_key_value(&key)
            })
            .next()
    }
}

/// The shipped sources of a template's blocks for a channel; none of an unknown template.
pub fn shipped_blocks(name: &str, channel: Channel, language: Language) -> Option<Blocks> {
    template::find(name)?;
    let own = text_of(&MAIL, &format!("{name}.{}.txt", language.tag()))?;
    let base = text_of(&MAIL, &format!("closing.{}.txt", language.tag()))?;
    let blocks = block_names(channel).iter().filter_map(|block| {
        let source = block_of(own, block).or_else(|| block_of(base, block))?;
        Some(((*block).to_owned(), source.to_owned()))
    });
    Some(blocks.collect())
}

fn block_of<'a>(source: &'a str, block: &str) -> Option<&'a str> {
    let (_, rest) = source.split_once(&format!("{{% block {block} %}}"))?;
    let (text, _) = rest.split_once("endblock %}")?;
    let text = text.strip_suffix("{% ").or_else(|| text.strip_suffix("{%- "))?;
    Some(text.trim())
}

/// The template that own words are: the shipped one, with the blocks in the place of its own.
pub(super) fn source(shipped: &str, blocks: &Blocks) -> Result<String, RenderError> {
    let mut source = format!("{{% extends \"{shipped}\" %}}\n");
    for (name, text) in blocks {
        refuse(name, text)?;
        source.push_str(&format!("{{% block {name} %}}\n{text}\n{{%- endblock %}}\n"));
    }
    Ok(source)
}

const STATEMENTS: &[&str] = &["if", "elif", "else", "endif", "for", "endfor"];

/// Refuses what own words may not do, whatever it would mean to the engine.
pub(crate) fn refuse(name: &str, text: &str) -> Result<(), RenderError> {
    let wrong = |why: String| Err(RenderError::Own(format!("block {name}: {why}")));
    let known = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    if name.is_empty() || !known {
        return wrong("no block has such a name".to_owned());
    }
    if text.len() > BLOCK_BYTES {
        return wrong(format!("it is longer than {BLOCK_BYTES} bytes"));
    }
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        rest = rest.get(at.saturating_add(1)..).unwrap_or_default();
        let (end, statement) = match rest.bytes().next() {
            Some(b'%') => ("%}", true),
            Some(b'{') => ("}}", false),
            _ => continue,
        };
        if within(rest, end).contains('*') {
            return wrong("it may not multiply".to_owned());
        }
        let word = rest.trim_start_matches(['%', '-', '+', ' ', '\n', '\t', '\r']);
        let word = word
            .split(|c: char| !c.is_ascii_alphabetic())
            .next()
            .unwrap_or_default();
        if statement && !STATEMENTS.contains(&word) {
            return wrong(format!(
                "`{{% {word} %}}` is not one of {}",
                STATEMENTS.join(", ")
            ));
        }
    }
    Ok(())
}

/// What is written up to the end of a tag, read as the engine reads it: an end in quotes or in brackets is none. Of what
/// is left open, all.
fn within<'a>(tag: &'a str, end: &str) -> &'a str {
    let (mut quote, mut escaped, mut open) = (None, false, 0_i32);
    for (at, c) in tag.char_indices().skip(1) {
        match (quote, c) {
            _ if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(opened), _) if opened == c => quote = None,
            (Some(_), _) => {}
            (None, _) if open == 0 && tag.get(at..).is_some_and(|rest| rest.starts_with(end)) => {
                return tag.get(..at).unwrap_or_default();
            }
            (None, '"' | '\'') => quote = Some(c),
            (None, '(' | '[' | '{') => open = open.saturating_add(1),
            (None, ')' | ']' | '}') => open = open.saturating_sub(1),
            (None, _) => {}
        }
    }
    tag
}

/// The variables that own words name; an error where they do not parse.
pub(crate) fn variables(text: &str, locale: Locale) -> Result<HashSet<String>, RenderError> {
    let env = MAIL.environment(locale)?;
    Ok(env
        .template_from_named_str("block", text)?
        .undeclared_variables(false))
}
