//! The command line as types.

mod side_by_side;

pub use side_by_side::{CompareArgs, MergeArgs, Percent};

use crate::scenario::{DEFAULT, Override, Span};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Proves whether a deployed cache works: that it hits, that it is fast, and how sure
/// that is.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 every SLO passed, 10 an SLO failed, 11 inconclusive, 12 the run is
invalid, 2 wrong usage or scenario, 3 target unreachable or lost, 130 interrupted,
1 anything unexpected.";

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Drive people at a target and judge its cache
    Run(RunArgs),
    /// One person, one pass: print every request and response
    Try(TryArgs),
    /// Check a scenario and say what it means, without load
    Check(CheckArgs),
    /// What a perfect cache would reach: the run in virtual time, without load
    Simulate(SimulateArgs),
    /// Judge a run folder again, without load
    Judge(JudgeArgs),
    /// Compare two runs: what became better, what became worse
    Compare(CompareArgs),
    /// Make the runs of several generators at one target one
    Merge(MergeArgs),
    /// Write the report of a run folder again
    Report(ReportArgs),
    /// Run the school service that comes with cacheproof
    Serve(ServeArgs),
    /// Write a scenario to start from
    Init(InitArgs),
    /// Print the JSON Schema of scenarios, for completion in editors
    Schema,
}

/// What every command that reads a scenario takes.
#[derive(Clone, Debug, Args)]
pub struct ScenarioArgs {
    /// Scenario file, or the name of a built-in one (school-day, smoke, exam-week,
    /// report-night, bell, term-start, soak, probe)
    #[arg(default_value = DEFAULT)]
    pub scenario: String,
    /// Base URL of a running service, in place of the scenario's target
    #[arg(long, value_name = "URL")]
    pub target: Option<String>,
    /// Redis for the embedded target to use as L1
    #[arg(long, value_name = "URL", env = crate::attack::REDIS_VARIABLE, hide_env_values = true)]
    pub redis: Option<String>,
    /// Seed of everything random
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Length of the steady phase (or of what is measured), as in 90s or 5m
    #[arg(long, value_name = "TIME")]
    pub duration: Option<Span>,
    /// People at work at once, spread over the roles
    #[arg(long, value_name = "N")]
    pub users: Option<u32>,
    /// Change one value of the scenario, as in roles.teacher.users=20
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<Override>,
}

/// `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The scenario.
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// Run folder [default: reports/SCENARIO-UTC]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// How an inconclusive verdict ends
    #[arg(long, value_enum, value_name = "HOW")]
    pub inconclusive: Option<Inconclusive>,
    /// End each steady phase, and the pairs, as soon as every SLO line is decided
    #[arg(long)]
    pub until_decided: bool,
    /// Serve Prometheus metrics of the run here, as in 127.0.0.1:9464 or just 9464
    #[arg(long, value_name = "ADDRESS", value_parser = parse_address)]
    pub metrics: Option<SocketAddr>,
    /// Write every request to this file, to send them again with a phase of kind `replay`
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// No progress; only the verdict
    #[arg(long, short)]
    pub quiet: bool,
    /// Print verdict.json instead of the table
    #[arg(long)]
    pub json: bool,
}

/// What exit code an inconclusive verdict gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Inconclusive {
    /// 0
    Pass,
    /// 10
    Fail,
}

/// `try`.
#[derive(Debug, Args)]
pub struct TryArgs {
    /// The scenario.
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// Only this role
    #[arg(long)]
    pub role: Option<String>,
}

/// `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// The scenario.
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// Do not ask the target who there is: nothing is said of what can be reached
    #[arg(long)]
    pub offline: bool,
}

/// `simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// The scenario.
    #[command(flatten)]
    pub scenario: ScenarioArgs,
    /// Replays, each with another seed: the spread between them is that from run to run
    #[arg(long, value_name = "K", default_value_t = crate::simulate::RUNS, value_parser = clap::value_parser!(u32).range(2..=1000))]
    pub runs: u32,
    /// Move one value, the others as they are, as in roles.teacher.again=0,0.3,0.6 (repeatable,
    /// each by itself; at most 20 values)
    #[arg(long = "sweep", value_name = "KEY=A,B,C")]
    pub sweeps: Vec<Sweep>,
    /// Print the forecast as JSON
    #[arg(long)]
    pub json: bool,
}

/// `--sweep KEY=A,B,C`: a value of the scenario, and what it is moved to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sweep {
    /// The settings, one for each value.
    pub settings: Vec<Override>,
}

/// Values of one sweep.
const MOST_VALUES: usize = 20;

impl std::str::FromStr for Sweep {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Override { key, value } = text.parse().map_err(|_: String| {
            format!("`{text}` has no `=`; write KEY=A,B,C, as in roles.teacher.again=0,0.3,0.6")
        })?;
        let values = apart(&value);
        if values.iter().any(|value| value.trim().is_empty()) {
            return Err(format!("`{text}` has an empty value; write KEY=A,B,C"));
        }
        if values.len() > MOST_VALUES {
            return Err(format!("{} values are more than {MOST_VALUES}", values.len()));
        }
        let setting = |value: &str| Override { key: key.clone(), value: value.trim().to_owned() };
        Ok(Self { settings: values.into_iter().map(setting).collect() })
    }
}

