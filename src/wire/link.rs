//! One open connection, driven by whoever asks: no task of its own, so a request wakes
//! one task and not two.

use super::dial::Origin;
use super::exchange::{Answer, Drain};
use super::stream::{Heard, Stream};
use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{Connection, SendRequest};
use hyper_util::rt::TokioIo;
use reqwest::Url;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// A question without an answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// Nothing was sent: the server had closed before.
    Unsent,
    /// The connection ended after something was sent and before any byte came back.
    Silent(hyper::Error),
    /// It broke in the middle, or what came was not HTTP.
    Broken(hyper::Error),
}

impl Failure {
    pub(super) fn words(&self) -> String {
        match self {
            Self::Unsent => "the server closed the connection".to_owned(),
            Self::Silent(error) | Self::Broken(error) => error.to_string(),
        }
    }
}

/// The connection. Dropped in the middle of an exchange, it closes.
pub(super) struct Link {
    origin: Origin,
    absolute: bool,
    headers: HeaderMap,
    sender: SendRequest<Full<Bytes>>,
    connection: Connection<TokioIo<Stream>, Full<Bytes>>,
    ended: bool,
    heard: Heard,
}

impl Link {
    pub(super) fn new(
        origin: Origin,
        absolute: bool,
        headers: HeaderMap,
        sender: SendRequest<Full<Bytes>>,
        connection: Connection<TokioIo<Stream>, Full<Bytes>>,
        heard: Heard,
    ) -> Self {
        Self { origin, absolute, headers, sender, connection, ended: false, heard }
    }

    pub(super) fn leads_to(&self, url: &Url) -> bool {
        self.origin.is_of(url)
    }

    /// Whether requests name the whole URL, as a proxy wants it (RFC 9112 §3.2.2).
    pub(super) fn absolute(&self) -> bool {
        self.absolute
    }

    /// What every request on this connection carries.
    pub(super) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// Sends, and waits for the head of the answer.
    pub(super) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, Failure> {
        // Looks at the socket first: a server that has closed meanwhile shows here.
        if !self.is_open() {
            return Err(Failure::Unsent);
        }
        self.heard.clear();
        let answer = self.sender.try_send_request(request);
        drive(&mut self.connection, &mut self.ended, answer).await.map_err(|mut failed| {
            if failed.take_message().is_some() {
                Failure::Unsent
            } else if self.heard.anything() {
                Failure::Broken(failed.into_error())
            } else {
                Failure::Silent(failed.into_error())
            }
        })
    }

    /// Reads the answer to its last byte.
    pub(super) async fn drain(
        &mut self,
        response: Response<Incoming>,
        keep: bool,
    ) -> Result<Answer, hyper::Error> {
        let (head, mut body) = response.into_parts();
        let mut drain = Drain::new(keep);
        while let Some(frame) = drive(&mut self.connection, &mut self.ended, body.frame()).await {
            if let Some(piece) = frame?.data_ref() {
                drain.take(piece, body.is_end_stream());
            }
        }
        Ok(drain.answer(head.status.as_u16(), head.headers))
    }

    /// Whether the next request can go out. Nobody waits here: what the socket has to say
    /// it has said, or says it later.
    pub(super) fn is_open(&mut self) -> bool {
        let mut nobody = Context::from_waker(Waker::noop());
        self.ended = self.ended || Pin::new(&mut self.connection).poll(&mut nobody).is_ready();
        !self.ended && self.sender.is_ready()
    }
}

/// Waits for something that only the connection's progress can bring.
async fn drive<F: Future>(
    connection: &mut Connection<TokioIo<Stream>, Full<Bytes>>,
    ended: &mut bool,
    wanted: F,
) -> F::Output {
    let mut wanted = pin!(wanted);
    poll_fn(|context| {
        // Asking tells the connection what is wanted, so it comes first.
        if let Poll::Ready(output) = wanted.as_mut().poll(context) {
            return Poll::Ready(output);
        }
        if !*ended {
            *ended = Pin::new(&mut *connection).poll(context).is_ready();
        }
        wanted.as_mut().poll(context)
    })
    .await
}
