//! A chosen group of students, and the sections chosen for it.

use serde::Serialize;

use super::scope::Scope;
use super::{Header, percent, rounded};
use crate::db::{Session, args};

/// What a custom report can show of each student.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Section {
    Averages,
    Completion,
    Timeliness,
    Materials,
    Feedback,
}

impl Section {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "averages" => Some(Self::Averages),
            "completion" => Some(Self::Completion),
            "timeliness" => Some(Self::Timeliness),
            "materials" => Some(Self::Materials),
            "feedback" => Some(Self::Feedback),
            _ => None,
        }
    }
}

/// The report. Figures cover the term up to the report's week.
#[derive(Debug, Serialize)]
pub(crate) struct Custom {
    sections: Vec<Section>,
    students: Vec<Student>,
}

/// One of the group; a section that was not chosen is absent.
#[derive(Debug, Default, Serialize)]
struct Student {
    student_id: i64,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    averages: Option<Vec<SubjectAverage>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion: Option<Completion>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeliness: Option<Timeliness>,
    #[serde(skip_serializing_if = "Option::is_none")]
    materials: Option<Materials>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feedback: Option<Vec<Feedback>>,
}

#[derive(Debug, Serialize)]
struct SubjectAverage {
    subject: String,
    answers: i64,
    average: f64,
}

#[derive(Debug, Serialize)]
struct Completion {
    assigned: i64,
    submitted: i64,
    percent: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Timeliness {
    on_time: i64,
    late: i64,
}

#[derive(Debug, Serialize)]
struct Materials {
    materials: i64,
    percent: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Feedback {
    answer_id: i64,
    assignment: String,
    score: i64,
    comment: String,
    revision: i64,
}

pub(super) async fn compute(session: &mut Session, header: &Header) -> sqlx::Result<Custom> {
    let sections: Vec<Section> =
        header.sections.as_deref().unwrap_or("").split(',').filter_map(Section::parse).collect();
    let members: Vec<(i64, String)> = session
        .rows(
            "SELECT p.id, p.name FROM custom_members m JOIN people p ON p.id = m.student_id \
             WHERE m.report_id = ? ORDER BY p.id",
            args![header.id],
        )
        .await?;
    let mut students = Vec::with_capacity(members.len());
    for (student_id, name) in members {
        let scope = Scope::student(student_id, header);
        let mut student = Student { student_id, name, ..Student::default() };
        for section in &sections {
            match section {
                Section::Averages => student.averages = Some(averages(session, &scope).await?),
                Section::Completion => {
                    student.completion = Some(completion(session, student_id, header, &scope).await?);
                }
                Section::Timeliness => student.timeliness = Some(timeliness(session, &scope).await?),
                Section::Materials => student.materials = Some(materials(session, student_id).await?),
                Section::Feedback => student.feedback = Some(feedback(session, &scope).await?),
            }
        }
        students.push(student);
    }
    Ok(Custom { sections, students })
}

async fn averages(session: &mut Session, scope: &Scope) -> sqlx::Result<Vec<SubjectAverage>> {
    let rows: Vec<(String, i64, f64)> = session
        .rows(scope.answers("s.name, COUNT(*), AVG(a.score)", "GROUP BY s.id ORDER BY s.id"), scope.values())
        .await?;
    let subject =
        |(subject, answers, average)| SubjectAverage { subject, answers, average: rounded(average) };
    Ok(rows.into_iter().map(subject).collect())
}

async fn completion(
    session: &mut Session,
    student: i64,
    header: &Header,
    scope: &Scope,
) -> sqlx::Result<Completion> {
    let (assigned,): (i64,) = session
        .row(
            "SELECT COUNT(*) FROM students t JOIN assignments g ON g.class_id = t.class_id \
             WHERE t.student_id = ? AND g.week <= ?",
            args![student, header.week],
        )
        .await?;
    let (submitted,): (i64,) = session.row(scope.submissions("COUNT(*)", ""), scope.values()).await?;
    Ok(Completion { assigned, submitted, percent: percent(submitted, assigned) })
}

async fn timeliness(session: &mut Session, scope: &Scope) -> sqlx::Result<Timeliness> {
    let (on_time, late): (i64, i64) = session
        .row(
            scope.submissions(
                "COALESCE(SUM(u.submitted_at <= g.due_at), 0), COALESCE(SUM(u.submitted_at > g.due_at), 0)",
                "",
            ),
            scope.values(),
        )
        .await?;
    Ok(Timeliness { on_time, late })
}

async fn materials(session: &mut Session, student: i64) -> sqlx::Result<Materials> {
    let (materials, average): (i64, Option<f64>) = session
        .row("SELECT COUNT(*), AVG(percent) FROM material_progress WHERE student_id = ?", args![student])
        .await?;
    Ok(Materials { materials, percent: average.map(rounded) })
}

async fn feedback(session: &mut Session, scope: &Scope) -> sqlx::Result<Vec<Feedback>> {
    let rows: Vec<(i64, String, i64, String, i64)> = session
        .rows(
            scope
                .answers("a.id, g.title, a.score, a.comment, a.revision", "ORDER BY a.revision DESC LIMIT 3"),
            scope.values(),
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|(answer_id, assignment, score, comment, revision)| Feedback {
            answer_id,
            assignment,
            score,
            comment,
            revision,
        })
        .collect())
}
