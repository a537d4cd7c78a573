//! A trace, sent again: each request of it at its own moment, by its own person.

use super::pool::{Entrance, Job, Pool};
use super::punctual::{Alarm, on_time};
use super::stage::Stage;
use super::target::TargetError;
use super::trace::Entry;
use crate::plan::{PhasePlan, Plan};
use crate::workload::{Draw, Population};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

/// More lines than these are not read: they are kept in memory.
const LINES: usize = 2_000_000;

/// Lines that cannot be sent, by why.
type LeftOut = BTreeMap<&'static str, u64>;

/// A trace in the terms of a plan.
#[derive(Debug, Default)]
pub(super) struct Replay {
    /// In the order of their moments.
    requests: Vec<Request>,
    /// Lines that cannot be sent here, by why.
    left_out: LeftOut,
    lines: u64,
    file: String,
}

/// One request of a trace.
#[derive(Debug)]
struct Request {
    /// Seconds of the scenario clock since the first.
    at: f64,
    person: u32,
    action: u16,
    draw: Draw,
}

/// Names by index, turned round.
struct Known<'a> {
    plan: &'a Plan,
    population: &'a Population,
    people: HashMap<(&'a str, &'a str), u32>,
    actions: HashMap<&'a str, u16>,
    stocks: HashMap<&'a str, u16>,
    values: HashMap<&'a str, u16>,
}

impl Replay {
    /// Reads a trace. Lines about what is not here are left out and counted.
    ///
    /// # Errors
    /// A file that cannot be read, a line that is none of a trace, with its number; too many
    /// of them, or none.
    pub(super) fn read(path: &Path, plan: &Plan, population: &Population) -> Result<Self, TargetError> {
        let name = path.display().to_string();
        let fail = |line: Option<usize>, what: String| TargetError::Trace {
            path: line.map_or_else(|| name.clone(), |line| format!("{name}:{line}")),
            what,
        };
        let file = File::open(path).map_err(|error| fail(None, format!("cannot read the trace: {error}")))?;
        let known = Known::new(plan, population);
        let mut replay = Self { file: name.clone(), ..Self::default() };
        for (at, line) in BufReader::new(file).lines().enumerate() {
            let number = Some(at + 1);
            let line = line.map_err(|error| fail(number, format!("cannot read the trace: {error}")))?;
            if line.trim().is_empty() {
                continue;
            }
            if replay.lines as usize >= LINES {
                return Err(fail(number, format!("a trace may have {LINES} requests; split it")));
            }
            let entry: Entry = serde_json::from_str(&line).map_err(|error| {
                fail(number, format!("not a line of a trace that `run --trace` wrote: {error}"))
            })?;
            if !(entry.at.is_finite() && entry.at >= 0.0) {
                return Err(fail(number, format!("`at` {} is no moment; use seconds from 0", entry.at)));
            }
            replay.lines += 1;
            match known.request(&entry) {
                Ok(request) => replay.requests.push(request),
                Err(why) => *replay.left_out.entry(why).or_default() += 1,
            }
        }
        if replay.lines == 0 {
            return Err(fail(None, "the trace is empty; `run --trace FILE` writes one".into()));
        }
        // Those who wrote it did so at once: lines may be some microseconds out of order.
        replay.requests.sort_by(|a, b| a.at.total_cmp(&b.at));
        Ok(replay)
    }

    /// Sends all of it, as long as the phase lasts; `false` if the run was ended. What was
    /// left out is told.
    pub(super) async fn send(
        self,
        stage: &Stage,
        pool: &Pool,
        phase: &PhasePlan,
        index: u16,
        troubles: &mut Vec<String>,
    ) -> bool {
        let (file, lines) = (self.file.clone(), self.lines);
        let (to, entrance, length) = (stage.clone(), pool.entrance(), phase.duration);
        let work = move |alarm: &Alarm| self.hand_over(&to, &entrance, alarm, length, index);
        let (going_on, left_out) = on_time(&stage.stop, work).await;
        if !left_out.is_empty() {
            let n: u64 = left_out.values().sum();
            let parts: Vec<String> = left_out.iter().map(|(why, n)| format!("{n} {why}")).collect();
            troubles.push(format!("{file}: {n} of its {lines} requests were left out: {}", parts.join(", ")));
        }
        going_on
    }

