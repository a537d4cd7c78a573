//! Requests with their placeholders parsed.

use super::Resolver;
use super::names::Scope;
use crate::plan::{BodyPlan, ExpectPlan, JsonTemplate, RequestPlan, Template};
use crate::scenario::{Expect, RequestSpec, ScenarioError, Text, suggest};
use http::header::HeaderName;
use indexmap::IndexMap;

/// Methods to suggest.
const METHODS: [&str; 7] = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"];
/// Further ones that servers know: the IANA registry of methods (RFC 9110, WebDAV and its
/// relatives, QUERY), and those by which caches are told to forget.
const RARE: [&str; 38] = [
    "CONNECT",
    "TRACE",
    "QUERY",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "ACL",
    "BIND",
    "UNBIND",
    "REBIND",
    "LINK",
    "UNLINK",
    "SEARCH",
    "REPORT",
    "LABEL",
    "MERGE",
    "UPDATE",
    "CHECKIN",
    "CHECKOUT",
    "UNCHECKOUT",
    "VERSION-CONTROL",
    "BASELINE-CONTROL",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "ORDERPATCH",
    "UPDATEREDIRECTREF",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "NOTIFY",
    "PURGE",
    "BAN",
    "REFRESH",
];

/// Whether a method only reads (RFC 9110, section 9.2.1).
pub(super) fn reads(method: &http::Method) -> bool {
    method.is_safe()
}

/// A body as it is written, in one of three ways.
pub(super) struct Body<'a> {
    pub(super) json: Option<&'a serde_json::Value>,
    pub(super) form: Option<&'a IndexMap<String, Text>>,
    pub(super) text: Option<&'a str>,
}

