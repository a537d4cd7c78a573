//! Each cache in turn, in several rounds; nginx is the measure.

use crate::process::{Process, get, wrk};
use crate::{Outcome, fronts, server};

const ROUNDS: usize = 5;
const SECONDS: u32 = 3;

struct Arm {
    name: &'static str,
    server: Process,
    /// What else works for it.
    beside: Option<Process>,
    rounds: Vec<Round>,
}

struct Round {
    hits_per_second: f64,
    /// CPU seconds of the server and what works for it, a million hits.
    cpu_per_million: f64,
}

pub(crate) fn run() -> Outcome<()> {
    let dir = tempfile::tempdir()?;
    // nginx keeps bodies in files: in memory, where that can be had.
    let memory = std::path::Path::new("/dev/shm");
    let files = if memory.is_dir() { tempfile::tempdir_in(memory)? } else { tempfile::tempdir()? };
    let origin = Process::own(&["plain"])?;
    let mut arms = vec![
        arm("axum, no cache at all", Process::own(&["plain"])?),
        arm("report-cache in process", Process::own(&["memory"])?),
    ];
    match fronts::redis(dir.path())? {
        Some(redis) => {
            let url = format!("redis://{}/", redis.address);
            let mut arm = arm("report-cache on Redis", Process::own(&["redis", &url])?);
            arm.beside = Some(redis);
            arms.push(arm);
        }
        None => println!("redis-server is not installed: left out"),
    }
    for (name, front) in [
        ("nginx proxy_cache", fronts::nginx(dir.path(), files.path(), &origin.address)?),
        ("Varnish", fronts::varnish(dir.path(), &origin.address)?),
    ] {
        match front {
            Some(server) => arms.push(arm(name, server)),
            None => println!("{name} is not installed: left out"),
        }
    }
    let expected = get(&origin.address, server::PATH, &server::authorization())?.1;
    for arm in &arms {
        fill(arm, &expected)?;
    }
    for _ in 0..ROUNDS {
        for arm in &mut arms {
            let round = measure(arm)?;
            arm.rounds.push(round);
        }
    }
    print(&arms);
    Ok(())
}

fn arm(name: &'static str, server: Process) -> Arm {
    Arm { name, server, beside: None, rounds: Vec::new() }
}

/// The second answer must be the first one's body, from the cache.
fn fill(arm: &Arm, expected: &str) -> Outcome<()> {
    let mut said = String::new();
    for _ in 0..2 {
        let (head, body) = get(&arm.server.address, server::PATH, &server::authorization())?;
        if !head.starts_with("HTTP/1.1 200") || body != expected {
            return Err(format!("{}: {head}", arm.name).into());
        }
        said = head.to_ascii_lowercase();
    }
    if !arm.name.starts_with("axum") && !said.contains("x-cache: hit") {
        return Err(format!("{} does not hit: {said}", arm.name).into());
    }
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "a count of requests stays far below 2^53")]
fn measure(arm: &Arm) -> Outcome<Round> {
    let cpu =
        || -> Outcome<f64> { Ok(arm.server.cpu()? + arm.beside.as_ref().map_or(Ok(0.0), Process::cpu)?) };
    let before = cpu()?;
    let hits = wrk(&arm.server.address, server::PATH, &server::authorization(), SECONDS)? as f64;
    let spent = cpu()? - before;
    Ok(Round { hits_per_second: hits / f64::from(SECONDS), cpu_per_million: spent * 1e6 / hits })
}

fn print(arms: &[Arm]) {
    let nginx = arms.iter().find(|arm| arm.name.starts_with("nginx"));
    println!("2 KB of JSON, 32 connections, servers on one CPU; median of {ROUNDS} rounds of {SECONDS} s,");
    println!("ratios to nginx of the same round. CPU: of the server, and of Redis where it works for it.");
    println!("{:<26}{:>10}{:>10}{:>20}{:>10}", "", "hits/s", "÷ nginx", "CPU s / 1 M hits", "÷ nginx");
    for arm in arms {
        let rate = |round: &Round| round.hits_per_second;
        let cost = |round: &Round| round.cpu_per_million;
        println!(
            "{:<26}{:>10.0}{:>10}{:>20.1}{:>10}",
            arm.name,
            median(arm.rounds.iter().map(rate).collect()),
            ratio(arm, nginx, rate),
            median(arm.rounds.iter().map(cost).collect()),
            ratio(arm, nginx, cost),
        );
    }
}

fn ratio(arm: &Arm, to: Option<&Arm>, of: impl Fn(&Round) -> f64) -> String {
    let Some(to) = to else { return "-".to_owned() };
    let pairs = arm.rounds.iter().zip(&to.rounds);
    format!("{:.2}", median(pairs.map(|(ours, theirs)| of(ours) / of(theirs)).collect()))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
