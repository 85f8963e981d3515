use super::*;

mod lost_parameters;
mod properties;

/// RFC 6238's key.
const BASE32: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const KEY: &[u8] = b"12345678901234567890";

/// Issuer and account of a URI with RFC 6238's key; `-` stands for none.
fn names_of(uri: &str) -> (String, String) {
    let KeyUri { secret, issuer, account, parameters } = KeyUri::parse(uri).unwrap();
    assert_eq!((secret.as_bytes(), parameters), (KEY, CodeParameters::default()), "{uri}");
    let or_none = |name: Option<String>| name.unwrap_or_else(|| "-".to_owned());
    (or_none(issuer), or_none(account))
}

/// Algorithm, digits and period of a URI with this query behind the secret.
fn code_of(query: &str) -> Result<(&'static str, u8, u32), KeyUriError> {
    let uri = format!("otpauth://totp/me?secret={BASE32}&{query}");
    let CodeParameters { algorithm, digits, period } = KeyUri::parse(&uri)?.parameters;
    Ok((algorithm.name(), digits.count(), period.seconds()))
}

fn error_of(uri: &str) -> KeyUriError {
    KeyUri::parse(&uri.replace('*', BASE32)).expect_err(uri)
}

// contract 4.5a, 4.5g: shapes in use, each named after a provider or program that is known for it, with RFC 6238's key.
#[test]
fn what_providers_write() {
    for (provider, uri, issuer, account) in [
        ("GitHub", "otpauth://totp/GitHub:john?secret=*&issuer=GitHub", "GitHub", "john"),
        ("Google", "otpauth://totp/Google%3Ajohn%40gmail.com?secret=*&issuer=Google", "Google", "john@gmail.com"),
        (
            "Google, grouped",
            "otpauth://totp/Google:j@gmail.com?secret=gezd+gnbv+gy3t+qojq+gezd+gnbv+gy3t+qojq",
            "Google",
            "j@gmail.com",
        ),
        ("Microsoft", "otpauth://totp/Microsoft:john%40x.com?secret=*&issuer=Microsoft", "Microsoft", "john@x.com"),
        (
            "AWS",
            "otpauth://totp/Amazon%20Web%20Services:root-account-mfa-device@123456789012?secret=*&issuer=Amazon%20Web%20Services",
            "Amazon Web Services",
            "root-account-mfa-device@123456789012",
        ),
        ("Amazon", "otpauth://totp/Amazon%3Ajohn%40example.org?secret=*&issuer=Amazon", "Amazon", "john@example.org"),
        ("Dropbox", "otpauth://totp/Dropbox:john@example.org?secret=*&issuer=Dropbox", "Dropbox", "john@example.org"),
        ("Discord", "otpauth://totp/Discord:john%40example.org?secret=*&issuer=Discord", "Discord", "john@example.org"),
        ("Facebook", "otpauth://totp/john.doe.123?secret=*&digits=6&issuer=Facebook", "Facebook", "john.doe.123"),
        (
            "GitLab",
            "otpauth://totp/gitlab.com:gitlab.com_john%40x.org?secret=*&issuer=gitlab.com",
            "gitlab.com",
            "gitlab.com_john@x.org",
        ),
        (
            "Bitwarden",
            "otpauth://totp/Bitwarden:john%40x.org?secret=*&issuer=Bitwarden&algorithm=SHA1&digits=6&period=30",
            "Bitwarden",
            "john@x.org",
        ),
        (
            "PayPal",
            "otpauth://totp/PayPal: john doe@example.org?secret=*&issuer=PayPal",
            "PayPal",
            "john doe@example.org",
        ),
        (
            "Nextcloud",
            "otpauth://totp/Nextcloud%3Ajohn%40cloud.example.org?secret=*&issuer=Nextcloud&image=https%3A%2F%2Fx%2Fy.png",
            "Nextcloud",
            "john@cloud.example.org",
        ),
        ("FreeOTP", "otpauth://totp/X:me?secret=*&algorithm=SHA1&period=30&digits=6&lock=true&color=ff0000", "X", "me"),
        (
            "pyotp",
            "otpauth://totp/ACME%20Co:john%2Bx%40example.org?secret=*&issuer=ACME%20Co",
            "ACME Co",
            "john+x@example.org",
        ),
    ] {
        let uri = uri.replace('*', BASE32);
        assert_eq!(names_of(&uri), (issuer.to_owned(), account.to_owned()), "{provider}");
    }
}

