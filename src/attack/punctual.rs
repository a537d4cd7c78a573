//! What is to happen at given moments happens on time: in a thread of its own, as a runtime's
//! timer has steps of a millisecond.

use super::stop::Stop;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The last part of a wait is not slept: a system's timer wakes sleepers so late (Linux adds a
/// slack of 50 µs, and the thread must get its CPU back: some 100 µs in all). It is short, so that a core is busy only
/// where the moments are as close as this.
const AWAKE: Duration = Duration::from_micros(150);

/// Waits precisely, until it is called off.
#[derive(Clone, Debug, Default)]
pub(super) struct Alarm {
    shared: Arc<(Mutex<bool>, Condvar)>,
}

impl Alarm {
    /// Waits until the moment; `false` if it was called off.
    pub(super) fn wait_until(&self, moment: Instant) -> bool {
        let (off, changed) = &*self.shared;
        let mut is_off = off.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if *is_off {
                return false;
            }
            let left = moment.saturating_duration_since(Instant::now());
            if left <= AWAKE {
                break;
            }
            let woken = changed.wait_timeout(is_off, left - AWAKE);
            is_off = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(is_off);
        while Instant::now() < moment {
            // Where there is but one CPU, answers are taken in meanwhile.
            std::thread::yield_now();
        }
        true
    }

    fn call_off(&self) {
        let (off, changed) = &*self.shared;
        *off.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }
}

/// Calls it off when nobody waits for the work any more.
struct Leash(Alarm);

impl Drop for Leash {
    fn drop(&mut self) {
        self.0.call_off();
    }
}

/// Does the work in a thread of its own and waits for it. Its alarm is called off when the run is
/// ended or this is dropped.
pub(super) async fn on_time<T: Send + 'static>(
    stop: &Stop,
    work: impl FnOnce(&Alarm) -> T + Send + 'static,
) -> T {
    let leash = Leash(Alarm::default());
    let alarm = leash.0.clone();
    let mut working = tokio::task::spawn_blocking(move || work(&alarm));
    let done = tokio::select! {
        done = &mut working => done,
        () = stop.stopped() => {
            leash.0.call_off();
            working.await
        }
    };
    match done {
        Ok(done) => done,
        // Nobody aborts it: it panicked, and so does whoever waits for it.
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::stop::Cause;

    const FAR: Duration = Duration::from_secs(3_600);

    #[tokio::test]
    async fn no_moment_comes_early_and_the_next_follows_the_clock() {
        let began = Instant::now();
        let gap = Duration::from_millis(3);
        let came = on_time(&Stop::default(), move |alarm| {
            let wait = |n| alarm.wait_until(began + gap * n).then(Instant::now);
            (1..=20).map(wait).collect::<Vec<_>>()
        })
        .await;
        for (n, came) in (1..).zip(came) {
            assert!(came.unwrap() >= began + gap * n, "the {n}th came early");
        }
    }

    #[tokio::test]
    async fn a_run_that_is_ended_waits_for_no_moment() {
        let stop = Stop::default();
        let waits = on_time(&stop, |alarm| {
            [Instant::now() + FAR, Instant::now()].map(|moment| alarm.wait_until(moment))
        });
        let (waited, ()) = tokio::join!(waits, async {
            tokio::task::yield_now().await;
            stop.trigger(Cause::Interrupted);
        });
        assert_eq!(waited, [false, false], "and neither for one that has come");
    }

    #[tokio::test]
    async fn nobody_goes_on_when_nobody_waits_for_it() {
        let (ended, end) = tokio::sync::oneshot::channel();
        let waits = async {
            let stop = Stop::default();
            on_time(&stop, move |alarm| ended.send(alarm.wait_until(Instant::now() + FAR))).await
        };
        // Begun, then dropped.
        let dropped = tokio::time::timeout(Duration::from_millis(1), waits).await;
        assert!(dropped.is_err());
        assert!(!end.await.unwrap());
    }
}
