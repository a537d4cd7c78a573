//! A person's private cache, as RFC 9111 has it, on the scenario clock.
//!
//! In: requests about to be made and the answers that came. Out: whether a request is
//! needed at all, the conditions to send with it, and what the person sees afterwards.
//! Bodies are not kept, only their digest and length. Which answers may be stored, how
//! long they are fresh and how they are validated is decided by `http-cache-semantics`.
//!
//! **Two clocks.** The server's `Date`, `Expires` and `Last-Modified` are moments of its
//! wall clock; the browser lives in scenario seconds since the run began. They are never
//! compared: server dates only with each other (`Expires − Date`, `Date − Last-Modified`,
//! RFC 9111, section 4.2.1), scenario moments only with scenario moments. The age is
//! `Age` (scenario seconds, as all durations in headers are) plus the scenario time since
//! the request was *sent*: that is `age_value + response_delay + resident_time` of section
//! 4.2.3. Its other candidate, `apparent_age = response_time − Date`, would need both
//! clocks to agree and is left out; it only guards against caches that send no `Age`.
//! A deployed target has a time scale of 1, so a scenario second is a second.

mod kept;
#[cfg(test)]
mod tests;

use http::header::{CACHE_CONTROL, PRAGMA};
use http::{HeaderMap, Method, StatusCode, Uri};
use http_cache_semantics::{BeforeRequest, CacheOptions, CachePolicy, RequestLike};
use indexmap::IndexMap;
use kept::Kept;
use std::time::{Duration, SystemTime};

/// A browser keeps at most so many copies; those longest not stored or validated go.
const COPIES: usize = 200;

/// One person's browser cache: a copy a URL.
#[derive(Debug, Default)]
pub(super) struct Browser {
    /// By the fingerprint of the URL, the oldest first.
    copies: IndexMap<u64, Stored>,
}

/// A body, as far as it is known here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Copy {
    /// Fingerprint of the body.
    pub(super) digest: u64,
    /// Length of the body.
    pub(super) bytes: u64,
}

/// What the browser can do about a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Have {
    /// Nothing: ask.
    Nothing,
    /// A copy that may be shown without asking.
    Fresh(Copy),
    /// A copy that must be validated first.
    Stale {
        /// `If-None-Match` and `If-Modified-Since`, as far as the copy has validators.
        conditional: HeaderMap,
    },
}

/// A request as its headers select a response. The URL stands beside it as a fingerprint.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    /// Method.
    pub(super) method: Method,
    /// Every header that a `Vary` might name, and `Cache-Control`.
    pub(super) headers: HeaderMap,
}

/// An answer, drained.
#[derive(Clone, Copy, Debug)]
pub(super) struct Received<'a> {
    /// HTTP status.
    pub(super) status: u16,
    /// Its headers.
    pub(super) headers: &'a HeaderMap,
    /// Its body.
    pub(super) body: Copy,
    /// When the request was sent, on the scenario clock.
    pub(super) asked_at: Duration,
    /// When the answer came, on our wall clock: its `Date` where it has none.
    pub(super) wall: SystemTime,
}

#[derive(Debug)]
struct Stored {
    headers: Kept,
    /// Fingerprint of the request's headers that `Vary` names.
    selecting: u64,
    body: Copy,
    asked_at: Duration,
    /// What was left of its lifetime when it was asked for.
    fresh_for: Duration,
}

impl Browser {
    /// What there is for this URL at this time of the scenario clock. Unsafe methods are
    /// never answered from a copy.
    pub(super) fn look(&self, url: u64, asked: &Asked, now: Duration) -> Have {
        let Some(stored) = self.copies.get(&url).filter(|_| asked.method == Method::GET) else {
            return Have::Nothing;
        };
        // A copy for other request headers is none for this one (section 4.1).
        if stored.headers.selecting(&asked.headers) != Some(stored.selecting) {
            return Have::Nothing;
        }
        if stored.satisfies(asked, now) {
            return Have::Fresh(stored.body);
        }
        let conditional = stored.headers.conditional();
        if conditional.is_empty() { Have::Nothing } else { Have::Stale { conditional } }
    }

