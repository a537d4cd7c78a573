//! Why the service could not start.

use report_cache::StoreError;

/// Why [`start`](crate::start) failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The numbers asked for do not make a school.
    #[error("size: {0}")]
    Size(&'static str),
    /// The temporary directory for the database could not be made.
    #[error("temporary directory for the database: {0}")]
    Directory(#[from] std::io::Error),
    /// The database could not be opened or filled.
    #[error("database: {0}")]
    Database(#[from] sqlx::Error),
    /// The store for cached reports could not be reached.
    #[error("report store: {0}")]
    Store(#[from] StoreError),
    /// A metric could not be registered.
    #[error("metrics: {0}")]
    Metrics(#[from] prometheus::Error),
}
