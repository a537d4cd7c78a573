//! Reports that are saved, changed and deleted: everybody whose report it is or was reads that at once.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::rules::Rules;
use crate::school::{Answer, Person, School};
use crate::watch::Watch;

const WEEK: &str = "2026-11-09";

async fn patch(school: &School, who: &Person, id: i64, body: Value) -> Answer {
    let target = format!("/api/reports/{id}/");
    school.send(Method::PATCH, &target, Some(&who.token), Some(body), &[]).await
}

/// The people of the story: a student, and a teacher and a tutor who may write about them.
struct Cast {
    rules: Rules,
    student: i64,
    class: i64,
    teacher: Person,
    tutor: Person,
}

impl Cast {
    async fn of(school: &School) -> Self {
        let rules = Rules::of(school).await;
        let student = rules.student();
        let class = rules.class_of(student);
        let teacher = school.person(*rules.teachers(class).first().unwrap()).await;
        let tutor = school.person(rules.tutors(student)[0]).await;
        Self { rules, student, class, teacher, tutor }
    }
}

/// Saves a report, changes it, deletes it; each time exactly its readers, by its type, read anew.
async fn lives_and_dies(author: impl Fn(&Cast) -> &Person, draft: impl Fn(&Cast) -> Value) {
    let school = School::open().await;
    let cast = Cast::of(&school).await;
    let author = author(&cast);
    let mut people = cast.rules.neighbourhood(cast.student);
    people.push(author.id);
    let watch = Watch::warm(&school, &people, |row| row["student_id"] == json!(cast.student)).await;
    let mut body = draft(&cast);
    body["title"] = json!("A title like no other");
    body["week_start"] = json!(WEEK);
    let kind = body["report_type"].as_str().unwrap().to_owned();

    let saved = school.post(author, "/api/reports/", body.clone()).await;
    assert_eq!(saved.status, StatusCode::CREATED, "{}", saved.text());
    let saved = saved.json();
    let id = saved["id"].as_i64().unwrap();
    assert_eq!((&saved["status"], &saved["author_id"]), (&json!("draft"), &json!(author.id)));
    let readers = Rules::of(&school).await.readers(|report| report.id == id);
    assert!(readers.iter().all(|(_, of)| *of == kind) && readers.iter().any(|(who, _)| *who == author.id));
    let changed = watch.check(&school, &readers).await;
    assert!(!changed.is_empty());
    // The filters of the list find it, and the report is there for each of them and for nobody else.
    let find = format!("/api/reports/?type={kind}&status=draft&week_start={WEEK}&search=title+like+no");
    let target = format!("/api/reports/{id}/");
    for person in people.iter().collect::<BTreeSet<_>>() {
        let reads = readers.iter().any(|(who, _)| who == person);
        let person = watch.person(*person);
        let found = school.get(person, &find).await.json();
        assert_eq!(found["count"], json!(i64::from(reads)), "{}", person.id);
        let read = school.get(person, &target).await;
        assert_eq!(read.status, if reads { StatusCode::OK } else { StatusCode::FORBIDDEN }, "{}", person.id);
        if reads {
            assert_eq!(read.json()["title"], "A title like no other");
            assert_eq!(school.get(person, &target).await.x_cache(), "HIT");
        }
    }

    let patched = patch(&school, author, id, json!({ "title": "Another", "status": "sent" })).await;
    assert_eq!(patched.status, StatusCode::OK, "{}", patched.text());
    assert!(patched.json()["revision"].as_i64() > saved["revision"].as_i64());
    watch.check(&school, &readers).await;
    for (person, _) in readers.iter().filter(|(person, _)| people.contains(person)) {
        let person = watch.person(*person);
        let read = school.get(person, &target).await;
        assert_eq!(read.x_cache(), "MISS", "{}", person.id);
        assert_eq!((&read.json()["title"], &read.json()["status"]), (&json!("Another"), &json!("sent")));
        assert_eq!(school.get(person, &find).await.json()["count"], 0);
    }

    let gone = school.delete(author, &target).await;
    assert_eq!((gone.status, gone.body.len()), (StatusCode::NO_CONTENT, 0));
    watch.check(&school, &readers).await;
    for person in people {
        let read = school.get(watch.person(person), &target).await;
        assert_eq!(
            (read.status, read.x_cache()),
            (StatusCode::NOT_FOUND, ""),
            "{person}, though it was warm"
        );
    }
    assert_eq!(school.delete(author, &target).await.status, StatusCode::NOT_FOUND);
    let next = school.post(author, "/api/reports/", body).await.json();
    assert_ne!(next["id"], json!(id), "an id does not come back for another report");
}

