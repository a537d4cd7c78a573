//! What may happen, before it is known to whom.

use proptest::prelude::*;

/// One write or call of the staff, and the reads after it. The numbers choose among what there is then.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub(super) event: Event,
    pub(super) who: u16,
    pub(super) what: u16,
    pub(super) value: u16,
    /// On which process it is written.
    pub(super) node: u8,
    /// Chooses the reads.
    pub(super) reads: u64,
}

/// A row of the table of write routes, or a call of the staff.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event {
    Grade,
    Grades,
    Submit,
    Material,
    Element,
    Create,
    Patch,
    Delete,
    Guardian,
    Tutor,
    Class,
    Teacher,
    /// A write that is refused.
    Refused,
    Warm,
    Forget,
    Clear,
}

pub(super) fn steps(length: usize) -> impl Strategy<Value = Vec<Step>> {
    use Event::{
        Class, Clear, Create, Delete, Element, Forget, Grade, Grades, Guardian, Material, Patch, Refused,
        Submit, Teacher, Tutor, Warm,
    };
    let event = prop_oneof![
        8 => Just(Grade), 3 => Just(Grades), 4 => Just(Submit), 3 => Just(Material), 3 => Just(Element),
        5 => Just(Create), 5 => Just(Patch), 4 => Just(Delete), 6 => Just(Guardian), 5 => Just(Tutor),
        5 => Just(Class), 5 => Just(Teacher), 3 => Just(Refused), 3 => Just(Warm), 2 => Just(Forget),
        1 => Just(Clear),
    ];
    let step = (event, any::<(u16, u16, u16)>(), any::<(u8, u64)>());
    let step = step.prop_map(|(event, (who, what, value), (node, reads))| Step {
        event,
        who,
        what,
        value,
        node,
        reads,
    });
    prop::collection::vec(step, length / 2..=length)
}
