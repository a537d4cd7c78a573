//! Lengths: of thoughts, pauses, visits and rows of writes.

use super::*;

/// One read and thoughts of another kind; visits that do not end.
fn thinking(distribution: &str, shape: f64) -> Arc<Plan> {
    plan(&scenario(
        json!({"list": {"path": "/list"}}),
        json!({"visitor": {
            "users": 1,
            "session": {"pages": 10_000.0, "gap": "0s"},
            "think": {"distribution": distribution, "mean": "40s", "shape": shape},
            "actions": {"list": 1},
        }}),
    ))
}

#[test]
fn think_times_have_the_declared_mean() {
    const N: usize = 20_000;
    let mut never_away = school();
    never_away["roles"]["teacher"]["session"]["gap"] = json!("0s");
    let waits = waits(&steps(&seeded(never_away, 1), 0, &[0], N));
    let mean = mean(&waits);
    // A Weibull of shape 0.7 spreads 1.46 times its mean: a standard error of 1 % at 20,000.
    assert!((mean / 40.0 - 1.0).abs() < 0.05, "mean {mean} s");
    let short = waits.iter().filter(|wait| **wait < 40.0).count() as f64 / N as f64;
    // P(X < mean) = 1 - exp(-Γ(1 + 1/0.7)^0.7) = 0.692: many short pauses and a few long ones.
    assert!((short - 0.692).abs() < 0.02, "{short} are below the mean");
}

#[test]
fn other_distributions_of_think_time_have_the_declared_mean_and_their_own_shape() {
    const N: usize = 20_000;
    // P(X < mean): 1 - 1/e of an exponential; Φ(σ/2) of a lognormal; nothing of a constant.
    for (distribution, shape, below) in [
        ("exponential", 0.7, 0.632),
        ("lognormal", 0.8, 0.655),
        ("lognormal", 0.2, 0.540),
        ("constant", 0.7, 0.0),
    ] {
        let plan = thinking(distribution, shape);
        let waits = waits(&walk(&plan, 1, &ordinary(&plan), N + 1)[1..]);
        let mean = mean(&waits);
        // Their standard deviations are at most their mean: a standard error below 1 %.
        assert!((mean / 40.0 - 1.0).abs() < 0.04, "{distribution} {shape}: mean {mean} s");
        let short = waits.iter().filter(|wait| **wait < 40.0).count() as f64 / N as f64;
        assert!((short - below).abs() < 0.02, "{distribution} {shape}: {short} are below the mean");
    }
    let plan = thinking("constant", 0.7);
    assert!(
        walk(&plan, 1, &ordinary(&plan), 100)[1..].iter().all(|step| step.wait == Duration::from_secs(40))
    );
}

#[test]
fn pauses_between_visits_have_the_declared_mean() {
    for (gap, seconds) in [("10m", 600.0), ("3h", 10_800.0)] {
        let mut scenario = teachers("think", json!({"distribution": "constant", "mean": "1s"}));
        scenario["roles"]["teacher"]["session"]["gap"] = json!(gap);
        let plan = seeded(scenario, 1);
        let all = steps(&plan, 0, &[0], 45_000);
        // Inside a visit people think for exactly a second.
        let pauses: Vec<f64> =
            waits(&all[1..]).into_iter().filter(|wait| *wait > 1.0).map(|wait| wait - 1.0).collect();
        let visits = pauses.len() as f64 / all.len() as f64;
        assert!((visits * 8.5 - 1.0).abs() < 0.06, "{} pauses", pauses.len());
        let mean = mean(&pauses);
        assert!((mean / seconds - 1.0).abs() < 0.07, "mean {mean} s instead of {seconds}");
    }
}

#[test]
fn visits_have_a_geometric_number_of_pages() {
    // A pause is told by its length: thoughts are short here.
    let scenario = teachers("think", json!({"distribution": "constant", "mean": "1s"}));
    let all = steps(&seeded(scenario, 3), 0, &[0], 45_000);
    let starts: Vec<usize> = (1..all.len()).filter(|at| all[*at].wait > Duration::from_secs(1)).collect();
    let visits: Vec<f64> = starts.windows(2).map(|pair| (pair[1] - pair[0]) as f64).collect();
    assert!(visits.len() > 4_500);
    let mean = mean(&visits);
    assert!((mean / 8.5 - 1.0).abs() < 0.06, "mean {mean} pages");
    // Nobody leaves without a page, and one page is the most usual length of all.
    let single = visits.iter().filter(|pages| **pages < 1.5).count() as f64 / visits.len() as f64;
    assert!((single - 1.0 / 8.5).abs() < 0.02, "{single} have one page");
}

#[test]
fn visits_may_last_for_a_while_instead() {
    let mut scenario = teachers("session", json!({"length": "5m", "gap": "24h", "returns": 1.0}));
    scenario["roles"]["teacher"]["think"] = json!({"distribution": "exponential", "mean": "20s"});
    let all = steps(&seeded(scenario, 29), 0, &[0], 60_000);
    // A pause below ten minutes is one in 144: those visits look like one.
    let away = Duration::from_secs(600);
    let (mut visits, mut pages, mut length) = (Vec::new(), 0_u32, Duration::ZERO);
    for step in &all[1..] {
        if step.wait > away {
            visits.push((f64::from(pages), length.as_secs_f64()));
            (pages, length) = (0, Duration::ZERO);
        } else {
            length += step.wait;
        }
        pages += 1;
    }
    assert!(visits.len() > 3_000, "{}", visits.len());
    // Thoughts without memory make a Poisson process: 300 s / 20 s pages after the first.
    let pages = mean(&visits[1..].iter().map(|(pages, _)| *pages).collect::<Vec<_>>());
    assert!((pages / 16.0 - 1.0).abs() < 0.08, "{pages} pages a visit");
    // From the first page to the last, a thought less than the visit.
    let length = mean(&visits[1..].iter().map(|(_, length)| *length).collect::<Vec<_>>());
    assert!((length / 280.0 - 1.0).abs() < 0.15, "{length} s from the first page to the last");
}

