//! Who there is, resolved: people own stocks of items, and requests draw from them.

use super::RequestPlan;
use indexmap::IndexMap;

/// People and what they own.
#[derive(Clone, Debug, Default)]
pub struct PeoplePlan {
    /// Where they come from.
    pub origin: Origin,
    /// What each of them owns, by index. The first is always the username.
    pub stocks: Vec<StockPlan>,
}

/// Index of the stock that every person has: their username.
pub const USERNAME: u16 = 0;

/// Where people come from.
#[derive(Clone, Debug, Default)]
pub enum Origin {
    /// Nobody in particular: visitors without a name.
    #[default]
    Anonymous,
    /// A paged list that the target has, asked once a role.
    Asked {
        /// The request.
        request: Box<RequestPlan>,
        /// JSON pointer to the list.
        items: String,
        /// JSON pointer to the next page's address.
        next: Option<String>,
        /// Stocks and where their items are.
        each: Vec<(u16, String)>,
    },
    /// Listed, with their attributes.
    Listed(Vec<IndexMap<String, serde_json::Value>>),
}

/// One kind of thing that people own.
#[derive(Clone, Debug)]
pub struct StockPlan {
    /// Name in placeholders.
    pub name: String,
    /// Names of an item's fields, by index.
    pub fields: Vec<String>,
    /// How it is found out; `None` where it is an attribute that came with the person.
    pub relation: Option<RelationPlan>,
    /// The stock to whose items these belong.
    pub of: Option<u16>,
}

/// A list that the target tells each person.
#[derive(Clone, Debug)]
pub struct RelationPlan {
    /// The request.
    pub request: RequestPlan,
    /// JSON pointer to the list.
    pub items: String,
    /// JSON pointer to the value in an item.
    pub id: String,
    /// JSON pointers to the fields, in their order.
    pub fields: Vec<String>,
    /// So many at most.
    pub most: usize,
    /// Indices of the roles whose people are asked.
    pub roles: Vec<u16>,
}
