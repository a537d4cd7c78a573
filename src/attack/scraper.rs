//! Reads the target's own counters.

use super::clock::Clock;
use super::http::{Ask, Http};
use super::stop::Stop;
use crate::observe::{Exposition, Scrape, read_stats};
use crate::plan::{Plan, TargetPlan};
use reqwest::Url;
use reqwest::header::HeaderValue;
use std::sync::Arc;
use std::time::Duration;

/// After Ctrl-C the target has so long to tell its counters once more.
const LAST_WORD: Duration = Duration::from_millis(300);

/// Reads the management call and the Prometheus text.
#[derive(Clone, Debug)]
pub(super) struct Scraper {
    http: Http,
    stop: Stop,
    clock: Clock,
    stats: Url,
    metrics: Url,
    staff: HeaderValue,
    plan: Arc<Plan>,
}

impl Scraper {
    pub(super) fn new(
        http: Http,
        stop: Stop,
        clock: Clock,
        stats: Url,
        metrics: Url,
        staff: HeaderValue,
        plan: Arc<Plan>,
    ) -> Self {
        Self { http, stop, clock, stats, metrics, staff, plan }
    }

    /// Both, at one moment. What the target does not tell is absent.
    pub(super) async fn read(&self, phase: u16) -> Scrape {
        let mut scrape = Scrape { phase, ..Scrape::default() };
        if let Some(body) = self.get(&self.stats, Some(&self.staff)).await
            && let Ok(stats) = serde_json::from_slice(&body)
        {
            read_stats(&mut scrape, &stats);
        }
        let TargetPlan { queries, store_operations, .. } = &self.plan.target;
        if let Some(body) = self.get(&self.metrics, None).await {
            scrape.read_metrics(
                &Exposition::parse(&String::from_utf8_lossy(&body)),
                queries,
                store_operations,
            );
        }
        scrape.t_us = self.clock.now();
        scrape
    }

    /// The query counter alone: cheap enough to stand around each uncached request.
    pub(super) async fn queries(&self) -> Option<f64> {
        let body = self.get(&self.metrics, None).await?;
        Exposition::parse(&String::from_utf8_lossy(&body)).sum(&self.plan.target.queries)
    }

    async fn get(&self, url: &Url, token: Option<&HeaderValue>) -> Option<Vec<u8>> {
        let ask = Ask::get(url, token);
        let exchange = tokio::select! {
            exchange = self.http.send(&ask) => exchange,
            () = async { self.stop.stopped().await; tokio::time::sleep(LAST_WORD).await } => return None,
        };
        let answer = exchange.outcome.ok()?;
        if answer.status == 200 { answer.body } else { None }
    }
}
