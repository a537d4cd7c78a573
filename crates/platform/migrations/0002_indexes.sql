-- Applied after the bulk load: building an index once is cheaper than keeping it
-- up to date row by row.
CREATE UNIQUE INDEX people_by_username ON people (username);
CREATE INDEX people_by_role ON people (role, id);
CREATE INDEX students_by_class ON students (class_id);
CREATE INDEX teaching_by_teacher ON teaching (teacher_id);
CREATE INDEX guardians_by_student ON guardians (student_id);
CREATE INDEX tutoring_by_student ON tutoring (student_id);
CREATE INDEX assignments_by_class ON assignments (class_id, subject_id, week);
CREATE INDEX submissions_by_assignment ON submissions (assignment_id, student_id);
CREATE INDEX submissions_by_student ON submissions (student_id, assignment_id);
CREATE INDEX answers_by_submission ON answers (submission_id);
CREATE INDEX elements_by_material ON elements (material_id);
CREATE INDEX materials_by_subject ON materials (subject_id);
CREATE INDEX reports_by_student ON reports (student_id, week);
CREATE INDEX reports_by_class ON reports (class_id, week);
CREATE INDEX reports_by_author ON reports (author_id, week);
CREATE INDEX custom_members_by_student ON custom_members (student_id);
