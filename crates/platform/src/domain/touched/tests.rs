use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::*;
use crate::domain::ReportKind::{Analytics, Custom, GradeDistribution, StudentProgress};
use crate::domain::{Person, Role};

const TEACHER: i64 = 1;
const OTHER_TEACHER: i64 = 2;
const TUTOR: i64 = 3;
const STUDENT: i64 = 4;
const PARENT: i64 = 5;
const OTHER_STUDENT: i64 = 6;
/// Taught the class once and wrote its report 102.
const FORMER_TEACHER: i64 = 7;
const CLASS: i64 = 10;
const OTHER_CLASS: i64 = 20;
const MATHS: i64 = 1;
const ART: i64 = 2;

fn school() -> Links {
    let roles = [
        (TEACHER, Role::Teacher),
        (OTHER_TEACHER, Role::Teacher),
        (TUTOR, Role::Tutor),
        (STUDENT, Role::Student),
        (PARENT, Role::Parent),
        (OTHER_STUDENT, Role::Student),
        (FORMER_TEACHER, Role::Teacher),
    ];
    let person = |(id, role)| (id, Person { id, username: String::new(), role, name: String::new() });
    let mut links = Links {
        people: Arc::new(roles.into_iter().map(person).collect()),
        class_of: Arc::new(HashMap::from([(STUDENT, CLASS), (OTHER_STUDENT, OTHER_CLASS)])),
        teaching: Arc::new(HashMap::from([
            (CLASS, BTreeMap::from([(MATHS, TEACHER)])),
            (OTHER_CLASS, BTreeMap::from([(MATHS, OTHER_TEACHER)])),
        ])),
        parents_of: Arc::new(HashMap::from([(STUDENT, BTreeSet::from([PARENT]))])),
        tutors_of: Arc::new(HashMap::from([(STUDENT, BTreeSet::from([TUTOR]))])),
        ..Links::default()
    };
    let mut file = |id, kind, subject, student, class, author, group: &[i64]| {
        let report = ReportFacts { kind, subject, student, class, author };
        links.file(id, report, &group.iter().copied().collect());
    };
    file(100, StudentProgress, None, Some(STUDENT), Some(CLASS), TEACHER, &[]);
    file(101, GradeDistribution, Some(MATHS), None, Some(CLASS), TEACHER, &[]);
    file(102, GradeDistribution, Some(ART), None, Some(CLASS), FORMER_TEACHER, &[]);
    file(103, Analytics, None, None, Some(CLASS), TEACHER, &[]);
    file(104, Analytics, None, None, Some(OTHER_CLASS), OTHER_TEACHER, &[]);
    file(105, Custom, None, None, None, TUTOR, &[STUDENT]);
    file(106, Custom, None, None, None, OTHER_TEACHER, &[OTHER_STUDENT]);
    file(107, Custom, None, Some(OTHER_STUDENT), None, TUTOR, &[OTHER_STUDENT]);
    links
}

fn touched(expected: &[(ReportKind, &[i64])]) -> Touched {
    let pairs = expected.iter().flat_map(|(kind, people)| people.iter().map(|person| (*person, *kind)));
    Touched(pairs.collect())
}

fn changed(before: &Links, change: &Change) -> Touched {
    Touched::by_change(before, &before.after(change), change)
}

#[test]
fn a_grade_touches_the_student_and_theirs_the_class_and_the_groups() {
    let work = Work::Graded { student: STUDENT, class: CLASS, subject: MATHS, grader: TEACHER };
    let expected = touched(&[
        (StudentProgress, &[STUDENT, PARENT, TUTOR, TEACHER]),
        (GradeDistribution, &[TEACHER]),
        (Analytics, &[TEACHER]),
        (Custom, &[TUTOR]),
    ]);
    assert_eq!(Touched::by_work(&school(), work), expected);
    // The other subject's report has another author.
    let art = Work::Graded { student: STUDENT, class: CLASS, subject: ART, grader: TEACHER };
    let and_former = touched(&[(GradeDistribution, &[FORMER_TEACHER])]);
    assert_eq!(Touched::by_work(&school(), art), expected.and(and_former));
}

#[test]
fn the_grader_is_touched_even_when_they_teach_the_class_no_longer() {
    let left = school().after(&Change::Teacher { class: CLASS, subject: MATHS, teacher: None });
    let work = Work::Graded { student: STUDENT, class: CLASS, subject: MATHS, grader: FORMER_TEACHER };
    let Touched(pairs) = Touched::by_work(&left, work);
    for kind in [StudentProgress, GradeDistribution, Analytics] {
        assert!(pairs.contains(&(FORMER_TEACHER, kind)), "{kind:?}");
    }
}

