//! An exchange, framed by who asked what and when, as an observation.

use super::ask::Errand;
use super::clock::Clock;
use crate::observe::{Dialect, Fault, Observation, Source};
use crate::plan::ActionPlan;
use crate::wire::Exchange;
use crate::workload::Request;

/// What is known of a request before its answer.
pub(super) struct Frame<'a> {
    pub(super) errand: &'a Errand<'a>,
    pub(super) action: &'a ActionPlan,
    pub(super) request: &'a Request,
    pub(super) clock: Clock,
}

impl Frame<'_> {
    /// The browser showed its copy, whose body has this fingerprint: nothing was sent.
    pub(super) fn fresh_copy(&self, role: u16, digest: u64) -> Observation {
        Observation {
            claimed: Source::Browser,
            source: Source::Browser,
            digest: Some(digest),
            ..self.blank(role)
        }
    }

    /// What is known before anything was sent.
    fn blank(&self, role: u16) -> Observation {
        let now = self.clock.now();
        Observation {
            person: self.errand.person,
            role,
            action: self.errand.action,
            phase: self.errand.phase,
            due_us: self.clock.at(self.errand.due),
            started_us: now,
            first_byte_us: None,
            finished_us: now,
            status: None,
            claimed: Source::Unknown,
            source: Source::Unknown,
            validated: false,
            request: self.request.fingerprint,
            digest: None,
            bytes: 0,
            reused: true,
            fault: None,
        }
    }

    /// What came of the exchange.
    pub(super) fn observe(
        &self,
        role: u16,
        dialect: &Dialect,
        exchange: &Exchange,
        fault: Option<Fault>,
    ) -> Observation {
        let answer = exchange.outcome.as_ref().ok();
        let claimed = answer.map_or(Source::Unknown, |answer| dialect.claim(&answer.headers));
        let source = match (fault, self.action.read, self.action.cached) {
            (Some(_), _, _) => Source::Error,
            (None, false, _) => Source::Write,
            // The cache is not meant to serve it: the origin did, whatever was claimed.
            (None, true, false) => Source::Bypass,
            (None, true, true) => claimed,
        };
        Observation {
            started_us: self.clock.at(exchange.started),
            first_byte_us: exchange.first_byte.map(|moment| self.clock.at(moment)),
            finished_us: self.clock.at(exchange.finished),
            status: answer.map(|answer| answer.status),
            claimed,
            source,
            validated: answer.is_some_and(|answer| answer.status == 304),
            // A 304 has no body of its own; whose it confirms, the browser knows.
            digest: answer.filter(|answer| answer.status != 304).map(|answer| answer.digest),
            bytes: answer.map_or(0, |answer| answer.bytes),
            reused: exchange.reused,
            fault,
            ..self.blank(role)
        }
    }
}
