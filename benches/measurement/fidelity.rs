//! Table 3: quantiles as they were measured, beside what the server really waited.

use super::Outcome;
use super::known::{Kind, PERIOD, QUANTILES, STALL, Server};
use super::tools::{RATE, Tool};

/// How far a quantile may be from the truth, beyond what the control is off by.
const TOLERANCE: f64 = 0.01;

/// All kinds of server, all clients; each client has a server of its own, whose record is
/// its truth.
pub(crate) fn table(seconds: u32) -> Outcome<()> {
    let names = Tool::ALL.map(Tool::as_str).join(" | ");
    println!("| server | quantile | truth | {names} | cacheproof within 1 % |");
    println!("|---|---|---:|{}:---:|", "---:|".repeat(Tool::ALL.len()));
    let (mut within, mut all) = (0, 0);
    for kind in Kind::ALL {
        let mut seen = Vec::new();
        for tool in Tool::ALL {
            let server = Server::start(kind)?;
            let measured = tool.measure(&server, seconds)?;
            let truth = if kind == Kind::Stalls { by_schedule() } else { server.truth()? };
            eprintln!("{} {}: {measured:?} of {truth:?}", kind.as_str(), tool.as_str());
            seen.push(measured.map(|measured| (measured, truth)));
        }
        for (at, q) in QUANTILES.iter().enumerate() {
            let off = |tool: usize| seen[tool].map(|(measured, truth)| measured[at] - truth[at]);
            let truth = seen[1].map_or(f64::NAN, |(_, truth)| truth[at]);
            let cells = (0..Tool::ALL.len()).map(|tool| show(seen[tool].map(|(m, t)| (m[at], t[at]))));
            let cells = cells.collect::<Vec<_>>().join(" | ");
            // The control's own error is the machine's.
            let holds = off(0).zip(off(1)).map(|(control, own)| (own - control).abs() <= TOLERANCE * truth);
            // A tenth of all stalls: where exactly p90 lies turns on a single arrival.
            let judged = kind != Kind::Nothing && !(kind == Kind::Stalls && *q == 0.9);
            let word = match holds {
                Some(holds) if judged => {
                    all += 1;
                    within += u32::from(holds);
                    if holds { "yes" } else { "no" }
                }
                Some(_) | None => "–",
            };
            let name = kind.as_str();
            println!("| {name} | p{} | {} | {cells} | {word} |", 100.0 * q, ms(truth));
        }
    }
    println!(
        "\n{RATE} requests a second for {seconds} s an arm; {within} of {all} within 1 % beyond the control"
    );
    Ok(())
}

/// What a quantile was, and how far off that is.
fn show(seen: Option<(f64, f64)>) -> String {
    match seen {
        Some((measured, truth)) if truth >= 1_000.0 => {
            format!("{} ({:+.2} %)", ms(measured), 100.0 * (measured / truth - 1.0))
        }
        Some((measured, _)) => ms(measured),
        None => "not installed".into(),
    }
}

fn ms(us: f64) -> String {
    format!("{:.2} ms", us / 1e3)
}

/// What requests that arrive evenly wait for a server that stalls, from their intended
/// starts: those that come within a stall wait for its end. A share of more than x of all
/// waits longer than (STALL − x·PERIOD), up to STALL/PERIOD of them.
fn by_schedule() -> [f64; 4] {
    let (stall, period) = (STALL.as_secs_f64(), PERIOD.as_secs_f64());
    QUANTILES.map(|q| 1e6 * (0.020 + (stall - (1.0 - q) * period).max(0.0)))
}
