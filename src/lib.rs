//! cacheproof proves whether a deployed cache works: that it hits, that it is
//! fast, and that the verdict on both carries its uncertainty.
//!
//! One direction of flow, a room per noun:
//!
//! ```text
//! Scenario --resolve--> Plan --attack--> Observation* --gather--> Evidence --judge--> Verdict --compose--> Report --render--> files
//!  (typed)              (meant)          (seen)                   (on disk)  (pure)               (view model)
//! ```
//!
//! | room | in | out |
//! |---|---|---|
//! | [`scenario`] | a YAML file | [`scenario::Scenario`]: what was written, or an error with its line |
//! | [`plan`] | a scenario and the command line | [`plan::Plan`]: what it means, nothing left to validate |
//! | [`workload`] | a plan and a population | what people do and when: pure, decided by the seed |
//! | [`simulate`] | a plan and a population | [`simulate::Forecast`]: what a perfect cache would reach, and what can be decided |
//! | [`attack`] | a plan and a target | people at work; one [`observe::Observation`] a response |
//! | [`wire`] | one request | one [`wire::Exchange`], drained and timed: the one door to HTTP |
//! | [`observe`] | responses and scrapes | what was seen, in microseconds, and who served it |
//! | [`evidence`] | observations | [`evidence::Evidence`]: counts, histograms, pairs, scrapes; on disk |
//! | [`stats`] | numbers | estimates with intervals, or why there can be none |
//! | [`verdict`] | SLO lines and evidence | [`verdict::Verdict`]: pass, fail or inconclusive for each line |
//! | [`report`] | evidence and verdict | the run folder: HTML, Markdown, JUnit, plots, histogram log |
//! | [`compare`] | the evidence of two runs, or the verdicts of many | [`compare::Comparison`]: better, worse, the same or cannot tell; [`compare::Trend`] |
//! | [`expose`] | observations as they come | Prometheus metrics of the run |
//! | [`calibration`] | worlds whose truth is known | how often the judge tells it: the test of the test |
//! | [`command`] | the command line | one file a subcommand |

pub mod attack;
pub mod calibration;
pub mod cli;
pub mod command;
pub mod compare;
pub mod evidence;
pub mod exit;
pub mod expose;
pub mod observe;
pub mod plan;
pub mod report;
pub mod scenario;
pub mod simulate;
pub mod stats;
pub mod units;
pub mod verdict;
pub mod wire;
pub mod workload;

#[cfg(test)]
mod fixture;
