//! What a start of the service needs to be told.

use std::path::PathBuf;

use report_cache::BrowserPolicy;

/// Everything that [`start`](crate::start) needs. Equal `seed` and `size` give equal data.
#[derive(Debug, Clone)]
pub struct Config {
    /// Decides every seeded row.
    pub seed: u64,
    /// How large the school is.
    pub size: Size,
    /// How much faster than the wall the cache's clock runs; 1 is real time.
    pub time_scale: f64,
    /// Where cached reports live.
    pub store: StoreChoice,
    /// Password of every seeded person, the staff user `admin` included.
    pub password: String,
    /// How long browsers may keep a report without asking.
    pub browser: BrowserPolicy,
    /// The database's file, which several processes may share; absent, a temporary one that goes with the
    /// service. A file that is not there is created and seeded. Several processes need a store that they
    /// share too ([`StoreChoice::Redis`]): an invalidation does not reach another process's memory.
    pub database: Option<PathBuf>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seed: 1,
            size: Size::default(),
            time_scale: 1.0,
            store: StoreChoice::Memory,
            password: "school".to_owned(),
            browser: BrowserPolicy::Exact,
            database: None,
        }
    }
}

/// Where cached reports live.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreChoice {
    /// In this process.
    Memory,
    /// In a Redis server; only keys below `prefix` are touched.
    Redis {
        /// `redis://host:port/db`.
        url: String,
        /// Stands before every key.
        prefix: String,
        /// Whether a server that cannot be reached is an error at the start. If not, the service starts
        /// without it and connects when it is there.
        must_answer: bool,
    },
}

/// How many people and answers the school has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Students; one class for every 30 of them.
    pub students: u32,
    /// Teachers; each class has one for every subject.
    pub teachers: u32,
    /// Tutors; the students are shared out among them.
    pub tutors: u32,
    /// Parents; each has at least one child while there are no more parents than students.
    pub parents: u32,
    /// Graded answers, exactly.
    pub answers: u32,
}

impl Default for Size {
    fn default() -> Self {
        Self { students: 1_000, teachers: 40, tutors: 20, parents: 900, answers: 200_000 }
    }
}

impl Size {
    /// A school for tests and smoke runs; seeded in a fraction of a second.
    pub const fn small() -> Self {
        Self { students: 120, teachers: 8, tutors: 6, parents: 100, answers: 12_000 }
    }
}
