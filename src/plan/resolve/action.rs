//! An action with its placeholders parsed and its changes understood.

use super::Resolver;
use super::names::Scope;
use super::request::{Body, reads};
use crate::plan::{ActionPlan, ChangePlan, Condition, Draws, RequestPlan};
use crate::scenario::{Action, Capture, Change, Scenario, ScenarioError, Text, suggest};
use indexmap::IndexMap;

/// What an action's requests know besides the scope.
const BUILT_IN: [&str; 2] = ["mark", "role"];

impl Resolver<'_> {
    pub(super) fn action(
        &self,
        name: &str,
        action: &Action,
        scenario: &Scenario,
        scope: &Scope,
    ) -> Result<ActionPlan, ScenarioError> {
        let here = ["actions", name];
        let body =
            Body { json: action.json.as_ref(), form: action.form.as_ref(), text: action.text.as_deref() };
        let request = RequestPlan {
            method: self.method(&here, &action.method)?,
            path: self.path(&here, &action.path, scope, &BUILT_IN)?,
            query: self.pairs(&["actions", name, "query"], &action.query, scope, &BUILT_IN)?,
            headers: self.headers(&["actions", name, "headers"], &action.headers, scope, &BUILT_IN)?,
            body: self.body(&here, &body, scope, &BUILT_IN)?,
            as_: None,
            expect: self.expect(&here, action.expect.as_ref(), scope, &BUILT_IN)?,
        };
        let mut filters = Vec::new();
        for (at, filter) in action.filters.iter().enumerate() {
            let path = ["actions", name, "filters", &at.to_string()];
            filters.push(self.pairs(&path, filter, scope, &BUILT_IN)?);
        }
        if filters.is_empty() {
            filters.push(Vec::new());
        }
        let read = action.reads.unwrap_or_else(|| reads(&request.method));
        if read && !action.changes.is_empty() {
            let what = format!(
                "action \"{name}\" only reads, so it has no `changes`; add `reads: false` if it writes"
            );
            return Err(self.error(&["actions", name, "changes"], what));
        }
        let mut changes = Vec::new();
        for (at, change) in action.changes.iter().enumerate() {
            changes.push(self.change(name, &at.to_string(), change, scenario, scope)?);
        }
        for (at, pointer) in action.volatile.iter().enumerate() {
            self.pointer(&["actions", name, "volatile", &at.to_string()], pointer)?;
        }
        let mut captures = Vec::new();
        for (capture, place) in &action.capture {
            let path = ["actions", name, "capture", capture];
            match place {
                Capture::Json(pointer) => self.pointer(&path, pointer)?,
                Capture::Header(header) => drop(self.header_name(&path, header)?),
            }
            let at =
                scope.captures.iter().position(|known| known == capture).expect("the scope has them all");
            captures.push((u16::try_from(at).expect("there are few names"), place.clone()));
        }
        let in_filters = filters.iter().flatten().flat_map(|(_, value)| value.holes());
        let in_changes = changes.iter().flat_map(|change: &ChangePlan| {
            let audience = change.audience.iter().flat_map(|(_, value)| value.holes());
            let values = change.conditions.iter().flat_map(|condition| &condition.values);
            audience.chain(values.flat_map(|value| value.holes()))
        });
        let draws = Draws::of(request.holes().into_iter().chain(in_filters).chain(in_changes));
        Ok(ActionPlan {
            name: name.into(),
            request,
            filters,
            captures,
            read,
            cached: read && action.cached,
            changes,
            volatile: action.volatile.clone(),
            draws,
        })
    }

    fn change(
        &self,
        action: &str,
        at: &str,
        change: &Change,
        scenario: &Scenario,
        scope: &Scope,
    ) -> Result<ChangePlan, ScenarioError> {
        let here = ["actions", action, "changes", at];
        let mut audience = Vec::new();
        for (name, value) in &change.for_ {
            let path = [&here[..], &["for", name]].concat();
            let stock = scope.stock(name).ok_or_else(|| {
                let known = scope.stocks.iter().map(|stock| stock.name.as_str());
                let hint = suggest(name, known);
                self.misnamed(&path, name, format!("people have no \"{name}\"{hint}"))
            })?;
            audience.push((stock, self.template(&path, value, scope, &BUILT_IN)?));
        }
        if change.actions.is_empty() {
            return Err(self.error(&here, "a change needs the reads that show it, as in `actions: [report]`"));
        }
        let actions = self.reads_named(&[&here[..], &["actions"]].concat(), &change.actions, scenario)?;
        let conditions = self.conditions(&[&here[..], &["where"]].concat(), &change.where_, scope)?;
        Ok(ChangePlan { audience, actions, conditions })
    }

    /// Indices of reads by their names.
    pub(super) fn reads_named(
        &self,
        path: &[&str],
        names: &[String],
        scenario: &Scenario,
    ) -> Result<Vec<u16>, ScenarioError> {
        let index = |(at, name): (usize, &String)| {
            let found = scenario.actions.get_index_of(name.as_str());
            found.and_then(|index| u16::try_from(index).ok()).ok_or_else(|| {
                let hint = suggest(name, scenario.actions.keys().map(String::as_str));
                self.error(&[path, &[&at.to_string()]].concat(), format!("unknown action \"{name}\"{hint}"))
            })
        };
        names.iter().enumerate().map(index).collect()
    }

    /// Conditions on what was drawn.
    pub(super) fn conditions(
        &self,
        path: &[&str],
        map: &IndexMap<String, Vec<Text>>,
        scope: &Scope,
    ) -> Result<Vec<Condition>, ScenarioError> {
        map.iter()
            .map(|(name, values)| {
                let here = [path, &[name.as_str()]].concat();
                let hole = scope.hole(name).ok_or_else(|| {
                    let known = scope.known(&[]);
                    let hint = suggest(name, known.iter().map(String::as_str));
                    self.misnamed(&here, name, format!("nothing that is drawn is called \"{name}\"{hint}"))
                })?;
                let values = values.iter().map(|value| self.template(&here, value, scope, &BUILT_IN));
                Ok(Condition { hole, values: values.collect::<Result<_, _>>()? })
            })
            .collect()
    }
}
