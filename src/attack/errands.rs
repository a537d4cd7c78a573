//! What is done before the first phase and after the last: requests of the scenario, by
//! the staff user or somebody by name.

use super::cast::Cast;
use super::redact::Redactor;
use super::target::{Target, TargetError, reached, refused};
use crate::plan::{Plan, RequestPlan};
use crate::workload::{Draw, Fill, Item, NOTHING_NOTED, Person, render_request, verify};

/// Makes the requests in order; the first that fails ends it.
///
/// # Errors
/// The request, and what came instead of what it expects.
pub(super) async fn run(
    plan: &Plan,
    target: &Target,
    cast: &Cast,
    requests: &[RequestPlan],
) -> Result<(), TargetError> {
    for request in requests {
        let identity = match &request.as_ {
            Some(name) => Cast::somebody(plan, target, name).await?,
            None => cast.staff.clone(),
        };
        let mut stocks = vec![Vec::new(); plan.people.stocks.len().max(1)];
        stocks[0] = vec![Item::plain(request.as_.clone().unwrap_or_default())];
        let person = Person { index: 0, role: 0, stocks };
        let draw = Draw { mark: Some(format!("cacheproof mark {}", plan.seed)), ..Draw::default() };
        let fill = Fill::new(plan, &person, &draw, &NOTHING_NOTED);
        let rendered = render_request(&target.base, request, &fill);
        let exchange = target.send(plan, &rendered, &identity).await;
        let (method, url) = (rendered.method.to_string(), rendered.url.to_string());
        let redacted = |error: TargetError| error.without(&Redactor::new(plan, target, [&identity]));
        let answer = reached(exchange, &url).map_err(redacted)?;
        let body = answer.body.as_deref().unwrap_or_default();
        let success = (200..400).contains(&answer.status);
        if let Err(what) = verify(&request.expect, answer.status, success, Some(body), &fill) {
            return Err(redacted(if request.expect.status.is_empty() && !success {
                refused(method, url, answer.status, body)
            } else {
                TargetError::Unexpected { method, url, what: what.to_string() }
            }));
        }
    }
    Ok(())
}
