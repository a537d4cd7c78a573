//! One place at a service on the loopback interface: when it asks, and when it does not.

use super::super::testing::{cast, named, open, serve, stage};
use super::*;
use crate::workload::Reaction;
use crate::workload::testing::scenario;
use axum::Router;
use axum::extract::{Request as Incoming, State};
use axum::routing::any;
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};

type Log = Arc<Mutex<Vec<(Instant, String)>>>;

struct Shop {
    worker: Worker,
    stage: Stage,
    scene: watch::Sender<Scene>,
    curtain: Stop,
    log: Log,
}

impl Shop {
    /// One place whose person thinks for an hour, at a service that remembers who came.
    async fn new(phases: Json, change: impl FnOnce(&mut Json)) -> Self {
        let log = Log::default();
        let note = |State(log): State<Log>, request: Incoming| async move {
            log.lock().unwrap().push((Instant::now(), request.uri().path().to_owned()));
        };
        let url = serve(Router::new().fallback(any(note)).with_state(Arc::clone(&log))).await;
        let mut scenario = scenario(
            json!({
                "list": {"path": "/list"}, "look": {"path": "/look"},
                "tell": {"path": "/tell", "capture": {"id": {"header": "X-Id"}}}, "find": {"path": "/find/{id}"},
                "write": {"method": "POST", "path": "/write", "text": "{mark}"},
            }),
            json!({"visitor": {"users": 1, "people": 1, "think": {"mean": "1h", "distribution": "constant"},
                               "session": {"pages": 10_000}, "actions": {"list": 1}}}),
        );
        scenario["phases"] = phases;
        change(&mut scenario);
        let (plan, target) = open(scenario, &url).await;
        let cast = cast(&plan, &target, vec![named(&plan, "ada")]).await;
        let (stage, scene) = stage(&plan, target, &cast);
        let curtain = Stop::default();
        let worker = Worker::new(stage.clone(), curtain.clone(), 0, 0);
        Self { worker, stage, scene, curtain, log }
    }

    /// Works for a while; returns how many steps that took.
    async fn work(&mut self, millis: u64) -> u32 {
        let end = Instant::now() + Duration::from_millis(millis);
        let mut steps = 0;
        while tokio::time::timeout_at(end.into(), self.worker.step()).await.is_ok() && Instant::now() < end {
            steps += 1;
        }
        steps
    }

    fn react(&self, millis: u64, action: &str) {
        let action = crate::workload::testing::action(&self.stage.plan, action);
        let after = Duration::from_millis(millis);
        let reaction = Reaction { person: 0, after, action, draw: Draw::default() };
        self.stage.mail.send(&self.stage.plan, &self.stage.population, Instant::now(), vec![reaction]);
    }

    fn begin(&self, phase: u16) {
        self.scene.send_replace(Scene { phase, began: Instant::now() });
    }

    fn asked(&self) -> Vec<String> {
        self.log.lock().unwrap().iter().map(|(_, path)| path.clone()).collect()
    }
}

fn steady() -> Json {
    json!([{"kind": "steady", "duration": "60s"}])
}

#[tokio::test]
async fn who_thinks_asks_nothing_and_does_not_spin() {
    let mut shop = Shop::new(steady(), |_| {}).await;
    assert_eq!(shop.work(300).await, 0, "one step is one wait");
    assert_eq!(shop.asked(), [""; 0]);
}

#[tokio::test]
async fn people_ask_as_their_journey_says() {
    let mut shop = Shop::new(steady(), |scenario| {
        scenario["roles"]["visitor"]["think"]["mean"] = json!("50ms");
    })
    .await;
    shop.work(1_000).await;
    let asked = shop.asked().len();
    assert!((8..=20).contains(&asked), "{asked} requests in a second, one in 50 ms at most");
}

#[tokio::test]
async fn a_letter_is_answered_when_it_is_due_while_its_reader_thinks() {
    let mut shop = Shop::new(steady(), |_| {}).await;
    shop.react(150, "look");
    let began = Instant::now();
    let steps = shop.work(400).await;
    assert_eq!(shop.asked(), ["/look"]);
    let came = shop.log.lock().unwrap()[0].0 - began;
    assert!(came >= Duration::from_millis(140) && came < Duration::from_millis(300), "{came:?}");
    assert!(steps < 5, "{steps} steps");
    // One that comes while somebody waits wakes them: it is due before the next page.
    let (mail, plan, population) =
        (Arc::clone(&shop.stage.mail), Arc::clone(&shop.stage.plan), Arc::clone(&shop.stage.population));
    let send = async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let reaction =
            Reaction { person: 0, after: Duration::from_millis(50), action: 0, draw: Draw::default() };
        mail.send(&plan, &population, Instant::now(), vec![reaction]);
    };
    let (steps, ()) = tokio::join!(shop.work(300), send);
    assert_eq!(shop.asked(), ["/look", "/list"]);
    assert!(steps < 5, "{steps} steps");
}

