//! After a grade nobody is served what it changed, and nobody else loses what it did not.

use std::collections::BTreeSet;

use http::StatusCode;
use platform::StoreChoice;
use serde_json::json;

use crate::rows::{Work, numbers, work};
use crate::school::{Person, School};

/// Everybody whom the grades of a student concern, from the rows.
pub(crate) async fn concerned(school: &School, student: i64, class: i64) -> Vec<(&'static str, i64)> {
    let platform = &school.platform;
    let mut people = vec![("student", student)];
    for row in numbers(platform, "guardians").await {
        if row[1] == student {
            people.push(("parent", row[0]));
        }
    }
    for row in numbers(platform, "tutoring").await {
        if row[1] == student {
            people.push(("tutor", row[0]));
        }
    }
    let teaching = numbers(platform, "teaching").await;
    let teachers: BTreeSet<i64> = teaching.iter().filter(|row| row[0] == class).map(|row| row[2]).collect();
    people.extend(teachers.into_iter().map(|id| ("teacher", id)));
    people
}

/// An answer whose student has two guardians, and a teacher who may grade it.
pub(crate) async fn gradable(school: &School) -> (Work, Person) {
    let guardians = numbers(&school.platform, "guardians").await;
    let both = |student: i64| guardians.iter().filter(|row| row[1] == student).count() == 2;
    let all = work(&school.platform).await;
    let answer = all.into_iter().find(|work| both(work.student) && work.week == 2).unwrap();
    let teaching = numbers(&school.platform, "teaching").await;
    let of = |row: &&Vec<i64>| row[0] == answer.class && row[1] == answer.subject;
    let teacher = teaching.iter().find(of).unwrap()[2];
    let teacher = school.person(teacher).await;
    (answer, teacher)
}

/// Grades an answer and checks what every person entitled to it then reads.
pub(crate) async fn everybody_sees_the_grade(school: &School) {
    let (answer, teacher) = gradable(school).await;
    let mut readers = Vec::new();
    for (role, id) in concerned(school, answer.student, answer.class).await {
        let reader = school.person(id).await;
        let query = format!("type=student_progress&student={}&page_size=1", answer.student);
        let list = format!("/api/reports/?{query}");
        let report = school.get(&reader, &list).await.json()["results"][0]["id"].as_i64().unwrap();
        let mut targets =
            vec![format!("/api/reports/{report}/"), format!("/api/reports/{report}/stats/"), list];
        targets.push(format!("/api/reports/export/?{query}"));
        for target in &targets {
            school.get(&reader, target).await;
            assert_eq!(school.get(&reader, target).await.x_cache(), "HIT", "{role} {target}");
        }
        readers.push((role, reader, targets));
    }
    let roles: BTreeSet<&str> = readers.iter().map(|(role, ..)| *role).collect();
    assert_eq!(roles.into_iter().collect::<Vec<_>>(), ["parent", "student", "teacher", "tutor"]);
    assert_eq!(readers.iter().filter(|(role, ..)| *role == "parent").count(), 2);

    let comment = "Seen at last: 57 marks";
    let score = (answer.score + 31) % 101;
    let graded = school.grade(&teacher, answer.answer, json!({ "score": score, "comment": comment })).await;
    assert_eq!(graded.status, StatusCode::OK);
    let graded = graded.json();
    let revision = graded["revision"].as_i64().unwrap();
    assert_eq!(
        graded,
        json!({
            "id": answer.answer, "student_id": answer.student, "class_id": answer.class,
            "score": score, "comment": comment, "revision": revision,
        })
    );

    for (role, reader, targets) in &readers {
        for target in targets {
            let read = school.get(reader, target).await;
            assert_eq!(read.x_cache(), "MISS", "{role} {target}");
            assert_eq!(read.json()["revision"].as_i64(), Some(revision), "{role} {target}");
            assert_eq!(read.body, school.bypass(reader, target).await.body, "{role} {target}");
        }
        let report = school.get(reader, &targets[0]).await;
        assert_eq!(report.x_cache(), "HIT", "{role}: stored anew");
        let newest = &report.json()["answers"][0];
        assert_eq!(newest["id"].as_i64(), Some(answer.answer), "{role}");
        assert_eq!(newest["score"].as_i64(), Some(score), "{role}");
        assert_eq!(newest["comment"].as_str(), Some(comment), "{role}");
    }
}

#[tokio::test]
async fn a_grade_reaches_every_entitled_reader_on_the_next_read() {
    everybody_sees_the_grade(&School::on(StoreChoice::Memory).await).await;
}

