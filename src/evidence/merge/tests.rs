//! Merged evidence is that of one generator that had seen everything.

use super::*;
use crate::evidence::{Arrivals, Cell, Clusters, Gatherer, Member, Names, PairFlaw, PairRecord};
use crate::fixture::Made;
use crate::observe::{Fault, Observation, Scrape, Source};
use crate::scenario::Kind;
use crate::verdict::{Outcome, Slo, judge};
use proptest::prelude::*;

const SLICE_US: u64 = 1_000_000;
const BEGUN_US: u64 = 1_767_323_045_000_000;
const EVERYBODY: [&str; 8] = ["ann", "bob", "cyd", "dan", "eve", "fay", "gus", "hal"];

/// A response: person, role, action, source (by index), second, microseconds within it, latency.
type Seen = (u32, u16, u16, usize, u64, u64, u64);

fn names(turned: bool) -> (Vec<String>, Vec<String>) {
    let (mut roles, mut actions) =
        (vec!["teacher".into(), "student".into()], vec!["list".into(), "report".into()]);
    if turned {
        roles.reverse();
        actions.reverse();
    }
    (roles, actions)
}

fn phases() -> Vec<Phase> {
    let phase = |name: &str, kind, measured, from: u64, to: u64| Phase {
        name: name.into(),
        kind,
        measured,
        pace: 1.0,
        from_us: from * SLICE_US,
        to_us: to * SLICE_US,
        peak_in_flight: None,
    };
    vec![phase("warm-up", Kind::WarmUp, false, 0, 4), phase("steady", Kind::Steady, true, 4, 24)]
}

/// The evidence of one generator. `turned`: it numbers roles, actions and people the other way
/// round; `after_us`: it begins so much after the others.
fn gathered(id: &str, seen: &[Seen], turned: bool, after_us: u64) -> Evidence {
    let (roles, actions) = names(turned);
    let mut people = EVERYBODY;
    if turned {
        people.reverse();
    }
    let members = people.iter().map(|name| Member { label: None, name: Some(name) });
    let mut gatherer =
        Gatherer::new(Names { roles, actions }, SLICE_US).clustered(Clusters::new("person", members));
    let index = |of: u16| if turned { 1 - of } else { of };
    for &(person, role, action, source, second, within, took) in seen {
        let person = if turned { 7 - person } else { person };
        let (role, action, source) = (index(role), index(action), Source::ALL[source % Source::ALL.len()]);
        let started_us = second * SLICE_US + within;
        gatherer.observe(&Observation {
            person,
            role,
            action,
            phase: u16::from(second >= 4),
            due_us: started_us,
            started_us,
            first_byte_us: None,
            finished_us: started_us + took,
            status: Some(200),
            claimed: source,
            source,
            validated: took % 2 == 0,
            request: took * 64 + u64::from(person),
            digest: None,
            bytes: took,
            reused: within % 2 == 0,
            fault: (source == Source::Error).then_some(Fault::Status),
        });
        if took % 5 == 0 {
            gatherer.pair(PairRecord {
                role,
                action,
                person,
                cluster: None,
                cached_us: took + 1,
                uncached_us: 20 * took + 20,
                cached_first: true,
                queries: Some(3.0),
                equal: true,
            });
        } else if took % 7 == 0 {
            gatherer.drop_pair(role, action, PairFlaw::NotAHit);
        }
    }
    let mut evidence = gatherer.finish(phases());
    evidence.run = Run {
        id: id.into(),
        scenario: "made-up".into(),
        target: "https://staging.example.org".into(),
        started_at: "2026-01-02T03:04:05Z".into(),
        started_us: Some(BEGUN_US + after_us),
        seconds: 24.0,
        time_scale: 1.0,
        users: vec![("teacher".into(), 4)],
        ..Run::default()
    };
    evidence
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap()
}

