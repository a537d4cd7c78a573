//! What kind of hour it is.

use super::*;

#[test]
fn twice_the_pace_halves_all_waits() {
    let plan = seeded(school(), 43);
    let calm = ordinary(&plan);
    let mut hurried = calm.clone();
    hurried.pace = 2.0;
    let (calm, hurried) = (walk(&plan, 1, &calm, 5_000), walk(&plan, 1, &hurried, 5_000));
    for (calm, hurried) in calm.iter().zip(&hurried) {
        assert_eq!((calm.action, &calm.draw), (hurried.action, &hurried.draw), "the same pages");
        if calm.wait < LONGEST {
            let (calm, hurried) = (calm.wait.as_secs_f64(), hurried.wait.as_secs_f64());
            assert!((calm / 2.0 - hurried).abs() < 1e-6, "{calm} s and {hurried} s");
        }
    }
}

#[test]
fn twice_the_pace_halves_the_pauses_in_a_row_of_writes() {
    let mut scenario =
        teachers("burst", json!({"action": "grade", "size": 50, "think": "5s", "chance": 1.0}));
    scenario["roles"]["teacher"]["session"]["pages"] = json!(10_000.0);
    let plan = seeded(scenario, 43);
    let population = staff(&plan);
    let mut mood = ordinary(&plan);
    let mut waits = |pace: f64| {
        mood.pace = pace;
        let around = Around { population: &population, mood: &mood, knows: &nothing };
        let mut journey = Journey::new(Arc::clone(&plan), 0, 0, vec![0]);
        (0..1_000).map(|_| journey.next(&around).wait.as_secs_f64()).sum::<f64>()
    };
    let (calm, hurried) = (waits(1.0), waits(2.0));
    assert!((calm / hurried - 2.0).abs() < 1e-3, "{calm} s and {hurried} s");
}

#[test]
fn a_mood_weighs_actions_anew() {
    let plan = seeded(school(), 47);
    let population = staff(&plan);
    let taken = |weights: Vec<f64>| {
        let mood = Mood { weights, ..ordinary(&plan) };
        let around = Around { population: &population, mood: &mood, knows: &nothing };
        let mut journey = Journey::new(Arc::clone(&plan), 0, 0, vec![0]);
        let steps: Vec<Step> = (0..5_000).map(|_| journey.next(&around)).collect();
        [0, 1, 2].map(|action| share(&steps, |step| step.action == action))
    };
    for (weights, expected) in [
        (vec![1.0, 1.0, 10.0], [4.0 / 18.0, 4.0 / 18.0, 10.0 / 18.0]),
        (vec![0.0, 1.0, 1.0], [0.0, 0.8, 0.2]),
        // An hour in which a role would do nothing is one in which it does as always.
        (vec![0.0, 0.0, 0.0], [4.0 / 9.0, 4.0 / 9.0, 1.0 / 9.0]),
        // What a mood does not speak of is as always.
        (vec![], [4.0 / 9.0, 4.0 / 9.0, 1.0 / 9.0]),
    ] {
        let found = taken(weights.clone());
        for (found, expected) in found.iter().zip(expected) {
            assert!((found - expected).abs() < 0.025, "{weights:?}: {found} instead of {expected}");
        }
    }
    assert!(taken(vec![0.0, 1.0, 1.0])[0] < f64::EPSILON, "what weighs nothing is never done");
}

#[test]
fn a_mood_makes_rows_of_writes_more_usual_or_none() {
    let mut scenario =
        teachers("burst", json!({"action": "grade", "size": 1, "think": "5s", "chance": 0.05}));
    scenario["roles"]["teacher"]["actions"] = json!({"list": 1});
    scenario["roles"]["teacher"]["session"]["pages"] = json!(10_000.0);
    let plan = seeded(scenario, 53);
    let population = staff(&plan);
    for (factor, expected) in [(1.0, 0.05), (10.0, 0.5), (0.0, 0.0), (100.0, 1.0)] {
        let mood = Mood { weights: vec![1.0, 1.0, factor], ..ordinary(&plan) };
        let around = Around { population: &population, mood: &mood, knows: &nothing };
        let mut journey = Journey::new(Arc::clone(&plan), 0, 0, vec![0]);
        let steps: Vec<Step> = (0..8_000).map(|_| journey.next(&around)).collect();
        let rows = share(&steps, |step| step.action == 2);
        assert!((rows - expected).abs() < 0.02, "{factor}: {rows} instead of {expected}");
    }
}
