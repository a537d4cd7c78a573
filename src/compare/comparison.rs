//! What a comparison says, as it stands in `comparison.json`.

use crate::evidence::Evidence;
use crate::units::Unit;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Version of the comparison format.
pub const SCHEMA_VERSION: u32 = 1;

/// Two runs, row by row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// Version of this format.
    pub schema_version: u32,
    /// Confidence of every interval.
    pub confidence: f64,
    /// Chance that any "better" or "worse" among the SLO lines, or among the rows, is said of
    /// what did not change.
    pub family_error: f64,
    /// Power that each `detectable` is told for.
    pub power: f64,
    /// Times, factors and bytes within this share of the base are the same.
    pub within: f64,
    /// Rates within so much of the base are the same: 0.02 for 2 points.
    pub points: f64,
    /// The run to compare with.
    pub base: RunRef,
    /// The run that is compared.
    pub new: RunRef,
    /// One for each SLO line of either run.
    pub slos: Vec<Row>,
    /// One for each figure of a role, an action and a source.
    pub rows: Vec<Row>,
    /// What differs between the runs beside what was measured.
    pub caveats: Vec<String>,
}

/// One of the runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RunRef {
    /// `<scenario>-<UTC>`.
    pub id: String,
    /// Name of the scenario.
    pub scenario: String,
    /// When it began, RFC 3339, UTC.
    pub started_at: String,
    /// `embedded` or the base URL.
    pub target: String,
    /// Whether its generator was the bottleneck, so that it says nothing of the target.
    pub invalid: bool,
}

impl RunRef {
    /// Particulars of a run.
    pub(super) fn of(evidence: &Evidence, invalid: bool) -> Self {
        let run = &evidence.run;
        Self {
            id: run.id.clone(),
            scenario: run.scenario.clone(),
            started_at: run.started_at.clone(),
            target: run.target.clone(),
            invalid,
        }
    }
}

/// One figure in both runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Row {
    /// The figure as an SLO line would name it.
    pub line: String,
    /// What became of it.
    pub word: Word,
    /// Which way is better.
    pub better: Better,
    /// Unit of the values.
    pub unit: Unit,
    /// In the base; absent where it was not measured.
    pub base: Option<Measured>,
    /// In the new run.
    pub new: Option<Measured>,
    /// From the base to the new run; absent where there is no interval of it.
    pub change: Option<Change>,
    /// Why nothing can be said, or what explains it.
    pub why: Option<String>,
}

/// A value of one run.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measured {
    /// The value, in the unit's base.
    pub value: f64,
    /// Its interval; absent for what was read off.
    pub interval: Option<[f64; 2]>,
    /// Samples.
    pub n: u64,
}

/// A change with its interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Change {
    /// What the numbers are.
    pub scale: Scale,
    /// The change.
    pub value: f64,
    /// Its interval.
    pub interval: [f64; 2],
    /// Everything in here is the same.
    pub same: [f64; 2],
    /// The least change that two such runs show with the stated power: a difference, or the
    /// distance of a ratio from 1.
    pub detectable: f64,
}

/// How a change is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scale {
    /// New minus base: of rates.
    Difference,
    /// New over base: of times, factors and bytes.
    Ratio,
}

impl Scale {
    /// The change of what did not change.
    pub fn none(self) -> f64 {
        match self {
            Self::Difference => 0.0,
            Self::Ratio => 1.0,
        }
    }
}

/// Which way is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// Less, as of times and errors.
    Lower,
    /// More, as of hits.
    Higher,
}

/// What became of a figure, in a word; the gravest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Word {
    /// It changed for the worse, and not just within the margin.
    Worse,
    /// It changed for the better, and not just within the margin.
    Better,
    /// The interval holds no change and more than the margin, or there is none.
    CannotTell,
    /// The whole interval lies within the margin.
    Same,
}

impl Word {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Worse => "worse",
            Self::Better => "better",
            Self::CannotTell => "cannot tell",
            Self::Same => "same",
        }
    }
}

/// How many rows have each word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// Of all.
    pub worse: usize,
    /// Of all.
    pub better: usize,
    /// Of all.
    pub cannot_tell: usize,
    /// Of all.
    pub same: usize,
}

impl Counted {
    /// Counts rows.
    pub fn of(rows: &[Row]) -> Self {
        let n = |word| rows.iter().filter(|row| row.word == word).count();
        Self {
            worse: n(Word::Worse),
            better: n(Word::Better),
            cannot_tell: n(Word::CannotTell),
            same: n(Word::Same),
        }
    }
}

impl Comparison {
    /// Whether anything became worse.
    pub fn is_worse(&self) -> bool {
        self.slos.iter().chain(&self.rows).any(|row| row.word == Word::Worse)
    }

    /// The SLO lines that have an interval in both runs and of which nothing can be said.
    pub fn open(&self) -> impl Iterator<Item = &Row> {
        let measured = |side: &Option<Measured>| side.is_some_and(|side| side.interval.is_some());
        self.slos
            .iter()
            .filter(move |row| row.word == Word::CannotTell && measured(&row.base) && measured(&row.new))
    }

    /// Whether one of the runs says nothing of its target.
    pub fn is_invalid(&self) -> bool {
        self.base.invalid || self.new.invalid
    }
}
