//! What goes out: the form of a report that one reader gets, and the response it goes in.

use bytes::Bytes;
use http::{Response, StatusCode, header, response};
use http_body::Body;

use crate::body::CacheBody;
use crate::coding::{Coding, Packed};
use crate::entry::KEPT_FIELDS;
use crate::etag::ETag;
use crate::headers::{RequestFacts, Stamp};

/// The selected representation (RFC 9110 §3.2) of a report, as far as the reader needs it.
#[derive(Debug)]
pub(crate) struct Form {
    /// The tag of this form.
    etag: ETag,
    coding: Coding,
    content: Content,
}

#[derive(Debug)]
enum Content {
    /// The reader holds it: 304.
    Unchanged,
    /// HEAD: so many bytes it would be.
    Length(usize),
    /// All of it.
    Whole(Bytes),
}

impl Form {
    /// Selects the form of `stored` that suits the request; `plain` is asked for the plain bytes only if
    /// they are sent. `etag` is that of the plain form.
    ///
    /// # Errors
    /// What `plain` fails with.
    pub(crate) fn select<E>(
        asked: &RequestFacts,
        head: bool,
        etag: &ETag,
        stored: &Packed,
        plain: impl FnOnce() -> Result<Bytes, E>,
    ) -> Result<Self, E> {
        let coding = asked.accept_encoding.choose(stored.coding());
        let content = match (coding == stored.coding(), head) {
            _ if asked.holds(etag) => Content::Unchanged,
            (true, true) => Content::Length(stored.bytes().len()),
            (true, false) => Content::Whole(stored.bytes().clone()),
            (false, true) => Content::Length(stored.plain_len()),
            (false, false) => Content::Whole(plain()?),
        };
        Ok(Self { etag: etag.coded(coding), coding, content })
    }

    pub(crate) fn is_unchanged(&self) -> bool {
        matches!(self.content, Content::Unchanged)
    }

    /// The 200 or 304 with this form, on top of the fields in `parts`.
    pub(crate) fn into_response<B: Body<Data = Bytes>>(
        self,
        mut parts: response::Parts,
        stamp: &Stamp<'_>,
    ) -> Response<CacheBody<B>> {
        let headers = &mut parts.headers;
        headers.reserve(12);
        headers.remove(header::TRANSFER_ENCODING);
        headers.remove(header::CONTENT_LENGTH);
        stamp.cacheable(headers, &self.etag);
        let (len, body) = match self.content {
            Content::Unchanged => {
                parts.status = StatusCode::NOT_MODIFIED;
                for name in &KEPT_FIELDS {
                    headers.remove(name);
                }
                return Response::from_parts(parts, CacheBody::empty());
            }
            Content::Length(len) => (len, CacheBody::empty()),
            Content::Whole(bytes) => (bytes.len(), CacheBody::whole(bytes)),
        };
        headers.insert(header::CONTENT_LENGTH, len.into());
        match self.coding {
            Coding::Identity => {}
            Coding::Gzip => {
                headers.insert(header::CONTENT_ENCODING, header::HeaderValue::from_static("gzip"));
            }
        }
        Response::from_parts(parts, body)
    }
}
