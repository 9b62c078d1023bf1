//! Descriptions, which OpenAPI writes in CommonMark.

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd, html};

/// Renders CommonMark with its headings from level `top` down. Markup in it shows as text, and
/// links lead only to the web or into the page.
pub(super) fn markdown(text: &str, top: usize) -> String {
    let events = Parser::new_ext(text, Options::ENABLE_TABLES).map(|event| tame(event, top));
    let mut page = String::new();
    html::push_html(&mut page, events);
    page
}

fn tame(mut event: Event<'_>, top: usize) -> Event<'_> {
    if let Event::Html(markup) | Event::InlineHtml(markup) = event {
        return Event::Text(markup);
    }
    if let Event::Start(Tag::Heading { level, .. }) | Event::End(TagEnd::Heading(level)) =
        &mut event
    {
        *level = below(*level, top);
    }
    if let Event::Start(Tag::Link { dest_url, .. }) = &mut event
        && !["https://", "http://", "#", "/"]
            .iter()
            .any(|start| dest_url.starts_with(start))
    {
        *dest_url = "#".into();
    }
    event
}

/// `#` and `##` are level `top`, what lies deeper the level below it.
fn below(level: HeadingLevel, top: usize) -> HeadingLevel {
    let level = if level <= HeadingLevel::H2 {
        top
    } else {
        top + 1
    };
    HeadingLevel::try_from(level).unwrap_or(HeadingLevel::H6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_paragraphs_code_and_headings_below_the_page_s_own() {
        assert_eq!(markdown("A `b` c", 2), "<p>A <code>b</code> c</p>\n");
        assert_eq!(markdown("# A\n### B", 2), "<h2>A</h2>\n<h3>B</h3>\n");
    }

    #[test]
    fn lets_no_markup_through() {
        let page = markdown(
            "<script>x</script>\n\na <b onclick=x>b</b> [c](javascript:x)",
            2,
        );
        assert!(
            !page.contains("<script") && !page.contains("<b ") && !page.contains("javascript:")
        );
    }
}
