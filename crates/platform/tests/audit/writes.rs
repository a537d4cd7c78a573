//! Each event on its route, and whose entries it has to remove: by the rows and the words of the table,
//! not by the service's own rules.

use std::collections::BTreeSet;

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::cast::{Cast, pick};
use super::steps::{Event, Step};
use crate::rows::Work;
use crate::rules::{Report, Rules};
use crate::school::{Answer, Person, School};

/// People and report types.
pub(super) type Touched = BTreeSet<(i64, String)>;

const SUBJECTS: [&str; 6] = ["Mathematics", "English", "Science", "History", "Geography", "Art"];
const SECTIONS: [&str; 5] = ["averages", "completion", "timeliness", "materials", "feedback"];
const STATUSES: [&str; 3] = ["draft", "sent", "archived"];

/// A request, and whether it changes what its event says (the rows may say so already).
struct Write<'c> {
    method: Method,
    target: String,
    who: &'c Person,
    body: Option<Value>,
    change: Change,
}

/// What the write changes, as far as the rows before it tell.
enum Change {
    Nothing,
    Work {
        works: Vec<(i64, i64, i64)>,
        grader: Option<i64>,
    },
    Progress {
        student: i64,
        shown_in_groups: bool,
    },
    /// The report that is saved or deleted; `None` until it is there.
    Report(Option<i64>),
    /// A student and the other side, for the reports of this type or all.
    Link {
        student: i64,
        other: i64,
        kind: Option<&'static str>,
    },
    Class {
        student: i64,
        classes: Vec<i64>,
    },
    Teacher {
        class: i64,
        sides: Vec<i64>,
    },
}

/// Writes it; the rows afterwards and what has to be gone, or `None` when there is nobody to do it.
pub(super) async fn write(
    school: &School,
    cast: &Cast,
    before: &Rules,
    step: Step,
) -> Result<Option<(Rules, Touched)>, String> {
    let Some(Write { method, target, who, body, change }) = plan(cast, before, step) else {
        return Ok(None);
    };
    let said = format!("{method} {target} {}", body.as_ref().map_or(String::new(), Value::to_string));
    let answer = school.send(method, &target, Some(&who.token), body, &[]).await;
    let after = Rules::of(school).await;
    let refused = step.event == Event::Refused;
    if refused != answer.status.is_client_error() || answer.status.is_server_error() {
        return Err(format!("{said} is answered {} {}", answer.status, answer.text()));
    }
    let touched = touched(change, &answer, before, &after);
    Ok(Some((after, touched)))
}

