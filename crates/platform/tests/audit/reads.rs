//! What is warm, and what becomes of it.

use std::collections::{BTreeMap, BTreeSet};

use http::{Method, StatusCode};
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::cast::{Cast, pick};
use super::steps::{Event, Step};
use super::writes::{self, Touched};
use crate::rules::Rules;
use crate::school::School;

const KINDS: [&str; 4] = ["student_progress", "grade_distribution", "analytics", "custom"];

/// Who reads what. The kind is that of the one report; collections hold all.
type Read = (i64, Target);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    path: String,
    report: Option<(i64, String)>,
}

/// A school of one or more processes, and what its cache has to hold.
pub(super) struct Audit {
    processes: Vec<School>,
    cast: Cast,
    rules: Rules,
    warm: BTreeSet<Read>,
    /// Of each process: what its answers said they were.
    said: Vec<BTreeMap<String, u64>>,
    /// The last event of the stream that was read.
    last: Option<String>,
}

impl Audit {
    pub(super) async fn of(processes: Vec<School>) -> Self {
        let rules = Rules::of(&processes[0]).await;
        let cast = Cast::of(&processes[0], &rules).await;
        let said = vec![BTreeMap::new(); processes.len()];
        Self { processes, cast, rules, warm: BTreeSet::new(), said, last: None }
    }

    pub(super) async fn take(&mut self, step: Step) -> Result<(), String> {
        let node = usize::from(step.node) % self.processes.len();
        let mut random = ChaCha8Rng::seed_from_u64(step.reads);
        self.warm_up(&mut random).await?;
        let touched = match step.event {
            Event::Warm | Event::Forget | Event::Clear => {
                return self.manage(step, node, &mut random).await;
            }
            Event::Grade
            | Event::Grades
            | Event::Submit
            | Event::Material
            | Event::Element
            | Event::Create
            | Event::Patch
            | Event::Delete
            | Event::Guardian
            | Event::Tutor
            | Event::Class
            | Event::Teacher
            | Event::Refused => writes::write(&self.processes[node], &self.cast, &self.rules, step).await?,
        };
        let Some((rules, touched)) = touched else { return Ok(()) };
        self.rules = rules;
        let gone = self.forget(|(person, target)| is_touched(&touched, *person, target));
        self.told(&touched, gone.len()).await?;
        self.check(&gone, &mut random).await
    }

    /// Reads what nobody has read, or what was invalidated.
    async fn warm_up(&mut self, random: &mut ChaCha8Rng) -> Result<(), String> {
        for _ in 0..10 {
            let read = self.any(random);
            self.read(&read, None, random).await?;
        }
        Ok(())
    }

    /// Any view, by anybody, of what the writes are about.
    fn any(&self, random: &mut ChaCha8Rng) -> Read {
        let person = *self.cast.everybody().choose(random).unwrap();
        let kind = KINDS.choose(random).unwrap();
        let student = self.cast.students.choose(random).unwrap();
        let all = |path: &str| Target { path: format!("/api/reports/{path}"), report: None };
        let target = match random.random_range(0..24) {
            0 => all("?page_size=3"),
            1 => all("?page=2&page_size=3"),
            2 => all(&format!("?type={kind}&page_size=3")),
            3 => all(&format!("?student={student}&page_size=4&ordering=-id")),
            4 => all("?status=draft&page_size=3"),
            5 => all("?search=t%C3%A4g&page_size=5"),
            6 => all("?week_start=2026-10-05&subject=English&page_size=2"),
            7 => all("?page=400&page_size=3"),
            8 => all("export/?page_size=2"),
            9 => all("export/?page_size=1&format=csv&ordering=title"),
            10 => all(&format!("export/?type={kind}&page_size=1&ordering=id")),
            number => {
                let reports = self.cast.reports(&self.rules);
                let theirs: Vec<_> =
                    reports.iter().filter(|report| self.rules.concerns(person, report)).collect();
                let of_kind = theirs.iter().filter(|report| report.kind == **kind);
                // Now and then one that they may not read.
                let found = match number {
                    11 => reports.choose(random).copied(),
                    12..=17 => of_kind.max_by_key(|report| report.id).map(|report| **report),
                    _ => theirs.choose(random).map(|report| **report),
                };
                let Some(report) = found else { return (person, all("")) };
                let view = if number % 2 == 0 { "stats/" } else { "" };
                let path = format!("/api/reports/{}/{view}", report.id);
                Target { path, report: Some((report.id, report.kind.clone())) }
            }
        };
        (person, target)
    }

