//! What must not be shown: values of keys that hold secrets, and passwords in addresses.

use super::env::is_reference;
use regex::Regex;
use serde_json::Value;
use std::ops::Range;
use std::sync::LazyLock;

/// What stands in place of a secret.
pub(super) const BLANK: &str = "…";

/// What stands in place of a secret in a file.
const REDACTED: &str = "${REDACTED}";

const KEYS: [&str; 14] = [
    "password",
    "passwd",
    "pwd",
    "bearer",
    "token",
    "secret",
    "client_secret",
    "api_key",
    "apikey",
    "api-key",
    "x-api-key",
    "authorization",
    "proxy-authorization",
    "cookie",
];

/// Parts of the names that headers, parameters and fields with secrets have.
const PARTS: &str =
    "token|secret|password|passwd|session|signature|api[-_]?key|authorization|cookie|bearer|private[-_]?key";

static PART: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!("(?i){PARTS}")).expect("a constant pattern"));

/// Whether a key's value may be a secret.
pub(super) fn is_key(key: &str) -> bool {
    KEYS.iter().any(|known| key.eq_ignore_ascii_case(known))
}

/// Whether the value of a header, a parameter or a field of this name may be one.
fn is_field(key: &str) -> bool {
    is_key(key) || PART.is_match(key)
}

/// Whether a text is nothing but placeholders, each perhaps after a word or a name.
static ONLY_PLACEHOLDERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^(?:(?:[A-Za-z]+\s+)?(?:[\w-]+=)?["']?\$?\{[A-Za-z_][\w.]*\}["']?\s*[;,:]?\s*)*$"#)
        .expect("a constant pattern")
});

