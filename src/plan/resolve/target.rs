//! Where the cache is: exactly one place, and no secrets in its address.

use super::Resolver;
use crate::observe::Selector;
use crate::plan::{Place, TargetPlan};
use crate::scenario::{Scenario, ScenarioError};

const MIN_TIME_SCALE: f64 = 0.001;
const MAX_TIME_SCALE: f64 = 3_600.0;

impl Resolver<'_> {
    pub(super) fn target(
        &self,
        scenario: &Scenario,
        redis: Option<String>,
    ) -> Result<TargetPlan, ScenarioError> {
        let target = &scenario.target;
        let (place, time_scale) = match (&target.embedded, &target.url) {
            (Some(embedded), None) => (Place::Embedded { size: embedded.size, redis }, embedded.time_scale),
            (None, Some(_)) if redis.is_some() => {
                return Err(ScenarioError::Setting {
                    setting: "--redis".into(),
                    what: "only the embedded target can be given a Redis; a deployed one has its own".into(),
                });
            }
            (None, Some(url)) => {
                if url.contains('@') {
                    // Without the line: it may hold a password, and errors end up in logs.
                    return Err(ScenarioError::at(
                        self.source,
                        None,
                        "the target's URL must not hold a user name or password; people log in with the \
                         password in the environment, see `login`",
                    ));
                }
                let parsed: reqwest::Url = url.parse().map_err(|error| {
                    self.error(
                        &[url, "url:"],
                        format!(
                            "target `{url}` is not a URL ({error}); write one like http://127.0.0.1:8080"
                        ),
                    )
                })?;
                if !matches!(parsed.scheme(), "http" | "https") || parsed.host_str().is_none() {
                    return Err(self
                        .error(&[url, "url:"], format!("target `{url}` is not an http:// or https:// URL")));
                }
                if parsed.query().is_some() || parsed.fragment().is_some() {
                    return Err(self.error(
                        &[url, "url:"],
                        format!("target `{url}` is a base URL; leave out everything from `?` or `#` on"),
                    ));
                }
                (Place::Url(parsed), target.time_scale)
            }
            (Some(_), Some(_)) => {
                return Err(self.error(&["url:"], "target has both `embedded` and `url`; keep one"));
            }
            (None, None) => {
                return Err(self.error(&["target:"], "target needs `embedded: {}` or `url: http://…`"));
            }
        };
        if !(MIN_TIME_SCALE..=MAX_TIME_SCALE).contains(&time_scale) {
            return Err(self.error(
                &["time_scale:"],
                format!("time_scale {time_scale} is not between {MIN_TIME_SCALE} and {MAX_TIME_SCALE}"),
            ));
        }
        let queries: Selector =
            target.counters.queries.parse().map_err(|error| self.error(&["queries:"], error))?;
        Ok(TargetPlan {
            place,
            time_scale,
            login: target.login.clone(),
            discovery: target.discovery.clone(),
            stats: target.counters.stats.clone(),
            metrics: target.counters.metrics.clone(),
            queries,
            store_operations: target.counters.store_operations.clone(),
        })
    }
}
