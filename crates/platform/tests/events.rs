//! Every event of students' work: what it changes is a miss for everybody whom it concerns, and nothing else.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::rows::{Work, numbers, work};
use crate::rules::Rules;
use crate::school::{Person, School};
use crate::watch::{Watch, roles_of};

/// Reports that show the work of a student in a class and subject. Not the groups': some show too little.
fn about(student: i64, class: i64, subject: i64) -> impl Fn(&Value) -> bool {
    let subjects = ["Mathematics", "English", "Science", "History", "Geography", "Art"];
    let subject = subjects[usize::try_from(subject - 1).unwrap()];
    move |row| match row["report_type"].as_str().unwrap() {
        "student_progress" => row["student_id"].as_i64() == Some(student),
        "grade_distribution" => row["class_id"].as_i64() == Some(class) && row["subject"] == subject,
        "analytics" => row["class_id"].as_i64() == Some(class),
        _ => false,
    }
}

/// All four roles are among those whom the event concerns, and the teachers by all of a class's types.
fn concerns_all_roles(rules: &Rules, touched: &BTreeSet<(i64, String)>) {
    let roles: Vec<String> = roles_of(rules, touched).into_iter().collect();
    assert_eq!(roles, ["parent", "student", "teacher", "tutor"]);
}

fn own_answer(all: &[Work], student: i64) -> &Work {
    all.iter().find(|work| work.student == student && work.week == 9).unwrap()
}

async fn grader(school: &School, rules: &Rules, answer: &Work) -> Person {
    let row = rules.teaching.iter().find(|row| row[0] == answer.class && row[1] == answer.subject).unwrap();
    school.person(row[2]).await
}

#[tokio::test]
async fn a_changed_grade_is_a_miss_for_everybody_it_concerns_and_for_nobody_else() {
    a_grade_reaches_whom_it_concerns(&School::open().await).await;
}

/// Also on another store.
pub(crate) async fn a_grade_reaches_whom_it_concerns(school: &School) {
    let rules = Rules::of(school).await;
    let student = rules.student();
    let all = work(&school.platform).await;
    let answer = own_answer(&all, student);
    let teacher = grader(school, &rules, answer).await;
    let mut people = rules.neighbourhood(student);
    people.push(teacher.id);
    let watch = Watch::warm(school, &people, about(student, answer.class, answer.subject)).await;
    let body = json!({ "score": (answer.score + 41) % 101, "comment": "A mark that nobody else has" });
    assert_eq!(school.grade(&teacher, answer.answer, body).await.status, StatusCode::OK);
    let touched = rules.readers_of_work(student, answer.class, answer.subject);
    concerns_all_roles(&rules, &touched);
    let changed = watch.check(school, &touched).await;
    watch.shown(&touched, &changed);
}

#[tokio::test]
async fn grades_in_bulk_are_one_write_and_one_invalidation() {
    let school = School::open().await;
    let rules = Rules::of(&school).await;
    let student = rules.student();
    let all = work(&school.platform).await;
    let first = own_answer(&all, student);
    let teacher = grader(&school, &rules, first).await;
    let other =
        all.iter().find(|work| work.assignment == first.assignment && work.student != student).unwrap();
    let mut people = rules.neighbourhood(student);
    people.extend([other.student, teacher.id]);
    let watch = Watch::warm(&school, &people, about(student, first.class, first.subject)).await;
    let invalidations = r#"report_cache_invalidations_total{reason="grade_changed"}"#;
    let body = json!({ "grades": [
        { "id": first.answer, "score": 3 }, { "id": other.answer, "comment": "Seen in the bulk" },
    ]});
    let graded = school.post(&teacher, "/api/answers/grades/", body).await;
    assert_eq!(graded.status, StatusCode::OK, "{}", graded.text());
    let graded = graded.json();
    assert_eq!(graded["count"], 2);
    assert_eq!(
        (&graded["results"][0]["score"], &graded["results"][0]["comment"]),
        (&json!(3), &json!(first.comment))
    );
    assert_eq!(graded["results"][1]["score"], json!(other.score));
    assert_eq!(school.metric(invalidations).await, 1.0);
    let mut touched = rules.readers_of_work(student, first.class, first.subject);
    touched.extend(rules.readers_of_work(other.student, other.class, other.subject));
    let changed = watch.check(&school, &touched).await;
    watch.shown(&touched, &changed);
    assert!(changed.iter().any(|(id, _)| *id == other.student));
}

