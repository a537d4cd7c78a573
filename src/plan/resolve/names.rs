//! The names that placeholders may use.

use super::Resolver;
use crate::plan::template::TemplateError;
use crate::plan::{Hole, StockPlan, Template, USERNAME};
use crate::scenario::{People, Scenario, ScenarioError, suggest};

/// Every name, by index.
pub(super) struct Scope {
    /// Stocks, their relations not resolved yet.
    pub(super) stocks: Vec<StockPlan>,
    pub(super) values: Vec<String>,
    pub(super) captures: Vec<String>,
}

/// Names that only some requests know.
const BUILT_IN: [&str; 4] = ["mark", "role", "page", "password"];
/// Keys of a listed person that are not attributes.
const NOT_ATTRIBUTES: [&str; 3] = ["role", "password", "token"];

impl Scope {
    /// What a name in braces stands for.
    pub(super) fn hole(&self, name: &str) -> Option<Hole> {
        let index = |names: &[String]| {
            names.iter().position(|known| known == name).and_then(|at| u16::try_from(at).ok())
        };
        match name {
            "mark" => return Some(Hole::Mark),
            "role" => return Some(Hole::Role),
            "page" => return Some(Hole::Page),
            "password" => return Some(Hole::Password),
            _ => {}
        }
        if let Some((stock, field)) = name.split_once('.') {
            let stock = self.stock(stock)?;
            let fields = &self.stocks[usize::from(stock)].fields;
            let field = fields.iter().position(|known| known == field)?;
            return Some(Hole::Field(stock, u16::try_from(field).ok()?));
        }
        self.stock(name)
            .map(Hole::Stock)
            .or_else(|| index(&self.values).map(Hole::Value))
            .or_else(|| index(&self.captures).map(Hole::Capture))
    }

    /// A stock by name.
    pub(super) fn stock(&self, name: &str) -> Option<u16> {
        self.stocks.iter().position(|stock| stock.name == name).and_then(|at| u16::try_from(at).ok())
    }

    /// Every name that a placeholder may have, for suggestions.
    pub(super) fn known(&self, built_in: &[&str]) -> Vec<String> {
        let stocks = self.stocks.iter().flat_map(|stock| {
            let fields = stock.fields.iter().map(|field| format!("{}.{field}", stock.name));
            std::iter::once(stock.name.clone()).chain(fields)
        });
        let built_in = built_in.iter().map(|name| (*name).to_owned());
        stocks
            .chain(self.values.iter().cloned())
            .chain(self.captures.iter().cloned())
            .chain(built_in)
            .collect()
    }
}

impl Resolver<'_> {
    /// Collects the names; none may have two meanings.
    pub(super) fn scope(&self, scenario: &Scenario) -> Result<Scope, ScenarioError> {
        let People { from, list, relations, .. } = &scenario.people;
        let attribute =
            |name: &str| StockPlan { name: name.into(), fields: Vec::new(), relation: None, of: None };
        let mut stocks = vec![attribute("username")];
        let mut add = |stock: StockPlan| {
            if !stocks.iter().any(|known| known.name == stock.name) {
                stocks.push(stock);
            }
        };
        for name in from.iter().flat_map(|from| from.each.keys()) {
            add(attribute(name));
        }
        for name in list.iter().flat_map(|person| person.keys()) {
            if !NOT_ATTRIBUTES.contains(&name.as_str()) {
                add(attribute(name));
            }
        }
        for (name, relation) in relations {
            self.name(&["people", "relations", name], name)?;
            if stocks.iter().any(|known| known.name == *name) {
                let what =
                    format!("\"{name}\" is an attribute of people as well; give the relation another name");
                return Err(self.misnamed(&["people", "relations", name], name, what));
            }
            let fields = relation.with_.keys().cloned().collect();
            stocks.push(StockPlan { fields, ..attribute(name) });
        }
        let values: Vec<String> = scenario.values.keys().cloned().collect();
        let mut captures: Vec<String> = Vec::new();
        for (action, plan) in &scenario.actions {
            for name in plan.capture.keys() {
                self.name(&["actions", action, "capture", name], name)?;
                if !captures.contains(name) {
                    captures.push(name.clone());
                }
            }
        }
        let scope = Scope { stocks, values, captures };
        for (path, names) in [("values", &scope.values), ("actions", &scope.captures)] {
            for name in names {
                let twice = scope.stock(name).is_some() || (path == "actions" && scope.values.contains(name));
                if twice || BUILT_IN.contains(&name.as_str()) {
                    let what = format!("the name \"{name}\" means something else already; choose another");
                    return Err(self.misnamed(&[path, name], name, what));
                }
            }
        }
        debug_assert_eq!(scope.stock("username"), Some(USERNAME));
        Ok(scope)
    }

    /// Parses a text with placeholders. `built_in`: those that make sense here.
    pub(super) fn template(
        &self,
        path: &[&str],
        text: &str,
        scope: &Scope,
        built_in: &[&str],
    ) -> Result<Template, ScenarioError> {
        let expanded = if text.contains("${") { self.expand_braces(text) } else { text.to_owned() };
        let sensible = |name: &str| {
            let hole = scope.hole(name)?;
            (!BUILT_IN.contains(&name) || built_in.contains(&name)).then_some(hole)
        };
        if let Some(name) = unset(text).into_iter().find(|name| sensible(name).is_some()) {
            let what = format!(
                "`${{{name}}}` is a variable of the environment that is not set; write {{{name}}} for the value"
            );
            return Err(ScenarioError::at(self.source, path, what));
        }
        Template::parse(&expanded, sensible).map_err(|error| match error {
            TemplateError::Unknown(name, column) => {
                let known = scope.known(built_in);
                let hint = suggest(&name, known.iter().map(String::as_str));
                let what = format!("unknown placeholder {{{name}}}{hint}");
                ScenarioError::within(self.source, path, column, what)
            }
            TemplateError::Unclosed(column) => {
                let what = "a brace without its partner; write {{ or }} for a brace itself";
                ScenarioError::within(self.source, path, column, what)
            }
        })
    }

    /// Variables first; a brace in one is just a brace.
    fn expand_braces(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let end = rest[at..].find('}').map_or(rest.len(), |end| at + end + 1);
            // A dollar before it is the escape, which expanding takes away.
            let at = if rest[..at].ends_with('$') { at - 1 } else { at };
            out.push_str(&rest[..at]);
            out.push_str(&self.expand(&rest[at..end]).replace('{', "{{").replace('}', "}}"));
            rest = &rest[end..];
        }
        out + rest
    }
}

/// Names in `${…}` that the environment does not know; `$${` is a dollar and a brace.
fn unset(text: &str) -> Vec<&str> {
    let dollars = text.match_indices("${").filter(|(at, _)| !text[..*at].ends_with('$'));
    let named = dollars.filter_map(|(at, _)| Some(text[at + 2..].split_once('}')?.0));
    named.filter(|name| !name.is_empty() && std::env::var_os(name).is_none()).collect()
}
