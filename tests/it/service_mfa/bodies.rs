//! What a request may ask for, and what is wrong with one.

use serde_json::Value;

use super::{
    CALL, FORM, JSON, Mfa, NUMBER, SENDER, SMS, another, caller, code_in, configure, fault, gone, id, mistakes, now,
    right, said, start, verification, wrong,
};
use crate::common::Folder;
use crate::common::recorder::{Action, Recorder};

/// A code that was asked for, as the telephone and the state have it: sender, words, length, letters; seconds and tries.
fn asked(mfa: &Mfa, headers: &str, body: &str) -> (Option<String>, String, usize, i64, i64) {
    let id = id(&mfa.post(SMS, headers, body));
    let message = mfa.message(&id);
    assert_eq!((&message["to"], &message["channel"]), (&Value::from(NUMBER), &Value::from("sms")));
    let (words, code) = message["text"].as_str().unwrap().rsplit_once(' ').unwrap();
    let key = u128::from_str_radix(&id.replace('-', ""), 16).unwrap().to_be_bytes();
    let find = "SELECT expires, attempts FROM mfa WHERE id = ?1";
    let (expires, attempts): (i64, i64) =
        mfa.database().query_row(find, [key], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    (message["from"].as_str().map(str::to_owned), words.to_owned(), code.len(), expires - now(), attempts)
}

/// That a code was asked for like this; its seconds began a moment ago.
fn check(mfa: &Mfa, headers: &str, body: &str, expected: (Option<&str>, &str, usize, i64, i64)) {
    let (from, words, length, seconds, attempts) = asked(mfa, headers, body);
    assert_eq!(
        (from.as_deref(), words.as_str(), length, attempts),
        (expected.0, expected.1, expected.2, expected.4),
        "{body}"
    );
    assert!((expected.3 - 60..=expected.3).contains(&seconds), "{body}: {seconds}");
}

// contract 14.1b, 14.1c: JSON and forms, numbers and texts, what is absent, empty or unknown; defaults.
#[test]
fn what_may_be_asked_for() {
    let mfa = Mfa::start("sends = 1000");
    let usual = (None, "Your Personal Authorization Code is:", 6, 3600, 3);
    let all = (Some(SENDER), "Code for you:", 20, 604_800, 20);
    for (headers, body, expected) in [
        (JSON, r#"{"to":"+15551234567"}"#, usual),
        ("content-type: APPLICATION/JSON ; charset=utf-8\r\n", " { \"to\" : \"\\u002b15551234567\" }\n", usual),
        (
            JSON,
            r#"{"to":"+15551234567","from":null,"message":null,"token_length":null,"valid_for":null,"max_attempts":null,"allow_alphas":null}"#,
            usual,
        ),
        (
            JSON,
            r#"{"to":"+15551234567","from":"","message":"","token_length":"","valid_for":"","max_attempts":"","allow_alphas":""}"#,
            usual,
        ),
        (JSON, r#"{"to":"+15551234567","To":1,"url":{"to":[]},"url":null,"length":7}"#, usual),
        (
            JSON,
            r#"{"to":"+15551234567","from":"+15557654321","message":"Code for you:","token_length":20,"valid_for":604800,"max_attempts":20,"allow_alphas":true}"#,
            all,
        ),
        (
            JSON,
            r#"{"to":"+15551234567","from":"+15557654321","message":"Code for you:","token_length":"20","valid_for":"604800","max_attempts":"20","allow_alphas":"false"}"#,
            all,
        ),
        (FORM, "to=%2B15551234567", usual),
        (FORM, "&to=%2B15551234567&from=&message&token_length=&valid_for=&max_attempts=&allow_alphas=&", usual),
        (FORM, "t%6F=%2b15551234567&url=a&url=b", usual),
        (
            "Content-Type: Application/X-WWW-Form-Urlencoded;charset=UTF-8\r\n",
            "allow_alphas=true&max_attempts=20&valid_for=604800&token_length=20&message=Code+for%20you:&from=%2B15557654321&to=%2B15551234567",
            all,
        ),
        (
            JSON,
            r#"{"to":"+15551234567","message":" \n","token_length":4,"valid_for":60,"max_attempts":1}"#,
            (None, " \n", 4, 60, 1),
        ),
        (JSON, r#"{"to":"+15551234567","token_length":"007"}"#, (None, usual.1, 7, 3600, 3)),
    ] {
        check(&mfa, headers, body, expected);
    }
}

// contract 14.1b: what a body has to be called.
#[test]
fn other_bodies_are_not_taken() {
    let mfa = Mfa::start("");
    let sent = mfa.sent("");
    let code = mfa.code(&sent);
    for headers in [
        "",
        "Content-Type: \r\n",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/xml\r\n",
        "Content-Type: application/jsonx\r\n",
        "Content-Type: application/problem+json\r\n",
        "Content-Type: text/json\r\n",
        "Content-Type: multipart/form-data; boundary=x\r\n",
        "Content-Type: application/json, application/json\r\n",
        "Content-Type: application/json\r\nContent-Type: application/json\r\n",
        "Content-Type: application/json\r\nContent-Encoding: gzip\r\n",
    ] {
        let unsupported = fault(415, "Unsupported Media Type");
        assert_eq!(said(&mfa.post(SMS, headers, format!(r#"{{"to":"{NUMBER}"}}"#))), unsupported, "{headers}");
        let guess = format!(r#"{{"token":"{code}"}}"#);
        assert_eq!(said(&mfa.post(&verification(&sent), headers, guess)), unsupported, "{headers}");
    }
    assert_eq!(mfa.messages(), 1);
    assert_eq!(said(&mfa.verify(&sent, &code)), right());
}

const NOT_A_NUMBER: &str = "must be a telephone number in E.164, such as +15551234567";
const NOT_LENGTH: &str = "token_length must be a whole number from 4 to 20";
const NOT_SECONDS: &str = "valid_for must be a whole number from 1 to 604800";
const NOT_ATTEMPTS: &str = "max_attempts must be a whole number from 1 to 20";
const NOT_BOOLEAN: &str = "allow_alphas must be true or false";

// contract 14.1c: all mistakes at once, and no word of what came.
#[test]
fn what_may_not_be_asked_for() {
    let mfa = Mfa::start("sends = 1");
    let to = format!("to {NOT_A_NUMBER}");
    let from = format!("from {NOT_A_NUMBER}");
    for (body, expected) in [
        ("", vec!["expected a JSON object as body"]),
        ("null", vec!["expected a JSON object as body"]),
        ("\"hunter2\"", vec!["expected a JSON object as body"]),
        (r#"[{"to":"+15551234567"}]"#, vec!["expected a JSON object as body"]),
        (r#"{"to":"+15551234567"} {}"#, vec!["expected a JSON object as body"]),
        (r#"{"to":"+15551234567",}"#, vec!["expected a JSON object as body"]),
        ("to=%2B15551234567", vec!["expected a JSON object as body"]),
        ("{}", vec!["to is required"]),
        (r#"{"to":""}"#, vec!["to is required"]),
        (r#"{"to":null}"#, vec!["to is required"]),
        (r#"{"to":15551234567}"#, vec!["to must be a text"]),
        (r#"{"to":["+15551234567"]}"#, vec!["to must be a text"]),
        (r#"{"to":"+15551234567","to":"+15551234567"}"#, vec!["to must be there once"]),
        (r#"{"to":"15551234567"}"#, vec![&to]),
        (r#"{"to":"+05551234567"}"#, vec![&to]),
        (r#"{"to":"+1"}"#, vec![&to]),
        (r#"{"to":"+1234567890123456"}"#, vec![&to]),
        (r#"{"to":"+1 555 123 4567"}"#, vec![&to]),
        (r#"{"to":" +15551234567"}"#, vec![&to]),
        (r#"{"to":"+15551234567\n"}"#, vec![&to]),
        (r#"{"to":"+1555123456٧"}"#, vec![&to]),
        (r#"{"to":"hunter2","from":"hunter2"}"#, vec![&to, &from]),
        (r#"{"to":"+15551234567","from":7}"#, vec!["from must be a text"]),
        (r#"{"to":"+15551234567","message":{}}"#, vec!["message must be a text"]),
        (r#"{"to":"+15551234567","message":"\ud800"}"#, vec!["message must be a text"]),
        (
            r#"{"from":"1","from":"1","message":"a","message":"a","token_length":6,"token_length":6,"valid_for":1,"valid_for":1,"max_attempts":1,"max_attempts":1,"allow_alphas":true,"allow_alphas":true}"#,
            vec![
                "to is required",
                "from must be there once",
                "message must be there once",
                "token_length must be there once",
                "valid_for must be there once",
                "max_attempts must be there once",
                "allow_alphas must be there once",
            ],
        ),
        (
            r#"{"to":"hunter2","from":"hunter2","message":["hunter2"],"token_length":3,"valid_for":0,"max_attempts":0,"allow_alphas":"hunter2"}"#,
            vec![&to, &from, "message must be a text", NOT_LENGTH, NOT_SECONDS, NOT_ATTEMPTS, NOT_BOOLEAN],
        ),
        (
            r#"{"to":"+15551234567","token_length":21,"valid_for":604801,"max_attempts":21,"allow_alphas":1}"#,
            vec![NOT_LENGTH, NOT_SECONDS, NOT_ATTEMPTS, NOT_BOOLEAN],
        ),
        (
            r#"{"to":"+15551234567","token_length":6.0,"valid_for":1e2,"max_attempts":-1,"allow_alphas":"True"}"#,
            vec![NOT_LENGTH, NOT_SECONDS, NOT_ATTEMPTS, NOT_BOOLEAN],
        ),
        (
            r#"{"to":"+15551234567","token_length":" 6","valid_for":"+60","max_attempts":"0x3","allow_alphas":[]}"#,
            vec![NOT_LENGTH, NOT_SECONDS, NOT_ATTEMPTS, NOT_BOOLEAN],
        ),
        (
            r#"{"to":"+15551234567","token_length":"٦","valid_for":18446744073709551617,"max_attempts":true,"allow_alphas":0}"#,
            vec![NOT_LENGTH, NOT_SECONDS, NOT_ATTEMPTS, NOT_BOOLEAN],
        ),
    ] {
        assert_eq!(said(&mfa.post(SMS, JSON, body)), mistakes(&expected), "{body}");
    }
    for body in ["to=%2", "to=%zz", "%=1", "to=%ff", "%ff=a"] {
        assert_eq!(said(&mfa.post(SMS, FORM, body)), mistakes(&["expected a form in UTF-8 as body"]), "{body}");
    }
    // However deep it goes.
    for body in
        [format!("{{\"x\":{}", "[".repeat(60_000)), format!("{{\"to\":{}1{}}}", "[".repeat(30_000), "]".repeat(30_000))]
    {
        assert_eq!(mfa.post(SMS, JSON, body).code(), 422);
    }
    assert_eq!(said(&mfa.post(SMS, FORM, b"to=\xff")), mistakes(&["expected a form in UTF-8 as body"]));
    assert_eq!(said(&mfa.post(SMS, FORM, "")), mistakes(&["to is required"]));
    // A plus that is not encoded is a blank.
    assert_eq!(said(&mfa.post(SMS, FORM, "to=+15551234567")), mistakes(&[&to]));
    assert_eq!(said(&mfa.post(SMS, FORM, "to=%2B15551234567&t%6f=")), mistakes(&["to must be there once"]));
    // None of these counted.
    assert_eq!(mfa.messages(), 0);
    mfa.sent("");
}

// contract 14.1d: the code does not count, and letters outside of GSM 7-bit make a message of others.
#[test]
fn how_long_a_message_may_be() {
    let mfa = Mfa::start("sends = 1000");
    let sms = "message must be at most 160 characters of GSM 7-bit, or 70 others";
    let call = "message must be at most 500 characters";
    for (path, unit, most, expected) in [
        (SMS, "a", 160, sms),
        (SMS, "à", 160, sms),
        (SMS, "€", 80, sms),
        (SMS, "~", 80, sms),
        (SMS, "ж", 70, sms),
        (SMS, "\u{1f600}", 35, sms),
        (CALL, "a", 500, call),
        (CALL, "ж", 500, call),
        (CALL, "€", 500, call),
    ] {
        let send =
            |length| mfa.send(path, NUMBER, &format!(r#","message":"{}","token_length":20"#, unit.repeat(length)));
        let message = mfa.message(&id(&send(most)));
        let (words, code) = message["text"].as_str().unwrap().split_once(' ').unwrap();
        assert_eq!((words, code.replace(", ", "").len()), (unit.repeat(most).as_str(), 20));
        assert_eq!(said(&send(most + 1)), mistakes(&[expected]), "{unit}");
    }
}

// contract 14.1e: blanks are dropped; without anything else it is no attempt.
#[test]
fn what_a_person_types() {
    let mfa = Mfa::start("sends = 1000");
    let verify = |id: &str, headers: &str, body: &str| said(&mfa.post(&verification(id), headers, body));
    let sent = mfa.sent(r#","max_attempts":1"#);
    let code = mfa.code(&sent);
    let blank = "token must be a text that is not blank";
    for (headers, body, expected) in [
        (JSON, "{}".to_owned(), "token is required"),
        (JSON, r#"{"Token":"1"}"#.to_owned(), "token is required"),
        (JSON, r#"{"token":null}"#.to_owned(), "token is required"),
        (JSON, r#"{"token":""}"#.to_owned(), blank),
        (JSON, r#"{"token":" \t\r\n\u00a0\u2003"}"#.to_owned(), blank),
        (JSON, r#"{"token":123456}"#.to_owned(), "token must be a text"),
        (JSON, format!(r#"{{"token":["{code}"]}}"#), "token must be a text"),
        (JSON, r#"{"token":true}"#.to_owned(), "token must be a text"),
        (JSON, format!(r#"{{"token":"{code}","token":"{code}"}}"#), "token must be there once"),
        (JSON, format!("\"{code}\""), "expected a JSON object as body"),
        (FORM, String::new(), "token is required"),
        (FORM, "token=".to_owned(), blank),
        (FORM, "token".to_owned(), blank),
        (FORM, "token=+%20".to_owned(), blank),
        (FORM, format!("token={code}&token={code}"), "token must be there once"),
        (FORM, "token=%f".to_owned(), "expected a form in UTF-8 as body"),
    ] {
        assert_eq!(verify(&sent, headers, &body), mistakes(&[expected]), "{body}");
    }
    let spread = |code: &str| code.chars().flat_map(|c| [' ', c]).collect::<String>();
    assert_eq!(verify(&sent, JSON, &format!(r#"{{"token":"{}\u00a0\n","x":1}}"#, spread(&code))), right());
    let sent = mfa.sent(r#","max_attempts":1"#);
    let code = mfa.code(&sent);
    assert_eq!(verify(&sent, FORM, &format!("x=1&token=+{}+{}%0a", &code[..3], &code[3..])), right());
    // Whatever else is in it makes another code.
    for typed in ["-", ".", "0"] {
        let sent = mfa.sent("");
        let code = mfa.code(&sent);
        assert_eq!(verify(&sent, JSON, &format!(r#"{{"token":"{code}{typed}"}}"#)), wrong());
        assert_eq!(verify(&sent, JSON, &format!(r#"{{"token":"{}"}}"#, &code[..5])), wrong());
        assert_eq!(verify(&sent, JSON, &format!(r#"{{"token":"{code}"}}"#)), right());
    }
    // A token without a request is 422 first.
    assert_eq!(verify("hunter2", JSON, r#"{"token":" "}"#), mistakes(&[blank]));
    assert_eq!(verify("hunter2", JSON, r#"{"token":"1"}"#), gone());
}

// contract 10.2h, 14.1f: ceilings, a floor, and where codes may go.
#[test]
fn the_configuration_narrows_what_may_be_asked_for() {
    let narrow = "destinations = ['+1555', '+49']\nvalid_for = 600\nmax_attempts = 2\ntoken_length = 8\nsends = 1000";
    let mfa = Mfa::start(narrow);
    let words = "Your Personal Authorization Code is:";
    for (body, length, seconds, attempts) in [
        (r#"{"to":"+15551234567"}"#, 8, 600, 2),
        (r#"{"to":"+15551234567","token_length":8,"valid_for":600,"max_attempts":2}"#, 8, 600, 2),
        (r#"{"to":"+15551234567","token_length":9,"valid_for":599,"max_attempts":1}"#, 9, 599, 1),
    ] {
        check(&mfa, JSON, body, (None, words, length, seconds, attempts));
    }
    let beyond = mfa.post(
        CALL,
        JSON,
        r#"{"to":"+15541234567","from":"+15541234567","token_length":7,"valid_for":601,"max_attempts":3}"#,
    );
    let expected = [
        "to must be a telephone number that this service may send to",
        "token_length must be a whole number from 8 to 20",
        "valid_for must be a whole number from 1 to 600",
        "max_attempts must be a whole number from 1 to 2",
    ];
    assert_eq!(said(&beyond), mistakes(&expected));
    assert_eq!(mfa.send(SMS, "+4930123456", "").code(), 200);
    assert_eq!(mfa.send(SMS, "+4830123456", "").code(), 422);
    // A limit beyond the default changes no default.
    let mfa = Mfa::start("valid_for = 7200\nmax_attempts = 10\ntoken_length = 5");
    check(&mfa, JSON, r#"{"to":"+15551234567"}"#, (None, words, 6, 3600, 3));
}

// contract 14.1c, 14.4b: three tries, where nothing else was asked for.
#[test]
fn tries_by_default() {
    let mfa = Mfa::start("");
    let sent = mfa.sent("");
    let code = mfa.code(&sent);
    for _ in 0..3 {
        assert_eq!(said(&mfa.verify(&sent, &another(&code))), wrong());
    }
    assert_eq!(said(&mfa.verify(&sent, &code)), gone());
}

// contract 14.1a, 14.1g, 14.2b: what a person gets, by text message and by call.
#[test]
fn what_a_person_gets() {
    let folder = Folder::empty();
    let phone = Recorder::start(|_, _| Action::answer(200, ""));
    let delivery = |name: &str| {
        format!("[[delivery]]\nname = '{name}'\nkind = 'webhook'\nurl = '{}'\n", phone.url(&format!("/{name}")))
    };
    configure(&folder, &(delivery("texts") + &delivery("calls")), "sms = 'texts'\ncall = 'calls'");
    let service = start(&folder);
    let words = "Your Personal Authorization Code is:";
    for (path, channel, hook) in [(SMS, "sms", "/texts"), (CALL, "call", "/calls")] {
        let sent = service.post_with(
            path,
            &format!("{}{JSON}", caller()),
            format!(r#"{{"to":"{NUMBER}","from":"{SENDER}"}}"#),
        );
        let id = id(&sent);
        let answer = format!(r#"{{"id":"{id}","success":true,"to":"{NUMBER}","channel":"{channel}"}}"#);
        assert_eq!(said(&sent), (200, answer));
        assert_eq!(sent.header("Content-Type"), Some("application/json"));
        assert_eq!(sent.header("Cache-Control"), Some("no-store"));
        let [message] = &phone.requests(hook)[..] else { panic!("one message for {hook}") };
        let text = serde_json::from_str::<Value>(message.text()).unwrap()["text"].as_str().unwrap().to_owned();
        let expected =
            format!(r#"{{"id":"{id}","channel":"{channel}","to":"{NUMBER}","from":"{SENDER}","text":"{text}"}}"#);
        assert_eq!(message.text(), expected);
        let code = code_in(&text);
        assert!(code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit()), "{text}");
        let spoken = code.chars().map(String::from).collect::<Vec<_>>().join(", ");
        let in_text = if channel == "call" { spoken } else { code.clone() };
        assert_eq!(text, format!("{words} {in_text}"));
        let verify = |token: &str| {
            service.post_with(&verification(&id), &format!("{}{FORM}", caller()), format!("token={token}"))
        };
        assert_eq!(said(&verify(&another(&code))), wrong());
        let matched = verify(&code);
        assert_eq!(said(&matched), right());
        assert_eq!(matched.header("Content-Type"), Some("application/json"));
        assert_eq!(matched.header("Cache-Control"), Some("no-store"));
        assert_eq!(said(&verify(&code)), gone());
    }
    let nobodys = service.post_with(&verification("hunter2"), &format!("{}{FORM}", caller()), "token=123456");
    assert_eq!(said(&nobodys), gone());
    assert_eq!(super::results(&service), [("gone", 3), ("match", 2), ("mismatch", 2), ("sent", 2)]);
    for name in ["texts", "calls"] {
        assert_eq!(super::metric(&service, &format!("deliveries_total{{name=\"{name}\",result=\"delivered\"}}")), 1);
    }
}
