//! The samples for X4 (contract 8.1), read as X4 would: by a reader that knows nothing of ours.

use std::fs;

use crate::common::{RFC_TIME, project, secret_document, totp_adapter, totp_document};
use data_encoding::BASE64;
use serde::Deserialize;
use totp_adapter::Operation;

/// The input of X4's adapter "Commandline", operation `Execute`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Command {
    #[serde(rename = "WorkingDirectory")]
    _working_directory: Option<String>,
    #[serde(rename = "Application")]
    application: String,
    #[serde(rename = "Argument")]
    arguments: Vec<String>,
    #[serde(rename = "Environment")]
    environment: Environment,
    #[serde(rename = "Input")]
    input: Option<String>,
}

#[derive(Deserialize)]
struct Environment {
    #[serde(rename = "@clear")]
    clear: bool,
}

// contract 8.1a, 5.10a: each sample, run in the empty environment that it asks for, gives its operation's document.
#[test]
fn every_command_runs() {
    for operation in Operation::OF_X4 {
        let file = project().join(format!("schemas/x4/{}.command.xml", operation.name()));
        let command: Command = quick_xml::de::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(command.application, "totp-adapter");
        assert!(command.environment.clear);
        assert!(command.arguments.iter().any(|argument| argument == operation.name()));

        let input = BASE64.decode(command.input.unwrap_or_default().trim().as_bytes()).unwrap();
        let now = ["--now".to_owned(), RFC_TIME.to_string()];
        let ran = totp_adapter(command.arguments.into_iter().chain(now)).stdin(input).run();
        assert_eq!((ran.code(), ran.stderr().as_str()), (1, ""), "{ran}");
        let beginning: &[u8] = match operation {
            Operation::GenerateSecret => b"<Secret>",
            Operation::GeneratePassword => b"<Password>081804</Password>",
            Operation::VerifyPassword => b"<Ok description=\"The password matches.\"/>",
            Operation::GenerateAuthenticatorQRCode => b"\x89PNG",
            _ => unreachable!("X4 has no such operation"),
        };
        assert!(ran.output.stdout.starts_with(beginning), "{ran}");
    }
}

/// What X4's adapter gives back, in the samples (contract 8.1).
#[derive(Deserialize)]
struct CommandResult {
    #[serde(rename = "StdOut")]
    stdout: String,
    #[serde(rename = "StdErr")]
    stderr: String,
}

// contract 8.1a: what the samples of results say is what the program says.
#[test]
fn every_result_is_real() {
    let run = |operation: &str, input: String| {
        totp_adapter(["--operation", operation, "--now", &RFC_TIME.to_string()]).stdin(input).run().output
    };
    let ok = run("VerifyPassword", totp_document("081804"));
    let mismatch = run("VerifyPassword", totp_document("000000"));
    let reject = run("GeneratePassword", format!("<TOTP>{}</TOTP>", secret_document()));
    let cases = [
        ("ok", ok),
        ("mismatch.posix", mismatch.clone()),
        ("mismatch.windows", mismatch.clone()),
        ("reject.exit-code-1-with-error", mismatch),
        ("reject.posix", reject.clone()),
        ("reject.windows", reject.clone()),
        ("reject.windows-unsigned", reject.clone()),
        ("reject.exit-code-0", reject),
    ];
    for (case, output) in cases {
        let file = project().join(format!("schemas/x4/result.sample.{case}.xml"));
        let sample: CommandResult = quick_xml::de::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        assert_eq!(sample.stdout, BASE64.encode(&output.stdout), "{case}");
        assert_eq!(sample.stderr, BASE64.encode(&output.stderr), "{case}");
    }
}
