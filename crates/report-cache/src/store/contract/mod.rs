//! What every [`Store`] must do, as one suite that each implementation runs.
//!
//! For tests: a clause that does not hold panics. Each clause starts from a cleared store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{Generation, Limits, Lookup, Put, Store, Usage};
use crate::coding::Packed;
use crate::entry::{Entry, Made};
use crate::filters::Filters;
use crate::key::{ReportFacts, ReportKey, ReportType};

use ReportType::{Analytics, Custom, Default as Collection, StudentProgress};

mod caps;
mod events;
mod races;

/// The caps of the store that [`every_clause_about_caps`] is run on.
pub const CAPS: Limits = Limits { user_bytes: 1_000, total_bytes: 1_500 };

/// Runs the clauses about [`CAPS`] and the bound of the stream on `store`, which must be for this test alone and have them.
///
/// # Panics
/// When a clause does not hold, or the store fails.
pub async fn every_clause_about_caps(store: Arc<dyn Store>) {
    events::old_events_are_forgotten_and_ids_go_on(&*store).await;
    caps::a_person_above_the_cap_loses_their_own_oldest(&*store).await;
    caps::above_the_total_cap_the_oldest_of_the_largest_go(&*store).await;
    caps::what_exceeds_a_cap_alone_is_refused_and_nobody_goes_for_it(&*store).await;
    caps::what_has_expired_makes_room_before_anybody_is_evicted(&*store).await;
    caps::a_large_entry_may_cost_very_many_small_ones(&*store).await;
    races::racing_fills_keep_the_caps_and_true_sizes(&store).await;
}

/// Runs the clauses about concurrency on `store`, which must be for this test alone.
///
/// # Panics
/// When a clause does not hold, or the store fails.
pub async fn every_clause_about_races(store: Arc<dyn Store>) {
    races::racing_fills_and_removals_leave_true_sizes_and_nothing_old(&store).await;
    races::a_fill_that_races_its_invalidation_is_not_found_after_it(&store, &store).await;
}

/// Runs the clauses about several nodes on `one` and `other`, which share what they hold.
///
/// # Panics
/// When a clause does not hold, or a store fails.
pub async fn every_clause_about_nodes(one: Arc<dyn Store>, other: Arc<dyn Store>) {
    races::a_fill_that_races_its_invalidation_is_not_found_after_it(&one, &other).await;
    let key = key(42, 7, "1");
    let stored = fill(&*one, &key, Analytics).await;
    assert_eq!(lookup(&*other, &key, Analytics).await.entry, Some(stored));
    assert_eq!(usage(&*other).await, usage(&*one).await);
    assert_eq!(other.clear().await.expect("it works"), 1);
    assert!(!holds(&*one, &key, Analytics).await);
}

const LONG: Duration = Duration::from_secs(600);

/// Runs the whole suite on `store`, which must be for this test alone.
///
/// # Panics
/// When a clause does not hold, or the store fails.
pub async fn every_clause(store: &dyn Store) {
    what_was_stored_is_found(store).await;
    people_and_variants_do_not_share(store).await;
    a_value_computed_before_a_removal_is_never_stored_after_it(store).await;
    an_epoch_nobody_knows_matches_nothing(store).await;
    an_invalidation_removes_that_person_and_type_and_their_collections(store).await;
    a_generation_is_of_one_person_and_type(store).await;
    many_people_lose_their_entries_in_one_invalidation(store).await;
    forgetting_a_report_removes_everyones_variants_of_it(store).await;
    very_many_entries_of_one_person_go_all_and_are_counted(store).await;
    clearing_removes_all_and_says_how_many(store).await;
    usage_adds_up(store).await;
    expired_entries_are_gone_and_do_not_count(store).await;
    bodies_come_back_byte_for_byte(store).await;
    events::events_come_back_in_their_order(store).await;
    events::a_clearing_keeps_the_events_and_removing_everything_does_not(store).await;
}

fn key(report_id: u64, user_id: u64, page: &str) -> ReportKey {
    let mut filters = serde_json::Map::new();
    filters.insert("page".to_owned(), page.into());
    ReportKey::new(report_id, user_id, &Filters::from_json(filters))
}

async fn lookup(store: &dyn Store, key: &ReportKey, report_type: ReportType) -> Lookup {
    store.lookup(key, report_type).await.expect("a lookup works")
}

fn entry(key: &ReportKey, report_type: ReportType, generation: Generation, body: &'static [u8]) -> Entry {
    let facts = ReportFacts { key: *key, report_type, role: "teacher" };
    let made = Made { at_unix_ms: 1_788_242_400_000, took: Duration::from_millis(5), ttl: LONG };
    Entry::json(&facts, generation, Bytes::from_static(body), made)
}

async fn put(store: &dyn Store, key: &ReportKey, entry: Entry, ttl: Duration) -> Put {
    store.put(key, entry, ttl).await.expect("a put works")
}

