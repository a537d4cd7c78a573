//! What follows from the replays: rates, targets, times.

use super::super::*;
use super::{edited, people, plan, readers};
use serde_json::{Value, json};

fn foretold(scenario: &Value, of_each: usize, slos: &[&str]) -> Forecast {
    let mut scenario = scenario.clone();
    scenario["slos"] = json!(slos);
    let plan = plan(&scenario);
    forecast(&plan, &people(&plan, of_each, &[("7", "news"), ("8", "news")]), 4)
}

/// Visitors of whom nobody ever comes back, two pages each.
fn strangers() -> Value {
    let mut scenario = readers();
    scenario["roles"]["reader"]["people"] = json!(2_000);
    scenario["roles"]["reader"]["session"] = json!({"pages": 2, "gap": "1s", "returns": 0.0});
    scenario
}

#[test]
fn the_expected_rate_of_a_role_is_that_of_its_replays() {
    let forecast = foretold(&edited(), 1, &[]);
    assert_eq!(forecast.runs, 4);
    let roles: Vec<Option<&str>> = forecast.roles.iter().map(|row| row.role.as_deref()).collect();
    assert_eq!(roles, [Some("reader"), None], "the editor reads nothing");
    let rate = &forecast.roles[0].rate;
    assert_eq!(rate.reads, 60.0);
    assert!(rate.lo <= rate.value && rate.value <= rate.hi && rate.hi <= 1.0);
    let whole = rate.value + rate.first + rate.expired + rate.invalidated;
    assert!((whole - 1.0).abs() < 1e-9, "every read is a hit or has a reason: {whole}");
    assert!((rate.ceilings.repeated - (1.0 - rate.first)).abs() < 1e-12);
    assert!(rate.ceilings.untouched > rate.value && rate.ceilings.endless == rate.value);
    assert_eq!(forecast.rates().len(), 2);
}

