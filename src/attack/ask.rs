//! One request of one person, from what they know to what was seen.

use super::browser::{Asked, Copy, Have, Received};
use super::frame::Frame;
use super::stage::Stage;
use super::target::asked_to_wait;
use crate::observe::{Fault, Observation};
use crate::plan::{ActionPlan, BypassPlan, Hole};
use crate::wire::{Ask, Exchange, Seat};
use crate::workload::{
    Draw, Fill, Mismatch, Person, Request, around, captured, expected, reactions, render, wants_body,
};
use http::HeaderMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

/// After Ctrl-C a request in flight has so long to end.
const GRACE: Duration = Duration::from_millis(1_500);

/// What is asked, by whom and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Errand<'a> {
    pub(super) person: u32,
    pub(super) action: u16,
    pub(super) draw: &'a Draw,
    /// When they meant to ask.
    pub(super) due: Instant,
    pub(super) phase: u16,
}

/// How it is asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way<'a> {
    /// As a person asks: with their browser.
    Person,
    /// As the harness asks, without a browser.
    Plain,
    /// Around the cache.
    Around(&'a BypassPlan),
}

/// Makes one request and tells what was seen. Its consequences for the person are taken
/// in: cookies, copies, what they capture, who reacts.
pub(super) async fn ask(stage: &Stage, seat: &mut Seat, errand: Errand<'_>, way: Way<'_>) -> Observation {
    let plan = &stage.plan;
    let action = plan.action(errand.action);
    let person = stage.population.person(errand.person);
    let browses = matches!(way, Way::Person) && plan.role(person.role).browser;
    let (notes, request, headers, body, asked, have) = {
        let belongings = stage.of(errand.person);
        // Few remember anything: an empty list costs nothing to copy.
        let notes = belongings.notes.clone();
        let fill = Fill::new(plan, person, errand.draw, &notes);
        let mut request = render(&stage.target.base, action, &fill);
        if let Way::Around(bypass) = way {
            let mark = stage.target.mark();
            let given = [(Hole::Mark, mark.as_str())];
            request = around(request, &stage.target.base, bypass, &Fill { given: &given, ..fill });
        }
        let mut headers = request.headers.clone();
        belongings.identity.dress(plan, &request, &mut headers);
        let body = belongings.identity.body(plan, &request);
        let asked = (browses && action.read)
            .then(|| Asked { method: request.method.clone(), headers: headers.clone() });
        let have = asked.as_ref().map_or(Have::Nothing, |asked| {
            belongings.browser.look(request.fingerprint, asked, stage.scenario(Instant::now()))
        });
        (notes, request, headers, body, asked, have)
    };
    let frame = Frame { errand: &errand, action, request: &request, clock: stage.clock };
    let mut sent = headers;
    match have {
        Have::Fresh(copy) => return frame.fresh_copy(person.role, copy.digest),
        Have::Stale { conditional } => sent.extend(conditional),
        Have::Nothing => {}
    }
    let post = Post { stage, action, request: &request, keep: wants_body(action) };
    let begun = Instant::now();
    let exchange = post.deliver(seat, &mut sent, body, person).await;
    // Where the target had them wait or log in again, that was not the generator's delay.
    let errand = Errand { due: errand.due + exchange.started.saturating_duration_since(begun), ..errand };
    let frame = Frame { errand: &errand, ..frame };
    let fill = Fill::new(plan, person, errand.draw, &notes);
    let fault = fault(action, &exchange, &fill);
    let mut seen = frame.observe(person.role, &plan.cache.dialect, &exchange, fault);
    let Ok(answer) = &exchange.outcome else { return seen };
    let mut belongings = stage.of(errand.person);
    if belongings.identity.has_cookies() {
        belongings.identity.learn(&request.url, &answer.headers);
    }
    if let Some(asked) = &asked {
        let received = Received {
            status: answer.status,
            headers: &answer.headers,
            body: Copy { digest: answer.digest, bytes: answer.bytes },
            asked_at: stage.scenario(exchange.started),
            wall: SystemTime::now(),
        };
        let shown = belongings.browser.remember(request.fingerprint, asked, &received);
        // A 304 has no body: the person sees the copy that it confirmed.
        if answer.status == 304 {
            seen.digest = shown.map(|copy| copy.digest);
        }
    } else if browses {
        belongings.browser.wrote(request.fingerprint, answer.status);
    }
    if fault.is_none() {
        for (capture, text) in captured(action, &answer.headers, answer.body.as_deref()) {
            belongings.notes.set(capture, text);
        }
        drop(belongings);
        if !action.changes.is_empty() {
            let all = reactions(plan, &stage.population, errand.person, errand.action, errand.draw);
            stage.mail.send(plan, &stage.population, exchange.finished, all);
        }
    }
    seen
}