/// Looks up, computes, stores: what a miss does.
async fn fill(store: &dyn Store, key: &ReportKey, report_type: ReportType) -> Entry {
    let generation = lookup(store, key, report_type).await.generation;
    let entry = entry(key, report_type, generation, b"{\"score\": 1}");
    assert_eq!(put(store, key, entry.clone(), LONG).await, Put::Stored { evicted: 0 });
    entry
}

async fn holds(store: &dyn Store, key: &ReportKey, report_type: ReportType) -> bool {
    lookup(store, key, report_type).await.entry.is_some()
}

async fn cleared(store: &dyn Store) {
    store.clear().await.expect("clearing works");
    assert_eq!(usage(store).await, Usage::default());
}

async fn usage(store: &dyn Store) -> Usage {
    store.usage().await.expect("usage works")
}

async fn what_was_stored_is_found(store: &dyn Store) {
    cleared(store).await;
    let key = key(42, 7, "1");
    let before = lookup(store, &key, Analytics).await;
    assert_eq!(before.entry, None);
    let stored = fill(store, &key, Analytics).await;
    let after = lookup(store, &key, Analytics).await;
    assert_eq!(after.entry, Some(stored));
    assert_eq!(after.generation, before.generation, "reading and storing change no generation");
}

async fn people_and_variants_do_not_share(store: &dyn Store) {
    cleared(store).await;
    fill(store, &key(42, 7, "1"), Analytics).await;
    for other in [key(42, 8, "1"), key(42, 7, "2"), key(43, 7, "1")] {
        assert!(!holds(store, &other, Analytics).await, "{other}");
    }
}

async fn a_value_computed_before_a_removal_is_never_stored_after_it(store: &dyn Store) {
    let key = key(42, 7, "1");
    for removal in ["invalidate", "forget", "clear"] {
        cleared(store).await;
        let generation = lookup(store, &key, Analytics).await.generation;
        match removal {
            "invalidate" => store.invalidate(&[(7, Analytics)]).await,
            "forget" => store.forget_report(42).await,
            _ => store.clear().await,
        }
        .expect("a removal works");
        let stale = entry(&key, Analytics, generation, b"old");
        assert_eq!(put(store, &key, stale.clone(), LONG).await, Put::Outdated, "{removal}");
        // Nor once a reader has started the next generation.
        let next = lookup(store, &key, Analytics).await;
        assert_eq!(next.entry, None);
        assert_ne!(next.generation, generation, "{removal}");
        assert_eq!(put(store, &key, stale, LONG).await, Put::Outdated, "{removal}");
        let fresh = entry(&key, Analytics, next.generation, b"new");
        assert_eq!(put(store, &key, fresh, LONG).await, Put::Stored { evicted: 0 }, "{removal}");
    }
}

async fn an_epoch_nobody_knows_matches_nothing(store: &dyn Store) {
    cleared(store).await;
    let key = key(42, 7, "1");
    let unknown = entry(&key, Analytics, Generation { person: 0, report: 0, store: 0 }, b"old");
    assert_eq!(put(store, &key, unknown.clone(), LONG).await, Put::Outdated);
    lookup(store, &key, Analytics).await;
    assert_eq!(put(store, &key, unknown, LONG).await, Put::Outdated);
}

async fn an_invalidation_removes_that_person_and_type_and_their_collections(store: &dyn Store) {
    cleared(store).await;
    let gone = [
        (key(42, 7, "1"), Analytics),
        (key(42, 7, "2"), Analytics),
        (key(43, 7, "1"), Analytics),
        (key(0, 7, "1"), Collection),
        (key(0, 7, "2"), Collection),
    ];
    let stays =
        [(key(44, 7, "1"), StudentProgress), (key(42, 8, "1"), Analytics), (key(0, 8, "1"), Collection)];
    for (key, report_type) in gone.iter().chain(&stays) {
        fill(store, key, *report_type).await;
    }
    assert_eq!(store.invalidate(&[(7, Analytics), (9, Analytics)]).await.expect("it works"), 5);
    for (key, report_type) in &gone {
        assert!(!holds(store, key, *report_type).await, "{key}");
    }
    for (key, report_type) in &stays {
        assert!(holds(store, key, *report_type).await, "{key}");
    }
    assert_eq!(usage(store).await.entries, 3);
    assert_eq!(store.invalidate(&[(7, Analytics)]).await.expect("it works"), 0);
    assert_eq!(store.invalidate(&[]).await.expect("it works"), 0);
}

