//! The only file that names Goose. It schedules people; it does not measure: its own
//! timing ends at the headers, counts a 304 as a failure and never reads a body.

use goose::config::GooseConfiguration;
use goose::goose::{Scenario, Transaction, TransactionFunction};
use goose::{GooseAttack, GooseError};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// After the end a place has nothing to do until the scheduler notices.
const IDLE: Duration = Duration::from_millis(20);

/// What a place does, over and over.
#[async_trait::async_trait]
pub(super) trait Work: Send {
    /// A little of it: returns soon after the work is over.
    async fn step(&mut self);
}

/// The places of one kind.
pub(super) struct Post {
    /// Name of the kind: a role, or a pool.
    pub(super) name: String,
    /// One worker a place.
    pub(super) workers: Vec<Box<dyn Work>>,
}

/// The scheduler failed.
#[derive(Debug, thiserror::Error)]
#[error("the scheduler failed: {0}")]
pub struct SchedulerError(String);

impl From<GooseError> for SchedulerError {
    fn from(error: GooseError) -> Self {
        Self(error.to_string())
    }
}

/// Ends the attack that is running.
pub(super) fn end() {
    goose::trigger_killswitch("the last phase is over");
}

/// Lets everybody work until [`end`]. `over` tells a place that its work is done.
pub(super) async fn work(
    posts: Vec<Post>,
    host: &str,
    over: impl Fn() -> bool + Clone + Send + Sync + 'static,
) -> Result<(), SchedulerError> {
    let users: usize = posts.iter().map(|post| post.workers.len()).sum();
    let divisor = posts.iter().map(|post| post.workers.len()).reduce(common_divisor).unwrap_or(1).max(1);
    let mut configuration = GooseConfiguration::default();
    configuration.host = Some(host.to_owned());
    configuration.users = Some(users);
    // Everybody is there at once; each journey begins in the middle of a pause.
    configuration.increase_time = None;
    configuration.increase_rate = Some("1000".into());
    configuration.no_metrics = true;
    configuration.no_print_metrics = true;
    configuration.no_telnet = true;
    configuration.quiet = 2;
    let mut attack = GooseAttack::initialize_with_config(configuration)?
        .set_client_builder_without_cookies(goose::client::GooseClientBuilder::new().without_cookies())?;
    for post in posts {
        // With weights in the proportion of the places, Goose gives each scenario as many
        // users as there are places.
        let weight = post.workers.len() / divisor;
        let scenario = Scenario::new(&post.name)
            .set_weight(weight)?
            .register_transaction(Transaction::new(take_place(post.workers)).set_on_start())
            .register_transaction(Transaction::new(step(over.clone())));
        attack = attack.register_scenario(scenario);
    }
    attack.execute().await?;
    Ok(())
}

/// A place, as Goose keeps it for its user: it wants to be able to clone it.
#[derive(Clone)]
struct Taken(Arc<tokio::sync::Mutex<Box<dyn Work>>>);

/// A place until somebody takes it.
type Free = Mutex<Option<Box<dyn Work>>>;

/// A new user takes the next free place.
fn take_place(workers: Vec<Box<dyn Work>>) -> TransactionFunction {
    let places: Arc<Vec<Free>> = Arc::new(workers.into_iter().map(Some).map(Mutex::new).collect());
    let next = Arc::new(AtomicUsize::new(0));
    Arc::new(move |user| {
        let place = next.fetch_add(1, Ordering::Relaxed);
        let worker = places.get(place).and_then(|slot| slot.lock().ok()?.take());
        Box::pin(async move {
            if let Some(worker) = worker {
                user.set_session_data(Taken(Arc::new(tokio::sync::Mutex::new(worker))));
            }
            Ok(())
        })
    })
}

fn step(over: impl Fn() -> bool + Send + Sync + 'static) -> TransactionFunction {
    let over = Arc::new(over);
    Arc::new(move |user| {
        let over = Arc::clone(&over);
        Box::pin(async move {
            match user.get_session_data::<Taken>() {
                Some(Taken(worker)) if !over() => {
                    // Nobody else asks for this lock: one user, one place.
                    let mut worker = worker.lock().await;
                    // All of it is one transaction: what Goose does between two is not paid
                    // for with each request.
                    while !over() {
                        worker.step().await;
                    }
                }
                Some(_) | None => tokio::time::sleep(IDLE).await,
            }
            Ok(())
        })
    })
}

fn common_divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { common_divisor(b, a % b) }
}
