//! The service the layer makes: one request through the cache.

use std::fmt;
use std::future::Future;
use std::mem;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header, response};
use http_body::Body;
use tower::Service;
use tracing::Instrument;

use crate::body::{CacheBody, Collected};
use crate::cache::{Inner, ReportCache};
use crate::coalesce::{Boarding, Landing};
use crate::coding::Packed;
use crate::entry::{Entry, KEPT_FIELDS};
use crate::etag::ETag;
use crate::headers::{self, RequestFacts, Stamp};
use crate::key::ReportFacts;
use crate::layer::Classify;
use crate::metrics::Tally;
use crate::outcome::Outcome;
use crate::policy::{Approach, Decision};
use crate::store::{Generation, Put};

/// Marks a request that asked to go around the cache (`no-cache`), as an extension: a service with
/// aggregates of its own leaves them aside too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bypass;

/// A service behind a [`ReportCache`]. Made by [`CacheLayer`](crate::CacheLayer).
pub struct CacheService<S, C> {
    cache: ReportCache,
    classify: Arc<C>,
    inner: S,
}

impl<S, C> CacheService<S, C> {
    pub(crate) fn new(cache: ReportCache, classify: Arc<C>, inner: S) -> Self {
        Self { cache, classify, inner }
    }
}

impl<S: Clone, C> Clone for CacheService<S, C> {
    fn clone(&self) -> Self {
        Self::new(self.cache.clone(), Arc::clone(&self.classify), self.inner.clone())
    }
}

impl<S: fmt::Debug, C> fmt::Debug for CacheService<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("CacheService");
        out.field("cache", &self.cache).field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, C, Req, Res> Service<Request<Req>> for CacheService<S, C>
where
    S: Service<Request<Req>, Response = Response<Res>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
    C: Classify,
    Req: Send + 'static,
    Res: Body<Data = Bytes> + Send + 'static,
    Res::Error: Send,
{
    type Response = Response<CacheBody<Res>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Req>) -> Self::Future {
        // The service that was polled ready goes with the request; its clone waits for the next one.
        let waiting = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, waiting);
        let (parts, body) = request.into_parts();
        let reads = parts.method == Method::GET || parts.method == Method::HEAD;
        let facts = if reads { self.classify.classify(&parts) } else { None };
        let request = Request::from_parts(parts, body);
        match facts {
            Some(facts) => {
                let cache = Arc::clone(&self.cache.inner);
                let visit = Visit {
                    asked: RequestFacts::from_headers(request.headers()),
                    head: request.method() == Method::HEAD,
                    cache,
                    facts,
                };
                Box::pin(async move { visit.answer(inner, request).await })
            }
            None => {
                let passed = inner.call(request);
                Box::pin(async move { Ok(passed.await?.map(CacheBody::passed)) })
            }
        }
    }
}

/// One authorised read of a report on its way through the cache.
struct Visit {
    cache: Arc<Inner>,
    facts: ReportFacts,
    asked: RequestFacts,
    head: bool,
}

/// What the service answered.
enum Computed<B: Body> {
    /// An answer of the kind that is cached, read to its end.
    Report { parts: response::Parts, body: Bytes, etag: ETag },
    /// Anything else.
    Other(Response<CacheBody<B>>),
}

impl Visit {
    async fn answer<S, Req, Res>(
        self,
        inner: S,
        mut request: Request<Req>,
    ) -> Result<Response<CacheBody<Res>>, S::Error>
    where
        S: Service<Request<Req>, Response = Response<Res>> + Send + 'static,
        S::Future: Send,
        S::Error: Send,
        Req: Send + 'static,
        Res: Body<Data = Bytes> + Send + 'static,
        Res::Error: Send,
    {
        let cache = Arc::clone(&self.cache);
        let tally = cache.metrics.tally(self.facts.role);
        match cache.policy.approach(&self.asked, self.facts.role) {
            Approach::LookUp => {}
            Approach::Bypass => {
                request.extensions_mut().insert(Bypass);
                return self.go_around(inner, request, tally, Outcome::Bypassed).await;
            }
            Approach::Refetch => return self.go_around(inner, request, tally, Outcome::Refetched).await,
            Approach::Refuse => return Ok(self.refuse(tally)),
        }

        let key = self.facts.key;
        let seat = cache.board.sit(key);
        let Ok(lookup) = cache.guard.lookup(&key, self.facts.report_type).await else {
            return self.go_around(inner, request, tally, Outcome::StoreDown).await;
        };
        let generation = lookup.generation;
        let decision = cache.policy.decide(&lookup, &self.asked, &cache.clock, cache.clock.unix_ms());
        let landing = match (decision, lookup.entry) {
            (Decision::Serve { age_secs, ttl_secs }, Some(entry)) => {
                return Ok(self.serve(&entry, tally, Outcome::Hit { age_secs, ttl_secs }));
            }
            (Decision::Refuse, _) => return Ok(self.refuse(tally)),
            (Decision::Compute | Decision::Serve { .. }, _) => match seat.board(generation) {
                Boarding::Lead(landing) => Some(landing),
                Boarding::Wait(waiting) => match waiting.answer().await {
                    Some(entry) => return Ok(self.serve(&entry, tally, Outcome::Coalesced)),
                    None => None,
                },
            },
        };

        let flight = fly(Arc::clone(&cache), self.facts.clone(), generation, landing, inner, request);
        let (computed, stored) = match tokio::spawn(flight.in_current_span()).await {
            Ok(result) => result?,
            // As if the service had been called here.
            Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
            // The runtime is shutting down.
            Err(_) => {
                let mut gone = Response::new(CacheBody::empty());
                *gone.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                (Computed::Other(gone), false)
            }
        };
        Ok(self.finish(computed, tally, Outcome::Miss { stored }))
    }