// contract 4.5b, 4.5g, 4.5h, 4.5j
#[test]
fn labels() {
    for (label, issuer, account) in [
        ("A:me", "A", "me"),
        ("A%3ame", "A", "me"),
        ("A:%20%20me%20", "A", "me "),
        ("A:  me", "A", "me"),
        ("%20me", "-", " me"),
        ("A+B:+me+x", "A+B", "+me+x"),
        ("A:me:you%3Athey", "A", "me:you:they"),
        (":me", "-", "me"),
        ("%20:me", "-", "me"),
        ("A:", "A", "-"),
        ("", "-", "-"),
        ("%20", "-", "-"),
        ("J%C3%B6rg", "-", "Jörg"),
        ("Jörg", "-", "Jörg"),
        ("J%F6rg", "-", "J\u{fffd}rg"),
        ("100%", "-", "100%"),
        ("%zz%4", "-", "%zz%4"),
        ("a/b", "-", "a/b"),
        ("%2520", "-", "%20"),
        // A colon that is encoded separates only where no other does.
        ("A%3Ame%3Ayou", "A", "me:you"),
        ("A%3AB:me", "A:B", "me"),
        (":%3A", "-", ":"),
        ("%3A:", ":", "-"),
        ("A%3A%20me", "A", "me"),
        ("A%26amp%3BB:me", "A&amp;B", "me"),
    ] {
        let uri = format!("otpauth://totp/{label}?secret={BASE32}");
        assert_eq!(names_of(&uri), (issuer.to_owned(), account.to_owned()), "{label}");
    }
    assert_eq!(names_of(&format!("otpauth://totp?secret={BASE32}")), ("-".to_owned(), "-".to_owned()));
}

// contract 4.5b, 4.5e, 4.5i: the prefix is what apps show; the parameter stands in where it is absent.
#[test]
fn issuers() {
    for (label, query, issuer) in [
        ("A:me", "issuer=A", "A"),
        ("A:me", "issuer=example.org", "A"),
        ("me", "issuer=A", "A"),
        ("me", "ISSUER=A+B%2BC", "A B+C"),
        ("A:me", "issuer=", "A"),
        ("me", "issuer=", "-"),
        ("me", "issuer=+%20", "-"),
        ("me", "issuer", "-"),
        ("me", "issuer=A&issuer=A", "A"),
        ("me", "issuer=A=B", "A=B"),
        ("me", "myissuer=A&xissuer=B", "-"),
    ] {
        let uri = format!("otpauth://totp/{label}?{query}&secret={BASE32}");
        assert_eq!(names_of(&uri), (issuer.to_owned(), "me".to_owned()), "{label} {query}");
    }
}

// contract 4.5g: the parameter says where the issuer ends.
#[test]
fn labels_that_begin_with_the_issuer() {
    for (label, query, issuer, account) in [
        ("Gateway:jo@proxy:3080", "Gateway", "Gateway", "jo@proxy:3080"),
        ("Gateway%3Ajo@proxy:3080", "Gateway", "Gateway", "jo@proxy:3080"),
        ("Gateway%3Ajo@proxy%3A3080", "Gateway", "Gateway", "jo@proxy:3080"),
        ("A:B:me", "A%3AB", "A:B", "me"),
        ("A%3AB%3Ame", "A:B", "A:B", "me"),
        ("A%20%26%20B%3Ame:you", "A+%26+B", "A & B", "me:you"),
        ("A%3Ame:you", "B", "A:me", "you"),
        ("Ab:me", "A", "Ab", "me"),
        ("A", "A", "A", "A"),
        (":me", "A", "A", "me"),
        ("A:", "A", "A", "-"),
        ("%3Ame:you", "", ":me", "you"),
        ("%3Ame:you", "+", ":me", "you"),
        ("A:%20%20me", "A", "A", "me"),
    ] {
        // The order is not the one in which names are drawn.
        let uri = format!("otpauth://totp/{label}?issuer={query}&secret={BASE32}");
        assert_eq!(names_of(&uri), (issuer.to_owned(), account.to_owned()), "{label} {query}");
    }
}

// contract 4.5h, 4.1a: blanks before an account say nothing but in the very text that is drawn for them.
#[test]
fn blanks_before_an_account() {
    for (uri, account) in [
        ("otpauth://totp/A:%20%20me%20?secret=*&issuer=A", "  me "),
        (" otpauth://totp/A:%20me?secret=*&issuer=A\n", " me"),
        ("otpauth://totp/A:%20me?issuer=A&secret=*", "me"),
        ("otpauth://totp/A: me?secret=*&issuer=A", "me"),
        ("otpauth://totp/A%3A%20me?secret=*&issuer=A", "me"),
        ("otpauth://totp/A:%20me@x?secret=*&issuer=A", "me@x"),
        ("otpauth://totp/A:%20me?secret=*&issuer=A&digits=6", "me"),
        ("otpauth://totp/A:%20me?secret=*", "me"),
        ("otpauth://totp/A:%20%09me?secret=*&issuer=A", "\tme"),
    ] {
        assert_eq!(names_of(&uri.replace('*', BASE32)), ("A".to_owned(), account.to_owned()), "{uri}");
    }
}

