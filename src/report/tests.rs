//! What the files say, on a run made by hand. Text is kept as snapshots: after a wanted
//! change, `INSTA_UPDATE=always cargo test -p cacheproof --lib report` rewrites them.

use super::*;
use crate::evidence::{Arrivals, Step};
use crate::fixture::{self, LIST, Made, PAIRS, REPORT, STEADY, STUDENT, TEACHER};
use crate::observe::Source;
use crate::verdict::judge;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

fn evidence() -> Evidence {
    let mut evidence = Made::new()
        .four_fifths()
        .reads(PAIRS, TEACHER, Source::Bypass, 10_000, |_| 4)
        .reads(STEADY, STUDENT, Source::Write, 3_000, |slice| u64::from(slice.is_multiple_of(10)))
        .pairs(LIST, 40)
        .pairs(REPORT, 40)
        .scrapes(100)
        .evidence();
    evidence.caveats = fixture::verdict().caveats;
    evidence
}

/// All values of a histogram log: (tag, microseconds, count).
fn read_log(log: &[u8]) -> Vec<(String, u64, u64)> {
    let mut values = Vec::new();
    for entry in IntervalLogIterator::new(log) {
        let LogEntry::Interval(interval) = entry.unwrap() else { continue };
        let packed = base64(interval.encoded_histogram());
        let histogram: Histogram<u64> = Deserializer::new().deserialize(&mut packed.as_slice()).unwrap();
        let tag = interval.tag().unwrap().as_str().to_owned();
        values.extend(
            histogram.iter_recorded().map(|v| (tag.clone(), v.value_iterated_to(), v.count_at_value())),
        );
    }
    values
}

/// RFC 4648, without a crate for one test.
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        let six = ALPHABET.iter().position(|known| *known == byte).expect("a base64 character");
        bits = (bits << 6) | six as u32;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held) as u8);
        }
    }
    out
}

#[test]
fn the_summary_reads_as_a_pull_request_shows_it() {
    insta::assert_snapshot!(markdown::render(&compose(&evidence(), &fixture::verdict())));
}

#[test]
fn the_junit_file_has_a_case_an_slo_and_an_inconclusive_one_is_an_error() {
    let xml = junit::render(&fixture::verdict()).unwrap();
    let report = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    let suite = &report.test_suites[0];
    assert_eq!((suite.tests, suite.failures, suite.errors), (5, 2, 2), "four SLOs and a violation");
    assert!(!xml.contains("<skipped"), "a gate that skips lets everything through");
    insta::assert_snapshot!(xml);
}

#[test]
fn the_histogram_log_holds_every_response_under_its_tag() {
    let evidence = evidence();
    let values = read_log(&hlog::render(&evidence).unwrap());
    let n = |tag: &str| values.iter().filter(|(known, ..)| known == tag).map(|(.., n)| n).sum::<u64>();
    assert_eq!(values.iter().map(|(.., n)| n).sum::<u64>(), evidence.responses());
    assert!(n("steady.teacher.list.hit") > 0 && n("steady.student.report.miss") > 0);
    let hits = values.iter().filter(|(tag, ..)| tag.starts_with("steady.teacher") && tag.ends_with(".hit"));
    for (tag, us, _) in hits {
        assert!((395..=410).contains(us), "{tag}: {us} µs");
    }
}

#[test]
fn a_run_folder_holds_every_file_and_the_page_loads_nothing_from_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let folder = Folder::create(Some(&dir.path().join("run")), "made-up").unwrap();
    let evidence = evidence();
    let slos = [
        r#"hit_rate{role="teacher"} > 60%"#,
        "hit_rate > 95%",
        r#"speedup{action="list"} >= 10x"#,
        "violations == 0",
    ]
    .map(|line| line.parse().unwrap());
    write(&folder, &evidence, &judge(&slos, &evidence, 0.95)).unwrap();
    let mut files = Vec::new();
    for (at, prefix) in [(folder.path().to_owned(), ""), (folder.path().join("plots"), "plots/")] {
        for entry in std::fs::read_dir(at).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_file())
        {
            assert!(entry.metadata().unwrap().len() > 0, "{:?} is empty", entry.path());
            files.push(format!("{prefix}{}", entry.file_name().to_string_lossy()));
        }
    }
    files.sort_unstable();
    assert_eq!(
        files,
        [
            "histograms.hlog",
            "junit.xml",
            "plots/hit-rate.png",
            "plots/hit-rate.svg",
            "plots/latency.png",
            "plots/latency.svg",
            "plots/speedup.png",
            "plots/speedup.svg",
            "plots/timeline.png",
            "plots/timeline.svg",
            "report.html",
            "summary.md",
            "verdict.json",
        ]
    );
    let page = std::fs::read_to_string(folder.path().join(HTML_FILE)).unwrap();
    for elsewhere in ["<script", "src=", "<link", "@import", "url(", "<iframe"] {
        assert!(!page.contains(elsewhere), "the page has {elsewhere}");
    }
    assert!(
        page.contains("A run made by hand &lt;&amp; nobody's&gt;"),
        "what the scenario says is text, not markup"
    );
    assert!(
        page.contains("hit_rate{role=\"teacher\"} &gt; 60%")
            || page.contains("hit_rate{role=&quot;teacher&quot;} &gt; 60%")
    );
}

