//! The bytes of a cell in Base64 (RFC 4648, sections 4 and 5), also in a data URL (RFC 2397). What they are is not looked at.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD};
use memchr::{memchr, memchr2};
use zeroize::Zeroizing;

use super::record::RecordError;

/// The scheme of a URL that holds its document itself.
const DATA: &[u8] = b"data:";
/// What stands before the comma of a data URL in Base64.
const BASE64_MARK: &[u8] = b";base64";
/// What fills the last group of characters.
const PADDING: u8 = b'=';
/// The characters of a group (RFC 4648, section 4).
const GROUP: usize = 4;

/// Decodes a cell, into a buffer that does not grow. The padding may be absent, but is right where it is there; the
/// alphabet is one of both and no mixture.
///
/// # Errors
///
/// [`RecordError::DataUrl`] for a data URL that is not in Base64; [`RecordError::Base64`] for a character of neither
/// alphabet, an impossible length, wrong padding, or bits that are left over and not zero.
pub fn decode(cell: &[u8]) -> Result<Zeroizing<Vec<u8>>, RecordError> {
    let text = without_padding(behind_prefix(cell)?)?;
    let base64 = if memchr2(b'-', b'_', text).is_some() { BASE64URL_NOPAD } else { BASE64_NOPAD };
    let bytes = base64.decode_len(text.len()).map_err(|_| RecordError::Base64)?;
    let mut document = Zeroizing::new(vec![0; bytes]);
    base64.decode_mut(text, &mut document).map_err(|_| RecordError::Base64)?;
    Ok(document)
}

/// What follows the comma of a data URL, whatever its media type; any other cell as it is.
fn behind_prefix(cell: &[u8]) -> Result<&[u8], RecordError> {
    let scheme = cell.split_at_checked(DATA.len()).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(DATA));
    let Some((_, rest)) = scheme else { return Ok(cell) };
    let comma = memchr(b',', rest).ok_or(RecordError::DataUrl)?;
    let (media_type, text) = (rest[..comma].trim_ascii_end(), &rest[comma + 1..]);
    let mark = media_type.len().checked_sub(BASE64_MARK.len()).map(|start| &media_type[start..]);
    mark.filter(|mark| mark.eq_ignore_ascii_case(BASE64_MARK)).map(|_| text).ok_or(RecordError::DataUrl)
}

/// The characters before the padding, which fills the last group if there is any.
fn without_padding(text: &[u8]) -> Result<&[u8], RecordError> {
    let length = text.len() - text.iter().rev().take_while(|byte| **byte == PADDING).count();
    let is_right = length == text.len() || text.len() - length < GROUP - 1 && text.len().is_multiple_of(GROUP);
    is_right.then(|| &text[..length]).ok_or(RecordError::Base64)
}

#[cfg(test)]
mod tests {
    use data_encoding::{BASE64, BASE64URL};
    use proptest::collection::vec;
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    // contract 7.1c: as browsers, Python, Java and command lines write it.
    #[test]
    fn forms_in_use() {
        for cell in [
            "PGEvPg==",
            "PGEvPg",
            "data:;base64,PGEvPg==",
            "data:image/png;base64,PGEvPg==",
            "data:image/png;base64,PGEvPg",
            "DATA:Image/SVG+xml;Charset=UTF-8;BASE64,PGEvPg==",
            "data:image/jpeg;name=a%2Cb.jpg;base64,PGEvPg==",
            "data:image/png;base64 ,PGEvPg==",
            "data:base64;base64,PGEvPg==",
        ] {
            assert_eq!(decode(cell.as_bytes()).unwrap().as_slice(), b"<a/>", "{cell}");
        }
        for (cell, bytes) in
            [("", &b""[..]), ("+/+/", &[0xfb, 0xff, 0xbf]), ("-_-_", &[0xfb, 0xff, 0xbf]), ("_w==", &[0xff])]
        {
            assert_eq!(decode(cell.as_bytes()).unwrap().as_slice(), bytes, "{cell}");
        }
    }

    // contract 7.1c, 7.3a
    #[test]
    fn what_is_refused() {
        for cell in [
            "PGEvPg=",
            "PGEvPg===",
            "PGEv=",
            "PGEv====",
            "=",
            "====",
            "P===",
            "PGEvP",
            "PGEvPh",
            "PGEvPh==",
            "PGEv Pg==",
            "PGEvPg== ",
            " PGEvPg==",
            "PGEvPg==PGEvPg==",
            "PGE%2FPg==",
            "+_+_",
            "/---",
            "PGEvPg\n==",
            "dat:,",
            "data:;base64,PGEvPg=",
            "data:;base64,data:;base64,PGEvPg==",
            "data:;base64,%50GEvPg==",
        ] {
            assert_eq!(decode(cell.as_bytes()).unwrap_err(), RecordError::Base64, "{cell}");
        }
        for cell in [
            "data:",
            "data:,PGEvPg==",
            "data:text/xml,%3Ca/%3E",
            "data:image/png;base64",
            "data:base64,PGEvPg==",
            "data:image/png;base64;charset=x,PGEvPg==",
            "data:image/png;xbase64,PGEvPg==",
            "Data:image/png;base65,PGEvPg==",
        ] {
            assert_eq!(decode(cell.as_bytes()).unwrap_err(), RecordError::DataUrl, "{cell}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

        // contract 7.1c
        #[test]
        fn what_is_encoded_comes_back(
            bytes in vec(any::<u8>(), 0..40),
            prefix in select(vec!["", "data:image/png;base64,", "data:;base64,"]),
            encoding in select(vec![BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD]),
        ) {
            let cell = prefix.to_owned() + &encoding.encode(&bytes);
            let decoded = decode(cell.as_bytes()).unwrap();
            prop_assert_eq!(decoded.as_slice(), bytes);
        }
    }
}
