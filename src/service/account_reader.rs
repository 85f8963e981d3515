//! Reads accounts away from the threads that answer requests, since a disk may be slow. It does not know what they are for.
//!
//! One thread reads what has been asked for while it read the last ones: under load it wakes once for many requests. Of several
//! that want the same account one look at its files answers all, as it comes after each of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::sync::Arc;
use std::thread;

use prometheus::IntCounter;
use tokio::sync::{mpsc, oneshot};

use super::accounts::{AccountName, Accounts, FolderError};
use super::guard::{Panicked, guarded};
use super::log::TARGET;
use crate::account::Account;

/// How many requests may wait before further ones wait for room.
const QUEUE: usize = 1024;
/// How many are worked off together.
const TOGETHER: usize = 256;

/// An account as it was found, or why it cannot be used.
pub type Found = Arc<Result<Account, FolderError>>;

/// Asks for accounts. Dropping it ends the thread.
pub struct AccountReader {
    questions: mpsc::Sender<Question>,
}

struct Question {
    name: AccountName,
    answer: oneshot::Sender<Found>,
}

impl AccountReader {
    /// Begins to read the accounts of a folder. Panics are counted.
    ///
    /// # Errors
    ///
    /// Where the system has no thread.
    pub fn start(accounts: Accounts, panics: IntCounter) -> io::Result<Self> {
        let (questions, mut asked) = mpsc::channel(QUEUE);
        thread::Builder::new().name("accounts".to_owned()).spawn(move || {
            let mut gathered = Vec::with_capacity(TOGETHER);
            while asked.blocking_recv_many(&mut gathered, TOGETHER) > 0 {
                read_all(gathered.drain(..), |name| accounts.read(name), &panics);
            }
        })?;
        Ok(Self { questions })
    }

    /// Looks at the files of an account now.
    pub async fn read(&self, name: &AccountName) -> Found {
        let (answer, answered) = oneshot::channel();
        let question = Question { name: name.clone(), answer };
        let found = match self.questions.send(question).await {
            Ok(()) => answered.await.ok(),
            Err(_) => None,
        };
        // Whatever was read has made the reader panic.
        found.unwrap_or_else(|| Arc::new(Err(FolderError::Internal)))
    }
}

/// Reads each account once, and answers all who ask for it.
fn read_all(
    questions: impl Iterator<Item = Question>,
    read: impl Fn(&AccountName) -> Result<Account, FolderError>,
    panics: &IntCounter,
) {
    let mut waiting: HashMap<AccountName, Vec<oneshot::Sender<Found>>> = HashMap::new();
    for Question { name, answer } in questions {
        match waiting.entry(name) {
            Entry::Occupied(entry) => entry.into_mut().push(answer),
            Entry::Vacant(entry) => {
                entry.insert(vec![answer]);
            }
        }
    }
    for (name, answers) in waiting {
        match guarded(|| read(&name)) {
            Ok(found) => {
                let found = Arc::new(found);
                for answer in answers {
                    // Whoever asked may have gone.
                    let _ = answer.send(found.clone());
                }
            }
            Err(Panicked { place }) => {
                panics.inc();
                tracing::error!(target: TARGET, account = name.as_str(), place, "panic");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::fs;

    use super::*;

    const SECRET: &str = "<Secret>GEZDGNBVGY3TQOJQ</Secret>";

    fn name(text: &str) -> AccountName {
        AccountName::parse(text).unwrap()
    }

    fn counter() -> IntCounter {
        IntCounter::new("panics", "panics").unwrap()
    }

    // contract 11.3e: each request is answered by a look that comes after it.
    #[tokio::test]
    async fn accounts_as_they_are_now() {
        let folder = tempfile::tempdir().unwrap();
        let reader = AccountReader::start(Accounts::in_folder(folder.path().to_owned()), counter()).unwrap();
        let file = folder.path().join("a.xml");
        for bits in [None, Some("GEZDGNBV"), Some("GEZDGNBVGY3TQOJQ")] {
            if let Some(secret) = bits {
                fs::write(&file, format!("<Secret>{secret}</Secret>")).unwrap();
            }
            let found = reader.read(&name("a")).await;
            assert_eq!(found.as_ref().as_ref().ok().map(Account::secret_bits), bits.map(|secret| secret.len() * 5));
        }
        fs::remove_file(file).unwrap();
        assert!(matches!(&*reader.read(&name("a")).await, Err(FolderError::Unknown)));
    }

    /// Also beside one whose files make the reader panic.
    // contract 10.8c
    #[test]
    fn each_account_is_read_once_for_all_who_wait() {
        let panics = counter();
        let (questions, answers): (Vec<_>, Vec<_>) = ["a", "b", "a", "bad", "a"]
            .map(|text| {
                let (answer, answered) = oneshot::channel();
                (Question { name: name(text), answer }, answered)
            })
            .into_iter()
            .unzip();
        let looks = RefCell::new(Vec::new());
        let read = |name: &AccountName| {
            looks.borrow_mut().push(name.as_str().to_owned());
            assert_ne!(name.as_str(), "bad");
            Ok(Account::read(SECRET.as_bytes(), None)?)
        };
        read_all(questions.into_iter(), read, &panics);
        let mut looks = looks.into_inner();
        looks.sort_unstable();
        assert_eq!((looks.join(" ").as_str(), panics.get()), ("a b bad", 1));
        let are_there = answers.into_iter().map(|mut answer| answer.try_recv().is_ok());
        assert_eq!(are_there.collect::<Vec<_>>(), [true, true, true, false, true]);
    }
}
