//! Many at once: what is counted stays true, and nothing old is found.

use tokio::task::JoinSet;

use super::caps::fill_bytes;
use super::*;

const USERS: u64 = 6;
const REPORTS: u64 = 8;

/// What is really there, by asking for every key.
async fn found(store: &dyn Store) -> Usage {
    let mut found = Usage::default();
    for user in 1..=USERS {
        let mut share = 0;
        for report in 1..=REPORTS {
            if let Some(entry) = lookup(store, &key(report, user, "1"), Custom).await.entry {
                found.entries += 1;
                share += entry.size();
            }
        }
        found.bytes += share;
        found.largest_user_bytes = found.largest_user_bytes.max(share);
    }
    found
}

async fn all_of(tasks: JoinSet<()>) {
    // A clause that does not hold in a task does not hold here.
    tasks.join_all().await;
}

pub(super) async fn racing_fills_keep_the_caps_and_true_sizes(store: &Arc<dyn Store>) {
    cleared(&**store).await;
    let mut tasks = JoinSet::new();
    for user in 1..=USERS {
        for report in 1..=REPORTS {
            let store = Arc::clone(store);
            let bytes = usize::try_from(100 + 10 * user + report).expect("small");
            tasks.spawn(async move {
                fill_bytes(&*store, user, report, bytes, LONG).await;
            });
        }
    }
    all_of(tasks).await;
    let usage = usage(&**store).await;
    assert_eq!(usage, found(&**store).await);
    assert!(usage.bytes <= CAPS.total_bytes && usage.largest_user_bytes <= CAPS.user_bytes, "{usage:?}");
    assert!(usage.bytes > CAPS.total_bytes - 200, "no more went than had to: {usage:?}");
}

pub(super) async fn racing_fills_and_removals_leave_true_sizes_and_nothing_old(store: &Arc<dyn Store>) {
    cleared(&**store).await;
    for round in 0..5 {
        let mut tasks = JoinSet::new();
        for user in 1..=USERS {
            for report in 1..=REPORTS {
                let store = Arc::clone(store);
                tasks.spawn(async move {
                    fill_bytes(&*store, user, report, 50, LONG).await;
                });
            }
            let store = Arc::clone(store);
            tasks.spawn(async move {
                match (user + round) % 4 {
                    0 => store.invalidate(&[(user, Custom), (user + 1, Custom)]).await,
                    1 => store.forget_report(user).await,
                    2 if round == 2 => store.clear().await,
                    _ => store.usage().await.map(|usage| usage.entries),
                }
                .expect("it works");
            });
        }
        all_of(tasks).await;
        assert_eq!(usage(&**store).await, found(&**store).await, "round {round}");
    }
}

/// A value computed from old data is offered while the invalidation is under way: whichever comes first,
/// once both have returned it is not found.
pub(super) async fn a_fill_that_races_its_invalidation_is_not_found_after_it(
    store: &Arc<dyn Store>,
    other_node: &Arc<dyn Store>,
) {
    cleared(&**store).await;
    let key = key(42, 7, "1");
    for round in 0..60 {
        let generation = lookup(&**store, &key, Analytics).await.generation;
        let old = entry(&key, Analytics, generation, b"old");
        let mut tasks = JoinSet::new();
        let (filling, removing) = (Arc::clone(store), Arc::clone(other_node));
        tasks.spawn(async move {
            filling.put(&key, old, LONG).await.expect("a put works");
        });
        tasks.spawn(async move {
            match round % 3 {
                0 => removing.invalidate(&[(7, Analytics)]).await,
                1 => removing.forget_report(42).await,
                _ => removing.clear().await,
            }
            .expect("a removal works");
        });
        all_of(tasks).await;
        assert!(!holds(&**store, &key, Analytics).await, "round {round}");
        assert!(!holds(&**other_node, &key, Analytics).await, "round {round}");
        assert_eq!(usage(&**store).await, Usage::default(), "round {round}");
    }
}
