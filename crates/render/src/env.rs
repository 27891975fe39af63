//! The template environments: one a family of templates and language, parsed once for an instance's life.
//!
//! Shape: filters know their language, so a template says `{{ total|money }}` wherever it stands, macros included.
//! Instances serve requests concurrently; an environment is only read after it is built.

use std::sync::OnceLock;

use chrono::{DateTime, NaiveDate, Utc};
use minijinja::value::Value;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, default_auto_escape_callback, filters};
use serde::Serialize;

use crate::RenderError;
use crate::locale::{self, LOCALE_COUNT, Locale};
use crate::words;

/// Instructions that one rendering may take. A page of 500 rows takes less than a fifth of it.
pub const FUEL: u64 = 1_000_000;

/// Blocks and macros that may call one another before one that calls itself is stopped; a tenth is used.
const CALLS_DEEP: usize = 40;

/// Columns of a plain-text message; 78 is what RFC 5322 section 2.1.1 advises at most, less room for quoting.
const TEXT_COLUMNS: usize = 72;

/// The spaces that no line is broken at: U+00A0, and U+202F, which groups digits in French.
pub(crate) const UNBROKEN: [char; 2] = ['\u{a0}', '\u{202f}'];

/// Bytes of one text that a template makes: a message of 500 invoices takes a tenth of it.
const TEXT_BYTES: usize = 4 * 1024 * 1024;

/// A text that does not grow without end.
#[derive(Default)]
pub(crate) struct Bounded(Vec<u8>);

