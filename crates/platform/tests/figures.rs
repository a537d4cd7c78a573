//! The numbers of each report type, against sums over the raw rows.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::rows::{Work, cents, mean, numbers, work};
use crate::school::School;

/// The row of a report: week, subject, student, class as numbers.
async fn about(school: &School, id: i64) -> (i64, i64, i64, i64) {
    let rows = numbers(&school.platform, "reports").await;
    let row = rows.iter().find(|row| row[0] == id).unwrap();
    (row[8], row[4], row[5], row[6])
}

fn scores<'w>(work: impl IntoIterator<Item = &'w Work>) -> Vec<i64> {
    work.into_iter().map(|work| work.score).collect()
}

fn close(value: &Value, expected: f64, what: &str) {
    let value = value.as_f64().unwrap_or_else(|| panic!("{what} is {value}"));
    assert!((value - expected).abs() < 0.011, "{what}: {value}, by hand {expected}");
}

/// The middle half by hand: rank `p (n - 1)`, linear between neighbours.
fn quantile(mut scores: Vec<i64>, p: f64) -> f64 {
    scores.sort_unstable();
    let rank = p * (scores.len() - 1) as f64;
    let below = rank as usize;
    let above = (below + 1).min(scores.len() - 1);
    let part = rank - below as f64;
    cents(scores[below] as f64 * (1.0 - part) + scores[above] as f64 * part)
}

#[tokio::test]
async fn student_progress_is_what_the_rows_say() {
    let school = School::open().await;
    let student = school.login("student-11").await;
    // Not the newest week, so that a forgotten week limit shows.
    let listed =
        school.get(&student, "/api/reports/?type=student_progress&week_start=2026-10-19").await.json();
    let id = listed["results"][0]["id"].as_i64().unwrap();
    let (week, _, of, class) = about(&school, id).await;
    assert_eq!((week, of), (6, student.id));
    let body = school.get(&student, &format!("/api/reports/{id}/")).await.json();
    let mut theirs = work(&school.platform).await;
    theirs.retain(|work| work.student == student.id);
    let covered: Vec<&Work> = theirs.iter().filter(|work| work.week <= week).collect();

    let mut latest = theirs.clone();
    latest.sort_by_key(|work| -work.revision);
    let shown = body["answers"].as_array().unwrap();
    assert_eq!(shown.len(), 20);
    for (shown, expected) in shown.iter().zip(&latest) {
        assert_eq!(shown["id"].as_i64(), Some(expected.answer));
        assert_eq!(shown["score"].as_i64(), Some(expected.score));
        assert_eq!(shown["comment"].as_str(), Some(expected.comment.as_str()));
        assert_eq!(shown["revision"].as_i64(), Some(expected.revision));
    }

    let subjects: BTreeSet<i64> = covered.iter().map(|work| work.subject).collect();
    assert_eq!(body["averages"].as_array().unwrap().len(), subjects.len());
    for (average, subject) in body["averages"].as_array().unwrap().iter().zip(subjects) {
        let of_subject: Vec<i64> = scores(covered.iter().copied().filter(|work| work.subject == subject));
        assert_eq!(average["answers"].as_u64(), Some(of_subject.len() as u64));
        close(&average["average"], mean(&of_subject), "average of a subject");
        assert_eq!(average["best"].as_i64(), of_subject.iter().copied().max());
        assert_eq!(average["worst"].as_i64(), of_subject.iter().copied().min());
        let last = covered.iter().filter(|work| work.subject == subject).max_by_key(|work| work.revision);
        assert_eq!(average["last_comment"].as_str(), last.map(|work| work.comment.as_str()));
    }

    let trend = body["trend"].as_array().unwrap();
    assert_eq!(trend.len(), 7);
    for (point, week) in trend.iter().zip(0_i64..) {
        let of_week = scores(covered.iter().copied().filter(|work| work.week == week));
        assert_eq!(point["answers"].as_u64(), Some(of_week.len() as u64));
        close(&point["average"], mean(&of_week), "average of a week");
    }

    let assignments = numbers(&school.platform, "assignments").await;
    let due: BTreeMap<i64, i64> = assignments
        .iter()
        .filter(|row| row[1] == class && row[3] <= week)
        .map(|row| (row[0], row[5]))
        .collect();
    let handed_in: Vec<Vec<i64>> = numbers(&school.platform, "submissions")
        .await
        .into_iter()
        .filter(|row| row[2] == student.id && due.contains_key(&row[1]))
        .collect();
    let on_time = handed_in.iter().filter(|row| row[3] <= due[&row[1]]).count();
    let completion = &body["completion"];
    let figure = |name: &str| completion[name].as_u64().unwrap() as usize;
    assert_eq!(figure("assigned"), due.len());
    assert_eq!(figure("submitted"), handed_in.len());
    assert_eq!(figure("missing"), due.len() - handed_in.len());
    assert_eq!((figure("on_time"), figure("late")), (on_time, handed_in.len() - on_time));
    close(&completion["percent"], cents(100.0 * handed_in.len() as f64 / due.len() as f64), "completion");

    let progress = numbers(&school.platform, "material_progress").await;
    let mathematics: Vec<i64> =
        progress.iter().filter(|row| row[0] == student.id && row[1] <= 5).map(|row| row[2]).collect();
    close(&body["materials"][0]["percent"], mean(&mathematics), "progress in mathematics");
}

