//! Statistics: numbers in, estimates with intervals out.
//!
//! What goes in: counts per slice of time, sparse histograms, pairs, cost
//! samples, and a seed where a draw is needed. What comes out: an [`Estimate`]
//! or the reason why there is none ([`Insufficient`]). Nothing here reads a
//! clock, a socket or a global random generator, and nothing answers with a
//! plausible number when the evidence does not carry one.
//!
//! | question | file | method |
//! |---|---|---|
//! | a ratio over time (hit rate, error rate) | [`batch_means`] | batch means, Student t |
//! | the same, where people differ | [`two_way`] | variance by person and by batch, Student t |
//! | a quantile of latency | [`quantile`] | block bootstrap, Woodruff, order statistics |
//! | how many times faster | [`paired`] | bootstrap over clusters of pairs, Fieller |
//! | how much less work | [`reduction`] | bootstrap within strata |
//! | nothing seen in n trials | [`trials`] | exact binomial bound |
//! | a window of many (hit rate over 30 s) | [`window`] | binomial at an effective size |
//! | growth over time (memory) | [`trend`] | generalised least squares |
//! | where one more run will fall | [`prediction`] | Student t over runs |
//! | has enough been seen to stop | [`sequential`] | confidence sequences |
//! | how far two runs are apart | [`difference`] | MOVER, two one-sided tests |
//! | since when it is otherwise | [`change_points`] | E-divisive means, permutations |

pub mod batch_means;
pub mod binomial;
mod bootstrap;
pub mod change_points;
pub mod difference;
mod fieller;
mod gaussian;
pub mod holm;
pub mod paired;
pub mod prediction;
pub mod quantile;
pub mod reduction;
pub mod sequential;
pub mod steady_state;
pub mod trend;
pub mod trials;
pub mod two_way;
pub mod window;

#[cfg(test)]
mod coverage;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A measured value with a two-sided confidence interval.
///
/// `lo <= value <= hi` always holds, all three are finite, and the interval
/// has a width, since no finite sample proves a number exactly (the one
/// exception: a reduction to nothing used is exactly 1).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Estimate {
    /// The point estimate, in the unit of what was asked.
    pub value: f64,
    /// Lower end of the interval, same unit.
    pub lo: f64,
    /// Upper end of the interval, same unit.
    pub hi: f64,
    /// How many samples the estimate rests on.
    pub n: u64,
    /// How the interval was made.
    pub method: Method,
}

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Student t over the means of consecutive batches of time.
    BatchMeans,
    /// Student t over people and batches of time together: people differ more than time does.
    TwoWay,
    /// Clopper-Pearson on the raw counts: the batches agreed more closely than
    /// independent events could, all showed the same, or were too few.
    Binomial,
    /// Circular bootstrap over blocks of consecutive time slices.
    BlockBootstrap,
    /// Ranks of the sorted samples, as far apart as batches of time say of the share below the
    /// quantile.
    Woodruff,
    /// Ranks of the sorted samples, from the binomial distribution.
    OrderStatistics,
    /// Bootstrap over clusters of pairs.
    PairedBootstrap,
    /// Fieller's set over clusters of pairs, wider than the bootstrap's interval: there are few.
    Fieller,
    /// Bootstrap of the cost samples within each stratum.
    StratifiedBootstrap,
    /// The sample showed no spread at all; the width is what can hide in the
    /// part that was not sampled ([`trials::rate_bound`]).
    RuleOfThree,
    /// Least squares through batches in time, with the correlation between neighbours.
    Trend,
    /// A confidence sequence over batches of time: it holds however often it was looked at.
    ConfidenceSequence,
}

impl Method {
    /// The name used in files, the same as its serialised form.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Method::BatchMeans => "batch_means",
            Method::TwoWay => "two_way",
            Method::Binomial => "binomial",
            Method::BlockBootstrap => "block_bootstrap",
            Method::Woodruff => "woodruff",
            Method::OrderStatistics => "order_statistics",
            Method::PairedBootstrap => "paired_bootstrap",
            Method::Fieller => "fieller",
            Method::StratifiedBootstrap => "stratified_bootstrap",
            Method::RuleOfThree => "rule_of_three",
            Method::Trend => "trend",
            Method::ConfidenceSequence => "confidence_sequence",
        }
    }
}

