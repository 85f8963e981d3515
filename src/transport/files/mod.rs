//! Where bytes come from and go to: files and standard streams, with what may stand at a place already. It knows no document
//! but those that hold a secret, and neither operations nor answers.

mod destination;
mod existing;
mod same_file;
mod source;
mod standard;

pub use destination::{Destination, OpenDestination, WriteError};
pub use existing::{ReplaceError, Replaceable, beginning};
pub use same_file::{canonical_name, is_open_as, not_read};
pub use source::{Source, is_stdin};
pub use standard::{InputStream, OutputStream, stdin, stdout};
