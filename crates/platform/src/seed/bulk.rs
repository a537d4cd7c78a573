//! Many rows a statement.

use std::sync::Arc;

use sqlx::AssertSqlSafe;

use crate::db::{Arg, Session};

/// Rows a statement; with the widest table (13 columns) well below SQLite's 32,766 parameters.
const ROWS: usize = 500;

/// Collects rows of one table and inserts them by the hundreds.
pub(super) struct Bulk {
    table: &'static str,
    columns: usize,
    /// The statement for a full batch, prepared once a connection.
    full: Arc<str>,
    values: Vec<Arg>,
}

impl Bulk {
    /// Rows for `table`, which has this many columns.
    pub(super) fn new(table: &'static str, columns: usize) -> Self {
        let full = statement(table, columns, ROWS).into();
        Self { table, columns, full, values: Vec::with_capacity(columns * ROWS) }
    }

    /// Adds a row, in the order of the table's columns.
    pub(super) async fn push(&mut self, session: &mut Session, row: Vec<Arg>) -> sqlx::Result<()> {
        debug_assert_eq!(row.len(), self.columns, "{}", self.table);
        self.values.extend(row);
        if self.values.len() == self.columns * ROWS {
            let values = std::mem::replace(&mut self.values, Vec::with_capacity(self.columns * ROWS));
            session.execute(AssertSqlSafe(self.full.clone()), values).await?;
        }
        Ok(())
    }

    /// Inserts what is left.
    pub(super) async fn finish(self, session: &mut Session) -> sqlx::Result<()> {
        let rows = self.values.len() / self.columns;
        if rows > 0 {
            let sql = statement(self.table, self.columns, rows);
            session.execute(AssertSqlSafe(sql), self.values).await?;
        }
        Ok(())
    }
}

fn statement(table: &str, columns: usize, rows: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    format!("INSERT INTO {table} VALUES {}", vec![row; rows].join(","))
}