/// Why there is no estimate, and what would be enough.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Insufficient {
    /// Nothing was measured.
    #[error("no samples: nothing was measured")]
    NoSamples,
    /// Something was measured, but less than the method needs.
    #[error("{have} samples are too few: at least {need} are needed")]
    TooFewSamples {
        /// Samples at hand.
        have: u64,
        /// Samples that would be enough.
        need: u64,
    },
    /// The samples fall into too few groups that can be taken as independent.
    #[error(
        "{have} independent groups (batches of time, or clusters) are too few: at least {need} are needed"
    )]
    TooFewBatches {
        /// Groups at hand.
        have: usize,
        /// Groups that would be enough.
        need: usize,
    },
    /// Neighbouring slices resemble each other, and there are too few to know for how long.
    #[error(
        "neighbouring stretches of time resemble each other, and {have} are too few to know for how long: at least {need} are needed"
    )]
    Correlated {
        /// Slices at hand.
        have: usize,
        /// Slices that would be enough.
        need: usize,
    },
    /// They come from too few people (or other clusters).
    #[error(
        "{have} people (or other clusters) are too few to know how people differ: at least {need} are needed"
    )]
    TooFewClusters {
        /// Clusters at hand.
        have: usize,
        /// Clusters that would be enough.
        need: usize,
    },
    /// More of the same would not help: the input has no such estimate.
    #[error("no estimate exists: {why}")]
    Degenerate {
        /// What is wrong with the input.
        why: &'static str,
    },
}

impl Insufficient {
    /// Whether the samples are enough for a value, and only too few independent groups tell how
    /// far to trust it.
    #[must_use]
    pub fn only_the_interval(&self) -> bool {
        match self {
            Self::TooFewBatches { .. } | Self::Correlated { .. } | Self::TooFewClusters { .. } => true,
            Self::NoSamples | Self::TooFewSamples { .. } | Self::Degenerate { .. } => false,
        }
    }
}

/// Refuses a confidence outside (0, 1) before any arithmetic uses it.
fn check_confidence(confidence: f64) -> Result<(), Insufficient> {
    if confidence > 0.0 && confidence < 1.0 {
        Ok(())
    } else {
        Err(Insufficient::Degenerate { why: "confidence must lie strictly between 0 and 1" })
    }
}

/// The interval for a sample of `n` equal values: with the given confidence at
/// most a share p of what was not sampled differs ([`trials::rate_bound`]), and
/// it is taken to differ by no more than the value itself.
///
/// The second half is an assumption, stated here because no finite sample can
/// bound it (Hanley & Lippman-Hand, "If nothing goes wrong, is everything all
/// right?", JAMA 1983).
fn without_spread(value: f64, n: u64, confidence: f64) -> Estimate {
    let share = trials::rate_bound(n, confidence).unwrap_or(1.0);
    let slack = value.abs() * share;
    Estimate { value, lo: value - slack, hi: value + slack, n, method: Method::RuleOfThree }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_named_as_it_is_serialised() {
        for method in [
            Method::BatchMeans,
            Method::TwoWay,
            Method::Binomial,
            Method::BlockBootstrap,
            Method::Woodruff,
            Method::OrderStatistics,
            Method::PairedBootstrap,
            Method::Fieller,
            Method::StratifiedBootstrap,
            Method::RuleOfThree,
            Method::Trend,
            Method::ConfidenceSequence,
        ] {
            assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
        }
    }

    #[test]
    fn a_refusal_says_what_would_be_enough() {
        let text = Insufficient::TooFewSamples { have: 12, need: 368 }.to_string();
        assert!(text.contains("12") && text.contains("368"), "{text}");
    }

    #[test]
    fn a_confidence_outside_the_open_unit_interval_is_refused() {
        for bad in [0.0, 1.0, -0.1, 1.5, f64::NAN] {
            assert!(check_confidence(bad).is_err(), "{bad}");
        }
        assert!(check_confidence(0.95).is_ok());
    }
}
