//! Reports of every type: rows that say what a report covers. Their numbers are computed when read.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::bulk::Bulk;
use super::people::School;
use super::{Revision, SUBJECTS};
use crate::db::{Arg, Session, args};
use crate::domain::ReportKind;
use crate::domain::calendar::WEEK_STARTS;

/// Students in a custom report's group.
const GROUP: usize = 10;
/// What custom reports choose from; each is a comma-separated list of sections.
const CHOICES: [&str; 5] = [
    "averages,completion",
    "averages,feedback",
    "averages,materials,feedback",
    "completion,timeliness,materials",
    "averages,completion,timeliness,materials,feedback",
];

struct Draft {
    kind: ReportKind,
    title: String,
    week: usize,
    subject: Option<i64>,
    student: Option<i64>,
    class: Option<i64>,
    author: i64,
    sections: Option<&'static str>,
    group: Vec<i64>,
}

/// Inserts the weekly reports, week by week, then the custom ones. Ids start at 1.
pub(super) async fn insert(
    session: &mut Session,
    chance: &mut ChaCha8Rng,
    school: &School,
    revision: &mut Revision,
) -> sqlx::Result<()> {
    let mut drafts = Vec::new();
    for week in 0..WEEK_STARTS.len() {
        weekly(school, week, &mut drafts);
    }
    for week in 0..WEEK_STARTS.len() {
        custom(chance, school, week, &mut drafts);
    }
    let mut rows = Bulk::new("reports", 12);
    let mut members = Bulk::new("custom_members", 2);
    for (id, draft) in (1_i64..).zip(drafts) {
        for student in &draft.group {
            members.push(session, args![id, *student]).await?;
        }
        rows.push(session, row(id, draft, revision.next())).await?;
    }
    rows.finish(session).await?;
    members.finish(session).await
}

fn row(id: i64, draft: Draft, revision: i64) -> Vec<Arg> {
    args![
        id,
        draft.kind.as_str(),
        draft.title,
        status(draft.week),
        draft.subject,
        draft.student,
        draft.class,
        draft.author,
        draft.week as i64,
        WEEK_STARTS[draft.week],
        draft.sections,
        revision,
    ]
}

fn status(week: usize) -> &'static str {
    match WEEK_STARTS.len() - 1 - week {
        0 => "draft",
        1..=5 => "sent",
        _ => "archived",
    }
}

fn weekly(school: &School, week: usize, drafts: &mut Vec<Draft>) {
    let from = WEEK_STARTS[week];
    for class in &school.classes {
        let of_class = |kind, title, subject, author| Draft {
            kind,
            title,
            week,
            subject,
            student: None,
            class: Some(class.id),
            author,
            sections: None,
            group: Vec::new(),
        };
        // The form teacher is one of the class's teachers; which one goes round.
        let form_teacher = class.teachers[class.id as usize % class.teachers.len()];
        for &place in &class.students {
            let student = &school.students[place];
            let title = format!("Progress of {}, week of {from}", student.name);
            let mut draft = of_class(ReportKind::StudentProgress, title, None, form_teacher);
            draft.student = Some(student.id);
            drafts.push(draft);
        }
        for (subject, name) in SUBJECTS.iter().enumerate() {
            let title = format!("Grades of {} in {name}, week of {from}", class.name);
            let subject_id = Some(subject as i64 + 1);
            drafts.push(of_class(ReportKind::GradeDistribution, title, subject_id, class.teachers[subject]));
        }
        let title = format!("Analytics of {}, week of {from}", class.name);
        drafts.push(of_class(ReportKind::Analytics, title, None, form_teacher));
    }
}

/// A group report per tutor and week, one per teacher every second week, and a tutor's report on each
/// single student once in the term.
fn custom(chance: &mut ChaCha8Rng, school: &School, week: usize, drafts: &mut Vec<Draft>) {
    let from = WEEK_STARTS[week];
    let mut add = |title, author, student: Option<i64>, group: Vec<i64>| {
        drafts.push(Draft {
            kind: ReportKind::Custom,
            title,
            week,
            subject: None,
            student,
            class: None,
            author,
            sections: Some(CHOICES[chance.random_range(0..CHOICES.len())]),
            group,
        });
    };
    for (tutor, places) in &school.tutors {
        let ids: Vec<i64> = places.iter().map(|&place| school.students[place].id).collect();
        if ids.is_empty() {
            continue;
        }
        let groups = ids.len().div_ceil(GROUP);
        let group: Vec<i64> = ids.iter().copied().skip(week % groups * GROUP).take(GROUP).collect();
        add(format!("Tutor group, week of {from}"), *tutor, None, group);
    }
    for (place, student) in school.students.iter().enumerate() {
        if place % WEEK_STARTS.len() == week {
            let tutor = school.tutors[place % school.tutors.len()].0;
            let title = format!("Tutor's view of {}, week of {from}", student.name);
            add(title, tutor, Some(student.id), vec![student.id]);
        }
    }
    for (place, teacher) in school.teachers.iter().enumerate() {
        let classes: Vec<_> =
            school.classes.iter().filter(|class| class.teachers.contains(teacher)).collect();
        if classes.is_empty() || week % 2 != place % 2 {
            continue;
        }
        let class = classes[week % classes.len()];
        let group = class.students.iter().skip(week % 3 * GROUP).take(GROUP);
        let group: Vec<i64> = group.map(|&place| school.students[place].id).collect();
        if !group.is_empty() {
            add(format!("Group of {}, week of {from}", class.name), *teacher, None, group);
        }
    }
}
