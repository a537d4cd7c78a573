//! A service on the loopback interface and people at it, for tests of what is done to one.

use super::cast::Cast;
use super::clock::Clock;
use super::login::Identity;
use super::mail::Mail;
use super::recorder::Sink;
use super::stage::{Counts, Scene, Stage};
use super::stop::Stop;
use super::target::Target;
use crate::plan::Plan;
use crate::workload::testing::plan;
use crate::workload::{Item, Person, Population};
use axum::Router;
use reqwest::Url;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;

/// Lets it listen on a free port.
pub(super) async fn serve(router: Router) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}/").parse().unwrap()
}

/// The plan of a scenario against a service, which may be written to.
pub(super) async fn open(mut scenario: Value, url: &Url) -> (Arc<Plan>, Target) {
    let given = scenario["target"].as_object().cloned().unwrap_or_default();
    scenario["target"] = json!({"url": url.as_str(), "writes": true});
    for (key, value) in given.into_iter().filter(|(key, _)| key != "embedded") {
        scenario["target"][key] = value;
    }
    let plan = plan(&scenario);
    let target = Target::open(&plan, Path::new("no.log")).await.unwrap();
    (plan, target)
}

/// Somebody of the first role by name, who owns nothing else.
pub(super) fn named(plan: &Plan, name: &str) -> Person {
    let mut stocks = vec![Vec::new(); plan.people.stocks.len()];
    stocks[0] = vec![Item::plain(name)];
    Person { index: 0, role: 0, stocks }
}

/// These people, logged in.
pub(super) async fn cast(plan: &Plan, target: &Target, people: Vec<Person>) -> Cast {
    let mut identities = Vec::new();
    for person in &people {
        identities.push(target.log_in(plan, person).await.unwrap());
    }
    Cast { population: Population::new(people, plan), identities, staff: Identity::default() }
}

/// Everything that people at work share, and the way to begin another phase.
pub(super) fn stage(plan: &Arc<Plan>, target: Target, cast: &Cast) -> (Stage, watch::Sender<Scene>) {
    let (curtain, scene) = watch::channel(Scene { phase: 0, began: Instant::now() });
    let stage = Stage {
        plan: Arc::clone(plan),
        population: Arc::new(cast.population.clone()),
        target: Arc::new(target),
        clock: Clock::start(),
        sink: Sink::nowhere(),
        stop: Stop::default(),
        scene,
        belongings: Stage::belongings(cast),
        mail: Arc::new(Mail::new(plan)),
        trace: None,
        counts: Arc::new(Counts::default()),
    };
    (stage, curtain)
}
