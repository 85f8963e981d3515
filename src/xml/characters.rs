//! The character classes of XML 1.0, fifth edition, sections 2.2 and 2.3.

/// White space: the production `S`. Not Unicode's.
pub const fn is_white_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// A character that may stand in a document: the production `Char`.
pub const fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..='\u{10ffff}')
}

/// The production `NameStartChar`, but for the colon, which Namespaces in XML 1.0 makes a separator.
pub const fn is_name_start(c: char) -> bool {
    matches!(c,
        'A'..='Z' | '_' | 'a'..='z'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
        | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}' | '\u{2c00}'..='\u{2fef}'
        | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// The production `NameChar`, but for the colon.
pub const fn is_name_character(c: char) -> bool {
    is_name_start(c) || matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// The length in bytes of the `NCName` (Namespaces in XML 1.0, section 3) at the start of the text; 0 if there is none.
pub fn ncname_length(text: &str) -> usize {
    if !text.starts_with(is_name_start) {
        return 0;
    }
    // Most often all of it is ASCII, which is seen without decoding.
    let goes_on = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let ascii = text.bytes().position(|byte| !goes_on(byte)).unwrap_or(text.len());
    let rest = &text[ascii..];
    if rest.starts_with(|c: char| c.is_ascii()) {
        return ascii;
    }
    ascii + rest.find(|c| !is_name_character(c)).unwrap_or(rest.len())
}

/// The length in bytes of the white space at the start of the text.
pub fn white_space_length(text: &str) -> usize {
    text.bytes().position(|byte| !is_white_space(byte.into())).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 2.3c: a name ends where it does, whichever of its characters are ASCII.
    #[test]
    fn lengths_of_names() {
        for (name, end) in
            [("Secret", " a"), ("Sécret", ">"), ("é-1.", ":b"), ("a·", "×"), ("_\u{300}b", ""), ("", "·a"), ("", "1")]
        {
            assert_eq!(ncname_length(&format!("{name}{end}")), name.len(), "{name}{end}");
        }
    }

    // contract 2.1b: white space is four characters, and no byte of another.
    #[test]
    fn lengths_of_white_space() {
        for (space, end) in [(" \t\r\n", "a "), ("", "\u{a0} "), (" ", "\u{2003}"), ("\n", "\u{b}"), ("  ", "")] {
            assert_eq!(white_space_length(&format!("{space}{end}")), space.len(), "{space:?} {end:?}");
        }
    }
}
