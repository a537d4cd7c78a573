//! Logins at a service that really checks them.

use super::super::testing::{named, open, serve};
use super::*;
use axum::Router;
use axum::extract::{Request as Incoming, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use http::StatusCode;
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

const PASSWORD: &str = "s3cret & more";

/// Sessions and the token against forgery that each was given; how often somebody was asked to
/// wait before a login.
#[derive(Default)]
struct Door {
    sessions: Mutex<HashMap<String, String>>,
    serial: AtomicU32,
    busy: AtomicU32,
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let all = headers.get(COOKIE)?.to_str().ok()?;
    all.split("; ").find_map(|pair| pair.strip_prefix(&format!("{name}=")).map(str::to_owned))
}

fn no(status: u16, why: &str) -> Response {
    (StatusCode::from_u16(status).unwrap(), why.to_owned()).into_response()
}

async fn door(State(door): State<Arc<Door>>, request: Incoming) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 16).await.unwrap();
    let form: HashMap<String, String> = form_urlencoded::parse(&body).into_owned().collect();
    let header =
        |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let serial = door.serial.fetch_add(1, Ordering::SeqCst);
    match (head.method.as_str(), head.uri.path()) {
        ("POST", "/token") => {
            if door.busy.load(Ordering::SeqCst) > 0 {
                door.busy.fetch_sub(1, Ordering::SeqCst);
                return (StatusCode::TOO_MANY_REQUESTS, [("Retry-After", "0")], "").into_response();
            }
            let given: Json = serde_json::from_slice(&body).unwrap_or_default();
            match given["username"].as_str() {
                Some(name) if given["password"] == PASSWORD => {
                    axum::Json(json!({"auth": {"token": format!("token-of-{name}")}})).into_response()
                }
                _ => no(401, "wrong password"),
            }
        }
        ("GET", "/me") => {
            let basic = |name: &str| {
                let pair = base64::engine::general_purpose::STANDARD.encode(format!("{name}:{PASSWORD}"));
                format!("Basic {pair}")
            };
            let who = match header("authorization") {
                "Bearer token-of-ada" => "ada",
                "Bearer everybody" => "everybody",
                known if known == basic("ada") => "ada",
                _ if header("x-api-key") == "key everybody" => "everybody",
                _ if header("x-api-key") == "key ada's own" => "ada",
                _ => return no(401, "who are you?"),
            };
            axum::Json(json!({"me": who})).into_response()
        }
        ("GET", "/login") => {
            ([("Set-Cookie", format!("csrftoken=before-{serial}; Path=/"))], "<form>").into_response()
        }
        ("POST", "/login") => {
            let token = cookie(&head.headers, "csrftoken");
            if token.is_none() || form.get("csrfmiddlewaretoken") != token.as_ref() {
                return no(403, "forged");
            }
            if form.get("password").is_none_or(|given| given != PASSWORD) {
                return "<form> Please try again.".into_response();
            }
            let (session, fresh) = (format!("session-{serial}"), format!("after-{serial}"));
            door.sessions.lock().unwrap().insert(session.clone(), fresh.clone());
            let mut response = (StatusCode::FOUND, [("Location", "/")]).into_response();
            for text in
                [format!("sessionid={session}; Path=/; HttpOnly"), format!("csrftoken={fresh}; Path=/")]
            {
                response.headers_mut().append(SET_COOKIE, text.parse().unwrap());
            }
            response
        }
        (method, "/notes") => {
            let session = cookie(&head.headers, "sessionid").unwrap_or_default();
            let sessions = door.sessions.lock().unwrap();
            let Some(token) = sessions.get(&session) else { return no(401, "no session") };
            let shown = header("x-csrftoken") == token || form.get("csrfmiddlewaretoken") == Some(token);
            if method == "GET" || shown {
                return axum::Json(
                    json!({"field": form.get("csrfmiddlewaretoken"), "header": header("x-csrftoken")}),
                )
                .into_response();
            }
            no(403, "forged")
        }
        _ => no(404, ""),
    }
}

struct House {
    plan: Arc<Plan>,
    target: Target,
    door: Arc<Door>,
}

impl House {
    async fn new(login: Json) -> Self {
        let state = Arc::new(Door::default());
        let url = serve(Router::new().fallback(any(door)).with_state(Arc::clone(&state))).await;
        let mut scenario = crate::workload::testing::scenario(
            json!({
                "me": {"path": "/me"},
                "notes": {"path": "/notes"},
                "note": {"method": "POST", "path": "/notes", "json": {"text": "hello"}},
                "form": {"method": "POST", "path": "/notes", "form": {"text": "a & b"}},
            }),
            json!({"person": {"users": 1, "actions": {"me": 1}}}),
        );
        scenario["target"]["login"] = login;
        let (plan, target) = open(scenario, &url).await;
        Self { plan, target, door: state }
    }

