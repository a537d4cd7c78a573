//! What ends a run early: lines that hold over the last seconds.

use super::clock::Clock;
use super::stop::{Cause, Stop};
use crate::observe::Observation;
use crate::plan::Plan;
use crate::verdict::{Gauge, Index, Slo, Tally};
use std::collections::VecDeque;
use std::time::Duration;

/// The window of a line that names none.
const WINDOW: Duration = Duration::from_secs(10);
/// Below so many responses a line says nothing yet.
const ENOUGH: u64 = 20;

/// Lines that are looked at once a second, in bounded memory: a tally for each second of
/// the window.
#[derive(Debug)]
pub(super) struct Lookout {
    lines: Vec<Line>,
    clock: Clock,
    stop: Stop,
}

#[derive(Debug)]
struct Line {
    gauge: Gauge,
    /// Seconds.
    window: u64,
    /// (second of the run, what ended in it), in order.
    seconds: VecDeque<(u64, Tally)>,
}

impl Lookout {
    /// The lines of a plan; `None` where it has none.
    pub(super) fn new(plan: &Plan, clock: Clock, stop: &Stop) -> Option<Self> {
        let roles: Vec<String> = plan.roles.iter().map(|role| role.name.clone()).collect();
        let actions: Vec<String> = plan.actions.iter().map(|action| action.name.clone()).collect();
        let phases: Vec<String> = plan.phases.iter().map(|phase| phase.name.clone()).collect();
        let known = Index { roles: &roles, actions: &actions, phases: &phases };
        let lines: Vec<Line> = plan.abort_on.iter().map(|slo| Line::new(slo, known)).collect();
        (!lines.is_empty()).then(|| Self { lines, clock, stop: stop.clone() })
    }

    /// Takes a response in.
    pub(super) fn observe(&mut self, seen: &Observation) {
        for line in &mut self.lines {
            line.add(seen);
        }
    }

    /// Ends the run where a line holds.
    pub(super) fn look(&mut self) {
        let now = self.clock.now() / 1_000_000;
        for line in &mut self.lines {
            if let Some(value) = line.holds(now) {
                let (line, value) = (line.gauge.slo.text.clone(), line.gauge.say(value));
                self.stop.trigger(Cause::Aborted { line, value });
            }
        }
    }
}

impl Line {
    fn new(slo: &Slo, known: Index<'_>) -> Self {
        let window = slo.window.unwrap_or(WINDOW);
        Self {
            gauge: Gauge::new(slo, known),
            window: window.as_millis().div_ceil(1_000).try_into().unwrap_or(u64::MAX),
            seconds: VecDeque::new(),
        }
    }

    fn add(&mut self, seen: &Observation) {
        let second = seen.finished_us / 1_000_000;
        // Responses come almost in order: what is older than the newest belongs near the end.
        let after = self.seconds.iter().rposition(|(known, _)| *known <= second).map_or(0, |at| at + 1);
        let at = match after.checked_sub(1).filter(|at| self.seconds[*at].0 == second) {
            Some(at) => at,
            None => {
                self.seconds.insert(after, (second, Tally::default()));
                after
            }
        };
        self.gauge.add(&mut self.seconds[at].1, seen, seen.latency_us());
        self.forget(second);
    }

    /// Lets go of what lies before the window that ends now.
    fn forget(&mut self, now: u64) {
        while self.seconds.front().is_some_and(|(second, _)| second + self.window < now) {
            self.seconds.pop_front();
        }
    }

    /// The value, where there is enough to tell and the line holds.
    fn holds(&mut self, now: u64) -> Option<f64> {
        self.forget(now);
        let mut all = Tally::default();
        for (_, tally) in &self.seconds {
            all.merge(tally);
        }
        let value = self.gauge.value(&all).filter(|_| all.n() >= ENOUGH)?;
        self.gauge.holds(value).then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::{Fault, Source};

    fn seen(second: u64, role: u16, source: Source) -> Observation {
        Observation {
            person: 0,
            role,
            action: 0,
            phase: 0,
            due_us: 0,
            started_us: second * 1_000_000,
            first_byte_us: None,
            finished_us: second * 1_000_000 + 500,
            status: None,
            claimed: source,
            source,
            validated: false,
            request: 0,
            digest: None,
            bytes: 0,
            reused: true,
            fault: (source == Source::Error).then_some(Fault::Status),
        }
    }

    fn line(text: &str) -> Line {
        let roles = ["teacher".to_owned(), "student".to_owned()];
        Line::new(&text.parse().unwrap(), Index { roles: &roles, actions: &[], phases: &[] })
    }

    fn add(line: &mut Line, second: u64, role: u16, source: Source, n: usize) {
        (0..n).for_each(|_| line.add(&seen(second, role, source)));
    }

    #[test]
    fn a_line_holds_over_its_window_and_no_longer() {
        let mut errors = line("error_rate > 50% over 3s");
        add(&mut errors, 1, 0, Source::Hit, 100);
        add(&mut errors, 2, 0, Source::Error, 60);
        assert_eq!(errors.holds(2), None, "60 of 160");
        add(&mut errors, 4, 0, Source::Error, 60);
        assert!(errors.holds(4).is_some(), "120 of 220");
        assert_eq!(errors.holds(5), Some(1.0), "the first second is out of the window");
        assert_eq!(errors.holds(9), None, "and then all of them");
    }

    #[test]
    fn few_responses_do_not_end_a_run() {
        let mut errors = line("error_rate > 50%");
        add(&mut errors, 1, 0, Source::Error, 19);
        assert_eq!(errors.holds(1), None);
        add(&mut errors, 1, 0, Source::Browser, 100);
        assert_eq!(errors.holds(1), None, "copies in a browser are no requests");
        add(&mut errors, 2, 0, Source::Error, 1);
        assert_eq!(errors.holds(2), Some(1.0));
        assert_eq!(errors.window, 10);
    }

    #[test]
    fn a_line_looks_at_what_it_selects() {
        let mut students = line(r#"hit_rate{role="student"} < 50% over 5s"#);
        add(&mut students, 1, 0, Source::Miss, 100);
        assert_eq!(students.holds(1), None);
        add(&mut students, 1, 1, Source::Miss, 20);
        assert_eq!(students.holds(1), Some(0.0));
    }

    #[test]
    fn memory_is_bounded_by_the_window_whatever_the_order() {
        let mut errors = line("error_rate > 50% over 5s");
        for second in [9, 3, 8, 7, 9, 100, 50, 99, 101] {
            add(&mut errors, second, 0, Source::Hit, 1);
        }
        assert!(errors.seconds.len() <= 7, "{:?}", errors.seconds);
        assert!(errors.seconds.iter().is_sorted_by_key(|(second, _)| *second));
    }
}
