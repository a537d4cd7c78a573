//! The school as a stranger sees it: requests in, answers out, checked against the rows.
#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod audit;
mod authoring;
mod caching;
mod crowd;
mod defects;
mod edges;
mod events;
mod figures;
mod freshness;
mod links;
mod lists;
mod management;
mod nodes;
mod outbox;
mod redis;
mod refusals;
mod rows;
mod rules;
mod school;
mod seeding;
mod totals;
mod watch;
