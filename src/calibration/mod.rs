//! The test of the test: worlds whose truth is known, and how often the judge tells it.
//!
//! In: a [`World`], which draws one run after another, and what is true of it in the long
//! run ([`truth`]). Each run becomes an [`crate::evidence::Evidence`] like any other and goes
//! through the whole pipeline, [`crate::verdict::judge`]. Out: how often its intervals held
//! the truth ([`coverage`]), how often it passed what is bad or failed what is good
//! ([`gate`]), and what early stopping saves ([`early`]); as Markdown tables.
//!
//! Everything is drawn from seeds: no clock, no load. What a run is a draw *from* decides
//! what an interval must hold: the long-run rate of the world, over everything that the next
//! run with another seed would draw anew. Where the people are drawn anew as well, that
//! includes them.
//!
//! `cargo bench --profile dev --bench measurement` prints the tables of docs/measurement.md.

mod classes;
mod composed;
pub mod coverage;
mod crowd;
mod drift;
pub mod early;
pub mod gate;
mod measured;
mod paired_costs;
mod parallel;
pub mod plain;
mod record;
pub mod settings;
mod share;
#[cfg(test)]
mod tests;
pub mod truth;
mod world;

pub use classes::{Classes, Clusters};
pub use composed::Composed;
pub use crowd::Crowd;
pub use drift::Drift;
pub use measured::Measured;
pub use paired_costs::PairedCosts;
pub use parallel::each_seed;
pub use record::record;
pub use share::Share;
pub use world::{Read, World};

/// Confidence of every interval that is put to the test.
pub const CONFIDENCE: f64 = 0.95;
