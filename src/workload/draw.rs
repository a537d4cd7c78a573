//! What fills an action's placeholders.

use super::Person;
use crate::plan::{ActionPlan, Hole, JsonTemplate, Plan, RolePlan, Template};
use crate::scenario::Value;
use rand::RngExt as _;
use rand_distr::{Distribution as _, Zipf};
use std::borrow::Cow;

/// What was drawn for one request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Draw {
    /// (stock, index of the person's item in it).
    pub items: Vec<(u16, u32)>,
    /// (value, text).
    pub values: Vec<(u16, String)>,
    /// A text that no other write has, where one is needed.
    pub mark: Option<String>,
    /// Which of the action's alternatives.
    pub filter: u16,
}

impl Draw {
    /// The item of a stock, if one was drawn.
    pub fn item(&self, stock: u16) -> Option<u32> {
        self.items.iter().find(|(known, _)| *known == stock).map(|(_, item)| *item)
    }

    /// Whether the same request can be made again with it.
    pub fn repeats(&self) -> bool {
        self.mark.is_none() && self.values.is_empty()
    }
}

/// What a person remembers of earlier answers, by index of the capture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notes(Vec<Option<String>>);

/// Somebody who remembers nothing.
pub static NOTHING_NOTED: Notes = Notes(Vec::new());

impl Notes {
    /// What was captured last.
    pub fn get(&self, capture: u16) -> Option<&str> {
        self.0.get(usize::from(capture))?.as_deref()
    }

    /// Remembers something.
    pub fn set(&mut self, capture: u16, text: String) {
        let at = usize::from(capture);
        if self.0.len() <= at {
            self.0.resize(at + 1, None);
        }
        self.0[at] = Some(text);
    }
}

/// Everything that placeholders can be filled from.
#[derive(Clone, Copy, Debug)]
pub struct Fill<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Who asks.
    pub person: &'a Person,
    /// What was drawn.
    pub draw: &'a Draw,
    /// What they remember.
    pub notes: &'a Notes,
    /// What this request alone is given: a password, the number of a page, a role.
    pub given: &'a [(Hole, &'a str)],
}

impl<'a> Fill<'a> {
    /// Everything for a request of this person.
    pub fn new(plan: &'a Plan, person: &'a Person, draw: &'a Draw, notes: &'a Notes) -> Self {
        Self { plan, person, draw, notes, given: &[] }
    }

    /// What a placeholder stands for here.
    pub fn hole(&self, hole: Hole) -> Option<Cow<'a, str>> {
        if let Some((_, text)) = self.given.iter().find(|(known, _)| *known == hole) {
            return Some(Cow::Borrowed(text));
        }
        match hole {
            Hole::Stock(stock) => Some(Cow::Borrowed(&*self.item(stock)?.value)),
            Hole::Field(stock, field) => {
                Some(Cow::Borrowed(&**self.item(stock)?.fields.get(usize::from(field))?))
            }
            Hole::Value(value) => {
                let drawn = self.draw.values.iter().find(|(known, _)| *known == value);
                drawn.map(|(_, text)| Cow::Borrowed(text.as_str()))
            }
            Hole::Capture(capture) => self.notes.get(capture).map(Cow::Borrowed),
            Hole::Mark => self.draw.mark.as_deref().map(Cow::Borrowed),
            Hole::Role => Some(Cow::Borrowed(&self.plan.role(self.person.role).name)),
            Hole::Page | Hole::Password => None,
        }
    }

    /// The same, but only of what was drawn: a person's only item is not meant by a request
    /// that does not name it.
    pub fn drawn(&self, hole: Hole) -> Option<Cow<'a, str>> {
        match hole {
            Hole::Stock(stock) | Hole::Field(stock, _) if self.draw.item(stock).is_none() => None,
            _ => self.hole(hole),
        }
    }

    /// The item that was drawn, or the only one there is.
    fn item(&self, stock: u16) -> Option<&'a super::Item> {
        let items = self.person.stock(stock);
        match self.draw.item(stock) {
            Some(at) => items.get(at as usize),
            None if items.len() == 1 => items.first(),
            None => None,
        }
    }

    /// A template, filled.
    pub fn text(&self, template: &'a Template) -> String {
        template.fill(&|hole| self.hole(hole))
    }

    /// A JSON template, filled.
    pub fn json(&self, template: &'a JsonTemplate) -> serde_json::Value {
        template.fill(&|hole| self.hole(hole))
    }
}

