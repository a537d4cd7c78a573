//! Who comes by in a run: people of the target, logged in, with what they may read.

use super::http::Ask;
use super::target::{Target, TargetError};
use crate::plan::{Placeholder, Plan};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde_json::Value;

/// Logins under way at once: the target is not under test yet.
const AT_ONCE: usize = 4;
/// A person's favourites are drawn from so many of their reports.
const REPORTS: usize = 20;
/// A teacher's grading is drawn from so many answers.
const ANSWERS: usize = 100;
/// Pages of people read at most.
const PAGES: usize = 100;

/// A person of the target.
#[derive(Clone, Debug)]
pub struct Person {
    /// Index in the cast.
    pub index: u32,
    /// Index of the role.
    pub role: u16,
    /// Name at the login.
    pub username: String,
    /// `Authorization`, marked sensitive.
    pub token: HeaderValue,
    /// Ids of reports they may read, as their list shows them.
    pub reports: Vec<u64>,
    /// Ids of answers they may grade.
    pub answers: Vec<u64>,
}

/// Everybody who comes by, and the staff token that reads the counters.
#[derive(Clone, Debug)]
pub struct Cast {
    people: Vec<Person>,
    by_role: Vec<Vec<u32>>,
    /// `Authorization` of the staff user.
    pub staff: HeaderValue,
}

/// A cast that cannot be brought together.
#[derive(Debug, thiserror::Error)]
pub enum CastError {
    /// The target does not do its part.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The target has too few people.
    #[error(
        "role \"{role}\": the scenario has {wanted} people at work at once, and the target knows {found}"
    )]
    TooFew {
        /// The role.
        role: String,
        /// People at work.
        wanted: u32,
        /// People there are.
        found: usize,
    },
    /// Nobody of a role can do an action.
    #[error("role \"{role}\": the target knows nothing that any of its people could use for `{action}`")]
    Nothing {
        /// The role.
        role: String,
        /// The action.
        action: String,
    },
}

impl Cast {
    /// A cast of these people.
    pub fn new(people: Vec<Person>, roles: usize, staff: HeaderValue) -> Self {
        let mut by_role = vec![Vec::new(); roles];
        for person in &people {
            by_role[usize::from(person.role)].push(person.index);
        }
        Self { people, by_role, staff }
    }

    /// A person by index.
    pub fn person(&self, index: u32) -> &Person {
        &self.people[index as usize]
    }

