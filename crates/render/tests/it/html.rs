//! Reading HTML as far as these tests need it: its start tags, their attributes, whether everything is closed.

pub(crate) fn assert_contains(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "lacks {text:?}:\n{page}");
    }
}

/// The start tags of a page, without angle brackets. The stylesheets and values hold no raw `<`.
pub(crate) fn tags(page: &str) -> Vec<&str> {
    page.split('<')
        .skip(1)
        .map(|rest| rest.split('>').next().unwrap())
        .filter(|tag| !tag.starts_with(['/', '!']))
        .collect()
}

/// The values of an attribute in all tags.
pub(crate) fn attributes<'a>(tags: &[&'a str], name: &str) -> Vec<&'a str> {
    let start = format!(" {name}=\"");
    tags.iter()
        .filter_map(|tag| tag.split_once(&start)?.1.split('"').next())
        .collect()
}

/// Every element is closed, in order; those that HTML never closes aside.
pub(crate) fn assert_balanced(name: &str, page: &str) {
    const VOID: &[&str] = &["meta", "br", "input"];
    let mut open: Vec<&str> = Vec::new();
    for rest in page.split('<').skip(1) {
        let tag = rest.split('>').next().unwrap();
        let element = tag.trim_start_matches('/').split([' ', '\n']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(element), "{name}: </{element}>");
        } else if !tag.starts_with('!') && !tag.ends_with('/') && !VOID.contains(&element) {
            open.push(element);
        }
    }
    assert!(open.is_empty(), "{name}: never closed {open:?}");
}