async fn a_generation_is_of_one_person_and_type(store: &dyn Store) {
    cleared(store).await;
    let key_of = |user| key(42, user, "1");
    let places = [(7, Analytics), (7, Custom), (7, Collection), (8, Analytics)];
    let mut before = Vec::new();
    for (user, report_type) in places {
        before.push(lookup(store, &key_of(user), report_type).await.generation);
    }
    store.invalidate(&[(7, Analytics)]).await.expect("it works");
    for ((user, report_type), before) in places.into_iter().zip(before) {
        let ended = user == 7 && report_type != Custom;
        let now = lookup(store, &key_of(user), report_type).await.generation;
        assert_eq!(now != before, ended, "{report_type} of {user}");
    }
}

async fn many_people_lose_their_entries_in_one_invalidation(store: &dyn Store) {
    cleared(store).await;
    for user in 1..=30 {
        fill(store, &key(42, user, "1"), Analytics).await;
    }
    // Most of these have nothing; more of them than any store takes in one go.
    let class: Vec<_> = (2..=2_500).map(|user| (user, Analytics)).collect();
    assert_eq!(store.invalidate(&class).await.expect("it works"), 29);
    assert!(holds(store, &key(42, 1, "1"), Analytics).await);
    assert_eq!(usage(store).await.entries, 1);
}

async fn forgetting_a_report_removes_everyones_variants_of_it(store: &dyn Store) {
    cleared(store).await;
    for key in [key(42, 7, "1"), key(42, 7, "2"), key(42, 8, "1"), key(43, 7, "1")] {
        fill(store, &key, Custom).await;
    }
    assert_eq!(store.forget_report(42).await.expect("it works"), 3);
    assert!(!holds(store, &key(42, 7, "2"), Custom).await);
    assert!(!holds(store, &key(42, 8, "1"), Custom).await);
    assert!(holds(store, &key(43, 7, "1"), Custom).await);
    assert_eq!(store.forget_report(42).await.expect("it works"), 0);
}

async fn very_many_entries_of_one_person_go_all_and_are_counted(store: &dyn Store) {
    cleared(store).await;
    for removal in ["invalidate", "forget"] {
        for page in 1..=250 {
            fill(store, &key(42, 7, &page.to_string()), Analytics).await;
        }
        fill(store, &key(43, 7, "1"), Custom).await;
        let removed = match removal {
            "invalidate" => store.invalidate(&[(7, Analytics)]).await,
            _ => store.forget_report(42).await,
        };
        assert_eq!(removed.expect("a removal works"), 250, "{removal}");
        assert_eq!(usage(store).await.entries, 1, "{removal}");
    }
}

async fn clearing_removes_all_and_says_how_many(store: &dyn Store) {
    cleared(store).await;
    // More than one batch of any store.
    for report_id in 1..=1_203 {
        fill(store, &key(report_id, report_id % 10, "1"), Custom).await;
    }
    assert_eq!(store.clear().await.expect("it works"), 1_203);
    assert_eq!(usage(store).await, Usage::default());
    assert!(!holds(store, &key(1, 1, "1"), Custom).await);
    assert_eq!(store.clear().await.expect("it works"), 0);
}

async fn usage_adds_up(store: &dyn Store) {
    cleared(store).await;
    let size = fill(store, &key(1, 7, "1"), Custom).await.size();
    fill(store, &key(2, 7, "1"), Custom).await;
    fill(store, &key(1, 8, "1"), Custom).await;
    // Filled again: replaced, not counted twice.
    fill(store, &key(1, 8, "1"), Custom).await;
    let expected = Usage { entries: 3, bytes: 3 * size, largest_user_bytes: 2 * size };
    assert_eq!(usage(store).await, expected);
    store.forget_report(1).await.expect("it works");
    assert_eq!(usage(store).await, Usage { entries: 1, bytes: size, largest_user_bytes: size });
}

async fn expired_entries_are_gone_and_do_not_count(store: &dyn Store) {
    cleared(store).await;
    let (short, long) = (key(1, 7, "1"), key(2, 7, "1"));
    fill(store, &long, Custom).await;
    let generation = lookup(store, &short, Custom).await.generation;
    let fleeting = entry(&short, Custom, generation, b"soon gone");
    put(store, &short, fleeting, Duration::from_millis(20)).await;
    let deadline = Instant::now() + Duration::from_secs(5);
    while holds(store, &short, Custom).await {
        assert!(Instant::now() < deadline, "an entry of 20 ms was still there after 5 s");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(usage(store).await.entries, 1);
    assert_eq!(lookup(store, &short, Custom).await.generation, generation, "an epoch does not expire");
    assert_eq!(store.invalidate(&[(7, Custom)]).await.expect("it works"), 1);
}

async fn bodies_come_back_byte_for_byte(store: &dyn Store) {
    cleared(store).await;
    let key = key(0, 7, "1");
    let generation = lookup(store, &key, Collection).await.generation;
    let every_byte: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let mut entry = entry(&key, Collection, generation, b"");
    entry.body = Packed::identity(every_byte.into());
    put(store, &key, entry.clone(), LONG).await;
    assert_eq!(lookup(store, &key, Collection).await.entry, Some(entry));
}
