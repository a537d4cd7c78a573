//! What an answer was computed in, so that it can be told when it no longer counts.
//!
//! An entry counts only while all three parts are what a reader finds current.

use std::fmt;
use std::str::FromStr;

/// Two epochs and the store they are of. Each is random or a hash of something random, so that one that
/// was lost comes back as another, and what is left of the old one is cold and never stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generation {
    /// Epoch of the reader's reports of this type.
    pub(crate) person: u64,
    /// Epoch of the report.
    pub(crate) report: u64,
    /// Identity of the store: which process it is, and since which clearing.
    pub(crate) store: u64,
}

impl Generation {
    /// A generation nobody has had before (192 random bits).
    #[must_use]
    pub fn fresh() -> Self {
        Self { person: rand::random(), report: rand::random(), store: rand::random() }
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}.{:016x}.{:016x}", self.person, self.report, self.store)
    }
}

/// Text that is no [`Generation`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not three epochs of 16 hex digits")]
pub struct NoGeneration;

impl FromStr for Generation {
    type Err = NoGeneration;

    fn from_str(text: &str) -> Result<Self, NoGeneration> {
        let mut parts = text.split('.');
        let mut epoch = || -> Result<u64, NoGeneration> {
            let digits = parts.next().filter(|digits| digits.len() == 16).ok_or(NoGeneration)?;
            u64::from_str_radix(digits, 16).map_err(|_| NoGeneration)
        };
        let generation = Self { person: epoch()?, report: epoch()?, store: epoch()? };
        if parts.next().is_none() { Ok(generation) } else { Err(NoGeneration) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_generation_reads_back_and_is_never_met_twice() {
        let generation = Generation::fresh();
        assert_eq!(generation.to_string().parse(), Ok(generation));
        assert_ne!(generation, Generation::fresh());
    }

    #[test]
    fn what_is_not_three_epochs_is_refused() {
        let two = "0123456789abcdef.0123456789abcdef";
        for text in ["", "12", two, &format!("{two}.12"), &format!("{two}.0123456789abcdef.1"), "x.y.z"] {
            assert_eq!(text.parse::<Generation>(), Err(NoGeneration), "{text}");
        }
    }
}
