//! The store is away: readers of one key share computations, and see no less than was acknowledged before
//! they came.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use report_cache::{CacheConfig, Invalidation, Reason, ReportCache, ReportType};
use tokio::sync::{Notify, Semaphore};
use tokio::task::{JoinHandle, JoinSet};

use crate::support::gates::{comes, held, numbered};
use crate::support::stores::Fickle;
use crate::support::{Got, Origin, School, all_others_wait, json};

/// A school whose store fails whatever it is asked.
fn without_store(origin: Origin) -> School {
    let store = Arc::new(Fickle::new());
    store.fails.store(true, Ordering::SeqCst);
    School::new(ReportCache::new(store, CacheConfig::default()), origin)
}

fn reader(school: &School, line: &'static str, headers: &'static [(&str, &str)]) -> JoinHandle<Got> {
    let school = school.clone();
    tokio::spawn(async move { school.ask(line, headers).await })
}

fn readers(school: &School, count: usize) -> JoinSet<Got> {
    let mut readers = JoinSet::new();
    for _ in 0..count {
        let school = school.clone();
        readers.spawn(async move { school.get(42).await });
    }
    readers
}

/// One computation runs, `count` readers wait for the next.
async fn one_runs_and_others_wait(
    answer: impl Fn(usize) -> Response<Full<Bytes>> + Clone + Send + Sync + 'static,
    count: usize,
) -> (School, JoinHandle<Got>, JoinSet<Got>, (Arc<Notify>, Arc<Semaphore>)) {
    let (origin, reached, gate) = held(answer);
    let school = without_store(origin);
    let first = reader(&school, "GET /reports/42", &[]);
    comes(&reached).await;
    let waiting = readers(&school, count);
    all_others_wait().await;
    (school, first, waiting, (reached, gate))
}

fn failed(call: usize) -> Response<Full<Bytes>> {
    let mut response = numbered(call);
    *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    response
}

