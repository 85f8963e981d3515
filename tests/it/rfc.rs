//! The tables of the standards, through the program's own function.

use std::collections::BTreeSet;

use crate::common::{Folder, totp_document};
use totp_adapter::otp::{CodeParameters, Password, Secret};
use totp_adapter::{Adapter, Operation, Parameters, Status, UnixTime};

fn password(key: &[u8], time: u64, algorithm: &str, digits: &str) -> String {
    let base32 = data_encoding::BASE32_NOPAD.encode(key);
    let code = CodeParameters {
        algorithm: algorithm.parse().unwrap(),
        digits: digits.parse().unwrap(),
        ..CodeParameters::default()
    };
    let parameters = Parameters { code, ..Parameters::default() };
    let mut entropy = |_: &mut _| Ok(());
    let mut adapter = Adapter::new(Some(UnixTime(time)), &mut entropy);
    let input = format!("<Secret>{base32}</Secret>");
    let reply = adapter.respond(Operation::GeneratePassword, &parameters, input.as_bytes());
    let document = String::from_utf8(reply.body.into_bytes().to_vec()).unwrap();
    document.strip_prefix("<Password>").unwrap().strip_suffix("</Password>\n").unwrap().to_owned()
}

/// RFC 4226, appendix D: the counter is the number of the time step.
// contract 3.1
#[test]
fn rfc_4226() {
    let table = ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"];
    for (step, code) in (0..).zip(table) {
        assert_eq!(password(b"12345678901234567890", step * 30, "SHA1", "6"), code, "step {step}");
        assert_eq!(password(b"12345678901234567890", step * 30 + 29, "SHA1", "6"), code, "step {step}");
    }
}

/// RFC 6238, appendix B, with errata 2866: the keys of SHA-256 and SHA-512 are 32 and 64 bytes long.
// contract 3.1, 3.3b, 3.4a
#[test]
fn rfc_6238() {
    let key: Vec<u8> = b"1234567890".iter().copied().cycle().take(64).collect();
    let table = [
        (59, ["94287082", "46119246", "90693936"]),
        (1_111_111_109, ["07081804", "68084774", "25091201"]),
        (1_111_111_111, ["14050471", "67062674", "99943326"]),
        (1_234_567_890, ["89005924", "91819424", "93441116"]),
        (2_000_000_000, ["69279037", "90698825", "38618901"]),
        (20_000_000_000, ["65353130", "77737706", "47863826"]),
    ];
    for (time, codes) in table {
        for ((algorithm, bytes), code) in [("SHA1", 20), ("SHA256", 32), ("SHA512", 64)].into_iter().zip(codes) {
            assert_eq!(password(&key[..bytes], time, algorithm, "8"), code, "{algorithm} at {time}");
            assert_eq!(password(&key[..bytes], time, algorithm, "7"), code[1..], "{algorithm} at {time}");
            assert_eq!(password(&key[..bytes], time, algorithm, "6"), code[2..], "{algorithm} at {time}");
        }
    }
}

fn accepts(step_of_password: u64, step_of_clock: u64, skew: &str, period: &str) -> bool {
    let secret = Secret::from_base32(crate::common::RFC_SECRET).unwrap();
    let code = CodeParameters { period: period.parse().unwrap(), ..CodeParameters::default() };
    let seconds = |step: u64| UnixTime(step * u64::from(code.period.seconds()));
    let password = Password::generate(&secret, code, seconds(step_of_password));
    let matched = password.matching_step(&secret, code, skew.parse().unwrap(), seconds(step_of_clock));
    assert!(matched.is_none_or(|step| step == step_of_password));
    matched.is_some()
}

// contract 3.2a, 3.3b: exactly the steps within the skew, and none before step 0.
#[test]
fn the_window() {
    for (skew, steps) in [("0", 0), ("1", 1), ("2", 2), ("10", 10)] {
        for distance in 0..=12 {
            for period in ["1", "30", "4294967295"] {
                assert_eq!(accepts(100 - distance, 100, skew, period), distance <= steps, "{skew} {distance}");
                assert_eq!(accepts(100 + distance, 100, skew, period), distance <= steps, "{skew} {distance}");
            }
        }
        assert!(accepts(0, 0, skew, "30"));
        assert!(accepts(steps, 0, skew, "30"));
    }
}

