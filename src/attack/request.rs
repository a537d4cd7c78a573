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
        Value::Object(map) => {
            Value::Object(map.iter().map(|(key, item)| (key.clone(), fill(item, value))).collect())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => body.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Template;
    use crate::scenario::Method;
    use reqwest::header::HeaderValue;
    use serde_json::json;

    fn person(index: u32) -> Person {
        Person {
            index,
            role: 0,
            username: "teacher-1".into(),
            token: HeaderValue::from_static("Bearer secret"),
            reports: Vec::new(),
            answers: Vec::new(),
        }
    }

    fn template(text: &str) -> Template {
        Template::parse(text).unwrap()
    }

    fn action(path: &str) -> ActionPlan {
        ActionPlan {
            name: "action".into(),
            method: Method::Get,
            path: template(path),
            query: Vec::new(),
            filters: vec![Vec::new()],
            body: None,
            uses: Vec::new(),
        }
    }

    fn draw() -> Draw {
        Draw { report: Some(42), answer: Some(7), score: 88, mark: "mark 1 & 2".into(), filter: 0 }
    }

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    #[test]
    fn path_query_and_filter_are_filled_and_escaped() {
        let mut action = action("/api/reports/{report}/");
        action.query = vec![("search".into(), template("{mark}")), ("page_size".into(), template("20"))];
        action.filters = vec![Vec::new(), vec![("score".into(), template("{score}"))]];
        let plain = render(&url("http://host:1"), &action, &person(1), &draw());
        assert_eq!(plain.url.as_str(), "http://host:1/api/reports/42/?search=mark+1+%26+2&page_size=20");
        let filtered = render(&url("http://host:1"), &action, &person(1), &Draw { filter: 1, ..draw() });
        assert_eq!(filtered.url.query(), Some("search=mark+1+%26+2&page_size=20&score=88"));
        assert_eq!(plain.body, None);
    }

    #[test]
    fn a_base_path_stands_before_the_actions_path() {
        for base in ["http://host/school", "http://host/school/"] {
            assert_eq!(
                render(&url(base), &action("/list/"), &person(1), &draw()).url.as_str(),
                "http://host/school/list/"
            );
        }
        assert_eq!(render(&url("http://host"), &action("/list/"), &person(1), &draw()).url.query(), None);
    }

    #[test]
    fn a_body_keeps_its_shape_and_a_lone_number_is_a_number() {
        let mut action = action("/");
        action.body = Some(
            json!({"score": "{score}", "note": "{score} of 100: {mark}", "ids": ["{answer}", 3, null], "deep": {"mark": "{mark}"}}),
        );
        let body = render(&url("http://host"), &action, &person(1), &draw()).body.unwrap();
        assert_eq!(
            body,
            json!({"score": 88, "note": "88 of 100: mark 1 & 2", "ids": [7, 3, null], "deep": {"mark": "mark 1 & 2"}})
        );
    }

    #[test]
    fn a_fingerprint_tells_people_and_urls_apart() {
        let of = |index, report| {
            let draw = Draw { report: Some(report), ..draw() };
            render(&url("http://host"), &action("/{report}"), &person(index), &draw).fingerprint
        };
        assert_eq!(of(1, 42), of(1, 42));
        assert_ne!(of(1, 42), of(2, 42));
        assert_ne!(of(1, 42), of(1, 43));
    }
}
