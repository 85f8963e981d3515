//! How many codes a destination gets, and how many wrong ones are looked at.

use std::collections::BTreeSet;
use std::fs;

use super::{
    CALL, Mfa, NUMBER, SENDER, SMS, another, at_once, count, id, limited, mistakes, now, results, right, said, wrong,
};
use crate::common::service::Response;

/// After how many seconds a refused one may come again.
fn seconds(refused: &Response) -> u64 {
    assert_eq!(said(refused), limited());
    assert_eq!(refused.header("Content-Type"), Some("application/json"));
    refused.header("Retry-After").unwrap().parse().unwrap()
}

/// The times of a column, of the only destination.
fn times(mfa: &Mfa, column: &str) -> Vec<i64> {
    let find = format!("SELECT {column} FROM mfa WHERE id = x''");
    let bytes: Vec<u8> = mfa.database().query_row(&find, [], |row| row.get(0)).unwrap();
    let (times, rest) = bytes.as_chunks();
    assert!(rest.is_empty());
    times.iter().map(|time| i64::from_be_bytes(*time)).collect()
}

/// Lets so many seconds pass for the only destination.
fn pass(mfa: &Mfa, seconds: i64) {
    for column in ["sends", "guesses"] {
        let earlier: Vec<u8> = times(mfa, column).iter().flat_map(|time| (time - seconds).to_be_bytes()).collect();
        mfa.database().execute(&format!("UPDATE mfa SET {column} = ?1 WHERE id = x''"), [earlier]).unwrap();
    }
}

