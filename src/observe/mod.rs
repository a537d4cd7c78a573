//! What was seen: one [`Observation`] a response, and the target's own counters.
//!
//! In: finished exchanges and scrapes. Out: plain values without sockets or
//! clocks. What a response *claims* about its source is read here
//! ([`claim`]); what is made of the claim is [`Observation::source`].

mod dialect;
mod exposition;
mod observation;
mod scrape;
mod source;

pub use dialect::{Claim, claim};
pub use exposition::{Exposition, Selector, SelectorError};
pub use observation::{Fault, Observation};
pub use scrape::{Scrape, StoreOperation, read_stats};
pub use source::Source;
