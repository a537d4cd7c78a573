//! What every chart must survive and say.

use super::*;

fn rate(label: &str, value: f64, n: u64, target: Option<f64>) -> EstimateRow {
    let interval = (n > 0).then_some(0.03);
    EstimateRow {
        label: label.into(),
        value,
        lo: interval.map(|i| value - i),
        hi: interval.map(|i| (value + i).min(1.0)),
        n,
        target,
    }
}

fn faster(label: &str, value: f64, lo: f64, hi: f64, target: Option<f64>) -> EstimateRow {
    EstimateRow { label: label.into(), value, lo: Some(lo), hi: Some(hi), n: 120, target }
}

fn curve(label: &str, n: u64, median: f64) -> Curve {
    let qs = [0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.995, 0.999, 0.9999, 1.0];
    let points = qs.iter().filter(|&&q| q >= 1.0 || (1.0 - q) * n as f64 >= 1.0);
    Curve {
        label: label.into(),
        n,
        points: points
            .map(|&q| (q, median * 0.6 * (1.0 + 0.25 * (1.0 / (1.0 - q).max(1.0 / n as f64))).powf(0.5)))
            .collect(),
    }
}

fn minute(t: u32) -> TimelinePoint {
    let wave = (f64::from(t) / 9.0).sin();
    TimelinePoint {
        t_secs: f64::from(t),
        hit_rate: (t > 3).then_some(0.75 + 0.15 * wave),
        hit_p50_us: (t > 3).then_some(900.0 + 200.0 * wave),
        miss_p50_us: (t % 40 < 30).then_some(14_000.0 - 3000.0 * wave),
        requests: 100,
    }
}

fn phase(label: &str, from: f64, to: f64, measured: bool) -> PhaseSpan {
    PhaseSpan { label: label.into(), from_secs: from, to_secs: to, measured }
}

/// Writes what was drawn where a person can look at it, if asked to.
fn keep(name: &str, picture: &Picture) {
    if let Some(folder) = std::env::var_os("CACHEPROOF_KEEP_PLOTS") {
        let folder = std::path::PathBuf::from(folder);
        std::fs::write(folder.join(format!("{name}.png")), &picture.png).unwrap();
        std::fs::write(folder.join(format!("{name}.svg")), &picture.svg).unwrap();
    }
}

/// The picture is complete: the SVG nests properly and holds no NaN, the PNG
/// has the size the SVG declares.
fn check(name: &str, picture: &Picture) {
    keep(name, picture);
    let svg = &picture.svg;
    assert_well_formed(svg);
    assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{name}");
    let declared = |attribute: &str| -> u32 {
        let from = svg.find(&format!("{attribute}=\"")).unwrap() + attribute.len() + 2;
        svg[from..].split('"').next().unwrap().parse().unwrap()
    };
    let png = &picture.png;
    assert_eq!(&png[..8], b"\x89PNG\r\n\x1a\n", "{name}");
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert_eq!((number(16), number(20)), (declared("width"), declared("height")), "{name}");
    assert_eq!(number(16), 900);
    assert_eq!(&png[png.len() - 8..png.len() - 4], b"IEND");
}

/// Enough of an XML parser for what plotters writes: tags nest, text and
/// attributes hold no bare `<` or `&`.
fn assert_well_formed(svg: &str) {
    let mut open: Vec<&str> = Vec::new();
    let mut rest = svg;
    while let Some(start) = rest.find('<') {
        let text = &rest[..start];
        for (at, _) in text.match_indices('&') {
            let entity = text[at + 1..].split(';').next().unwrap();
            assert!(["amp", "lt", "gt", "quot", "apos"].contains(&entity), "bare & in {text:?}");
        }
        let end = start + rest[start..].find('>').expect("every tag ends");
        let tag = &rest[start + 1..end];
        assert!(!tag.contains('<') && tag.matches('"').count().is_multiple_of(2), "{tag:?}");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap();
        if tag.starts_with('/') {
            assert_eq!(open.pop(), Some(name));
        } else if !tag.ends_with('/') {
            open.push(name);
        }
        rest = &rest[end + 1..];
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?} {rest:?}");
    assert!(svg.chars().all(|c| !c.is_control() || c == '\n'));
}

#[test]
fn hit_rates_are_labelled_with_target_and_sample_size() {
    let rows = [
        rate("teacher", 0.931, 12_345, Some(0.9)),
        rate("student", 0.61, 40_210, Some(0.5)),
        rate("parent", 0.712, 9_870, Some(0.75)),
        rate("tutor", 0.0, 0, None),
        rate("overall", 0.758, 63_112, Some(0.7)),
    ];
    let picture = hit_rate(&rows).unwrap();
    check("hit_rate", &picture);
    for text in ["teacher", "93.1 %", "n = 12,345", "target 90 %", "n = 63,112", "no data", "target 75 %"] {
        assert!(picture.svg.contains(text), "{text}");
    }
}

