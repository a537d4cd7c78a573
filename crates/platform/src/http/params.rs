//! What a request for reports asks for.
//!
//! The handlers and the cache's classifier read the same [`Filters`] by the same rules, so that a key
//! never stands for two answers.

use std::sync::LazyLock;

use http::Uri;
use report_cache::{Filters, QueryRules};

use super::draft::TITLE_MAX;
use super::problem::Problem;
use crate::domain::ReportKind;
use crate::domain::calendar::WEEK_STARTS;
use crate::report::{Filter, Ordering, Page};

const LIST_PAGE: i64 = 20;
const LIST_PAGE_MAX: i64 = 100;
const EXPORT_PAGE: i64 = 50;
/// Where a report stands.
pub(super) const STATUSES: [&str; 3] = ["draft", "sent", "archived"];

static LIST: LazyLock<QueryRules> = LazyLock::new(|| collection().param("page_size", Some("20")));
static EXPORT: LazyLock<QueryRules> = LazyLock::new(|| {
    collection().param("page_size", Some("50")).param("format", Some("json")).view("export")
});
static REPORT: LazyLock<QueryRules> = LazyLock::new(QueryRules::new);
static STATS: LazyLock<QueryRules> = LazyLock::new(|| QueryRules::new().view("stats"));

fn collection() -> QueryRules {
    ["type", "status", "student", "subject", "week_start"]
        .into_iter()
        .fold(QueryRules::new(), |rules, name| rules.param(name, None))
        .param("search", Some(""))
        .param("ordering", Some("-week_start"))
        .param("page", Some("1"))
}

/// A readable request for reports.
#[derive(Debug)]
pub(crate) enum Asked {
    /// `/api/reports/`
    List(Selection),
    /// `/api/reports/export/`
    Export(Selection, Format),
    /// `/api/reports/{id}/`
    Report(i64),
    /// `/api/reports/{id}/stats/`
    Stats(i64),
}

/// Which reports, in which order, which page.
#[derive(Debug)]
pub(crate) struct Selection {
    pub(crate) filter: Filter,
    pub(crate) ordering: Ordering,
    pub(crate) page: Page,
}

/// How an export is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Csv,
}

/// Reads a request's target; 404 when it is not about reports, 400 when a parameter is not understood.
pub(crate) fn asked(uri: &Uri) -> Result<(Asked, Filters), Problem> {
    let path = uri.path().strip_prefix("/api/reports/").ok_or(Problem::NotFound)?;
    let read = |rules: &QueryRules| {
        rules.filters(uri.query()).map_err(|error| Problem::BadRequest(error.to_string()))
    };
    let segments: Vec<&str> = path.split_terminator('/').collect();
    if !uri.path().ends_with('/') {
        return Err(Problem::NotFound);
    }
    match segments.as_slice() {
        [] => {
            let filters = read(&LIST)?;
            Ok((Asked::List(selection(&filters, LIST_PAGE, LIST_PAGE_MAX)?), filters))
        }
        ["export"] => {
            let filters = read(&EXPORT)?;
            let format = match one(&filters, "format")? {
                None => Format::Json,
                Some("csv") => Format::Csv,
                Some(other) => return Err(unknown("format", other, "json, csv")),
            };
            Ok((Asked::Export(selection(&filters, EXPORT_PAGE, EXPORT_PAGE)?, format), filters))
        }
        [report] => Ok((Asked::Report(id(report)?), read(&REPORT)?)),
        [report, "stats"] => Ok((Asked::Stats(id(report)?), read(&STATS)?)),
        _ => Err(Problem::NotFound),
    }
}

/// The id in a path. What is no number names nothing here.
pub(super) fn id(text: &str) -> Result<i64, Problem> {
    text.parse().map_err(|_| Problem::NotFound)
}

