//! Ways in which caches break, each as a test that this one does not.
//!
//! One line for each row of the catalogue, with what holds it: a test here, `room::test` elsewhere in this
//! crate, or `report-cache: room::test` in the cache's own.
//!
//! | row | defect | held by |
//! |---|---|---|
//! | 1 | a cascade misses one role | `freshness::a_grade_reaches_every_entitled_reader_on_the_next_read`, `events::a_changed_grade_is_a_miss_for_everybody_it_concerns_and_for_nobody_else` |
//! | 2 | a cascade misses one write route | `defects/routes::every_write_route_is_probed` |
//! | 3 | a cascade misses people whose links changed | `links::a_second_guardian_sees_the_next_grade_and_a_former_one_is_left_alone`, `links::a_move_changes_both_classes_analytics_and_old_grades_stay_with_the_old_class`, `links::a_class_changes_its_teacher_and_both_know_at_once`, `links::a_tutor_loses_and_gains_the_progress_of_a_pupil_at_once` |
//! | 4 | the user is missing from the key | `caching::two_people_never_share_an_entry`, `report-cache: http::people_and_reports_do_not_share_answers` |
//! | 5 | filters are not canonical | `defects/filters::the_order_of_parameters_splits_nothing`, `defects/filters::values_under_other_names_mix_nothing` |
//! | 6 | the ETag does not change when the content does | `defects/validators::a_validator_from_before_a_write_gets_the_new_report_in_every_view` |
//! | 7 | the ETag changes when the content does not | `defects/validators::computed_anew_without_a_write_a_report_keeps_its_validator` |
//! | 8 | 304 to a stale, foreign or absent validator | `defects/validators::a_foreign_or_absent_validator_gets_the_report`, `report-cache: conditional::a_stale_foreign_or_malformed_validator_gets_the_report` |
//! | 9 | forms of If-None-Match are not understood | `report-cache: conditional::a_current_copy_is_confirmed_without_computing`, `report-cache: coding::if_none_match_of_either_form_matches_and_the_304_repeats_the_tag_of_the_selected_one` |
//! | 10 | shared caches may keep a private report; two people share one browser | `defects/sharing::a_shared_cache_may_keep_nothing`, `defects/sharing::two_people_at_one_browser_each_see_their_own` |
//! | 11 | the TTL is shorter than promised | `report-cache: defects/lifetimes::an_idle_key_hits_at_nine_tenths_of_its_types_ttl_however_the_dice_fall`, `report-cache: defects/lifetimes::reads_spaced_below_the_ttl_hit`, `report-cache: defects/lifetimes::redis_keeps_each_type_as_long_as_was_promised` |
//! | 12 | the TTL is longer than promised | `report-cache: defects/lifetimes::what_changed_out_of_band_is_seen_when_its_types_ttl_ends_although_the_key_is_read_all_along` |
//! | 13 | the TTL of one report type is wrong | `report-cache: defects/lifetimes::an_idle_key_hits_at_nine_tenths_of_its_types_ttl_however_the_dice_fall`, `defects/sharing::each_type_lives_under_its_own_ttl` |
//! | 14 | what was computed before a write is stored after its invalidation | `report-cache: race::a_write_on_another_node_between_lookup_and_put_is_never_undone_by_the_fill`, `report-cache: race::no_read_that_starts_after_an_acknowledged_write_returns_the_old_data_on_any_node`, `report-cache: flight::a_value_computed_before_a_write_serves_nobody_who_asks_after_it` |
//! | 15 | a stampede when a hot key expires | `report-cache: defects/lifetimes::when_a_hot_key_expires_its_readers_cost_one_computation` |
//! | 16 | synchronised expiry after warming | `report-cache: refresh::warmed_entries_do_not_expire_together_and_none_lives_longer_than_promised` |
//! | 17 | hits counted as misses, double counts | `report-cache: stats::hits_misses_and_bypasses_are_all_requests_of_each_role_and_abandoned_ones_count_once`, `management::statistics_and_hit_rate_have_their_fields_and_count_exactly` |
//! | 18 | counters drift under concurrency | `report-cache: stats::counters_add_up_under_concurrency` |
//! | 19 | warming says "cached" and fills nothing | `management::a_warmed_report_is_a_hit_on_its_first_read`, `management::warming_fills_for_the_author_and_the_persons_concerned_what_each_of_them_reads` |
//! | 20 | invalidating one removes everything | `defects/removal::removing_one_report_leaves_fifty_others` |
//! | 21 | invalidating one removes nothing, or the unfiltered variant only | `management::deleting_one_report_removes_all_its_variants_and_only_those`, `management::deleting_one_report_counts_every_persons_every_variant` |
//! | 22 | an invalidation scans the keyspace | `defects/outage::redis_is_never_scanned_whatever_the_school_does`, `report-cache: redis_layout::scripts_are_loaded_once_and_the_keyspace_is_never_scanned` |
//! | 23 | no size cap per user | `report-cache: defects/caps::a_person_who_asks_for_ever_more_filters_stays_below_the_cap_in_memory`, `report-cache: defects/caps::a_person_who_asks_for_ever_more_filters_stays_below_the_cap_in_redis` |
//! | 24 | error responses are cached | `defects/removal::a_computation_that_failed_is_healed_on_the_next_read`, `report-cache: http::a_computation_that_failed_once_is_not_remembered` |
//! | 25 | an expired or foreign token is served from a warm key | `defects/sharing::no_token_but_the_readers_own_is_served_from_a_warm_key`, `links::a_guardian_who_is_cut_off_reads_nothing_more_and_one_who_is_linked_reads_at_once` |
//! | 26 | store down, 500s | `defects/outage::redis_down_every_view_is_served_as_in_the_control_arm`, `report-cache: redis_faults::redis_killed_readers_are_served_and_nothing_old_is_when_it_is_back` |
//! | 27 | a slow store stalls requests | `defects/outage::redis_stalled_few_requests_pay_for_it`, `report-cache: budget::a_store_that_hangs_delays_a_request_by_its_timeout_and_no_more`, `report-cache: budget::lookup_and_store_together_delay_a_miss_by_no_more_than_the_timeout`, `report-cache: redis_faults::redis_stalled_by_client_pause_delays_few_and_serves_nothing_old_afterwards` |
//! | 28 | store down, a herd on the database | `defects/outage::redis_down_fifty_readers_of_one_report_are_no_herd`, `report-cache: queue::fifty_readers_of_one_key_cost_two_computations` |
//!
//! And what is no defect, and must stay right: jitter (rows 11 to 13), early refresh
//! (`report-cache: refresh::a_refresh_that_races_a_write_is_not_stored`), gzip
//! (`report-cache: coding::miss_coalesced_and_hit_give_the_same_form_to_the_same_request`), eviction
//! (`report-cache: defects/caps::while_entries_are_evicted_all_the_time_every_read_is_the_readers_own`), a
//! restart (`defects/validators::after_a_restart_a_browsers_copy_is_still_good`), several processes
//! (`nodes::redis_a_write_on_one_process_is_seen_by_the_next_read_on_another`).

