//! Markdown, of which only the API reference is written: no other component carries its parser.

use minijinja::Environment;
use minijinja::filters;
use minijinja::value::Value;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// `prose` makes paragraphs, `inline` text within a line.
pub(crate) fn add_filters(env: &mut Environment<'static>) {
    env.add_filter("first", filters::first);
    env.add_filter("prose", |text: String| prose(&text, false));
    env.add_filter("inline", |text: String| prose(&text, true));
}

/// Markdown as HTML; HTML in it is text, and so are images. `inline`: without its paragraphs, for a table's cell.
fn prose(text: &str, inline: bool) -> Value {
    let events = Parser::new(text).filter_map(|event| match event {
        Event::Start(Tag::Paragraph) if inline => None,
        Event::End(TagEnd::Paragraph) if inline => Some(Event::Text(" ".into())),
        Event::Html(html) | Event::InlineHtml(html) => Some(Event::Text(html)),
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        other => Some(other),
    });
    let mut html = String::with_capacity(text.len().saturating_mul(2));
    pulldown_cmark::html::push_html(&mut html, events);
    Value::from_safe_string(html.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_markdown_without_html() {
        let html = |text: &str| prose(text, false).to_string();
        assert_eq!(
            html("a `b` **c**\n\nd"),
            "<p>a <code>b</code> <strong>c</strong></p>\n<p>d</p>"
        );
        assert_eq!(html("<script>x</script>"), "&lt;script&gt;x&lt;/script&gt;");
        assert_eq!(
            html("a <b onclick=x>c</b>"),
            "<p>a &lt;b onclick=x&gt;c&lt;/b&gt;</p>"
        );
        assert_eq!(html("![a](https://x.example/y)"), "<p>a</p>");
        assert_eq!(prose("a\n\nb", true).to_string(), "a b");
    }
}
