//! Who comes by in a run: people of the target, chosen by the seed, logged in, with what
//! they may use.

use super::discover;
use super::login::Identity;
use super::target::{Target, TargetError};
use crate::evidence::{Clusters, Member};
use crate::plan::{Origin, Plan};
use crate::workload::{Item, Person, Population};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;

/// Logins under way at once: the target is not under test yet.
const AT_ONCE: usize = 4;

/// Everybody who comes by, and the staff user who reads the counters.
#[derive(Clone, Debug, Default)]
pub struct Cast {
    /// Who they are.
    pub population: Population,
    /// How the target knows them, by index.
    pub identities: Vec<Identity>,
    /// How the target knows the staff user.
    pub staff: Identity,
}

/// A cast that cannot be brought together.
#[derive(Debug, thiserror::Error)]
pub enum CastError {
    /// The target does not do its part.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The target has too few people.
    #[error("role \"{role}\": the scenario has {wanted} people at work at once, and there are {found}")]
    TooFew {
        /// The role.
        role: String,
        /// People at work.
        wanted: u32,
        /// People there are.
        found: usize,
    },
    /// Nobody of a role can do an action.
    #[error("role \"{role}\": none of its people has anything that `{action}` needs ({needs})")]
    Nothing {
        /// The role.
        role: String,
        /// The action.
        action: String,
        /// Which placeholders stay empty.
        needs: String,
    },
}

impl Cast {
    /// Asks who there is, chooses by the seed, logs everybody in and asks what they may
    /// use (around the cache, so that it stays as it was).
    ///
    /// # Errors
    /// A target that does not do its part; too few people; an action that nobody can do.
    pub async fn assemble(plan: &Plan, target: &Target) -> Result<Self, CastError> {
        let staff = Self::staff(plan, target).await?;
        let mut people = Vec::new();
        for (role, behaviour) in (0_u16..).zip(&plan.roles) {
            let mut found = discover::people(plan, target, &staff, role).await?;
            if found.len() < behaviour.places as usize {
                return Err(CastError::TooFew {
                    role: behaviour.name.clone(),
                    wanted: behaviour.places,
                    found: found.len(),
                });
            }
            found.sort_by(|a, b| a.username().cmp(b.username()));
            let mut rng = ChaCha8Rng::seed_from_u64(plan.seed);
            rng.set_stream(u64::MAX - u64::from(role));
            found.shuffle(&mut rng);
            found.truncate(behaviour.people as usize);
            people.extend(found);
        }
        let entered: Vec<(Person, Identity)> = stream::iter(people)
            .map(|mut person| async move {
                let identity = target.log_in(plan, &person).await?;
                discover::relations(plan, target, &identity, &mut person).await?;
                Ok::<_, TargetError>((person, identity))
            })
            .buffered(AT_ONCE)
            .try_collect()
            .await?;
        check(plan, &entered)?;
        // Somebody who can do nothing would only ask for what is not there.
        let (able, idle): (Vec<_>, Vec<_>) =
            entered.into_iter().partition(|(person, _)| person.is_able(plan));
        if !idle.is_empty() {
            tracing::warn!("{} people can do nothing here and are left out", idle.len());
        }
        let (people, identities) = able.into_iter().unzip();
        let population = Population::new(people, plan);
        for (role, behaviour) in plan.roles.iter().enumerate() {
            let found = population.of_role(role).len();
            if found < behaviour.places as usize {
                return Err(CastError::TooFew {
                    role: behaviour.name.clone(),
                    wanted: behaviour.places,
                    found,
                });
            }
        }
        Ok(Self { population, identities, staff })
    }

    /// Who counts as one in the evidence. Visitors without a name are nobody whom another
    /// generator would know again.
    pub fn clusters(&self, plan: &Plan) -> Clusters {
        let members = self.population.people().iter().map(|person| Member {
            label: plan.cluster.label(person),
            name: (!matches!(plan.people.origin, Origin::Anonymous)).then(|| person.username()),
        });
        Clusters::new(&plan.cluster.name, members)
    }

    /// The staff user, where the scenario names one.
    async fn staff(plan: &Plan, target: &Target) -> Result<Identity, TargetError> {
        match plan.target.login.as_ref().and_then(|login| login.staff.as_ref()) {
            Some(name) => Self::somebody(plan, target, name).await,
            None => Ok(Identity::default()),
        }
    }

    /// Somebody by name, who need not be one of the people.
    pub(super) async fn somebody(plan: &Plan, target: &Target, name: &str) -> Result<Identity, TargetError> {
        let mut stocks = vec![Vec::new(); plan.people.stocks.len().max(1)];
        stocks[0] = vec![Item::plain(name)];
        target.log_in(plan, &Person { index: 0, role: 0, stocks }).await
    }
}

/// Each action of a role needs somebody who can do it.
fn check(plan: &Plan, people: &[(Person, Identity)]) -> Result<(), CastError> {
    for (role, behaviour) in (0_u16..).zip(&plan.roles).filter(|(_, behaviour)| behaviour.people > 0) {
        for action in behaviour.reachable() {
            let mut of_role = people.iter().filter(|(person, _)| person.role == role);
            if !of_role.any(|(person, _)| person.can(plan, action)) {
                let needs = plan.action(action).draws.stocks.iter();
                let needs: Vec<String> = needs
                    .map(|stock| format!("{{{}}}", plan.people.stocks[usize::from(*stock)].name))
                    .collect();
                return Err(CastError::Nothing {
                    role: behaviour.name.clone(),
                    action: plan.action(action).name.clone(),
                    needs: needs.join(", "),
                });
            }
        }
    }
    Ok(())
}
