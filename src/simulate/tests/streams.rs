//! What people ask in virtual time, and what a perfect cache answers.

use super::super::*;
use super::{busy, edited, people, plan, readers};
use crate::evidence::Selection;
use crate::workload::Draw;
use serde_json::{Value, json};
use std::time::Duration;

fn all(scenario: &Value, of_each: usize, owns: &[(&str, &str)]) -> Tally {
    let plan = plan(scenario);
    let population = people(&plan, of_each, owns);
    replay(&plan, &population, 0, RESPONSE).tally(&plan, &Selection::default())
}

#[test]
fn somebody_who_reads_every_ten_seconds_misses_once_a_lifetime() {
    // 60 reads in ten minutes. A lifetime of 60 s: the first is stored, five hits, the seventh
    // finds an entry of just 60 s; so ten times.
    let tally = all(&readers(), 1, &[]);
    assert_eq!((tally.requests, tally.reads, tally.writes), (60, 60, 0));
    assert_eq!((tally.firsts, tally.expired, tally.invalidated, tally.hits), (1, 9, 0, 50));
    assert_eq!((tally.endless, tally.untouched), (59, 50));
}

#[test]
fn a_lifetime_shorter_than_the_pause_never_hits() {
    let mut scenario = readers();
    scenario["cache"]["ttl"] = json!("10s");
    let tally = all(&scenario, 1, &[]);
    assert_eq!((tally.hits, tally.firsts, tally.expired), (0, 1, 59));
    scenario["cache"]["ttl"] = json!("11s");
    assert_eq!(all(&scenario, 1, &[]).hits, 30, "every other read");
}

#[test]
fn people_have_entries_of_their_own_unless_the_cache_is_everybodys() {
    let mut scenario = readers();
    scenario["roles"]["reader"]["users"] = json!(5);
    scenario["cache"]["ttl"] = json!("1h");
    assert_eq!(all(&scenario, 5, &[]).firsts, 5);
    scenario["cache"]["private"] = json!(false);
    let tally = all(&scenario, 5, &[]);
    assert_eq!((tally.reads, tally.firsts, tally.hits), (300, 1, 299));
}

#[test]
fn a_write_costs_its_readers_one_miss_each() {
    let tally = all(&edited(), 1, &[("7", "news")]);
    // Ten minutes hold 17 writes; all but those before the first read and after the last are seen.
    assert_eq!((tally.writes, tally.firsts, tally.expired), (17, 1, 0));
    assert!((15..=17).contains(&tally.invalidated), "{tally:?}");
    assert_eq!(tally.hits, 59 - tally.invalidated);
    assert_eq!((tally.untouched, tally.endless), (59, tally.hits));
}

#[test]
fn what_is_not_cached_is_asked_and_counts_nowhere() {
    let mut scenario = readers();
    scenario["actions"]["page"]["cached"] = json!(false);
    let tally = all(&scenario, 1, &[]);
    assert_eq!((tally.requests, tally.reads, tally.writes), (60, 0, 0));
    assert_eq!(tally.hit_rate(), None, "no reads, no rate");
}

#[test]
fn what_is_known_for_poisson_streams_comes_out() {
    // L/(1 + L), L = l·(1 − e^(−mT))/m, for reads at a rate l, writes at m and lifetimes T.
    let (l, m, t): (f64, f64, f64) = (1.0 / 20.0, 1.0 / 300.0, 120.0);
    let reads_per_entry = l * (1.0 - (-m * t).exp()) / m;
    let expected = reads_per_entry / (1.0 + reads_per_entry);
    let mut scenario = edited();
    scenario["cache"]["ttl"] = json!("120s");
    scenario["phases"] = json!([{"kind": "steady", "duration": "168h"}]);
    scenario["roles"]["reader"]["think"] = json!({"distribution": "exponential", "mean": "20s"});
    scenario["roles"]["editor"]["think"] = json!({"distribution": "exponential", "mean": "300s"});
    let tally = all(&scenario, 1, &[("7", "news")]);
    let rate = tally.hit_rate().unwrap();
    assert!((rate - expected).abs() < 0.01, "{rate} instead of {expected}: {tally:?}");
    assert!(tally.reads > 25_000 && tally.expired > 0 && tally.invalidated > 0);
}

#[test]
fn the_seed_alone_decides() {
    let mut scenario = edited();
    scenario["roles"]["reader"]["think"] = json!({"mean": "10s", "shape": 0.7});
    let plan = plan(&scenario);
    let population = people(&plan, 1, &[("7", "news"), ("8", "news")]);
    let run = |offset| replay(&plan, &population, offset, RESPONSE);
    assert_eq!(run(0), run(0));
    assert_ne!(run(0), run(1));
    let mut moved = Plan::clone(&plan);
    moved.seed += 1;
    assert_eq!(replay(&Arc::new(moved), &population, 0, RESPONSE), run(1), "an offset is another seed");
}