fn seen() -> impl Strategy<Value = Vec<Seen>> {
    let one = (0..8_u32, 0..2_u16, 0..2_u16, 0..5_usize, 0..24_u64, 0..400_000_u64, 50..90_000_u64);
    prop::collection::vec(one, 1..400)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn two_generators_that_saw_a_half_each_are_one_that_saw_all(all in seen(), cut in 0.0f64..1.0, turned: bool) {
        // First reads are told by the person's own URLs, so a URL stays with its generator.
        let (left, right): (Vec<Seen>, Vec<Seen>) =
            all.iter().partition(|seen| (seen.6 as f64 * 0.618).fract() < cut);
        let whole = gathered("whole", &all, false, 0);
        let merged = merge(&[gathered("left", &left, false, 0), gathered("right", &right, turned, 0)]).unwrap();
        prop_assert_eq!(json(&merged.cells.iter().map(|cell| Cell { firsts: 0, ..*cell }).collect::<Vec<_>>()),
            json(&whole.cells.iter().map(|cell| Cell { firsts: 0, ..*cell }).collect::<Vec<_>>()));
        let firsts = |of: &Evidence| of.cells.iter().map(|cell| cell.firsts).sum::<u64>();
        prop_assert_eq!(firsts(&merged), firsts(&whole));
        prop_assert_eq!(json(&merged.histograms), json(&whole.histograms));
        prop_assert_eq!(&merged.roster, &whole.roster);
        prop_assert_eq!(json(&merged.pairs_dropped), json(&whole.pairs_dropped));
        prop_assert_eq!((&merged.faults, &merged.connections), (&whole.faults, &whole.connections));
        prop_assert_eq!((merged.lag.n, merged.lag.max_us), (whole.lag.n, whole.lag.max_us));
        let slos: Vec<Slo> = ["hit_rate > 40%", "p50(latency) < 40ms", "mean(latency) < 40ms", "speedup >= 10x"]
            .map(|line| line.parse().unwrap()).into();
        prop_assert_eq!(json(&judge(&slos, &merged, 0.95).findings), json(&judge(&slos, &whole, 0.95).findings));
    }
}

/// A little of everything.
fn some() -> Vec<Seen> {
    (0..200).map(|n| ((n % 8) as u32, 0, 1, 1, n % 24, 100 + n, 500 + n)).collect()
}

#[test]
fn a_generator_that_began_later_is_moved_to_the_same_wall() {
    let (early, late) =
        (gathered("a", &some(), false, 0), gathered("b", &some(), false, 3 * SLICE_US + 400_000));
    let merged = merge(&[late.clone(), early.clone()]).unwrap();
    assert_eq!(merged.run.started_us, early.run.started_us);
    assert_eq!((merged.phases[1].from_us, merged.phases[1].to_us), (4 * SLICE_US, 27 * SLICE_US + 400_000));
    // Slice 4 of the late one has its middle in 7.9 s.
    let n = |of: &Evidence, slice| {
        of.cells.iter().filter(|cell| cell.slice == slice).map(|cell| cell.n).sum::<u64>()
    };
    assert_eq!(n(&merged, 26), n(&late, 23));
    assert_eq!(n(&merged, 7), n(&early, 7) + n(&late, 4));
    assert_eq!(merged.responses(), 400);
    assert!(
        merged.caveats.iter().any(|caveat| caveat.to_string().contains("within 3.40 s")),
        "{:?}",
        merged.caveats
    );
    let gone = gathered("c", &some(), false, 60 * SLICE_US);
    assert!(matches!(merge(&[early, gone]), Err(MergeError::Apart { .. })));
}

#[test]
fn people_without_fingerprints_are_others_at_each_generator() {
    let (mut a, mut b) = (gathered("a", &some(), false, 0), gathered("b", &some(), false, 0));
    b.roster.clear();
    a.roster.clear();
    let merged = merge(&[a.clone(), b]).unwrap();
    let clusters: std::collections::BTreeSet<u32> = merged.cells.iter().map(|cell| cell.cluster).collect();
    assert_eq!(clusters.len(), 16);
    let pairs: std::collections::BTreeSet<u32> = merged.pairs.iter().map(|pair| pair.person).collect();
    let own: std::collections::BTreeSet<u32> = a.pairs.iter().map(|pair| pair.person).collect();
    assert_eq!(pairs.len(), 2 * own.len());
}

