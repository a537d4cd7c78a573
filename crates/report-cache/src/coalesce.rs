//! Single flight: concurrent misses for one key and generation compute once.
//!
//! A request takes a seat at its key before it asks the store. On a miss it joins the flight of its
//! generation, or starts one. A flight that landed stays on the board while anyone is seated, for those
//! who asked the store too early to find the entry there; one who sat down after the landing flies anew.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::HashMap;
use tokio::sync::watch;

use crate::entry::Entry;
use crate::key::ReportKey;
use crate::store::Generation;

/// All keys at which requests are seated.
#[derive(Debug, Default)]
pub(crate) struct Board(Mutex<Seats>);

#[derive(Debug, Default)]
struct Seats {
    at: HashMap<ReportKey, Row>,
    /// Orders landings and sittings-down.
    landings: u64,
    flights: u64,
}

#[derive(Debug, Default)]
struct Row {
    seated: usize,
    flight: Option<Flight>,
}

#[derive(Debug)]
struct Flight {
    number: u64,
    generation: Generation,
    landed: Option<u64>,
    answer: watch::Receiver<Option<Entry>>,
}

impl Board {
    pub(crate) fn sit(self: &Arc<Self>, key: ReportKey) -> Seat {
        let mut seats = self.seats();
        seats.at.entry(key).or_default().seated += 1;
        Seat { board: Arc::clone(self), key, since: seats.landings }
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request's place at its key; leaves by being dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    board: Arc<Board>,
    key: ReportKey,
    since: u64,
}

/// What a miss does next.
#[derive(Debug)]
pub(crate) enum Boarding {
    /// Compute, and let the others have it.
    Lead(Landing),
    /// Wait for the one who computes.
    Wait(Waiting),
}

impl Seat {
    pub(crate) fn board(self, generation: Generation) -> Boarding {
        let board = Arc::clone(&self.board);
        let mut seats = board.seats();
        let number = seats.flights;
        let row = seats.at.get_mut(&self.key).expect("a row stands while anyone is seated");
        if let Some(flight) = &row.flight
            && flight.generation == generation
            && flight.landed.is_none_or(|landed| landed > self.since)
        {
            let answer = flight.answer.clone();
            drop(seats);
            return Boarding::Wait(Waiting { answer, _seat: self });
        }
        let (sender, answer) = watch::channel(None);
        row.flight = Some(Flight { number, generation, landed: None, answer });
        seats.flights += 1;
        Boarding::Lead(Landing { seat: self, number, sender })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.board.seats();
        if let Some(row) = seats.at.get_mut(&self.key) {
            row.seated -= 1;
            if row.seated == 0 {
                seats.at.remove(&self.key);
            }
        }
    }
}

/// The leader's duty: first [`Landing::share`], then [`Landing::land`]. Dropped before that, the flight
/// failed; those who wait for an answer are told.
#[derive(Debug)]
pub(crate) struct Landing {
    seat: Seat,
    number: u64,
    sender: watch::Sender<Option<Entry>>,
}

impl Landing {
    /// Hands the answer to all who wait, and to all who join before the landing. They need not wait until
    /// the store has it.
    pub(crate) fn share(&self, entry: Entry) {
        self.sender.send_replace(Some(entry));
    }

    /// Ends the flight. To be called after the store has the answer, or has not taken it: who sits down
    /// later asks the store.
    pub(crate) fn land(self) {
        let mut seats = self.seat.board.seats();
        seats.landings += 1;
        let landed = seats.landings;
        if let Some(flight) = self.flight(&mut seats) {
            flight.landed = Some(landed);
        }
    }

    /// The flight as it stands on the board, unless one of a newer generation has taken its place.
    fn flight<'s>(&self, seats: &'s mut Seats) -> Option<&'s mut Flight> {
        let flight = seats.at.get_mut(&self.seat.key)?.flight.as_mut();
        flight.filter(|flight| flight.number == self.number)
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        let mut seats = self.seat.board.seats();
        let failed = self.flight(&mut seats).is_some_and(|flight| flight.landed.is_none());
        if failed && let Some(row) = seats.at.get_mut(&self.seat.key) {
            row.flight = None;
        }
    }
}

/// A request that waits for another's answer.
#[derive(Debug)]
pub(crate) struct Waiting {
    answer: watch::Receiver<Option<Entry>>,
    _seat: Seat,
}

impl Waiting {
    /// The answer, or `None` when the leader failed.
    pub(crate) async fn answer(mut self) -> Option<Entry> {
        self.answer.wait_for(Option::is_some).await.ok().and_then(|entry| entry.clone())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use std::time::Duration;

    use super::*;
    use crate::entry::Made;
    use crate::filters::Filters;
    use crate::key::{ReportFacts, ReportType};

    fn key() -> ReportKey {
        ReportKey::new(1, 2, &Filters::empty())
    }

    fn entry(generation: Generation) -> Entry {
        let facts = ReportFacts { key: key(), report_type: ReportType::Custom, role: "student" };
        let made = Made { at_unix_ms: 0, took: Duration::ZERO, ttl: Duration::from_secs(300) };
        Entry::json(&facts, generation, Bytes::from_static(b"{}"), made)
    }

    fn lead(boarding: Boarding) -> Landing {
        match boarding {
            Boarding::Lead(landing) => landing,
            Boarding::Wait(_) => panic!("expected to lead"),
        }
    }

    fn wait(boarding: Boarding) -> Waiting {
        match boarding {
            Boarding::Wait(waiting) => waiting,
            Boarding::Lead(_) => panic!("expected to wait"),
        }
    }

    #[tokio::test]
    async fn who_was_seated_before_the_landing_shares_it_and_who_came_later_does_not() {
        let (board, generation) = (Arc::new(Board::default()), Generation::fresh());
        let landing = lead(board.sit(key()).board(generation));
        let waiting = wait(board.sit(key()).board(generation));
        let early = board.sit(key());
        landing.share(entry(generation));
        let joining = wait(board.sit(key()).board(generation));
        landing.land();
        let late = board.sit(key());
        assert!(wait(early.board(generation)).answer().await.is_some());
        assert!(waiting.answer().await.is_some() && joining.answer().await.is_some());
        lead(late.board(generation));
        assert!(board.seats().at.is_empty(), "nothing is kept once all have left");
    }

    #[tokio::test]
    async fn another_generation_never_shares() {
        let board = Arc::new(Board::default());
        let (before, after) = (Generation::fresh(), Generation::fresh());
        let old = lead(board.sit(key()).board(before));
        let new = lead(board.sit(key()).board(after));
        old.share(entry(before));
        old.land();
        let waiting = wait(board.sit(key()).board(after));
        new.share(entry(after));
        new.land();
        assert_eq!(waiting.answer().await.map(|entry| entry.generation), Some(after));
    }

    #[tokio::test]
    async fn a_failed_flight_releases_its_waiters_and_the_next_one_leads() {
        let (board, generation) = (Arc::new(Board::default()), Generation::fresh());
        let landing = lead(board.sit(key()).board(generation));
        let waiting = wait(board.sit(key()).board(generation));
        drop(landing);
        assert!(waiting.answer().await.is_none());
        lead(board.sit(key()).board(generation));
    }
}
