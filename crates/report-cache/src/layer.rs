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
/// Only GET and HEAD are asked about. A closure will do.
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
