//! The manual pages (contract 5.7): what the help says, as roff.

use std::io::{self, Write};

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, roman};

/// The pages beside that of the program: the words of each command, with hyphens between them.
pub(super) const PAGES: &[&str] = &[
    "read-qr",
    "batch",
    "batch-read-qr",
    "stream",
    "stream-read-qr",
    #[cfg(feature = "state")]
    "unlock",
    #[cfg(feature = "serve")]
    "serve",
    #[cfg(feature = "serve")]
    "push",
    #[cfg(feature = "serve")]
    "push-webhook",
    #[cfg(feature = "serve")]
    "push-skyvern",
    #[cfg(feature = "serve")]
    "health",
    "completions",
    "man",
];

pub(super) const AFTER_HELP: &str = "\
Example:
  totp-adapter man batch > /usr/local/share/man/man1/totp-adapter-batch.1";

/// The page of a command, or of the program.
pub(super) fn page(mut program: Command, name: Option<&str>) -> Vec<u8> {
    program.build();
    let command = name.map_or(&program, |name| find(&program, name).expect("the command line accepts only pages"));
    let mut page = Vec::new();
    render(command, &mut page).expect("memory takes everything");
    page
}

/// The command whose words are these, with hyphens between them.
fn find<'a>(command: &'a Command, name: &str) -> Option<&'a Command> {
    command.get_subcommands().find_map(|subcommand| match name.strip_prefix(subcommand.get_name())? {
        "" => Some(subcommand),
        rest => find(subcommand, rest.strip_prefix('-')?),
    })
}

fn render(command: &Command, page: &mut dyn Write) -> io::Result<()> {
    let man = Man::new(command.clone())
        // An empty date would move what follows it into its place.
        .date(" ")
        .source(concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION")))
        .manual("User Commands");
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_options_section(page)?;
    if command.has_subcommands() {
        man.render_subcommands_section(page)?;
    }
    match command.get_after_help() {
        Some(text) => notes(&text.to_string()).to_writer(page),
        None => Ok(()),
    }
}

/// What stands below the options, with the lines of tables and examples as they are: `man` would fill them.
fn notes(text: &str) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["NOTES"]);
    for paragraph in text.split("\n\n") {
        roff.control("PP", []);
        let is_table = paragraph.lines().any(|line| line.starts_with(' '));
        if is_table {
            roff.control("nf", []);
        }
        for line in paragraph.lines() {
            roff.text([roman(line)]);
        }
        if is_table {
            roff.control("fi", []);
        }
    }
    roff
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use clap::CommandFactory;

    use super::super::CommandLine;
    use super::*;

    /// The names of all commands below one, with hyphens between their words.
    fn names(command: &Command, before: &str) -> Vec<String> {
        let name = |subcommand: &Command| format!("{before}{}", subcommand.get_name());
        let below =
            |subcommand| [vec![name(subcommand)], names(subcommand, &format!("{}-", name(subcommand)))].concat();
        command.get_subcommands().flat_map(below).collect()
    }

    // contract 5.7d: of every command.
    #[test]
    fn every_command_has_a_page() {
        let mut program = CommandLine::command();
        program.build();
        let names: BTreeSet<String> = names(&program, "").into_iter().collect();
        assert_eq!(names, PAGES.iter().map(|page| (*page).to_owned()).collect());
        for name in &names {
            assert!(find(&program, name).is_some(), "{name}");
        }
    }
}
