//! A text that only its recipient may see: keys, tokens, messages, destinations. It is wiped when dropped, and its one way out
//! has a name. It does not know what it is for.

use std::fmt;

use zeroize::Zeroizing;

/// Such a text. `Debug` does not show it, and there is no `Display`.
#[derive(Clone)]
pub struct Confidential(Zeroizing<String>);

impl Confidential {
    /// Keeps a text.
    #[must_use]
    pub fn new(text: impl Into<Zeroizing<String>>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one who may see it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Confidential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Confidential(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // contract 13.1k
    #[test]
    fn debug_shows_nothing() {
        let text = Confidential::new("secret".to_owned());
        assert_eq!(format!("{text:?}"), "Confidential(redacted)");
        assert_eq!(text.reveal(), "secret");
    }
}
