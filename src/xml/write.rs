//! The documents that go out (contract 1.1, 1.5, 1.6, 2.9): one element on one line, UTF-8, a line feed at the end.

use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};
use zeroize::Zeroizing;

/// Room for every usual document, so that no copy of a secret is left behind by a growing buffer.
const USUAL_BYTES: usize = 256;

/// `<Secret>…</Secret>` of a Base32 text.
#[must_use]
pub fn write_secret(base32: &str) -> Zeroizing<Vec<u8>> {
    text_element("Secret", base32)
}

/// `<Password>…</Password>` of its digits.
#[must_use]
pub fn write_password(digits: &str) -> Zeroizing<Vec<u8>> {
    text_element("Password", digits)
}

/// `<Ok description="…"/>`.
#[must_use]
pub fn write_ok(description: &str) -> Zeroizing<Vec<u8>> {
    description_element("Ok", description)
}

/// `<Error description="…"/>`.
#[must_use]
pub fn write_error(description: &str) -> Zeroizing<Vec<u8>> {
    description_element("Error", description)
}

fn text_element(name: &str, text: &str) -> Zeroizing<Vec<u8>> {
    document(
        [Event::Start(BytesStart::new(name)), Event::Text(BytesText::new(text)), Event::End(BytesEnd::new(name))],
        text.len(),
    )
}

fn description_element(name: &str, description: &str) -> Zeroizing<Vec<u8>> {
    let element = BytesStart::new(name).with_attributes([("description", description)]);
    document([Event::Empty(element)], description.len())
}

fn document<const N: usize>(events: [Event<'_>; N], text_bytes: usize) -> Zeroizing<Vec<u8>> {
    let mut document = Zeroizing::new(Vec::with_capacity(USUAL_BYTES + text_bytes));
    let mut writer = Writer::new(&mut *document);
    for event in events {
        writer.write_event(event).expect("a Vec takes any bytes");
    }
    document.push(b'\n');
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 2.9
    #[test]
    fn documents_are_stable_to_the_byte() {
        assert_eq!(*write_secret("MZXW6YTB"), b"<Secret>MZXW6YTB</Secret>\n");
        assert_eq!(*write_password("012345"), b"<Password>012345</Password>\n");
        assert_eq!(*write_ok("The password matches."), b"<Ok description=\"The password matches.\"/>\n");
        assert_eq!(
            *write_error("expected <a> & \"b\""),
            b"<Error description=\"expected &lt;a&gt; &amp; &quot;b&quot;\"/>\n"
        );
    }
}
