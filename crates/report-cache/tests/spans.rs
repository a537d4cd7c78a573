//! The span of a visited request.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

use crate::support::{Origin, School, all_others_wait};

/// Keeps the fields of every span called `report_cache` that ends on this thread.
struct Seen;

thread_local! {
    static ENDED: RefCell<Vec<Fields>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone, Default, Debug, PartialEq)]
struct Fields(BTreeMap<&'static str, String>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}

impl<S> Layer<S> for Seen
where
    S: tracing::Subscriber + for<'s> tracing_subscriber::registry::LookupSpan<'s>,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        context.span(id).unwrap().extensions_mut().insert(fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let span = context.span(id).unwrap();
        values.record(span.extensions_mut().get_mut::<Fields>().unwrap());
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let span = context.span(&id).unwrap();
        if span.name() == "report_cache" {
            assert_eq!(*span.metadata().level(), tracing::Level::INFO);
            let fields = span.extensions().get::<Fields>().unwrap().clone();
            ENDED.with_borrow_mut(|ended| ended.push(fields));
        }
    }
}

#[tokio::test]
async fn a_visited_request_has_a_span_with_role_report_type_and_outcome_and_nothing_personal() {
    // For the whole process: what one thread's subscriber wants to see, a callsite that another thread
    // meets first may never learn.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(Seen)).unwrap();
    tracing::callsite::rebuild_interest_cache();
    let school = School::on_memory(Origin::counting());
    school.get(42).await;
    school.get(42).await;
    school.ask("GET /reports/42", &[("cache-control", "no-cache")]).await;
    school.ask("GET /login", &[]).await;
    {
        // The client goes away before the first answer of another report.
        let abandoned = school.get(43);
        tokio::pin!(abandoned);
        assert!(poll_once(abandoned.as_mut()).is_none());
    }
    // The computation that was left alone ends on its own.
    all_others_wait().await;
    let spans = ENDED.take();
    let expected = ["miss", "hit", "bypassed", "abandoned"].map(|outcome| {
        let fields = [("role", "teacher"), ("report_type", "analytics"), ("outcome", outcome)];
        Fields(fields.into_iter().map(|(name, value)| (name, format!("{value:?}"))).collect())
    });
    assert_eq!(spans, expected);
}

/// One poll, as a server makes it before the client hangs up.
fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}
