//! What an author may write: a request to save a report becomes what its row will say, or is refused.
//!
//! Pure over the links. An author writes only about people they are responsible for, and a report about
//! one student holds nobody else, because that student and their parents will read it.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::params::STATUSES;
use super::problem::Problem;
use crate::domain::calendar::WEEK_STARTS;
use crate::domain::{Links, Person, ReportFacts, ReportKind, Role};

/// Characters of a title.
pub(super) const TITLE_MAX: usize = 200;
/// Students in a custom report's group.
const GROUP_MAX: usize = 100;
/// What a custom report can show, as its computation names it.
const SECTIONS: [&str; 5] = ["averages", "completion", "timeliness", "materials", "feedback"];

/// A new report. Which fields belong to it is decided by its type.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Draft {
    report_type: String,
    title: String,
    /// A Monday of the term, `YYYY-MM-DD`.
    week_start: String,
    /// `draft` unless said otherwise.
    status: Option<String>,
    /// student_progress: whom it is about. custom: at will, if it is about one student.
    student_id: Option<i64>,
    /// grade_distribution and analytics.
    class_id: Option<i64>,
    /// grade_distribution: the subject's name.
    pub(super) subject: Option<String>,
    /// custom.
    sections: Option<Vec<String>>,
    /// custom: the group's students.
    members: Option<Vec<i64>>,
}

/// A change of a report; absent fields stay.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Patch {
    title: Option<String>,
    status: Option<String>,
    sections: Option<Vec<String>>,
    members: Option<Vec<i64>>,
}

/// A draft that may be saved.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) facts: ReportFacts,
    pub(super) title: String,
    pub(super) status: String,
    /// From 0.
    pub(super) week: i64,
    pub(super) week_start: String,
    /// Comma-separated.
    pub(super) sections: Option<String>,
    pub(super) group: BTreeSet<i64>,
}

/// A patch that may be applied.
#[derive(Debug)]
pub(super) struct CheckedPatch {
    pub(super) title: Option<String>,
    pub(super) status: Option<String>,
    pub(super) sections: Option<String>,
    pub(super) group: Option<BTreeSet<i64>>,
}

impl Draft {
    /// What `author` would save. `subject` is the one that the draft names, if there is such a subject.
    pub(super) fn check(
        self,
        author: &Person,
        links: &Links,
        subject: Option<i64>,
    ) -> Result<Checked, Problem> {
        let Some(kind) = ReportKind::parse(&self.report_type) else {
            return refuse(format!(
                "report_type cannot be {:?}; use student_progress, grade_distribution, analytics or custom",
                self.report_type
            ));
        };
        let Some(week) = WEEK_STARTS.iter().position(|monday| *monday == self.week_start) else {
            return refuse(format!("week_start must be one of {}", WEEK_STARTS.join(", ")));
        };
        check_title(&self.title)?;
        let status = self.status.clone().unwrap_or_else(|| "draft".to_owned());
        check_status(&status)?;
        self.only_what_belongs_to(kind)?;
        let facts = ReportFacts { kind, subject, student: None, class: None, author: author.id };
        let (mut sections, mut group) = (None, BTreeSet::new());
        let facts = match kind {
            ReportKind::StudentProgress => {
                let student = given(self.student_id, "student_id", kind)?;
                let class = responsible(author, links, student)?;
                ReportFacts { student: Some(student), class: Some(class), ..facts }
            }
            ReportKind::GradeDistribution | ReportKind::Analytics => {
                let class = given(self.class_id, "class_id", kind)?;
                if !links.teaches(author.id, class) {
                    return Err(Problem::Forbidden);
                }
                if kind == ReportKind::GradeDistribution {
                    let name = given(self.subject, "subject", kind)?;
                    if subject.and_then(|subject| links.teacher_of(class, subject)).is_none() {
                        return refuse(format!("class {class} has no subject {name:?}"));
                    }
                }
                ReportFacts { class: Some(class), ..facts }
            }
            ReportKind::Custom => {
                if let Some(student) = self.student_id {
                    responsible(author, links, student)?;
                }
                sections = Some(check_sections(&given(self.sections, "sections", kind)?)?);
                group = check_group(&given(self.members, "members", kind)?, self.student_id, author, links)?;
                ReportFacts { student: self.student_id, ..facts }
            }
        };
        let (title, week_start) = (self.title, self.week_start);
        Ok(Checked { facts, title, status, week: week as i64, week_start, sections, group })
    }

