//! Plans and people for the tests of what is made of them.

use super::{Item, Person, Population};
use crate::plan::{Changes, Mood, Plan, resolve};
use crate::scenario::{Scenario, Source};
use serde_json::{Value, json};
use std::sync::Arc;

/// A scenario, which may be changed before it is resolved.
pub(crate) fn scenario(actions: Value, roles: Value) -> Value {
    json!({
        "scenario": "people",
        "seed": 1,
        "target": {"embedded": {"size": "small"}},
        "actions": actions,
        "roles": roles,
        "phases": [{"kind": "steady", "duration": "10s"}],
    })
}

/// The plan of a scenario.
pub(crate) fn plan(scenario: &Value) -> Arc<Plan> {
    let source = Source::new("people.yaml", "");
    let scenario: Scenario =
        serde_json::from_value(scenario.clone()).unwrap_or_else(|error| panic!("{error}"));
    Arc::new(resolve(scenario, &source, &Changes::default()).unwrap_or_else(|error| panic!("{error}")))
}

/// Index of a stock by its name.
pub(crate) fn stock(plan: &Plan, name: &str) -> u16 {
    (0..).zip(&plan.people.stocks).find(|(_, stock)| stock.name == name).expect("a stock of this name").0
}

/// Index of an action by its name.
pub(crate) fn action(plan: &Plan, name: &str) -> u16 {
    (0..).zip(&plan.actions).find(|(_, action)| action.name == name).expect("an action of this name").0
}

/// Somebody with plain things by the name of their stock.
pub(crate) fn person(plan: &Plan, role: u16, name: &str, owns: &[(&str, &[&str])]) -> Person {
    let mut stocks = vec![Vec::new(); plan.people.stocks.len()];
    stocks[0] = vec![Item::plain(name)];
    for (kind, values) in owns {
        stocks[usize::from(stock(plan, kind))] = values.iter().map(|value| Item::plain(*value)).collect();
    }
    Person { index: 0, role, stocks }
}

/// A thing with fields, which belongs to another.
pub(crate) fn item(value: &str, fields: &[&str], of: u32) -> Item {
    Item { value: value.into(), fields: fields.iter().map(|field| (*field).into()).collect(), of }
}

/// Visitors without a name who own nothing: `n` of the first role.
pub(crate) fn visitors(plan: &Plan, n: usize) -> Population {
    Population::new((0..n).map(|at| person(plan, 0, &format!("visitor-{at}"), &[])).collect(), plan)
}

/// An ordinary hour.
pub(crate) fn ordinary(plan: &Plan) -> Mood {
    Mood::ordinary(plan.roles.iter().map(|role| role.users).collect(), plan.actions.len())
}