fn plan<'c>(cast: &'c Cast, rules: &Rules, step: Step) -> Option<Write<'c>> {
    let Step { event, who, what, value, .. } = step;
    let student = *pick(&cast.students, who)?;
    let staff = |method, target, body, change| Write { method, target, who: &cast.admin, body, change };
    Some(match event {
        Event::Grade | Event::Grades => {
            let first = pick(&cast.answers, what)?;
            let grader = grader(cast, rules, first, who)?;
            let works: Vec<&Work> = match event {
                Event::Grade => vec![first],
                _ => cast.answers.iter().filter(|work| work.assignment == first.assignment).collect(),
            };
            let grade = |work: &Work| match value % 3 {
                0 => json!({ "id": work.answer, "score": value % 101 }),
                1 => json!({ "id": work.answer, "comment": format!("Ünïque \"{value}\", {what}\n") }),
                _ => json!({ "id": work.answer, "score": value % 101, "comment": format!("Mark {value}") }),
            };
            let change = Change::Work {
                works: works.iter().map(|work| (work.student, work.class, work.subject)).collect(),
                grader: Some(grader.id),
            };
            let mut grades: Vec<Value> = works.iter().map(|work| grade(work)).collect();
            let (method, target, body) = if event == Event::Grades {
                (Method::POST, "/api/answers/grades/".to_owned(), json!({ "grades": grades }))
            } else {
                grades[0].as_object_mut()?.remove("id");
                (Method::PATCH, format!("/api/answers/{}/grade/", first.answer), grades.remove(0))
            };
            Write { method, target, who: grader, body: Some(body), change }
        }
        Event::Submit => {
            let class = rules.class_of(student);
            let own: Vec<_> = cast.assignments.iter().filter(|row| row[1] == class).collect();
            let row = pick(&own, what)?;
            let change = Change::Work { works: vec![(student, class, row[2])], grader: None };
            let target = format!("/api/assignments/{}/submissions/", row[0]);
            Write { method: Method::POST, target, who: cast.person(student), body: Some(json!({})), change }
        }
        Event::Material => {
            let target = format!("/api/materials/{}/progress/", what % 30 + 1);
            let body = Some(json!({ "percent": value % 101 }));
            let change = Change::Progress { student, shown_in_groups: true };
            Write { method: Method::PUT, target, who: cast.person(student), body, change }
        }
        Event::Element => {
            let target = format!("/api/elements/{}/progress/", what % 60 + 1);
            let body = Some(json!({ "done": value % 2 == 0 }));
            let change = Change::Progress { student, shown_in_groups: false };
            Write { method: Method::PUT, target, who: cast.person(student), body, change }
        }
        Event::Create => {
            let (author, body) = draft(cast, rules, step)?;
            let target = "/api/reports/".to_owned();
            Write {
                method: Method::POST,
                target,
                who: cast.person(author),
                body: Some(body),
                change: Change::Report(None),
            }
        }
        Event::Patch | Event::Delete => {
            let report = *pick(&written(cast, rules), what)?;
            let (who, target) = (cast.person(report.author), format!("/api/reports/{}/", report.id));
            let change = Change::Report(Some(report.id));
            if event == Event::Delete {
                return Some(Write { method: Method::DELETE, target, who, body: None, change });
            }
            let mut body =
                json!({ "title": format!("Täg {value}, again"), "status": STATUSES[usize::from(value % 3)] });
            if report.kind == "custom" && value % 2 == 0 {
                body = json!({ "sections": [SECTIONS[usize::from(value % 5)]] });
                let mut group = responsible(cast, rules, report.author);
                group.truncate(usize::from(value % 3 + 1));
                if report.student == -1 && !group.is_empty() {
                    body["members"] = json!(group);
                }
            }
            Write { method: Method::PATCH, target, who, body: Some(body), change }
        }
        Event::Guardian | Event::Tutor => {
            let guardian = event == Event::Guardian;
            let other = *pick(if guardian { &cast.parents } else { &cast.tutors }, what)?;
            let linked = if guardian { rules.parents(student) } else { rules.tutors(student) };
            // Now and then one that is there, or not there, already.
            let link = linked.contains(&other) == (value % 4 == 0);
            let kind = (!guardian).then_some("student_progress");
            let change = match linked.contains(&other) == link {
                true => Change::Nothing,
                false => Change::Link { student, other, kind },
            };
            let method = if link { Method::PUT } else { Method::DELETE };
            let side = if guardian { "guardians" } else { "tutors" };
            staff(method, format!("/api/students/{student}/{side}/{other}/"), None, change)
        }
        Event::Class => {
            let old = rules.class_of(student);
            let others: Vec<i64> = cast.classes.iter().copied().filter(|class| *class != old).collect();
            let class = if value % 5 == 0 { old } else { *pick(&others, what)? };
            let change = match old == class {
                true => Change::Nothing,
                false => Change::Class { student, classes: vec![old, class] },
            };
            let body = Some(json!({ "class_id": class }));
            staff(Method::PUT, format!("/api/students/{student}/class/"), body, change)
        }
        Event::Teacher => {
            let class = *pick(&cast.classes, who)?;
            let subject = i64::from(what % 6 + 1);
            let now = rules.teaching.iter().find(|row| row[0] == class && row[1] == subject);
            let now = now.map(|row| row[2]);
            let next = if value % 4 == 0 { None } else { Some(*pick(&cast.teachers, value)?) };
            let change = match now == next {
                true => Change::Nothing,
                false => Change::Teacher { class, sides: now.into_iter().chain(next).collect() },
            };
            let target = format!("/api/classes/{class}/teachers/{}/", SUBJECTS[usize::from(what % 6)]);
            match next {
                Some(teacher) => staff(Method::PUT, target, Some(json!({ "teacher_id": teacher })), change),
                None => staff(Method::DELETE, target, None, change),
            }
        }
        Event::Refused => refused(cast, student, what, value)?,
        Event::Warm | Event::Forget | Event::Clear => return None,
    })
}

/// Writes that must leave everything as it is.
fn refused(cast: &Cast, student: i64, what: u16, value: u16) -> Option<Write<'_>> {
    let (answer, parent) = (pick(&cast.answers, what)?.answer, *pick(&cast.parents, what)?);
    let teacher = *pick(&cast.teachers, value)?;
    let grade = format!("/api/answers/{answer}/grade/");
    let (method, target, who, body) = match value % 6 {
        0 => (Method::PATCH, grade, student, Some(json!({ "score": 1 }))),
        1 => (Method::PATCH, grade, teacher, Some(json!({ "score": 101 }))),
        2 => (Method::PUT, format!("/api/students/{student}/guardians/{parent}/"), parent, None),
        3 => {
            let grades = json!([{ "id": answer, "score": 1 }, { "id": 9_999_999, "score": 1 }]);
            (Method::POST, "/api/answers/grades/".to_owned(), teacher, Some(json!({ "grades": grades })))
        }
        4 => (Method::PUT, "/api/materials/1/progress/".to_owned(), student, Some(json!({ "percent": 101 }))),
        _ => (Method::DELETE, "/api/reports/1/".to_owned(), student, None),
    };
    Some(Write { method, target, who: cast.person(who), body, change: Change::Nothing })
}

