//! What people do and when: decided by the seed, pure, without a clock or a socket.
//!
//! In: a [`Plan`](crate::plan::Plan) and a [`Population`]. Out: for each place at work the
//! [`Step`]s of a [`Journey`], each rendered as a [`Request`]; and who reacts to a write
//! ([`reactions`]). [`crate::attack`] carries them out against a target, and
//! [`crate::simulate`] in virtual time.

mod answer;
mod draw;
mod journey;
mod numbers;
mod population;
mod reactions;
mod request;
#[cfg(test)]
pub(crate) mod testing;

pub use answer::{Mismatch, captured, expected, verify, wants_body};
pub(crate) use draw::lineage;
pub use draw::{Draw, Fill, NOTHING_NOTED, Notes};
pub use journey::{Around, Journey, Step};
pub use numbers::{bell_dice, first_number, journey_number};
pub use population::{Item, Person, Population};
pub use reactions::{Reaction, reactions};
pub(crate) use request::SEGMENT;
pub use request::{Request, around, render, render_request};
