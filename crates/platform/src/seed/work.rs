//! Assignments, submissions and graded answers, in the order in which they happened.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution as _, Normal};

use super::bulk::Bulk;
use super::people::School;
use super::{Revision, SUBJECTS, names};
use crate::db::{Session, args};
use crate::domain::calendar::{DAY_SECS, WEEK_STARTS, week_begins};

const HOUR_SECS: i64 = 3_600;
/// Chance that a piece of work is handed in at all.
const HANDED_IN: f64 = 0.94;
/// Chance that what is handed in is late.
const LATE: f64 = 0.12;
const TOPICS: [&str; 5] = ["Exercise", "Worksheet", "Essay", "Project", "Quiz"];

struct Submission {
    assignment: i64,
    student: usize,
    submitted_at: i64,
    /// What the student would score here without luck.
    expected: f64,
}

/// Inserts one assignment per class, subject and week, what was handed in, and exactly `answers` answers.
pub(super) async fn insert(
    session: &mut Session,
    chance: &mut ChaCha8Rng,
    school: &School,
    answers: u32,
    revision: &mut Revision,
) -> sqlx::Result<()> {
    let handed_in = insert_assignments(session, chance, school).await?;
    let noise = Normal::new(0.0, 11.0).expect("a positive deviation");
    let mut submissions = Bulk::new("submissions", 5);
    let mut rows = Bulk::new("answers", 6);
    let (total, wanted) = (handed_in.len() as u64, u64::from(answers));
    let mut answer = 0_i64;
    for (place, submission) in (0_u64..).zip(&handed_in) {
        let id = place as i64 + 1;
        let student = &school.students[submission.student];
        submissions
            .push(
                session,
                args![id, submission.assignment, student.id, submission.submitted_at, revision.next()],
            )
            .await?;
        // Shares `wanted` out evenly: the last share ends exactly at `wanted`.
        let share = (place + 1) * wanted / total - place * wanted / total;
        for question in 1..=share as i64 {
            answer += 1;
            let score = (submission.expected + noise.sample(chance)).round().clamp(0.0, 100.0) as i64;
            let comment = names::comment(chance, score, &student.name);
            rows.push(session, args![answer, id, question, score, comment, revision.next()]).await?;
        }
    }
    submissions.finish(session).await?;
    rows.finish(session).await
}

async fn insert_assignments(
    session: &mut Session,
    chance: &mut ChaCha8Rng,
    school: &School,
) -> sqlx::Result<Vec<Submission>> {
    let ability = Normal::new(70.0, 13.0).expect("a positive deviation");
    let difficulty = Normal::new(0.0, 6.0).expect("a positive deviation");
    let abilities: Vec<f64> = school.students.iter().map(|_| ability.sample(chance)).collect();
    let mut handed_in = Vec::new();
    let mut rows = Bulk::new("assignments", 6);
    let mut assignment = 0_i64;
    for week in 0..WEEK_STARTS.len() as i64 {
        for class in &school.classes {
            for (subject, name) in SUBJECTS.iter().enumerate() {
                assignment += 1;
                let subject_id = subject as i64 + 1;
                let due_at = week_begins(week) + (2 + subject as i64 % 4) * DAY_SECS + 18 * HOUR_SECS;
                let title = format!("{name} {} {}", TOPICS[chance.random_range(0..TOPICS.len())], week + 1);
                rows.push(session, args![assignment, class.id, subject_id, week, title, due_at]).await?;
                let harder = difficulty.sample(chance);
                for &student in &class.students {
                    if !chance.random_bool(HANDED_IN) {
                        continue;
                    }
                    let submitted_at = if chance.random_bool(LATE) {
                        due_at + chance.random_range(1..48 * HOUR_SECS)
                    } else {
                        due_at - chance.random_range(0..60 * HOUR_SECS)
                    };
                    handed_in.push(Submission {
                        assignment,
                        student,
                        submitted_at,
                        expected: abilities[student] - harder,
                    });
                }
            }
        }
    }
    rows.finish(session).await?;
    Ok(handed_in)
}
