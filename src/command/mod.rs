//! One file a subcommand: each reads as the steps it takes.

mod check;
mod compare;
mod forecast;
mod init;
mod judge;
mod merge;
mod open_files;
mod out;
mod prepare;
mod progress;
mod report;
mod run;
mod schema;
mod serve;
mod signals;
mod simulate;
mod sweep;
mod try_out;

use crate::cli::{Cli, Command};
use crate::exit::{Exit, Failure};
use anyhow::Context as _;

/// Runs the subcommand.
pub fn dispatch(cli: Cli) -> Result<Exit, Failure> {
    match cli.command {
        Command::Run(args) => wait(run::run(args)),
        Command::Try(args) => wait(try_out::try_out(args)),
        Command::Check(args) => wait(check::check(args)),
        Command::Simulate(args) => wait(simulate::simulate(args)),
        Command::Judge(args) => judge::judge(&args),
        Command::Compare(args) => compare::compare(&args),
        Command::Merge(args) => merge::merge(&args),
        Command::Report(args) => report::report(&args),
        Command::Serve(args) => wait(serve::serve(args)),
        Command::Init(args) => init::init(&args),
        Command::Schema => schema::schema(),
    }
}

/// Logs go to standard error; `RUST_LOG` chooses what. Goose is kept quiet: what it
/// counts is not what we measure.
pub fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env()
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn,goose=off"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).compact().init();
}

fn wait(work: impl Future<Output = Result<Exit, Failure>>) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    let outcome = runtime.block_on(work);
    // Whatever is still under way was measured already or never will be.
    runtime.shutdown_background();
    outcome
}