impl Bounded {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

impl std::io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0.len().saturating_add(bytes.len()) > TEXT_BYTES {
            return Err(std::io::Error::other("the text has grown too long"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Template names (which decide on escaping: `.html` is escaped, the rest is not) and sources.
pub(crate) type Templates = &'static [(&'static str, &'static str)];

/// Adds filters.
pub(crate) type More = fn(&mut Environment<'static>);

/// A family of templates in every locale.
pub(crate) struct Family {
    templates: Templates,
    more: More,
    /// Whether a name such as `firm.de.txt` says which language its template is for.
    by_language: bool,
    ready: [OnceLock<Environment<'static>>; LOCALE_COUNT],
}

impl Family {
    pub(crate) const fn new(templates: Templates) -> Self {
        Self::with(templates, |_| {})
    }

    /// A family whose templates are each for the language that their names say, or for all.
    pub(crate) const fn in_language(templates: Templates) -> Self {
        let mut family = Self::new(templates);
        family.by_language = true;
        family
    }

    /// A family with filters of its own, which no other carries.
    pub(crate) const fn with(templates: Templates, more: More) -> Self {
        Self {
            templates,
            more,
            by_language: false,
            ready: [const { OnceLock::new() }; LOCALE_COUNT],
        }
    }

    pub(crate) fn environment(&self, locale: Locale) -> Result<&Environment<'static>, RenderError> {
        let cell = self.ready.get(locale.index());
        let cell = cell.ok_or_else(|| RenderError::Template("a locale without a place".to_owned()))?;
        match cell.get() {
            Some(ready) => Ok(ready),
            None => {
                let built = build(self, locale)?;
                Ok(cell.get_or_init(|| built))
            }
        }
    }

    pub(crate) fn render(
        &self,
        name: &str,
        locale: impl Into<Locale>,
        page: impl Serialize,
    ) -> Result<String, RenderError> {
        Ok(self
            .environment(locale.into())?
            .get_template(name)?
            .render(page)?)
    }
}

/// The source of one of a family's templates.
pub(crate) fn text_of(family: &Family, name: &str) -> Option<&'static str> {
    let found = family.templates.iter().find(|(known, _)| *known == name);
    found.map(|(_, source)| *source)
}

fn build(family: &Family, locale: Locale) -> Result<Environment<'static>, RenderError> {
    // Without the some hundred filters, tests and functions that no template here uses: in every component that
    // renders, they would be a quarter of a megabyte.
    let mut env = Environment::empty();
    env.set_auto_escape_callback(default_auto_escape_callback);
    env.add_filter("join", join);
    env.add_filter("length", filters::length);
    env.add_filter("replace", replace);
    env.add_filter(
        "plural",
        move |count: i64, one: String, other: String| {
            if locale.is_one(count) { one } else { other }
        },
    );
    env.set_undefined_behavior(UndefinedBehavior::Strict);
    env.set_fuel(Some(FUEL));
    env.set_recursion_limit(CALLS_DEEP);
    env.set_keep_trailing_newline(true);
    env.set_trim_blocks(true);
    env.set_lstrip_blocks(true);
    env.add_global("lang", locale.language().tag());
    env.add_global("t", words::in_language(locale.language()));
    env.add_filter("money", move |value: Value| money(&value, locale));
    env.add_filter("date", move |text: String| {
        Ok::<_, Error>(crate::locale::format_date(parse_day(&text)?, locale))
    });
    env.add_filter("day", move |text: String| {
        Ok::<_, Error>(crate::locale::format_short_date(parse_day(&text)?, locale))
    });
    env.add_filter("days", move |days: i64| crate::locale::format_days(days, locale));
    env.add_filter("count", move |count: i128| {
        crate::locale::localise_decimal(&count.to_string(), locale)
    });
    env.add_filter("instant", move |text: String| {
        Ok::<_, Error>(crate::locale::format_instant(parse_instant(&text)?, locale))
    });
    env.add_filter("instant_date", move |text: String| {
        Ok::<_, Error>(crate::locale::format_date(
            parse_instant(&text)?.date_naive(),
            locale,
        ))
    });
    env.add_filter("permille", move |share: i64| permille(share, locale));
    env.add_filter("href", href);
    env.add_filter("unbroken", |text: String| text.replace(' ', "\u{a0}"));
    env.add_filter("wrap", wrap);
    (family.more)(&mut env);
    let tag = locale.language().tag();
    let elsewhere = |name: &str| name.split('.').count() == 3 && name.split('.').nth(1) != Some(tag);
    let templates = family.templates.iter();
    for (name, source) in templates.filter(|(name, _)| !(family.by_language && elsewhere(name))) {
        env.add_template(name, source)?;
    }
    Ok(env)
}

fn wrong(detail: &'static str) -> Error {
    Error::new(ErrorKind::InvalidOperation, detail)
}

/// Text that a filter makes is no longer than this, so that no expression grows without end.
const FILTERED_BYTES: usize = 64 * 1024;

fn bounded(text: String) -> Result<String, Error> {
    if text.len() > FILTERED_BYTES {
        return Err(wrong("the text has grown too long"));
    }
    Ok(text)
}

/// The values of a list as text, with `between` between them.
fn join(values: Value, between: String) -> Result<String, Error> {
    let mut joined = String::new();
    for (index, value) in values.try_iter()?.enumerate() {
        if index > 0 {
            joined.push_str(&between);
        }
        joined.push_str(&value.to_string());
        if joined.len() > FILTERED_BYTES || index > FILTERED_BYTES {
            return Err(wrong("the text has grown too long"));
        }
    }
    Ok(joined)
}

/// `text` with every `from` replaced.
fn replace(text: String, from: String, to: String) -> Result<String, Error> {
    let found = if from.is_empty() {
        0
    } else {
        text.matches(&from).count()
    };
    let grown = found.saturating_mul(to.len()).saturating_add(text.len());
    if from.is_empty() || grown > FILTERED_BYTES {
        return Err(wrong(
            "there is nothing to replace, or the text has grown too long",
        ));
    }
    bounded(text.replace(&from, &to))
}

/// Money as the contexts serialise it: `{amount, currency}`.
fn money(value: &Value, locale: Locale) -> Result<String, Error> {
    let (amount, currency) = (value.get_attr("amount")?, value.get_attr("currency")?);
    match (amount.as_str(), currency.as_str()) {
        (Some(amount), Some(code)) => Ok(locale::localise_money(amount, code, locale)),
        _ => Err(wrong("not money")),
    }
}

fn parse_day(text: &str) -> Result<NaiveDate, Error> {
    text.parse().map_err(|_| wrong("not a date"))
}

fn parse_instant(text: &str) -> Result<DateTime<Utc>, Error> {
    Ok(DateTime::parse_from_rfc3339(text)
        .map_err(|_| wrong("not an RFC 3339 instant"))?
        .to_utc())
}

/// `417` is `41.7 %`.
fn permille(share: i64, locale: impl Into<Locale>) -> String {
    let plain = format!(
        "{}.{}",
        share.wrapping_div(10),
        share.wrapping_rem(10).unsigned_abs()
    );
    format!("{}\u{a0}%", locale::localise_decimal(&plain, locale))
}

/// A link for an attribute or a text: this site's own path, or an http(s) address; anything else (`javascript:`,
/// `//elsewhere`) is an error. Escaped like any value save for the slash, which keeps addresses legible in a source.
fn href(link: &str) -> Result<Value, Error> {
    let own = link.starts_with('/') && !link.starts_with("//") && !link.starts_with("/\\");
    let web = link.starts_with("https://") || link.starts_with("http://");
    if !(own || web) || link.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(wrong("not a link to this site or to an http(s) address"));
    }
    let mut safe = String::with_capacity(link.len());
    for c in link.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#x27;"),
            other => safe.push(other),
        }
    }
    Ok(Value::from_safe_string(safe))
}

