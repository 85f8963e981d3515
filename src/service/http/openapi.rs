//! The description of the service for programs (contract 10.6): OpenAPI 3.1, of which a configuration shows its parts. Each
//! file of `openapi/` is JSON by itself; `frame.json` has empty places for the others.

use axum::body::Bytes;

use super::parts::{Part, Parts};
use crate::service::config::PathName;

const FRAME: &str = include_str!("openapi/frame.json");
/// Members of `paths`.
const OPERATIONS: &str = include_str!("openapi/operations.json");
const ACCOUNTS: &str = include_str!("openapi/accounts.json");
const TOKENS: &str = include_str!("openapi/tokens.json");
const SKYVERN: &str = include_str!("openapi/skyvern.json");
const INBOX: &str = include_str!("openapi/inbox.json");
/// With a place for the name of a channel.
const MFA_SEND: &str = include_str!("openapi/mfa_send.json");
const MFA_VERIFY: &str = include_str!("openapi/mfa_verify.json");
const OPERATORS: &str = include_str!("openapi/operators.json");
const METRICS: &str = include_str!("openapi/metrics.json");
/// How callers authenticate.
const SECURITY: &str = include_str!("openapi/security.json");
const SECURITY_MFA: &str = include_str!("openapi/security_mfa.json");

/// The document, the same for every request.
#[must_use]
pub fn openapi(parts: &Parts) -> Bytes {
    let files = [
        parts.has(Part::Operations).then_some(OPERATIONS),
        parts.has(Part::Accounts).then_some(ACCOUNTS),
        parts.has(Part::Tokens).then_some(TOKENS),
        parts.has(Part::Skyvern).then_some(SKYVERN),
        parts.has(Part::Inbox).then_some(INBOX),
        parts.has(Part::Mfa).then_some(MFA_VERIFY),
        Some(OPERATORS),
        parts.has(Part::Metrics).then_some(METRICS),
    ];
    let sends: Vec<String> =
        parts.mfa_channels.iter().map(|channel| members(MFA_SEND).replace("{{channel}}", channel.name())).collect();
    let paths: Vec<&str> = files.into_iter().flatten().map(members).chain(sends.iter().map(String::as_str)).collect();
    let mut document = FRAME.replace("{{version}}", env!("CARGO_PKG_VERSION"));
    let mut fill = |place: &str, content: &str| {
        assert_eq!(document.matches(place).count(), 1, "the frame has one place for each part");
        document = document.replace(place, content);
    };
    let skew = parts.skew.steps();
    fill("\"maximum\": 10, \"default\": 10", &format!("\"maximum\": {skew}, \"default\": {skew}"));
    if parts.has(Part::Clients) {
        fill("\"security\": []", "\"security\": [{ \"token\": [] }]");
    }
    let schemes = [parts.has(Part::Tokens).then_some(SECURITY), parts.has(Part::Mfa).then_some(SECURITY_MFA)];
    let schemes: Vec<&str> = schemes.into_iter().flatten().map(members).collect();
    fill("\"securitySchemes\": {}", &format!("\"securitySchemes\": {{{}}}", schemes.join(",")));
    fill("\"paths\": {}", &format!("\"paths\": {{{}}}", paths.join(",")));
    if parts.has(Part::Skyvern) {
        fill("\"{{skyvern}}\"", &names(&parts.skyvern));
    }
    if parts.has(Part::Inbox) {
        fill("\"{{inboxes}}\"", &names(&parts.inboxes));
    }
    Bytes::from(document)
}

/// Names of a configuration, which have nothing to escape, as elements of a JSON array.
fn names(names: &[PathName]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// What stands between the braces of an object.
fn members(object: &str) -> &str {
    let inner = object.trim().strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    inner.expect("each file is an object").trim_end()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::service::config::Configuration;
    use crate::service::http::parts::tests::full;

    fn document(configuration: &Configuration) -> Value {
        serde_json::from_slice(&openapi(&Parts::of(configuration))).unwrap()
    }

    fn paths(document: &Value) -> Vec<&str> {
        document["paths"].as_object().unwrap().keys().map(String::as_str).collect()
    }

    /// Every text of a member with this name, wherever it stands.
    fn texts<'v>(value: &'v Value, name: &str, found: &mut Vec<&'v str>) {
        match value {
            Value::Object(members) => members.iter().for_each(|(member, value)| match value {
                Value::String(text) if member == name => found.push(text),
                Value::Null
                | Value::Bool(_)
                | Value::Number(_)
                | Value::String(_)
                | Value::Array(_)
                | Value::Object(_) => texts(value, name, found),
            }),
            Value::Array(values) => values.iter().for_each(|value| texts(value, name, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    // contract 10.6c: what the configuration leaves out is not described.
    #[test]
    fn paths_are_those_of_the_configuration() {
        let always = [
            "/",
            "/healthz",
            "/metrics",
            "/openapi.json",
            "/read-qr",
            "/readyz",
            "/x4/GenerateAuthenticatorQRCode",
            "/x4/GeneratePassword",
            "/x4/GenerateSecret",
            "/x4/VerifyPassword",
        ];
        assert_eq!(paths(&document(&Configuration::default())), always);
        let mut all = [
            &always[..],
            &["/accounts/{name}/GenerateAuthenticatorQRCode", "/accounts/{name}/GeneratePassword"],
            &["/accounts/{name}/VerifyPassword", "/inbox/{name}", "/oauth2/token", "/skyvern/{path}"],
            &["/api/relay/rest/mfa/call", "/api/relay/rest/mfa/sms", "/api/relay/rest/mfa/{id}/verify"],
        ]
        .concat();
        all.sort_unstable();
        assert_eq!(paths(&document(&full())), all);
        let metrics_elsewhere =
            Configuration { metrics_listen: Some("127.0.0.1:1".parse().unwrap()), ..Configuration::default() };
        assert!(!paths(&document(&metrics_elsewhere)).contains(&"/metrics"));
    }

    // contract 10.6c
    #[test]
    fn tokens_are_asked_for_where_the_service_does() {
        let (open, tokens) = (document(&Configuration::default()), document(&full()));
        assert_eq!(open["security"], serde_json::json!([]));
        assert_eq!(tokens["security"], serde_json::json!([{ "token": [] }]));
        assert_eq!(open["components"]["securitySchemes"], serde_json::json!({}));
        assert!(tokens["components"]["securitySchemes"]["token"].is_object());
    }

    // contract 10.6c
    #[test]
    fn the_skew_is_that_of_the_configuration() {
        let configuration = Configuration { skew: "3".parse().unwrap(), ..Configuration::default() };
        let document = document(&configuration);
        let schema = &document["components"]["parameters"]["skew"]["schema"];
        assert_eq!((&schema["maximum"], &schema["default"]), (&Value::from(3), &Value::from(3)));
        assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    }

    // contract 10.6c
    #[test]
    fn names_in_paths_are_those_of_the_configuration() {
        let document = document(&full());
        let names = |path: &str| &document["paths"][path]["parameters"][0]["schema"]["enum"];
        assert_eq!(*names("/skyvern/{path}"), serde_json::json!(["billing", "travel"]));
        assert_eq!(*names("/inbox/{name}"), serde_json::json!(["verity"]));
    }

    // Every part that the document names is in it.
    #[test]
    fn references_lead_somewhere() {
        for configuration in [Configuration::default(), full()] {
            let document = document(&configuration);
            let mut references = Vec::new();
            texts(&document, "$ref", &mut references);
            assert!(references.len() > 100);
            for reference in references {
                assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
            }
        }
    }
}
