//! The kinds of documents, by their root elements: which there are, and which of them hold a secret.

use std::borrow::Cow;

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

    /// The kind of the document that these bytes begin, by the name of its first tag. All else may be wrong, the encoding
    /// and the prolog too: half a secret, or one that only other programs read, is still worth keeping. `None` where there
    /// is no tag, or another one.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let name = first_name(&without_zeroes(bytes))?.to_vec();
        let local = name.rsplit(|&byte| byte == b':').next()?;
        Self::ALL.into_iter().find(|kind| kind.root().as_bytes() == local)
    }
}

/// What ASCII is in these bytes, also where they are UTF-16 or UCS-4, in which a character of ASCII is its byte and zeroes.
fn without_zeroes(bytes: &[u8]) -> Cow<'_, [u8]> {
    if bytes.contains(&0) { bytes.iter().copied().filter(|&byte| byte != 0).collect() } else { bytes.into() }
}

/// The name in the first start-tag, which may be cut off. Comments, processing instructions and declarations are passed
/// over.
fn first_name(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes;
    loop {
        let tag = rest.iter().position(|&byte| byte == b'<')?;
        rest = &rest[tag + 1..];
        let passed = OPAQUE.into_iter().find_map(|(open, close)| Some((rest.strip_prefix(open)?, close)));
        if let Some((inside, close)) = passed {
            rest = &inside[inside.windows(close.len()).position(|bytes| bytes == close)?..];
            continue;
        }
        let end = rest.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>'));
        let name = &rest[..end.unwrap_or(rest.len())];
        if !name.is_empty() {
            return Some(name);
        }
    }
}

/// What may stand before the root, behind `<`, and how it ends.
const OPAQUE: [(&[u8], &[u8]); 3] = [(b"!--", b"-->"), (b"?", b">"), (b"!", b">")];

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
            ("<Secret", DocumentKind::Secret),
            ("<?xml version='2.0' encoding='utf-16'?>\n<Secret>MY", DocumentKind::Secret),
            (" <?xml encoding='cp1252'><!-- <a> --><Secret x=1>MY", DocumentKind::Secret),
            ("<!DOCTYPE a [<!ENTITY b 'c'>]><x:Secret>MY", DocumentKind::Secret),
            ("\u{feff}\u{feff}< <KeyURI>", DocumentKind::KeyUri),
        ] {
            assert_eq!(DocumentKind::of(document.as_bytes()), Some(kind), "{document}");
        }
        for other in
            ["", "Secret", "<secret>MY</secret>", "<a><Secret>MY</Secret></a>", "<!-- <Secret>", "<Secrets>", "< "]
        {
            assert_eq!(DocumentKind::of(other.as_bytes()), None, "{other}");
        }
        for unit in [u16::to_le_bytes, u16::to_be_bytes] {
            let utf_16: Vec<u8> = "<Secret>MY</Secret>".encode_utf16().flat_map(unit).collect();
            assert_eq!(DocumentKind::of(&utf_16), Some(DocumentKind::Secret));
        }
        assert_eq!(DocumentKind::of(b"<Secret>\xff\xfe"), Some(DocumentKind::Secret));
    }
}
