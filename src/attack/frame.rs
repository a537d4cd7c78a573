//! An exchange, framed by who asked what and when, as an observation.

use super::clock::Clock;
use super::http::Exchange;
use super::journey::Step;
use super::request::Request;
use crate::observe::{Fault, Observation, Source, claim};
use std::time::Instant;

/// What is known of a request before its answer.
pub(super) struct Frame<'a> {
    pub(super) step: &'a Step,
    pub(super) request: &'a Request,
    pub(super) phase: u16,
    pub(super) clock: Clock,
    pub(super) due: Instant,
}

impl Frame<'_> {
    /// The browser showed its copy: nothing was sent.
    pub(super) fn fresh_copy(&self, role: u16) -> Observation {
        let now = self.clock.now();
        Observation {
            person: self.step.person,
            role,
            action: self.step.action,
            phase: self.phase,
            due_us: self.clock.at(self.due),
            started_us: now,
            first_byte_us: None,
            finished_us: now,
            status: None,
            claimed: Source::Browser,
            source: Source::Browser,
            validated: false,
            request: self.request.fingerprint,
            digest: None,
            bytes: 0,
            fault: None,
        }
    }

    /// What came of the exchange.
    pub(super) fn observe(&self, role: u16, read: bool, exchange: &Exchange) -> Observation {
        let answer = exchange.outcome.as_ref().ok();
        let fault = match &exchange.outcome {
            Err(fault) => Some(*fault),
            Ok(answer) if read && !matches!(answer.status, 200 | 304) => Some(Fault::Status),
            Ok(answer) if !(200..400).contains(&answer.status) => Some(Fault::Status),
            Ok(_) => None,
        };
        let claimed = answer.map_or(Source::Unknown, |answer| claim(&answer.headers).source);
        let source = match (fault, read) {
            (Some(_), _) => Source::Error,
            (None, false) => Source::Write,
            (None, true) => claimed,
        };
        Observation {
            started_us: self.clock.at(exchange.started),
            first_byte_us: exchange.first_byte.map(|moment| self.clock.at(moment)),
            finished_us: self.clock.at(exchange.finished),
            status: answer.map(|answer| answer.status),
            claimed,
            source,
            validated: answer.is_some_and(|answer| answer.status == 304),
            digest: answer.map(|answer| answer.digest),
            bytes: answer.map_or(0, |answer| answer.bytes),
            fault,
            ..self.fresh_copy(role)
        }
    }
}