#[tokio::test]
async fn grades_in_bulk_are_all_saved_or_none() {
    let school = School::open().await;
    let rules = Rules::of(&school).await;
    let all = work(&school.platform).await;
    let student = rules.student();
    let own = own_answer(&all, student);
    let teacher = grader(&school, &rules, own).await;
    let foreign = all.iter().find(|work| !rules.teachers(work.class).contains(&teacher.id));
    let watch = Watch::warm(&school, &[student, teacher.id], about(student, own.class, own.subject)).await;
    let good = json!({ "id": own.answer, "score": 1 });
    let mut refused = vec![
        (json!({ "grades": [] }), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({ "grades": vec![good.clone(); 201] }), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({ "grades": [good, good] }), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({ "grades": [good, { "id": 9_999_999, "score": 1 }] }), StatusCode::UNPROCESSABLE_ENTITY),
        (
            json!({ "grades": [good, { "id": own.answer + 1, "score": 101 }] }),
            StatusCode::UNPROCESSABLE_ENTITY,
        ),
        (json!({ "grades": [good, { "id": own.answer + 1 }] }), StatusCode::UNPROCESSABLE_ENTITY),
        (json!({ "grades": good }), StatusCode::UNPROCESSABLE_ENTITY),
    ];
    if let Some(foreign) = foreign {
        refused
            .push((json!({ "grades": [good, { "id": foreign.answer, "score": 1 }] }), StatusCode::FORBIDDEN));
    }
    for (body, status) in refused {
        let answer = school.post(&teacher, "/api/answers/grades/", body.clone()).await;
        assert_eq!(answer.status, status, "{body}");
        assert!(answer.json()["detail"].is_string() || status == StatusCode::UNPROCESSABLE_ENTITY);
    }
    for username in ["student-1", "parent-1", "tutor-1", "admin"] {
        let person = school.login(username).await;
        let answer = school.post(&person, "/api/answers/grades/", json!({ "grades": [good] })).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{username}");
    }
    let after = work(&school.platform).await;
    assert_eq!(own_answer(&after, student).revision, own.revision, "nothing was written");
    watch.check_untouched(&school).await;
}

/// The student's own assignments of a page.
async fn assignments(school: &School, student: &Person) -> Vec<Value> {
    let body = school.get(student, "/api/assignments/?page_size=100").await.json();
    let results = body["results"].as_array().unwrap().clone();
    assert_eq!(body["count"].as_u64(), Some(results.len() as u64));
    results
}

#[tokio::test]
async fn a_submission_is_a_miss_for_everybody_it_concerns_and_for_nobody_else() {
    let school = School::open().await;
    let rules = Rules::of(&school).await;
    // Somebody with two guardians and work that was not handed in.
    let submissions = numbers(&school.platform, "submissions").await;
    let all = numbers(&school.platform, "assignments").await;
    let missing = |student: i64| {
        let class = rules.class_of(student);
        let done = |assignment: i64| submissions.iter().any(|row| row[1] == assignment && row[2] == student);
        // Late enough for the newest analytics.
        all.iter().rev().find(|row| row[1] == class && row[3] >= 6 && !done(row[0]))
    };
    let student = rules.first("student", |id| rules.parents(id).len() == 2 && missing(id).is_some());
    let (assignment, class, subject) = missing(student).map(|row| (row[0], row[1], row[2])).unwrap();
    let watch = Watch::warm(&school, &rules.neighbourhood(student), about(student, class, subject)).await;
    let me = watch.person(student);
    let listed = assignments(&school, me).await;
    let row = listed.iter().find(|row| row["id"] == json!(assignment)).unwrap();
    assert_eq!((&row["submitted"], &row["submitted_at"]), (&json!(false), &Value::Null));
    assert!(row["title"].is_string() && row["week_start"].is_string() && row["due_at"].is_i64());

    let target = format!("/api/assignments/{assignment}/submissions/");
    let submitted = school.post(me, &target, json!({})).await;
    assert_eq!(submitted.status, StatusCode::CREATED, "{}", submitted.text());
    let touched = rules.readers_of_work(student, class, subject);
    concerns_all_roles(&rules, &touched);
    let changed = watch.check(&school, &touched).await;
    watch.shown(&touched, &changed);
    let listed = assignments(&school, me).await;
    let row = listed.iter().find(|row| row["id"] == json!(assignment)).unwrap();
    assert_eq!((&row["submitted"], &row["submitted_at"]), (&json!(true), &submitted.json()["submitted_at"]));

    // Handed in again: the same submission, later; and everybody reads it anew.
    let again = school.send(Method::POST, &target, Some(&me.token), None, &[]).await;
    assert_eq!(again.status, StatusCode::BAD_REQUEST, "an empty body is no JSON: {}", again.text());
    let again = school.post(me, &target, json!({})).await;
    assert_eq!(again.status, StatusCode::OK);
    assert_eq!(again.json()["id"], submitted.json()["id"]);
    assert!(again.json()["revision"].as_i64() > submitted.json()["revision"].as_i64());
    let changed = watch.check(&school, &touched).await;
    watch.shown(&touched, &changed);
    let rows = numbers(&school.platform, "submissions").await;
    assert_eq!(rows.iter().filter(|row| row[1] == assignment && row[2] == student).count(), 1);
}

