//! `cacheproof simulate --sweep`: how far a value may move before a target is out of reach.

use super::prepare;
use super::run::refused;
use super::simulate::replayed;
use crate::attack::{AttackError, Cast, Target};
use crate::cli::{SimulateArgs, Sweep};
use crate::exit::Failure;
use crate::plan::Plan;
use crate::simulate::{Cell, Feasibility, Row, Swept};
use crate::units::{Unit, percent};
use crate::workload::Population;
use serde::Serialize;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

/// Every sweep of a command line.
#[derive(Debug, Serialize)]
pub(super) struct Sweeps {
    /// Name of the scenario.
    scenario: String,
    /// Its seed.
    seed: u64,
    /// Replays of each value.
    runs: u32,
    /// Confidence of the intervals.
    confidence: f64,
    /// One for each key.
    sweeps: Vec<Swept>,
}

/// Replays the scenario with each value of each key. Every value is looked at before the target
/// is asked for anything.
///
/// # Errors
/// A key or a value that the scenario cannot have; a target that does not do its part.
pub(super) async fn sweep(args: &SimulateArgs) -> Result<Sweeps, Failure> {
    let as_written = prepare::plan(&args.scenario)?;
    let plans: Vec<(&Sweep, Vec<Arc<Plan>>)> = args
        .sweeps
        .iter()
        .map(|sweep| {
            let plan = |setting| {
                let mut scenario = args.scenario.clone();
                scenario.set.push(setting);
                prepare::plan(&scenario).map(Arc::new)
            };
            let plans = sweep.settings.iter().cloned().map(plan).collect::<Result<_, _>>()?;
            Ok((sweep, plans))
        })
        .collect::<Result<_, Failure>>()?;
    let mut inquiry = Inquiry::default();
    let swept = all(&mut inquiry, &as_written, &plans, args.runs).await;
    inquiry.end().await;
    Ok(Sweeps {
        scenario: as_written.name.clone(),
        seed: as_written.seed,
        runs: args.runs,
        confidence: as_written.confidence,
        sweeps: swept?,
    })
}

async fn all(
    inquiry: &mut Inquiry,
    as_written: &Plan,
    plans: &[(&Sweep, Vec<Arc<Plan>>)],
    runs: u32,
) -> Result<Vec<Swept>, Failure> {
    let mut swept = Vec::new();
    for (sweep, plans) in plans {
        let mut rows = Vec::new();
        for (setting, plan) in sweep.settings.iter().zip(plans) {
            let population = inquiry.population(plan).await.map_err(refused)?;
            let forecast = replayed(plan, population, runs).await?;
            let written = json!(plan.scenario) == json!(as_written.scenario);
            rows.push(Row::new(setting.value.clone(), written, plan, forecast));
        }
        let key = sweep.settings.first().map(|setting| setting.key.clone()).unwrap_or_default();
        swept.push(Swept { key, rows });
    }
    Ok(swept)
}

/// A target that stays open from value to value, and who there was.
#[derive(Default)]
struct Inquiry {
    open: Option<(Value, Target, PathBuf)>,
    known: Vec<(Value, Arc<Population>)>,
}

impl Inquiry {
    /// Who comes by; asked again only where the answer may be another.
    async fn population(&mut self, plan: &Arc<Plan>) -> Result<Arc<Population>, AttackError> {
        let question = question(plan);
        if let Some((_, population)) = self.known.iter().find(|(known, _)| *known == question) {
            return Ok(Arc::clone(population));
        }
        let address = json!([plan.seed, plan.scenario.target]);
        if self.open.as_ref().is_none_or(|(known, ..)| *known != address) {
            self.end().await;
            let log = std::env::temp_dir().join(format!("cacheproof-sweep-{}.log", std::process::id()));
            self.open = Some((address, Target::open(plan, &log).await?, log));
        }
        let (_, target, _) = self.open.as_ref().expect("it was just opened");
        let population = Arc::new(Cast::assemble(plan, target).await?.population);
        self.known.push((question, Arc::clone(&population)));
        Ok(population)
    }

    async fn end(&mut self) {
        if let Some((_, mut target, log)) = self.open.take() {
            if let Some(embedded) = target.embedded.take() {
                embedded.end().await;
            }
            // A log of a service that did its work is of no use to anybody.
            let _ = std::fs::remove_file(log);
        }
    }
}

