//! What a whole run costs the machine that makes it: `cacheproof run`, everything recorded,
//! beside wrk, oha, a plain Goose attack and Locust; the memory its people take; and how
//! many fit on a core.
//!
//! Run by hand: `cargo bench --bench generator [-- cost|memory|people]`. oha and Locust take
//! part where they are in the `PATH`. Server and client are processes of their own, on a CPU
//! each where there are two and `taskset`. Compare within one run only.

#[path = "support/run.rs"]
mod run;
mod support;

use goose::GooseAttack;
use goose::config::GooseConfiguration;
use goose::goose::{Transaction, TransactionFunction};
use run::Scenario;
use std::sync::Arc;
use support::{Outcome, PATH, Server, compare, cost, oha, per_million, serve, this, wrk};

const USERS: u32 = 50;
const SECONDS: u64 = 10;
const ARMS: [&str; 6] =
    ["wrk", "cacheproof at work", "cacheproof whole run", "goose", "oha", "locust FastHttpUser"];
/// Memory and lag are measured with so many people.
const PEOPLE: u32 = 1_000;
const CROWDS: [u32; 5] = [500, 1_000, 2_000, 4_000, 8_000];

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => runtime.block_on(serve()),
        ["goose", base] => runtime.block_on(goose(base)),
        [] => {
            costs()?;
            memory()?;
            people()
        }
        ["cost"] => costs(),
        ["memory"] => memory(),
        ["people"] => people(),
        _ => Err("usage: generator [cost|memory|people]".into()),
    }
}

/// CPU seconds a million requests.
fn costs() -> Outcome<()> {
    let server = Server::start()?;
    let (this, url) = (this()?, format!("{}{PATH}", server.base));
    println!("{USERS} connections, {SECONDS} s an arm (wrk 4 s), 2 KB JSON");
    let mut whole = None;
    compare(&ARMS, |arm| match arm {
        "wrk" => wrk(&url, u64::from(USERS)),
        "oha" => oha(&url, u64::from(USERS), 200_000),
        "goose" => {
            let spent = cost(&this, &["goose".into(), server.base.clone()])?;
            spent.map(|(spent, said)| Ok(per_million(spent, number(&said, "requests")?))).transpose()
        }
        "cacheproof at work" => {
            let run =
                Scenario { people: USERS, think: "1ms", browser: false, seconds: SECONDS }.run(&server)?;
            println!(
                "  {} requests, {:.0}/s, lag p99 {} us",
                run.requests(),
                run.requests() as f64 / SECONDS as f64,
                run.evidence.lag.p99_us
            );
            whole = Some(per_million(run.whole, run.requests()));
            Ok(Some(per_million(run.at_work(), run.requests())))
        }
        "cacheproof whole run" => Ok(whole.take()),
        _ => locust(&server.base),
    })
}

/// A plain Goose attack, with its own client and its own metrics.
async fn goose(base: &str) -> Outcome<()> {
    let mut configuration = GooseConfiguration::default();
    configuration.host = Some(base.to_owned());
    configuration.users = Some(USERS as usize);
    configuration.increase_rate = Some("1000".into());
    configuration.run_time = Some(format!("{SECONDS}s"));
    configuration.no_print_metrics = true;
    configuration.no_telnet = true;
    configuration.quiet = 2;
    let read: TransactionFunction = Arc::new(|user| {
        Box::pin(async move {
            // The body is read, as everybody else here does.
            if let Ok(response) = user.get(PATH).await?.response {
                let _ = response.bytes().await;
            }
            Ok(())
        })
    });
    let metrics = GooseAttack::initialize_with_config(configuration)?
        .register_scenario(goose::goose::Scenario::new("reader").register_transaction(Transaction::new(read)))
        .execute()
        .await?;
    let requests: usize = metrics.requests.values().map(|of| of.success_count + of.fail_count).sum();
    println!("{requests} requests");
    Ok(())
}

/// Locust's faster client, as many users, as long.
fn locust(base: &str) -> Outcome<Option<f64>> {
    let folder = tempfile::tempdir()?;
    let (file, csv) = (folder.path().join("locustfile.py"), folder.path().join("stats"));
    std::fs::write(
        &file,
        format!(
            "from locust import FastHttpUser, constant, task\n\n\
             class Reader(FastHttpUser):\n    wait_time = constant(0)\n\n    \
             @task\n    def read(self):\n        self.client.get(\"{PATH}\")\n"
        ),
    )?;
    let (users, seconds) = (USERS.to_string(), format!("{SECONDS}s"));
    let (file, prefix) = (file.to_string_lossy(), csv.to_string_lossy());
    let arguments = [
        "--headless",
        "-f",
        &file,
        "-u",
        &users,
        "-r",
        &users,
        "-t",
        &seconds,
        "--host",
        base,
        "--csv",
        &prefix,
        "--only-summary",
    ];
    let Some((spent, _)) = cost("locust", &arguments.map(str::to_owned))? else { return Ok(None) };
    let stats = std::fs::read_to_string(format!("{prefix}_stats.csv"))?;
    let total = stats.lines().find(|line| line.contains("Aggregated")).ok_or("no total of Locust")?;
    let requests = total.split(',').nth(2).ok_or("no count of Locust")?.parse()?;
    Ok(Some(per_million(spent, requests)))
}

/// The number before a word.
fn number(said: &str, word: &str) -> Outcome<u64> {
    let line = said.lines().find_map(|line| line.strip_suffix(word)).ok_or("no number was told")?;
    Ok(line.trim().parse()?)
}

/// Resident memory of a thousand people, beyond that of ten.
fn memory() -> Outcome<()> {
    let server = Server::start()?;
    println!("resident memory of {PEOPLE} people with a page a second, beyond that of 10 people");
    for browser in [false, true] {
        let with = |people| Scenario { people, think: "1s", browser, seconds: 2 * SECONDS }.memory(&server);
        let (few, many) = (with(10)?, with(PEOPLE)?);
        let more = many.saturating_sub(few) as f64 / 1e6;
        let kind = if browser { "with browsers" } else { "without browsers" };
        println!("{kind:<24} {more:>8.1} MB ({:.1} - {:.1})", many as f64 / 1e6, few as f64 / 1e6);
    }
    Ok(())
}

/// What a crowd takes of one core, and how late people are sent off.
fn people() -> Outcome<()> {
    let server = Server::start()?;
    println!("people with a page a second each, on one CPU");
    println!(
        "{:>8} {:>12} {:>12} {:>12} {:>12}",
        "people", "requests/s", "of a core", "late p50 us", "p99 us"
    );
    for people in CROWDS {
        let run = Scenario { people, think: "1s", browser: true, seconds: 2 * SECONDS }.run(&server)?;
        let seconds: f64 = run.evidence.environment.machine.iter().map(|part| part.seconds).sum();
        println!(
            "{people:>8} {:>12.0} {:>11.1}% {:>12} {:>12}",
            run.requests() as f64 / seconds,
            100.0 * run.at_work() / seconds,
            run.evidence.lag.p50_us,
            run.evidence.lag.p99_us
        );
    }
    Ok(())
}
