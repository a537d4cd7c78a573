//! Which reports concern a reader: the rule of `Relations::may_read`, as SQL.
//!
//! Written twice, because the two questions are answered fast in different ways.

use crate::domain::Role;

/// A condition over `reports r` that finds all reports of the reader `?`, by the indexes.
pub(super) fn listed(role: Role) -> &'static str {
    match role {
        Role::Staff => "? IS NULL",
        Role::Student => "r.student_id = ?",
        Role::Parent => "r.student_id IN (SELECT student_id FROM guardians WHERE parent_id = ?)",
        Role::Tutor => {
            "r.id IN (WITH me (id) AS (SELECT ?) \
             SELECT o.id FROM reports o JOIN me ON o.author_id = me.id \
             UNION ALL SELECT o.id FROM me JOIN tutoring t ON t.tutor_id = me.id \
             JOIN reports o ON o.student_id = t.student_id WHERE o.report_type = 'student_progress')"
        }
        Role::Teacher => {
            "r.id IN (WITH me (id) AS (SELECT ?) \
             SELECT o.id FROM reports o JOIN me ON o.author_id = me.id \
             UNION ALL SELECT o.id FROM me JOIN teaching t ON t.teacher_id = me.id \
             JOIN reports o ON o.class_id = t.class_id WHERE o.report_type <> 'custom')"
        }
    }
}

/// A value, 0 or 1: whether the one row of `reports r` concerns the reader `?2`.
pub(super) fn one(role: Role) -> &'static str {
    match role {
        Role::Staff => "?2 IS NULL",
        Role::Student => "r.student_id IS ?2",
        Role::Parent => {
            "EXISTS (SELECT 1 FROM guardians x WHERE x.parent_id = ?2 AND x.student_id = r.student_id)"
        }
        Role::Tutor => {
            "r.author_id = ?2 OR (r.report_type = 'student_progress' AND EXISTS \
             (SELECT 1 FROM tutoring x WHERE x.tutor_id = ?2 AND x.student_id = r.student_id))"
        }
        Role::Teacher => {
            "r.author_id = ?2 OR (r.report_type <> 'custom' AND EXISTS \
             (SELECT 1 FROM teaching x WHERE x.class_id = r.class_id AND x.teacher_id = ?2))"
        }
    }
}
