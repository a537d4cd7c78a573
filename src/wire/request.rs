//! A question as the request that goes out.

use super::credentials;
use super::link::Link;
use bytes::Bytes;
use http::header::{AUTHORIZATION, CONTENT_LENGTH, COOKIE, HeaderMap, HeaderValue};
use http::uri::PathAndQuery;
use http::{Method, Request, Uri};
use http_body_util::Full;
use reqwest::Url;
use std::borrow::Cow;

/// One leg of a journey: the question itself, or what a redirect made of it.
#[derive(Clone, Debug)]
pub(super) struct Leg<'a> {
    pub(super) method: Cow<'a, Method>,
    pub(super) url: Cow<'a, Url>,
    pub(super) headers: Cow<'a, HeaderMap>,
    pub(super) body: Option<Bytes>,
    /// A redirect has left the origin that was asked: what is meant for it stays behind.
    pub(super) abroad: bool,
}

/// `None` where the URL cannot stand in a request.
pub(super) fn request(leg: &Leg<'_>, link: &Link) -> Option<Request<Full<Bytes>>> {
    let uri = if link.absolute() {
        Uri::from_maybe_shared(Bytes::from(credentials::without(&leg.url))).ok()?
    } else {
        Uri::from(PathAndQuery::from_maybe_shared(target(&leg.url)).ok()?)
    };
    let mut headers = link.headers().clone();
    if leg.abroad {
        private(&mut headers);
    }
    lay_over(&mut headers, &leg.headers);
    if !headers.contains_key(AUTHORIZATION)
        && let Some(basic) = credentials::basic(&leg.url)
    {
        headers.insert(AUTHORIZATION, basic);
    }
    let mut request = Request::new(Full::new(leg.body.clone().unwrap_or_default()));
    // A method that means a body says so even where it is empty (RFC 9110 §8.6).
    if leg.body.is_none() && matches!(*leg.method, Method::POST | Method::PUT | Method::PATCH) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    *request.method_mut() = leg.method.clone().into_owned();
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Some(request)
}

/// Path and query as they stand in the URL, which was parsed once and is not again.
fn target(url: &Url) -> Bytes {
    let Some(query) = url.query() else { return Bytes::copy_from_slice(url.path().as_bytes()) };
    let mut target = Vec::with_capacity(url.path().len() + 1 + query.len());
    target.extend_from_slice(url.path().as_bytes());
    target.push(b'?');
    target.extend_from_slice(query.as_bytes());
    target.into()
}

/// Takes out what only the origin that was asked may see.
pub(super) fn private(headers: &mut HeaderMap) {
    headers.remove(AUTHORIZATION);
    headers.remove(COOKIE);
}

/// Adds headers; one of the same name is replaced, all its values together.
pub(super) fn lay_over(headers: &mut HeaderMap, over: &HeaderMap) {
    let mut last = None;
    for (name, value) in over {
        if last == Some(name) {
            headers.append(name, value.clone());
        } else {
            headers.insert(name, value.clone());
            last = Some(name);
        }
    }
}
