//! The contract and the tests that hold it: every claim of `schemas/README.md` and `schemas/service.md` is cited by at least one.
//!
//! A rule of one claim is cited by its number, `2.9`. A rule of several has a letter before each, `**6.2b**`, and is
//! cited by these only.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::common::project;

#[test]
fn every_claim_is_cited_by_a_test() {
    let pages =
        ["schemas/README.md", "schemas/service.md"].map(|page| fs::read_to_string(project().join(page)).unwrap());
    let claims = claims(&pages.concat()).unwrap();
    assert!(claims.len() > 150, "only {} claims found", claims.len());

    let cited = citations_of_project();
    let uncited: Vec<_> = claims.difference(&cited).collect();
    assert!(uncited.is_empty(), "no test cites {uncited:?}");
    let unknown: Vec<_> = cited.difference(&claims).collect();
    assert!(unknown.is_empty(), "tests cite {unknown:?}, which the contract does not have");
}

/// The number of a claim: section, rule and, where the rule has several claims, a letter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Claim {
    rule: (u8, u8),
    letter: Option<char>,
}

impl Claim {
    fn parse(word: &str) -> Option<Self> {
        let (section, rest) = word.split_once('.')?;
        let number = rest.trim_end_matches(|c: char| c.is_ascii_lowercase());
        let mut letters = rest[number.len()..].chars();
        let claim = Self { rule: (section.parse().ok()?, number.parse().ok()?), letter: letters.next() };
        letters.next().is_none().then_some(claim)
    }
}

/// The claims of a contract: rules begin a line, `2.9 Output XML: …`, and letters stand in bold wherever a claim begins.
fn claims(contract: &str) -> Result<BTreeSet<Claim>, String> {
    let mut claims = BTreeSet::new();
    for line in contract.lines() {
        claims.extend(line.split(' ').next().and_then(Claim::parse));
        // Between two pairs of asterisks stands every second piece.
        for claim in line.split("**").skip(1).step_by(2).filter_map(Claim::parse) {
            let Some(letter) = claim.letter else { return Err(format!("{claim:?} is bold and has no letter")) };
            let before = char::from_u32(u32::from(letter) - 1).filter(char::is_ascii_lowercase);
            let follows = before.is_none_or(|before| claims.contains(&Claim { letter: Some(before), ..claim.clone() }));
            if !follows || claims.contains(&claim) {
                return Err(format!("{claim:?} is not the next letter"));
            }
            claims.insert(claim);
        }
    }
    let lettered: BTreeSet<_> = claims.iter().filter(|claim| claim.letter.is_some()).map(|claim| claim.rule).collect();
    if let Some(rule) = lettered.iter().find(|&&rule| !claims.contains(&Claim { rule, letter: Some('b') })) {
        return Err(format!("{rule:?} has one letter: a rule of one claim needs none"));
    }
    // The number of a rule with letters is no more than its heading.
    claims.retain(|claim| claim.letter.is_some() || !lettered.contains(&claim.rule));
    Ok(claims)
}

/// The claims in comments of the form `// contract 1.4, 5.5a: why`, or `# contract 8.2` in Python.
fn citations(source: &str) -> Result<BTreeSet<Claim>, String> {
    let comments = source.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("// contract ").or_else(|| line.strip_prefix("# contract "))
    });
    let numbers = comments.flat_map(|comment| comment.split(':').next().unwrap_or_default().split(','));
    numbers.map(|number| Claim::parse(number.trim()).ok_or_else(|| format!("{number:?} is no claim"))).collect()
}

fn citations_of_project() -> BTreeSet<Claim> {
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        sources(&project().join(folder), &mut files);
    }
    let of_file = |file: &PathBuf| match citations(&fs::read_to_string(file).unwrap()) {
        Ok(citations) => citations,
        Err(error) => panic!("{}: {error}", file.display()),
    };
    files.iter().flat_map(of_file).collect()
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "py") {
            files.push(path);
        }
    }
}

fn all(claims: &[&str]) -> BTreeSet<Claim> {
    claims.iter().map(|claim| Claim::parse(claim).unwrap()).collect()
}

#[test]
fn claims_of_a_contract() {
    let contract = "\
        # The contract, 1.1 to 9.9\n\
        1.1 One claim.\n\
        **1.2a** This. **1.2b** That.\n\
        **1.2c** And that, as 1.1 and `1.5` say.\n\
        1.3 A table:\n\
        | **1.3a** `x` | **1.3b** `y` |\n\
        A **bold** word.\n";
    assert_eq!(claims(contract).unwrap(), all(&["1.1", "1.2a", "1.2b", "1.2c", "1.3a", "1.3b"]));
    for wrong in ["**1.2b** That.", "**1.2a** a **1.2c** c", "**1.2a** This", "**1.2a** a **1.2a** b", "**1.2** a"] {
        assert!(claims(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn citations_of_a_source() {
    let source = "    // contract 1.1, 1.2a: not 1.3a\n# contract 8.2\n// see contract 1.4\n";
    assert_eq!(citations(source).unwrap(), all(&["1.1", "1.2a", "8.2"]));
    for wrong in ["// contract 2.2 to 2.6", "// contract", "// contract 1.2ab", "// contract a: 1.2"] {
        assert_eq!(citations(wrong).is_err(), wrong != "// contract", "{wrong}");
    }
}