#[tokio::test]
async fn a_grade_distribution_is_what_the_rows_say() {
    let school = School::open().await;
    let teacher = school.login("teacher-1").await;
    let listed = school
        .get(&teacher, "/api/reports/?type=grade_distribution&week_start=2026-10-05&page_size=1")
        .await
        .json();
    let id = listed["results"][0]["id"].as_i64().unwrap();
    let (week, subject, _, class) = about(&school, id).await;
    let body = school.get(&teacher, &format!("/api/reports/{id}/")).await.json();
    let all = work(&school.platform).await;
    let covered: Vec<&Work> = all
        .iter()
        .filter(|work| work.class == class && work.subject == subject && work.week <= week)
        .collect();
    let every = scores(covered.iter().copied());
    assert_eq!(body["overall"]["answers"].as_u64(), Some(every.len() as u64));
    close(&body["overall"]["mean"], mean(&every), "mean");
    close(&body["overall"]["q1"], quantile(every.clone(), 0.25), "first quartile");
    for (bucket, from) in body["histogram"].as_array().unwrap().iter().zip((0..100).step_by(10)) {
        let to = if from == 90 { 100 } else { from + 9 };
        let inside = every.iter().filter(|score| (from..=to).contains(*score)).count();
        assert_eq!((bucket["from"].as_i64(), bucket["to"].as_i64()), (Some(from), Some(to)));
        assert_eq!(bucket["answers"].as_u64(), Some(inside as u64), "{from} to {to}");
    }
    let assignments: BTreeSet<i64> = covered.iter().map(|work| work.assignment).collect();
    assert_eq!(body["assignments"].as_array().unwrap().len(), assignments.len());
    for (shown, assignment) in body["assignments"].as_array().unwrap().iter().zip(assignments) {
        let of_assignment = scores(covered.iter().copied().filter(|work| work.assignment == assignment));
        assert_eq!(shown["assignment_id"].as_i64(), Some(assignment));
        assert_eq!(shown["spread"]["answers"].as_u64(), Some(of_assignment.len() as u64));
        close(&shown["spread"]["median"], quantile(of_assignment.clone(), 0.5), "median");
        close(&shown["spread"]["q3"], quantile(of_assignment, 0.75), "third quartile");
    }
}

#[tokio::test]
async fn analytics_are_what_the_rows_say() {
    let school = School::open().await;
    let teacher = school.login("teacher-1").await;
    let id = school.newest(&teacher, "analytics").await;
    let (week, _, _, class) = about(&school, id).await;
    let body = school.get(&teacher, &format!("/api/reports/{id}/")).await.json();
    let all = work(&school.platform).await;
    let covered: Vec<&Work> =
        all.iter().filter(|work| work.class == class && (week - 3..=week).contains(&work.week)).collect();
    let students: Vec<i64> = numbers(&school.platform, "students")
        .await
        .iter()
        .filter(|row| row[1] == class)
        .map(|row| row[0])
        .collect();
    assert_eq!(body["students"].as_array().unwrap().len(), students.len());
    for (shown, student) in body["students"].as_array().unwrap().iter().zip(&students) {
        let theirs = scores(covered.iter().copied().filter(|work| work.student == *student));
        assert_eq!(shown["student_id"].as_i64(), Some(*student));
        assert_eq!(shown["answers"].as_u64(), Some(theirs.len() as u64));
        close(&shown["average"], mean(&theirs), "average of a student");
    }

    let mut by_assignment: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    for work in &covered {
        by_assignment.entry(work.assignment).or_default().push(work.score);
    }
    let mut hardest: Vec<(f64, i64)> = by_assignment
        .iter()
        .map(|(id, scores)| (scores.iter().sum::<i64>() as f64 / scores.len() as f64, *id))
        .collect();
    hardest.sort_by(|a, b| a.partial_cmp(b).unwrap());
    for (shown, (average, assignment)) in body["hardest"].as_array().unwrap().iter().zip(&hardest) {
        assert_eq!(shown["assignment_id"].as_i64(), Some(*assignment));
        close(&shown["average"], *average, "average of an assignment");
    }

    let assignments = numbers(&school.platform, "assignments").await;
    let submissions = numbers(&school.platform, "submissions").await;
    for (shown, subject) in body["timeliness"].as_array().unwrap().iter().zip(1_i64..) {
        let due: BTreeMap<i64, i64> = assignments
            .iter()
            .filter(|row| row[1] == class && row[2] == subject && (week - 3..=week).contains(&row[3]))
            .map(|row| (row[0], row[5]))
            .collect();
        let handed_in: Vec<_> = submissions.iter().filter(|row| due.contains_key(&row[1])).collect();
        let on_time = handed_in.iter().filter(|row| row[3] <= due[&row[1]]).count();
        let figure = |name: &str| shown[name].as_u64().unwrap() as usize;
        assert_eq!(figure("assigned"), due.len() * students.len());
        assert_eq!(figure("submitted"), handed_in.len());
        assert_eq!((figure("on_time"), figure("late")), (on_time, handed_in.len() - on_time));
    }
}

