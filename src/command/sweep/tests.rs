//! The table of a sweep.

use super::*;
use crate::simulate::{Bound, Ceilings, Rate};

fn cell(role: Option<&str>, value: f64, target: f64, feasibility: Feasibility) -> Cell {
    let ceilings = Ceilings { endless: value, untouched: value, repeated: value };
    let rate = Rate {
        value,
        lo: value,
        hi: value,
        reads: 100.0,
        first: 0.0,
        expired: 0.0,
        invalidated: 0.0,
        ceilings,
    };
    let bound = Bound { slo: format!("hit_rate > {target}"), target, feasibility };
    Cell { role: role.map(str::to_owned), rate, targets: vec![bound] }
}

fn row(value: &str, written: bool, cells: Vec<Cell>) -> Row {
    Row { value: value.into(), written, cells, others: Vec::new() }
}

fn sweeps(rows: Vec<Row>) -> Sweeps {
    let swept = Swept { key: "roles.teacher.again".into(), rows };
    Sweeps { scenario: "school-day".into(), seed: 42, runs: 8, confidence: 0.95, sweeps: vec![swept] }
}

#[test]
fn a_cell_says_which_target_is_out_of_reach_there() {
    use Feasibility::{Feasible, Infeasible, Tight};
    let (teacher, all) = (Some("teacher"), None);
    let table = table(&sweeps(vec![
        row("0", false, vec![cell(teacher, 0.481, 0.9, Infeasible), cell(all, 0.7012, 0.7, Tight)]),
        row("0.5", true, vec![cell(teacher, 0.93, 0.9, Feasible), cell(all, 0.8, 0.7, Feasible)]),
        row("0.9", false, vec![cell(Some("tutor"), 0.4, 0.125, Feasible), cell(all, 0.8, 0.7, Feasible)]),
    ]));
    let expected = "\
expected hit rates of a perfect cache (school-day, seed 42, 8 replays a value)

  roles.teacher.again  teacher       tutor         all
  0                    48.1 % <90    –             70.1 % ~70
  0.5 *                93.0 %        –             80.0 %
  0.9                  –             40.0 %        80.0 %

  *    as the scenario has it
  <90  no cache reaches the target of 90 % there (infeasible)
  ~90  90 % lies within what 95 % of runs come to: either may come out (tight)
";
    assert_eq!(table, expected);
}

#[test]
fn a_table_without_marks_explains_none() {
    let table = table(&sweeps(vec![row("0", false, vec![cell(None, 0.9, 0.7, Feasibility::Feasible)])]));
    assert!(table.ends_with("90.0 %\n"), "{table}");
}

#[test]
fn targets_of_something_else_than_a_role_stand_below_their_row() {
    let outlook = crate::simulate::Outlook {
        slo: r#"hit_rate{action="list"} > 50%"#.into(),
        feasibility: Feasibility::Infeasible,
        expected: None,
        why: String::new(),
    };
    let mut row = row("0", false, vec![cell(None, 0.9, 0.7, Feasibility::Feasible)]);
    row.others.push(outlook);
    let table = table(&sweeps(vec![row]));
    assert!(table.contains("90.0 %\n    infeasible hit_rate{action=\"list\"} > 50%\n"), "{table}");
}
