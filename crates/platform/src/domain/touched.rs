//! Whose cached reports an event changes: pure rules over the links.
//!
//! First which reports the event shows in, then who reads those. A report is computed from rows
//! (`report::Scope`), so the class that counts is the *assignment's*: work that a student did before a
//! move still shows in the old class's reports.

use std::collections::BTreeSet;

use report_cache::{Invalidation, Reason, ReportType};

use super::ReportKind;
use super::change::Change;
use super::links::{Links, ReportFacts};

/// Rows of a student that were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// An answer was scored or commented.
    Graded { student: i64, class: i64, subject: i64, grader: i64 },
    /// An assignment was handed in, or again.
    Submitted { student: i64, class: i64, subject: i64 },
    /// A material was read further.
    Material { student: i64 },
    /// An element was finished, or is open again.
    Element { student: i64 },
}

/// People and report types.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Touched(BTreeSet<(i64, ReportKind)>);

impl Touched {
    /// By rows that were written.
    pub(crate) fn by_work(links: &Links, work: Work) -> Self {
        let mut touched = Self::default();
        match work {
            Work::Graded { student, class, subject, grader } => {
                touched.work(links, student, class, subject);
                // Whoever has just given a mark looks for it, also on reports they see no longer.
                for kind in
                    [ReportKind::StudentProgress, ReportKind::GradeDistribution, ReportKind::Analytics]
                {
                    touched.0.insert((grader, kind));
                }
            }
            Work::Submitted { student, class, subject } => touched.work(links, student, class, subject),
            Work::Material { student } => {
                touched.progress_of(links, student);
                touched.readers(links, links.customs_with(student));
            }
            // Custom reports show materials, not their elements.
            Work::Element { student } => touched.progress_of(links, student),
        }
        touched
    }

    /// By a changed link or report. Who read before loses what they may no longer have; who reads after
    /// must not find what was there when they last had the link.
    pub(crate) fn by_change(before: &Links, after: &Links, change: &Change) -> Self {
        let mut touched = Self::default();
        match *change {
            Change::Guardian { student, parent, .. } => touched.link(after, student, parent, |_| true),
            Change::Tutor { student, tutor, .. } => {
                touched.link(after, student, tutor, |report| report.kind == ReportKind::StudentProgress);
            }
            Change::Class { student, class } => {
                // Both classes' analytics name and count their students; custom reports count what was
                // assigned to the class the student sits in.
                for class in before.class_of(student).into_iter().chain([class]) {
                    let analytics = |report: &ReportFacts| report.kind == ReportKind::Analytics;
                    touched.readers(after, after.reports_on_class(class).filter(analytics));
                }
                touched.readers(after, after.customs_with(student));
                touched.0.extend(after.reports_about(student).map(|report| (student, report.kind)));
            }
            Change::Teacher { class, subject, teacher } => {
                let sides = before.teacher_of(class, subject).into_iter().chain(teacher);
                for side in sides {
                    touched.0.extend(after.reports_on_class(class).map(|report| (side, report.kind)));
                }
            }
            Change::ReportSaved { id, .. } | Change::ReportDeleted { id } => {
                touched.readers(before, before.report(id));
                touched.readers(after, after.report(id));
            }
        }
        touched
    }

    /// Adds what another event touches.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The cache's event for it.
    pub(crate) fn because(self, reason: Reason) -> Invalidation {
        let scope = |(user, kind): (i64, ReportKind)| -> (u64, ReportType) {
            (user.unsigned_abs(), kind.cached_as())
        };
        Invalidation { reason, scopes: self.0.into_iter().map(scope).collect() }
    }

    /// Submissions and answers show in the progress of the student, in the distribution of the subject
    /// and the analytics of the class (both count submissions), and in groups that hold the student.
    fn work(&mut self, links: &Links, student: i64, class: i64, subject: i64) {
        self.progress_of(links, student);
        self.readers(links, links.customs_with(student));
        let of_class = links.reports_on_class(class).filter(|report| match report.kind {
            ReportKind::GradeDistribution => report.subject == Some(subject),
            ReportKind::Analytics => true,
            // The student's own were added; their classmates' show nothing of this.
            ReportKind::StudentProgress | ReportKind::Custom => false,
        });
        self.readers(links, of_class);
    }

    fn progress_of(&mut self, links: &Links, student: i64) {
        let progress = |report: &ReportFacts| report.kind == ReportKind::StudentProgress;
        self.readers(links, links.reports_about(student).filter(progress));
    }

    /// Both sides of a link, for the reports about the student that come with it.
    fn link(&mut self, links: &Links, student: i64, other: i64, with: impl Fn(&ReportFacts) -> bool) {
        for report in links.reports_about(student).filter(with) {
            self.0.insert((student, report.kind));
            self.0.insert((other, report.kind));
        }
    }

    fn readers(&mut self, links: &Links, reports: impl IntoIterator<Item = ReportFacts>) {
        for report in reports {
            self.0.extend(links.readers_of(report).into_iter().map(|reader| (reader, report.kind)));
        }
    }
}

#[cfg(test)]
mod tests;