// contract 3.3c: a clock before 1970 is -1 where the time matters, and nowhere else.
#[test]
fn a_clock_before_1970() {
    let mut entropy = |_: &mut _| Ok(());
    let mut adapter = Adapter::new(None, &mut entropy);
    let mut status = |operation, input: &str| {
        let parameters = Parameters { account: Some("me".into()), ..Parameters::default() };
        let reply = adapter.respond(operation, &parameters, input.as_bytes());
        (reply.status, reply.cause.map_or_else(String::new, |cause| cause.to_string()))
    };
    let secret = crate::common::secret_document();
    let clock = "unusable clock: the system time is before 1970";
    assert_eq!(status(Operation::GeneratePassword, &secret), (Status::Error, clock.to_owned()));
    assert_eq!(status(Operation::VerifyPassword, &totp_document("287082")), (Status::Error, clock.to_owned()));
    assert_eq!(status(Operation::GenerateSecret, "").0, Status::Success);
    assert_eq!(status(Operation::GenerateAuthenticatorQRCode, &secret).0, Status::Success);
}

// contract 1.3c: no entropy is -1.
#[test]
fn no_entropy() {
    let mut entropy = |_: &mut _| Err(totp_adapter::adapter::EntropyError);
    let mut adapter = Adapter::new(None, &mut entropy);
    let reply = adapter.respond(Operation::GenerateSecret, &Parameters::default(), b"");
    assert_eq!(reply.status, Status::Error);
    assert_eq!(
        *reply.body.into_bytes(),
        b"<Error description=\"no entropy: the operating system returned no random bytes\"/>\n"
    );
}

// contract 1.1b: 20 random bytes in Base32, 32 characters, upper case, no padding.
#[test]
fn a_secret_is_its_entropy() {
    let mut entropy = |bytes: &mut [u8; 20]| {
        bytes.copy_from_slice(b"12345678901234567890");
        Ok(())
    };
    let mut adapter = Adapter::new(None, &mut entropy);
    let reply = adapter.respond(Operation::GenerateSecret, &Parameters::default(), b"ignored");
    assert_eq!(*reply.body.into_bytes(), format!("{}\n", crate::common::secret_document()).into_bytes());
}

/// The secrets in documents.
fn secrets(documents: &str) -> Vec<Vec<u8>> {
    let texts = documents.lines().map(|line| line.split(['>', '<']).nth(2).unwrap());
    texts.map(|text| data_encoding::BASE32_NOPAD.decode(text.as_bytes()).unwrap()).collect()
}

// contract 1.1b: the bytes are drawn anew for every secret, all of them, wherever it is made.
#[test]
fn all_bits_of_a_secret_are_random() {
    const SECRETS: usize = 64;
    let folder = Folder::empty();
    let filter: String = (0..SECRETS).map(|_| folder.run("--operation GenerateSecret").stdout()).collect();
    let stream = folder.prepare("stream --operation GenerateSecret").stdin("\n".repeat(SECRETS)).run().stdout();
    folder.run(&format!("batch --operation GenerateSecret --output-dir out --count {SECRETS}"));
    let batch: String = folder.names_in("out").iter().map(|name| folder.read(&format!("out/{name}"))).collect();
    let mut all = BTreeSet::new();
    for documents in [filter, stream, batch] {
        let secrets = secrets(&documents);
        assert_eq!(secrets.len(), SECRETS);
        let (zeros, ones) = secrets.iter().fold(([0; 20], [0; 20]), |(mut zeros, mut ones), secret| {
            for (index, byte) in secret.iter().enumerate() {
                zeros[index] |= !byte;
                ones[index] |= byte;
            }
            (zeros, ones)
        });
        assert_eq!((zeros, ones), ([0xff; 20], [0xff; 20]), "{documents}");
        all.extend(secrets);
    }
    assert_eq!(all.len(), 3 * SECRETS);
}
