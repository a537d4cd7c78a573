//! A forecast as text: the table of `simulate` and `check`, and the few lines above a run.

use crate::simulate::{Feasibility, Forecast, Need, Outlook, RoleRate};
use crate::units::{Unit, count, percent};
use std::fmt::Write as _;

/// Lines of a table are folded here.
const WIDTH: usize = 100;

/// Everything that is known before a run.
pub(super) fn table(forecast: &Forecast) -> String {
    let mut out = String::new();
    write(&mut out, forecast).expect("writing to a string does not fail");
    out
}

fn write(out: &mut String, forecast: &Forecast) -> std::fmt::Result {
    let Forecast { runs, confidence, roles, outlooks, needs, by_clock: _, notes } = forecast;
    let interval = Unit::Ratio.show_target(*confidence);
    writeln!(out, "expected of a perfect cache ({runs} replays in virtual time)")?;
    if roles.is_empty() {
        writeln!(out, "  {}", nothing(forecast))?;
    } else {
        let head = format!("one run, {interval}");
        writeln!(
            out,
            "  {:<10} {:>9} {:>9}  {head:<19} {:>11} {:>8} {:>11}",
            "role", "reads", "hit rate", "first reads", "expired", "invalidated"
        )?;
    }
    for row in roles {
        let RoleRate { rate, .. } = row;
        writeln!(
            out,
            "  {:<10} {:>9} {:>9}  {:<19} {:>11} {:>8} {:>11}",
            whose(row),
            count(rate.reads.round() as u64),
            percent(rate.value),
            format!("[{}, {}]", percent(rate.lo), percent(rate.hi)),
            percent(rate.first),
            percent(rate.expired),
            percent(rate.invalidated)
        )?;
    }
    if !outlooks.is_empty() {
        writeln!(out, "\ntargets")?;
        for outlook in outlooks {
            writeln!(out, "  {:<10} {}{}", outlook.feasibility.as_str(), outlook.slo, reached(outlook))?;
            if !outlook.why.is_empty() {
                out.push_str(&folded(&outlook.why, "             "));
            }
        }
    }
    if !needs.is_empty() {
        writeln!(out, "\nmeasured phases must be so long to decide")?;
        for Need { slo, time, decided, why } in needs {
            let word = match decided {
                Some(true) => "long enough",
                Some(false) => "too short",
                None => "",
            };
            writeln!(out, "  {:<13} {word:<11}  {slo}", time.show())?;
            if *decided != Some(true) {
                out.push_str(&folded(why, "                             "));
            }
        }
    }
    if !notes.is_empty() {
        writeln!(out, "\nwhat this does not know")?;
        for note in notes {
            out.push_str(&folded(note, "  "));
        }
    }
    Ok(())
}

/// The few lines above a run: rates, and the targets that no cache can meet.
pub(super) fn brief(forecast: &Forecast) -> String {
    if forecast.roles.is_empty() {
        return format!("expected of a perfect cache: {}", nothing(forecast));
    }
    let rates: Vec<String> = forecast
        .roles
        .iter()
        .map(|row| {
            format!(
                "{} {} [{}, {}]",
                whose(row),
                percent(row.rate.value),
                percent(row.rate.lo),
                percent(row.rate.hi)
            )
        })
        .collect();
    let mut out = folded(&format!("expected of a perfect cache: {}", rates.join(", ")), "");
    for outlook in &forecast.outlooks {
        match outlook.feasibility {
            Feasibility::Infeasible => {
                out.push_str(&folded(&format!("infeasible here: {}: {}", outlook.slo, outlook.why), "  "));
            }
            Feasibility::Feasible | Feasibility::Tight | Feasibility::Unknown => {}
        }
    }
    out.trim_end().to_owned()
}

/// Why there is no rate.
fn nothing(forecast: &Forecast) -> &'static str {
    if forecast.by_clock {
        "not computed for requests that arrive by the clock"
    } else {
        "nothing, no measured phase has people who read"
    }
}

fn whose(row: &RoleRate) -> &str {
    row.role.as_deref().unwrap_or("all")
}

fn reached(outlook: &Outlook) -> String {
    outlook.expected.map_or_else(String::new, |rate| format!("   expected {}", percent(rate.value)))
}

fn folded(text: &str, indent: &str) -> String {
    let options = textwrap::Options::new(WIDTH).initial_indent(indent).subsequent_indent(indent);
    textwrap::fill(text, options) + "\n"
}
