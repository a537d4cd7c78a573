//! The system under test, resolved.

use super::RequestPlan;
use crate::scenario::{Connection, Size};
use http::header::HeaderName;

/// The system under test.
#[derive(Clone, Debug)]
pub struct TargetPlan {
    /// Which one.
    pub place: Place,
    /// Seconds of the scenario clock per second of the wall.
    pub time_scale: f64,
    /// Whether writes may be sent.
    pub may_write: bool,
    /// How to connect.
    pub connection: Connection,
    /// How people log in, where they do.
    pub login: Option<LoginPlan>,
}

/// Where the system under test is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Started for this run.
    Embedded {
        /// How large a school.
        size: Size,
        /// Redis to use as L1, where it is not the in-process store.
        redis: Option<String>,
    },
    /// There already.
    Url(reqwest::Url),
}

/// How people log in.
#[derive(Clone, Debug)]
pub struct LoginPlan {
    /// By what.
    pub way: LoginWay,
    /// Cookies of answers are kept and sent.
    pub cookies: bool,
    /// Protection against cross-site request forgery.
    pub csrf: Option<CsrfPlan>,
    /// Everybody's password, where a person has none of their own.
    pub password: Option<String>,
    /// The user who may list people and read the counters.
    pub staff: Option<String>,
    /// Whether a 401 is answered by logging in again.
    pub refresh: bool,
}

/// By what people log in.
#[derive(Clone, Debug)]
pub enum LoginWay {
    /// A request, whose answer may hold a token.
    Request {
        /// The request.
        request: Box<RequestPlan>,
        /// JSON pointer to the token, and the header (with `{token}`) that carries it.
        token: Option<(String, HeaderName, String)>,
    },
    /// One token for everybody, in a header.
    Bearer {
        /// The header.
        name: HeaderName,
        /// Its value, with `{token}` in it.
        value: String,
        /// The token of those who have none of their own.
        token: String,
    },
    /// HTTP basic authentication.
    Basic,
}

/// Protection against cross-site request forgery.
#[derive(Clone, Debug)]
pub struct CsrfPlan {
    /// A page that sets the cookie.
    pub path: String,
    /// Name of the cookie.
    pub cookie: String,
    /// The header that carries it in writes.
    pub header: Option<HeaderName>,
    /// The form field that carries it.
    pub field: Option<String>,
}
