//! What HTML puts in place of characters (HTML Standard, section 13.5), where a page escaped a key URI once too often. It
//! knows nothing of URIs, in which no reference stands otherwise: `&` separates parameters, whose names have no `;`.

use zeroize::Zeroizing;

/// What escapes a text: the characters with a meaning in markup. Names of other characters are no part of this.
const NAMED: [(&str, char); 5] = [("amp", '&'), ("lt", '<'), ("gt", '>'), ("quot", '"'), ("apos", '\'')];
/// The longest reference between `&` and `;`, with some zeroes before the number: `#x00000026`.
const MAX_BYTES: usize = 10;

/// A text with the characters that its references stand for, also where it was escaped several times. In a buffer that
/// does not grow, since there may be a secret in it: no character takes more bytes than a reference to it.
pub fn unescaped(text: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        rest = after;
        // An ampersand that stands for one may begin a reference itself.
        while let Some(('&', after)) = reference(rest) {
            rest = after;
        }
        let (character, after) = reference(rest).unwrap_or(('&', rest));
        plain.push(character);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// The character of a reference whose `&` has been taken, and what follows it.
fn reference(text: &str) -> Option<(char, &str)> {
    let end = text.bytes().take(MAX_BYTES + 1).position(|byte| byte == b';')?;
    let (name, after) = (&text[..end], &text[end + 1..]);
    let named = || NAMED.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, character)| *character);
    let character = match name.strip_prefix('#') {
        Some(number) => numbered(number),
        None => named(),
    };
    Some((character?, after))
}

/// The character with this number: decimal, or hexadecimal behind an `x`.
fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = number.strip_prefix(['x', 'X']).map_or((number, 10), |digits| (digits, 16));
    let is_number = digits.chars().all(|digit| digit.is_digit(radix));
    is_number.then(|| u32::from_str_radix(digits, radix).ok()).flatten().and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    // contract 4.5f
    #[test]
    fn references_and_what_looks_like_them() {
        for (text, plain) in [
            ("", ""),
            ("a=1&b=2&", "a=1&b=2&"),
            ("a&amp;b&AMP;c&#38;d&#x26;e&#X26;f&#038;g&#x00026;h", "a&b&c&d&e&f&g&h"),
            ("&lt;&gt;&quot;&apos;&#39;&#x27;&#x3D;&#228;&#x1F511;", "<>\"'''=ä\u{1f511}"),
            ("a&amp;amp;b&amp;#38;amp;c&amp;&amp;", "a&b&c&&"),
            ("&amp;lt;&#38;#x3d;", "<="),
            ("&#x00000026;&#x000000026;", "&&#x000000026;"),
            ("amp;", "amp;"),
            ("&amp", "&amp"),
            ("&ampb=1;", "&ampb=1;"),
            ("&;&#;&#x;&#+38;&#-1;&# 38;&#38", "&;&#;&#x;&#+38;&#-1;&# 38;&#38"),
            ("&#xD800;&#1114112;&#99999999999;", "&#xD800;&#1114112;&#99999999999;"),
            ("&ouml;&nbsp;&é;", "&ouml;&nbsp;&é;"),
        ] {
            assert_eq!(unescaped(text).as_str(), plain, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        // contract 4.5f: however often it was escaped.
        #[test]
        fn what_was_escaped_comes_back(
            text in "[a-zA-Z0-9=?%:;#é'\"<>]{0,20}(&[a-z]{1,6}=[a-z0-9]{0,3}){0,4}",
            times in 0..4_usize,
            ampersand in select(vec!["&amp;", "&#38;", "&#x26;", "&#038;"]),
        ) {
            let escape = |text: String| {
                let text = text.replace('&', ampersand).replace('<', "&lt;").replace('>', "&gt;");
                text.replace('"', "&quot;").replace('\'', "&#39;")
            };
            let escaped = (0..times).fold(text.clone(), |text, _| escape(text));
            let plain = unescaped(&escaped);
            prop_assert_eq!(plain.as_str(), text);
        }

        // No copy of a secret is left behind.
        #[test]
        fn no_buffer_grows(
            pieces in vec(
                select(vec!["&", "amp;", "#", "#x", "38", "26;", ";", "lt", "é", "#9;", "#xA0;", "#x10FFFF;"]), 0..20,
            ),
        ) {
            let text = pieces.concat();
            prop_assert!(unescaped(&text).capacity() == text.len());
        }
    }
}
