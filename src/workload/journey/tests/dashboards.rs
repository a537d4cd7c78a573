//! Pages left open.

use super::*;

const EVERY: Duration = Duration::from_secs(15);

/// Teachers with a list that stays open beside reports; somebody else comes each time.
fn office() -> Arc<Plan> {
    let mut scenario = teachers("dashboard", json!({"action": "list", "every": "15s"}));
    scenario["roles"]["teacher"]["actions"] = json!({"report": 1});
    scenario["roles"]["teacher"]["session"]["returns"] = json!(0.0);
    seeded(scenario, 9)
}

#[test]
fn a_dashboard_repeats_the_first_page_of_the_visit_while_its_owner_thinks() {
    let plan = office();
    let (population, mood) = (staff(&plan), ordinary(&plan));
    let around = Around { population: &population, mood: &mood, knows: &nothing };
    let mut journey = Journey::new(Arc::clone(&plan), 0, 0, vec![0, 1, 2]);
    let mut open: Option<(u32, Draw)> = None;
    // Since the dashboard was there last: opened or refreshed.
    let mut since = Duration::ZERO;
    let (mut refreshes, mut visits, mut pages) = (0_u32, 0_u32, 0_u32);
    for _ in 0..30_000 {
        let step = journey.next(&around);
        match (&open, step.action) {
            (None, action) => {
                assert_eq!(action, 0, "a visit begins with the page that stays open");
                open = Some((step.person, step.draw));
                since = Duration::ZERO;
            }
            (Some((owner, draw)), 0) if *owner == step.person => {
                since += step.wait;
                assert_eq!(since, EVERY, "a refresh every 15 s, whatever its owner does meanwhile");
                assert_eq!(step.draw, *draw, "with the parameters of the visit's first page");
                refreshes += 1;
                since = Duration::ZERO;
            }
            // Somebody else: the next visit.
            (Some((owner, _)), 0) => {
                assert_ne!(*owner, step.person);
                visits += 1;
                open = Some((step.person, step.draw));
                since = Duration::ZERO;
            }
            (Some((owner, _)), _) => {
                assert_eq!(*owner, step.person);
                since += step.wait;
                assert!(since <= EVERY, "no refresh was left out: {since:?}");
                pages += 1;
            }
        }
    }
    assert!(visits > 500, "{visits} visits");
    assert!(refreshes > pages, "{refreshes} refreshes beside {pages} pages");
    // 40 s of thought after each page of a visit, the last one among them, and one refresh
    // in 15 s of it: somewhat less, because the rest of a visit's time is lost.
    let thoughts = f64::from(pages + visits);
    let ratio = f64::from(refreshes) / (thoughts * 40.0 / 15.0);
    assert!((0.9..=1.03).contains(&ratio), "{ratio} of what the time has room for");
}

#[test]
fn nothing_refreshes_in_the_pause_after_a_visit() {
    let mut scenario = teachers("dashboard", json!({"action": "list", "every": "15s"}));
    scenario["roles"]["teacher"]["actions"] = json!({"report": 1});
    scenario["roles"]["teacher"]["session"] = json!({"length": "60s", "gap": "24h", "returns": 1.0});
    scenario["roles"]["teacher"]["think"] = json!({"distribution": "constant", "mean": "10m"});
    let plan = seeded(scenario, 59);
    let all = steps(&plan, 0, &[0], 10_000);
    // Thoughts are longer than visits, which have nothing but refreshes: as many as there is
    // time for, Σ P(visit > 15 s · k) = 1 / (e^(15/60) - 1) = 3.52.
    let visits = share(&all[1..], |step| step.wait > EVERY);
    let refreshes = (1.0 - visits) / visits;
    assert!((refreshes / 3.52 - 1.0).abs() < 0.06, "{refreshes} refreshes a visit");
    assert!(all.iter().all(|step| step.action == 0));
}

#[test]
fn a_dashboard_is_not_there_before_its_page_was_opened() {
    let plan = office();
    for place in 0..3 {
        let first = &steps(&plan, place, &[0, 1], 1)[0];
        assert_eq!(first.action, 0);
        assert!(first.wait != EVERY, "its first page comes when its reader does");
    }
}

#[test]
fn who_may_not_read_the_dashboard_has_none() {
    let mut scenario = teachers("dashboard", json!({"action": "report", "every": "15s"}));
    scenario["roles"]["teacher"]["actions"] = json!({"list": 1});
    let plan = seeded(scenario, 61);
    // Teacher 5 has no reports.
    assert!(steps(&plan, 0, &[5], 2_000).iter().all(|step| step.action == 0));
    let able = steps(&plan, 0, &[4], 2_000);
    assert!(share(&able, |step| step.action == 1) > 0.4);
}

#[test]
fn a_row_of_writes_does_not_keep_a_dashboard_from_refreshing() {
    let mut scenario = teachers("dashboard", json!({"action": "list", "every": "15s"}));
    scenario["roles"]["teacher"]["burst"] =
        json!({"action": "grade", "size": 100, "think": "4s", "chance": 1.0});
    scenario["roles"]["teacher"]["actions"] = json!({"report": 1});
    scenario["roles"]["teacher"]["session"]["pages"] = json!(10_000.0);
    let all = steps(&seeded(scenario, 67), 0, &[0], 5_000);
    let first = all.iter().position(|step| step.action == 0).unwrap();
    let mut since = Duration::ZERO;
    let mut refreshes = 0;
    for step in &all[first + 1..] {
        since += step.wait;
        assert!(since <= EVERY);
        if step.action == 0 {
            assert_eq!(since, EVERY);
            since = Duration::ZERO;
            refreshes += 1;
        }
    }
    assert!(refreshes > 500, "{refreshes}");
}