#[tokio::test(start_paused = true)]
async fn fifty_readers_of_one_key_cost_two_computations() {
    let (school, first, waiting, (_, gate)) = one_runs_and_others_wait(numbered, 49).await;
    assert_eq!(school.origin.calls(), 1, "the second is queued");
    gate.add_permits(50);
    assert_eq!(first.await.unwrap().body, "{\"call\": 1}");
    let answers = waiting.join_all().await;
    assert_eq!(school.origin.calls(), 2);
    assert!(answers.iter().all(|got| got.body == "{\"call\": 2}" && got.x_cache() == "BYPASS"));
    let collapsed = "report-cache; fwd=bypass; collapsed; detail=STORE_DOWN";
    assert_eq!(answers.iter().filter(|got| got.header("cache-status") == collapsed).count(), 48);
    let rate = school.cache.hit_rate();
    assert_eq!((rate.hits, rate.misses), (0, 0), "all are bypasses");
    let registry = prometheus::Registry::new();
    school.cache.register(&registry).unwrap();
    let bypasses = "report_cache_requests_total{outcome=\"bypass\",role=\"teacher\"} 50";
    assert!(crate::stats::text(&registry).contains(bypasses));
    // The line is empty again: who comes now computes at once.
    assert_eq!(school.get(42).await.body, "{\"call\": 3}");
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_comes_after_an_acknowledged_write_never_sees_the_old_report() {
    let score = Arc::new(AtomicU64::new(1));
    let (origin, reached, gate) = {
        let score = Arc::clone(&score);
        held(move |_| json(&score.load(Ordering::SeqCst).to_string()))
    };
    let school = without_store(origin);
    let write = async || {
        score.fetch_add(1, Ordering::SeqCst);
        let event = Invalidation { reason: Reason::GradeChanged, scopes: vec![(7, ReportType::Analytics)] };
        assert!(school.cache.invalidate(&event).await.is_err(), "the store did not confirm it");
    };
    let first = reader(&school, "GET /reports/42", &[]);
    comes(&reached).await;
    let before = readers(&school, 3);
    all_others_wait().await;
    write().await;
    let after = readers(&school, 3);
    all_others_wait().await;
    gate.add_permits(1);
    assert_eq!(first.await.unwrap().body, "1", "it asked before the write");
    comes(&reached).await;
    // The second computation runs and has read; another write; who comes now waits for the third.
    write().await;
    let last = readers(&school, 3);
    all_others_wait().await;
    gate.add_permits(1);
    for got in before.join_all().await.into_iter().chain(after.join_all().await) {
        assert_eq!(got.body, "2");
    }
    gate.add_permits(1);
    assert!(last.join_all().await.iter().all(|got| got.body == "3"));
    assert_eq!(school.origin.calls(), 3);
}

/// Readers and a writer at random: whatever the interleaving, no read shows less than what was
/// acknowledged before it began.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whatever_the_interleaving_no_read_shows_less_than_was_acknowledged_before_it() {
    let (score, calls) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
    let origin = {
        let score = Arc::clone(&score);
        Origin::new(move |_, _| {
            let seen = score.load(Ordering::SeqCst);
            async move {
                for _ in 0..3 {
                    tokio::task::yield_now().await;
                }
                json(&seen.to_string())
            }
        })
    };
    let school = without_store(origin);
    let mut readers = JoinSet::new();
    for _ in 0..8 {
        let (school, score, calls) = (school.clone(), Arc::clone(&score), Arc::clone(&calls));
        readers.spawn(async move {
            for _ in 0..200 {
                let floor = score.load(Ordering::SeqCst);
                let got = school.get(42).await;
                let seen: u64 = got.body.parse().unwrap();
                assert!(seen >= floor, "{} shows {seen} after {floor}", got.header("cache-status"));
                calls.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    while calls.load(Ordering::SeqCst) < 8 * 200 && !readers.is_empty() {
        score.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        while let Some(end) = readers.try_join_next() {
            end.unwrap();
        }
    }
    readers.join_all().await;
    assert!(school.origin.calls() < 8 * 200, "some were shared");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_hangs_up_does_not_lose_those_who_wait_for_its_computation() {
    let (school, first, waiting, (_, gate)) = one_runs_and_others_wait(numbered, 0).await;
    // The queued one's leader, and then those who join it.
    let leader = reader(&school, "GET /reports/42", &[]);
    all_others_wait().await;
    drop(waiting);
    let waiting = readers(&school, 4);
    all_others_wait().await;
    first.abort();
    leader.abort();
    assert!(first.await.unwrap_err().is_cancelled() && leader.await.unwrap_err().is_cancelled());
    gate.add_permits(9);
    assert!(waiting.join_all().await.iter().all(|got| got.body == "{\"call\": 2}"));
    assert_eq!(school.origin.calls(), 2);
    let registry = prometheus::Registry::new();
    school.cache.register(&registry).unwrap();
    let bypasses = "report_cache_requests_total{outcome=\"bypass\",role=\"teacher\"} 6";
    assert!(crate::stats::text(&registry).contains(bypasses), "who hung up is counted as well");
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_for_a_computation_that_fails_try_again_once_together() {
    let answer = |call| if call == 2 { failed(call) } else { numbered(call) };
    let (school, first, waiting, (_, gate)) = one_runs_and_others_wait(answer, 49).await;
    gate.add_permits(50);
    assert_eq!(first.await.unwrap().status, StatusCode::OK);
    let answers = waiting.join_all().await;
    let errors = answers.iter().filter(|got| got.status == StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(errors.count(), 1, "an error is its own reader's");
    assert_eq!(answers.iter().filter(|got| got.status == StatusCode::OK).count(), 48);
    assert_eq!(school.origin.calls(), 4, "one ran, one failed, and again one and one");
}

#[tokio::test(start_paused = true)]
async fn what_fails_for_all_costs_each_one_computation_and_nobody_waits_for_ever() {
    let (school, first, waiting, (_, gate)) = one_runs_and_others_wait(failed, 19).await;
    gate.add_permits(100);
    assert_eq!(first.await.unwrap().status, StatusCode::INTERNAL_SERVER_ERROR);
    let answers = waiting.join_all().await;
    assert!(answers.iter().all(|got| got.status == StatusCode::INTERNAL_SERVER_ERROR));
    assert_eq!(school.origin.calls(), 20);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_its_own_readers_alone() {
    let answer = |call| if call == 2 { panic!("of the second") } else { numbered(call) };
    let (origin, reached, gate) = held(answer);
    let school = without_store(origin);
    let first = reader(&school, "GET /reports/42", &[]);
    comes(&reached).await;
    let second = reader(&school, "GET /reports/42", &[]);
    all_others_wait().await;
    let third = reader(&school, "GET /reports/42", &[]);
    all_others_wait().await;
    gate.add_permits(9);
    assert_eq!(first.await.unwrap().body, "{\"call\": 1}");
    assert!(second.await.unwrap_err().is_panic());
    assert_eq!(third.await.unwrap().body, "{\"call\": 3}");
}

#[tokio::test(start_paused = true)]
async fn a_computation_that_hangs_does_not_hang_its_key() {
    let (school, first, mut waiting, (reached, gate)) = one_runs_and_others_wait(numbered, 5).await;
    tokio::time::advance(Duration::from_millis(1_900)).await;
    all_others_wait().await;
    assert_eq!(school.origin.calls(), 1, "not overdue yet");
    tokio::time::advance(Duration::from_millis(200)).await;
    comes(&reached).await;
    assert_eq!(school.origin.calls(), 2);
    // Who comes now queues behind the second. The first ends beside it, and nobody minds.
    waiting.spawn({
        let school = school.clone();
        async move { school.get(42).await }
    });
    all_others_wait().await;
    gate.add_permits(1);
    assert_eq!(first.await.unwrap().body, "{\"call\": 1}");
    all_others_wait().await;
    assert_eq!(school.origin.calls(), 2, "the second still runs");
    gate.add_permits(2);
    let answers = waiting.join_all().await;
    assert_eq!(answers.iter().filter(|got| got.body == "{\"call\": 2}").count(), 5);
    assert_eq!(answers.iter().filter(|got| got.body == "{\"call\": 3}").count(), 1);
}

#[tokio::test(start_paused = true)]
async fn each_reader_gets_the_form_that_suits_it() {
    let answer = |call: usize| {
        let mut response = json("{\"score\": 1}");
        response.headers_mut().insert("content-disposition", "attachment".parse().unwrap());
        response.headers_mut().insert("x-request-id", call.into());
        response
    };
    let (school, first, _, (_, gate)) = one_runs_and_others_wait(answer, 1).await;
    let whole = reader(&school, "GET /reports/42", &[("accept-encoding", "gzip")]);
    let head = reader(&school, "HEAD /reports/42", &[]);
    let validated = reader(&school, "GET /reports/42", &[("if-none-match", "*")]);
    all_others_wait().await;
    gate.add_permits(2);
    let first = first.await.unwrap();
    assert_eq!(first.header("x-request-id"), "1");
    let whole = whole.await.unwrap();
    assert_eq!((whole.body.as_str(), whole.header("content-length")), ("{\"score\": 1}", "12"));
    assert_eq!(whole.header("content-disposition"), "attachment");
    assert!(!whole.headers.contains_key("x-request-id"), "that is of another request");
    let head = head.await.unwrap();
    assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
    assert_eq!(head.header("content-length"), "12");
    let validated = validated.await.unwrap();
    assert_eq!((validated.status, validated.body.as_str()), (StatusCode::NOT_MODIFIED, ""));
    for got in [&whole, &head, &validated] {
        assert_eq!(got.header("etag"), first.header("etag"));
        assert_eq!((got.x_cache(), got.header("vary")), ("BYPASS", "Authorization, Accept-Encoding"));
    }
    assert_eq!(school.origin.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_cache_and_no_store_share_with_nobody() {
    let (school, first, waiting, (reached, gate)) = one_runs_and_others_wait(numbered, 1).await;
    for directive in ["no-cache", "no-store"] {
        let school = school.clone();
        tokio::spawn(async move { school.ask("GET /reports/42", &[("cache-control", directive)]).await });
        comes(&reached).await;
    }
    assert_eq!(school.origin.calls(), 3, "they wait for nobody");
    gate.add_permits(4);
    assert_eq!(first.await.unwrap().body, "{\"call\": 1}");
    assert_eq!(waiting.join_all().await[0].body, "{\"call\": 4}");
}

#[tokio::test(start_paused = true)]
async fn people_and_reports_share_nothing() {
    let (school, first, _, (reached, gate)) = one_runs_and_others_wait(numbered, 0).await;
    let foreign = {
        let school = school.clone();
        tokio::spawn(async move { school.ask_as(8, "GET /reports/42", &[]).await })
    };
    comes(&reached).await;
    let other = reader(&school, "GET /reports/43", &[]);
    comes(&reached).await;
    gate.add_permits(3);
    for (reader, call) in [(first, 1), (foreign, 2), (other, 3)] {
        assert_eq!(reader.await.unwrap().body, format!("{{\"call\": {call}}}"));
    }
}