/// An item of a person and all that it belongs to, as (stock, index), itself first.
pub(crate) fn lineage(plan: &Plan, person: &Person, stock: u16, at: u32) -> impl Iterator<Item = (u16, u32)> {
    // A stock belongs to one above it, so that this ends.
    std::iter::successors(Some((stock, at)), |(stock, at)| {
        let of = plan.people.stocks.get(usize::from(*stock))?.of?;
        Some((of, person.stock(*stock).get(*at as usize)?.of))
    })
}

/// Indices of a person's items, one for each of these stocks, the earlier the likelier.
/// An item that belongs to another comes from those that belong to the one drawn; where it
/// has none, another is drawn in its place.
pub(super) fn items(
    rng: &mut impl rand::Rng,
    plan: &Plan,
    person: &Person,
    stocks: &[u16],
    exponent: f64,
) -> Vec<(u16, u32)> {
    let mut drawn: Vec<(u16, u32)> = Vec::with_capacity(stocks.len());
    for stock in stocks {
        let all = 0..u32::try_from(person.stock(*stock).len()).unwrap_or(u32::MAX);
        if all.is_empty() {
            continue;
        }
        let belongs = plan.people.stocks.get(usize::from(*stock)).is_some_and(|stock| stock.of.is_some());
        let fits: Vec<u32> = if belongs {
            let agrees = |(stock, at)| drawn.iter().all(|known| known.0 != stock || known.1 == at);
            all.clone().filter(|at| lineage(plan, person, *stock, *at).skip(1).all(agrees)).collect()
        } else {
            Vec::new()
        };
        let at = match fits.as_slice() {
            [] => u32::try_from(rank(rng, all.len(), exponent)).unwrap_or(0),
            fits => fits[rank(rng, fits.len(), exponent)],
        };
        agree(plan, person, &mut drawn, *stock, at);
    }
    drawn
}

/// Takes an item, and what it belongs to in place of what was drawn before.
pub(super) fn agree(plan: &Plan, person: &Person, drawn: &mut Vec<(u16, u32)>, stock: u16, at: u32) {
    for (stock, at) in lineage(plan, person, stock, at).skip(1) {
        if let Some(known) = drawn.iter_mut().find(|(known, _)| *known == stock) {
            known.1 = at;
        }
    }
    match drawn.iter_mut().find(|(known, _)| *known == stock) {
        Some(known) => known.1 = at,
        None => drawn.push((stock, at)),
    }
}

/// What a person might draw outside of any journey: by their favourites, with a mark and
/// counters that no journey comes to.
pub(super) fn apart(
    rng: &mut impl rand::Rng,
    plan: &Plan,
    role: &RolePlan,
    person: &Person,
    action: &ActionPlan,
) -> Draw {
    let items = items(rng, plan, person, &action.draws.stocks, role.favourites);
    let mut one = |at: &u16| {
        let serial = if let Value::Counter(_) = plan.values[usize::from(*at)].kind {
            // Far beyond what places count to, and exact in JSON.
            rng.random_range(1 << 44..1 << 52)
        } else {
            0
        };
        (*at, value(rng, plan, *at, serial))
    };
    let values = action.draws.values.iter().map(&mut one).collect();
    let mark = action.draws.mark.then(|| format!("cacheproof mark {}-{:x}", plan.seed, rng.random::<u64>()));
    let filter = rank(rng, action.filters.len(), role.filters);
    Draw { items, values, mark, filter: u16::try_from(filter).unwrap_or(0) }
}

/// One value that no person owns; `serial` is what a counter has counted so far.
pub(super) fn value(rng: &mut impl rand::Rng, plan: &Plan, value: u16, serial: u64) -> String {
    match &plan.values[usize::from(value)].kind {
        Value::Random(from, to) => rng.random_range(*from..=*to).to_string(),
        Value::Zipf(zipf) => {
            let n = usize::try_from(zipf.to - zipf.from + 1).unwrap_or(usize::MAX);
            (zipf.from + rank(rng, n, zipf.exponent) as i64).to_string()
        }
        Value::Counter(from) => (from + serial).to_string(),
        Value::OneOf(items) => items[rng.random_range(0..items.len())].0.clone(),
    }
}

/// A Zipf rank from 0. One item costs no random number.
pub(crate) fn rank(rng: &mut impl rand::Rng, n: usize, exponent: f64) -> usize {
    if n <= 1 {
        return 0;
    }
    if exponent == 0.0 {
        return rng.random_range(0..n);
    }
    let drawn: f64 = Zipf::new(n as f64, exponent).map_or(1.0, |zipf| zipf.sample(rng));
    (drawn as usize).clamp(1, n) - 1
}

#[cfg(test)]
mod tests;
