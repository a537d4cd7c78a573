//! The school over HTTP: who is asking, what for, and what they get.
//!
//! Every answer but a CSV export and the metrics is JSON; refusals are a [`problem::Problem`]. Every route
//! that changes something goes through [`write::Write`].
//!
//! | event | route | by |
//! |---|---|---|
//! | grade changed | `PATCH /api/answers/{id}/grade/`, `POST /api/answers/grades/` | a teacher of the class |
//! | assignment submitted | `POST /api/assignments/{id}/submissions/` | the student |
//! | material progress | `PUT /api/materials/{id}/progress/` | the student |
//! | element progress | `PUT /api/elements/{id}/progress/` | the student |
//! | report saved | `POST /api/reports/`, `PATCH /api/reports/{id}/` | its author |
//! | report deleted | `DELETE /api/reports/{id}/` | its author |
//! | guardian changed | `PUT`, `DELETE /api/students/{id}/guardians/{parent_id}/` | staff |
//! | tutor changed | `PUT`, `DELETE /api/students/{id}/tutors/{tutor_id}/` | staff |
//! | class changed | `PUT /api/students/{id}/class/` | staff |
//! | teacher changed | `PUT`, `DELETE /api/classes/{id}/teachers/{subject}/` | staff |

mod admin;
mod answers;
mod assignments;
mod auth;
mod authoring;
mod draft;
mod events;
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
