//! Who is where, and whom a change concerns.

use super::super::testing::{action, community, person, plan, scenario, school, stock};
use super::*;
use serde_json::json;
use std::collections::BTreeSet;

#[test]
fn the_people_of_a_role_are_shared_out_over_its_places() {
    let plan = plan(&scenario(
        json!({"list": {"path": "/list"}}),
        json!({"a": {"users": 3, "actions": {"list": 1}}, "b": {"users": 4, "actions": {"list": 1}}}),
    ));
    let people = (0..20).map(|at| person(&plan, u16::from(at % 3 == 0), &format!("p{at}"), &[])).collect();
    let population = Population::new(people, &plan);
    for (role, places) in [(0, 3), (1, 4)] {
        let mut seen = BTreeSet::new();
        for place in 0..places {
            let here = population.at_place(role, place);
            assert!(!here.is_empty());
            for person in &here {
                assert_eq!(usize::from(population.person(*person).role), role);
                assert_eq!(population.place_of(*person), place, "their letters come where they are");
                assert!(seen.insert(*person), "{person} is in two places");
            }
        }
        assert_eq!(seen, population.of_role(role).iter().copied().collect(), "everybody has a place");
    }
    assert_eq!((population.len(), population.is_empty()), (20, false));
}

fn grading(answer: u32, plan: &Plan) -> Draw {
    Draw { items: vec![(stock(plan, "answer"), answer)], ..Draw::default() }
}

#[test]
fn a_change_concerns_those_who_own_its_value() {
    let plan = plan(&school());
    let population = community(&plan);
    let change = &plan.action(action(&plan, "grade")).changes[0];
    // Answer 0 is of student s1, answer 1 of s2.
    assert_eq!(population.audience(&plan, change, 0, &grading(0, &plan)), [1, 4]);
    assert_eq!(population.audience(&plan, change, 0, &grading(1, &plan)), [1, 2]);
}

#[test]
fn two_owners_lists_intersect_and_none_is_everybody() {
    let mut scenario = school();
    scenario["actions"]["grade"]["changes"] = json!([
        {"for": {"child": "{answer.student}", "username": "p2"}, "actions": ["list"]},
        {"for": {"child": "{answer.student}", "report": "s1-plan"}, "actions": ["list"]},
        {"for": {"username": "{username}"}, "actions": ["list"]},
        {"actions": ["list"]},
        {"for": {"child": "nobody's"}, "actions": ["list"]},
    ]);
    let plan = plan(&scenario);
    let population = community(&plan);
    let of = |at: usize| {
        population.audience(&plan, &plan.action(action(&plan, "grade")).changes[at], 0, &grading(1, &plan))
    };
    assert_eq!(of(0), [2]);
    assert_eq!(of(1), [1]);
    assert_eq!(of(2), [0], "the writer's own");
    assert_eq!(of(3), [0, 1, 2, 3, 4]);
    assert_eq!(of(4), [0; 0]);
}

#[test]
fn somebody_who_owns_a_value_twice_is_concerned_once() {
    let plan = plan(&school());
    let mut people: Vec<Person> = community(&plan).people().to_vec();
    people[2] = person(&plan, 1, "p2", &[("child", &["s1", "s2", "s1"])]);
    let population = Population::new(people, &plan);
    let change = &plan.action(action(&plan, "grade")).changes[0];
    assert_eq!(population.audience(&plan, change, 0, &grading(0, &plan)), [1, 2, 4]);
}

#[test]
fn a_read_fits_where_what_was_drawn_has_one_of_the_values() {
    let plan = plan(&school());
    let population = community(&plan);
    let conditions = &plan.action(action(&plan, "grade")).changes[1].conditions;
    let (wrote, report) = (grading(1, &plan), stock(&plan, "report"));
    let writer = Fill::new(&plan, population.person(0), &wrote, &NOTHING_NOTED);
    let fits = |items: Vec<(u16, u32)>| {
        let read = Draw { items, ..Draw::default() };
        Population::fits(&Fill::new(&plan, population.person(1), &read, &NOTHING_NOTED), conditions, &writer)
    };
    // Of s1: plan, progress, letter; then of s2. The answer is of s2.
    let fitting: Vec<u32> = (0..6).filter(|at| fits(vec![(report, *at)])).collect();
    assert_eq!(fitting, [4]);
    assert!(fits(vec![]), "a condition on what was not drawn does not hold it back");
}

#[test]
fn somebody_is_able_if_there_is_something_they_can_begin_with() {
    let mut scenario = school();
    scenario["actions"]["list"]["capture"] = json!({"first": {"json": "/0"}});
    scenario["actions"]["next"] = json!({"path": "/next/{first}"});
    scenario["roles"]["parent"]["actions"] = json!({"report": 1, "next": 1});
    let plan = plan(&scenario);
    let with = |children: &[&str]| {
        let mut parent = person(&plan, 1, "p", &[("child", children)]);
        parent.stocks[usize::from(stock(&plan, "report"))] = vec![Item::plain("r")];
        parent.is_able(&plan)
    };
    assert!(with(&["c"]));
    assert!(!with(&[]), "what needs a capture is nothing to begin with");
}
