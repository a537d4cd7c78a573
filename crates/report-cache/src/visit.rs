//! One authorised read of a report on its way through the cache.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, response};
use http_body::Body;
use tower::Service;
use tracing::{Instrument, Span};

use crate::answer::Form;
use crate::body::CacheBody;
use crate::cache::Inner;
use crate::coalesce::{Boarding, Seat};
use crate::coding::Packed;
use crate::entry::{Entry, EntryError};
use crate::flight::{Computed, Flight, Flown, compute, end_of};
use crate::headers::{self, RequestFacts, Stamp};
use crate::key::ReportFacts;
use crate::outcome::Outcome;
use crate::policy::{Approach, Decision};
use crate::queue::Place;
use crate::service::Bypass;
use crate::store::Generation;
use crate::tally::Tally;

/// While the store is away, so many computations that share nothing are waited for (they failed, or came
/// to what is nobody else's) before a request computes by itself.
const SHARED_ROUNDS: usize = 2;

/// What is known of the request before anything is asked.
pub(crate) struct Visit {
    cache: Arc<Inner>,
    facts: ReportFacts,
    asked: RequestFacts,
    head: bool,
    span: Span,
}

impl Visit {
    pub(crate) fn new<Req>(cache: Arc<Inner>, facts: ReportFacts, request: &Request<Req>) -> Self {
        let span = tracing::info_span!(
            "report_cache",
            role = facts.role,
            report_type = facts.report_type.as_str(),
            outcome = tracing::field::Empty,
        );
        let asked = RequestFacts::from_headers(request.headers());
        Self { cache, facts, asked, head: request.method() == Method::HEAD, span }
    }

    /// Role, report type and, in the end, outcome. Never a person or a URL.
    pub(crate) fn span(&self) -> Span {
        self.span.clone()
    }

    pub(crate) async fn answer<S, Req, Res>(
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
        let tally = cache.metrics.tally(self.facts.role, self.span());
        match self.approach() {
            Approach::LookUp => {}
            Approach::Bypass => {
                request.extensions_mut().insert(Bypass);
                return Box::pin(self.go_around(inner, request, tally, Outcome::Bypassed)).await;
            }
            Approach::Refetch => {
                return Box::pin(self.go_around(inner, request, tally, Outcome::Refetched)).await;
            }
            Approach::Refuse => return Ok(self.refuse(tally)),
        }

        let seat = cache.board.sit(self.facts.key);
        let asked_at = tokio::time::Instant::now();
        let lookup = match cache.guard.lookup(&self.facts.key, self.facts.report_type).await {
            Ok(lookup) => lookup,
            // Who wants no computation gets none for the store's absence either.
            Err(_) if self.asked.only_if_cached => return Ok(self.refuse(tally)),
            Err(_) => {
                // Nothing will be asked of the store: no flight is kept for this one.
                drop(seat);
                return Box::pin(self.without_store(inner, request, tally)).await;
            }
        };
        // What the lookup has left of the delay that the store may cause.
        let patience = cache.store_timeout.saturating_sub(asked_at.elapsed());
        let generation = lookup.generation;
        let decision = cache.policy.decide(&lookup, &self.asked, &cache.clock, cache.clock.unix_ms());
        match (decision, lookup.entry) {
            (Decision::Serve { age_secs, ttl_secs }, Some(entry)) => match self.form_of(&entry) {
                Ok(form) => {
                    if self.refreshes(&entry) {
                        self.refresh(seat, generation, inner, request);
                    }
                    return Ok(self.serve(&entry, form, tally, Outcome::Hit { age_secs, ttl_secs }));
                }
                Err(error) => {
                    tracing::debug!(%error, "an entry that cannot be read counts as none");
                    if self.asked.only_if_cached {
                        return Ok(self.refuse(tally));
                    }
                }
            },
            (Decision::Refuse, _) => return Ok(self.refuse(tally)),
            (Decision::Compute | Decision::Serve { .. }, _) => {}
        }
        // In boxes, here and above: what a hit does not need is not to be carried, and moved, with it.
        Box::pin(self.miss(seat, (generation, patience), inner, request, tally)).await
    }

