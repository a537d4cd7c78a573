//! What can go wrong with a store. None of it reaches a reader: the layer answers from the origin.

use std::time::Duration;

use thiserror::Error;

/// The underlying error of a backend, without naming its crate.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A store that could not do what it was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// The backend could not be reached.
    #[error(
        "cannot reach the store at {address}: {cause}; is it running, and are address and password right?"
    )]
    Connect {
        /// Host and port, without credentials.
        address: String,
        /// Why.
        cause: Cause,
    },
    /// The backend failed an operation.
    #[error("the store failed to {op}: {cause}")]
    Operation {
        /// The operation, as a verb.
        op: &'static str,
        /// Why.
        cause: Cause,
    },
    /// The backend is there, and refused an operation: it is full, may not write, or was not permitted to.
    /// What it has can still be read, so readers go on asking it.
    #[error("the store refused to {op}: {cause}")]
    Refused {
        /// The operation, as a verb.
        op: &'static str,
        /// Why.
        cause: Cause,
    },
    /// The backend did not answer in time. It may still do what it was asked.
    #[error("the store did not {op} within {limit:?}")]
    Timeout {
        /// The operation, as a verb.
        op: &'static str,
        /// How long it was waited for.
        limit: Duration,
    },
    /// The store could not yet be told of all that changed while it was away, so it is not read.
    #[error("the store has not yet been told of all that changed while it was away")]
    Unsettled,
    /// The store failed several times in a row and is left alone for a moment.
    #[error("the store failed several times in a row and is not asked until it has rested")]
    Resting,
}
