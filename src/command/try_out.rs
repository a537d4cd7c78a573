//! `cacheproof try`: one person of each role, each action once, everything printed.

use super::prepare;
use super::run::refused;
use crate::attack::{Ask, AttackError, Cast, Draw, Person, Stop, Target, render};
use crate::cli::TryArgs;
use crate::exit::{Exit, Failure};
use crate::observe::claim;
use crate::plan::{ActionPlan, Plan};
use crate::scenario::suggest;
use crate::units::{bytes, micros, to_micros};
use std::sync::Arc;

/// Headers of an answer that may hold a token.
const SECRETS: [&str; 3] = ["set-cookie", "authorization", "x-auth-token"];
/// So much of a body is printed.
const BODY: usize = 400;

pub(super) async fn try_out(args: TryArgs) -> Result<Exit, Failure> {
    let mut plan = prepare::plan(&args.scenario)?;
    if let Some(wanted) = &args.role {
        let known: Vec<String> = plan.roles.iter().map(|role| role.name.clone()).collect();
        plan.roles.retain(|role| role.name == *wanted);
        if plan.roles.is_empty() {
            let hint = suggest(wanted, known.iter().map(String::as_str));
            return Err(Failure {
                exit: Exit::Usage,
                source: anyhow::anyhow!("--role {wanted}: no such role{hint}"),
            });
        }
    }
    for role in &mut plan.roles {
        role.users = 1;
        role.people = 1;
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

async fn pass(plan: &Plan, log: &std::path::Path) -> Result<Exit, AttackError> {
    let mut target = Target::open(plan, log).await?;
    let cast = Cast::assemble(plan, &target).await?;
    let mut good = true;
    for (role, behaviour) in plan.roles.iter().enumerate() {
        for index in cast.of_role(role) {
            let person = cast.person(*index);
            println!("## {} as {} ({} reports)", behaviour.name, person.username, person.reports.len());
            for (action, _) in &behaviour.actions {
                let action = &plan.actions[usize::from(*action)];
                // Twice: the second read shows what the cache makes of the first.
                let times = if action.method.is_read() { 2 } else { 1 };
                for _ in 0..times {
                    good &= show(&target, action, person).await;
                }
            }
        }
    }
    if let Some(embedded) = target.embedded.take() {
        embedded.end().await;
    }
    Ok(if good { Exit::Passed } else { Exit::Failed })
}

/// Makes one request and prints it with its answer; `true` if it was a good one.
async fn show(target: &Target, action: &ActionPlan, person: &Person) -> bool {
    let draw = Draw {
        report: person.reports.first().copied(),
        answer: person.answers.first().copied(),
        score: 50,
        mark: "cacheproof try".into(),
        filter: 0,
    };
    let request = render(&target.base, action, person, &draw);
    println!("\n{} {}", action.method.as_str(), request.url);
    println!("  Authorization: Bearer $TOKEN_{}", person.username.to_uppercase().replace('-', "_"));
    if let Some(body) = &request.body {
        println!("  {body}");
    }
    let ask = Ask {
        method: action.method,
        body: request.body.as_ref(),
        ..Ask::get(&request.url, Some(&person.token))
    };
    let exchange = target.send(&ask).await;
    let took = micros(to_micros(exchange.finished - exchange.started) as f64);
    match exchange.outcome {
        Err(fault) => {
            println!("-> no answer: {} after {took}", fault.as_str());
            false
        }
        Ok(answer) => {
            println!(
                "-> {} in {took}, {}, served by: {}",
                answer.status,
                bytes(answer.bytes as f64),
                claim(&answer.headers).source.as_str()
            );
            for (name, value) in &answer.headers {
                let secret = SECRETS.contains(&name.as_str());
                let shown = if secret { "(not shown)" } else { value.to_str().unwrap_or("(not text)") };
                println!("   {name}: {shown}");
            }
            let text = String::from_utf8_lossy(answer.body.as_deref().unwrap_or_default()).into_owned();
            let shown: String = text.chars().take(BODY).collect();
            println!("   {shown}{}", if shown.len() < text.len() { " …" } else { "" });
            (200..400).contains(&answer.status)
        }
    }
}
