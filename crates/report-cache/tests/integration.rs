//! The cache as a service meets it. The tests named `redis` start a Redis server of their own.
#![expect(clippy::unwrap_used, reason = "tests")]

mod support;

mod axum_router;
mod budget;
mod bypass;
mod coding;
mod conditional;
mod defects;
mod events;
mod faults;
mod flight;
mod hardship;
mod http;
mod invalidation;
mod model;
mod outbox;
mod queue;
mod race;
mod redis;
mod redis_faults;
mod redis_layout;
mod refresh;
mod spans;
mod stats;
