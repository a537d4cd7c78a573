//! The people of a run: some who have much to do with each other, and some strangers.

use std::collections::{BTreeMap, BTreeSet};

use crate::rows::{Work, numbers, work};
use crate::rules::{Report, Rules};
use crate::school::{Person, School};

pub(super) struct Cast {
    pub(super) admin: Person,
    people: BTreeMap<i64, Person>,
    pub(super) students: Vec<i64>,
    pub(super) parents: Vec<i64>,
    pub(super) tutors: Vec<i64>,
    pub(super) teachers: Vec<i64>,
    pub(super) classes: Vec<i64>,
    /// Answers of the students.
    pub(super) answers: Vec<Work>,
    /// Id, class and subject, newest last.
    pub(super) assignments: Vec<Vec<i64>>,
}

impl Cast {
    pub(super) async fn of(school: &School, rules: &Rules) -> Self {
        let first = rules.student();
        let class = rules.class_of(first);
        let mate = rules.first("student", |id| id != first && rules.class_of(id) == class);
        let other = rules.first("student", |id| rules.class_of(id) != class);
        let students = vec![first, mate, other];
        let classes = vec![class, rules.class_of(other)];
        let distinct = |ids: Vec<i64>| ids.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let parents: Vec<i64> = distinct(students.iter().flat_map(|id| rules.parents(*id)).take(4).collect());
        let tutors: Vec<i64> = distinct(students.iter().flat_map(|id| rules.tutors(*id)).collect());
        // One of each class alone, one of both, and a stranger to the first.
        let (ours, theirs) = (rules.teachers(class), rules.teachers(classes[1]));
        let mut teachers: BTreeSet<i64> = ours.difference(&theirs).take(1).copied().collect();
        teachers.extend(theirs.difference(&ours).take(1));
        teachers.extend(ours.intersection(&theirs).take(1));
        teachers.insert(rules.first("teacher", |id| !ours.contains(&id)));
        let teachers: Vec<i64> = teachers.into_iter().collect();
        let mut people = BTreeMap::new();
        for id in [&students, &parents, &tutors, &teachers].into_iter().flatten() {
            people.insert(*id, school.person(*id).await);
        }
        let mut answers = work(&school.platform).await;
        answers.retain(|work| students.contains(&work.student));
        let assignments = numbers(&school.platform, "assignments").await;
        let admin = school.login("admin").await;
        Self { admin, people, students, parents, tutors, teachers, classes, answers, assignments }
    }

    /// Somebody of the cast.
    pub(super) fn person(&self, id: i64) -> &Person {
        &self.people[&id]
    }

    pub(super) fn everybody(&self) -> Vec<i64> {
        self.people.keys().copied().collect()
    }

    /// The reports in which writes by and about these people show.
    pub(super) fn reports<'r>(&self, rules: &'r Rules) -> Vec<&'r Report> {
        let shows = |report: &&Report| {
            self.students.contains(&report.student)
                || (self.classes.contains(&report.class) && report.kind != "student_progress")
                || report.members.iter().any(|member| self.students.contains(member))
        };
        rules.reports.iter().filter(shows).collect()
    }
}

/// One of these; `None` when there are none.
pub(super) fn pick<T>(of: &[T], number: u16) -> Option<&T> {
    of.get(usize::from(number).checked_rem(of.len())?)
}
