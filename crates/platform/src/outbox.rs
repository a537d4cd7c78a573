//! The rows of invalidations that the cache's store may not have done yet.
//!
//! A write records its invalidation in its own transaction, so that neither a store that is away nor the
//! end of the process can lose it. Every process that opens the database replays what is left.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use report_cache::error::Cause;
use report_cache::{Invalidation, Outbox, Recorded};

use crate::db::{Database, Purpose, Session, args};

/// Writes the row of `event`, within the transaction of `session`; its number.
pub(crate) async fn record(session: &mut Session, event: &Invalidation) -> sqlx::Result<i64> {
    let text = serde_json::to_string(event).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let (id,) = session
        .row("INSERT INTO outbox (recorded_ms, event) VALUES (?, ?) RETURNING id", args![unix_ms(), text])
        .await?;
    Ok(id)
}

/// The table, as the cache reads it.
pub(crate) struct Rows(Arc<Database>);

impl Rows {
    /// Of this database.
    pub(crate) fn of(db: Arc<Database>) -> Self {
        Self(db)
    }
}

#[async_trait]
impl Outbox for Rows {
    async fn pending(&self, min_age: Duration, limit: usize) -> Result<Vec<Recorded>, Cause> {
        let mut session = self.0.read(Purpose::Management).await?;
        let now = unix_ms();
        let until = now.saturating_sub(i64::try_from(min_age.as_millis())?);
        // The clock may have been set back since: how old a row from the future is nobody knows, and to
        // replay one too soon is harmless.
        let rows: Vec<(i64, String)> = session
            .rows(
                "SELECT id, event FROM outbox WHERE recorded_ms NOT BETWEEN ? AND ? ORDER BY id LIMIT ?",
                args![until.saturating_add(1), now, i64::try_from(limit)?],
            )
            .await?;
        session.commit().await?;
        let recorded = |(id, event): (i64, String)| -> Result<Recorded, Cause> {
            Ok(Recorded { id, invalidation: serde_json::from_str(&event)? })
        };
        rows.into_iter().map(recorded).collect()
    }

    async fn confirm(&self, ids: &[i64]) -> Result<(), Cause> {
        let mut session = self.0.write(Purpose::Management).await?;
        let ids = serde_json::to_string(ids)?;
        session
            .execute("DELETE FROM outbox WHERE id IN (SELECT value FROM json_each(?))", args![ids])
            .await?;
        session.commit().await?;
        Ok(())
    }
}

/// Wall milliseconds since 1970.
fn unix_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