    /// People of a role.
    pub fn of_role(&self, role: usize) -> &[u32] {
        &self.by_role[role]
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether nobody is there.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Those who take a place: the people of a role are shared out over its places, so
    /// that nobody is in two places at once and the seed alone decides who is where.
    pub fn at_place(&self, role: usize, place: usize, places: usize) -> Vec<u32> {
        self.by_role[role].iter().skip(place % places.max(1)).step_by(places.max(1)).copied().collect()
    }

    /// Asks the target who there is, chooses by the seed, logs everybody in and asks
    /// what they may read (around the cache, so that it stays as it was).
    pub async fn assemble(plan: &Plan, target: &Target) -> Result<Self, CastError> {
        let staff = target.log_in(&plan.target.login.staff).await?;
        let mut people = Vec::new();
        for (role, behaviour) in plan.roles.iter().enumerate() {
            let mut names = names(plan, target, &staff, &behaviour.name).await?;
            if names.len() < behaviour.users as usize {
                return Err(CastError::TooFew {
                    role: behaviour.name.clone(),
                    wanted: behaviour.users,
                    found: names.len(),
                });
            }
            names.sort_unstable();
            let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
            rng.set_stream(u64::MAX - role as u64);
            names.shuffle(&mut rng);
            names.truncate(behaviour.people as usize);
            people.extend(names.into_iter().map(|name| (role, name)));
        }
        let people: Vec<Person> = stream::iter(people)
            .map(|(role, username)| enter(plan, target, role, username))
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        // Somebody without reports would only ask for what is not there.
        let (able, idle): (Vec<Person>, Vec<Person>) = people
            .into_iter()
            .partition(|person| reads_report(plan, person.role).is_none() || !person.reports.is_empty());
        if !idle.is_empty() {
            tracing::warn!("{} people may read no report and are left out", idle.len());
        }
        let able = (0..).zip(able).map(|(index, person)| Person { index, ..person }).collect();
        let cast = Self::new(able, plan.roles.len(), staff);
        cast.check(plan)?;
        Ok(cast)
    }

    /// Each place needs somebody, and each action somebody who can do it.
    fn check(&self, plan: &Plan) -> Result<(), CastError> {
        for (role, behaviour) in plan.roles.iter().enumerate() {
            let people = &self.by_role[role];
            if let (true, Some(action)) = (people.is_empty(), reads_report(plan, role as u16)) {
                return Err(CastError::Nothing { role: behaviour.name.clone(), action });
            }
            if people.len() < behaviour.users as usize {
                return Err(CastError::TooFew {
                    role: behaviour.name.clone(),
                    wanted: behaviour.users,
                    found: people.len(),
                });
            }
            for (action, _) in &behaviour.actions {
                let action = &plan.actions[usize::from(*action)];
                let grades = action.uses(Placeholder::Answer);
                if grades && people.iter().all(|index| self.person(*index).answers.is_empty()) {
                    return Err(CastError::Nothing {
                        role: behaviour.name.clone(),
                        action: action.name.clone(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// The first action of a role that needs a report, if any does.
fn reads_report(plan: &Plan, role: u16) -> Option<String> {
    let behaviour = &plan.roles[usize::from(role)];
    let dashboard = behaviour.dashboard.iter().map(|dashboard| dashboard.action);
    let mut actions = behaviour.actions.iter().map(|(action, _)| *action).chain(dashboard);
    let reads = actions.find(|action| plan.actions[usize::from(*action)].uses(Placeholder::Report));
    reads.map(|action| plan.actions[usize::from(action)].name.clone())
}

/// Names of everybody of a role.
async fn names(
    plan: &Plan,
    target: &Target,
    staff: &HeaderValue,
    role: &str,
) -> Result<Vec<String>, TargetError> {
    let mut names = Vec::new();
    for page in 1..=PAGES {
        let mut url = target.url(&plan.target.discovery.people);
        url.query_pairs_mut()
            .append_pair("role", role)
            .append_pair("page", &page.to_string())
            .append_pair("page_size", "200");
        let answer = target.json(&Ask::get(&url, Some(staff))).await?;
        let found = items(&answer, &url)?;
        names.extend(found.iter().filter_map(|item| item.get("username")?.as_str().map(String::from)));
        let total = answer.get("count").and_then(Value::as_u64).unwrap_or(0);
        if found.is_empty() || names.len() as u64 >= total {
            break;
        }
    }
    Ok(names)
}

async fn enter(plan: &Plan, target: &Target, role: usize, username: String) -> Result<Person, TargetError> {
    let token = target.log_in(&username).await?;
    let reports = ids(target, target.url(&plan.target.discovery.reports), REPORTS, &token).await?;
    let grades = plan.roles[role]
        .actions
        .iter()
        .any(|(action, _)| plan.actions[usize::from(*action)].uses(Placeholder::Answer));
    let answers = if grades {
        ids(target, target.url(&plan.target.discovery.answers), ANSWERS, &token).await?
    } else {
        Vec::new()
    };
    Ok(Person { index: 0, role: u16::try_from(role).unwrap_or(u16::MAX), username, token, reports, answers })
}

/// The ids of the first items of a list.
async fn ids(
    target: &Target,
    mut url: Url,
    most: usize,
    token: &HeaderValue,
) -> Result<Vec<u64>, TargetError> {
    url.query_pairs_mut().append_pair("page_size", &most.to_string());
    let ask = Ask { bypass: true, ..Ask::get(&url, Some(token)) };
    let answer = target.json(&ask).await?;
    Ok(items(&answer, &url)?.iter().filter_map(|item| item.get("id")?.as_u64()).collect())
}

fn items<'a>(answer: &'a Value, url: &Url) -> Result<&'a Vec<Value>, TargetError> {
    answer.get("results").and_then(Value::as_array).ok_or_else(|| TargetError::Unexpected {
        method: "GET",
        url: url.to_string(),
        what: "the answer has no list called `results`".into(),
    })
}
