//! A link that is made or cut counts at once, on both sides, and a student who moved takes nothing along.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::rows::{numbers, work};
use crate::rules::Rules;
use crate::school::{Answer, Person, School};
use crate::watch::Watch;

fn about(student: i64) -> impl Fn(&Value) -> bool {
    move |row| row["student_id"].as_i64() == Some(student)
}

/// Both sides of a link, by the types of the reports about the student for which `with` holds.
fn sides(rules: &Rules, student: i64, other: i64, with: impl Fn(&str) -> bool) -> BTreeSet<(i64, String)> {
    let about = rules.reports.iter().filter(|report| report.student == student && with(&report.kind));
    about.flat_map(|report| [(student, report.kind.clone()), (other, report.kind.clone())]).collect()
}

async fn put(school: &School, who: &Person, target: &str, body: Option<Value>) -> Answer {
    school.send(Method::PUT, target, Some(&who.token), body, &[]).await
}

#[tokio::test]
async fn a_guardian_who_is_cut_off_reads_nothing_more_and_one_who_is_linked_reads_at_once() {
    a_guardian_is_cut_off_and_linked_again(&School::open().await).await;
}

/// Also on another store.
pub(crate) async fn a_guardian_is_cut_off_and_linked_again(school: &School) {
    let rules = Rules::of(school).await;
    let admin = school.login("admin").await;
    let student = rules.student();
    let parent = rules.parents(student)[0];
    let link = format!("/api/students/{student}/guardians/{parent}/");
    let watch = Watch::warm(school, &rules.neighbourhood(student), about(student)).await;
    let report = school.newest(watch.person(student), "student_progress").await;
    let targets = [format!("/api/reports/{report}/"), format!("/api/reports/{report}/stats/")];
    let listed = format!("/api/reports/?student={student}");
    for target in targets.iter().chain([&listed]) {
        school.get(watch.person(parent), target).await;
        assert_eq!(school.get(watch.person(parent), target).await.x_cache(), "HIT", "{target}");
    }
    let validator = school.get(watch.person(parent), &targets[0]).await.headers["etag"].clone();

    let cut = school.delete(&admin, &link).await;
    assert_eq!((cut.status, cut.json()["linked"].as_bool()), (StatusCode::OK, Some(false)));
    for target in &targets {
        let refused = school.get(watch.person(parent), target).await;
        assert_eq!(
            (refused.status, refused.x_cache()),
            (StatusCode::FORBIDDEN, ""),
            "{target}, though it was warm"
        );
    }
    let held = [("if-none-match", validator.to_str().unwrap())];
    let token = Some(watch.person(parent).token.as_str());
    let refused = school.send(Method::GET, &targets[0], token, None, &held).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "no 304 for the copy in the browser");
    assert_eq!(school.get(watch.person(parent), &listed).await.json()["count"], 0);
    let touched = sides(&rules, student, parent, |_| true);
    watch.check(school, &touched).await;

    // Cutting what is cut changes nothing.
    let quiet = Watch::warm(school, &[student, parent], about(student)).await;
    assert_eq!(school.delete(&admin, &link).await.status, StatusCode::OK);
    quiet.check_untouched(school).await;

    let made = put(school, &admin, &link, None).await;
    assert_eq!((made.status, made.json()["linked"].as_bool()), (StatusCode::OK, Some(true)));
    for target in &targets {
        let read = school.get(watch.person(parent), target).await;
        assert_eq!((read.status, read.x_cache()), (StatusCode::OK, "MISS"), "{target}");
    }
    quiet.check(school, &touched).await;
    // The links are the rows': somebody who starts now sees the same.
    assert_eq!(Rules::of(school).await.parents(student).len(), 2);
}

