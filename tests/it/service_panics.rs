//! Panics of requests beside those of the program (contract 10.8).
#![cfg(feature = "serve")]

use std::env;
use std::process::{Command, Stdio};

use totp_adapter::service::guard::{guarded, install};

const IS_CHILD: &str = "TOTP_ADAPTER_SERVICE_PANICS";

// contract 1.6c, 10.8c: a panic of a request tells nothing and ends nothing; any other ends the process as ever.
#[test]
fn a_panic_of_a_request_ends_nothing() {
    if env::var_os(IS_CHILD).is_some() {
        totp_adapter::stderr::end_with_any_panic();
        install();
        let secret = "<Secret>GEZDGNBV</Secret>é";
        let panicked = guarded(|| secret[..secret.len() - 1].len()).unwrap_err();
        assert!(panicked.place.starts_with("tests"), "{}", panicked.place);
        assert_eq!(guarded(|| 1), Ok(1));
        let _ = std::thread::spawn(|| secret[..secret.len() - 1].len()).join();
        unreachable!("the thread's panic ends the process");
    }
    let mut child = Command::new(env::current_exe().unwrap());
    let child =
        child.args(["--exact", "service_panics::a_panic_of_a_request_ends_nothing", "--nocapture"]).env(IS_CHILD, "1");
    let output = child.stdout(Stdio::null()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.starts_with("totp-adapter: internal error at tests"), "{stderr}");
    assert!(stderr.ends_with("; please report it\n") && stderr.lines().count() == 1, "{stderr}");
    assert_eq!(output.status.code(), Some(2));
}
