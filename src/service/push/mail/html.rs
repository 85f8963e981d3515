//! The text of an HTML mail, as a person sees it where a line breaks and where not: cells and blocks stand apart, so that no
//! number runs into the next, and spans do not, since codes are often painted digit by digit. It is no browser: it knows neither
//! style nor script, and reads whatever comes in one pass.

use mail_parser::decoders::html::add_html_token;
use memchr::{memchr, memmem};

/// Elements whose content nobody sees.
const UNSEEN: [&str; 5] = ["script", "style", "template", "title", "noscript"];
/// Elements that stand in a line of their own.
const BLOCKS: [&str; 36] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "br",
    "center",
    "dd",
    "div",
    "dl",
    "dt",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "html",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "tr",
    "ul",
];
/// Elements that stand apart in a line.
const CELLS: [&str; 5] = ["button", "option", "td", "th", "img"];
/// The longest name of a character, `&CounterClockwiseContourIntegral;`.
const MAX_REFERENCE: usize = 33;

/// The text of a document.
pub(super) fn text(html: &str) -> String {
    let mut text = ShownText::default();
    let mut rest = html;
    while let Some(at) = memchr::memchr2(b'<', b'&', rest.as_bytes()) {
        text.push_all(&rest[..at]);
        let markup = &rest[at..];
        rest = if markup.starts_with('&') { reference(markup, &mut text) } else { tag(markup, &mut text) };
    }
    text.push_all(rest);
    text.shown
}

/// What separates the next character from the one before.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
enum Gap {
    #[default]
    None,
    Blank,
    Line,
}

#[derive(Default)]
struct ShownText {
    shown: String,
    gap: Gap,
}

impl ShownText {
    fn push_all(&mut self, text: &str) {
        text.chars().for_each(|c| self.push(c));
    }

    fn push(&mut self, c: char) {
        match c {
            c if c.is_whitespace() => self.separate(Gap::Blank),
            // They fill previews and hyphenate; a code with one in it is no code.
            '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => {}
            c => {
                match self.gap {
                    Gap::Blank if !self.shown.is_empty() => self.shown.push(' '),
                    Gap::Line if !self.shown.is_empty() => self.shown.push('\n'),
                    Gap::None | Gap::Blank | Gap::Line => {}
                }
                self.gap = Gap::None;
                self.shown.push(c);
            }
        }
    }

    fn separate(&mut self, gap: Gap) {
        self.gap = self.gap.max(gap);
    }
}

/// Takes a reference to a character; what is none is text.
fn reference<'a>(markup: &'a str, text: &mut ShownText) -> &'a str {
    let end = markup.bytes().take(MAX_REFERENCE).position(|byte| byte == b';');
    let is_name = |name: &str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'#');
    match end.map(|end| markup.split_at(end + 1)) {
        Some((reference, rest)) if is_name(&reference[1..reference.len() - 1]) => {
            let mut character = String::new();
            add_html_token(&mut character, reference.as_bytes(), false);
            text.push_all(&character);
            rest
        }
        Some(_) | None => {
            text.push('&');
            &markup[1..]
        }
    }
}

/// Takes a tag, a comment, or an element that nobody sees; what is none of them is text.
fn tag<'a>(markup: &'a str, text: &mut ShownText) -> &'a str {
    if let Some(comment) = markup.strip_prefix("<!--") {
        return memmem::find(comment.as_bytes(), b"-->").map_or("", |end| &comment[end + 3..]);
    }
    let inner = &markup[1..];
    let is_end = inner.starts_with('/');
    let named = inner.strip_prefix('/').unwrap_or(inner);
    if !named.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '!' | '?')) {
        text.push('<');
        return inner;
    }
    let name_bytes = named.bytes().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(named.len());
    let name = named[..name_bytes].to_ascii_lowercase();
    let rest = behind_tag(&named[name_bytes..]);
    if BLOCKS.contains(&name.as_str()) {
        text.separate(Gap::Line);
    } else if CELLS.contains(&name.as_str()) {
        text.separate(Gap::Blank);
    } else if !is_end && UNSEEN.contains(&name.as_str()) {
        return behind_element(rest, &name);
    }
    rest
}

