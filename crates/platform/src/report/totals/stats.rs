//! Statistics, folded from the submissions that a report covers.

use std::collections::{BTreeMap, BTreeSet};

use super::cells::{Cell, cells};
use super::{ClassReports, Computed, Tally, newest};
use crate::db::{Session, args};
use crate::domain::ReportKind;
use crate::domain::calendar::week_start;
use crate::report::analytics::first_week;
use crate::report::spread::Spread;
use crate::report::stats::{Figures, Stats, Student, Subject, Week};
use crate::report::{Header, percent};

/// Computes them: two statements, or one where a class's are remembered.
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
    let work = match header.kind {
        // The whole term, for the revision: the latest answers are shown whatever their week.
        ReportKind::StudentProgress => cells(session, "t.student_id = ?1", args![header.student_id]).await?,
        ReportKind::Custom => {
            let group = "t.student_id IN (SELECT student_id FROM custom_members WHERE report_id = ?1) \
                         AND t.week <= ?2";
            cells(session, group, args![header.id, header.week]).await?
        }
        ReportKind::GradeDistribution => {
            let values = args![header.class_id, header.subject_id, header.week];
            cells(session, "g.class_id = ?1 AND g.subject_id = ?2 AND g.week <= ?3", values).await?
        }
        ReportKind::Analytics => {
            let values = args![header.class_id, first_week(header), header.week];
            cells(session, "g.class_id = ?1 AND g.week BETWEEN ?2 AND ?3", values).await?
        }
    };
    let newest = work.iter().map(|cell| cell.revision).max().max(progress(session, header).await?);
    let covered: Vec<&Cell> = work.iter().filter(|cell| cell.week <= header.week).collect();
    Ok(Computed::new(newest, fold(&covered)))
}

/// The newest progress that the report shows.
async fn progress(session: &mut Session, header: &Header) -> sqlx::Result<Option<i64>> {
    let newest: (Option<i64>,) = match header.kind {
        ReportKind::StudentProgress => {
            session
                .row(
                    "SELECT MAX(MAX(COALESCE(material_revision, 0), COALESCE(element_revision, 0))) \
                 FROM progress_totals WHERE student_id = ?1",
                    args![header.student_id],
                )
                .await?
        }
        ReportKind::Custom => {
            session
                .row(
                    "SELECT MAX(t.material_revision) FROM custom_members m \
                     JOIN progress_totals t ON t.student_id = m.student_id WHERE m.report_id = ?1",
                    args![header.id],
                )
                .await?
        }
        ReportKind::GradeDistribution | ReportKind::Analytics => (None,),
    };
    Ok(newest.0)
}

fn fold(covered: &[&Cell]) -> Figures {
    let students: BTreeSet<i64> = covered.iter().map(|cell| cell.student_id).collect();
    let (submissions, on_time) = (covered.len(), covered.iter().filter(|cell| cell.on_time).count());
    let (submissions, on_time) = (submissions as i64, on_time as i64);
    Figures {
        students: students.len() as i64,
        scores: Spread::of(covered.iter().flat_map(|cell| cell.scores.iter().copied()).collect()),
        submissions,
        on_time,
        on_time_percent: percent(on_time, submissions),
        by_subject: by_subject(covered),
        by_week: by_week(covered),
        by_student: by_student(covered),
    }
}

fn by_subject(covered: &[&Cell]) -> Vec<Subject> {
    let mut subjects: BTreeMap<i64, (&str, Tally)> = BTreeMap::new();
    for cell in covered {
        let (_, tally) = subjects.entry(cell.subject_id).or_insert((&cell.subject, Tally::default()));
        tally.add(cell.answers, cell.score_sum);
    }
    let subject = |(subject, tally): (&str, Tally)| {
        Some(Subject { subject: subject.to_owned(), answers: tally.answers, average: tally.average()? })
    };
    subjects.into_values().filter_map(subject).collect()
}

fn by_week(covered: &[&Cell]) -> Vec<Week> {
    let mut weeks: BTreeMap<i64, Tally> = BTreeMap::new();
    for cell in covered {
        weeks.entry(cell.week).or_default().add(cell.answers, cell.score_sum);
    }
    let week = |(week, tally): (i64, Tally)| {
        Some(Week { week_start: week_start(week), answers: tally.answers, average: tally.average()? })
    };
    weeks.into_iter().filter_map(week).collect()
}

fn by_student(covered: &[&Cell]) -> Vec<Student> {
    let mut students: BTreeMap<i64, Vec<&Cell>> = BTreeMap::new();
    for cell in covered {
        students.entry(cell.student_id).or_default().push(cell);
    }
    let student = |(student_id, cells): (i64, Vec<&Cell>)| {
        let scores = || cells.iter().flat_map(|cell| cell.scores.iter().copied());
        let mut tally = Tally::default();
        cells.iter().for_each(|cell| tally.add(cell.answers, cell.score_sum));
        let average = tally.average()?;
        Some(Student {
            student_id,
            answers: tally.answers,
            average,
            min: scores().min()?,
            max: scores().max()?,
        })
    };
    students.into_iter().filter_map(student).collect()
}
