//! What a seed decides, and what a full school costs.

use std::time::{Duration, Instant};

use platform::{Config, Size};

use crate::rows::dump;
use crate::school::{School, config};

const TABLES: [&str; 16] = [
    "people",
    "credentials",
    "subjects",
    "classes",
    "students",
    "teaching",
    "guardians",
    "tutoring",
    "assignments",
    "submissions",
    "answers",
    "materials",
    "elements",
    "material_progress",
    "element_progress",
    "reports",
];

#[tokio::test]
async fn equal_seeds_give_equal_rows_and_other_seeds_do_not() {
    let (one, same) = (School::open().await, School::open().await);
    let other = School::with(Config { seed: 8, ..config(Size::small()) }).await;
    for table in TABLES.into_iter().chain(["custom_members", "revisions"]) {
        let rows = dump(&one.platform, table).await;
        assert!(!rows.is_empty(), "{table}");
        assert_eq!(rows, dump(&same.platform, table).await, "{table}");
    }
    assert_ne!(dump(&one.platform, "answers").await, dump(&other.platform, "answers").await);
    assert_eq!(one.platform.population(), same.platform.population());
}

#[tokio::test]
async fn a_full_school_is_seeded_in_seconds_and_has_what_was_promised() {
    let started = Instant::now();
    let school = School::with(config(Size::default())).await;
    let took = started.elapsed();
    // Generous: the machine may be busy. Row-by-row inserts took minutes.
    assert!(took < Duration::from_secs(60), "seeding took {took:?}");
    let population = school.platform.population();
    let people = (population.students, population.teachers, population.tutors, population.parents);
    assert_eq!(people, (1_000, 40, 20, 900));
    assert_eq!((population.answers, population.classes, population.subjects), (200_000, 34, 6));
    assert_eq!(population.assignments, 34 * 6 * 10);
    assert!(population.submissions > 50_000 && population.reports > 10_000, "{population:?}");
}

#[tokio::test]
async fn an_impossible_school_is_refused() {
    for size in [
        Size { teachers: 5, ..Size::small() },
        Size { students: 0, ..Size::small() },
        Size { tutors: 0, ..Size::small() },
        Size { parents: 0, ..Size::small() },
    ] {
        assert!(matches!(platform::start(&config(size)).await, Err(platform::Error::Size(_))), "{size:?}");
    }
}
