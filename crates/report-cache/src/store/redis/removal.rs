//! Removing entries: of people and types, of a report, of all.
//!
//! Calls of many people go together, so the round trips do not grow with them; each script removes a
//! bounded number of entries, and is called again where there were more. The epochs end with the first call,
//! so nothing that is still to be removed can be served.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::books::{Account, BATCH};
use super::link::Session;
use super::scripts::call;
use super::{Generation, Shared, Usage, epoch_text};
use crate::error::StoreError;
use crate::key::ReportType;

/// People whose calls go together.
const TOGETHER: usize = 1_000;

/// What is to be removed of a person: types whose epochs end, and starts of places in the index.
pub(super) type Order = (u64, Vec<ReportType>, Vec<String>);

impl Shared {
    pub(super) async fn invalidate(&self, scopes: &BTreeSet<(u64, ReportType)>) -> Result<u64, StoreError> {
        if scopes.is_empty() {
            return Ok(0);
        }
        let session = self.link.session().await?;
        let mut by_person: BTreeMap<u64, Vec<ReportType>> = BTreeMap::new();
        for &(person, report_type) in scopes {
            by_person.entry(person).or_default().push(report_type);
        }
        let places = |types: &[ReportType]| types.iter().map(|of| format!("{of} ")).collect();
        let orders = by_person.into_iter().map(|(person, types)| {
            let places = places(&types);
            (person, types, places)
        });
        self.remove(&session, "invalidate", orders.collect()).await
    }

    pub(super) async fn forget_report(&self, report: u64) -> Result<u64, StoreError> {
        let op = "forget a report";
        let session = self.link.session().await?;
        let (epoch, readers) = (self.names.report_epoch(report), self.names.readers(report));
        let places: Vec<String> =
            ReportType::ALL.iter().map(|report_type| format!("{report_type} report:{report}:")).collect();
        let mut removed = 0;
        loop {
            let mut forget = ::redis::pipe();
            forget.cmd("UNLINK").arg(&epoch).ignore();
            // Whoever stores an entry of it is entered here first, so nobody who has one is missed.
            forget.cmd("SPOP").arg(&readers).arg(TOGETHER);
            let (people,): (Vec<u64>,) = self.link.query(&session, op, &forget).await?;
            if people.is_empty() {
                return Ok(removed);
            }
            let full = people.len() == TOGETHER;
            let orders = people.into_iter().map(|person| (person, Vec::new(), places.clone())).collect();
            removed += self.remove(&session, op, orders).await?;
            if !full {
                return Ok(removed);
            }
        }
    }

    /// Carries out `orders`; returns how many entries there were.
    pub(super) async fn remove(
        &self,
        session: &Arc<Session>,
        op: &'static str,
        mut orders: Vec<Order>,
    ) -> Result<u64, StoreError> {
        let mut removed = 0;
        while !orders.is_empty() {
            let now: Vec<Order> = orders.drain(..orders.len().min(TOGETHER)).collect();
            let calls = now.iter().map(|(person, types, places)| {
                let mut remove = call(&self.scripts.remove, &self.names.person(person));
                remove.arg(BATCH).arg(types.len());
                for report_type in types {
                    remove.arg(report_type.as_str()).arg(epoch_text(Generation::fresh().person));
                }
                remove.arg(places);
                remove
            });
            let (answers, epoch) =
                self.of_people::<(u64, u64, Vec<u64>)>(session, op, calls.collect()).await?;
            let mut accounts = Vec::new();
            for ((person, _, places), (seen, gone, figures)) in now.into_iter().zip(answers) {
                removed += gone;
                if seen > 0 {
                    accounts.push(Account { person, figures });
                }
                if seen == BATCH {
                    // Its epochs have ended: what is left is only to be removed.
                    orders.push((person, Vec::new(), places));
                }
            }
            if !accounts.is_empty() {
                self.enter(session, &epoch, &accounts).await?;
            }
        }
        Ok(removed)
    }