#[tokio::test]
async fn a_custom_report_shows_its_group_and_only_the_chosen_sections() {
    let school = School::open().await;
    let tutor = school.login("tutor-1").await;
    let all = work(&school.platform).await;
    let members = numbers(&school.platform, "custom_members").await;
    let listed = school.get(&tutor, "/api/reports/?type=custom&page_size=100").await.json();
    let (mut averaged, mut unaveraged) = (0, 0);
    for row in listed["results"].as_array().unwrap() {
        let id = row["id"].as_i64().unwrap();
        let (week, ..) = about(&school, id).await;
        let group: Vec<i64> = members.iter().filter(|row| row[0] == id).map(|row| row[1]).collect();
        let body = school.get(&tutor, &format!("/api/reports/{id}/")).await.json();
        let shown = body["students"].as_array().unwrap();
        assert_eq!(shown.iter().map(|s| s["student_id"].as_i64().unwrap()).collect::<Vec<_>>(), group);
        let sections: Vec<&str> =
            body["sections"].as_array().unwrap().iter().map(|s| s.as_str().unwrap()).collect();
        for student in shown {
            for section in ["averages", "completion", "timeliness", "materials", "feedback"] {
                assert_eq!(student.get(section).is_some(), sections.contains(&section), "{id}: {section}");
            }
        }
        let Some(first) = shown[0]["averages"].as_array() else {
            unaveraged += 1;
            continue;
        };
        averaged += 1;
        let mathematics = scores(
            all.iter().filter(|work| work.student == group[0] && work.subject == 1 && work.week <= week),
        );
        assert_eq!(first[0]["subject"], "Mathematics");
        close(&first[0]["average"], mean(&mathematics), "average in a custom report");
    }
    assert!(averaged > 0 && unaveraged > 0, "both kinds were met: {averaged}, {unaveraged}");
}

#[tokio::test]
async fn statistics_and_summary_agree_with_the_rows() {
    let school = School::open().await;
    let teacher = school.login("teacher-2").await;
    let all = work(&school.platform).await;
    for kind in ["student_progress", "grade_distribution", "analytics"] {
        let list = school.get(&teacher, &format!("/api/reports/?type={kind}&page_size=1")).await.json();
        let row = &list["results"][0];
        let id = row["id"].as_i64().unwrap();
        let (week, subject, student, class) = about(&school, id).await;
        let covered: Vec<i64> = scores(all.iter().filter(|work| match kind {
            "student_progress" => work.student == student && work.week <= week,
            "grade_distribution" => work.class == class && work.subject == subject && work.week <= week,
            _ => work.class == class && (week - 3..=week).contains(&work.week),
        }));
        let stats = school.get(&teacher, &format!("/api/reports/{id}/stats/")).await.json();
        assert_eq!(stats["scores"]["answers"].as_u64(), Some(covered.len() as u64), "{kind}");
        close(&stats["scores"]["mean"], mean(&covered), kind);
        let deviation = covered.iter().map(|s| (*s as f64 - mean(&covered)).powi(2)).sum::<f64>();
        close(&stats["scores"]["std_dev"], (deviation / covered.len() as f64).sqrt(), kind);
        assert_eq!(row["summary"]["answers"].as_u64(), Some(covered.len() as u64), "{kind}");
        close(&row["summary"]["average"], mean(&covered), kind);
        let full = school.get(&teacher, &format!("/api/reports/{id}/")).await.json();
        assert_eq!(row["revision"], full["revision"], "{kind}");
        assert_eq!(stats["revision"], full["revision"], "{kind}");
    }
}
