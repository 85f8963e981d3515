//! The second half of a verification: what a password that has the form of one comes to. Documents and codes say which time
//! step it belongs to; where somebody remembers used passwords, the memory says whether that is a match. It knows no database.

use std::fmt;
use std::io;

use thiserror::Error;

use crate::error::Error;
use crate::otp::{CodeParameters, Secret, Skew, UnixTime};
use crate::outcome::{Mismatch, Outcome};
use crate::reply::Reply;

/// What an adapter makes of an input: mostly the answer itself.
#[derive(Debug)]
pub enum Examination {
    /// Nothing is left to decide.
    Answer(Reply),
    /// A password was compared; how to answer is not decided yet.
    Guess(Guess),
    /// The failures of this secret are to be forgotten. The answer is then that of [`Outcome::Unlocked`], or of a
    /// [`MemoryError`].
    Unlock(Secret),
}

/// That a password matches: the evidence without which there is no [`Outcome::Match`]. Only a [`Guess`] makes it.
#[derive(Debug)]
pub struct Match(());

/// A password that has the form of one, compared with those of its secret. Nobody may be told the result before the memory,
/// where there is one, has counted it.
pub struct Guess {
    pub(crate) secret: Secret,
    pub(crate) code: CodeParameters,
    pub(crate) time: UnixTime,
    pub(crate) skew: Skew,
    pub(crate) matched: Option<u64>,
}

impl Guess {
    /// The secret that it was compared with.
    #[must_use]
    pub const fn secret(&self) -> &Secret {
        &self.secret
    }

    /// What the codes of the secret depend on besides.
    #[must_use]
    pub const fn code_parameters(&self) -> CodeParameters {
        self.code
    }

    /// When it was compared.
    #[must_use]
    pub const fn time(&self) -> UnixTime {
        self.time
    }

    /// The time step whose password it is, the highest of several; none where it is wrong.
    #[must_use]
    pub const fn matched_step(&self) -> Option<u64> {
        self.matched
    }

    /// The time step of [`Guess::time`].
    #[must_use]
    pub fn current_step(&self) -> u64 {
        self.time.0 / u64::from(self.code.period.seconds())
    }

    /// The highest time step whose password would have been right.
    #[must_use]
    pub fn highest_step(&self) -> u64 {
        self.current_step().saturating_add(self.skew.steps().into())
    }

    /// The answer where nobody remembers: a password is right as often as it comes (contract 5.10).
    #[must_use]
    pub fn without_memory(self) -> Reply {
        Reply::of(Ok(match self.matched {
            Some(_) => Outcome::Match(Match(())),
            None => Outcome::Mismatch(Mismatch::Different),
        }))
    }

    /// The answer where a memory has judged (contract 15.1 to 15.3).
    #[must_use]
    pub fn judged(self, verdict: Verdict) -> Reply {
        let matched = self.matched.is_some();
        Reply::of(match verdict {
            Verdict::Accepted if matched => Ok(Outcome::Match(Match(()))),
            // No memory makes a wrong password right.
            Verdict::Accepted | Verdict::Wrong => Ok(Outcome::Mismatch(Mismatch::Different)),
            Verdict::Replayed => Ok(Outcome::Mismatch(Mismatch::Replayed)),
            Verdict::ClockWentBack => Ok(Outcome::Mismatch(Mismatch::ClockWentBack)),
            Verdict::Throttled { seconds } => Err(Error::Throttled { seconds }),
            Verdict::Locked => Err(Error::Locked),
        })
    }

    /// The answer where the memory could not judge: never a match (contract 15.4).
    #[must_use]
    pub fn unjudged(self, error: MemoryError) -> Reply {
        Reply::of(Err(error.into()))
    }
}

impl fmt::Debug for Guess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Guess(redacted)")
    }
}

/// What a memory says of a guess, which it has counted (contract 15.2, 15.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is right and was not accepted before.
    Accepted,
    /// It is wrong.
    Wrong,
    /// It would be right, but it or one of a later step was accepted before (RFC 6238, section 5.2).
    Replayed,
    /// The same, and what was accepted belongs to a time that has not come yet.
    ClockWentBack,
    /// After too many wrong ones it is not looked at.
    Throttled {
        /// How long this lasts: at least 1 s.
        seconds: u64,
    },
    /// After too many wrong ones none is looked at until somebody unlocks the secret.
    Locked,
}

