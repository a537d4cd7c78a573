//! What may happen, and in which proportion.

use proptest::collection::vec;
use proptest::prelude::*;

use super::moody::Mood;

/// How a reader asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Plain,
    /// With the validator of the last answer this reader had for the report, if any.
    Conditional,
    NoCache,
    OnlyIfCached,
    NoStore,
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Step {
    /// Starts a read; where it computes, it waits until it is released.
    Read { node: usize, user: u64, report: u64, how: How },
    /// The oldest computation under way ends.
    Release,
    /// A computation under way ends, not the oldest.
    ReleaseLast,
    /// The oldest reader hangs up.
    HangUp,
    /// A committed write, with its row in the table, told to the cache on this node.
    Write { node: usize, report: u64 },
    /// A write that tells nobody: only the control uses it.
    WriteUntold { report: u64 },
    /// A write whose process ends after the commit: its row is all there is.
    WriteAndDie { report: u64 },
    /// Staff has a report forgotten.
    Forget { node: usize, report: u64 },
    /// Staff has all forgotten.
    Clear { node: usize },
    /// The store's mood changes.
    Mood(Mood),
    /// The store loses all it has.
    Wipe,
    /// Time passes, in ms.
    Pass(u64),
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..60)
}

fn step() -> impl Strategy<Value = Step> {
    let node = 0..2_usize;
    let user = 7..9_u64;
    // Report 0 is a collection: it shows the others.
    let report = 0..3_u64;
    let written = 1..3_u64;
    let how = prop_oneof![
        6 => Just(How::Plain),
        2 => Just(How::Conditional),
        1 => Just(How::NoCache),
        1 => Just(How::OnlyIfCached),
        1 => Just(How::NoStore),
    ];
    let mood = prop_oneof![
        4 => Just(Mood::Fine),
        2 => Just(Mood::Fails),
        2 => Just(Mood::Stalls),
        2 => Just(Mood::LosesAnswers),
    ];
    prop_oneof![
        12 => (node.clone(), user, report, how)
            .prop_map(|(node, user, report, how)| Step::Read { node, user, report, how }),
        8 => Just(Step::Release),
        3 => Just(Step::ReleaseLast),
        1 => Just(Step::HangUp),
        6 => (node.clone(), written.clone()).prop_map(|(node, report)| Step::Write { node, report }),
        1 => written.clone().prop_map(|report| Step::WriteAndDie { report }),
        1 => (node.clone(), written).prop_map(|(node, report)| Step::Forget { node, report }),
        1 => node.prop_map(|node| Step::Clear { node }),
        3 => mood.prop_map(Step::Mood),
        1 => Just(Step::Wipe),
        4 => prop_oneof![Just(1), Just(100), Just(300), Just(1_000), Just(2_500), Just(700_000)]
            .prop_map(Step::Pass),
    ]
}
