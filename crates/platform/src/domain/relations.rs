//! Who is linked to whom, held in memory.
//!
//! Read from the database once, at start. It answers "may this person read this report", and its
//! inverse "who reads this report", without a query: the cache asks before every lookup.

use std::collections::{BTreeSet, HashMap, HashSet};

use report_cache::ReportType;

use super::{Person, ReportKind, Role};
use crate::db::{Database, Purpose, args};

/// What deciding about a report takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReportFacts {
    pub(crate) kind: ReportKind,
    pub(crate) student: Option<i64>,
    pub(crate) class: Option<i64>,
    pub(crate) author: i64,
}

/// The links between people, classes and reports.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    people: HashMap<i64, Person>,
    class_of: HashMap<i64, i64>,
    teachers_of: HashMap<i64, BTreeSet<i64>>,
    parents_of: HashMap<i64, BTreeSet<i64>>,
    tutors_of: HashMap<i64, BTreeSet<i64>>,
    reports: HashMap<i64, ReportFacts>,
    /// Custom reports by the students in their group.
    customs_about: HashMap<i64, Vec<i64>>,
}

type ReportLink = (i64, String, Option<i64>, Option<i64>, i64);

impl Relations {
    /// Reads the links as they are now.
    pub(crate) async fn load(db: &Database) -> sqlx::Result<Self> {
        let mut session = db.read(Purpose::Management).await?;
        let mut relations = Self::default();
        let people: Vec<(i64, String, String, String)> =
            session.rows("SELECT id, username, role, name FROM people", args![]).await?;
        for (id, username, role, name) in people {
            let role = Role::parse(&role).expect("the schema checks roles");
            relations.people.insert(id, Person { id, username, role, name });
        }
        relations.class_of = session
            .rows::<(i64, i64)>("SELECT student_id, class_id FROM students", args![])
            .await?
            .into_iter()
            .collect();
        relations.teachers_of =
            grouped(session.rows("SELECT class_id, teacher_id FROM teaching", args![]).await?);
        relations.parents_of =
            grouped(session.rows("SELECT student_id, parent_id FROM guardians", args![]).await?);
        relations.tutors_of =
            grouped(session.rows("SELECT student_id, tutor_id FROM tutoring", args![]).await?);
        let reports: Vec<ReportLink> = session
            .rows("SELECT id, report_type, student_id, class_id, author_id FROM reports", args![])
            .await?;
        for (id, kind, student, class, author) in reports {
            let kind = ReportKind::parse(&kind).expect("the schema checks report types");
            relations.reports.insert(id, ReportFacts { kind, student, class, author });
        }
        let members: Vec<(i64, i64)> =
            session.rows("SELECT student_id, report_id FROM custom_members ORDER BY 1, 2", args![]).await?;
        for (student, report) in members {
            relations.customs_about.entry(student).or_default().push(report);
        }
        session.commit().await?;
        Ok(relations)
    }

    /// The person with this id.
    pub(crate) fn person(&self, id: i64) -> Option<&Person> {
        self.people.get(&id)
    }

    /// The report with this id.
    pub(crate) fn report(&self, id: i64) -> Option<ReportFacts> {
        self.reports.get(&id).copied()
    }

    /// Whose reports concern this person, and the classes that they teach: a student's own, a
    /// parent's children, a tutor's pupils; a teacher is linked to classes.
    pub(crate) fn links(&self, person: i64) -> (Vec<i64>, Vec<i64>) {
        let of = |groups: &HashMap<i64, BTreeSet<i64>>| {
            let linked = groups.iter().filter(|(_, group)| group.contains(&person));
            let mut ids: Vec<i64> = linked.map(|(id, _)| *id).collect();
            ids.sort_unstable();
            ids
        };
        match self.person(person).map(|person| person.role) {
            Some(Role::Student) => (vec![person], Vec::new()),
            Some(Role::Parent) => (of(&self.parents_of), Vec::new()),
            Some(Role::Tutor) => (of(&self.tutors_of), Vec::new()),
            Some(Role::Teacher) => (Vec::new(), of(&self.teachers_of)),
            Some(Role::Staff) | None => (Vec::new(), Vec::new()),
        }
    }

    /// Whether `teacher` teaches any subject in `class`.
    pub(crate) fn teaches(&self, teacher: i64, class: i64) -> bool {
        linked(&self.teachers_of, class, teacher)
    }

    /// Whether the report concerns this person.
    pub(crate) fn may_read(&self, reader: &Person, report: ReportFacts) -> bool {
        let about = report.student;
        match reader.role {
            Role::Staff => false,
            Role::Student => about == Some(reader.id),
            Role::Parent => about.is_some_and(|student| linked(&self.parents_of, student, reader.id)),
            Role::Tutor => {
                report.author == reader.id
                    || (report.kind == ReportKind::StudentProgress
                        && about.is_some_and(|student| linked(&self.tutors_of, student, reader.id)))
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
            readers.extend(self.teachers_of.get(&class).into_iter().flatten());
        }
        let mut seen = HashSet::new();
        readers.retain(|id| {
            seen.insert(*id) && self.people.get(id).is_some_and(|person| self.may_read(person, report))
        });
        readers
    }

    /// Whose reports, of which type, a changed grade of this student changes.
    ///
    /// The progress of the student; distribution and analytics of the class; and the custom reports
    /// whose group the student is in, because they show the same grades.
    pub(crate) fn touched_by_grade(&self, student: i64, grader: i64) -> Vec<(u64, ReportType)> {
        let mut scopes = BTreeSet::new();
        let class = self.class_of.get(&student).copied();
        let teachers: BTreeSet<i64> = class
            .and_then(|class| self.teachers_of.get(&class))
            .into_iter()
            .flatten()
            .copied()
            .chain([grader])
            .collect();
        let family = self.parents_of.get(&student).into_iter().flatten();
        let tutors = self.tutors_of.get(&student).into_iter().flatten();
        for reader in [student].iter().chain(family).chain(tutors).chain(&teachers) {
            scopes.insert((*reader, ReportKind::StudentProgress));
        }
        for teacher in &teachers {
            scopes.insert((*teacher, ReportKind::GradeDistribution));
            scopes.insert((*teacher, ReportKind::Analytics));
        }
        for id in self.customs_about.get(&student).into_iter().flatten() {
            for reader in self.reports.get(id).map(|report| self.readers_of(*report)).unwrap_or_default() {
                scopes.insert((reader, ReportKind::Custom));
            }
        }
        scopes.into_iter().map(|(user, kind)| (user.unsigned_abs(), kind.cached_as())).collect()
    }
}

fn grouped(pairs: Vec<(i64, i64)>) -> HashMap<i64, BTreeSet<i64>> {
    let mut groups: HashMap<i64, BTreeSet<i64>> = HashMap::new();
    for (key, value) in pairs {
        groups.entry(key).or_default().insert(value);
    }
    groups
}

fn linked(links: &HashMap<i64, BTreeSet<i64>>, from: i64, to: i64) -> bool {
    links.get(&from).is_some_and(|group| group.contains(&to))
}
