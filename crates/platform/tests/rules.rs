//! Who may read what, by the rules as they are written down, from the rows.

use std::collections::{BTreeMap, BTreeSet};

use crate::rows::{dump, numbers};
use crate::school::School;

pub(crate) struct Report {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) subject: i64,
    pub(crate) student: i64,
    pub(crate) class: i64,
    pub(crate) author: i64,
    pub(crate) members: BTreeSet<i64>,
}

/// The rows that decide who may read what, as they are now.
pub(crate) struct Rules {
    pub(crate) roles: BTreeMap<i64, String>,
    /// Parent, student.
    pub(crate) guardians: Vec<Vec<i64>>,
    /// Tutor, student.
    pub(crate) tutoring: Vec<Vec<i64>>,
    /// Class, subject, teacher.
    pub(crate) teaching: Vec<Vec<i64>>,
    /// Student, class.
    pub(crate) seats: Vec<Vec<i64>>,
    pub(crate) reports: Vec<Report>,
}

impl Rules {
    pub(crate) async fn of(school: &School) -> Self {
        let platform = &school.platform;
        let texts = dump(platform, "reports").await;
        let rows = numbers(platform, "reports").await;
        let members = numbers(platform, "custom_members").await;
        let report = |(row, mut text): (Vec<i64>, Vec<String>)| Report {
            id: row[0],
            kind: text.remove(1),
            subject: row[4],
            student: row[5],
            class: row[6],
            author: row[7],
            members: members.iter().filter(|member| member[0] == row[0]).map(|member| member[1]).collect(),
        };
        let people = dump(platform, "people").await;
        Self {
            roles: people.into_iter().map(|mut row| (row[0].parse().unwrap(), row.remove(2))).collect(),
            guardians: numbers(platform, "guardians").await,
            tutoring: numbers(platform, "tutoring").await,
            teaching: numbers(platform, "teaching").await,
            seats: numbers(platform, "students").await,
            reports: rows.into_iter().zip(texts).map(report).collect(),
        }
    }

    /// Whether a report concerns a person.
    pub(crate) fn concerns(&self, person: i64, report: &Report) -> bool {
        let linked = |rows: &[Vec<i64>], from: usize, to: usize, id: i64| {
            rows.iter().any(|row| row[from] == person && row[to] == id)
        };
        match self.roles[&person].as_str() {
            "student" => report.student == person,
            "parent" => linked(&self.guardians, 0, 1, report.student),
            "tutor" => {
                report.author == person
                    || (report.kind == "student_progress" && linked(&self.tutoring, 0, 1, report.student))
            }
            "teacher" => {
                report.author == person
                    || (report.kind != "custom" && linked(&self.teaching, 2, 0, report.class))
            }
            _ => false,
        }
    }

    /// The reports that concern a person.
    pub(crate) fn entitled(&self, person: i64) -> BTreeSet<i64> {
        self.reports.iter().filter(|report| self.concerns(person, report)).map(|report| report.id).collect()
    }

    /// People and types of the reports for which `shows` holds, of those who read them.
    pub(crate) fn readers(&self, shows: impl Fn(&Report) -> bool) -> BTreeSet<(i64, String)> {
        let shown: Vec<&Report> = self.reports.iter().filter(|report| shows(report)).collect();
        let mut readers = BTreeSet::new();
        for person in self.roles.keys() {
            let theirs = shown.iter().filter(|report| self.concerns(*person, report));
            readers.extend(theirs.map(|report| (*person, report.kind.clone())));
        }
        readers
    }

    /// Whom work of a student for an assignment of this class and subject concerns, by type.
    pub(crate) fn readers_of_work(&self, student: i64, class: i64, subject: i64) -> BTreeSet<(i64, String)> {
        self.readers(|report| match report.kind.as_str() {
            "student_progress" => report.student == student,
            "grade_distribution" => report.class == class && report.subject == subject,
            "analytics" => report.class == class,
            _ => report.members.contains(&student),
        })
    }

    pub(crate) fn class_of(&self, student: i64) -> i64 {
        self.seats.iter().find(|seat| seat[0] == student).unwrap()[1]
    }

    /// The first of a role for whom `fits` holds.
    pub(crate) fn first(&self, role: &str, fits: impl Fn(i64) -> bool) -> i64 {
        let mut people = self.roles.iter().filter(|(_, of)| *of == role).map(|(id, _)| *id);
        people.find(|id| fits(*id)).unwrap()
    }

    pub(crate) fn parents(&self, student: i64) -> Vec<i64> {
        self.guardians.iter().filter(|row| row[1] == student).map(|row| row[0]).collect()
    }

    pub(crate) fn tutors(&self, student: i64) -> Vec<i64> {
        self.tutoring.iter().filter(|row| row[1] == student).map(|row| row[0]).collect()
    }

    pub(crate) fn teachers(&self, class: i64) -> BTreeSet<i64> {
        self.teaching.iter().filter(|row| row[0] == class).map(|row| row[2]).collect()
    }

    /// A student with two guardians, everybody around them, and a neighbour of each role whom nothing of
    /// that student concerns.
    pub(crate) fn neighbourhood(&self, student: i64) -> Vec<i64> {
        let class = self.class_of(student);
        let mut people = vec![student];
        people.extend(self.parents(student));
        people.extend(self.tutors(student));
        people.extend(self.teachers(class).into_iter().take(2));
        let foreign_parent = |id: i64| !self.parents(student).contains(&id);
        let foreign_tutor = |id: i64| !self.tutors(student).contains(&id);
        people.push(self.first("student", |id| id != student && self.class_of(id) == class));
        people.push(self.first("student", |id| self.class_of(id) != class));
        people.push(self.first("parent", foreign_parent));
        people.push(self.first("tutor", foreign_tutor));
        people.push(self.first("teacher", |id| !self.teachers(class).contains(&id)));
        people
    }

    /// A student with two guardians.
    pub(crate) fn student(&self) -> i64 {
        self.first("student", |id| self.parents(id).len() == 2)
    }
}
