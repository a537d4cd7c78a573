//! How a person is known to the target: a header, cookies, a token against forgery.

use super::redact::Redactor;
use super::target::{Target, TargetError, reached, refused};
use crate::plan::{CsrfPlan, Hole, LoginPlan, LoginWay, Plan};
use crate::scenario::{Credential, env};
use crate::wire::Ask;
use crate::workload::{Draw, Fill, Mismatch, NOTHING_NOTED, Person, Request, render_request, verify};
use base64::Engine as _;
use bytes::Bytes;
use cookie_store::CookieStore;
use http::header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HeaderName, HeaderValue, REFERER, SET_COOKIE};
use http::{HeaderMap, Method};
use reqwest::Url;
use serde_json::Value;

/// What makes the target know who asks.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// The header that carries the token, marked sensitive so that no log shows it.
    header: Option<(HeaderName, HeaderValue)>,
    cookies: Option<Box<CookieStore>>,
}

impl Identity {
    /// What must not be shown of it: the token, the cookies.
    pub(super) fn secrets(&self, plan: &Plan) -> Vec<String> {
        let pattern = match plan.target.login.as_ref().map(|login| &login.way) {
            Some(LoginWay::Request { token: Some((_, _, value)), .. } | LoginWay::Bearer { value, .. }) => {
                value
            }
            Some(LoginWay::Basic) => "Basic {token}",
            Some(LoginWay::Request { token: None, .. }) | None => "{token}",
        };
        let (before, after) = pattern.split_once("{token}").unwrap_or_default();
        let text = self.header.as_ref().and_then(|(_, value)| value.to_str().ok());
        let token = text.map(|text| {
            let rest = text.strip_prefix(before).unwrap_or(text);
            rest.strip_suffix(after).unwrap_or(rest).to_owned()
        });
        let cookies = self.cookies.iter().flat_map(|jar| jar.iter_unexpired());
        token.into_iter().chain(cookies.map(|cookie| cookie.value().to_owned())).collect()
    }

    /// Adds what makes the sender known to a request's headers.
    pub fn dress(&self, plan: &Plan, request: &Request, headers: &mut HeaderMap) {
        if let Some((name, value)) = &self.header {
            headers.insert(name.clone(), value.clone());
        }
        if let Some(value) = self.cookie_header(&request.url) {
            headers.insert(COOKIE, value);
        }
        if let Some((csrf, token)) = self.csrf(plan, &request.url)
            && !request.method.is_safe()
        {
            if let (Some(name), Ok(value)) = (&csrf.header, HeaderValue::from_str(&token)) {
                headers.insert(name.clone(), value);
            }
            // Over HTTPS the usual check wants to know where the form was.
            if let Ok(value) = HeaderValue::from_str(request.url.as_str()) {
                headers.entry(REFERER).or_insert(value);
            }
        }
    }

    /// The body of a request, with the form field against forgery where there is one.
    pub fn body(&self, plan: &Plan, request: &Request) -> Option<Bytes> {
        let body = request.body.clone()?;
        let form =
            request.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "application/x-www-form-urlencoded");
        match self.csrf(plan, &request.url) {
            Some((CsrfPlan { field: Some(field), .. }, token)) if form => {
                let mut text = String::from_utf8_lossy(&body).into_owned();
                let more =
                    form_urlencoded::Serializer::new(String::new()).append_pair(field, &token).finish();
                if !text.is_empty() {
                    text.push('&');
                }
                Some(Bytes::from(text + &more))
            }
            Some(_) | None => Some(body),
        }
    }

    /// Takes in the cookies of an answer, where cookies are kept.
    pub fn learn(&mut self, url: &Url, headers: &HeaderMap) {
        let Some(jar) = &mut self.cookies else { return };
        for value in headers.get_all(SET_COOKIE) {
            if let Ok(text) = value.to_str() {
                // A cookie for another site is not taken in, as in a browser.
                let _ = jar.parse(text, url);
            }
        }
    }

    /// Whether its cookies change with answers.
    pub fn has_cookies(&self) -> bool {
        self.cookies.is_some()
    }

    /// Whether there is no cookie that could tell who this is.
    fn is_anybody(&self, csrf: Option<&CsrfPlan>) -> bool {
        let telling = |name: &str| csrf.is_none_or(|csrf| csrf.cookie != name);
        self.cookies.as_ref().is_none_or(|jar| !jar.iter_unexpired().any(|cookie| telling(cookie.name())))
    }

    fn cookie_header(&self, url: &Url) -> Option<HeaderValue> {
        let pairs: Vec<String> = self
            .cookies
            .as_ref()?
            .get_request_values(url)
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut value = HeaderValue::from_str(&pairs.join("; ")).ok().filter(|_| !pairs.is_empty())?;
        value.set_sensitive(true);
        Some(value)
    }

    fn csrf<'p>(&self, plan: &'p Plan, url: &Url) -> Option<(&'p CsrfPlan, String)> {
        let csrf = plan.target.login.as_ref()?.csrf.as_ref()?;
        let mut values = self.cookies.as_ref()?.get_request_values(url);
        let (_, token) = values.find(|(name, _)| *name == csrf.cookie)?;
        Some((csrf, token.to_owned()))
    }

    fn with_header(name: &HeaderName, text: &str) -> Option<Self> {
        let mut value = HeaderValue::from_str(text).ok()?;
        value.set_sensitive(true);
        Some(Self { header: Some((name.clone(), value)), cookies: None })
    }
}