#[test]
fn what_does_not_belong_together_is_refused_with_its_reason() {
    let a = gathered("a", &some(), false, 0);
    let refused = |change: fn(&mut Evidence)| {
        let mut b = gathered("b", &some(), false, 0);
        change(&mut b);
        merge(&[a.clone(), b]).unwrap_err().to_string()
    };
    for (change, words) in [
        (
            (|b| b.run.scenario = "other".into()) as fn(&mut Evidence),
            "the scenario differs (made-up and other)",
        ),
        (|b| b.run.target = "embedded".into(), "--target"),
        (|b| b.run.target = "https://elsewhere.example.org".into(), "the target differs"),
        (|b| b.run.time_scale = 60.0, "the scenario clock differs (1 and 60)"),
        (|b| b.roles[0] = "tutor".into(), "the list of roles differs"),
        (|b| b.phases[1].measured = false, "steady, not measured"),
        (|b| b.cluster = "class".into(), "independent"),
        (|b| b.slice_us = 1_000_003, "length of a slice"),
        (|b| (b.run.started_us, b.run.started_at) = (None, "soon".into()), "`soon`"),
        (|b| b.run.id = "a".into(), "twice"),
    ] {
        let error = refused(change);
        assert!(error.contains(words), "{words}: {error}");
    }
    assert_eq!(merge(&[a]).unwrap_err(), MergeError::TooFew);
}

#[test]
fn slices_of_another_length_go_into_the_least_that_both_fit() {
    let mut fine = gathered("fine", &[], false, 0);
    fine.slice_us = 400_000;
    let merged = merge(&[gathered("coarse", &some(), false, 0), fine]).unwrap();
    assert_eq!(merged.slice_us, 2_000_000);
    assert_eq!(merged.responses(), 200);
    assert!(merged.cells.iter().all(|cell| cell.slice < 12));
}

#[test]
fn one_invalid_generator_makes_the_whole_invalid() {
    let (mut a, b) = (gathered("a", &some(), false, 0), gathered("b", &some(), false, 0));
    // Of both together 1 of 200 was dropped, which alone would pass.
    a.arrivals = vec![Arrivals { phase: 1, intended: 50, dropped: 1 }];
    let mut fine = b.clone();
    fine.arrivals = vec![Arrivals { phase: 1, intended: 150, dropped: 0 }];
    let merged = merge(&[a, fine]).unwrap();
    assert_eq!(merged.arrivals, [Arrivals { phase: 1, intended: 200, dropped: 1 }]);
    let verdict = judge(&[], &merged, 0.95);
    assert_eq!(verdict.verdict, Outcome::Invalid);
    assert!(verdict.caveats[0].to_string().contains("of a, in steady 1 of 50"), "{:?}", verdict.caveats);
}

#[test]
fn the_fullest_series_of_counters_is_kept_and_a_caveat_names_its_generator() {
    let (mut a, mut b) = (gathered("a", &some(), false, 0), gathered("b", &some(), false, SLICE_US));
    let look = |t_us| Scrape { t_us, phase: 1, queries: Some(t_us as f64), ..Scrape::default() };
    a.scrapes = vec![look(5)];
    b.scrapes = vec![look(7), look(9)];
    a.caveats = vec![Caveat::Throttled { n: 3 }, Caveat::TimeCompressed { scale: 60.0 }];
    b.caveats = vec![Caveat::TimeCompressed { scale: 60.0 }];
    let merged = merge(&[a, b]).unwrap();
    assert_eq!(merged.scrapes.iter().map(|look| look.t_us).collect::<Vec<_>>(), [SLICE_US + 7, SLICE_US + 9]);
    let told: Vec<String> = merged.caveats.iter().map(ToString::to_string).collect();
    assert_eq!(told.iter().filter(|said| said.contains("60 times faster")).count(), 1);
    assert!(told.iter().any(|said| said.starts_with("a: the target asked 3 times")), "{told:?}");
}

#[test]
fn evidence_of_an_embedded_target_is_refused() {
    let own = Made::new().evidence();
    assert!(matches!(merge(&[own.clone(), own]), Err(MergeError::Embedded { .. })));
}
