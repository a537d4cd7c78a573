//! The clients that are compared: each asks a server for some seconds and tells its
//! quantiles, in microseconds.

use super::Outcome;
use super::known::{PATH, QUANTILES, Server, parse};
use super::pinned::pinned;
use cacheproof::evidence;
use cacheproof::stats::quantile;
use goose::GooseAttack;
use goose::config::GooseConfiguration;
use goose::goose::{Scenario, Transaction, TransactionFunction};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Open arrivals: requests a second, evenly spaced, of the client and of the control.
pub(crate) const RATE: u32 = 200;
/// Connections that may be busy at once: more than come in a stall.
const CONNECTIONS: u32 = 300;
/// Connections of the clients that wait for their answers before they ask again.
const CLOSED: u32 = 4;

/// A client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tool {
    Cacheproof,
    Oha,
    Wrk,
    Goose,
}

impl Tool {
    pub(crate) const ALL: [Self; 4] = [Self::Cacheproof, Self::Oha, Self::Wrk, Self::Goose];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Cacheproof => "cacheproof",
            Self::Oha => "oha",
            Self::Wrk => "wrk",
            Self::Goose => "Goose",
        }
    }

    /// Microseconds at the quantiles; `None` where it is not installed.
    pub(crate) fn measure(self, server: &Server, seconds: u32) -> Outcome<Option<[f64; 4]>> {
        match self {
            Self::Cacheproof => cacheproof(server, seconds).map(Some),
            Self::Oha => oha(server, seconds),
            Self::Wrk => wrk(server, seconds),
            Self::Goose => {
                let said = this(&["goose", &server.base(), &seconds.to_string()])?;
                parse(said.lines().last().unwrap_or_default()).map(Some)
            }
        }
    }
}

/// The control, which tells its quantiles as well, at work beside what is done meanwhile.
pub(crate) fn beside<T>(
    server: &Server,
    seconds: u32,
    work: impl FnOnce() -> Outcome<T>,
) -> Outcome<(T, [f64; 4])> {
    let seconds = seconds.to_string();
    std::thread::scope(|scope| {
        let control = scope.spawn(|| this(&["raw", &server.address, &seconds]).map_err(|e| e.to_string()));
        let made = work();
        let control = control.join().map_err(|_| "the control panicked")??;
        Ok((made?, parse(&control)?))
    })
}

/// This program again, on the second CPU: what it printed.
fn this(arguments: &[&str]) -> Outcome<String> {
    let this = std::env::current_exe()?.into_os_string().into_string().map_err(|_| "not Unicode")?;
    said(&this, arguments)
}

