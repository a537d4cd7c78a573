//! An action with its placeholders parsed.

use super::Resolver;
use crate::plan::{ActionPlan, Placeholder, Template};
use crate::scenario::{Action, ScenarioError};

impl Resolver<'_> {
    pub(super) fn action(&self, name: &str, action: &Action) -> Result<ActionPlan, ScenarioError> {
        let here = format!("{name}:");
        let template = |text: &str| {
            Template::parse(text).map_err(|unknown| {
                let known: Vec<String> =
                    Placeholder::ALL.iter().map(|hole| format!("{{{}}}", hole.as_str())).collect();
                self.error_below(
                    &["actions:", &here],
                    &[text, &here],
                    format!(
                        "action \"{name}\": unknown placeholder {{{unknown}}}; there are {}",
                        known.join(", ")
                    ),
                )
            })
        };
        if !action.path.starts_with('/') {
            return Err(self.error_below(
                &["actions:", &here],
                &[&action.path, &here],
                format!("action \"{name}\": path `{}` must begin with /", action.path),
            ));
        }
        if action.path.contains(['?', '#']) {
            return Err(self.error_below(
                &["actions:", &here],
                &[&action.path, &here],
                format!(
                    "action \"{name}\": path `{}` holds a query; write its parameters under `query:`",
                    action.path
                ),
            ));
        }
        let pairs =
            |map: &indexmap::IndexMap<String, String>| -> Result<Vec<(String, Template)>, ScenarioError> {
                map.iter().map(|(key, value)| Ok((key.clone(), template(value)?))).collect()
            };
        let path = template(&action.path)?;
        let query = pairs(&action.query)?;
        let mut filters = action.filters.iter().map(pairs).collect::<Result<Vec<_>, _>>()?;
        if filters.is_empty() {
            filters.push(Vec::new());
        }
        let mut uses: Vec<Placeholder> = path.holes().collect();
        uses.extend(query.iter().chain(filters.iter().flatten()).flat_map(|(_, value)| value.holes()));
        if let Some(body) = &action.body {
            for text in strings(body) {
                uses.extend(template(text)?.holes());
            }
        }
        Ok(ActionPlan {
            name: name.into(),
            method: action.method,
            path,
            query,
            filters,
            body: action.body.clone(),
            uses,
        })
    }
}

fn strings(value: &serde_json::Value) -> Vec<&str> {
    match value {
        serde_json::Value::String(text) => vec![text],
        serde_json::Value::Array(items) => items.iter().flat_map(strings).collect(),
        serde_json::Value::Object(map) => map.values().flat_map(strings).collect(),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => Vec::new(),
    }
}