#[test]
fn an_invalid_run_says_so_before_anything_else_and_keeps_its_findings() {
    let mut evidence = evidence();
    evidence.arrivals = vec![Arrivals { phase: STEADY, intended: 100, dropped: 40 }];
    let verdict = judge(&["hit_rate > 60%".parse().unwrap()], &evidence, 0.95);
    let first = "INVALID: the generator was the bottleneck, so this says nothing of the target: in steady 40";
    let view = compose(&evidence, &verdict);
    assert!(view.headline.starts_with(first), "{}", view.headline);
    let shown = terminal(&evidence, &verdict, None);
    assert!(
        shown.trim_start().starts_with("INVALID: the generator") && shown.contains("hit_rate > 60%"),
        "{shown}"
    );
    let summary = markdown::render(&view);
    assert!(summary.find("**INVALID:").unwrap() < summary.find("hit_rate").unwrap(), "{summary}");
    let page = html::render(&view, &[]);
    assert!(page.find("INVALID: ").unwrap() < page.find("hit_rate").unwrap());
    let xml = junit::render(&verdict).unwrap();
    let report = quick_junit::Report::deserialize_from_str(&xml).unwrap();
    let suite = &report.test_suites[0];
    assert_eq!((suite.tests, suite.failures, suite.errors), (2, 0, 1), "{xml}");
    assert!(xml.find("INVALID: ").unwrap() < xml.find("hit_rate").unwrap(), "{xml}");
}

#[test]
fn a_breakpoint_is_in_the_terminal_the_page_and_the_summary() {
    let mut evidence = evidence();
    let step = |rate, within: bool| Step {
        phase: STEADY,
        rate,
        achieved: rate,
        dropped: 0,
        values: vec![("p99(latency) < 200ms".into(), Some(231_000.0))],
        within,
        why: (!within).then(|| "p99(latency) was 231 ms".into()),
    };
    evidence.breakpoints = vec![step(240.0, true), step(280.0, false)];
    let verdict = judge(&[], &evidence, 0.95);
    let view = compose(&evidence, &verdict);
    let said = "the most load within the limits: 240 requests/s (at 280 p99(latency) was 231 ms)";
    for text in [terminal(&evidence, &verdict, None), markdown::render(&view), html::render(&view, &[])] {
        // A terminal may break the line.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains(said), "{text}");
    }
    assert!(markdown::render(&view).contains("| 280 | 280 | 0 | 231 ms | no |"));
}

#[test]
fn rates_that_were_not_measured_are_a_dash() {
    let view = compose(&Made::new().evidence(), &fixture::verdict());
    assert!(view.roles.iter().all(|row| row.hit_rate == "–" && row.sources.is_empty()));
    assert!(view.latency.is_empty() && view.pairs.is_empty());
    assert_eq!((view.lines[3].measured.as_str(), view.lines[3].interval.as_str()), ("–", ""));
}

#[test]
fn a_quantile_with_too_few_samples_is_a_dash() {
    let few = Made::new().reads(STEADY, TEACHER, Source::Hit, 400, |slice| u64::from(slice < 30)).evidence();
    let view = compose(&few, &fixture::verdict());
    let (source, cells) = &view.latency[0];
    assert_eq!((source.as_str(), cells[0].as_str()), ("hit", "30"));
    assert_ne!(cells[1], "–", "30 samples have a median");
    assert_eq!(cells[3], "–", "and no 99th percentile");
}

#[test]
fn copies_from_browsers_are_no_requests() {
    let evidence = Made::new()
        .reads(STEADY, TEACHER, Source::Miss, 400, |_| 2)
        .reads(STEADY, TEACHER, Source::Browser, 0, |_| 7)
        .evidence();
    let facts = compose(&evidence, &fixture::verdict()).facts;
    let fact = |name: &str| facts.iter().find(|(known, _)| known == name).unwrap().1.as_str();
    assert_eq!(fact("Requests"), "200, 700 shown from browsers");
    assert_eq!(fact("Phase steady"), "100 s, 200 requests, 2/s, 700 shown from browsers");
}

#[test]
fn without_pairs_there_is_no_section_on_speedup() {
    let page = |evidence: &Evidence| {
        let verdict = judge(&["hit_rate > 60%".parse().unwrap()], evidence, 0.95);
        html::render(&compose(evidence, &verdict), &charts::draw(evidence, &verdict).unwrap())
    };
    assert!(page(&Made::new().four_fifths().pairs(LIST, 20).evidence()).contains("Speedup by action"));
    let without = page(&Made::new().four_fifths().evidence());
    assert!(!without.contains("Speedup by action") && without.contains("Timeline"));
}

#[test]
fn one_slo_is_spoken_of_as_one() {
    let evidence = Made::new().four_fifths().evidence();
    for (slo, said) in [
        ("hit_rate > 60%", "Pass: the one SLO is met."),
        ("hit_rate > 95%", "Fail: the one SLO was missed."),
        ("violations == 0", "Inconclusive: the one SLO could not be decided."),
    ] {
        let verdict = judge(&[slo.parse().unwrap()], &evidence, 0.95);
        assert_eq!(compose(&evidence, &verdict).headline, said);
    }
}
