//! Finding the reports that concern a reader.

use sqlx::AssertSqlSafe;

use super::header::COLUMNS;
use super::{Header, concern};
use crate::db::{Arg, Session};
use crate::domain::{Person, ReportKind};

/// What to keep; absent keeps everything.
#[derive(Debug, Default, Clone)]
pub(crate) struct Filter {
    pub(crate) kind: Option<ReportKind>,
    pub(crate) status: Option<String>,
    pub(crate) student: Option<i64>,
    /// A subject's name.
    pub(crate) subject: Option<String>,
    /// A Monday, `YYYY-MM-DD`.
    pub(crate) week_start: Option<String>,
    /// Part of a title, in any case (ASCII letters).
    pub(crate) search: Option<String>,
}

/// The order of a list. Ties go to the newer id, or follow the id's own order.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ordering {
    OldestWeek,
    #[default]
    NewestWeek,
    Id,
    IdDescending,
    Title,
}

impl Ordering {
    /// Reads the parameter's value.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "week_start" => Some(Self::OldestWeek),
            "-week_start" => Some(Self::NewestWeek),
            "id" => Some(Self::Id),
            "-id" => Some(Self::IdDescending),
            "title" => Some(Self::Title),
            _ => None,
        }
    }

    fn sql(self) -> &'static str {
        match self {
            Self::OldestWeek => "r.week_start, r.id",
            Self::NewestWeek => "r.week_start DESC, r.id DESC",
            Self::Id => "r.id",
            Self::IdDescending => "r.id DESC",
            Self::Title => "r.title, r.id",
        }
    }
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Page {
    /// From 1.
    pub(crate) number: i64,
    /// Rows a page.
    pub(crate) size: i64,
}

/// One page of reports.
pub(crate) struct Listed {
    /// Matching reports on all pages.
    pub(crate) count: i64,
    pub(crate) headers: Vec<Header>,
}

/// Finds the reports that concern `reader` and pass `filter`.
pub(crate) async fn select(
    session: &mut Session,
    reader: &Person,
    filter: &Filter,
    ordering: Ordering,
    page: Page,
) -> sqlx::Result<Listed> {
    let (condition, mut values) = conditions(reader, filter);
    let from = "FROM reports r LEFT JOIN subjects s ON s.id = r.subject_id";
    let counted = format!("SELECT COUNT(*) {from} WHERE {condition}");
    let (count,): (i64,) = session.row(AssertSqlSafe(counted), values.clone()).await?;
    values.push(Arg::Int(page.size));
    values.push(Arg::Int((page.number - 1).saturating_mul(page.size)));
    let order = ordering.sql();
    let sql = format!("SELECT {COLUMNS} {from} WHERE {condition} ORDER BY {order} LIMIT ? OFFSET ?");
    let headers = session.rows(AssertSqlSafe(sql), values).await?;
    Ok(Listed { count, headers })
}

fn conditions(reader: &Person, filter: &Filter) -> (String, Vec<Arg>) {
    let search = filter.search.as_ref().map(|text| {
        let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        format!("%{escaped}%")
    });
    let wanted: [(&str, Arg); 6] = [
        ("r.report_type = ?", filter.kind.map(ReportKind::as_str).into()),
        ("r.status = ?", filter.status.clone().into()),
        ("r.student_id = ?", filter.student.into()),
        ("s.name = ?", filter.subject.clone().into()),
        ("r.week_start = ?", filter.week_start.clone().into()),
        ("r.title LIKE ? ESCAPE '\\'", search.into()),
    ];
    let mut conditions = vec![concern::listed(reader.role)];
    let mut values = vec![Arg::Int(reader.id)];
    for (condition, value) in wanted {
        if !matches!(value, Arg::Null) {
            conditions.push(condition);
            values.push(value);
        }
    }
    (conditions.join(" AND "), values)
}
