//! Passwords and tokens of people: kept apart from the scenario, which goes into files.

use std::collections::HashMap;
use std::fmt;

/// What a person proves themselves with. `${NAME}` in it is not expanded yet.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// A password to log in with.
    Password(String),
    /// A token that is sent as it is.
    Token(String),
}

/// Credentials by username. It has no way into a file or a log.
#[derive(Clone, Default)]
pub struct Credentials {
    by_name: HashMap<String, Credential>,
}

impl Credentials {
    /// What this person has.
    pub fn get(&self, username: &str) -> Option<&Credential> {
        self.by_name.get(username)
    }

    /// What anybody has.
    pub fn iter(&self) -> impl Iterator<Item = &Credential> {
        self.by_name.values()
    }

    /// How many people have one.
    pub fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Whether nobody has one.
    pub fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Gives a person one, and takes the one before.
    pub fn insert(&mut self, username: impl Into<String>, credential: Credential) {
        self.by_name.insert(username.into(), credential);
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Password(_) => "Password(…)",
            Self::Token(_) => "Token(…)",
        })
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials of {} people", self.by_name.len())
    }
}
