//! Reads that were warm before a write, and what became of them.
//!
//! The oracle: after a write, what it changes for somebody is a MISS, everything else is a HIT, and both
//! are what a bypass computes.

use std::collections::{BTreeMap, BTreeSet};

use http::StatusCode;
use serde_json::Value;

use crate::school::{Person, School};

const KINDS: [&str; 4] = ["student_progress", "grade_distribution", "analytics", "custom"];

/// One read.
struct Watched {
    person: i64,
    /// Collections hold every type.
    kind: Option<&'static str>,
    target: String,
    /// Of a report that was looked for.
    focused: bool,
    before: Vec<u8>,
}

/// Warm reads of several people: reports of every type, whole and statistics, and lists and exports with
/// and without filters.
pub(crate) struct Watch {
    people: BTreeMap<i64, Person>,
    reads: Vec<Watched>,
}

impl Watch {
    /// Warms them. Of each type the first report that `focus` holds for is read, else the first.
    pub(crate) async fn warm(school: &School, people: &[i64], focus: impl Fn(&Value) -> bool) -> Self {
        let mut watch = Self { people: BTreeMap::new(), reads: Vec::new() };
        for id in people.iter().copied().collect::<BTreeSet<_>>() {
            let person = school.person(id).await;
            let mut targets = vec![
                (None, false, "/api/reports/".to_owned()),
                (None, false, "/api/reports/export/?page_size=2&ordering=id".to_owned()),
            ];
            for kind in KINDS {
                let list =
                    school.get(&person, &format!("/api/reports/?type={kind}&page_size=100")).await.json();
                let rows = list["results"].as_array().unwrap();
                let found = rows.iter().find(|row| focus(row));
                let Some(row) = found.or(rows.first()) else { continue };
                let focused = found.is_some();
                targets.push((Some(kind), focused, format!("/api/reports/{}/", row["id"])));
                targets.push((Some(kind), focused, format!("/api/reports/{}/stats/", row["id"])));
                targets.push((None, false, format!("/api/reports/?type={kind}&page_size=4")));
                targets.push((
                    None,
                    false,
                    format!("/api/reports/export/?type={kind}&page_size=1&format=csv"),
                ));
            }
            for (kind, focused, target) in targets {
                let before = school.get(&person, &target).await;
                assert_eq!(before.status, StatusCode::OK, "{id} {target}");
                assert_eq!(school.get(&person, &target).await.x_cache(), "HIT", "{id} {target}");
                watch.reads.push(Watched { person: id, kind, target, focused, before: before.body });
            }
            watch.people.insert(id, person);
        }
        watch
    }

    /// Reads all of it again. `touched` are the people and types whose entries had to go; those of these
    /// people alone. Returns the reads whose answers changed.
    pub(crate) async fn check(
        &self,
        school: &School,
        touched: &BTreeSet<(i64, String)>,
    ) -> Vec<(i64, String)> {
        let mut changed = Vec::new();
        for Watched { person: id, kind, target, before, .. } in &self.reads {
            let person = &self.people[id];
            let gone = touched.iter().any(|(who, what)| who == id && kind.is_none_or(|kind| kind == what));
            let read = school.get(person, target).await;
            let computed = school.bypass(person, target).await;
            assert_eq!(read.status, computed.status, "{id} {target}");
            if read.status == StatusCode::OK {
                let said = if gone { "MISS" } else { "HIT" };
                assert_eq!(read.x_cache(), said, "{id} {target}, touched: {touched:?}");
                assert_eq!(read.body, computed.body, "{id} {target}");
            }
            if &read.body != before {
                changed.push((*id, target.clone()));
            }
        }
        changed
    }

    /// The reports that were looked for show the change to everybody touched.
    pub(crate) fn shown(&self, touched: &BTreeSet<(i64, String)>, changed: &[(i64, String)]) {
        let mut seen = BTreeSet::new();
        for read in self.reads.iter().filter(|read| read.focused) {
            let kind = read.kind.unwrap_or_default();
            if touched.contains(&(read.person, kind.to_owned())) {
                let shows = changed.contains(&(read.person, read.target.clone()));
                assert!(shows, "{} {kind} {} is as it was", read.person, read.target);
                seen.insert((read.person, kind));
            }
        }
        assert!(seen.len() >= 5, "the student, two parents, a tutor and a teacher at least: {seen:?}");
    }

    /// Nothing went, and everything is still right.
    pub(crate) async fn check_untouched(&self, school: &School) {
        let changed = self.check(school, &BTreeSet::new()).await;
        assert_eq!(changed, [], "what is still cached has not changed");
    }

    pub(crate) fn person(&self, id: i64) -> &Person {
        &self.people[&id]
    }
}

/// Of `touched`, the part that these people see: the others are not watched.
pub(crate) fn roles_of(rules: &crate::rules::Rules, touched: &BTreeSet<(i64, String)>) -> BTreeSet<String> {
    touched.iter().map(|(person, _)| rules.roles[person].clone()).collect()
}
