//! The school over HTTP: who is asking, what for, and what they get.
//!
//! Every answer but a CSV export and the metrics is JSON; refusals are a [`problem::Problem`]. Every route
//! that changes something goes through [`write::Write`].

mod admin;
mod answers;
mod assignments;
mod auth;
mod authoring;
mod draft;
mod grades;
mod health;
mod links;
mod materials;
mod metrics;
mod params;
mod people;
mod problem;
mod reports;
mod router;
mod token;
mod write;

pub(crate) use auth::authenticate;
pub(crate) use metrics::Requests;
pub(crate) use params::{Asked, asked};
pub(crate) use router::router;
pub(crate) use token::Tokens;
