//! What is kept of what was seen, and what its order does not change.

use super::*;
use crate::evidence::Member;
use crate::scenario::Kind;

fn seen(person: u32, source: Source, started_us: u64, took: u64, request: u64) -> Observation {
    Observation {
        person,
        role: 0,
        action: 0,
        phase: 0,
        due_us: started_us.saturating_sub(5),
        started_us,
        first_byte_us: None,
        finished_us: started_us + took,
        status: Some(200),
        claimed: source,
        source,
        validated: false,
        request,
        digest: None,
        bytes: 10,
        reused: true,
        fault: (source == Source::Error).then_some(Fault::Status),
    }
}

fn gatherer() -> Gatherer {
    Gatherer::new(Names { roles: vec!["teacher".into()], actions: vec!["list".into()] }, 1_000_000)
}

#[test]
fn responses_land_in_the_slice_in_which_they_ended() {
    let mut gatherer = gatherer();
    gatherer.observe(&seen(1, Source::Hit, 999_000, 2_000, 7));
    gatherer.observe(&seen(1, Source::Hit, 100, 300, 7));
    let evidence = gatherer.finish(Vec::new());
    assert_eq!(
        evidence.cells.iter().map(|c| (c.slice, c.n, c.firsts)).collect::<Vec<_>>(),
        [(0, 1, 0), (1, 1, 1)]
    );
    assert_eq!(evidence.responses(), 2);
    assert_eq!(evidence.lag.n, 0, "no phase was measured");
}

#[test]
fn a_response_time_is_of_an_answered_read_and_of_no_source() {
    let mut gatherer = gatherer();
    for source in [Source::Hit, Source::Miss, Source::Browser, Source::Error, Source::Write] {
        gatherer.responded(&seen(1, source, 100, 300, 7), 5_000);
    }
    let evidence = gatherer.finish(Vec::new());
    assert_eq!(evidence.response_times.len(), 1);
    let n: u64 = evidence.response_times[0].counts.iter().map(|(_, n)| n).sum();
    assert_eq!(n, 2);
    assert!(evidence.histograms.is_empty());
}

#[test]
fn people_sent_off_late_count_in_measured_phases_only() {
    let mut gatherer = gatherer();
    gatherer.observe(&seen(1, Source::Hit, 100, 300, 7));
    gatherer.observe(&seen(2, Source::Hit, 200, 300, 8));
    gatherer.observe(&Observation { phase: 1, ..seen(3, Source::Hit, 300, 300, 9) });
    let phase = |kind: Kind, measured| Phase {
        name: kind.as_str().into(),
        kind,
        measured,
        pace: 1.0,
        from_us: 0,
        to_us: 1,
        peak_in_flight: None,
    };
    let evidence = gatherer.finish(vec![phase(Kind::Steady, true), phase(Kind::Pairs, false)]);
    assert_eq!((evidence.lag.n, evidence.lag.p50_us, evidence.lag.max_us), (2, 5, 5));
}

#[test]
fn the_order_of_observations_does_not_change_the_evidence() {
    let all: Vec<Observation> = (0..200)
        .map(|i| {
            seen(i % 7, Source::ALL[(i % 9) as usize], u64::from(i) * 31_000, 50 + u64::from(i), u64::from(i))
        })
        .collect();
    let forward = all
        .iter()
        .fold(gatherer(), |mut g, o| {
            g.observe(o);
            g
        })
        .finish(Vec::new());
    let backward = all
        .iter()
        .rev()
        .fold(gatherer(), |mut g, o| {
            g.observe(o);
            g
        })
        .finish(Vec::new());
    assert_eq!(
        serde_json::to_string(&forward.cells).unwrap(),
        serde_json::to_string(&backward.cells).unwrap()
    );
    assert_eq!(
        serde_json::to_string(&forward.histograms).unwrap(),
        serde_json::to_string(&backward.histograms).unwrap()
    );
    assert_eq!(forward.fault(Fault::Status), backward.fault(Fault::Status));
    assert!(forward.fault(Fault::Status) > 0);
}

#[test]
fn people_who_share_a_class_are_one_cluster_in_cells_and_pairs() {
    let class = |label| Member { label, name: Some("x") };
    let all = [class(Some("7b")), class(None), class(Some("7b"))];
    let mut gatherer = gatherer().clustered(Clusters::new("class", all.into_iter()));
    for person in 0..3 {
        gatherer.observe(&seen(person, Source::Hit, 100, 300, u64::from(person)));
    }
    let pair = |person| PairRecord {
        role: 0,
        action: 0,
        person,
        cluster: None,
        cached_us: 1,
        uncached_us: 10,
        cached_first: true,
        queries: None,
        equal: true,
    };
    gatherer.pair(pair(2));
    let evidence = gatherer.finish(Vec::new());
    assert_eq!(evidence.cells.iter().map(|c| (c.cluster, c.n)).collect::<Vec<_>>(), [(0, 2), (1, 1)]);
    assert_eq!((evidence.pairs[0].person, evidence.pairs[0].cluster), (2, Some(0)));
    assert_eq!((evidence.cluster.as_str(), evidence.roster.len()), ("class", 2));
    let pairs = crate::evidence::Selection::default().speed_pairs(&evidence);
    assert_eq!(pairs[0].cluster, 0);
}

#[test]
fn histograms_keep_every_latency_to_three_digits() {
    let mut gatherer = gatherer();
    for took in [87, 1_234, 5_000_000] {
        gatherer.observe(&seen(1, Source::Miss, 0, took, 1));
    }
    let evidence = gatherer.finish(Vec::new());
    let counts: Vec<(u64, u64)> = evidence.histograms.iter().flat_map(|h| h.counts.clone()).collect();
    assert_eq!(counts.iter().map(|(_, n)| n).sum::<u64>(), 3);
    for (expected, (value, _)) in [87_u64, 1_234, 5_000_000].iter().zip(counts) {
        assert!((value as f64 / *expected as f64 - 1.0).abs() < 0.001, "{expected} was kept as {value}");
    }
}
