//! Requests that a client may repeat without effect, by the key that it sends with them (Idempotency-Key; contract 13.4).
//! It does not know what they ask for.

use std::fmt;

use sha2::{Digest, Sha256};

/// What stands for a key in a state: the SHA-256 of whatever tells it from others, and of the key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct IdempotencyKey([u8; 32]);

impl IdempotencyKey {
    /// The key among those of the same scope, such as a path and a client.
    #[must_use]
    pub fn of(scope: &[&[u8]], key: &[u8]) -> Self {
        let mut hash = Sha256::new();
        for part in scope {
            // With its length: "a", "bc" is another scope than "ab", "c".
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        hash.update(key);
        Self(hash.finalize().into())
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IdempotencyKey(redacted)")
    }
}

/// A request that is to be carried out once.
#[derive(Clone, Debug)]
pub struct Reservation {
    /// By what its repetitions are known.
    pub key: IdempotencyKey,
    /// What is asked: the SHA-256 of it.
    pub request: [u8; 32],
    /// Now, in seconds since 1970.
    pub now: i64,
    /// Until when nobody else carries it out, even if nothing is heard of it any more.
    pub until: i64,
}

/// What a state says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reserved {
    /// It is to be carried out now, and then answered or released.
    New,
    /// Somebody is carrying it out.
    Pending,
    /// It was carried out, and this was kept of the answer.
    Answered(Vec<u8>),
    /// The key belongs to another request.
    Different,
}

/// What a state keeps of a request.
#[derive(Clone, Debug)]
pub(crate) struct StoredAnswer {
    pub request: Vec<u8>,
    /// None as long as it is being carried out.
    pub answer: Option<Vec<u8>>,
    /// When nothing of it counts any more.
    pub expires: i64,
}

impl StoredAnswer {
    /// What this says of a request with the same key.
    pub fn judge(self, reservation: &Reservation) -> Reserved {
        if self.expires <= reservation.now {
            return Reserved::New;
        }
        if self.request != reservation.request {
            return Reserved::Different;
        }
        self.answer.map_or(Reserved::Pending, Reserved::Answered)
    }
}

/// Keeps the answer `$1` until `$2` under the key `$3`: SQLite numbers them as they come.
pub(crate) const ANSWER: &str = "UPDATE idempotency SET answer = $1, expires = $2 WHERE key = $3";
/// Forgets the key `$1`, unless its request has been answered.
pub(crate) const RELEASE: &str = "DELETE FROM idempotency WHERE key = $1 AND answer IS NULL";
/// What is kept under the key `$1`.
pub(crate) const KEPT: &str = "SELECT request, answer, expires FROM idempotency WHERE key = $1";

#[cfg(test)]
mod tests {
    use super::*;

    // contract 13.4c: the same key is another one for another inbox and another client.
    #[test]
    fn keys_have_a_scope() {
        let keys = [
            IdempotencyKey::of(&[b"a", b"bc"], b"k"),
            IdempotencyKey::of(&[b"ab", b"c"], b"k"),
            IdempotencyKey::of(&[b"abc"], b"k"),
            IdempotencyKey::of(&[b"a", b"bc"], b"l"),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(!keys[..index].contains(key), "{index}");
        }
        assert_eq!(keys[0], IdempotencyKey::of(&[b"a", b"bc"], b"k"));
        assert_eq!(format!("{:?}", keys[0]), "IdempotencyKey(redacted)");
    }
}
