//! Whole attacks against a server on the loopback interface.

mod abort;
mod by_clock;
mod undecided;

use super::{AttackError, Cast, Conducted, Stop, Target, conduct};
use crate::evidence::Evidence;
use crate::expose::Live;
use crate::plan::{Changes, Plan, resolve};
use crate::scenario::{Scenario, Source};
use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Mutex;

/// What ends the scheduler's work ends all of it in this process: one attack at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A server of pages: `/fast`, `/slow` (a tenth of a second) and `/broken` (500).
struct Site {
    base: String,
    served: Arc<AtomicU64>,
}

impl Site {
    async fn open() -> Self {
        let served = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&served);
        let page = move || {
            count.fetch_add(1, Ordering::Relaxed);
            async { ([("x-cache", "HIT")], "a page") }
        };
        let slow = async || {
            tokio::time::sleep(Duration::from_millis(100)).await;
            "a page"
        };
        let router = Router::new()
            .route("/fast", get(page.clone()))
            .route("/slow", get(slow))
            .route("/broken", get(async || StatusCode::INTERNAL_SERVER_ERROR));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { base, served }
    }

    /// Visitors who do this action in these phases.
    fn plan(&self, path: &str, phases: Value, abort_on: &[&str]) -> Arc<Plan> {
        let scenario = json!({
            "scenario": "by-the-clock",
            "seed": 3,
            "target": {"url": self.base},
            "values": {"n": {"random": [1, 1_000_000]}},
            "actions": {
                "page": {"path": path, "filters": [{}, {"half": "1"}, {"half": "2"}]},
                "other": {"path": path, "query": {"n": "{n}"}},
            },
            "roles": {
                "reader": {"users": 6, "session": {"pages": 5, "gap": "100ms", "returns": 0.5},
                    "think": {"mean": "60ms"}, "actions": {"page": 3, "other": 1}},
                "editor": {"users": 2, "session": {"pages": 5, "gap": "100ms", "returns": 0.5},
                    "think": {"mean": "60ms"}, "actions": {"page": 1}},
            },
            "phases": phases,
            "abort_on": abort_on,
        });
        let scenario: Scenario = serde_json::from_value(scenario).unwrap_or_else(|error| panic!("{error}"));
        let plan = resolve(scenario, &Source::new("by-the-clock.yaml", ""), &Changes::default());
        Arc::new(plan.unwrap_or_else(|error| panic!("{error}")))
    }
}

/// Carries a plan out.
async fn run(plan: &Arc<Plan>, stop: &Stop, trace: Option<&Path>) -> Result<Conducted, AttackError> {
    let _alone = ONE_AT_A_TIME.lock().await;
    let target = Target::open(plan, Path::new("/dev/null")).await?;
    let cast = Cast::assemble(plan, &target).await?;
    conduct(plan, target, cast, Live::new(plan), stop, trace).await
}

/// The evidence of a run that must succeed.
fn evidence(conducted: Conducted) -> Evidence {
    assert!(conducted.failed.is_none(), "{:?}", conducted.failed);
    let mut evidence = conducted.gatherer.finish(conducted.phases);
    evidence.arrivals = conducted.arrivals;
    evidence.breakpoints = conducted.breakpoints;
    evidence.sequential = conducted.sequential;
    evidence
}
