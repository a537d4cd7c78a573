//! The tables of docs/measurement.md, as they stand there: how often a verdict tells the
//! truth, how true its figures are, and what early stopping saves.
//!
//! ```sh
//! cargo bench --profile dev --bench measurement -- coverage [RUNS] [NAME]  # table 1: 2,000 a setting
//! cargo bench --profile dev --bench measurement -- gate [RUNS] [PART]  # table 2: 1,000 a setting
//! cargo bench --profile dev --bench measurement -- real [RUNS]       # 30 of a good and a bad target
//! cargo bench --profile dev --bench measurement -- fidelity [SECONDS]  # table 3: 30 s an arm, in rounds of 10
//! cargo bench --profile dev --bench measurement -- early [RUNS]      # table 4: 2,000 a setting
//! ```
//!
//! Progress goes to stderr, the table in Markdown to stdout.

#[path = "measurement/fidelity.rs"]
mod fidelity;
#[path = "measurement/known.rs"]
mod known;
#[path = "support/pinned.rs"]
mod pinned;
#[path = "measurement/raw.rs"]
mod raw;
#[path = "measurement/real.rs"]
mod real;
#[path = "measurement/tools.rs"]
mod tools;

use cacheproof::calibration::{coverage, early, gate, settings};
use std::error::Error;
use std::time::Instant;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let number = |default: u64| match arguments.get(1) {
        Some(text) => text.parse().map_err(|_| format!("`{text}` is no number of runs")),
        None => Ok(default),
    };
    let began = Instant::now();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["coverage", ..] => coverage_table(number(2_000)?, arguments.get(2).map_or("", String::as_str)),
        ["gate", ..] => gate_table(number(1_000)?, arguments.get(2).map_or("", String::as_str)),
        ["early", ..] => early_table(number(2_000)?),
        ["real", ..] => real::table(number(30)?)?,
        ["fidelity", ..] => fidelity::table(u32::try_from(number(30)?)?)?,
        // What the fidelity table starts in processes of their own.
        ["serve", kind] => return known::serve(kind),
        ["raw", address, seconds] => return tools::raw(address, seconds.parse()?),
        ["goose", base, seconds] => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            return runtime.block_on(tools::goose(base, seconds.parse()?));
        }
        _ => return Err("usage: measurement coverage|gate|real|fidelity|early [RUNS]".into()),
    }
    eprintln!("took {:.0} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// Table 1, or the rows of the settings whose name holds a text.
fn coverage_table(runs: u64, named: &str) {
    println!("{}", coverage::HEAD);
    let mut missed = 0;
    for setting in settings::all(10 * runs).into_iter().filter(|setting| setting.name.contains(named)) {
        let began = Instant::now();
        for row in coverage::coverage(&setting, runs) {
            println!("{row}");
            missed += u32::from(!row.holds());
        }
        eprintln!("{}: {:.1} s", setting.name, began.elapsed().as_secs_f64());
    }
    println!("\n{runs} runs a setting; {missed} rows cover less than {} %", 100.0 * coverage::REQUIRED);
}

/// Table 2, simulated: all settings, or those with a part in their name.
fn gate_table(runs: u64, part: &str) {
    println!("{}", gate::HEAD);
    let mut wrong = 0;
    for case in gate::cases(10 * runs, part) {
        let began = Instant::now();
        for row in case.rows(runs) {
            println!("{row}");
            wrong += u32::from(!row.wrong().may_be_at_most(gate::ALLOWED));
        }
        eprintln!("{}: {:.1} s", case.name, began.elapsed().as_secs_f64());
    }
    println!("\n{runs} runs a row; {wrong} rows are wrong more often than {} %", 100.0 * gate::ALLOWED);
}

/// Table 4.
fn early_table(runs: u64) {
    println!("{}", early::HEAD);
    let mut wrong = 0;
    for case in early::cases(2 * runs) {
        let began = Instant::now();
        for row in case.rows(runs) {
            println!("{row}");
            wrong += u32::from(!row.wrong.may_be_at_most(early::ALPHA));
        }
        eprintln!("{}: {:.1} s", case.name, began.elapsed().as_secs_f64());
    }
    println!("\n{runs} runs a row; {wrong} rows stop wrongly more often than {} %", 100.0 * early::ALPHA);
}
