//! What fills an action's placeholders.

use super::Person;
use crate::plan::{Hole, JsonTemplate, Plan, Template};
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

/// Indices of a person's items, one for each of these stocks, the earlier the likelier.
/// An item that belongs to another comes from those that belong to the one drawn.
pub(super) fn items(
    rng: &mut impl rand::Rng,
    plan: &Plan,
    person: &Person,
    stocks: &[u16],
    exponent: f64,
) -> Vec<(u16, u32)> {
    let mut drawn: Vec<(u16, u32)> = Vec::with_capacity(stocks.len());
    for stock in stocks {
        let of = plan.people.stocks.get(usize::from(*stock)).and_then(|stock| stock.of);
        let parent = of.and_then(|of| drawn.iter().find(|(known, _)| *known == of)).map(|(_, item)| *item);
        let items = person.stock(*stock);
        let fits: Option<Vec<u32>> = parent.map(|parent| {
            (0..).zip(items).filter(|(_, item)| item.of == parent).map(|(at, _)| at).collect()
        });
        let at = match fits {
            Some(fits) if !fits.is_empty() => fits[rank(rng, fits.len(), exponent)],
            Some(_) | None if items.is_empty() => continue,
            Some(_) | None => u32::try_from(rank(rng, items.len(), exponent)).unwrap_or(0),
        };
        drawn.push((*stock, at));
    }
    drawn
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
