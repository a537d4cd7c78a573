//! What came from the environment: never shown, never saved.

use std::fmt;

/// Shorter values are no secrets; to blank them would blank half of every text.
const SHORTEST: usize = 4;

/// Values that the environment gave for `${NAME}`. It has no way into a file or a log.
#[derive(Clone, Default)]
pub struct Secrets(Vec<String>);

impl Secrets {
    /// Adds a value that is long enough to be one.
    pub fn add(&mut self, value: &str) {
        if value.chars().count() >= SHORTEST && !self.0.iter().any(|known| known == value) {
            self.0.push(value.to_owned());
        }
    }

    /// Each value.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.0.len())
    }
}
