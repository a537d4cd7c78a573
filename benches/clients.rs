//! What a request costs the machine that makes it: a seat, reqwest, and wrk and oha where
//! they are installed.
//!
//! Run by hand: `cargo bench --bench clients [-- REQUESTS]`. The server, a 2 KB JSON on
//! one thread, and each client are processes of their own (on a CPU each, where there are
//! two and `taskset`), so what is counted is the client alone. Compare within one run only.

use axum::Router;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use cacheproof::wire::{Ask, Connection, Wire};
use http::{HeaderMap, Method};
use reqwest::Url;
use std::cell::Cell;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::rc::Rc;

type Outcome<T> = Result<T, Box<dyn Error>>;

const CONNECTIONS: u64 = 50;
const REQUESTS: u64 = 200_000;
const ROUNDS: usize = 3;
const ARMS: [&str; 4] = ["wrk", "seat", "reqwest", "oha"];

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => runtime.block_on(serve()),
        [client @ ("seat" | "reqwest"), url, requests] => {
            let (url, requests) = (url.parse()?, requests.parse()?);
            tokio::task::LocalSet::new().block_on(&runtime, drive(client == "seat", url, requests))
        }
        [] => compare(REQUESTS),
        [requests] => compare(requests.parse()?),
        _ => Err("usage: clients [REQUESTS]".into()),
    }
}

async fn serve() -> Outcome<()> {
    let body: &'static str = format!(r#"{{"report":"{}"}}"#, "x".repeat(2_048 - 13)).leak();
    let answer = move || async move { ([(CONTENT_TYPE, "application/json")], body) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    Ok(axum::serve(listener, Router::new().route("/api/reports/42/", get(answer))).await?)
}

/// So many requests from 50 places, each waiting for its answer before the next.
async fn drive(by_seat: bool, url: Url, requests: u64) -> Outcome<()> {
    let wire = Wire::new(&url, &Connection::default())?;
    let control = if by_seat { None } else { Some(wire.control()?) };
    let left = Rc::new(Cell::new(requests));
    let mut places = tokio::task::JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (mut seat, control, url, left) = (wire.seat(), control.clone(), url.clone(), Rc::clone(&left));
        places.spawn_local(async move {
            let headers = HeaderMap::new();
            while left.get() > 0 {
                left.set(left.get() - 1);
                let ask = Ask { method: &Method::GET, url: &url, headers: &headers, body: None, keep: false };
                let exchange = match &control {
                    Some(control) => control.send(&ask).await,
                    None => seat.send(&ask).await,
                };
                let answer = exchange.outcome.expect("the server of the bench answers");
                assert_eq!((answer.status, answer.bytes), (200, 2_048));
            }
        });
    }
    while let Some(place) = places.join_next().await {
        place?;
    }
    Ok(())
}

fn compare(requests: u64) -> Outcome<()> {
    let this = std::env::current_exe()?.into_os_string().into_string().map_err(|_| "a path of Unicode")?;
    let mut server = pinned(0, &this, &["serve".into()]).stdout(Stdio::piped()).spawn()?;
    let mut address = String::new();
    BufReader::new(server.stdout.take().ok_or("no output")?).read_line(&mut address)?;
    let url = format!("http://{}/api/reports/42/", address.trim());
    let measured = rounds(&this, &url, requests);
    server.kill()?;
    server.wait()?;
    let measured = measured?;
    println!("{CONNECTIONS} connections, {requests} requests an arm, median of {ROUNDS} rounds");
    println!("client     CPU s / 1 M requests    / wrk");
    for arm in ARMS {
        let costs =
            |round: &[(&str, f64)]| round.iter().find(|(name, _)| *name == arm).map(|(_, cost)| *cost);
        let ratio =
            |round: &Vec<(&str, f64)>| Some(costs(round)? / round.iter().find(|(name, _)| *name == "wrk")?.1);
        match median(measured.iter().filter_map(|round| costs(round)).collect()) {
            Some(cost) => {
                let ratio = median(measured.iter().filter_map(ratio).collect());
                println!(
                    "{arm:<10} {cost:>20.1}    {}",
                    ratio.map_or("-".into(), |ratio| format!("{ratio:>5.2}"))
                );
            }
            None => println!("{arm:<10} {:>20}", "not installed"),
        }
    }
    Ok(())
}

/// For each round, what each client cost: CPU seconds a million requests.
fn rounds(this: &str, url: &str, requests: u64) -> Outcome<Vec<Vec<(&'static str, f64)>>> {
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let mut round = Vec::new();
        for arm in ARMS {
            let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
            let (program, arguments) = match arm {
                "wrk" => ("wrk", words(&["-t1", "-c50", "-d4s", url])),
                "oha" => ("oha", words(&["-c50", "-n", &requests.to_string(), "--no-tui", url])),
                _ => (this, words(&[arm, url, &requests.to_string()])),
            };
            if program != this && Command::new(program).arg("--version").output().is_err() {
                continue;
            }
            let before = children_cpu()?;
            let output = pinned(1, program, &arguments).stderr(Stdio::inherit()).output()?;
            let spent = children_cpu()? - before;
            if !output.status.success() {
                return Err(format!("{arm} failed: {}", output.status).into());
            }
            // wrk runs for a time, and says how many requests it made.
            let made = match arm {
                "wrk" => wrk_requests(&String::from_utf8_lossy(&output.stdout)).ok_or("wrk said nothing")?,
                _ => requests,
            };
            round.push((arm, spent * 1e6 / made as f64));
        }
        rounds.push(round);
    }
    Ok(rounds)
}

/// The command on a CPU of its own, where that can be had.
fn pinned(cpu: usize, program: &str, arguments: &[String]) -> Command {
    let several = std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() > cpu.max(1));
    let mut command = if several && Command::new("taskset").arg("--version").output().is_ok() {
        let mut command = Command::new("taskset");
        command.args(["-c", &cpu.to_string(), program]);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments);
    command
}

fn wrk_requests(output: &str) -> Option<u64> {
    output.lines().find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok())
}

/// CPU seconds, user and system, of the children that have ended (`proc_pid_stat(5)`,
/// fields 16 and 17).
fn children_cpu() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let after_name = stat.rsplit_once(')').ok_or("unexpected /proc/self/stat")?.1;
    let fields: Vec<&str> = after_name.split_whitespace().collect();
    let ticks: u64 = fields[13].parse::<u64>()? + fields[14].parse::<u64>()?;
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