/// All that decides who comes by: the target, whom it is asked for, and what they must be able
/// to do.
fn question(plan: &Plan) -> Value {
    let role = |role: &crate::plan::RolePlan| {
        json!([role.name, role.users, role.places, role.people, role.reachable().collect::<Vec<_>>()])
    };
    let roles: Vec<Value> = plan.roles.iter().map(role).collect();
    let scenario = &plan.scenario;
    json!([plan.seed, scenario.target, scenario.people, scenario.values, scenario.actions, roles])
}

/// A table for each key.
pub(super) fn table(sweeps: &Sweeps) -> String {
    let mut out = String::new();
    write(&mut out, sweeps).expect("writing to a string does not fail");
    out
}

fn write(out: &mut String, sweeps: &Sweeps) -> std::fmt::Result {
    let Sweeps { scenario, seed, runs, confidence, sweeps } = sweeps;
    writeln!(out, "expected hit rates of a perfect cache ({scenario}, seed {seed}, {runs} replays a value)")?;
    for Swept { key, rows } in sweeps {
        let roles = columns(rows);
        let values = std::iter::once(key.clone()).chain(rows.iter().map(shown));
        let width = values.map(|value| value.chars().count()).max().unwrap_or(0);
        write!(out, "\n  {key:<width$}")?;
        for role in &roles {
            write!(out, "  {:<12}", role.unwrap_or("all"))?;
        }
        trim(out);
        for row in rows {
            write!(out, "  {:<width$}", shown(row))?;
            for role in &roles {
                let cell = row.cells.iter().find(|cell| cell.role.as_deref() == *role);
                write!(out, "  {:<12}", cell.map_or_else(|| "–".into(), marked))?;
            }
            trim(out);
            for outlook in &row.others {
                match outlook.feasibility {
                    Feasibility::Feasible => {}
                    Feasibility::Tight | Feasibility::Infeasible | Feasibility::Unknown => {
                        writeln!(out, "    {} {}", outlook.feasibility.as_str(), outlook.slo)?;
                    }
                }
            }
        }
    }
    let rows = || sweeps.iter().flat_map(|swept| &swept.rows);
    let any = |feasibility| {
        let mut bounds = rows().flat_map(|row| &row.cells).flat_map(|cell| &cell.targets);
        bounds.any(|bound| bound.feasibility == feasibility)
    };
    let interval = Unit::Ratio.show_target(*confidence);
    let legend = [
        (rows().any(|row| row.written), "  *    as the scenario has it".to_owned()),
        (
            any(Feasibility::Infeasible),
            "  <90  no cache reaches the target of 90 % there (infeasible)".to_owned(),
        ),
        (
            any(Feasibility::Tight),
            format!("  ~90  90 % lies within what {interval} of runs come to: either may come out (tight)"),
        ),
    ];
    if legend.iter().any(|(needed, _)| *needed) {
        out.push('\n');
    }
    for (_, line) in legend.iter().filter(|(needed, _)| *needed) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Roles of any row, in the order in which they first come; all of them last.
fn columns(rows: &[Row]) -> Vec<Option<&str>> {
    let mut roles: Vec<Option<&str>> = Vec::new();
    for role in rows.iter().flat_map(|row| &row.cells).map(|cell| cell.role.as_deref()) {
        if role.is_some() && !roles.contains(&role) {
            roles.push(role);
        }
    }
    roles.push(None);
    roles
}

fn shown(row: &Row) -> String {
    if row.written { format!("{} *", row.value) } else { row.value.clone() }
}

/// The rate, and the targets that it cannot be counted upon to meet: `48.1 % <50`.
fn marked(cell: &Cell) -> String {
    let mut text = percent(cell.rate.value);
    for bound in &cell.targets {
        let mark = match bound.feasibility {
            Feasibility::Feasible | Feasibility::Unknown => continue,
            Feasibility::Tight => '~',
            Feasibility::Infeasible if cell.rate.value > bound.target => '>',
            Feasibility::Infeasible => '<',
        };
        let target = Unit::Ratio.show_target(bound.target);
        let _ = write!(text, " {mark}{}", target.trim_end_matches(" %"));
    }
    text
}

/// Ends a line without the blanks that fill its last column.
fn trim(out: &mut String) {
    out.truncate(out.trim_end().len());
    out.push('\n');
}

#[cfg(test)]
mod tests;