    fn forget(&mut self, goes: impl Fn(&Read) -> bool) -> Vec<Read> {
        let gone: Vec<Read> = self.warm.iter().filter(|read| goes(read)).cloned().collect();
        self.warm.retain(|read| !goes(read));
        gone
    }

    /// The stream tells of one removal, of exactly what was there; of none when nothing was changed.
    async fn told(&mut self, touched: &Touched, gone: usize) -> Result<(), String> {
        let after = self.last.as_ref().map_or(String::new(), |last| format!("&after={last}"));
        let path = format!("/api/reports/cache/events/?limit=1000{after}");
        let events = self.processes[0].get(&self.cast.admin, &path).await.json();
        if let Some(last) = events["last"].as_str() {
            self.last = Some(last.to_owned());
        }
        let results = events["results"].as_array().unwrap();
        if results.len() != usize::from(!touched.is_empty()) {
            return Err(format!("{} events for {touched:?}", results.len()));
        }
        match results.first() {
            Some(event) if event["removed"] != json!(gone) => Err(format!(
                "the event tells of {} removed, and {gone} were there: {touched:?}",
                event["removed"]
            )),
            _ => Ok(()),
        }
    }

    /// After a write: some of what is gone, and some of what has to be there still.
    async fn check(&mut self, gone: &[Read], random: &mut ChaCha8Rng) -> Result<(), String> {
        let warm: Vec<Read> = self.warm.iter().cloned().collect();
        let gone: Vec<Read> = gone.sample(random, 6).cloned().collect();
        let kept: Vec<Read> = warm.sample(random, 6).cloned().collect();
        for read in gone {
            self.read(&read, Some(false), random).await?;
        }
        for read in kept {
            self.read(&read, Some(true), random).await?;
        }
        Ok(())
    }

    /// Reads it on any process. `kept` says whether it has to be a hit.
    async fn read(&mut self, read: &Read, kept: Option<bool>, random: &mut ChaCha8Rng) -> Result<(), String> {
        let node = random.random_range(0..self.processes.len());
        let (school, (person, target)) = (&self.processes[node], read);
        let reader = self.cast.person(*person);
        let normal = school.get(reader, &target.path).await;
        let computed = school.bypass(reader, &target.path).await;
        let whose = format!("{person} reads {} on {node}", target.path);
        if (normal.status, &normal.body) != (computed.status, &computed.body) {
            return Err(format!(
                "{whose}: {} {} {}, and a bypass {} {}",
                normal.x_cache(),
                normal.status,
                normal.text(),
                computed.status,
                computed.text(),
            ));
        }
        for answer in [&normal, &computed] {
            *self.said[node].entry(answer.x_cache().to_owned()).or_default() += 1;
        }
        let was_warm = self.warm.contains(read);
        let said = normal.x_cache().to_owned();
        let entitled = match &target.report {
            None => Some(true),
            Some((id, _)) => {
                let report = self.rules.reports.iter().find(|report| report.id == *id);
                report.map(|report| self.rules.concerns(*person, report))
            }
        };
        let status = match entitled {
            None => StatusCode::NOT_FOUND,
            Some(false) => StatusCode::FORBIDDEN,
            Some(true) => StatusCode::OK,
        };
        if normal.status != status {
            return Err(format!("{whose}: {}, but has to be {status}", normal.status));
        }
        // A process whose links are behind serves what it does not know of without the cache.
        let behind = self.processes.len() > 1 && said.is_empty();
        let expected = if was_warm || kept == Some(true) { "HIT" } else { "MISS" };
        if status == StatusCode::OK && !behind {
            if said != expected {
                return Err(format!("{whose}: {said:?}, but has to be a {expected}"));
            }
            self.warm.insert(read.clone());
        }
        Ok(())
    }

