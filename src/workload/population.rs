//! Who comes by in a run, and what each of them may use.

use super::Draw;
use super::draw::{Fill, NOTHING_NOTED};
use crate::plan::{ChangePlan, Condition, Plan};
use std::collections::HashMap;

/// A person of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// Index in the population.
    pub index: u32,
    /// Index of the role.
    pub role: u16,
    /// What they own, by index of the stock; the first is their username.
    pub stocks: Vec<Vec<Item>>,
}

/// One thing that a person may use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// What stands for it in a request.
    pub value: Box<str>,
    /// Its fields, by index; empty where it has none.
    pub fields: Box<[Box<str>]>,
    /// Index of the item that it belongs to, in the stock that its stock belongs to.
    pub of: u32,
}

impl Item {
    /// A thing without fields.
    pub fn plain(value: impl Into<Box<str>>) -> Self {
        Self { value: value.into(), ..Self::default() }
    }
}

impl Person {
    /// Name at the login.
    pub fn username(&self) -> &str {
        self.stocks.first().and_then(|names| names.first()).map_or("", |name| &name.value)
    }

    /// What they own of a kind.
    pub fn stock(&self, stock: u16) -> &[Item] {
        self.stocks.get(usize::from(stock)).map_or(&[], Vec::as_slice)
    }

    /// Whether they own all that an action draws from; what is captured comes with time.
    pub fn can(&self, plan: &Plan, action: u16) -> bool {
        plan.action(action).draws.stocks.iter().all(|stock| !self.stock(*stock).is_empty())
    }

    /// Whether there is something that they can do from the beginning.
    pub fn is_able(&self, plan: &Plan) -> bool {
        let mut actions = plan.role(self.role).actions.iter();
        actions.any(|(action, _)| plan.action(*action).draws.captures.is_empty() && self.can(plan, *action))
    }
}

/// Everybody who comes by.
#[derive(Clone, Debug, Default)]
pub struct Population {
    people: Vec<Person>,
    by_role: Vec<Vec<u32>>,
    /// Places of each role.
    places: Vec<usize>,
    /// Who owns what, each once and in order, for the stocks that say whom a change concerns.
    owners: HashMap<(u16, Box<str>), Vec<u32>>,
}

impl Population {
    /// These people, who take the places of the plan.
    pub fn new(mut people: Vec<Person>, plan: &Plan) -> Self {
        let mut by_role = vec![Vec::new(); plan.roles.len()];
        for (index, person) in (0..).zip(&mut people) {
            person.index = index;
            by_role[usize::from(person.role)].push(index);
        }
        let audience = plan.actions.iter().flat_map(|action| &action.changes);
        let mut stocks: Vec<u16> =
            audience.flat_map(|change| change.audience.iter().map(|(stock, _)| *stock)).collect();
        stocks.sort_unstable();
        stocks.dedup();
        let mut owners: HashMap<(u16, Box<str>), Vec<u32>> = HashMap::new();
        for person in &people {
            for stock in &stocks {
                for item in person.stock(*stock) {
                    let known = owners.entry((*stock, item.value.clone())).or_default();
                    // Two of their items may have the same value.
                    if known.last() != Some(&person.index) {
                        known.push(person.index);
                    }
                }
            }
        }
        let places = plan.roles.iter().map(|role| role.places as usize).collect();
        Self { people, by_role, places, owners }
    }

    /// A person by index.
    pub fn person(&self, index: u32) -> &Person {
        &self.people[index as usize]
    }

    /// Everybody.
    pub fn people(&self) -> &[Person] {
        &self.people
    }

    /// People of a role.
    pub fn of_role(&self, role: usize) -> &[u32] {
        &self.by_role[role]
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Those who take a place: the people of a role are shared out over its places, so
    /// that nobody is in two places at once and the seed alone decides who is where.
    pub fn at_place(&self, role: usize, place: usize) -> Vec<u32> {
        let places = self.places[role].max(1);
        self.by_role[role].iter().skip(place % places).step_by(places).copied().collect()
    }

    /// The place of a person among those of their role.
    pub fn place_of(&self, person: u32) -> usize {
        let role = usize::from(self.person(person).role);
        let at = self.by_role[role].binary_search(&person).unwrap_or(0);
        at % self.places[role].max(1)
    }

    /// Whom a change concerns, its writer among them, in the order of their index.
    pub fn audience(&self, plan: &Plan, change: &ChangePlan, writer: u32, draw: &Draw) -> Vec<u32> {
        let fill = Fill::new(plan, self.person(writer), draw, &NOTHING_NOTED);
        let mut concerned: Option<Vec<u32>> = None;
        for (stock, template) in &change.audience {
            let value = fill.text(template).into_boxed_str();
            let owners: &[u32] = self.owners.get(&(*stock, value)).map_or(&[], Vec::as_slice);
            concerned = Some(match concerned {
                None => owners.to_vec(),
                Some(known) => {
                    known.into_iter().filter(|person| owners.binary_search(person).is_ok()).collect()
                }
            });
        }
        concerned.unwrap_or_else(|| (0..).take(self.people.len()).collect())
    }

    /// Whether what somebody drew for a read fits the conditions of a change, whose values
    /// are filled for its writer. A condition on what was not drawn does not hold it back.
    pub fn fits(reader: &Fill<'_>, conditions: &[Condition], writer: &Fill<'_>) -> bool {
        conditions.iter().all(|condition| match reader.drawn(condition.hole) {
            None => true,
            Some(value) => condition.values.iter().any(|wanted| writer.text(wanted) == value),
        })
    }
}

#[cfg(test)]
mod tests;
