//! Table 3: quantiles as they were measured, beside what the server really waited.

use super::Outcome;
use super::known::{Kind, PERIOD, QUANTILES, STALL, Server};
use super::tools::{RATE, Tool, beside};

/// How far a quantile may be from the truth, beyond what the control is off by.
const TOLERANCE: f64 = 0.01;

/// The longest round, in seconds: a stalling server stalls once in each.
const ROUND: u32 = 10;

/// What a client and the control beside it told at a quantile, each with its truth.
#[derive(Clone, Copy)]
struct Told {
    measured: f64,
    truth: f64,
    control: f64,
    control_truth: f64,
}

impl Told {
    /// Microseconds that the client is off by.
    fn off(self) -> f64 {
        self.measured - self.truth
    }

    /// Microseconds that the control is off by: the machine's own.
    fn noise(self) -> f64 {
        self.control - self.control_truth
    }

    /// What the client is off by beyond the machine, as a share of the truth. The control may be
    /// hit harder than the client: between the truth and the control nobody is wrong.
    fn excess(self) -> f64 {
        let (least, most) = (self.noise().min(0.0), self.noise().max(0.0));
        (self.off() - self.off().clamp(least, most)) / self.truth
    }
}

/// The median over rounds: a moment in which the machine was busy otherwise is one round's.
fn median(rounds: &[Told], of: impl Fn(Told) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().copied().map(of).collect();
    values.sort_by(f64::total_cmp);
    f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
}

/// All kinds of server, all clients in turn, round after round; each client has a server of its own,
/// whose record is its truth, and a control at work beside it.
pub(crate) fn table(seconds: u32) -> Outcome<()> {
    let (rounds, length) = ((seconds / ROUND).max(1), seconds.min(ROUND));
    let names = Tool::ALL.map(Tool::as_str).join(" | ");
    println!(
        "| server | quantile | truth | control | {names} | cacheproof beyond the control | within 1 % |"
    );
    println!("|---|---|---:|---:|{}---:|:---:|", "---:|".repeat(Tool::ALL.len()));
    let (mut within, mut all) = (0, 0);
    for kind in Kind::ALL {
        let mut told = Tool::ALL.map(|_| Vec::new());
        for _ in 0..rounds {
            for (told, tool) in told.iter_mut().zip(Tool::ALL) {
                told.extend(arm(kind, tool, length)?);
            }
        }
        for (at, q) in QUANTILES.iter().enumerate() {
            let told =
                told.each_ref().map(|rounds| rounds.iter().map(|told| told[at]).collect::<Vec<Told>>());
            let cells = told.each_ref().map(|rounds| match rounds.is_empty() {
                true => "not installed".into(),
                false => show(rounds, |told| told.measured, |told| told.truth),
            });
            let own = &told[0];
            let excess = median(own, Told::excess);
            // A tenth of all requests stall: where exactly p90 lies turns on a single one.
            let judged = kind != Kind::Nothing && !(kind == Kind::Stalls && *q == 0.9);
            let holds = excess.abs() <= TOLERANCE;
            let (word, shown) = match (judged, holds) {
                (true, true) => ("yes", format!("{:+.2} %", 100.0 * excess)),
                (true, false) => ("no", format!("{:+.2} %", 100.0 * excess)),
                (false, true | false) => ("–", "–".into()),
            };
            all += u32::from(judged);
            within += u32::from(judged && holds);
            println!(
                "| {} | p{} | {} | {} | {} | {shown} | {word} |",
                kind.as_str(),
                100.0 * q,
                ms(median(own, |told| told.truth)),
                show(own, |told| told.control, |told| told.control_truth),
                cells.join(" | ")
            );
        }
    }
    println!(
        "\n{RATE} requests a second; medians of {rounds} rounds of {length} s, the clients in turn; {within} of \
         {all} within {} % beyond the control",
        100.0 * TOLERANCE
    );
    Ok(())
}

/// One client against a server of its own; `None` where it is not installed.
fn arm(kind: Kind, tool: Tool, seconds: u32) -> Outcome<Option<[Told; 4]>> {
    let server = Server::start(kind)?;
    let (measured, control) = beside(&server, seconds, || tool.measure(&server, seconds))?;
    let [truth, control_truth] = if kind == Kind::Stalls { [by_schedule(); 2] } else { server.truth()? };
    eprintln!(
        "{} {}: {measured:?} of {truth:?}, control {control:?} of {control_truth:?}",
        kind.as_str(),
        tool.as_str()
    );
    Ok(measured.map(|measured| {
        [0, 1, 2, 3].map(|at| Told {
            measured: measured[at],
            truth: truth[at],
            control: control[at],
            control_truth: control_truth[at],
        })
    }))
}

/// What a quantile was, and how far off that is: medians of the rounds.
fn show(rounds: &[Told], measured: impl Fn(Told) -> f64, truth: impl Fn(Told) -> f64) -> String {
    let shown = ms(median(rounds, &measured));
    // Of next to nothing a share says nothing.
    if median(rounds, &truth) >= 5_000.0 {
        let off = median(rounds, |told| measured(told) / truth(told) - 1.0);
        format!("{shown} ({:+.2} %)", 100.0 * off)
    } else {
        shown
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
