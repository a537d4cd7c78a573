//! The headers of a stored answer: only those that caching needs, in one small block.
//!
//! A thousand people with full browsers hold 200,000 copies, so each must stay near 200
//! bytes. A `HeaderMap` or a `CachePolicy` takes several times that, and the values of a
//! received one keep the connection's whole read buffer alive.

use http::header::{
    AGE, CACHE_CONTROL, DATE, ETAG, EXPIRES, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE,
    IF_NONE_MATCH, LAST_MODIFIED, PRAGMA, VARY,
};
use jiff::Timestamp;
use jiff::fmt::rfc2822::{DateTimeParser, DateTimePrinter};
use std::time::SystemTime;

/// The headers that decide about storing, freshness, validation and selection.
const NAMES: [HeaderName; 8] = [CACHE_CONTROL, ETAG, LAST_MODIFIED, EXPIRES, DATE, AGE, VARY, PRAGMA];

/// Lines of an index into [`NAMES`] and a value, each ended by a line feed, which no
/// header value can hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept(Box<[u8]>);

impl Kept {
    /// What to keep of these headers, received at this moment of our wall clock.
    pub(super) fn of(headers: &HeaderMap, wall: SystemTime) -> Self {
        Self::from_values(|name| bytes(headers, name).collect(), wall)
    }

    /// These headers after a 304 (RFC 9111, section 3.2): what it names is replaced. `Age`
    /// and `Date` belong to one answer and are the new one's or nobody's.
    pub(super) fn updated(&self, headers: &HeaderMap, wall: SystemTime) -> Self {
        let values = |name: &HeaderName| {
            let replaced = headers.contains_key(name) || *name == AGE || *name == DATE;
            if replaced { bytes(headers, name).collect() } else { self.values(name).collect() }
        };
        Self::from_values(values, wall)
    }

    fn from_values<'a>(values: impl Fn(&HeaderName) -> Vec<&'a [u8]>, wall: SystemTime) -> Self {
        // Dates are only ever compared with the answer's own Date.
        let dated = !values(&EXPIRES).is_empty() || !values(&LAST_MODIFIED).is_empty();
        let mut block = Vec::new();
        for (index, name) in (0_u8..).zip(&NAMES) {
            if *name == DATE {
                if dated {
                    line(&mut block, index, date(values(name).first(), wall).as_bytes());
                }
                continue;
            }
            for value in values(name) {
                // Directives and field names are the same in either case (RFC 9111,
                // section 5.2), which the crate that reads them does not know.
                if [CACHE_CONTROL, PRAGMA, VARY].contains(name) {
                    line(&mut block, index, &value.to_ascii_lowercase());
                } else {
                    line(&mut block, index, value);
                }
            }
        }
        Self(block.into_boxed_slice())
    }

    fn lines(&self) -> impl Iterator<Item = (&HeaderName, &[u8])> {
        self.0.split(|byte| *byte == b'\n').filter_map(|line| {
            let (index, value) = line.split_first()?;
            Some((NAMES.get(usize::from(*index))?, value))
        })
    }

    fn values(&self, name: &HeaderName) -> impl Iterator<Item = &[u8]> {
        self.lines().filter(move |(kept, _)| *kept == name).map(|(_, value)| value)
    }

    /// As headers again.
    pub(super) fn to_map(&self) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(NAMES.len());
        for (name, value) in self.lines() {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                map.append(name.clone(), value);
            }
        }
        map
    }

    /// The conditions of a request that validates this answer (RFC 9111, section 4.3.1):
    /// both validators, as far as there are.
    pub(super) fn conditional(&self) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (condition, validator) in [(IF_NONE_MATCH, ETAG), (IF_MODIFIED_SINCE, LAST_MODIFIED)] {
            if let Some(value) = self.values(&validator).next()
                && let Ok(value) = HeaderValue::from_bytes(value)
            {
                map.insert(condition, value);
            }
        }
        map
    }

    /// Fingerprint of the request headers that `Vary` names (RFC 9111, section 4.1);
    /// `None` for `*`, which no request matches.
    pub(super) fn selecting(&self, request: &HeaderMap) -> Option<u64> {
        let mut hash = xxhash_rust::xxh3::Xxh3::new();
        for line in self.values(&VARY) {
            for name in line.split(|byte| *byte == b',').map(<[u8]>::trim_ascii) {
                if name == b"*" {
                    return None;
                }
                hash.update(name);
                // A name that is none selects by its absence.
                if let Ok(name) = HeaderName::from_bytes(name) {
                    for value in request.get_all(name) {
                        hash.update(b"\n");
                        hash.update(value.as_bytes());
                    }
                }
                hash.update(b"\n\n");
            }
        }
        Some(hash.digest())
    }

    /// Whether a 304 is about this answer (RFC 9111, section 4.3.4): the entity tags are
    /// equal, else the dates of modification. One that names neither answers our own
    /// condition and can only mean the one copy that was asked about.
    pub(super) fn validated_by(&self, answer: &HeaderMap) -> bool {
        let tag = |value: Option<&[u8]>| {
            let value = value?.trim_ascii().to_vec();
            Some(value.strip_prefix(b"W/").map(<[u8]>::to_vec).unwrap_or(value))
        };
        match (tag(self.values(&ETAG).next()), tag(bytes(answer, &ETAG).next())) {
            (Some(stored), Some(answer)) => stored == answer,
            (None, Some(_)) => false,
            (_, None) => bytes(answer, &LAST_MODIFIED)
                .next()
                .is_none_or(|told| self.values(&LAST_MODIFIED).next().is_none_or(|stored| stored == told)),
        }
    }

    /// Bytes of the block.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

fn bytes<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    headers.get_all(name).iter().map(HeaderValue::as_bytes)
}

fn line(block: &mut Vec<u8>, index: u8, value: &[u8]) {
    block.push(index);
    block.extend_from_slice(value);
    block.push(b'\n');
}

/// The moment the answer was made, in one spelling. Where it does not say (or not
/// legibly), it is when it came (RFC 9110, section 6.6.1): `Expires` must have a moment
/// of the same kind of clock to be compared with, and the scenario's is not one.
fn date(value: Option<&&[u8]>, wall: SystemTime) -> String {
    let told = value.and_then(|value| DateTimeParser::new().parse_timestamp(value).ok());
    let came = || Timestamp::try_from(wall).unwrap_or(Timestamp::UNIX_EPOCH);
    let moment = told.unwrap_or_else(came);
    // A year that HTTP cannot write (after 9999) is as illegible as no date.
    DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).unwrap_or_default()
}
