//! Journeys: decided by the seed, and shaped as the scenario says.

use super::*;
use crate::attack::Person;
use crate::plan::{Changes, resolve};
use crate::scenario::{Source, parse};
use reqwest::header::HeaderValue;

/// Visits of 8.5 pages, 40 s of thought between them; nobody comes back by design.
const SCENARIO: &str = r#"
scenario: journeys
target: {embedded: {size: small}}
actions:
  list: {path: /list, filters: [{}, {status: sent}, {ordering: title}]}
  report: {path: "/reports/{report}"}
  grade: {method: PATCH, path: "/answers/{answer}", body: {score: "{score}", comment: "{mark}"}}
roles:
  teacher:
    users: 3
    session: {pages: 8.5, gap: 10m, returns: 0.5}
    think: {mean: 40s, shape: 0.7}
    favourites: 1.0
    actions: {list: 4, report: 4, grade: 1}
phases:
  - {kind: steady, duration: 10s}
"#;

fn plan(text: &str, seed: u64) -> Arc<Plan> {
    let source = Source { name: "journeys.yaml".into(), text: text.into() };
    let changes = Changes { seed: Some(seed), ..Changes::default() };
    let scenario = parse(&source, &[]).unwrap_or_else(|error| panic!("{error}"));
    Arc::new(resolve(scenario, &source, &changes).unwrap_or_else(|error| panic!("{error}")))
}

/// With another text in place of one of the scenario.
fn changed(from: &str, to: &str) -> String {
    assert!(SCENARIO.contains(from), "{from}");
    SCENARIO.replace(from, to)
}

/// Teachers 0 to 5; the last may read and grade nothing.
fn cast() -> Cast {
    let person = |index: u32| Person {
        index,
        role: 0,
        username: format!("teacher-{index}"),
        token: HeaderValue::from_static("Bearer secret"),
        reports: if index == 5 { Vec::new() } else { (0..10).map(|n| u64::from(index) * 100 + n).collect() },
        answers: if index == 5 {
            Vec::new()
        } else {
            (0..10).map(|n| u64::from(index) * 1_000 + n).collect()
        },
    };
    Cast::new((0..6).map(person).collect(), 1, HeaderValue::from_static("Bearer staff"))
}

fn steps(plan: &Arc<Plan>, place: u32, people: &[u32], n: usize) -> Vec<Step> {
    let cast = cast();
    let mut journey = Journey::new(Arc::clone(plan), 0, place, people.to_vec());
    (0..n).map(|_| journey.next(&cast)).collect()
}

#[test]
fn the_same_seed_takes_the_same_steps() {
    let (first, again) = (plan(SCENARIO, 7), plan(SCENARIO, 7));
    assert_eq!(steps(&first, 2, &[0, 1, 2], 2_000), steps(&again, 2, &[0, 1, 2], 2_000));
}

#[test]
fn another_seed_or_another_place_takes_other_steps() {
    let seven = plan(SCENARIO, 7);
    let here = steps(&seven, 0, &[0, 1, 2], 50);
    for other in [steps(&plan(SCENARIO, 8), 0, &[0, 1, 2], 50), steps(&seven, 1, &[0, 1, 2], 50)] {
        let same = here.iter().zip(&other).filter(|(a, b)| a.wait == b.wait).count();
        assert!(same < 5, "{same} of 50 waits are the same");
        assert_ne!(here, other);
    }
}

#[test]
fn think_times_have_the_declared_mean() {
    const N: usize = 20_000;
    let never_away = changed("gap: 10m", "gap: 0s");
    let waits: Vec<f64> =
        steps(&plan(&never_away, 1), 0, &[0], N).iter().map(|step| step.wait.as_secs_f64()).collect();
    let mean = waits.iter().sum::<f64>() / N as f64;
    // A Weibull of shape 0.7 spreads 1.46 times its mean: a standard error of 1 % at 20,000.
    assert!((mean / 40.0 - 1.0).abs() < 0.05, "mean {mean} s");
    let short = waits.iter().filter(|wait| **wait < 40.0).count() as f64 / N as f64;
    // P(X < mean) = 1 - exp(-Γ(1 + 1/0.7)^0.7) = 0.692: many short pauses and a few long ones.
    assert!((short - 0.692).abs() < 0.02, "{short} are below the mean");
}

#[test]
fn pauses_between_visits_have_the_declared_mean() {
    let cast = cast();
    let instant_thought = changed("mean: 40s", "mean: 0s");
    let mut journey = Journey::new(plan(&instant_thought, 1), 0, 0, vec![0]);
    let mut pauses = Vec::new();
    while pauses.len() < 5_000 {
        let arrives = journey.pages_left == 0;
        let step = journey.next(&cast);
        if arrives {
            pauses.push(step.wait.as_secs_f64());
        } else {
            assert_eq!(step.wait, Duration::ZERO);
        }
    }
    let mean = pauses.iter().sum::<f64>() / pauses.len() as f64;
    assert!((mean / 600.0 - 1.0).abs() < 0.07, "mean {mean} s");
}

