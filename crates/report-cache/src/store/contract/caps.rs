//! What goes when a cap is reached, and who stays. For a store with [`CAPS`].

use super::*;

/// Fills `report` of `user` with `bytes` for `ttl`.
pub(super) async fn fill_bytes(
    store: &dyn Store,
    user: u64,
    report: u64,
    bytes: usize,
    ttl: Duration,
) -> Put {
    let key = key(report, user, "1");
    let generation = lookup(store, &key, Custom).await.generation;
    let mut entry = entry(&key, Custom, generation, b"");
    entry.body = Packed::identity(vec![b'x'; bytes].into());
    entry.fields.clear();
    put(store, &key, entry, ttl).await
}

async fn stored(store: &dyn Store, user: u64, report: u64, bytes: usize, evicted: u64) {
    assert_eq!(fill_bytes(store, user, report, bytes, LONG).await, Put::Stored { evicted });
}

async fn has(store: &dyn Store, user: u64, reports: &[u64]) {
    for report in 1..=9 {
        let found = holds(store, &key(report, user, "1"), Custom).await;
        assert_eq!(found, reports.contains(&report), "report {report} of {user}");
    }
}

pub(super) async fn a_person_above_the_cap_loses_their_own_oldest(store: &dyn Store) {
    cleared(store).await;
    stored(store, 2, 1, 400, 0).await;
    stored(store, 1, 1, 300, 0).await;
    stored(store, 1, 2, 300, 0).await;
    stored(store, 1, 3, 300, 0).await;
    // Filled again, it is no longer the oldest.
    stored(store, 1, 1, 300, 0).await;
    stored(store, 1, 4, 600, 2).await;
    has(store, 1, &[1, 4]).await;
    has(store, 2, &[1]).await;
    assert_eq!(usage(store).await, Usage { entries: 3, bytes: 1_300, largest_user_bytes: 900 });
}

pub(super) async fn above_the_total_cap_the_oldest_of_the_largest_go(store: &dyn Store) {
    cleared(store).await;
    for report in 1..=3 {
        stored(store, 1, report, 300, 0).await;
    }
    stored(store, 2, 1, 500, 0).await;
    // 1,400; person 1 has 900. The second to go is person 1's too, the third is not.
    stored(store, 3, 1, 450, 2).await;
    has(store, 1, &[3]).await;
    has(store, 2, &[1]).await;
    has(store, 3, &[1]).await;
    stored(store, 3, 2, 500, 1).await;
    has(store, 3, &[2]).await;
    has(store, 2, &[1]).await;
    has(store, 1, &[3]).await;
    assert_eq!(usage(store).await, Usage { entries: 3, bytes: 1_300, largest_user_bytes: 500 });
}

pub(super) async fn what_exceeds_a_cap_alone_is_refused_and_nobody_goes_for_it(store: &dyn Store) {
    cleared(store).await;
    stored(store, 1, 1, 1_000, 0).await;
    stored(store, 2, 1, 500, 0).await;
    assert_eq!(fill_bytes(store, 1, 2, 1_001, LONG).await, Put::TooLarge);
    assert_eq!(fill_bytes(store, 3, 1, 1_501, LONG).await, Put::TooLarge);
    has(store, 1, &[1]).await;
    has(store, 2, &[1]).await;
    assert_eq!(usage(store).await.bytes, 1_500);
}

pub(super) async fn what_has_expired_makes_room_before_anybody_is_evicted(store: &dyn Store) {
    cleared(store).await;
    stored(store, 1, 1, 400, 0).await;
    stored(store, 2, 1, 500, 0).await;
    let fleeting = Duration::from_millis(20);
    assert_eq!(fill_bytes(store, 1, 2, 600, fleeting).await, Put::Stored { evicted: 0 });
    let deadline = Instant::now() + Duration::from_secs(5);
    while holds(store, &key(2, 1, "1"), Custom).await {
        assert!(Instant::now() < deadline, "an entry of 20 ms was still there after 5 s");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stored(store, 3, 1, 500, 0).await;
    stored(store, 1, 3, 100, 0).await;
    has(store, 1, &[1, 3]).await;
    assert_eq!(usage(store).await, Usage { entries: 4, bytes: 1_500, largest_user_bytes: 500 });
}

pub(super) async fn a_large_entry_may_cost_very_many_small_ones(store: &dyn Store) {
    cleared(store).await;
    // More than one batch of any store.
    for report in 1..=1_000 {
        stored(store, 1, report, 1, 0).await;
    }
    stored(store, 1, 2_000, 999, 999).await;
    assert!(holds(store, &key(1_000, 1, "1"), Custom).await);
    assert_eq!(usage(store).await, Usage { entries: 2, bytes: 1_000, largest_user_bytes: 1_000 });
}
