//! A run of a world as evidence: the cells and histograms that the gatherer would have made
//! of the same responses, without the cost of an HDR histogram for each slice.

use super::world::{Read, World};
use crate::evidence::{Cell, Evidence, Gatherer, IntervalHistogram, Names, Phase, Run};
use crate::observe::Source;
use crate::units::to_micros;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// Draws of pairs do not shift those of reads.
const PAIRS_STREAM: u64 = 1;

/// The run that a seed decides.
#[must_use]
pub fn record(world: &dyn World, seed: u64) -> Evidence {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let slice_us = slice_us(world.seconds());
    let length_us = to_micros(Duration::from_secs_f64(world.seconds()));
    let phase = Phase {
        name: world.kind().as_str().into(),
        kind: world.kind(),
        measured: true,
        pace: 1.0,
        from_us: 0,
        to_us: length_us,
        peak_in_flight: None,
    };
    let mut cells: HashMap<(u16, Source, u32, u32), Cell> = HashMap::new();
    let mut latencies: BTreeMap<(u16, Source, u32), Vec<u64>> = BTreeMap::new();
    world.replay(&mut rng, &mut |read| {
        let finished_us = (read.at * 1e6) as i64 + read.took_us as i64;
        if read.at < 0.0 || finished_us >= length_us as i64 {
            return;
        }
        let slice = u32::try_from(finished_us as u64 / slice_us).expect("a run has few slices");
        let cell =
            cells.entry((read.role, read.source, read.person, slice)).or_insert_with(|| empty(&read, slice));
        cell.n += 1;
        cell.latency_us += read.took_us;
        latencies.entry((read.role, read.source, slice)).or_default().push(read.took_us);
    });
    let mut cells: Vec<Cell> = cells.into_values().collect();
    cells.sort_by_key(|cell| (cell.slice, cell.role, cell.source, cell.cluster));
    let names = Names { roles: world.roles(), actions: vec!["report".into()] };
    // Everything else as in a run in which nothing else happened.
    let mut evidence = Gatherer::new(names, slice_us).finish(vec![phase]);
    evidence.run = Run { seed, seconds: world.seconds(), ..Run::default() };
    evidence.cells = cells;
    evidence.histograms = histograms(latencies);
    rng.set_stream(PAIRS_STREAM);
    evidence.pairs = world.pairs(&mut rng);
    evidence
}

/// Slices as long as those of a plan: about 300, in steps of a quarter second.
fn slice_us(seconds: f64) -> u64 {
    250_000 * ((seconds / 300.0 / 0.25).ceil().max(1.0) as u64)
}

fn empty(read: &Read, slice: u32) -> Cell {
    Cell {
        phase: 0,
        role: read.role,
        action: 0,
        source: read.source,
        cluster: read.person,
        slice,
        n: 0,
        firsts: 0,
        validated: 0,
        bytes: 0,
        latency_us: 0,
    }
}

fn histograms(latencies: BTreeMap<(u16, Source, u32), Vec<u64>>) -> Vec<IntervalHistogram> {
    let parts = latencies.into_iter().map(|((role, source, slice), mut values)| {
        values.iter_mut().for_each(|value| *value = three_digits(*value));
        values.sort_unstable();
        let counts =
            values.chunk_by(|a, b| a == b).map(|equal| (equal[0], equal.len() as u64)).collect::<Vec<_>>();
        IntervalHistogram { phase: 0, role, action: 0, source, slice, counts }
    });
    parts.collect()
}

/// The highest value that an HDR histogram of three digits counts as the same: it keeps
/// eleven bits, 2,048 steps a doubling.
fn three_digits(value: u64) -> u64 {
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(11);
    (((value >> shift) + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibration::Drift;
    use crate::observe::Observation;
    use rand::RngExt as _;

    #[test]
    fn values_are_kept_as_an_hdr_histogram_keeps_them() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut hdr = hdrhistogram::Histogram::<u32>::new(3).unwrap();
        for value in (0..2_000).map(|_| 10f64.powf(rng.random_range(0.0..8.0)) as u64) {
            hdr.reset();
            hdr.record(value).unwrap();
            let kept = hdr.iter_recorded().next().unwrap().value_iterated_to();
            assert_eq!(three_digits(value), kept, "{value}");
        }
    }

    #[test]
    fn a_recorded_run_is_what_the_gatherer_makes_of_the_same_responses() {
        let world = Drift { seconds: 30.0, ..Drift::default() };
        let mine = record(&world, 3);
        let names = Names { roles: world.roles(), actions: vec!["report".into()] };
        let mut gatherer = Gatherer::new(names, mine.slice_us);
        world.replay(&mut ChaCha8Rng::seed_from_u64(3), &mut |read| {
            let started_us = (read.at * 1e6) as u64;
            if read.at < 0.0 || started_us + read.took_us >= 30_000_000 {
                return;
            }
            gatherer.observe(&Observation {
                person: read.person,
                role: read.role,
                action: 0,
                phase: 0,
                due_us: started_us,
                started_us,
                first_byte_us: None,
                finished_us: started_us + read.took_us,
                status: Some(200),
                claimed: read.source,
                source: read.source,
                validated: false,
                request: 0,
                digest: None,
                bytes: 0,
                reused: true,
                fault: None,
            });
        });
        let theirs = gatherer.finish(mine.phases.clone());
        assert!(mine.cells.len() > 500);
        assert_eq!(mine.responses(), theirs.responses());
        let counts = |evidence: &Evidence| -> Vec<(u32, u32, Source, u64, u64)> {
            evidence.cells.iter().map(|c| (c.slice, c.cluster, c.source, c.n, c.latency_us)).collect()
        };
        let (mut a, mut b) = (counts(&mine), counts(&theirs));
        a.sort_unstable();
        b.sort_unstable();
        assert_eq!(a, b);
        let values = |evidence: &Evidence| -> Vec<String> {
            let told = |h: &IntervalHistogram| format!("{:?} {} {:?}", h.source, h.slice, h.counts);
            evidence.histograms.iter().map(told).collect()
        };
        let (mut a, mut b) = (values(&mine), values(&theirs));
        a.sort();
        b.sort();
        assert_eq!(a, b);
    }
}