    fn with_credential(mut self, name: &str, credential: Credential) -> Self {
        Arc::get_mut(&mut self.plan).unwrap().credentials.insert(name, credential);
        self
    }

    async fn enter(&self, name: &str) -> Result<Identity, TargetError> {
        self.target.log_in(&self.plan, &named(&self.plan, name)).await
    }

    /// Status and body of an action as somebody.
    async fn ask(&self, action: &str, identity: &Identity) -> (u16, Json) {
        let (draw, person) = (Draw::default(), named(&self.plan, "ada"));
        let fill = Fill::new(&self.plan, &person, &draw, &NOTHING_NOTED);
        let action = self.plan.actions.iter().find(|known| known.name == action).unwrap();
        let request = crate::workload::render(&self.target.base, action, &fill);
        let answer = self.target.send(&self.plan, &request, identity).await.outcome.unwrap();
        (answer.status, serde_json::from_slice(&answer.body.unwrap()).unwrap_or_default())
    }

    async fn me(&self, identity: &Identity) -> (u16, Json) {
        let (status, mut body) = self.ask("me", identity).await;
        (status, body["me"].take())
    }
}

fn by_token(password: &str) -> Json {
    json!({
        "request": {"method": "POST", "path": "/token", "json": {"username": "{username}", "password": "{password}"}},
        "token": "/auth/token", "password": password,
    })
}

fn by_form(password: &str, csrf: Json) -> Json {
    json!({
        "request": {"method": "POST", "path": "/login", "form": {"username": "{username}", "password": "{password}"}},
        "cookies": true, "csrf": csrf, "password": password,
    })
}

#[tokio::test]
async fn the_token_of_the_answer_is_sent() {
    let house = House::new(by_token(PASSWORD)).await;
    let ada = house.enter("ada").await.unwrap();
    assert_eq!(house.me(&ada).await, (200, json!("ada")));
    assert_eq!(house.me(&Identity::default()).await.0, 401, "the service does check");
    assert!(!format!("{ada:?}").contains("token-of-ada"), "no log shows it");
}

#[tokio::test]
async fn a_wrong_password_is_told_with_the_address_and_without_the_password() {
    let error = House::new(by_token("guessed")).await.enter("ada").await.unwrap_err().to_string();
    assert!(
        error.contains("/token") && error.contains("401") && error.contains("is the password right?"),
        "{error}"
    );
    assert!(!error.contains("guessed"), "{error}");
}

#[tokio::test]
async fn somebody_without_a_password_is_named() {
    let mut login = by_token("");
    login.as_object_mut().unwrap().remove("password");
    let error = House::new(login).await.enter("ada").await.unwrap_err();
    assert!(matches!(&error, TargetError::NoPassword { username } if username == "ada"), "{error}");
}

#[tokio::test]
async fn their_own_credentials_go_first() {
    let house =
        House::new(by_token("wrong")).await.with_credential("ada", Credential::Password(PASSWORD.into()));
    assert!(house.enter("ada").await.is_ok());
    assert!(house.enter("bob").await.is_err(), "the others have everybody's");
    let house =
        House::new(by_token("wrong")).await.with_credential("eve", Credential::Token("token-of-ada".into()));
    let eve = house.enter("eve").await.unwrap();
    assert_eq!(house.me(&eve).await, (200, json!("ada")), "a token of one's own needs no login");
}

#[tokio::test]
async fn a_token_that_is_not_there_is_told() {
    let mut login = by_token(PASSWORD);
    login["token"] = json!("/auth/access");
    let error = House::new(login).await.enter("ada").await.unwrap_err().to_string();
    assert!(error.contains("no text at /auth/access"), "{error}");
}

#[tokio::test]
async fn a_login_waits_where_it_is_asked_to() {
    let house = House::new(by_token(PASSWORD)).await;
    house.door.busy.store(2, Ordering::SeqCst);
    assert!(house.enter("ada").await.is_ok());
    house.door.busy.store(100, Ordering::SeqCst);
    let error = house.enter("ada").await.unwrap_err().to_string();
    assert!(error.contains("429"), "{error}");
    assert_eq!(house.door.busy.load(Ordering::SeqCst), 96, "three waits, and no more");
}

