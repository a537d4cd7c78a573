//! People, classes and the links between them.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::bulk::Bulk;
use super::{SUBJECTS, names};
use crate::config::Size;
use crate::db::{Session, args};
use crate::domain::password;

/// Students a class.
const CLASS_SIZE: usize = 30;
/// Of students, how many have a second guardian.
const SECOND_GUARDIAN: f64 = 0.45;
/// Of students, how many have a second tutor.
const SECOND_TUTOR: f64 = 0.1;

/// A student as the later stages need it.
pub(super) struct Student {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) class: usize,
}

/// A class; its id is its place plus one.
pub(super) struct Class {
    pub(super) id: i64,
    pub(super) name: String,
    /// Places in [`School::students`].
    pub(super) students: Vec<usize>,
    /// Ids, one for each subject.
    pub(super) teachers: Vec<i64>,
}

/// What the later stages need to know of the people.
pub(super) struct School {
    pub(super) students: Vec<Student>,
    pub(super) classes: Vec<Class>,
    pub(super) teachers: Vec<i64>,
    /// Each tutor's id with the places of their students.
    pub(super) tutors: Vec<(i64, Vec<usize>)>,
}

/// Inserts people and links.
pub(super) async fn insert(
    session: &mut Session,
    chance: &mut ChaCha8Rng,
    size: Size,
    password: &str,
) -> sqlx::Result<School> {
    let salt = format!("{:032x}", chance.random::<u128>());
    let hash = password::hash(password, &salt, password::ITERATIONS);
    session
        .execute(
            "INSERT INTO credentials VALUES (1, ?, ?, ?)",
            args![salt, i64::from(password::ITERATIONS), hash],
        )
        .await?;
    let mut register = Register { people: Bulk::new("people", 5), last: 0 };
    register.add(session, "staff", "admin".to_owned(), "School office".to_owned()).await?;
    let teachers = register.add_many(session, chance, "teacher", size.teachers).await?;
    let tutors = register.add_many(session, chance, "tutor", size.tutors).await?;
    let students = register.add_many(session, chance, "student", size.students).await?;
    let parents = register.add_many(session, chance, "parent", size.parents).await?;
    register.people.finish(session).await?;

    let classes = students.len().div_ceil(CLASS_SIZE);
    let mut school = School {
        students: students
            .into_iter()
            .enumerate()
            .map(|(place, (id, name))| Student { id, name, class: place % classes })
            .collect(),
        classes: Vec::new(),
        teachers: teachers.into_iter().map(|(id, _)| id).collect(),
        tutors: tutors.into_iter().map(|(id, _)| (id, Vec::new())).collect(),
    };
    school.classes = (0..classes).map(|class| open_class(&school, class)).collect();
    insert_classes(session, &school).await?;
    insert_tutoring(session, chance, &mut school).await?;
    let parents: Vec<i64> = parents.into_iter().map(|(id, _)| id).collect();
    insert_guardians(session, chance, &school, &parents).await?;
    Ok(school)
}

/// The list of people while it grows.
struct Register {
    people: Bulk,
    last: i64,
}

impl Register {
    async fn add(
        &mut self,
        session: &mut Session,
        role: &str,
        username: String,
        name: String,
    ) -> sqlx::Result<i64> {
        self.last += 1;
        self.people.push(session, args![self.last, username, role, name, 1]).await?;
        Ok(self.last)
    }

    async fn add_many(
        &mut self,
        session: &mut Session,
        chance: &mut ChaCha8Rng,
        role: &str,
        how_many: u32,
    ) -> sqlx::Result<Vec<(i64, String)>> {
        let mut added = Vec::with_capacity(how_many as usize);
        for number in 1..=how_many {
            let name = names::person(chance);
            let id = self.add(session, role, format!("{role}-{number}"), name.clone()).await?;
            added.push((id, name));
        }
        Ok(added)
    }
}

/// A teacher has one subject; the classes are dealt out among the teachers of each subject.
fn open_class(school: &School, place: usize) -> Class {
    let teachers = (0..SUBJECTS.len())
        .map(|subject| {
            let of_subject: Vec<i64> =
                school.teachers.iter().skip(subject).step_by(SUBJECTS.len()).copied().collect();
            of_subject[place % of_subject.len()]
        })
        .collect();
    let year = 5 + place / 4;
    let letter = ["A", "B", "C", "D"][place % 4];
    Class {
        id: place as i64 + 1,
        name: format!("{year}{letter}"),
        students: (0..school.students.len()).filter(|&s| school.students[s].class == place).collect(),
        teachers,
    }
}

async fn insert_classes(session: &mut Session, school: &School) -> sqlx::Result<()> {
    let mut subjects = Bulk::new("subjects", 2);
    for (place, name) in SUBJECTS.iter().enumerate() {
        subjects.push(session, args![place as i64 + 1, *name]).await?;
    }
    subjects.finish(session).await?;
    let mut classes = Bulk::new("classes", 2);
    let mut teaching = Bulk::new("teaching", 3);
    for class in &school.classes {
        classes.push(session, args![class.id, class.name.as_str()]).await?;
        for (subject, teacher) in class.teachers.iter().enumerate() {
            teaching.push(session, args![class.id, subject as i64 + 1, *teacher]).await?;
        }
    }
    classes.finish(session).await?;
    teaching.finish(session).await?;
    let mut students = Bulk::new("students", 2);
    for student in &school.students {
        students.push(session, args![student.id, school.classes[student.class].id]).await?;
    }
    students.finish(session).await
}

async fn insert_tutoring(
    session: &mut Session,
    chance: &mut ChaCha8Rng,
    school: &mut School,
) -> sqlx::Result<()> {
    let tutors = school.tutors.len();
    let mut tutoring = Bulk::new("tutoring", 2);
    for (place, student) in school.students.iter().enumerate() {
        let mut of_student = vec![place % tutors];
        if tutors > 1 && chance.random_bool(SECOND_TUTOR) {
            of_student.push((place + chance.random_range(1..tutors)) % tutors);
        }
        for tutor in of_student {
            let (id, students) = &mut school.tutors[tutor];
            students.push(place);
            tutoring.push(session, args![*id, student.id]).await?;
        }
    }
    tutoring.finish(session).await
}

async fn insert_guardians(
    session: &mut Session,
    chance: &mut ChaCha8Rng,
    school: &School,
    parents: &[i64],
) -> sqlx::Result<()> {
    let mut guardians = Bulk::new("guardians", 2);
    // Everybody's first guardian goes round the parents, so nobody is left without a child.
    for (place, student) in school.students.iter().enumerate() {
        let first = place % parents.len();
        guardians.push(session, args![parents[first], student.id]).await?;
        if parents.len() > 1 && chance.random_bool(SECOND_GUARDIAN) {
            let second = (first + chance.random_range(1..parents.len())) % parents.len();
            guardians.push(session, args![parents[second], student.id]).await?;
        }
    }
    guardians.finish(session).await
}
