//! The id of a request (contract 10.7): the caller's where it is sound, else one of this process.

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// At most 64 of `[A-Za-z0-9._-]`.
#[derive(Clone, Debug)]
pub struct RequestId(HeaderValue);

impl RequestId {
    /// The header that it comes and goes in.
    pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");
    const MAX_CHARACTERS: usize = 64;

    /// The id that came, if there is exactly one and it is sound; else a new one.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut ids = headers.get_all(Self::HEADER).iter();
        match (ids.next(), ids.next()) {
            (Some(id), None) if is_sound(id.as_bytes()) => Self(id.clone()),
            (_, _) => Self::new(),
        }
    }

    /// A new id: no other of this process has it, and hardly one of another process.
    #[must_use]
    pub fn new() -> Self {
        static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one(0)));
        let number = scrambled(NEXT.fetch_add(1, Ordering::Relaxed));
        let mut digits = [0; 16];
        data_encoding::HEXLOWER.encode_mut(&number.to_be_bytes(), &mut digits);
        Self(HeaderValue::from_bytes(&digits).expect("hexadecimal digits are visible ASCII"))
    }

    /// The id as a header.
    #[must_use]
    pub fn value(&self) -> &HeaderValue {
        &self.0
    }

    /// The id as a text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }
}

impl Default for RequestId {
    fn default() -> Self {
        Self::new()
    }
}

fn is_sound(id: &[u8]) -> bool {
    let is_allowed = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    !id.is_empty() && id.len() <= RequestId::MAX_CHARACTERS && id.iter().all(is_allowed)
}

/// Another number for each number (the last steps of SplitMix64), so that ids in a row do not look alike.
const fn scrambled(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 10.7a
    #[test]
    fn ids_that_are_taken_over() {
        let of = |ids: &[&str]| {
            let mut headers = HeaderMap::new();
            headers.extend(ids.iter().map(|id| (RequestId::HEADER, id.parse().unwrap())));
            RequestId::of(&headers).as_str().to_owned()
        };
        let longest = "a".repeat(64);
        for id in ["a", "A-b_c.9", &longest] {
            assert_eq!(of(&[id]), id);
        }
        let too_long = "a".repeat(65);
        for ids in [&[][..], &[""], &["a b"], &["a/b"], &["a\"b"], &[&too_long], &["a", "b"]] {
            let made = of(ids);
            assert!(made.len() == 16 && is_sound(made.as_bytes()), "{made}");
            assert_ne!(made, of(ids));
        }
    }
}
