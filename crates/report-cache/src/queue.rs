//! While the store is away: readers of one key share computations, so that its absence is no herd on the
//! service behind.
//!
//! Without the store nobody knows what is current, so age cannot be judged by generation. A request
//! therefore shares only a computation that begins after it came: what was acknowledged before is in it.
//! For each key one computation runs and one is queued; who comes while one runs joins the queued one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use foldhash::HashMap;
use http::{HeaderName, HeaderValue, Request, Response};
use http_body::Body;
use tokio::sync::watch;
use tower::Service;

use crate::cache::Inner;
use crate::etag::ETag;
use crate::flight::{Computed, compute, kept};
use crate::key::ReportKey;

/// A computation that takes longer no longer keeps the next one from beginning (wall time): one that
/// hangs is not to hang its key.
const OVERDUE: Duration = Duration::from_secs(2);

/// All keys that are computed without the store.
#[derive(Debug, Default)]
pub(crate) struct Queues(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    at: HashMap<ReportKey, Line>,
    /// Numbers the computations.
    turns: u64,
}

/// A line stands while it is not empty.
#[derive(Debug, Default)]
struct Line {
    running: Option<Run>,
    queued: Option<Run>,
}

#[derive(Debug)]
struct Run {
    number: u64,
    /// Closed when the computation ends.
    report: watch::Receiver<Option<Shared>>,
}

/// A report as others than its first reader get it.
#[derive(Debug, Clone)]
pub(crate) struct Shared {
    fields: Vec<(HeaderName, HeaderValue)>,
    plain: Bytes,
    etag: ETag,
}

/// What a request does that cannot ask the store.
#[derive(Debug)]
pub(crate) enum Place {
    /// Compute when the turn comes, and let the others have it.
    Lead(Turn),
    /// Wait for a computation that has not begun yet.
    Share(Sharing),
}

impl Queues {
    pub(crate) fn line_up(self: &Arc<Self>, key: ReportKey) -> Place {
        let mut lines = self.lines();
        let number = lines.turns;
        lines.turns += 1;
        let line = lines.at.entry(key).or_default();
        if let Some(queued) = &line.queued {
            return Place::Share(Sharing { report: queued.report.clone() });
        }
        let (sender, report) = watch::channel(None);
        let run = Run { number, report };
        let ahead = line.running.as_ref().map(|running| running.report.clone());
        match ahead {
            None => line.running = Some(run),
            Some(_) => line.queued = Some(run),
        }
        Place::Lead(Turn { queues: Arc::clone(self), key, number, ahead, sender })
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The duty to compute. Dropped without a report to share, those who wait for one are told.
#[derive(Debug)]
pub(crate) struct Turn {
    queues: Arc<Queues>,
    key: ReportKey,
    number: u64,
    /// What ran when this was queued.
    ahead: Option<watch::Receiver<Option<Shared>>>,
    sender: watch::Sender<Option<Shared>>,
}

impl Turn {
    /// Waits for the turn, computes and shares. To be run as a task, so that it ends even if the one who
    /// asked for it has gone: others may be waiting.
    ///
    /// # Errors
    /// What the service fails with.
    pub(crate) async fn compute<S, Req, Res>(
        mut self,
        cache: Arc<Inner>,
        inner: S,
        request: Request<Req>,
    ) -> Result<Computed<Res>, S::Error>
    where
        S: Service<Request<Req>, Response = Response<Res>>,
        Res: Body<Data = Bytes>,
    {
        self.comes().await;
        let computed = compute(&cache, inner, request).await?;
        match &computed {
            Computed::Report { parts, plain, etag } => {
                let shared =
                    Shared { fields: kept(&parts.headers), plain: plain.clone(), etag: etag.clone() };
                self.sender.send_replace(Some(shared));
            }
            Computed::Other(_) => {}
        }
        Ok(computed)
    }

    /// Until what ran before has ended, or is overdue. From then on nobody joins this one.
    async fn comes(&mut self) {
        let Some(mut ahead) = self.ahead.take() else { return };
        let ends = async { while ahead.changed().await.is_ok() {} };
        if tokio::time::timeout(OVERDUE, ends).await.is_err() {
            tracing::debug!("a computation is overdue; the next one begins beside it");
        }
        let mut lines = self.queues.lines();
        let line = lines.at.get_mut(&self.key).expect("a line stands while anyone is queued");
        line.running = line.queued.take();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut lines = self.queues.lines();
        let Some(line) = lines.at.get_mut(&self.key) else { return };
        // One that was overdue has been replaced.
        line.running.take_if(|run| run.number == self.number);
        line.queued.take_if(|run| run.number == self.number);
        if line.running.is_none() && line.queued.is_none() {
            lines.at.remove(&self.key);
        }
    }
}

/// A request that waits for another's report.
#[derive(Debug)]
pub(crate) struct Sharing {
    report: watch::Receiver<Option<Shared>>,
}

impl Sharing {
    /// The report, or `None` when its computation failed or came to something that is nobody else's.
    pub(crate) async fn report(mut self) -> Option<Shared> {
        self.report.wait_for(Option::is_some).await.ok().and_then(|shared| shared.clone())
    }
}

impl Shared {
    /// As if it had been computed for this request.
    pub(crate) fn into_computed<B: Body>(self) -> Computed<B> {
        let (mut parts, ()) = Response::new(()).into_parts();
        parts.headers.extend(self.fields);
        Computed::Report { parts, plain: self.plain, etag: self.etag }
    }
}
