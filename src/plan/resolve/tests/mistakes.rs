//! What a scenario may not say although its shape is right: a table of edits, the place each
//! error points at, and the words that help.

use super::*;

/// What stands in the scenario, what is written instead, line and column of the error, words in it.
type Mistake = (&'static str, &'static str, (usize, usize), &'static [&'static str]);

const EMBEDDED: &str = "embedded: {size: small, time_scale: 60}";
const SLO: &str = "hit_rate{role=\"teacher\"} > 30%";

const MISTAKES: &[Mistake] = &[
    ("scenario: table", "scenario: a table", (1, 11), &["letters, digits"]),
    ("scenario: table", "scenario: ''", (1, 11), &["letters, digits"]),
    ("  teacher:", "  head teacher:", (33, 3), &["\"head teacher\"", "letters, digits"]),
    ("kind: warm-up", "kind: warm-up, name: a.b", (41, 27), &["\"a.b\"", "letters, digits"]),
    ("confidence: 0.95", "confidence: 95", (45, 13), &["between 0.5 and 1"]),
    (
        "confidence: 0.95",
        "cluster: clases",
        (45, 10),
        &["\"clases\"", "did you mean", "person, classes, report"],
    ),
    // The target.
    ("time_scale: 60}", "time_scale: 0}", (4, 39), &["not between 0.001 and 3600"]),
    (
        "size: small, time_scale: 60}",
        "size: small}\n  url: http://127.0.0.1:1",
        (5, 8),
        &["both", "keep one"],
    ),
    ("  embedded: {size: small, time_scale: 60}", "  writes: true", (3, 1), &["embedded", "url"]),
    (EMBEDDED, "url: ftp://host/", (4, 8), &["http://"]),
    (EMBEDDED, "url: 'somewhere'", (4, 8), &["not a URL", "http://127.0.0.1:8080"]),
    (EMBEDDED, "url: 'http://127.0.0.1:1/?a=b'", (4, 8), &["base URL", "leave out"]),
    ("    token: /token\n", "    bearer: x\n", (5, 3), &["exactly one of `request`, `bearer` and `basic`"]),
    ("    token: /token\n", "", (5, 3), &["`token`", "`cookies: true`"]),
    ("token: /token", "token: token", (7, 12), &["not a JSON pointer", "`/token`"]),
    ("token: /token", "token: /token\n    header: \"X: y\"", (8, 13), &["{token}"]),
    // People.
    ("each: {username: /username, ", "each: {", (12, 11), &["needs a `username`"]),
    ("with: {type: /type", "with: {type: type", (17, 20), &["`type` is not a JSON pointer", "`/type`"]),
    ("    answer: {", "    classes: {", (18, 5), &["attribute of people"]),
    (
        "request: {path: /reports/}",
        "request: {path: \"/{answer}/\"}",
        (14, 5),
        &["{answer}", "must stand above"],
    ),
    // Requests.
    ("list: {path: /api/reports/}", "list: {path: api/reports/}", (22, 16), &["must begin with /"]),
    (
        "list: {path: /api/reports/}",
        "list: {path: /api/reports/?page=2}",
        (22, 16),
        &["holds a query", "`query:`"],
    ),
    ("{report}/\"", "{reprot}/\"", (23, 33), &["{reprot}", "did you mean \"report\"?"]),
    ("{report}/\"", "${report}/\"", (23, 18), &["`${report}` is a variable", "write {report} for the value"]),
    ("{report}/\"", "{report/\"", (23, 32), &["brace without its partner"]),
    ("method: PATCH", "method: patch", (25, 13), &["not an HTTP method", "\"PATCH\""]),
    ("method: PATCH", "method: FETCH", (25, 13), &["`FETCH` is not an HTTP method", "\"PATCH\""]),
    ("method: PATCH", "method: GETT", (25, 13), &["not an HTTP method", "\"GET\""]),
    ("\"{score}\"", "[1, {a: \"x {scores}\"}]", (27, 31), &["unknown placeholder {scores}", "\"score\""]),
    ("json: {score: \"{score}\"}", "json: {}\n    form: {}", (24, 3), &["one body"]),
    (
        "list: {path: /api/reports/}",
        "list: {path: /, expect: {status: [20]}}",
        (22, 36),
        &["20", "100 to 599"],
    ),
    (
        "list: {path: /api/reports/}",
        "list: {path: /, expect: {json: {id: 1}}}",
        (22, 35),
        &["`id` is not a JSON pointer", "`/id`"],
    ),
    (
        "values:\n  score",
        "values:\n  mark: {counter: 1}\n  score",
        (20, 3),
        &["\"mark\" means something else"],
    ),
    (
        "list: {path: /api/reports/}",
        "list: {path: /, headers: {\"a b\": c}}",
        (22, 29),
        &["not the name of a header"],
    ),
    (
        "list: {path: /api/reports/}",
        "list: {path: /, changes: [{actions: [report]}]}",
        (22, 28),
        &["only reads", "`reads: false`"],
    ),
    ("random: [0, 100]", "random: [100, 0]", (20, 10), &["smaller number first"]),
    // What changes, and lifetimes.
    ("for: {classes", "for: {class", (29, 16), &["people have no \"class\"", "did you mean \"classes\"?"]),
    (
        "actions: [report], where",
        "actions: [raport], where",
        (29, 41),
        &["unknown action \"raport\"", "\"report\""],
    ),
    (
        "report.type: [analytics]",
        "report.kind: [analytics]",
        (29, 58),
        &["\"report.kind\"", "did you mean \"report.type\"?"],
    ),
    ("report.type: [custom]", "reports.type: [custom]", (31, 19), &["did you mean \"report.type\"?"]),
    (
        "cache:",
        "cache:\n  source: {pattern: {header: X, hit: '(', miss: m}}",
        (31, 38),
        &["regular expression"],
    ),
    // Roles.
    ("users: 2", "users: 0", (34, 12), &["role \"teacher\"", "at least 1"]),
    ("users: 2", "users: 20000", (34, 12), &["10000"]),
    ("returns: 0.5", "returns: 1.5", (35, 43), &["probability"]),
    ("pages: 8,", "pages: 0.5,", (35, 22), &["at least 1"]),
    ("pages: 8,", "pages: 8, length: 5m,", (35, 33), &["not both"]),
    ("gap: 1m", "gap: 25h", (35, 30), &["session.gap 25h", "at most 24h"]),
    ("shape: 0.7", "shape: 0", (36, 31), &["think.shape", "above 0"]),
    ("mean: 20s", "mean: 0s", (36, 19), &["a machine", "`open`"]),
    ("grade: 0.3}", "grading: 0.3}", (37, 35), &["unknown action \"grading\"", "did you mean \"grade\"?"]),
    ("report: 6", "report: -6", (37, 32), &["must not be negative"]),
    ("{list: 4, report: 6, grade: 0.3}", "{list: 0}", (37, 14), &["nothing to do"]),
    (
        "action: list, every",
        "action: lists, every",
        (38, 25),
        &["unknown action \"lists\"", "did you mean \"list\"?"],
    ),
    ("action: list, every", "action: grade, every", (38, 25), &["which is a write"]),
    ("every: 15s", "every: 100ms", (38, 38), &["at least 1s"]),
    // Phases.
    ("duration: 6s", "duration: 0s", (42, 30), &["phase \"steady\"", "at least 1s"]),
    ("duration: 6s", "duration: 169h", (42, 30), &["at most 168h"]),
    ("duration: 6s}", "duration: 6s, samples: 3}", (42, 43), &["only a pairs phase"]),
    (
        "duration: 6s}",
        "duration: 6s, users: {techer: 2}}",
        (42, 42),
        &["unknown role \"techer\"", "\"teacher\""],
    ),
    ("{kind: warm-up, duration: 1s}", "{kind: steady, duration: 1s}", (42, 12), &["two phases", "name:"]),
    ("kind: steady", "kind: day", (42, 12), &["curve"]),
    ("kind: steady", "kind: open", (42, 12), &["`arrivals:`"]),
    (
        "kind: steady, duration: 6s",
        "kind: breakpoint, duration: 60s, arrivals: {rate: 1, to: 9}, limits: [hit_rat > 1%]",
        (42, 76),
        &["unknown metric", "hit_rate"],
    ),
    (
        "kind: steady, duration: 6s",
        "kind: breakpoint, duration: 60s, arrivals: {rate: 1, to: 9}, limits: [error_rate < 1%, slope(memory) < 1MB/h]",
        (42, 93),
        &["cannot be told of a step", "response_time"],
    ),
    (
        "kind: steady, duration: 6s",
        "kind: breakpoint, duration: 60s, arrivals: {rate: 1, to: 9}, limits: [error_rate < 1% over 5s]",
        (42, 92),
        &["leave out `over`"],
    ),
    (
        "confidence: 0.95",
        "abort_on: ['slope(memory) < 1MB/h']",
        (45, 13),
        &["single responses", "error_rate"],
    ),
    ("confidence: 0.95", "abort_on: [p99(response_time) > 1s]", (45, 12), &["single responses"]),
    ("confidence: 0.95", "abort_on: [error_rate > 9% over 2h]", (45, 28), &["1h at most"]),
    (SLO, "'burn_rate{budget=\"0.1%\"} < 14.4'", (44, 37), &["over 1h"]),
    (SLO, "'max(concurrency{of=\"users\"}) > 1'", (44, 25), &["\"people\""]),
    (
        "{kind: pairs, duration: 4s, samples: 8}",
        "{kind: warm-up, name: w, duration: 4s}\n  - {kind: pairs, duration: 4s}",
        (41, 12),
        &["quiet target", "last"],
    ),
    // SLO lines.
    (
        SLO,
        "hit_rate{role=\"techer\"} > 30%",
        (44, 20),
        &["unknown role \"techer\"", "did you mean \"teacher\"?"],
    ),
    (SLO, "hitrate > 30%", (44, 5), &["unknown metric"]),
    (SLO, "hit_rate > 30ms", (44, 18), &["percentage"]),
    (SLO, "'hit_rate{role=\"\"} > 30ms'", (44, 28), &["SLO"]),
    (SLO, "speedup{action=\"lst\"} >= 2x", (44, 21), &["unknown action \"lst\"", "\"list\""]),
    (SLO, "hit_rate{phase=\"stedy\"} > 1%", (44, 21), &["unknown phase \"stedy\"", "\"steady\""]),
];

