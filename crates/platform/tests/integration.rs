//! The school as a stranger sees it: requests in, answers out, checked against the rows.
#![expect(clippy::unwrap_used, reason = "tests")]

mod access;
mod caching;
mod figures;
mod freshness;
mod lists;
mod management;
mod redis;
mod rows;
mod school;
mod seeding;