#[test]
fn a_row_without_reads_is_not_drawn_as_zero() {
    let with = hit_rate(&[rate("tutor", 0.0, 0, None)]).unwrap();
    check("hit_rate_none", &with);
    let without = hit_rate(&[EstimateRow { lo: None, hi: None, ..rate("tutor", 0.0, 9, None) }]).unwrap();
    let marks = |picture: &Picture| picture.svg.matches("<circle").count();
    assert_eq!((marks(&with), marks(&without)), (1, 2), "the legend's mark alone, and one more");
    assert!(with.svg.contains("no data") && !without.svg.contains("no data"));
}

#[test]
fn speedups_show_the_lines_at_ten_and_twenty() {
    let picture = speedup(&[
        faster("list", 14.2, 12.1, 17.0, Some(10.0)),
        faster("single report", 9.1, 7.7, 11.2, Some(10.0)),
        faster("report and stats", 22.0, 18.5, 27.3, Some(10.0)),
        faster("export", 31.0, 19.0, 47.0, Some(20.0)),
        EstimateRow { n: 0, value: f64::NAN, lo: None, hi: None, ..faster("search", 1.0, 1.0, 1.0, None) },
    ])
    .unwrap();
    check("speedup", &picture);
    for text in
        ["single report", "14.2x", "[12.1x, 17.0x]", "n = 120", "target 20x", "\n10x\n", "\n20x\n", "no data"]
    {
        assert!(picture.svg.contains(text), "{text}");
    }
}

#[test]
fn latency_curves_are_labelled_at_the_percentiles_people_ask_for() {
    let picture = latency(&[
        curve("hit", 48_210, 900.0),
        curve("miss", 9_120, 21_000.0),
        curve("coalesced", 310, 12_000.0),
    ])
    .unwrap();
    check("latency", &picture);
    for text in ["hit", "miss", "n = 48,210", "n = 310", "\n50\n", "\n90\n", "\n99\n", "\n99.9\n", "ms"] {
        assert!(picture.svg.contains(text), "{text}");
    }
}

#[test]
fn the_timeline_names_its_phases_and_says_which_were_not_measured() {
    let points: Vec<_> = (0..180).map(minute).collect();
    let phases = [
        phase("warm-up", 0.0, 45.0, false),
        phase("lesson", 45.0, 120.0, true),
        phase("report night", 120.0, 180.0, true),
    ];
    let picture = timeline(&points, &phases).unwrap();
    check("timeline", &picture);
    for text in ["warm-up", "lesson", "report night", "18,000 requests", "hits", "misses", "75 %", "ms"] {
        assert!(picture.svg.contains(text), "{text}");
    }
    let shaded = |p: &Picture| p.svg.matches("#ECECEC").count();
    let all = timeline(&points, &phases.map(|p| PhaseSpan { measured: true, ..p })).unwrap();
    assert_eq!((shaded(&picture), shaded(&all)), (2, 0), "one phase in two panels");
}

#[test]
fn empty_input_gives_a_picture_that_says_so() {
    let pictures = [
        ("empty_hit_rate", hit_rate(&[])),
        ("empty_latency", latency(&[])),
        ("empty_speedup", speedup(&[])),
        ("empty_timeline", timeline(&[], &[phase("steady", 0.0, 10.0, true)])),
        ("empty_curve", latency(&[Curve { label: "hit".into(), n: 0, points: vec![] }])),
    ];
    for (name, picture) in pictures {
        let picture = picture.unwrap();
        check(name, &picture);
        assert!(picture.svg.contains("no data"), "{name}");
    }
}

#[test]
fn single_values_are_drawn() {
    check("one_hit_rate", &hit_rate(&[rate("all", 1.0, 1, None)]).unwrap());
    check("one_speedup", &speedup(&[faster("list", 1.0, 1.0, 1.0, None)]).unwrap());
    let one = latency(&[Curve { label: "hit".into(), n: 1, points: vec![(0.5, 800.0)] }]).unwrap();
    check("one_latency", &one);
    check("one_timeline", &timeline(&[minute(10)], &[]).unwrap());
}

#[test]
fn what_is_not_a_number_never_reaches_a_chart() {
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e300, 1e-300];
    for (i, &bad) in odd.iter().enumerate() {
        let row =
            EstimateRow { lo: Some(bad), hi: Some(bad), target: Some(bad), ..rate("odd", bad, 5, None) };
        check(&format!("odd_rate_{i}"), &hit_rate(&[row]).unwrap());
        let row = faster("odd", bad, bad, bad, Some(bad));
        check(&format!("odd_speedup_{i}"), &speedup(&[row, faster("list", 12.0, 0.0, 20.0, None)]).unwrap());
        let points = vec![(0.5, bad), (bad, 5.0), (0.9, 100.0)];
        check(&format!("odd_latency_{i}"), &latency(&[Curve { label: "odd".into(), n: 9, points }]).unwrap());
        let point = TimelinePoint {
            t_secs: bad.min(1e7),
            hit_rate: Some(bad),
            hit_p50_us: Some(bad),
            miss_p50_us: Some(bad),
            requests: 1,
        };
        check(
            &format!("odd_timeline_{i}"),
            &timeline(&[point, minute(5)], &[phase("odd", bad, bad, false)]).unwrap(),
        );
    }
}

