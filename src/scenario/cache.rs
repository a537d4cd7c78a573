//! The cache under test, as far as it must be told: what says who served a response,
//! how to go around it, how long it keeps what, and where it counts for itself.

use super::{Span, Text};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The cache under test.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Cache {
    /// Which header tells who served a response.
    pub source: SourceHeader,
    /// How to ask the origin around the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bypass: Option<Bypass>,
    /// Whether each person has entries of their own.
    pub private: bool,
    /// How long an entry lives, on the scenario clock; used to tell before any load which
    /// targets a perfect cache could meet.
    pub ttl: Span,
    /// Other lifetimes, by fields of the drawn relation; the first that fits counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ttls: Vec<Ttl>,
    /// How exactly a write invalidates: by these fields of `where` only. Absent: by all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invalidates_by: Option<Vec<String>>,
    /// Where the service counts for itself.
    pub counters: Counters,
}

impl Default for Cache {
    fn default() -> Self {
        Self {
            source: SourceHeader::Auto,
            bypass: None,
            private: true,
            ttl: Span(Duration::from_secs(600)),
            ttls: Vec::new(),
            invalidates_by: None,
            counters: Counters::default(),
        }
    }
}

/// Which header tells who served a response.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SourceHeader {
    /// Whichever of the known ones is there.
    #[default]
    Auto,
    /// `X-Cache`, refined by `Cache-Status`.
    XCache,
    /// `Cache-Status` (RFC 9211).
    CacheStatus,
    /// Cloudflare's.
    CfCacheStatus,
    /// `X-Cache-Status` with nginx's `$upstream_cache_status`.
    Nginx,
    /// `Age`: present on a hit.
    Age,
    /// `X-Varnish`: two numbers on a hit.
    XVarnish,
    /// A header and patterns of one's own.
    Pattern(Patterns),
}

/// A header and regular expressions for its value. The first that matches counts, in the
/// order coalesced, stale, bypass, hit, miss.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Patterns {
    /// Name of the header.
    pub header: String,
    /// Served by the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hit: Option<String>,
    /// Served by the origin through the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub miss: Option<String>,
    /// Served by the origin around the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bypass: Option<String>,
    /// Served by the cache past its lifetime.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stale: Option<String>,
    /// Served by the cache after waiting for another request's computation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coalesced: Option<String>,
}

/// How to ask the origin around the cache.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Bypass {
    /// By this header, as in `Cache-Control: no-cache`.
    Header(String),
    /// By these query parameters; `{mark}` makes each request another.
    Query(IndexMap<String, Text>),
    /// At this other base URL of the same service.
    Url(String),
}

/// A lifetime for some entries.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ttl {
    /// Entries whose drawn relation has one of these values, as in
    /// `report.type: [analytics]`.
    #[serde(default, rename = "where", skip_serializing_if = "IndexMap::is_empty")]
    pub where_: IndexMap<String, Vec<Text>>,
    /// Only of these reads; all where nothing is said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub actions: Vec<String>,
    /// How long they live, on the scenario clock.
    pub ttl: Span,
}

/// The service's own counters; what it does not have is left out.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Counters {
    /// A management call that answers JSON, read as the staff user.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub json: Option<JsonCounters>,
    /// Prometheus text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prometheus: Option<PrometheusCounters>,
    /// A Redis that holds nothing but the cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub redis: Option<RedisCounters>,
}

/// JSON pointers into the answer of a management call.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JsonCounters {
    /// Path of the call.
    pub path: String,
    /// Entries in the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<String>,
    /// Bytes of all entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<String>,
    /// Bytes of the user with the most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_user_bytes: Option<String>,
    /// Hits so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hits: Option<String>,
    /// Misses so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub misses: Option<String>,
    /// Bypasses so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bypasses: Option<String>,
    /// What the store is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend: Option<String>,
}

/// Series of a Prometheus exposition, each a name with labels as in
/// `requests_total{outcome="hit"}`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PrometheusCounters {
    /// Path of the exposition.
    pub path: String,
    /// Database queries for cacheable reads (authorisation apart).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queries: Option<String>,
    /// Histogram of store operations with the label `op`, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_operations: Option<String>,
    /// Hits so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hits: Option<String>,
    /// Misses so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub misses: Option<String>,
    /// Bypasses so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bypasses: Option<String>,
    /// Entries in the cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entries: Option<String>,
    /// Bytes of all entries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<String>,
}

/// `INFO` of a Redis.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RedisCounters {
    /// Its URL; `${NAME}` takes it, or its password, from the environment.
    pub url: String,
}
