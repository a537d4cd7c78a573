//! A request with its placeholders parsed.

use super::{Hole, JsonTemplate, Template};
use http::header::HeaderName;

/// A request, not yet for anybody.
#[derive(Clone, Debug)]
pub struct RequestPlan {
    /// Method.
    pub method: http::Method,
    /// Path below the base URL.
    pub path: Template,
    /// Query parameters.
    pub query: Vec<(String, Template)>,
    /// Headers.
    pub headers: Vec<(HeaderName, Template)>,
    /// Body.
    pub body: BodyPlan,
    /// Who asks, where it is not the staff user.
    pub as_: Option<String>,
    /// What must come back.
    pub expect: ExpectPlan,
}

/// A body.
#[derive(Clone, Debug, Default)]
pub enum BodyPlan {
    /// None.
    #[default]
    Empty,
    /// `application/json`.
    Json(JsonTemplate),
    /// `application/x-www-form-urlencoded`.
    Form(Vec<(String, Template)>),
    /// As it stands; a `Content-Type` is the headers' business.
    Text(Template),
}

/// What a good answer is.
#[derive(Clone, Debug, Default)]
pub struct ExpectPlan {
    /// Statuses; empty where the usual ones are meant.
    pub status: Vec<u16>,
    /// JSON pointers and what stands there.
    pub json: Vec<(String, Template)>,
    /// A text that the body holds.
    pub text: Option<String>,
}

impl ExpectPlan {
    /// Whether the body must be looked at.
    pub fn reads_body(&self) -> bool {
        !self.json.is_empty() || self.text.is_some()
    }
}

impl RequestPlan {
    /// Every placeholder in it.
    pub fn holes(&self) -> Vec<Hole> {
        let mut holes: Vec<Hole> = self.path.holes().collect();
        holes.extend(self.query.iter().flat_map(|(_, value)| value.holes()));
        holes.extend(self.headers.iter().flat_map(|(_, value)| value.holes()));
        holes.extend(self.expect.json.iter().flat_map(|(_, value)| value.holes()));
        match &self.body {
            BodyPlan::Empty => {}
            BodyPlan::Json(json) => holes.extend(json.holes()),
            BodyPlan::Form(fields) => holes.extend(fields.iter().flat_map(|(_, value)| value.holes())),
            BodyPlan::Text(text) => holes.extend(text.holes()),
        }
        holes
    }
}
