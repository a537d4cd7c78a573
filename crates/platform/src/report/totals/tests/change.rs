//! Writes of every kind that reports show, as the service's routes make them and as they might.

use proptest::prelude::*;
use proptest::strategy::Union;

use crate::aggregates::{progress_changed, work_changed};
use crate::db::{Session, args};

/// The first assignments of the term and their answers: few, so that writes meet.
const ANSWERS: i64 = 300;
const SUBMISSIONS: i64 = 150;
const ASSIGNMENTS: i64 = 120;
/// Ids: one of the staff, 6 teachers and 3 tutors come first.
const STUDENTS: std::ops::RangeInclusive<i64> = 11..=42;

/// One write. Ids that are not there change nothing.
#[derive(Debug, Clone)]
pub(super) enum Change {
    Grade {
        answer: i64,
        score: i64,
        comment: String,
    },
    /// All answers of a student in one transaction, under one revision.
    GradeTogether {
        student: i64,
        score: i64,
    },
    DeleteAnswer {
        answer: i64,
    },
    /// Once more, where there is one already; perhaps for another class's assignment.
    Submit {
        assignment: i64,
        student: i64,
        at: i64,
        answers: i64,
    },
    Resubmit {
        submission: i64,
        later_secs: i64,
    },
    DeleteWork {
        submission: i64,
    },
    Material {
        student: i64,
        material: i64,
        percent: i64,
    },
    ForgetMaterials {
        student: i64,
    },
    Element {
        student: i64,
        element: i64,
        done: i64,
    },
    MoveClass {
        student: i64,
        class: i64,
    },
    Assign {
        class: i64,
        subject: i64,
        week: i64,
    },
    Unassign {
        assignment: i64,
    },
    /// A class, an assignment and a student get other names.
    Rename {
        class: i64,
        assignment: i64,
        student: i64,
    },
    EditReport {
        report: i64,
        week: i64,
        sections: &'static str,
    },
}

pub(super) fn change() -> impl Strategy<Value = Change> {
    use Change::*;
    let score = || 0..=100_i64;
    Union::new([
        (1..=ANSWERS, score(), "[a-z \"\\\\é]{0,12}")
            .prop_map(|(answer, score, comment)| Grade { answer, score, comment })
            .boxed(),
        (STUDENTS, score()).prop_map(|(student, score)| GradeTogether { student, score }).boxed(),
        (1..=ANSWERS).prop_map(|answer| DeleteAnswer { answer }).boxed(),
        (1..=ASSIGNMENTS, STUDENTS, 0..12 * 7 * 86_400_i64, 0..4_i64)
            .prop_map(|(assignment, student, at, answers)| Submit { assignment, student, at, answers })
            .boxed(),
        (1..=SUBMISSIONS, -300_000..300_000_i64)
            .prop_map(|(submission, later_secs)| Resubmit { submission, later_secs })
            .boxed(),
        (1..=SUBMISSIONS).prop_map(|submission| DeleteWork { submission }).boxed(),
        (STUDENTS, 1..=30_i64, score())
            .prop_map(|(student, material, percent)| Material { student, material, percent })
            .boxed(),
        STUDENTS.prop_map(|student| ForgetMaterials { student }).boxed(),
        (STUDENTS, 1..=90_i64, 0..=1_i64)
            .prop_map(|(student, element, done)| Element { student, element, done })
            .boxed(),
        (STUDENTS, 1..=2_i64).prop_map(|(student, class)| MoveClass { student, class }).boxed(),
        (1..=2_i64, 1..=6_i64, 0..10_i64)
            .prop_map(|(class, subject, week)| Assign { class, subject, week })
            .boxed(),
        (1..=ASSIGNMENTS).prop_map(|assignment| Unassign { assignment }).boxed(),
        (1..=2_i64, 1..=ASSIGNMENTS, STUDENTS)
            .prop_map(|(class, assignment, student)| Rename { class, assignment, student })
            .boxed(),
        (
            1..=600_i64,
            0..10_i64,
            prop::sample::select(vec!["feedback", "averages,completion,materials", "x"]),
        )
            .prop_map(|(report, week, sections)| EditReport { report, week, sections })
            .boxed(),
    ])
}

