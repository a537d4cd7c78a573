//! Who counts as one: people to a bounded number of clusters, and a fingerprint of each.
//!
//! In: what each person shares with others, and their name. Out: the cluster of each person,
//! and fingerprints by which the evidence of several generators finds the same people again.

use crate::plan::PERSON;
use std::collections::HashMap;
use xxhash_rust::xxh3::xxh3_64_with_seed;

/// So many clusters at most: further ones are folded into them.
pub const CLUSTERS: u32 = 1024;

/// A person as far as clusters are concerned.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// What they share with the others of their cluster; `None` where they stand for themselves.
    pub label: Option<&'a str>,
    /// What the target calls them; `None` where it does not know them.
    pub name: Option<&'a str>,
}

/// The cluster of each person.
#[derive(Clone, Debug)]
pub struct Clusters {
    name: String,
    /// By index of the person; people beyond are folded by their index.
    of: Vec<u32>,
    roster: Vec<u32>,
}

impl Default for Clusters {
    /// Each person by themselves, and nobody known by name.
    fn default() -> Self {
        Self { name: PERSON.into(), of: Vec::new(), roster: Vec::new() }
    }
}

impl Clusters {
    /// Clusters of what `name` says, numbered in the order of their first member.
    ///
    /// Fingerprints are 32 bits of a hash of label or name: enough to find one of a thousand
    /// clusters again (two unlike ones are taken for one with a chance of 10⁻⁴), too few to
    /// tell a name from. They are a pseudonym all the same, of whoever knows the names.
    pub fn new<'a>(name: &str, members: impl Iterator<Item = Member<'a>>) -> Self {
        let mut numbers: HashMap<&str, u32> = HashMap::new();
        let (mut of, mut prints, mut next, mut named) = (Vec::new(), Vec::<u64>::new(), 0_u32, true);
        for member in members {
            let number = match member.label {
                Some(label) => *numbers.entry(label).or_insert(next),
                None => next,
            };
            if number == next {
                next += 1;
                let folded = (number % CLUSTERS) as usize;
                let print = match (member.label, member.name) {
                    (Some(label), _) => fingerprint(label, 1),
                    (None, Some(name)) => fingerprint(name, 0),
                    (None, None) => {
                        named = false;
                        0
                    }
                };
                match prints.get_mut(folded) {
                    // Order must not matter: another generator may meet them in another one.
                    Some(known) => *known = known.wrapping_add(print),
                    None => prints.push(print),
                }
            }
            of.push(number % CLUSTERS);
        }
        let short = |print: &u64| (print ^ (print >> 32)) as u32;
        let roster = if named { prints.iter().map(short).collect() } else { Vec::new() };
        Self { name: name.into(), of, roster }
    }

    /// What it is that people share.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn into_roster(self) -> Vec<u32> {
        self.roster
    }

    /// The cluster of a person.
    pub(super) fn of(&self, person: u32) -> u32 {
        self.of.get(person as usize).copied().unwrap_or(person % CLUSTERS)
    }

    /// The cluster of a pair, where that is not the person.
    pub(super) fn of_pair(&self, person: u32) -> Option<u32> {
        (self.name != PERSON).then(|| self.of(person))
    }
}

/// A label and a name that read alike are not the same: they have seeds of their own.
fn fingerprint(text: &str, seed: u64) -> u64 {
    xxh3_64_with_seed(text.as_bytes(), seed)
}

pub(super) fn person() -> String {
    PERSON.into()
}

pub(super) fn is_person(name: &str) -> bool {
    name == PERSON
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pupil(name: &'static str, class: Option<&'static str>) -> Member<'static> {
        Member { label: class, name: Some(name) }
    }

    #[test]
    fn who_shares_a_label_is_one_cluster_and_who_has_none_is_their_own() {
        let all = [pupil("a", Some("7b")), pupil("b", None), pupil("c", Some("7b")), pupil("7b", None)];
        let clusters = Clusters::new("class", all.into_iter());
        assert_eq!((0..4).map(|person| clusters.of(person)).collect::<Vec<_>>(), [0, 1, 0, 2]);
        assert_eq!(clusters.of_pair(2), Some(0));
        assert_eq!(clusters.roster.len(), 3);
        assert_ne!(clusters.roster[0], clusters.roster[2], "a class is not a person of that name");
    }

    #[test]
    fn the_same_people_have_the_same_fingerprints_in_whatever_order_they_come() {
        let (ann, bob) = (pupil("ann", None), pupil("bob", None));
        let forth = Clusters::new(PERSON, [ann, bob].into_iter()).into_roster();
        let mut back = Clusters::new(PERSON, [bob, ann].into_iter()).into_roster();
        back.reverse();
        assert_eq!(forth, back);
        assert_eq!(Clusters::new(PERSON, [ann].into_iter()).of_pair(0), None, "the person tells it");
    }

    #[test]
    fn more_than_a_thousand_clusters_are_folded() {
        let many = (0..1_500).map(|_| pupil("somebody", None));
        let clusters = Clusters::new(PERSON, many);
        assert_eq!((clusters.of(1_023), clusters.of(1_024), clusters.of(5_000)), (1_023, 0, 904));
        assert_eq!(clusters.roster.len(), 1_024);
    }

    #[test]
    fn people_without_a_name_leave_no_fingerprint() {
        let nobody = Member { label: None, name: None };
        assert!(Clusters::new(PERSON, [pupil("ann", None), nobody].into_iter()).into_roster().is_empty());
    }
}
