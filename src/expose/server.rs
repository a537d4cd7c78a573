//! `/metrics` on a port.

use super::Live;
use axum::Router;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// The port could not be had.
#[derive(Debug, thiserror::Error)]
#[error("--metrics {address}: cannot listen there: {source}; choose a free port, or 0 for any")]
pub struct ExposeError {
    /// The address asked for.
    pub address: SocketAddr,
    /// Why.
    pub source: std::io::Error,
}

/// Serves `/metrics` until the process ends. Answers with the address, which tells
/// the port where 0 was asked for.
pub async fn serve(live: Live, address: SocketAddr) -> Result<SocketAddr, ExposeError> {
    let fail = |source| ExposeError { address, source };
    let listener = TcpListener::bind(address).await.map_err(fail)?;
    let bound = listener.local_addr().map_err(fail)?;
    let app = Router::new().route("/metrics", get(metrics)).with_state(live);
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, app).await {
            tracing::warn!(%error, "the metrics port is closed");
        }
    });
    Ok(bound)
}

async fn metrics(State(live): State<Live>) -> ([(axum::http::HeaderName, &'static str); 1], String) {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], live.exposition())
}
