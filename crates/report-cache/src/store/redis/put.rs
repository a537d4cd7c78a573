//! Storing one entry: in its person's slot, then in the books of all.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::books::{Account, BATCH};
use super::link::Session;
use super::scripts::call;
use super::{Put, Shared, epoch_text, identity};
use crate::entry::Entry;
use crate::error::StoreError;
use crate::key::ReportKey;

/// Nothing is stored for longer (ten years): the moment it expires must fit the server's numbers.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 24 * 3_600);

/// What the script says: stored, evicted, and the account.
type Stored = (bool, u64, Vec<u64>);

impl Shared {
    /// Stores an entry that is not larger than the caps.
    ///
    /// The person's epoch is checked by the script that stores. The report's and the store's lie on other
    /// slots and are read just after: an entry that is outdated by them could not be served, and is taken
    /// back, so that the caller knows.
    pub(super) async fn put(&self, key: &ReportKey, entry: &Entry, ttl: Duration) -> Result<Put, StoreError> {
        let (names, person) = (&self.names, key.user_id);
        let session = self.link.session().await?;
        // A lifetime of 0 is refused: what lives shorter than Redis can tell lives one millisecond.
        let ttl_ms = ttl.min(LONGEST).as_millis().max(1);
        let mut put = call(&self.scripts.put, &keys(names.person(person), names.entry(key)));
        put.arg(entry.report_type.as_str()).arg(epoch_text(entry.generation.person));
        put.arg(key.to_string()).arg(entry.size()).arg(ttl_ms.to_string());
        put.arg(self.limits.user_bytes).arg(BATCH).arg(entry.encode().as_ref());

        let mut commands = ::redis::pipe();
        // Should this process end before the second step, the person's account is taken then. By this
        // machine's clock: too early costs a look, and finds what is due later.
        let due = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default() + ttl.min(LONGEST);
        let mut announce = call(&self.scripts.announce, &[names.of_all("epoch"), names.of_all("expiry")]);
        announce.arg(person).arg(due.as_millis().to_string());
        let of_report = [names.report_epoch(key.report_id), names.readers(key.report_id)];
        let mut join = call(&self.scripts.join, &of_report);
        join.arg(person).arg(epoch_text(entry.generation.report));
        commands.add_command(announce).ignore().add_command(join).ignore();
        commands.add_command(put);
        commands.cmd("GET").arg(names.report_epoch(key.report_id)).cmd("GET").arg(names.of_all("epoch"));
        let ((stored, mut evicted, figures), report, store): (Stored, Option<String>, Option<String>) =
            self.link.query(&session, "store an entry", &commands).await?;
        if !stored {
            return Ok(Put::Outdated);
        }
        let store = store.unwrap_or_default();
        let is_current = report == Some(epoch_text(entry.generation.report))
            && identity(session.run(), &store) == entry.generation.store;
        if !is_current {
            self.take_back(&session, key, entry).await?;
            return Ok(Put::Outdated);
        }
        let mut bytes = figures.get(1).copied().unwrap_or_default();
        let mut room = self.enter(&session, &store, &[Account { person, figures }]).await?;
        while bytes > self.limits.user_bytes {
            // The script stopped at its batch.
            let above = bytes - self.limits.user_bytes;
            let (step, next) = self.evict(&session, person, above).await?;
            if step.members.is_empty() {
                break;
            }
            evicted += step.gone;
            (bytes, room) = (step.bytes_left, next);
        }
        if !room.current {
            // A clearing has begun since; it may have passed this person already.
            self.take_back(&session, key, entry).await?;
            return Ok(Put::Outdated);
        }
        let others = self.make_room(&session, &store, room).await?;
        // The oldest of the person who has most may be the new one.
        if others.members.contains(&key.to_string()) {
            return Ok(Put::TooLarge);
        }
        Ok(Put::Stored { evicted: evicted + others.gone })
    }

    async fn take_back(
        &self,
        session: &Arc<Session>,
        key: &ReportKey,
        entry: &Entry,
    ) -> Result<(), StoreError> {
        let place = format!("{} {key}", entry.report_type);
        self.remove(session, "store an entry", vec![(key.user_id, Vec::new(), vec![place])]).await?;
        Ok(())
    }
}

fn keys(person: [String; 5], entry: String) -> Vec<String> {
    person.into_iter().chain([entry]).collect()
}
