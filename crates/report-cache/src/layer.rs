//! The tower layer, and the question it asks the service about each request.

use std::fmt;
use std::sync::Arc;

use http::request::Parts;

use crate::cache::ReportCache;
use crate::key::ReportFacts;
use crate::service::CacheService;

/// Tells the layer what a request asks for, without waiting and without a database query.
///
/// `None` means: not a report, or its reader may not read it. Such a request goes to the service
/// untouched, which answers 401, 403 or 404 itself. So authorisation comes before the lookup, and a
/// warm entry is never an answer to a bad token.
///
/// A report that is not there is a `None` too, as far as that is known without a query: each report, and
/// each (person, type), that is looked up leaves an epoch in the store (some 100 bytes) that does not
/// expire.
///
/// Only GET and HEAD are asked about. A closure will do; one that is not written where it is handed over
/// needs the type of its argument: `|request: &Parts|`.
///
/// # What the service behind the layer should know
///
/// A miss is computed in a task of its own, which others may be waiting for. So it is not cancelled when its
/// client hangs up or a timeout outside the layer ends, and task-locals set outside are not there; request
/// extensions and the tracing span are. It is asked as GET, without `If-None-Match`, `Range` and
/// `Accept-Encoding`.
///
/// What it answers is stored if it is a 200 without `Set-Cookie`, `Content-Encoding`, `no-store`, or a
/// `Vary` on anything but `Authorization` and `Accept-Encoding`. Layers that add those (CORS, sessions,
/// compression) belong outside: `.layer(cache.layer(classify)).layer(cors)`.
pub trait Classify: Send + Sync + 'static {
    /// The facts of an authorised read of a report.
    fn classify(&self, request: &Parts) -> Option<ReportFacts>;
}

impl<F> Classify for F
where
    F: Fn(&Parts) -> Option<ReportFacts> + Send + Sync + 'static,
{
    fn classify(&self, request: &Parts) -> Option<ReportFacts> {
        self(request)
    }
}

/// Puts a [`ReportCache`] before a service. Made by [`ReportCache::layer`].
pub struct CacheLayer<C> {
    cache: ReportCache,
    classify: Arc<C>,
}

impl<C> CacheLayer<C> {
    pub(crate) fn new(cache: ReportCache, classify: C) -> Self {
        Self { cache, classify: Arc::new(classify) }
    }
}

impl<C> Clone for CacheLayer<C> {
    fn clone(&self) -> Self {
        Self { cache: self.cache.clone(), classify: Arc::clone(&self.classify) }
    }
}

impl<C> fmt::Debug for CacheLayer<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CacheLayer").field("cache", &self.cache).finish_non_exhaustive()
    }
}

impl<S, C> tower::Layer<S> for CacheLayer<C> {
    type Service = CacheService<S, C>;

    fn layer(&self, inner: S) -> Self::Service {
        CacheService::new(self.cache.clone(), Arc::clone(&self.classify), inner)
    }
}
