//! Draws: by Zipf's law, of what belongs together.

use super::super::testing::{action, community, item, person, plan, scenario, school, stock};
use super::*;
use crate::workload::Population;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::collections::BTreeSet;

fn dice() -> ChaCha8Rng {
    ChaCha8Rng::seed_from_u64(5)
}

#[test]
fn ranks_follow_zipfs_law() {
    const N: usize = 40_000;
    let mut dice = dice();
    for exponent in [0.0, 0.8, 1.0, 1.5] {
        let mut counts = [0_u32; 10];
        for _ in 0..N {
            counts[rank(&mut dice, 10, exponent)] += 1;
        }
        let weight = |at: usize| ((at + 1) as f64).powf(-exponent);
        let all: f64 = (0..10).map(weight).sum();
        for (at, count) in counts.iter().enumerate() {
            let (found, expected) = (f64::from(*count) / N as f64, weight(at) / all);
            // Four standard errors of a share.
            let error = 4.0 * (expected * (1.0 - expected) / N as f64).sqrt();
            assert!((found - expected).abs() < error, "{exponent}, rank {at}: {found} instead of {expected}");
        }
    }
}

#[test]
fn one_thing_costs_no_random_number() {
    let (mut used, mut fresh) = (dice(), dice());
    assert_eq!((rank(&mut used, 1, 1.0), rank(&mut used, 0, 1.0)), (0, 0));
    assert_eq!(used.random::<u64>(), fresh.random::<u64>());
}

#[test]
fn items_of_a_relation_that_belongs_to_another_come_from_the_parent_that_was_drawn() {
    let plan = plan(&school());
    let population = community(&plan);
    let (child, report) = (stock(&plan, "child"), stock(&plan, "report"));
    let stocks = &plan.action(action(&plan, "report")).draws.stocks;
    assert_eq!(stocks, &[child, report], "the child is drawn first");
    let parent = population.person(1);
    let mut dice = dice();
    let mut seen = BTreeSet::new();
    for _ in 0..500 {
        let drawn = items(&mut dice, &plan, parent, stocks, 0.5);
        let [(_, of), (_, at)] = drawn.as_slice() else { panic!("{drawn:?}") };
        assert_eq!(parent.stock(report)[*at as usize].of, *of);
        seen.insert((*of, *at));
    }
    assert_eq!(seen.len(), 6, "each child's reports are drawn: {seen:?}");
    // Alone, it comes from all of them.
    let alone: BTreeSet<u32> =
        (0..500).map(|_| items(&mut dice, &plan, parent, &[report], 0.5)[0].1).collect();
    assert_eq!(alone.len(), 6);
}

#[test]
fn a_parent_item_without_children_gives_way_to_one_that_has_some() {
    let plan = plan(&school());
    let (child, report) = (stock(&plan, "child"), stock(&plan, "report"));
    let mut parent = person(&plan, 1, "p", &[("child", &["none", "some"])]);
    parent.stocks[usize::from(report)] = vec![item("r", &["plan", "some"], 1)];
    let mut dice = dice();
    for _ in 0..50 {
        let drawn = items(&mut dice, &plan, &parent, &[child, report], 1.0);
        assert_eq!(drawn, [(child, 1), (report, 0)], "never a report below another child");
    }
}

#[test]
fn what_nobody_owns_is_not_drawn() {
    let plan = plan(&school());
    let population = community(&plan);
    let teacher = population.person(0);
    assert_eq!(items(&mut dice(), &plan, teacher, &[stock(&plan, "child")], 1.0), []);
    assert!(!teacher.can(&plan, action(&plan, "report")));
    assert!(teacher.can(&plan, action(&plan, "grade")));
}

#[test]
fn values_are_drawn_as_they_are_declared() {
    let mut scenario = scenario(
        json!({"list": {"path": "/list"}}),
        json!({"visitor": {"users": 1, "actions": {"list": 1}}}),
    );
    scenario["values"] = json!({
        "score": {"random": [-1, 1]},
        "page": {"zipf": {"from": 1, "to": 50, "exponent": 1.0}},
        "serial": {"counter": 7},
        "colour": {"one_of": ["red", 3, true]},
    });
    // `page` means something else already.
    scenario["values"].as_object_mut().unwrap().remove("page");
    scenario["values"]["sheet"] = json!({"zipf": {"from": 1, "to": 50, "exponent": 1.0}});
    let plan = plan(&scenario);
    let at = |name: &str| plan.values.iter().position(|value| value.name == name).unwrap() as u16;
    let mut dice = dice();
    let mut all = |name: &str| -> Vec<String> {
        (0..2_000).map(|serial| value(&mut dice, &plan, at(name), serial)).collect()
    };
    let set = |drawn: Vec<String>| drawn.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(set(all("score")), ["-1", "0", "1"].map(String::from).into());
    assert_eq!(set(all("colour")), ["red", "3", "true"].map(String::from).into());
    assert_eq!(all("serial")[..3], ["7", "8", "9"]);
    let sheets = all("sheet");
    let of = |sheet: &str| sheets.iter().filter(|drawn| *drawn == sheet).count();
    assert!(of("1") > of("2") && of("2") > of("10") && of("0") + of("51") == 0);
    // 1/H(50) = 0.222 of them.
    assert!((350..550).contains(&of("1")), "{}", of("1"));
}

