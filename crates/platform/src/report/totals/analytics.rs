//! Analytics of a class: its assignments, and its students.

use std::collections::BTreeMap;

use super::{Computed, Tally};
use crate::db::{Session, args};
use crate::domain::calendar::week_start;
use crate::report::analytics::{Analytics, Assignment, HandedIn, Student, Timeliness, first_week};
use crate::report::{Content, Header, rounded};

/// Assignments shown as the hardest.
const HARDEST: usize = 10;

/// An assignment, with what the class made of it.
struct Work {
    assignment_id: i64,
    title: String,
    subject_id: i64,
    subject: String,
    submissions: i64,
    on_time: i64,
    ahead_secs: i64,
    scores: Tally,
}

pub(super) async fn compute(session: &mut Session, header: &Header) -> sqlx::Result<Computed<Content>> {
    let (class, work, newest) = work(session, header).await?;
    let students = students(session, header).await?;
    let content = Analytics {
        class,
        from_week: week_start(first_week(header)),
        hardest: hardest(&work),
        timeliness: timeliness(&work, students.len() as i64),
        students,
    };
    Ok(Computed::new(newest, Content::Analytics(content)))
}

/// The class's name, its work in the report's weeks, and the newest revision in it.
async fn work(session: &mut Session, header: &Header) -> sqlx::Result<(String, Vec<Work>, Option<i64>)> {
    let (class,): (String,) =
        session.row("SELECT name FROM classes WHERE id = ?", args![header.class_id]).await?;
    type Row = (i64, String, i64, String, i64, i64, i64, i64, i64, Option<i64>);
    let rows: Vec<Row> = session
        .rows(
            "SELECT g.id, g.title, g.subject_id, s.name, COALESCE(t.submissions, 0), COALESCE(t.on_time, 0), \
             COALESCE(t.ahead_secs, 0), COALESCE(t.answers, 0), COALESCE(t.score_sum, 0), t.revision \
             FROM assignments g JOIN subjects s ON s.id = g.subject_id \
             LEFT JOIN assignment_totals t ON t.assignment_id = g.id \
             WHERE g.class_id = ?1 AND g.week BETWEEN ?2 AND ?3",
            args![header.class_id, first_week(header), header.week],
        )
        .await?;
    let newest = rows.iter().filter_map(|(.., revision)| *revision).max();
    let work = rows.into_iter().map(
        |(
            assignment_id,
            title,
            subject_id,
            subject,
            submissions,
            on_time,
            ahead_secs,
            answers,
            score_sum,
            _,
        )| {
            let scores = Tally { answers, score_sum };
            Work { assignment_id, title, subject_id, subject, submissions, on_time, ahead_secs, scores }
        },
    );
    Ok((class, work.collect(), newest))
}

/// Everybody in the class.
async fn students(session: &mut Session, header: &Header) -> sqlx::Result<Vec<Student>> {
    let rows: Vec<(i64, String, i64, i64, i64, i64)> = session
        .rows(
            "SELECT p.id, p.name, COALESCE(SUM(t.answers), 0), COALESCE(SUM(t.score_sum), 0), \
             COUNT(t.submission_id), COALESCE(SUM(t.on_time), 0) \
             FROM students c JOIN people p ON p.id = c.student_id \
             LEFT JOIN work_totals t ON t.student_id = c.student_id AND t.class_id = ?1 \
             AND t.week BETWEEN ?2 AND ?3 WHERE c.class_id = ?1 GROUP BY p.id ORDER BY p.id",
            args![header.class_id, first_week(header), header.week],
        )
        .await?;
    let student = |(student_id, name, answers, score_sum, submitted, on_time)| Student {
        student_id,
        name,
        answers,
        average: Tally { answers, score_sum }.average(),
        submitted,
        late: submitted - on_time,
    };
    Ok(rows.into_iter().map(student).collect())
}

fn hardest(work: &[Work]) -> Vec<Assignment> {
    let mut answered: Vec<(f64, &Work)> =
        work.iter().filter_map(|work| Some((work.scores.mean()?, work))).collect();
    answered.sort_unstable_by(|(one, a), (other, b)| {
        one.total_cmp(other).then(a.assignment_id.cmp(&b.assignment_id))
    });
    answered.truncate(HARDEST);
    let assignment = |(mean, work): (f64, &Work)| Assignment {
        assignment_id: work.assignment_id,
        title: work.title.clone(),
        subject: work.subject.clone(),
        answers: work.scores.answers,
        average: rounded(mean),
    };
    answered.into_iter().map(assignment).collect()
}

fn timeliness(work: &[Work], students: i64) -> Vec<Timeliness> {
    let mut subjects: BTreeMap<i64, (&str, HandedIn, i64)> = BTreeMap::new();
    for work in work {
        let subject = (work.subject.as_str(), HandedIn::default(), 0);
        let (_, handed_in, ahead_secs) = subjects.entry(work.subject_id).or_insert(subject);
        handed_in.assignments += 1;
        handed_in.submitted += work.submissions;
        handed_in.on_time += work.on_time;
        *ahead_secs += work.ahead_secs;
    }
    let timeliness = |(subject, mut handed_in, ahead_secs): (&str, HandedIn, i64)| {
        let submitted = handed_in.submitted;
        handed_in.mean_secs_ahead = (submitted > 0).then(|| ahead_secs as f64 / submitted as f64);
        Timeliness::new(subject.to_owned(), students, handed_in)
    };
    subjects.into_values().map(timeliness).collect()
}
