//! The markup of a document in order, with every rule of well-formedness enforced (contract 2.2 to 2.4, 2.6).
//!
//! quick-xml finds the markup and matches the tags. It leaves to its caller, and this module adds: legal characters
//! and names, one root with nothing but comments, processing instructions and white space around it, references,
//! `]]>` in text, `--` in comments, the grammar of tags and of the declaration, attributes once, namespaces.

use quick_xml::Reader;
use quick_xml::errors::{Error as QuickXmlError, IllFormedError, SyntaxError};
use quick_xml::events::Event as Markup;

use super::characters::{is_legal, is_white_space, ncname_length};
use super::declaration::{begins_declaration, declaration};
use super::error::{OffsetError, OffsetErrorKind};
use super::namespaces::Namespaces;
use super::tag::{REFERENCE, reference, start_tag};

/// How deep elements may nest, the root counted as 1 (contract 2.6).
pub const MAX_NESTING: usize = 16;

/// A piece of a well-formed document that matters to its reader.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A start-tag with this local name.
    Start { local: &'a str },
    /// The end of the innermost open element.
    End,
    /// Character data as it stands in the source.
    Text(&'a str),
    /// The character that a reference stands for.
    Character(char),
}

/// The events of a document, each with the place where it begins.
pub struct Events<'a> {
    source: &'a str,
    reader: Reader<&'a [u8]>,
    namespaces: Namespaces<'a>,
    depth: usize,
    root_seen: bool,
}

impl<'a> Events<'a> {
    /// Begins to read; what concerns the text as a whole is checked at once.
    pub fn new(source: &'a str) -> Result<Self, OffsetError> {
        if let Some(offset) = doctype(source) {
            return Err(OffsetError::not_supported("a document without a DOCTYPE", offset));
        }
        if let Some(offset) = illegal_character(source) {
            return Err(OffsetError::not_well_formed("a character that XML allows", offset));
        }
        // quick-xml would skip it as a second byte order mark.
        if source.starts_with('\u{feff}') {
            return Err(OffsetError::not_well_formed(OUTSIDE_ROOT, 0));
        }
        if begins_declaration(source) {
            declaration(source)?;
        }
        let mut reader = Reader::from_str(source);
        reader.config_mut().expand_empty_elements = true;
        Ok(Self { source, reader, namespaces: Namespaces::default(), depth: 0, root_seen: false })
    }

    /// The next event and its offset, or nothing at the end of a well-formed document.
    pub fn next(&mut self) -> Result<Option<(Event<'a>, usize)>, OffsetError> {
        loop {
            let offset = self.offset();
            let markup = self.reader.read_event().map_err(|error| self.fault_of(&error))?;
            let span = &self.source[offset..self.offset()];
            match markup {
                Markup::Start(_) | Markup::Empty(_) => return self.start(span, offset).map(Some),
                Markup::End(_) => return Ok(Some((self.end(), offset))),
                Markup::Text(_) => {
                    if let Some(event) = self.text(span, offset)? {
                        return Ok(Some((event, offset)));
                    }
                }
                Markup::CData(_) => return self.cdata(span, offset).map(Some),
                Markup::GeneralRef(_) => return self.reference(span, offset).map(Some),
                Markup::Comment(_) => comment(span, offset)?,
                Markup::PI(_) => processing_instruction(span, offset)?,
                // The one at the very start has been read.
                Markup::Decl(_) if offset == 0 => {}
                Markup::Decl(_) => {
                    return Err(OffsetError::not_well_formed("an XML declaration at the very start only", offset));
                }
                Markup::DocType(_) => return Err(OffsetError::not_well_formed("a document without a DOCTYPE", offset)),
                Markup::Eof => return self.at_end(offset),
            }
        }
    }

    fn offset(&self) -> usize {
        usize::try_from(self.reader.buffer_position()).expect("the source is in memory")
    }

