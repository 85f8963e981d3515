//! The words of a command, with places for what belongs to a message. It starts nothing.

use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::super::{Confidential, Message};
use crate::named;

/// The words of a command. `Debug` shows the program alone: somebody may have put a key into an argument.
#[derive(Clone, PartialEq, Eq)]
pub struct CommandTemplate {
    program: String,
    arguments: Vec<String>,
}

/// Why words are no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CommandTemplateError {
    /// There is no program among them.
    #[error("expected the name of a program, which is the same for every message, before the arguments")]
    Program,
    /// One of them has a place for something that messages do not have.
    #[error("expected only {{to}}, {{from}}, {{channel}} and {{id}} in braces; the text comes on standard input")]
    Place,
    /// One of them cannot be an argument.
    #[error("expected arguments without NUL")]
    Nul,
}

/// What is replaced in an argument.
#[derive(Clone, Copy)]
enum Placeholder {
    To,
    From,
    Channel,
    Id,
}

named!(Placeholder { To = "to", From = "from", Channel = "channel", Id = "id" });

impl Placeholder {
    fn value(self, message: &Message) -> &str {
        match self {
            Self::To => message.to.reveal(),
            Self::From => message.from.as_ref().map_or("", Confidential::reveal),
            Self::Channel => message.channel.name(),
            Self::Id => &message.id,
        }
    }
}

/// A piece of an argument.
enum TemplatePiece<'a> {
    Text(&'a str),
    Placeholder(Placeholder),
    Unknown,
}

impl CommandTemplate {
    /// Takes the words of a command, the program first.
    ///
    /// # Errors
    ///
    /// [`CommandTemplateError`] where they are none.
    pub fn new(words: Vec<String>) -> Result<Self, CommandTemplateError> {
        if words.iter().any(|word| word.contains('\0')) {
            return Err(CommandTemplateError::Nul);
        }
        let mut words = words.into_iter();
        let program = words.next().filter(|program| !program.trim().is_empty()).ok_or(CommandTemplateError::Program)?;
        if pieces(&program).any(|piece| !matches!(piece, TemplatePiece::Text(_))) {
            return Err(CommandTemplateError::Program);
        }
        let arguments: Vec<String> = words.collect();
        if arguments.iter().any(|argument| pieces(argument).any(|piece| matches!(piece, TemplatePiece::Unknown))) {
            return Err(CommandTemplateError::Place);
        }
        Ok(Self { program, arguments })
    }

    /// The program: by its name alone on the `PATH`, else relative to a folder.
    pub(in crate::service) fn program(&self, folder: &Path) -> PathBuf {
        let program = Path::new(&self.program);
        if program.components().count() > 1 || self.program.contains('/') {
            folder.join(program)
        } else {
            program.to_owned()
        }
    }

    /// The arguments for a message. What it has is not looked at again.
    pub(super) fn arguments(&self, message: &Message) -> impl Iterator<Item = String> {
        self.arguments.iter().map(|argument| {
            let text = |piece| match piece {
                TemplatePiece::Text(text) => text,
                TemplatePiece::Placeholder(placeholder) => placeholder.value(message),
                TemplatePiece::Unknown => unreachable!("an argument with one was refused"),
            };
            pieces(argument).map(text).collect()
        })
    }
}

impl fmt::Debug for CommandTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandTemplate").field("program", &self.program).finish_non_exhaustive()
    }
}

/// An argument piece by piece. Braces round anything but a name, as JSON has them, are text.
fn pieces(argument: &str) -> impl Iterator<Item = TemplatePiece<'_>> {
    let mut rest = argument;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, behind)) = name_at_start(rest) {
            rest = behind;
            let placeholder = Placeholder::ALL.into_iter().find(|placeholder| placeholder.name() == name);
            return Some(placeholder.map_or(TemplatePiece::Unknown, TemplatePiece::Placeholder));
        }
        // The first character is text in any case.
        let next = rest.char_indices().skip(1).find(|(at, _)| name_at_start(&rest[*at..]).is_some());
        let (text, behind) = rest.split_at(next.map_or(rest.len(), |(at, _)| at));
        rest = behind;
        Some(TemplatePiece::Text(text))
    })
}

/// The name in braces that a text begins with, and what is behind it.
fn name_at_start(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix('{')?;
    let end = rest.bytes().position(|byte| !byte.is_ascii_lowercase())?;
    let (name, behind) = rest.split_at(end);
    Some((name, behind.strip_prefix('}')?)).filter(|(name, _)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::super::Channel;
    use super::*;

    fn template(words: &[&str]) -> Result<CommandTemplate, CommandTemplateError> {
        CommandTemplate::new(words.iter().map(|word| (*word).to_owned()).collect())
    }

    // contract 13.2b
    #[test]
    fn places_are_replaced_once() {
        let message = Message {
            id: "7".to_owned(),
            channel: Channel::Sms,
            to: Confidential::new("+1{from}".to_owned()),
            from: None,
            text: Confidential::new("code".to_owned()),
        };
        let words = [
            "send",
            "{to}",
            "a{to}b{id}",
            "{from}",
            "{\"to\":\"{to}\"}",
            "{}",
            "{To}",
            "{to",
            "ü{channel}",
            "{{id}}",
            "",
        ];
        let arguments: Vec<String> = template(&words).unwrap().arguments(&message).collect();
        let expected = ["+1{from}", "a+1{from}b7", "", "{\"to\":\"+1{from}\"}", "{}", "{To}", "{to", "üsms", "{7}", ""];
        assert_eq!(arguments, expected);
    }

    // contract 13.2b
    #[test]
    fn words_that_are_no_command() {
        for (words, error) in [
            (&[][..], CommandTemplateError::Program),
            (&[""], CommandTemplateError::Program),
            (&[" ", "a"], CommandTemplateError::Program),
            (&["{to}"], CommandTemplateError::Program),
            (&["send", "{text}"], CommandTemplateError::Place),
            (&["send", "a{too}"], CommandTemplateError::Place),
            (&["send", "a\0"], CommandTemplateError::Nul),
        ] {
            assert_eq!(template(words).unwrap_err(), error, "{words:?}");
        }
    }

    // contract 13.1k
    #[test]
    fn debug_shows_no_argument() {
        let shown = format!("{:?}", template(&["send", "--key=secret", "{to}"]).unwrap());
        assert_eq!(shown, "CommandTemplate { program: \"send\", .. }");
    }

    #[test]
    fn programs_are_found_from_the_folder() {
        let program = |word| template(&[word]).unwrap().program(Path::new("/etc/totp"));
        assert_eq!(program("send"), Path::new("send"));
        assert_eq!(program("./send"), Path::new("/etc/totp/./send"));
        assert_eq!(program("bin/send"), Path::new("/etc/totp/bin/send"));
        assert_eq!(program("/usr/bin/send"), Path::new("/usr/bin/send"));
    }
}
