-- L2: figures kept beside the rows, so that a report need not add up every answer again. Filled after the
-- load; each write then computes the cells it touched from the rows again (src/aggregates).
--
-- One row a submission. A submission's assignment does not change, so its class, subject and week stand
-- here too: the key keeps one student's work together, in the order of the weeks.
CREATE TABLE work_totals (
    student_id    INTEGER NOT NULL,
    week          INTEGER NOT NULL,
    assignment_id INTEGER NOT NULL,
    submission_id INTEGER NOT NULL,
    class_id      INTEGER NOT NULL,
    subject_id    INTEGER NOT NULL,
    on_time       INTEGER NOT NULL,
    -- Seconds left until the work was due, below zero when late.
    ahead_secs    INTEGER NOT NULL,
    answers       INTEGER NOT NULL,
    score_sum     INTEGER NOT NULL,
    -- Every score, comma-separated: quartiles need them all. NULL without answers.
    scores        TEXT,
    -- The answer that was written last, and its revision.
    last_answer   INTEGER,
    last_revision INTEGER,
    -- The newest of the submission and its answers.
    revision      INTEGER NOT NULL,
    PRIMARY KEY (student_id, week, assignment_id, submission_id)
) WITHOUT ROWID;
-- The class's work on one assignment. No row without submissions.
CREATE TABLE assignment_totals (
    assignment_id INTEGER PRIMARY KEY,
    submissions   INTEGER NOT NULL,
    on_time       INTEGER NOT NULL,
    ahead_secs    INTEGER NOT NULL,
    answers       INTEGER NOT NULL,
    score_sum     INTEGER NOT NULL,
    scores        TEXT,
    revision      INTEGER NOT NULL
);
-- One student's progress in one subject.
CREATE TABLE progress_totals (
    student_id        INTEGER NOT NULL,
    subject_id        INTEGER NOT NULL,
    materials         INTEGER NOT NULL,
    percent_sum       INTEGER NOT NULL,
    material_revision INTEGER,
    elements          INTEGER NOT NULL,
    elements_done     INTEGER NOT NULL,
    element_revision  INTEGER,
    PRIMARY KEY (student_id, subject_id)
) WITHOUT ROWID;
-- Grows with everything that changes what a class's reports say. A class without a row is at 0.
CREATE TABLE class_versions (class_id INTEGER PRIMARY KEY, version INTEGER NOT NULL);
