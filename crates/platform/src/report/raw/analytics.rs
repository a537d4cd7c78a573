//! Analytics of a class, from the rows.

use super::scope::Scope;
use crate::db::{Session, args};
use crate::domain::calendar::week_start;
use crate::report::analytics::{Analytics, Assignment, HandedIn, Student, Timeliness, first_week};
use crate::report::{Header, rounded};

pub(super) async fn compute(session: &mut Session, header: &Header) -> sqlx::Result<Analytics> {
    let scope = Scope::of(header);
    let (class,): (String,) =
        session.row("SELECT name FROM classes WHERE id = ?", args![header.class_id]).await?;
    Ok(Analytics {
        class,
        from_week: week_start(first_week(header)),
        students: students(session, header).await?,
        hardest: hardest(session, &scope).await?,
        timeliness: timeliness(session, header).await?,
    })
}

/// Everybody in the class, one by one.
async fn students(session: &mut Session, header: &Header) -> sqlx::Result<Vec<Student>> {
    let names: Vec<(i64, String)> = session
        .rows(
            "SELECT p.id, p.name FROM students t JOIN people p ON p.id = t.student_id \
             WHERE t.class_id = ? ORDER BY p.id",
            args![header.class_id],
        )
        .await?;
    let scope = Scope::of(header);
    let mut students = Vec::with_capacity(names.len());
    for (student_id, name) in names {
        let values = args![header.class_id, first_week(header), header.week, student_id];
        let (answers, average): (i64, Option<f64>) = session
            .row(scope.answers("COUNT(*), AVG(a.score)", "AND u.student_id = ?4"), values.clone())
            .await?;
        let (submitted, late): (i64, i64) = session
            .row(
                scope.submissions(
                    "COUNT(*), COALESCE(SUM(u.submitted_at > g.due_at), 0)",
                    "AND u.student_id = ?4",
                ),
                values,
            )
            .await?;
        students.push(Student { student_id, name, answers, average: average.map(rounded), submitted, late });
    }
    Ok(students)
}

async fn hardest(session: &mut Session, scope: &Scope) -> sqlx::Result<Vec<Assignment>> {
    let rows: Vec<(i64, String, String, i64, f64)> = session
        .rows(
            scope.answers(
                "g.id, g.title, s.name, COUNT(*), AVG(a.score)",
                "GROUP BY g.id ORDER BY AVG(a.score), g.id LIMIT 10",
            ),
            scope.values(),
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|(assignment_id, title, subject, answers, average)| Assignment {
            assignment_id,
            title,
            subject,
            answers,
            average: rounded(average),
        })
        .collect())
}

async fn timeliness(session: &mut Session, header: &Header) -> sqlx::Result<Vec<Timeliness>> {
    let (students,): (i64,) =
        session.row("SELECT COUNT(*) FROM students WHERE class_id = ?", args![header.class_id]).await?;
    let rows: Vec<(String, i64, i64, i64, Option<f64>)> = session
        .rows(
            "SELECT s.name, COUNT(DISTINCT g.id), COUNT(u.id), COALESCE(SUM(u.submitted_at <= g.due_at), 0), \
             AVG(g.due_at - u.submitted_at) \
             FROM assignments g JOIN subjects s ON s.id = g.subject_id \
             LEFT JOIN submissions u ON u.assignment_id = g.id \
             WHERE g.class_id = ? AND g.week BETWEEN ? AND ? GROUP BY s.id ORDER BY s.id",
            args![header.class_id, first_week(header), header.week],
        )
        .await?;
    Ok(rows
        .into_iter()
        .map(|(subject, assignments, submitted, on_time, mean_secs_ahead)| {
            Timeliness::new(subject, students, HandedIn { assignments, submitted, on_time, mean_secs_ahead })
        })
        .collect())
}