#[test]
fn nobody_thinks_beyond_the_end_of_a_visit_that_lasts_for_a_while() {
    // One thought is longer than nearly every visit: who stays has one page, and is away
    // for what is left of the visit and no pause.
    let mut scenario = teachers("session", json!({"length": "10s", "gap": "0s", "returns": 1.0}));
    scenario["roles"]["teacher"]["think"] = json!({"distribution": "constant", "mean": "10m"});
    let waits = waits(&steps(&seeded(scenario, 31), 0, &[0], 10_000)[1..]);
    let mean = mean(&waits);
    assert!((mean / 10.0 - 1.0).abs() < 0.05, "a visit takes {mean} s, whatever a thought takes");
}

#[test]
fn the_next_visit_is_as_often_the_same_persons_as_declared() {
    let changes = |returns: f64| {
        let text = teachers("session", json!({"pages": 1.0, "gap": "1s", "returns": returns}));
        let steps = steps(&seeded(text, 5), 0, &[0, 1, 2, 3], 4_000);
        steps.windows(2).filter(|pair| pair[0].person != pair[1].person).count() as f64 / 3_999.0
    };
    assert!(changes(1.0).abs() < f64::EPSILON);
    assert!((changes(0.5) - 0.5).abs() < 0.03);
    assert!((changes(0.9) - 0.1).abs() < 0.03);
    assert!((changes(0.0) - 1.0).abs() < f64::EPSILON, "somebody else each time");
}

#[test]
fn rows_of_writes_have_a_geometric_size_and_short_exponential_pauses() {
    let mut scenario =
        teachers("burst", json!({"action": "grade", "size": 12, "think": "5s", "chance": 0.05}));
    scenario["roles"]["teacher"]["actions"] = json!({"list": 4, "report": 4});
    scenario["roles"]["teacher"]["session"]["pages"] = json!(10_000.0);
    scenario["roles"]["teacher"]["think"] = json!({"distribution": "constant", "mean": "40s"});
    let all = steps(&seeded(scenario, 37), 0, &[0], 120_000);
    let (mut sizes, mut pauses, mut begun) = (Vec::new(), Vec::new(), 0.0);
    let mut pages = 0.0;
    let thought = Duration::from_secs(40);
    for step in &all[1..] {
        // A row begins after a thought, as any page does, and goes on after short pauses.
        let page = step.wait >= thought && step.wait.subsec_nanos() == 0;
        pages += f64::from(u8::from(page));
        if step.action != 2 {
            continue;
        }
        if page {
            sizes.push(1.0);
            begun += 1.0;
        } else {
            *sizes.last_mut().expect("a row begins with a page") += 1.0;
            pauses.push(step.wait.as_secs_f64());
        }
    }
    assert!(sizes.len() > 3_000);
    assert!((begun / pages - 0.05).abs() < 0.004, "{} of the pages", begun / pages);
    let size = mean(&sizes);
    // A geometric size spreads by about its mean: a standard error below 2 %.
    assert!((size / 12.0 - 1.0).abs() < 0.06, "{size} writes in a row");
    let single = sizes.iter().filter(|size| **size < 1.5).count() as f64 / sizes.len() as f64;
    assert!((single - 1.0 / 12.0).abs() < 0.015, "{single} of one write");
    let pause = mean(&pauses);
    assert!((pause / 5.0 - 1.0).abs() < 0.03, "{pause} s between two");
    let short = pauses.iter().filter(|pause| **pause < 5.0).count() as f64 / pauses.len() as f64;
    assert!((short - 0.632).abs() < 0.01, "{short} below the mean: without memory");
}

#[test]
fn a_row_of_writes_is_brought_to_its_end_by_one_person() {
    let mut scenario =
        teachers("burst", json!({"action": "grade", "size": 12, "think": "5s", "chance": 0.3}));
    scenario["roles"]["teacher"]["session"] = json!({"length": "10s", "gap": "24h", "returns": 0.0});
    scenario["roles"]["teacher"]["actions"] = json!({"list": 1});
    scenario["roles"]["teacher"]["think"] = json!({"distribution": "constant", "mean": "1s"});
    let all = steps(&seeded(scenario, 41), 0, &[0, 1, 2], 20_000);
    let switches: Vec<&[Step]> = all.windows(2).filter(|pair| pair[0].person != pair[1].person).collect();
    assert!(switches.len() > 500);
    // Somebody else's visit begins with a page, never inside of a row.
    assert!(switches.iter().all(|pair| pair[1].action == 0), "a visit begins with a read here");
    // Writes take time as pages do: visits do not last longer because of them. A row that
    // was begun ends first, so some are longer than their 10 s.
    let writes = share(&all, |step| step.action == 2);
    assert!(writes > 0.3, "{writes}");
    let pages = all.len() as f64 / switches.len() as f64;
    assert!(pages < 15.0, "{pages} pages a visit");
}
