//! A perfect cache: it keeps everything for its lifetime, forgets what was invalidated at once,
//! and loses nothing.

use crate::plan::{Condition, Hole, Plan};
use crate::workload::{Draw, Fill, NOTHING_NOTED, Population};
use std::collections::HashMap;
use std::time::Duration;

/// Whose an entry is where the cache is everybody's.
const EVERYBODY: u32 = u32::MAX;

/// What a cache does; anything less than both is a counterfactual.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Lifetimes end.
    pub expires: bool,
    /// Writes invalidate.
    pub invalidates: bool,
}

impl Rules {
    /// The cache that the plan describes.
    pub const DECLARED: Self = Self { expires: true, invalidates: true };
}

/// A read that reaches the cache.
#[derive(Clone, Copy, Debug)]
pub struct Read<'a> {
    /// The key: [`crate::workload::Request::fingerprint`].
    pub fingerprint: u64,
    /// Who.
    pub person: u32,
    /// Index of the action.
    pub action: u16,
    /// With what.
    pub draw: &'a Draw,
    /// How long an answer may be kept, scenario clock.
    pub ttl: Duration,
}

/// What came of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Served {
    /// From the cache.
    Hit,
    /// The key was never asked before: no cache of this key can serve it.
    First,
    /// The entry had come to the end of its lifetime.
    Expired,
    /// The entry would still be current, had nobody written.
    Invalidated,
}

#[derive(Debug)]
struct Entry {
    stored: Duration,
    ttl: Duration,
    valid: bool,
    /// Who read it, and with what: what a write is held against.
    person: u32,
    draw: Draw,
}

/// A perfect cache. Times are on the scenario clock, since the run began.
#[derive(Debug)]
pub struct PerfectCache {
    rules: Rules,
    private: bool,
    entries: HashMap<u64, Entry>,
    /// Keys of the valid entries by owner and action, so that a write looks at few.
    index: HashMap<(u32, u16), Vec<u64>>,
}

impl PerfectCache {
    /// An empty cache that keeps entries as the plan says.
    pub fn new(plan: &Plan, rules: Rules) -> Self {
        Self { rules, private: plan.cache.private, entries: HashMap::new(), index: HashMap::new() }
    }

    fn owner(&self, person: u32) -> u32 {
        if self.private { person } else { EVERYBODY }
    }

    /// Answers a read at a moment; what was not there is stored at `stored`, when the answer is
    /// complete. Reads in between share that answer, as a single flight does.
    pub fn read(&mut self, now: Duration, stored: Duration, read: Read<'_>) -> Served {
        let owner = self.owner(read.person);
        let fresh =
            Entry { stored, ttl: read.ttl, valid: true, person: read.person, draw: read.draw.clone() };
        let Some(entry) = self.entries.get_mut(&read.fingerprint) else {
            self.entries.insert(read.fingerprint, fresh);
            self.index.entry((owner, read.action)).or_default().push(read.fingerprint);
            return Served::First;
        };
        let age = now.saturating_sub(entry.stored).as_secs();
        let current = !self.rules.expires || report_cache::remaining(entry.ttl, age).is_some();
        let served = match (current, entry.valid) {
            (true, true) => return Served::Hit,
            (true, false) => Served::Invalidated,
            (false, _) => Served::Expired,
        };
        if !entry.valid {
            self.index.entry((owner, read.action)).or_default().push(read.fingerprint);
        }
        *entry = fresh;
        served
    }

    /// Takes away what a write changes, as precisely as the plan says. An entry that is everybody's
    /// concerns everybody: there the audience of a change holds nothing back.
    pub fn write(&mut self, plan: &Plan, population: &Population, writer: u32, action: u16, draw: &Draw) {
        if !self.rules.invalidates {
            return;
        }
        let wrote = Fill::new(plan, population.person(writer), draw, &NOTHING_NOTED);
        for change in &plan.action(action).changes {
            let conditions = kept(&change.conditions, plan.cache.invalidates_by.as_deref());
            let owners =
                if self.private { population.audience(plan, change, writer, draw) } else { vec![EVERYBODY] };
            for key in owners.iter().flat_map(|owner| change.actions.iter().map(|read| (*owner, *read))) {
                let Some(valid) = self.index.get_mut(&key) else { continue };
                let entries = &mut self.entries;
                valid.retain(|key| {
                    let Some(entry) = entries.get_mut(key) else { return false };
                    let person = population.person(entry.person);
                    let reader = Fill::new(plan, person, &entry.draw, &NOTHING_NOTED);
                    entry.valid = !Population::fits(&reader, &conditions, &wrote);
                    entry.valid
                });
            }
        }
    }
}

/// The conditions that a cache invalidates by.
fn kept(conditions: &[Condition], by: Option<&[Hole]>) -> Vec<Condition> {
    let counts = |condition: &&Condition| by.is_none_or(|by| by.contains(&condition.hole));
    conditions.iter().filter(counts).cloned().collect()
}

/// How long the answer to a read may be kept: the first lifetime whose conditions fit what the
/// action draws. Unlike a change, a lifetime for some items says nothing of a read without any.
pub(super) fn ttl(action: u16, reader: &Fill<'_>) -> Duration {
    let plan = reader.plan;
    let drawn = |stock: u16| {
        let related =
            plan.people.stocks.get(usize::from(stock)).is_some_and(|stock| stock.relation.is_some());
        !related || plan.action(action).draws.stocks.contains(&stock)
    };
    let fits = |condition: &Condition| {
        let known = match condition.hole {
            Hole::Stock(stock) | Hole::Field(stock, _) => drawn(stock),
            Hole::Value(_) | Hole::Capture(_) | Hole::Mark | Hole::Role | Hole::Page | Hole::Password => true,
        };
        let value = if known { reader.hole(condition.hole) } else { None };
        value.is_some_and(|value| condition.values.iter().any(|wanted| reader.text(wanted) == value))
    };
    let mut ttls = plan.cache.ttls.iter();
    let found = ttls.find(|ttl| {
        (ttl.actions.is_empty() || ttl.actions.contains(&action)) && ttl.conditions.iter().all(fits)
    });
    found.map_or(plan.cache.ttl, |ttl| ttl.ttl)
}
