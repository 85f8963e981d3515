//! What is left to say when the program itself is wrong.

use std::env;
use std::process::{Command, Stdio};

const IS_CHILD: &str = "TOTP_ADAPTER_PANICS";

// contract 1.6c, 5.5f: where it was, and nothing of what it worked on; the process ends.
#[test]
fn a_panic_tells_its_place_only() {
    if env::var_os(IS_CHILD).is_some() {
        totp_adapter::stderr::end_with_any_panic();
        let secret = "<Secret>GEZDGNBV</Secret>é";
        // Its message quotes the text.
        let _ = std::thread::spawn(|| secret[..secret.len() - 1].len()).join();
        unreachable!("the thread's panic ends the process");
    }
    let mut child = Command::new(env::current_exe().unwrap());
    let child = child.args(["--exact", "panics::a_panic_tells_its_place_only", "--nocapture"]).env(IS_CHILD, "1");
    let output = child.stdout(Stdio::null()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("totp-adapter: internal error at tests"), "{stderr}");
    assert!(stderr.ends_with("; please report it\n") && stderr.lines().count() == 1, "{stderr}");
    assert_eq!(output.status.code(), Some(2));
}
