//! What `run`, `try` and `check` begin with: the scenario read and resolved.

use crate::cli::ScenarioArgs;
use crate::exit::{Exit, Failure, OrExit as _};
use crate::plan::{Changes, Plan, resolve};
use crate::scenario::{Loaded, ScenarioError, load};

/// Reads and resolves the scenario of a command line.
pub(super) fn plan(args: &ScenarioArgs) -> Result<Plan, Failure> {
    read(args).or_exit(Exit::Usage)
}

fn read(args: &ScenarioArgs) -> Result<Plan, ScenarioError> {
    let Loaded { scenario, source, secrets } = load(&args.scenario, &args.set)?;
    let changes = Changes {
        target: args.target.clone(),
        // An empty variable means no Redis, as if it were not set.
        redis: args.redis.clone().filter(|url| !url.is_empty()),
        seed: args.seed,
        duration: args.duration.map(|span| span.0),
        users: args.users,
    };
    let mut plan = resolve(scenario, &source, &changes)?;
    plan.credentials = secrets;
    Ok(plan)
}