    /// Nothing current is stored: shares the computation under way, or makes one.
    async fn miss<S, Req, Res>(
        self,
        seat: Seat,
        (generation, patience): (Generation, Duration),
        inner: S,
        request: Request<Req>,
        tally: Tally<'_>,
    ) -> Result<Response<CacheBody<Res>>, S::Error>
    where
        S: Service<Request<Req>, Response = Response<Res>> + Send + 'static,
        S::Future: Send,
        S::Error: Send,
        Req: Send + 'static,
        Res: Body<Data = Bytes> + Send + 'static,
        Res::Error: Send,
    {
        if self.asked.no_store {
            return self.go_around(inner, request, tally, Outcome::Refetched).await;
        }
        let landing = match seat.board(generation) {
            Boarding::Lead(landing) => Some(landing),
            Boarding::Wait(waiting) => {
                let shared = waiting.answer().await;
                let readable = shared.and_then(|entry| Some((self.form_of(&entry).ok()?, entry)));
                match readable {
                    Some((form, entry)) => return Ok(self.serve(&entry, form, tally, Outcome::Coalesced)),
                    None => None,
                }
            }
        };
        let flight = Flight {
            cache: Arc::clone(&self.cache),
            facts: self.facts.clone(),
            generation,
            landing,
            patience,
        };
        let flown = match end_of(tokio::spawn(flight.fly(inner, request).in_current_span())).await {
            Some(flown) => flown?,
            None => Flown { computed: Computed::gone(), packed: None, stored: false },
        };
        let outcome = Outcome::Miss { stored: flown.stored };
        Ok(self.finish(flown.computed, flown.packed, tally, outcome))
    }

    fn approach(&self) -> Approach {
        let granted = self.cache.grants_around(&self.asked, self.facts.role);
        if self.asked.asks_around() && !granted {
            self.cache.metrics.bypass_refused.inc();
        }
        self.cache.policy.approach(&self.asked, granted)
    }

    /// Whether this hit should have its entry computed anew. Not for one who asks that nothing be
    /// computed, or nothing of the answer be stored.
    fn refreshes(&self, entry: &Entry) -> bool {
        let Inner { policy, clock, dice, .. } = &*self.cache;
        policy.early_refresh.is_some()
            && !self.asked.only_if_cached
            && !self.asked.no_store
            && policy.refreshes(entry, clock, clock.unix_ms(), dice.roll())
    }

    /// Computes the entry anew behind the reader's back, unless another is about it.
    fn refresh<S, Req, Res>(&self, seat: Seat, generation: Generation, inner: S, request: Request<Req>)
    where
        S: Service<Request<Req>, Response = Response<Res>> + Send + 'static,
        S::Future: Send,
        S::Error: Send,
        Req: Send + 'static,
        Res: Body<Data = Bytes> + Send + 'static,
        Res::Error: Send,
    {
        let Boarding::Lead(landing) = seat.board(generation) else { return };
        let cache = Arc::clone(&self.cache);
        let facts = self.facts.clone();
        let span = tracing::info_span!(parent: None, "report_cache_refresh", role = facts.role,
            report_type = facts.report_type.as_str());
        let flight = Flight {
            cache: Arc::clone(&cache),
            facts,
            generation,
            landing: Some(landing),
            // Nobody waits for it: the store's own timeout ends it.
            patience: Duration::MAX,
        };
        let refresh = async move {
            if flight.fly(inner, request).await.is_ok_and(|flown| flown.stored) {
                cache.metrics.refreshed.inc();
            }
        };
        tokio::spawn(refresh.instrument(span));
    }

