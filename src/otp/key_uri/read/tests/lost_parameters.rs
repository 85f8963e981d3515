//! Parameters that are not where they belong: read, or the reason of a refusal, and never lost.

use super::*;

// contract 4.5f: a page that escaped the URI once too often, as PHP, Python, WordPress and Handlebars do.
#[test]
fn what_was_escaped_once_too_often_is_unescaped() {
    for uri in [
        "otpauth://totp/A:me?secret=*&amp;issuer=A&amp;algorithm=SHA256&amp;digits=8&amp;period=60",
        "otpauth://totp/A:me?secret=*&#38;issuer=A&#38;algorithm=SHA256&#38;digits=8&#38;period=60",
        "otpauth://totp/A:me?secret=*&#038;issuer=A&#x26;algorithm=SHA256&#X26;digits=8&AMP;period=60",
        "otpauth://totp/A:me?secret=*&amp;amp;issuer=A&amp;#38;algorithm=SHA256&#38;amp;digits=8&amp;amp;amp;period=60",
        "otpauth:&#x2F;&#x2F;totp&#x2F;A:me?secret&#x3D;*&amp;issuer&#x3D;A&amp;algorithm&#x3D;SHA256&amp;digits&#x3D;8&amp;period&#x3D;60",
        "otpauth://totp/A:me?issuer=A&amp;secret=*&amp;algorithm=SHA256&amp;digits=8&amp;period=60#&amp;",
    ] {
        let uri = uri.replace('*', BASE32);
        let read = KeyUri::parse(&uri).unwrap();
        let CodeParameters { algorithm, digits, period } = read.parameters;
        assert_eq!((algorithm.name(), digits.count(), period.seconds()), ("SHA256", 8, 60), "{uri}");
        assert_eq!(
            (read.secret.as_bytes(), read.issuer.as_deref(), read.account.as_deref()),
            (KEY, Some("A"), Some("me"))
        );
    }
    let uri = format!("otpauth://totp/O&#39;Neill &amp; Co:me?secret={BASE32}&amp;issuer=O&#39;Neill");
    assert_eq!(names_of(&uri), ("O'Neill & Co".to_owned(), "me".to_owned()));
}

// contract 4.5f: what is percent-encoded is a name, whatever it looks like.
#[test]
fn escapes_in_names_are_names() {
    for (written, issuer) in [
        ("A%26amp%3BB", "A&amp;B"),
        ("A%26digits%3D8", "A&digits=8"),
        ("A%3Fdigits%3D8", "A?digits=8"),
        ("%26%2338%3B", "&#38;"),
        ("A;B", "A;B"),
        ("A=B?", "A=B?"),
        ("x%3Ddigits", "x=digits"),
        ("mydigits=8", "mydigits=8"),
    ] {
        let uri = format!("otpauth://totp/me?secret={BASE32}&issuer={written}");
        assert_eq!(names_of(&uri), (issuer.to_owned(), "me".to_owned()), "{written}");
    }
}

// contract 4.5m
#[test]
fn separators_that_are_none() {
    for uri in [
        "otpauth://totp/me?secret=*?digits=8",
        "otpauth://totp/me?digits=8?secret=*",
        "otpauth://totp/me??secret=*",
        "otpauth://totp/me?secret=*;digits=8",
        "otpauth://totp/me?secret=*; digits =8",
        "otpauth://totp/me?secret=*&issuer=A;digits=8",
        "otpauth://totp/me?secret=*&issuer=A?DIGITS=8",
        "otpauth://totp/me?secret=*&issuer=A,period=60",
        "otpauth://totp/me?secret=*&issuer=A digits=8",
        "otpauth://totp/me?secret=*&issuer=A+digits=8",
        "otpauth://totp/me?secret=*&issuer=A%26digits=8",
        "otpauth://totp/me?secret=*&issuer=A\\u0026digits=8",
        "otpauth://totp/me?secret=*&issuer=A\u{ff06}digits=8",
        "otpauth://totp/me?secret=*&image=x;encoder=steam",
        "otpauth://totp/me?secret=*&image=x;2step_salt=8",
        "otpauth://totp/me?secret=*&amp%3Bdigits=8",
        "otpauth://totp/me?secret=*&?digits=8",
        "otpauth://totp/me?secret=*&digits[]=8",
        "otpauth://totp/me?secret=*&digits%3D8",
        "otpauth://totp/me?secret=*&\u{feff}digits=8",
        "otpauth://totp/me?secret=*&quot;digits=8",
        "otpauth://totp/me?secret=*&ampdigits=8",
        "otpauth://totp/me?secret=*&AMPdigits=8",
        "otpauth://totp/me?secret=*&#38digits=8",
        "otpauth://totp/me?secret=*&#x26period=60",
        "otpauth://totp/me?secret=*&image=x&quot;digits=8",
        "otpauth://totp/me?secret=*&issuer=J&ouml;rg",
        "otpauth://totp/me?secret=*&issuer=Team #1&digits=8",
        "otpauth://totp/me?secret=*#digits=8",
        "otpauth://totp/Team #1?secret=*",
        "otpauth://totp/me&secret=*",
        "otpauth://totp/me&digits=8?secret=*",
    ] {
        assert_eq!(error_of(uri), KeyUriError::Separator, "{uri}");
    }
    for uri in [
        "otpauth://totp/me?secret=*&image=https%3A%2F%2Fx%2Fy%3Fdigits%3D8",
        "otpauth://totp/me?secret=*&image=https://x/y?size=8",
        "otpauth://totp/me?secret=*&my-digits=8&my_period=1&my.digits=8&my~digits=8&xissuer=A&lock",
        "otpauth://totp/me?secret=*#section=2",
    ] {
        assert_eq!(names_of(&uri.replace('*', BASE32)).1, "me", "{uri}");
    }
    // The letters and the padding of a secret may look like a parameter.
    assert!(KeyUri::parse("otpauth://totp/me?secret=XDIGITS=").is_ok());
    assert!(KeyUri::parse("otpauth://totp/me?secret=DIGITSA=").is_ok());
}
