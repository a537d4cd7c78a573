//! One computation of a report: called, read, packed, shared, stored.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, response};
use http_body::Body;
use tokio::task::JoinHandle;
use tower::Service;
use tracing::Instrument;

use crate::body::{CacheBody, Collected};
use crate::cache::Inner;
use crate::coalesce::Landing;
use crate::coding::Packed;
use crate::entry::{Entry, KEPT_FIELDS};
use crate::etag::ETag;
use crate::headers;
use crate::key::ReportFacts;
use crate::store::{Generation, Put};

/// What the service answered.
pub(crate) enum Computed<B: Body> {
    /// An answer of the kind that is cached, read to its end.
    Report { parts: response::Parts, plain: Bytes, etag: ETag },
    /// Anything else.
    Other(Response<CacheBody<B>>),
}

/// Calls the service for the whole, plain report, and reads it.
pub(crate) async fn compute<S, Req, Res>(
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
        if parts.status.is_success() {
            // Who wonders why nothing is ever a hit finds it here.
            let fields = ["vary", "set-cookie", "content-encoding", "cache-control"];
            let against: Vec<_> =
                fields.into_iter().filter(|&name| parts.headers.contains_key(name)).collect();
            tracing::debug!(status = parts.status.as_u16(), ?against, "an answer that may not be stored");
        }
        return Ok(Computed::Other(Response::from_parts(parts, CacheBody::passed(body))));
    }
    Ok(match CacheBody::collect(body, cache.policy.max_entry_bytes).await {
        Collected::Whole(plain) => Computed::Report { parts, etag: ETag::of(&plain), plain },
        Collected::Passed(body) => Computed::Other(Response::from_parts(parts, body)),
    })
}

/// The fields that belong to the report, rather than to the one response it came in.
pub(crate) fn kept(headers: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let kept = KEPT_FIELDS.into_iter().filter_map(|name| {
        let value = headers.get(&name)?.clone();
        Some((name, value))
    });
    kept.collect()
}

/// Waits for a task. One that panicked does so here, as if the service had been called here; `None` when
/// the runtime is shutting down.
pub(crate) async fn end_of<T>(task: JoinHandle<T>) -> Option<T> {
    match task.await {
        Ok(end) => Some(end),
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        Err(_) => None,
    }
}

impl<B: Body<Data = Bytes>> Computed<B> {
    /// What is left to say when the runtime is shutting down.
    pub(crate) fn gone() -> Self {
        let mut gone = Response::new(CacheBody::empty());
        *gone.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        Self::Other(gone)
    }
}

/// A computation whose answer is stored, and shared with those who wait for it.
pub(crate) struct Flight {
    pub(crate) cache: Arc<Inner>,
    pub(crate) facts: ReportFacts,
    /// What was current before it began.
    pub(crate) generation: Generation,
    /// Who waits; `None` when this one computes for itself only.
    pub(crate) landing: Option<Landing>,
    /// How long the one who asked still waits for the store (wall time).
    pub(crate) patience: Duration,
}

/// What a [`Flight`] came to.
pub(crate) struct Flown<B: Body> {
    pub(crate) computed: Computed<B>,
    /// The report in its stored form.
    pub(crate) packed: Option<Packed>,
    /// Whether the store confirmed in time that it has it.
    pub(crate) stored: bool,
}

impl Flight {
    /// Computes, shares and stores. To be run as a task, so that it ends even if the one who asked for it
    /// has gone: others may be waiting.
    ///
    /// # Errors
    /// What the service fails with.
    pub(crate) async fn fly<S, Req, Res>(
        self,
        inner: S,
        request: Request<Req>,
    ) -> Result<Flown<Res>, S::Error>
    where
        S: Service<Request<Req>, Response = Response<Res>>,
        Res: Body<Data = Bytes>,
    {
        let Self { cache, facts, generation, landing, patience } = self;
        let started = cache.clock.elapsed();
        let computed = compute(&cache, inner, request).await?;
        let Computed::Report { parts, plain, etag } = &computed else {
            return Ok(Flown { computed, packed: None, stored: false });
        };
        let made = cache.made(&facts, cache.clock.elapsed().saturating_sub(started));
        let packed = cache.packed(plain.clone()).await;
        let entry = Entry {
            body: packed.clone(),
            etag: etag.clone(),
            fields: kept(&parts.headers),
            stored_unix_ms: made.at_unix_ms,
            ttl: made.ttl,
            took: made.took,
            report_id: facts.key.report_id,
            report_type: facts.report_type,
            generation,
        };
        // Before the store has it: those who wait are not to pay for a slow store.
        if let Some(landing) = &landing {
            landing.share(entry.clone());
        }
        // A task of its own: it goes on when the one who asked waits no longer.
        let store = async move {
            let stored = match cache.store(&facts, entry).await {
                Ok(Put::Stored { .. }) => true,
                Ok(Put::Outdated | Put::TooLarge) | Err(_) => false,
            };
            if let Some(landing) = landing {
                landing.land();
            }
            stored
        };
        let store = tokio::spawn(store.in_current_span());
        let stored = tokio::time::timeout(patience, store).await;
        Ok(Flown { computed, packed: Some(packed), stored: matches!(stored, Ok(Ok(true))) })
    }
}
