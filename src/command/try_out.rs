//! `cacheproof try`: one person of each role, each action once, everything printed.

use super::prepare;
use super::run::refused;
use crate::attack::{AttackError, Cast, Stop, Target};
use crate::cli::TryArgs;
use crate::exit::{Exit, Failure};
use crate::plan::{ActionPlan, Plan};
use crate::scenario::suggest;
use crate::units::{bytes, micros, to_micros};
use crate::wire::Exchange;
use crate::workload::{Fill, Journey, Notes, Person, Request, captured, expected, render};
use rand::SeedableRng as _;
use std::sync::Arc;

/// Headers of an answer that may hold a token.
const SECRETS: [&str; 3] = ["set-cookie", "authorization", "x-auth-token"];
/// So much of a body is printed.
const BODY: usize = 400;

pub(super) async fn try_out(args: TryArgs) -> Result<Exit, Failure> {
    let mut plan = prepare::plan(&args.scenario)?;
    if let Some(wanted) = &args.role
        && !plan.roles.iter().any(|role| role.name == *wanted)
    {
        let hint = suggest(wanted, plan.roles.iter().map(|role| role.name.as_str()));
        let source = anyhow::anyhow!("--role {wanted}: no such role{hint}");
        return Err(Failure { exit: Exit::Usage, source });
    }
    for role in &mut plan.roles {
        // Nobody is called of the roles that are not asked for.
        let called = u32::from(args.role.as_ref().is_none_or(|wanted| *wanted == role.name));
        (role.users, role.places, role.people) = (called, called, called);
    }
    let plan = Arc::new(plan);
    let stop = Stop::default();
    super::signals::install(&stop)?;
    let log = std::env::temp_dir().join(format!("cacheproof-try-{}.log", std::process::id()));
    let outcome = tokio::select! {
        outcome = pass(&plan, &log) => outcome.map_err(refused),
        () = stop.stopped() => Ok(Exit::Interrupted),
    };
    // A log of a service that did its work is of no use to anybody.
    let _ = std::fs::remove_file(&log);
    outcome
}

async fn pass(plan: &Arc<Plan>, log: &std::path::Path) -> Result<Exit, AttackError> {
    let mut target = Target::open(plan, log).await?;
    let cast = Cast::assemble(plan, &target).await?;
    let mut good = true;
    for (role, behaviour) in plan.roles.iter().enumerate() {
        for index in cast.population.of_role(role) {
            let person = cast.population.person(*index);
            println!("## {} as {} ({})", behaviour.name, person.username(), owns(plan, person));
            let mut notes = Notes::default();
            let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(plan.seed);
            for index in behaviour.actions.iter().map(|(action, _)| *action) {
                let action = plan.action(index);
                if !person.can(plan, index) {
                    println!("\n{}: this person has nothing for it", action.name);
                    continue;
                }
                let mut draw = Journey::sample(plan, role, &cast.population, person.index, index, &mut rng);
                draw.mark = action.draws.mark.then(|| "cacheproof try".to_owned());
                // Twice: the second read shows what the cache makes of the first.
                let times = if action.read { 2 } else { 1 };
                for _ in 0..times {
                    let fill = Fill::new(plan, person, &draw, &notes);
                    let request = render(&target.base, action, &fill);
                    let identity = &cast.identities[person.index as usize];
                    print_request(plan, person, &request);
                    let exchange = target.send(plan, &request, identity).await;
                    let shown = print_answer(plan, action, &exchange, &fill);
                    if let (Ok(answer), true) = (&exchange.outcome, shown) {
                        for (capture, text) in captured(action, &answer.headers, answer.body.as_deref()) {
                            notes.set(capture, text);
                        }
                    }
                    good &= shown;
                }
            }
        }
    }
    if let Some(embedded) = target.embedded.take() {
        embedded.end().await;
    }
    Ok(if good { Exit::Passed } else { Exit::Failed })
}

/// `20 report, 1 username`
fn owns(plan: &Plan, person: &Person) -> String {
    let stocks = plan.people.stocks.iter().zip(&person.stocks).skip(1);
    let owned: Vec<String> = stocks
        .filter(|(_, items)| !items.is_empty())
        .map(|(stock, items)| match items.as_slice() {
            [only] => format!("{} {}", stock.name, only.value),
            _ => format!("{} of {}", items.len(), stock.name),
        })
        .collect();
    if owned.is_empty() { "nothing of their own".into() } else { owned.join(", ") }
}

fn print_request(plan: &Plan, person: &Person, request: &Request) {
    println!("\n{} {}", request.method, request.url);
    for (name, value) in &request.headers {
        println!("  {name}: {}", value.to_str().unwrap_or("(not text)"));
    }
    if plan.target.login.is_some() {
        let name = person.username().to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        println!("  (as ${{TOKEN_{name}}})");
    }
    if let Some(body) = &request.body {
        println!("  {}", String::from_utf8_lossy(body));
    }
}

/// Prints an answer; `true` if it is what the action expects.
fn print_answer(plan: &Plan, action: &ActionPlan, exchange: &Exchange, fill: &Fill<'_>) -> bool {
    let took = micros(to_micros(exchange.finished - exchange.started) as f64);
    let answer = match &exchange.outcome {
        Err(fault) => {
            let why = exchange.why.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
            println!("-> no answer: {} after {took}{why}", fault.as_str());
            return false;
        }
        Ok(answer) => answer,
    };
    println!(
        "-> {} in {took}, {}, served by: {}",
        answer.status,
        bytes(answer.bytes as f64),
        plan.cache.dialect.claim(&answer.headers).as_str()
    );
    for (name, value) in &answer.headers {
        let secret = SECRETS.contains(&name.as_str());
        let shown = if secret { "(not shown)" } else { value.to_str().unwrap_or("(not text)") };
        println!("   {name}: {shown}");
    }
    let text = String::from_utf8_lossy(answer.body.as_deref().unwrap_or_default()).into_owned();
    let shown: String = text.chars().take(BODY).collect();
    println!("   {shown}{}", if shown.len() < text.len() { " …" } else { "" });
    match expected(action, answer.status, answer.body.as_deref(), fill) {
        Ok(()) => true,
        Err(what) => {
            println!("   not as expected: {what}");
            false
        }
    }
}