mod filters;
mod outage;
mod removal;
mod routes;
mod sharing;
mod validators;

use std::collections::BTreeSet;
use std::path::Path;

use crate::school::{Person, School};

/// Something of every view that this person reads: reports, statistics, lists, exports.
async fn views(school: &School, person: &Person) -> Vec<String> {
    let mut targets = vec![
        "/api/reports/".to_owned(),
        "/api/reports/?page_size=3&ordering=title".to_owned(),
        "/api/reports/export/?page_size=2".to_owned(),
        "/api/reports/export/?page_size=2&format=csv".to_owned(),
    ];
    for kind in ["student_progress", "grade_distribution", "analytics", "custom"] {
        let list = school.bypass(person, &format!("/api/reports/?type={kind}&page_size=1")).await.json();
        if let Some(id) = list["results"][0]["id"].as_i64() {
            targets.push(format!("/api/reports/{id}/"));
            targets.push(format!("/api/reports/{id}/stats/"));
        }
    }
    targets
}

/// Whether `[report-cache: ]room::test` is a test.
fn exists(named: &str) -> bool {
    let (tests, named) = match named.strip_prefix("report-cache: ") {
        Some(named) => ("../report-cache/tests", named),
        None => ("tests", named),
    };
    let Some((room, test)) = named.rsplit_once("::") else { return false };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(tests).join(format!("{room}.rs"));
    let Ok(source) = std::fs::read_to_string(path) else { return false };
    ["async fn", "fn"].iter().any(|how| {
        let head = format!("\n{how} {test}()");
        let attribute = source.split_once(&head).and_then(|(before, _)| before.lines().last());
        attribute.is_some_and(|line| line.starts_with("#[") && line.contains("test"))
    })
}

#[test]
fn every_row_of_the_catalogue_is_held_by_tests_that_exist() {
    let (doc, _) = include_str!("mod.rs").split_once("\nmod ").unwrap();
    let mut rows = BTreeSet::new();
    for line in doc.lines() {
        let quoted: Vec<&str> =
            line.split('`').skip(1).step_by(2).filter(|text| text.contains("::")).collect();
        let number = line.strip_prefix("//! | ").and_then(|rest| rest.split_once(' '));
        if let Some(row) = number.and_then(|(number, _)| number.parse::<u32>().ok()) {
            assert!(!quoted.is_empty(), "row {row} is held by nothing");
            assert!(rows.insert(row), "row {row} stands there twice");
        }
        for named in quoted.into_iter().filter(|text| !text.contains("room::test")) {
            assert!(exists(named), "there is no test {named}");
        }
    }
    assert_eq!(rows, (1..=28).collect());
    assert!(!exists("events::a_test_that_nobody_wrote") && !exists("events::about"));
}