    /// Has the answer computed without asking or telling the store.
    async fn go_around<S, Req, Res>(
        self,
        inner: S,
        request: Request<Req>,
        tally: Tally<'_>,
        outcome: Outcome,
    ) -> Result<Response<CacheBody<Res>>, S::Error>
    where
        S: Service<Request<Req>, Response = Response<Res>>,
        Res: Body<Data = Bytes>,
    {
        let computed = compute(&self.cache, inner, request).await?;
        Ok(self.finish(computed, tally, outcome))
    }

    fn refuse<B: Body<Data = Bytes>>(&self, tally: Tally<'_>) -> Response<CacheBody<B>> {
        let mut refused = Response::new(CacheBody::empty());
        *refused.status_mut() = StatusCode::GATEWAY_TIMEOUT;
        self.finish(Computed::Other(refused), tally, Outcome::Refused)
    }

    fn serve<B: Body<Data = Bytes>>(
        &self,
        entry: &Entry,
        tally: Tally<'_>,
        outcome: Outcome,
    ) -> Response<CacheBody<B>> {
        let (mut parts, ()) = Response::new(()).into_parts();
        headers::restore(&mut parts.headers, entry);
        let (body, etag) = (entry.body.bytes().clone(), entry.etag.clone());
        self.finish(Computed::Report { parts, body, etag }, tally, outcome)
    }

    /// Counts the request and writes the fields of its answer.
    fn finish<B: Body<Data = Bytes>>(
        &self,
        computed: Computed<B>,
        tally: Tally<'_>,
        outcome: Outcome,
    ) -> Response<CacheBody<B>> {
        tally.settle(outcome);
        let stamp = Stamp {
            policy: &self.cache.policy,
            report_type: self.facts.report_type,
            outcome,
            now_unix_ms: self.cache.clock.unix_ms(),
        };
        match computed {
            Computed::Report { mut parts, etag, .. } if self.asked.holds(&etag) => {
                self.cache.metrics.not_modified.inc();
                parts.status = StatusCode::NOT_MODIFIED;
                for name in KEPT_FIELDS.iter().chain([&header::CONTENT_LENGTH, &header::TRANSFER_ENCODING]) {
                    parts.headers.remove(name);
                }
                stamp.cacheable(&mut parts.headers, &etag);
                Response::from_parts(parts, CacheBody::empty())
            }
            Computed::Report { mut parts, body, etag } => {
                stamp.cacheable(&mut parts.headers, &etag);
                parts.headers.insert(header::CONTENT_LENGTH, body.len().into());
                let body = if self.head { CacheBody::empty() } else { CacheBody::whole(body) };
                Response::from_parts(parts, body)
            }
            Computed::Other(response) => {
                let (mut parts, body) = response.into_parts();
                stamp.uncacheable(&mut parts.headers);
                Response::from_parts(parts, if self.head { CacheBody::empty() } else { body })
            }
        }
    }
}

/// Calls the service for the whole, plain report, and reads it.
async fn compute<S, Req, Res>(
    cache: &Inner,
    mut inner: S,
    mut request: Request<Req>,
) -> Result<Computed<Res>, S::Error>
where
    S: Service<Request<Req>, Response = Response<Res>>,
    Res: Body<Data = Bytes>,
{
    // HEAD needs the length and the validator of what GET would send.
    *request.method_mut() = Method::GET;
    headers::ask_for_the_whole(request.headers_mut());
    let (parts, body) = inner.call(request).await?.into_parts();
    if !cache.policy.storable(parts.status, &parts.headers) {
        return Ok(Computed::Other(Response::from_parts(parts, CacheBody::passed(body))));
    }
    Ok(match CacheBody::collect(body, cache.policy.max_entry_bytes).await {
        Collected::Whole(body) => Computed::Report { parts, etag: ETag::of(&body), body },
        Collected::Passed(body) => Computed::Other(Response::from_parts(parts, body)),
    })
}

/// Computes, stores and hands on one report. Runs as a task, so that it ends even if the one who asked
/// for it has gone: others may be waiting for it. Also says whether the report is stored.
async fn fly<S, Req, Res>(
    cache: Arc<Inner>,
    facts: ReportFacts,
    generation: Generation,
    landing: Option<Landing>,
    inner: S,
    request: Request<Req>,
) -> Result<(Computed<Res>, bool), S::Error>
where
    S: Service<Request<Req>, Response = Response<Res>>,
    Res: Body<Data = Bytes>,
{
    let started = Instant::now();
    let computed = compute(&cache, inner, request).await?;
    let made = cache.made(&facts, started.elapsed());
    let Computed::Report { parts, body, etag } = &computed else { return Ok((computed, false)) };
    let kept = KEPT_FIELDS.iter().map(|name| (name, parts.headers.get(name)));
    let entry = Entry {
        body: Packed::identity(body.clone()),
        etag: etag.clone(),
        fields: kept.filter_map(|(name, value)| Some((name.clone(), value?.clone()))).collect(),
        stored_unix_ms: made.at_unix_ms,
        ttl: made.ttl,
        took: made.took,
        report_id: facts.key.report_id,
        report_type: facts.report_type,
        generation,
    };
    let stored = match cache.store(&facts, entry.clone()).await {
        Ok(Put::Stored { .. }) => true,
        Ok(Put::Outdated | Put::TooLarge) | Err(_) => false,
    };
    if let Some(landing) = landing {
        landing.land(entry);
    }
    Ok((computed, stored))
}