impl Resolver<'_> {
    pub(super) fn request(
        &self,
        path: &[&str],
        spec: &RequestSpec,
        scope: &Scope,
        built_in: &[&str],
    ) -> Result<RequestPlan, ScenarioError> {
        let body = Body { json: spec.json.as_ref(), form: spec.form.as_ref(), text: spec.text.as_deref() };
        Ok(RequestPlan {
            method: self.method(path, &spec.method)?,
            path: self.path(path, &spec.path, scope, built_in)?,
            query: self.pairs(&[path, &["query"]].concat(), &spec.query, scope, built_in)?,
            headers: self.headers(&[path, &["headers"]].concat(), &spec.headers, scope, built_in)?,
            body: self.body(path, &body, scope, built_in)?,
            as_: spec.as_.clone(),
            expect: self.expect(path, spec.expect.as_ref(), scope, built_in)?,
        })
    }

    pub(super) fn method(&self, path: &[&str], method: &str) -> Result<http::Method, ScenarioError> {
        // Methods are case-sensitive (RFC 9110, section 9.1), and `get` is never meant. Any other
        // token would be a method too, but is far more often a slip; X- says that it is not.
        let known = METHODS.contains(&method) || RARE.contains(&method) || method.starts_with("X-");
        if let (true, Ok(method)) = (known, method.parse()) {
            return Ok(method);
        }
        let hint = suggest(&method.to_ascii_uppercase(), METHODS);
        Err(self.error(&[path, &["method"]].concat(), format!("`{method}` is not an HTTP method{hint}")))
    }

    pub(super) fn path(
        &self,
        path: &[&str],
        text: &str,
        scope: &Scope,
        built_in: &[&str],
    ) -> Result<Template, ScenarioError> {
        let here = [path, &["path"]].concat();
        if !text.starts_with('/') {
            return Err(self.error(&here, format!("path `{text}` must begin with /")));
        }
        if text.contains(['?', '#']) {
            let what = format!("path `{text}` holds a query; write its parameters under `query:`");
            return Err(self.error(&here, what));
        }
        self.template(&here, text, scope, built_in)
    }

    pub(super) fn pairs(
        &self,
        path: &[&str],
        map: &IndexMap<String, Text>,
        scope: &Scope,
        built_in: &[&str],
    ) -> Result<Vec<(String, Template)>, ScenarioError> {
        map.iter()
            .map(|(key, value)| {
                Ok((key.clone(), self.template(&[path, &[key.as_str()]].concat(), value, scope, built_in)?))
            })
            .collect()
    }

    pub(super) fn headers(
        &self,
        path: &[&str],
        map: &IndexMap<String, Text>,
        scope: &Scope,
        built_in: &[&str],
    ) -> Result<Vec<(HeaderName, Template)>, ScenarioError> {
        map.iter()
            .map(|(name, value)| {
                let here = [path, &[name.as_str()]].concat();
                Ok((self.header_name(&here, name)?, self.template(&here, value, scope, built_in)?))
            })
            .collect()
    }

    pub(super) fn header_name(&self, path: &[&str], name: &str) -> Result<HeaderName, ScenarioError> {
        name.trim()
            .parse()
            .map_err(|_| self.misnamed(path, name, format!("`{name}` is not the name of a header")))
    }

    /// `Name: value` as a header.
    pub(super) fn header_line(
        &self,
        path: &[&str],
        line: &str,
    ) -> Result<(HeaderName, String), ScenarioError> {
        let (name, value) = line.split_once(':').ok_or_else(|| {
            self.error(path, format!("`{line}` is not a header; write it as `Name: value`"))
        })?;
        Ok((self.header_name(path, name)?, value.trim().to_owned()))
    }

    pub(super) fn body(
        &self,
        path: &[&str],
        body: &Body<'_>,
        scope: &Scope,
        built_in: &[&str],
    ) -> Result<BodyPlan, ScenarioError> {
        let given = [body.json.is_some(), body.form.is_some(), body.text.is_some()];
        if given.iter().filter(|given| **given).count() > 1 {
            return Err(self.error(path, "a request has one body: keep one of `json`, `form` and `text`"));
        }
        if let Some(json) = body.json {
            let here = [path, &["json"]].concat();
            self.json_texts(&here, json, scope, built_in)?;
            let mut parse = |text: &str| self.template(&here, text, scope, built_in);
            return JsonTemplate::parse(json, &mut parse).map(BodyPlan::Json);
        }
        if let Some(form) = body.form {
            return self.pairs(&[path, &["form"]].concat(), form, scope, built_in).map(BodyPlan::Form);
        }
        match body.text {
            Some(text) => {
                self.template(&[path, &["text"]].concat(), text, scope, built_in).map(BodyPlan::Text)
            }
            None => Ok(BodyPlan::Empty),
        }
    }

    /// Parses every text of a JSON body, each at its own place.
    fn json_texts(
        &self,
        path: &[&str],
        json: &serde_json::Value,
        scope: &Scope,
        built_in: &[&str],
    ) -> Result<(), ScenarioError> {
        use serde_json::Value;
        match json {
            Value::String(text) => self.template(path, text, scope, built_in).map(drop),
            Value::Array(items) => items.iter().enumerate().try_for_each(|(at, item)| {
                self.json_texts(&[path, &[&at.to_string()]].concat(), item, scope, built_in)
            }),
            Value::Object(map) => map
                .iter()
                .try_for_each(|(key, item)| self.json_texts(&[path, &[key]].concat(), item, scope, built_in)),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
        }
    }

    pub(super) fn expect(
        &self,
        path: &[&str],
        expect: Option<&Expect>,
        scope: &Scope,
        built_in: &[&str],
    ) -> Result<ExpectPlan, ScenarioError> {
        let Some(expect) = expect else { return Ok(ExpectPlan::default()) };
        let here = [path, &["expect"]].concat();
        if let Some(status) = expect.status.iter().find(|status| !(100..600).contains(*status)) {
            let what = format!("{status} is not an HTTP status; they are 100 to 599");
            return Err(self.error(&[&here[..], &["status"]].concat(), what));
        }
        for pointer in expect.json.keys() {
            if let Some(what) = pointer_fault(pointer) {
                return Err(self.misnamed(&[&here[..], &["json", pointer]].concat(), pointer, what));
            }
        }
        Ok(ExpectPlan {
            status: expect.status.clone(),
            json: self.pairs(&[&here[..], &["json"]].concat(), &expect.json, scope, built_in)?,
            text: expect.text.clone(),
        })
    }

    /// RFC 6901: empty, or it begins with a slash.
    pub(super) fn pointer(&self, path: &[&str], pointer: &str) -> Result<(), ScenarioError> {
        pointer_fault(pointer).map_or(Ok(()), |what| Err(self.error(path, what)))
    }
}

fn pointer_fault(pointer: &str) -> Option<String> {
    if pointer.is_empty() || pointer.starts_with('/') {
        return None;
    }
    let right = pointer.trim_start_matches("$.").trim_start_matches('.').replace('.', "/");
    Some(format!("`{pointer}` is not a JSON pointer; write it as `/{right}`"))
}