    /// Gives each request to the pool at its moment. Whether the run goes on, and what was left out.
    fn hand_over(
        self,
        stage: &Stage,
        entrance: &Entrance,
        alarm: &Alarm,
        length: Duration,
        index: u16,
    ) -> (bool, LeftOut) {
        let began = Instant::now();
        let first = self.requests.first().map_or(0.0, |request| request.at);
        let mut left_out = self.left_out;
        let mut requests = self.requests.into_iter();
        while let Some(request) = requests.next() {
            let offset = stage.plan.wall(Duration::from_secs_f64(request.at - first));
            if offset >= length {
                let late = 1 + requests.len() as u64;
                *left_out.entry("came after the end of the phase").or_default() += late;
                break;
            }
            let due = began + offset;
            if !alarm.wait_until(due) {
                return (false, left_out);
            }
            let captures = &stage.plan.action(request.action).draws.captures;
            let knows = captures.iter().all(|capture| stage.of(request.person).notes.get(*capture).is_some());
            if !knows {
                *left_out.entry("needed what no earlier answer held").or_default() += 1;
                continue;
            }
            let Request { person, action, draw, .. } = request;
            entrance.send(Job { person, action, draw, due, phase: index, owner: person as usize });
        }
        (true, left_out)
    }
}

impl<'a> Known<'a> {
    fn new(plan: &'a Plan, population: &'a Population) -> Self {
        let index = |at: usize| u16::try_from(at).unwrap_or(u16::MAX);
        let each = |person: &'a crate::workload::Person| {
            ((plan.role(person.role).name.as_str(), person.username()), person.index)
        };
        let actions = plan.actions.iter().enumerate();
        let stocks = plan.people.stocks.iter().enumerate();
        let values = plan.values.iter().enumerate();
        Self {
            plan,
            population,
            people: population.people().iter().map(each).collect(),
            actions: actions.map(|(at, action)| (action.name.as_str(), index(at))).collect(),
            stocks: stocks.map(|(at, stock)| (stock.name.as_str(), index(at))).collect(),
            values: values.map(|(at, value)| (value.name.as_str(), index(at))).collect(),
        }
    }

    /// A line in the plan's terms, or why it cannot be sent here.
    fn request(&self, entry: &Entry) -> Result<Request, &'static str> {
        let person = *self
            .people
            .get(&(entry.role.as_str(), entry.person.as_str()))
            .ok_or("by people who are not here")?;
        let index = *self.actions.get(entry.action.as_str()).ok_or("of actions that are not here")?;
        let action = self.plan.action(index);
        if !action.read && !self.plan.target.may_write {
            return Err(
                "are writes, and this target may only be read (`target: {writes: true}` allows them)",
            );
        }
        let mut items = Vec::with_capacity(action.draws.stocks.len());
        for stock in &action.draws.stocks {
            let name = self.plan.people.stocks[usize::from(*stock)].name.as_str();
            let owned = self.population.person(person).stock(*stock);
            let wanted = entry.items.get(name);
            let at = wanted.and_then(|wanted| owned.iter().position(|item| *item.value == **wanted));
            let at =
                at.and_then(|at| u32::try_from(at).ok()).ok_or("of items that their people do not have")?;
            items.push((*stock, at));
        }
        let mut values = Vec::with_capacity(action.draws.values.len());
        for value in &action.draws.values {
            let name = self.plan.values[usize::from(*value)].name.as_str();
            let text = entry.values.get(name).ok_or("without a value that their action needs")?;
            values.push((*value, text.clone()));
        }
        let unknown = entry.items.keys().any(|name| !self.stocks.contains_key(name.as_str()))
            || entry.values.keys().any(|name| !self.values.contains_key(name.as_str()));
        if unknown {
            return Err("with items or values that are not here");
        }
        if usize::from(entry.filter) >= action.filters.len().max(1) {
            return Err("with filters that are not here");
        }
        if action.draws.mark && entry.mark.is_none() {
            return Err("without the mark that their action needs");
        }
        let draw = Draw { items, values, mark: entry.mark.clone(), filter: entry.filter };
        Ok(Request { at: entry.at, person, action: index, draw })
    }
}
