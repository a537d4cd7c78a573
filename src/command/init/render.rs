//! An outline as a commented scenario. `<-` marks what the user must look at.

use super::outline::{Login, Outline, Read};
use std::fmt::Write as _;

/// Writes that are named in a comment.
const WRITES: usize = 40;

/// The scenario.
pub(super) fn render(outline: &Outline) -> String {
    let mut out = String::new();
    let mut line = |text: &str| writeln!(out, "{text}").expect("writing to a string does not fail");
    line("# Made from an OpenAPI description. Look at what is marked with <-, then:");
    line("#");
    line("#   cacheproof check FILE     what it means, and what is wrong with it");
    line("#   cacheproof try FILE       one person, one pass, every request and answer printed");
    line("#   cacheproof run FILE       people at work, and the verdict");
    line("scenario: starter");
    if !outline.title.is_empty() {
        line(&format!("about: {}", quoted(&outline.title)));
    }
    line("\ntarget:");
    match &outline.url {
        Some(url) => line(&format!("  url: {}", quoted(url))),
        None => line("  url: http://127.0.0.1:8080    # <- the description names no address"),
    }
    line("  # writes: true    # requests that change something are left out without it");
    login(&mut line, outline.login.as_ref());
    line("\npeople:");
    if matches!(outline.login, Some(Login::Basic | Login::Password(_))) {
        line("  list:    # <- who may log in; or `file: people.csv` with the columns role,username,password");
        line("    - {role: visitor, username: somebody}");
    }
    if outline.relations.is_empty() {
        line("  relations: {}");
    } else {
        line("  # What each person may use, asked before the run with their own login. `items` and `id`");
        line("  # are JSON pointers: to the list in the answer, and to the value in an item of it.");
        line("  relations:");
    }
    for relation in &outline.relations {
        let mark = if relation.known { "" } else { "    # <- a guess" };
        line(&format!("    {}:", relation.name));
        line(&format!("      request: {{path: {}}}", quoted(&relation.path)));
        line(&format!("      items: {}{mark}", quoted(&relation.items)));
        line(&format!("      id: {}{mark}", quoted(&relation.id)));
    }
    if !outline.unknown.is_empty() {
        line("\n# What no list of this API tells.");
        line("values:");
    }
    for value in &outline.unknown {
        let example = value.example.as_deref().unwrap_or("1");
        line(&format!("  {}: {{one_of: [{}]}}    # <- some that exist", value.name, quoted(example)));
    }
    line("\n# What people do. A name in braces is drawn from `relations` or `values`.");
    line("actions:");
    for read in &outline.reads {
        action(&mut line, read);
    }
    if outline.left_out > 0 {
        line(&format!("  # {} more reads of the description are left out.", outline.left_out));
    }
    if !outline.writes.is_empty() {
        line("  # The API also has these writes. Add those that change what the reads show, with");
        line("  # `changes: [{actions: [the reads that show it]}]`, and stale answers will be found:");
        for write in outline.writes.iter().take(WRITES) {
            line(&format!("  #   {write}"));
        }
    }
    line("\n# The cache: what tells a hit from a miss, and how to go around it.");
    line("cache:");
    line("  source: auto    # <- or x-cache, cache-status, nginx, age, ...");
    line(
        "  # bypass: {header: \"Cache-Control: no-cache\"}    # with it, a pairs phase can measure the speedup",
    );
    line("  ttl: 10m    # <- how long it keeps an answer");
    line("\n# Who does it, with weights for the actions: how often, compared with each other.");
    line("roles:");
    line("  visitor:");
    line("    users: 10");
    line("    session: {pages: 8, gap: 30s, returns: 0.5}");
    line("    think: {mean: 3s}");
    line("    actions:    # <- all are as usual as each other");
    for read in &outline.reads {
        line(&format!("      {}: 1", read.name));
    }
    line("\nphases:");
    line("  - {kind: warm-up, duration: 20s}");
    line("  - {kind: steady, duration: 2m}");
    line("\n# What must hold.");
    line("slos:");
    line("  - hit_rate > 70%");
    line("  - p95(latency{source=\"hit\"}) < 50ms");
    line("  - error_rate < 0.1%");
    out
}

fn login(line: &mut impl FnMut(&str), login: Option<&Login>) {
    match login {
        None => line("  # login: {bearer: \"${API_TOKEN}\"}    # the description names no way to log in"),
        Some(Login::Bearer) => line("  login: {bearer: \"${API_TOKEN}\"}    # one token for everybody"),
        Some(Login::Basic) => line("  login: {basic: true, password: \"${CACHEPROOF_PASSWORD}\"}"),
        Some(Login::Key(header)) => {
            line("  login:");
            line("    bearer: ${API_KEY}");
            line(&format!("    header: {}", quoted(&format!("{header}: {{token}}"))));
        }
        Some(Login::Password(path)) => {
            line("  login:");
            line("    request:");
            line("      method: POST");
            line(&format!("      path: {}", quoted(path)));
            line("      form: {grant_type: password, username: \"{username}\", password: \"{password}\"}");
            line("    token: /access_token");
            line("    password: ${CACHEPROOF_PASSWORD}");
        }
        Some(Login::Cookie(name)) => {
            line(&format!("  # <- people carry the cookie {name}; which request sets it?"));
            line("  # login:");
            line(
                "  #   request: {method: POST, path: /login, form: {username: \"{username}\", password: \"{password}\"}}",
            );
            line("  #   cookies: true");
            line("  #   password: ${CACHEPROOF_PASSWORD}");
        }
    }
}

fn action(line: &mut impl FnMut(&str), read: &Read) {
    if !read.about.is_empty() {
        line(&format!("  # {}", read.about));
    }
    line(&format!("  {}:", read.name));
    line(&format!("    path: {}", quoted(&read.path)));
    for (key, pairs) in [("query", &read.query), ("headers", &read.headers)] {
        if pairs.is_empty() {
            continue;
        }
        let all: Vec<String> = pairs
            .iter()
            .map(|(name, example)| {
                let value = example.as_deref().unwrap_or("1").replace('{', "{{").replace('}', "}}");
                format!("{}: {}", quoted(name), quoted(&value))
            })
            .collect();
        let mark = if pairs.iter().any(|(_, example)| example.is_none()) { "    # <-" } else { "" };
        line(&format!("    {key}: {{{}}}{mark}", all.join(", ")));
    }
}

/// A text in double quotes: what JSON writes there, YAML reads. A dollar that would begin a
/// variable of the environment is made a plain one.
fn quoted(text: &str) -> String {
    serde_json::to_string(&text.replace("${", "$${")).expect("a text is JSON")
}
