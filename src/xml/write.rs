//! The documents that go out (contract 1.1, 1.5, 1.6, 2.9): one element on one line, UTF-8, a line feed at the end.

use quick_xml::escape::escape;
use quick_xml::events::attributes::Attribute;
use zeroize::Zeroizing;

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
    document(&["<", name, ">", &escape(text), "</", name, ">\n"])
}

fn description_element(name: &str, description: &str) -> Zeroizing<Vec<u8>> {
    // An attribute escapes white space too.
    let description = Attribute::from(("description", description)).value;
    document(&["<", name, " description=\"", &description, "\"/>\n"])
}

/// The pieces in one buffer, as long as they are: one that grew would leave a copy of a secret behind.
/// quick-xml's writer would take several buffers to put an attribute together.
fn document(pieces: &[&str]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(pieces.concat().into_bytes())
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
