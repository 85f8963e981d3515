//! The commands of a page, as it shows them with their output.

use std::fs;

use super::project;

/// A command and the output below it.
pub struct Shown {
    pub command: String,
    pub output: String,
}

/// The commands in the blocks of this kind of a page.
pub fn shown(page: &str, kind: &str) -> Vec<Shown> {
    let page = fs::read_to_string(project().join(page)).unwrap();
    let mut commands: Vec<Shown> = Vec::new();
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        if line != format!("```{kind}") {
            continue;
        }
        let block = lines.by_ref().take_while(|line| *line != "```");
        let mut in_heredoc = false;
        for line in block {
            if let Some(command) = line.strip_prefix("$ ") {
                commands.push(Shown { command: command.to_owned(), output: String::new() });
                in_heredoc = command.contains("<<'END'");
                continue;
            }
            let last = commands.last_mut().unwrap();
            let text = if in_heredoc { &mut last.command } else { &mut last.output };
            text.push_str(if in_heredoc { "\n" } else { "" });
            text.push_str(line);
            text.push_str(if in_heredoc { "" } else { "\n" });
            in_heredoc &= line != "END";
        }
    }
    commands
}
