//! The body of a response that passed the cache.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;

/// Either bytes from the cache, or the service's own body.
pub struct CacheBody<B: Body>(Inside<B>);

enum Inside<B: Body> {
    /// The whole answer, or nothing.
    Bytes(Option<Bytes>),
    /// The service's body, after what was already read of it.
    Streamed { head: Option<Bytes>, rest: Pin<Box<B>> },
    /// The service's body broke while it was read.
    Broken(Option<Box<B::Error>>),
}

/// What reading the service's body came to.
pub(crate) enum Collected<B: Body> {
    /// All of it.
    Whole(Bytes),
    /// More than may be stored, or broken: to be passed on.
    Passed(CacheBody<B>),
}

impl<B: Body<Data = Bytes>> CacheBody<B> {
    pub(crate) fn empty() -> Self {
        Self(Inside::Bytes(None))
    }

    pub(crate) fn whole(bytes: Bytes) -> Self {
        Self(Inside::Bytes((!bytes.is_empty()).then_some(bytes)))
    }

    pub(crate) fn passed(body: B) -> Self {
        Self(Inside::Streamed { head: None, rest: Box::pin(body) })
    }

    /// Reads `body`, up to `limit` bytes.
    pub(crate) async fn collect(body: B, limit: usize) -> Collected<B> {
        let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
        if announced > limit {
            return Collected::Passed(Self::passed(body));
        }
        let mut body = Box::pin(body);
        let mut read = BytesMut::with_capacity(announced);
        while let Some(frame) = body.frame().await {
            match frame.map(Frame::into_data) {
                Ok(Ok(data)) => read.extend_from_slice(&data),
                // Trailers: nothing a stored report could repeat.
                Ok(Err(_)) => {}
                Err(error) => return Collected::Passed(Self(Inside::Broken(Some(Box::new(error))))),
            }
            if read.len() > limit {
                return Collected::Passed(Self(Inside::Streamed { head: Some(read.freeze()), rest: body }));
            }
        }
        Collected::Whole(read.freeze())
    }
}

impl<B: Body<Data = Bytes>> Body for CacheBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match &mut self.get_mut().0 {
            Inside::Bytes(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Inside::Streamed { head, rest } => match head.take() {
                Some(head) => Poll::Ready(Some(Ok(Frame::data(head)))),
                None => rest.as_mut().poll_frame(cx),
            },
            Inside::Broken(error) => Poll::Ready(error.take().map(|error| Err(*error))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inside::Bytes(bytes) => bytes.is_none(),
            Inside::Streamed { head, rest } => head.is_none() && rest.is_end_stream(),
            Inside::Broken(error) => error.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inside::Bytes(bytes) => SizeHint::with_exact(len(bytes.as_ref())),
            Inside::Streamed { head, rest } => {
                let (head, rest) = (len(head.as_ref()), rest.size_hint());
                let mut hint = SizeHint::new();
                hint.set_lower(head + rest.lower());
                if let Some(upper) = rest.upper() {
                    hint.set_upper(head + upper);
                }
                hint
            }
            Inside::Broken(_) => SizeHint::new(),
        }
    }
}

fn len(bytes: Option<&Bytes>) -> u64 {
    u64::try_from(bytes.map_or(0, Bytes::len)).expect("a size in memory fits 64 bits")
}

impl<B: Body> fmt::Debug for CacheBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inside = match &self.0 {
            Inside::Bytes(_) => "bytes",
            Inside::Streamed { .. } => "streamed",
            Inside::Broken(_) => "broken",
        };
        f.debug_tuple("CacheBody").field(&inside).finish()
    }
}
