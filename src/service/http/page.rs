//! The page for people at `/` (contract 10.10): the one file `page.html`, of which a configuration shows its parts. It
//! knows nothing of routes and requests.

use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue};
use data_encoding::BASE64;
use quick_xml::escape::escape;
use sha2::{Digest, Sha256};

use super::parts::{Part, Parts};

/// The page with all its parts, which markers on lines of their own surround: what is between `if` and `end` of a part that
/// is not served is left out. What stands in double braces is filled in. The secret lives in one variable of the script and in
/// what is shown: never in an address, the history, the title or a storage.
const TEMPLATE: &str = include_str!("page.html");

/// The type of the page.
pub const TYPE: &str = "text/html; charset=utf-8";

/// The page, the same for every request.
#[derive(Clone, Debug)]
pub struct WebPage {
    /// The HTML document.
    pub body: Bytes,
    /// The headers beside its type.
    pub headers: [(HeaderName, HeaderValue); 4],
}

/// The page of what is served.
#[must_use]
pub fn page(parts: &Parts) -> WebPage {
    let page = filled(&with_parts(parts), parts);
    let policy = HeaderValue::try_from(policy(&page)).expect("Base64 and names of directives are visible ASCII");
    let headers = [
        (CONTENT_SECURITY_POLICY, policy),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        // A browser keeps no copy of a page that showed a secret.
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    WebPage { body: Bytes::from(page), headers }
}

/// The lines of the parts that are served.
fn with_parts(parts: &Parts) -> String {
    let mut page = String::with_capacity(TEMPLATE.len());
    // Whether each of the parts that a line is in is shown, the outermost first.
    let mut shown = Vec::new();
    for line in TEMPLATE.lines() {
        match Marker::on(line) {
            Some(Marker::If(part)) => shown.push(parts.has(part)),
            Some(Marker::Else) => {
                let part = shown.pop();
                shown.extend(part.map(|shown: bool| !shown));
            }
            Some(Marker::End) => drop(shown.pop()),
            None if shown.iter().all(|shown| *shown) => page.extend([line, "\n"]),
            None => {}
        }
    }
    page
}

/// A line that begins or ends a part of the page.
enum Marker {
    If(Part),
    Else,
    End,
}

impl Marker {
    fn on(line: &str) -> Option<Self> {
        match line.trim().strip_prefix("<!-- ")?.strip_suffix(" -->")? {
            "else" => Some(Self::Else),
            "end" => Some(Self::End),
            comment => {
                let name = comment.strip_prefix("if ")?;
                let part = Part::ALL.into_iter().find(|part| part.name() == name);
                Some(Self::If(part.expect("the page names parts that exist")))
            }
        }
    }
}

fn filled(page: &str, parts: &Parts) -> String {
    let token = if parts.has(Part::Clients) { " -H @token.txt" } else { "" };
    page.replace("{{version}}", env!("CARGO_PKG_VERSION"))
        .replace("{{base}}", &escape(parts.base.as_str()))
        .replace("{{token}}", token)
}

/// What the page may do (Content Security Policy Level 3): its style and its script, requests to where it came from, the
/// icon and the QR code as pictures; no text becomes markup or script.
fn policy(page: &str) -> String {
    format!(
        "default-src 'none'; script-src {}; style-src {}; connect-src 'self'; img-src data: blob:; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        hash(page, "<script>", "</script>"),
        hash(page, "<style>", "</style>"),
    )
}

/// The hash of what stands between the tags, as a source expression.
fn hash(page: &str, start: &str, end: &str) -> String {
    let (_, rest) = page.split_once(start).expect("the page has a style and a script");
    let (content, _) = rest.split_once(end).expect("the page has a style and a script");
    format!("'sha256-{}'", BASE64.encode(&Sha256::digest(content)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::config::{Access, Configuration};
    use crate::service::http::parts::tests::full;

    fn text(configuration: &Configuration) -> String {
        String::from_utf8(page(&Parts::of(configuration)).body.to_vec()).unwrap()
    }

    // contract 10.10a: the page shows what is served, and nothing of how it is made.
    #[test]
    fn parts_are_shown_or_left_out() {
        let closed = Configuration { operations: Access::Nobody, ..full() };
        let pages = [text(&Configuration::default()), text(&full()), text(&closed)];
        for (part, shown) in [
            ("<form", [true, false, false]),
            ("A token is needed", [false, true, false]),
            ("/x4/<wbr>VerifyPassword", [true, true, false]),
            ("POST /read-qr", [true, true, false]),
            ("/accounts/{name}/<wbr>VerifyPassword", [false, true, false]),
            ("POST /oauth2/token", [false, true, true]),
            ("-H @token.txt", [false, true, false]),
            ("GET /metrics", [true, true, true]),
        ] {
            assert_eq!(pages.each_ref().map(|page| page.contains(part)), shown, "{part}");
        }
        for page in &pages {
            assert!(!page.contains("{{") && !page.contains("<!--"));
            assert!(page.ends_with("</html>\n"));
        }
    }

    // contract 10.10a
    #[test]
    fn a_password_that_verifies_again_is_announced() {
        let mut configuration = Configuration::default();
        assert!(text(&configuration).contains("A password verifies once."));
        configuration.policy.one_time = false;
        assert!(!text(&configuration).contains("A password verifies once."));
    }

    // contract 10.10b: the policy knows the page's own script and style by their hashes, and lets nothing else in.
    #[test]
    fn the_policy_is_strict() {
        for configuration in [Configuration::default(), full()] {
            let WebPage { body, headers: [(name, policy), ..] } = page(&Parts::of(&configuration));
            assert_eq!(name, CONTENT_SECURITY_POLICY);
            let policy = policy.to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"), "{policy}");
            assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("http"), "{policy}");
            let page = std::str::from_utf8(&body).unwrap();
            for tag in ["<script", "<style"] {
                assert_eq!(page.matches(tag).count(), 1, "{tag}");
            }
            for foreign in [" style=", " onclick=", " onload=", " onerror=", " src=", "innerHTML"] {
                assert!(!page.contains(foreign), "{foreign}");
            }
        }
    }

    // contract 10.10a: without a script, the commands have the address of the configuration.
    #[test]
    fn commands_have_the_address() {
        let mut configuration = Configuration::default();
        assert!(text(&configuration).contains(r#"<span class="base">http://127.0.0.1:6238</span>/x4/GenerateSecret"#));
        configuration.host_names = Some(vec!["a&b.example".into()]);
        assert!(text(&configuration).contains(r#"<span class="base">http://a&amp;b.example:6238</span>/x4/"#));
    }
}
