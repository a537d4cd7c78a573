//! Two nodes, a store, a table, an origin; and what must be true of each answer.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::StatusCode;
use report_cache::{CacheConfig, Clock, ClockHand, Invalidation, Reason, ReportCache, ReportType};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::moody::{Mood, Moody};
use super::steps::{How, Step};
use crate::support::table::Table;
use crate::support::{Got, Origin, School, json};

const INTERVAL: Duration = Duration::from_millis(500);
const REPORTS: usize = 3;

/// A version of each report.
type Versions = [u64; REPORTS];

/// What the writers know.
#[derive(Default)]
struct Truth {
    /// What is committed.
    committed: Versions,
    /// What each node must show: acknowledged and either confirmed by the store, or written here.
    due: [Versions; 2],
}

/// Computations under way, oldest first.
type Gates = Arc<Mutex<VecDeque<oneshot::Sender<()>>>>;

struct Reading {
    what: String,
    user: u64,
    report: u64,
    how: How,
    /// What it must at least show.
    least: Versions,
    task: JoinHandle<Got>,
}

pub(crate) struct World {
    store: Moody,
    table: Arc<Table>,
    truth: Arc<Mutex<Truth>>,
    gates: Gates,
    nodes: Vec<School>,
    hand: ClockHand,
    readings: Vec<Reading>,
    writing: Vec<JoinHandle<()>>,
    /// Rows whose writer did not confirm, with the version they stand for: due everywhere once gone.
    owed: Vec<(i64, u64, u64)>,
    /// The validator of the last answer to a reader for a report.
    validators: BTreeMap<(u64, u64), String>,
    /// Which version a validator stands for, by reader and report.
    meant: BTreeMap<String, (u64, u64, u64)>,
    asked: u64,
    why: Option<String>,
}

impl World {
    pub(crate) fn new(outbox: bool) -> Self {
        let (clock, hand) = Clock::manual(1.0);
        let store = Moody::new(clock.clone());
        let (table, truth) = (Arc::<Table>::default(), Arc::<Mutex<Truth>>::default());
        let gates = Gates::default();
        let nodes = (0..2).map(|_| {
            let config = CacheConfig { clock: clock.clone(), ..CacheConfig::default() };
            let store = Arc::new(store.clone());
            let cache = if outbox {
                ReportCache::with_outbox(store, Arc::<Table>::clone(&table), config)
            } else {
                ReportCache::new(store, config)
            };
            cache.keep_replaying(INTERVAL);
            School::new(cache, origin(Arc::clone(&truth), Arc::clone(&gates)))
        });
        let nodes = nodes.collect();
        Self {
            store,
            table,
            truth,
            gates,
            nodes,
            hand,
            readings: Vec::new(),
            writing: Vec::new(),
            owed: Vec::new(),
            validators: BTreeMap::new(),
            meant: BTreeMap::new(),
            asked: 0,
            why: None,
        }
    }

    pub(crate) async fn take(&mut self, step: Step) {
        self.collect_debts();
        match step {
            Step::Read { node, user, report, how } => self.read(node, user, report, how),
            Step::Release => self.release(VecDeque::pop_front),
            Step::ReleaseLast => self.release(VecDeque::pop_back),
            Step::HangUp => {
                if !self.readings.is_empty() {
                    self.readings.remove(0).task.abort();
                }
            }
            Step::Write { node, report } => self.write(node, report),
            Step::WriteUntold { report } => {
                let version = self.commit(report);
                let mut truth = self.truth.lock().unwrap();
                truth.due.iter_mut().for_each(|due| show(due, report, version));
            }
            Step::WriteAndDie { report } => {
                let version = self.commit(report);
                let row = self.table.record(&saved(report));
                self.owed.push((row, report, version));
            }
            Step::Forget { node, report } => {
                let cache = self.nodes[node].cache.clone();
                self.writing.push(tokio::spawn(async move { drop(cache.forget_report(report).await) }));
            }
            Step::Clear { node } => {
                let cache = self.nodes[node].cache.clone();
                self.writing.push(tokio::spawn(async move { drop(cache.clear().await) }));
            }
            Step::Mood(mood) => self.store.turn(mood),
            Step::Wipe => self.store.wipe(),
            Step::Pass(ms) => {
                let time = Duration::from_millis(ms);
                self.hand.advance(time);
                tokio::time::advance(time).await;
            }
        }
        settle().await;
        self.check().await;
    }

