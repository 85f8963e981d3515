//! The encodings that are supported (contract 2.5), their names at IANA, and how their bytes become characters.

/// An encoding that a document may declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    /// Declared as `UTF-16`, of either byte order.
    Utf16,
    Utf16BigEndian,
    Utf16LittleEndian,
    UsAscii,
    Iso8859_1,
    Windows1252,
}

/// The names and aliases of IANA's registry of character sets, in lower case. Aliases with a colon are left out:
/// XML's production `EncName` does not let them be declared.
const NAMES: &[(&str, Encoding)] = &[
    ("utf-8", Encoding::Utf8),
    ("csutf8", Encoding::Utf8),
    ("utf-16", Encoding::Utf16),
    ("csutf16", Encoding::Utf16),
    ("utf-16be", Encoding::Utf16BigEndian),
    ("csutf16be", Encoding::Utf16BigEndian),
    ("utf-16le", Encoding::Utf16LittleEndian),
    ("csutf16le", Encoding::Utf16LittleEndian),
    ("us-ascii", Encoding::UsAscii),
    ("iso-ir-6", Encoding::UsAscii),
    ("ansi_x3.4-1968", Encoding::UsAscii),
    ("ansi_x3.4-1986", Encoding::UsAscii),
    ("iso646-us", Encoding::UsAscii),
    ("us", Encoding::UsAscii),
    ("ibm367", Encoding::UsAscii),
    ("cp367", Encoding::UsAscii),
    ("csascii", Encoding::UsAscii),
    ("iso-8859-1", Encoding::Iso8859_1),
    ("iso_8859-1", Encoding::Iso8859_1),
    ("iso-ir-100", Encoding::Iso8859_1),
    ("latin1", Encoding::Iso8859_1),
    ("l1", Encoding::Iso8859_1),
    ("ibm819", Encoding::Iso8859_1),
    ("cp819", Encoding::Iso8859_1),
    ("csisolatin1", Encoding::Iso8859_1),
    ("windows-1252", Encoding::Windows1252),
    ("cswindows1252", Encoding::Windows1252),
];

impl Encoding {
    /// The encoding of a name or registered alias, in any case.
    pub fn of_name(name: &str) -> Option<Self> {
        let of_pair = |(known, encoding): &(&str, Self)| known.eq_ignore_ascii_case(name).then_some(*encoding);
        NAMES.iter().find_map(of_pair)
    }
}

/// The bytes 0x80 to 0x9F of windows-1252 by Microsoft's table at IANA; five are undefined.
const WINDOWS_1252_HIGH: [Option<char>; 32] = [
    Some('€'),
    None,
    Some('‚'),
    Some('ƒ'),
    Some('„'),
    Some('…'),
    Some('†'),
    Some('‡'),
    Some('ˆ'),
    Some('‰'),
    Some('Š'),
    Some('‹'),
    Some('Œ'),
    None,
    Some('Ž'),
    None,
    None,
    Some('‘'),
    Some('’'),
    Some('“'),
    Some('”'),
    Some('•'),
    Some('–'),
    Some('—'),
    Some('˜'),
    Some('™'),
    Some('š'),
    Some('›'),
    Some('œ'),
    None,
    Some('ž'),
    Some('Ÿ'),
];

/// The character of a byte, if it is defined. `encoding_rs` is no substitute: it takes ISO-8859-1 and US-ASCII for
/// windows-1252, and undefined bytes for control characters.
pub fn ascii(byte: u8) -> Option<char> {
    byte.is_ascii().then(|| char::from(byte))
}

/// See [`ascii`].
pub fn windows_1252(byte: u8) -> Option<char> {
    match byte {
        0x80..=0x9f => WINDOWS_1252_HIGH[usize::from(byte - 0x80)],
        0x00..=0x7f | 0xa0..=0xff => Some(char::from(byte)),
    }
}