#[test]
fn extremes_of_number_and_length_fit() {
    let long = "a role whose name is much longer than any chart has room for, <& \"quoted\"> \u{7} and odd";
    let rows: Vec<_> =
        (0..24).map(|i| rate(&format!("{i} {long}"), f64::from(i) / 24.0, u64::MAX, Some(0.5))).collect();
    check("many_hit_rate", &hit_rate(&rows).unwrap());
    check(
        "wide_speedup",
        &speedup(&[faster(long, 3e5, 1e-3, 2e6, Some(20.0)), faster("slow", 0.4, 0.3, 0.5, Some(10.0))])
            .unwrap(),
    );
    let curves: Vec<_> =
        (0..12).map(|i| curve(&format!("{long} {i}"), 2_000_000, 50.0 * 5f64.powi(i))).collect();
    let picture = latency(&curves).unwrap();
    check("many_latency", &picture);
    assert!(picture.svg.contains("and 5 more, not drawn"));
    let points: Vec<_> = (0..20_000).map(minute).collect();
    let phases: Vec<_> = (0..40)
        .map(|i| phase(&format!("phase {i}"), f64::from(i) * 500.0, f64::from(i + 1) * 500.0, i % 2 == 1))
        .collect();
    check("long_timeline", &timeline(&points, &phases).unwrap());
}

#[test]
fn the_same_rows_give_the_same_bytes() {
    let draw = || hit_rate(&[rate("teacher", 0.9, 100, Some(0.8))]).unwrap();
    assert_eq!(draw(), draw());
}

/// A line over twenty runs that fell in the middle, and one that only wavers.
fn fallen() -> crate::compare::Trend {
    use crate::compare::{Better, SCHEMA_VERSION, Shift, Track, Trend, TrendPoint};
    use crate::units::Unit;
    use crate::verdict::Judgement;
    let waver = |run: usize| (run * 7 % 5) as f64 / 5.0 - 0.4;
    let track = |line: &str, unit, target: f64, value: &dyn Fn(usize) -> f64, shifts| Track {
        line: line.into(),
        better: if unit == Unit::Ratio { Better::Higher } else { Better::Lower },
        unit,
        target,
        points: (0..20)
            .filter(|run| *run != 6)
            .map(|run| {
                let value = value(run);
                let half = value * 0.03 * (1.0 + (run % 3) as f64);
                let judgement = match (unit == Unit::Ratio, value < target) {
                    (true, true) => Judgement::Fail,
                    (true, false) if run % 4 == 0 => Judgement::Inconclusive,
                    (true | false, _) => Judgement::Pass,
                };
                TrendPoint {
                    run,
                    value,
                    interval: (run != 3).then_some([value - half, value + half]),
                    judgement,
                }
            })
            .collect(),
        shifts,
    };
    let shift = |run, before, after| Shift { run, before, after, p: 0.001, worse: before > after };
    let began = |run: usize| format!("2026-0{}-{:02}T03:{:02}:05Z", 1 + run / 15, 1 + (run * 2) % 28, run);
    Trend {
        schema_version: SCHEMA_VERSION,
        scenario: "school-day".into(),
        runs: (0..20).map(|run| format!("school-day-{run}")).collect(),
        started_at: (0..20).map(began).collect(),
        tracks: vec![
            track(
                r#"hit_rate{role="teacher"} > 90%"#,
                Unit::Ratio,
                0.9,
                &|run| if run < 12 { 0.93 } else { 0.71 } + waver(run) * 0.02,
                vec![shift(12, 0.93, 0.71)],
            ),
            track(
                r#"p99(latency{source="hit"}) < 50ms"#,
                Unit::Microseconds,
                50_000.0,
                &|run| 31_000.0 * (1.0 + waver(run) * 0.3),
                vec![],
            ),
            track(
                "speedup >= 10x",
                Unit::Times,
                10.0,
                &|run| if run < 5 { 14.0 } else { 34.0 } + waver(run),
                vec![shift(5, 14.0, 34.0)],
            ),
        ],
        left_out: Vec::new(),
    }
}

#[test]
fn a_trend_shows_the_lines_their_targets_and_since_when_they_are_otherwise() {
    let picture = trend(&fallen()).unwrap();
    check("trend", &picture);
    for said in ["school-day over 20 runs", "93.0 % → 71.0 %", "14.0x → 34.0x", "01-01", "speedup &gt;= 10x"]
    {
        assert!(picture.svg.contains(said), "{said}");
    }
    let nothing = crate::compare::Trend { tracks: Vec::new(), runs: Vec::new(), ..fallen() };
    assert!(trend(&nothing).unwrap().svg.contains("no data"));
}