/// Paragraphs broken at words into lines of [`TEXT_COLUMNS`]; words that are longer, such as links, and
/// what is [`UNBROKEN`] stay whole.
fn wrap(text: &str) -> String {
    textwrap::fill(text, textwrap::Options::new(TEXT_COLUMNS).break_words(false)).replace(UNBROKEN, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    static FAMILY: Family = Family::with(
        &[
            ("strict.html", "{{ missing }}"),
            ("strict_if.html", "{% if missing %}x{% endif %}"),
            ("strict_field.html", "{{ page.missing }}"),
            ("escaped.html", "{{ name }}"),
            ("plain.txt", "{{ name }}"),
            (
                "endless.html",
                "{% for a in range(9999) %}{% for b in range(9999) %}{{ a + b }}{% endfor %}{% endfor %}",
            ),
        ],
        |env| env.add_function("range", minijinja::functions::range),
    );

    fn render(template: &str) -> Result<String, RenderError> {
        FAMILY.render(
            template,
            Language::En,
            minijinja::context! { name => "<b>\"O'Neil\"&co", page => minijinja::context! {} },
        )
    }

    #[test]
    fn what_the_context_lacks_is_an_error_and_not_a_blank() {
        for template in ["strict.html", "strict_if.html", "strict_field.html"] {
            let error = render(template).unwrap_err().to_string();
            assert!(error.contains("undefined") && error.contains(template), "{error}");
        }
    }

    #[test]
    fn html_is_escaped_and_text_is_not() {
        assert_eq!(
            render("escaped.html").unwrap(),
            "&lt;b&gt;&quot;O&#x27;Neil&quot;&amp;co"
        );
        assert_eq!(render("plain.txt").unwrap(), "<b>\"O'Neil\"&co");
    }

    #[test]
    fn a_template_that_does_not_end_runs_out_of_fuel() {
        let error = render("endless.html").unwrap_err().to_string();
        assert!(error.contains("fuel"), "{error}");
    }

    #[test]
    fn only_links_to_the_web_or_this_site_are_links() {
        for good in [
            "https://pay.example/pay/x?a=1&b=2",
            "http://127.0.0.1:3000/pay/x",
            "/console",
        ] {
            assert_eq!(href(good).unwrap().to_string(), good.replace('&', "&amp;"));
        }
        for bad in [
            "javascript:alert(1)",
            "//evil.example",
            "/\\evil.example",
            "data:text/html,x",
            "",
            "https://a b",
        ] {
            assert!(href(bad).is_err(), "{bad}");
        }
        assert_eq!(
            href("/a\"><script>").unwrap().to_string(),
            "/a&quot;&gt;&lt;script&gt;"
        );
    }

    #[test]
    fn shares_are_read_in_percent() {
        assert_eq!(permille(417, Language::En), "41.7\u{a0}%");
        assert_eq!(permille(1000, Language::De), "100,0\u{a0}%");
    }

    #[test]
    fn text_is_wrapped_at_words_and_links_stay_whole() {
        let link = format!("https://pay.example/{}", "x".repeat(100));
        let text = wrap(&format!("{} {link}", "word ".repeat(30)));
        assert!(
            text.lines()
                .all(|line| line == link || line.chars().count() <= TEXT_COLUMNS),
            "{text}"
        );
        assert!(text.lines().any(|line| line == link), "{text}");
    }
}
