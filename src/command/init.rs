//! `cacheproof init`: a scenario to start from, blank or from an OpenAPI description.

mod openapi;
mod outline;
mod render;

use super::out::print;
use crate::cli::InitArgs;
use crate::exit::{Exit, Failure, OrExit as _};
use crate::scenario::{Source, parse, tree_of_file};
use anyhow::Context as _;
use std::io::Write as _;

const STARTER: &str = include_str!("init/starter.yaml");

pub(super) fn init(args: &InitArgs) -> Result<Exit, Failure> {
    let text = match &args.from {
        None => STARTER.to_owned(),
        Some(path) => {
            let tree = tree_of_file(path).or_exit(Exit::Usage)?;
            let outline =
                openapi::read(&tree).with_context(|| path.display().to_string()).or_exit(Exit::Usage)?;
            render::render(&outline)
        }
    };
    let name = args.out.display().to_string();
    // What we write must be right: a mistake in it would be ours, not the user's.
    parse(&Source::new(name.as_str(), text.as_str()), &[])
        .context("no scenario can be made of this description")
        .or_exit(Exit::Unexpected)?;
    let mut file = std::fs::File::create_new(&args.out)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::AlreadyExists => {
                anyhow::anyhow!("{name} exists already; choose another file with --out")
            }
            _ => anyhow::Error::from(error).context(format!("cannot write {name}")),
        })
        .or_exit(Exit::Usage)?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {name}"))?;
    print(&format!("Wrote {name}. Fill in what is marked with <-, then: cacheproof check {name}\n"))?;
    Ok(Exit::Passed)
}

#[cfg(test)]
mod tests;