#[tokio::test]
async fn only_a_student_of_the_class_hands_in_an_assignment() {
    let school = School::open().await;
    let rules = Rules::of(&school).await;
    let assignments = numbers(&school.platform, "assignments").await;
    let student = school.login("student-1").await;
    let foreign = assignments.iter().find(|row| row[1] != rules.class_of(student.id)).unwrap()[0];
    let own = assignments.iter().find(|row| row[1] == rules.class_of(student.id)).unwrap()[0];
    let watch = Watch::warm(&school, &[student.id], |_| true).await;
    let submit = async |who: &Person, id: i64, body: Value| {
        school.post(who, &format!("/api/assignments/{id}/submissions/"), body).await.status
    };
    assert_eq!(submit(&student, foreign, json!({})).await, StatusCode::FORBIDDEN);
    assert_eq!(submit(&student, 999_999, json!({})).await, StatusCode::NOT_FOUND);
    assert_eq!(submit(&student, own, json!({ "mood": 1 })).await, StatusCode::UNPROCESSABLE_ENTITY);
    for username in ["teacher-1", "parent-1", "tutor-1", "admin"] {
        let person = school.login(username).await;
        assert_eq!(submit(&person, own, json!({})).await, StatusCode::FORBIDDEN, "{username}");
        assert_eq!(
            school.get(&person, "/api/assignments/").await.status,
            StatusCode::FORBIDDEN,
            "{username}"
        );
    }
    watch.check_untouched(&school).await;
}

#[tokio::test]
async fn progress_is_a_miss_for_readers_of_that_student_alone_and_leaves_the_classes_reports() {
    let school = School::open().await;
    let rules = Rules::of(&school).await;
    let student = rules.student();
    let class = rules.class_of(student);
    let watch = Watch::warm(&school, &rules.neighbourhood(student), about(student, class, 1)).await;
    let me = watch.person(student);
    let materials = school.get(me, "/api/materials/").await.json();
    assert_eq!(materials["count"], 30);
    let material = &materials["results"][3];
    let percent = (material["percent"].as_i64().unwrap() + 37) % 101;

    let target = format!("/api/materials/{}/progress/", material["id"]);
    let saved =
        school.send(Method::PUT, &target, Some(&me.token), Some(json!({ "percent": percent })), &[]).await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.text());
    let mine = |kind: &str| {
        rules.readers(|report| match report.kind.as_str() {
            "student_progress" => report.student == student,
            other => other == kind && report.members.contains(&student),
        })
    };
    let touched = mine("custom");
    concerns_all_roles(&rules, &touched);
    let changed = watch.check(&school, &touched).await;
    watch.shown(&touched, &changed);
    let shown = school.get(me, "/api/materials/").await.json()["results"][3]["percent"].clone();
    assert_eq!(shown, json!(percent));

    // Elements show in the student's own reports; groups show materials only.
    let element = &material["elements"][0];
    let done = !element["done"].as_bool().unwrap();
    let target = format!("/api/elements/{}/progress/", element["id"]);
    let saved = school.send(Method::PUT, &target, Some(&me.token), Some(json!({ "done": done })), &[]).await;
    assert_eq!(saved.status, StatusCode::OK, "{}", saved.text());
    let touched = mine("nothing else");
    assert!(touched.iter().all(|(_, kind)| kind == "student_progress"));
    let changed = watch.check(&school, &touched).await;
    watch.shown(&touched, &changed);
    let shown = school.get(me, "/api/materials/").await.json()["results"][3]["elements"][0]["done"].clone();
    assert_eq!(shown, json!(done));
}

