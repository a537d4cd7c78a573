//! What can be wrong with a scenario: file, line, what, and what would be right.

use super::Source;

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
    /// An error at a place in the text.
    pub fn at(source: &Source, place: Option<(usize, usize)>, what: impl std::fmt::Display) -> Self {
        Self::Invalid(match place {
            Some((line, column)) => {
                let excerpt =
                    source.excerpt(line, column).map(|text| format!("\n{text}")).unwrap_or_default();
                format!("{}:{line}:{column}: {what}{excerpt}", source.name)
            }
            None => format!("{}: {what}", source.name),
        })
    }
}

/// `; did you mean "x"?` where one of the known names is close, else the list.
pub(crate) fn suggest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    let nearest = known
        .iter()
        .map(|name| (strsim::damerau_levenshtein(given, name), *name))
        .min()
        .filter(|(distance, name)| *distance <= name.len().max(given.len()) / 3 + 1);
    match nearest {
        Some((_, name)) => format!("; did you mean \"{name}\"?"),
        None if known.is_empty() => "; there is none".into(),
        None => format!("; there are: {}", known.join(", ")),
    }
}
