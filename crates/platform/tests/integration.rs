//! The school as a stranger sees it: requests in, answers out, checked against the rows.
#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod authoring;
mod caching;
mod defects;
mod events;
mod figures;
mod freshness;
mod links;
mod lists;
mod management;
mod nodes;
mod redis;
mod refusals;
mod rows;
mod rules;
mod school;
mod seeding;
mod totals;
mod watch;