/// What is wrong with an exchange, if anything is.
fn fault(action: &ActionPlan, exchange: &Exchange, fill: &Fill<'_>) -> Option<Fault> {
    match &exchange.outcome {
        Err(fault) => Some(*fault),
        Ok(answer) => {
            let held = expected(action, answer.status, answer.body.as_deref(), fill);
            held.err().as_ref().map(Mismatch::fault)
        }
    }
}

/// A request on its way.
struct Post<'a> {
    stage: &'a Stage,
    action: &'a ActionPlan,
    request: &'a Request,
    keep: bool,
}

impl Post<'_> {
    /// Sends it; logs in again where the target no longer knows the person, and waits where
    /// it asks to.
    async fn deliver(
        &self,
        seat: &mut Seat,
        headers: &mut HeaderMap,
        mut body: Option<bytes::Bytes>,
        person: &Person,
    ) -> Exchange {
        let plan = &self.stage.plan;
        // A 401 that the scenario expects is an answer.
        let refresh = plan.target.login.as_ref().is_some_and(|login| login.refresh) && !self.expects(401);
        let (mut waits, mut logins) = (plan.target.connection.waits, u8::from(refresh));
        loop {
            let exchange = self.send(seat, headers, body.clone()).await;
            let Ok(answer) = &exchange.outcome else { return exchange };
            if answer.status == 401 && logins > 0 && !self.stage.stop.is_stopped() {
                logins -= 1;
                let Ok(identity) = self.stage.target.log_in(plan, person).await else { return exchange };
                self.stage.counts.logins.fetch_add(1, Ordering::Relaxed);
                identity.dress(plan, self.request, headers);
                // The token against forgery may stand in the form, and is another one now.
                body = identity.body(plan, self.request);
                self.stage.of(person.index).identity = identity;
                continue;
            }
            let Some(wait) = asked_to_wait(answer.status, &answer.headers)
                .filter(|_| waits > 0 && !self.expects(answer.status))
            else {
                return exchange;
            };
            waits -= 1;
            self.stage.counts.waited.fetch_add(1, Ordering::Relaxed);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.stage.stop.stopped() => return exchange,
            }
        }
    }

    fn expects(&self, status: u16) -> bool {
        self.action.request.expect.status.contains(&status)
    }

    async fn send(&self, seat: &mut Seat, headers: &HeaderMap, body: Option<bytes::Bytes>) -> Exchange {
        let ask =
            Ask { method: &self.request.method, url: &self.request.url, headers, body, keep: self.keep };
        let started = Instant::now();
        let _under_way = self.stage.counts.in_flight.enter();
        tokio::select! {
            exchange = seat.send(&ask) => exchange,
            () = async { self.stage.stop.stopped().await; tokio::time::sleep(GRACE).await } => Exchange {
                started,
                first_byte: None,
                finished: Instant::now(),
                reused: false,
                redirects: 0,
                outcome: Err(Fault::Abandoned),
                why: None,
            },
        }
    }
}

#[cfg(test)]
mod tests;
