//! Who there is and what they may use, asked of the target or read from the plan.

use super::login::Identity;
use super::target::{Target, TargetError};
use crate::plan::{Hole, Origin, Plan, RequestPlan, StockPlan, USERNAME};
use crate::workload::{Draw, Fill, Item, NOTHING_NOTED, Person, around, lineage, render_request};
use serde_json::Value;
use std::collections::HashSet;

/// Pages of people read at most, a role.
const PAGES: usize = 200;
/// People of a role kept at most, before those of the run are chosen.
const MANY: usize = 100_000;
/// Items of one person's stock at most.
const ITEMS: usize = 2_000;

/// Everybody of a role that the target or the scenario knows, with their attributes.
pub(super) async fn people(
    plan: &Plan,
    target: &Target,
    staff: &Identity,
    role: u16,
) -> Result<Vec<Person>, TargetError> {
    let blank = |username: &str| {
        let mut stocks = vec![Vec::new(); plan.people.stocks.len()];
        stocks[0] = vec![Item::plain(username)];
        Person { index: 0, role, stocks }
    };
    match &plan.people.origin {
        Origin::Anonymous => {
            let name = &plan.role(role).name;
            Ok((1..=plan.role(role).people).map(|n| blank(&format!("visitor-{name}-{n}"))).collect())
        }
        Origin::Listed(list) => {
            let of_role = list.iter().filter(|entry| text(&entry["role"]) == plan.role(role).name);
            let person = |entry: &indexmap::IndexMap<String, Value>| {
                let mut person = blank("");
                for (stock, StockPlan { name, .. }) in plan.people.stocks.iter().enumerate() {
                    if let Some(value) = entry.get(name) {
                        person.stocks[stock] = items(value);
                    }
                }
                person
            };
            Ok(of_role.map(person).collect())
        }
        Origin::Asked { request, items: list, next, each } => {
            let mut people = Vec::new();
            let asker = blank("");
            let mut address: Option<String> = None;
            let mut known = HashSet::new();
            let mut seen = 0_u64;
            for page in 1..=PAGES {
                let page = page.to_string();
                let given = [(Hole::Role, plan.role(role).name.as_str()), (Hole::Page, page.as_str())];
                let draw = Draw::default();
                let fill = Fill { given: &given, ..Fill::new(plan, &asker, &draw, &NOTHING_NOTED) };
                let mut request = render_request(&target.base, request, &fill);
                if let Some(url) = address.as_ref().and_then(|address| target.told(&request.url, address)) {
                    request.url = url;
                }
                let answer = target.json(plan, &request, staff).await?;
                let found = array(&answer, list, &request)?;
                seen += found.len() as u64;
                let before = people.len();
                for entry in found {
                    let mut person = blank("");
                    for (stock, pointer) in each {
                        if let Some(value) = entry.pointer(pointer) {
                            person.stocks[usize::from(*stock)] = items(value);
                        }
                    }
                    if !person.username().is_empty() && known.insert(person.username().to_owned()) {
                        people.push(person);
                    }
                }
                address = next
                    .as_ref()
                    .and_then(|next| answer.pointer(next)?.as_str())
                    .filter(|address| !address.is_empty())
                    .map(str::to_owned);
                let total = answer.get("count").and_then(Value::as_u64);
                let goes_on = match next {
                    Some(_) => address.is_some(),
                    None => pages(plan) && total.is_none_or(|total| seen < total),
                };
                // A page that tells nobody new is the last, whatever the target says: it may not
                // know pages at all.
                if people.len() == before || !goes_on || people.len() >= MANY {
                    break;
                }
            }
            if people.is_empty() && seen > 0 {
                let pointer = each.iter().find(|(stock, _)| *stock == USERNAME).map_or("", |(_, at)| at);
                return Err(TargetError::Unexpected {
                    method: "GET".into(),
                    url: target.base.to_string(),
                    what: format!("none of the {seen} people listed has a username at {pointer}"),
                });
            }
            Ok(people)
        }
    }
}

/// Whether the list of people is asked for page by page.
fn pages(plan: &Plan) -> bool {
    match &plan.people.origin {
        Origin::Asked { request, .. } => request.holes().contains(&Hole::Page),
        Origin::Anonymous | Origin::Listed(_) => false,
    }
}

/// Asks for each relation that this person's role has.
pub(super) async fn relations(
    plan: &Plan,
    target: &Target,
    identity: &Identity,
    person: &mut Person,
) -> Result<(), TargetError> {
    for (stock, kind) in plan.people.stocks.iter().enumerate() {
        let Some(relation) = kind.relation.as_ref().filter(|relation| relation.roles.contains(&person.role))
        else {
            continue;
        };
        let parents = kind.of.map_or(1, |of| person.stock(of).len());
        let mut owned = Vec::new();
        for parent in 0..u32::try_from(parents).unwrap_or(u32::MAX) {
            // The item and all that it belongs to may stand in the request.
            let items = kind.of.map(|of| lineage(plan, person, of, parent).collect());
            let draw = Draw { items: items.unwrap_or_default(), ..Draw::default() };
            let found =
                list(plan, target, identity, person, &relation.request, &relation.items, &draw).await?;
            for entry in found.iter().take(relation.most) {
                let Some(value) = entry.pointer(&relation.id).map(text).filter(|value| !value.is_empty())
                else {
                    continue;
                };
                let fields = relation
                    .fields
                    .iter()
                    .map(|pointer| entry.pointer(pointer).map(text).unwrap_or_default().into());
                owned.push(Item { value: value.into(), fields: fields.collect(), of: parent });
            }
            if owned.len() >= ITEMS {
                break;
            }
        }
        person.stocks[stock] = owned;
    }
    Ok(())
}

/// One list, asked around the cache so that it stays as it was.
async fn list(
    plan: &Plan,
    target: &Target,
    identity: &Identity,
    person: &Person,
    request: &RequestPlan,
    items: &str,
    draw: &Draw,
) -> Result<Vec<Value>, TargetError> {
    let mark = target.mark();
    let given = [(Hole::Mark, mark.as_str())];
    let fill = Fill { given: &given, ..Fill::new(plan, person, draw, &NOTHING_NOTED) };
    let mut request = render_request(&target.base, request, &fill);
    if let Some(bypass) = &plan.cache.bypass {
        request = around(request, &target.base, bypass, &fill);
    }
    let answer = target.json(plan, &request, identity).await?;
    array(&answer, items, &request).cloned()
}

fn array<'a>(
    answer: &'a Value,
    pointer: &str,
    request: &crate::workload::Request,
) -> Result<&'a Vec<Value>, TargetError> {
    answer.pointer(pointer).and_then(Value::as_array).ok_or_else(|| TargetError::Unexpected {
        method: request.method.to_string(),
        url: request.url.to_string(),
        what: if pointer.is_empty() {
            "the answer is not a list".into()
        } else {
            format!("the answer has no list at {pointer}")
        },
    })
}

/// A value as the items of a stock: a list gives one each, anything else is one.
fn items(value: &Value) -> Vec<Item> {
    match value {
        Value::Array(items) => {
            items.iter().take(ITEMS).map(text).filter(|text| !text.is_empty()).map(Item::plain).collect()
        }
        Value::Null => Vec::new(),
        single => vec![Item::plain(text(single))],
    }
}

/// A JSON value as it stands in a request.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
