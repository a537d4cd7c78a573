//! What a class's reports say, remembered for each version of the class.

use std::collections::HashMap;

use super::{Computed, Contents, analytics, grade_distribution, list, stats};
use crate::aggregates::{Memo, Stamp};
use crate::db::{Session, args};
use crate::domain::ReportKind;
use crate::report::stats::Figures;
use crate::report::{Content, Header};

/// Remembers the contents and the statistics of reports on classes.
#[derive(Debug, Default)]
pub(crate) struct ClassReports {
    contents: Memo<Computed<Content>>,
    stats: Memo<Computed<Figures>>,
}

impl ClassReports {
    /// What these reports on classes say: one statement, and those of the reports that are not remembered.
    pub(super) async fn contents(
        &self,
        session: &mut Session,
        headers: &[&Header],
    ) -> sqlx::Result<Contents> {
        let stamps = stamps(session, headers).await?;
        let mut contents = Contents::with_capacity(headers.len());
        for header in headers {
            let compute = async {
                if header.kind == ReportKind::Analytics {
                    analytics::compute(session, header).await
                } else {
                    grade_distribution::compute(session, header).await
                }
            };
            contents.insert(header.id, self.contents.get(header.id, stamp(&stamps, header), compute).await?);
        }
        Ok(contents)
    }

    /// The statistics of a report on a class.
    pub(super) async fn stats(
        &self,
        session: &mut Session,
        header: &Header,
    ) -> sqlx::Result<Computed<Figures>> {
        let stamps = stamps(session, &[header]).await?;
        let compute = async { stats::figures(session, header).await };
        self.stats.get(header.id, stamp(&stamps, header), compute).await
    }
}

/// The versions of the classes, as this transaction sees them.
async fn stamps(session: &mut Session, headers: &[&Header]) -> sqlx::Result<HashMap<i64, i64>> {
    if headers.is_empty() {
        return Ok(HashMap::new());
    }
    let classes = list(headers.iter().filter_map(|header| header.class_id));
    let versions: Vec<(i64, i64)> = session
        .rows(
            "SELECT class_id, version FROM class_versions \
             WHERE class_id IN (SELECT value FROM json_each(?1))",
            args![classes],
        )
        .await?;
    Ok(versions.into_iter().collect())
}

fn stamp(versions: &HashMap<i64, i64>, header: &Header) -> Stamp {
    let version = header.class_id.and_then(|class| versions.get(&class)).copied().unwrap_or(0);
    Stamp { version, revision: header.own_revision }
}