#[test]
fn people_count_from_the_end_of_the_last_response() {
    let plan = plan(&readers());
    let population = people(&plan, 1, &[]);
    let slow = replay(&plan, &population, 0, Duration::from_secs(10));
    assert_eq!(slow.tally(&plan, &Selection::default()).reads, 30);
}

#[test]
fn the_mood_of_a_phase_says_who_is_at_work_and_when() {
    let phase = |phase: Value| {
        let mut scenario = readers();
        scenario["roles"]["reader"]["users"] = json!(10);
        scenario["phases"] = json!([phase]);
        all(&scenario, 30, &[]).reads
    };
    assert_eq!(phase(json!({"kind": "steady", "duration": "10m"})), 600);
    assert_eq!(phase(json!({"kind": "quiet", "duration": "10m", "measured": true})), 0);
    assert_eq!(phase(json!({"kind": "steady", "duration": "10m", "pace": 2})), 1_200);
    assert_eq!(phase(json!({"kind": "steady", "duration": "10m", "users": {"reader": 3}})), 1_800);
    let half = phase(json!({"kind": "day", "duration": "10m", "curve": [0.0, 1.0]}));
    assert!((270..=330).contains(&half), "{half}");
}

#[test]
fn a_bell_brings_everybody_at_once() {
    let mut scenario = readers();
    scenario["roles"]["reader"] = busy(20, "page", "30m");
    scenario["phases"] = json!([
        {"kind": "warm-up", "duration": "1m"},
        {"kind": "bell", "duration": "1m", "together": "20s"},
        {"kind": "steady", "duration": "1m"},
    ]);
    let plan = plan(&scenario);
    let outcome = replay(&plan, &people(&plan, 20, &[]), 0, RESPONSE);
    let of = |phase: &str| {
        let selection = Selection { phases: vec![phase.into()], ..Selection::default() };
        outcome.tally(&plan, &selection).reads
    };
    assert!(of("bell") >= 18, "{}", of("bell"));
    assert!(of("warm-up") <= 3 && of("steady") <= 3);
}

#[test]
fn whoever_must_see_a_write_comes_and_looks() {
    let mut scenario = edited();
    scenario["roles"]["reader"]["think"]["mean"] = json!("30m");
    let without = all(&scenario, 1, &[("7", "news")]).reads;
    scenario["roles"]["reader"]["reacts"] =
        json!({"to": "write", "with": ["page"], "within": "1s", "chance": 1.0});
    let with = all(&scenario, 1, &[("7", "news")]);
    assert!(without <= 1 && (16..=18).contains(&with.reads), "{without} and {with:?}");
    assert_eq!(with.invalidated + with.firsts, with.reads, "each of them finds what was taken away");
}

#[test]
fn what_needs_a_capture_waits_for_it() {
    let mut scenario = readers();
    scenario["actions"] = json!({
        "next": {"path": "/next/{cursor}"},
        "page": {"path": "/page/", "capture": {"cursor": {"json": "/next"}}},
    });
    scenario["roles"]["reader"]["actions"] = json!({"next": 1_000, "page": 1});
    let plan = plan(&scenario);
    let outcome = replay(&plan, &people(&plan, 1, &[]), 0, RESPONSE);
    let of = |action: &str| {
        let selection = Selection { actions: vec![action.into()], ..Selection::default() };
        outcome.tally(&plan, &selection).reads
    };
    assert!((1..=2).contains(&of("page")), "the first can only be the page: {}", of("page"));
    assert_eq!(of("page") + of("next"), 60);
}

#[test]
fn a_write_takes_away_as_precisely_as_the_cache_can() {
    let news = [("7", "news"), ("8", "news"), ("9", "sport")];
    let lost = |by: Option<Value>| {
        let mut scenario = edited();
        scenario["actions"]["write"]["changes"][0]["where"] =
            json!({"article": ["{article}"], "article.kind": ["{article.kind}"]});
        if let Some(by) = by {
            scenario["cache"]["invalidates_by"] = by;
        }
        let plan = plan(&scenario);
        let population = people(&plan, 1, &news);
        let (reader, editor) = (population.of_role(0)[0], population.of_role(1)[0]);
        let article =
            u16::try_from(plan.people.stocks.iter().position(|s| s.name == "article").unwrap()).unwrap();
        let of = |item| Draw { items: vec![(article, item)], ..Draw::default() };
        let draws = [of(0), of(1), of(2)];
        let mut cache = PerfectCache::new(&plan, Rules::DECLARED);
        let mut read = |secs: u64, write: bool| {
            let now = Duration::from_secs(secs);
            if write {
                cache.write(&plan, &population, editor, 1, &of(0));
            }
            (0..)
                .zip(&draws)
                .filter(|(key, draw)| {
                    let ttl = Duration::from_secs(60);
                    let read = Read { fingerprint: *key, person: reader, action: 0, draw, ttl };
                    cache.read(now, now, read) == Served::Invalidated
                })
                .map(|(key, _)| key)
                .collect::<Vec<u64>>()
        };
        assert!(read(0, false).is_empty() && read(1, false).is_empty());
        let lost = read(2, true);
        assert!(read(3, false).is_empty(), "what was read again is there again");
        lost
    };
    assert_eq!(lost(None), [0], "by all that the change says");
    assert_eq!(lost(Some(json!(["article.kind"]))), [0, 1], "by kind");
    assert_eq!(lost(Some(json!([]))), [0, 1, 2], "by person and action");
}

