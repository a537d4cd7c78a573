//! People at work: a plan is carried out against a target.
//!
//! In: a [`Plan`], a [`Target`], a [`Stop`]. Out: one [`crate::observe::Observation`]
//! a response, sent to the [`Recorder`]. Goose schedules the people (`goose.rs` is the
//! only file that names it); what they ask is decided by [`crate::workload`], and each
//! request is made and timed by [`crate::wire`]. It judges nothing.
//!
//! [`Plan`]: crate::plan::Plan

mod abort;
mod ask;
mod breakpoint;
mod browser;
mod by_clock;
mod cast;
mod clock;
mod conduct;
mod discover;
mod embedded;
mod errands;
mod frame;
mod goose;
mod in_flight;
mod login;
mod mail;
mod open;
mod pacer;
mod pairs;
mod pool;
mod punctual;
mod recorder;
mod redact;
mod replay;
mod scraper;
mod stage;
mod stop;
mod target;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod trace;
mod undecided;
mod worker;

pub use cast::{Cast, CastError};
pub use clock::Clock;
pub use conduct::{AttackError, Conducted, conduct};
pub use embedded::EmbeddedError;
pub(crate) use embedded::{ANNOUNCEMENT, PASSWORD_VARIABLE, REDIS_VARIABLE};
pub use login::Identity;
pub use recorder::{Recorder, Sink};
pub use redact::Redactor;
pub use stop::{Cause, Stop};
pub use target::{Target, TargetError};
pub use undecided::until_decided;