#[test]
fn visits_have_a_geometric_number_of_pages() {
    let cast = cast();
    let mut journey = Journey::new(plan(SCENARIO, 3), 0, 0, vec![0]);
    let (mut visits, mut pages) = (Vec::new(), 0_u32);
    while visits.len() < 5_000 {
        if journey.pages_left == 0 {
            visits.push(pages);
            pages = 0;
        }
        journey.next(&cast);
        pages += 1;
    }
    let n = visits.len() as f64;
    let mean = visits.iter().map(|pages| f64::from(*pages)).sum::<f64>() / n;
    assert!((mean / 8.5 - 1.0).abs() < 0.06, "mean {mean} pages");
    // Nobody leaves without a page, and one page is the most usual length of all.
    assert!(visits.iter().all(|pages| *pages >= 1));
    let single = visits.iter().filter(|pages| **pages == 1).count() as f64 / n;
    assert!((single - 1.0 / 8.5).abs() < 0.02, "{single} have one page");
}

#[test]
fn the_next_visit_is_as_often_the_same_persons_as_declared() {
    let changes = |returns: &str| {
        let text = changed(
            "{pages: 8.5, gap: 10m, returns: 0.5}",
            &format!("{{pages: 1, gap: 1s, returns: {returns}}}"),
        );
        let steps = steps(&plan(&text, 5), 0, &[0, 1, 2, 3], 4_000);
        steps.windows(2).filter(|pair| pair[0].person != pair[1].person).count() as f64 / 3_999.0
    };
    assert!(changes("1.0").abs() < f64::EPSILON);
    assert!((changes("0.5") - 0.5).abs() < 0.03);
    assert!((changes("0.9") - 0.1).abs() < 0.03);
    assert!((changes("0.0") - 1.0).abs() < f64::EPSILON, "somebody else each time");
}

#[test]
fn a_dashboard_repeats_the_first_page_of_the_visit_while_its_owner_thinks() {
    let cast = cast();
    let text = format!(
        "{}\nseed: 9\n",
        changed(
            "    actions: {list: 4, report: 4, grade: 1}",
            "    actions: {report: 1}\n    dashboard: {action: list, every: 15s}"
        )
    );
    let plan = plan(&text, 9);
    let every = Duration::from_secs(15);
    let mut journey = Journey::new(Arc::clone(&plan), 0, 0, vec![0, 1, 2]);
    let mut open: Option<(u32, Draw)> = None;
    let (mut refreshes, mut thought, mut pages) = (0_u32, Duration::ZERO, 0_u32);
    for _ in 0..20_000 {
        let (arrives, left) = (journey.pages_left == 0, journey.think_left);
        let step = journey.next(&cast);
        if open.is_some() && left > every {
            assert_eq!(
                (step.wait, step.action, journey.think_left),
                (every, 0, left - every),
                "a refresh every 15 s"
            );
            assert_eq!(Some((step.person, step.draw)), open, "with the parameters of the visit's first page");
            refreshes += 1;
            thought += step.wait;
            continue;
        }
        if arrives || open.is_none() {
            assert_eq!(step.action, 0, "a visit begins with the page that stays open");
            open = Some((step.person, step.draw));
        } else {
            assert_eq!(step.action, 1);
            thought += step.wait;
            pages += 1;
        }
    }
    // Without the last think time before each departure, which looks at the pause instead.
    assert!(refreshes > pages, "{refreshes} refreshes beside {pages} pages");
    assert!(thought > Duration::ZERO);
}

#[test]
fn only_what_a_person_can_do_is_chosen() {
    let plan = plan(SCENARIO, 11);
    let able = steps(&plan, 0, &[2], 3_000);
    for action in 0..3 {
        let share = able.iter().filter(|step| step.action == action).count() as f64 / 3_000.0;
        let expected = [4.0, 4.0, 1.0][usize::from(action)] / 9.0;
        assert!((share - expected).abs() < 0.03, "action {action}: {share}");
    }
    // The person without reports and answers is left with the list.
    assert!(steps(&plan, 0, &[5], 1_000).iter().all(|step| step.action == 0));
}

#[test]
fn placeholders_are_drawn_from_what_the_person_may_touch() {
    let drawn = steps(&plan(SCENARIO, 13), 0, &[1, 2], 5_000);
    let mut marks = std::collections::BTreeSet::new();
    for step in &drawn {
        let own = u64::from(step.person);
        match step.action {
            0 => assert_eq!((step.draw.report, step.draw.answer), (None, None)),
            1 => assert_eq!(step.draw.report.unwrap() / 100, own),
            _ => {
                assert_eq!(step.draw.answer.unwrap() / 1_000, own);
                assert!(step.draw.score <= 100);
                assert!(marks.insert(step.draw.mark.clone()), "{} came twice", step.draw.mark);
            }
        }
    }
    let of = |report: u64| {
        drawn.iter().filter(|step| step.draw.report.is_some_and(|id| id % 100 == report)).count()
    };
    assert!(of(0) > 3 * of(9) && of(9) > 0, "favourites: {} first against {} last", of(0), of(9));
    let filter = |at: usize| drawn.iter().filter(|step| step.action == 0 && step.draw.filter == at).count();
    assert!(filter(0) > filter(1) && filter(1) > filter(2) && filter(2) > 0);
}

#[test]
fn people_are_found_in_the_middle_of_what_they_do() {
    let plan = plan(SCENARIO, 17);
    let first: Vec<Duration> = (0..200).map(|place| steps(&plan, place, &[0], 1)[0].wait).collect();
    let mean = first.iter().sum::<Duration>().as_secs_f64() / 200.0;
    assert!((10.0..35.0).contains(&mean), "the first wait is part of a pause: {mean} s on average");
}
