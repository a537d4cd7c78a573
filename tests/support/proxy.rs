//! A proxy before a healthy service that makes it a bad one: slow, uncached or silent.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use std::time::Duration;
use tokio::runtime::Runtime;

/// What the proxy does to its service.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Twist {
    /// Each answer to a GET comes so much later.
    Slow(Duration),
    /// Every read goes around the cache and is called a miss.
    Uncached,
    /// Nothing says which layer answered.
    Silent,
}

/// A proxy on a free port, gone when dropped.
pub(crate) struct Proxy {
    /// `http://127.0.0.1:port`.
    pub(crate) url: String,
    _runtime: Runtime,
}

#[derive(Clone)]
struct Relay {
    client: reqwest::Client,
    service: String,
    twist: Twist,
}

impl Proxy {
    pub(crate) fn before(service: &str, twist: Twist) -> Self {
        let runtime = Runtime::new().unwrap();
        let client = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
        let relay = Relay { client, service: service.to_owned(), twist };
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = Router::new().fallback(pass_on).with_state(relay);
        runtime.spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, _runtime: runtime }
    }
}

async fn pass_on(
    State(relay): State<Relay>,
    method: Method,
    uri: Uri,
    mut headers: HeaderMap,
    body: Bytes,
) -> Response {
    let read = method == Method::GET;
    let bypass = headers.get(header::CACHE_CONTROL).is_some_and(|value| value == "no-cache");
    let uncached = read && !bypass && matches!(relay.twist, Twist::Uncached);
    headers.remove(header::HOST);
    if uncached {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    let url = format!("{}{}", relay.service, uri.path_and_query().unwrap());
    let Ok(answer) = relay.client.request(method, url).headers(headers).body(body).send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let (status, mut fields) = (answer.status(), answer.headers().clone());
    let Ok(body) = answer.bytes().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let (x_cache, cache_status) =
        (HeaderName::from_static("x-cache"), HeaderName::from_static("cache-status"));
    match relay.twist {
        Twist::Slow(delay) if read => tokio::time::sleep(delay).await,
        Twist::Uncached if uncached && fields.contains_key(&x_cache) => {
            fields.insert(x_cache, HeaderValue::from_static("MISS"));
            fields.remove(cache_status);
        }
        Twist::Silent => {
            fields.remove(x_cache);
            fields.remove(cache_status);
            // An Age above 0 is a word about it too.
            fields.remove(header::AGE);
        }
        Twist::Slow(_) | Twist::Uncached => {}
    }
    fields.remove(header::TRANSFER_ENCODING);
    (status, fields, Body::from(body)).into_response()
}