// contract 14.3c: five in ten minutes where nothing else is configured, by text message and call together.
#[test]
fn as_many_codes_as_a_destination_gets() {
    let mfa = Mfa::start("");
    let sent: Vec<String> = [SMS, CALL, SMS, CALL, SMS].map(|path| id(&mfa.send(path, NUMBER, ""))).into();
    for path in [SMS, CALL] {
        let wait = seconds(&mfa.send(path, NUMBER, ""));
        assert!((1..=600).contains(&wait), "{wait}");
    }
    // What is refused is not counted, and neither is what has mistakes.
    assert_eq!(said(&mfa.send(SMS, NUMBER, r#","max_attempts":0"#)).0, 422);
    assert_eq!(times(&mfa, "sends").len(), 5);
    assert_eq!(mfa.messages(), 5);
    assert_eq!(results(&mfa.service), [("limited", 2), ("sent", 5)]);
    // The codes are those of five requests, each of which holds.
    assert_eq!(sent.iter().collect::<BTreeSet<_>>().len(), 5);
    for id in &sent {
        assert_eq!(said(&mfa.verify(id, &mfa.code(id))), right());
    }
    // Matches are no reason for more codes.
    assert_eq!(said(&mfa.send(SMS, NUMBER, "")), limited());
    // The ten minutes of each begin when it was sent.
    pass(&mfa, 300);
    let wait = seconds(&mfa.send(SMS, NUMBER, ""));
    assert!((1..=300).contains(&wait), "{wait}");
    pass(&mfa, 300);
    assert_eq!(mfa.send(SMS, NUMBER, "").code(), 200);
}

// contract 14.3c: the limit is that of one destination, whoever a code is from.
#[test]
fn each_destination_has_its_own() {
    let mfa = Mfa::start("sends = 1");
    mfa.sent(r#","from":"+15557654321""#);
    assert_eq!(said(&mfa.send(SMS, NUMBER, "")), limited());
    assert_eq!(mfa.send(SMS, SENDER, "").code(), 200);
    assert_eq!(said(&mfa.send(CALL, SENDER, "")), limited());
}

// contract 14.3c, 14.4c: R6, of many at once no more leave.
#[test]
fn of_forty_codes_at_once_seven_leave() {
    let mfa = Mfa::start("sends = 7");
    let codes = at_once(40, |number| mfa.send([SMS, CALL][number % 2], NUMBER, "").code());
    assert_eq!((count(&codes, &200), count(&codes, &429)), (7, 33));
    assert_eq!(mfa.messages(), 7);
    assert_eq!(results(&mfa.service), [("limited", 33), ("sent", 7)]);
}

// contract 14.3d: R8, a new code is no new budget; then the right one is not looked at, and none is sent.
#[test]
fn as_many_wrong_codes_as_are_looked_at() {
    let mfa = Mfa::start("guesses = 5\nsends = 1000");
    let ids = [0; 3].map(|_| mfa.sent(r#","max_attempts":3"#));
    let codes = ids.clone().map(|id| mfa.code(&id));
    for number in [0, 0, 1, 1, 2] {
        assert_eq!(said(&mfa.verify(&ids[number], &another(&codes[number]))), wrong());
    }
    for (id, code) in ids.iter().zip(&codes) {
        for token in [code.clone(), another(code)] {
            let wait = seconds(&mfa.verify(id, &token));
            assert!((86_300..=86_400).contains(&wait), "{wait}");
        }
    }
    for path in [SMS, CALL] {
        let wait = seconds(&mfa.send(path, NUMBER, ""));
        assert!((86_300..=86_400).contains(&wait), "{wait}");
    }
    assert_eq!(mfa.messages(), 3);
    assert_eq!(results(&mfa.service), [("limited", 8), ("mismatch", 5), ("sent", 3)]);
    // What has no text is still 422, and what is gone is gone.
    assert_eq!(said(&mfa.verify(&ids[0], " ")), mistakes(&["token must be a text that is not blank"]));
    assert_eq!(mfa.verify("00000000-0000-4000-8000-000000000000", "1").code(), 404);
    // Another destination is not concerned.
    let other = id(&mfa.send(SMS, SENDER, ""));
    assert_eq!(said(&mfa.verify(&other, &another(&mfa.code(&other)))), wrong());
    assert_eq!(said(&mfa.verify(&other, &mfa.code(&other))), right());
}

// contract 14.3d: a day, after which the tries of the request are those that were left.
#[test]
fn a_wrong_code_counts_for_a_day() {
    let mfa = Mfa::start("guesses = 2");
    let sent = mfa.sent(r#","max_attempts":3,"valid_for":604800"#);
    let code = mfa.code(&sent);
    for _ in 0..2 {
        assert_eq!(said(&mfa.verify(&sent, &another(&code))), wrong());
    }
    pass(&mfa, 43_200);
    assert!((1..=43_200).contains(&seconds(&mfa.verify(&sent, &code))));
    let last = *times(&mfa, "guesses").last().unwrap();
    assert!(last <= now() - 43_200);
    pass(&mfa, 43_200);
    assert_eq!(said(&mfa.verify(&sent, &code)), right());
}

// contract 14.3d, 14.4c: R6, of many at once no more are looked at, whatever request they are for.
#[test]
fn of_forty_wrong_codes_at_once_five_are_looked_at() {
    let mfa = Mfa::start("guesses = 5");
    let ids = [0; 4].map(|_| mfa.sent(r#","max_attempts":20,"token_length":20"#));
    let found = at_once(40, |number| said(&mfa.verify(&ids[number % 4], "1")));
    assert_eq!((count(&found, &wrong()), count(&found, &limited())), (5, 35));
    assert_eq!(results(&mfa.service), [("limited", 35), ("mismatch", 5), ("sent", 4)]);
    for id in &ids {
        assert_eq!(said(&mfa.verify(id, &mfa.code(id))), limited());
    }
}

// contract 14.3e: a match forgets the wrong codes of its destination.
#[test]
fn a_match_forgets_wrong_codes() {
    let mfa = Mfa::start("guesses = 3\nsends = 1000");
    for _ in 0..3 {
        let sent = mfa.sent("");
        let code = mfa.code(&sent);
        for _ in 0..2 {
            assert_eq!(said(&mfa.verify(&sent, &another(&code))), wrong());
        }
        assert_eq!(said(&mfa.verify(&sent, &code)), right());
        assert!(times(&mfa, "guesses").is_empty());
    }
}

// contract 14.3f
#[test]
fn a_state_has_no_telephone_number() {
    let mfa = Mfa::start("");
    let sent = mfa.sent(r#","from":"+15557654321""#);
    assert_eq!(said(&mfa.verify(&sent, "1")), wrong());
    let files = mfa.folder.names().into_iter().filter(|name| name.starts_with("state.db"));
    let read = |name: String| fs::read(mfa.folder.path().join(name)).unwrap();
    let bytes: Vec<u8> = files.flat_map(read).collect();
    assert!(bytes.len() > 4096);
    for number in [NUMBER, SENDER] {
        let digits = &number.as_bytes()[1..];
        let as_number = number[1..].parse::<u64>().unwrap().to_be_bytes();
        for form in [digits, &as_number[3..]] {
            assert!(!bytes.windows(form.len()).any(|window| window == form));
        }
    }
    // With another salt it is another destination: what stands for a number is none that others could compute.
    let other = Mfa::start("");
    other.sent("");
    let find = "SELECT destination FROM mfa WHERE id = x''";
    let [one, another] =
        [&mfa, &other].map(|mfa| mfa.database().query_row(find, [], |row| row.get::<_, Vec<u8>>(0)).unwrap());
    assert_eq!((one.len(), another.len()), (32, 32));
    assert_ne!(one, another);
}