    pub(super) async fn clear(&self) -> Result<u64, StoreError> {
        let op = "clear";
        // One at a time on this node: two would wipe what was stored between them under an epoch of one.
        let _alone = self.clearing.lock().await;
        let session = self.link.session().await?;
        let names = &self.names;
        let books = ["epoch", "known", "leaving", "bytes", "counts", "total", "expiry"];
        let books = books.map(|book| names.of_all(book));
        let mut ends = call(&self.scripts.reset, &books);
        ends.arg(epoch_text(Generation::fresh().store));
        let (mut reset, mut finish) = (::redis::pipe(), ::redis::pipe());
        reset.add_command(ends).ignore();
        finish.add_command(call(&self.scripts.finish, &books)).ignore();
        self.link.query::<()>(&session, op, &reset).await?;

        let leaving = names.of_all("leaving");
        let mut removed = 0;
        loop {
            let mut next = ::redis::pipe();
            next.cmd("ZRANGE").arg(&leaving).arg(0).arg(TOGETHER - 1);
            let (members,): (Vec<String>,) = self.link.query(&session, op, &next).await?;
            if members.is_empty() {
                self.link.query::<()>(&session, op, &finish).await?;
                return Ok(removed);
            }
            // Reports end before their readers are wiped (they are known by 0, so they come first): what is
            // stored after a wipe is then of an epoch that stays.
            let mut gone = ::redis::pipe();
            for report in members.iter().filter_map(|member| member.strip_prefix('r')?.parse().ok()) {
                gone.cmd("UNLINK").arg(names.report_epoch(report)).arg(names.readers(report)).ignore();
            }
            if !gone.is_empty() {
                self.link.query::<()>(&session, op, &gone).await?;
            }
            let people: Vec<u64> = members.iter().filter_map(|member| member.parse().ok()).collect();
            let wipe = |person| {
                let mut wipe = call(&self.scripts.wipe, &names.person(person));
                wipe.arg(BATCH);
                wipe
            };
            let calls = people.iter().map(wipe).collect();
            let (answers, epoch) = self.of_people::<(u64, u64, Vec<u64>)>(&session, op, calls).await?;
            let (mut accounts, mut left) = (Vec::new(), BTreeSet::new());
            for (person, (seen, there, figures)) in people.into_iter().zip(answers) {
                removed += there;
                accounts.push(Account { person, figures });
                if seen == BATCH {
                    left.insert(person.to_string());
                }
            }
            self.enter(&session, &epoch, &accounts).await?;
            let done: Vec<_> = members.iter().filter(|&member| !left.contains(member)).collect();
            if !done.is_empty() {
                let mut wiped = call(&self.scripts.wiped, &[names.of_all("epoch"), leaving.clone()]);
                wiped.arg(&epoch).arg(done);
                let mut strike = ::redis::pipe();
                strike.add_command(wiped).ignore();
                self.link.query::<()>(&session, op, &strike).await?;
            }
        }
    }

    /// What there is, once what has expired is off the books: costs what has expired since last time.
    pub(super) async fn usage(&self) -> Result<Usage, StoreError> {
        let session = self.link.session().await?;
        let books = ["bytes", "total", "expiry"].map(|book| self.names.of_all(book));
        let mut read = ::redis::pipe();
        read.add_command(call(&self.scripts.usage, &books));
        let (mut swept, mut seen) = (Vec::new(), 0);
        loop {
            type Figures = (u64, u64, u64, Vec<u64>);
            let ((entries, bytes, largest_user_bytes, due),): (Figures,) =
                self.link.query(&session, "count its entries", &read).await?;
            // The same people again, of whom nothing had expired: a clearing that began meanwhile will see to
            // them. One who had more than a batch comes again too.
            if due.is_empty() || (seen == 0 && due == swept) {
                return Ok(Usage { entries, bytes, largest_user_bytes });
            }
            (seen, _) = self.sweep(&session, &due).await?;
            swept = due;
        }
    }
}
