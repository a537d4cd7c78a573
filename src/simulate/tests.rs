//! Streams that can be counted by hand, and what follows from them.

mod conclusions;
mod streams;

use crate::plan::Plan;
use crate::workload::testing::{item, plan};
use crate::workload::{Item, Person, Population};
use serde_json::{Value, json};

/// Readers of one page, ten seconds of thought between two reads, all day long; ten minutes.
fn readers() -> Value {
    json!({
        "scenario": "simulated",
        "seed": 1,
        "target": {"url": "http://127.0.0.1:1", "writes": true},
        "actions": {"page": {"path": "/page/"}},
        "cache": {"ttl": "60s"},
        "roles": {"reader": busy(1, "page", "10s")},
        "phases": [{"kind": "steady", "duration": "10m"}],
    })
}

/// A role that does one thing, always after the same time.
fn busy(users: u32, action: &str, every: &str) -> Value {
    json!({
        "users": users,
        "session": {"pages": 10_000, "gap": "1s", "returns": 1.0},
        "think": {"distribution": "constant", "mean": every},
        "actions": {action: 1},
        "browser": false,
    })
}

/// Readers of whom each has a page of their own, and an editor who writes it every 35 seconds.
fn edited() -> Value {
    let mut scenario = readers();
    scenario["cache"]["ttl"] = json!("1h");
    scenario["roles"]["editor"] = busy(1, "write", "35s");
    scenario["people"] = json!({"relations": {
        "article": {"request": {"path": "/articles"}, "id": "/id", "with": {"kind": "/kind"}},
    }});
    scenario["actions"] = json!({
        "page": {"path": "/articles/{article}"},
        "write": {
            "method": "PUT",
            "path": "/articles/{article}",
            "changes": [{"for": {"article": "{article}"}, "actions": ["page"],
                         "where": {"article": ["{article}"]}}],
        },
    });
    scenario
}

/// So many people of each role; `owns`: the articles of everybody, with their kinds.
fn people(plan: &Plan, of_each: usize, owns: &[(&str, &str)]) -> Population {
    let article = plan.people.stocks.iter().position(|stock| stock.name == "article");
    let person = |role: usize, at: usize| {
        let mut stocks = vec![Vec::new(); plan.people.stocks.len()];
        stocks[0] = vec![Item::plain(format!("{}-{at}", plan.roles[role].name))];
        if let Some(article) = article {
            stocks[article] = owns.iter().map(|(id, kind)| item(id, &[kind], 0)).collect();
        }
        Person { index: 0, role: u16::try_from(role).unwrap(), stocks }
    };
    let all = (0..plan.roles.len()).flat_map(|role| (0..of_each).map(move |at| (role, at)));
    Population::new(all.map(|(role, at)| person(role, at)).collect(), plan)
}
