//! One command, nothing configured: the whole line on a laptop.

use cacheproof::verdict::{Judgement, Verdict};
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
use std::collections::BTreeMap;
use std::time::Duration;

use crate::schemas;
use crate::support::folder::RunFolder;
use crate::support::program::{Ended, cacheproof, run};
use crate::support::redis::RedisServer;
use crate::support::{temporary, turn};

/// Any verdict will do; anything else is a defect.
const VERDICTS: [i32; 3] = [0, 10, 11];

fn smoke(folder: &RunFolder, more: &[&str]) -> Ended {
    let out = folder.path.to_str().unwrap();
    let ended = run(cacheproof(["run", "smoke", "--out", out].iter().chain(more)), Duration::from_secs(60));
    ended.expect(&VERDICTS);
    ended
}

#[test]
fn a_smoke_run_ends_within_a_minute_and_every_file_of_it_is_valid() {
    let (_turn, dir) = (turn(), temporary());
    let folder = RunFolder::at(dir.path().join("run"));
    let ended = smoke(&folder, &[]);
    assert!(ended.stdout.contains("report: ") && ended.stdout.contains("report.html"), "{ended:?}");

    let files = folder.files();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "evidence.json",
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
            "scenario.yaml",
            "summary.md",
            "target.log",
            "verdict.json",
        ]
    );
    for (file, schema) in [("verdict.json", "verdict.schema.json"), ("evidence.json", "evidence.schema.json")]
    {
        assert_eq!(
            schemas::errors(schema, &folder.json(file)),
            Vec::<String>::new(),
            "{file} does not fit {schema}"
        );
    }
    let verdict = folder.verdict();
    assert_eq!(ended.code, Some(i32::from(verdict.verdict.exit().code())));
    the_junit_file_has_a_case_an_slo(&folder, &verdict);
    the_histogram_log_counts_every_response(&folder);
    the_page_stands_alone(&folder);
    the_pictures_are_pictures(&files);
    the_evidence_is_of_this_run(&folder);
    assert!(folder.text("summary.md").contains("| SLO |"));
    folder.holds_no_secrets(&[]);

    let again = folder.path.join("scenario.yaml");
    run(cacheproof(["check".as_ref(), again.as_os_str(), "--offline".as_ref()]), Duration::from_secs(10))
        .expect(&[0]);
}

fn the_junit_file_has_a_case_an_slo(folder: &RunFolder, verdict: &Verdict) {
    let report = quick_junit::Report::deserialize_from_str(&folder.text("junit.xml")).unwrap();
    let suite = &report.test_suites[0];
    let names: Vec<&str> = suite.test_cases.iter().map(|case| case.name.as_str()).collect();
    let slos: Vec<&str> = verdict.findings.iter().map(|finding| finding.slo.as_str()).collect();
    assert_eq!(names, slos);
    let n = |judgement| verdict.findings.iter().filter(|finding| finding.judgement == judgement).count();
    assert_eq!((suite.failures, suite.errors), (n(Judgement::Fail), n(Judgement::Inconclusive)));
}

fn the_histogram_log_counts_every_response(folder: &RunFolder) {
    let log = folder.text("histograms.hlog");
    let mut total = 0;
    for entry in IntervalLogIterator::new(log.as_bytes()) {
        let LogEntry::Interval(interval) = entry.unwrap() else { continue };
        let packed = base64(interval.encoded_histogram());
        let histogram: Histogram<u64> = Deserializer::new().deserialize(&mut packed.as_slice()).unwrap();
        total += histogram.len();
    }
    let evidence = folder.evidence();
    assert_eq!(total, evidence.responses());
    assert!(total > 100, "{total} responses are no load");
}

/// RFC 4648, without a crate for one test.
fn base64(text: &str) -> Vec<u8> {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut out, mut bits, mut held) = (Vec::new(), 0_usize, 0);
    for byte in text.bytes().filter(|byte| *byte != b'=') {
        bits = (bits << 6 | ALPHABET.iter().position(|known| *known == byte).unwrap()) & 0xff_ffff;
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    out
}

fn the_page_stands_alone(folder: &RunFolder) {
    let page = folder.text("report.html");
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    for elsewhere in ["<script", "src=", "href=\"http", "<link", "@import", "url(", "<iframe", "<object"] {
        assert!(!page.contains(elsewhere), "the page has {elsewhere}");
    }
    assert_eq!(page.matches("<figure>").count(), 4, "a figure for each chart");
}

fn the_pictures_are_pictures(files: &BTreeMap<String, Vec<u8>>) {
    for (name, bytes) in files.iter().filter(|(name, _)| name.starts_with("plots/")) {
        let text = String::from_utf8_lossy(bytes);
        let good = if name.ends_with(".svg") {
            text.starts_with("<svg") || text.starts_with("<?xml")
        } else {
            bytes.starts_with(b"\x89PNG\r\n\x1a\n")
        };
        assert!(good && bytes.len() > 1_000, "{name}: {} bytes", bytes.len());
    }
}

fn the_evidence_is_of_this_run(folder: &RunFolder) {
    let evidence = folder.evidence();
    assert_eq!(evidence.run.scenario, "smoke");
    assert_eq!(evidence.run.store.as_deref(), Some("memory"));
    assert_eq!(
        evidence.phases.iter().map(|phase| phase.name.as_str()).collect::<Vec<_>>(),
        ["warm-up", "steady", "pairs"]
    );
    assert!(!evidence.interrupted);
    assert!(!evidence.pairs.is_empty(), "no pair was usable: {:?}", evidence.pairs_dropped);
    assert!(evidence.pairs.iter().all(|pair| pair.equal), "nobody wrote while the pairs were read");
    assert!(evidence.scrapes.len() >= 5 && evidence.scrapes.iter().all(|scrape| scrape.queries.is_some()));
    let steady = evidence.environment.machine.iter().find(|machine| machine.phase == "steady").unwrap();
    assert!(
        steady.target.is_some_and(|share| share > 0.0),
        "the child's processor time is its own: {steady:?}"
    );
    assert_eq!(evidence.faults, BTreeMap::new());
}

#[test]
fn with_redis_as_its_store_a_run_touches_no_keys_but_its_own() {
    let (_turn, dir) = (turn(), temporary());
    let redis = RedisServer::start();
    for (key, value) in [
        ("somebody:else", "kept"),
        ("report:42:123:99914b932bd3", "another deployment's"),
        ("cacheproof", "a name"),
    ] {
        redis.ask(&["SET", key, value]);
    }
    let folder = RunFolder::at(dir.path().join("run"));
    smoke(&folder, &["--redis", &redis.url(), "--duration", "3s", "--set", "phases.2.duration=2s"]);
    assert_eq!(folder.evidence().run.store.as_deref(), Some("redis"));
    assert!(redis.calls("evalsha") + redis.calls("get") > 100, "the reads went to this Redis");
    for (key, value) in [
        ("somebody:else", "kept"),
        ("report:42:123:99914b932bd3", "another deployment's"),
        ("cacheproof", "a name"),
    ] {
        assert_eq!(redis.ask(&["GET", key]), value);
        assert_eq!(redis.ask(&["TTL", key]), "-1", "{key} was given a lifetime");
    }
    for forbidden in ["flushall", "flushdb", "config|set", "keys"] {
        assert_eq!(redis.calls(forbidden), 0, "{forbidden} was called");
    }
    // The run's own prefix is random, so nobody could find what it left there.
    let left = redis.ask(&["KEYS", "cacheproof:*"]);
    assert_eq!(left, "", "the embedded target left keys behind");
}
