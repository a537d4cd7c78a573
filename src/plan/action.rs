//! A request with its placeholders parsed.

use crate::scenario::Method;

/// A request that people make.
#[derive(Clone, Debug)]
pub struct ActionPlan {
    /// Name in labels.
    pub name: String,
    /// Method.
    pub method: Method,
    /// Path.
    pub path: Template,
    /// Query parameters always sent.
    pub query: Vec<(String, Template)>,
    /// Alternatives of further parameters; never empty, the first may be no parameter.
    pub filters: Vec<Vec<(String, Template)>>,
    /// Body of a write.
    pub body: Option<serde_json::Value>,
    /// Placeholders used anywhere.
    pub uses: Vec<Placeholder>,
}

impl ActionPlan {
    /// Whether it needs this drawn.
    pub fn uses(&self, placeholder: Placeholder) -> bool {
        self.uses.contains(&placeholder)
    }
}

/// What a template can be filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placeholder {
    /// One of the person's reports.
    Report,
    /// One of the answers that the person may grade.
    Answer,
    /// A number from 0 to 100.
    Score,
    /// A text that no other write has.
    Mark,
}

impl Placeholder {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Report, Self::Answer, Self::Score, Self::Mark];

    /// The name in braces.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Answer => "answer",
            Self::Score => "score",
            Self::Mark => "mark",
        }
    }
}

/// A text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Hole(Placeholder),
}

impl Template {
    /// Parses `a/{report}/b`; the error is the unknown name.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or_else(|| after.to_owned())?;
            let hole = Placeholder::ALL
                .into_iter()
                .find(|hole| hole.as_str() == name)
                .ok_or_else(|| name.to_owned())?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(Part::Hole(hole));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self(parts))
    }

    /// The placeholders in it.
    pub fn holes(&self) -> impl Iterator<Item = Placeholder> {
        self.0.iter().filter_map(|part| match part {
            Part::Hole(hole) => Some(*hole),
            Part::Text(_) => None,
        })
    }

    /// The text with each placeholder replaced.
    pub fn fill(&self, value: impl Fn(Placeholder) -> String) -> String {
        self.0
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Hole(hole) => value(*hole),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_where_they_stand() {
        let template = Template::parse("/reports/{report}/answers/{answer}").unwrap();
        assert_eq!(template.fill(|hole| hole.as_str().to_uppercase()), "/reports/REPORT/answers/ANSWER");
        assert_eq!(template.holes().collect::<Vec<_>>(), [Placeholder::Report, Placeholder::Answer]);
        assert_eq!(Template::parse("plain").unwrap().fill(|_| unreachable!()), "plain");
    }

    #[test]
    fn an_unknown_placeholder_is_named() {
        assert_eq!(Template::parse("/{child}/"), Err("child".into()));
        assert_eq!(Template::parse("/{open"), Err("open".into()));
    }
}
