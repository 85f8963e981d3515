//! A message without the messages in it: what reads a mail looks into each of them, and into those in them, as deep as somebody
//! likes. Only the text of the outermost one is used. It does not read MIME.

use zeroize::Zeroizing;

/// The field that says what a part is (RFC 2045, section 5).
const FIELD: &[u8] = b"content-type";

/// The message with every part that is a message made a part of an unknown kind, and without what mailboxes and delivery agents
/// put before its first field: lines that begin with `From `.
pub(super) fn flat(message: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut message = Zeroizing::new(without_envelope(message).to_vec());
    let mut in_field = false;
    let mut start = 0;
    while start < message.len() {
        let end = memchr::memchr(b'\n', &message[start..]).map_or(message.len(), |length| start + length + 1);
        let line = &mut message[start..end];
        // A line that begins with a blank continues the field before it.
        let continues = in_field && line.first().is_some_and(|byte| matches!(byte, b' ' | b'\t'));
        in_field = continues || is_field(line);
        if in_field {
            replace(line, b"message/", b"x");
            replace(line, b"/digest", b"/x");
        }
        start = end;
    }
    message
}

fn without_envelope(message: &[u8]) -> &[u8] {
    let mut rest = message;
    while rest.starts_with(b"From ") || rest.starts_with(b">From ") {
        rest = memchr::memchr(b'\n', rest).map_or(&[], |end| &rest[end + 1..]);
    }
    rest
}

fn is_field(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let (Some(name), Some(rest)) = (line.get(..FIELD.len()), line.get(FIELD.len()..)) else { return false };
    name.eq_ignore_ascii_case(FIELD) && rest.trim_ascii_start().starts_with(b":")
}

/// Overwrites the beginning of every occurrence.
fn replace(line: &mut [u8], searched: &[u8], replacement: &[u8]) {
    for start in 0..line.len().saturating_sub(searched.len() - 1) {
        if line[start..start + searched.len()].eq_ignore_ascii_case(searched) {
            line[start..start + replacement.len()].copy_from_slice(replacement);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 12.3f
    #[test]
    fn messages_in_messages_are_none_any_more() {
        for (message, expected) in [
            ("", ""),
            ("From me Thu Nov 26 06:00:00 2026\nTo: you\n\nFrom here\n", "To: you\n\nFrom here\n"),
            (">From me\nFrom me\nTo: you\n", "To: you\n"),
            ("From me", ""),
            ("Content-Type: message/rfc822\n", "Content-Type: xessage/rfc822\n"),
            (
                "content-type :\r\n\tMESSAGE/rfc822\r\nTo: message/\r\n",
                "content-type :\r\n\txESSAGE/rfc822\r\nTo: message/\r\n",
            ),
            ("Content-Type: multipart/digest; boundary=a\n", "Content-Type: multipart/xigest; boundary=a\n"),
            ("https://a.example/message/1\n message/2\n", "https://a.example/message/1\n message/2\n"),
        ] {
            let got = flat(message.as_bytes());
            assert_eq!(std::str::from_utf8(&got).unwrap(), expected, "{message:?}");
        }
    }
}
