//! How a person logs in.

use super::RequestSpec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A login: a request, one token for everybody, or HTTP basic authentication.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Login {
    /// The request; `{username}`, `{password}` and other attributes may stand in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<RequestSpec>,
    /// JSON pointer to the token in its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The header that carries the token, with `{token}` in it.
    #[serde(default = "bearer", skip_serializing_if = "is_bearer")]
    pub header: String,
    /// One token for everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bearer: Option<String>,
    /// HTTP basic authentication by username and password.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub basic: bool,
    /// Cookies of the answer are kept and sent.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub cookies: bool,
    /// A token against cross-site forgery, read before the login and sent with each write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub csrf: Option<Csrf>,
    /// Everybody's password, where a person has none of their own; `${NAME}` takes it from
    /// the environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// A CSV file with `username` and `password` or `token`, for people who are listed or
    /// found elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credentials: Option<String>,
    /// The user who may list people, read the counters and prepare a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub staff: Option<String>,
    /// Whether a 401 is answered by logging in again, once.
    #[serde(default = "yes")]
    pub refresh: bool,
}

/// Protection against cross-site request forgery.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Csrf {
    /// A page that sets the cookie.
    pub path: String,
    /// Name of the cookie.
    pub cookie: String,
    /// The header that carries it in writes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// The form field that carries it in a form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
}

fn bearer() -> String {
    "Authorization: Bearer {token}".into()
}

fn is_bearer(header: &str) -> bool {
    header == bearer()
}

fn yes() -> bool {
    true
}
