//! The database: one SQLite file, in a temporary directory or where several processes share it.
//!
//! Every statement passes through [`Session`], the one door that counts it under its
//! [`Purpose`]. A session is a transaction, so that a report computed by many queries sees one
//! state of the school and never half of a write.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use prometheus::{IntCounter, IntCounterVec, Opts};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Arguments as _, FromRow, SqlSafeStr, Sqlite, SqlitePool, Transaction};
use tempfile::TempDir;

/// Connections that read at once. Each has a thread of its own.
const READERS: u32 = 8;
/// Pages a connection keeps, in KiB (negative: SQLite's way of saying KiB).
const PAGE_CACHE_KIB: &str = "-16000";
/// How long a write waits for another process's.
const BUSY: Duration = Duration::from_secs(30);

/// What a query is for; the label of `platform_db_queries_total`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Computing or listing reports for a reader.
    Report,
    /// Checking who somebody is.
    Auth,
    /// Changing rows, and finding the rows to change.
    Write,
    /// Seeding, warming and the staff's calls.
    Management,
}

impl Purpose {
    const ALL: [Self; 4] = [Self::Report, Self::Auth, Self::Write, Self::Management];

    fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Auth => "auth",
            Self::Write => "write",
            Self::Management => "management",
        }
    }
}

/// A value bound to a `?`.
#[derive(Debug, Clone)]
pub(crate) enum Arg {
    /// SQL NULL.
    Null,
    /// An integer.
    Int(i64),
    /// A text.
    Text(String),
}

impl From<i64> for Arg {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<String> for Arg {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<&str> for Arg {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl<T: Into<Self>> From<Option<T>> for Arg {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Collects values for the `?` of a statement, in order.
macro_rules! args {
    ($($value:expr),* $(,)?) => { vec![$($crate::db::Arg::from($value)),*] };
}
pub(crate) use args;

/// The open database. A temporary file goes when the last handle goes.
#[derive(Debug)]
pub(crate) struct Database {
    readers: SqlitePool,
    /// One connection: SQLite has one writer at a time, and waiting here is cheaper than `SQLITE_BUSY`.
    writer: SqlitePool,
    queries: IntCounterVec,
    file: PathBuf,
    _directory: Option<TempDir>,
}

impl Database {
    /// Opens `file`, or a new temporary one. An absent file is created, empty: `seed::fill` does the rest.
    ///
    /// # Errors
    /// When the disk refuses, or the file is no database.
    pub(crate) async fn open(file: Option<&Path>) -> Result<Self, crate::Error> {
        let (file, directory, synchronous) = match file {
            // Nobody reads a temporary file after a crash.
            None => {
                let directory = tempfile::Builder::new().prefix("platform-").tempdir()?;
                (directory.path().join("school.sqlite"), Some(directory), SqliteSynchronous::Off)
            }
            Some(file) => (file.to_owned(), None, SqliteSynchronous::Normal),
        };
        // The change to WAL fails, rather than waits, while another process has the file open.
        let _alone = lock(&file).await?;
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .busy_timeout(BUSY)
            .foreign_keys(false)
            .pragma("cache_size", PAGE_CACHE_KIB)
            .statement_cache_capacity(200);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options.clone())
            .await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(options.create_if_missing(false));
        let queries = IntCounterVec::new(
            Opts::new("platform_db_queries_total", "Statements sent to the database."),
            &["purpose"],
        )?;
        for purpose in Purpose::ALL {
            queries.with_label_values(&[purpose.as_str()]);
        }
        Ok(Self { readers, writer, queries, file, _directory: directory })
    }

    /// Keeps other processes from opening or filling the file until the lock is dropped.
    pub(crate) async fn lock(&self) -> std::io::Result<File> {
        lock(&self.file).await
    }

    /// Moves all rows from the log to the file: reading through a log of the whole load would be slower
    /// for as long as the service runs.
    pub(crate) async fn finish_load(&self) -> sqlx::Result<()> {
        sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.writer).await?;
        Ok(())
    }

    /// Adds the query counter to `registry`.
    pub(crate) fn register(&self, registry: &prometheus::Registry) -> prometheus::Result<()> {
        registry.register(Box::new(self.queries.clone()))
    }

