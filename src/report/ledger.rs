//! What the client counted beside what others counted, and what is wrong with certainty.

use crate::units::count;
use crate::verdict::{Agreement, Counted, Reconciliation, Verdict, Violation};

/// Titles of the table.
pub(super) const HEAD: [&str; 5] = ["counter", "by this client", "explained", "counted", ""];

/// A row for each counter: its name; the ledger, what it allows, what was counted, the word.
pub(super) fn rows(verdict: &Verdict) -> Vec<(String, Vec<String>)> {
    verdict.reconciliation.iter().map(row).collect()
}

fn row(of: &Reconciliation) -> (String, Vec<String>) {
    let who = match of.by {
        Counted::Service => "by the service",
        Counted::Redis => "by Redis",
    };
    let [least, most] = of.between;
    let explained = match of.by {
        Counted::Service => format!("{} to {}", count(least), count(most)),
        Counted::Redis => format!("{} or more", count(least)),
    };
    let cells = vec![
        count(of.ledger),
        explained,
        of.counted.map_or_else(|| "–".into(), count),
        word(of.agreement).into(),
    ];
    (format!("{}, {who}", of.counter.as_str()), cells)
}

fn word(agreement: Agreement) -> &'static str {
    match agreement {
        Agreement::Agrees => "agrees",
        Agreement::Differs => "DIFFERS",
        Agreement::Unknown => "cannot tell",
    }
}

/// What there is to say of the rows.
pub(super) fn notes(verdict: &Verdict) -> Vec<String> {
    let noted = verdict.reconciliation.iter().filter_map(|of| Some((of, of.note.as_ref()?)));
    noted.map(|(of, note)| format!("{}: {note}", row(of).0)).collect()
}

/// One line for a terminal: who agrees with the client's ledger, and who does not.
pub(super) fn brief(verdict: &Verdict) -> Option<String> {
    let mut said = Vec::new();
    for (by, who) in [(Counted::Service, "the service's"), (Counted::Redis, "Redis's")] {
        for (agreement, word) in [
            (Agreement::Agrees, "agree with what this client counted"),
            (Agreement::Differs, "DIFFER from what this client counted"),
            (Agreement::Unknown, "cannot be compared with what this client counted"),
        ] {
            let of = verdict.reconciliation.iter().filter(|of| of.by == by && of.agreement == agreement);
            let names: Vec<&str> = of.map(|of| of.counter.as_str()).collect();
            if !names.is_empty() {
                said.push(format!("{who} {} {word}", names.join(", ")));
            }
        }
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// A violation in a sentence, with how to see it.
pub(super) fn violation(of: &Violation) -> String {
    format!("{}: {}; expected {}, seen {}", of.oracle, of.what, of.expected, of.seen)
}
