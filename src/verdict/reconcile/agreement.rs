//! Whether two counts of the same agree, and why not.

use super::{Agreement, Counter};
use crate::evidence::Evidence;
use crate::units::count;

/// The target of a run against the service that comes with cacheproof.
const EMBEDDED: &str = "embedded";

/// A count of somebody else, beside the fewest and the most that it may be.
pub(super) fn judge(
    counter: Counter,
    counted: u64,
    least: u64,
    most: u64,
    evidence: &Evidence,
) -> (Agreement, Option<String>) {
    let what = counter.as_str();
    if counted < least {
        let by = count(least - counted);
        let why = match counter {
            Counter::Hits | Counter::Misses | Counter::Bypasses => {
                format!("{by} {what} fewer than the client received: the service does not count all of them")
            }
            Counter::Lookups => {
                format!("{by} fewer than reads that the cache answered: something before Redis answers them")
            }
        };
        return (Agreement::Differs, Some(why));
    }
    match counter {
        // One read may look up several keys, and others may use that Redis.
        Counter::Lookups => {
            let each = counted as f64 / least.max(1) as f64;
            (Agreement::Agrees, (least > 0).then(|| format!("about {each:.1} for each read")))
        }
        Counter::Hits | Counter::Misses | Counter::Bypasses if counted <= most => (Agreement::Agrees, None),
        Counter::Hits | Counter::Misses | Counter::Bypasses => {
            let more = count(counted - most);
            if evidence.run.target == EMBEDDED {
                let why = format!(
                    "{more} {what} more than the client received, and nobody else used the service: it \
                     counts some of them twice"
                );
                (Agreement::Differs, Some(why))
            } else {
                let why = format!(
                    "{more} {what} more than this client received: others used the service as well, or it \
                     counts twice"
                );
                (Agreement::Unknown, Some(why))
            }
        }
    }
}