    /// The staff's calls, and their true numbers.
    async fn manage(&mut self, step: Step, node: usize, random: &mut ChaCha8Rng) -> Result<(), String> {
        let admin = self.cast.admin.clone();
        let reports = self.cast.reports(&self.rules);
        let Some(report) = pick(&reports, step.what) else { return Ok(()) };
        let (id, kind) = (report.id, report.kind.clone());
        let (target, gone) = match step.event {
            Event::Warm => {
                let users = self.cast.everybody();
                let readers: Vec<i64> =
                    users.iter().copied().filter(|id| self.rules.concerns(*id, report)).collect();
                let body = json!({ "report_ids": [id], "report_type": kind, "user_ids": users });
                let said = self.processes[node].post(&admin, "/api/reports/cache/warm/", body).await.json();
                let (total, cached) = (users.len(), readers.len());
                let expected = json!({ "total": total, "cached": cached, "failed": total - cached });
                if said != expected {
                    return Err(format!("warming {id} says {said}, and it is {expected}"));
                }
                let plain = Target { path: format!("/api/reports/{id}/"), report: Some((id, kind)) };
                let warmed: Vec<Read> = readers.into_iter().map(|id| (id, plain.clone())).collect();
                self.warm.extend(warmed.iter().cloned());
                for read in warmed.sample(random, 3) {
                    self.read(read, Some(true), random).await?;
                }
                return Ok(());
            }
            Event::Forget => {
                let gone = self.forget(|(_, target)| target.report.as_ref().is_some_and(|of| of.0 == id));
                (format!("/api/reports/cache/{id}/"), gone)
            }
            _ => ("/api/reports/cache/".to_owned(), self.forget(|_| true)),
        };
        let said = self.processes[node].send(Method::DELETE, &target, Some(&admin.token), None, &[]).await;
        if said.json()["invalidated_keys"] != json!(gone.len()) {
            return Err(format!("{target} says {}, and {} were there", said.text(), gone.len()));
        }
        let touched = Touched::from([(0, step.what.to_string())]);
        self.told(&touched, gone.len()).await?;
        self.check(&gone, random).await
    }

    /// Hits, misses and bypasses are those that the answers told, and entries those that were stored.
    pub(super) async fn counters_are_true(&self) -> Result<(), String> {
        for (node, school) in self.processes.iter().enumerate() {
            let stats = school.get(&self.cast.admin, "/api/reports/cache/stats/").await.json();
            for (counter, name) in [("hit", "HIT"), ("miss", "MISS"), ("bypass", "BYPASS")] {
                let said = self.said[node].get(name).copied().unwrap_or_default();
                if stats[counter] != json!(said) {
                    return Err(format!("{counter} is {} after {said} answers", stats[counter]));
                }
            }
            if stats["entries"] != json!(self.warm.len()) {
                return Err(format!("{} entries, and {} are warm", stats["entries"], self.warm.len()));
            }
        }
        Ok(())
    }

    pub(super) async fn outbox_is_empty(&self) -> bool {
        crate::rows::dump(&self.processes[0].platform, "outbox").await.is_empty()
    }
}

fn is_touched(touched: &Touched, person: i64, target: &Target) -> bool {
    let of = |kind: &str| target.report.as_ref().is_none_or(|(_, own)| own == kind);
    touched.iter().any(|(who, kind)| *who == person && of(kind))
}
