//! The books of all people, kept beside each person's own: sizes, and what makes room.
//!
//! A person's entries and the books of all lie on different slots, so they cannot change in one step. A
//! person's script returns an account: what the person has now, absolute and numbered. It is entered in
//! a second step, which ignores an account older than the last; so racing updates leave no drift. One that
//! is lost with its process is made good when the person's next entry expires: that moment is entered
//! *before* the entry is stored.

use std::sync::Arc;

use ::redis::{Cmd, FromRedisValue, Pipeline};

use super::Shared;
use super::link::Session;
use super::scripts::call;
use crate::error::StoreError;

/// Entries that one script removes at most, people whose accounts one enters: well below a millisecond of
/// the server's time, in which nobody else is answered.
pub(super) const BATCH: u64 = 100;
/// Rounds of eviction after which a put leaves the rest to the next one.
const ROUNDS: usize = 64;

/// What a person's script returned about one person: number, bytes, entries, first expiry. Empty when
/// it changed nothing.
pub(super) struct Account {
    pub(super) person: u64,
    pub(super) figures: Vec<u64>,
}

/// What an eviction did.
#[derive(Default)]
pub(super) struct Evicted {
    /// Entries that had to go.
    pub(super) gone: u64,
    /// Their keys, and those of entries that had expired already.
    pub(super) members: Vec<String>,
    /// Bytes that the person still has.
    pub(super) bytes_left: u64,
}

/// Whether there is room, and what could make some.
pub(super) struct Room {
    /// Whether the accounts are of the current epoch; if not, a clearing has begun since.
    pub(super) current: bool,
    above: u64,
    due: Vec<u64>,
    /// The two who have most.
    largest: Vec<u64>,
}

impl Shared {
    /// Calls a person's script for several people and reads the epoch of the store after it.
    pub(super) async fn of_people<T: FromRedisValue>(
        &self,
        session: &Arc<Session>,
        op: &'static str,
        calls: Vec<Cmd>,
    ) -> Result<(Vec<T>, String), StoreError> {
        let mut commands = Pipeline::with_capacity(calls.len() + 1);
        for call in calls {
            commands.add_command(call);
        }
        commands.cmd("GET").arg(self.names.of_all("epoch"));
        let mut answers: Vec<::redis::Value> = self.link.query(session, op, &commands).await?;
        let read = |error: ::redis::ParsingError| StoreError::Operation { op, cause: error.into() };
        let epoch = answers.pop().map(Option::<String>::from_redis_value).transpose().map_err(read)?;
        let answers = answers.into_iter().map(T::from_redis_value).collect::<Result<_, _>>().map_err(read)?;
        Ok((answers, epoch.flatten().unwrap_or_default()))
    }

    /// Enters accounts that were taken in `epoch`.
    pub(super) async fn enter(
        &self,
        session: &Arc<Session>,
        epoch: &str,
        accounts: &[Account],
    ) -> Result<Room, StoreError> {
        let books =
            ["epoch", "known", "bytes", "counts", "total", "expiry"].map(|book| self.names.of_all(book));
        let enter = |accounts: &[&Account]| {
            let mut enter = call(&self.scripts.account, &books);
            enter.arg(epoch).arg(self.limits.total_bytes);
            for Account { person, figures } in accounts {
                enter.arg(*person).arg(figures);
            }
            enter
        };
        let accounts: Vec<_> = accounts.iter().filter(|account| account.figures.len() == 4).collect();
        let batch = usize::try_from(BATCH).expect("a small number");
        let mut commands = ::redis::pipe();
        for accounts in accounts.chunks(batch) {
            commands.add_command(enter(accounts));
        }
        if accounts.is_empty() {
            commands.add_command(enter(&[]));
        }
        type Answer = (bool, u64, Vec<u64>, Vec<u64>);
        let answers: Vec<Answer> = self.link.query(session, "count its entries", &commands).await?;
        // The last one knows of all; a clearing in between ends what the first one found.
        let (current, above, due, largest) = answers.into_iter().next_back().unwrap_or_default();
        Ok(Room { current, above, due, largest })
    }

    /// Takes what has expired off the books of `people`, a batch of each; how much that was.
    pub(super) async fn sweep(
        &self,
        session: &Arc<Session>,
        people: &[u64],
    ) -> Result<(u64, Room), StoreError> {
        let sweep = |person: &u64| {
            let mut sweep = call(&self.scripts.sweep, &self.names.person(person));
            sweep.arg(BATCH);
            sweep
        };
        let calls = people.iter().map(sweep).collect();
        let (swept, epoch) = self.of_people::<(u64, Vec<u64>)>(session, "count its entries", calls).await?;
        let seen = swept.iter().map(|(seen, _)| seen).sum();
        let accounts: Vec<_> =
            people.iter().zip(swept).map(|(&person, (_, figures))| Account { person, figures }).collect();
        Ok((seen, self.enter(session, &epoch, &accounts).await?))
    }

    /// Evicts until the total cap is kept: first what has expired, then the oldest of the person who
    /// has most.
    pub(super) async fn make_room(
        &self,
        session: &Arc<Session>,
        epoch: &str,
        room: Room,
    ) -> Result<Evicted, StoreError> {
        let mut evicted = Evicted::default();
        if room.above == 0 {
            return Ok(evicted);
        }
        // One at a time on this node: each of many that see the same excess would evict all of it.
        let _alone = self.evicting.lock().await;
        let mut room = self.enter(session, epoch, &[]).await?;
        for _ in 0..ROUNDS {
            if room.above == 0 || !room.current {
                break;
            }
            if !room.due.is_empty() {
                (_, room) = self.sweep(session, &room.due).await?;
                continue;
            }
            let [person, bytes, rest @ ..] = room.largest.as_slice() else { break };
            // Until another has most: then it is the other's turn.
            let lead = bytes - rest.get(1).copied().unwrap_or(0) + 1;
            let (step, next) = self.evict(session, *person, room.above.min(lead)).await?;
            evicted.gone += step.gone;
            evicted.members.extend(step.members);
            room = next;
        }
        Ok(evicted)
    }

    /// Removes a person's oldest entries until `bytes` are freed, or a batch is full.
    pub(super) async fn evict(
        &self,
        session: &Arc<Session>,
        person: u64,
        bytes: u64,
    ) -> Result<(Evicted, Room), StoreError> {
        let mut evict = call(&self.scripts.evict, &self.names.person(person));
        evict.arg(bytes).arg(BATCH);
        let (mut answers, epoch) =
            self.of_people::<(u64, Vec<String>, Vec<u64>)>(session, "make room", vec![evict]).await?;
        let (gone, members, figures) = answers.pop().unwrap_or_default();
        let bytes_left = figures.get(1).copied().unwrap_or_default();
        let room = self.enter(session, &epoch, &[Account { person, figures }]).await?;
        Ok((Evicted { gone, members, bytes_left }, room))
    }
}
