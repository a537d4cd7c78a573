//! What the benches of clients share: a server to ask, processes on a CPU of their own,
//! and what they cost.

mod pinned;

use axum::Router;
use axum::http::header::{CONTENT_TYPE, ETAG};
use axum::routing::get;
use std::error::Error;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

pub(crate) use pinned::pinned;

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// What is asked for.
pub(crate) const PATH: &str = "/api/reports/42/";
const ROUNDS: usize = 3;

/// A 2 KB JSON, as a cache that hits would serve it.
pub(crate) async fn serve() -> Outcome<()> {
    let body: &'static str = format!(r#"{{"report":"{}"}}"#, "x".repeat(2_048 - 13)).leak();
    let headers =
        [(CONTENT_TYPE.as_str(), "application/json"), (ETAG.as_str(), r#""42-7""#), ("x-cache", "HIT")];
    let answer = move || async move { (headers, body) };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    Ok(axum::serve(listener, Router::new().route(PATH, get(answer))).await?)
}

/// The server in a process of its own, on the first CPU: it ends with this value.
pub(crate) struct Server {
    child: Child,
    /// `http://host:port`.
    pub(crate) base: String,
}

impl Server {
    /// Starts this program again, which must call [`serve`] when its argument is `serve`.
    pub(crate) fn start() -> Outcome<Self> {
        let mut child = pinned(0, &this()?, &["serve".into()]).stdout(Stdio::piped()).spawn()?;
        let mut address = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut address)?;
        Ok(Self { child, base: format!("http://{}", address.trim()) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The path of this program.
pub(crate) fn this() -> Outcome<String> {
    std::env::current_exe()?.into_os_string().into_string().map_err(|_| "a path that is not Unicode".into())
}

/// CPU seconds a million requests of each of these clients in several rounds, beside the
/// first. `measure` runs one and tells; `None` where it is not installed.
pub(crate) fn compare(
    arms: &[&'static str],
    mut measure: impl FnMut(&str) -> Outcome<Option<f64>>,
) -> Outcome<()> {
    let mut rounds: Vec<Vec<Option<f64>>> = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(arms.iter().map(|arm| measure(arm)).collect::<Outcome<_>>()?);
    }
    println!("median of {ROUNDS} rounds, beside {} of the same round", arms[0]);
    println!("{:<24} CPU s / 1 M requests     ratio", "client");
    for (at, arm) in arms.iter().enumerate() {
        let cost = median(rounds.iter().filter_map(|round| round[at]).collect());
        let ratio = median(rounds.iter().filter_map(|round| Some(round[at]? / round[0]?)).collect());
        match cost {
            Some(cost) => {
                let ratio = ratio.map_or("-".into(), |ratio| format!("{ratio:.2}"));
                println!("{arm:<24} {cost:>20.1} {ratio:>9}");
            }
            None => println!("{arm:<24} {:>20}", "not installed"),
        }
    }
    Ok(())
}

/// Runs a program on the second CPU to its end: the CPU seconds it took and what it
/// printed. `None` where it is not installed.
pub(crate) fn cost(program: &str, arguments: &[String]) -> Outcome<Option<(f64, String)>> {
    if Command::new(program).arg("--version").output().is_err() {
        return Ok(None);
    }
    let before = children_cpu()?;
    let output = pinned(1, program, arguments).stdin(Stdio::null()).output()?;
    let spent = children_cpu()? - before;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{program} failed: {}: {said}", output.status).into());
    }
    Ok(Some((spent, String::from_utf8_lossy(&output.stdout).into_owned())))
}

/// wrk for some seconds: CPU seconds a million requests.
pub(crate) fn wrk(url: &str, connections: u64) -> Outcome<Option<f64>> {
    let connections = format!("-c{connections}");
    let arguments = ["-t1", &connections, "-d4s", url].map(str::to_owned);
    let Some((spent, said)) = cost("wrk", &arguments)? else { return Ok(None) };
    let made = said.lines().find_map(|line| line.trim().split_once(" requests in ")?.0.parse().ok());
    let made: u64 = made.ok_or("wrk did not say how many requests it made")?;
    Ok(Some(per_million(spent, made)))
}

/// oha for so many requests: CPU seconds a million of them.
pub(crate) fn oha(url: &str, connections: u64, requests: u64) -> Outcome<Option<f64>> {
    let (connections, number) = (format!("-c{connections}"), requests.to_string());
    let arguments = [&connections, "-n", &number, "--no-tui", url].map(str::to_owned);
    Ok(cost("oha", &arguments)?.map(|(spent, _)| per_million(spent, requests)))
}

pub(crate) fn per_million(seconds: f64, requests: u64) -> f64 {
    seconds * 1e6 / requests as f64
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