#[test]
fn work_done_before_a_move_touches_the_class_it_was_done_in() {
    let moved = school().after(&Change::Class { student: STUDENT, class: OTHER_CLASS });
    let work = Work::Submitted { student: STUDENT, class: CLASS, subject: MATHS };
    assert_eq!(Touched::by_work(&moved, work), Touched::by_work(&school(), work));
    let work = Work::Submitted { student: STUDENT, class: OTHER_CLASS, subject: MATHS };
    let expected = touched(&[
        // The reports of the old class stay with its teacher.
        (StudentProgress, &[STUDENT, PARENT, TUTOR, TEACHER]),
        (Analytics, &[OTHER_TEACHER]),
        (Custom, &[TUTOR]),
    ]);
    assert_eq!(Touched::by_work(&moved, work), expected);
}

#[test]
fn progress_touches_no_class_and_elements_no_group() {
    let progress = touched(&[(StudentProgress, &[STUDENT, PARENT, TUTOR, TEACHER])]);
    assert_eq!(Touched::by_work(&school(), Work::Element { student: STUDENT }), progress);
    let with_groups = progress.and(touched(&[(Custom, &[TUTOR])]));
    assert_eq!(Touched::by_work(&school(), Work::Material { student: STUDENT }), with_groups);
}

#[test]
fn a_link_touches_both_its_sides_whether_it_is_made_or_cut() {
    for linked in [true, false] {
        let before = school().after(&Change::Guardian { student: STUDENT, parent: PARENT, linked: !linked });
        let change = Change::Guardian { student: STUDENT, parent: PARENT, linked };
        assert_eq!(changed(&before, &change), touched(&[(StudentProgress, &[STUDENT, PARENT])]));
        let before = school().after(&Change::Tutor { student: STUDENT, tutor: TUTOR, linked: !linked });
        let change = Change::Tutor { student: STUDENT, tutor: TUTOR, linked };
        assert_eq!(changed(&before, &change), touched(&[(StudentProgress, &[STUDENT, TUTOR])]));
    }
    // A guardian reads every report about the child; a tutor the progress only.
    let guardian = Change::Guardian { student: OTHER_STUDENT, parent: PARENT, linked: true };
    assert_eq!(changed(&school(), &guardian), touched(&[(Custom, &[OTHER_STUDENT, PARENT])]));
    let tutor = Change::Tutor { student: OTHER_STUDENT, tutor: TUTOR, linked: true };
    assert_eq!(changed(&school(), &tutor), Touched::default());
}

#[test]
fn a_move_touches_both_classes_before_and_after() {
    let change = Change::Class { student: STUDENT, class: OTHER_CLASS };
    let expected =
        touched(&[(Analytics, &[TEACHER, OTHER_TEACHER]), (Custom, &[TUTOR]), (StudentProgress, &[STUDENT])]);
    assert_eq!(changed(&school(), &change), expected);
}

#[test]
fn a_new_teacher_and_the_one_before_are_both_touched_by_what_the_class_has() {
    let change = Change::Teacher { class: CLASS, subject: MATHS, teacher: Some(OTHER_TEACHER) };
    let both: &[i64] = &[TEACHER, OTHER_TEACHER];
    let expected = touched(&[(StudentProgress, both), (GradeDistribution, both), (Analytics, both)]);
    assert_eq!(changed(&school(), &change), expected);
}

#[test]
fn a_report_touches_its_author_and_every_person_it_concerns() {
    let readers = touched(&[(StudentProgress, &[STUDENT, PARENT, TUTOR, TEACHER])]);
    assert_eq!(changed(&school(), &Change::ReportDeleted { id: 100 }), readers);
    let report = school().report(100).unwrap();
    let saved = Change::ReportSaved { id: 100, report, group: BTreeSet::new() };
    assert_eq!(changed(&school(), &saved), readers);
    assert_eq!(changed(&school().after(&Change::ReportDeleted { id: 100 }), &saved), readers);
}

#[test]
fn a_group_is_touched_by_who_is_in_it_now() {
    let report = school().report(105).unwrap();
    let group = BTreeSet::from([OTHER_STUDENT]);
    let links = school().after(&Change::ReportSaved { id: 105, report, group: group.clone() });
    assert_eq!(links.group_of(105), group);
    let tutors_groups = |student| {
        let Touched(pairs) = Touched::by_work(&links, Work::Material { student });
        pairs.contains(&(TUTOR, Custom))
    };
    assert!(tutors_groups(OTHER_STUDENT) && !tutors_groups(STUDENT));
    let gone = links.after(&Change::ReportDeleted { id: 105 });
    assert_eq!((gone.report(105), gone.group_of(105)), (None, BTreeSet::new()));
}

#[test]
fn a_state_of_the_links_never_changes_and_each_change_has_a_version() {
    let before = school();
    let cut = before.after(&Change::Guardian { student: STUDENT, parent: PARENT, linked: false });
    assert!(before.is_guardian(PARENT, STUDENT) && !cut.is_guardian(PARENT, STUDENT));
    assert_eq!(cut.version, before.version + 1);
    let report = before.report(100).unwrap();
    let parent = before.person(PARENT).unwrap();
    assert!(before.may_read(parent, report) && !cut.may_read(parent, report));
    assert_eq!(cut.of(PARENT), (Vec::new(), Vec::new()));
    assert_eq!(before.of(PARENT), (vec![STUDENT], Vec::new()));
}
