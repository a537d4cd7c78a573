//! The row of a report: what it is about and which rows it covers.

use serde::{Serialize, Serializer};
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, FromRow, Row as _};

use super::concern;
use crate::db::{Session, args};
use crate::domain::{Person, ReportKind};

/// Columns of a [`Header`], for statements that select from `reports r`.
pub(super) const COLUMNS: &str = "r.id, r.report_type, r.title, r.status, s.name AS subject, r.subject_id, \
     r.student_id, r.class_id, r.week, r.week_start, r.sections, r.revision";

/// What a report is about; on the wire without the columns that only steer the computation.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Header {
    pub(crate) id: i64,
    #[serde(rename = "report_type", serialize_with = "kind")]
    pub(crate) kind: ReportKind,
    pub(crate) title: String,
    pub(crate) status: String,
    pub(crate) subject: Option<String>,
    pub(crate) student_id: Option<i64>,
    pub(crate) class_id: Option<i64>,
    pub(crate) week_start: String,
    #[serde(skip)]
    pub(super) subject_id: Option<i64>,
    #[serde(skip)]
    pub(super) week: i64,
    #[serde(skip)]
    pub(super) sections: Option<String>,
    /// Of this row alone; the report's is the newest of all its rows.
    #[serde(skip)]
    pub(super) own_revision: i64,
}

/// What asking for a report by id finds.
#[derive(Debug)]
pub(crate) enum Found {
    /// There is no such report.
    Absent,
    /// It does not concern the reader.
    Foreign,
    /// It concerns the reader.
    Theirs(Header),
}

impl Header {
    /// The report with this id, as far as it concerns `reader`. Decided by the rows of this very
    /// transaction, whatever an index in memory said before it began.
    pub(crate) async fn find(session: &mut Session, id: i64, reader: &Person) -> sqlx::Result<Found> {
        let concerns = concern::one(reader.role);
        let sql = format!(
            "SELECT {COLUMNS}, ({concerns}) AS theirs \
             FROM reports r LEFT JOIN subjects s ON s.id = r.subject_id WHERE r.id = ?1"
        );
        let found: Option<Asked> = session.find(AssertSqlSafe(sql), args![id, reader.id]).await?;
        Ok(match found {
            None => Found::Absent,
            Some(Asked { theirs: false, .. }) => Found::Foreign,
            Some(Asked { header, theirs: true }) => Found::Theirs(header),
        })
    }
}

struct Asked {
    header: Header,
    theirs: bool,
}

impl FromRow<'_, SqliteRow> for Asked {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        Ok(Self { header: Header::from_row(row)?, theirs: row.try_get("theirs")? })
    }
}

impl FromRow<'_, SqliteRow> for Header {
    fn from_row(row: &SqliteRow) -> sqlx::Result<Self> {
        let kind: String = row.try_get("report_type")?;
        let kind = ReportKind::parse(&kind).expect("the schema checks report types");
        Ok(Self {
            id: row.try_get("id")?,
            kind,
            title: row.try_get("title")?,
            status: row.try_get("status")?,
            subject: row.try_get("subject")?,
            student_id: row.try_get("student_id")?,
            class_id: row.try_get("class_id")?,
            week_start: row.try_get("week_start")?,
            subject_id: row.try_get("subject_id")?,
            week: row.try_get("week")?,
            sections: row.try_get("sections")?,
            own_revision: row.try_get("revision")?,
        })
    }
}

fn kind<S: Serializer>(kind: &ReportKind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.as_str())
}