#[tokio::test]
async fn a_grade_leaves_other_peoples_entries_alone() {
    let school = School::open().await;
    let (answer, teacher) = gradable(&school).await;
    let touched: BTreeSet<i64> =
        concerned(&school, answer.student, answer.class).await.into_iter().map(|(_, id)| id).collect();
    let mut bystanders = Vec::new();
    for role in ["student", "parent", "tutor"] {
        for number in 1..=6 {
            let person = school.login(&format!("{role}-{number}")).await;
            if touched.contains(&person.id) {
                continue;
            }
            let report = school.newest(&person, "student_progress").await;
            for target in [format!("/api/reports/{report}/"), "/api/reports/".to_owned()] {
                let body = school.get(&person, &target).await.body;
                bystanders.push((person.clone(), target, body));
            }
        }
    }
    assert!(bystanders.len() > 20);
    let graded = school.grade(&teacher, answer.answer, json!({ "score": 1, "comment": "Again" })).await;
    assert_eq!(graded.status, StatusCode::OK);
    for (person, target, body) in &bystanders {
        let read = school.get(person, target).await;
        assert_eq!(read.x_cache(), "HIT", "{} {target}", person.id);
        assert_eq!(&read.body, body);
    }
}

#[tokio::test]
async fn whatever_is_cached_after_a_grade_equals_what_is_computed() {
    let school = School::open().await;
    let (answer, teacher) = gradable(&school).await;
    let mut reads: Vec<(Person, String)> = Vec::new();
    for (_, id) in concerned(&school, answer.student, answer.class).await {
        let person = school.person(id).await;
        reads.push((person.clone(), "/api/reports/?page_size=50".to_owned()));
        reads.push((person.clone(), "/api/reports/export/?page_size=10&ordering=title".to_owned()));
        for kind in ["student_progress", "grade_distribution", "analytics", "custom"] {
            let list =
                school.bypass(&person, &format!("/api/reports/?type={kind}&page_size=100")).await.json();
            for row in list["results"].as_array().unwrap().iter().step_by(5) {
                reads.push((person.clone(), format!("/api/reports/{}/", row["id"])));
                reads.push((person.clone(), format!("/api/reports/{}/stats/", row["id"])));
            }
        }
    }
    let mut before = Vec::new();
    for (person, target) in &reads {
        before.push(school.get(person, target).await.body);
    }
    school.grade(&teacher, answer.answer, json!({ "score": 100 - answer.score, "comment": "Turned" })).await;
    let mut changed = 0;
    for ((person, target), before) in reads.iter().zip(before) {
        let read = school.get(person, target).await.body;
        let computed = school.bypass(person, target).await.body;
        assert_eq!(read, computed, "{} {target}", person.id);
        changed += usize::from(read != before);
    }
    assert!(changed > 20, "the grade changed {changed} of {} reads", reads.len());
}

#[tokio::test]
async fn only_a_teacher_of_the_class_grades_and_only_with_a_proper_value() {
    let school = School::open().await;
    let (answer, teacher) = gradable(&school).await;
    let proper = json!({ "score": 50, "comment": "Fine" });
    let classes: BTreeSet<i64> =
        concerned(&school, answer.student, answer.class).await.into_iter().map(|(_, id)| id).collect();
    let mut strangers = 0;
    for username in
        ["student-1", "parent-1", "tutor-1", "admin", "teacher-1", "teacher-2", "teacher-7", "teacher-8"]
    {
        let person = school.login(username).await;
        if username.starts_with("teacher") && classes.contains(&person.id) {
            continue;
        }
        strangers += usize::from(username.starts_with("teacher"));
        let refused = school.grade(&person, answer.answer, proper.clone()).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{username}");
    }
    assert!(strangers > 0, "a teacher of another class tried");
    for body in [
        json!({ "score": 101, "comment": "x" }),
        json!({ "score": -1 }),
        json!({ "score": 87.5 }),
        json!({ "score": "50" }),
        json!({}),
        json!({ "comment": "x".repeat(2_001) }),
        json!({ "score": 5, "mood": "good" }),
    ] {
        let refused = school.grade(&teacher, answer.answer, body.clone()).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    assert_eq!(school.grade(&teacher, 9_999_999, proper).await.status, StatusCode::NOT_FOUND);
    let after = work(&school.platform).await;
    let row = after.iter().find(|work| work.answer == answer.answer).unwrap();
    assert_eq!((row.score, row.revision), (answer.score, answer.revision), "nothing was written");
}

#[tokio::test]
async fn revisions_of_concurrent_grades_are_all_different() {
    let school = School::open().await;
    let (answer, teacher) = gradable(&school).await;
    let grades = (0..20).map(|score| school.grade(&teacher, answer.answer, json!({ "score": score })));
    let graded = futures::future::join_all(grades).await;
    let revisions: BTreeSet<i64> =
        graded.iter().map(|graded| graded.json()["revision"].as_i64().unwrap()).collect();
    assert_eq!(revisions.len(), 20);
    let after = work(&school.platform).await;
    let row = after.iter().find(|work| work.answer == answer.answer).unwrap();
    assert_eq!(Some(&row.revision), revisions.last());
    assert_eq!(row.comment, answer.comment, "an absent comment stays as it was");
}
