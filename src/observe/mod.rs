//! What was seen: one [`Observation`] a response, and the target's own counters.
//!
//! In: finished exchanges and scrapes. Out: plain values without sockets or
//! clocks. What a response *claims* about its source is read here
//! ([`Dialect::claim`]); what is made of the claim is [`Observation::source`].

mod counters;
mod dialect;
mod exposition;
mod observation;
mod process;
mod redis_info;
mod scrape;
mod source;

pub use counters::{JsonCounters, PrometheusCounters, RedisCounters};
pub use dialect::{Dialect, Patterns};
pub use exposition::{Exposition, Selector, SelectorError};
pub use observation::{Fault, Observation};
pub use process::resident_bytes;
pub use redis_info::{RedisInfo, RedisInfoError};
pub use scrape::{RedisSeen, Scrape, StoreOperation};
pub use source::Source;