    /// The store is away: computes, or shares a computation that begins after this.
    async fn without_store<S, Req, Res>(
        self,
        inner: S,
        request: Request<Req>,
        mut tally: Tally<'_>,
    ) -> Result<Response<CacheBody<Res>>, S::Error>
    where
        S: Service<Request<Req>, Response = Response<Res>> + Send + 'static,
        S::Future: Send,
        S::Error: Send,
        Req: Send + 'static,
        Res: Body<Data = Bytes> + Send + 'static,
        Res::Error: Send,
    {
        let alone = Outcome::StoreDown { collapsed: false };
        tally.heads_for(alone);
        // Who forbids that the answer be stored has it shared with nobody either.
        let rounds = if self.asked.no_store { 0 } else { SHARED_ROUNDS };
        for _ in 0..rounds {
            match self.cache.queues.line_up(self.facts.key) {
                Place::Lead(turn) => {
                    let computing = turn.compute(Arc::clone(&self.cache), inner, request);
                    let computed = match end_of(tokio::spawn(computing.in_current_span())).await {
                        Some(computed) => computed?,
                        None => Computed::gone(),
                    };
                    return Ok(self.finish(computed, None, tally, alone));
                }
                Place::Share(sharing) => {
                    if let Some(shared) = sharing.report().await {
                        let outcome = Outcome::StoreDown { collapsed: true };
                        return Ok(self.finish(shared.into_computed(), None, tally, outcome));
                    }
                }
            }
        }
        self.go_around(inner, request, tally, alone).await
    }

    /// Has the answer computed without asking or telling the store.
    async fn go_around<S, Req, Res>(
        self,
        inner: S,
        request: Request<Req>,
        mut tally: Tally<'_>,
        outcome: Outcome,
    ) -> Result<Response<CacheBody<Res>>, S::Error>
    where
        S: Service<Request<Req>, Response = Response<Res>>,
        Res: Body<Data = Bytes>,
    {
        tally.heads_for(outcome);
        let computed = compute(&self.cache, inner, request).await?;
        Ok(self.finish(computed, None, tally, outcome))
    }

    fn refuse<B: Body<Data = Bytes>>(&self, tally: Tally<'_>) -> Response<CacheBody<B>> {
        let mut refused = Response::new(CacheBody::empty());
        *refused.status_mut() = StatusCode::GATEWAY_TIMEOUT;
        self.finish(Computed::Other(refused), None, tally, Outcome::Refused)
    }

    /// The form of a stored answer for this reader.
    fn form_of(&self, entry: &Entry) -> Result<Form, EntryError> {
        Form::select(&self.asked, self.head, &entry.etag, &entry.body, || entry.body.plain())
    }

    fn serve<B: Body<Data = Bytes>>(
        &self,
        entry: &Entry,
        form: Form,
        tally: Tally<'_>,
        outcome: Outcome,
    ) -> Response<CacheBody<B>> {
        let (mut parts, ()) = Response::new(()).into_parts();
        parts.headers.reserve(12);
        headers::restore(&mut parts.headers, entry);
        self.send(parts, form, tally, outcome)
    }

    /// Answers with what was computed; in its stored form where there is one and the reader takes it.
    fn finish<B: Body<Data = Bytes>>(
        &self,
        computed: Computed<B>,
        packed: Option<Packed>,
        tally: Tally<'_>,
        outcome: Outcome,
    ) -> Response<CacheBody<B>> {
        match computed {
            Computed::Report { parts, plain, etag } => {
                let packed = packed.unwrap_or_else(|| Packed::identity(plain.clone()));
                let form =
                    Form::select(&self.asked, self.head, &etag, &packed, || Ok::<_, Infallible>(plain));
                let Ok(form) = form;
                self.send(parts, form, tally, outcome)
            }
            Computed::Other(response) => {
                tally.settle(outcome);
                let (mut parts, body) = response.into_parts();
                self.stamp(outcome).uncacheable(&mut parts.headers);
                Response::from_parts(parts, if self.head { CacheBody::empty() } else { body })
            }
        }
    }

    /// Counts the request and writes its answer.
    fn send<B: Body<Data = Bytes>>(
        &self,
        parts: response::Parts,
        form: Form,
        tally: Tally<'_>,
        outcome: Outcome,
    ) -> Response<CacheBody<B>> {
        tally.settle(outcome);
        if form.is_unchanged() {
            self.cache.metrics.not_modified.inc();
        }
        form.into_response(parts, &self.stamp(outcome))
    }

    fn stamp(&self, outcome: Outcome) -> Stamp<'_> {
        Stamp {
            policy: &self.cache.policy,
            report_type: self.facts.report_type,
            outcome,
            now_unix_ms: self.cache.clock.unix_ms(),
        }
    }
}
