//! Prometheus text, as far as a scrape of counters needs it: samples by name and
//! labels. <https://prometheus.io/docs/instrumenting/exposition_formats/>

use std::collections::BTreeMap;

/// A parsed exposition.
#[derive(Clone, Debug, Default)]
pub struct Exposition {
    samples: Vec<Sample>,
}

#[derive(Clone, Debug)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// Which samples to add up: a metric name and labels that must be equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// Metric name.
    pub name: String,
    /// Labels that must be there with these values.
    pub labels: BTreeMap<String, String>,
}

/// A selector that is not of the form `name{label="value"}`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a series; write a metric name and labels, as in requests_total{{outcome=\"hit\"}}")]
pub struct SelectorError(String);

impl std::str::FromStr for Selector {
    type Err = SelectorError;

    fn from_str(text: &str) -> Result<Self, SelectorError> {
        series(text.trim())
            .filter(|(_, _, rest)| rest.is_empty())
            .map(|(name, labels, _)| Self { name, labels })
            .ok_or_else(|| SelectorError(text.into()))
    }
}

impl Selector {
    /// Every sample of a metric.
    pub fn plain(name: &str) -> Self {
        Self { name: name.to_owned(), labels: BTreeMap::new() }
    }
}

impl Exposition {
    /// Reads a text; lines that are not samples are passed over.
    pub fn parse(text: &str) -> Self {
        let samples = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .filter_map(|line| {
                let (name, labels, rest) = series(line)?;
                let value: f64 = rest.split_whitespace().next()?.parse().ok()?;
                // Nothing can be counted or subtracted with NaN or infinity.
                if !value.is_finite() {
                    return None;
                }
                Some(Sample { name, labels, value })
            })
            .collect();
        Self { samples }
    }

    /// The sum of the samples that the selector names; `None` where there is none.
    pub fn sum(&self, selector: &Selector) -> Option<f64> {
        let mut found = self
            .samples
            .iter()
            .filter(|sample| sample.name == selector.name)
            .filter(|sample| {
                selector.labels.iter().all(|(label, value)| sample.labels.get(label) == Some(value))
            })
            .map(|sample| sample.value)
            .peekable();
        found.peek()?;
        Some(found.sum())
    }

    /// The values of one label of a metric, sorted, each once.
    pub fn label_values(&self, name: &str, label: &str) -> Vec<String> {
        let values: std::collections::BTreeSet<&String> = self
            .samples
            .iter()
            .filter(|sample| sample.name == name)
            .filter_map(|sample| sample.labels.get(label))
            .collect();
        values.into_iter().cloned().collect()
    }
}

/// Name, labels and the rest of a line.
fn series(line: &str) -> Option<(String, BTreeMap<String, String>, &str)> {
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':')).unwrap_or(line.len());
    let (name, rest) = line.split_at(end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut labels = BTreeMap::new();
    let Some(mut rest) = rest.strip_prefix('{') else { return Some((name.into(), labels, rest.trim())) };
    loop {
        rest = rest.trim_start().trim_start_matches(',').trim_start();
        if let Some(after) = rest.strip_prefix('}') {
            return Some((name.into(), labels, after.trim()));
        }
        let (label, after) = rest.split_once('=')?;
        let (value, after) = quoted(after.trim_start())?;
        labels.insert(label.trim().into(), value);
        rest = after;
    }
}

/// A quoted label value with its escapes resolved, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let body = text.strip_prefix('"')?;
    let mut value = String::new();
    let mut chars = body.char_indices();
    while let Some((index, c)) = chars.next() {
        match c {
            '"' => return Some((value, &body[index + 1..])),
            '\\' => match chars.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"
# HELP q Queries.
# TYPE q counter
q{purpose="report"} 12
q{purpose="auth",x="a\"b,c}"} 3 1700000000000
plain 1.5e3
broken{ 1
"#;

    #[test]
    fn samples_are_added_up_by_name_and_labels() {
        let exposition = Exposition::parse(TEXT);
        let sum = |selector: &str| exposition.sum(&selector.parse().unwrap());
        assert_eq!(sum("q"), Some(15.0));
        assert_eq!(sum(r#"q{purpose="report"}"#), Some(12.0));
        assert_eq!(sum(r#"q{x="a\"b,c}"}"#), Some(3.0));
        assert_eq!(sum("plain"), Some(1500.0));
        assert_eq!(sum(r#"q{purpose="none"}"#), None, "an absent series is not zero");
        assert_eq!(exposition.label_values("q", "purpose"), ["auth", "report"]);
    }

    #[test]
    fn a_bad_selector_is_refused() {
        for text in ["", "{a=\"b\"}", "q{a=b}", "q{a=\"b\"} 3", "9q"] {
            assert!(text.parse::<Selector>().is_err(), "{text}");
        }
    }
}
