//! Where the cache is: exactly one place, and no secrets in its address.

use super::Resolver;
use super::names::Scope;
use crate::plan::{CsrfPlan, LoginPlan, LoginWay, Place, TargetPlan};
use crate::scenario::{Login, Scenario, ScenarioError};

const MIN_TIME_SCALE: f64 = 0.001;
const MAX_TIME_SCALE: f64 = 3_600.0;

impl Resolver<'_> {
    pub(super) fn target(&self, scenario: &Scenario, scope: &Scope) -> Result<TargetPlan, ScenarioError> {
        let target = &scenario.target;
        let redis = self.changes.redis.clone();
        let (place, time_scale, scale_at) = match (&target.embedded, &target.url) {
            (Some(embedded), None) => {
                let place = Place::Embedded { size: embedded.size, redis };
                (place, embedded.time_scale, ["target", "embedded", "time_scale"].as_slice())
            }
            (None, Some(_)) if redis.is_some() => {
                return Err(ScenarioError::Setting {
                    setting: "--redis".into(),
                    what: "only the embedded target can be given a Redis; a deployed one has its own".into(),
                });
            }
            (None, Some(url)) => {
                let place = Place::Url(self.url(&["target", "url"], url)?);
                (place, target.time_scale, ["target", "time_scale"].as_slice())
            }
            (Some(_), Some(_)) => {
                return Err(self.error(&["target", "url"], "target has both `embedded` and `url`; keep one"));
            }
            (None, None) => {
                return Err(self.error(&["target"], "target needs `embedded: {}` or `url: http://…`"));
            }
        };
        if !(MIN_TIME_SCALE..=MAX_TIME_SCALE).contains(&time_scale) {
            let what =
                format!("time_scale {time_scale} is not between {MIN_TIME_SCALE} and {MAX_TIME_SCALE}");
            return Err(self.error(scale_at, what));
        }
        let embedded = matches!(place, Place::Embedded { .. });
        let connection = self.connection(scenario)?;
        Ok(TargetPlan {
            may_write: embedded || target.writes,
            login: target.login.as_ref().map(|login| self.login(login, scope, embedded)).transpose()?,
            connection,
            place,
            time_scale,
        })
    }

    /// A base URL.
    pub(super) fn url(&self, path: &[&str], written: &str) -> Result<reqwest::Url, ScenarioError> {
        // An address that is a variable altogether is no secret: every command tells it.
        let whole = written.starts_with("${") && written.find('}') == Some(written.len() - 1);
        let url = if whole { self.expand_open(written) } else { self.expand(written) };
        if url.contains('@') {
            // Without the line: it may hold a password, and errors end up in logs.
            return Err(ScenarioError::of_file(
                self.source,
                "the target's URL must not hold a user name or password; people log in with the password in \
                 the environment, see `login`",
            ));
        }
        let missing = written.contains("${") && url.is_empty();
        if missing {
            // Whoever runs it sets the variable; until then any address does.
            return Ok("http://unset.invalid".parse().expect("a URL"));
        }
        let parsed: reqwest::Url = url.parse().map_err(|error| {
            let what =
                format!("target `{written}` is not a URL ({error}); write one like http://127.0.0.1:8080");
            self.error(path, what)
        })?;
        if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
            return Err(self.error(path, format!("target `{written}` is not an http:// or https:// URL")));
        }
        if parsed.query().is_some() || parsed.fragment().is_some() {
            let what = format!("target `{written}` is a base URL; leave out everything from `?` or `#` on");
            return Err(self.error(path, what));
        }
        Ok(parsed)
    }

    fn connection(&self, scenario: &Scenario) -> Result<crate::scenario::Connection, ScenarioError> {
        let mut connection = scenario.target.connection.clone();
        let here = |key: &'static str| ["target", "connection", key];
        if connection.certificate.is_some() != connection.key.is_some() {
            let what = "a client certificate needs both `certificate` and `key`";
            return Err(self.error(&["target", "connection"], what));
        }
        if let Some(proxy) = &mut connection.proxy {
            *proxy = self.expand(proxy);
            if !proxy.is_empty() && !proxy.starts_with("http://") {
                return Err(self.error(&here("proxy"), "a proxy is an http:// URL, as in http://proxy:3128"));
            }
        }
        if connection.timeout.0.is_zero() || connection.connect_timeout.0.is_zero() {
            return Err(self.error(&here("timeout"), "a timeout must be above 0"));
        }
        for (name, value) in &mut connection.headers {
            self.header_name(&["target", "connection", "headers", name], name)?;
            value.0 = self.expand(&value.0);
        }
        if let Some(agent) = &mut connection.user_agent {
            *agent = self.expand(agent);
        }
        Ok(connection)
    }

    fn login(&self, login: &Login, scope: &Scope, embedded: bool) -> Result<LoginPlan, ScenarioError> {
        let here = ["target", "login"];
        let ways = [login.request.is_some(), login.bearer.is_some(), login.basic];
        if ways.iter().filter(|given| **given).count() != 1 {
            let what = "people log in by exactly one of `request`, `bearer` and `basic`; without `login:` nobody does";
            return Err(self.error(&here, what));
        }
        let header_at = [&here[..], &["header"]].concat();
        let (name, value) = self.header_line(&header_at, &login.header)?;
        if !value.contains("{token}") {
            return Err(self
                .error(&header_at, "the header must hold `{token}`, as in `Authorization: Bearer {token}`"));
        }
        let way = if let Some(request) = &login.request {
            let request =
                self.request(&[&here[..], &["request"]].concat(), request, scope, &["password", "role"])?;
            if let Some(pointer) = &login.token {
                self.pointer(&[&here[..], &["token"]].concat(), pointer)?;
            }
            if login.token.is_none() && !login.cookies {
                let what = "a login yields a `token` (a JSON pointer into its answer) or `cookies: true`";
                return Err(self.error(&here, what));
            }
            let token = login.token.clone().map(|pointer| (pointer, name, value));
            LoginWay::Request { request: Box::new(request), token }
        } else if let Some(bearer) = &login.bearer {
            LoginWay::Bearer { name, value, token: self.expand(bearer) }
        } else {
            LoginWay::Basic
        };
        let csrf = match &login.csrf {
            None => None,
            Some(csrf) => Some(CsrfPlan {
                path: csrf.path.clone(),
                cookie: csrf.cookie.clone(),
                header: csrf
                    .header
                    .as_ref()
                    .map(|name| self.header_name(&[&here[..], &["csrf", "header"]].concat(), name))
                    .transpose()?,
                field: csrf.field.clone(),
            }),
        };
        Ok(LoginPlan {
            way,
            cookies: login.cookies,
            csrf,
            // The service that we start is given a password of this run alone.
            password: login.password.as_ref().filter(|_| !embedded).map(|password| self.expand(password)),
            staff: login.staff.clone(),
            refresh: login.refresh,
        })
    }
}
