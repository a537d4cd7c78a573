//! A custom report, from the rows.

use super::scope::Scope;
use crate::db::{Session, args};
use crate::report::custom::{
    Completion, Custom, Feedback, Materials, Section, Student, SubjectAverage, Timeliness,
};
use crate::report::{Header, percent, rounded};

pub(super) async fn compute(session: &mut Session, header: &Header) -> sqlx::Result<Custom> {
    let sections = Section::of(header);
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
            scope.answers(
                "a.id, g.title, a.score, a.comment, a.revision",
                "ORDER BY a.revision DESC, a.id DESC LIMIT 3",
            ),
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
