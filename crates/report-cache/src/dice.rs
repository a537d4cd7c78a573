//! Chance, as a value that is passed in: so that tests know what falls.

use std::fmt;
use std::sync::Arc;

/// A source of numbers in `[0, 1)`. Clones share it.
#[derive(Clone)]
pub struct Dice(Arc<dyn Fn() -> f64 + Send + Sync>);

impl Dice {
    /// Dice that fall as `roll` says: numbers in `[0, 1)`.
    pub fn new(roll: impl Fn() -> f64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(roll))
    }

    /// The next number.
    #[must_use]
    pub fn roll(&self) -> f64 {
        (self.0)()
    }
}

impl Default for Dice {
    /// Fair ones.
    fn default() -> Self {
        Self::new(rand::random::<f64>)
    }
}

impl fmt::Debug for Dice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dice")
    }
}
