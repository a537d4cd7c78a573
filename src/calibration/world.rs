//! A world: something that draws runs, all of one kind.

use crate::evidence::PairRecord;
use crate::observe::Source;
use crate::scenario::Kind;
use rand_chacha::ChaCha8Rng;

/// One response of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Read {
    /// When it was asked for: seconds since the measured phase began.
    pub at: f64,
    /// Microseconds until its last byte.
    pub took_us: u64,
    /// Who asked, or the cluster that the scenario declares.
    pub person: u32,
    /// Index of the role.
    pub role: u16,
    /// Who served it.
    pub source: Source,
}

/// Draws runs.
pub trait World: Send + Sync {
    /// Length of a run in seconds.
    fn seconds(&self) -> f64;

    /// The responses of one run, in any order; times outside the run are left out.
    fn replay(&self, rng: &mut ChaCha8Rng, see: &mut dyn FnMut(Read));

    /// The pairs of one run.
    fn pairs(&self, _rng: &mut ChaCha8Rng) -> Vec<PairRecord> {
        Vec::new()
    }

    /// What kind of phase it is.
    fn kind(&self) -> Kind {
        Kind::Steady
    }

    /// Names of the roles.
    fn roles(&self) -> Vec<String> {
        vec!["reader".into()]
    }
}
