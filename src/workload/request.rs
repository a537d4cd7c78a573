//! A step of a journey as a request: what is sent, and what it is known by.

use super::Fill;
use crate::plan::{ActionPlan, BodyPlan, BypassPlan, RequestPlan, Template};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, Method};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Url;

/// What stands for itself in a segment of a path (RFC 3986, section 3.3).
pub(crate) const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'@')
    .remove(b',')
    .remove(b'=')
    .remove(b'+');

/// A request, rendered for one person.
#[derive(Clone, Debug)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Where to.
    pub url: Url,
    /// Headers of this request alone.
    pub headers: HeaderMap,
    /// Body.
    pub body: Option<Bytes>,
    /// Fingerprint of (person, URL), or of the URL alone where the cache is everybody's; of a
    /// read with a body, of that as well.
    pub fingerprint: u64,
}

/// Fills an action's placeholders.
pub fn render(base: &Url, action: &ActionPlan, fill: &Fill<'_>) -> Request {
    let filter = action.filters.get(usize::from(fill.draw.filter)).map_or(&[][..], Vec::as_slice);
    let mut request = build(base, &action.request, filter, fill);
    // A read whose question is in its body, as GraphQL's.
    if let Some(body) = request.body.as_ref().filter(|_| action.read) {
        request.fingerprint = xxhash_rust::xxh3::xxh3_64_with_seed(body, request.fingerprint);
    }
    request
}

/// A request of the harness itself, filled.
pub fn render_request(base: &Url, request: &RequestPlan, fill: &Fill<'_>) -> Request {
    build(base, request, &[], fill)
}

/// The same request around the cache. `base`: the target's own base URL, below which
/// the request is. `{mark}` is for `fill` to give: another one each time.
pub fn around(mut request: Request, base: &Url, bypass: &BypassPlan, fill: &Fill<'_>) -> Request {
    match bypass {
        BypassPlan::Header(name, value) => {
            request.headers.insert(name.clone(), value.clone());
        }
        BypassPlan::Query(pairs) => {
            let mut query = request.url.query_pairs_mut();
            for (name, template) in pairs {
                query.append_pair(name, &fill.text(template));
            }
        }
        BypassPlan::Url(other) => {
            let below = request.url.path();
            let below = below.strip_prefix(base.path().trim_end_matches('/')).unwrap_or(below);
            let mut url = other.clone();
            url.set_path(&format!("{}{below}", other.path().trim_end_matches('/')));
            url.set_query(request.url.query());
            request.url = url;
        }
    }
    request
}

fn build(base: &Url, plan: &RequestPlan, filter: &[(String, Template)], fill: &Fill<'_>) -> Request {
    let mut url = base.clone();
    let path = plan.path.fill(&|hole| {
        fill.hole(hole).map(|text| match utf8_percent_encode(&text, SEGMENT).into() {
            std::borrow::Cow::Borrowed(same) if same.len() == text.len() => text,
            escaped => std::borrow::Cow::Owned(escaped.into_owned()),
        })
    });
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    let mut pairs = plan.query.iter().chain(filter).peekable();
    if pairs.peek().is_some() {
        let mut query = url.query_pairs_mut();
        for (name, template) in pairs {
            query.append_pair(name, &fill.text(template));
        }
    }
    let mut headers = HeaderMap::new();
    for (name, template) in &plan.headers {
        add(&mut headers, name, &fill.text(template));
    }
    let body = match &plan.body {
        BodyPlan::Empty => None,
        BodyPlan::Json(json) => {
            headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
            Some(Bytes::from(fill.json(json).to_string()))
        }
        BodyPlan::Form(fields) => {
            headers
                .entry(CONTENT_TYPE)
                .or_insert(HeaderValue::from_static("application/x-www-form-urlencoded"));
            let mut form = form_urlencoded::Serializer::new(String::new());
            for (name, template) in fields {
                form.append_pair(name, &fill.text(template));
            }
            Some(Bytes::from(form.finish()))
        }
        BodyPlan::Text(text) => Some(Bytes::from(fill.text(text))),
    };
    let whose = if fill.plan.cache.private { u64::from(fill.person.index) } else { 0 };
    let fingerprint = xxhash_rust::xxh3::xxh3_64_with_seed(url.as_str().as_bytes(), whose);
    Request { method: plan.method.clone(), url, headers, body, fingerprint }
}

/// A value that cannot stand in a header is left out: it came from the target.
fn add(headers: &mut HeaderMap, name: &HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name.clone(), value);
    }
}

#[cfg(test)]
mod tests;
