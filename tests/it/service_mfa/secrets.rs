//! What stands neither in the log, at any level, nor in the metrics: numbers, codes, tokens, messages.

use super::{
    CALL, FORM, JSON, NUMBER, PROJECT, SENDER, SMS, TOKEN, another, basic, caller, code_in, configure, start,
    verification,
};
use crate::common::Folder;
use crate::common::recorder::{Action, Recorder};
use crate::common::service::Service;
use data_encoding::BASE64;
use serde_json::Value;

const WORDS: &str = "The words of this message are:";

/// What came in and what was made, in the forms in which it could come out again.
fn marks(codes: &[String]) -> Vec<String> {
    let mut marks: Vec<String> =
        [NUMBER, &NUMBER[1..], SENDER, &SENDER[1..], TOKEN, WORDS, "xMARKx", "hunter2"].map(str::to_owned).into();
    marks.push(BASE64.encode(format!("{PROJECT}:{TOKEN}").as_bytes()));
    for code in codes {
        assert_eq!(code.len(), 20, "{code}");
        let spread = |between: &str| code.chars().map(String::from).collect::<Vec<_>>().join(between);
        marks.extend([code.clone(), another(code), spread(", "), spread(" "), code.to_lowercase()]);
    }
    marks
}

/// Neither in the log nor in the metrics.
fn check(service: &Service, codes: &[String], ids: &[String]) {
    // What comes last is in the log last.
    service.ask("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: the-last-one\r\n\r\n");
    service.logged("the-last-one");
    let metrics = service.get("/metrics").text().to_owned();
    let log = service.log().join("\n");
    for mark in marks(codes).iter().chain(ids) {
        for (place, text) in [("log", &log), ("metrics", &metrics)] {
            let line = text.lines().find(|line| line.contains(mark.as_str()));
            assert_eq!(line, None, "{mark} in the {place}");
        }
    }
}

