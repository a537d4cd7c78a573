//! A student's progress, from the rows.

use super::scope::Scope;
use crate::db::{Session, args};
use crate::report::student_progress::{
    Answer, Assignment, Completion, Material, StudentProgress, SubjectAverage, Week,
};
use crate::report::{Header, rounded};

/// Answers shown with their comments: the latest ones to change, whatever their week.
const LATEST: &str = "ORDER BY a.revision DESC, a.id DESC LIMIT 20";

pub(super) async fn compute(session: &mut Session, header: &Header) -> sqlx::Result<StudentProgress> {
    let scope = Scope::of(header);
    let (student,): (String,) =
        session.row("SELECT name FROM people WHERE id = ?", args![header.student_id]).await?;
    Ok(StudentProgress {
        student,
        answers: latest(session, header).await?,
        averages: averages(session, header, &scope).await?,
        trend: weeks(
            session
                .rows(
                    scope.answers("g.week, COUNT(*), AVG(a.score)", "GROUP BY g.week ORDER BY g.week"),
                    scope.values(),
                )
                .await?,
        ),
        completion: completion(session, header, &scope).await?,
        assignments: assignments(session, &scope).await?,
        materials: materials(session, header).await?,
    })
}

async fn latest(session: &mut Session, header: &Header) -> sqlx::Result<Vec<Answer>> {
    type Row = (i64, i64, String, String, i64, i64, String, i64);
    let scope = Scope::whole_term(header.student_id);
    let columns = "a.id, g.id, g.title, s.name, a.question, a.score, a.comment, a.revision";
    let rows: Vec<Row> = session.rows(scope.answers(columns, LATEST), scope.values()).await?;
    Ok(rows
        .into_iter()
        .map(|(id, assignment_id, assignment, subject, question, score, comment, revision)| Answer {
            id,
            assignment_id,
            assignment,
            subject,
            question,
            score,
            comment,
            revision,
        })
        .collect())
}

async fn averages(
    session: &mut Session,
    header: &Header,
    scope: &Scope,
) -> sqlx::Result<Vec<SubjectAverage>> {
    let rows: Vec<(i64, String, i64, f64, i64, i64)> = session
        .rows(
            scope.answers(
                "s.id, s.name, COUNT(*), AVG(a.score), MAX(a.score), MIN(a.score)",
                "GROUP BY s.id ORDER BY s.id",
            ),
            scope.values(),
        )
        .await?;
    let mut averages = Vec::with_capacity(rows.len());
    for (subject_id, subject, answers, average, best, worst) in rows {
        let values = args![header.student_id, header.week, subject_id];
        let by_week =
            scope.answers("g.week, COUNT(*), AVG(a.score)", "AND s.id = ?3 GROUP BY g.week ORDER BY g.week");
        let weeks = weeks(session.rows(by_week, values.clone()).await?);
        let last = scope.answers("a.comment", "AND s.id = ?3 ORDER BY a.revision DESC, a.id DESC LIMIT 1");
        let last_comment: Option<(String,)> = session.find(last, values).await?;
        averages.push(SubjectAverage {
            subject,
            answers,
            average: rounded(average),
            best,
            worst,
            last_comment: last_comment.map(|(comment,)| comment),
            weeks,
        });
    }
    Ok(averages)
}

fn weeks(rows: Vec<(i64, i64, f64)>) -> Vec<Week> {
    rows.into_iter().map(|(week, answers, average)| Week::new(week, answers, average)).collect()
}

async fn completion(session: &mut Session, header: &Header, scope: &Scope) -> sqlx::Result<Completion> {
    let (assigned,): (i64,) = session
        .row(
            "SELECT COUNT(*) FROM assignments WHERE class_id = ? AND week <= ?",
            args![header.class_id, header.week],
        )
        .await?;
    let (submitted, on_time): (i64, i64) = session
        .row(scope.submissions("COUNT(*), COALESCE(SUM(u.submitted_at <= g.due_at), 0)", ""), scope.values())
        .await?;
    Ok(Completion::new(assigned, submitted, on_time))
}

async fn assignments(session: &mut Session, scope: &Scope) -> sqlx::Result<Vec<Assignment>> {
    let rows: Vec<(i64, String, i64, f64, bool)> = session
        .rows(
            scope.answers(
                "g.id, g.title, COUNT(*), AVG(a.score), u.submitted_at <= g.due_at",
                "GROUP BY u.id ORDER BY g.id DESC, u.id DESC",
            ),
            scope.values(),
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|(assignment_id, title, answers, average, on_time)| Assignment {
            assignment_id,
            title,
            answers,
            average: rounded(average),
            on_time,
        })
        .collect())
}

async fn materials(session: &mut Session, header: &Header) -> sqlx::Result<Vec<Material>> {
    let subjects: Vec<(i64, String, i64, f64)> = session
        .rows(
            "SELECT s.id, s.name, COUNT(*), AVG(p.percent) FROM material_progress p \
             JOIN materials m ON m.id = p.material_id JOIN subjects s ON s.id = m.subject_id \
             WHERE p.student_id = ? GROUP BY s.id ORDER BY s.id",
            args![header.student_id],
        )
        .await?;
    let mut found = Vec::with_capacity(subjects.len());
    for (subject_id, subject, materials, average) in subjects {
        let (elements, elements_done): (i64, i64) = session
            .row(
                "SELECT COUNT(*), COALESCE(SUM(p.done), 0) FROM materials m \
                 JOIN elements e ON e.material_id = m.id JOIN element_progress p ON p.element_id = e.id \
                 WHERE m.subject_id = ? AND p.student_id = ?",
                args![subject_id, header.student_id],
            )
            .await?;
        found.push(Material { subject, materials, percent: rounded(average), elements, elements_done });
    }
    Ok(found)
}
