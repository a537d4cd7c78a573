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

/// Teachers, parents and a clerk of a school: parents have children, whose reports belong to
/// them, and look at the list and the report when a teacher grades.
pub(crate) fn school() -> Value {
    let mut school = scenario(
        json!({
            "list": {"path": "/reports"},
            "report": {"path": "/children/{child}/reports/{report}"},
            "any_report": {"path": "/reports/{report}"},
            "grade": {
                "method": "PATCH", "path": "/answers/{answer}",
                "json": {"score": "{score}", "comment": "{mark}"},
                "changes": [
                    {"for": {"child": "{answer.student}"}, "actions": ["list"]},
                    {"for": {"child": "{answer.student}"}, "actions": ["report", "any_report"],
                     "where": {"report.type": ["progress"], "report.student": ["{answer.student}"]}},
                ],
            },
        }),
        json!({
            "teacher": {"users": 1, "actions": {"list": 1, "grade": 1},
                        "reacts": {"to": "grade", "with": ["list"], "within": "1m"}},
            "parent": {"users": 2, "actions": {"list": 1, "report": 1},
                       "reacts": {"to": "grade", "with": ["list", "report"], "within": "10m", "chance": 1.0}},
            "clerk": {"users": 1, "actions": {"list": 1}},
        }),
    );
    school["values"] = json!({"score": {"random": [0, 100]}});
    school["people"] = json!({"relations": {
        "child": {"request": {"path": "/children"}, "id": "/id"},
        "report": {"request": {"path": "/children/{child}/reports"}, "id": "/id",
                   "with": {"type": "/type", "student": "/student"}},
        "answer": {"request": {"path": "/answers"}, "id": "/id", "with": {"student": "/student"}},
    }});
    school
}

/// The people of [`school`]: a teacher (0) with two answers, of students s1 and s2; a parent
/// (1) of s1 and s2, one (2) of s2 and s3, one (3) of s3; a clerk (4) who has s1 on file.
pub(crate) fn community(plan: &Plan) -> Population {
    let [children, reports, answers] =
        ["child", "report", "answer"].map(|name| usize::from(stock(plan, name)));
    let mut teacher = person(plan, 0, "teacher", &[]);
    teacher.stocks[answers] = vec![item("a1", &["s1"], 0), item("a2", &["s2"], 0)];
    let parent = |name: &str, students: &[&str]| {
        let mut parent = person(plan, 1, name, &[("child", students)]);
        // Each child has three reports, the second of which shows grades.
        for (at, student) in (0..).zip(students) {
            for kind in ["plan", "progress", "letter"] {
                parent.stocks[reports].push(item(&format!("{student}-{kind}"), &[kind, student], at));
            }
        }
        parent
    };
    let mut clerk = person(plan, 2, "clerk", &[]);
    clerk.stocks[children] = vec![item("s1", &[], 0)];
    let all =
        vec![teacher, parent("p1", &["s1", "s2"]), parent("p2", &["s2", "s3"]), parent("p3", &["s3"]), clerk];
    Population::new(all, plan)
}
