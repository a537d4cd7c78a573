//! Learning materials, their elements, and how far each student is.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::bulk::Bulk;
use super::people::School;
use super::{Revision, SUBJECTS};
use crate::db::{Session, args};

const MATERIALS_A_SUBJECT: i64 = 5;
const ELEMENTS_A_MATERIAL: i64 = 3;

/// Inserts materials, elements, and one progress row per student and each of them.
pub(super) async fn insert(
    session: &mut Session,
    chance: &mut ChaCha8Rng,
    school: &School,
    revision: &mut Revision,
) -> sqlx::Result<()> {
    let count = SUBJECTS.len() as i64 * MATERIALS_A_SUBJECT;
    let mut materials = Bulk::new("materials", 3);
    let mut elements = Bulk::new("elements", 3);
    for material in 0..count {
        let (subject, unit) = (material / MATERIALS_A_SUBJECT, material % MATERIALS_A_SUBJECT + 1);
        let title = format!("{} unit {unit}", SUBJECTS[subject as usize]);
        materials.push(session, args![material + 1, subject + 1, title]).await?;
        for element in 0..ELEMENTS_A_MATERIAL {
            let id = material * ELEMENTS_A_MATERIAL + element + 1;
            let title = format!("Unit {unit}, part {}", element + 1);
            elements.push(session, args![id, material + 1, title]).await?;
        }
    }
    materials.finish(session).await?;
    elements.finish(session).await?;

    let mut material_progress = Bulk::new("material_progress", 4);
    let mut element_progress = Bulk::new("element_progress", 4);
    for student in &school.students {
        for material in 0..count {
            let mut done = 0;
            for element in 0..ELEMENTS_A_MATERIAL {
                // Later units have been reached by fewer.
                let likely = 0.95 - 0.15 * (material % MATERIALS_A_SUBJECT) as f64;
                let finished = i64::from(chance.random_bool(likely));
                done += finished;
                let id = material * ELEMENTS_A_MATERIAL + element + 1;
                element_progress.push(session, args![student.id, id, finished, revision.next()]).await?;
            }
            let percent = done * 100 / ELEMENTS_A_MATERIAL;
            material_progress
                .push(session, args![student.id, material + 1, percent, revision.next()])
                .await?;
        }
    }
    material_progress.finish(session).await?;
    element_progress.finish(session).await
}
