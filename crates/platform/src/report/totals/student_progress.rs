//! Progress of students, many reports at a time.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::cells::{self, Cell};
use super::{Computed, Contents, Tally, list};
use crate::db::{Session, args};
use crate::report::student_progress::{
    Answer, Assignment, Completion, Material, StudentProgress, SubjectAverage, Week,
};
use crate::report::{Content, Header, rounded};

/// Answers shown with their comments.
const LATEST: usize = 20;

/// What several statements found for all the reports.
struct Found {
    /// Name of the student and number of assignments, by report.
    about: HashMap<i64, (String, i64)>,
    /// By student.
    work: HashMap<i64, Vec<Cell>>,
    materials: HashMap<i64, Materials>,
    /// Of the submissions whose texts are shown, by submission.
    answers: HashMap<i64, Vec<Text>>,
}

/// Question, score, comment and revision of an answer.
#[derive(Clone)]
struct Text {
    id: i64,
    question: i64,
    score: i64,
    comment: String,
    revision: i64,
}

/// One student's progress in every subject.
#[derive(Default)]
struct Materials {
    shown: Vec<(String, Tally, i64, i64)>,
    newest: Option<i64>,
}

pub(super) async fn compute(session: &mut Session, headers: &[&Header]) -> sqlx::Result<Contents> {
    if headers.is_empty() {
        return Ok(Contents::new());
    }
    let students: BTreeSet<i64> = headers.iter().filter_map(|header| header.student_id).collect();
    let students = list(students);
    let about = about(session, headers).await?;
    let mut work: HashMap<i64, Vec<Cell>> = HashMap::new();
    for cell in cells::of_students(session, &students).await? {
        work.entry(cell.student_id).or_default().push(cell);
    }
    let mut shown = BTreeSet::new();
    for header in headers {
        let work = of(&work, header);
        shown.extend(latest(work).into_iter().map(|cell| cell.submission_id));
        shown.extend(last_by_subject(work, header).values().map(|cell| cell.submission_id));
    }
    let answers = texts(session, shown).await?;
    let materials = materials(session, &students).await?;
    let found = Found { about, work, materials, answers };
    headers.iter().map(|header| Ok((header.id, report(&found, header)?))).collect()
}

async fn about(session: &mut Session, headers: &[&Header]) -> sqlx::Result<HashMap<i64, (String, i64)>> {
    let rows: Vec<(i64, String, i64)> = session
        .rows(
            "SELECT r.id, p.name, (SELECT COUNT(*) FROM assignments g \
             WHERE g.class_id = r.class_id AND g.week <= r.week) \
             FROM reports r JOIN people p ON p.id = r.student_id \
             WHERE r.id IN (SELECT value FROM json_each(?1))",
            args![list(headers.iter().map(|header| header.id))],
        )
        .await?;
    Ok(rows.into_iter().map(|(report, name, assigned)| (report, (name, assigned))).collect())
}

async fn texts(session: &mut Session, submissions: BTreeSet<i64>) -> sqlx::Result<HashMap<i64, Vec<Text>>> {
    let mut texts: HashMap<i64, Vec<Text>> = HashMap::new();
    if submissions.is_empty() {
        return Ok(texts);
    }
    let rows: Vec<(i64, i64, i64, i64, String, i64)> = session
        .rows(
            "SELECT submission_id, id, question, score, comment, revision FROM answers \
             WHERE submission_id IN (SELECT value FROM json_each(?1))",
            args![list(submissions)],
        )
        .await?;
    for (submission, id, question, score, comment, revision) in rows {
        texts.entry(submission).or_default().push(Text { id, question, score, comment, revision });
    }
    Ok(texts)
}

async fn materials(session: &mut Session, students: &str) -> sqlx::Result<HashMap<i64, Materials>> {
    type Row = (i64, String, i64, i64, i64, i64, Option<i64>, Option<i64>);
    let rows: Vec<Row> = session
        .rows(
            "SELECT t.student_id, s.name, t.materials, t.percent_sum, t.elements, t.elements_done, \
             t.material_revision, t.element_revision \
             FROM progress_totals t JOIN subjects s ON s.id = t.subject_id \
             WHERE t.student_id IN (SELECT value FROM json_each(?1)) ORDER BY t.student_id, t.subject_id",
            args![students],
        )
        .await?;
    let mut found: HashMap<i64, Materials> = HashMap::new();
    for (student, subject, materials, percent_sum, elements, done, of_materials, of_elements) in rows {
        let student = found.entry(student).or_default();
        student.newest = student.newest.max(of_materials).max(of_elements);
        student.shown.push((subject, Tally { answers: materials, score_sum: percent_sum }, elements, done));
    }
    Ok(found)
}

fn of<'w>(work: &'w HashMap<i64, Vec<Cell>>, header: &Header) -> &'w [Cell] {
    header.student_id.and_then(|student| work.get(&student)).map_or(&[], Vec::as_slice)
}

/// The submissions that hold the latest answers: those that were answered last. Twenty are enough, since
/// each of them has an answer newer than any in a twenty-first.
fn latest(work: &[Cell]) -> Vec<&Cell> {
    let mut answered: Vec<&Cell> = work.iter().filter(|cell| cell.last.is_some()).collect();
    answered.sort_unstable_by_key(|cell| Reverse(cell.last));
    answered.truncate(LATEST);
    answered
}

