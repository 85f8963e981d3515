//! The kinds of documents, by their root elements: which there are, and which of them hold a secret.

use super::events::{Event, Events};
use super::read::Document;

/// A document of the contract, coming in or going out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// `<Secret>` (contract 1.1).
    Secret,
    /// `<TOTP>`: a password and a secret (contract 1.1).
    Totp,
    /// `<KeyURI>` (contract 4.6).
    KeyUri,
    /// `<Parameters>` (contract 5.1).
    Parameters,
    /// `<Password>` (contract 1.1).
    Password,
    /// `<Ok>` (contract 1.1).
    Ok,
    /// `<Error>` (contract 1.5, 1.6).
    Error,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 7] =
        [Self::Secret, Self::Totp, Self::KeyUri, Self::Parameters, Self::Password, Self::Ok, Self::Error];

    /// The name of the root element.
    #[must_use]
    pub const fn root(self) -> &'static str {
        match self {
            Self::Secret => "Secret",
            Self::Totp => "TOTP",
            Self::KeyUri => "KeyURI",
            Self::Parameters => "Parameters",
            Self::Password => "Password",
            Self::Ok => "Ok",
            Self::Error => "Error",
        }
    }

    /// Whether the document holds a secret, which may be nowhere else: such a file is not replaced unasked (contract 5.2,
    /// 6.2). A password is none: it is worthless after some minutes.
    #[must_use]
    pub const fn holds_secret(self) -> bool {
        match self {
            Self::Secret | Self::Totp | Self::KeyUri => true,
            Self::Parameters | Self::Password | Self::Ok | Self::Error => false,
        }
    }

    /// The kind of the document that these bytes begin. What follows the start of the root may be wrong: half a secret, or
    /// one with a mistake in it, is still worth keeping. `None` where the root is another one, or no reader finds it.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let document = Document::decode(bytes).ok()?;
        let mut events = Events::new(document.text()).ok()?;
        let (Event::Start { local }, _) = events.next().ok()?? else { return None };
        Self::ALL.into_iter().find(|kind| kind.root() == local)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_by_their_root() {
        for kind in DocumentKind::ALL {
            assert_eq!(DocumentKind::of(format!("<{}>x</{0}>", kind.root()).as_bytes()), Some(kind));
        }
        for (document, kind) in [
            (
                "<?xml version='1.0'?><!-- a --><?ConditionState 1?>\n<k:Secret xmlns:k='u' a='b'>MY",
                DocumentKind::Secret,
            ),
            ("\u{feff}<TOTP><Secret>MY</Secret>", DocumentKind::Totp),
            ("<KeyURI>otpauth://totp/a?secret=MY&amp;x</KeyURI>", DocumentKind::KeyUri),
            ("<Secret/>", DocumentKind::Secret),
        ] {
            assert_eq!(DocumentKind::of(document.as_bytes()), Some(kind), "{document}");
        }
        for other in ["", "Secret", "<secret>MY</secret>", "<a><Secret>MY</Secret></a>", "<!DOCTYPE a><Secret/>"] {
            assert_eq!(DocumentKind::of(other.as_bytes()), None, "{other}");
        }
    }
}