#[tokio::test]
async fn progress_is_the_students_own_and_within_bounds() {
    let school = School::open().await;
    let student = school.login("student-1").await;
    let watch = Watch::warm(&school, &[student.id], |_| true).await;
    let put = async |who: &Person, target: &str, body: Value| {
        school.send(Method::PUT, target, Some(&who.token), Some(body), &[]).await.status
    };
    let (material, element) = ("/api/materials/1/progress/", "/api/elements/1/progress/");
    for body in [json!({ "percent": 101 }), json!({ "percent": -1 }), json!({ "percent": 1.5 }), json!({})] {
        assert_eq!(put(&student, material, body.clone()).await, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    for body in [json!({ "done": 1 }), json!({ "done": null }), json!({ "done": true, "percent": 1 })] {
        assert_eq!(put(&student, element, body.clone()).await, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
    }
    let missing = "/api/materials/999/progress/";
    assert_eq!(put(&student, missing, json!({ "percent": 1 })).await, StatusCode::NOT_FOUND);
    assert_eq!(
        put(&student, "/api/elements/999/progress/", json!({ "done": true })).await,
        StatusCode::NOT_FOUND
    );
    for username in ["teacher-1", "parent-1", "tutor-1", "admin"] {
        let person = school.login(username).await;
        assert_eq!(
            put(&person, material, json!({ "percent": 1 })).await,
            StatusCode::FORBIDDEN,
            "{username}"
        );
        assert_eq!(put(&person, element, json!({ "done": true })).await, StatusCode::FORBIDDEN, "{username}");
        assert_eq!(school.get(&person, "/api/materials/").await.status, StatusCode::FORBIDDEN, "{username}");
    }
    watch.check_untouched(&school).await;
}

/// Lag 0: whoever reads after a write was acknowledged sees it, however many read at the same time and fill
/// the cache with what was computed before.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_read_that_starts_after_an_acknowledged_write_shows_it_while_others_read() {
    let school = Arc::new(School::open().await);
    let rules = Rules::of(&school).await;
    let student = rules.student();
    let all = work(&school.platform).await;
    let answer = own_answer(&all, student);
    let teacher = grader(&school, &rules, answer).await;
    let mut readers = vec![teacher.clone()];
    for id in rules.parents(student).into_iter().chain([student]) {
        readers.push(school.person(id).await);
    }
    let target = format!("/api/reports/{}/", school.newest(&readers[3], "student_progress").await);
    let done = Arc::new(AtomicBool::new(false));
    let crowd: Vec<_> = readers
        .iter()
        .map(|reader| {
            let (school, reader, target, done) =
                (school.clone(), reader.clone(), target.clone(), done.clone());
            tokio::spawn(async move {
                while !done.load(Relaxed) {
                    assert_eq!(school.get(&reader, &target).await.status, StatusCode::OK);
                    // A hit never waits, and there is no socket here that would: let others run.
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for mark in 0..40 {
        let comment = format!("Mark {mark}");
        let graded = school.grade(&teacher, answer.answer, json!({ "comment": comment })).await;
        assert_eq!(graded.status, StatusCode::OK);
        for reader in &readers {
            let read = school.get(reader, &target).await.json();
            assert_eq!(read["answers"][0]["comment"], json!(comment), "reader {}", reader.id);
        }
    }
    done.store(true, Relaxed);
    for reading in crowd {
        reading.await.unwrap();
    }
}
