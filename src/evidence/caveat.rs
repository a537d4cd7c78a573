//! What weakens the evidence, said beside every verdict.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Something a reader of the verdict must know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "caveat")]
pub enum Caveat {
    /// The machine was taken away from us.
    Steal {
        /// In which phase.
        phase: String,
        /// Share of the machine's time, 0 to 1.
        share: f64,
    },
    /// The run was ended before its time.
    Interrupted {
        /// What the evidence covers, in words.
        covers: String,
    },
    /// The target was lost during the run.
    TargetLost {
        /// What was seen of it last.
        what: String,
    },
    /// Scenario time ran faster than the wall.
    TimeCompressed {
        /// Seconds of scenario per second of the wall.
        scale: f64,
    },
    /// Generator and target shared a machine.
    SharedMachine {
        /// Generator's share of the machine's processors, 0 to 1.
        generator: f64,
        /// Target's share, 0 to 1.
        target: f64,
    },
    /// People were sent off late.
    Late {
        /// 99th percentile of the lag in microseconds.
        p99_us: u64,
    },
    /// The generator was the bottleneck: the run is invalid.
    Bottleneck {
        /// How that shows.
        what: String,
    },
    /// Requests were sent late while others had the machine.
    HeldUp {
        /// Share of the requests that were late, 0 to 1.
        share: f64,
        /// Share of the machine that other tenants and programs took, 0 to 1.
        taken: f64,
    },
    /// Most requests opened a connection.
    Reconnected {
        /// Connections that were opened.
        opened: u64,
        /// For so many requests.
        requests: u64,
    },
    /// A line of `abort_on` ended the run.
    Aborted {
        /// The line.
        line: String,
        /// What was measured then.
        value: String,
    },
    /// A phase was to end as soon as it was decided.
    UntilDecided {
        /// Which.
        phase: String,
        /// What came of it, and what its intervals assume.
        what: String,
    },
    /// Actions of the scenario that were left out.
    LeftOut {
        /// Which and why.
        what: String,
    },
    /// A body differed between the cached and the uncached arm of a pair.
    UnequalPairs {
        /// How many pairs.
        n: u64,
        /// Of how many.
        of: u64,
    },
    /// The target asked to slow down, and was obeyed.
    Throttled {
        /// How often.
        n: u64,
    },
    /// People had to log in again during the run.
    LoggedInAgain {
        /// How often.
        n: u64,
    },
    /// The evidence of several generators became one.
    Merged {
        /// Ids of their runs.
        generators: Vec<String>,
        /// So long after the first the last of them began, microseconds.
        apart_us: u64,
        /// What was put into one slice of time may be this far from it, microseconds, and as
        /// much more as the clocks of their machines differ.
        off_us: u64,
        /// Whether peaks of requests under way are among what is told.
        peaks: bool,
    },
    /// A caveat of one of several generators.
    Generator {
        /// Id of its run.
        id: String,
        /// The caveat.
        what: Box<Caveat>,
    },
    /// Something beside the measurement did not go as it should.
    Trouble {
        /// What.
        what: String,
    },
    /// More than the evidence may hold.
    Overflow {
        /// What was not kept.
        what: String,
    },
}

impl fmt::Display for Caveat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use crate::units::{count, micros, percent};
        match self {
            Self::Steal { phase, share } => write!(
                f,
                "in {phase}, other tenants took {} of this machine's processor time: latencies are too high by an unknown amount",
                percent(*share)
            ),
            Self::Interrupted { covers } => {
                write!(f, "the run was interrupted; the evidence covers {covers}")
            }
            Self::TargetLost { what } => write!(f, "the target was lost during the run: {what}"),
            Self::TimeCompressed { scale } => write!(
                f,
                "the scenario clock ran {scale:.0} times faster than the wall, TTLs alike: latencies were measured at compressed load"
            ),
            Self::SharedMachine { generator, target } => write!(
                f,
                "generator ({} of the processors) and target ({}) shared one machine",
                percent(*generator),
                percent(*target)
            ),
            Self::Late { p99_us } => {
                write!(f, "1 % of the requests left more than {} after they were due", micros(*p99_us as f64))
            }
            Self::Bottleneck { what } => write!(f, "the generator was the bottleneck: {what}"),
            Self::HeldUp { share, taken } => write!(
                f,
                "{} of the requests were sent late while others took {} of the machine: \
                 latencies and the pace are less certain than their intervals say",
                percent(*share),
                percent(*taken)
            ),
            Self::Reconnected { opened, requests } => write!(
                f,
                "{} of {} requests opened a connection (nobody kept theirs open for the next): \
                 their latency holds the handshake",
                count(*opened),
                count(*requests)
            ),
            Self::Aborted { line, value } => write!(f, "`{line}` of abort_on ended the run: {value}"),
            Self::UntilDecided { phase, what } => write!(f, "{phase}: {what}"),
            Self::LeftOut { what } => write!(f, "left out: {what}"),
            Self::UnequalPairs { n, of } => {
                write!(
                    f,
                    "in {n} of {of} pairs the cached and the uncached body differed (nobody wrote meanwhile)"
                )
            }
            Self::Throttled { n } => {
                write!(
                    f,
                    "the target asked {n} times to wait (Retry-After) and was obeyed: the pace was its own"
                )
            }
            Self::LoggedInAgain { n } => {
                write!(f, "{n} times the target no longer knew somebody (401), who logged in again")
            }
            Self::Merged { generators, apart_us, off_us, peaks } => {
                write!(
                    f,
                    "the evidence of {} generators as one ({}); they began within {}, and their slices of time \
                     match to {} if their clocks do; target counters are those that one of them read, and \
                     quantiles of lag those of the worst",
                    generators.len(),
                    generators.join(", "),
                    micros(*apart_us as f64),
                    micros(*off_us as f64)
                )?;
                if *peaks {
                    f.write_str(
                        "; at least as many requests were under way at once as at the busiest alone",
                    )?;
                }
                Ok(())
            }
            Self::Generator { id, what } => write!(f, "{id}: {what}"),
            Self::Trouble { what } => f.write_str(what),
            Self::Overflow { what } => write!(f, "not kept, to bound memory: {what}"),
        }
    }
}
