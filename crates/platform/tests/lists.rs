//! Filters, search, ordering, paging and export.

use std::collections::BTreeSet;

use http::StatusCode;
use serde_json::Value;

use crate::school::{Person, School};

/// Whether a filter should keep a row.
type Keeps = Box<dyn Fn(&Value) -> bool>;

async fn all(school: &School, who: &Person, query: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    for page in 1.. {
        let body = school.get(who, &format!("/api/reports/?{query}&page_size=100&page={page}")).await.json();
        let results = body["results"].as_array().unwrap().clone();
        let last = results.len() < 100;
        rows.extend(results);
        if last {
            assert_eq!(body["count"].as_u64(), Some(rows.len() as u64), "{query}");
            break;
        }
    }
    rows
}

fn texts<'r>(rows: &'r [Value], field: &str) -> Vec<&'r str> {
    rows.iter().map(|row| row[field].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_filter_keeps_what_it_says_and_nothing_else() {
    let school = School::open().await;
    let teacher = school.login("teacher-1").await;
    let every = all(&school, &teacher, "ordering=id").await;
    let student = every[0]["student_id"].as_i64().unwrap().to_string();
    let word = texts(&every, "title")[0].split(' ').nth(2).unwrap().to_lowercase();
    let is = |field: &'static str, value: &str| {
        let value = value.to_owned();
        Box::new(move |row: &Value| row[field].as_str() == Some(value.as_str())) as Keeps
    };
    let number = student.clone();
    let searched = word.clone();
    let table: Vec<(String, Keeps)> = vec![
        ("type=analytics".into(), is("report_type", "analytics")),
        ("status=archived".into(), is("status", "archived")),
        ("subject=History".into(), is("subject", "History")),
        ("week_start=2026-09-14".into(), is("week_start", "2026-09-14")),
        (
            format!("student={student}"),
            Box::new(move |row| row["student_id"].as_i64().map(|id| id.to_string()) == Some(number.clone())),
        ),
        (
            format!("search={word}"),
            Box::new(move |row| row["title"].as_str().unwrap().to_lowercase().contains(&searched)),
        ),
    ];
    for (query, keeps) in table {
        let expected: Vec<&Value> = every.iter().filter(|row| keeps(row)).collect();
        let got = all(&school, &teacher, &format!("{query}&ordering=id")).await;
        assert!(!expected.is_empty() && expected.len() < every.len(), "{query} tells nothing");
        assert_eq!(got.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    let both = all(&school, &teacher, "type=analytics&status=draft").await;
    assert!(!both.is_empty());
    assert!(both.iter().all(|row| row["report_type"] == "analytics" && row["status"] == "draft"));
}

#[tokio::test]
async fn a_search_takes_wildcards_literally() {
    let school = School::open().await;
    let teacher = school.login("teacher-1").await;
    for search in ["%25", "_", "%5C", "'"] {
        let rows = all(&school, &teacher, &format!("search={search}")).await;
        let wanted = match search {
            "%25" => "%",
            "%5C" => "\\",
            other => other,
        };
        assert!(rows.iter().all(|row| row["title"].as_str().unwrap().contains(wanted)), "{search}");
    }
}

#[tokio::test]
async fn lists_come_in_the_order_asked_for() {
    let school = School::open().await;
    let teacher = school.login("teacher-1").await;
    let ids = |rows: &[Value]| -> Vec<i64> { rows.iter().map(|row| row["id"].as_i64().unwrap()).collect() };
    let rows = all(&school, &teacher, "ordering=id").await;
    assert!(ids(&rows).is_sorted());
    let rows = all(&school, &teacher, "ordering=-id").await;
    assert!(ids(&rows).is_sorted_by(|a, b| a > b));
    let rows = all(&school, &teacher, "ordering=title").await;
    assert!(texts(&rows, "title").is_sorted());
    let rows = all(&school, &teacher, "ordering=week_start").await;
    assert!(texts(&rows, "week_start").is_sorted());
    let newest_first = all(&school, &teacher, "ordering=-week_start").await;
    assert!(texts(&newest_first, "week_start").is_sorted_by(|a, b| a >= b));
    assert_eq!(all(&school, &teacher, "search=").await, newest_first, "the default order");
}

#[tokio::test]
async fn pages_share_out_the_list_without_gaps_or_repeats() {
    let school = School::open().await;
    let tutor = school.login("tutor-1").await;
    let every = all(&school, &tutor, "").await;
    let mut paged = Vec::new();
    for page in 1..=every.len().div_ceil(20) {
        let body = school.get(&tutor, &format!("/api/reports/?page={page}")).await.json();
        assert_eq!((body["page"].as_u64(), body["page_size"].as_u64()), (Some(page as u64), Some(20)));
        paged.extend(body["results"].as_array().unwrap().clone());
    }
    assert_eq!(paged, every);
    assert_eq!(every.iter().map(|row| row["id"].as_i64()).collect::<BTreeSet<_>>().len(), every.len());
    let beyond = school.get(&tutor, "/api/reports/?page=9999").await.json();
    assert_eq!((beyond["results"].as_array().unwrap().len(), &beyond["revision"]), (0, &Value::Null));
}

#[tokio::test]
async fn what_is_not_understood_is_400_and_is_not_counted_as_a_read() {
    let school = School::open().await;
    let student = school.login("student-1").await;
    for query in ["colour=red", "page=0", "page_size=101", "type=nonsense", "page=1&page=2", "ordering=name"]
    {
        let answer = school.get(&student, &format!("/api/reports/?{query}")).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(answer.x_cache(), "", "{query}");
        assert!(
            answer.json()["detail"].as_str().unwrap().contains(query.split('=').next().unwrap()),
            "{query}"
        );
    }
    let id = school.newest(&student, "student_progress").await;
    for target in [format!("/api/reports/{id}/?page=1"), "/api/reports/export/?format=xml".to_owned()] {
        assert_eq!(school.get(&student, &target).await.status, StatusCode::BAD_REQUEST, "{target}");
    }
}

#[tokio::test]
async fn an_export_holds_the_full_reports_of_its_page() {
    let school = School::open().await;
    let teacher = school.login("teacher-1").await;
    let export = school.get(&teacher, "/api/reports/export/").await;
    assert_eq!(export.headers["content-type"], "application/json");
    let body = export.json();
    assert_eq!(body["results"].as_array().unwrap().len(), 50);
    assert_eq!(body["reader"]["user_id"].as_i64(), Some(teacher.id));
    let newest = body["results"].as_array().unwrap().iter().map(|report| report["revision"].as_i64()).max();
    assert_eq!(body["revision"].as_i64(), newest.unwrap());
    for report in body["results"].as_array().unwrap().iter().step_by(7) {
        let mut single = school.get(&teacher, &format!("/api/reports/{}/", report["id"])).await.json();
        single.as_object_mut().unwrap().remove("reader").unwrap();
        assert_eq!(&single, report);
    }
}

#[tokio::test]
async fn a_csv_export_has_a_line_for_every_value_of_the_json_one() {
    let school = School::open().await;
    let parent = school.login("parent-3").await;
    let json = school.get(&parent, "/api/reports/export/?page_size=3").await.json();
    for expected in ["MISS", "HIT"] {
        let csv = school.get(&parent, "/api/reports/export/?page_size=3&format=csv").await;
        assert_eq!(csv.x_cache(), expected);
        assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8", "{expected}");
        let text = csv.text();
        assert!(text.starts_with("report_id,report_type,field,value\r\n"));
        assert!(text.contains(&format!(",,reader.user_id,{}\r\n", parent.id)));
        let report = &json["results"][0];
        let line = format!("answers.0.score,{}\r\n", report["answers"][0]["score"]);
        assert!(text.contains(&line), "{line}");
        let values: usize = json["results"].as_array().unwrap().iter().map(|r| leaves(r) - 2).sum();
        let envelope = 7;
        assert_eq!(text.matches("\r\n").count(), 1 + envelope + values);
    }
}

fn leaves(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.values().map(leaves).sum(),
        Value::Array(items) => items.iter().map(leaves).sum(),
        _ => 1,
    }
}
