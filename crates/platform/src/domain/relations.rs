//! The links that everybody in this process shares, and the turn to change them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use sqlx::AssertSqlSafe;

use super::links::{Groups, Links, ReportFacts};
use super::{Person, ReportKind, Role};
use crate::db::{Database, Purpose, Session, args};

/// The current [`Links`]. Readers take a snapshot; a writer replaces it once its rows are committed.
#[derive(Debug)]
pub(crate) struct Relations {
    now: RwLock<Arc<Links>>,
    turn: tokio::sync::Mutex<()>,
}

/// The right to write rows and links. One at a time, so that links are replaced in the order in which
/// their rows were committed: the other way round a link that was cut would come back.
#[derive(Debug)]
pub(crate) struct Turn<'r>(#[expect(dead_code, reason = "held, not read")] tokio::sync::MutexGuard<'r, ()>);

impl Relations {
    /// Reads the links as they are now.
    pub(crate) async fn load(db: &Database) -> sqlx::Result<Self> {
        let mut session = db.read(Purpose::Management).await?;
        let links = Links::load(&mut session).await?;
        session.commit().await?;
        Ok(Self { now: RwLock::new(Arc::new(links)), turn: tokio::sync::Mutex::default() })
    }

    /// The links as they are now; what changes later does not change this.
    pub(crate) fn now(&self) -> Arc<Links> {
        // A panic cannot leave half a pointer behind.
        Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits until nobody else in this process writes.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        Turn(self.turn.lock().await)
    }

    /// The links of the rows that `session` sees, read anew if another process that shares the database has
    /// changed them. To be asked before anything is written.
    pub(crate) async fn current(&self, turn: &Turn<'_>, session: &mut Session) -> sqlx::Result<Arc<Links>> {
        let links = self.now();
        if links.version == version(session).await? {
            return Ok(links);
        }
        let links = Arc::new(Links::load(session).await?);
        self.replace(turn, Arc::clone(&links));
        Ok(links)
    }

    /// Catches up with other processes that share the database.
    pub(crate) async fn refresh(&self, db: &Database) -> sqlx::Result<Arc<Links>> {
        let turn = self.turn().await;
        let mut session = db.read(Purpose::Management).await?;
        let links = self.current(&turn, &mut session).await?;
        session.commit().await?;
        Ok(links)
    }

    /// From now on everybody sees these links.
    pub(crate) fn replace(&self, _: &Turn<'_>, links: Arc<Links>) {
        *self.now.write().unwrap_or_else(PoisonError::into_inner) = links;
    }
}

impl Links {
    /// Reads the links as this session sees them.
    async fn load(session: &mut Session) -> sqlx::Result<Self> {
        let mut links = Self { version: version(session).await?, ..Self::default() };
        let people: Vec<(i64, String, String, String)> =
            session.rows("SELECT id, username, role, name FROM people", args![]).await?;
        let person = |(id, username, role, name): (i64, String, String, String)| {
            let role = Role::parse(&role).expect("the schema checks roles");
            (id, Person { id, username, role, name })
        };
        links.people = Arc::new(people.into_iter().map(person).collect());
        let seats: Vec<(i64, i64)> =
            session.rows("SELECT student_id, class_id FROM students", args![]).await?;
        links.class_of = Arc::new(seats.into_iter().collect());
        let classes: Vec<(i64,)> = session.rows("SELECT id FROM classes", args![]).await?;
        let lessons: Vec<(i64, i64, i64)> =
            session.rows("SELECT class_id, subject_id, teacher_id FROM teaching", args![]).await?;
        // A class that nobody teaches is a class too.
        let mut teaching: HashMap<i64, BTreeMap<i64, i64>> =
            classes.into_iter().map(|(class,)| (class, BTreeMap::new())).collect();
        for (class, subject, teacher) in lessons {
            teaching.entry(class).or_default().insert(subject, teacher);
        }
        links.teaching = Arc::new(teaching);
        links.parents_of =
            grouped(session.rows("SELECT student_id, parent_id FROM guardians", args![]).await?);
        links.tutors_of = grouped(session.rows("SELECT student_id, tutor_id FROM tutoring", args![]).await?);
        links.customs_with =
            grouped(session.rows("SELECT student_id, report_id FROM custom_members", args![]).await?);
        let reports: Vec<ReportRow> = session
            .rows("SELECT id, report_type, subject_id, student_id, class_id, author_id FROM reports", args![])
            .await?;
        for (id, kind, subject, student, class, author) in reports {
            let kind = ReportKind::parse(&kind).expect("the schema checks report types");
            // The groups are there already.
            links.file(id, ReportFacts { kind, subject, student, class, author }, &BTreeSet::new());
        }
        Ok(links)
    }

    /// Writes down which links the rows of this transaction make.
    pub(crate) async fn stamp(&self, session: &mut Session) -> sqlx::Result<()> {
        // A pragma takes no parameters. SQLite keeps 32 bits of it; a change a second fills them in 68 years.
        session.execute(AssertSqlSafe(format!("PRAGMA user_version = {}", self.version)), args![]).await
    }
}

/// The fields of a [`ReportFacts`] after the report's id.
type ReportRow = (i64, String, Option<i64>, Option<i64>, Option<i64>, i64);

/// SQLite's `user_version` is part of the file and of the transaction, and ours to give a meaning.
async fn version(session: &mut Session) -> sqlx::Result<i64> {
    Ok(session.row::<(i64,)>("PRAGMA user_version", args![]).await?.0)
}

fn grouped(pairs: Vec<(i64, i64)>) -> Arc<Groups> {
    let mut groups = Groups::new();
    for (key, value) in pairs {
        groups.entry(key).or_default().insert(value);
    }
    Arc::new(groups)
}
