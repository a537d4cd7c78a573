//! The service the layer makes: one request through the cache.

use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body::Body;
use tower::Service;
use tracing::Instrument;

use crate::body::CacheBody;
use crate::cache::ReportCache;
use crate::layer::Classify;
use crate::visit::Visit;

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
                let visit = Visit::new(Arc::clone(&self.cache.inner), facts, &request);
                let span = visit.span();
                Box::pin(async move { visit.answer(inner, request).await }.instrument(span))
            }
            None => {
                let passed = inner.call(request);
                Box::pin(async move { Ok(passed.await?.map(CacheBody::passed)) })
            }
        }
    }
}
