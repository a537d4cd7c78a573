//! Hits through the whole HTTP path, beside nginx and Varnish: `cargo bench -p report-cache --bench hits`.
//!
//! Every cache serves the same 2 KB of JSON, from memory it holds itself or from Redis, to the same wrk.
//! Servers are on the first CPU (Redis and the origin too), wrk is on the second. Ours also verifies the
//! reader's token (HMAC-SHA256), looks under a key of that person and answers with their ETag; the others
//! are keyed by the `Authorization` header as it stands and verify nothing.
//!
//! Needs wrk; nginx, varnishd and redis-server are left out where they are not installed. Machines are
//! noisy: compare the ratios of one run, not figures of two.

mod contest;
mod fronts;
mod process;
mod server;

use std::error::Error;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.first().map(String::as_str) {
        Some("serve") => server::run(&args[1..]),
        _ => contest::run(),
    }
}
