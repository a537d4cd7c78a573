//! A write, in the one order that keeps readers right: rows, commit, links, cache, answer.
//!
//! In: a handler's statements, and what they changed. Each write is one transaction. Nothing is removed
//! from the cache before the commit, and nothing is acknowledged before the removal.

use std::future::Future;
use std::sync::Arc;

use report_cache::{Invalidation, Reason};

use super::problem::Problem;
use crate::Service;
use crate::db::{Purpose, Session};
use crate::domain::{Change, Links, Touched, Turn, Work};
use crate::outbox;

/// A write under way. Dropped without a commit, it leaves rows, links and cache as they were.
pub(super) struct Write<'s> {
    service: &'s Service,
    turn: Turn<'s>,
    session: Session,
    links: Arc<Links>,
}

impl<'s> Write<'s> {
    /// Waits for its turn and opens the transaction.
    pub(super) async fn begin(service: &'s Service) -> sqlx::Result<Self> {
        let turn = service.relations.turn().await;
        let mut session = service.db.write(Purpose::Write).await?;
        // Whom this write touches must be told by the links as the rows have them.
        let links = service.relations.current(&turn, &mut session).await?;
        Ok(Self { service, turn, session, links })
    }

    /// For the statements.
    pub(super) fn session(&mut self) -> &mut Session {
        &mut self.session
    }

    /// The links of the rows that this transaction sees.
    pub(super) fn links(&self) -> &Links {
        &self.links
    }

    /// Ends a write of students' work.
    pub(super) async fn commit_work(self, works: &[Work]) -> sqlx::Result<()> {
        let Some(first) = works.first() else { return self.session.commit().await };
        let touched = works.iter().map(|work| Touched::by_work(&self.links, *work));
        let event = touched.fold(Touched::default(), Touched::and).because(why(first));
        self.commit(None, event).await
    }

    /// Ends a write of a link or a report.
    pub(super) async fn commit_change(mut self, change: &Change) -> sqlx::Result<()> {
        let next = self.links.after(change);
        next.stamp(&mut self.session).await?;
        let event = Touched::by_change(&self.links, &next, change).because(why_changed(change));
        self.commit(Some(next), event).await
    }

    async fn commit(self, next: Option<Links>, event: Invalidation) -> sqlx::Result<()> {
        let Self { service, turn, mut session, links: _ } = self;
        let row =
            if event.scopes.is_empty() { None } else { Some(outbox::record(&mut session, &event).await?) };
        session.commit().await?;
        if let Some(next) = next {
            service.relations.replace(&turn, Arc::new(next));
        }
        drop(turn);
        let Some(row) = row else { return Ok(()) };
        if let Err(error) = service.cache.invalidate_recorded(row, &event).await {
            // The rows are committed and stand, and so does the row of the outbox. This process replays it
            // before it reads its store again; another one within the declared bound.
            tracing::error!(%error, reason = event.reason.as_str(), "a write was saved but not invalidated");
        }
        Ok(())
    }
}

/// Runs a write as a task of its own: were the client to hang up after the commit, the invalidation
/// must still run.
pub(super) async fn to_the_end<T: Send + 'static>(
    write: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<T, Problem> {
    tokio::spawn(write).await.map_err(|error| Problem::Internal(error.to_string()))?
}

fn why(work: &Work) -> Reason {
    match work {
        Work::Graded { .. } => Reason::GradeChanged,
        Work::Submitted { .. } => Reason::AssignmentSubmitted,
        Work::Material { .. } => Reason::MaterialProgress,
        Work::Element { .. } => Reason::ElementProgress,
    }
}

fn why_changed(change: &Change) -> Reason {
    match change {
        Change::Guardian { .. } | Change::Tutor { .. } | Change::Class { .. } | Change::Teacher { .. } => {
            Reason::LinkChanged
        }
        Change::ReportSaved { .. } => Reason::ReportSaved,
        Change::ReportDeleted { .. } => Reason::ReportDeleted,
    }
}
