//! What newcomers get wrong: what they write, the place each error points at, and the
//! words that help.

use super::*;

/// What stands in the scenario, what is written instead, line and column of the error, words in it.
type Mistake = (&'static str, &'static str, (usize, usize), &'static [&'static str]);

const MISTAKES: &[Mistake] = &[
    // Names.
    (
        "    users: 2",
        "    usrs: 2",
        (23, 5),
        &["unknown field `usrs` in `roles.reader`", "did you mean \"users\"?"],
    ),
    ("    users: 2", "    vus: 2", (23, 5), &["unknown field `vus`", "did you mean \"users\"?"]),
    (
        "confidence: 0.95",
        "thresholds: []",
        (33, 1),
        &["unknown field `thresholds`", "did you mean \"slos\"?"],
    ),
    (
        "confidence: 0.95",
        "dashboard: {}",
        (33, 1),
        &["unknown field `dashboard`", "it belongs at `roles.NAME.dashboard`"],
    ),
    ("    json: {score", "    body: {score", (17, 5), &["unknown field `body`", "did you mean \"json\"?"]),
    ("gap: 1m", "gpa: 1m", (24, 25), &["unknown field `gpa` in `roles.reader.session`", "\"gap\""]),
    ("random: [0", "rnadom: [0", (11, 11), &["unknown `score` \"rnadom\"", "did you mean \"random\"?"]),
    ("kind: warm-up", "kind: warmup", (29, 12), &["unknown `kind` \"warmup\"", "did you mean \"warm-up\"?"]),
    ("source: auto", "source: cloudflare", (19, 11), &["unknown `source`", "cf-cache-status"]),
    (
        "source: auto",
        "source: {pattern: {header: X-Id, hti: a}}",
        (19, 36),
        &["unknown field `hti`", "\"hit\""],
    ),
    ("- {role: reader, username: ben}", "- {role: reader}", (9, 7), &["needs a `username`"]),
    ("username: ben", "username: ann", (9, 7), &["\"ann\" stands twice", "table.yaml:8:7"]),
    // What is missing.
    (
        "    users: 2\n",
        "",
        (22, 3),
        &["missing field `users` in `roles.reader`", "how many are at work at any moment"],
    ),
    (
        "path: /items/, ",
        "",
        (13, 3),
        &["missing field `path` in `actions.list`", "below the target's base URL"],
    ),
    (
        "phases:\n  - {kind: warm-up, duration: 1s}\n  - {kind: steady, duration: 6s}\n",
        "",
        (1, 1),
        &["missing field `phases`", "what happens when"],
    ),
    ("kind: steady, duration: 6s", "kind: steady", (30, 5), &["missing field `duration` in `phases.1`"]),
    ("roles:\n", "roles:\nx:\n", (21, 1), &["`roles` is empty", "a line `name: …` for each"]),
    ("cache:\n  source: auto\n  ttl: 10m\n", "cache:\n", (18, 1), &["`cache` is empty", "`source`"]),
    // Values of the wrong kind.
    ("users: 2", "users: many", (23, 12), &["`users` must be a whole number", "not the text \"many\""]),
    ("users: 2", "users: -3", (23, 12), &["`users` must be a whole number, 0 or more, not -3"]),
    ("users: 2", "users: 2.5", (23, 12), &["`users` must be a whole number", "not 2.5"]),
    ("users: 2", "users: 1,000", (23, 12), &["write 1000"]),
    ("returns: 0.5", "returns: 50%", (24, 43), &["`returns` must be a number; write 0.5 for 50%"]),
    ("gap: 1m", "gap: 90", (24, 30), &["`gap` must be a length of time", "write 90s"]),
    ("gap: 1m", "gap: soon", (24, 30), &["`gap`: `soon` is not a length of time", "1h 30m"]),
    (
        "    dashboard:",
        "    browser: yes\n    dashboard:",
        (27, 14),
        &["`browser` must be true or false; write true"],
    ),
    (
        "slos:\n  - hit_rate > 30%",
        "slos: hit_rate > 30%",
        (31, 7),
        &["`slos` must be a list", "[hit_rate > 30%]"],
    ),
    ("  - hit_rate > 30%", "  - hit_rate: 30%", (32, 5), &["item 1 of `slos` must be a text"]),
    ("scenario: table", "scenario: 12", (1, 11), &["`scenario` must be a text: put it in quotes, \"12\""]),
    ("[0, 100]", "[0]", (11, 19), &["`random` has 1 item; it takes two numbers: [from, to]"]),
    ("[0, 100]", "[1, 2, 3]", (11, 19), &["`random` has 3 items; it takes two numbers: [from, to]"]),
    (
        "    method: PATCH\n",
        "    method: PATCH\n    expect: {status: 200}\n",
        (16, 22),
        &["`status` must be a list", "; write [200]"],
    ),
    ("{mean: 20s, shape: 0.7}", "100ms", (25, 12), &["`think` must be a map", "; write {mean: 100ms}"]),
    ("{mean: 20s, shape: 0.7}", "5", (25, 12), &["; write {mean: 5s}"]),
    ("[0, 100]", "[0, x]", (11, 23), &["item 2 of `random` must be a whole number"]),
    (
        "think: {mean: 20s, shape: 0.7}",
        "think: [weibull, 20s, 0.7]",
        (25, 12),
        &["`think` must be a map", "`mean`", "not a list"],
    ),
    (
        "    session: {pages: 8, gap: 1m, returns: 0.5}",
        "    session:\n      - pages: 8\n      - gap: 1m",
        (24, 5),
        &["`session` must be a map", "`pages`", "not a list"],
    ),
    ("roles:\n  reader:", "roles:\n  - reader:", (21, 1), &["`roles` must be a map", "not a list"]),
    ("page: 2", "page: [2]", (13, 39), &["`page` must be a text or a number, not a list"]),
    ("username: ben", "username: ben, classes: {a: 1}", (9, 46), &["`classes` of a person must be a text"]),
    ("{kind: steady, duration: 6s}", "[steady, 6s]", (30, 5), &["must be a map", "`kind`", "not a list"]),
    // What is not YAML, or other YAML than was meant.
    ("    users: 2", "\tusers: 2", (23, 1), &["a tab", "spaces only"]),
    ("    users: 2", "    users:2", (23, 10), &["a space is missing", "`users: 2`"]),
    ("path: \"/items/{classes}/\"", "path: {classes}/", (16, 11), &["needs quotes", "\"{classes}/\""]),
    (
        "path: \"/items/{classes}/\"",
        "path: {classes}",
        (16, 11),
        &["`path` must be a text; braces need quotes: \"{classes}\""],
    ),
    ("path: /items/, q", "path: /items/{classes}/, q", (13, 16), &["needs quotes", "\"/items/{classes}/\""]),
    ("about: a small one", "about: @home", (2, 8), &["cannot begin with @", "\"@home\""]),
    ("about: a small one", "about: %s of it", (2, 8), &["cannot begin with %", "quotes"]),
    ("about: a small one", "about: 'a small one", (2, 8), &["this quote is never closed"]),
    ("about: a small one", "about: a small: one", (2, 15), &["a text that holds `: ` needs quotes"]),
    ("about: a small one", "about: \"a\" small one", (2, 8), &["ends at the next one"]),
    ("about: a small one", "about: !one", (2, 1), &["begins with !"]),
    ("about: a small one", "about: *one", (2, 8), &["begins with *"]),
    ("confidence: 0.95", "roles: {}", (33, 1), &["`roles` stands here again", "line 21"]),
    ("    think: {mean", "   think: {mean", (25, 4), &["line up", "same column"]),
    ("actions: {list: 4, grade: 1}", "actions: {list: 4, grade: 1", (26, 14), &["`{` is not closed"]),
    (
        "    method: PATCH\n    path: \"/items/{classes}/\"",
        "    path: /items/{classes}/\n   method: PATCH",
        (16, 4),
        &["line up"],
    ),
    ("confidence: 0.95", "---\nscenario: b", (33, 1), &["only one scenario"]),
];

