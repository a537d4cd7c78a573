//! Batches of a line from evidence.

use super::part;
use crate::evidence::{Evidence, PairRecord, Watched};
use crate::observe::Scrape;
use crate::stats::batch_means::Slice;
use crate::stats::quantile::{Counts, merge};
use crate::stats::sequential::Samples;
use crate::verdict::slo::{Metric, Slo};

/// The whole batches of a watched phase.
pub(super) fn in_phase(slo: &Slo, evidence: &Evidence, watched: &Watched) -> Samples {
    let batches = watched.batches as usize;
    let place = |slice: u32| watched.batch(slice).filter(|at| *at < batches);
    if let Metric::Latency { quantile } = slo.metric {
        let mut parts: Vec<Vec<Counts>> = vec![Vec::new(); batches];
        for histogram in slo.selection.histograms(evidence) {
            if let Some(at) = place(histogram.slice)
                && part(slo, histogram.source, 1, 0).is_some()
            {
                parts[at].push(histogram.counts.clone());
            }
        }
        Samples::Quantile { batches: parts.iter().map(|parts| merge(parts)).collect(), q: quantile }
    } else if let Metric::MeanStoreOperation { op } = &slo.metric {
        Samples::Ratio(store_batches(&evidence.scrapes, op, watched, evidence.slice_us))
    } else {
        let mut sums = vec![(0, 0); batches];
        for cell in slo.selection.cells(evidence) {
            if let Some(at) = place(cell.slice)
                && let Some((above, below)) = part(slo, cell.source, cell.n, cell.latency_us)
            {
                sums[at].0 += above;
                sums[at].1 += below;
            }
        }
        ratio(&slo.metric, &sums)
    }
}

/// Sums as the kind of ratio that a metric is.
pub(super) fn ratio(metric: &Metric, sums: &[(u64, u64)]) -> Samples {
    let slices = sums
        .iter()
        .map(|(above, below)| Slice { numerator: *above as f64, denominator: *below as f64 })
        .collect();
    if matches!(metric, Metric::MeanLatency) { Samples::Ratio(slices) } else { Samples::Share(slices) }
}

/// Time and number of store operations between scrapes, by the batch in which the later
/// scrape lies.
pub fn store_batches(scrapes: &[Scrape], op: &str, watched: &Watched, slice_us: u64) -> Vec<Slice> {
    let mut batches = vec![Slice { numerator: 0.0, denominator: 0.0 }; watched.batches as usize];
    let told: Vec<_> = scrapes
        .iter()
        .filter(|scrape| scrape.phase == watched.phase)
        .filter_map(|scrape| Some((scrape.t_us, scrape.store_operations.get(op)?)))
        .collect();
    for pair in told.windows(2) {
        let [(_, before), (t_us, after)] = pair else { continue };
        let slice = u32::try_from(t_us / slice_us.max(1)).unwrap_or(u32::MAX);
        if let Some(at) = watched.batch(slice)
            && let Some(batch) = batches.get_mut(at)
            && after.count >= before.count
        {
            batch.numerator += (after.seconds - before.seconds) * 1e6;
            batch.denominator += after.count - before.count;
        }
    }
    batches
}

/// Pairs in their order as groups: the pairs go round the (role, action) combinations, and a
/// group ends before one comes again. The ratio of sums is uncached over cached.
pub fn pair_rounds<'a>(pairs: impl Iterator<Item = &'a PairRecord>) -> Vec<Slice> {
    let mut rounds = Vec::new();
    let mut seen: Vec<(u16, u16)> = Vec::new();
    for pair in pairs {
        let combination = (pair.role, pair.action);
        if rounds.is_empty() || seen.contains(&combination) {
            seen.clear();
            rounds.push(Slice { numerator: 0.0, denominator: 0.0 });
        }
        seen.push(combination);
        if let Some(round) = rounds.last_mut() {
            round.numerator += pair.uncached_us as f64;
            round.denominator += pair.cached_us as f64;
        }
    }
    rounds
}
