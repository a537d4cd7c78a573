//! Journeys: decided by the seed, and shaped as the scenario says.

mod dashboards;
mod moods;
mod shapes;

use super::super::testing::{ordinary, person, plan, scenario, stock, visitors};
use super::*;
use crate::workload::Person;
use serde_json::{Value as Json, json};

/// Visits of 8.5 pages, 40 s of thought between them; nobody comes back by design.
fn school() -> Json {
    let mut school = scenario(
        json!({
            "list": {"path": "/list", "filters": [{}, {"status": "sent"}, {"ordering": "title"}]},
            "report": {"path": "/reports/{report}"},
            "grade": {"method": "PATCH", "path": "/answers/{answer}",
                      "json": {"score": "{score}", "comment": "{mark}"}},
        }),
        json!({
            "teacher": {
                "users": 3,
                "session": {"pages": 8.5, "gap": "10m", "returns": 0.5},
                "think": {"mean": "40s", "shape": 0.7},
                "favourites": 1.0,
                "actions": {"list": 4, "report": 4, "grade": 1},
            },
        }),
    );
    school["values"] = json!({"score": {"random": [0, 100]}});
    school["people"] = json!({"relations": {
        "report": {"request": {"path": "/reports"}, "id": "/id"},
        "answer": {"request": {"path": "/answers"}, "id": "/id"},
    }});
    school
}

/// With something else in a key of the teachers.
fn teachers(key: &str, value: Json) -> Json {
    let mut school = school();
    school["roles"]["teacher"][key] = value;
    school
}

fn seeded(mut scenario: Json, seed: u64) -> Arc<Plan> {
    scenario["seed"] = json!(seed);
    plan(&scenario)
}

/// Teachers 0 to 5; the last may read and grade nothing.
fn staff(plan: &Plan) -> Population {
    let teacher = |index: usize| -> Person {
        let mut teacher = person(plan, 0, &format!("teacher-{index}"), &[]);
        if index < 5 {
            for (kind, step) in [("report", 100), ("answer", 1_000)] {
                let items = (0..10).map(|n| crate::workload::Item::plain((index * step + n).to_string()));
                teacher.stocks[usize::from(stock(plan, kind))] = items.collect();
            }
        }
        teacher
    };
    Population::new((0..6).map(teacher).collect(), plan)
}

/// Nobody remembers anything.
fn nothing(_: u32, _: u16) -> bool {
    false
}

/// So many steps of a place in an ordinary hour.
fn steps(plan: &Arc<Plan>, place: u32, people: &[u32], n: usize) -> Vec<Step> {
    let (population, mood) = (staff(plan), ordinary(plan));
    let around = Around { population: &population, mood: &mood, knows: &nothing };
    let mut journey = Journey::new(Arc::clone(plan), 0, place, people.to_vec());
    (0..n).map(|_| journey.next(&around)).collect()
}