    /// Everything under way ends; then each reader reads once more.
    pub(crate) async fn end(&mut self) {
        self.store.turn(Mood::Fine);
        for _ in 0..200 {
            self.release(VecDeque::pop_front);
            self.take(Step::Pass(100)).await;
            if self.readings.is_empty() && self.writing.iter().all(JoinHandle::is_finished) {
                break;
            }
        }
        for node in 0..2 {
            for user in [7, 8] {
                for report in 0..3 {
                    self.take(Step::Read { node, user, report, how: How::Plain }).await;
                    self.take(Step::Release).await;
                    self.take(Step::Release).await;
                }
            }
        }
        if !self.readings.is_empty() {
            self.complain(format!("{} reads never ended", self.readings.len()));
        }
        let counted: u64 = self.nodes.iter().map(|node| count(&node.cache)).sum();
        if counted != self.asked {
            self.complain(format!("{} requests were made and {counted} counted", self.asked));
        }
    }

    pub(crate) fn verdict(&mut self) -> Result<(), String> {
        self.why.take().map_or(Ok(()), Err)
    }

    fn complain(&mut self, why: String) {
        self.why.get_or_insert(why);
    }

    fn commit(&self, report: u64) -> u64 {
        let mut truth = self.truth.lock().unwrap();
        let version = truth.committed[at(report)] + 1;
        truth.committed[at(report)] = version;
        version
    }

    /// Commits, tells the cache, and acknowledges whatever the store said.
    fn write(&mut self, node: usize, report: u64) {
        let version = self.commit(report);
        let event = saved(report);
        let row = self.table.record(&event);
        self.owed.push((row, report, version));
        let (cache, truth) = (self.nodes[node].cache.clone(), Arc::clone(&self.truth));
        self.writing.push(tokio::spawn(async move {
            let confirmed = cache.invalidate_recorded(row, &event).await.is_ok();
            let mut truth = truth.lock().unwrap();
            for (other, due) in truth.due.iter_mut().enumerate() {
                if confirmed || other == node {
                    show(due, report, version);
                }
            }
        }));
    }

    /// A row that has gone was replayed, or confirmed: all nodes must show what it stands for.
    fn collect_debts(&mut self) {
        let left = self.table.ids();
        let mut truth = self.truth.lock().unwrap();
        self.owed.retain(|(row, report, version)| {
            if !left.contains(row) {
                truth.due.iter_mut().for_each(|due| show(due, *report, *version));
            }
            left.contains(row)
        });
    }

    fn release(&self, which: fn(&mut VecDeque<oneshot::Sender<()>>) -> Option<oneshot::Sender<()>>) {
        // A computation whose reader has gone may have been given up.
        while let Some(gate) = which(&mut self.gates.lock().unwrap()) {
            if gate.send(()).is_ok() {
                break;
            }
        }
    }

    fn read(&mut self, node: usize, user: u64, report: u64, how: How) {
        let validator = self.validators.get(&(user, report)).cloned();
        let headers = match (how, validator) {
            (How::Conditional, Some(validator)) => vec![("if-none-match", validator)],
            (How::Plain | How::Conditional, _) => Vec::new(),
            (How::NoCache, _) => vec![("cache-control", "no-cache".to_owned())],
            (How::OnlyIfCached, _) => vec![("cache-control", "only-if-cached".to_owned())],
            (How::NoStore, _) => vec![("cache-control", "no-store".to_owned())],
        };
        self.asked += 1;
        let school = self.nodes[node].clone();
        let task = tokio::spawn(async move {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
            school.ask_as(user, &format!("GET /reports/{report}"), &headers).await
        });
        let least = self.truth.lock().unwrap().due[node];
        let what = format!("{how:?} read of report {report} by {user} on node {node}");
        self.readings.push(Reading { what, user, report, how, least, task });
    }

