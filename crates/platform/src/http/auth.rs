//! Who is asking: login, and the extractors that handlers name in their arguments.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRequestParts, State};
use http::HeaderMap;
use http::header::AUTHORIZATION;
use http::request::Parts;
use serde::{Deserialize, Serialize};

use super::problem::Problem;
use super::token::Tokens;
use crate::Service;
use crate::db::{Purpose, args};
use crate::domain::{Links, Person, Role, password};

/// Somebody with a valid token.
pub(super) struct Reader(pub(super) Person);

/// Somebody with a valid token whose role is staff.
pub(super) struct Staff;

/// The person whose token stands in `Authorization`. Costs no query.
pub(crate) fn authenticate<'l>(headers: &HeaderMap, tokens: &Tokens, links: &'l Links) -> Option<&'l Person> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    // RFC 9110 §11.1: the scheme's name is case-insensitive.
    let token = scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())?;
    links.person(tokens.verify(token)?)
}

impl Person {
    /// 403 for anybody whose role is another.
    pub(super) fn require(&self, role: Role) -> Result<(), Problem> {
        if self.role == role { Ok(()) } else { Err(Problem::Forbidden) }
    }
}

impl FromRequestParts<Arc<Service>> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Problem> {
        authenticate(&parts.headers, &service.tokens, &service.relations.now())
            .cloned()
            .map(Self)
            .ok_or(Problem::Unauthorized)
    }
}

impl FromRequestParts<Arc<Service>> for Staff {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, service: &Arc<Service>) -> Result<Self, Problem> {
        let Reader(person) = Reader::from_request_parts(parts, service).await?;
        person.require(Role::Staff).map(|()| Self)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Credentials {
    username: String,
    password: String,
}

#[derive(Serialize)]
pub(super) struct LoggedIn {
    token: String,
    user_id: i64,
    role: &'static str,
    username: String,
}

/// `POST /api/login/`
pub(super) async fn login(
    State(service): State<Arc<Service>>,
    credentials: Result<Json<Credentials>, JsonRejection>,
) -> Result<Json<LoggedIn>, Problem> {
    let Json(Credentials { username, password }) = credentials?;
    let mut session = service.db.read(Purpose::Auth).await?;
    let found: Option<(i64, String, i64, String)> = session
        .find(
            "SELECT p.id, c.salt, c.iterations, c.hash FROM people p \
             JOIN credentials c ON c.id = p.credential_id WHERE p.username = ?",
            args![username.as_str()],
        )
        .await?;
    session.commit().await?;
    let (user_id, salt, iterations, hash) = found.ok_or(Problem::BadCredentials)?;
    let iterations = u32::try_from(iterations).unwrap_or(password::ITERATIONS);
    // Hashing takes a while: off the threads that serve requests.
    let right = tokio::task::spawn_blocking(move || password::matches(&password, &salt, iterations, &hash))
        .await
        .map_err(|error| Problem::Internal(error.to_string()))?;
    let links = service.relations.now();
    let person = links.person(user_id).filter(|_| right).ok_or(Problem::BadCredentials)?;
    Ok(Json(LoggedIn { token: service.tokens.sign(user_id), user_id, role: person.role.as_str(), username }))
}
