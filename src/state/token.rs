//! Tokens as a state keeps them (contract 13.3): whoever reads the state cannot use them.

use std::fmt;

use sha2::{Digest, Sha256};

/// What stands for a token in a state: its SHA-256. As a token is 256 random bits, nobody finds it from that.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenHash([u8; 32]);

impl TokenHash {
    /// The hash of a token as it is sent.
    #[must_use]
    pub fn of(token: &[u8]) -> Self {
        Self(Sha256::digest(token).into())
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(redacted)")
    }
}

/// A token that was issued.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// What stands for it.
    pub hash: TokenHash,
    /// The id of the client that has it.
    pub client: String,
    /// When it was issued, in seconds since 1970.
    pub issued: i64,
    /// When it ends.
    pub expires: i64,
}

/// Keeps a token (`$1` hash, `$2` client, `$3` end).
pub(crate) const ISSUE: &str = "INSERT INTO token (hash, client, expires) VALUES ($1, $2, $3)";
/// The client of the token `$1`, if it is valid at the time `$2`.
pub(crate) const CLIENT_OF: &str = "SELECT client FROM token WHERE hash = $1 AND expires > $2";

#[cfg(test)]
mod tests {
    use super::*;

    // contract 13.3d
    #[test]
    fn a_token_is_not_shown() {
        // SHA-256 of "abc" (FIPS 180-4, examples).
        let hash = TokenHash::of(b"abc");
        assert_eq!(hash.as_bytes()[..4], [0xba, 0x78, 0x16, 0xbf]);
        assert_eq!(format!("{hash:?}"), "TokenHash(redacted)");
    }
}
