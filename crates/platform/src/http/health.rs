//! Whether the service is up, and how it was started.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use crate::Service;

#[derive(Serialize)]
pub(super) struct Health {
    status: &'static str,
    service: &'static str,
    version: &'static str,
    store: &'static str,
    time_scale: f64,
}

/// `GET /healthz`
pub(super) async fn health(State(service): State<Arc<Service>>) -> Json<Health> {
    Json(Health {
        status: "ok",
        service: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        store: service.store,
        time_scale: service.time_scale,
    })
}
