//! Query strings become [`Filters`]: what a view accepts, and what it takes as given.
//!
//! A parameter that equals its default is left out, so `page=1` and no page are one entry. A parameter
//! the view does not know is refused, never half-used.

use serde_json::{Map, Value};
use thiserror::Error;

use crate::filters::Filters;

/// The parameters one view accepts.
///
/// ```
/// use report_cache::QueryRules;
///
/// let rules = QueryRules::new().param("page", Some("1")).param("search", None);
/// let filters = rules.filters(Some("search=algebra+II&page=1"))?;
/// assert_eq!(filters.canonical_json(), r#"{"search": "algebra II"}"#);
/// assert!(rules.filters(Some("colour=red")).is_err());
/// # Ok::<(), report_cache::QueryError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct QueryRules {
    params: Vec<Param>,
    view: Option<&'static str>,
}

#[derive(Debug, Clone)]
struct Param {
    name: &'static str,
    default: Option<&'static str>,
}

/// A query string that names no one answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum QueryError {
    /// The view has no such parameter.
    #[error("unknown parameter {name:?}; use {accepted}")]
    Unknown {
        /// The name as it was decoded.
        name: String,
        /// The names the view accepts, for the message.
        accepted: String,
    },
    /// A percent escape is incomplete, or the bytes are not UTF-8.
    #[error("parameter {piece:?} is not percent-encoded UTF-8; encode each byte as %XX")]
    Encoding {
        /// The piece of the query as it was sent.
        piece: String,
    },
}

impl QueryRules {
    /// A view that accepts no parameters.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Accepts `name`; a value equal to `default` is left out.
    #[must_use]
    pub fn param(mut self, name: &'static str, default: Option<&'static str>) -> Self {
        self.params.push(Param { name, default });
        self
    }

    /// Adds the filter `"view": view`, for views other than list and retrieve.
    #[must_use]
    pub fn view(mut self, view: &'static str) -> Self {
        self.view = Some(view);
        self
    }

    /// The filters that `raw_query` (the URI's part after `?`) asks for.
    ///
    /// # Errors
    /// [`QueryError::Unknown`] for a parameter that was not declared, [`QueryError::Encoding`] for text
    /// that is not percent-encoded UTF-8.
    pub fn filters(&self, raw_query: Option<&str>) -> Result<Filters, QueryError> {
        let mut given: Map<String, Value> = Map::new();
        for piece in raw_query.unwrap_or_default().split('&').filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let (name, value) = (decode(name, piece)?, decode(value, piece)?);
            if !self.params.iter().any(|param| param.name == name) {
                return Err(QueryError::Unknown { name, accepted: self.accepted() });
            }
            match given.get_mut(&name) {
                None => {
                    given.insert(name, Value::String(value));
                }
                Some(Value::Array(values)) => values.push(Value::String(value)),
                Some(first) => *first = Value::Array(vec![first.take(), Value::String(value)]),
            }
        }
        for Param { name, default } in &self.params {
            if default.is_some_and(|default| given.get(*name).and_then(Value::as_str) == Some(default)) {
                given.remove(*name);
            }
        }
        if let Some(view) = self.view {
            given.insert("view".to_owned(), Value::from(view));
        }
        Ok(Filters::from_json(given))
    }

    fn accepted(&self) -> String {
        if self.params.is_empty() {
            return "none here".to_owned();
        }
        self.params.iter().map(|param| param.name).collect::<Vec<_>>().join(", ")
    }
}

/// Decodes `application/x-www-form-urlencoded` text: `+` is a space, `%XX` a byte.
fn decode(text: &str, piece: &str) -> Result<String, QueryError> {
    let refused = || QueryError::Encoding { piece: piece.to_owned() };
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || bytes.next().and_then(|b| char::from(b).to_digit(16)).ok_or_else(refused);
                let (high, low) = (digit()?, digit()?);
                u8::try_from(high * 16 + low).expect("two hex digits are one byte")
            }
            other => other,
        });
    }
    String::from_utf8(out).map_err(|_| refused())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn list() -> QueryRules {
        QueryRules::new()
            .param("page", Some("1"))
            .param("ordering", Some("-week_start"))
            .param("search", None)
            .param("type", None)
    }

    #[test]
    fn queries_become_canonical_filters() {
        let table = [
            (None, "{}"),
            (Some(""), "{}"),
            (Some("page=1"), "{}"),
            (Some("page=1&ordering=-week_start"), "{}"),
            (Some("page=2&ordering=-week_start"), r#"{"page": "2"}"#),
            (Some("&&page=2&"), r#"{"page": "2"}"#),
            (Some("type=a&type=b"), r#"{"type": ["a", "b"]}"#),
            (Some("type=a&type=b&type=a"), r#"{"type": ["a", "b", "a"]}"#),
            (Some("search=a+b%2Bc%20d"), r#"{"search": "a b+c d"}"#),
            (Some("search=%D0%98"), r#"{"search": "\u0418"}"#),
            (Some("search=a=b"), r#"{"search": "a=b"}"#),
            (Some("search"), r#"{"search": ""}"#),
            (Some("%74ype=x"), r#"{"type": "x"}"#),
        ];
        for (query, expected) in table {
            assert_eq!(list().filters(query).unwrap().canonical_json(), expected, "{query:?}");
        }
    }

    #[test]
    fn what_names_no_one_answer_is_refused() {
        let unknown = list().filters(Some("page=2&colour=red")).unwrap_err();
        let said = "unknown parameter \"colour\"; use page, ordering, search, type";
        assert_eq!(unknown.to_string(), said);
        for query in ["search=%", "search=%4", "search=%zz", "search=%ff", "search=%+1"] {
            assert!(matches!(list().filters(Some(query)), Err(QueryError::Encoding { .. })), "{query}");
        }
        // The view is the service's to say, not the reader's.
        assert!(list().view("stats").filters(Some("view=export")).is_err());
    }

    #[test]
    fn views_of_one_report_do_not_share_an_entry() {
        let plain = QueryRules::new().filters(None).unwrap();
        let stats = QueryRules::new().view("stats").filters(None).unwrap();
        assert_eq!(stats.canonical_json(), r#"{"view": "stats"}"#);
        assert_ne!(plain.hash(), stats.hash());
    }

    proptest! {
        #[test]
        fn the_order_of_parameters_never_changes_the_hash(
            order in Just(vec!["page=3", "ordering=id", "search=x%20y", "type=custom"]).prop_shuffle(),
        ) {
            let expected = list().filters(Some("page=3&ordering=id&search=x+y&type=custom")).unwrap();
            let filters = list().filters(Some(&order.join("&"))).unwrap();
            prop_assert_eq!(filters.hash(), expected.hash());
        }
    }
}
