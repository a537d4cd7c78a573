//! What people do, resolved.

use super::{Hole, RequestPlan, Template};
use crate::scenario::Capture;

/// A request that people make.
#[derive(Clone, Debug)]
pub struct ActionPlan {
    /// Name in labels.
    pub name: String,
    /// The request.
    pub request: RequestPlan,
    /// Alternatives of further parameters; never empty, the first may be no parameter.
    pub filters: Vec<Vec<(String, Template)>>,
    /// What is remembered of the answer.
    pub captures: Vec<(u16, Capture)>,
    /// Whether it only reads.
    pub read: bool,
    /// Whether the cache is meant to serve it.
    pub cached: bool,
    /// What it changes.
    pub changes: Vec<ChangePlan>,
    /// JSON pointers to what differs although nothing was changed.
    pub volatile: Vec<String>,
    /// What must be drawn for it.
    pub draws: Draws,
}

/// What must be drawn to fill a request, each once, in a fixed order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draws {
    /// Stocks of the person; one that belongs to an item of another comes after it.
    pub stocks: Vec<u16>,
    /// Entries of `values`.
    pub values: Vec<u16>,
    /// Captures that must be there.
    pub captures: Vec<u16>,
    /// Whether it carries a mark.
    pub mark: bool,
}

impl Draws {
    /// What these placeholders need.
    pub fn of(holes: impl IntoIterator<Item = Hole>) -> Self {
        let mut draws = Self::default();
        for hole in holes {
            match hole {
                Hole::Stock(stock) | Hole::Field(stock, _) => draws.stocks.push(stock),
                Hole::Value(value) => draws.values.push(value),
                Hole::Capture(capture) => draws.captures.push(capture),
                Hole::Mark => draws.mark = true,
                Hole::Role | Hole::Page | Hole::Password => {}
            }
        }
        for list in [&mut draws.stocks, &mut draws.values, &mut draws.captures] {
            list.sort_unstable();
            list.dedup();
        }
        draws
    }
}

/// One thing that a write changes.
#[derive(Clone, Debug)]
pub struct ChangePlan {
    /// Who must see it: people whose stock holds this value; everybody where it is empty.
    pub audience: Vec<(u16, Template)>,
    /// The reads that show it, by index.
    pub actions: Vec<u16>,
    /// Only where the drawn item has one of these values.
    pub conditions: Vec<Condition>,
}

/// A condition on what was drawn for a request.
#[derive(Clone, Debug)]
pub struct Condition {
    /// The item or one of its fields.
    pub hole: Hole,
    /// One of these.
    pub values: Vec<Template>,
}
