//! A school in miniature: a classifier, an origin that counts, and short ways to ask.

pub(crate) mod gates;
pub(crate) mod redis;
pub(crate) mod stores;
pub(crate) mod table;

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use report_cache::{
    CacheConfig, CacheService, Clock, ClockHand, Dice, Filters, Limits, Made, MemoryStore, ReportCache,
    ReportFacts, ReportKey, ReportType, Store,
};
use tower::{Layer, Service, ServiceExt};

/// `Authorization: user-7` reads `/reports/42`; a path under `/reports/0` is a collection.
pub(crate) fn classify(request: &Parts) -> Option<ReportFacts> {
    let user = request.headers.get("authorization")?.to_str().ok()?.strip_prefix("user-")?;
    let report_id: u64 = request.uri.path().strip_prefix("/reports/")?.parse().ok()?;
    let report_type = if report_id == 0 { ReportType::Default } else { ReportType::Analytics };
    let key = ReportKey::new(report_id, user.parse().ok()?, &Filters::empty());
    Some(ReportFacts { key, report_type, role: "teacher" })
}

/// What user `user` asks of `/reports/{report}`.
pub(crate) fn facts(report: u64, user: u64) -> ReportFacts {
    let key = ReportKey::new(report, user, &Filters::empty());
    ReportFacts { key, report_type: ReportType::Analytics, role: "teacher" }
}

/// A computation of five milliseconds, good for ten minutes.
pub(crate) fn made() -> Made {
    let (took, ttl) = (Duration::from_millis(5), Duration::from_secs(600));
    Made { at_unix_ms: 1_788_242_400_000, took, ttl }
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Full<Bytes>>, Infallible>> + Send>>;
type Handler = dyn Fn(usize, Request<Full<Bytes>>) -> Answer + Send + Sync;

/// A service that counts its calls and answers by a closure that gets the call's number, from 1.
#[derive(Clone)]
pub(crate) struct Origin {
    calls: Arc<AtomicUsize>,
    handler: Arc<Handler>,
}

impl Origin {
    pub(crate) fn new<F>(handler: impl Fn(usize, Request<Full<Bytes>>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        let handler = move |call, request| -> Answer {
            let answer = handler(call, request);
            Box::pin(async move { Ok(answer.await) })
        };
        Self { calls: Arc::default(), handler: Arc::new(handler) }
    }

    /// Answers `{"call": n}`.
    pub(crate) fn counting() -> Self {
        Self::new(|call, _| async move { json(&format!("{{\"call\": {call}}}")) })
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Service<Request<Full<Bytes>>> for Origin {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Answer;

    fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Infallible>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Full<Bytes>>) -> Answer {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        (self.handler)(call, request)
    }
}

pub(crate) fn json(body: &str) -> Response<Full<Bytes>> {
    let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
    Response::builder().header("content-type", "application/json").body(body).unwrap()
}

/// A body that breaks off after its first bytes.
#[derive(Default)]
pub(crate) struct Broken {
    begun: bool,
}

impl http_body::Body for Broken {
    type Data = Bytes;
    type Error = &'static str;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, &'static str>>> {
        let begun = std::mem::replace(&mut self.begun, true);
        let first = http_body::Frame::data(Bytes::from_static(b"{\"call"));
        std::task::Poll::Ready(Some(if begun { Err("connection reset") } else { Ok(first) }))
    }
}

/// An answer, read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Got {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The body as text; what is no text is replaced.
    pub(crate) body: String,
    pub(crate) bytes: Bytes,
}

impl Got {
    pub(crate) fn x_cache(&self) -> &str {
        self.header("x-cache")
    }

    /// The field's value, or an empty one where it is absent.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) type Classified = fn(&Parts) -> Option<ReportFacts>;

/// Dice that never fall otherwise: no lifetime falls short.
pub(crate) fn sure() -> Dice {
    Dice::new(|| 0.0)
}

/// Lets every other task run until it waits. Certain only where tests run on one thread.
pub(crate) async fn all_others_wait() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// A cache before an origin.
#[derive(Clone)]
pub(crate) struct School {
    pub(crate) cache: ReportCache,
    pub(crate) origin: Origin,
    pub(crate) service: CacheService<Origin, Classified>,
}

impl School {
    pub(crate) fn new(cache: ReportCache, origin: Origin) -> Self {
        let service = cache.layer(classify as Classified).layer(origin.clone());
        Self { cache, origin, service }
    }

    pub(crate) fn with_store(store: Arc<dyn Store>, origin: Origin) -> Self {
        Self::new(ReportCache::new(store, CacheConfig { dice: sure(), ..CacheConfig::default() }), origin)
    }

    pub(crate) fn on_memory(origin: Origin) -> Self {
        Self::with_store(Arc::new(MemoryStore::new(Limits::default())), origin)
    }

    /// A school whose clock stands until its hand is moved, and where lifetimes are as promised.
    pub(crate) fn on_manual_clock(origin: Origin, scale: f64, config: CacheConfig) -> (Self, ClockHand) {
        let (clock, hand) = Clock::manual(scale);
        let store = Arc::new(MemoryStore::with_clock(Limits::default(), clock.clone()));
        (Self::new(ReportCache::new(store, CacheConfig { clock, dice: sure(), ..config }), origin), hand)
    }

    /// `ask("GET /reports/42", &[("cache-control", "no-cache")])` as user 7.
    pub(crate) async fn ask(&self, line: &str, headers: &[(&str, &str)]) -> Got {
        self.ask_as(7, line, headers).await
    }

    pub(crate) async fn ask_as(&self, user: u64, line: &str, headers: &[(&str, &str)]) -> Got {
        let (method, path) = line.split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(path);
        request = request.header("authorization", format!("user-{user}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Full::default()).unwrap();
        read(self.service.clone().oneshot(request).await.unwrap()).await
    }

    pub(crate) async fn get(&self, report: u64) -> Got {
        self.ask(&format!("GET /reports/{report}"), &[]).await
    }
}

pub(crate) async fn read<B>(response: Response<B>) -> Got
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let text = String::from_utf8_lossy(&body).into_owned();
    Got { status: parts.status, headers: parts.headers, body: text, bytes: body }
}
