//! People and what they may use, asked of a service.

use super::super::testing::{named, open, serve};
use super::*;
use crate::attack::{Cast, CastError};
use crate::workload::testing::{scenario, stock};
use axum::Router;
use axum::extract::{Request as Incoming, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::StatusCode;
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

type Asked = Arc<Mutex<Vec<String>>>;

/// Five people a role, two a page. A page beyond the last is refused.
async fn directory(State(asked): State<Asked>, request: Incoming) -> Response {
    let uri = request.uri().clone();
    asked.lock().unwrap().push(uri.path_and_query().unwrap().to_string());
    let query: HashMap<String, String> =
        form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned().collect();
    let of = |key: &str| query.get(key).map(String::as_str).unwrap_or_default();
    let path = uri.path().trim_start_matches("/api");
    match path {
        "/people" | "/linked" => {
            let page: usize = of("page").parse().unwrap_or(1);
            let all: Vec<Value> = (1..=5)
                // One has no name: nobody to log in, but an entry all the same.
                .map(|n| {
                    json!({"username": if n == 2 { String::new() } else { format!("{}{n}", of("role")) },
                                "id": n, "classes": [n, n + 1], "mentor": null})
                })
                .collect();
            let Some(some) = all.chunks(2).nth(page - 1) else {
                return StatusCode::NOT_FOUND.into_response();
            };
            let mut answer = json!({"count": all.len(), "results": some});
            if path == "/linked" {
                answer.as_object_mut().unwrap().remove("count");
                // Behind a proxy it does not know its own name.
                let next =
                    format!("http://inside.invalid:1/api/linked?role={}&page={}", of("role"), page + 1);
                answer["next"] = if page < 3 { json!(next) } else { json!(null) };
            }
            axum::Json(answer).into_response()
        }
        "/children" => axum::Json(json!([{"id": "c1"}, {"id": "c/2"}, {"id": ""}])).into_response(),
        _ => match path.strip_prefix("/reports/") {
            Some(child) => {
                let report = |n: u32| json!({"id": format!("{child}-{n}"), "about": {"type": n}});
                axum::Json(json!({"results": (1..=3).map(report).collect::<Vec<_>>()})).into_response()
            }
            None => StatusCode::NOT_FOUND.into_response(),
        },
    }
}

struct School {
    plan: Arc<Plan>,
    target: Target,
    asked: Asked,
}

impl School {
    async fn new(people: Value) -> Self {
        let asked = Asked::default();
        let mut url = serve(Router::new().fallback(any(directory)).with_state(Arc::clone(&asked))).await;
        url.set_path("/api");
        let mut scenario = scenario(
            json!({"list": {"path": "/list"}, "report": {"path": "/children/{child}/reports/{report}"}}),
            json!({
                "parent": {"users": 1, "people": 3, "actions": {"list": 1, "report": 1}},
                "clerk": {"users": 1, "people": 2, "actions": {"list": 1}},
            }),
        );
        scenario["people"] = people;
        scenario["people"]["relations"] = json!({
            "child": {"request": {"path": "/children"}, "id": "/id"},
            "report": {"request": {"path": "/reports/{child}"}, "items": "/results", "id": "/id",
                       "with": {"type": "/about/type"}, "most": 2},
        });
        scenario["cache"] = json!({"bypass": {"query": {"fresh": "{mark}"}}});
        let (plan, target) = open(scenario, &url).await;
        Self { plan, target, asked }
    }

    async fn people(&self, role: u16) -> Vec<Person> {
        people(&self.plan, &self.target, &Identity::default(), role).await.unwrap()
    }

    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }
}

fn from(path: &str, query: Value) -> Value {
    let mut from = json!({"request": {"path": path, "query": query}, "items": "/results",
                          "each": {"username": "/username", "id": "/id", "classes": "/classes", "mentor": "/mentor"}});
    if path == "/linked" {
        from["next"] = json!("/next");
    }
    json!({"from": from})
}

fn names(people: &[Person]) -> Vec<&str> {
    people.iter().map(Person::username).collect()
}

fn values(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| &*item.value).collect()
}

#[tokio::test]
async fn pages_are_asked_for_by_their_number_until_all_were_told() {
    let school = School::new(from("/people", json!({"role": "{role}", "page": "{page}"}))).await;
    let people = school.people(0).await;
    assert_eq!(names(&people), ["parent1", "parent3", "parent4", "parent5"]);
    assert_eq!(
        school.asked(),
        [
            "/api/people?role=parent&page=1",
            "/api/people?role=parent&page=2",
            "/api/people?role=parent&page=3"
        ],
        "and none beyond"
    );
    let of = |name: &str| values(people[1].stock(stock(&school.plan, name)));
    assert_eq!((of("id"), of("classes"), of("mentor")), (vec!["3"], vec!["3", "4"], vec![]));
}

