//! Changes of links and reports, and the state of the links after one.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::links::{Groups, Links, ReportFacts};

/// One change of who is linked to whom, or of which reports there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// A parent becomes a student's guardian, or is it no longer.
    Guardian { student: i64, parent: i64, linked: bool },
    /// A tutor takes on a student, or gives them up.
    Tutor { student: i64, tutor: i64, linked: bool },
    /// A student moves to this class.
    Class { student: i64, class: i64 },
    /// This teacher (or nobody) teaches the subject in the class from now on.
    Teacher { class: i64, subject: i64, teacher: Option<i64> },
    /// A report was written or changed. `group` is whom a custom report is about.
    ReportSaved { id: i64, report: ReportFacts, group: BTreeSet<i64> },
    /// A report is gone.
    ReportDeleted { id: i64 },
}

impl Links {
    /// The links as they are once `change` has happened.
    pub(crate) fn after(&self, change: &Change) -> Self {
        let mut next = self.clone();
        next.version += 1;
        match *change {
            Change::Guardian { student, parent, linked } => {
                set(&mut next.parents_of, student, parent, linked);
            }
            Change::Tutor { student, tutor, linked } => set(&mut next.tutors_of, student, tutor, linked),
            Change::Class { student, class } => {
                Arc::make_mut(&mut next.class_of).insert(student, class);
            }
            Change::Teacher { class, subject, teacher } => {
                let subjects = Arc::make_mut(&mut next.teaching).entry(class).or_default();
                match teacher {
                    Some(teacher) => subjects.insert(subject, teacher),
                    None => subjects.remove(&subject),
                };
            }
            Change::ReportSaved { id, report, ref group } => {
                next.forget(id);
                next.file(id, report, group);
            }
            Change::ReportDeleted { id } => next.forget(id),
        }
        next
    }

    /// Enters a report that was not there.
    pub(super) fn file(&mut self, id: i64, report: ReportFacts, group: &BTreeSet<i64>) {
        Arc::make_mut(&mut self.reports).insert(id, report);
        if let Some(student) = report.student {
            set(&mut self.reports_about, student, id, true);
        }
        if let Some(class) = report.class {
            set(&mut self.reports_on_class, class, id, true);
        }
        for student in group {
            set(&mut self.customs_with, *student, id, true);
        }
    }

    fn forget(&mut self, id: i64) {
        let Some(report) = Arc::make_mut(&mut self.reports).remove(&id) else { return };
        if let Some(student) = report.student {
            set(&mut self.reports_about, student, id, false);
        }
        if let Some(class) = report.class {
            set(&mut self.reports_on_class, class, id, false);
        }
        let with: Vec<i64> = self.group_of(id).into_iter().collect();
        for student in with {
            set(&mut self.customs_with, student, id, false);
        }
    }

    /// Whom a custom report is about; nobody for the other types.
    pub(crate) fn group_of(&self, report: i64) -> BTreeSet<i64> {
        let with = self.customs_with.iter().filter(|(_, reports)| reports.contains(&report));
        with.map(|(student, _)| *student).collect()
    }
}

fn set(groups: &mut Arc<Groups>, of: i64, id: i64, linked: bool) {
    let group = Arc::make_mut(groups).entry(of).or_default();
    if linked {
        group.insert(id);
    } else {
        group.remove(&id);
    }
}
