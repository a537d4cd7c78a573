//! A step of a journey as a request.

use super::cast::Person;
use super::journey::Draw;
use crate::plan::{ActionPlan, Placeholder};
use reqwest::Url;
use serde_json::Value;

/// A request, rendered for one person.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where to.
    pub url: Url,
    /// JSON body of a write.
    pub body: Option<Value>,
    /// Fingerprint of (person, URL).
    pub fingerprint: u64,
}

/// Fills an action's placeholders.
pub fn render(base: &Url, action: &ActionPlan, person: &Person, draw: &Draw) -> Request {
    let value = |hole: Placeholder| match hole {
        Placeholder::Report => draw.report.unwrap_or_default().to_string(),
        Placeholder::Answer => draw.answer.unwrap_or_default().to_string(),
        Placeholder::Score => draw.score.to_string(),
        Placeholder::Mark => draw.mark.clone(),
    };
    let mut url = base.clone();
    let path = action.path.fill(value);
    url.set_path(&format!("{}{path}", base.path().trim_end_matches('/')));
    let filter = action.filters.get(draw.filter).into_iter().flatten();
    let mut pairs = action.query.iter().chain(filter).peekable();
    if pairs.peek().is_some() {
        let mut query = url.query_pairs_mut();
        for (name, template) in pairs {
            query.append_pair(name, &template.fill(value));
        }
    }
    let fingerprint = xxhash_rust::xxh3::xxh3_64_with_seed(url.as_str().as_bytes(), u64::from(person.index));
    let body = action.body.as_ref().map(|body| fill(body, &value));
    Request { url, body, fingerprint }
}

/// Fills the strings of a body; a string that is one numeric placeholder and nothing
/// else becomes a number.
fn fill(body: &Value, value: &impl Fn(Placeholder) -> String) -> Value {
    match body {
        Value::String(text) => {
            let number = [Placeholder::Report, Placeholder::Answer, Placeholder::Score]
                .into_iter()
                .find(|hole| *text == format!("{{{}}}", hole.as_str()));
            match number.and_then(|hole| value(hole).parse::<u64>().ok()) {
                Some(number) => Value::from(number),
                None => match crate::plan::Template::parse(text) {
                    Ok(template) => Value::String(template.fill(value)),
                    Err(_) => Value::String(text.clone()),
                },
            }
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| fill(item, value)).collect()),
        Value::Object(map) => Value::Object(map.iter().map(|(key, item)| (key.clone(), fill(item, value))).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) => body.clone(),
    }
}
