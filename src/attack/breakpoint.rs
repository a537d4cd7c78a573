//! More and more requests, step by step, until a limit breaks or the rate cannot be sent.

use super::open::{Stretch, Visitors, dispatch};
use super::pacer::Pacer;
use super::pool::Pool;
use super::stage::Stage;
use crate::evidence::Step;
use crate::plan::{ArrivalsPlan, PhasePlan};
use crate::units::{count, percent};
use crate::verdict::{Gauge, Index, Slo};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// A rate of which more than this is dropped cannot be sent.
const DROPPED: f64 = 0.01;

/// What rises, and within what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Climb<'a> {
    pub(super) arrivals: &'a ArrivalsPlan,
    pub(super) steps: u32,
    pub(super) limits: &'a [Slo],
}

impl Climb<'_> {
    /// The rate of a step, from 0.
    fn rate(self, step: u32) -> f64 {
        let ArrivalsPlan { rate, to, .. } = self.arrivals;
        rate + (to - rate) * f64::from(step) / f64::from((self.steps - 1).max(1))
    }

    /// Climbs. Every step begins on a quiet target, when the one before is answered: it is
    /// judged on its own requests, all of them.
    pub(super) async fn climb(
        self,
        stage: &Stage,
        pool: &Pool,
        visitors: &Arc<Mutex<Visitors>>,
        phase: &PhasePlan,
        index: u16,
    ) -> Vec<Step> {
        let plan = &stage.plan;
        let names = |name: &dyn Fn(usize) -> String, n: usize| (0..n).map(name).collect::<Vec<String>>();
        let roles = names(&|at| plan.roles[at].name.clone(), plan.roles.len());
        let actions = names(&|at| plan.actions[at].name.clone(), plan.actions.len());
        let phases = names(&|at| plan.phases[at].name.clone(), plan.phases.len());
        let known = Index { roles: &roles, actions: &actions, phases: &phases };
        let gauges: Vec<Gauge> = self.limits.iter().map(|limit| Gauge::new(limit, known)).collect();
        let length = phase.duration / self.steps;
        let mut climbed = Vec::new();
        for at in 0..self.steps {
            let rate = self.rate(at);
            let before = stage.counts.by_clock();
            pool.watch(gauges.clone());
            let stretch = Stretch { began: Instant::now(), length };
            let pacer = Pacer::step(self.arrivals, rate, length, plan.seed ^ u64::from(at));
            let going_on = dispatch(stage, pool, visitors, pacer, stretch).await;
            let seconds = stretch.began.elapsed().as_secs_f64();
            pool.idle().await;
            let measured = pool.measured();
            if !going_on {
                // Half a step says nothing of its rate.
                break;
            }
            let (arrivals, dropped) = stage.counts.by_clock();
            let (arrivals, dropped) = (arrivals - before.0, dropped - before.1);
            let values: Vec<(&Gauge, Option<f64>)> =
                measured.iter().map(|(gauge, tally)| (gauge, gauge.value(tally))).collect();
            let why = broken(arrivals, dropped, self.arrivals.pool, &values);
            let within = why.is_none();
            climbed.push(Step {
                phase: index,
                rate,
                achieved: (arrivals - dropped) as f64 / seconds,
                dropped,
                values: values.iter().map(|(gauge, value)| (gauge.slo.text.clone(), *value)).collect(),
                within,
                why,
            });
            if !within {
                break;
            }
        }
        climbed
    }
}

/// What broke at a step, if anything did.
fn broken(arrivals: u64, dropped: u64, pool: u32, values: &[(&Gauge, Option<f64>)]) -> Option<String> {
    // A limit tells more than a pool that ran empty because of what broke it.
    for (gauge, value) in values {
        match value {
            // No verdict without evidence.
            None => return Some(format!("nothing was measured for `{}`", gauge.slo.text)),
            Some(value) if !gauge.holds(*value) => return Some(gauge.say(*value)),
            Some(_) => {}
        }
    }
    let share = dropped as f64 / arrivals.max(1) as f64;
    (share > DROPPED).then(|| {
        format!("{} of the requests found none of a pool of {} free", percent(share), count(pool.into()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Shape;
    use std::time::Duration;

    #[test]
    fn the_steps_go_from_the_first_rate_to_the_last() {
        let arrivals = ArrivalsPlan {
            rate: 10.0,
            shape: Shape::Constant,
            to: 100.0,
            period: Duration::from_secs(1),
            pool: 5,
        };
        let climb = Climb { arrivals: &arrivals, steps: 4, limits: &[] };
        let rates: Vec<f64> = (0..4).map(|step| climb.rate(step)).collect();
        assert_eq!(rates, [10.0, 40.0, 70.0, 100.0]);
    }

    #[test]
    fn a_step_breaks_at_its_first_limit_or_where_it_cannot_be_sent() {
        let known = Index { roles: &[], actions: &[], phases: &[] };
        let gauge = |line: &str| Gauge::new(&line.parse().unwrap(), known);
        let (p99, errors) = (gauge("p99(latency) < 200ms"), gauge("error_rate < 1%"));
        let why = |p: Option<f64>, e, dropped| broken(1_000, dropped, 7, &[(&p99, p), (&errors, Some(e))]);
        assert_eq!(why(Some(199_000.0), 0.0, 10), None);
        assert_eq!(why(Some(231_000.0), 0.5, 500).unwrap(), "p99(latency) was 231 ms");
        assert_eq!(why(Some(1.0), 0.02, 0).unwrap(), "error_rate was 2.0 %");
        assert!(why(None, 0.0, 0).unwrap().contains("nothing was measured"));
        assert_eq!(why(Some(1.0), 0.0, 11).unwrap(), "1.1 % of the requests found none of a pool of 7 free");
    }
}
