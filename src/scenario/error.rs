//! What can be wrong with a scenario: file, line, what, and what would be right.

use super::source::{Origin, Place, Source};
use std::fmt::Display;

/// A scenario that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// The file could not be read.
    #[error("{path}: cannot read the scenario: {source}")]
    Unreadable {
        /// The path.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// Something in the text is wrong.
    #[error("{0}")]
    Invalid(String),
    /// Something on the command line does not fit the scenario.
    #[error("{setting}: {what}")]
    Setting {
        /// The option as it was given.
        setting: String,
        /// What is wrong.
        what: String,
    },
}

impl ScenarioError {
    /// An error at the value of a path (list positions in decimal), with its line.
    pub fn at(source: &Source, path: &[&str], what: impl Display) -> Self {
        Self::placed(source, source.place(path), what)
    }

    /// An error at the key of a path: a name that is wrong, a map that lacks something.
    pub fn at_key(source: &Source, path: &[&str], what: impl Display) -> Self {
        Self::placed(source, source.place_of_key(path), what)
    }

    /// An error at a character, counted from 0, of the text at a path.
    pub fn within(source: &Source, path: &[&str], column_offset: usize, what: impl Display) -> Self {
        Self::placed(source, source.place_within(path, column_offset), what)
    }

    /// An error without a place, where the line may hold a secret.
    pub fn of_file(source: &Source, what: impl Display) -> Self {
        Self::Invalid(format!("{}: {what}", source.name))
    }

    pub(super) fn placed(source: &Source, place: Option<Place>, what: impl Display) -> Self {
        let Some(place) = place else {
            return Self::of_file(source, what);
        };
        let label = source.label(place);
        if matches!(source.files.get(place.file), Some(file) if matches!(file.origin, Origin::Setting)) {
            return Self::Setting { setting: label, what: what.to_string() };
        }
        let excerpt = source.excerpt(place).map(|text| format!("\n{text}")).unwrap_or_default();
        Self::Invalid(format!("{label}: {what}{excerpt}"))
    }
}

/// `; did you mean "x"?` where one of the known names is close, else the list.
pub(crate) fn suggest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match nearest(given, known.iter().copied()) {
        Some(name) => format!("; did you mean \"{name}\"?"),
        None if known.is_empty() => "; there is none".into(),
        None => format!("; there are: {}", known.join(", ")),
    }
}

/// The known name that is most like the given one, if any is.
pub(crate) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase().replace('_', "-");
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&given, &name.to_lowercase().replace('_', "-")), name))
        .min()
        .filter(|(distance, name)| *distance <= name.len().max(given.len()) / 3 + 1)
        .map(|(_, name)| name)
}
