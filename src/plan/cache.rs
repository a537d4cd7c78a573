//! The cache under test, resolved.

use super::{Condition, Hole, Template};
use crate::observe::{Dialect, JsonCounters, PrometheusCounters};
use http::header::{HeaderName, HeaderValue};
use std::time::Duration;

/// The cache under test.
#[derive(Clone, Debug)]
pub struct CachePlan {
    /// What says who served a response.
    pub dialect: Dialect,
    /// How to go around it.
    pub bypass: Option<BypassPlan>,
    /// Whether each person has entries of their own.
    pub private: bool,
    /// How long entries live, scenario clock.
    pub ttl: Duration,
    /// Exceptions; the first that fits counts.
    pub ttls: Vec<TtlPlan>,
    /// A write invalidates by these only; `None`: by everything its changes say.
    pub invalidates_by: Option<Vec<Hole>>,
    /// Where the service counts for itself.
    pub counters: CountersPlan,
}

/// How to go around the cache.
#[derive(Clone, Debug)]
pub enum BypassPlan {
    /// By a header.
    Header(HeaderName, HeaderValue),
    /// By query parameters; `{mark}` makes each request another.
    Query(Vec<(String, Template)>),
    /// At another base URL.
    Url(reqwest::Url),
}

/// A lifetime for some entries.
#[derive(Clone, Debug)]
pub struct TtlPlan {
    /// Only where what was drawn fits.
    pub conditions: Vec<Condition>,
    /// Only of these reads; of all where it is empty.
    pub actions: Vec<u16>,
    /// How long they live.
    pub ttl: Duration,
}

/// The service's own counters.
#[derive(Clone, Debug, Default)]
pub struct CountersPlan {
    /// A management call.
    pub json: Option<JsonCounters>,
    /// Prometheus text.
    pub prometheus: Option<PrometheusCounters>,
    /// URL of a Redis that holds nothing but the cache.
    pub redis: Option<String>,
}
