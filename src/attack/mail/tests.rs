//! Letters: to the right place, in order, not before they are due.

use super::*;
use crate::workload::testing::{person, plan, scenario};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

/// Two roles with two places each, four people of each role; ten times faster than the wall.
fn office() -> (Arc<Plan>, Population, Mail) {
    let mut scenario = scenario(
        json!({"list": {"path": "/list"}}),
        json!({"a": {"users": 2, "actions": {"list": 1}}, "b": {"users": 2, "actions": {"list": 1}}}),
    );
    scenario["target"]["embedded"]["time_scale"] = json!(10.0);
    let plan = plan(&scenario);
    let people = (0..8).map(|at| person(&plan, at / 4, &format!("p{at}"), &[])).collect();
    let population = Population::new(people, &plan);
    let mail = Mail::new(&plan);
    (plan, population, mail)
}

fn reaction(person: u32, after: u64) -> Reaction {
    Reaction { person, after: Duration::from_secs(after), action: 0, draw: Draw::default() }
}

#[test]
fn a_letter_comes_to_the_place_of_its_person_on_the_wall_clock() {
    let (plan, population, mail) = office();
    let now = Instant::now();
    // Person 6 is the third of role b, and so at its first place.
    mail.send(&plan, &population, now, vec![reaction(6, 20)]);
    for (role, place) in [(0, 0), (0, 1), (1, 1)] {
        assert_eq!(mail.due(role, place), None);
    }
    let due = now + Duration::from_secs(2);
    assert_eq!(mail.due(1, 0), Some(due), "20 s of the scenario clock");
    assert_eq!(mail.take(1, 0, due - Duration::from_millis(1)), None, "not before it is due");
    assert_eq!(mail.take(1, 0, due).map(|letter| letter.person), Some(6));
    assert_eq!((mail.take(1, 0, due), mail.due(1, 0)), (None, None), "once");
}

#[test]
fn letters_are_taken_in_the_order_in_which_they_are_due() {
    let (plan, population, mail) = office();
    let now = Instant::now();
    mail.send(&plan, &population, now, vec![reaction(0, 30), reaction(2, 10), reaction(0, 20)]);
    let later = now + Duration::from_secs(60);
    let taken: Vec<(u32, Duration)> = std::iter::from_fn(|| mail.take(0, 0, later))
        .map(|letter| (letter.person, letter.due - now))
        .collect();
    assert_eq!(
        taken,
        [(2, Duration::from_secs(1)), (0, Duration::from_secs(2)), (0, Duration::from_secs(3))]
    );
}

#[test]
fn a_box_is_bounded() {
    let (plan, population, mail) = office();
    let now = Instant::now();
    mail.send(&plan, &population, now, (0..2 * WAITING as u64).map(|after| reaction(0, after)).collect());
    mail.send(&plan, &population, now, vec![reaction(1, 1)]);
    let later = now + Duration::from_secs(10_000);
    assert_eq!(std::iter::from_fn(|| mail.take(0, 0, later)).count(), WAITING);
    assert!(mail.take(0, 1, later).is_some(), "another's box has room");
}

#[tokio::test]
async fn a_letter_that_came_before_anybody_waited_is_not_missed() {
    let (plan, population, mail) = office();
    mail.send(&plan, &population, Instant::now(), vec![reaction(0, 1), reaction(0, 2)]);
    let soon = Duration::from_secs(5);
    tokio::time::timeout(soon, mail.arrives(0, 0)).await.unwrap();
    let again = tokio::time::timeout(Duration::from_millis(20), mail.arrives(0, 0)).await;
    assert!(again.is_err(), "who has looked waits for the next one");
}