#[tokio::test]
async fn a_second_guardian_sees_the_next_grade_and_a_former_one_is_left_alone() {
    let school = School::open().await;
    let rules = Rules::of(&school).await;
    let admin = school.login("admin").await;
    let student = rules.student();
    let (former, new) =
        (rules.parents(student)[0], rules.first("parent", |id| !rules.parents(student).contains(&id)));
    school.delete(&admin, &format!("/api/students/{student}/guardians/{former}/")).await;
    put(&school, &admin, &format!("/api/students/{student}/guardians/{new}/"), None).await;
    let watch = Watch::warm(&school, &[student, former, new], about(student)).await;
    let all = work(&school.platform).await;
    let answer = all.iter().find(|work| work.student == student && work.week == 9).unwrap();
    let teacher = rules.teachers(answer.class).into_iter().next().unwrap();
    let teacher = school.person(teacher).await;
    let body = json!({ "comment": "For the new guardian" });
    assert_eq!(school.grade(&teacher, answer.answer, body).await.status, StatusCode::OK);
    let touched = Rules::of(&school).await.readers_of_work(student, answer.class, answer.subject);
    assert!(touched.iter().any(|(id, _)| *id == new) && !touched.iter().any(|(id, _)| *id == former));
    let changed = watch.check(&school, &touched).await;
    assert!(changed.iter().any(|(id, _)| *id == new));
}

#[tokio::test]
async fn a_tutor_loses_and_gains_the_progress_of_a_pupil_at_once() {
    let school = School::open().await;
    let rules = Rules::of(&school).await;
    let admin = school.login("admin").await;
    let student = rules.student();
    let (old, new) =
        (rules.tutors(student)[0], rules.first("tutor", |id| !rules.tutors(student).contains(&id)));
    let watch = Watch::warm(&school, &rules.neighbourhood(student), about(student)).await;
    let report = school.newest(watch.person(student), "student_progress").await;
    let target = format!("/api/reports/{report}/");
    let (old, new) = (school.person(old).await, school.person(new).await);
    assert_eq!(school.get(&old, &target).await.status, StatusCode::OK);
    assert_eq!(school.get(&new, &target).await.status, StatusCode::FORBIDDEN);

    let cut = school.delete(&admin, &format!("/api/students/{student}/tutors/{}/", old.id)).await;
    assert_eq!(cut.status, StatusCode::OK);
    assert_eq!(school.get(&old, &target).await.status, StatusCode::FORBIDDEN);
    let progress = |kind: &str| kind == "student_progress";
    watch.check(&school, &sides(&rules, student, old.id, progress)).await;

    let made = put(&school, &admin, &format!("/api/students/{student}/tutors/{}/", new.id), None).await;
    assert_eq!(made.status, StatusCode::OK);
    let read = school.get(&new, &target).await;
    assert_eq!((read.status, read.x_cache()), (StatusCode::OK, "MISS"));
    watch.check(&school, &sides(&rules, student, new.id, progress)).await;
}

#[tokio::test]
async fn a_move_changes_both_classes_analytics_and_old_grades_stay_with_the_old_class() {
    let school = School::open().await;
    let rules = Rules::of(&school).await;
    let admin = school.login("admin").await;
    let student = rules.student();
    let from = rules.class_of(student);
    // A class with a teacher whom the old one does not have.
    let classes: BTreeSet<i64> = rules.teaching.iter().map(|row| row[0]).collect();
    let foreign = |class: &i64| !rules.teachers(*class).is_subset(&rules.teachers(from));
    let to = classes.into_iter().find(foreign).unwrap();
    let mut people = rules.neighbourhood(student);
    people.extend(rules.teachers(to).difference(&rules.teachers(from)));
    people.extend(rules.teachers(from).difference(&rules.teachers(to)));
    let focus = move |row: &Value| {
        row["student_id"].as_i64() == Some(student)
            || row["class_id"].as_i64().is_some_and(|class| [from, to].contains(&class))
    };
    let watch = Watch::warm(&school, &people, focus).await;

    let target = format!("/api/students/{student}/class/");
    let moved = put(&school, &admin, &target, Some(json!({ "class_id": to }))).await;
    assert_eq!((moved.status, moved.json()), (StatusCode::OK, json!({ "class_id": to })));
    let mut touched = rules.readers(|report| {
        (report.kind == "analytics" && [from, to].contains(&report.class))
            || report.members.contains(&student)
    });
    let own = rules.reports.iter().filter(|report| report.student == student);
    touched.extend(own.map(|report| (student, report.kind.clone())));
    let changed = watch.check(&school, &touched).await;
    for class in [from, to] {
        let teachers = rules.teachers(class);
        assert!(
            changed.iter().any(|(id, _)| teachers.contains(id)),
            "the teachers of class {class} see the move"
        );
    }

    // An old assignment's grade: the old class's teachers, not the new one's.
    let all = work(&school.platform).await;
    let answer =
        all.iter().find(|work| work.student == student && work.class == from && work.week == 9).unwrap();
    let row = rules.teaching.iter().find(|row| row[0] == from && row[1] == answer.subject).unwrap();
    let teacher = school.person(row[2]).await;
    let graded = school.grade(&teacher, answer.answer, json!({ "score": (answer.score + 50) % 101 })).await;
    assert_eq!(graded.status, StatusCode::OK);
    let touched = Rules::of(&school).await.readers_of_work(student, from, answer.subject);
    assert!(touched.contains(&(teacher.id, "analytics".to_owned())));
    watch.check(&school, &touched).await;

    // Work is handed in where the student sits now.
    let assignments = numbers(&school.platform, "assignments").await;
    let student = watch.person(student);
    for (class, status) in [(from, StatusCode::FORBIDDEN), (to, StatusCode::CREATED)] {
        let assignment = assignments.iter().find(|row| row[1] == class).unwrap()[0];
        let target = format!("/api/assignments/{assignment}/submissions/");
        assert_eq!(school.post(student, &target, json!({})).await.status, status, "class {class}");
    }
}

