//! `compare` and `merge`: commands on several run folders.

use super::Inconclusive;
use clap::Args;
use std::path::PathBuf;

/// `merge`.
#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Run folders of generators that drove one target at the same time
    #[arg(required = true, num_args = 2..)]
    pub dirs: Vec<PathBuf>,
    /// Run folder to write [default: reports/SCENARIO-UTC]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How an inconclusive verdict ends
    #[arg(long, value_enum, value_name = "HOW")]
    pub inconclusive: Option<Inconclusive>,
    /// Print verdict.json instead of the table
    #[arg(long)]
    pub json: bool,
}

/// `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Run folder to compare with
    #[arg(required_unless_present = "trend")]
    pub base: Option<PathBuf>,
    /// Run folder to compare
    #[arg(required_unless_present = "trend")]
    pub new: Option<PathBuf>,
    /// Show all runs of a folder over time instead, and since when a line is otherwise
    #[arg(long, value_name = "DIR", conflicts_with_all = ["base", "new", "within", "points", "fail_on_regression", "inconclusive", "all"])]
    pub trend: Option<PathBuf>,
    /// Times, factors and bytes within so much of the base are the same
    #[arg(long, value_name = "PERCENT", default_value = "5%")]
    pub within: Percent,
    /// Rates within so many points are the same
    #[arg(long, value_name = "POINTS", default_value = "2")]
    pub points: Percent,
    /// End with 10 if anything is worse, and with 11 if an SLO line could be
    #[arg(long)]
    pub fail_on_regression: bool,
    /// How an SLO line that could be worse ends
    #[arg(long, value_enum, value_name = "HOW", requires = "fail_on_regression")]
    pub inconclusive: Option<Inconclusive>,
    /// Show the figures that are the same or cannot be told as well
    #[arg(long)]
    pub all: bool,
    /// Write comparison.json and comparison.md (or trend.json, trend.md and plots) into this folder
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print JSON instead of the table
    #[arg(long)]
    pub json: bool,
}

/// A share: `5%` and `5` are 0.05.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Percent(pub f64);

impl std::str::FromStr for Percent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = text.trim().trim_end_matches('%').trim_end();
        match number.parse::<f64>() {
            Ok(value) if value.is_finite() && value > 0.0 && value <= 100.0 => Ok(Self(value / 100.0)),
            Ok(_) | Err(_) => {
                Err(format!("`{text}` is not a share above 0 and up to 100 %; write one like 5%"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_in_per_cent() {
        assert_eq!("5%".parse(), Ok(Percent(0.05)));
        assert_eq!("2.5".parse(), Ok(Percent(0.025)));
        for wrong in ["0", "-1%", "five", "101%", "nan", ""] {
            assert!(wrong.parse::<Percent>().is_err(), "{wrong}");
        }
    }
}