// contract 4.5a, 4.5c, 4.5e, 2.7a, 2.7b
#[test]
fn cases_padding_and_what_surrounds() {
    for uri in [
        "OTPAUTH://TOTP/me?SECRET=*",
        "OtpAuth://Totp/me?Secret=gezdgnbvgy3tqojqgezdgnbvgy3tqojq",
        "otpauth://totp/me?secret=GEZD%20GNBV%20GY3T-QOJQ+GEZD+GNBV+GY3T+QOJQ",
        "otpauth://totp/me?secret=%47EZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
        "otpauth://totp/me?&&secret=*&&",
        "otpauth://totp/me?secret=*&secret=*",
        "otpauth://totp/me?secret=*#fragment",
        "otpauth://totp/me?+secret+=*",
        "otpauth://totp/me?issuer=&%73ecre%74=*",
        " \r\n\u{1}otpauth://totp/me?secret=*\r\n\0 ",
        "otpauth://totp/me?counter=1&encoder=&image=x&color&lock=true&secret=*",
    ] {
        assert_eq!(names_of(&uri.replace('*', BASE32)).1, "me", "{uri}");
    }
    for secret in ["MZXW6YTB", "MZXW6===", "MZXW6%3D%3D%3D"] {
        let uri = KeyUri::parse(&format!("otpauth://totp/me?secret={secret}")).unwrap();
        assert_eq!(uri.secret.as_bytes(), &b"fooba"[..uri.secret.as_bytes().len()], "{secret}");
    }
}

// contract 4.5a, 4.5d, 4.5e, 4.5l, 3.4a
#[test]
fn parameters_of_the_code() {
    for (query, code) in [
        ("algorithm=SHA256&digits=8&period=60", ("SHA256", 8, 60)),
        ("algorithm=sha512", ("SHA512", 6, 30)),
        ("ALGORITHM=SHA-256&DIGITS=7&Period=4294967295", ("SHA256", 7, u32::MAX)),
        ("algorithm=HmacSHA1", ("SHA1", 6, 30)),
        ("algorithm=hmac-sha-512", ("SHA512", 6, 30)),
        ("algorithm=%53HA256&digits=+8+", ("SHA256", 8, 30)),
        ("algorithm=&digits=&period=", ("SHA1", 6, 30)),
        ("%61lgorithm=SHA512&+digits=8&%20period%20=60", ("SHA512", 8, 60)),
        ("\r\ndigits=8&\tperiod=60", ("SHA1", 8, 60)),
    ] {
        assert_eq!(code_of(query), Ok(code), "{query}");
    }
    for wrong in ["MD5", "SHA224", "SHA3-256", "HMAC", "x"] {
        assert_eq!(code_of(&format!("algorithm={wrong}")), Err(KeyUriError::Algorithm), "{wrong}");
    }
    for wrong in ["5", "9", "06", "10", "-6", "six", "6.0"] {
        assert_eq!(code_of(&format!("digits={wrong}")), Err(KeyUriError::Digits), "{wrong}");
    }
    for wrong in ["0", "4294967296", "99999999999999999999999", "-30", "30s", "%2B30", "1e3"] {
        assert_eq!(code_of(&format!("period={wrong}")), Err(KeyUriError::Period), "{wrong}");
    }
}

