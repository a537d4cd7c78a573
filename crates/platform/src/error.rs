//! Why the service could not start.

use std::path::PathBuf;

use report_cache::StoreError;

/// Why [`start`](crate::start) failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The numbers asked for do not make a school.
    #[error("size: {0}")]
    Size(&'static str),
    /// The file holds another school, or something else; it is left as it is.
    #[error("{}: holds {found}, not {wanted}; use another file", file.display())]
    OtherSchool {
        /// The database's file.
        file: PathBuf,
        /// What it holds.
        found: String,
        /// What was asked for.
        wanted: String,
    },
    /// The database's directory or lock could not be made.
    #[error("file of the database: {0}")]
    File(#[from] std::io::Error),
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
