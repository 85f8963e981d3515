//! The least that a service can do with axum: it sends back what came. `benches/service.py` measures the service beside it.

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap());
        let routes = Router::new().route("/echo", post(|body: Bytes| async { body }));
        axum::serve(listener, routes).await.unwrap();
    });
}