#[tokio::test]
async fn a_reaction_that_needs_a_capture_is_left_out_until_it_is_known() {
    let mut shop = Shop::new(steady(), |_| {}).await;
    shop.react(1, "find");
    shop.work(100).await;
    assert_eq!(shop.asked(), [""; 0], "no request with a hole in it");
    shop.stage.of(0).notes.set(0, "7".into());
    shop.react(1, "find");
    shop.work(100).await;
    assert_eq!(shop.asked(), ["/find/7"]);
}

#[tokio::test]
async fn at_the_bell_everybody_comes_soon() {
    let phases = json!([{"kind": "steady", "duration": "60s"}, {"kind": "bell", "duration": "60s", "together": "300ms"}]);
    let mut shop = Shop::new(phases, |_| {}).await;
    assert_eq!(shop.work(100).await, 0);
    shop.begin(1);
    let began = Instant::now();
    let steps = shop.work(500).await;
    assert_eq!(shop.asked(), ["/list"]);
    assert!(shop.log.lock().unwrap()[0].0 - began <= Duration::from_millis(350));
    assert!(steps < 6, "{steps} steps");
}

#[tokio::test]
async fn a_phase_that_begins_while_somebody_waits_is_noticed_at_once() {
    let phases = json!([{"kind": "steady", "duration": "60s"}, {"kind": "bell", "duration": "60s", "together": "1ms"}]);
    let mut shop = Shop::new(phases, |_| {}).await;
    let scene = shop.scene.clone();
    let turn = async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        scene.send_replace(Scene { phase: 1, began: Instant::now() });
    };
    tokio::join!(shop.work(250), turn);
    assert_eq!(shop.asked(), ["/list"]);
}

/// Nobody at work, then everybody within 50 ms.
fn quiet_then_bell() -> Json {
    json!([
        {"kind": "quiet", "duration": "60s", "users": {"visitor": 0.0}},
        {"kind": "bell", "duration": "60s", "together": "50ms"},
    ])
}

#[tokio::test]
async fn a_place_that_is_not_needed_rests_and_comes_back_for_the_bell() {
    let mut shop = Shop::new(quiet_then_bell(), |_| {}).await;
    shop.react(1, "look");
    let steps = shop.work(600).await;
    assert!(steps <= 3, "{steps} looks whether it is needed");
    assert_eq!(shop.asked(), [""; 0], "nobody is there to look");
    let scene = shop.scene.clone();
    let turn = async move {
        tokio::time::sleep(Duration::from_millis(10)).await;
        scene.send_replace(Scene { phase: 1, began: Instant::now() });
    };
    tokio::join!(shop.work(200), turn);
    let mut asked = shop.asked();
    asked.sort_unstable();
    assert_eq!(asked, ["/list", "/look"], "without waiting for its next look, and in time for the bell");
}

#[tokio::test]
async fn the_end_is_noticed_at_once() {
    for phases in [steady(), quiet_then_bell()] {
        let mut shop = Shop::new(phases, |_| {}).await;
        let curtain = shop.curtain.clone();
        let began = Instant::now();
        let end = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            curtain.trigger(super::super::stop::Cause::Interrupted);
        };
        tokio::join!(shop.worker.step(), end);
        assert!(began.elapsed() < Duration::from_millis(200));
    }
}

#[tokio::test]
async fn after_a_break_people_do_not_write_the_same_once_more() {
    let phases = json!([
        {"kind": "warm-up", "duration": "60s"},
        {"kind": "open", "duration": "60s", "arrivals": {"rate": 1, "pool": 1}},
        {"kind": "steady", "duration": "60s"},
    ]);
    let mut shop = Shop::new(phases, |scenario| {
        scenario["roles"]["visitor"]["actions"] = json!({"write": 1});
    })
    .await;
    let mark = |worker: &mut Worker| {
        let scene = *worker.scene.borrow();
        worker.decide(scene).0.draw.mark.unwrap()
    };
    let before = mark(&mut shop.worker);
    let same = mark(&mut Worker::new(shop.stage.clone(), shop.curtain.clone(), 0, 0));
    assert_eq!(before, same, "the seed decides");
    shop.begin(2);
    let after = mark(&mut Worker::new(shop.stage.clone(), shop.curtain.clone(), 0, 0));
    assert_ne!(before, after);
}
