//! The connection to the server: opened when it is needed, opened again when it is lost.
//!
//! What is told over a connection is told together with the identity of the process at its other end,
//! so no answer of one server process can be taken for another's. A connection is one process's: it ends
//! with it. At most one attempt to connect runs at a time, whoever waits for it; after one that failed,
//! calls fail at once for a moment. There are no retries: who calls has an origin to go to.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{
    AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, InfoDict, Pipeline, RedisError, ServerErrorKind,
};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::mend::mending;
use super::scripts::Scripts;
use crate::error::{Cause, StoreError};

/// Major version of the oldest server whose scripts can be held to their flags.
const OLDEST: u32 = 7;
/// One attempt to reach the server, to learn who it is and to load the scripts.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(2);
/// Between a failed attempt and the next one.
const PAUSE: Duration = Duration::from_millis(100);
/// The last resort against a server that accepts and never answers; callers wait less.
const ANSWER_LIMIT: Duration = Duration::from_secs(5);
/// How often a server that is in use is asked whether it still is who it was.
const ASKED_AGAIN: Duration = Duration::from_secs(10);
/// A connection whose answer nobody waited for must answer within this, or it is given up.
const PROBE_LIMIT: Duration = Duration::from_secs(1);

/// A connection, and who is at its other end.
pub(super) struct Session {
    connection: MultiplexedConnection,
    /// As [`who_answers`] says.
    run: String,
    /// When it was last asked.
    asked: Mutex<Instant>,
    lost: AtomicBool,
    probed: AtomicBool,
}

/// The way to the server.
#[derive(Clone)]
pub(super) struct Link {
    wire: Arc<Wire>,
}

struct Wire {
    client: Client,
    /// Host and port: the URL may hold a password, and is never told.
    address: String,
    scripts: Arc<Scripts>,
    state: Mutex<State>,
}

type Outcome = Result<Arc<Session>, String>;

enum State {
    Down { until: Option<Instant>, cause: String },
    Connecting(watch::Receiver<Option<Outcome>>),
    Up(Arc<Session>),
}

impl Link {
    /// A way to the server at `url`, not yet taken.
    pub(super) fn new(url: &str, scripts: Arc<Scripts>) -> Result<Self, StoreError> {
        let client = Client::open(url).map_err(|error| StoreError::Connect {
            address: "the configured URL".to_owned(),
            cause: error.into(),
        })?;
        let address = client.get_connection_info().addr().to_string();
        let state = Mutex::new(State::Down { until: None, cause: String::new() });
        Ok(Self { wire: Arc::new(Wire { client, address, scripts, state }) })
    }

    /// A connection that was not seen to fail.
    pub(super) async fn session(&self) -> Result<Arc<Session>, StoreError> {
        let mut arriving = {
            let mut state = self.wire.state();
            let arriving = match &*state {
                State::Up(session) if session.is_lost() => None,
                State::Up(session) => {
                    session.ask_who_it_is();
                    return Ok(Arc::clone(session));
                }
                State::Connecting(arriving) => Some(arriving.clone()),
                State::Down { until: Some(until), cause } if Instant::now() < *until => {
                    return Err(self.wire.away(cause.clone().into()));
                }
                State::Down { .. } => None,
            };
            arriving.unwrap_or_else(|| {
                let arriving = connect(&self.wire);
                *state = State::Connecting(arriving.clone());
                arriving
            })
        };
        let outcome = arriving.wait_for(Option::is_some).await.map(|outcome| outcome.clone());
        match outcome {
            Ok(Some(outcome)) => outcome.map_err(|cause| self.wire.away(cause.into())),
            Ok(None) | Err(_) => {
                // The attempt went with the runtime it ran on.
                let cause = "the attempt to connect was dropped".to_owned();
                *self.wire.state() = State::Down { until: None, cause: cause.clone() };
                Err(self.wire.away(cause.into()))
            }
        }
    }

    /// Sends all commands at once and reads all answers: one round trip.
    pub(super) async fn query<T: FromRedisValue>(
        &self,
        session: &Arc<Session>,
        op: &'static str,
        commands: &Pipeline,
    ) -> Result<T, StoreError> {
        let mut waiting = Waiting { session, answered: false };
        let mut answer = session.ask(commands).await;
        if answer.as_ref().is_err_and(lacks_a_script) {
            // Somebody flushed them. Those calls did nothing, and the others can be made twice.
            answer = match session.load(&self.wire.scripts).await {
                Ok(()) => session.ask(commands).await,
                Err(error) => Err(error),
            };
        }
        if let Some(mending) = answer.as_ref().err().and_then(|error| mending(commands, error)) {
            tracing::warn!(op, "a value of another type lay below the prefix of the cache; it is removed");
            answer = match session.ask::<()>(&mending).await {
                // The other calls are made twice: what they removed the first time is not counted.
                Ok(()) => session.ask(commands).await,
                Err(error) => Err(error),
            };
        }
        waiting.answered = true;
        answer.map_err(|error| {
            if ends_the_connection(&error) {
                session.lost.store(true, Ordering::SeqCst);
            } else if is_refusal(&error) {
                return StoreError::Refused { op, cause: error.into() };
            }
            StoreError::Operation { op, cause: error.into() }
        })
    }
}

fn connect(wire: &Arc<Wire>) -> watch::Receiver<Option<Outcome>> {
    let (tell, arriving) = watch::channel(None);
    let wire = Arc::clone(wire);
    // A task of its own: callers give up sooner than a slow server answers, and the next would begin anew.
    tokio::spawn(async move {
        let outcome = match timeout(ATTEMPT_LIMIT, Session::open(&wire)).await {
            Ok(Ok(session)) => Ok(Arc::new(session)),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", ATTEMPT_LIMIT.as_secs())),
        };
        *wire.state() = match &outcome {
            Ok(session) => State::Up(Arc::clone(session)),
            Err(cause) => State::Down { until: Some(Instant::now() + PAUSE), cause: cause.clone() },
        };
        // Nobody may be waiting any more.
        tell.send_replace(Some(outcome));
    });
    arriving
}

