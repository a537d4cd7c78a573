//! What lines mean, and where their errors point.

use super::*;
use crate::observe::Source;

#[test]
fn lines_mean_what_they_say() {
    let teacher = Selection::of_role("teacher");
    let cases: [(&str, Metric, Selection, Op, f64); 9] = [
        (r#"hit_rate{role="teacher"} > 90%"#, Metric::HitRate, teacher.clone(), Op::Above, 0.9),
        ("hit_rate > 0.7", Metric::HitRate, Selection::default(), Op::Above, 0.7),
        (
            r#"speedup{action="export"} >= 20x"#,
            Metric::Speedup,
            Selection { actions: vec!["export".into()], ..Selection::default() },
            Op::AtLeast,
            20.0,
        ),
        (
            r#"p99.9(latency{source="hit", role="teacher"}) < 50 ms"#,
            Metric::Latency { quantile: 0.999 },
            Selection { sources: vec![Source::Hit], ..teacher },
            Op::Below,
            50_000.0,
        ),
        ("  db_query_reduction>=85%  ", Metric::DbQueryReduction, Selection::default(), Op::AtLeast, 0.85),
        (
            r#"max(memory{scope="user"}) <= 50MB"#,
            Metric::MaxMemory { scope: MemoryScope::User },
            Selection::default(),
            Op::AtMost,
            52_428_800.0,
        ),
        (
            r#"mean(store_operation{op="read"}) < 1ms"#,
            Metric::MeanStoreOperation { op: "read".into() },
            Selection::default(),
            Op::Below,
            1_000.0,
        ),
        ("error_rate < 0.1%", Metric::ErrorRate, Selection::default(), Op::Below, 0.001),
        (
            r#"violations{oracle="freshness"} == 0"#,
            Metric::Violations { oracle: Some("freshness".into()) },
            Selection::default(),
            Op::Equal,
            0.0,
        ),
    ];
    for (text, metric, selection, op, target) in cases {
        let slo: Slo = text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!((&slo.metric, &slo.selection, slo.op), (&metric, &selection, op), "{text}");
        assert!((slo.target - target).abs() < 1e-9, "{text}: {}", slo.target);
        assert_eq!(slo.window, None, "{text}");
    }
}

#[test]
fn the_lines_of_a_long_run_mean_what_they_say() {
    let night = || Selection { phases: vec!["night".into()], ..Selection::default() };
    let cases = [
        (
            "slope(memory) < 1MB/h",
            Metric::MemorySlope { scope: MemoryScope::Total },
            Selection::default(),
            1_048_576.0,
        ),
        (
            r#"slope(memory{scope="process", phase="night"}) < 512 KB/h"#,
            Metric::MemorySlope { scope: MemoryScope::Process },
            night(),
            524_288.0,
        ),
        (
            r#"max(memory{phase="night"}) < 1GB"#,
            Metric::MaxMemory { scope: MemoryScope::Total },
            night(),
            1_073_741_824.0,
        ),
        (
            r#"mean(store_operation{op="read", phase="night"}) < 1ms"#,
            Metric::MeanStoreOperation { op: "read".into() },
            night(),
            1_000.0,
        ),
        (r#"mean(response_time{phase="night"}) < 1s"#, Metric::MeanResponseTime, night(), 1_000_000.0),
        (
            r#"p99(response_time{phase="night"}) < 50ms"#,
            Metric::ResponseTime { quantile: 0.99 },
            night(),
            50_000.0,
        ),
        (
            r#"max(concurrency{of="requests", phase="night"}) < 100"#,
            Metric::PeakConcurrency { of: Concurrent::Requests },
            night(),
            100.0,
        ),
        (
            r#"burn_rate{budget="0.1%", phase="night"} < 14.4 over 1h"#,
            Metric::BurnRate { of: Burn::Error, budget: 0.001 },
            night(),
            14.4,
        ),
        (
            r#"burn_rate{phase="night", of="miss", budget="0.25"} < 2 over 30m"#,
            Metric::BurnRate { of: Burn::Miss, budget: 0.25 },
            night(),
            2.0,
        ),
    ];
    for (text, metric, selection, target) in cases {
        let slo: Slo = text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!((&slo.metric, &slo.selection), (&metric, &selection), "{text}");
        assert!((slo.target - target).abs() < 1e-9, "{text}: {}", slo.target);
        assert_eq!(slo.to_string().parse::<Slo>().unwrap(), slo, "what is shown can be read again");
    }
}

#[test]
fn a_line_may_end_in_a_window() {
    for (text, target, seconds) in [
        ("error_rate > 50% over 10s", 0.5, 10),
        ("hit_rate < 0.5 over 1m 30s ", 0.5, 90),
        ("p99(latency) > 2 s over 5m", 2_000_000.0, 300),
        ("p99.9(response_time) < 2 s over 2h", 2_000_000.0, 7_200),
        (r#"burn_rate{budget="0.1%"} < 14.4x over 1h"#, 14.4, 3_600),
    ] {
        let slo: Slo = text.parse().unwrap_or_else(|error| panic!("{text}: {error:?}"));
        assert_eq!(slo.window, Some(Duration::from_secs(seconds)), "{text}");
        assert!((slo.target - target).abs() < 1e-9, "{text}: {}", slo.target);
    }
}

#[test]
fn errors_point_at_the_column_and_say_what_would_do() {
    let cases = [
        ("hitrate > 90%", 1, "hit_rate"),
        (r#"hit_rate{rolle="teacher"} > 90%"#, 10, "role, action"),
        (r#"hit_rate{role=teacher} > 90%"#, 15, "double quotes"),
        (r#"hit_rate{role="teacher" > 90%"#, 25, "`}`"),
        ("hit_rate 90%", 10, "comparison"),
        ("hit_rate > ninety", 12, "a number"),
        ("hit_rate > 90ms", 14, "percentage"),
        ("hit_rate > 90", 14, "percentage"),
        ("hit_rate > 130%", 15, "another number: a share is between 0% and 100%"),
        ("p101(latency) < 5ms", 1, "quantile"),
        ("latency < 5ms", 1, "function"),
        (r#"p99(latency{source="hits"}) < 5ms"#, 20, "coalesced"),
        ("p99(latency < 5ms", 13, "`)`"),
        (r#"max(memory{scope="all"}) < 5MB"#, 18, "total"),
        (r#"max(memory{role="teacher"}) < 5MB"#, 12, "scope and phase"),
        ("min(memory) < 5MB", 1, "max or slope"),
        ("slope(memory) < 1MB", 18, "1MB/h"),
        ("slope(memory) < 1MB/s", 18, "1MB/h"),
        ("slope(memory) < 1MB/h over 1h", 28, "no window"),
        ("max(concurrency) >= 100", 5, "of="),
        (r#"max(concurrency{of="users"}) >= 100"#, 20, "\"people\""),
        (r#"max(concurrency{of="requests", role="teacher"}) >= 100"#, 32, "everybody together"),
        (r#"max(concurrency{of="people"}) >= 100x"#, 37, "plain number"),
        (r#"p99(response_time{source="hit"}) < 5ms"#, 19, "intended start"),
        ("response_time < 5ms", 1, "function"),
        ("burn_rate < 14.4 over 1h", 1, "budget="),
        (r#"burn_rate{budget="0%"} < 14.4 over 1h"#, 18, "above 0"),
        (r#"burn_rate{budget="much"} < 14.4 over 1h"#, 18, "above 0"),
        (r#"burn_rate{budget="0.1%"} < 14.4"#, 32, "over 1h"),
        (r#"burn_rate{budget="0.1%", of="hit"} < 14.4 over 1h"#, 29, "\"miss\""),
        (r#"burn_rate{budgte="0.1%"} < 14.4 over 1h"#, 11, "budget, of"),
        ("violations == 0 over 2s", 22, "no window"),
        ("speedup >= 2x over 10s", 20, "hit_rate"),
        ("hit_rate == 90%", 1, ">="),
        ("mean(store_operation) < 1ms", 6, "op="),
        ("hit_rate > 90% of reads", 16, "does not belong"),
        ("hit_rate > 90% over", 16, "`over TIME`"),
        ("p99(latency) < 50", 18, "another number: write a time"),
        ("error_rate > 50% over soon", 23, "20s"),
        ("error_rate > 50% over 0s", 23, "between 1s and 72h"),
        ("error_rate > 50% over 73h", 23, "between 1s and 72h"),
        ("error_rate > 50% over", 18, "does not belong"),
        ("", 1, "hit_rate"),
    ];
    for (text, column, expected) in cases {
        let error = text.parse::<Slo>().expect_err(text);
        assert_eq!(error.column, column, "{text}: {}", error.what);
        assert!(error.what.contains(expected), "{text}: {}", error.what);
    }
}
