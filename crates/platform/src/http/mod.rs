//! The school over HTTP: who is asking, what for, and what they get.
//!
//! Every answer but a CSV export and the metrics is JSON; refusals are a [`problem::Problem`].

mod admin;
mod answers;
mod auth;
mod health;
mod metrics;
mod params;
mod people;
mod problem;
mod reports;
mod router;
mod token;

pub(crate) use auth::authenticate;
pub(crate) use metrics::Requests;
pub(crate) use params::{Asked, asked};
pub(crate) use router::router;
pub(crate) use token::Tokens;
