//! A message as its sender meant it: mailing lists, cut transfers and programs of old break mails in a few ways that other readers
//! of mail forgive. It knows no character encoding, and reads no text.

use std::ops::Range;

use data_encoding::BASE64;
use mail_parser::decoders::base64::base64_decode;
use mail_parser::{ContentType, HeaderName, HeaderValue, Message, MessagePart, MimeHeaders, PartType};
use zeroize::Zeroizing;

use super::MailError;

/// What a part is of which nobody says what it is (RFC 2045, section 5.2).
const USUAL_TYPE: &[u8] = b" text/plain";
/// What a `=` is in quoted-printable (RFC 2045, section 6.7).
const EQUALS_SIGN: &[u8] = b"=3D";

/// What a message has to be read as, or nothing where it is sound.
///
/// - A `Content-Type` that is none is `text/plain` (RFC 2045, section 5.2).
/// - Base64 ends where lines come that are none, such as those that mailing lists add: they stay as they are.
/// - A `=` that begins nothing in quoted-printable is itself (RFC 2045, section 6.7).
/// - Parts without a last boundary end with the message.
///
/// # Errors
/// A text that is said to be Base64 and does not begin with it.
pub(super) fn mended(message: &Message<'_>, raw: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, MailError> {
    let mut splicer = Splicer { raw, until: 0, bytes: Zeroizing::new(Vec::new()) };
    for part in &message.parts {
        if let Some(of_type) = broken_type(part, raw) {
            splicer.replace(of_type, USUAL_TYPE);
        }
        if !is_text(part) {
            continue;
        }
        let body = part.offset_body as usize..part.offset_end as usize;
        let text = raw.get(body.clone()).unwrap_or_default();
        match part.content_transfer_encoding() {
            Some(encoding) if encoding.eq_ignore_ascii_case("base64") => {
                if let Some(text) = base64(text, part.is_encoding_problem)? {
                    splicer.replace(body, &text);
                }
            }
            Some(encoding) if encoding.eq_ignore_ascii_case("quoted-printable") && part.is_encoding_problem => {
                splicer.replace(body, &quoted_printable(text));
            }
            Some(_) | None => {}
        }
    }
    let is_cut = message.parts.iter().any(|part| part.is_encoding_problem && part.offset_end as usize == raw.len());
    if is_cut {
        for boundary in message.parts.iter().rev().filter_map(boundary) {
            splicer.append(&[b"\n--", boundary.as_bytes(), b"--\n"].concat());
        }
    }
    Ok(splicer.finish())
}

/// A copy of a message in which pieces are replaced, from its beginning to its end.
struct Splicer<'a> {
    raw: &'a [u8],
    /// Where the piece begins that is not copied yet.
    until: usize,
    bytes: Zeroizing<Vec<u8>>,
}

impl Splicer<'_> {
    fn replace(&mut self, range: Range<usize>, replacement: &[u8]) {
        let Some(before) = self.raw.get(self.until..range.start) else { return };
        self.bytes.extend_from_slice(before);
        self.bytes.extend_from_slice(replacement);
        self.until = range.end;
    }

    fn append(&mut self, bytes: &[u8]) {
        self.replace(self.raw.len()..self.raw.len(), bytes);
    }

    /// The copy, where it is another one.
    fn finish(mut self) -> Option<Zeroizing<Vec<u8>>> {
        if self.until == 0 {
            return None;
        }
        self.append(b"");
        Some(self.bytes)
    }
}

/// Where the name of a type stands that is none, without the parameters behind it.
fn broken_type(part: &MessagePart<'_>, raw: &[u8]) -> Option<Range<usize>> {
    let field = part.headers.iter().find(|header| header.name == HeaderName::ContentType)?;
    let HeaderValue::ContentType(of_type) = &field.value else { return None };
    if of_type.subtype().is_some() {
        return None;
    }
    let start = field.offset_start as usize;
    let value = raw.get(start..field.offset_end as usize)?;
    let length = memchr::memchr3(b';', b'\r', b'\n', value)?;
    Some(start..start + length)
}

/// Whether it is said to be a text that is not an attachment, whatever its reader made of it.
fn is_text(part: &MessagePart<'_>) -> bool {
    let is_text = part.content_type().is_none_or(|of_type| of_type.subtype().is_none() || of_type.ctype() == "text");
    let is_leaf = !matches!(part.body, PartType::Multipart(_) | PartType::Message(_));
    is_text && is_leaf && !part.content_disposition().is_some_and(ContentType::is_attachment)
}

fn boundary<'a>(part: &'a MessagePart<'_>) -> Option<&'a str> {
    part.content_type().filter(|of_type| of_type.ctype() == "multipart")?.attribute("boundary")
}

/// Base64 and what follows it, as Base64; nothing where the reader has read the same.
fn base64(text: &[u8], is_refused: bool) -> Result<Option<Zeroizing<Vec<u8>>>, MailError> {
    let blank = text.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let mut encoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = &text[blank..];
    while !encoded.ends_with(b"=") {
        let length = memchr::memchr(b'\n', rest).map_or(rest.len(), |end| end + 1);
        let line = rest[..length].trim_ascii();
        if line.is_empty() || !line.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte)) {
            break;
        }
        encoded.extend_from_slice(line);
        rest = &rest[length..];
    }
    if encoded.is_empty() && !rest.is_empty() {
        return Err(MailError::Encoding);
    }
    // Without `=` at its end the reader drops what is less than three bytes.
    if rest.trim_ascii().is_empty() && encoded.len().is_multiple_of(4) && !is_refused {
        return Ok(None);
    }
    let mut decoded = Zeroizing::new(base64_decode(&encoded).ok_or(MailError::Encoding)?);
    if !rest.trim_ascii().is_empty() {
        decoded.push(b'\n');
        decoded.extend_from_slice(rest);
    }
    Ok(Some(Zeroizing::new(BASE64.encode(&decoded).into_bytes())))
}

fn quoted_printable(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut mended = Zeroizing::new(Vec::with_capacity(text.len()));
    for (at, byte) in text.iter().enumerate() {
        let follows = &text[at + 1..];
        let is_character = matches!(follows, [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
        let is_break = || {
            let blanks = follows.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
            matches!(follows[blanks..].first(), None | Some(b'\n'))
        };
        if *byte == b'=' && !is_character && !is_break() {
            mended.extend_from_slice(EQUALS_SIGN);
        } else {
            mended.push(*byte);
        }
    }
    mended
}