/// A value that may be shown although its key is one of a secret: a reference to the
/// environment or a placeholder, perhaps after a word such as `Bearer`, and nothing after it.
static HARMLESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"^(?:[A-Za-z]+\s+)?["']?\$?\{[A-Za-z_][\w.]*\}["']?\s*(?:$|[,}#"'])"#)
        .expect("a constant pattern")
});
/// A JSON pointer, which is what `token` of a login is.
static POINTER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"^["']?/[\w/-]*["']?\s*(?:$|[,}#])"#).expect("a constant pattern"));
static KEYED: LazyLock<Regex> = LazyLock::new(|| {
    let keys = KEYS.map(regex::escape).join("|");
    Regex::new(&format!(r#"(?i)(?:^|[^A-Za-z0-9_-])["']?(?P<key>{keys})["']?\s*:\s*["']?(?P<value>\S)"#))
        .expect("a constant pattern")
});
/// The same for names of fields, whose values are no maps, lists, numbers or switches: an
/// action may be called `session-list`.
static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = format!(
        r#"(?i)(?:^|[^A-Za-z0-9_-])["']?(?P<key>[\w-]*(?:{PARTS})[\w-]*)["']?\s*:\s*(?:["'](?P<quoted>[^"'\s])|(?P<value>[^"'\s\[{{&*!|>#0-9,}}]|[$]?[{{][A-Za-z_][\w.]*[}}]))"#
    );
    Regex::new(&pattern).expect("a constant pattern")
});
static SWITCH: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^(?:true|false|null|~)\s*(?:$|[,}#])").expect("a constant pattern"));
static USERINFO: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"://(?P<value>[^/\s"'?#]*)@"#).expect("a constant pattern"));

fn is_harmless(key: &str, rest: &str) -> bool {
    rest.is_empty()
        || HARMLESS.is_match(rest)
        || (key.eq_ignore_ascii_case("token") && POINTER.is_match(rest))
}

/// The parts of a line, in bytes, that must not be shown: from the first secret value to
/// the end, for what follows it may be the rest of it.
pub(super) fn in_line(line: &str) -> Vec<Range<usize>> {
    let secret = KEYED.captures_iter(line).find_map(|found| {
        let value = found.name("value")?.start();
        (!is_harmless(&found["key"], &line[value..])).then_some(value..line.len())
    });
    let field = FIELD.captures_iter(line).find_map(|found| {
        let value = found.name("value").or_else(|| found.name("quoted"))?.start();
        let rest = &line[value..];
        let harmless = HARMLESS.is_match(rest) || POINTER.is_match(rest) || SWITCH.is_match(rest);
        (!harmless).then_some(value..line.len())
    });
    let secret = secret.into_iter().chain(field).min_by_key(|range| range.start);
    let end = secret.as_ref().map_or(line.len(), |range| range.start);
    let known = |value: &str| value.split(':').all(|part| part.is_empty() || is_reference(part));
    let userinfo = USERINFO.captures_iter(&line[..end]).filter_map(|found| {
        found.name("value").filter(|value| !known(value.as_str())).map(|value| value.range())
    });
    userinfo.collect::<Vec<_>>().into_iter().chain(secret).collect()
}

/// Takes the secrets out of a tree that goes into a file.
pub(super) fn take_out(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (key, below) in map {
                match below {
                    Value::String(text) if is_key(key) && !is_harmless(key, text) => *text = REDACTED.into(),
                    // How often an action is done that has such a name.
                    Value::Object(weights) if matches!(key.as_str(), "actions" | "weights") => {
                        weights.values_mut().filter(|weight| !weight.is_number()).for_each(take_out);
                    }
                    // The name of a cookie.
                    Value::Object(csrf) if key == "csrf" => {
                        csrf.iter_mut()
                            .filter(|(key, _)| *key != "cookie")
                            .for_each(|(_, below)| take_out(below));
                    }
                    Value::Object(fields)
                        if matches!(key.as_str(), "headers" | "query" | "form" | "json") =>
                    {
                        fields.iter_mut().for_each(|(key, below)| take_out_of_field(key, below));
                    }
                    Value::Number(_) if is_key(key) => *below = Value::String(REDACTED.into()),
                    Value::String(_)
                    | Value::Number(_)
                    | Value::Null
                    | Value::Bool(_)
                    | Value::Array(_)
                    | Value::Object(_) => take_out(below),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(take_out),
        Value::String(text) => {
            for range in in_line(text).into_iter().rev() {
                text.replace_range(range, REDACTED);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The same of what is sent.
fn take_out_of_field(key: &str, value: &mut Value) {
    match value {
        Value::String(text) if is_field(key) => {
            if !ONLY_PLACEHOLDERS.is_match(text) {
                *text = REDACTED.into();
            }
        }
        Value::Number(_) if is_field(key) => *value = Value::String(REDACTED.into()),
        Value::Object(fields) => {
            for (name, below) in fields {
                let key = if is_field(key) { key } else { name };
                take_out_of_field(key, below);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| take_out_of_field(key, item)),
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => take_out(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(line: &str) -> String {
        let mut out = line.to_owned();
        for range in in_line(line).into_iter().rev() {
            out.replace_range(range, BLANK);
        }
        out
    }

    #[test]
    fn secrets_are_blanked_and_nothing_else() {
        for (line, expected) in [
            ("    password: hunter2", "    password: …"),
            ("  - {username: a, password: 'x, y', role: b}", "  - {username: a, password: '…"),
            ("bearer: abc # note", "bearer: …"),
            ("bearer: ${API_TOKEN}", "bearer: ${API_TOKEN}"),
            ("token: /token", "token: /token"),
            ("token: abc", "token: …"),
            (
                "json: {username: \"{username}\", password: \"{password}\"}",
                "json: {username: \"{username}\", password: \"{password}\"}",
            ),
            ("login: {token: /token, password: abc}", "login: {token: /token, password: …"),
            ("url: https://me:pass@host/x", "url: https://…@host/x"),
            ("url: redis://:${REDIS_PASSWORD}@host/0", "url: redis://:${REDIS_PASSWORD}@host/0"),
            ("header: \"Authorization: Bearer {token}\"", "header: \"Authorization: Bearer {token}\""),
            ("header: \"Authorization: Bearer abc\"", "header: \"Authorization: …"),
            ("headers: {X-API-Key: abc}", "headers: {X-API-Key: …"),
            ("path: /passwords/", "path: /passwords/"),
            ("query: {access_token: abc, page: 2}", "query: {access_token: …"),
            ("headers: {X-Session-Id: \"abc\"}", "headers: {X-Session-Id: \"…"),
            ("query: {access_token: \"{tk}\", page: 2}", "query: {access_token: \"{tk}\", page: 2}"),
            ("query: {access_token: ${TK}, page: 2}", "query: {access_token: ${TK}, page: 2}"),
            ("session: {pages: 8, gap: 1m}", "session: {pages: 8, gap: 1m}"),
            ("actions: {reset-password: 2, list: 1}", "actions: {reset-password: 2, list: 1}"),
            ("cookies: true", "cookies: true"),
        ] {
            assert_eq!(shown(line), expected, "{line}");
        }
    }

    #[test]
    fn a_tree_goes_out_without_secrets() {
        let mut tree = serde_json::json!({
            "login": {"password": "hunter2", "token": "/token", "bearer": "${API_TOKEN}", "staff": "admin"},
            "url": "redis://:hunter2@host/0",
            "headers": {"Authorization": "Basic aHVudGVyMg=="},
            "list": [{"pwd": 1234}],
        });
        take_out(&mut tree);
        let text = tree.to_string();
        assert!(
            !text.contains("hunter2") && !text.contains("aHVudGVyMg") && !text.contains("1234"),
            "{text}"
        );
        assert!(text.contains("/token") && text.contains("${API_TOKEN}") && text.contains("admin"), "{text}");
    }

    #[test]
    fn literal_secrets_of_what_is_sent_go_out_and_placeholders_stay() {
        let mut tree = serde_json::json!({
            "headers": {"X-Access-Token": "hunter2", "Accept": "text/html", "Authorization": "Bearer {token}"},
            "query": {"apiKey": "hunter2", "page": 2, "session_id": "{session}", "signature": ["hunter2"]},
            "form": {"Client_Secret": "${CLIENT}", "old_password": "hunter2", "password": "{password}"},
            "json": {"session": {"id": "hunter2", "of": "{username}"}, "mixed_token": "{a}, hunter2"},
            "roles": {"a": {"actions": {"token": 1}, "session": {"pages": 8, "gap": "1m"}}},
            "login": {"csrf": {"cookie": "csrftoken"}, "cookies": true},
        });
        let before = tree.clone();
        take_out(&mut tree);
        assert!(!tree.to_string().contains("hunter2"), "{tree}");
        for pointer in [
            "/headers/Accept",
            "/headers/Authorization",
            "/query/page",
            "/query/session_id",
            "/form/Client_Secret",
            "/form/password",
            "/json/session/of",
            "/roles",
            "/login",
        ] {
            assert_eq!(tree.pointer(pointer), before.pointer(pointer), "{pointer}");
        }
    }
}