#[test]
fn a_role_whose_writes_may_not_be_sent_is_told_both_ways_out() {
    let elsewhere = SCENARIO
        .replace("embedded: {size: small, time_scale: 60}", "url: http://127.0.0.1:1")
        .replace("{list: 4, report: 6, grade: 0.3}", "{grade: 1}");
    let error = read(&elsewhere, &Changes::default()).unwrap_err().to_string();
    let said = "`grade` is a PATCH, so a write: `reads: true` if it only reads, or `target: {writes: true}`";
    assert!(error.contains(said), "{error}");
    let reads = elsewhere.replace("    method: PATCH", "    method: GET\n    reads: false");
    let error = read(&reads, &Changes::default()).unwrap_err().to_string();
    assert!(error.contains("`grade` says `reads: false`"), "{error}");
}

#[test]
fn two_dollars_are_one_and_no_variable() {
    let text = SCENARIO.replace("\"/api/reports/{report}/\"", "\"/api/$${report}/{report}/\"");
    let plan = read(&text, &Changes::default()).unwrap_or_else(|error| panic!("{error}"));
    let path = &plan.actions[1].request.path;
    assert_eq!(path.fill(&|_| Some("7".into())), "/api/${report}/7/");
    assert!(plan.missing.is_empty(), "{:?}", plan.missing);
}

#[test]
fn rare_methods_and_those_marked_as_ones_own_are_taken() {
    for method in ["PROPFIND", "REPORT", "QUERY", "PURGE", "BAN", "X-FLUSH"] {
        let text = SCENARIO.replace("method: PATCH", &format!("method: {method}\n    reads: false"));
        read(&text, &Changes::default()).unwrap_or_else(|error| panic!("{method}: {error}"));
    }
}

#[test]
fn each_mistake_is_named_with_its_place_and_what_would_be_right() {
    let mut wrong = Vec::new();
    for (from, to, (line, column), words) in MISTAKES {
        assert!(SCENARIO.contains(from), "{from} does not stand there");
        let text = SCENARIO.replacen(from, to, 1);
        let error = match read(&text, &Changes::default()) {
            Ok(_) => "no error at all".into(),
            Err(error) => error.to_string(),
        };
        if !error.starts_with(&format!("table.yaml:{line}:{column}: "))
            || !words.iter().all(|word| error.contains(word))
        {
            wrong.push(format!("`{to}` should point at {line}:{column} and say {words:?}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
