//! Reactions on their way: what people will look at because somebody else wrote.

use crate::plan::Plan;
use crate::workload::{Draw, Population, Reaction};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::Notify;

/// So many wait for one place at most; those that come after are lost.
const WAITING: usize = 1_000;

/// A page that a person will ask for at a moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) due: Instant,
    pub(super) person: u32,
    pub(super) action: u16,
    pub(super) draw: Draw,
}

impl Ord for Letter {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.due, self.person, self.action).cmp(&(other.due, other.person, other.action))
    }
}

impl PartialOrd for Letter {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// A letter box a place.
#[derive(Debug)]
pub(super) struct Mail {
    /// Index of the first box of each role.
    first: Vec<usize>,
    boxes: Vec<(Mutex<BinaryHeap<Reverse<Letter>>>, Notify)>,
}

impl Mail {
    /// Empty boxes for the places of a plan.
    pub(super) fn new(plan: &Plan) -> Self {
        let mut first = Vec::new();
        let mut all = 0;
        for role in &plan.roles {
            first.push(all);
            all += role.places as usize;
        }
        Self { first, boxes: (0..all).map(|_| Default::default()).collect() }
    }

    /// Sends reactions to the places of those who react.
    pub(super) fn send(&self, plan: &Plan, population: &Population, now: Instant, all: Vec<Reaction>) {
        for Reaction { person, after, action, draw } in all {
            let role = usize::from(population.person(person).role);
            let (letters, bell) = &self.boxes[self.first[role] + population.place_of(person)];
            let mut letters = lock(letters);
            if letters.len() < WAITING {
                letters.push(Reverse(Letter { due: now + plan.wall(after), person, action, draw }));
                bell.notify_one();
            }
        }
    }

    /// When the first letter of a place is due.
    pub(super) fn due(&self, role: usize, place: usize) -> Option<Instant> {
        lock(&self.boxes[self.first[role] + place].0).peek().map(|Reverse(letter)| letter.due)
    }

    /// Takes the first letter of a place, if it is due.
    pub(super) fn take(&self, role: usize, place: usize, now: Instant) -> Option<Letter> {
        let mut letters = lock(&self.boxes[self.first[role] + place].0);
        letters.peek().filter(|Reverse(letter)| letter.due <= now)?;
        letters.pop().map(|Reverse(letter)| letter)
    }

    /// Takes all letters away: nobody will read them in time.
    pub(super) fn clear(&self) {
        for (letters, _) in &self.boxes {
            lock(letters).clear();
        }
    }

    /// Waits for another letter to come to a place.
    pub(super) async fn arrives(&self, role: usize, place: usize) {
        self.boxes[self.first[role] + place].1.notified().await;
    }
}

fn lock(letters: &Mutex<BinaryHeap<Reverse<Letter>>>) -> MutexGuard<'_, BinaryHeap<Reverse<Letter>>> {
    letters.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
