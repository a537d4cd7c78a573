//! The cache under test: what tells, what goes around it, what it counts.

use super::Resolver;
use super::names::Scope;
use crate::observe::{Dialect, JsonCounters, Patterns, PrometheusCounters, Selector};
use crate::plan::{ActionPlan, BypassPlan, CachePlan, CountersPlan, TtlPlan};
use crate::scenario::{self, Bypass, Scenario, ScenarioError, SourceHeader};
use http::header::HeaderValue;
use regex::Regex;

impl Resolver<'_> {
    pub(super) fn cache(
        &self,
        scenario: &Scenario,
        scope: &Scope,
        _actions: &[ActionPlan],
    ) -> Result<CachePlan, ScenarioError> {
        let cache = &scenario.cache;
        let mut ttls = Vec::new();
        for (at, ttl) in cache.ttls.iter().enumerate() {
            let here = ["cache", "ttls", &at.to_string()];
            ttls.push(TtlPlan {
                conditions: self.conditions(&[&here[..], &["where"]].concat(), &ttl.where_, scope)?,
                actions: self.reads_named(&[&here[..], &["actions"]].concat(), &ttl.actions, scenario)?,
                ttl: ttl.ttl.0,
            });
        }
        let by = |names: &Vec<String>| {
            let find = |(at, name): (usize, &String)| {
                scope.hole(name).ok_or_else(|| {
                    let known = scope.known(&[]);
                    let hint = scenario::suggest(name, known.iter().map(String::as_str));
                    let what = format!("nothing that is drawn is called \"{name}\"{hint}");
                    self.error(&["cache", "invalidates_by", &at.to_string()], what)
                })
            };
            names.iter().enumerate().map(find).collect::<Result<Vec<_>, _>>()
        };
        Ok(CachePlan {
            dialect: self.dialect(&cache.source)?,
            bypass: cache.bypass.as_ref().map(|bypass| self.bypass(bypass, scope)).transpose()?,
            private: cache.private,
            ttl: cache.ttl.0,
            ttls,
            invalidates_by: cache.invalidates_by.as_ref().map(by).transpose()?,
            counters: self.counters(&cache.counters)?,
        })
    }

    fn dialect(&self, source: &SourceHeader) -> Result<Dialect, ScenarioError> {
        Ok(match source {
            SourceHeader::Auto => Dialect::Auto,
            SourceHeader::XCache => Dialect::XCache,
            SourceHeader::CacheStatus => Dialect::CacheStatus,
            SourceHeader::CfCacheStatus => Dialect::CfCacheStatus,
            SourceHeader::Nginx => Dialect::Nginx,
            SourceHeader::Age => Dialect::Age,
            SourceHeader::XVarnish => Dialect::XVarnish,
            SourceHeader::Pattern(patterns) => {
                let here = ["cache", "source", "pattern"];
                let header = self.header_name(&[&here[..], &["header"]].concat(), &patterns.header)?;
                let pattern = |key: &str, text: &Option<String>| -> Result<Option<Regex>, ScenarioError> {
                    let compile = |text: &String| {
                        Regex::new(text).map_err(|error| {
                            let error = error.to_string();
                            let last = error.lines().last().unwrap_or_default().trim().to_owned();
                            let what = format!("`{text}` is not a regular expression: {last}");
                            self.error(&[&here[..], &[key]].concat(), what)
                        })
                    };
                    text.as_ref().map(compile).transpose()
                };
                if patterns.hit.is_none() || patterns.miss.is_none() {
                    return Err(self.error(&here, "a pattern needs at least `hit` and `miss`"));
                }
                Dialect::Custom(Patterns {
                    header,
                    hit: pattern("hit", &patterns.hit)?,
                    miss: pattern("miss", &patterns.miss)?,
                    bypass: pattern("bypass", &patterns.bypass)?,
                    stale: pattern("stale", &patterns.stale)?,
                    coalesced: pattern("coalesced", &patterns.coalesced)?,
                })
            }
        })
    }

    fn bypass(&self, bypass: &Bypass, scope: &Scope) -> Result<BypassPlan, ScenarioError> {
        Ok(match bypass {
            Bypass::Header(line) => {
                let here = ["cache", "bypass", "header"];
                let (name, value) = self.header_line(&here, line)?;
                let value = HeaderValue::from_str(&self.expand(&value))
                    .map_err(|_| self.error(&here, format!("`{value}` cannot stand in a header")))?;
                BypassPlan::Header(name, value)
            }
            Bypass::Query(map) => {
                BypassPlan::Query(self.pairs(&["cache", "bypass", "query"], map, scope, &["mark"])?)
            }
            Bypass::Url(url) => BypassPlan::Url(self.url(&["cache", "bypass", "url"], url)?),
        })
    }

    fn counters(&self, counters: &scenario::Counters) -> Result<CountersPlan, ScenarioError> {
        let json = match &counters.json {
            None => None,
            Some(json) => {
                let here = ["cache", "counters", "json"];
                let fields = [
                    ("entries", &json.entries),
                    ("bytes", &json.bytes),
                    ("largest_user_bytes", &json.largest_user_bytes),
                    ("hits", &json.hits),
                    ("misses", &json.misses),
                    ("bypasses", &json.bypasses),
                    ("backend", &json.backend),
                ];
                for (key, pointer) in fields {
                    if let Some(pointer) = pointer {
                        self.pointer(&[&here[..], &[key]].concat(), pointer)?;
                    }
                }
                Some(JsonCounters {
                    path: json.path.clone(),
                    entries: json.entries.clone(),
                    bytes: json.bytes.clone(),
                    largest_user_bytes: json.largest_user_bytes.clone(),
                    hits: json.hits.clone(),
                    misses: json.misses.clone(),
                    bypasses: json.bypasses.clone(),
                    backend: json.backend.clone(),
                })
            }
        };
        let prometheus = match &counters.prometheus {
            None => None,
            Some(prometheus) => {
                let series = |key: &str, text: &Option<String>| -> Result<Option<Selector>, ScenarioError> {
                    let parse = |text: &String| {
                        text.parse().map_err(|error: crate::observe::SelectorError| {
                            self.error(&["cache", "counters", "prometheus", key], error)
                        })
                    };
                    text.as_ref().map(parse).transpose()
                };
                Some(PrometheusCounters {
                    path: prometheus.path.clone(),
                    queries: series("queries", &prometheus.queries)?,
                    store_operations: prometheus.store_operations.clone(),
                    hits: series("hits", &prometheus.hits)?,
                    misses: series("misses", &prometheus.misses)?,
                    bypasses: series("bypasses", &prometheus.bypasses)?,
                    entries: series("entries", &prometheus.entries)?,
                    bytes: series("bytes", &prometheus.bytes)?,
                })
            }
        };
        let redis = counters.redis.as_ref().map(|redis| self.expand(&redis.url));
        // The Redis that the embedded service is given is read as well.
        let redis = redis.or_else(|| self.changes.redis.clone());
        Ok(CountersPlan { json, prometheus, redis })
    }
}
