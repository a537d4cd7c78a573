//! What a response costs the harness after it was read, and what a verdict costs.
//!
//! Run by hand: `cargo bench --bench pipeline`. Compare ratios within one run only.

use cacheproof::evidence::{Evidence, Gatherer, Names, Phase};
use cacheproof::observe::{Observation, Source};
use cacheproof::scenario::Kind;
use cacheproof::verdict::{Slo, judge};
use std::hint::black_box;
use std::time::Instant;

const RESPONSES: u64 = 1_000_000;

fn main() {
    let begun = Instant::now();
    let mut gatherer = Gatherer::new(
        Names {
            roles: vec!["teacher".into(), "student".into()],
            actions: vec!["list".into(), "report".into()],
        },
        500_000,
    );
    for index in 0..RESPONSES {
        gatherer.observe(black_box(&response(index)));
    }
    let observed = begun.elapsed();
    let phase = Phase {
        name: "steady".into(),
        kind: Kind::Steady,
        measured: true,
        from_us: 0,
        pace: 1.0,
        to_us: RESPONSES * 100,
        peak_in_flight: None,
    };
    let evidence = gatherer.finish(vec![phase]);
    println!("observe        {:>8.0} ns a response", observed.as_nanos() as f64 / RESPONSES as f64);
    for line in ["hit_rate > 70%", r#"p99(latency{source="hit"}) < 50ms"#, "error_rate < 0.1%"] {
        let begun = Instant::now();
        let slo: Slo = line.parse().expect("a valid SLO");
        black_box(judge(&[slo], &evidence, 0.95));
        println!("judge          {:>8.1} ms  {line}", begun.elapsed().as_secs_f64() * 1e3);
    }
    let begun = Instant::now();
    let bytes = write(&evidence);
    println!("serialise      {:>8.1} ms, {} KB", begun.elapsed().as_secs_f64() * 1e3, bytes / 1024);
}

fn write(evidence: &Evidence) -> usize {
    serde_json::to_vec(evidence).expect("evidence is serialisable").len()
}

/// A response every 100 µs; a third of them misses, spread over people, roles and actions.
fn response(index: u64) -> Observation {
    let source = if index.is_multiple_of(3) { Source::Miss } else { Source::Hit };
    let started_us = index * 100;
    Observation {
        person: (index % 400) as u32,
        role: (index % 2) as u16,
        action: (index / 2 % 2) as u16,
        phase: 0,
        due_us: started_us,
        started_us,
        first_byte_us: Some(started_us + 90),
        finished_us: started_us + 100 + index * 7919 % 5_000,
        status: Some(200),
        claimed: source,
        source,
        validated: false,
        request: index % 5_000,
        digest: None,
        bytes: 2_048,
        reused: true,
        fault: None,
    }
}
