//! One cached answer, and its form in a store.

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderName, HeaderValue, header};
use serde::{Deserialize, Serialize};
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

use crate::coding::{Coding, Packed};
use crate::etag::ETag;
use crate::key::{ReportFacts, ReportType};
use crate::store::Generation;

/// Version of the stored form. An entry of another version is as good as none.
pub const SCHEMA_VERSION: u32 = 2;

/// The response fields that are part of the representation and come back with it.
pub const KEPT_FIELDS: [HeaderName; 3] =
    [header::CONTENT_TYPE, header::CONTENT_DISPOSITION, header::CONTENT_LANGUAGE];

/// A report as it was computed, with what is needed to serve and to validate it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The answer's bytes, perhaps compressed. Cloning shares them.
    pub body: Packed,
    /// Strong validator over the plain bytes.
    pub etag: ETag,
    /// The fields among [`KEPT_FIELDS`] the service gave.
    pub fields: Vec<(HeaderName, HeaderValue)>,
    /// Wall milliseconds since 1970 when the answer was computed.
    pub stored_unix_ms: u64,
    /// How long it may be served from then on, in scenario time.
    pub ttl: Duration,
    /// How long the computation took, in wall time.
    pub took: Duration,
    /// The report; 0 for collections.
    pub report_id: u64,
    /// Its type.
    pub report_type: ReportType,
    /// What was current before the computation began.
    pub generation: Generation,
}

/// When an answer was computed, how long that took, and how long it may live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Made {
    /// Wall milliseconds since 1970.
    pub at_unix_ms: u64,
    /// Wall time.
    pub took: Duration,
    /// Scenario time.
    pub ttl: Duration,
}

impl Entry {
    /// A JSON answer computed under `generation`, uncompressed.
    #[must_use]
    pub fn json(facts: &ReportFacts, generation: Generation, body: Bytes, made: Made) -> Self {
        let json = HeaderValue::from_static("application/json");
        Self {
            etag: ETag::of(&body),
            body: Packed::identity(body),
            fields: vec![(header::CONTENT_TYPE, json)],
            stored_unix_ms: made.at_unix_ms,
            ttl: made.ttl,
            took: made.took,
            report_id: facts.key.report_id,
            report_type: facts.report_type,
            generation,
        }
    }

    /// What the entry counts towards the caps, in bytes: stored body and fields.
    #[must_use]
    pub fn size(&self) -> u64 {
        let fields: usize = self.fields.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        u64::try_from(self.body.bytes().len() + fields).expect("a size in memory fits 64 bits")
    }

    /// One line of JSON about the answer, then the answer.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let head = Head {
            v: SCHEMA_VERSION,
            etag: self.etag.as_str().to_owned(),
            stored: self.stored_unix_ms,
            report: self.report_id,
            report_type: self.report_type.as_str().to_owned(),
            generation: self.generation.to_string(),
            ttl: millis(self.ttl),
            took: millis(self.took),
            gzip_of: match self.body.coding() {
                Coding::Identity => None,
                Coding::Gzip => Some(self.body.plain_len()),
            },
            sum: xxh3_64(self.body.bytes()),
            fields: self.fields.iter().map(|(name, value)| Field::new(name, value)).collect(),
        };
        let body = self.body.bytes();
        let head = serde_json::to_vec(&head).expect("a head of plain fields is JSON");
        let mut out = BytesMut::with_capacity(head.len() + 1 + body.len());
        out.put_slice(&head);
        out.put_u8(b'\n');
        out.put_slice(body);
        out.freeze()
    }

    /// Reads what [`Entry::encode`] wrote.
    ///
    /// # Errors
    /// [`EntryError`] for another schema version and for bytes this crate did not write.
    pub fn decode(mut stored: Bytes) -> Result<Self, EntryError> {
        let end = stored.iter().position(|&byte| byte == b'\n').ok_or(EntryError::Malformed("no head"))?;
        let head = stored.split_to(end + 1);
        let head: Head = serde_json::from_slice(&head[..end]).map_err(|error| {
            // A head of another version may well have other members: then it is that, not malformed.
            match serde_json::from_slice::<Version>(&head[..end]) {
                Ok(Version { v }) if v != SCHEMA_VERSION => EntryError::Schema { found: v },
                Ok(_) | Err(_) => EntryError::Head(error),
            }
        })?;
        if head.v != SCHEMA_VERSION {
            return Err(EntryError::Schema { found: head.v });
        }
        if head.sum != xxh3_64(&stored) {
            return Err(EntryError::Malformed("checksum"));
        }
        Ok(Self {
            body: match head.gzip_of {
                None => Packed::identity(stored),
                Some(plain_len) => Packed::stored(Coding::Gzip, stored, plain_len),
            },
            etag: ETag::parse(&head.etag).ok_or(EntryError::Malformed("entity tag"))?,
            fields: head.fields.into_iter().map(Field::read).collect::<Result<_, _>>()?,
            stored_unix_ms: head.stored,
            ttl: Duration::from_millis(head.ttl),
            took: Duration::from_millis(head.took),
            report_id: head.report,
            report_type: head.report_type.parse().map_err(|_| EntryError::Malformed("report type"))?,
            generation: head.generation.parse().map_err(|_| EntryError::Malformed("generation"))?,
        })
    }
}

