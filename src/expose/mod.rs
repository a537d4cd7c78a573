//! The run as it goes: Prometheus metrics and the state that progress shows.
//!
//! In: observations, scrapes and phases as they come. Out: an exposition on a port,
//! and snapshots. Labels are bounded: role, action, source, phase, fault; never a
//! user, a URL or an error text.

mod live;
mod metrics;
mod server;

pub use live::{Live, RoleSoFar, Snapshot};
pub use server::{ExposeError, serve};
