//! Every route that writes is probed for whom it invalidates.

use std::collections::BTreeMap;

/// Routes that change what reports say, and the test that reads as everybody before and after.
const PROBES: [(&str, &str); 15] = [
    (
        "PATCH /api/answers/{id}/grade/",
        "events::a_changed_grade_is_a_miss_for_everybody_it_concerns_and_for_nobody_else",
    ),
    ("POST /api/answers/grades/", "events::grades_in_bulk_are_one_write_and_one_invalidation"),
    (
        "POST /api/assignments/{id}/submissions/",
        "events::a_submission_is_a_miss_for_everybody_it_concerns_and_for_nobody_else",
    ),
    (
        "PUT /api/materials/{id}/progress/",
        "events::progress_is_a_miss_for_readers_of_that_student_alone_and_leaves_the_classes_reports",
    ),
    (
        "PUT /api/elements/{id}/progress/",
        "events::progress_is_a_miss_for_readers_of_that_student_alone_and_leaves_the_classes_reports",
    ),
    ("POST /api/reports/", "authoring::a_report_of_a_class_is_saved_and_deleted"),
    ("PATCH /api/reports/{id}/", "authoring::a_report_of_a_class_is_saved_and_deleted"),
    ("DELETE /api/reports/{id}/", "authoring::a_report_of_a_class_is_saved_and_deleted"),
    (
        "PUT /api/students/{id}/guardians/{parent_id}/",
        "links::a_guardian_who_is_cut_off_reads_nothing_more_and_one_who_is_linked_reads_at_once",
    ),
    (
        "DELETE /api/students/{id}/guardians/{parent_id}/",
        "links::a_guardian_who_is_cut_off_reads_nothing_more_and_one_who_is_linked_reads_at_once",
    ),
    (
        "PUT /api/students/{id}/tutors/{tutor_id}/",
        "links::a_tutor_loses_and_gains_the_progress_of_a_pupil_at_once",
    ),
    (
        "DELETE /api/students/{id}/tutors/{tutor_id}/",
        "links::a_tutor_loses_and_gains_the_progress_of_a_pupil_at_once",
    ),
    (
        "PUT /api/students/{id}/class/",
        "links::a_move_changes_both_classes_analytics_and_old_grades_stay_with_the_old_class",
    ),
    ("PUT /api/classes/{id}/teachers/{subject}/", "links::a_class_changes_its_teacher_and_both_know_at_once"),
    (
        "DELETE /api/classes/{id}/teachers/{subject}/",
        "links::a_class_changes_its_teacher_and_both_know_at_once",
    ),
];

/// Routes that write nothing that a report shows.
const OTHERS: [&str; 4] = [
    "POST /api/login/",
    "POST /api/reports/cache/warm/",
    "DELETE /api/reports/cache/",
    "DELETE /api/reports/cache/{report_id}/",
];

/// The writing routes of the service, from its router.
fn writing() -> Vec<String> {
    let router = include_str!("../../src/http/router.rs");
    let mut routes = Vec::new();
    for route in router.split(".route(").skip(1) {
        let path = route.split('"').nth(1).unwrap();
        for method in ["post", "put", "patch", "delete"] {
            let call = format!("{method}(");
            let named =
                |(at, _): (usize, &str)| !route[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if route.match_indices(&call).any(named) {
                routes.push(format!("{} {path}", method.to_uppercase()));
            }
        }
    }
    routes.sort_unstable();
    routes
}

/// Row 2.
#[test]
fn every_write_route_is_probed() {
    let probes: BTreeMap<&str, &str> = PROBES.into_iter().collect();
    for (route, probe) in &probes {
        assert!(super::exists(probe), "{route}: there is no test {probe}");
    }
    let mut known: Vec<&str> = probes.into_keys().chain(OTHERS).collect();
    known.sort_unstable();
    assert_eq!(writing(), known, "a route that writes has a probe here");
}
