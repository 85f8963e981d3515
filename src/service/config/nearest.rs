//! What to say of a key that does not exist. It is compared, never repeated: somebody may have pasted a secret there.

use super::SECTIONS;
use crate::suggestion::{alternatives, nearest};

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
    match nearest(&typed.replace('-', "_"), keys) {
        Some(key) => format!("unknown key; did you mean {key}?"),
        None => format!("unknown key; expected one of {}", alternatives(keys)),
    }
}

/// The key of ours that a piece of the file is, in quotes or not.
pub(super) fn known_key(piece: &str) -> Option<&'static str> {
    let piece = piece.trim_matches(['"', '\'']);
    SECTIONS.iter().flat_map(|(_, keys)| keys.iter()).find(|key| **key == piece).copied()
}
