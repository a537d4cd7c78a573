//! One cached answer, and its form in a store.

use bytes::{BufMut, Bytes, BytesMut};
use http::{HeaderName, HeaderValue, header};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::etag::ETag;
use crate::key::{ReportFacts, ReportType};
use crate::store::Generation;

/// Version of the stored form. An entry of another version is as good as none.
pub const SCHEMA_VERSION: u32 = 1;

/// The response fields that are part of the representation and come back with it.
pub const KEPT_FIELDS: [HeaderName; 3] =
    [header::CONTENT_TYPE, header::CONTENT_DISPOSITION, header::CONTENT_LANGUAGE];

/// A report as it was computed, with what is needed to serve and to validate it.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The answer's bytes. Cloning shares them.
    pub body: Bytes,
    /// Strong validator over `body`.
    pub etag: ETag,
    /// The fields among [`KEPT_FIELDS`] the service gave.
    pub fields: Vec<(HeaderName, HeaderValue)>,
    /// Wall milliseconds since 1970 when the answer was computed.
    pub stored_unix_ms: u64,
    /// The report; 0 for collections.
    pub report_id: u64,
    /// Its type.
    pub report_type: ReportType,
    /// What was current before the computation began.
    pub generation: Generation,
}

impl Entry {
    /// A JSON answer computed under `generation`.
    #[must_use]
    pub fn json(facts: &ReportFacts, generation: Generation, body: Bytes, now_unix_ms: u64) -> Self {
        let json = HeaderValue::from_static("application/json");
        Self {
            etag: ETag::of(&body),
            body,
            fields: vec![(header::CONTENT_TYPE, json)],
            stored_unix_ms: now_unix_ms,
            report_id: facts.key.report_id,
            report_type: facts.report_type,
            generation,
        }
    }

    /// What the entry counts towards the caps, in bytes: body and fields.
    #[must_use]
    pub fn size(&self) -> u64 {
        let fields: usize = self.fields.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        u64::try_from(self.body.len() + fields).expect("a size in memory fits 64 bits")
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
            fields: self.fields.iter().map(|(name, value)| Field::new(name, value)).collect(),
        };
        let head = serde_json::to_vec(&head).expect("a head of plain fields is JSON");
        let mut out = BytesMut::with_capacity(head.len() + 1 + self.body.len());
        out.put_slice(&head);
        out.put_u8(b'\n');
        out.put_slice(&self.body);
        out.freeze()
    }

    /// Reads what [`Entry::encode`] wrote.
    ///
    /// # Errors
    /// [`EntryError`] for another schema version and for bytes this crate did not write.
    pub fn decode(mut stored: Bytes) -> Result<Self, EntryError> {
        let end = stored.iter().position(|&byte| byte == b'\n').ok_or(EntryError::Malformed("no head"))?;
        let head = stored.split_to(end + 1);
        let version: Version = serde_json::from_slice(&head[..end])?;
        if version.v != SCHEMA_VERSION {
            return Err(EntryError::Schema { found: version.v });
        }
        let head: Head = serde_json::from_slice(&head[..end])?;
        Ok(Self {
            body: stored,
            etag: ETag::parse(&head.etag).ok_or(EntryError::Malformed("entity tag"))?,
            fields: head.fields.into_iter().map(Field::read).collect::<Result<_, _>>()?,
            stored_unix_ms: head.stored,
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
    fields: Vec<Field>,
}

/// A header field; the value as bytes, since it may not be UTF-8.
#[derive(Serialize, Deserialize)]
struct Field(String, Vec<u8>);

impl Field {
    fn new(name: &HeaderName, value: &HeaderValue) -> Self {
        Self(name.as_str().to_owned(), value.as_bytes().to_vec())
    }

    fn read(self) -> Result<(HeaderName, HeaderValue), EntryError> {
        let name = self.0.parse().map_err(|_| EntryError::Malformed("field name"))?;
        let value = HeaderValue::from_bytes(&self.1).map_err(|_| EntryError::Malformed("field value"))?;
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
        let mut entry = Entry::json(
            &facts,
            Generation::fresh(),
            Bytes::from_static(b"{\"a\":\"\n\"}"),
            1_700_000_000_123,
        );
        let name = HeaderValue::from_bytes(b"attachment; filename=\"\xe4.csv\"").unwrap();
        entry.fields.push((header::CONTENT_DISPOSITION, name));
        entry
    }

    #[test]
    fn an_entry_reads_back_as_it_was_written() {
        let written = entry();
        assert_eq!(Entry::decode(written.encode()).unwrap(), written);
    }

    #[test]
    fn what_this_version_did_not_write_is_refused() {
        let other = Bytes::from_static(b"{\"v\":2,\"etag\":1}\nbody");
        assert!(matches!(Entry::decode(other), Err(EntryError::Schema { found: 2 })));
        for bytes in ["", "no line", "{}\n", "{\"v\":1}\nbody"] {
            assert!(Entry::decode(Bytes::from_static(bytes.as_bytes())).is_err(), "{bytes:?}");
        }
    }
}
