//! Who is linked to whom, as a value: one state of the school's links.
//!
//! It answers "may this person read this report", and its inverse "who reads this report", without a
//! query. A change gives a new value ([`Links::after`]), so that before and after can both be asked.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::{Person, ReportKind, Role};

/// What deciding about a report takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReportFacts {
    pub(crate) kind: ReportKind,
    pub(crate) subject: Option<i64>,
    pub(crate) student: Option<i64>,
    pub(crate) class: Option<i64>,
    pub(crate) author: i64,
}

/// Ids by the id that they are linked to.
pub(super) type Groups = HashMap<i64, BTreeSet<i64>>;

/// The links between people, classes and reports. The maps are shared between states until they differ.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links {
    /// Counts the changes; the database counts along.
    pub(super) version: i64,
    pub(super) people: Arc<HashMap<i64, Person>>,
    pub(super) class_of: Arc<HashMap<i64, i64>>,
    /// Classes, their subjects, and who teaches them there.
    pub(super) teaching: Arc<HashMap<i64, BTreeMap<i64, i64>>>,
    pub(super) parents_of: Arc<Groups>,
    pub(super) tutors_of: Arc<Groups>,
    pub(super) reports: Arc<HashMap<i64, ReportFacts>>,
    pub(super) reports_about: Arc<Groups>,
    pub(super) reports_on_class: Arc<Groups>,
    /// Custom reports by the students in their group.
    pub(super) customs_with: Arc<Groups>,
}

impl Links {
    /// The person with this id.
    pub(crate) fn person(&self, id: i64) -> Option<&Person> {
        self.people.get(&id)
    }

    /// The person with this id, if that is their role.
    pub(crate) fn in_role(&self, id: i64, role: Role) -> Option<&Person> {
        self.person(id).filter(|person| person.role == role)
    }

    /// The report with this id.
    pub(crate) fn report(&self, id: i64) -> Option<ReportFacts> {
        self.reports.get(&id).copied()
    }

    /// The class that a student sits in.
    pub(crate) fn class_of(&self, student: i64) -> Option<i64> {
        self.class_of.get(&student).copied()
    }

    /// Whether there is such a class.
    pub(crate) fn has_class(&self, class: i64) -> bool {
        self.teaching.contains_key(&class)
    }

    /// Whether this parent is linked to this student.
    pub(crate) fn is_guardian(&self, parent: i64, student: i64) -> bool {
        linked(&self.parents_of, student, parent)
    }

    /// Whether this tutor is linked to this student.
    pub(crate) fn tutors(&self, tutor: i64, student: i64) -> bool {
        linked(&self.tutors_of, student, tutor)
    }

    /// Who teaches `subject` in `class`.
    pub(crate) fn teacher_of(&self, class: i64, subject: i64) -> Option<i64> {
        self.teaching.get(&class)?.get(&subject).copied()
    }

    /// Whether `teacher` teaches any subject in `class`.
    pub(crate) fn teaches(&self, teacher: i64, class: i64) -> bool {
        self.teaching.get(&class).is_some_and(|subjects| subjects.values().any(|id| *id == teacher))
    }

    /// Whose reports concern this person, and the classes that they teach: a student's own, a
    /// parent's children, a tutor's pupils; a teacher is linked to classes.
    pub(crate) fn of(&self, person: i64) -> (Vec<i64>, Vec<i64>) {
        let students = |groups: &Groups| {
            let linked = groups.iter().filter(|(_, group)| group.contains(&person));
            sorted(linked.map(|(id, _)| *id))
        };
        match self.person(person).map(|person| person.role) {
            Some(Role::Student) => (vec![person], Vec::new()),
            Some(Role::Parent) => (students(&self.parents_of), Vec::new()),
            Some(Role::Tutor) => (students(&self.tutors_of), Vec::new()),
            Some(Role::Teacher) => {
                let classes = self.teaching.keys().copied().filter(|class| self.teaches(person, *class));
                (Vec::new(), sorted(classes))
            }
            Some(Role::Staff) | None => (Vec::new(), Vec::new()),
        }
    }

    /// Whether the report concerns this person.
    pub(crate) fn may_read(&self, reader: &Person, report: ReportFacts) -> bool {
        let about = report.student;
        match reader.role {
            Role::Staff => false,
            Role::Student => about == Some(reader.id),
            Role::Parent => about.is_some_and(|student| self.is_guardian(reader.id, student)),
            Role::Tutor => {
                report.author == reader.id
                    || (report.kind == ReportKind::StudentProgress
                        && about.is_some_and(|student| self.tutors(reader.id, student)))
            }
            Role::Teacher => {
                report.author == reader.id
                    || (report.kind != ReportKind::Custom
                        && report.class.is_some_and(|class| self.teaches(reader.id, class)))
            }
        }
    }

    /// Everybody whom the report concerns, its author first.
    pub(crate) fn readers_of(&self, report: ReportFacts) -> Vec<i64> {
        let mut readers = vec![report.author];
        if let Some(student) = report.student {
            readers.push(student);
            readers.extend(self.parents_of.get(&student).into_iter().flatten());
            if report.kind == ReportKind::StudentProgress {
                readers.extend(self.tutors_of.get(&student).into_iter().flatten());
            }
        }
        if let (Some(class), true) = (report.class, report.kind != ReportKind::Custom) {
            readers.extend(self.teaching.get(&class).into_iter().flat_map(BTreeMap::values));
        }
        let mut seen = HashSet::new();
        readers.retain(|id| {
            seen.insert(*id) && self.person(*id).is_some_and(|person| self.may_read(person, report))
        });
        readers
    }

    /// The reports about one student.
    pub(super) fn reports_about(&self, student: i64) -> impl Iterator<Item = ReportFacts> {
        self.found(&self.reports_about, student)
    }

    /// The reports of one class.
    pub(super) fn reports_on_class(&self, class: i64) -> impl Iterator<Item = ReportFacts> {
        self.found(&self.reports_on_class, class)
    }

    /// The custom reports whose group holds the student.
    pub(super) fn customs_with(&self, student: i64) -> impl Iterator<Item = ReportFacts> {
        self.found(&self.customs_with, student)
    }

    fn found(&self, groups: &Groups, id: i64) -> impl Iterator<Item = ReportFacts> {
        groups.get(&id).into_iter().flatten().filter_map(|report| self.report(*report))
    }
}

fn linked(links: &Groups, from: i64, to: i64) -> bool {
    links.get(&from).is_some_and(|group| group.contains(&to))
}

fn sorted(ids: impl Iterator<Item = i64>) -> Vec<i64> {
    let mut ids: Vec<i64> = ids.collect();
    ids.sort_unstable();
    ids
}
