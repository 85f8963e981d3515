use std::fs;
use std::time::Instant;

use super::super::{Channel, Confidential};
use super::*;

/// Longer than anything here takes that ends.
const LONG: Duration = Duration::from_secs(60);

fn message() -> Message {
    Message {
        id: "7".to_owned(),
        channel: Channel::Sms,
        to: Confidential::new("+15551234567".to_owned()),
        from: None,
        text: Confidential::new("Your code: 081804".to_owned()),
    }
}

fn shell(script: &str, folder: &std::path::Path, limit: Duration) -> DeliveryCommand {
    let words = ["/bin/sh", "-c", script, "sh", "{to}", "{from}", "{channel}", "{id}"].map(str::to_owned).to_vec();
    DeliveryCommand::new(CommandTemplate::new(words).unwrap(), folder.to_owned(), limit)
}

async fn run(script: &str, limit: Duration) -> Result<Delivered, DeliveryError> {
    let folder = tempfile::tempdir().unwrap();
    shell(script, folder.path(), limit).deliver(&message()).await
}

// contract 13.2a, 13.2b, 13.2c
#[tokio::test]
async fn a_command_gets_the_text_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let script =
        "cat > text; printf '%s|' \"$@\" > arguments; env | sed 's/=.*//' | sort | tr '\\n' ' ' > names; pwd > folder";
    let delivered = shell(script, folder.path(), LONG).deliver(&message()).await;
    assert_eq!(delivered, Ok(Delivered::Accepted));
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(read("text"), "Your code: 081804");
    assert_eq!(read("arguments"), "+15551234567||sms|7|");
    // A shell adds its own.
    assert_eq!(
        read("names").replace("OLDPWD ", "").replace("PWD ", "").replace("SHLVL ", "").replace("_ ", ""),
        "PATH "
    );
    assert_eq!(read("folder").trim_end(), folder.path().canonicalize().unwrap().to_str().unwrap());
}

// contract 13.2c
#[tokio::test]
async fn only_exit_code_0_is_a_success() {
    assert_eq!(run("exit 0", LONG).await, Ok(Delivered::Accepted));
    assert_eq!(run("exit 3", LONG).await, Err(CommandError::Exit(3).into()));
    assert_eq!(run("kill -KILL $$", LONG).await, Err(CommandError::Signal.into()));
    let missing = CommandTemplate::new(vec!["./missing".to_owned()]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let error = DeliveryCommand::new(missing, folder.path().to_owned(), LONG).deliver(&message()).await.unwrap_err();
    assert_eq!(error.to_string(), "not delivered: cannot start the command: no such file or directory");
}

// contract 13.2c
#[tokio::test]
async fn a_command_that_hangs_ends_with_all_that_it_started() {
    let folder = tempfile::tempdir().unwrap();
    let script = "sleep 3000 & echo $! > child; sleep 3000";
    let limit = Duration::from_secs(1);
    let begin = Instant::now();
    let error = shell(script, folder.path(), limit).deliver(&message()).await.unwrap_err();
    assert_eq!(error, CommandError::Late { seconds: 1 }.into());
    assert!(begin.elapsed() >= limit);
    let child = fs::read_to_string(folder.path().join("child")).unwrap();
    let status = || fs::read_to_string(format!("/proc/{}/stat", child.trim())).unwrap_or_default();
    if cfg!(target_os = "linux") {
        let begin = Instant::now();
        while !status().is_empty() && !status().contains(") Z ") {
            assert!(begin.elapsed() < LONG, "{}", status());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

// contract 13.2c: neither a stream that never ends nor one that nobody reads decides anything.
#[tokio::test]
async fn streams_hold_up_nobody() {
    let limit = Duration::from_secs(1);
    assert_eq!(run("yes >&2", limit).await, Err(CommandError::Late { seconds: 1 }.into()));
    assert_eq!(run("head -c 10000000 /dev/zero >&2", LONG).await, Ok(Delivered::Accepted));
    assert_eq!(run("head -c 10000000 /dev/zero", LONG).await, Ok(Delivered::Accepted));
    assert_eq!(run("exec <&-; exit 0", LONG).await, Ok(Delivered::Accepted));
    let begin = Instant::now();
    assert_eq!(run("sleep 3000 & exit 0", LONG).await, Ok(Delivered::Accepted));
    assert!(begin.elapsed() < LONG);
    let folder = tempfile::tempdir().unwrap();
    let long = Message { text: Confidential::new("x".repeat(10_000_000)), ..message() };
    assert_eq!(shell("exit 0", folder.path(), LONG).deliver(&long).await, Ok(Delivered::Accepted));
    assert_eq!(shell("cat > text", folder.path(), LONG).deliver(&long).await, Ok(Delivered::Accepted));
    assert_eq!(fs::metadata(folder.path().join("text")).unwrap().len(), 10_000_000);
}

// contract 13.2c: what a command that succeeded has left behind may be the delivery itself.
#[tokio::test]
async fn what_a_command_leaves_behind_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let script = "(exec >&- 2>&-; sleep 1; echo done > later) & exit 0";
    assert_eq!(shell(script, folder.path(), LONG).deliver(&message()).await, Ok(Delivered::Accepted));
    let begin = Instant::now();
    while !folder.path().join("later").exists() {
        assert!(begin.elapsed() < LONG);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
