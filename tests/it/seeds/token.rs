//! Any head and body as a request for a token: the answer is the only client or an error of RFC 6749, what is accepted has the
//! client's id and secret for another reader of forms, and whatever id and secret a client has, every right request is accepted.

use data_encoding::BASE64;
use totp_adapter::service::fuzzing::{HeaderMap, HeaderValue, client};

use super::head::{only, parted};

const ID: &str = "workflow";
const SECRET: &str = "a secret of 22 characters and more";
const FORM: &str = "application/x-www-form-urlencoded";
const ERRORS: [&str; 4] = ["invalid_request", "invalid_client", "unsupported_grant_type", "invalid_scope"];

// contract 13.3a, 13.3c
pub fn check(bytes: &[u8]) {
    let (headers, body) = parted(bytes);
    match client(ID, SECRET.as_bytes()).asking(&headers, body) {
        Ok(id) => {
            assert_eq!(id, ID);
            check_accepted(&headers, body);
        }
        Err(error) => assert!(ERRORS.contains(&error.to_string().as_str()), "{error}"),
    }
    let text = String::from_utf8_lossy(body);
    let (id, secret) = text.split_once('\n').unwrap_or((&text, SECRET));
    if !id.is_empty() && !secret.is_empty() {
        check_written(id, secret);
    }
}

/// Another reader finds the same in what was accepted.
fn check_accepted(headers: &HeaderMap, body: &[u8]) {
    let values = |name: &str| -> Vec<String> {
        let pairs = form_urlencoded::parse(body).filter(|(found, value)| found == name && !value.is_empty());
        pairs.map(|(_, value)| value.into_owned()).collect()
    };
    assert_eq!((values("grant_type"), values("scope")), (vec!["client_credentials".to_owned()], vec![]));
    if headers.contains_key("authorization") {
        let basic = only(headers, "authorization").expect("two are refused");
        let credentials = BASE64.decode(basic[6..].trim_ascii()).expect("it was decoded");
        let as_form = format!("x={}", String::from_utf8(credentials).expect("it is the client's"));
        let (_, decoded) = form_urlencoded::parse(as_form.as_bytes()).next().expect("there is one pair");
        let both = format!("{ID}:{SECRET}");
        assert!(as_form[2..] == both || decoded == both);
        assert_eq!(values("client_secret"), Vec::<String>::new());
    } else {
        assert_eq!((values("client_id"), values("client_secret")), (vec![ID.to_owned()], vec![SECRET.to_owned()]));
    }
}

/// By a form, and by Basic with both parts encoded as RFC 6749 wants it or, where no colon is in the id, as they are.
fn check_written(id: &str, secret: &str) {
    let clients = client(id, secret.as_bytes());
    let grant = ("grant_type", "client_credentials");
    let form = |pairs: &[(&str, &str)]| form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let mut headers = HeaderMap::new();
    headers.append("content-type", HeaderValue::from_static(FORM));
    let by_form = form(&[grant, ("client_id", id), ("client_secret", secret)]);
    assert_eq!(clients.asking(&headers, by_form.as_bytes()).as_deref(), Ok(id));
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let plain = (!id.contains(':')).then(|| format!("{id}:{secret}"));
    for credentials in [format!("{}:{}", encoded(id), encoded(secret))].into_iter().chain(plain) {
        let basic = format!("Basic {}", BASE64.encode(credentials.as_bytes()));
        let mut headers = headers.clone();
        headers.append("authorization", HeaderValue::from_str(&basic).expect("Base64 is visible ASCII"));
        assert_eq!(clients.asking(&headers, form(&[grant]).as_bytes()).as_deref(), Ok(id));
        assert_eq!(clients.asking(&headers, form(&[grant, ("client_id", id)]).as_bytes()).as_deref(), Ok(id));
    }
}
