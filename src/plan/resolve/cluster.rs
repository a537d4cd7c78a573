//! What counts as independent: the person, or a value that people own.

use super::Resolver;
use super::names::Scope;
use crate::plan::{ClusterPlan, PERSON};
use crate::scenario::{ScenarioError, nearest};
use std::fmt::Write as _;

impl Resolver<'_> {
    /// Finds the value that `cluster:` names.
    pub(super) fn cluster(&self, name: &str, scope: &Scope) -> Result<ClusterPlan, ScenarioError> {
        if name == PERSON {
            return Ok(ClusterPlan::default());
        }
        let Some(stock) = scope.stock(name) else {
            let mut known = vec![PERSON];
            known.extend(scope.stocks.iter().map(|stock| stock.name.as_str()).skip(1));
            let mut what = format!("cluster \"{name}\" is nothing that people own");
            if let Some(meant) = nearest(name, known.iter().copied()) {
                let _ = write!(what, "; did you mean \"{meant}\"?");
            }
            let _ = write!(what, "; there are: {}", known.join(", "));
            return Err(self.error(&["cluster"], what));
        };
        Ok(ClusterPlan { name: name.into(), stock: Some(stock) })
    }
}

#[cfg(test)]
mod tests {
    use crate::plan::{Changes, ClusterPlan, PERSON, Plan, resolve};
    use crate::scenario::{Scenario, ScenarioError, Source};
    use crate::workload::testing::{person, scenario};
    use serde_json::json;

    /// Readers who know a class, and books that the target tells.
    fn plan(cluster: Option<&str>) -> Result<Plan, ScenarioError> {
        let mut value =
            scenario(json!({"list": {"path": "/"}}), json!({"reader": {"users": 1, "actions": {"list": 1}}}));
        value["people"] = json!({
            "list": [{"role": "reader", "username": "ann", "class": ["7b", "7c"]}],
            "relations": {"book": {"request": {"path": "/books/"}, "items": "/all", "id": "/id"}},
        });
        if let Some(name) = cluster {
            value["cluster"] = json!(name);
        }
        let scenario: Scenario = serde_json::from_value(value).unwrap();
        resolve(scenario, &Source::new("x.yaml", ""), &Changes::default())
    }

    #[test]
    fn people_are_independent_unless_the_scenario_says_what_they_share() {
        assert_eq!(plan(None).unwrap().cluster, ClusterPlan { name: PERSON.into(), stock: None });
        assert_eq!(plan(Some("person")).unwrap().cluster.stock, None);
        let plan = plan(Some("class")).unwrap();
        assert_eq!(plan.people.stocks[usize::from(plan.cluster.stock.unwrap())].name, "class");
    }

    #[test]
    fn the_first_of_what_they_own_is_the_label_and_who_owns_none_has_none() {
        let plan = plan(Some("class")).unwrap();
        let pupil = person(&plan, 0, "ann", &[("class", &["7b", "7c"])]);
        assert_eq!(plan.cluster.label(&pupil), Some("7b"));
        assert_eq!(plan.cluster.label(&person(&plan, 0, "bob", &[])), None);
        assert_eq!(ClusterPlan::default().label(&pupil), None);
    }

    #[test]
    fn everybody_is_asked_for_a_relation_that_tells_the_cluster() {
        let asked = |cluster| {
            let plan = plan(cluster).unwrap();
            let book = plan.people.stocks.iter().find(|stock| stock.name == "book").unwrap();
            book.relation.clone().unwrap().roles
        };
        assert_eq!(asked(None), Vec::<u16>::new(), "no action uses it");
        assert_eq!(asked(Some("book")), [0]);
    }

    #[test]
    fn an_unknown_cluster_is_told_what_there_is() {
        let error = plan(Some("clas")).unwrap_err().to_string();
        for word in ["\"clas\"", "did you mean", "person, class, book"] {
            assert!(error.contains(word), "{word}: {error}");
        }
        let far = plan(Some("role")).unwrap_err().to_string();
        assert_eq!(far.matches("person, class, book").count(), 1, "{far}");
    }
}
