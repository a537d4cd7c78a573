//! People at work: a plan is carried out against a target.
//!
//! In: a [`Plan`], a [`Target`], a [`Stop`]. Out: one [`crate::observe::Observation`]
//! a response, sent to the [`Recorder`]. Goose schedules the people (`goose.rs` is the
//! only file that names it); each request is made and timed by [`Http`], the one
//! door to the HTTP client. It judges nothing.
//!
//! [`Plan`]: crate::plan::Plan

mod browser;
mod cast;
mod clock;
mod conduct;
mod embedded;
mod frame;
mod goose;
mod http;
mod journey;
mod pairs;
mod recorder;
mod request;
mod scraper;
mod stop;
mod target;
mod worker;

pub use cast::{Cast, CastError, Person};
pub use clock::Clock;
pub use conduct::{AttackError, Conducted, conduct};
pub use embedded::EmbeddedError;
pub(crate) use embedded::{ANNOUNCEMENT, PASSWORD_VARIABLE, REDIS_VARIABLE};
pub use http::{Answer, Ask, Exchange, Http};
pub use journey::{Draw, Journey, Step};
pub use recorder::{Recorder, Sink};
pub use request::{Request, render};
pub use stop::{Cause, Stop};
pub use target::{Target, TargetError};