    /// Takes in the answer to a read and tells what the person now sees: its body, or
    /// after a 304 the copy's. `None` for an answer that shows nothing of the resource.
    ///
    /// Only 200 is kept. A cache may keep a 404 or a 301 as well; here they are faults
    /// and journeys, and must be seen each time.
    pub(super) fn remember(&mut self, url: u64, asked: &Asked, received: &Received<'_>) -> Option<Copy> {
        match received.status {
            200 => {
                let headers = Kept::of(received.headers, received.wall);
                let old = self.copies.shift_remove(&url);
                let new = New { headers, body: received.body, asked_at: received.asked_at };
                self.store(url, asked, new, old.as_ref());
                Some(received.body)
            }
            304 => {
                let old = self.copies.shift_remove(&url)?;
                // Section 4.3.4: a 304 about another representation updates nothing.
                let about = old.headers.selecting(&asked.headers) == Some(old.selecting)
                    && old.headers.validated_by(received.headers);
                if !about {
                    return None;
                }
                let headers = old.headers.updated(received.headers, received.wall);
                let new = New { headers, body: old.body, asked_at: received.asked_at };
                self.store(url, asked, new, Some(&old));
                Some(old.body)
            }
            // A server in trouble says nothing about the copy (section 4.3.3).
            500.. => None,
            _ => {
                self.copies.shift_remove(&url);
                None
            }
        }
    }

    /// An unsafe request to this URL was answered: a non-error answer makes the copy
    /// invalid (section 4.4).
    pub(super) fn wrote(&mut self, url: u64, status: u16) {
        if (200..400).contains(&status) {
            self.copies.shift_remove(&url);
        }
    }

    fn store(&mut self, url: u64, asked: &Asked, new: New, old: Option<&Stored>) {
        // `Vary: *` selects nothing, ever.
        let Some(selecting) = new.headers.selecting(&asked.headers) else { return };
        let fresh_for = match old {
            // The same headers have the same lifetime: most answers repeat the last one's.
            Some(old) if old.headers == new.headers && !asked.restricts() => old.fresh_for,
            Some(_) | None => {
                let policy = policy(asked, &new.headers, new.asked_at);
                if !policy.is_storable() {
                    return;
                }
                policy.time_to_live(moment(new.asked_at))
            }
        };
        let New { headers, body, asked_at } = new;
        self.copies.insert(url, Stored { headers, selecting, body, asked_at, fresh_for });
        if self.copies.len() > COPIES {
            self.copies.shift_remove_index(0);
        }
    }
}

/// A copy about to be stored.
struct New {
    headers: Kept,
    body: Copy,
    asked_at: Duration,
}

impl Stored {
    /// Whether it may be shown without asking.
    fn satisfies(&self, asked: &Asked, now: Duration) -> bool {
        if asked.restricts() {
            let policy = policy(asked, &self.headers, self.asked_at);
            return matches!(policy.before_request(asked, moment(now)), BeforeRequest::Fresh(_));
        }
        // The same rule, worked out when the copy was stored: a look costs no parsing.
        now.saturating_sub(self.asked_at) < self.fresh_for
    }
}

impl Asked {
    /// Whether the request has wishes of its own about caching (RFC 9111, section 5.2.1).
    fn restricts(&self) -> bool {
        self.headers.contains_key(CACHE_CONTROL) || self.headers.contains_key(PRAGMA)
    }
}

/// The rules for a stored 200, from the point of view of one person's cache. The request
/// is the one at hand: its URL and its selecting headers have been found equal.
fn policy(asked: &Asked, headers: &Kept, asked_at: Duration) -> CachePolicy {
    let options = CacheOptions { shared: false, ..CacheOptions::default() };
    CachePolicy::new_options(asked, &Answer(headers.to_map()), moment(asked_at), options)
}

fn moment(scenario: Duration) -> SystemTime {
    SystemTime::UNIX_EPOCH + scenario
}

impl RequestLike for Asked {
    fn uri(&self) -> Uri {
        Uri::default()
    }
    fn is_same_uri(&self, _: &Uri) -> bool {
        // Copies are found by the URL's fingerprint.
        true
    }
    fn method(&self) -> &Method {
        &self.method
    }
    fn headers(&self) -> &HeaderMap {
        &self.headers
    }
}

struct Answer(HeaderMap);

impl http_cache_semantics::ResponseLike for Answer {
    fn status(&self) -> StatusCode {
        StatusCode::OK
    }
    fn headers(&self) -> &HeaderMap {
        &self.0
    }
}