/// Steps of a place whose people own nothing.
fn walk(plan: &Arc<Plan>, people: usize, mood: &Mood, n: usize) -> Vec<Step> {
    let population = visitors(plan, people);
    let around = Around { population: &population, mood, knows: &nothing };
    let everybody = population.of_role(0).to_vec();
    let mut journey = Journey::new(Arc::clone(plan), 0, 0, everybody);
    (0..n).map(|_| journey.next(&around)).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn waits(steps: &[Step]) -> Vec<f64> {
    steps.iter().map(|step| step.wait.as_secs_f64()).collect()
}

fn share(steps: &[Step], what: impl Fn(&Step) -> bool) -> f64 {
    steps.iter().filter(|step| what(step)).count() as f64 / steps.len() as f64
}

#[test]
fn the_same_seed_takes_the_same_steps() {
    let (first, again) = (seeded(school(), 7), seeded(school(), 7));
    assert_eq!(steps(&first, 2, &[0, 1, 2], 2_000), steps(&again, 2, &[0, 1, 2], 2_000));
}

#[test]
fn another_seed_or_another_place_takes_other_steps() {
    let seven = seeded(school(), 7);
    let here = steps(&seven, 0, &[0, 1, 2], 50);
    for other in [steps(&seeded(school(), 8), 0, &[0, 1, 2], 50), steps(&seven, 1, &[0, 1, 2], 50)] {
        let same = here.iter().zip(&other).filter(|(a, b)| a.wait == b.wait).count();
        assert!(same < 5, "{same} of 50 waits are the same");
        assert_ne!(here, other);
    }
}

#[test]
fn only_what_a_person_can_do_is_chosen() {
    let plan = seeded(school(), 11);
    let able = steps(&plan, 0, &[2], 3_000);
    for action in 0..3 {
        let share = share(&able, |step| step.action == action);
        let expected = [4.0, 4.0, 1.0][usize::from(action)] / 9.0;
        assert!((share - expected).abs() < 0.03, "action {action}: {share}");
    }
    // The person without reports and answers is left with the list.
    assert!(steps(&plan, 0, &[5], 1_000).iter().all(|step| step.action == 0));
}

#[test]
fn placeholders_are_drawn_from_what_the_person_may_touch() {
    let plan = seeded(school(), 13);
    let drawn = steps(&plan, 0, &[1, 2], 5_000);
    let (reports, answers) = (stock(&plan, "report"), stock(&plan, "answer"));
    let mut marks = std::collections::BTreeSet::new();
    for step in &drawn {
        match step.action {
            0 => assert_eq!(step.draw.items, []),
            1 => {
                assert!(step.draw.item(reports).is_some_and(|at| at < 10));
                assert_eq!((step.draw.items.len(), &step.draw.mark), (1, &None));
            }
            _ => {
                assert!(step.draw.item(answers).is_some_and(|at| at < 10));
                let score: i64 = step.draw.values[0].1.parse().unwrap();
                assert!((0..=100).contains(&score));
                let mark = step.draw.mark.clone().unwrap();
                assert!(marks.insert(mark.clone()), "{mark} came twice");
            }
        }
    }
    let of = |kind: u16, item: u32| drawn.iter().filter(|step| step.draw.item(kind) == Some(item)).count();
    let (first, last) = (of(reports, 0), of(reports, 9));
    assert!(first > 3 * last && last > 0, "favourites: {first} first against {last} last");
    // What people write does not follow what they like to read.
    let (first, last) = (of(answers, 0), of(answers, 9));
    assert!(first < 2 * last && last < 2 * first, "{first} against {last}");
    let filter = |at: u16| drawn.iter().filter(|step| step.action == 0 && step.draw.filter == at).count();
    assert!(filter(0) > filter(1) && filter(1) > filter(2) && filter(2) > 0);
}

#[test]
fn people_are_found_in_the_middle_of_what_they_do() {
    let plan = seeded(school(), 17);
    let first: Vec<f64> = (0..200).map(|place| steps(&plan, place, &[0], 1)[0].wait.as_secs_f64()).collect();
    let mean = mean(&first);
    assert!((10.0..35.0).contains(&mean), "the first wait is part of a pause: {mean} s on average");
}

#[test]
fn a_read_that_needs_a_capture_waits_until_it_is_known() {
    let mut scenario = scenario(
        json!({
            "list": {"path": "/list", "capture": {"first": {"json": "/results/0/id"}}},
            "show": {"path": "/show/{first}"},
            "edit": {"method": "PUT", "path": "/show/{first}"},
        }),
        json!({"visitor": {
            "users": 1,
            "session": {"pages": 3.0},
            "actions": {"list": 1, "show": 1, "edit": 1},
            "dashboard": {"action": "show", "every": "10s"},
            "burst": {"action": "edit", "size": 3.0, "think": "1s", "chance": 0.5},
        }}),
    );
    scenario["seed"] = json!(3);
    let plan = plan(&scenario);
    let (population, mood) = (visitors(&plan, 2), ordinary(&plan));
    let known = std::cell::Cell::new(false);
    let knows = |person: u32, capture: u16| {
        assert_eq!(capture, 0);
        // Only the second visitor learns it.
        known.get() && person == 1
    };
    let around = Around { population: &population, mood: &mood, knows: &knows };
    let mut journey = Journey::new(Arc::clone(&plan), 0, 0, vec![0, 1]);
    for _ in 0..500 {
        assert_eq!(journey.next(&around).action, 0, "nobody knows it yet");
    }
    known.set(true);
    let steps: Vec<Step> = (0..2_000).map(|_| journey.next(&around)).collect();
    for action in 1..3 {
        assert!(steps.iter().any(|step| step.action == action && step.person == 1));
        assert!(
            !steps.iter().any(|step| step.action == action && step.person == 0),
            "visitor 0 never learns it"
        );
    }
}

#[test]
fn counters_never_collide_over_places() {
    let mut scenario = scenario(
        json!({"new": {"method": "POST", "path": "/new/{number}"}, "list": {"path": "/list"}}),
        json!({
            "teacher": {"users": 3, "actions": {"new": 1}},
            "parent": {"users": 2, "actions": {"new": 1, "list": 1}},
        }),
    );
    scenario["values"] = json!({"number": {"counter": 1_000}});
    let plan = plan(&scenario);
    let people = (0..5).map(|at| person(&plan, u16::from(at > 2), &format!("p{at}"), &[])).collect();
    let (population, mood) = (Population::new(people, &plan), ordinary(&plan));
    let around = Around { population: &population, mood: &mood, knows: &nothing };
    let mut numbers = std::collections::BTreeSet::new();
    for (role, places) in [(0, 3), (1, 2)] {
        for place in 0..places {
            let people = population.at_place(role, place as usize);
            let mut journey = Journey::new(Arc::clone(&plan), role, place, people);
            for step in (0..200).map(|_| journey.next(&around)).filter(|step| step.action == 0) {
                let number: u64 = step.draw.values[0].1.parse().unwrap();
                assert!(number >= 1_000);
                assert!(numbers.insert(number), "{number} came twice");
            }
        }
    }
    assert!(numbers.len() > 700, "{}", numbers.len());
    assert!(numbers.contains(&1_000), "the first number is used");
}

#[test]
fn a_page_is_the_one_before_as_often_as_declared() {
    let mut scenario = teachers("again", json!(0.3));
    scenario["roles"]["teacher"]["session"]["pages"] = json!(1_000.0);
    let plan = seeded(scenario, 23);
    let all = steps(&plan, 0, &[0], 20_000);
    let reads: Vec<&Step> = all.iter().filter(|step| plan.action(step.action).read).collect();
    let repeats =
        |at: usize| (reads[at].action, &reads[at].draw) == (reads[at - 1].action, &reads[at - 1].draw);
    let repeated = (1..reads.len()).filter(|at| repeats(*at)).count() as f64 / (reads.len() - 1) as f64;
    // 30 % of all pages repeat the read before, and the others are 8/9 reads; what is drawn
    // anew happens to be the same too, by favourites.
    let never = steps(&seeded(teachers("again", json!(0.0)), 23), 0, &[0], 20_000);
    let never: Vec<&Step> = never.iter().filter(|step| plan.action(step.action).read).collect();
    let by_chance = never
        .windows(2)
        .filter(|pair| (pair[0].action, &pair[0].draw) == (pair[1].action, &pair[1].draw))
        .count() as f64
        / (never.len() - 1) as f64;
    let by_design = 0.3 / (0.3 + 0.7 * 8.0 / 9.0);
    let expected = by_design + (1.0 - by_design) * by_chance;
    assert!((repeated - expected).abs() < 0.02, "{repeated} instead of {expected}");
    assert!(by_chance < 0.25);
    // A write is never repeated.
    let mut marks: Vec<&String> = all.iter().filter_map(|step| step.draw.mark.as_ref()).collect();
    let writes = marks.len();
    marks.sort_unstable();
    marks.dedup();
    assert_eq!(marks.len(), writes);
}
