//! A run made by hand, for tests of what is made of one: the one place that builds
//! evidence and verdicts without load.

use crate::evidence::{Caveat, Evidence, Gatherer, Machine, Names, PairRecord, Phase, Run};
use crate::observe::{Fault, Observation, Scrape, Source, StoreOperation};
use crate::scenario::Kind;
use crate::stats::Method;
use crate::units::Unit;
use crate::verdict::{
    Check, CheckOutcome, Expectation, Finding, Judgement, Outcome, SCHEMA_VERSION, Severity, Verdict,
    Violation,
};

/// A slice of the made-up runs, microseconds.
const SLICE_US: u64 = 1_000_000;
/// Slices of the measured phase.
pub(crate) const SLICES: u64 = 100;
/// Index of the pairs, warm-up and steady phase.
pub(crate) const PAIRS: u16 = 0;
pub(crate) const WARM_UP: u16 = 1;
pub(crate) const STEADY: u16 = 2;
/// Index of the roles.
pub(crate) const TEACHER: u16 = 0;
pub(crate) const STUDENT: u16 = 1;
/// Index of the actions.
pub(crate) const LIST: u16 = 0;
pub(crate) const REPORT: u16 = 1;

/// Ten seconds of pairs, ten of warm-up, then [`SLICES`] seconds that are measured.
pub(crate) struct Made {
    gatherer: Gatherer,
    requests: u64,
}

impl Made {
    /// A run in which nothing happened yet.
    pub(crate) fn new() -> Self {
        let names = Names {
            roles: vec!["teacher".into(), "student".into()],
            actions: vec!["list".into(), "report".into()],
        };
        Self { gatherer: Gatherer::new(names, SLICE_US), requests: 0 }
    }

    /// In each slice of a phase as many responses as the closure says.
    pub(crate) fn reads(
        mut self,
        phase: u16,
        role: u16,
        source: Source,
        took_us: u64,
        per_slice: impl Fn(u64) -> u64,
    ) -> Self {
        let (from, slices) = match phase {
            PAIRS => (0, 10),
            WARM_UP => (10, 10),
            _ => (20, SLICES),
        };
        for slice in 0..slices {
            for n in 0..per_slice(slice) {
                let started_us = (from + slice) * SLICE_US + n * 1_000;
                self.requests += 1;
                self.gatherer.observe(&Observation {
                    person: u32::try_from(self.requests % 16).expect("below 16"),
                    action: if n.is_multiple_of(3) { LIST } else { REPORT },
                    validated: source == Source::Hit && n.is_multiple_of(2),
                    request: self.requests % 400,
                    ..observation(phase, role, source, (started_us, started_us + took_us + n))
                });
            }
        }
        self
    }

    /// So many requests a second by the clock, each sent when the one before is out of the way:
    /// `took_us` from there, and from its intended start what the closure says of its second.
    pub(crate) fn by_clock(
        mut self,
        phase: u16,
        role: u16,
        source: Source,
        took_us: u64,
        from_due_us: impl Fn(u64) -> u64,
        per_slice: u64,
    ) -> Self {
        let before = self.requests;
        self = self.reads(phase, role, source, took_us, |_| per_slice);
        for at in 0..self.requests - before {
            let (slice, n) = (at / per_slice, at % per_slice);
            let due_us = (20 + slice) * SLICE_US + n * 1_000;
            let finished_us = due_us + took_us;
            let seen = Observation {
                action: if n.is_multiple_of(3) { LIST } else { REPORT },
                ..observation(phase, role, source, (due_us, finished_us))
            };
            self.gatherer.responded(&seen, from_due_us(slice));
        }
        self
    }

    /// A hit rate of about 80 % in the measured phase, ten reads a slice, by both roles.
    pub(crate) fn four_fifths(self) -> Self {
        let hits = |slice: u64| 4 - u64::from(slice.is_multiple_of(3)) + u64::from(slice % 3 == 1);
        self.reads(STEADY, TEACHER, Source::Hit, 400, hits)
            .reads(STEADY, TEACHER, Source::Miss, 9_000, move |slice| 5 - hits(slice))
            .reads(STEADY, STUDENT, Source::Hit, 500, hits)
            .reads(STEADY, STUDENT, Source::Miss, 11_000, move |slice| 5 - hits(slice))
    }

    /// Pairs of an action by sixteen teachers, about twenty times faster cached and
    /// costing twelve queries uncached.
    pub(crate) fn pairs(mut self, action: u16, n: u32) -> Self {
        for index in 0..n {
            let jitter = u64::from(index * 7 % 11) * 10;
            self.gatherer.pair(PairRecord {
                role: TEACHER,
                action,
                person: index % 16,
                cluster: None,
                cached_us: 450 + jitter,
                uncached_us: 10_000 + jitter * 8,
                cached_first: index.is_multiple_of(2),
                queries: Some(12.0),
                equal: true,
            });
        }
        self
    }

    /// One look at the target's counters a second in the measured phase: the largest
    /// user grows by 1,000 bytes each time.
    pub(crate) fn scrapes(mut self, n: u32) -> Self {
        for look in 0..n {
            let seen = f64::from(look);
            let operation = StoreOperation { count: 100.0 * seen, seconds: 0.02 * seen };
            self.gatherer.scrape(Scrape {
                t_us: (20 + u64::from(look)) * SLICE_US,
                phase: STEADY,
                queries: Some(100.0 + 24.0 * seen),
                entries: Some(10.0 * seen),
                bytes: Some(50_000.0 + 8_000.0 * seen),
                largest_user_bytes: Some(10_000.0 + 1_000.0 * seen),
                store_operations: [("read".to_owned(), operation)].into(),
                ..Scrape::default()
            });
        }
        self
    }

