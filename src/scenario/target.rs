//! Where the cache is, how people log in, and where its own counters are.

use serde::{Deserialize, Serialize};

/// The system under test. Exactly one of `embedded` and `url`.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// How a person logs in.
    #[serde(default)]
    pub login: Login,
    /// Where to ask who there is and what they may read.
    #[serde(default)]
    pub discovery: Discovery,
    /// Where the service counts for itself.
    #[serde(default)]
    pub counters: Counters,
}

/// The school service, started for this run.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// 1,000 students, 40 teachers, 20 tutors, 900 parents, 200,000 answers.
    #[default]
    Full,
    /// A tenth of it: for trials.
    Small,
}

/// A login request whose answer yields a token.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Login {
    /// Path that takes `{"username", "password"}` by POST.
    pub path: String,
    /// JSON pointer to the token in the answer.
    pub token: String,
    /// Environment variable that holds everybody's password.
    pub password_env: String,
    /// The user who may list people and read the counters.
    pub staff: String,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            path: "/api/login/".into(),
            token: "/token".into(),
            password_env: "CACHEPROOF_PASSWORD".into(),
            staff: "admin".into(),
        }
    }
}

/// Paged lists that say who there is and what they may touch.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Discovery {
    /// People of a role, for staff; `role`, `page` and `page_size` are added.
    pub people: String,
    /// Reports that the person who asks may read.
    pub reports: String,
    /// Answers that the teacher who asks may grade.
    pub answers: String,
}

impl Default for Discovery {
    fn default() -> Self {
        Self {
            people: "/api/people/".into(),
            reports: "/api/reports/".into(),
            answers: "/api/answers/".into(),
        }
    }
}

/// The target's own counters.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Counters {
    /// Management call with entries and bytes, for staff.
    pub stats: String,
    /// Prometheus text.
    pub metrics: String,
    /// Series that counts the database queries of reports (authorisation apart).
    pub queries: String,
    /// Histogram of store operations, by label `op`.
    pub store_operations: String,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            stats: "/api/reports/cache/stats/".into(),
            metrics: "/metrics".into(),
            queries: r#"platform_db_queries_total{purpose="report"}"#.into(),
            store_operations: "report_cache_store_operation_seconds".into(),
        }
    }
}

fn one() -> f64 {
    1.0
}
