//! Texts with placeholders, parsed once.

use super::USERNAME;

/// What a placeholder stands for. Numbers are indices into the plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hole {
    /// An item of a person's stock: an attribute, or one of a relation.
    Stock(u16),
    /// A field of such an item.
    Field(u16, u16),
    /// An entry of `values`.
    Value(u16),
    /// Something captured from an earlier answer.
    Capture(u16),
    /// A text that no other write has.
    Mark,
    /// Name of the person's role.
    Role,
    /// Number of a page, where people are asked for.
    Page,
    /// The person's password, at a login only.
    Password,
}

/// A text with placeholders.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Hole(Hole),
}

/// Why a text is no template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TemplateError {
    /// A name that nothing has, and where it begins, in characters.
    Unknown(String, usize),
    /// A brace without its partner, and where it is.
    Unclosed(usize),
}

impl Template {
    /// A text without placeholders.
    pub fn plain(text: impl Into<String>) -> Self {
        Self(vec![Part::Text(text.into())])
    }

    /// Parses `a/{report}/b`; `{{` and `}}` are literal braces.
    pub(super) fn parse(
        text: &str,
        mut resolve: impl FnMut(&str) -> Option<Hole>,
    ) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, after) = rest.split_at(at);
            plain.push_str(before);
            if let Some(literal) = ["{{", "}}"].into_iter().find(|literal| after.starts_with(literal)) {
                plain.push_str(&literal[1..]);
                rest = &after[2..];
                continue;
            }
            let column = text[..text.len() - after.len()].chars().count();
            let inner = after.strip_prefix('{').ok_or(TemplateError::Unclosed(column))?;
            let (name, after) = inner.split_once('}').ok_or(TemplateError::Unclosed(column))?;
            let hole = resolve(name).ok_or_else(|| TemplateError::Unknown(name.to_owned(), column + 1))?;
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Hole(hole));
            rest = after;
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }

    /// The placeholders in it.
    pub fn holes(&self) -> impl Iterator<Item = Hole> {
        self.0.iter().filter_map(|part| match part {
            Part::Hole(hole) => Some(*hole),
            Part::Text(_) => None,
        })
    }

    /// The one placeholder that is all of it.
    pub fn lone(&self) -> Option<Hole> {
        match self.0.as_slice() {
            [Part::Hole(hole)] => Some(*hole),
            _ => None,
        }
    }

    /// Appends the text with each placeholder replaced; what `value` has nothing for is
    /// left out.
    pub fn fill_into<'a>(
        &'a self,
        out: &mut String,
        value: &impl Fn(Hole) -> Option<std::borrow::Cow<'a, str>>,
    ) {
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Hole(hole) => {
                    if let Some(text) = value(*hole) {
                        out.push_str(&text);
                    }
                }
            }
        }
    }

    /// The text with each placeholder replaced.
    pub fn fill<'a>(&'a self, value: &impl Fn(Hole) -> Option<std::borrow::Cow<'a, str>>) -> String {
        let mut out = String::new();
        self.fill_into(&mut out, value);
        out
    }
}

/// A JSON value with placeholders in its strings.
#[derive(Clone, Debug, PartialEq)]
pub enum JsonTemplate {
    /// A value without placeholders.
    Plain(serde_json::Value),
    /// A string. One that is a placeholder and nothing else becomes a number where it is one,
    /// except for what people log in with.
    Text(Template),
    /// A list.
    List(Vec<Self>),
    /// A mapping.
    Map(Vec<(String, Self)>),
}

impl JsonTemplate {
    pub(super) fn parse<E>(
        value: &serde_json::Value,
        template: &mut impl FnMut(&str) -> Result<Template, E>,
    ) -> Result<Self, E> {
        use serde_json::Value;
        Ok(match value {
            Value::String(text) => Self::Text(template(text)?),
            Value::Array(items) => {
                Self::List(items.iter().map(|item| Self::parse(item, template)).collect::<Result<_, _>>()?)
            }
            Value::Object(map) => Self::Map(
                map.iter()
                    .map(|(key, item)| Ok((key.clone(), Self::parse(item, template)?)))
                    .collect::<Result<_, E>>()?,
            ),
            Value::Null | Value::Bool(_) | Value::Number(_) => Self::Plain(value.clone()),
        })
    }