#[test]
fn lifetimes_are_those_of_what_was_drawn() {
    let mut scenario = edited();
    scenario["roles"].as_object_mut().unwrap().remove("editor");
    scenario["cache"] = json!({
        "ttl": "60s",
        "ttls": [
            {"where": {"article.kind": ["sport"]}, "ttl": "10s"},
            {"where": {"article.kind": ["sport", "news"]}, "ttl": "1h"},
        ],
    });
    assert_eq!(all(&scenario, 1, &[("7", "news")]).expired, 0);
    assert_eq!(all(&scenario, 1, &[("7", "sport")]).expired, 59, "the first that fits");
    assert_eq!(all(&scenario, 1, &[("7", "other")]).expired, 9);
    // A page without an article is of no kind, whatever articles its reader has.
    scenario["actions"]["page"]["path"] = json!("/articles/");
    assert_eq!(all(&scenario, 1, &[("7", "sport")]).expired, 9);
}

#[test]
fn what_is_stored_when_the_answer_is_there_is_shared_before() {
    let plan = plan(&readers());
    let mut cache = PerfectCache::new(&plan, Rules::DECLARED);
    let draw = Draw::default();
    let read = Read { fingerprint: 1, person: 0, action: 0, draw: &draw, ttl: Duration::from_secs(10) };
    let mut at =
        |now: u64, stored: u64| cache.read(Duration::from_secs(now), Duration::from_secs(stored), read);
    assert_eq!(at(0, 3), Served::First);
    assert_eq!(at(1, 4), Served::Hit, "the same flight");
    assert_eq!(at(12, 15), Served::Hit, "nine seconds after it was stored");
    assert_eq!(at(13, 16), Served::Expired);
}

#[test]
fn whoever_comes_back_in_time_keeps_to_what_they_had_in_mind() {
    let mut scenario = readers();
    scenario["roles"]["reader"] = busy(200, "page", "10m");
    scenario["phases"] = json!([
        {"kind": "quiet", "duration": "5m"},
        {"kind": "steady", "duration": "5m"},
    ]);
    // First pages are due evenly over ten minutes. The half that is due in the second five comes
    // then; of the others, who come within ten minutes of their return, a half.
    let reads = all(&scenario, 200, &[]).reads;
    assert!((130..=170).contains(&reads), "{reads}");
}

#[test]
fn nobody_looks_where_they_do_not_know_where_to_look() {
    let looks = |knows: u32| {
        let mut scenario = edited();
        scenario["actions"]["first"] = json!({"path": "/", "capture": {"cursor": {"json": "/next"}}});
        scenario["actions"]["news"] = json!({"path": "/news/{cursor}"});
        scenario["actions"]["write"]["changes"][0]["actions"] = json!(["page", "news"]);
        scenario["roles"]["reader"]["actions"] = json!({"page": 1, "first": knows});
        scenario["roles"]["reader"]["reacts"] =
            json!({"to": "write", "with": ["news"], "within": "1s", "chance": 1.0});
        let plan = plan(&scenario);
        let outcome = replay(&plan, &people(&plan, 1, &[("7", "news")]), 0, RESPONSE);
        let selection = Selection { actions: vec!["news".into()], ..Selection::default() };
        outcome.tally(&plan, &selection).reads
    };
    assert_eq!(looks(0), 0, "what they would ask for is in an answer that they never had");
    assert!(looks(1) >= 10, "{}", looks(1));
}

#[test]
fn after_a_break_people_do_not_do_the_same_once_more() {
    let mut scenario = readers();
    scenario["roles"]["reader"]["users"] = json!(5);
    scenario["roles"]["reader"]["think"] = json!({"mean": "10s", "shape": 0.7});
    scenario["phases"] = json!([
        {"kind": "steady", "name": "before", "duration": "10m"},
        {"kind": "open", "duration": "10s", "arrivals": {"rate": 10}},
        {"kind": "steady", "name": "after", "duration": "10m"},
    ]);
    let plan = plan(&scenario);
    let outcome = replay(&plan, &people(&plan, 5, &[]), 0, RESPONSE);
    let of = |phase: &str| {
        let selection = Selection { phases: vec![phase.into()], ..Selection::default() };
        outcome.tally(&plan, &selection).reads
    };
    assert_ne!(of("before"), of("after"));
}
