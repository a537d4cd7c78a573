//! The list of people, for staff.

use std::sync::{Arc, LazyLock};

use axum::Json;
use axum::extract::{RawQuery, State};
use report_cache::QueryRules;
use serde::Serialize;

use super::auth::Staff;
use super::params::{one, page, unknown};
use super::problem::Problem;
use crate::Service;
use crate::db::{Purpose, args};
use crate::domain::Role;

const PAGE: i64 = 200;
const PAGE_MAX: i64 = 1_000;

static PARAMS: LazyLock<QueryRules> = LazyLock::new(|| {
    QueryRules::new().param("role", None).param("page", Some("1")).param("page_size", Some("200"))
});

#[derive(Serialize)]
pub(super) struct People {
    count: i64,
    page: i64,
    page_size: i64,
    results: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    user_id: i64,
    username: String,
    role: String,
    /// Whose reports concern them: their own, their children's, their pupils'.
    students: Vec<i64>,
    /// Classes that they teach.
    classes: Vec<i64>,
}

/// `GET /api/people/`
pub(super) async fn list(
    _: Staff,
    State(service): State<Arc<Service>>,
    RawQuery(query): RawQuery,
) -> Result<Json<People>, Problem> {
    let filters = PARAMS.filters(query.as_deref()).map_err(|error| Problem::BadRequest(error.to_string()))?;
    let role = one(&filters, "role")?
        .map(|text| {
            let accepted = "staff, teacher, tutor, student, parent";
            Role::parse(text).ok_or_else(|| unknown("role", text, accepted))
        })
        .transpose()?
        .map(Role::as_str);
    let page = page(&filters, PAGE, PAGE_MAX)?;
    let mut session = service.db.read(Purpose::Management).await?;
    let (count,): (i64,) =
        session.row("SELECT COUNT(*) FROM people WHERE ?1 IS NULL OR role = ?1", args![role]).await?;
    let offset = (page.number - 1).saturating_mul(page.size);
    let rows: Vec<(i64, String, String)> = session
        .rows(
            "SELECT id, username, role FROM people WHERE ?1 IS NULL OR role = ?1 ORDER BY id LIMIT ?2 OFFSET ?3",
            args![role, page.size, offset],
        )
        .await?;
    session.commit().await?;
    let links = service.relations.now();
    let entry = |(user_id, username, role)| {
        let (students, classes) = links.of(user_id);
        Entry { user_id, username, role, students, classes }
    };
    let results = rows.into_iter().map(entry).collect();
    Ok(Json(People { count, page: page.number, page_size: page.size, results }))
}
