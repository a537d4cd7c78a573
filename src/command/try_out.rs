//! `cacheproof try`: one person of each role, each action once, everything printed.

use super::out::print;
use super::prepare;
use super::run::refused;
use crate::attack::{AttackError, Cast, Redactor, Stop, Target};
use crate::cli::TryArgs;
use crate::exit::{Exit, Failure};
use crate::plan::{ActionPlan, Plan};
use crate::scenario::suggest;
use crate::units::{bytes, micros, to_micros};
use crate::wire::Exchange;
use crate::workload::{Draw, Fill, Journey, Notes, Person, Request, captured, expected, render};
use http::{HeaderName, HeaderValue};
use rand::SeedableRng as _;
use std::sync::Arc;

/// Headers that may hold a token.
const SECRETS: [&str; 4] = ["cookie", "set-cookie", "authorization", "x-auth-token"];
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
        outcome = pass(&plan, &log) => outcome,
        () = stop.stopped() => Ok(Exit::Interrupted),
    };
    // A log of a service that did its work is of no use to anybody.
    let _ = std::fs::remove_file(&log);
    outcome
}

async fn pass(plan: &Arc<Plan>, log: &std::path::Path) -> Result<Exit, Failure> {
    let mut target = Target::open(plan, log).await.map_err(AttackError::from).map_err(refused)?;
    let cast = Cast::assemble(plan, &target).await.map_err(AttackError::from).map_err(refused)?;
    let mut good = true;
    for (role, behaviour) in plan.roles.iter().enumerate() {
        for index in cast.population.of_role(role) {
            let person = cast.population.person(*index);
            print(&format!("## {} as {} ({})\n", behaviour.name, person.username(), owns(plan, person)))?;
            let redactor = Redactor::new(plan, &target, &cast.identities).with_credentials(plan);
            let mut turn =
                Turn { plan, target: &target, cast: &cast, person, redactor, notes: Notes::default() };
            good &= turn.take(role).await?;
        }
    }
    if let Some(embedded) = target.embedded.take() {
        embedded.end().await;
    }
    Ok(if good { Exit::Passed } else { Exit::Failed })
}

/// One person, who does each action.
struct Turn<'a> {
    plan: &'a Plan,
    target: &'a Target,
    cast: &'a Cast,
    person: &'a Person,
    redactor: Redactor,
    notes: Notes,
}

impl Turn<'_> {
    /// Each action of the role, what needs an earlier answer after what gives it; `true` if
    /// every answer is as expected.
    async fn take(&mut self, role: usize) -> Result<bool, Failure> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(self.plan.seed);
        let mut waiting: Vec<u16> = Vec::new();
        let mut good = true;
        for (index, _) in &self.plan.roles[role].actions {
            let action = self.plan.action(*index);
            if !self.person.can(self.plan, *index) {
                print(&format!("\n{}: this person has nothing for it\n", action.name))?;
                continue;
            }
            waiting.push(*index);
        }
        // Again while there was something new to know.
        loop {
            let (now, later): (Vec<u16>, Vec<u16>) =
                waiting.iter().partition(|index| self.missing(self.plan.action(**index)).is_empty());
            if now.is_empty() {
                break;
            }
            for index in now {
                let draw = Journey::sample(
                    self.plan,
                    role,
                    &self.cast.population,
                    self.person.index,
                    index,
                    &mut rng,
                );
                good &= self.ask(self.plan.action(index), draw).await?;
            }
            waiting = later;
        }
        for action in waiting.into_iter().map(|index| self.plan.action(index)) {
            good = false;
            let missing = self.missing(action).join(", ");
            print(&format!("\n{}: needs {missing}, which nothing captured\n", action.name))?;
        }
        Ok(good)
    }

    /// `{token}` for each that an action needs and no answer gave.
    fn missing(&self, action: &ActionPlan) -> Vec<String> {
        let unknown = action.draws.captures.iter().filter(|capture| self.notes.get(**capture).is_none());
        unknown.map(|capture| format!("{{{}}}", self.plan.captures[usize::from(*capture)])).collect()
    }

    async fn ask(&mut self, action: &ActionPlan, mut draw: Draw) -> Result<bool, Failure> {
        draw.mark = action.draws.mark.then(|| "cacheproof try".to_owned());
        let identity = &self.cast.identities[self.person.index as usize];
        let mut good = true;
        // Twice: the second read shows what the cache makes of the first.
        for _ in 0..if action.read { 2 } else { 1 } {
            let fill = Fill::new(self.plan, self.person, &draw, &self.notes);
            let request = render(&self.target.base, action, &fill);
            print(&say_request(self.plan, self.person, &request, &self.redactor))?;
            let exchange = self.target.send(self.plan, &request, identity).await;
            if let Ok(answer) = &exchange.outcome {
                self.redactor.learn_cookies(&answer.headers);
            }
            let (said, as_expected) = say_answer(self.plan, action, &exchange, &fill, &self.redactor);
            print(&said)?;
            if let (Ok(answer), true) = (&exchange.outcome, as_expected) {
                for (capture, text) in captured(action, &answer.headers, answer.body.as_deref()) {
                    self.notes.set(capture, text);
                }
            }
            good &= as_expected;
        }
        Ok(good)
    }
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

fn say_request(plan: &Plan, person: &Person, request: &Request, redactor: &Redactor) -> String {
    let mut out = format!("\n{} {}\n", request.method, redactor.text(request.url.as_str()));
    for (name, value) in &request.headers {
        out += &format!("  {name}: {}\n", header(name, value, redactor));
    }
    if plan.target.login.is_some() {
        let name = person.username().to_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        out += &format!("  (as ${{TOKEN_{name}}})\n");
    }
    if let Some(body) = &request.body {
        out += &format!("  {}\n", redactor.text(&String::from_utf8_lossy(body)));
    }
    out
}

fn header(name: &HeaderName, value: &HeaderValue, redactor: &Redactor) -> String {
    if SECRETS.contains(&name.as_str()) {
        return "(not shown)".into();
    }
    value.to_str().map_or_else(|_| "(not text)".into(), |text| redactor.text(text))
}

/// An answer in words; `true` if it is what the action expects.
fn say_answer(
    plan: &Plan,
    action: &ActionPlan,
    exchange: &Exchange,
    fill: &Fill<'_>,
    redactor: &Redactor,
) -> (String, bool) {
    let took = micros(to_micros(exchange.finished - exchange.started) as f64);
    let answer = match &exchange.outcome {
        Err(fault) => {
            let why =
                exchange.why.as_ref().map(|why| format!(" ({})", redactor.text(why))).unwrap_or_default();
            return (format!("-> no answer: {} after {took}{why}\n", fault.as_str()), false);
        }
        Ok(answer) => answer,
    };
    let mut out = format!(
        "-> {} in {took}, {}, served by: {}\n",
        answer.status,
        bytes(answer.bytes as f64),
        plan.cache.dialect.claim(&answer.headers).as_str()
    );
    for (name, value) in &answer.headers {
        out += &format!("   {name}: {}\n", header(name, value, redactor));
    }
    let text = redactor.text(&String::from_utf8_lossy(answer.body.as_deref().unwrap_or_default()));
    let shown: String = text.chars().take(BODY).collect();
    out += &format!("   {shown}{}\n", if shown.len() < text.len() { " …" } else { "" });
    match expected(action, answer.status, answer.body.as_deref(), fill) {
        Ok(()) => (out, true),
        Err(what) => {
            out += &format!("   not as expected: {}\n", redactor.text(&what.to_string()));
            (out, false)
        }
    }
}
