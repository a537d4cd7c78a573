//! The requests of a run, written down so that they can be sent again: a line of JSON
//! each, with names instead of indices and without anything secret.

use super::ask::Errand;
use super::stage::Stage;
use super::target::TargetError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// Lines on their way to the file.
const WAITING: usize = 4_096;

/// One request of a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Entry {
    /// Seconds of the scenario clock since the run began.
    pub(super) at: f64,
    /// Name of the phase.
    pub(super) phase: String,
    /// Name of the role.
    pub(super) role: String,
    /// Username.
    pub(super) person: String,
    /// Name of the action.
    pub(super) action: String,
    /// What was drawn from the person's stocks, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) items: BTreeMap<String, String>,
    /// What was drawn from `values`, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) values: BTreeMap<String, String>,
    /// The mark of a write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mark: Option<String>,
    /// Which of the action's filters.
    #[serde(default)]
    pub(super) filter: u16,
}

impl Entry {
    /// A request that is about to be made.
    pub(super) fn of(stage: &Stage, errand: &Errand<'_>) -> Self {
        let plan = &stage.plan;
        let person = stage.population.person(errand.person);
        let name = |stock: u16| plan.people.stocks[usize::from(stock)].name.clone();
        let items = errand.draw.items.iter().filter_map(|(stock, at)| {
            Some((name(*stock), person.stock(*stock).get(*at as usize)?.value.to_string()))
        });
        let values = errand.draw.values.iter();
        Self {
            at: stage.scenario(Instant::now()).as_secs_f64(),
            phase: plan
                .phases
                .get(usize::from(errand.phase))
                .map_or_else(String::new, |phase| phase.name.clone()),
            role: plan.role(person.role).name.clone(),
            person: person.username().to_owned(),
            action: plan.action(errand.action).name.clone(),
            items: items.collect(),
            values: values
                .map(|(at, text)| (plan.values[usize::from(*at)].name.clone(), text.clone()))
                .collect(),
            mark: errand.draw.mark.clone(),
            filter: errand.draw.filter,
        }
    }
}

/// Sends entries to the file.
#[derive(Clone, Debug)]
pub(super) struct TraceSink {
    lines: mpsc::Sender<Entry>,
}

impl TraceSink {
    /// Writes one down.
    pub(super) async fn write(&self, entry: Entry) {
        // A disk that is full has ended the writer; the run goes on.
        let _ = self.lines.send(entry).await;
    }
}

/// The task that writes.
#[derive(Debug)]
pub(super) struct Tracer {
    task: JoinHandle<std::io::Result<()>>,
}

impl Tracer {
    /// Begins a file.
    pub(super) fn start(path: &Path) -> Result<(Self, TraceSink), TargetError> {
        let fail = |error: std::io::Error| TargetError::Trace {
            path: path.display().to_string(),
            what: format!("cannot write the trace: {error}"),
        };
        let file = std::fs::File::create(path).map_err(fail)?;
        let (lines, mut incoming) = mpsc::channel::<Entry>(WAITING);
        let task = tokio::task::spawn_blocking(move || {
            let mut out = std::io::BufWriter::new(file);
            while let Some(entry) = incoming.blocking_recv() {
                serde_json::to_writer(&mut out, &entry)?;
                out.write_all(b"\n")?;
            }
            out.flush()
        });
        Ok((Self { task }, TraceSink { lines }))
    }

    /// Waits until everything is written; every sink must be gone.
    pub(super) async fn finish(self) -> std::io::Result<()> {
        self.task.await.unwrap_or_else(|error| Err(std::io::Error::other(error)))
    }
}

#[cfg(test)]
mod tests;
