//! The stream of what was removed.

use super::*;
use crate::event::{Event, EventScope};
use crate::invalidate::Reason;

fn event(removed: u64) -> Event {
    let (reason, scope) = match removed % 3 {
        0 => (Reason::GradeChanged, EventScope::People(vec![(7, Analytics), (8, StudentProgress)])),
        1 => (Reason::ReportSaved, EventScope::Report(42)),
        _ => (Reason::Requested, EventScope::Everything),
    };
    Event { at_unix_ms: 1_788_242_400_000, reason, scope, removed, took: Duration::from_micros(250) }
}

async fn after(store: &dyn Store, id: Option<&str>, limit: usize) -> Vec<(String, Event)> {
    store.events(id, limit).await.expect("events are read")
}

pub(super) async fn events_come_back_in_their_order(store: &dyn Store) {
    store.remove_everything().await.expect("it works");
    assert_eq!(after(store, None, 10).await, []);
    for number in 0..7 {
        store.append(&event(number)).await.expect("an event is added");
    }
    let first = after(store, None, 4).await;
    let rest = after(store, Some(&first[3].0), 100).await;
    let read: Vec<_> = first.iter().chain(&rest).map(|(_, event)| event.clone()).collect();
    assert_eq!(read, (0..7).map(event).collect::<Vec<_>>());
    let last = &rest[2].0;
    assert_eq!(after(store, Some(last), 10).await, []);
    let people: Vec<_> = (0..101).map(|user| (user, Custom)).collect();
    let large = Event { scope: EventScope::People(people.clone()), ..event(9) };
    store.append(&large).await.expect("an event is added");
    let kept = EventScope::ManyPeople { total: 101, first: people[..100].to_vec() };
    assert_eq!(after(store, Some(last), 10).await[0].1.scope, kept);
    assert!(store.events(Some("no id"), 10).await.is_err());
}

pub(super) async fn a_clearing_keeps_the_events_and_removing_everything_does_not(store: &dyn Store) {
    store.remove_everything().await.expect("it works");
    fill(store, &key(42, 7, "1"), Analytics).await;
    store.append(&event(1)).await.expect("an event is added");
    assert_eq!(store.clear().await.expect("it works"), 1);
    assert_eq!(after(store, None, 10).await.len(), 1);
    fill(store, &key(42, 7, "1"), Analytics).await;
    assert_eq!(store.remove_everything().await.expect("it works"), 1);
    assert_eq!(after(store, None, 10).await, []);
}

pub(super) async fn old_events_are_forgotten_and_ids_go_on(store: &dyn Store) {
    store.remove_everything().await.expect("it works");
    for number in 0..10_500 {
        store.append(&event(number)).await.expect("an event is added");
    }
    let (mut read, mut last) = (Vec::new(), None);
    loop {
        let page = after(store, last.as_deref(), 1_000).await;
        let Some((id, _)) = page.last() else { break };
        last = Some(id.clone());
        read.extend(page.into_iter().map(|(_, event)| event.removed));
    }
    assert!((10_000..=10_200).contains(&read.len()), "{} are kept", read.len());
    let newest: Vec<u64> = (10_500 - u64::try_from(read.len()).expect("small")..10_500).collect();
    assert_eq!(read, newest);
    store.remove_everything().await.expect("it works");
}
