//! A small school, and people who ask it things.

use axum::Router;
use axum::body::Body;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use platform::{Config, Platform, Size, StoreChoice};
use serde_json::{Value, json};
use tower::ServiceExt as _;

pub(crate) const PASSWORD: &str = "chalk and cheese";

pub(crate) struct School {
    pub(crate) platform: Platform,
    router: Router,
}

/// Somebody who is logged in.
#[derive(Clone)]
pub(crate) struct Person {
    pub(crate) token: String,
    pub(crate) id: i64,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// What the layer says it was: HIT, MISS or BYPASS.
    pub(crate) fn x_cache(&self) -> &str {
        self.headers.get("x-cache").map_or("", |value| value.to_str().unwrap())
    }
}

pub(crate) fn config(size: Size) -> Config {
    Config { seed: 7, size, password: PASSWORD.to_owned(), ..Config::default() }
}

impl School {
    pub(crate) async fn open() -> Self {
        Self::with(config(Size::small())).await
    }

    pub(crate) async fn on(store: StoreChoice) -> Self {
        Self::with(Config { store, ..config(Size::small()) }).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let platform = platform::start(&config).await.unwrap();
        let router = platform.router();
        Self { platform, router }
    }

    pub(crate) async fn login(&self, username: &str) -> Person {
        let answer = self.try_login(username, PASSWORD).await;
        assert_eq!(answer.status, StatusCode::OK, "{username}");
        let body = answer.json();
        Person { token: body["token"].as_str().unwrap().to_owned(), id: body["user_id"].as_i64().unwrap() }
    }

    pub(crate) async fn try_login(&self, username: &str, password: &str) -> Answer {
        let body = json!({ "username": username, "password": password });
        self.send(Method::POST, "/api/login/", None, Some(body), &[]).await
    }

    pub(crate) async fn get(&self, who: &Person, target: &str) -> Answer {
        self.send(Method::GET, target, Some(&who.token), None, &[]).await
    }

    /// Computed afresh, whatever is cached.
    pub(crate) async fn bypass(&self, who: &Person, target: &str) -> Answer {
        let no_cache = [("cache-control", "no-cache")];
        self.send(Method::GET, target, Some(&who.token), None, &no_cache).await
    }

    pub(crate) async fn delete(&self, who: &Person, target: &str) -> Answer {
        self.send(Method::DELETE, target, Some(&who.token), None, &[]).await
    }

    pub(crate) async fn post(&self, who: &Person, target: &str, body: Value) -> Answer {
        self.send(Method::POST, target, Some(&who.token), Some(body), &[]).await
    }

    pub(crate) async fn grade(&self, who: &Person, answer: i64, body: Value) -> Answer {
        let target = format!("/api/answers/{answer}/grade/");
        self.send(Method::PATCH, &target, Some(&who.token), Some(body), &[]).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        target: &str,
        token: Option<&str>,
        body: Option<Value>,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(target);
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        let request = request.header(header::CONTENT_TYPE, "application/json").body(body).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// The value of a sample on the metrics page, named with its labels.
    pub(crate) async fn metric(&self, sample: &str) -> f64 {
        let page = self.send(Method::GET, "/metrics", None, None, &[]).await.text();
        let value = page.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
        value.unwrap_or_else(|| panic!("no sample {sample}")).parse().unwrap()
    }

    pub(crate) async fn report_queries(&self) -> f64 {
        self.metric(r#"platform_db_queries_total{purpose="report"}"#).await
    }

    /// The id of the newest report of a type that concerns this person.
    pub(crate) async fn newest(&self, who: &Person, kind: &str) -> i64 {
        let answer = self.bypass(who, &format!("/api/reports/?type={kind}&page_size=1")).await;
        answer.json()["results"][0]["id"].as_i64().unwrap()
    }
}

impl School {
    /// The login name of a person.
    pub(crate) async fn username(&self, id: i64) -> String {
        let people = crate::rows::dump(&self.platform, "people").await;
        people.into_iter().find(|row| row[0] == id.to_string()).unwrap().remove(1)
    }

    /// Logs in by id.
    pub(crate) async fn person(&self, id: i64) -> Person {
        self.login(&self.username(id).await).await
    }
}
