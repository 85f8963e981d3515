//! The contract and the tests that hold it: every rule of `schemas/README.md` is cited by at least one.

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::project;

#[test]
fn every_rule_is_cited_by_a_test() {
    let contract = fs::read_to_string(project().join("schemas/README.md")).unwrap();
    let rules: BTreeSet<&str> = contract.lines().filter_map(rule_of_line).collect();
    assert!(rules.len() > 30, "only {} rules found", rules.len());

    let cited = cited_rules();
    let uncited: Vec<_> = rules.iter().filter(|rule| !cited.contains(**rule)).collect();
    assert!(uncited.is_empty(), "no test cites {uncited:?}");
    let unknown: Vec<_> = cited.iter().filter(|rule| !rules.contains(rule.as_str())).collect();
    assert!(unknown.is_empty(), "tests cite {unknown:?}, which the contract does not have");
}

/// The number that a line of the contract begins with: `2.7 A secret is …`.
fn rule_of_line(line: &str) -> Option<&str> {
    line.split(' ').next().filter(|word| is_rule(word))
}

fn is_rule(word: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    word.split_once('.').is_some_and(|(section, rule)| is_number(section) && is_number(rule))
}

/// The rules in comments of the form `// contract 1.4, 5.5: why`, or `# contract 8.2` in Python.
fn cited_rules() -> BTreeSet<String> {
    let mut files = Vec::new();
    for folder in ["src", "tests"] {
        sources(&project().join(folder), &mut files);
    }
    let comments = |source: &str| -> Vec<String> {
        let cite = source.lines().filter_map(|line| {
            let line = line.trim_start();
            line.strip_prefix("// contract ").or_else(|| line.strip_prefix("# contract "))
        });
        cite.flat_map(|rules| rules.split([',', ' ', ':']).filter(|word| is_rule(word)).map(str::to_owned)).collect()
    };
    files.iter().flat_map(|file| comments(&fs::read_to_string(file).unwrap())).collect()
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