    fn start(&mut self, span: &'a str, offset: usize) -> Result<(Event<'a>, usize), OffsetError> {
        if self.depth == 0 && self.root_seen {
            return Err(OffsetError::not_well_formed("one root element only", offset));
        }
        self.root_seen = true;
        let inside = span.strip_prefix('<').and_then(|tag| tag.strip_suffix('>')).unwrap_or_default();
        let inside = inside.strip_suffix('/').unwrap_or(inside);
        let tag = start_tag(inside, offset + 1)?;
        self.namespaces.enter(&tag, self.depth, offset)?;
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err(OffsetError { kind: OffsetErrorKind::TooDeep { limit: MAX_NESTING }, offset });
        }
        Ok((Event::Start { local: tag.name.local }, offset))
    }

    fn end(&mut self) -> Event<'a> {
        self.depth -= 1;
        self.namespaces.leave(self.depth);
        Event::End
    }

    fn text(&self, span: &'a str, offset: usize) -> Result<Option<Event<'a>>, OffsetError> {
        if self.depth > 0 {
            // Texts seldom have even the first character of it.
            let close = span.as_bytes().contains(&b']').then(|| span.find(CDATA_CLOSE));
            return match close.flatten() {
                Some(at) => Err(OffsetError::not_well_formed("no ']]>' in text", offset + at)),
                None => Ok(Some(Event::Text(span))),
            };
        }
        match span.find(|c| !is_white_space(c)) {
            Some(at) => Err(OffsetError::not_well_formed(OUTSIDE_ROOT, offset + at)),
            None => Ok(None),
        }
    }

    fn cdata(&self, span: &'a str, offset: usize) -> Result<(Event<'a>, usize), OffsetError> {
        const OPEN: &str = "<![CDATA[";
        let content = span.strip_prefix(OPEN).and_then(|section| section.strip_suffix(CDATA_CLOSE));
        match content {
            Some(content) if self.depth > 0 => Ok((Event::Text(content), offset + OPEN.len())),
            Some(_) | None => Err(OffsetError::not_well_formed(OUTSIDE_ROOT, offset)),
        }
    }

    fn reference(&self, span: &'a str, offset: usize) -> Result<(Event<'a>, usize), OffsetError> {
        if self.depth == 0 {
            return Err(OffsetError::not_well_formed(OUTSIDE_ROOT, offset));
        }
        let inside = span.strip_prefix('&').and_then(|reference| reference.strip_suffix(';'));
        let character = inside.and_then(reference).ok_or(OffsetError::not_well_formed(REFERENCE, offset))?;
        Ok((Event::Character(character), offset))
    }

    fn at_end(&self, offset: usize) -> Result<Option<(Event<'a>, usize)>, OffsetError> {
        match (self.depth, self.root_seen) {
            (0, true) => Ok(None),
            (0, false) => Err(OffsetError::not_well_formed("a root element", offset)),
            (_, _) => Err(OffsetError::not_well_formed("the end-tag of every element", offset)),
        }
    }

    /// quick-xml's own words quote the document, so only the kind of its error and its place are used.
    fn fault_of(&self, error: &QuickXmlError) -> OffsetError {
        let expected = match error {
            QuickXmlError::Syntax(SyntaxError::InvalidBangMarkup) => "a comment or CDATA section after '<!'",
            QuickXmlError::Syntax(SyntaxError::UnclosedPI | SyntaxError::UnclosedXmlDecl) => {
                "'?>' at the end of the processing instruction"
            }
            QuickXmlError::Syntax(SyntaxError::UnclosedComment) => "'-->' at the end of the comment",
            QuickXmlError::Syntax(SyntaxError::UnclosedDoctype) => "a document without a DOCTYPE",
            QuickXmlError::Syntax(SyntaxError::UnclosedCData) => "']]>' at the end of the CDATA section",
            QuickXmlError::Syntax(
                SyntaxError::UnclosedTag
                | SyntaxError::UnclosedSingleQuotedAttributeValue
                | SyntaxError::UnclosedDoubleQuotedAttributeValue,
            ) => "'>' at the end of the tag",
            QuickXmlError::IllFormed(
                IllFormedError::MissingEndTag(_)
                | IllFormedError::UnmatchedEndTag(_)
                | IllFormedError::MismatchedEndTag { .. },
            ) => "end-tags that match the start-tags",
            QuickXmlError::IllFormed(IllFormedError::UnclosedReference) => REFERENCE,
            QuickXmlError::IllFormed(
                IllFormedError::MissingDeclVersion(_)
                | IllFormedError::UnknownVersion
                | IllFormedError::MissingDoctypeName
                | IllFormedError::DoubleHyphenInComment,
            )
            | QuickXmlError::Io(_)
            | QuickXmlError::InvalidAttr(_)
            | QuickXmlError::Encoding(_)
            | QuickXmlError::Escape(_)
            | QuickXmlError::Namespace(_) => "well-formed XML",
        };
        let offset = usize::try_from(self.reader.error_position()).expect("the source is in memory");
        OffsetError::not_well_formed(expected, offset)
    }
}