/// Why a memory cannot judge. It quotes nothing, neither names of files nor words of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MemoryError {
    /// No state is named.
    #[error("none is named")]
    Absent,
    /// The file of the memory cannot be opened or made.
    #[error("cannot open it: {}", in_words(*.0))]
    File(io::ErrorKind),
    /// The name of the file leads to a folder, a pipe or a device.
    #[error("not a regular file")]
    NotAFile,
    /// The file has hard links.
    #[error("the file has several names (hard links)")]
    SeveralNames,
    /// The file, or the schema of the database, has other contents.
    #[error("it is not a state of this program")]
    Foreign,
    /// Another file has come to where it was.
    #[error("another file has taken its place")]
    Replaced,
    /// A newer version of this program has changed its structure.
    #[error("a newer version of this program made it")]
    Newer,
    /// Its structure is not what its version says.
    #[error("it is damaged")]
    Damaged,
    /// Somebody else writes to it for longer than we wait.
    #[error("another process keeps it busy")]
    Busy,
    /// There is no space left on its disk.
    #[error("no space left on its disk")]
    Full,
    /// It can be read only.
    #[error("it cannot be written")]
    ReadOnly,
    /// SQLite may not open the file, or make those that it has beside it.
    #[error("SQLite cannot open it, or make its files beside it")]
    Unopenable,
    /// The database does not answer.
    #[error("the database does not answer")]
    Unreachable,
    /// It has been asked and has not answered while its caller could wait.
    #[error("it did not answer in time")]
    Late,
    /// The service is ending.
    #[error("it has been closed")]
    Closed,
    /// The database does not let us in, or not to the tables.
    #[error("the database denies access")]
    Denied,
    /// The certificate of the database is none to trust.
    #[error("its TLS certificate cannot be trusted")]
    Tls,
    /// The database has no TLS, or asks for a password that is not there, or in a way that we do not know.
    #[error("the database does not agree on TLS or on how to log in")]
    Handshake,
    /// Its address cannot be used.
    #[error("its address is not one of PostgreSQL")]
    Address,
    /// The file of its password cannot be used.
    #[error("the file of its password is not one line of text")]
    PasswordFile,
    /// More guesses wait for it than it may keep waiting.
    #[error("too many verifications are waiting")]
    QueueFull,
    /// Reading or writing it fails.
    #[error("its disk fails (SQLite error {code})")]
    Disk {
        /// The number by which SQLite's manual knows what failed (sqlite.org/rescode.html).
        code: i32,
    },
    /// Whatever else SQLite reports.
    #[error("SQLite reports error {code}")]
    Other {
        /// The number by which its manual knows it (sqlite.org/rescode.html).
        code: i32,
    },
    /// The same, of PostgreSQL.
    #[error("the database reports SQLSTATE {0}")]
    Reported(Reported),
}

/// A code of the SQL standard for what a database reports, such as `3D000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reported([u8; 5]);

impl Reported {
    /// The code, if it is one: five letters and digits.
    #[must_use]
    pub fn of(code: &str) -> Option<Self> {
        let code: [u8; 5] = code.as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_alphanumeric).then_some(Self(code))
    }
}

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}

impl From<io::Error> for MemoryError {
    /// Of what the system says only the kind: its words may have the name of a file.
    fn from(error: io::Error) -> Self {
        Self::File(error.kind())
    }
}

/// The words of the standard library, but for those that nobody says.
fn in_words(kind: io::ErrorKind) -> String {
    match kind {
        io::ErrorKind::NotFound => "no such file or directory".to_owned(),
        kind => kind.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Status;

    fn guess(matched: Option<u64>) -> Guess {
        Guess {
            secret: Secret::from_base32("GEZDGNBVGY3TQOJQ").unwrap(),
            code: CodeParameters::default(),
            time: UnixTime(59),
            skew: Skew::default(),
            matched,
        }
    }

    // contract 15.2c, 15.4a: there is no way to a match but a right password and a verdict that accepts it.
    #[test]
    fn only_an_accepted_right_password_matches() {
        let verdicts = [
            Verdict::Accepted,
            Verdict::Wrong,
            Verdict::Replayed,
            Verdict::ClockWentBack,
            Verdict::Throttled { seconds: 30 },
            Verdict::Locked,
        ];
        for verdict in verdicts {
            assert_ne!(guess(None).judged(verdict).status, Status::Success, "{verdict:?}");
            assert_eq!(guess(Some(1)).judged(verdict).status == Status::Success, verdict == Verdict::Accepted);
        }
        assert_eq!(guess(Some(1)).unjudged(MemoryError::Busy).status, Status::Error);
        assert_eq!(guess(Some(1)).without_memory().status, Status::Success);
        assert_eq!(guess(None).without_memory().status, Status::Mismatch);
    }

    // contract 15.1c: outside, a replay is in nothing different from a wrong password.
    #[test]
    fn a_replay_looks_like_a_wrong_password() {
        let wrong = guess(None).judged(Verdict::Wrong);
        for verdict in [Verdict::Replayed, Verdict::ClockWentBack] {
            let replay = guess(Some(1)).judged(verdict);
            assert_eq!(replay.status, wrong.status);
            assert_ne!(replay.cause, wrong.cause);
            assert_eq!(replay.body.into_bytes(), guess(None).judged(Verdict::Wrong).body.into_bytes());
        }
    }

    #[test]
    fn debug_shows_nothing() {
        assert_eq!(format!("{:?}", guess(Some(1))), "Guess(redacted)");
    }
}
