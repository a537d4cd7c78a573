//! Exit codes: a documented contract that release gates rely on.

use std::fmt;
use std::process::ExitCode;

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Every SLO passed.
    Passed,
    /// Anything unexpected: a defect of ours, a full disk.
    Unexpected,
    /// The command line or the scenario is wrong.
    Usage,
    /// The target could not be reached, or was lost during the run.
    TargetLost,
    /// An SLO failed or a violation was confirmed.
    Failed,
    /// Nothing failed, but at least one SLO could not be decided.
    Inconclusive,
    /// The generator was the bottleneck: the run says nothing of the target.
    Invalid,
    /// Ctrl-C or SIGTERM ended the run early.
    Interrupted,
}

impl Exit {
    /// The number the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Passed => 0,
            Self::Unexpected => 1,
            Self::Usage => 2,
            Self::TargetLost => 3,
            Self::Failed => 10,
            Self::Inconclusive => 11,
            Self::Invalid => 12,
            Self::Interrupted => 130,
        }
    }

    /// Position in the order 130 > 3 > 12 > 10 > 11 > 0; usage and unexpected
    /// errors end a command before there is anything to combine them with.
    const fn rank(self) -> u8 {
        match self {
            Self::Usage => 7,
            Self::Unexpected => 6,
            Self::Interrupted => 5,
            Self::TargetLost => 4,
            Self::Invalid => 3,
            Self::Failed => 2,
            Self::Inconclusive => 1,
            Self::Passed => 0,
        }
    }

    /// The code to return when both apply.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if other.rank() > self.rank() { other } else { self }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error that knows which exit code it deserves.
#[derive(Debug)]
pub struct Failure {
    /// The code to end with.
    pub exit: Exit,
    /// What went wrong, with its context.
    pub source: anyhow::Error,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.source.to_string();
        for cause in self.source.chain().skip(1).map(ToString::to_string) {
            // Many errors tell their cause themselves; nobody needs to read it twice.
            if !said.contains(&cause) {
                said.push_str(": ");
                said.push_str(&cause);
            }
        }
        f.write_str(&said)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(source: anyhow::Error) -> Self {
        Self { exit: Exit::Unexpected, source }
    }
}

/// Gives an error its exit code.
pub trait OrExit<T> {
    /// Maps the error to a [`Failure`] with this code.
    fn or_exit(self, exit: Exit) -> Result<T, Failure>;
}

impl<T, E: Into<anyhow::Error>> OrExit<T> for Result<T, E> {
    fn or_exit(self, exit: Exit) -> Result<T, Failure> {
        self.map_err(|error| Failure { exit, source: error.into() })
    }
}

#[cfg(test)]
mod tests {
    use super::Exit::*;

    #[test]
    fn the_graver_outcome_wins() {
        assert_eq!(Passed.and(Inconclusive), Inconclusive);
        assert_eq!(Inconclusive.and(Failed), Failed);
        assert_eq!(Failed.and(Invalid), Invalid);
        assert_eq!(Invalid.and(TargetLost), TargetLost);
        assert_eq!(TargetLost.and(Interrupted), Interrupted);
        assert_eq!(Interrupted.and(Failed), Interrupted);
    }

    #[test]
    fn a_cause_is_told_once() {
        use anyhow::Context as _;
        #[derive(Debug, thiserror::Error)]
        #[error("file.yaml: {source}")]
        struct Unreadable {
            source: std::io::Error,
        }
        let source = std::io::Error::other("no such file");
        let told = |source: anyhow::Error| super::Failure { exit: Usage, source }.to_string();
        let error = Err::<(), _>(Unreadable { source }).context("cannot start").expect_err("an error");
        assert_eq!(told(error), "cannot start: file.yaml: no such file");
        assert_eq!(told(anyhow::anyhow!("disk full").context("cannot write")), "cannot write: disk full");
    }

    #[test]
    fn codes_are_the_documented_ones() {
        let codes = [Passed, Unexpected, Usage, TargetLost, Failed, Inconclusive, Invalid, Interrupted]
            .map(super::Exit::code);
        assert_eq!(codes, [0, 1, 2, 3, 10, 11, 12, 130]);
    }
}