#[tokio::test]
async fn basic_authentication_sends_name_and_password() {
    let house = House::new(json!({"basic": true, "password": PASSWORD})).await;
    let ada = house.enter("ada").await.unwrap();
    assert_eq!(house.me(&ada).await, (200, json!("ada")));
    let house = House::new(json!({"basic": true, "password": "wrong"})).await;
    let ada = house.enter("ada").await.unwrap();
    assert_eq!(house.me(&ada).await.0, 401);
}

#[tokio::test]
async fn one_token_for_everybody_or_one_of_their_own_in_the_header_of_the_scenario() {
    let house = House::new(json!({"bearer": "everybody"})).await;
    assert_eq!(house.me(&house.enter("ada").await.unwrap()).await, (200, json!("everybody")));
    let house = House::new(json!({"bearer": "everybody", "header": "X-Api-Key: key {token}"}))
        .await
        .with_credential("ada", Credential::Token("ada's own".into()));
    assert_eq!(house.me(&house.enter("ada").await.unwrap()).await, (200, json!("ada")));
    assert_eq!(house.me(&house.enter("bob").await.unwrap()).await, (200, json!("everybody")));
}

#[tokio::test]
async fn cookies_and_the_token_against_forgery_are_kept_and_sent() {
    let csrf = json!({"path": "/login", "cookie": "csrftoken", "header": "X-CSRFToken", "field": "csrfmiddlewaretoken"});
    let house = House::new(by_form(PASSWORD, csrf)).await;
    let ada = house.enter("ada").await.unwrap();
    assert_eq!(
        house.ask("notes", &ada).await,
        (200, json!({"field": null, "header": ""})),
        "a read needs neither"
    );
    let (status, shown) = house.ask("note", &ada).await;
    assert_eq!((status, &shown["field"]), (200, &json!(null)));
    assert!(shown["header"].as_str().unwrap().starts_with("after-"), "the one of after the login: {shown}");
    let (status, shown) = house.ask("form", &ada).await;
    assert_eq!((status, &shown["field"]), (200, &shown["header"]));
    assert_eq!(house.ask("note", &Identity::default()).await.0, 401, "the service does check");
}

#[tokio::test]
async fn a_form_field_alone_is_enough_for_forms() {
    let csrf = json!({"path": "/login", "cookie": "csrftoken", "field": "csrfmiddlewaretoken"});
    let house = House::new(by_form(PASSWORD, csrf)).await;
    let ada = house.enter("ada").await.unwrap();
    let (status, shown) = house.ask("form", &ada).await;
    assert_eq!((status, &shown["header"]), (200, &json!("")));
    assert!(shown["field"].as_str().unwrap().starts_with("after-"));
    assert_eq!(house.ask("note", &ada).await.0, 403, "JSON has no field to carry it");
}

#[tokio::test]
async fn a_form_that_comes_back_is_a_wrong_password() {
    let csrf = json!({"path": "/login", "cookie": "csrftoken", "field": "csrfmiddlewaretoken"});
    let error = House::new(by_form("wrong", csrf.clone())).await.enter("ada").await.unwrap_err().to_string();
    assert!(error.contains("set no cookie") && error.contains("is the password right?"), "{error}");
    // Said by the scenario, it is told by its status.
    let mut login = by_form("wrong", csrf);
    login["request"]["expect"] = json!({"status": [302]});
    let error = House::new(login).await.enter("ada").await.unwrap_err().to_string();
    assert!(error.contains("got 200"), "{error}");
}

#[tokio::test]
async fn a_page_that_sets_no_token_against_forgery_is_told() {
    let csrf = json!({"path": "/login", "cookie": "XSRF-TOKEN", "header": "X-XSRF-TOKEN"});
    let error = House::new(by_form(PASSWORD, csrf)).await.enter("ada").await.unwrap_err().to_string();
    assert!(error.contains("sets no cookie called XSRF-TOKEN"), "{error}");
}

#[tokio::test]
async fn without_a_login_nobody_is_known() {
    let house = House::new(json!({"basic": true, "password": "x"})).await;
    let mut plan = (*house.plan).clone();
    plan.target.login = None;
    let identity = house.target.log_in(&plan, &named(&plan, "ada")).await.unwrap();
    let (draw, person) = (Draw::default(), named(&plan, "ada"));
    let fill = Fill::new(&plan, &person, &draw, &NOTHING_NOTED);
    let request = crate::workload::render(&house.target.base, &plan.actions[0], &fill);
    let mut headers = HeaderMap::new();
    identity.dress(&plan, &request, &mut headers);
    assert!(headers.is_empty());
}
