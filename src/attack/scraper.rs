//! Reads the target's own counters.

use super::clock::Clock;
use super::login::Identity;
use super::stop::Stop;
use super::target::{Target, TargetError};
use crate::observe::{Exposition, RedisCounters, RedisInfo, Scrape, resident_bytes};
use crate::plan::Plan;
use crate::wire::Ask;
use http::{HeaderMap, Method};
use reqwest::Url;
use std::sync::Arc;
use std::time::Duration;

/// After Ctrl-C the target has so long to tell its counters once more.
const LAST_WORD: Duration = Duration::from_millis(300);

/// A counter that takes longer than this to read is not read.
const WITHIN: Duration = Duration::from_secs(2);

/// Reads the management call, the Prometheus text and Redis, as far as there are any.
#[derive(Clone, Debug)]
pub(super) struct Scraper {
    target: Arc<Target>,
    plan: Arc<Plan>,
    staff: Identity,
    stop: Stop,
    clock: Clock,
    redis: Option<Arc<RedisInfo>>,
    /// Of the embedded target.
    pid: Option<u32>,
}

impl Scraper {
    /// # Errors
    /// A Redis URL that is none.
    pub(super) fn new(
        target: Arc<Target>,
        plan: Arc<Plan>,
        staff: Identity,
        stop: Stop,
        clock: Clock,
    ) -> Result<Self, TargetError> {
        let redis = plan.cache.counters.redis.as_ref().map(|url| RedisInfo::new(url)).transpose();
        let redis = redis.map_err(|error| TargetError::Unexpected {
            method: "INFO".into(),
            url: "cache.counters.redis".into(),
            what: error.to_string(),
        })?;
        Ok(Self { target, plan, staff, stop, clock, redis: redis.map(Arc::new), pid: None })
    }

    /// Reads the memory of this process of this machine as well.
    pub(super) fn of_process(mut self, pid: Option<u32>) -> Self {
        self.pid = pid;
        self
    }

    /// All of them, at one moment. What the target does not tell is absent.
    pub(super) async fn read(&self, phase: u16) -> Scrape {
        let begun = self.clock.now();
        let mut scrape = Scrape { phase, ..Scrape::default() };
        let counters = &self.plan.cache.counters;
        if let Some(json) = &counters.json
            && let Some(body) = self.get(&json.path).await
            && let Ok(answer) = serde_json::from_slice(&body)
        {
            json.fill(&mut scrape, &answer);
        }
        if let Some(prometheus) = &counters.prometheus
            && let Some(body) = self.get(&prometheus.path).await
        {
            prometheus.fill(&mut scrape, &Exposition::parse(&String::from_utf8_lossy(&body)));
        }
        if let Some(redis) = &self.redis
            && let Some(info) = redis.read().await
        {
            RedisCounters { database: redis.database() }.fill(&mut scrape, &info);
        }
        // What a target says of itself may be its front's; the process that was started is known.
        if let Some(resident) = self.pid.and_then(resident_bytes) {
            scrape.resident_bytes = Some(resident);
        }
        scrape.t_us = self.clock.now();
        scrape.took_us = scrape.t_us.saturating_sub(begun);
        scrape
    }

    /// The query counter alone: cheap enough to stand around each uncached request.
    pub(super) async fn queries(&self) -> Option<f64> {
        let prometheus = self.plan.cache.counters.prometheus.as_ref()?;
        let queries = prometheus.queries.as_ref()?;
        let body = self.get(&prometheus.path).await?;
        Exposition::parse(&String::from_utf8_lossy(&body)).sum(queries)
    }

    async fn get(&self, path: &str) -> Option<Vec<u8>> {
        let url: Url = self.target.url(path);
        let mut headers = HeaderMap::new();
        let request = crate::workload::Request {
            method: Method::GET,
            url: url.clone(),
            headers: HeaderMap::new(),
            body: None,
            fingerprint: 0,
        };
        self.staff.dress(&self.plan, &request, &mut headers);
        let ask = Ask { method: &Method::GET, url: &url, headers: &headers, body: None, keep: true };
        let exchange = tokio::select! {
            exchange = tokio::time::timeout(WITHIN, self.target.control.send(&ask)) => exchange.ok()?,
            () = async { self.stop.stopped().await; tokio::time::sleep(LAST_WORD).await } => return None,
        };
        let answer = exchange.outcome.ok()?;
        if answer.status == 200 { answer.body } else { None }
    }
}