/// The submission with the latest answer of each subject, up to the report's week.
fn last_by_subject<'w>(work: &'w [Cell], header: &Header) -> BTreeMap<i64, &'w Cell> {
    let mut last: BTreeMap<i64, &Cell> = BTreeMap::new();
    for cell in work.iter().filter(|cell| cell.week <= header.week && cell.last.is_some()) {
        let newest = last.entry(cell.subject_id).or_insert(cell);
        if cell.last > newest.last {
            *newest = cell;
        }
    }
    last
}

fn report(found: &Found, header: &Header) -> sqlx::Result<Computed<Content>> {
    let (student, assigned) = found.about.get(&header.id).cloned().ok_or(sqlx::Error::RowNotFound)?;
    let work = of(&found.work, header);
    let covered: Vec<&Cell> = work.iter().filter(|cell| cell.week <= header.week).collect();
    let materials = header.student_id.and_then(|student| found.materials.get(&student));
    let on_time = covered.iter().filter(|cell| cell.on_time).count();
    let newest = work.iter().map(|cell| cell.revision).max();
    let content = StudentProgress {
        student,
        answers: answers(found, work),
        averages: averages(found, &covered, &last_by_subject(work, header)),
        trend: weeks(covered.iter().copied()),
        completion: Completion::new(assigned, covered.len() as i64, on_time as i64),
        assignments: assignments(&covered),
        materials: materials.map(shown).unwrap_or_default(),
    };
    let newest = newest.max(materials.and_then(|materials| materials.newest));
    Ok(Computed::new(newest, Content::StudentProgress(content)))
}

fn answers(found: &Found, work: &[Cell]) -> Vec<Answer> {
    let of_cell = |cell| found.answers_of(cell).map(move |text| (cell, text));
    let mut all: Vec<(&Cell, &Text)> = latest(work).into_iter().flat_map(of_cell).collect();
    all.sort_unstable_by_key(|(_, text)| Reverse((text.revision, text.id)));
    all.truncate(LATEST);
    let answer = |(cell, text): (&Cell, &Text)| Answer {
        id: text.id,
        assignment_id: cell.assignment_id,
        assignment: cell.assignment.clone(),
        subject: cell.subject.clone(),
        question: text.question,
        score: text.score,
        comment: text.comment.clone(),
        revision: text.revision,
    };
    all.into_iter().map(answer).collect()
}

fn averages(found: &Found, covered: &[&Cell], last: &BTreeMap<i64, &Cell>) -> Vec<SubjectAverage> {
    let of_subject = |(subject, newest): (&i64, &&Cell)| {
        let cells = || covered.iter().copied().filter(|cell| cell.subject_id == *subject);
        let scores = || cells().flat_map(|cell| cell.scores.iter().copied());
        let tally = tally(cells());
        let written = newest.last.map(|(_, answer)| answer);
        Some(SubjectAverage {
            subject: newest.subject.clone(),
            answers: tally.answers,
            average: tally.average()?,
            best: scores().max()?,
            worst: scores().min()?,
            last_comment: found
                .answers_of(newest)
                .find(|text| Some(text.id) == written)
                .map(|text| text.comment.clone()),
            weeks: weeks(cells()),
        })
    };
    last.iter().filter_map(of_subject).collect()
}

fn of_cell(cell: &Cell) -> Tally {
    Tally { answers: cell.answers, score_sum: cell.score_sum }
}

fn tally<'c>(cells: impl Iterator<Item = &'c Cell>) -> Tally {
    let mut tally = Tally::default();
    cells.for_each(|cell| tally.add(of_cell(cell)));
    tally
}

fn weeks<'c>(cells: impl Iterator<Item = &'c Cell>) -> Vec<Week> {
    let mut weeks: BTreeMap<i64, Tally> = BTreeMap::new();
    for cell in cells {
        weeks.entry(cell.week).or_default().add(of_cell(cell));
    }
    weeks
        .into_iter()
        .filter_map(|(week, tally)| Some(Week::new(week, tally.answers, tally.mean()?)))
        .collect()
}

fn assignments(covered: &[&Cell]) -> Vec<Assignment> {
    let mut cells = covered.to_vec();
    cells.sort_unstable_by_key(|cell| Reverse((cell.assignment_id, cell.submission_id)));
    let assignment = |cell: &Cell| {
        Some(Assignment {
            assignment_id: cell.assignment_id,
            title: cell.assignment.clone(),
            answers: cell.answers,
            average: of_cell(cell).average()?,
            on_time: cell.on_time,
        })
    };
    cells.into_iter().filter_map(assignment).collect()
}

fn shown(materials: &Materials) -> Vec<Material> {
    let material = |(subject, percent, elements, elements_done): &(String, Tally, i64, i64)| {
        Some(Material {
            subject: subject.clone(),
            materials: percent.answers,
            percent: rounded(percent.mean()?),
            elements: *elements,
            elements_done: *elements_done,
        })
    };
    materials.shown.iter().filter_map(material).collect()
}

impl Found {
    fn answers_of(&self, cell: &Cell) -> impl Iterator<Item = &Text> {
        self.answers.get(&cell.submission_id).into_iter().flatten()
    }
}
