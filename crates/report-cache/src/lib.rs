//! A cache for personal reports: one tower layer before a service.
//!
//! Reports are costly to compute, read often, and change when a grade, a submission or a link does. The
//! layer answers repeat reads from a store (this process's memory, or Redis), validates browser copies
//! (304), and lets concurrent readers of one report share one computation. Writers say what they changed
//! by person and report type; from then on nothing older is served.
//!
//! # The flow
//!
//! ```text
//! request ─ Classify ─> ReportFacts ─ approach ─> lookup ─ decide ─> serve                 X-Cache: HIT
//!               │ None                    │          │        └────> join or start a flight    HIT / MISS
//!               └─> service, untouched    │          └─ store away ─> service                  BYPASS
//!                                         └─ no-cache ─────────────-> service                  BYPASS
//! ```
//!
//! | room | holds |
//! |---|---|
//! | [`key`], [`filters`], [`query`] | what an answer is filed under |
//! | [`policy`], [`rate`], [`dice`], [`outcome`] | the rules, pure, and the chance they are given; what came of them |
//! | [`etag`], [`headers`], [`coding`] | HTTP semantics |
//! | [`store`], [`entry`] | where answers lie, and the generations that make invalidation safe |
//! | [`layer`], [`service`] | the middleware |
//! | [`invalidate`], [`outbox`], [`event`] | what writers say, what outlives them, and the record of it |
//! | [`cache`], [`admin`] | construction, warming and management |
//! | [`event`] | what was removed, and why |
//!
//! The cache never breaks the service: a store that fails or is slow is gone around within a bounded
//! delay, and the service's own error type is kept.
//!
//! # One line in a service
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::{Router, routing::get};
//! use http::request::Parts;
//! use report_cache::{CacheConfig, Filters, Limits, MemoryStore, ReportCache, ReportFacts, ReportKey, ReportType};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let cache = ReportCache::new(Arc::new(MemoryStore::new(Limits::default())), CacheConfig::default());
//!
//! // Who asks (from a verified token) and for what; `None` leaves the request to the service.
//! let classify = |request: &Parts| {
//!     let user_id = request.headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer user-")?;
//!     let report_id = request.uri.path().strip_prefix("/reports/")?.parse().ok()?;
//!     Some(ReportFacts {
//!         key: ReportKey::new(report_id, user_id.parse().ok()?, &Filters::empty()),
//!         report_type: ReportType::Analytics,
//!         role: "teacher",
//!     })
//! };
//!
//! let app: Router = Router::new()
//!     .route("/reports/{id}", get(|| async { r#"{"average": 71.5}"# }))
//!     .layer(cache.layer(classify));
//!
//! for expected in ["MISS", "HIT"] {
//!     let request = http::Request::get("/reports/42")
//!         .header("authorization", "Bearer user-7")
//!         .body(axum::body::Body::empty())
//!         .expect("a valid request");
//!     let response = app.clone().oneshot(request).await.expect("axum's services do not fail");
//!     assert_eq!(response.headers()["x-cache"], expected);
//! }
//! # }
//! ```

mod accept;
pub mod admin;
mod answer;
pub mod body;
mod breaker;
pub mod cache;
pub mod clock;
mod coalesce;
pub mod coding;
mod date;
mod debt;
pub mod dice;
pub mod entry;
pub mod error;
pub mod etag;
pub mod event;
pub mod filters;
mod flight;
mod guard;
pub mod headers;
pub mod invalidate;
pub mod key;
pub mod layer;
mod metrics;
pub mod outbox;
pub mod outcome;
pub mod policy;
pub mod query;
mod queue;
pub mod rate;
mod removal;
mod replay;
pub mod service;
pub mod store;
mod tally;
mod visit;
pub mod watch;
mod window;

pub use accept::AcceptEncoding;
pub use admin::{HitRate, RoleHitRate, Stats, Status};
pub use body::CacheBody;
pub use cache::{CacheConfig, Filled, ReportCache};
pub use clock::{Clock, ClockHand};
pub use coding::{Coding, Packed};
pub use dice::Dice;
pub use entry::{Entry, EntryError, Made};
pub use error::StoreError;
pub use etag::{ETag, IfNoneMatch};
pub use event::{Event, EventScope};
pub use filters::{Filters, FiltersHash};
pub use headers::RequestFacts;
pub use invalidate::{Invalidation, Reason};
pub use key::{ReportFacts, ReportKey, ReportType, UnknownReportType};
pub use layer::{CacheLayer, Classify};
pub use outbox::{Outbox, Recorded};
pub use outcome::{Outcome, Verdict};
pub use policy::{Approach, BrowserPolicy, Decision, Policy, Ttls, remaining};
pub use query::{QueryError, QueryRules};
pub use rate::Allowance;
pub use service::{Bypass, CacheService};
#[doc(hidden)]
pub use store::contract;
pub use store::{Generation, Limits, Lookup, MemoryStore, Put, RedisStore, Store, Usage};
pub use watch::Unusual;
