//! What nobody outside can bring about.

use super::super::tests::{ask, faulty, service};
use super::super::{Served, routes};
use super::*;
use crate::service::config::Access;
use crate::service::delivery::{Deliver, Delivering};

/// A delivery that panics.
struct Panics;

impl Deliver for Panics {
    fn deliver<'a>(&'a self, _: &'a Message) -> Delivering<'a> {
        Box::pin(async { panic!("with a secret") })
    }
}

// contract 10.8c: a message leaves in a task of its own, whose panic is still that of the request.
#[tokio::test]
async fn a_panic_of_a_delivery_is_that_of_its_request() {
    let service = service(Access::Open);
    let way = Some(Arc::new(Way { name: "panics".to_owned(), delivery: Box::new(Panics) }));
    *service.mfa.as_ref().unwrap().ways.write().unwrap() = Ways { sms: way.clone(), call: way };
    let mut paths = Vec::new();
    for route in routes(&service, Served { operations: true, metrics: false }).routes() {
        let endpoint = route.endpoint().unwrap();
        if endpoint.contract == Contract::Mfa && endpoint.path != VERIFY {
            let answered = ask(route, faulty(endpoint, &[])).await;
            assert_eq!((answered.code, answered.text()), (500, r#"{"error":"Internal Server Error"}"#));
            paths.push(endpoint.path);
        }
    }
    assert_eq!(paths, [SMS, CALL]);
    let metrics = String::from_utf8(service.metrics.text()).unwrap();
    assert!(metrics.contains("\ntotp_adapter_panics_total 2\n"), "{metrics}");
}
