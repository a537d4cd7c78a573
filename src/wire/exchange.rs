//! One request and what came of it, whichever client made it.

use crate::observe::Fault;
use bytes::Bytes;
use http::{HeaderMap, Method};
use reqwest::Url;
use std::time::Instant;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// A body above this is not kept, only measured.
pub(super) const KEEP_AT_MOST: usize = 32 << 20;

/// One request.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// Method.
    pub method: &'a Method,
    /// Where to. A name and password in it are sent as HTTP Basic, unless the headers
    /// hold an `Authorization`.
    pub url: &'a Url,
    /// Its own headers; they replace the connection's of the same name.
    pub headers: &'a HeaderMap,
    /// Body.
    pub body: Option<Bytes>,
    /// Whether the answer's body is wanted, not just its digest.
    pub keep: bool,
}

/// A request and what came of it.
#[derive(Debug)]
pub struct Exchange {
    /// When it was begun: before a connection was opened, if one had to be.
    pub started: Instant,
    /// When the headers of the answer (the last one, after redirects) were there.
    pub first_byte: Option<Instant>,
    /// When the last byte was there, or it was given up.
    pub finished: Instant,
    /// Whether the answer came over a connection that was open before. Always false from
    /// a [`super::Control`], which does not tell.
    pub reused: bool,
    /// Redirects followed.
    pub redirects: u8,
    /// The answer, drained.
    pub outcome: Result<Answer, Fault>,
    /// What went wrong, in words, where no answer came: for a message, never to compare.
    pub why: Option<String>,
}

/// An answer, drained to its last byte.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Fingerprint of the body as sent (XXH3, 64 bits).
    pub digest: u64,
    /// Length of the body as sent, in bytes.
    pub bytes: u64,
    /// The body, where it was wanted and is not above 32 MiB.
    pub body: Option<Vec<u8>>,
}

/// Takes a body in, piece by piece.
pub(super) struct Drain {
    digest: Digest,
    bytes: u64,
    body: Option<Vec<u8>>,
}

/// Most bodies come in one piece, and half a kilobyte of hash state is not for them.
enum Digest {
    Whole(u64),
    Pieces(Box<Xxh3>),
}

impl Drain {
    pub(super) fn new(keep: bool) -> Self {
        Self { digest: Digest::Whole(xxh3_64(&[])), bytes: 0, body: keep.then(Vec::new) }
    }

    /// `last`: nothing comes after this piece.
    pub(super) fn take(&mut self, piece: &[u8], last: bool) {
        if last && self.bytes == 0 {
            self.digest = Digest::Whole(xxh3_64(piece));
        } else {
            if let Digest::Whole(_) = self.digest {
                self.digest = Digest::Pieces(Box::default());
            }
            if let Digest::Pieces(digest) = &mut self.digest {
                digest.update(piece);
            }
        }
        self.bytes += piece.len() as u64;
        if let Some(body) = &mut self.body {
            if body.len() + piece.len() > KEEP_AT_MOST {
                self.body = None;
            } else {
                body.extend_from_slice(piece);
            }
        }
    }

    pub(super) fn answer(self, status: u16, headers: HeaderMap) -> Answer {
        let digest = match self.digest {
            Digest::Whole(digest) => digest,
            Digest::Pieces(digest) => digest.digest(),
        };
        Answer { status, headers, digest, bytes: self.bytes, body: self.body }
    }
}