impl Wire {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn away(&self, cause: Cause) -> StoreError {
        StoreError::Connect { address: self.address.clone(), cause }
    }
}

impl Session {
    async fn open(wire: &Wire) -> Result<Self, RedisError> {
        let config = AsyncConnectionConfig::new()
            // The attempt is bounded as a whole.
            .set_connection_timeout(None)
            .set_response_timeout(Some(ANSWER_LIMIT))
            .set_pipeline_buffer_size(1_024);
        let mut connection = wire.client.get_multiplexed_async_connection_with_config(&config).await?;
        let run = who_answers(&mut connection).await?;
        let (lost, probed) = (AtomicBool::new(false), AtomicBool::new(false));
        let session = Self { connection, run, asked: Mutex::new(Instant::now()), lost, probed };
        session.load(&wire.scripts).await?;
        Ok(session)
    }

    /// Who is at the other end: a server process, and the history of the data it has.
    pub(super) fn run(&self) -> &str {
        &self.run
    }

    /// Asks every now and then whether the server still is who it was: one that was made a replica and
    /// promoted again has other data, and need not have closed its connections.
    fn ask_who_it_is(self: &Arc<Self>) {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if asked.elapsed() < ASKED_AGAIN {
            return;
        }
        *asked = Instant::now();
        drop(asked);
        let session = Arc::clone(self);
        tokio::spawn(async move {
            // Who does not answer is found out by those who wait for something.
            match who_answers(&mut session.connection.clone()).await {
                Ok(run) if run == session.run => {}
                Err(error) if error.kind() != ErrorKind::Client => {}
                Ok(_) | Err(_) => session.lost.store(true, Ordering::SeqCst),
            }
        });
    }

    fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    async fn ask<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<T, RedisError> {
        commands.query_async(&mut self.connection.clone()).await
    }

    async fn load(&self, scripts: &Scripts) -> Result<(), RedisError> {
        let mut load = ::redis::pipe();
        scripts.load().for_each(|script| {
            load.add_command(script).ignore();
        });
        self.ask(&load).await
    }
}

/// The process that answers (`run_id`), and the history of its data (`master_replid`, which changes with
/// each full synchronisation and promotion): a primary that was replaced and then takes over again may
/// be the same process with epochs that had ended.
async fn who_answers(connection: &mut MultiplexedConnection) -> Result<String, RedisError> {
    let mut who = ::redis::pipe();
    who.cmd("INFO").arg("server").cmd("INFO").arg("replication");
    let (server, replication): (InfoDict, InfoDict) = who.query_async(connection).await?;
    let refused = |why| RedisError::from((ErrorKind::Client, why));
    // A replica may be behind: what was invalidated is still there.
    if replication.get::<String>("role").as_deref() != Some("master") {
        return Err(refused("the server is a replica, and only a primary is asked"));
    }
    let version: Option<String> = server.get("redis_version");
    let major = version.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    if major.is_some_and(|major| major < OLDEST) {
        return Err(refused("the server is too old: Redis 7.0 or later is needed"));
    }
    let run: Option<String> = server.get("run_id");
    let run = run.ok_or_else(|| refused("the server does not tell its run_id"))?;
    // Servers that cannot replicate tell none.
    Ok(format!("{run}.{}", replication.get::<String>("master_replid").unwrap_or_default()))
}

/// Somebody waits for an answer. When they stop waiting, the connection is probed: one that is dead
/// without a sign would otherwise be asked again and again, since nobody stays to see it fail.
struct Waiting<'a> {
    session: &'a Arc<Session>,
    answered: bool,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if self.answered || self.session.probed.swap(true, Ordering::SeqCst) {
            return;
        }
        let Ok(runtime) = Handle::try_current() else { return };
        let session = Arc::clone(self.session);
        runtime.spawn(async move {
            let mut ping = ::redis::pipe();
            ping.cmd("PING").ignore();
            let answered = timeout(PROBE_LIMIT, session.ask::<()>(&ping)).await;
            if !matches!(answered, Ok(Ok(()))) {
                session.lost.store(true, Ordering::SeqCst);
            }
            session.probed.store(false, Ordering::SeqCst);
        });
    }
}

fn lacks_a_script(error: &RedisError) -> bool {
    let errors = error.clone().into_server_errors();
    errors.is_some_and(|errors| errors.iter().any(|(_, error)| error.code() == "NOSCRIPT"))
}

/// Whether the server has answered, and will not do what it was asked, though it might do other things:
/// it is full, or may not write to its disk. One that is still loading has nothing to read either.
fn is_refusal(error: &RedisError) -> bool {
    let refused =
        |code: &str| !matches!(code, "LOADING" | "MASTERDOWN" | "READONLY" | "CLUSTERDOWN" | "NOAUTH");
    let errors = error.clone().into_server_errors();
    errors.is_some_and(|errors| errors.iter().all(|(_, error)| refused(error.code())))
}

/// Whether after this error another connection is needed. What the server answered is no such error,
/// unless it says that it is no longer the primary.
fn ends_the_connection(error: &RedisError) -> bool {
    match error.kind() {
        ErrorKind::Server(kind) => matches!(kind, ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown),
        ErrorKind::Extension | ErrorKind::UnexpectedReturnType | ErrorKind::Client => false,
        _ => true,
    }
}