fn grader<'c>(cast: &'c Cast, rules: &Rules, work: &Work, who: u16) -> Option<&'c Person> {
    let teachers = rules.teachers(work.class);
    let able: Vec<i64> = cast.teachers.iter().copied().filter(|id| teachers.contains(id)).collect();
    pick(&able, who).map(|id| cast.person(*id))
}

/// The students whom this author may write about.
fn responsible(cast: &Cast, rules: &Rules, author: i64) -> Vec<i64> {
    let theirs = |student: &i64| match rules.roles[&author].as_str() {
        "teacher" => rules.teachers(rules.class_of(*student)).contains(&author),
        _ => rules.tutors(*student).contains(&author),
    };
    cast.students.iter().copied().filter(theirs).collect()
}

/// The reports of the cast's authors that may be changed at will.
fn written<'r>(cast: &Cast, rules: &'r Rules) -> Vec<&'r Report> {
    let mut reports = cast.reports(rules);
    reports.retain(|report| cast.teachers.contains(&report.author) || cast.tutors.contains(&report.author));
    reports
}

fn draft(cast: &Cast, rules: &Rules, step: Step) -> Option<(i64, Value)> {
    let Step { who, what, value, .. } = step;
    let authors: Vec<i64> = cast.teachers.iter().chain(&cast.tutors).copied().collect();
    let author = *pick(&authors, who)?;
    let students = responsible(cast, rules, author);
    let student = pick(&students, what);
    let taught = |row: &&Vec<i64>| row[2] == author && cast.classes.contains(&row[0]);
    let lesson = rules.teaching.iter().find(taught);
    let mut body = match (value % 4, lesson) {
        (0, Some(row)) => json!({
            "report_type": "grade_distribution", "class_id": row[0],
            "subject": SUBJECTS[usize::try_from(row[1] - 1).ok()?],
        }),
        (1, Some(row)) => json!({ "report_type": "analytics", "class_id": row[0] }),
        (2, _) => json!({ "report_type": "student_progress", "student_id": student? }),
        _ if what % 2 == 0 => json!({
            "report_type": "custom", "student_id": student?, "members": [student?], "sections": SECTIONS,
        }),
        _ if students.is_empty() => return None,
        _ => json!({ "report_type": "custom", "members": students, "sections": SECTIONS }),
    };
    body["title"] = json!(format!("Täg {value}"));
    body["week_start"] = json!(["2026-11-09", "2026-10-05"][usize::from(what % 2)]);
    body["status"] = json!(STATUSES[usize::from(what % 3)]);
    Some((author, body))
}

fn touched(change: Change, answer: &Answer, before: &Rules, after: &Rules) -> Touched {
    let mut touched = Touched::new();
    match change {
        Change::Nothing => {}
        Change::Work { works, grader } => {
            for (student, class, subject) in works {
                touched.extend(after.readers_of_work(student, class, subject));
            }
            for kind in ["student_progress", "grade_distribution", "analytics"] {
                touched.extend(grader.map(|grader| (grader, kind.to_owned())));
            }
        }
        Change::Progress { student, shown_in_groups } => {
            touched.extend(after.readers(|report| match report.kind.as_str() {
                "student_progress" => report.student == student,
                "custom" => shown_in_groups && report.members.contains(&student),
                _ => false,
            }));
        }
        Change::Report(id) => {
            let saved = || answer.json()["id"].as_i64();
            let id = id.or_else(saved);
            for rules in [before, after] {
                touched.extend(rules.readers(|report| Some(report.id) == id));
            }
        }
        Change::Link { student, other, kind } => {
            let about = |report: &&Report| report.student == student;
            for report in after.reports.iter().filter(about) {
                if kind.is_none_or(|kind| kind == report.kind) {
                    touched.extend([student, other].map(|id| (id, report.kind.clone())));
                }
            }
        }
        Change::Class { student, classes } => {
            touched.extend(after.readers(|report| match report.kind.as_str() {
                "analytics" => classes.contains(&report.class),
                "custom" => report.members.contains(&student),
                _ => false,
            }));
            let about = after.reports.iter().filter(|report| report.student == student);
            touched.extend(about.map(|report| (student, report.kind.clone())));
        }
        Change::Teacher { class, sides } => {
            for report in after.reports.iter().filter(|report| report.class == class) {
                touched.extend(sides.iter().map(|side| (*side, report.kind.clone())));
            }
        }
    }
    debug_assert!(answer.status != StatusCode::OK || !answer.body.is_empty());
    touched
}
