//! Where the system under test is, and how to reach it.

use super::{Login, Span, Text};
use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The system under test. Exactly one of `embedded` and `url`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Start the school service that comes with cacheproof, as its own process.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub embedded: Option<Embedded>,
    /// Use a service that runs already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How much faster than the wall the deployed service's clock runs (its TTLs
    /// configured so). 1 unless said otherwise; the embedded service has its own.
    #[serde(default = "one")]
    pub time_scale: f64,
    /// Allows writes against a target that we did not start.
    #[serde(default)]
    pub writes: bool,
    /// How to connect.
    #[serde(default)]
    pub connection: Connection,
    /// How a person logs in; nobody does where this is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<Login>,
}

/// How to connect.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Connection {
    /// PEM file with certificate authorities to trust besides the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// PEM file with a client certificate and its chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// PEM file with the client certificate's key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Accept any certificate.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub insecure: bool,
    /// HTTP proxy to go through.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// A request that takes longer is given up.
    pub timeout: Span,
    /// A connection that takes longer to open is given up.
    pub connect_timeout: Span,
    /// Redirects followed; 0 takes a redirect for the answer.
    pub redirects: u8,
    /// `User-Agent` of the people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Headers of every request.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub headers: IndexMap<String, Text>,
    /// How often a 429 or 503 with `Retry-After` is waited for before it counts as an error.
    pub waits: u8,
}

impl Default for Connection {
    fn default() -> Self {
        Self {
            ca: None,
            certificate: None,
            key: None,
            insecure: false,
            proxy: None,
            timeout: Span(Duration::from_secs(30)),
            connect_timeout: Span(Duration::from_secs(5)),
            redirects: 0,
            user_agent: None,
            headers: IndexMap::new(),
            waits: 3,
        }
    }
}

/// The school service, started for this run.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Embedded {
    /// How many people and rows.
    #[serde(default)]
    pub size: Size,
    /// Seconds of the service's clock per second of the wall.
    #[serde(default = "one")]
    pub time_scale: f64,
}

/// Size of the embedded school.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// 1,000 students, 40 teachers, 20 tutors, 900 parents, 200,000 answers.
    #[default]
    Full,
    /// A tenth of it: for trials.
    Small,
}

fn one() -> f64 {
    1.0
}
