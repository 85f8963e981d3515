//! What a body is said to be (RFC 9110, section 8.3). It does not look into the body.

use axum::http::HeaderMap;
use axum::http::header::CONTENT_TYPE;

/// Whether the body is said to be of this type, whatever its parameters.
pub fn is(headers: &HeaderMap, media_type: &str) -> bool {
    of(headers).is_some_and(|said| said.eq_ignore_ascii_case(media_type.as_bytes()))
}

/// The type without its parameters; none where nothing or more than one thing is said.
pub fn of(headers: &HeaderMap) -> Option<&[u8]> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    value.as_bytes().split(|byte| *byte == b';').next().map(<[u8]>::trim_ascii)
}