    async fn check(&mut self) {
        let (ended, open) =
            std::mem::take(&mut self.readings).into_iter().partition(|reading| reading.task.is_finished());
        self.readings = open;
        let ended: Vec<Reading> = ended;
        for reading in ended {
            let Reading { what, user, report, how, least, task } = reading;
            let got = match task.await {
                Ok(got) => got,
                Err(error) => return self.complain(format!("{what}: {error}")),
            };
            let etag = got.header("etag").to_owned();
            let seen = match got.status {
                StatusCode::GATEWAY_TIMEOUT if how == How::OnlyIfCached => continue,
                StatusCode::NOT_MODIFIED => match self.meant.get(&etag) {
                    Some(&(of, about, code)) if (of, about) == (user, report) => decode(code),
                    other => return self.complain(format!("{what}: 304 to {etag}, which is {other:?}")),
                },
                StatusCode::OK => match parse(&got.body) {
                    Some((of, about, versions)) if (of, about) == (user, report) => versions,
                    other => {
                        return self.complain(format!("{what}: foreign or malformed: {other:?} {got:?}"));
                    }
                },
                status => return self.complain(format!("{what}: {status}")),
            };
            self.validators.insert((user, report), etag.clone());
            self.meant.insert(etag, (user, report, encode(&seen)));
            let newest = self.truth.lock().unwrap().committed;
            for shown in if report == 0 { 0..REPORTS } else { at(report)..at(report) + 1 } {
                if seen[shown] < least[shown] {
                    let x_cache = got.x_cache();
                    self.complain(format!("{what}: stale {x_cache}: {seen:?}, acknowledged was {least:?}"));
                } else if seen[shown] > newest[shown] {
                    self.complain(format!("{what}: from the future: {seen:?}, written is {newest:?}"));
                }
            }
        }
    }
}

/// Computes from what is committed when it begins, and ends when its gate opens.
fn origin(truth: Arc<Mutex<Truth>>, gates: Gates) -> Origin {
    Origin::new(move |_, request| {
        let (truth, gates) = (Arc::clone(&truth), Arc::clone(&gates));
        async move {
            let user = request.headers()["authorization"].to_str().unwrap().replace("user-", "");
            let report = request.uri().path().replace("/reports/", "");
            let versions = truth.lock().unwrap().committed;
            let (open, gate) = oneshot::channel();
            gates.lock().unwrap().push_back(open);
            // Dropped gates open too: the world has ended.
            let _ = gate.await;
            json(&format!("{user} {report} {}", encode(&versions)))
        }
    })
}

fn parse(body: &str) -> Option<(u64, u64, Versions)> {
    let mut words = body.split(' ').map(|word| word.parse::<u64>().ok());
    let (user, report, code) = (words.next()??, words.next()??, words.next()??);
    words.next().is_none().then(|| (user, report, decode(code)))
}

/// Fewer than a thousand versions each.
fn encode(versions: &Versions) -> u64 {
    versions.iter().fold(0, |code, version| code * 1_000 + version)
}

fn decode(code: u64) -> Versions {
    [code / 1_000_000, code / 1_000 % 1_000, code % 1_000]
}

fn at(report: u64) -> usize {
    usize::try_from(report).unwrap()
}

fn show(due: &mut Versions, report: u64, version: u64) {
    due[at(report)] = due[at(report)].max(version);
}

/// All readers read all reports, of the one type that the classifier knows.
fn saved(_report: u64) -> Invalidation {
    let scopes = [7, 8].map(|user| (user, ReportType::Analytics)).to_vec();
    Invalidation { reason: Reason::ReportSaved, scopes }
}

fn count(cache: &ReportCache) -> u64 {
    let registry = prometheus::Registry::new();
    cache.register(&registry).unwrap();
    let text = crate::stats::text(&registry);
    let requests = text.lines().filter(|line| line.starts_with("report_cache_requests_total"));
    requests.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap()).sum()
}

/// Lets every task go as far as it can without time passing.
async fn settle() {
    for _ in 0..60 {
        tokio::task::yield_now().await;
    }
}
