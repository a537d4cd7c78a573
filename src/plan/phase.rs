//! What happens when, resolved.

use crate::scenario::{Kind, Shape};
use crate::verdict::Slo;
use std::path::PathBuf;
use std::time::Duration;

/// A stretch of the run.
#[derive(Clone, Debug)]
pub struct PhasePlan {
    /// Name in labels.
    pub name: String,
    /// What kind.
    pub kind: Kind,
    /// Length, or upper limit, on the wall.
    pub duration: Duration,
    /// Whether SLOs are judged on it.
    pub measured: bool,
    /// What is done.
    pub work: Work,
}

/// What is done in a phase.
#[derive(Clone, Debug)]
pub enum Work {
    /// The same request, cached and bypassed.
    Pairs {
        /// Pairs for each role and read.
        samples: u32,
    },
    /// People at work.
    People(Mood),
    /// Requests that arrive by the clock.
    Open(ArrivalsPlan),
    /// More and more requests.
    Breakpoint {
        /// From its rate to its `to`.
        arrivals: ArrivalsPlan,
        /// In so many steps.
        steps: u32,
        /// While these hold.
        limits: Vec<Slo>,
    },
    /// A trace again.
    Replay {
        /// The file.
        file: PathBuf,
    },
}

/// How people at work differ from an ordinary hour.
#[derive(Clone, Debug, PartialEq)]
pub struct Mood {
    /// People at work by role.
    pub users: Vec<u32>,
    /// Factor on the pace.
    pub pace: f64,
    /// Factors on the weights of the actions, by index.
    pub weights: Vec<f64>,
    /// Share of the people at work over the phase; empty where it is all of them.
    pub curve: Vec<f64>,
    /// Everybody's next page is brought forward into this time after the beginning, scenario
    /// clock: it goes on where they were, which need not be the first page of a visit.
    pub together: Option<Duration>,
}

impl Mood {
    /// An ordinary hour.
    pub fn ordinary(users: Vec<u32>, actions: usize) -> Self {
        Self { users, pace: 1.0, weights: vec![1.0; actions], curve: Vec::new(), together: None }
    }

    /// How many people of a role are at work at this point of the phase, 0 to 1.
    pub fn at_work(&self, role: usize, elapsed: f64) -> u32 {
        let users = self.users.get(role).copied().unwrap_or(0);
        (f64::from(users) * self.share(elapsed)).round() as u32
    }

    /// The curve at this point of the phase, straight between its points.
    fn share(&self, elapsed: f64) -> f64 {
        match self.curve.as_slice() {
            [] => 1.0,
            [only] => *only,
            points => {
                let at = elapsed.clamp(0.0, 1.0) * (points.len() - 1) as f64;
                let before = (at as usize).min(points.len() - 2);
                points[before] + (points[before + 1] - points[before]) * (at - before as f64)
            }
        }
    }
}

/// Requests that arrive by the clock.
#[derive(Clone, Debug, PartialEq)]
pub struct ArrivalsPlan {
    /// Requests a second of the wall.
    pub rate: f64,
    /// How it goes on.
    pub shape: Shape,
    /// The rate at the end of a ramp, or at the crest of a sine.
    pub to: f64,
    /// Length of a sine's wave.
    pub period: Duration,
    /// Requests under way at once.
    pub pool: u32,
}

impl PhasePlan {
    /// How the people at work are, where there are any.
    pub fn mood(&self) -> Option<&Mood> {
        match &self.work {
            Work::People(mood) => Some(mood),
            Work::Pairs { .. } | Work::Open(_) | Work::Breakpoint { .. } | Work::Replay { .. } => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_straight_between_its_points() {
        let mut mood = Mood::ordinary(vec![100], 1);
        assert_eq!(mood.at_work(0, 0.5), 100);
        mood.curve = vec![0.0, 1.0, 0.5];
        for (elapsed, expected) in [(0.0, 0), (0.25, 50), (0.5, 100), (0.75, 75), (1.0, 50), (2.0, 50)] {
            assert_eq!(mood.at_work(0, elapsed), expected, "{elapsed}");
        }
        assert_eq!(mood.at_work(1, 0.5), 0, "a role that is not there");
    }
}