fn selection(filters: &Filters, size: i64, largest: i64) -> Result<Selection, Problem> {
    let kind = one(filters, "type")?
        .map(|text| {
            let accepted = "student_progress, grade_distribution, analytics, custom";
            ReportKind::parse(text).ok_or_else(|| unknown("type", text, accepted))
        })
        .transpose()?;
    let ordering = one(filters, "ordering")?
        .map(|text| {
            let accepted = "week_start, -week_start, id, -id, title";
            Ordering::parse(text).ok_or_else(|| unknown("ordering", text, accepted))
        })
        .transpose()?
        .unwrap_or_default();
    let chosen = |name, accepted: &[&str]| match one(filters, name)? {
        Some(text) if !accepted.contains(&text) => Err(unknown(name, text, &accepted.join(", "))),
        found => Ok(found.map(str::to_owned)),
    };
    let filter = Filter {
        kind,
        status: chosen("status", &STATUSES)?,
        student: number(filters, "student", i64::MAX)?,
        subject: one(filters, "subject")?.map(str::to_owned),
        week_start: chosen("week_start", &WEEK_STARTS)?,
        search: search(filters)?,
    };
    Ok(Selection { filter, ordering, page: page(filters, size, largest)? })
}

/// Part of a title. SQLite refuses patterns beyond its limit, and no title is as long as that.
fn search(filters: &Filters) -> Result<Option<String>, Problem> {
    match one(filters, "search")? {
        Some(text) if text.chars().count() > TITLE_MAX => Err(Problem::BadRequest(format!(
            "parameter \"search\" must have at most {TITLE_MAX} characters, as titles have"
        ))),
        found => Ok(found.map(str::to_owned)),
    }
}

/// The page that `page` and `page_size` ask for.
pub(super) fn page(filters: &Filters, size: i64, largest: i64) -> Result<Page, Problem> {
    Ok(Page {
        number: number(filters, "page", i64::MAX)?.unwrap_or(1),
        size: number(filters, "page_size", largest)?.unwrap_or(size),
    })
}

/// A whole number from 1 to `largest`, in its one spelling: `01` would be another entry for the same answer.
pub(super) fn number(filters: &Filters, name: &str, largest: i64) -> Result<Option<i64>, Problem> {
    one(filters, name)?
        .map(|text| {
            text.parse()
                .ok()
                .filter(|value: &i64| (1..=largest).contains(value) && value.to_string() == text)
                .ok_or_else(|| unknown(name, text, &format!("a whole number from 1 to {largest}")))
        })
        .transpose()
}

/// The value of a parameter given at most once.
pub(super) fn one<'f>(filters: &'f Filters, name: &str) -> Result<Option<&'f str>, Problem> {
    match (filters.get(name), filters.text(name)) {
        (None, _) => Ok(None),
        (Some(_), Some(text)) => Ok(Some(text)),
        (Some(_), None) => Err(Problem::BadRequest(format!("parameter {name:?} is given more than once"))),
    }
}

pub(super) fn unknown(name: &str, value: &str, accepted: &str) -> Problem {
    Problem::BadRequest(format!("parameter {name:?} cannot be {value:?}; use {accepted}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_that_are_understood() {
        let table = [
            ("/api/reports/", "{}"),
            ("/api/reports/?page=1&page_size=20&ordering=-week_start", "{}"),
            ("/api/reports/?type=analytics&page=2", r#"{"page": "2", "type": "analytics"}"#),
            ("/api/reports/7/", "{}"),
            ("/api/reports/7/stats/", r#"{"view": "stats"}"#),
            ("/api/reports/export/?format=json&page_size=50", r#"{"view": "export"}"#),
            ("/api/reports/export/?format=csv", r#"{"format": "csv", "view": "export"}"#),
        ];
        for (target, expected) in table {
            let (_, filters) = asked(&target.parse().unwrap()).unwrap();
            assert_eq!(filters.canonical_json(), expected, "{target}");
        }
    }

    #[test]
    fn targets_that_are_refused() {
        for target in [
            "/api/reports/?colour=red",
            "/api/reports/?type=default",
            "/api/reports/?status=lost",
            "/api/reports/?page=0",
            "/api/reports/?page_size=101",
            "/api/reports/?page=1&page=2",
            "/api/reports/?student=me",
            "/api/reports/?week_start=2026-09-08",
            "/api/reports/export/?page_size=51",
            "/api/reports/export/?format=xml",
            "/api/reports/7/?page=1",
            "/api/reports/7/stats/?view=export",
        ] {
            let problem = asked(&target.parse().unwrap()).unwrap_err();
            assert!(matches!(problem, Problem::BadRequest(_)), "{target}: {problem}");
        }
        for target in ["/api/reports", "/api/reports/7", "/api/reports/x/", "/api/reports/7/x/", "/healthz"] {
            let problem = asked(&target.parse().unwrap()).unwrap_err();
            assert!(matches!(problem, Problem::NotFound), "{target}: {problem}");
        }
    }
}