#[tokio::test]
async fn a_class_changes_its_teacher_and_both_know_at_once() {
    let school = School::open().await;
    let rules = Rules::of(&school).await;
    let admin = school.login("admin").await;
    let class = 1;
    let row = rules.teaching.iter().find(|row| row[0] == class).unwrap();
    let old = row[2];
    let new = rules.first("teacher", |id| !rules.teachers(class).contains(&id));
    let mut people = rules.neighbourhood(rules.first("student", |id| rules.class_of(id) == class));
    people.extend([old, new]);
    let focus = move |row: &Value| row["class_id"].as_i64() == Some(class);
    let watch = Watch::warm(&school, &people, focus).await;
    let foreign =
        rules.reports.iter().find(|report| report.class == class && report.author != old).unwrap().id;
    let target = format!("/api/reports/{foreign}/");
    assert_eq!(school.get(watch.person(old), &target).await.status, StatusCode::OK);
    assert_eq!(school.get(watch.person(new), &target).await.status, StatusCode::FORBIDDEN);

    let subjects = crate::rows::dump(&school.platform, "subjects").await;
    let subject = &subjects.iter().find(|subject| subject[0] == row[1].to_string()).unwrap()[1];
    let link = format!("/api/classes/{class}/teachers/{subject}/");
    let appointed = put(&school, &admin, &link, Some(json!({ "teacher_id": new }))).await;
    assert_eq!(appointed.status, StatusCode::OK, "{}", appointed.text());
    let kinds: BTreeSet<String> = rules
        .reports
        .iter()
        .filter(|report| report.class == class)
        .map(|report| report.kind.clone())
        .collect();
    let touched = kinds.iter().flat_map(|kind| [(old, kind.clone()), (new, kind.clone())]).collect();
    watch.check(&school, &touched).await;
    assert_eq!(school.get(watch.person(old), &target).await.status, StatusCode::FORBIDDEN);
    assert_eq!(school.get(watch.person(new), &target).await.status, StatusCode::OK);
    // Grading goes with the class.
    let all = work(&school.platform).await;
    let answer = all.iter().find(|work| work.class == class).unwrap();
    let grade = json!({ "score": 50 });
    assert_eq!(
        school.grade(watch.person(old), answer.answer, grade.clone()).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(school.grade(watch.person(new), answer.answer, grade).await.status, StatusCode::OK);

    let left = school.delete(&admin, &link).await;
    assert_eq!((left.status, &left.json()["teacher_id"]), (StatusCode::OK, &Value::Null));
    assert_eq!(school.get(watch.person(new), &target).await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn links_are_for_staff_only_and_between_the_right_people() {
    let school = School::open().await;
    let rules = Rules::of(&school).await;
    let admin = school.login("admin").await;
    let student = rules.student();
    let (parent, tutor) = (rules.parents(student)[0], rules.tutors(student)[0]);
    let class = rules.class_of(student);
    let subject = "Art";
    let watch = Watch::warm(&school, &[student, parent, tutor], about(student)).await;
    let seat = Some(json!({ "class_id": class % 4 + 1 }));
    let calls = [
        (Method::PUT, format!("/api/students/{student}/guardians/{parent}/"), None),
        (Method::DELETE, format!("/api/students/{student}/guardians/{parent}/"), None),
        (Method::PUT, format!("/api/students/{student}/tutors/{tutor}/"), None),
        (Method::DELETE, format!("/api/students/{student}/tutors/{tutor}/"), None),
        (Method::PUT, format!("/api/students/{student}/class/"), seat),
        (Method::PUT, format!("/api/classes/{class}/teachers/{subject}/"), Some(json!({ "teacher_id": 2 }))),
        (Method::DELETE, format!("/api/classes/{class}/teachers/{subject}/"), None),
    ];
    for (method, target, body) in &calls {
        let answer = school.send(method.clone(), target, None, body.clone(), &[]).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{method} {target}");
        for username in ["teacher-1", "tutor-1", "student-1", "parent-1"] {
            let person = school.login(username).await;
            let answer = school.send(method.clone(), target, Some(&person.token), body.clone(), &[]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{username} {method} {target}");
        }
    }
    let (missing, wrong) = (StatusCode::NOT_FOUND, StatusCode::UNPROCESSABLE_ENTITY);
    for (target, body, status) in [
        (format!("/api/students/{student}/guardians/999999/"), None, missing),
        (format!("/api/students/999999/guardians/{parent}/"), None, missing),
        (format!("/api/students/{student}/guardians/me/"), None, missing),
        (format!("/api/students/{student}/guardians/{tutor}/"), None, wrong),
        (format!("/api/students/{parent}/guardians/{parent}/"), None, wrong),
        (format!("/api/students/{student}/tutors/{parent}/"), None, wrong),
        (format!("/api/students/{student}/class/"), Some(json!({ "class_id": 99 })), wrong),
        (format!("/api/students/{student}/class/"), Some(json!({})), wrong),
        (format!("/api/classes/{class}/teachers/{subject}/"), Some(json!({ "teacher_id": student })), wrong),
        (format!("/api/classes/{class}/teachers/Alchemy/"), Some(json!({ "teacher_id": 2 })), missing),
        (format!("/api/classes/99/teachers/{subject}/"), Some(json!({ "teacher_id": 2 })), missing),
    ] {
        let answer = put(&school, &admin, &target, body.clone()).await;
        assert_eq!(answer.status, status, "{target} {body:?}: {}", answer.text());
    }
    watch.check_untouched(&school).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cut_link_holds_from_its_acknowledgement_on_though_its_reader_never_stops_reading() {
    let school = Arc::new(School::open().await);
    let rules = Rules::of(&school).await;
    let admin = school.login("admin").await;
    let student = rules.student();
    let parent = school.person(rules.parents(student)[0]).await;
    let link = format!("/api/students/{student}/guardians/{}/", parent.id);
    // Of this child; the parent may have others.
    let report = school.newest(&school.person(student).await, "student_progress").await;
    let targets = [format!("/api/reports/{report}/"), format!("/api/reports/?student={student}")];
    let done = Arc::new(AtomicBool::new(false));
    let crowd: Vec<_> = (0..3)
        .map(|_| {
            let (school, parent, targets, done) =
                (school.clone(), parent.clone(), targets.clone(), done.clone());
            tokio::spawn(async move {
                while !done.load(Relaxed) {
                    for target in &targets {
                        school.get(&parent, target).await;
                        tokio::task::yield_now().await;
                    }
                }
            })
        })
        .collect();
    for round in 0..20 {
        assert_eq!(school.delete(&admin, &link).await.status, StatusCode::OK);
        let refused = school.get(&parent, &targets[0]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "round {round}");
        assert_eq!(school.get(&parent, &targets[1]).await.json()["count"], 0, "round {round}");
        assert_eq!(put(&school, &admin, &link, None).await.status, StatusCode::OK);
        let read = school.get(&parent, &targets[0]).await;
        assert_eq!(read.status, StatusCode::OK, "round {round}");
        assert!(school.get(&parent, &targets[1]).await.json()["count"].as_i64() > Some(0), "round {round}");
    }
    done.store(true, Relaxed);
    for reading in crowd {
        reading.await.unwrap();
    }
}
