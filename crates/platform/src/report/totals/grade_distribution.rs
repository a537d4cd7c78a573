//! A grade distribution: the scores of each assignment, read together.

use super::Computed;
use super::cells::scores;
use crate::db::{Session, args};
use crate::report::grade_distribution::{Assignment, GradeDistribution, histogram};
use crate::report::spread::Spread;
use crate::report::{Content, Header};

pub(super) async fn compute(session: &mut Session, header: &Header) -> sqlx::Result<Computed<Content>> {
    type Row = (String, Option<i64>, Option<String>, Option<String>, Option<i64>);
    let rows: Vec<Row> = session
        .rows(
            "SELECT c.name, g.id, g.title, t.scores, t.revision FROM classes c \
             LEFT JOIN assignments g ON g.class_id = c.id AND g.subject_id = ?2 AND g.week <= ?3 \
             LEFT JOIN assignment_totals t ON t.assignment_id = g.id WHERE c.id = ?1 ORDER BY g.id",
            args![header.class_id, header.subject_id, header.week],
        )
        .await?;
    let class = rows.first().ok_or(sqlx::Error::RowNotFound)?.0.clone();
    let newest = rows.iter().filter_map(|(.., revision)| *revision).max();
    let mut all = Vec::new();
    let mut assignments = Vec::with_capacity(rows.len());
    for (_, id, title, column, _) in rows {
        let (Some(assignment_id), Some(title)) = (id, title) else { continue };
        let scores = scores(column.as_deref());
        all.extend_from_slice(&scores);
        assignments.push(Assignment { assignment_id, title, spread: Spread::of(scores) });
    }
    let mut counts: Vec<(i64, i64)> = (0..10).map(|bucket| (bucket, 0)).collect();
    for score in &all {
        counts[usize::try_from(score / 10).unwrap_or(0).min(9)].1 += 1;
    }
    let content =
        GradeDistribution { class, overall: Spread::of(all), histogram: histogram(&counts), assignments };
    Ok(Computed::new(newest, Content::GradeDistribution(content)))
}
