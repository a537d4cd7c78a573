//! Single flight: many readers, one computation.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http::StatusCode;
use report_cache::{Invalidation, Reason, ReportType};
use tokio::sync::{Notify, Semaphore};
use tokio::task::JoinSet;

use crate::support::gates::{comes, held, numbered};
use crate::support::{Got, Origin, School, all_others_wait, json};

fn readers(school: &School, count: usize) -> JoinSet<Got> {
    let mut readers = JoinSet::new();
    for _ in 0..count {
        let school = school.clone();
        readers.spawn(async move { school.get(42).await });
    }
    readers
}

#[tokio::test]
async fn concurrent_misses_compute_once() {
    let (origin, reached, gate) = held(numbered);
    let school = School::on_memory(origin);
    let readers = readers(&school, 50);
    comes(&reached).await;
    all_others_wait().await;
    gate.add_permits(1);
    let answers = readers.join_all().await;
    assert_eq!(school.origin.calls(), 1);
    assert!(answers.iter().all(|got| got.body == "{\"call\": 1}"));
    let count = |word| answers.iter().filter(|got| got.x_cache() == word).count();
    assert_eq!((count("MISS"), count("HIT")), (1, 49));
    let coalesced = "report-cache; hit; detail=COALESCED";
    assert_eq!(answers.iter().filter(|got| got.header("cache-status") == coalesced).count(), 49);
    let stats = school.cache.stats().await.unwrap();
    assert_eq!((stats.hit, stats.miss, stats.coalesced, stats.stored), (49, 1, 49, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn concurrent_misses_on_many_threads_compute_once() {
    for round in 0..50 {
        let school = School::on_memory(Origin::counting());
        let answers = readers(&school, 20).join_all().await;
        assert_eq!(school.origin.calls(), 1, "round {round}");
        assert!(answers.iter().all(|got| got.body == "{\"call\": 1}"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn readers_that_hang_up_at_random_cost_nobody_a_second_computation() {
    for round in 0..50 {
        let origin = Origin::new(|call, _| async move {
            tokio::task::yield_now().await;
            numbered(call)
        });
        let school = School::on_memory(origin);
        let mut readers = JoinSet::new();
        for reader in 0..20 {
            let school = school.clone();
            readers.spawn(async move {
                // Looked at once, then dropped.
                let patience = Duration::from_secs(if reader % 3 == 0 { 0 } else { 60 });
                tokio::time::timeout(patience, school.get(42)).await.ok()
            });
        }
        let answers: Vec<_> = readers.join_all().await.into_iter().flatten().collect();
        assert!(answers.len() >= 13 && answers.iter().all(|got| got.body == "{\"call\": 1}"));
        assert_eq!(school.origin.calls(), 1, "round {round}");
    }
}

#[tokio::test]
async fn a_leader_whose_client_hangs_up_does_not_lose_the_waiters() {
    let (origin, reached, gate) = held(numbered);
    let school = School::on_memory(origin);
    let leader = {
        let school = school.clone();
        tokio::spawn(async move { school.get(42).await })
    };
    comes(&reached).await;
    let waiters = readers(&school, 5);
    all_others_wait().await;
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    gate.add_permits(1);
    let answers = waiters.join_all().await;
    assert!(answers.iter().all(|got| got.x_cache() == "HIT" && got.body == "{\"call\": 1}"));
    assert_eq!(school.origin.calls(), 1);
    let stats = school.cache.stats().await.unwrap();
    assert_eq!((stats.hit, stats.miss), (5, 1), "the one who hung up is counted as well");
}

#[tokio::test]
async fn a_computation_nobody_waits_for_any_more_is_stored() {
    let (origin, reached, gate) = held(numbered);
    let school = School::on_memory(origin);
    let mut leader = readers(&school, 1);
    comes(&reached).await;
    leader.abort_all();
    while leader.join_next().await.is_some() {}
    gate.add_permits(1);
    all_others_wait().await;
    assert_eq!(school.get(42).await.x_cache(), "HIT");
}

#[tokio::test]
async fn waiters_of_a_failed_leader_compute_for_themselves() {
    let (origin, reached, gate) = held(|call| {
        let mut response = numbered(call);
        if call == 1 {
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        }
        response
    });
    let school = School::on_memory(origin);
    let readers = readers(&school, 4);
    comes(&reached).await;
    all_others_wait().await;
    gate.add_permits(4);
    let answers = readers.join_all().await;
    assert_eq!(answers.iter().filter(|got| got.status == StatusCode::INTERNAL_SERVER_ERROR).count(), 1);
    assert_eq!(answers.iter().filter(|got| got.status == StatusCode::OK).count(), 3);
    assert_eq!(school.origin.calls(), 4);
    assert_eq!(school.cache.stats().await.unwrap().miss, 4);
}

#[tokio::test]
async fn a_panic_is_the_leaders_alone() {
    let (origin, reached, gate) = held(|call| {
        assert!(call != 1, "the first call panics");
        numbered(call)
    });
    let school = School::on_memory(origin);
    let mut readers = readers(&school, 3);
    comes(&reached).await;
    all_others_wait().await;
    gate.add_permits(3);
    let (mut panics, mut answers) = (0, 0);
    while let Some(joined) = readers.join_next().await {
        match joined {
            Ok(got) => answers += usize::from(got.status == StatusCode::OK),
            Err(error) => panics += usize::from(error.is_panic()),
        }
    }
    assert_eq!((panics, answers), (1, 2));
}

#[tokio::test]
async fn a_bypass_joins_no_flight() {
    let (origin, reached, gate) = held(numbered);
    let school = School::on_memory(origin);
    let leader = readers(&school, 1);
    comes(&reached).await;
    let around = {
        let school = school.clone();
        tokio::spawn(async move { school.ask("GET /reports/42", &[("cache-control", "no-cache")]).await })
    };
    comes(&reached).await;
    gate.add_permits(2);
    assert_eq!(around.await.unwrap().x_cache(), "BYPASS");
    assert_eq!(leader.join_all().await[0].x_cache(), "MISS");
}

/// The fill race: a computation that began before a write must neither be stored after it nor shared
/// with those who ask after it.
#[tokio::test]
async fn a_value_computed_before_a_write_serves_nobody_who_asks_after_it() {
    let score = Arc::new(AtomicUsize::new(1));
    let (reached, gate) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let origin = {
        let (score, reached, gate) = (Arc::clone(&score), Arc::clone(&reached), Arc::clone(&gate));
        Origin::new(move |_, _| {
            // Read at once, answered later: the window of the race.
            let (seen, reached, gate) =
                (score.load(Ordering::SeqCst), Arc::clone(&reached), Arc::clone(&gate));
            async move {
                reached.notify_one();
                gate.acquire().await.unwrap().forget();
                json(&format!("{{\"score\": {seen}}}"))
            }
        })
    };
    let school = School::on_memory(origin);
    let before = readers(&school, 1);
    comes(&reached).await;

    score.store(2, Ordering::SeqCst);
    let event = Invalidation { reason: Reason::GradeChanged, scopes: vec![(7, ReportType::Analytics)] };
    school.cache.invalidate(&event).await.unwrap();

    let after = readers(&school, 1);
    comes(&reached).await;
    gate.add_permits(2);
    let before = before.join_all().await.remove(0);
    assert_eq!(before.body, "{\"score\": 1}");
    assert_eq!(before.header("cache-status"), "report-cache; fwd=uri-miss");
    assert_eq!(after.join_all().await[0].body, "{\"score\": 2}");
    let next = school.get(42).await;
    assert_eq!((next.x_cache(), next.body.as_str()), ("HIT", "{\"score\": 2}"));
}