#[test]
fn placeholders_are_filled_from_what_is_there() {
    let mut scenario = school();
    scenario["actions"]["list"]["capture"] = json!({"tag": {"header": "ETag"}});
    let plan = plan(&scenario);
    let population = community(&plan);
    let parent = population.person(1);
    let report = stock(&plan, "report");
    let draw =
        Draw { items: vec![(report, 4)], values: vec![(0, "77".into())], mark: Some("m".into()), filter: 0 };
    let mut notes = Notes::default();
    let hole =
        |notes: &Notes, hole: Hole| Fill::new(&plan, parent, &draw, notes).hole(hole).map(Cow::into_owned);
    for (place, expected) in [
        (Hole::Stock(0), Some("p1")),
        (Hole::Stock(report), Some("s2-progress")),
        (Hole::Field(report, 0), Some("progress")),
        (Hole::Field(report, 9), None),
        // Two children, and none was drawn.
        (Hole::Stock(stock(&plan, "child")), None),
        (Hole::Value(0), Some("77")),
        (Hole::Mark, Some("m")),
        (Hole::Role, Some("parent")),
        (Hole::Capture(0), None),
        (Hole::Password, None),
        (Hole::Page, None),
    ] {
        assert_eq!(hole(&notes, place).as_deref(), expected, "{place:?}");
    }
    notes.set(0, "\"v1\"".into());
    notes.set(0, "\"v2\"".into());
    assert_eq!(hole(&notes, Hole::Capture(0)).as_deref(), Some("\"v2\""), "what was captured last");
    let given = [(Hole::Password, "secret"), (Hole::Mark, "another")];
    let fill = Fill { given: &given, ..Fill::new(&plan, parent, &draw, &notes) };
    assert_eq!(fill.hole(Hole::Password).as_deref(), Some("secret"));
    assert_eq!(fill.hole(Hole::Mark).as_deref(), Some("another"), "what is given goes before");
}

#[test]
fn a_draw_outside_of_any_journey_fills_the_whole_request() {
    let mut scenario = school();
    scenario["values"]["serial"] = json!({"counter": 1});
    scenario["actions"]["list"]["query"] = json!({"n": "{serial}", "m": "{mark}", "s": "{score}"});
    let plan = plan(&scenario);
    let population: Population = community(&plan);
    let list = plan.action(action(&plan, "list"));
    let mut dice = dice();
    let mut drawn = BTreeSet::new();
    for _ in 0..200 {
        let draw = apart(&mut dice, &plan, plan.role(1), population.person(1), list);
        assert_eq!(draw.values.len(), 2);
        let serial: u64 = draw
            .values
            .iter()
            .find(|(at, _)| plan.values[usize::from(*at)].name == "serial")
            .unwrap()
            .1
            .parse()
            .unwrap();
        assert!((1 << 44..1 << 53).contains(&serial), "beyond what places count to, and exact in JSON");
        assert!(drawn.insert(serial.to_string()) && drawn.insert(draw.mark.unwrap()));
    }
}

#[test]
fn the_only_thing_somebody_owns_fills_a_request_but_was_not_drawn_for_it() {
    let plan = plan(&school());
    let report = stock(&plan, "report");
    let mut parent = person(&plan, 1, "p", &[]);
    parent.stocks[usize::from(report)] = vec![item("7", &["letter"], 0)];
    let (nothing, drawn) = (Draw::default(), Draw { items: vec![(report, 0)], ..Draw::default() });
    let of = |draw| Fill::new(&plan, &parent, draw, &super::NOTHING_NOTED);
    for hole in [Hole::Stock(report), Hole::Field(report, 0)] {
        assert!(of(&nothing).hole(hole).is_some());
        assert_eq!(of(&nothing).drawn(hole), None, "a list names no report");
        assert_eq!(of(&drawn).drawn(hole), of(&drawn).hole(hole));
    }
}
