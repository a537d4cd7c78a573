//! Table 3: quantiles as they were measured, beside what the server really waited.

use super::Outcome;
use super::known::{Kind, PERIOD, QUANTILES, STALL, Server};
use super::tools::{RATE, Tool, beside};

/// How far a quantile may be from the truth, beyond what the control is off by.
const TOLERANCE: f64 = 0.01;

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

    fn holds(self) -> bool {
        (self.off() - self.noise()).abs() <= TOLERANCE * self.truth
    }
}

/// All kinds of server, all clients; each client has a server of its own, whose record is
/// its truth, and a control at work beside it.
pub(crate) fn table(seconds: u32) -> Outcome<()> {
    let names = Tool::ALL.map(Tool::as_str).join(" | ");
    println!("| server | quantile | truth | control | {names} | cacheproof within 1 % |");
    println!("|---|---|---:|---:|{}:---:|", "---:|".repeat(Tool::ALL.len()));
    let (mut within, mut all) = (0, 0);
    for kind in Kind::ALL {
        let told: Vec<Option<[Told; 4]>> =
            Tool::ALL.iter().map(|tool| arm(kind, *tool, seconds)).collect::<Outcome<_>>()?;
        for (at, q) in QUANTILES.iter().enumerate() {
            let Some(own) = told[0].map(|told| told[at]) else { continue };
            let cells: Vec<String> = told
                .iter()
                .map(|told| {
                    told.map_or_else(
                        || "not installed".into(),
                        |told| show(told[at].measured, told[at].truth),
                    )
                })
                .collect();
            // A tenth of all requests stall: where exactly p90 lies turns on a single one.
            let judged = kind != Kind::Nothing && !(kind == Kind::Stalls && *q == 0.9);
            let word = match (judged, own.holds()) {
                (true, true) => "yes",
                (true, false) => "no",
                (false, true | false) => "–",
            };
            all += u32::from(judged);
            within += u32::from(judged && own.holds());
            println!(
                "| {} | p{} | {} | {} | {} | {word} |",
                kind.as_str(),
                100.0 * q,
                ms(own.truth),
                show(own.control, own.control_truth),
                cells.join(" | ")
            );
        }
    }
    println!(
        "\n{RATE} requests a second for {seconds} s an arm; {within} of {all} within {} % beyond the control",
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

/// What a quantile was, and how far off that is.
fn show(measured: f64, truth: f64) -> String {
    // Of next to nothing a share says nothing.
    if truth >= 5_000.0 {
        format!("{} ({:+.2} %)", ms(measured), 100.0 * (measured / truth - 1.0))
    } else {
        ms(measured)
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