    /// A field that the type does not have would be lost in silence.
    fn only_what_belongs_to(&self, kind: ReportKind) -> Result<(), Problem> {
        use ReportKind::{Analytics, Custom, GradeDistribution, StudentProgress};
        let fields: [(&str, bool, &[ReportKind]); 5] = [
            ("student_id", self.student_id.is_some(), &[StudentProgress, Custom]),
            ("class_id", self.class_id.is_some(), &[GradeDistribution, Analytics]),
            ("subject", self.subject.is_some(), &[GradeDistribution]),
            ("sections", self.sections.is_some(), &[Custom]),
            ("members", self.members.is_some(), &[Custom]),
        ];
        for (name, is_given, kinds) in fields {
            if is_given && !kinds.contains(&kind) {
                return refuse(format!("a {} report has no {name}", kind.as_str()));
            }
        }
        Ok(())
    }
}

impl Patch {
    /// What `author` would change in a report of theirs.
    pub(super) fn check(
        self,
        author: &Person,
        report: ReportFacts,
        links: &Links,
    ) -> Result<CheckedPatch, Problem> {
        let Self { title, status, sections, members } = self;
        if title.is_none() && status.is_none() && sections.is_none() && members.is_none() {
            return refuse("give a title, a status, sections or members".to_owned());
        }
        if report.kind != ReportKind::Custom && (sections.is_some() || members.is_some()) {
            return refuse(format!("a {} report has no sections and no members", report.kind.as_str()));
        }
        title.as_deref().map_or(Ok(()), check_title)?;
        status.as_deref().map_or(Ok(()), check_status)?;
        Ok(CheckedPatch {
            title,
            status,
            sections: sections.map(|sections| check_sections(&sections)).transpose()?,
            group: members.map(|members| check_group(&members, report.student, author, links)).transpose()?,
        })
    }
}

/// The student's class, if the author teaches it or tutors the student.
fn responsible(author: &Person, links: &Links, student: i64) -> Result<i64, Problem> {
    let Some(class) = links.class_of(student) else {
        return refuse(format!("there is no student {student}"));
    };
    let theirs = match author.role {
        Role::Teacher => links.teaches(author.id, class),
        Role::Tutor => links.tutors(author.id, student),
        Role::Staff | Role::Student | Role::Parent => false,
    };
    if theirs { Ok(class) } else { Err(Problem::Forbidden) }
}

fn check_title(title: &str) -> Result<(), Problem> {
    if title.trim().is_empty() || title.chars().count() > TITLE_MAX {
        return refuse(format!("title must have 1 to {TITLE_MAX} characters"));
    }
    Ok(())
}

fn check_status(status: &str) -> Result<(), Problem> {
    if STATUSES.contains(&status) {
        Ok(())
    } else {
        refuse(format!("status cannot be {status:?}; use {}", STATUSES.join(", ")))
    }
}

fn check_sections(sections: &[String]) -> Result<String, Problem> {
    let known = sections.iter().all(|section| SECTIONS.contains(&section.as_str()));
    let distinct = sections.iter().collect::<BTreeSet<_>>().len() == sections.len();
    if sections.is_empty() || !known || !distinct {
        return refuse(format!("sections must be some of {}, each once", SECTIONS.join(", ")));
    }
    Ok(sections.join(","))
}

fn check_group(
    members: &[i64],
    about: Option<i64>,
    author: &Person,
    links: &Links,
) -> Result<BTreeSet<i64>, Problem> {
    if members.is_empty() || members.len() > GROUP_MAX {
        return refuse(format!("members must be 1 to {GROUP_MAX} students"));
    }
    if let Some(student) = about
        && members != [student]
    {
        return refuse(format!("a report about student {student} can have no other members"));
    }
    for member in members {
        responsible(author, links, *member)?;
    }
    Ok(members.iter().copied().collect())
}

fn given<T>(value: Option<T>, name: &str, kind: ReportKind) -> Result<T, Problem> {
    value.map_or_else(|| refuse(format!("a {} report needs {name}", kind.as_str())), Ok)
}

fn refuse<T>(why: String) -> Result<T, Problem> {
    Err(Problem::Unprocessable(why))
}
