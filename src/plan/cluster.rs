//! Who counts as one when the spread between people is measured.

use super::USERNAME;
use crate::workload::Person;

/// The word for every person by themselves.
pub const PERSON: &str = "person";

/// What counts as independent of each other: people, or those who share a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClusterPlan {
    /// As the scenario calls it.
    pub name: String,
    /// Index of the stock whose first item tells the cluster; `None` for the person.
    pub stock: Option<u16>,
}

impl Default for ClusterPlan {
    fn default() -> Self {
        Self { name: PERSON.into(), stock: None }
    }
}

impl ClusterPlan {
    /// The label that a person shares with others of their cluster; `None` where they stand
    /// for themselves, because people do, or because they own no such value.
    pub fn label<'p>(&self, person: &'p Person) -> Option<&'p str> {
        let stock = self.stock.filter(|stock| *stock != USERNAME)?;
        person.stock(stock).first().map(|item| &*item.value)
    }
}
