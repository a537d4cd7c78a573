//! Who looks because of a write, when and at what.

use super::super::testing::{action, community, item, person, plan, school, stock};
use super::*;
use crate::workload::Item;
use serde_json::json;

/// The teacher grades the answer of s1 (0) or s2 (1), with a mark of its own.
fn grade(plan: &Plan, population: &Population, answer: u32, mark: usize) -> Vec<Reaction> {
    let draw = Draw {
        items: vec![(stock(plan, "answer"), answer)],
        mark: Some(format!("mark {mark}")),
        ..Draw::default()
    };
    reactions(plan, population, 0, action(plan, "grade"), &draw)
}

#[test]
fn those_whom_a_write_concerns_look_and_the_writer_does_not() {
    let plan = plan(&school());
    let mut people = community(&plan).people().to_vec();
    // The teacher has the student as well, and their role reacts.
    people[0].stocks[usize::from(stock(&plan, "child"))] = vec![Item::plain("s1")];
    let population = Population::new(people, &plan);
    let who = |answer| {
        let mut who: Vec<u32> =
            grade(&plan, &population, answer, 0).iter().map(|reaction| reaction.person).collect();
        who.dedup();
        who
    };
    assert_eq!(who(0), [1], "the clerk has s1 too, and does not react");
    assert_eq!(who(1), [1, 2]);
    let list = reactions(&plan, &population, 1, action(&plan, "list"), &Draw::default());
    assert_eq!(list, [], "nobody reacts to a read");
}

#[test]
fn they_read_in_order_the_item_that_shows_the_change() {
    let plan = plan(&school());
    let population = community(&plan);
    let (child, report) = (stock(&plan, "child"), stock(&plan, "report"));
    for mark in 0..50 {
        for (answer, shows) in [(0, "s1-progress"), (1, "s2-progress")] {
            let all = grade(&plan, &population, answer, mark);
            let parent: Vec<&Reaction> = all.iter().filter(|reaction| reaction.person == 1).collect();
            let [list, read] = parent.as_slice() else { panic!("{parent:?}") };
            assert_eq!((list.action, read.action), (action(&plan, "list"), action(&plan, "report")));
            assert!(list.after < read.after);
            let at = read.draw.item(report).unwrap();
            let found = &population.person(1).stock(report)[at as usize];
            assert_eq!(&*found.value, shows);
            assert_eq!(read.draw.item(child), Some(found.of), "below the child that it is of");
        }
    }
}

#[test]
fn who_has_nothing_that_shows_it_looks_at_something_else() {
    let plan = plan(&school());
    let (report, child) = (stock(&plan, "report"), stock(&plan, "child"));
    let mut people = community(&plan).people().to_vec();
    people[1].stocks[usize::from(report)] =
        vec![item("s1-plan", &["plan", "s1"], 0), item("s2-plan", &["plan", "s2"], 1)];
    // This one has no reports at all.
    people[2].stocks[usize::from(report)] = Vec::new();
    let population = Population::new(people, &plan);
    let all = grade(&plan, &population, 1, 0);
    let reads: Vec<(u32, u16)> = all.iter().map(|reaction| (reaction.person, reaction.action)).collect();
    let (list, read) = (action(&plan, "list"), action(&plan, "report"));
    assert_eq!(reads, [(1, list), (1, read), (2, list)]);
    let draw = &all[1].draw;
    assert_eq!(draw.item(child), draw.item(report), "one of their own, below its own child");
}

#[test]
fn a_reaction_is_a_whole_request() {
    let mut scenario = school();
    scenario["actions"]["list"]["query"] = json!({"trace": "{mark}", "top": "{score}"});
    let plan = plan(&scenario);
    let all = grade(&plan, &community(&plan), 0, 0);
    assert!(all[0].draw.mark.is_some());
    assert_eq!(all[0].draw.values.len(), 1);
}

/// Many parents of one student.
fn crowd(plan: &Plan, n: usize) -> Population {
    let mut people = community(plan).people().to_vec();
    people.truncate(1);
    people.extend((0..n).map(|at| person(plan, 1, &format!("p{at}"), &[("child", &["s1"])])));
    Population::new(people, plan)
}

#[test]
fn as_many_look_as_declared_after_the_declared_time() {
    let mut scenario = school();
    scenario["roles"]["parent"]["reacts"] =
        json!({"to": "grade", "with": ["list"], "within": "10m", "chance": 0.3});
    let plan = plan(&scenario);
    let population = crowd(&plan, 100);
    let all: Vec<Reaction> = (0..200).flat_map(|mark| grade(&plan, &population, 0, mark)).collect();
    let share = all.len() as f64 / 20_000.0;
    assert!((share - 0.3).abs() < 0.015, "{share} of them look");
    let mean = all.iter().map(|reaction| reaction.after.as_secs_f64()).sum::<f64>() / all.len() as f64;
    // An exponential spreads by its mean: a standard error of 1.3 % at 6,000.
    assert!((mean / 600.0 - 1.0).abs() < 0.05, "after {mean} s");
    let soon = all.iter().filter(|reaction| reaction.after.as_secs() < 600).count() as f64 / all.len() as f64;
    assert!((soon - 0.632).abs() < 0.03, "{soon} before the mean: without memory");
}

#[test]
fn nobody_looks_where_the_chance_is_none() {
    let mut scenario = school();
    scenario["roles"]["parent"]["reacts"]["chance"] = json!(0.0);
    let plan = plan(&scenario);
    assert_eq!(grade(&plan, &crowd(&plan, 50), 0, 0), []);
}

#[test]
fn one_write_moves_a_bounded_crowd() {
    let plan = plan(&school());
    let all = grade(&plan, &crowd(&plan, 1_000), 0, 0);
    let mut who: Vec<u32> = all.iter().map(|reaction| reaction.person).collect();
    who.dedup();
    assert_eq!(who.len(), CROWD);
}

#[test]
fn the_seed_and_the_write_decide_who_looks() {
    let mut scenario = school();
    scenario["roles"]["parent"]["reacts"]["chance"] = json!(0.5);
    let first = plan(&scenario);
    let population = crowd(&first, 50);
    assert_eq!(grade(&first, &population, 0, 1), grade(&first, &population, 0, 1));
    assert_ne!(grade(&first, &population, 0, 1), grade(&first, &population, 0, 2), "another write");
    scenario["seed"] = json!(2);
    let other = plan(&scenario);
    assert_ne!(grade(&first, &population, 0, 1), grade(&other, &population, 0, 1), "another seed");
}
