//! Many runs on all processors, in the order of their seeds.

use std::sync::atomic::{AtomicU64, Ordering};

/// What a function makes of each seed from `first` on, in their order: the same whatever the
/// number of processors.
pub fn each_seed<T: Send>(first: u64, runs: u64, of: impl Fn(u64) -> T + Sync) -> Vec<T> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicU64::new(0);
    let mut all: Vec<(u64, T)> = std::thread::scope(|scope| {
        let work = || {
            let mut mine = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                if at >= runs {
                    return mine;
                }
                mine.push((at, of(first + at)));
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a run does not panic")).collect()
    });
    all.sort_by_key(|(at, _)| *at);
    all.into_iter().map(|(_, made)| made).collect()
}
