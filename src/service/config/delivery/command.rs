//! `kind = "command"`: the words of a command, and whether its program is there (contract 13.2). It starts nothing.

use std::path::PathBuf;

use super::super::reader::Reader;
use super::super::section::Section;
use super::program;
use crate::service::delivery::{CommandTemplate, DeliveryCommand, SERVICE_LIMIT};

const EXPECTED: &str = "a list of the words of a command, the program first,";

/// The command of a section, which runs in the folder of the configuration.
pub(super) fn read(section: &Section<'_, '_>, reader: &mut Reader<'_>) -> Option<DeliveryCommand> {
    let value = section.required("command", EXPECTED, reader)?;
    let elements = value.list_of_some(EXPECTED, reader);
    let words: Vec<String> =
        elements.iter().filter_map(|word| word.text_or_empty(EXPECTED, reader)).map(str::to_owned).collect();
    let first = elements.first().filter(|_| words.len() == elements.len())?;
    let template = match CommandTemplate::new(words) {
        Ok(template) => template,
        Err(error) => {
            reader.wrong(value.at, format!("cannot use delivery.command: {error}"));
            return None;
        }
    };
    let folder = folder(reader)?;
    if let Err(reason) = program::check(&template.program(&folder), &folder) {
        first.unusable("program", &reason, reader);
    }
    Some(DeliveryCommand::new(template, folder, SERVICE_LIMIT))
}

/// The folder of the configuration by its whole name: a program is looked for from there when there is the working folder.
fn folder(reader: &mut Reader<'_>) -> Option<PathBuf> {
    std::path::absolute(reader.path(".")).ok()
}