#[test]
fn a_target_that_no_cache_can_meet_is_named_with_what_would_help() {
    let slos = [r#"hit_rate{role="reader"} > 95%"#, "hit_rate > 10%", "hit_rate{phase=\"steady\"} < 95%"];
    let forecast = foretold(&strangers(), 2_000, &slos);
    let [high, low, below] = forecast.outlooks.as_slice() else { panic!("one for each line") };
    assert_eq!(high.feasibility, Feasibility::Infeasible);
    for word in ["first reads", "no cache of these keys", "session.returns"] {
        assert!(high.why.contains(word), "{word} is missing: {}", high.why);
    }
    assert_eq!((low.feasibility, below.feasibility), (Feasibility::Feasible, Feasibility::Feasible));
    assert!(low.why.is_empty());
}

#[test]
fn the_remedy_fits_the_reason() {
    // 50 of 60 reads hit; without an end of lifetimes 59 would.
    let short = foretold(&readers(), 1, &["hit_rate > 95%"]);
    assert_eq!(short.outlooks[0].feasibility, Feasibility::Infeasible);
    assert!(short.outlooks[0].why.contains("longer lifetimes would do"), "{}", short.outlooks[0].why);
    let edited = foretold(&edited(), 1, &["hit_rate > 92%"]);
    assert_eq!(edited.outlooks[0].feasibility, Feasibility::Infeasible);
    assert!(edited.outlooks[0].why.contains("invalidations would do"), "{}", edited.outlooks[0].why);
}

#[test]
fn a_target_that_some_runs_meet_is_tight_and_one_of_nobody_unknown() {
    let mut scenario = strangers();
    scenario["actions"]["other"] = json!({"path": "/other"});
    let expected = foretold(&scenario, 2_000, &[]).roles[0].rate;
    let line = format!("hit_rate > {:.2}%", expected.value * 100.0);
    let forecast = foretold(&scenario, 2_000, &[&line, r#"hit_rate{action="other"} > 1%"#]);
    assert_eq!(forecast.outlooks[0].feasibility, Feasibility::Tight);
    assert_eq!(forecast.outlooks[1].feasibility, Feasibility::Unknown);
    assert_eq!(forecast.needs[1].time, Time::Unknown);
    assert_eq!(forecast.needs[1].decided, None);
}

#[test]
fn a_quantile_takes_as_long_as_its_samples_take_to_come() {
    // 50 hits and 10 misses in ten minutes.
    let slos = [
        r#"p99(latency{source="hit"}) < 50ms"#,
        r#"p50(latency{source="miss"}) < 50ms"#,
        r#"p99(latency{source="write"}) < 50ms"#,
        "error_rate < 10%",
        "error_rate < 1%",
        "error_rate <= 0%",
    ];
    let forecast = foretold(&readers(), 1, &slos);
    let seconds = |at: usize| match forecast.needs[at].time {
        Time::Wall { seconds } => seconds,
        Time::Any | Time::Never | Time::Unknown => panic!("{:?}", forecast.needs[at]),
    };
    assert!((seconds(0) - 600.0 * 459.0 / 50.0).abs() < 1e-6, "{}", seconds(0));
    assert!((seconds(1) - 600.0 * 7.0 / 10.0).abs() < 1e-6, "{}", seconds(1));
    assert_eq!(forecast.needs[2].time, Time::Never, "nobody writes");
    assert!((seconds(3) - 600.0 * 100.0 / 60.0).abs() < 1e-6, "an interval needs 100: {}", seconds(3));
    let ln_100 = 100_f64.ln();
    assert!((seconds(4) - 600.0 * 100.0 * ln_100 / 60.0).abs() < 1e-6, "by one per cent: {}", seconds(4));
    assert_eq!(forecast.needs[5].time, Time::Never);
    let decided: Vec<Option<bool>> = forecast.needs.iter().map(|need| need.decided).collect();
    assert_eq!(decided, [Some(false), Some(true), Some(false), Some(false), Some(false), Some(false)]);
}

#[test]
fn a_hit_rate_takes_the_longer_the_closer_its_target() {
    let mut scenario = strangers();
    scenario["roles"]["reader"]["users"] = json!(5);
    let expected = foretold(&scenario, 2_000, &[]).roles[0].rate.value;
    let away = |points: f64| format!("hit_rate > {}%", expected * 100.0 - points);
    let slos = [away(30.0), away(4.0), away(2.0), away(1.0), away(0.0)];
    let slos: Vec<&str> = slos.iter().map(String::as_str).collect();
    let forecast = foretold(&scenario, 2_000, &slos);
    let seconds: Vec<f64> = forecast
        .needs
        .iter()
        .map_while(|need| match need.time {
            Time::Wall { seconds } => Some(seconds),
            Time::Any | Time::Never | Time::Unknown => None,
        })
        .collect();
    let [least, far, near, nearer] = seconds.as_slice() else { panic!("{:?}", forecast.needs) };
    assert!((nearer / near - 4.0).abs() < 0.05 && (near / far - 4.0).abs() < 0.05, "{seconds:?}");
    assert_eq!(forecast.needs[0].decided, Some(true));
    // However far away a target is, an interval takes ten slices of time.
    assert!(least < far && *least >= 10.0 * 2.0, "ten slices of two seconds: {seconds:?}");
    assert_eq!(forecast.needs[4].time, Time::Never, "the expected value is the target");
}

#[test]
fn pairs_and_counters_do_not_depend_on_the_length() {
    let slos =
        ["speedup >= 10x", "max(memory{scope=\"user\"}) <= 50MB", "violations{oracle=\"isolation\"} == 0"];
    let without = foretold(&readers(), 1, &slos);
    assert_eq!(without.needs[0].time, Time::Never);
    assert_eq!((without.needs[1].time, without.needs[1].decided), (Time::Any, Some(true)));
    assert_eq!(without.needs[2].time, Time::Unknown);
    let mut scenario = readers();
    scenario["cache"]["bypass"] = json!({"header": "Cache-Control: no-cache"});
    scenario["roles"]["reader"]["people"] = json!(1);
    scenario["phases"] = json!([
        {"kind": "steady", "duration": "10m"},
        {"kind": "pairs", "duration": "10s", "samples": 40},
    ]);
    let need = foretold(&scenario, 1, &slos).needs.remove(0);
    assert!(need.time == Time::Never && need.why.contains("1 people"), "one person is no sample: {need:?}");
    scenario["roles"]["reader"]["people"] = json!(10);
    assert_eq!(foretold(&scenario, 10, &slos).needs[0].decided, Some(true));
    scenario["phases"][1]["samples"] = json!(10);
    let need = foretold(&scenario, 10, &slos).needs.remove(0);
    assert!(need.decided == Some(false) && need.why.contains("10 pairs"), "{need:?}");
}

#[test]
fn phases_that_are_passed_over_are_named() {
    let mut scenario = readers();
    scenario["phases"] = json!([
        {"kind": "steady", "duration": "10m"},
        {"kind": "open", "duration": "10s", "arrivals": {"rate": 10}},
    ]);
    let forecast = foretold(&scenario, 1, &[]);
    assert!(forecast.notes.iter().any(|note| note.contains("not simulated: open")), "{:?}", forecast.notes);
    assert_eq!(forecast.roles[0].rate.reads, 60.0, "and the others are as they were");
}

#[test]
fn a_run_that_is_too_long_to_replay_is_not_replayed_before_it() {
    assert_eq!(runs_for(&plan(&readers())), Some(RUNS));
    let mut long = readers();
    long["roles"]["reader"]["users"] = json!(1_000);
    long["phases"] = json!([{"kind": "steady", "duration": "24h"}]);
    assert_eq!(runs_for(&plan(&long)), None);
}

/// Readers with the clock's arrivals behind them, and what each line needs.
fn needs(slos: &[&str]) -> Vec<crate::simulate::Need> {
    let mut scenario = readers();
    scenario["roles"]["reader"]["users"] = json!(20);
    scenario["roles"]["reader"]["people"] = json!(20);
    scenario["phases"] = json!([
        {"kind": "steady", "duration": "10m"},
        {"kind": "open", "duration": "1m", "arrivals": {"rate": 20, "pool": 30}},
    ]);
    foretold(&scenario, 20, slos).needs
}

#[test]
fn a_line_with_a_window_is_decided_by_what_one_window_holds() {
    let of = |line: &str| needs(&[line]).remove(0);
    // Two reads a second: 1,200 in all, 120 in a minute.
    let far = of(r#"hit_rate{phase="steady"} > 10% over 1m"#);
    assert_eq!(far.decided, Some(true), "{far:?}");
    assert!(far.why.contains("in a window"), "{far:?}");
    let errors = of(r#"error_rate{phase="steady"} < 5% over 1m"#);
    assert_eq!((errors.time, errors.decided), (crate::simulate::Time::Wall { seconds: 60.0 }, Some(true)));
    for line in [
        r#"error_rate{phase="steady"} < 0.1% over 1m"#,
        r#"burn_rate{budget="0.1%", phase="steady"} < 1 over 1m"#,
    ] {
        let rare = of(line);
        assert_eq!(rare.decided, Some(false), "{rare:?}");
        assert!(
            rare.why.contains("needs 3,690 requests without an error in a window, of about 120"),
            "{rare:?}"
        );
        assert!(rare.why.contains("windows of 30 min 4"), "{rare:?}");
    }
    let burn = of(r#"burn_rate{budget="1%", phase="steady"} < 14.4 over 1m"#);
    assert_eq!(burn.decided, Some(true), "{burn:?}");
    let tail = of(r#"p99(latency{phase="steady"}) < 1s over 1m"#);
    assert_eq!(tail.decided, Some(false), "{tail:?}");
    let long = of("hit_rate > 10% over 1h");
    assert!(long.decided == Some(false) && long.why.contains("as long as a window"), "{long:?}");
    let by_clock = of(r#"error_rate{phase="open"} < 1% over 30s"#);
    assert_eq!(by_clock.decided, Some(true), "600 arrivals in half a minute: {by_clock:?}");
}

#[test]
fn a_trend_a_peak_and_a_response_time_say_what_they_need() {
    let of = |line: &str| needs(&[line]).remove(0);
    let trend = of("slope(memory) < 1MB/h");
    assert!(trend.decided == Some(false) && trend.why.contains("nothing tells"), "{trend:?}");
    let few = of(r#"p99.9(response_time{phase="open"}) < 1s"#);
    // 3,688 samples at 20 a second are 184 seconds, and there are 60.
    assert_eq!(few.decided, Some(false), "{few:?}");
    assert_eq!(of(r#"p99(response_time{phase="open"}) < 1s"#).decided, Some(true));
    let people = of(r#"p99(response_time{phase="steady"}) < 1s"#);
    assert!(people.why.contains("kind open"), "{people:?}");
    assert_eq!(of(r#"max(concurrency{of="people"}) >= 10"#).why, "counted in the run");
    assert_eq!(of(r#"max(concurrency{of="people"}) >= 21"#).why, "there are only 20");
    let requests = of(r#"max(concurrency{of="requests"}) >= 31"#);
    assert_eq!((requests.decided, requests.why.as_str()), (Some(true), "at most 30 can be under way here"));
}