#[tokio::test]
async fn a_report_of_a_class_is_saved_and_deleted() {
    lives_and_dies(
        |cast| &cast.teacher,
        |cast| {
            let row = cast.rules.teaching.iter().find(|row| row[0] == cast.class).unwrap();
            let subject =
                ["Mathematics", "English", "Science", "History", "Geography", "Art"][row[1] as usize - 1];
            json!({ "report_type": "grade_distribution", "class_id": cast.class, "subject": subject })
        },
    )
    .await;
}

#[tokio::test]
async fn a_student_report_is_saved_and_deleted() {
    lives_and_dies(
        |cast| &cast.teacher,
        |cast| json!({ "report_type": "student_progress", "student_id": cast.student }),
    )
    .await;
}

#[tokio::test]
async fn a_tutor_weekly_report_is_saved_and_deleted() {
    lives_and_dies(
        |cast| &cast.tutor,
        |cast| {
            json!({
                "report_type": "custom", "student_id": cast.student, "members": [cast.student],
                "sections": ["averages", "feedback"],
            })
        },
    )
    .await;
}

#[tokio::test]
async fn a_teacher_weekly_report_is_saved_and_deleted() {
    lives_and_dies(
        |cast| &cast.teacher,
        |cast| json!({ "report_type": "analytics", "class_id": cast.class }),
    )
    .await;
}

#[tokio::test]
async fn a_tutors_student_report_and_a_teachers_group_are_saved_and_deleted() {
    lives_and_dies(
        |cast| &cast.tutor,
        |cast| json!({ "report_type": "student_progress", "student_id": cast.student }),
    )
    .await;
    lives_and_dies(
        |cast| &cast.teacher,
        |cast| json!({ "report_type": "custom", "members": [cast.student], "sections": ["completion"] }),
    )
    .await;
}

#[tokio::test]
async fn a_custom_report_shows_the_sections_and_members_that_it_was_given() {
    let school = School::open().await;
    let cast = Cast::of(&school).await;
    let pupils: Vec<i64> =
        cast.rules.tutoring.iter().filter(|row| row[0] == cast.tutor.id).map(|row| row[1]).take(3).collect();
    let all = ["averages", "completion", "timeliness", "materials", "feedback"];
    let body = json!({
        "report_type": "custom", "title": "Group", "week_start": WEEK, "sections": all, "members": pupils[..2],
    });
    let saved = school.post(&cast.tutor, "/api/reports/", body).await.json();
    let id = saved["id"].as_i64().unwrap();
    let target = format!("/api/reports/{id}/");
    let shown = school.get(&cast.tutor, &target).await.json();
    assert_eq!(shown["sections"], json!(all));
    let members = |report: &Value| -> Vec<i64> {
        report["students"].as_array().unwrap().iter().map(|row| row["student_id"].as_i64().unwrap()).collect()
    };
    assert_eq!(members(&shown), pupils[..2]);
    for section in all {
        assert!(!shown["students"][0][section].is_null(), "{section}");
    }
    let watch = Watch::warm(&school, &[cast.tutor.id, pupils[2]], |row| row["id"] == json!(id)).await;
    let body = json!({ "sections": ["averages"], "members": [pupils[2]] });
    assert_eq!(patch(&school, &cast.tutor, id, body).await.status, StatusCode::OK);
    watch.check(&school, &BTreeSet::from([(cast.tutor.id, "custom".to_owned())])).await;
    let shown = school.get(&cast.tutor, &target).await.json();
    assert_eq!((members(&shown), &shown["sections"]), (vec![pupils[2]], &json!(["averages"])));

    // From now on the group is touched by the new member's work, and by the old ones' no longer.
    let material = json!({ "percent": 41 });
    for (pupil, said) in [(pupils[0], "HIT"), (pupils[2], "MISS")] {
        school.get(&cast.tutor, &target).await;
        let pupil = school.person(pupil).await;
        // The tutor's other groups hold the pupil too; without them only this one could be touched.
        for report in cast.rules.reports.iter().filter(|report| report.author == cast.tutor.id) {
            if report.members.contains(&pupil.id) {
                school.delete(&cast.tutor, &format!("/api/reports/{}/", report.id)).await;
            }
        }
        school.get(&cast.tutor, &target).await;
        assert_eq!(school.get(&cast.tutor, &target).await.x_cache(), "HIT");
        let put = "/api/materials/1/progress/";
        school.send(Method::PUT, put, Some(&pupil.token), Some(material.clone()), &[]).await;
        assert_eq!(school.get(&cast.tutor, &target).await.x_cache(), said, "pupil {}", pupil.id);
    }
}