/// What is behind the `>` of a tag, which may also stand in the value of an attribute. Without one the tag goes on to the end.
fn behind_tag(markup: &str) -> &str {
    let mut quote = None;
    for (at, byte) in (1..).zip(markup.bytes()) {
        match (byte, quote) {
            (b'>', None) => return &markup[at..],
            (b'"' | b'\'', None) => quote = Some(byte),
            (byte, Some(open)) if byte == open => quote = None,
            // A quote that is not closed must not hide the rest of the mail.
            (b'<', Some(_)) if markup[at..].starts_with('/') => break,
            (_, None | Some(_)) => {}
        }
    }
    match (quote, memchr(b'>', markup.as_bytes())) {
        (Some(_), Some(end)) => &markup[end + 1..],
        (Some(_) | None, _) => "",
    }
}

/// What is behind the end tag of an element that has no elements in it. Without one it goes on to the end.
fn behind_element<'a>(markup: &'a str, name: &str) -> &'a str {
    let mut rest = markup;
    while let Some(at) = memmem::find(rest.as_bytes(), b"</") {
        rest = &rest[at + 2..];
        if rest.get(..name.len()).is_some_and(|found| found.eq_ignore_ascii_case(name)) {
            return behind_tag(&rest[name.len()..]);
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 12.3d
    #[test]
    fn texts_of_documents() {
        for (html, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("<p>Your code:</p><p>081804</p>", "Your code:\n081804"),
            ("<td>081804</td><td>10 minutes</td>", "081804 10 minutes"),
            ("<div>081804</div><div>10 minutes</div>", "081804\n10 minutes"),
            ("<span>0</span><span>8</span><b>1</b>804", "081804"),
            ("  a \r\n <i> b</i>\t&nbsp; c ", "a b c"),
            ("a<br>b<br/>c<BR />d", "a\nb\nc\nd"),
            ("<style type=\"text/css\">p { color: #333333 }</style>081804", "081804"),
            ("<STYLE>111111</Style >081804<script>if (a < b) 222222</script>", "081804"),
            ("<head><title>333333</title></head><body>081804</body>", "081804"),
            ("<!-- 444444 --><!DOCTYPE html><?xml?>081804<!--[if mso]>5<![endif]-->", "081804"),
            ("<a href=\"https://a.example/?a>b\">link</a> <img alt='>'>081804", "link 081804"),
            ("0&#56;&#x31;80&zwnj;4 &amp; &lt;b&gt; &uuml; &unknown; & &;", "08180\u{34}4 & <b> ü &unknown; & &;"),
            ("1 < 2 <3> <", "1 < 2 <3> <"),
            ("\u{200b}\u{feff}08\u{ad}1804", "081804"),
            ("081804<style>", "081804"),
            ("081804<!-- ", "081804"),
            ("081804<a href='", "081804"),
            ("<a title='it's'>081804</a>", "081804"),
            ("<td>ä</td><th>ö", "ä ö"),
        ] {
            let expected = expected.replace("08180\u{34}4", "081804");
            assert_eq!(text(html), expected, "{html:?}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::test_runner::Config { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_document_has_a_text(html in "[<>&;#/!'\"a-d0-9 ü\\-]{0,60}") {
            text(&html);
        }
    }

    /// Whatever is repeated, the time grows with the length only.
    #[test]
    fn hostile_documents_take_one_pass() {
        for piece in
            ["<a ", "<a '", "<a \"", "&", "&a", "<!-", "<style>", "</", "<", "<p", "<style></", "<!--", "<a '</"]
        {
            let begin = std::time::Instant::now();
            text(&piece.repeat(4_000_000 / piece.len()));
            assert!(begin.elapsed().as_secs() < 20, "{piece}");
        }
    }
}