fn said(program: &str, arguments: &[&str]) -> Outcome<String> {
    let arguments: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    let output = pinned(1, program, &arguments).stdin(Stdio::null()).output()?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr).into_owned();
        return Err(format!("{program} failed: {}: {why}", output.status).into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

/// The control, in a process of its own.
pub(crate) fn raw(address: &str, seconds: u32) -> Outcome<()> {
    super::raw::attack(address, RATE, seconds, CONNECTIONS)
}

/// `cacheproof run` of a scenario with nothing but open arrivals.
fn cacheproof(server: &Server, seconds: u32) -> Outcome<[f64; 4]> {
    let folder = tempfile::tempdir()?;
    let (scenario, out) = (folder.path().join("known.yaml"), folder.path().join("run"));
    let text = format!(
        "scenario: known\n\
         about: Requests that arrive by the clock at a server of known latency\n\
         seed: 1\n\
         target: {{url: \"{}\"}}\n\
         actions:\n  report: {{path: {PATH}}}\n\
         roles:\n  visitor:\n    users: 20\n    people: 20\n    browser: false\n    \
         session: {{pages: 100, gap: 1ms}}\n    think: {{distribution: exponential, mean: 1s}}\n    \
         actions: {{report: 1}}\n\
         phases:\n  - {{kind: open, duration: {seconds}s, arrivals: {{rate: {RATE}, pool: {CONNECTIONS}}}}}\n\
         slos: [error_rate < 1%]\n",
        server.base()
    );
    std::fs::write(&scenario, text)?;
    let path = |path: &std::path::Path| path.to_string_lossy().into_owned();
    let arguments = ["run", &path(&scenario), "--quiet", "--inconclusive", "pass", "--out", &path(&out)];
    said(env!("CARGO_BIN_EXE_cacheproof"), &arguments)?;
    let evidence = evidence::load(&out)?;
    // From the intended start: what stalls must not hide.
    let parts = evidence.response_times.iter().map(|part| part.counts.clone());
    let parts: Vec<quantile::Counts> = parts.collect();
    let all = quantile::merge(&parts);
    let at = |q| quantile::quantile(&all, q).ok_or("nothing was measured");
    let [a, b, c, d] = QUANTILES.map(at);
    Ok([a? as f64, b? as f64, c? as f64, d? as f64])
}

/// oha with its own correction for requests that waited to be sent.
fn oha(server: &Server, seconds: u32) -> Outcome<Option<[f64; 4]>> {
    if !installed("oha") {
        return Ok(None);
    }
    let url = format!("{}{PATH}", server.base());
    let (rate, length, connections) = (RATE.to_string(), format!("{seconds}s"), CONNECTIONS.to_string());
    let arguments = [
        "-q",
        &rate,
        "--latency-correction",
        "-z",
        &length,
        "-c",
        &connections,
        "--no-tui",
        "--output-format",
        "json",
        &url,
    ];
    let told: serde_json::Value = serde_json::from_str(&said("oha", &arguments)?)?;
    let at = |name: &str| told["latencyPercentiles"][name].as_f64().map(|seconds| seconds * 1e6);
    let all = [at("p50"), at("p90"), at("p99"), at("p99.9")];
    let [Some(a), Some(b), Some(c), Some(d)] = all else { return Err("oha told no percentiles".into()) };
    Ok(Some([a, b, c, d]))
}

/// wrk knows no rate: each connection asks again when it has its answer.
fn wrk(server: &Server, seconds: u32) -> Outcome<Option<[f64; 4]>> {
    if !installed("wrk") {
        return Ok(None);
    }
    let folder = tempfile::tempdir()?;
    let script = folder.path().join("quantiles.lua");
    let calls = QUANTILES.map(|q| format!("latency:percentile({})", 100.0 * q)).join(", ");
    std::fs::write(
        &script,
        format!("done = function(summary, latency, requests)\n  print(\"quantiles\", {calls})\nend\n"),
    )?;
    let arguments = [
        "-t1",
        &format!("-c{CLOSED}"),
        &format!("-d{seconds}s"),
        "-s",
        &script.to_string_lossy(),
        &format!("{}{PATH}", server.base()),
    ];
    let said = said("wrk", &arguments)?;
    let line = said.lines().find_map(|line| line.strip_prefix("quantiles")).ok_or("wrk told no quantiles")?;
    parse(line).map(Some)
}

/// A plain Goose attack, in a process of its own: as many users as wrk has connections, each
/// asking again when it has its answer; its own figures.
pub(crate) async fn goose(base: &str, seconds: u32) -> Outcome<()> {
    let mut configuration = GooseConfiguration::default();
    configuration.host = Some(base.to_owned());
    configuration.users = Some(CLOSED as usize);
    configuration.increase_rate = Some("100".into());
    configuration.run_time = Some(format!("{seconds}s"));
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
        .register_scenario(Scenario::new("reader").register_transaction(Transaction::new(read)))
        .execute()
        .await?;
    let times = metrics.requests.values().flat_map(|of| of.raw_data.times_us.into_iter());
    let counts: quantile::Counts = times.map(|(us, count)| (*us, *count as u64)).collect();
    let all = quantile::merge(&[counts]);
    let at = |q| quantile::quantile(&all, q).map_or_else(|| "NaN".into(), |us| us.to_string());
    println!("{}", QUANTILES.map(at).join(" "));
    Ok(())
}