#[test]
fn each_mistake_is_named_with_its_place_and_what_would_be_right() {
    let mut wrong = Vec::new();
    for (from, to, (line, column), words) in MISTAKES {
        assert!(SCENARIO.contains(from), "{from} does not stand there");
        let text = SCENARIO.replacen(from, to, 1);
        let error = match parse(&Source::new("table.yaml", text), &[]) {
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

#[test]
fn whatever_one_character_more_or_less_does_it_is_told_with_a_place() {
    let known = [
        None,
        Some(' '),
        Some('\t'),
        Some('\n'),
        Some(':'),
        Some('{'),
        Some('"'),
        Some('-'),
        Some('&'),
        Some('é'),
    ];
    for (index, (at, _)) in SCENARIO.char_indices().enumerate() {
        // Each character is left out, or has one of the others put before it, in turn.
        let insert = known[index % known.len()];
        let (before, after) = SCENARIO.split_at(at);
        let text = match insert {
            None => format!("{before}{}", &after[after.chars().next().unwrap().len_utf8()..]),
            Some(c) => format!("{before}{c}{after}"),
        };
        if let Err(error) = parse(&Source::new("table.yaml", text), &[]) {
            let error = error.to_string();
            let place =
                error.strip_prefix("table.yaml:").and_then(|rest| rest.split_once(": ")).map(|(at, _)| at);
            let numbers = place
                .map(|at| at.split(':').filter(|part| part.parse::<usize>().is_ok_and(|n| n > 0)).count());
            assert_eq!(numbers, Some(2), "{insert:?} before character {index}: {error}");
        }
    }
}

#[test]
fn line_ends_and_marks_of_other_systems_do_not_matter() {
    let text = SCENARIO.replace("users: 2", "usrs: 2");
    let error = parse(&Source::new("table.yaml", text.replace('\n', "\r\n")), &[])
        .expect_err("a mistake")
        .to_string();
    assert!(error.starts_with("table.yaml:23:5: unknown field `usrs`") && !error.contains('\r'), "{error}");
    let text = format!("\u{feff}{}", SCENARIO.replace("scenario: table", "scenario: [x]"));
    let error = parse(&Source::new("table.yaml", text), &[]).expect_err("a mistake").to_string();
    assert!(error.starts_with("table.yaml:1:11: `scenario` must be a text"), "{error}");
}

#[test]
fn a_file_that_is_all_on_one_line_is_shown_in_part() {
    let text = format!("{{about: \"{}\", seed: x, scenario: \"{}\"}}", "a".repeat(3_000), "b".repeat(3_000));
    let error = parse(&Source::new("one.yaml", text), &[]).expect_err("a mistake").to_string();
    assert!(error.contains("`seed` must be a whole number") && error.len() < 700, "{error}");
    let lines: Vec<&str> = error.lines().collect();
    let caret = lines[3].chars().position(|c| c == '^').unwrap();
    assert_eq!(lines[2].chars().nth(caret), Some('x'), "{error}");
}

#[test]
fn what_is_no_scenario_at_all_is_told() {
    for (text, words) in [
        ("", &["nothing stands in it", "cacheproof init"] as &[&str]),
        ("# only this\n", &["nothing stands in it"]),
        ("- a\n", &["table.yaml:1:1: the scenario must be a map", "not a list"]),
        ("scenario:x\n", &["table.yaml:1:1: ", "a space is missing: `scenario: x`"]),
        ("scenario: x\n", &["table.yaml:1:1: missing field `target`"]),
    ] {
        let error = parse(&Source::new("table.yaml", text), &[]).expect_err(text).to_string();
        assert!(words.iter().all(|word| error.contains(word)), "`{text}` should say {words:?}: {error}");
    }
    let error = load("shool-day", &[]).expect_err("a misspelt name").to_string();
    assert!(error.contains("cannot read") && error.contains("did you mean \"school-day\"?"), "{error}");
}

#[test]
fn no_error_shows_a_secret() {
    for (from, to) in [
        ("{bearer: \"${API_TOKEN}\"}", "{bearer: hunter2, passwrod: x}"),
        ("{bearer: \"${API_TOKEN}\"}", "{password: [hunter2]}"),
        ("{bearer: \"${API_TOKEN}\"}", "{password: 7777, hunter2: x}"),
        ("{bearer: \"${API_TOKEN}\"}", "{password: hunter2"),
        ("{bearer: \"${API_TOKEN}\"}", "\n    password:hunter2\n    x: 1"),
        ("{bearer: \"${API_TOKEN}\"}", "\n    password: 'hunter2"),
        ("username: ben", "password: hunter2"),
        ("http://127.0.0.1:8080", "{a: 'http://me:hunter2@host/'}"),
        ("127.0.0.1:8080", "me:hunter2@host/\n  urls: 1"),
    ] {
        let text = SCENARIO.replacen(from, to, 1);
        let error = parse(&Source::new("table.yaml", text), &[]).expect_err(to).to_string();
        assert!(!error.contains("hunter2") && !error.contains("7777"), "{to}: {error}");
    }
}
