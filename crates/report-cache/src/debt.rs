//! What this node still owes a store that it could not reach.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::key::ReportType;

/// Invalidations the store did not confirm. They are made good before this node reads from the store
/// again, so that nothing invalidated while it was away is served when it is back. Kept in memory: they
/// die with the process, and other nodes do not know of them; an [`Outbox`](crate::Outbox) outlives both.
#[derive(Debug, Default)]
pub(crate) struct Debt(Mutex<Ledger>);

#[derive(Debug, Default)]
struct Ledger {
    owed: Owed,
    /// Counts additions, so that one made during a settlement is not struck off with it.
    additions: u64,
}

/// What is owed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Owed {
    pub(crate) everything: bool,
    pub(crate) scopes: BTreeSet<(u64, ReportType)>,
    pub(crate) reports: BTreeSet<u64>,
}

/// Above this many scopes or reports, everything is owed instead.
const MANY: usize = 10_000;

impl Owed {
    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A settlement under way: which additions it covers.
#[derive(Debug)]
pub(crate) struct Settlement {
    pub(crate) owed: Owed,
    additions: u64,
}

impl Debt {
    pub(crate) fn owe_scopes(&self, scopes: &[(u64, ReportType)]) {
        self.owe(|owed| owed.scopes.extend(scopes));
    }

    pub(crate) fn owe_report(&self, report_id: u64) {
        self.owe(|owed| {
            owed.reports.insert(report_id);
        });
    }

    pub(crate) fn owe_everything(&self) {
        self.owe(|owed| owed.everything = true);
    }

    fn owe(&self, add: impl FnOnce(&mut Owed)) {
        let mut ledger = self.ledger();
        add(&mut ledger.owed);
        ledger.additions += 1;
        let owed = &mut ledger.owed;
        if owed.everything || owed.scopes.len().max(owed.reports.len()) > MANY {
            *owed = Owed { everything: true, ..Owed::default() };
        }
    }

    /// Whether anything is owed.
    pub(crate) fn is_due(&self) -> bool {
        !self.ledger().owed.is_empty()
    }

    /// What must be made good first; `None` when nothing is owed.
    pub(crate) fn due(&self) -> Option<Settlement> {
        let ledger = self.ledger();
        (!ledger.owed.is_empty())
            .then(|| Settlement { owed: ledger.owed.clone(), additions: ledger.additions })
    }

    /// Strikes off what was made good, unless more was added meanwhile: then all of it is done again.
    pub(crate) fn settled(&self, settlement: &Settlement) {
        let mut ledger = self.ledger();
        if ledger.additions == settlement.additions {
            ledger.owed = Owed::default();
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_added_during_a_settlement_stays_owed() {
        let debt = Debt::default();
        assert!(debt.due().is_none());
        debt.owe_scopes(&[(1, ReportType::Analytics)]);
        let first = debt.due().unwrap();
        debt.owe_scopes(&[(1, ReportType::Analytics)]);
        debt.settled(&first);
        let second = debt.due().expect("the write during the settlement is not covered by it");
        debt.settled(&second);
        assert!(debt.due().is_none());
    }

    #[test]
    fn a_long_outage_owes_everything_instead_of_a_list_without_end() {
        let debt = Debt::default();
        let scopes: Vec<_> = (0..=10_000).map(|user| (user, ReportType::Custom)).collect();
        debt.owe_scopes(&scopes);
        debt.owe_report(3);
        assert_eq!(debt.due().unwrap().owed, Owed { everything: true, ..Owed::default() });
    }
}