#[tokio::test]
async fn the_next_page_is_where_the_answer_says_but_at_our_host() {
    let school = School::new(from("/linked", json!({"role": "{role}"}))).await;
    assert_eq!(names(&school.people(1).await), ["clerk1", "clerk3", "clerk4", "clerk5"]);
    assert_eq!(
        school.asked(),
        ["/api/linked?role=clerk", "/api/linked?role=clerk&page=2", "/api/linked?role=clerk&page=3"]
    );
}

#[tokio::test]
async fn without_pages_one_answer_is_all() {
    let school = School::new(from("/people", json!({"role": "{role}"}))).await;
    assert_eq!(names(&school.people(0).await), ["parent1"]);
    assert_eq!(school.asked().len(), 1);
}

#[tokio::test]
async fn a_list_that_is_not_there_is_told_with_its_address() {
    let mut origin = from("/people", json!({"role": "{role}"}));
    origin["from"]["items"] = json!("/data");
    let school = School::new(origin).await;
    let error = people(&school.plan, &school.target, &Identity::default(), 0).await.unwrap_err().to_string();
    assert!(error.contains("/api/people?role=parent") && error.contains("no list at /data"), "{error}");
}

#[tokio::test]
async fn listed_people_have_their_attributes_and_lists() {
    let school = School::new(json!({"list": [
        {"role": "parent", "username": "p1", "classes": [1, "2b", null], "floor": 3, "password": "x"},
        {"role": "clerk", "username": 1001},
        {"role": "parent", "username": "p2", "floor": true},
    ]}))
    .await;
    let parents = school.people(0).await;
    assert_eq!(names(&parents), ["p1", "p2"]);
    assert_eq!(names(&school.people(1).await), ["1001"]);
    let of = |at: usize, name: &str| values(parents[at].stock(stock(&school.plan, name)));
    assert_eq!((of(0, "classes"), of(0, "floor")), (vec!["1", "2b"], vec!["3"]));
    assert_eq!((of(1, "classes"), of(1, "floor")), (vec![], vec!["true"]));
    assert!(
        school.plan.people.stocks.iter().all(|stock| stock.name != "password"),
        "no placeholder tells it"
    );
}

#[tokio::test]
async fn visitors_have_names_of_their_own() {
    let school = School::new(json!({})).await;
    assert_eq!(names(&school.people(1).await), ["visitor-clerk-1", "visitor-clerk-2"]);
}

#[tokio::test]
async fn a_relation_of_a_relation_is_asked_for_each() {
    let school = School::new(json!({})).await;
    let mut parent = named(&school.plan, "p");
    relations(&school.plan, &school.target, &Identity::default(), &mut parent).await.unwrap();
    let (child, report) = (stock(&school.plan, "child"), stock(&school.plan, "report"));
    assert_eq!(values(parent.stock(child)), ["c1", "c/2"], "one without a value is none");
    let reports: Vec<(&str, &str, u32)> =
        parent.stock(report).iter().map(|item| (&*item.value, &*item.fields[0], item.of)).collect();
    assert_eq!(reports, [("c1-1", "1", 0), ("c1-2", "2", 0), ("c%2F2-1", "1", 1), ("c%2F2-2", "2", 1)]);
    let asked = school.asked();
    let plain: Vec<&str> = asked.iter().map(|path| path.split('?').next().unwrap()).collect();
    assert_eq!(plain, ["/api/children", "/api/reports/c1", "/api/reports/c%2F2"]);
    let mut marks: Vec<&str> = asked.iter().map(|path| path.split_once("?fresh=").unwrap().1).collect();
    marks.dedup();
    assert!(marks.len() == 3 && !marks.contains(&""), "around the cache: {asked:?}");
    // The clerk's actions use nothing of it.
    let mut clerk = Person { role: 1, ..named(&school.plan, "c") };
    relations(&school.plan, &school.target, &Identity::default(), &mut clerk).await.unwrap();
    assert_eq!((clerk.stock(child).len(), school.asked().len()), (0, 0));
}

#[tokio::test]
async fn a_cast_is_chosen_by_the_seed_and_too_few_are_told() {
    let school = School::new(from("/people", json!({"role": "{role}", "page": "{page}"}))).await;
    let cast = Cast::assemble(&school.plan, &school.target).await.unwrap();
    let again = Cast::assemble(&school.plan, &school.target).await.unwrap();
    assert_eq!(cast.population.people(), again.population.people());
    assert_eq!((cast.population.of_role(0).len(), cast.population.of_role(1).len()), (3, 2));
    assert!(cast.population.people().iter().zip(0..).all(|(person, at)| person.index == at));
    let mut plan = (*school.plan).clone();
    plan.roles[1].places = 6;
    let error = Cast::assemble(&plan, &school.target).await.unwrap_err();
    assert!(matches!(&error, CastError::TooFew { role, wanted: 6, found: 4 } if role == "clerk"), "{error}");
}
