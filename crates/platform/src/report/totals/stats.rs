//! Statistics: of students and groups from their submissions, of classes from their assignments.

use std::collections::BTreeMap;

use sqlx::AssertSqlSafe;

use super::cells::{cells, scores};
use super::{ClassReports, Computed, Tally, newest};
use crate::db::{Arg, Session, args};
use crate::domain::ReportKind;
use crate::domain::calendar::week_start;
use crate::report::analytics::first_week;
use crate::report::spread::Spread;
use crate::report::stats::{Figures, Stats, Student, Subject, Week};
use crate::report::{Header, percent};

/// Computes them: two or three statements, or one where a class's are remembered.
pub(in crate::report) async fn stats(
    session: &mut Session,
    classes: &ClassReports,
    header: Header,
) -> sqlx::Result<Stats> {
    let computed = match header.kind {
        ReportKind::StudentProgress | ReportKind::Custom => figures(session, &header).await?,
        ReportKind::GradeDistribution | ReportKind::Analytics => classes.stats(session, &header).await?,
    };
    Ok(Stats { revision: newest(&header, computed.newest), header, figures: computed.value })
}

/// Adds them up.
pub(super) async fn figures(session: &mut Session, header: &Header) -> sqlx::Result<Computed<Figures>> {
    let mut sums = Sums::default();
    match header.kind {
        ReportKind::StudentProgress => {
            // The whole term, for the revision: the latest answers are shown whatever their week.
            sums.add_students(session, header, "t.student_id = ?1", args![header.student_id]).await?;
            let newest: (Option<i64>,) = session
                .row(
                    "SELECT MAX(MAX(COALESCE(material_revision, 0), COALESCE(element_revision, 0))) \
                     FROM progress_totals WHERE student_id = ?1",
                    args![header.student_id],
                )
                .await?;
            sums.newest = sums.newest.max(newest.0);
        }
        ReportKind::Custom => {
            let group = "t.student_id IN (SELECT student_id FROM custom_members WHERE report_id = ?1) \
                         AND t.week <= ?2";
            sums.add_students(session, header, group, args![header.id, header.week]).await?;
            let newest: (Option<i64>,) = session
                .row(
                    "SELECT MAX(t.material_revision) FROM custom_members m \
                     JOIN progress_totals t ON t.student_id = m.student_id WHERE m.report_id = ?1",
                    args![header.id],
                )
                .await?;
            sums.newest = sums.newest.max(newest.0);
        }
        ReportKind::GradeDistribution => {
            let values = args![header.class_id, header.subject_id, header.week];
            sums.add_class(session, "g.class_id = ?1 AND g.subject_id = ?2 AND g.week <= ?3", values).await?;
        }
        ReportKind::Analytics => {
            let values = args![header.class_id, first_week(header), header.week];
            sums.add_class(session, "g.class_id = ?1 AND g.week BETWEEN ?2 AND ?3", values).await?;
        }
    }
    Ok(Computed::new(sums.newest, sums.figures()))
}

/// What the figures are made of.
#[derive(Debug, Default)]
struct Sums {
    /// Name and scores, by subject.
    subjects: BTreeMap<i64, (String, Tally)>,
    weeks: BTreeMap<i64, Tally>,
    /// Everybody who handed in something, with every score of theirs.
    students: BTreeMap<i64, (Tally, Vec<i64>)>,
    submissions: i64,
    on_time: i64,
    newest: Option<i64>,
}

impl Sums {
    /// Submission by submission; those after the report's week count for the revision alone.
    async fn add_students(
        &mut self,
        session: &mut Session,
        header: &Header,
        condition: &'static str,
        values: Vec<Arg>,
    ) -> sqlx::Result<()> {
        for cell in cells(session, condition, values).await? {
            self.newest = self.newest.max(Some(cell.revision));
            if cell.week > header.week {
                continue;
            }
            let tally = Tally { answers: cell.answers, score_sum: cell.score_sum };
            self.count((cell.subject_id, cell.subject), cell.week, tally);
            self.submissions += 1;
            self.on_time += i64::from(cell.on_time);
            let (of_student, scores) = self.students.entry(cell.student_id).or_default();
            of_student.add(tally);
            scores.extend(cell.scores);
        }
        Ok(())
    }

    /// Assignment by assignment, then student by student.
    async fn add_class(
        &mut self,
        session: &mut Session,
        condition: &'static str,
        values: Vec<Arg>,
    ) -> sqlx::Result<()> {
        let sql = format!(
            "SELECT g.subject_id, s.name, g.week, t.answers, t.score_sum, t.submissions, t.on_time, t.revision \
             FROM assignments g JOIN subjects s ON s.id = g.subject_id \
             JOIN assignment_totals t ON t.assignment_id = g.id WHERE {condition}"
        );
        type Row = (i64, String, i64, i64, i64, i64, i64, i64);
        let rows: Vec<Row> = session.rows(AssertSqlSafe(sql), values.clone()).await?;
        for (subject_id, subject, week, answers, score_sum, submissions, on_time, revision) in rows {
            self.newest = self.newest.max(Some(revision));
            self.count((subject_id, subject), week, Tally { answers, score_sum });
            self.submissions += submissions;
            self.on_time += on_time;
        }
        let sql = format!(
            "SELECT t.student_id, SUM(t.answers), SUM(t.score_sum), GROUP_CONCAT(t.scores) \
             FROM assignments g JOIN work_totals t ON t.assignment_id = g.id \
             WHERE {condition} GROUP BY t.student_id"
        );
        let rows: Vec<(i64, i64, i64, Option<String>)> = session.rows(AssertSqlSafe(sql), values).await?;
        for (student, answers, score_sum, column) in rows {
            self.students.insert(student, (Tally { answers, score_sum }, scores(column.as_deref())));
        }
        Ok(())
    }

    fn count(&mut self, (subject_id, subject): (i64, String), week: i64, tally: Tally) {
        self.subjects.entry(subject_id).or_insert_with(|| (subject, Tally::default())).1.add(tally);
        self.weeks.entry(week).or_default().add(tally);
    }

    fn figures(self) -> Figures {
        let subject = |(subject, tally): (String, Tally)| {
            Some(Subject { subject, answers: tally.answers, average: tally.average()? })
        };
        let week = |(week, tally): (i64, Tally)| {
            Some(Week { week_start: week_start(week), answers: tally.answers, average: tally.average()? })
        };
        let student = |(student_id, (tally, scores)): (&i64, &(Tally, Vec<i64>))| {
            Some(Student {
                student_id: *student_id,
                answers: tally.answers,
                average: tally.average()?,
                min: *scores.iter().min()?,
                max: *scores.iter().max()?,
            })
        };
        Figures {
            students: self.students.len() as i64,
            by_student: self.students.iter().filter_map(student).collect(),
            scores: Spread::of(self.students.into_values().flat_map(|(_, scores)| scores).collect()),
            submissions: self.submissions,
            on_time: self.on_time,
            on_time_percent: percent(self.on_time, self.submissions),
            by_subject: self.subjects.into_values().filter_map(subject).collect(),
            by_week: self.weeks.into_iter().filter_map(week).collect(),
        }
    }
}