#[tokio::test]
async fn authors_write_about_their_own_people_only_and_within_the_form() {
    let school = School::open().await;
    let cast = Cast::of(&school).await;
    let rules = &cast.rules;
    let pupil = |id: i64| rules.tutors(id).contains(&cast.tutor.id);
    let (stranger, classmate) = (
        rules.first("student", |id| !pupil(id)),
        rules.first("student", |id| pupil(id) && id != cast.student),
    );
    let own_classes: BTreeSet<i64> =
        rules.teaching.iter().filter(|row| row[2] == cast.teacher.id).map(|row| row[0]).collect();
    let foreign_class = rules.teaching.iter().map(|row| row[0]).find(|class| !own_classes.contains(class));
    let watch = Watch::warm(&school, &[cast.student, cast.teacher.id, cast.tutor.id], |_| true).await;
    let with = |mut body: Value| {
        for (name, value) in [("title", json!("T")), ("week_start", json!(WEEK))] {
            if body.get(name).is_none() {
                body[name] = value;
            }
        }
        body
    };
    let (no, wrong) = (StatusCode::FORBIDDEN, StatusCode::UNPROCESSABLE_ENTITY);
    let (teacher, tutor, student) = (&cast.teacher, &cast.tutor, cast.student);
    let custom = |members: Value, sections: Value| json!({ "report_type": "custom", "members": members, "sections": sections });
    let mut table = vec![
        (tutor, json!({ "report_type": "student_progress", "student_id": stranger }), no),
        (tutor, json!({ "report_type": "analytics", "class_id": cast.class }), no),
        (tutor, custom(json!([student, stranger]), json!(["averages"])), no),
        (teacher, json!({ "report_type": "student_progress" }), wrong),
        (teacher, json!({ "report_type": "student_progress", "student_id": 1 }), wrong),
        (teacher, json!({ "report_type": "student_progress", "student_id": student, "class_id": 1 }), wrong),
        (teacher, json!({ "report_type": "analytics" }), wrong),
        (
            teacher,
            json!({ "report_type": "analytics", "class_id": cast.class, "sections": ["averages"] }),
            wrong,
        ),
        (teacher, json!({ "report_type": "grade_distribution", "class_id": cast.class }), wrong),
        (
            teacher,
            json!({ "report_type": "grade_distribution", "class_id": cast.class, "subject": "Alchemy" }),
            wrong,
        ),
        (teacher, json!({ "report_type": "horoscope", "class_id": cast.class }), wrong),
        (teacher, json!({ "report_type": "analytics", "class_id": cast.class, "title": " " }), wrong),
        (
            teacher,
            json!({ "report_type": "analytics", "class_id": cast.class, "week_start": "2026-11-10" }),
            wrong,
        ),
        (teacher, json!({ "report_type": "analytics", "class_id": cast.class, "status": "lost" }), wrong),
        (tutor, custom(json!([]), json!(["averages"])), wrong),
        (tutor, custom(json!([student]), json!([])), wrong),
        (tutor, custom(json!([student]), json!(["averages", "averages"])), wrong),
        (tutor, custom(json!([student]), json!(["gossip"])), wrong),
    ];
    // What a student and their parents read must hold nobody else.
    let mut with_another = custom(json!([student, classmate]), json!(["averages"]));
    with_another["student_id"] = json!(student);
    table.push((tutor, with_another, wrong));
    if let Some(class) = foreign_class {
        table.push((teacher, json!({ "report_type": "analytics", "class_id": class }), no));
    }
    for (who, body, status) in table {
        let body = with(body);
        let answer = school.post(who, "/api/reports/", body.clone()).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
    }
    let body = with(json!({ "report_type": "student_progress", "student_id": student }));
    for username in ["student-1", "parent-1", "admin"] {
        let person = school.login(username).await;
        assert_eq!(school.post(&person, "/api/reports/", body.clone()).await.status, no, "{username}");
    }
    // Somebody else's report, though the teacher reads it.
    let foreign =
        rules.reports.iter().find(|report| report.author != teacher.id && rules.concerns(teacher.id, report));
    let foreign = foreign.unwrap().id;
    assert_eq!(patch(&school, teacher, foreign, json!({ "title": "Mine" })).await.status, no);
    assert_eq!(school.delete(teacher, &format!("/api/reports/{foreign}/")).await.status, no);
    let own = rules
        .reports
        .iter()
        .find(|report| report.author == teacher.id && report.kind != "custom")
        .unwrap()
        .id;
    for body in
        [json!({}), json!({ "members": [student] }), json!({ "status": "lost" }), json!({ "author": 1 })]
    {
        assert_eq!(patch(&school, teacher, own, body.clone()).await.status, wrong, "{body}");
    }
    assert_eq!(
        patch(&school, teacher, 999_999_999, json!({ "title": "x" })).await.status,
        StatusCode::NOT_FOUND
    );
    watch.check_untouched(&school).await;
}