/// The values between commas; a list or a map in YAML is one value.
fn apart(text: &str) -> Vec<&str> {
    let (mut depth, mut quote, mut from, mut parts) = (0_usize, None, 0, Vec::new());
    for (at, letter) in text.char_indices() {
        match (quote, letter) {
            (Some(open), _) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(letter),
            (None, '[' | '{') => depth += 1,
            (None, ']' | '}') => depth = depth.saturating_sub(1),
            (None, ',') if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            (None, _) => {}
        }
    }
    parts.push(&text[from..]);
    parts
}

/// `judge`.
#[derive(Debug, Args)]
pub struct JudgeArgs {
    /// Run folder
    pub dir: PathBuf,
    /// YAML file with a list called `slos`, in place of the run's own
    #[arg(long, value_name = "FILE")]
    pub slo: Option<PathBuf>,
    /// How an inconclusive verdict ends
    #[arg(long, value_enum, value_name = "HOW")]
    pub inconclusive: Option<Inconclusive>,
    /// Print the verdict as JSON
    #[arg(long)]
    pub json: bool,
}

/// `init`.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// OpenAPI 3 description (JSON or YAML) to take requests, server and login from
    #[arg(long, value_name = "FILE")]
    pub from: Option<PathBuf>,
    /// File to write; it must not exist yet
    #[arg(long, value_name = "FILE", default_value = "scenario.yaml")]
    pub out: PathBuf,
}

/// `report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Run folder
    pub dir: PathBuf,
}

/// `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Address to listen on
    #[arg(long, default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub host: IpAddr,
    /// Port; 0 for any free one
    #[arg(long, default_value_t = 8080)]
    pub port: u16,
    /// Redis to use as L1, in place of the in-process store
    #[arg(long, value_name = "URL", env = crate::attack::REDIS_VARIABLE, hide_env_values = true)]
    pub redis: Option<String>,
    /// Prefix of every key in that Redis [default: cacheproof:RANDOM:]
    #[arg(long)]
    pub prefix: Option<String>,
    /// File of the school's database, which several services may share [default: a temporary one]
    #[arg(long, value_name = "FILE")]
    pub database: Option<std::path::PathBuf>,
    /// Seconds of the service's clock per second of the wall
    #[arg(long, default_value_t = 1.0)]
    pub time_scale: f64,
    /// Size of the school
    #[arg(long, value_enum, default_value_t = SizeArg::Full)]
    pub size: SizeArg,
    /// How long browsers may keep a copy
    #[arg(long, value_enum, default_value_t = BrowserArg::Exact)]
    pub browser: BrowserArg,
    /// Seed of the school
    #[arg(long, default_value_t = 42)]
    pub seed: u64,
    /// End when standard input is closed
    #[arg(long, hide = true)]
    pub exit_with_parent: bool,
}

/// Size of the school.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SizeArg {
    /// 1,000 students
    Full,
    /// A tenth of it
    Small,
}

/// Browser policy of the service.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum BrowserArg {
    /// Every read revalidates
    Exact,
    /// Copies stay fresh for minutes, whatever is written
    Relaxed,
}

fn parse_address(text: &str) -> Result<SocketAddr, String> {
    if let Ok(port) = text.parse::<u16>() {
        return Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    }
    text.parse().map_err(|_| "write a port like 9464 or an address like 127.0.0.1:9464".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn the_values_of_a_sweep_stand_between_commas() {
        let values = |text: &str| {
            let sweep: Sweep = text.parse().unwrap();
            assert!(sweep.settings.iter().all(|setting| setting.key == "cache.ttl"));
            sweep.settings.into_iter().map(|setting| setting.value).collect::<Vec<_>>()
        };
        assert_eq!(values("cache.ttl=1m, 5m"), ["1m", "5m"]);
        assert_eq!(values("cache.ttl=5m"), ["5m"]);
        assert_eq!(
            values("cache.ttl=[0.2, 1],{a: 1, b: [2, 3]},\"x,y\""),
            ["[0.2, 1]", "{a: 1, b: [2, 3]}", "\"x,y\""]
        );
        let many = format!("cache.ttl={}", vec!["1m"; 21].join(","));
        for (wrong, word) in [
            ("cache.ttl", "no `=`"),
            ("cache.ttl=1m,", "empty"),
            ("cache.ttl=", "empty"),
            (&many, "more than 20"),
        ] {
            let error = wrong.parse::<Sweep>().unwrap_err();
            assert!(error.contains(word), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_metrics_address_may_be_just_a_port() {
        assert_eq!(parse_address("9464").unwrap().to_string(), "127.0.0.1:9464");
        assert_eq!(parse_address("0.0.0.0:1").unwrap().to_string(), "0.0.0.0:1");
        assert!(parse_address("nine").is_err());
    }
}