    /// The database's file.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// Opens a session that reads one state of the school.
    pub(crate) async fn read(&self, purpose: Purpose) -> sqlx::Result<Session> {
        Ok(self.session(self.readers.begin().await?, purpose))
    }

    /// Opens a session that may write. The write lock is taken at once: nobody has to upgrade later.
    pub(crate) async fn write(&self, purpose: Purpose) -> sqlx::Result<Session> {
        Ok(self.session(self.writer.begin_with("BEGIN IMMEDIATE").await?, purpose))
    }

    /// Statements counted so far.
    #[cfg(test)]
    pub(crate) fn queries(&self, purpose: Purpose) -> u64 {
        self.queries.with_label_values(&[purpose.as_str()]).get()
    }

    fn session(&self, transaction: Transaction<'static, Sqlite>, purpose: Purpose) -> Session {
        Session { transaction, counted: self.queries.with_label_values(&[purpose.as_str()]) }
    }
}

/// A transaction whose statements are counted. Dropped without [`Session::commit`], it is rolled back.
pub(crate) struct Session {
    transaction: Transaction<'static, Sqlite>,
    counted: IntCounter,
}

impl Session {
    /// All rows.
    pub(crate) async fn rows<T>(&mut self, sql: impl SqlSafeStr, values: Vec<Arg>) -> sqlx::Result<Vec<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        self.counted.inc();
        sqlx::query_as_with::<Sqlite, T, _>(sql, bind(values)?).fetch_all(&mut *self.transaction).await
    }

    /// Exactly one row, as aggregates give.
    pub(crate) async fn row<T>(&mut self, sql: impl SqlSafeStr, values: Vec<Arg>) -> sqlx::Result<T>
    where
        T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        self.counted.inc();
        sqlx::query_as_with::<Sqlite, T, _>(sql, bind(values)?).fetch_one(&mut *self.transaction).await
    }

    /// At most one row.
    pub(crate) async fn find<T>(&mut self, sql: impl SqlSafeStr, values: Vec<Arg>) -> sqlx::Result<Option<T>>
    where
        T: for<'r> FromRow<'r, SqliteRow> + Send + Unpin,
    {
        self.counted.inc();
        sqlx::query_as_with::<Sqlite, T, _>(sql, bind(values)?).fetch_optional(&mut *self.transaction).await
    }

    /// Runs a statement that gives no rows.
    pub(crate) async fn execute(&mut self, sql: impl SqlSafeStr, values: Vec<Arg>) -> sqlx::Result<()> {
        self.counted.inc();
        sqlx::query_with::<Sqlite, _>(sql, bind(values)?).execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Runs statements that take no values and give no rows, counted as one.
    pub(crate) async fn script(&mut self, sql: &'static str) -> sqlx::Result<()> {
        self.counted.inc();
        sqlx::raw_sql(sql).execute(&mut *self.transaction).await?;
        Ok(())
    }

    /// Takes the next revision. It never repeats and never goes back.
    pub(crate) async fn next_revision(&mut self) -> sqlx::Result<i64> {
        let (value,) =
            self.row("UPDATE revisions SET value = value + 1 WHERE id = 1 RETURNING value", args![]).await?;
        Ok(value)
    }

    /// Ends the session and keeps what it wrote.
    pub(crate) async fn commit(self) -> sqlx::Result<()> {
        self.transaction.commit().await
    }
}

/// Waits for the lock beside `file`. The system drops it when its holder ends, however that ends.
async fn lock(file: &Path) -> std::io::Result<File> {
    let mut name = file.as_os_str().to_owned();
    name.push(".lock");
    let waited = tokio::task::spawn_blocking(move || {
        let lock = File::create(PathBuf::from(name))?;
        lock.lock()?;
        Ok(lock)
    });
    waited.await.map_err(std::io::Error::other)?
}

fn bind(values: Vec<Arg>) -> sqlx::Result<SqliteArguments> {
    let mut arguments = SqliteArguments::default();
    arguments.reserve(values.len(), 0);
    for value in values {
        match value {
            Arg::Null => arguments.add(None::<i64>),
            Arg::Int(value) => arguments.add(value),
            Arg::Text(value) => arguments.add(value),
        }
        .map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}