const CDATA_CLOSE: &str = "]]>";
const OUTSIDE_ROOT: &str = "only comments, processing instructions and white space around one root element";

fn comment(span: &str, offset: usize) -> Result<(), OffsetError> {
    const OPEN: &str = "<!--";
    let content = span.strip_prefix(OPEN).and_then(|comment| comment.strip_suffix("-->")).unwrap_or_default();
    let end_hyphen = content.ends_with('-').then(|| content.len().saturating_sub(1));
    match content.find("--").or(end_hyphen) {
        Some(at) => Err(OffsetError::not_well_formed("no '--' in a comment", offset + OPEN.len() + at)),
        None => Ok(()),
    }
}

fn processing_instruction(span: &str, offset: usize) -> Result<(), OffsetError> {
    const OPEN: &str = "<?";
    let inside = span.strip_prefix(OPEN).and_then(|pi| pi.strip_suffix("?>")).unwrap_or_default();
    let (target, data) = inside.split_at(ncname_length(inside));
    let expected = if target.is_empty() || target.eq_ignore_ascii_case("xml") {
        "the target of a processing instruction, which is not xml"
    } else if !data.is_empty() && !data.starts_with(is_white_space) {
        "white space after the target of a processing instruction"
    } else {
        return Ok(());
    };
    Err(OffsetError::not_well_formed(expected, offset + OPEN.len()))
}

/// Where the first character stands that XML does not allow. Nearly every document is ASCII without control characters:
/// that is seen without decoding, and without a branch that would keep the compiler from comparing many bytes at a time.
fn illegal_character(source: &str) -> Option<usize> {
    let legal_ascii = source.bytes().fold(true, |all, byte| all & byte.is_ascii() & is_legal(byte.into()));
    if legal_ascii { None } else { source.find(|c| !is_legal(c)) }
}

/// Where a short piece of markup that documents seldom have first stands. `contains` compares many bytes at a time;
/// `find` prepares a search that is long compared with these documents.
fn place(markup: &str, text: &str) -> Option<usize> {
    text.contains(markup).then(|| text.find(markup))?
}

/// Where a DOCTYPE stands outside comments, processing instructions and CDATA sections, however ill-formed the rest
/// of the document may be: it is looked for first (contract 1.7).
fn doctype(source: &str) -> Option<usize> {
    const DOCTYPE: &str = "<!DOCTYPE";
    place(DOCTYPE, source)?;
    let opaque = [("<!--", "-->"), ("<?", "?>"), ("<![CDATA[", CDATA_CLOSE)];
    let mut offset = 0;
    loop {
        offset += source[offset..].find('<')?;
        let rest = &source[offset..];
        if rest.starts_with(DOCTYPE) {
            return Some(offset);
        }
        offset += match opaque.iter().find(|(open, _)| rest.starts_with(open)) {
            Some((open, close)) => open.len() + rest[open.len()..].find(close)?,
            None => 1,
        };
    }
}
