//! What to say of a key that does not exist. It is compared, never repeated: somebody may have pasted a secret there.

use super::SECTIONS;

/// How alike two names are at least, of 1, for one to be a slip of the other; clap's measure for options.
const SLIP: f64 = 0.7;
/// The most characters that are compared; no key of ours is half as long.
const MAX_COMPARED: usize = 64;

/// Tells of an unknown key: where else it belongs, the nearest one, or all that could stand here.
pub(super) fn unknown_key(typed: &str, section: &str, keys: &[&str]) -> String {
    let elsewhere = SECTIONS.iter().find(|(name, keys)| *name != section && keys.contains(&typed));
    if let Some((name, keys)) = elsewhere {
        let key = keys.iter().find(|key| **key == typed).unwrap_or(name);
        return match *name {
            "" => format!("unknown key; {key} belongs above the first section"),
            name => format!("unknown key; {key} belongs in the section {name}"),
        };
    }
    match nearest(typed, keys) {
        Some(key) => format!("unknown key; did you mean {key}?"),
        None => format!("unknown key; expected one of {}", alternatives(keys)),
    }
}

/// The key of ours that a piece of the file is, in quotes or not.
pub(super) fn known_key(piece: &str) -> Option<&'static str> {
    let piece = piece.trim_matches(['"', '\'']);
    SECTIONS.iter().flat_map(|(_, keys)| keys.iter()).find(|key| **key == piece).copied()
}

fn nearest<'k>(typed: &str, keys: &[&'k str]) -> Option<&'k str> {
    if typed.chars().nth(MAX_COMPARED).is_some() {
        return None;
    }
    let typed = typed.to_lowercase().replace('-', "_");
    let likeness = |key: &&'k str| (strsim::jaro(&typed, key), *key);
    let best = keys.iter().map(likeness).max_by(|(a, _), (b, _)| a.total_cmp(b));
    best.filter(|(likeness, _)| *likeness > SLIP).map(|(_, key)| key)
}

fn alternatives(keys: &[&str]) -> String {
    match keys {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}
