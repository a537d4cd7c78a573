//! The stored form of a body: as it is, or gzip above a threshold.
//!
//! Gzip, because browsers take it as it lies: a hit for them is neither packed nor unpacked. Who asks for
//! the plain bytes gets them inflated.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;

use crate::entry::EntryError;

/// How the bytes of a [`Packed`] are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Not at all.
    Identity,
    /// RFC 1952.
    Gzip,
}

/// A body in its stored form. Cloning shares the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    coding: Coding,
    bytes: Bytes,
    plain_len: usize,
}

impl Packed {
    /// `plain` as it is.
    #[must_use]
    pub fn identity(plain: Bytes) -> Self {
        Self { coding: Coding::Identity, plain_len: plain.len(), bytes: plain }
    }

    /// `plain`, compressed if it is longer than `threshold` bytes and gets smaller by it.
    #[must_use]
    pub fn gzip_above(threshold: usize, plain: Bytes) -> Self {
        if plain.len() <= threshold {
            return Self::identity(plain);
        }
        // JSON shrinks to about a tenth at any level; the first costs least.
        let mut encoder = GzEncoder::new(Vec::with_capacity(plain.len() / 8), Compression::fast());
        encoder.write_all(&plain).expect("writing to memory does not fail");
        let coded = encoder.finish().expect("writing to memory does not fail");
        if coded.len() >= plain.len() {
            return Self::identity(plain);
        }
        Self { coding: Coding::Gzip, plain_len: plain.len(), bytes: coded.into() }
    }

    /// What a store gave back.
    pub(crate) fn stored(coding: Coding, bytes: Bytes, plain_len: usize) -> Self {
        Self { coding, bytes, plain_len }
    }

    /// How [`Packed::bytes`] are coded.
    #[must_use]
    pub fn coding(&self) -> Coding {
        self.coding
    }

    /// The bytes as they lie in the store.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Bytes of the plain form.
    #[must_use]
    pub fn plain_len(&self) -> usize {
        self.plain_len
    }

    /// The plain form; inflates no more than it should have.
    ///
    /// # Errors
    /// [`EntryError::Malformed`] when the bytes are not the gzip of that many.
    pub fn plain(&self) -> Result<Bytes, EntryError> {
        match self.coding {
            Coding::Identity => Ok(self.bytes.clone()),
            Coding::Gzip => {
                let mut plain = Vec::with_capacity(self.plain_len);
                let limit = u64::try_from(self.plain_len).unwrap_or(u64::MAX).saturating_add(1);
                let read = GzDecoder::new(&self.bytes[..]).take(limit).read_to_end(&mut plain);
                match read {
                    Ok(len) if len == self.plain_len => Ok(plain.into()),
                    Ok(_) | Err(_) => Err(EntryError::Malformed("compressed body")),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_compressed_above_the_threshold_and_reads_back() {
        let text = Bytes::from("{\"score\": 71}".repeat(500));
        let packed = Packed::gzip_above(4_096, text.clone());
        assert_eq!((packed.coding(), packed.plain_len()), (Coding::Gzip, text.len()));
        assert!(packed.bytes().len() * 5 < text.len());
        assert_eq!(packed.plain().unwrap(), text);
        let below = Packed::gzip_above(text.len(), text.clone());
        assert_eq!((below.coding(), below.bytes()), (Coding::Identity, &text));
    }

    #[test]
    fn what_does_not_get_smaller_stays_as_it_is() {
        let noise: Bytes = (0..10_000).map(|_| rand::random::<u8>()).collect();
        assert_eq!(Packed::gzip_above(0, noise.clone()), Packed::identity(noise));
    }

    #[test]
    fn a_damaged_or_overlong_body_is_an_error_and_not_another_body() {
        let text = Bytes::from("{\"score\": 71}".repeat(500));
        let packed = Packed::gzip_above(0, text.clone());
        let cut = packed.bytes().slice(..packed.bytes().len() / 2);
        assert!(Packed::stored(Coding::Gzip, cut, text.len()).plain().is_err());
        let bytes = packed.bytes().clone();
        assert!(Packed::stored(Coding::Gzip, bytes, text.len() - 1).plain().is_err());
    }
}
