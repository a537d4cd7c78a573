//! Where people come from, and what they own.

use super::Resolver;
use super::names::Scope;
use crate::plan::{ActionPlan, Hole, Origin, PeoplePlan, RelationPlan, RolePlan, StockPlan, USERNAME};
use crate::scenario::{Discovery, People, Scenario, ScenarioError, suggest};

impl Resolver<'_> {
    pub(super) fn people(
        &self,
        scenario: &Scenario,
        scope: &Scope,
        actions: &[ActionPlan],
        roles: &[RolePlan],
        cluster: Option<u16>,
    ) -> Result<PeoplePlan, ScenarioError> {
        let People { from, list, file, relations } = &scenario.people;
        let origins = [from.is_some(), !list.is_empty()];
        if origins.iter().filter(|given| **given).count() > 1 {
            let what = "people come from one place: keep one of `from`, `list` and `file`";
            return Err(self.error(&["people"], what));
        }
        if let Some(file) = file.as_ref().filter(|_| list.is_empty()) {
            return Err(self.error(&["people", "file"], format!("`{file}` lists nobody")));
        }
        let origin = match from {
            Some(from) => self.asked(from, scope)?,
            None if list.is_empty() => Origin::Anonymous,
            None => self.listed(scenario)?,
        };
        let mut stocks = scope.stocks.clone();
        for (name, relation) in relations {
            let here = ["people", "relations", name];
            let index = scope.stock(name).expect("the scope has every relation");
            let request =
                self.request(&["people", "relations", name, "request"], &relation.request, scope, &["role"])?;
            self.pointer(&["people", "relations", name, "items"], &relation.items)?;
            self.pointer(&["people", "relations", name, "id"], &relation.id)?;
            for (field, pointer) in &relation.with_ {
                self.pointer(&["people", "relations", name, "with", field], pointer)?;
            }
            let mut of = None;
            for hole in request.holes() {
                match hole {
                    Hole::Stock(stock) if stock >= index => {
                        let other = &scope.stocks[usize::from(stock)].name;
                        let what = format!("relation \"{name}\" uses {{{other}}}, which must stand above it");
                        return Err(self.error(&here, what));
                    }
                    // The last of them, which may belong to the others.
                    Hole::Stock(stock) if stock != USERNAME => of = of.max(Some(stock)),
                    Hole::Stock(_) | Hole::Role => {}
                    Hole::Field(..)
                    | Hole::Value(_)
                    | Hole::Capture(_)
                    | Hole::Mark
                    | Hole::Page
                    | Hole::Password => {
                        let what = format!(
                            "relation \"{name}\" may use only attributes and relations of the person"
                        );
                        return Err(self.error(&here, what));
                    }
                }
            }
            let plan = &mut stocks[usize::from(index)];
            plan.of = of;
            plan.relation = Some(RelationPlan {
                request,
                items: relation.items.clone(),
                id: relation.id.clone(),
                fields: relation.with_.values().cloned().collect(),
                most: relation.most as usize,
                roles: self.asking(name, scenario, roles)?,
            });
        }
        who_asks(&mut stocks, actions, roles, cluster);
        Ok(PeoplePlan { origin, stocks })
    }

    fn asked(&self, from: &Discovery, scope: &Scope) -> Result<Origin, ScenarioError> {
        let here = ["people", "from", "each"];
        if !from.each.contains_key("username") {
            return Err(self.error(&here, "`each` needs a `username`, as in {username: /username}"));
        }
        self.pointer(&["people", "from", "items"], &from.items)?;
        if let Some(next) = &from.next {
            self.pointer(&["people", "from", "next"], next)?;
        }
        let mut each = Vec::new();
        for (name, pointer) in &from.each {
            self.pointer(&[&here[..], &[name]].concat(), pointer)?;
            each.push((scope.stock(name).expect("the scope has every attribute"), pointer.clone()));
        }
        let request =
            self.request(&["people", "from", "request"], &from.request, scope, &["role", "page"])?;
        Ok(Origin::Asked {
            request: Box::new(request),
            items: from.items.clone(),
            next: from.next.clone(),
            each,
        })
    }

    fn listed(&self, scenario: &Scenario) -> Result<Origin, ScenarioError> {
        for (at, person) in scenario.people.list.iter().enumerate() {
            let at = at.to_string();
            for key in ["role", "username"] {
                if !person.get(key).is_some_and(|value| value.is_string() || value.is_number()) {
                    let what = format!("this person has no `{key}`");
                    return Err(self.error(&["people", "list", &at], what));
                }
            }
            let role = person["role"].as_str().unwrap_or_default();
            if !scenario.roles.contains_key(role) {
                let hint = suggest(role, scenario.roles.keys().map(String::as_str));
                let what = format!("unknown role \"{role}\"{hint}");
                return Err(self.error(&["people", "list", &at, "role"], what));
            }
        }
        Ok(Origin::Listed(scenario.people.list.clone()))
    }

    /// The roles that a relation names.
    fn asking(&self, name: &str, scenario: &Scenario, roles: &[RolePlan]) -> Result<Vec<u16>, ScenarioError> {
        let given = &scenario.people.relations[name].roles;
        let index = |role: &crate::scenario::Text| {
            let found = roles.iter().position(|known| known.name == **role);
            found.and_then(|at| u16::try_from(at).ok()).ok_or_else(|| {
                let hint = suggest(role, roles.iter().map(|role| role.name.as_str()));
                self.error(&["people", "relations", name, "roles"], format!("unknown role \"{role}\"{hint}"))
            })
        };
        given.iter().map(index).collect()
    }
}

/// A relation that names no role is asked of those whose actions use it, and of everybody
/// where it tells who must see a change, or who counts as one.
fn who_asks(stocks: &mut [StockPlan], actions: &[ActionPlan], roles: &[RolePlan], cluster: Option<u16>) {
    let audience: Vec<u16> = actions
        .iter()
        .flat_map(|action| &action.changes)
        .flat_map(|change| change.audience.iter().map(|(stock, _)| *stock))
        .chain(cluster)
        .collect();
    let uses = |role: &RolePlan, stock: u16| {
        role.reachable().any(|action| actions[usize::from(action)].draws.stocks.contains(&stock))
    };
    // From the last to the first, because one may be asked for the sake of a later one.
    let mut needed: Vec<Vec<u16>> = vec![Vec::new(); stocks.len()];
    for index in (0..stocks.len()).rev() {
        let stock = index as u16;
        let mut who: Vec<u16> = (0..roles.len() as u16)
            .filter(|role| audience.contains(&stock) || uses(&roles[usize::from(*role)], stock))
            .chain(needed[index].iter().copied())
            .collect();
        who.sort_unstable();
        who.dedup();
        if let Some(relation) = &mut stocks[index].relation {
            if relation.roles.is_empty() {
                relation.roles = who;
            }
            let roles = relation.roles.clone();
            if let Some(of) = stocks[index].of {
                needed[usize::from(of)].extend(roles);
            }
        }
    }
}