    /// The placeholders in it.
    pub fn holes(&self) -> Vec<Hole> {
        match self {
            Self::Plain(_) => Vec::new(),
            Self::Text(template) => template.holes().collect(),
            Self::List(items) => items.iter().flat_map(Self::holes).collect(),
            Self::Map(entries) => entries.iter().flat_map(|(_, item)| item.holes()).collect(),
        }
    }

    /// The value with each placeholder replaced.
    pub fn fill<'a>(
        &'a self,
        value: &impl Fn(Hole) -> Option<std::borrow::Cow<'a, str>>,
    ) -> serde_json::Value {
        use serde_json::Value;
        match self {
            Self::Plain(plain) => plain.clone(),
            Self::Text(template) => {
                let text = template.fill(value);
                let named =
                    |hole: &Hole| !matches!(hole, Hole::Stock(USERNAME) | Hole::Password | Hole::Mark);
                let number = template.lone().filter(named).and_then(|_| text.parse::<i64>().ok());
                // `007` and `+7` are no numbers of JSON: they stay as they are.
                let number = number.filter(|number| number.to_string() == text);
                number.map_or(Value::String(text), Value::from)
            }
            Self::List(items) => Value::Array(items.iter().map(|item| item.fill(value)).collect()),
            Self::Map(entries) => {
                Value::Object(entries.iter().map(|(key, item)| (key.clone(), item.fill(value))).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::borrow::Cow;

    fn names(name: &str) -> Option<Hole> {
        match name {
            "report" => Some(Hole::Stock(1)),
            "report.type" => Some(Hole::Field(1, 1)),
            "mark" => Some(Hole::Mark),
            _ => None,
        }
    }

    fn value<'a>(hole: Hole) -> Option<Cow<'a, str>> {
        match hole {
            Hole::Stock(_) => Some("42".into()),
            Hole::Field(..) => Some("analytics".into()),
            Hole::Mark => Some("m".into()),
            _ => None,
        }
    }

    #[test]
    fn placeholders_are_filled_where_they_stand() {
        let of = |text: &str| {
            let template = Template::parse(text, names).unwrap();
            template.fill(&value)
        };
        assert_eq!(of("/reports/{report}/{report.type}"), "/reports/42/analytics");
        assert_eq!(of("plain"), "plain");
        assert_eq!(of("{{report}} {report}}}"), "{report} 42}");
        assert_eq!(of(""), "");
    }

    #[test]
    fn an_unknown_or_open_placeholder_is_named_and_placed() {
        assert_eq!(Template::parse("/a/{child}/", names), Err(TemplateError::Unknown("child".into(), 4)));
        assert_eq!(Template::parse("/a/{open", names), Err(TemplateError::Unclosed(3)));
        assert_eq!(Template::parse("/a}/", names), Err(TemplateError::Unclosed(2)));
    }

    #[test]
    fn json_keeps_its_shape_and_a_lone_number_is_a_number() {
        let written =
            serde_json::json!({"id": "{report}", "note": "no {report}", "deep": [{"m": "{mark}"}, 3, null]});
        let template = JsonTemplate::parse(&written, &mut |text: &str| Template::parse(text, names)).unwrap();
        assert_eq!(
            template.fill(&value),
            serde_json::json!({"id": 42, "note": "no 42", "deep": [{"m": "m"}, 3, null]})
        );
        assert_eq!(template.holes().len(), 3);
    }

    #[test]
    fn what_only_looks_like_a_number_stays_a_text() {
        let holes = |name: &str| match name {
            "username" => Some(Hole::Stock(USERNAME)),
            "password" => Some(Hole::Password),
            "code" => Some(Hole::Stock(1)),
            "sign" => Some(Hole::Stock(2)),
            "negative" => Some(Hole::Value(0)),
            _ => None,
        };
        let text = |hole| match hole {
            Hole::Stock(1) => "007",
            Hole::Stock(2) => "+7",
            Hole::Value(_) => "-7",
            _ => "1001",
        };
        let written = serde_json::json!(["{username}", "{password}", "{code}", "{sign}", "{negative}"]);
        let template = JsonTemplate::parse(&written, &mut |text: &str| Template::parse(text, holes)).unwrap();
        let filled = template.fill(&|hole| Some(text(hole).into()));
        assert_eq!(filled, serde_json::json!(["1001", "1001", "007", "+7", -7]));
    }
}
