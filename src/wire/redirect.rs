//! Where a redirect leads (RFC 9110 §15.4; the method as browsers change it).

use super::dial::Origin;
use super::request::{Leg, private};
use http::header::{CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_TYPE, HOST, LOCATION};
use http::{HeaderMap, Method};
use std::borrow::Cow;

/// The next leg; `None` where the answer is no redirect that can be followed.
pub(super) fn next<'a>(leg: &Leg<'_>, status: u16, headers: &HeaderMap) -> Option<Leg<'a>> {
    let keeps_method = match status {
        301..=303 => false,
        307 | 308 => true,
        _ => return None,
    };
    let location = headers.get(LOCATION)?;
    let url = leg.url.join(std::str::from_utf8(location.as_bytes()).ok()?).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let mut own = leg.headers.clone().into_owned();
    let mut abroad = leg.abroad;
    if !Origin::of(&leg.url)?.is_of(&url) {
        abroad = true;
        private(&mut own);
        own.remove(HOST);
    }
    let (method, body) = if keeps_method || *leg.method == Method::HEAD {
        (leg.method.clone().into_owned(), leg.body.clone())
    } else {
        for name in [CONTENT_TYPE, CONTENT_LENGTH, CONTENT_ENCODING, CONTENT_LANGUAGE] {
            own.remove(name);
        }
        (Method::GET, None)
    };
    Some(Leg { method: Cow::Owned(method), url: Cow::Owned(url), headers: Cow::Owned(own), body, abroad })
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::{AUTHORIZATION, COOKIE, IF_NONE_MATCH};

    fn leg(method: Method) -> Leg<'static> {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            (AUTHORIZATION, "Bearer x"),
            (COOKIE, "a=b"),
            (CONTENT_TYPE, "text/plain"),
            (IF_NONE_MATCH, "\"e\""),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Leg {
            method: Cow::Owned(method),
            url: Cow::Owned("http://host/a/b?c=d".parse().unwrap()),
            headers: Cow::Owned(headers),
            body: Some("body".into()),
            abroad: false,
        }
    }

    fn after(method: Method, status: u16, location: &'static str) -> Option<Leg<'static>> {
        next(&leg(method), status, &HeaderMap::from_iter([(LOCATION, HeaderValue::from_static(location))]))
    }

    #[test]
    fn only_307_and_308_keep_method_and_body() {
        for (status, method, sent) in [
            (301, Method::POST, Method::GET),
            (302, Method::PUT, Method::GET),
            (303, Method::DELETE, Method::GET),
            (303, Method::HEAD, Method::HEAD),
            (307, Method::POST, Method::POST),
            (308, Method::PATCH, Method::PATCH),
        ] {
            let next = after(method, status, "c").unwrap();
            assert_eq!(*next.method, sent, "{status}");
            assert_eq!(next.body.is_some(), *next.method != Method::GET, "{status}");
            assert_eq!(next.headers.contains_key(CONTENT_TYPE), *next.method != Method::GET, "{status}");
            assert_eq!(next.url.as_str(), "http://host/a/c");
        }
        for status in [200, 300, 304, 305, 401] {
            assert!(after(Method::GET, status, "c").is_none(), "{status}");
        }
    }

    #[test]
    fn another_scheme_host_or_port_does_not_see_the_token() {
        for (location, trusted) in [
            ("/x", true),
            ("http://host:80/x", true),
            ("https://host/x", false),
            ("http://host:81/x", false),
            ("//other/x", false),
        ] {
            let next = after(Method::GET, 302, location).unwrap();
            assert_eq!(next.headers.contains_key(AUTHORIZATION), trusted, "{location}");
            assert_eq!(next.headers.contains_key(COOKIE), trusted, "{location}");
            assert!(next.headers.contains_key(IF_NONE_MATCH), "{location}");
            assert_eq!(next.abroad, !trusted);
        }
    }

    #[test]
    fn what_is_no_way_is_the_answer() {
        for location in ["ftp://host/", "http://", "mailto:a@b"] {
            assert!(after(Method::GET, 302, location).is_none(), "{location}");
        }
        assert!(next(&leg(Method::GET), 302, &HeaderMap::new()).is_none());
    }
}