    /// The evidence of it.
    pub(crate) fn evidence(self) -> Evidence {
        let phase = |name: &str, kind, from: u64, to: u64| Phase {
            name: name.into(),
            kind,
            measured: kind == Kind::Steady,
            from_us: from * SLICE_US,
            pace: 1.0,
            to_us: to * SLICE_US,
            peak_in_flight: None,
        };
        let mut evidence = self.gatherer.finish(vec![
            phase("pairs", Kind::Pairs, 0, 10),
            phase("warm-up", Kind::WarmUp, 10, 20),
            phase("steady", Kind::Steady, 20, 20 + SLICES),
        ]);
        evidence.run = run();
        evidence.environment.platform = "linux x86_64".into();
        evidence.environment.cpus = 2;
        evidence.environment.machine = vec![Machine {
            phase: "steady".into(),
            seconds: 100.0,
            generator: 0.12,
            target: Some(0.34),
            steal: Some(0.01),
            others: None,
        }];
        evidence
    }
}

/// A response of the first person.
fn observation(phase: u16, role: u16, source: Source, (started_us, finished_us): (u64, u64)) -> Observation {
    Observation {
        person: 0,
        role,
        action: LIST,
        phase,
        due_us: started_us,
        started_us,
        first_byte_us: None,
        finished_us,
        status: Some(200),
        claimed: source,
        source,
        validated: false,
        request: 0,
        digest: None,
        bytes: 2_000,
        reused: true,
        fault: (source == Source::Error).then_some(Fault::Status),
    }
}

/// Particulars of the made-up run.
fn run() -> Run {
    Run {
        id: "made-up-20260102T030405Z".into(),
        scenario: "made-up".into(),
        about: "A run made by hand <& nobody's>".into(),
        started_at: "2026-01-02T03:04:05Z".into(),
        started_us: None,
        seconds: 120.0,
        seed: 7,
        version: "0.1.0".into(),
        target: "embedded".into(),
        store: Some("memory".into()),
        time_scale: 60.0,
        users: vec![("teacher".into(), 4), ("student".into(), 12)],
    }
}

/// One finding of each kind, a violation and two caveats, with characters that Markdown,
/// XML and HTML must escape.
pub(crate) fn verdict() -> Verdict {
    let finding = |slo: &str, judgement, unit, op: &str, target| Finding {
        slo: slo.into(),
        judgement,
        measured: None,
        interval: None,
        confidence: 0.95,
        n: 0,
        unit,
        target,
        op: op.into(),
        method: None,
        note: None,
        warm_up_cut_seconds: None,
        to_decide: None,
    };
    Verdict {
        schema_version: SCHEMA_VERSION,
        verdict: Outcome::Fail,
        confidence: 0.95,
        decided_at: Some(0.98),
        findings: vec![
            Finding {
                measured: Some(0.934),
                interval: Some([0.921, 0.947]),
                n: 12_345,
                method: Some(Method::BatchMeans),
                ..finding(r#"hit_rate{role="teacher"} > 90%"#, Judgement::Pass, Unit::Ratio, ">", 0.9)
            },
            Finding {
                measured: Some(61_500.0),
                interval: Some([58_000.0, 66_000.0]),
                n: 4_000,
                method: Some(Method::BlockBootstrap),
                ..finding(
                    r#"p99(latency{source="hit"}) < 50ms"#,
                    Judgement::Fail,
                    Unit::Microseconds,
                    "<",
                    50_000.0,
                )
            },
            Finding {
                measured: Some(10.4),
                interval: Some([9.1, 12.2]),
                n: 40,
                method: Some(Method::PairedBootstrap),
                note: Some("the interval holds 10x as well; about 160 samples would decide it".into()),
                ..finding(
                    r#"speedup{action="list"} >= 10x"#,
                    Judgement::Inconclusive,
                    Unit::Times,
                    ">=",
                    10.0,
                )
            },
            Finding {
                note: Some("not checked yet: this version has no oracles".into()),
                ..finding("violations == 0", Judgement::Inconclusive, Unit::Count, "==", 0.0)
            },
        ],
        checks: vec![Check {
            oracle: "freshness".into(),
            outcome: CheckOutcome::Unchecked,
            trials: 0,
            bound: None,
            why: Some("not checked yet".into()),
        }],
        violations: vec![Violation {
            oracle: "isolation".into(),
            severity: Severity::Leak,
            what: "student-3 saw <the report> of student-4 & said so".into(),
            request: "GET /api/reports/4/".into(),
            expected: "404".into(),
            seen: "200".into(),
            reproduce: "curl -H \"Authorization: Bearer $TOKEN_STUDENT_3\" http://127.0.0.1/api/reports/4/"
                .into(),
        }],
        expectations: vec![
            Expectation {
                role: Some("teacher".into()),
                expected_value: 0.94,
                expected: [0.925, 0.955],
                measured: Some(0.934),
                interval: Some([0.921, 0.947]),
                gap: false,
                note: None,
            },
            Expectation {
                role: None,
                expected_value: 0.72,
                expected: [0.70, 0.74],
                measured: Some(0.61),
                interval: Some([0.58, 0.64]),
                gap: true,
                note: Some("measured below what a perfect cache would reach".into()),
            },
        ],
        effect: None,
        reconciliation: Vec::new(),
        caveats: vec![
            Caveat::TimeCompressed { scale: 60.0 },
            Caveat::SharedMachine { generator: 0.12, target: 0.34 },
        ],
        run: run(),
    }
}
