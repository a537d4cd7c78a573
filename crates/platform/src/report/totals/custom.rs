//! Custom reports, many at a time.

use std::collections::HashMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{FromRow, Row as _};

use super::{Computed, Contents, Tally, list};
use crate::db::{Session, args};
use crate::report::custom::{
    Completion, Custom, Feedback, Materials, Section, Student, SubjectAverage, Timeliness,
};
use crate::report::{Content, Header, percent};

/// Answers shown of each student.
const SHOWN: usize = 3;

/// One member's work in one subject; the subject is `None` for somebody who handed in nothing.
#[derive(Debug)]
struct Work {
    report_id: i64,
    student_id: i64,
    name: String,
    assigned: i64,
    materials: Tally,
    progress_revision: Option<i64>,
    subject: Option<String>,
    scores: Tally,
    submitted: i64,
    on_time: i64,
    revision: Option<i64>,
}

/// Of one member's answers in one report.
type Shown = HashMap<(i64, i64), Vec<Feedback>>;

pub(super) async fn compute(session: &mut Session, headers: &[&Header]) -> sqlx::Result<Contents> {
    if headers.is_empty() {
        return Ok(Contents::new());
    }
    let work = work(session, headers).await?;
    let mut shown = feedback(session, headers).await?;
    let report = |header: &&Header| {
        let work: Vec<&Work> = work.iter().filter(|work| work.report_id == header.id).collect();
        let newest = work.iter().map(|work| work.revision.max(work.progress_revision)).max().flatten();
        let sections = Section::of(header);
        let of_students = work.chunk_by(|one, next| one.student_id == next.student_id);
        let students = of_students.map(|work| student(work, &sections, &mut shown)).collect();
        (header.id, Computed::new(newest, Content::Custom(Custom { sections, students })))
    };
    Ok(headers.iter().map(report).collect())
}

/// Everybody in the groups, subject by subject.
async fn work(session: &mut Session, headers: &[&Header]) -> sqlx::Result<Vec<Work>> {
    // Materialised: what concerns a member is found once, and not once a subject.
    session
        .rows(
            "WITH member AS MATERIALIZED ( \
             SELECT r.id AS report_id, r.week, p.id, p.name, \
             (SELECT COUNT(*) FROM students c JOIN assignments g ON g.class_id = c.class_id \
             WHERE c.student_id = p.id AND g.week <= r.week) AS assigned, \
             (SELECT COALESCE(SUM(x.materials), 0) FROM progress_totals x WHERE x.student_id = p.id) \
             AS materials, \
             (SELECT COALESCE(SUM(x.percent_sum), 0) FROM progress_totals x WHERE x.student_id = p.id) \
             AS percent_sum, \
             (SELECT MAX(x.material_revision) FROM progress_totals x WHERE x.student_id = p.id) \
             AS progress_revision \
             FROM reports r JOIN custom_members m ON m.report_id = r.id JOIN people p ON p.id = m.student_id \
             WHERE r.id IN (SELECT value FROM json_each(?1))) \
             SELECT m.report_id, m.id, m.name, m.assigned, m.materials, m.percent_sum, m.progress_revision, \
             s.name, COALESCE(SUM(t.answers), 0), COALESCE(SUM(t.score_sum), 0), COUNT(t.submission_id), \
             COALESCE(SUM(t.on_time), 0), MAX(t.revision) \
             FROM member m LEFT JOIN work_totals t ON t.student_id = m.id AND t.week <= m.week \
             LEFT JOIN subjects s ON s.id = t.subject_id \
             GROUP BY m.report_id, m.id, t.subject_id ORDER BY m.report_id, m.id, t.subject_id",
            args![list(headers.iter().map(|header| header.id))],
        )
        .await
}

/// The latest answers of everybody, for the reports that show them. No statement when none does.
async fn feedback(session: &mut Session, headers: &[&Header]) -> sqlx::Result<Shown> {
    let shows = |header: &&&Header| Section::of(header).contains(&Section::Feedback);
    let reports: Vec<i64> = headers.iter().filter(shows).map(|header| header.id).collect();
    let mut shown = Shown::new();
    if reports.is_empty() {
        return Ok(shown);
    }
    // The three latest answers are in the three submissions that were answered last.
    let rows: Vec<(i64, i64, i64, String, i64, String, i64)> = session
        .rows(
            "WITH answered AS ( \
             SELECT r.id AS report_id, t.student_id, t.submission_id, t.assignment_id, \
             ROW_NUMBER() OVER (PARTITION BY r.id, t.student_id \
             ORDER BY t.last_revision DESC, t.last_answer DESC) AS place \
             FROM reports r JOIN custom_members m ON m.report_id = r.id \
             JOIN work_totals t ON t.student_id = m.student_id AND t.week <= r.week \
             WHERE r.id IN (SELECT value FROM json_each(?1)) AND t.last_answer IS NOT NULL) \
             SELECT l.report_id, l.student_id, a.id, g.title, a.score, a.comment, a.revision \
             FROM answered l JOIN answers a ON a.submission_id = l.submission_id \
             JOIN assignments g ON g.id = l.assignment_id WHERE l.place <= 3 \
             ORDER BY l.report_id, l.student_id, a.revision DESC, a.id DESC",
            args![list(reports)],
        )
        .await?;
    for (report, student, answer_id, assignment, score, comment, revision) in rows {
        let latest = shown.entry((report, student)).or_default();
        if latest.len() < SHOWN {
            latest.push(Feedback { answer_id, assignment, score, comment, revision });
        }
    }
    Ok(shown)
}

/// One member, from their subjects; there is at least one.
fn student(work: &[&Work], sections: &[Section], shown: &mut Shown) -> Student {
    let first = work[0];
    let submitted = work.iter().map(|work| work.submitted).sum();
    let on_time: i64 = work.iter().map(|work| work.on_time).sum();
    let mut student =
        Student { student_id: first.student_id, name: first.name.clone(), ..Student::default() };
    for section in sections {
        match section {
            Section::Averages => student.averages = Some(work.iter().filter_map(average).collect()),
            Section::Completion => {
                let (assigned, percent) = (first.assigned, percent(submitted, first.assigned));
                student.completion = Some(Completion { assigned, submitted, percent });
            }
            Section::Timeliness => {
                student.timeliness = Some(Timeliness { on_time, late: submitted - on_time });
            }
            Section::Materials => {
                let (materials, percent) = (first.materials.answers, first.materials.average());
                student.materials = Some(Materials { materials, percent });
            }
            Section::Feedback => {
                let key = (first.report_id, first.student_id);
                student.feedback.get_or_insert_with(|| shown.remove(&key).unwrap_or_default());
            }
        }
    }
    student
}

fn average(work: &&Work) -> Option<SubjectAverage> {
    let (answers, average) = (work.scores.answers, work.scores.average()?);
    Some(SubjectAverage { subject: work.subject.clone()?, answers, average })
}

impl FromRow<'_, SqliteRow> for Work {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self {
            report_id: row.try_get(0)?,
            student_id: row.try_get(1)?,
            name: row.try_get(2)?,
            assigned: row.try_get(3)?,
            materials: Tally { answers: row.try_get(4)?, score_sum: row.try_get(5)? },
            progress_revision: row.try_get(6)?,
            subject: row.try_get(7)?,
            scores: Tally { answers: row.try_get(8)?, score_sum: row.try_get(9)? },
            submitted: row.try_get(10)?,
            on_time: row.try_get(11)?,
            revision: row.try_get(12)?,
        })
    }
}
