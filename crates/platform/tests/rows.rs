//! The raw rows, read past the service, and sums over them.

use platform::Platform;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Row as _};

/// An answer with what it hangs from.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) answer: i64,
    pub(crate) student: i64,
    pub(crate) class: i64,
    pub(crate) subject: i64,
    pub(crate) assignment: i64,
    pub(crate) week: i64,
    pub(crate) score: i64,
    pub(crate) comment: String,
    pub(crate) revision: i64,
}

/// Every row of a table as numbers and texts, in the order of its columns.
pub(crate) async fn dump(platform: &Platform, table: &str) -> Vec<Vec<String>> {
    let mut connection =
        SqliteConnectOptions::new().filename(platform.database()).read_only(true).connect().await.unwrap();
    let names: Vec<String> = sqlx::query(AssertSqlSafe(format!("PRAGMA table_info({table})")))
        .fetch_all(&mut connection)
        .await
        .unwrap()
        .iter()
        .map(|row| row.get("name"))
        .collect();
    let columns: Vec<String> = names.iter().map(|name| format!("CAST({name} AS TEXT)")).collect();
    let sql = format!("SELECT {} FROM {table} ORDER BY {}", columns.join(", "), names.join(", "));
    sqlx::query(AssertSqlSafe(sql))
        .fetch_all(&mut connection)
        .await
        .unwrap()
        .iter()
        .map(|row| (0..columns.len()).map(|c| row.get::<Option<String>, _>(c).unwrap_or_default()).collect())
        .collect()
}

/// The same, where every column is a number (others read as 0, absent ones as -1).
pub(crate) async fn numbers(platform: &Platform, table: &str) -> Vec<Vec<i64>> {
    let number = |text: String| if text.is_empty() { -1 } else { text.parse().unwrap_or(0) };
    dump(platform, table).await.into_iter().map(|row| row.into_iter().map(number).collect()).collect()
}

/// Changes rows past the service, as another process would.
pub(crate) async fn write(platform: &Platform, sql: &str) {
    let mut connection = SqliteConnectOptions::new().filename(platform.database()).connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
}

/// All answers, joined by hand.
pub(crate) async fn work(platform: &Platform) -> Vec<Work> {
    let assignments = numbers(platform, "assignments").await;
    let mut submissions = numbers(platform, "submissions").await;
    submissions.sort_unstable();
    let answers = dump(platform, "answers").await;
    let mut all: Vec<Work> = answers
        .into_iter()
        .map(|row| {
            let submission: i64 = row[1].parse().unwrap();
            let of = &submissions[usize::try_from(submission - 1).unwrap()];
            assert_eq!(of[0], submission, "ids are dense");
            let assignment = assignments.iter().find(|assignment| assignment[0] == of[1]).unwrap();
            Work {
                answer: row[0].parse().unwrap(),
                student: of[2],
                class: assignment[1],
                subject: assignment[2],
                assignment: assignment[0],
                week: assignment[3],
                score: row[3].parse().unwrap(),
                comment: row[4].clone(),
                revision: row[5].parse().unwrap(),
            }
        })
        .collect();
    all.sort_by_key(|work| work.answer);
    all
}

pub(crate) fn mean(scores: &[i64]) -> f64 {
    let sum: i64 = scores.iter().sum();
    cents(sum as f64 / scores.len() as f64)
}

/// Two decimals, as the reports round.
pub(crate) fn cents(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
