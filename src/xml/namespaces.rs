//! The bindings of prefixes in scope and what they forbid: Namespaces in XML 1.0 (third edition), sections 2 to 6.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::error::OffsetError;
use super::tag::{Attribute, QName, StartTag, reference};

/// The prefix `xml` is bound to this name and no other is (section 3).
const XML: &str = "http://www.w3.org/XML/1998/namespace";
/// The prefix `xmlns` is bound to this name and is never declared (section 3).
const XMLNS: &str = "http://www.w3.org/2000/xmlns/";

/// The declarations in scope.
#[derive(Debug, Default)]
pub struct Namespaces<'a> {
    /// The names that each prefix is bound to, the innermost last. A map: a document has room for thousands of
    /// declarations and as many names that need one.
    names: BTreeMap<&'a str, Vec<Cow<'a, str>>>,
    /// The prefixes in the order of their declarations.
    declared: Vec<Declared<'a>>,
}

#[derive(Debug)]
struct Declared<'a> {
    prefix: &'a str,
    /// The number of elements around the one that declares it.
    depth: usize,
}

impl<'a> Namespaces<'a> {
    /// Takes the declarations of a start-tag at this depth into scope and checks its names.
    pub fn enter(&mut self, tag: &StartTag<'a>, depth: usize, offset: usize) -> Result<(), OffsetError> {
        for attribute in &tag.attributes {
            self.declare(attribute, depth)?;
        }
        if let Some(prefix) = tag.name.prefix {
            self.name_of(prefix, offset)?;
        }
        self.check_unique(&tag.attributes)
    }

    /// Lets go of the declarations of the element that ends at this depth.
    pub fn leave(&mut self, depth: usize) {
        while let Some(Declared { prefix, .. }) = self.declared.pop_if(|declared| declared.depth >= depth) {
            self.names.get_mut(prefix).and_then(Vec::pop);
        }
    }

    /// Binds the prefix that an attribute declares, if it does. A default namespace needs no binding here: elements
    /// are compared by local name, and it does not apply to attributes.
    fn declare(&mut self, attribute: &Attribute<'a>, depth: usize) -> Result<(), OffsetError> {
        let (prefix, name) = match attribute.name {
            QName { prefix: Some("xmlns"), local } => (Some(local), resolved(attribute.value)),
            QName { prefix: None, local: "xmlns" } => (None, resolved(attribute.value)),
            QName { .. } => return Ok(()),
        };
        let fault = |expected| Err(OffsetError::not_well_formed(expected, attribute.offset));
        match prefix {
            Some("xmlns") => fault("no declaration of the prefix xmlns"),
            Some("xml") if name != XML => fault("the prefix xml bound to its own namespace only"),
            Some("xml") => Ok(()),
            Some(_) | None if name == XML || name == XMLNS => fault("no other prefix for a reserved namespace"),
            Some(_) if name.is_empty() => fault("a namespace name for the prefix"),
            Some(prefix) => {
                self.names.entry(prefix).or_default().push(name);
                self.declared.push(Declared { prefix, depth });
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn name_of(&self, prefix: &str, offset: usize) -> Result<&str, OffsetError> {
        match prefix {
            "xml" => return Ok(XML),
            "xmlns" => return Err(OffsetError::not_well_formed("no element with the prefix xmlns", offset)),
            _ => {}
        }
        let innermost = self.names.get(prefix).and_then(|names| names.last());
        innermost.map(Cow::as_ref).ok_or_else(|| OffsetError::not_well_formed("a declaration of the prefix", offset))
    }

    /// No two attributes with one name, neither as written (XML 1.0, section 3.1) nor as expanded (section 6.3).
    fn check_unique(&self, attributes: &[Attribute<'a>]) -> Result<(), OffsetError> {
        let mut expanded = Vec::with_capacity(attributes.len());
        for attribute in attributes {
            let namespace = match attribute.name.prefix {
                None => "",
                Some("xmlns") => XMLNS,
                Some(prefix) => self.name_of(prefix, attribute.offset)?,
            };
            expanded.push((attribute.name.local, namespace, attribute.offset));
        }
        expanded.sort_unstable();
        let twin = expanded.windows(2).find(|pair| pair[0].0 == pair[1].0 && pair[0].1 == pair[1].1);
        match twin {
            Some(pair) => Err(OffsetError::not_well_formed("each attribute once", pair[1].2)),
            None => Ok(()),
        }
    }
}

/// An attribute value with its references resolved and its white space normalised (XML 1.0, section 3.3.3).
/// The value has been checked.
fn resolved(value: &str) -> Cow<'_, str> {
    if !value.contains(['&', '\t', '\r', '\n']) {
        return Cow::Borrowed(value);
    }
    let value = value.replace("\r\n", "\n").replace(['\t', '\r', '\n'], " ");
    let mut pieces = value.split('&');
    let mut name = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (inside, after) = piece.split_once(';').unwrap_or((piece, ""));
        name.extend(reference(inside));
        name.push_str(after);
    }
    Cow::Owned(name)
}
