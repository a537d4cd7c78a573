//! The machine, and what the run took of it.

use rustix::param::clock_ticks_per_second;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Instant;

/// Where it was measured and what that cost.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// Operating system and architecture.
    pub platform: String,
    /// Processors.
    pub cpus: u32,
    /// What each measured stretch of people at work took of the machine.
    pub machine: Vec<Machine>,
}

/// What a stretch took of the machine. Shares are of all processors, 0 to 1.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    /// Name of the phase.
    pub phase: String,
    /// Seconds on the wall.
    pub seconds: f64,
    /// Share that the generator used.
    pub generator: f64,
    /// Share that the embedded target used, where there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<f64>,
    /// Share that other tenants took (steal), where the system tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub steal: Option<f64>,
    /// Share that other programs on this machine used, where the system tells.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub others: Option<f64>,
}

impl Environment {
    /// This machine.
    pub fn here() -> Self {
        Self {
            platform: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            cpus: std::thread::available_parallelism()
                .map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX)),
            machine: Vec::new(),
        }
    }
}

/// Reads processor time at two moments.
#[derive(Debug)]
pub struct CpuMeter {
    at: Instant,
    own: Option<f64>,
    child: Option<(u32, Option<f64>)>,
    steal: Option<f64>,
    all: Option<Ticks>,
}

/// Time of all processors in seconds: at work for a program, and altogether.
#[derive(Clone, Copy, Debug)]
struct Ticks {
    busy: f64,
    total: f64,
}

impl CpuMeter {
    /// Begins a stretch; `child` is the process id of the embedded target.
    pub fn start(child: Option<u32>) -> Self {
        Self {
            at: Instant::now(),
            own: process_seconds("self"),
            child: child.map(|pid| (pid, process_seconds(&pid.to_string()))),
            steal: steal_seconds(),
            all: all_seconds(),
        }
    }

    /// Ends it.
    pub fn stop(&self, phase: &str) -> Machine {
        let seconds = self.at.elapsed().as_secs_f64();
        let cpus = f64::from(Environment::here().cpus);
        let share = |from: Option<f64>, to: Option<f64>| Some(((to? - from?) / (seconds * cpus)).max(0.0));
        let spent = |from: Option<f64>, to: Option<f64>| Some((to? - from?).max(0.0));
        let own = process_seconds("self");
        let target = self.child.and_then(|(pid, from)| Some((from, process_seconds(&pid.to_string())?)));
        let others = self.all.zip(all_seconds()).map(|(from, to)| {
            let ours = spent(self.own, own).unwrap_or(0.0)
                + target.and_then(|(from, to)| spent(from, Some(to))).unwrap_or(0.0);
            // Of the whole machine, which may have more processors than we were given.
            ((to.busy - from.busy - ours) / (to.total - from.total).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0)
        });
        Machine {
            phase: phase.into(),
            seconds,
            others,
            generator: share(self.own, own).unwrap_or(0.0),
            target: target.and_then(|(from, to)| share(from, Some(to))),
            steal: share(self.steal, steal_seconds()),
        }
    }
}

/// User and system time of a process in seconds: fields 14 and 15 of
/// `/proc/<pid>/stat`, proc(5). `None` on systems without it.
fn process_seconds(pid: &str) -> Option<f64> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the command in brackets and may hold spaces.
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks: f64 = fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?;
    Some(ticks / clock_ticks_per_second() as f64)
}

/// Stolen time of all processors in seconds: the eighth number of the `cpu` line of
/// `/proc/stat`, proc(5).
fn steal_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let ticks: f64 = text.lines().next()?.split_whitespace().nth(8)?.parse().ok()?;
    Some(ticks / clock_ticks_per_second() as f64)
}

/// What all processors did: the first three numbers of the `cpu` line of `/proc/stat` are time
/// for programs (user, nice, system), the first eight all there is, proc(5).
fn all_seconds() -> Option<Ticks> {
    let text = std::fs::read_to_string("/proc/stat").ok()?;
    let numbers = text.lines().next()?.split_whitespace().skip(1).take(8);
    let ticks: Vec<f64> = numbers.map(str::parse).collect::<Result<_, _>>().ok()?;
    let second = clock_ticks_per_second() as f64;
    Some(Ticks {
        busy: ticks.iter().take(3).sum::<f64>() / second,
        total: ticks.iter().sum::<f64>() / second,
    })
}
