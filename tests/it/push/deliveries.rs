//! Many deliveries at once through the library, against real servers (contract 13.1).

use std::sync::Arc;
use std::time::Duration;

use totp_adapter::service::delivery::{
    AuthenticationDocument, Channel, Confidential, Deliver, Delivered, DeliveryError, HttpClient, HttpOptions, Message,
    Skyvern, Webhook,
};

use crate::common::recorder::{Action, Recorder};

/// Longer than anything here takes.
const LIMIT: Duration = Duration::from_secs(60);

fn message() -> Message {
    Message {
        id: "7b3a".to_owned(),
        channel: Channel::Sms,
        to: Confidential::new("+15551234567".to_owned()),
        from: None,
        text: Confidential::new("Your code is: 081804".to_owned()),
    }
}

fn client(limit: Duration) -> HttpClient {
    HttpClient::new(&HttpOptions { proxy: None, ca_file: None, insecure_http: false, limit }).unwrap()
}

fn webhook(server: &Recorder, limit: Duration) -> Arc<Webhook> {
    let client = client(limit);
    let document = AuthenticationDocument::read(super::authentication(server).as_bytes()).unwrap();
    let endpoint = client.endpoint(document.url.unwrap().reveal()).unwrap();
    Arc::new(Webhook::new(endpoint, Some(document.authentication), client).unwrap())
}

async fn deliver_many(webhook: &Arc<Webhook>, count: usize) -> Vec<Result<Delivered, DeliveryError>> {
    let deliver = |webhook: Arc<Webhook>| async move { webhook.deliver(&message()).await };
    let tasks: Vec<_> = (0..count).map(|_| tokio::spawn(deliver(webhook.clone()))).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await.unwrap());
    }
    results
}

/// A token server that takes its time, and a webhook that takes everything with the newest token.
fn server() -> Recorder {
    Recorder::start(|request, number| match request.path() {
        "/token" => {
            let token = format!("{{\"access_token\":\"token-{number}\",\"expires_in\":3600}}");
            Action::Late(Duration::from_millis(500), 200, token.into_bytes())
        }
        _ => Action::answer(200, ""),
    })
}

// contract 13.1a, 13.1f
#[tokio::test]
async fn a_thousand_deliveries_ask_for_one_token() {
    let server = server();
    let webhook = webhook(&server, LIMIT);
    assert_eq!(webhook.deliver(&message()).await, Ok(Delivered::Accepted));
    for round in 0..5 {
        let results = deliver_many(&webhook, 200).await;
        assert!(results.iter().all(|result| *result == Ok(Delivered::Accepted)), "round {round}: {results:?}");
    }
    assert_eq!(server.requests("/token").len(), 1);
    let hooks = server.requests("/hook");
    assert_eq!(hooks.len(), 1001);
    let body = "{\"id\":\"7b3a\",\"channel\":\"sms\",\"to\":\"+15551234567\",\"text\":\"Your code is: 081804\"}";
    assert!(hooks.iter().all(|hook| hook.text() == body && hook.header("authorization") == Some("Bearer token-1")));
}

// contract 13.1i
#[tokio::test]
async fn fifty_that_are_refused_at_once_share_one_new_token() {
    let server = Recorder::start(|request, number| match (request.path(), request.header("authorization")) {
        ("/token", _) => {
            let token = format!("{{\"access_token\":\"token-{number}\",\"expires_in\":3600}}");
            Action::Late(Duration::from_millis(500), 200, token.into_bytes())
        }
        (_, Some("Bearer token-1")) => Action::answer(401, ""),
        _ => Action::answer(202, ""),
    });
    let results = deliver_many(&webhook(&server, LIMIT), 50).await;
    assert!(results.iter().all(|result| *result == Ok(Delivered::Accepted)), "{results:?}");
    assert_eq!((server.requests("/token").len(), server.requests("/hook").len()), (2, 100));
}

// contract 13.1f: the limit is that of the whole delivery, with everything that it waits for.
#[tokio::test]
async fn a_delivery_waits_no_longer_than_it_may() {
    for slow in ["/token", "/hook"] {
        let server = Recorder::start(move |request, _| match request.path() {
            path if path == slow => Action::Silence,
            "/token" => Action::answer(200, "{\"access_token\":\"t\"}"),
            _ => Action::answer(200, ""),
        });
        let error = webhook(&server, Duration::from_secs(1)).deliver(&message()).await.unwrap_err().to_string();
        // A request for a token has the same limit, and may be the first to end.
        let ends = ["no token: none came within 1 s", "no answer within 1 s"];
        assert!(ends.iter().any(|end| error.ends_with(end)), "{slow}: {error}");
    }
}

// contract 13.1f, 13.1g: while the token server is left alone, the cause is not that the webhook is slow.
#[tokio::test]
async fn a_delivery_that_waits_for_a_token_says_so() {
    let server = Recorder::start(|_, _| Action::answer(503, ""));
    let webhook = webhook(&server, Duration::from_secs(1));
    let mut errors = Vec::new();
    // After the third failure at the latest the wait is longer than the delivery may take.
    for _ in 0..4 {
        errors.push(webhook.deliver(&message()).await.unwrap_err().to_string());
    }
    assert_eq!(errors[0], "no token: expected 200 from the token server, found 503");
    assert!(errors.contains(&"no token: none came within 1 s".to_owned()), "{errors:?}");
}

// contract 13.1g: a server that does not answer costs each delivery its time, not more.
#[tokio::test]
async fn a_token_server_that_comes_back_is_asked_again() {
    let server = Recorder::start(|request, number| match (request.path(), number) {
        ("/token", 1) => Action::answer(503, ""),
        ("/token", _) => Action::answer(200, "{\"access_token\":\"t\"}"),
        _ => Action::answer(200, ""),
    });
    let webhook = webhook(&server, LIMIT);
    let error = webhook.deliver(&message()).await.unwrap_err();
    assert_eq!(error.to_string(), "no token: expected 200 from the token server, found 503");
    assert_eq!(webhook.deliver(&message()).await, Ok(Delivered::Accepted));
    assert_eq!(server.paths(), ["/token", "/token", "/hook"]);
}

// contract 13.1a
#[tokio::test]
async fn a_message_with_everything() {
    let server = Recorder::start(|_, _| Action::answer(202, ""));
    let client = client(LIMIT);
    let webhook = Webhook::new(client.endpoint(&server.url("/hook")).unwrap(), None, client).unwrap();
    let from = Some(Confidential::new("+4917012345".to_owned()));
    let call = Message { channel: Channel::Call, from, ..message() };
    assert_eq!(webhook.deliver(&call).await, Ok(Delivered::Accepted));
    let body =
        r#"{"id":"7b3a","channel":"call","to":"+15551234567","from":"+4917012345","text":"Your code is: 081804"}"#;
    assert_eq!(server.requests("/hook")[0].text(), body);
}

// contract 12.2a
#[tokio::test]
async fn skyvern_gets_a_message_too() {
    use totp_adapter::service::delivery::ApiKey;
    let server = Recorder::start(|_, _| Action::answer(200, super::STORED));
    let client = client(LIMIT);
    let base = client.endpoint(&server.url("")).unwrap();
    let skyvern = Skyvern::new(base, &ApiKey::new("key").unwrap(), client).unwrap();
    assert_eq!(skyvern.deliver(&message()).await, Ok(Delivered::Accepted));
    let body = "{\"totp_identifier\":\"+15551234567\",\"content\":\"Your code is: 081804\"}";
    assert_eq!(server.requests("/v1/credentials/totp")[0].text(), body);
}
