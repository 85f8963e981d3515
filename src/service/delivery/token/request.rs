//! The request for a token, as Verity sends it: client credentials in the form of the body (RFC 6749, 4.4.2).

use std::time::Instant;

use reqwest::header::{HeaderMap, HeaderValue};
use zeroize::Zeroizing;

use super::super::Confidential;
use super::super::http::{EndpointUrl, HttpClient};
use super::answer::{self, Issued};
use super::{TokenError, TokenSource};

/// The most bytes that one byte of a value becomes: `%20`.
const MOST: usize = 3;

/// Who asks for tokens, and where.
pub(in super::super) struct ClientCredentials {
    pub endpoint: EndpointUrl,
    pub grant_type: String,
    pub client_id: String,
    pub client_secret: Confidential,
}

impl ClientCredentials {
    /// The source of tokens for these, by the machine's clock.
    pub(in super::super) fn source(self, client: HttpClient) -> TokenSource {
        let credentials = std::sync::Arc::new(self);
        let fetch = move || {
            let (credentials, client) = (credentials.clone(), client.clone());
            Box::pin(async move { credentials.fetch(&client).await }) as super::Fetching
        };
        TokenSource::new(fetch, Instant::now)
    }

    async fn fetch(&self, client: &HttpClient) -> Result<Issued, TokenError> {
        let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
        let answer = client.post(&self.endpoint, content_type, HeaderMap::new(), self.form()).await?;
        match answer.status {
            200 => answer::read(&answer.body().await?),
            status => {
                let code = answer.body().await.ok().and_then(|body| answer::error_code(&body));
                Err(TokenError::Status { status, code })
            }
        }
    }

    fn form(&self) -> Zeroizing<Vec<u8>> {
        let fields = [
            ("grant_type", self.grant_type.as_str()),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.reveal()),
        ];
        let bytes: usize = fields.iter().map(|(name, value)| name.len() + MOST * value.len() + 2).sum();
        // It does not grow: a copy of the secret would be left behind.
        let mut form = Zeroizing::new(Vec::with_capacity(bytes));
        for (index, (name, value)) in fields.into_iter().enumerate() {
            if index > 0 {
                form.push(b'&');
            }
            form.extend_from_slice(name.as_bytes());
            form.push(b'=');
            value.bytes().for_each(|byte| push_encoded(&mut form, byte));
        }
        form
    }
}

/// A byte as forms have it (URL Standard, "application/x-www-form-urlencoded").
fn push_encoded(form: &mut Vec<u8>, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    match byte {
        b'*' | b'-' | b'.' | b'_' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => form.push(byte),
        b' ' => form.push(b'+'),
        byte => form.extend_from_slice(&[b'%', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::super::http::HttpOptions;
    use super::*;

    // contract 13.1b
    #[test]
    fn the_form_has_three_fields_in_veritys_order() {
        let limit = Duration::from_secs(1);
        let client = HttpClient::new(&HttpOptions { proxy: None, ca_file: None, insecure_http: false, limit }).unwrap();
        let credentials = ClientCredentials {
            endpoint: client.endpoint("https://auth.example/token").unwrap(),
            grant_type: "client_credentials".to_owned(),
            client_id: "a b&c=ü".to_owned(),
            client_secret: Confidential::new("+%/*-._~".to_owned()),
        };
        let form = credentials.form();
        let expected = "grant_type=client_credentials&client_id=a+b%26c%3D%C3%BC&client_secret=%2B%25%2F*-._%7E";
        assert_eq!(std::str::from_utf8(&form).unwrap(), expected);
        assert!(form.len() <= form.capacity());
    }
}
