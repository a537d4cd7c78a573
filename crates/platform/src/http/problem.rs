//! Refusals: a status and a `detail` that says what to do.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use http::header;
use serde_json::json;

/// Why a request gets no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Problem {
    /// 400: the request names something that does not exist here.
    #[error("{0}")]
    BadRequest(String),
    /// 401: nobody, or nobody known, is asking.
    #[error("send a valid token as Authorization: Bearer <token>; POST /api/login/ gives one")]
    Unauthorized,
    /// 401 at login.
    #[error("unknown username or wrong password")]
    BadCredentials,
    /// 403: it does not concern the person asking.
    #[error("this does not concern you")]
    Forbidden,
    /// 404.
    #[error("there is no such thing here")]
    NotFound,
    /// 422: understood, but the value is not acceptable.
    #[error("{0}")]
    Unprocessable(String),
    /// A body that could not be read; axum chose the status.
    #[error("{detail}")]
    Body {
        /// What axum answers: 400, 413, 415 or 422.
        status: StatusCode,
        /// What is wrong with it.
        detail: String,
    },
    /// 503: the store for cached reports did not do what the staff asked.
    #[error("{0}")]
    Store(String),
    /// 500: the database failed.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// 500: something that cannot happen did.
    #[error("internal error")]
    Internal(String),
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized | Self::BadCredentials => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Unprocessable(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Body { status, .. } => *status,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Database(_) | Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<axum::extract::rejection::JsonRejection> for Problem {
    fn from(rejection: axum::extract::rejection::JsonRejection) -> Self {
        Self::Body { status: rejection.status(), detail: rejection.body_text() }
    }
}

impl From<serde_json::Error> for Problem {
    fn from(error: serde_json::Error) -> Self {
        Self::Internal(error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        match &self {
            Self::Database(error) => tracing::error!(%error, "a request failed in the database"),
            Self::Internal(error) => tracing::error!(%error, "a request failed"),
            Self::BadRequest(_)
            | Self::Unauthorized
            | Self::BadCredentials
            | Self::Forbidden
            | Self::NotFound
            | Self::Unprocessable(_)
            | Self::Store(_)
            | Self::Body { .. } => {}
        }
        let mut response = (self.status(), Json(json!({ "detail": self.to_string() }))).into_response();
        if self.status() == StatusCode::UNAUTHORIZED {
            // RFC 9110 §11.6.1: a 401 names the scheme to use.
            let scheme = header::HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
        }
        response
    }
}
