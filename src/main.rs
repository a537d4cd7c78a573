//! The `cacheproof` program: parse, start logging, run, map to an exit code.

use clap::Parser as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cacheproof::cli::Cli::parse();
    cacheproof::command::start_logging();
    match cacheproof::command::dispatch(cli) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("cacheproof: {failure}");
            failure.exit.into()
        }
    }
}