/// Requests of all kinds, of which those with codes are sent by these paths; the ids that came back.
fn ask(service: &Service, folder: &Folder) -> Vec<String> {
    let mut ids = Vec::new();
    let right = caller();
    let to = format!(r#""to":"{NUMBER}","from":"{SENDER}","message":"{WORDS}","token_length":20"#);
    let key = "Idempotency-Key: xMARKx-key\r\n";
    for path in [SMS, CALL] {
        for alphas in ["", r#","allow_alphas":true"#] {
            let sent = service.post_with(path, &format!("{right}{JSON}"), format!("{{{to}{alphas}}}"));
            let answer: Value = serde_json::from_str(sent.text()).unwrap();
            ids.extend(answer["id"].as_str().map(str::to_owned));
        }
        service.post_with(path, &format!("{right}{JSON}{key}"), format!("{{{to}}}"));
        service.post_with(path, &format!("{right}{JSON}{key}"), format!(r#"{{{to},"valid_for":1}}"#));
    }
    for path in [SMS, CALL, &verification("xMARKx"), &format!("{SMS}/xMARKx?xMARKx={NUMBER}")] {
        for (headers, body) in [
            (format!("{right}{JSON}"), format!(r#"{{"to":"{NUMBER}x","token":["{NUMBER}"],"max_attempts":"xMARKx"}}"#)),
            (format!("{right}{JSON}"), format!("{NUMBER} xMARKx")),
            (format!("{right}{JSON}"), format!(r#"{{"xMARKx":"{NUMBER}","xMARKx":"#)),
            (format!("{right}{FORM}"), format!("to=%zz{NUMBER}&xMARKx=%ff")),
            (format!("{right}Content-Type: text/xMARKx\r\n"), NUMBER.to_owned()),
            (format!("{right}{JSON}Idempotency-Key: xMARKx {NUMBER}\r\n"), "{}".to_owned()),
            (format!("{}{JSON}", basic(format!("{NUMBER}:xMARKx"))), NUMBER.to_owned()),
            (format!("Authorization: Bearer {TOKEN}xMARKx\r\n{JSON}"), NUMBER.to_owned()),
            (format!("{right}{JSON}"), format!("{NUMBER}{}", "xMARKx".repeat(20_000))),
            (format!("{right}{JSON}"), r#"{"token":"xMARKx"}"#.to_owned()),
        ] {
            service.post_with(path, &headers, body);
        }
    }
    let unlock = ["unlock", "--config", "t.toml", "--destination", NUMBER];
    let ran = crate::common::totp_adapter(unlock).folder(folder.path()).run();
    assert!(!ran.stdout().contains(&NUMBER[1..]) && !ran.stderr().contains(&NUMBER[1..]));
    ids
}

/// Wrong and right codes for what was sent.
fn verify(service: &Service, ids: &[String], codes: &[String]) {
    for (id, code) in ids.iter().zip(codes) {
        for token in [another(code), "xMARKx".to_owned(), code.clone(), code.clone()] {
            service.post_with(&verification(id), &format!("{}{FORM}", caller()), format!("token={token}"));
        }
    }
}

// contract 10.5d, 13.2d, 14.3f: also where the command says all that it has.
#[test]
fn nothing_of_a_command_is_in_the_log() {
    for (exit_code, end) in
        [(0, "a command wrote to standard error"), (7, "a command that failed wrote to standard error")]
    {
        let folder = Folder::empty();
        let script = format!(
            "text=$(cat); echo \"$text\" >> sent; echo $3 >> ids; echo \"error 30007: $text; to=$1 from=$2\" >&2; \
             echo \"$text\" | tr a-z A-Z >&2; echo \"$text\" | tr -d \", \" >&2; echo \"$1 $2\" | tr -d + >&2; exit {exit_code}"
        );
        let delivery = format!(
            "[[delivery]]\nname = 'gateway'\nkind = 'command'\ncommand = ['/bin/sh', '-c', '{script}', '-', '{{to}}', '{{from}}', '{{id}}']\n"
        );
        configure(&folder, &delivery, "sms = 'gateway'\ncall = 'gateway'\nsends = 1000\nguesses = 20");
        let service = start(&folder);
        let ids = ask(&service, &folder);
        assert_eq!(ids.len(), if exit_code == 0 { 4 } else { 0 });
        let codes: Vec<String> = folder.read("sent").lines().map(code_in).collect();
        let all: Vec<String> = folder.read("ids").lines().map(str::to_owned).collect();
        assert_eq!(codes.len(), if exit_code == 0 { 6 } else { 8 });
        verify(&service, &all, &codes);
        let line = service.logged(end);
        assert!(line.contains("error 30007: (cut)"), "{line}");
        check(&service, &codes, &all);
        assert!(service.log().len() > 60);
    }
}

// contract 10.5d, 14.3f: also where a webhook says what it was sent.
#[test]
fn nothing_of_a_webhook_is_in_the_log() {
    for status in [200, 401, 500] {
        let folder = Folder::empty();
        let phone =
            Recorder::start(move |request, _| Action::Answer(status, "X-Echo: hunter2\r\n", request.body.clone()));
        let url = phone.url("/hunter2");
        let delivery = format!("[[delivery]]\nname = 'p'\nkind = 'webhook'\nurl = '{url}'\n");
        configure(&folder, &delivery, "sms = 'p'\ncall = 'p'\nsends = 1000\nguesses = 20");
        let service = start(&folder);
        ask(&service, &folder);
        let messages = phone.requests("/hunter2");
        let messages = messages.iter().map(|message| serde_json::from_str::<Value>(message.text()).unwrap());
        let (ids, codes): (Vec<_>, Vec<_>) = messages
            .map(|message| [&message["id"], &message["text"]].map(|text| text.as_str().unwrap().to_owned()))
            .map(|[id, text]| (id, code_in(&text)))
            .unzip();
        assert!(ids.len() >= 6, "{ids:?}");
        verify(&service, &ids, &codes);
        check(&service, &codes, &ids);
        assert!(service.log().len() > 60);
    }
}
