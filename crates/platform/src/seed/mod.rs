//! Fills the empty database with a school.
//!
//! In: a seed and a [`Size`]. Out: rows, and [`Population`], their true counts. Equal seeds and sizes
//! give equal rows. Everything goes into one transaction, many rows a statement: tables, rows, indexes and
//! totals. A process that ends half-way leaves an empty file, and a second one that opens the same file
//! waits, and finds the school there.

mod bulk;
mod names;
mod people;
mod progress;
mod reports;
#[cfg(test)]
mod tests;
mod work;

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use crate::Error;
use crate::aggregates;
use crate::config::Size;
use crate::db::{Database, Purpose, Session, args};

/// Subjects; every class has all of them.
const SUBJECTS: [&str; 6] = ["Mathematics", "English", "Science", "History", "Geography", "Art"];
const SCHEMA: &str = include_str!("../../migrations/0001_schema.sql");
const INDEXES: &str = include_str!("../../migrations/0002_indexes.sql");
const TOTALS: &str = include_str!("../../migrations/0003_totals.sql");
const TOTALS_INDEXES: &str = include_str!("../../migrations/0004_totals_indexes.sql");
/// Grows when the tables or the seeded rows change; a file from before is refused.
const LAYOUT: u32 = 1;

/// How many of everything there are, counted in the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Population {
    /// Students.
    pub students: i64,
    /// Teachers.
    pub teachers: i64,
    /// Tutors.
    pub tutors: i64,
    /// Parents.
    pub parents: i64,
    /// Classes.
    pub classes: i64,
    /// Subjects.
    pub subjects: i64,
    /// Assignments.
    pub assignments: i64,
    /// Submissions.
    pub submissions: i64,
    /// Graded answers.
    pub answers: i64,
    /// Reports of all types.
    pub reports: i64,
}

/// Fills `db`, unless this school is in it already. Takes seconds for 200,000 answers.
///
/// # Errors
/// When the numbers do not make a school, the file holds something else, or the disk refuses.
pub(crate) async fn fill(db: &Database, seed: u64, size: Size, password: &str) -> Result<Population, Error> {
    check(size)?;
    let _alone = db.lock().await?;
    let origin = origin(seed, size);
    let mut session = db.write(Purpose::Management).await?;
    match found(&mut session).await? {
        None => {
            session.script(SCHEMA).await?;
            insert(&mut session, seed, size, password).await?;
            session.script(INDEXES).await?;
            session.script(TOTALS).await?;
            aggregates::fill(&mut session).await?;
            session.script(TOTALS_INDEXES).await?;
            session.execute("INSERT INTO seeded (id, origin) VALUES (1, ?)", args![origin]).await?;
            session.commit().await?;
            db.finish_load().await?;
        }
        Some(found) if found == origin => session.commit().await?,
        Some(found) => {
            return Err(Error::OtherSchool { file: db.file().to_owned(), found, wanted: origin });
        }
    }
    Ok(count(db).await?)
}

async fn insert(session: &mut Session, seed: u64, size: Size, password: &str) -> sqlx::Result<()> {
    let mut revision = Revision(0);
    let school = people::insert(session, &mut stream(seed, 1), size, password).await?;
    work::insert(session, &mut stream(seed, 2), &school, size.answers, &mut revision).await?;
    progress::insert(session, &mut stream(seed, 3), &school, &mut revision).await?;
    reports::insert(session, &mut stream(seed, 4), &school, &mut revision).await?;
    session.execute("INSERT INTO revisions (id, value) VALUES (1, ?)", args![revision.0]).await
}

/// What decides every seeded row, in words.
fn origin(seed: u64, size: Size) -> String {
    let Size { students, teachers, tutors, parents, answers } = size;
    format!(
        "a school of layout {LAYOUT}, seed {seed}, with {students} students, {teachers} teachers, \
         {tutors} tutors, {parents} parents and {answers} answers"
    )
}

/// What the file holds; `None` for an empty one.
async fn found(session: &mut Session) -> sqlx::Result<Option<String>> {
    let tables = "SELECT COUNT(*), COALESCE(SUM(name = 'seeded'), 0) FROM sqlite_master";
    let (any, seeded): (i64, i64) = session.row(tables, args![]).await?;
    Ok(match (any, seeded) {
        (0, _) => None,
        (_, 0) => Some("tables that are not a school's".to_owned()),
        _ => Some(session.row::<(String,)>("SELECT origin FROM seeded", args![]).await?.0),
    })
}

fn check(size: Size) -> Result<(), Error> {
    if (size.teachers as usize) < SUBJECTS.len() {
        return Err(Error::Size("a school needs a teacher for each of its 6 subjects"));
    }
    if size.students == 0 || size.tutors == 0 || size.parents == 0 {
        return Err(Error::Size("a school needs at least one student, one tutor and one parent"));
    }
    Ok(())
}

/// One stream of chance per stage, so that a change in one stage leaves the others' rows alone.
fn stream(seed: u64, stage: u64) -> ChaCha8Rng {
    let mut chance = ChaCha8Rng::seed_from_u64(seed);
    chance.set_stream(stage);
    chance
}

/// Hands out revisions in the order of the rows.
struct Revision(i64);

impl Revision {
    fn next(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
}

async fn count(db: &Database) -> sqlx::Result<Population> {
    let mut session = db.read(Purpose::Management).await?;
    let (students, teachers, tutors, parents): (i64, i64, i64, i64) = session
        .row(
            "SELECT SUM(role = 'student'), SUM(role = 'teacher'), SUM(role = 'tutor'), SUM(role = 'parent') \
             FROM people",
            args![],
        )
        .await?;
    let population = Population {
        students,
        teachers,
        tutors,
        parents,
        classes: rows_of(&mut session, "SELECT COUNT(*) FROM classes").await?,
        subjects: rows_of(&mut session, "SELECT COUNT(*) FROM subjects").await?,
        assignments: rows_of(&mut session, "SELECT COUNT(*) FROM assignments").await?,
        submissions: rows_of(&mut session, "SELECT COUNT(*) FROM submissions").await?,
        answers: rows_of(&mut session, "SELECT COUNT(*) FROM answers").await?,
        reports: rows_of(&mut session, "SELECT COUNT(*) FROM reports").await?,
    };
    session.commit().await?;
    Ok(population)
}

async fn rows_of(session: &mut Session, sql: &'static str) -> sqlx::Result<i64> {
    Ok(session.row::<(i64,)>(sql, args![]).await?.0)
}