impl Target {
    /// Logs a person in.
    ///
    /// # Errors
    /// No password is known, the target does not answer or refuses, or its answer holds no token.
    pub async fn log_in(&self, plan: &Plan, person: &Person) -> Result<Identity, TargetError> {
        let Some(login) = &plan.target.login else { return Ok(Identity::default()) };
        let own = plan.credentials.get(person.username());
        let expand = |text: &str| {
            env::expand(text, &|name| std::env::var(name).ok())
                .map_err(|name| TargetError::Unset { target: plan.name.clone(), variables: vec![name] })
        };
        let (own_password, own_token) = match own {
            Some(Credential::Password(password)) => (Some(expand(password)?), None),
            Some(Credential::Token(token)) => (None, Some(expand(token)?)),
            None => (None, None),
        };
        let password = || {
            let known =
                own_password.clone().or_else(|| self.password.clone()).filter(|known| !known.is_empty());
            known.ok_or_else(|| TargetError::NoPassword { username: person.username().to_owned() })
        };
        let unusable = || TargetError::Unexpected {
            method: "login".into(),
            url: self.base.to_string(),
            what: format!("the token of {} cannot stand in a header", person.username()),
        };
        match (&login.way, own_token) {
            (LoginWay::Request { token: Some((_, name, value)), .. }, Some(token)) => {
                Identity::with_header(name, &value.replace("{token}", &token)).ok_or_else(unusable)
            }
            (LoginWay::Bearer { name, value, token }, own) => {
                let token = own.unwrap_or_else(|| token.clone());
                Identity::with_header(name, &value.replace("{token}", &token)).ok_or_else(unusable)
            }
            (LoginWay::Basic, _) => {
                let pair = format!("{}:{}", person.username(), password()?);
                let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
                Identity::with_header(&AUTHORIZATION, &format!("Basic {encoded}")).ok_or_else(unusable)
            }
            (LoginWay::Request { .. }, _) => {
                let password = password()?;
                let entered = self.enter(plan, login, person, &password).await;
                entered.map_err(|error| {
                    let mut secrets = plan.secrets.clone();
                    secrets.add(&password);
                    error.without(&Redactor::of(&secrets))
                })
            }
        }
    }

    async fn enter(
        &self,
        plan: &Plan,
        login: &LoginPlan,
        person: &Person,
        password: &str,
    ) -> Result<Identity, TargetError> {
        let LoginWay::Request { request, token } = &login.way else { return Ok(Identity::default()) };
        let mut identity = Identity::default();
        if login.cookies {
            identity.cookies = Some(Box::default());
        }
        if let Some(csrf) = &login.csrf {
            let url = self.url(&csrf.path);
            let headers = HeaderMap::new();
            let ask = Ask { method: &Method::GET, url: &url, headers: &headers, body: None, keep: false };
            let answer = reached(Self::patiently(plan, &self.entrance, &ask).await, url.as_str())?;
            identity.learn(&url, &answer.headers);
            if identity.csrf(plan, &url).is_none() {
                return Err(TargetError::Unexpected {
                    method: "GET".into(),
                    url: url.to_string(),
                    what: format!("the answer sets no cookie called {}", csrf.cookie),
                });
            }
        }
        let given = [(Hole::Password, password)];
        let draw = Draw::default();
        let fill = Fill { given: &given, ..Fill::new(plan, person, &draw, &NOTHING_NOTED) };
        let expect = &request.expect;
        let request = render_request(&self.base, request, &fill);
        let mut headers = request.headers.clone();
        identity.dress(plan, &request, &mut headers);
        let ask = Ask {
            method: &request.method,
            url: &request.url,
            headers: &headers,
            body: identity.body(plan, &request),
            keep: true,
        };
        let answer = reached(Self::patiently(plan, &self.entrance, &ask).await, request.url.as_str())?;
        let (method, url) = (request.method.to_string(), request.url.to_string());
        let body = answer.body.unwrap_or_default();
        let usual = if token.is_some() { 200..300 } else { 200..400 };
        match verify(expect, answer.status, usual.contains(&answer.status), Some(&body), &fill) {
            Err(Mismatch::Status(status)) => return Err(refused(method, url, status, &[])),
            Err(Mismatch::Body(what)) => return Err(TargetError::Unexpected { method, url, what }),
            Ok(()) => {}
        }
        identity.learn(&request.url, &answer.headers);
        let unexpected = |what: String| TargetError::Unexpected { method, url, what };
        let Some((pointer, name, value)) = token else {
            // A form whose password is wrong is often answered with itself and a 200.
            if identity.is_anybody(login.csrf.as_ref()) {
                let who = person.username();
                return Err(unexpected(format!("the login of {who} set no cookie; is the password right?")));
            }
            return Ok(identity);
        };
        let found = serde_json::from_slice::<Value>(&body).ok();
        let found = found.as_ref().and_then(|answer| answer.pointer(pointer)).and_then(Value::as_str);
        let Some(found) = found else {
            return Err(unexpected(format!(
                "the answer to the login of {} has no text at {pointer}",
                person.username()
            )));
        };
        let carried = Identity::with_header(name, &value.replace("{token}", found)).ok_or_else(|| {
            unexpected(format!("the token of {} cannot stand in a header", person.username()))
        })?;
        Ok(Identity { header: carried.header, cookies: identity.cookies })
    }
}

#[cfg(test)]
mod tests;