/// Bytes in a store that are no entry of this version.
#[derive(Debug, Error)]
pub enum EntryError {
    /// Written by another version of this crate.
    #[error("entry has schema version {found}, this is version {SCHEMA_VERSION}")]
    Schema {
        /// The version found.
        found: u32,
    },
    /// The head is not the JSON it should be.
    #[error("entry head: {0}")]
    Head(#[from] serde_json::Error),
    /// A part of the entry cannot be read.
    #[error("entry is malformed: {0}")]
    Malformed(&'static str),
}

#[derive(Deserialize)]
struct Version {
    v: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    v: u32,
    etag: String,
    /// Wall milliseconds since 1970.
    stored: u64,
    report: u64,
    #[serde(rename = "type")]
    report_type: String,
    generation: String,
    /// Scenario milliseconds.
    ttl: u64,
    /// Wall milliseconds.
    took: u64,
    /// Length of the plain body, when the body is gzip.
    gzip_of: Option<usize>,
    /// XXH3 of the stored body: a damaged one must be a miss, not another report.
    sum: u64,
    fields: Vec<Field>,
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A header field; each byte of the value as the character of that number, since it may not be UTF-8.
#[derive(Serialize, Deserialize)]
struct Field(String, String);

impl Field {
    fn new(name: &HeaderName, value: &HeaderValue) -> Self {
        Self(name.as_str().to_owned(), value.as_bytes().iter().copied().map(char::from).collect())
    }

    fn read(self) -> Result<(HeaderName, HeaderValue), EntryError> {
        let name = self.0.parse().map_err(|_| EntryError::Malformed("field name"))?;
        let bytes: Result<Vec<u8>, _> = self.1.chars().map(u8::try_from).collect();
        let value = bytes.ok().and_then(|bytes| HeaderValue::try_from(bytes).ok());
        let value = value.ok_or(EntryError::Malformed("field value"))?;
        Ok((name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filters::Filters;
    use crate::key::ReportKey;

    fn entry() -> Entry {
        let key = ReportKey::new(42, 7, &Filters::empty());
        let facts = ReportFacts { key, report_type: ReportType::Analytics, role: "teacher" };
        let made = Made {
            at_unix_ms: 1_700_000_000_123,
            took: Duration::from_millis(7),
            ttl: Duration::from_secs(300),
        };
        let body = Bytes::from_static(b"{\"a\":\"\n\"}");
        let mut entry = Entry::json(&facts, Generation::fresh(), body, made);
        let name = HeaderValue::from_bytes(b"attachment; filename=\"\xe4.csv\"").unwrap();
        entry.fields.push((header::CONTENT_DISPOSITION, name));
        entry
    }

    #[test]
    fn an_entry_reads_back_as_it_was_written() {
        let written = entry();
        assert_eq!(Entry::decode(written.encode()).unwrap(), written);
        let body = Packed::gzip_above(0, Bytes::from("a".repeat(1_000)));
        let written = Entry { body, ..written };
        assert_eq!(Entry::decode(written.encode()).unwrap(), written);
    }

    #[test]
    fn a_body_that_changed_in_the_store_is_refused() {
        let mut stored = entry().encode().to_vec();
        *stored.last_mut().unwrap() ^= 1;
        assert!(matches!(Entry::decode(stored.into()), Err(EntryError::Malformed("checksum"))));
        let stored = entry().encode();
        assert!(Entry::decode(stored.slice(..stored.len() - 1)).is_err());
    }

    #[test]
    fn what_this_version_did_not_write_is_refused() {
        let other = Bytes::from_static(b"{\"v\":1,\"etag\":1}\nbody");
        assert!(matches!(Entry::decode(other), Err(EntryError::Schema { found: 1 })));
        for bytes in ["", "no line", "{}\n", "{\"v\":2}\nbody"] {
            assert!(Entry::decode(Bytes::from_static(bytes.as_bytes())).is_err(), "{bytes:?}");
        }
    }
}