// contract 4.5k, 4.5l
#[test]
fn what_is_no_key_uri_of_ours() {
    use KeyUriError::*;
    for (uri, error) in [
        ("", Scheme),
        ("https://example.org/?secret=*", Scheme),
        ("otpauth", Scheme),
        ("otpauth:totp/me?secret=*", Scheme),
        ("*", Scheme),
        ("WIFI:T:WPA;S:x;P:y;;", Scheme),
        ("otpauth-migration://offline?data=CjEKCkhlbGxvId6tvu8%3D", Export),
        ("OTPAUTH-MIGRATION://offline", Export),
        ("otpauth://hotp/me?secret=*&counter=1", Hotp),
        ("otpauth://HOTP/me", Hotp),
        ("otpauth://steam/Steam:me?secret=*", Steam),
        ("otpauth://totp/Steam:me?secret=*&encoder=steam", Steam),
        ("otpauth://yaotp/me?secret=*", Type),
        ("otpauth:///totp/me?secret=*", Type),
        ("otpauth://", Type),
        ("otpauth://totp/me", NoSecret),
        ("otpauth://totp/me?issuer=A", NoSecret),
        ("otpauth://totp/me?issuer=A#secret", NoSecret),
        ("otpauth://totp/me?secret", Secret(SecretError::Empty)),
        ("otpauth://totp/me?secret=", Secret(SecretError::Empty)),
        ("otpauth://totp/me?secret=+-+", Secret(SecretError::Empty)),
        ("otpauth://totp/me?secret=MZXW%3D", Secret(SecretError::Padding { index: 4 })),
        ("otpauth://totp/me?secret=GEZ0", Secret(SecretError::Character { index: 3 })),
        ("otpauth://totp/me?secret=GE%FF", Secret(SecretError::Character { index: 2 })),
        ("otpauth://totp/me?secret=A", Secret(SecretError::Length { index: 0 })),
        ("otpauth://totp/me?secret=*&secret=MY", Repeated("secret")),
        ("otpauth://totp/me?secret=*&digits=6&DIGITS=8", Repeated("digits")),
        ("otpauth://totp/me?secret=*&issuer=A&issuer=B", Repeated("issuer")),
    ] {
        assert_eq!(error_of(uri), error, "{uri}");
    }
}

// contract 4.5n: Valve says no digits; an account elsewhere that has the name says six.
#[test]
fn keys_of_steam_guard() {
    for (label, query) in [
        ("Steam:me", "issuer=Steam"),
        ("Steam:me", ""),
        ("STEAM%3Ame", "issuer=steam"),
        ("me", "issuer=+Steam+"),
        ("Steam:me", "issuer=Valve"),
        ("Valve:me", "issuer=Steam"),
        ("Steam:me", "issuer=Steam&digits="),
        ("Steam:me", "issuer=Steam&digits=5"),
        ("me", "digits=5&issuer=Steam"),
        ("me", "encoder=steam"),
        ("me", "encoder=Steam&digits=6"),
    ] {
        assert_eq!(
            error_of(&format!("otpauth://totp/{label}?secret=*&{query}")),
            KeyUriError::Steam,
            "{label} {query}"
        );
    }
    for (label, query) in
        [("Steam:me", "digits=6"), ("me", "issuer=SteamGifts"), ("Steam", ""), ("me", "encoder=default")]
    {
        let uri = format!("otpauth://totp/{label}?secret={BASE32}&{query}");
        assert!(KeyUri::parse(&uri).is_ok(), "{uri}");
    }
}

// contract 4.5n: privacyIDEA's key of which the phone makes a part.
#[test]
fn keys_in_two_steps() {
    for query in [
        "2step_salt=8&2step_output=20&2step_difficulty=10000",
        "2step_salt=8",
        "2STEP_OUTPUT=20",
        "2step%5Fdifficulty=10000",
        "2step=true",
    ] {
        let uri = format!("otpauth://totp/TOTP0001?secret=*&issuer=privacyIDEA&{query}");
        assert_eq!(error_of(&uri), KeyUriError::TwoStep, "{query}");
    }
    assert_eq!(code_of("2step_salt=&2step&12step=x&2steps=1"), Ok(("SHA1", 6, 30)));
}

// contract 1.6c
#[test]
fn debug_shows_no_secret() {
    let uri = KeyUri::parse(&format!("otpauth://totp/A:me?secret={BASE32}")).unwrap();
    let shown = format!("{uri:?}");
    assert!(shown.contains("redacted") && !shown.contains(&BASE32[..8]) && !shown.contains("49, 50"), "{shown}");
}

// contract 4.5k: a text that is passed over is none that could be read.
#[test]
fn what_is_read_is_meant_for_an_app() {
    for (before, around) in [("", ""), ("", " "), ("", "\t\r\n"), ("", "\0"), ("\u{feff}", "\u{1f}")] {
        let uri = format!("{before}{around}OtpAuth://totp/me?secret={BASE32}{around}");
        assert!(is_otpauth(&uri) && KeyUri::parse(&uri).is_ok(), "{uri:?}");
    }
    for other in ["", "https://example.org", "otpauths://totp/me", "\u{a0}otpauth://totp/me", "see otpauth://totp/me"] {
        assert!(!is_otpauth(other), "{other:?}");
        assert_eq!(error_of(other), KeyUriError::Scheme, "{other:?}");
    }
}