impl Change {
    /// Writes it, and tells the totals as a route does.
    pub(super) async fn apply(&self, session: &mut Session) -> sqlx::Result<()> {
        let revision = session.next_revision().await?;
        match self {
            Self::Grade { answer, score, comment } => {
                let grade = "UPDATE answers SET score = ?1, comment = ?2, revision = ?3 WHERE id = ?4";
                session.execute(grade, args![*score, comment.as_str(), revision, *answer]).await?;
                of_answer(session, *answer).await
            }
            Self::GradeTogether { student, score } => {
                let grade = "UPDATE answers SET score = (?1 + question) % 101, revision = ?2 \
                             WHERE submission_id IN (SELECT id FROM submissions WHERE student_id = ?3)";
                session.execute(grade, args![*score, revision, *student]).await?;
                let of_student = "SELECT DISTINCT assignment_id FROM submissions WHERE student_id = ?1";
                let assignments: Vec<(i64,)> = session.rows(of_student, args![*student]).await?;
                for (assignment,) in assignments {
                    work_changed(session, assignment, *student).await?;
                }
                Ok(())
            }
            Self::DeleteAnswer { answer } => {
                let submission: Option<(i64,)> = session
                    .find("DELETE FROM answers WHERE id = ?1 RETURNING submission_id", args![*answer])
                    .await?;
                match submission {
                    Some((submission,)) => of_submission(session, submission).await,
                    None => Ok(()),
                }
            }
            Self::Submit { assignment, student, at, answers } => {
                let submit = "INSERT INTO submissions (assignment_id, student_id, submitted_at, revision) \
                              VALUES (?1, ?2, 1788739200 + ?3, ?4) RETURNING id";
                let values = args![*assignment, *student, *at, revision];
                let (submission,): (i64,) = session.row(submit, values).await?;
                for question in 1..=*answers {
                    let answer = "INSERT INTO answers (submission_id, question, score, comment, revision) \
                                  VALUES (?1, ?2, ?3, 'new', ?4)";
                    let values = args![submission, question, (at + question) % 101, revision];
                    session.execute(answer, values).await?;
                }
                of_submission(session, submission).await
            }
            Self::Resubmit { submission, later_secs } => {
                let resubmit =
                    "UPDATE submissions SET submitted_at = submitted_at + ?1, revision = ?2 WHERE id = ?3";
                session.execute(resubmit, args![*later_secs, revision, *submission]).await?;
                of_submission(session, *submission).await
            }
            Self::DeleteWork { submission } => {
                let values = args![*submission];
                session.execute("DELETE FROM answers WHERE submission_id = ?1", values.clone()).await?;
                let delete = "DELETE FROM submissions WHERE id = ?1 RETURNING assignment_id, student_id";
                match session.find::<(i64, i64)>(delete, values).await? {
                    Some((assignment, student)) => work_changed(session, assignment, student).await,
                    None => Ok(()),
                }
            }
            Self::Material { student, material, percent } => {
                let set = "INSERT OR REPLACE INTO material_progress VALUES (?1, ?2, ?3, ?4)";
                session.execute(set, args![*student, *material, *percent, revision]).await?;
                progress_changed(session, *student).await
            }
            Self::ForgetMaterials { student } => {
                let forget = "DELETE FROM material_progress WHERE student_id = ?1 AND material_id < 20";
                session.execute(forget, args![*student]).await?;
                progress_changed(session, *student).await
            }
            Self::Element { student, element, done } => {
                let set = "INSERT OR REPLACE INTO element_progress VALUES (?1, ?2, ?3, ?4)";
                session.execute(set, args![*student, *element, *done, revision]).await?;
                progress_changed(session, *student).await
            }
            // The others tell nobody: what they change is read, or triggers notice it.
            Self::MoveClass { student, class } => {
                let moved = "UPDATE students SET class_id = ?1 WHERE student_id = ?2";
                session.execute(moved, args![*class, *student]).await
            }
            Self::Assign { class, subject, week } => {
                let assign = "INSERT INTO assignments (class_id, subject_id, week, title, due_at) \
                              VALUES (?1, ?2, ?3, 'Extra', 1788739200 + ?3 * 604800)";
                session.execute(assign, args![*class, *subject, *week]).await
            }
            Self::Unassign { assignment } => {
                let unused = "DELETE FROM assignments WHERE id = ?1 \
                              AND NOT EXISTS (SELECT 1 FROM submissions WHERE assignment_id = ?1)";
                session.execute(unused, args![*assignment]).await
            }
            Self::Rename { class, assignment, student } => {
                for (sql, id) in [
                    ("UPDATE classes SET name = name || '+' WHERE id = ?1", class),
                    ("UPDATE assignments SET title = title || '+' WHERE id = ?1", assignment),
                    ("UPDATE people SET name = name || '+' WHERE id = ?1", student),
                    ("UPDATE subjects SET name = name || '+' WHERE id = ?1", class),
                ] {
                    session.execute(sql, args![*id]).await?;
                }
                Ok(())
            }
            Self::EditReport { report, week, sections } => {
                let edit = "UPDATE reports SET week = ?1, revision = ?2, \
                            sections = CASE report_type WHEN 'custom' THEN ?3 END WHERE id = ?4";
                session.execute(edit, args![*week, revision, *sections, *report]).await
            }
        }
    }
}

async fn of_answer(session: &mut Session, answer: i64) -> sqlx::Result<()> {
    let submission: Option<(i64,)> =
        session.find("SELECT submission_id FROM answers WHERE id = ?1", args![answer]).await?;
    match submission {
        Some((submission,)) => of_submission(session, submission).await,
        None => Ok(()),
    }
}

async fn of_submission(session: &mut Session, submission: i64) -> sqlx::Result<()> {
    let find = "SELECT assignment_id, student_id FROM submissions WHERE id = ?1";
    match session.find::<(i64, i64)>(find, args![submission]).await? {
        Some((assignment, student)) => work_changed(session, assignment, student).await,
        None => Ok(()),
    }
}
