-- The rows of a school. Times are seconds since 1970; weeks count from the
-- first Monday of the term. `revision` grows with every write (table revisions).
CREATE TABLE credentials (
    id         INTEGER PRIMARY KEY,
    salt       TEXT    NOT NULL,
    iterations INTEGER NOT NULL,
    hash       TEXT    NOT NULL
);
CREATE TABLE people (
    id            INTEGER PRIMARY KEY,
    username      TEXT    NOT NULL,
    role          TEXT    NOT NULL CHECK (role IN ('staff', 'teacher', 'tutor', 'student', 'parent')),
    name          TEXT    NOT NULL,
    credential_id INTEGER NOT NULL REFERENCES credentials (id)
);
CREATE TABLE subjects (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE classes (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE students (
    student_id INTEGER PRIMARY KEY REFERENCES people (id),
    class_id   INTEGER NOT NULL REFERENCES classes (id)
);
CREATE TABLE teaching (
    class_id   INTEGER NOT NULL REFERENCES classes (id),
    subject_id INTEGER NOT NULL REFERENCES subjects (id),
    teacher_id INTEGER NOT NULL REFERENCES people (id),
    PRIMARY KEY (class_id, subject_id)
) WITHOUT ROWID;
CREATE TABLE guardians (
    parent_id  INTEGER NOT NULL REFERENCES people (id),
    student_id INTEGER NOT NULL REFERENCES students (student_id),
    PRIMARY KEY (parent_id, student_id)
) WITHOUT ROWID;
CREATE TABLE tutoring (
    tutor_id   INTEGER NOT NULL REFERENCES people (id),
    student_id INTEGER NOT NULL REFERENCES students (student_id),
    PRIMARY KEY (tutor_id, student_id)
) WITHOUT ROWID;

CREATE TABLE assignments (
    id         INTEGER PRIMARY KEY,
    class_id   INTEGER NOT NULL REFERENCES classes (id),
    subject_id INTEGER NOT NULL REFERENCES subjects (id),
    week       INTEGER NOT NULL,
    title      TEXT    NOT NULL,
    due_at     INTEGER NOT NULL
);
CREATE TABLE submissions (
    id            INTEGER PRIMARY KEY,
    assignment_id INTEGER NOT NULL REFERENCES assignments (id),
    student_id    INTEGER NOT NULL REFERENCES students (student_id),
    submitted_at  INTEGER NOT NULL,
    revision      INTEGER NOT NULL
);
CREATE TABLE answers (
    id            INTEGER PRIMARY KEY,
    submission_id INTEGER NOT NULL REFERENCES submissions (id),
    question      INTEGER NOT NULL,
    score         INTEGER NOT NULL CHECK (score BETWEEN 0 AND 100),
    comment       TEXT    NOT NULL,
    revision      INTEGER NOT NULL
);

CREATE TABLE materials (
    id         INTEGER PRIMARY KEY,
    subject_id INTEGER NOT NULL REFERENCES subjects (id),
    title      TEXT    NOT NULL
);
CREATE TABLE elements (
    id          INTEGER PRIMARY KEY,
    material_id INTEGER NOT NULL REFERENCES materials (id),
    title       TEXT    NOT NULL
);
CREATE TABLE material_progress (
    student_id  INTEGER NOT NULL REFERENCES students (student_id),
    material_id INTEGER NOT NULL REFERENCES materials (id),
    percent     INTEGER NOT NULL CHECK (percent BETWEEN 0 AND 100),
    revision    INTEGER NOT NULL,
    PRIMARY KEY (student_id, material_id)
) WITHOUT ROWID;
CREATE TABLE element_progress (
    student_id INTEGER NOT NULL REFERENCES students (student_id),
    element_id INTEGER NOT NULL REFERENCES elements (id),
    done       INTEGER NOT NULL CHECK (done IN (0, 1)),
    revision   INTEGER NOT NULL,
    PRIMARY KEY (student_id, element_id)
) WITHOUT ROWID;

CREATE TABLE reports (
    id          INTEGER PRIMARY KEY,
    report_type TEXT    NOT NULL CHECK (report_type IN ('student_progress', 'grade_distribution', 'analytics', 'custom')),
    title       TEXT    NOT NULL,
    status      TEXT    NOT NULL CHECK (status IN ('draft', 'sent', 'archived')),
    subject_id  INTEGER REFERENCES subjects (id),
    student_id  INTEGER REFERENCES students (student_id),
    class_id    INTEGER REFERENCES classes (id),
    author_id   INTEGER NOT NULL REFERENCES people (id),
    week        INTEGER NOT NULL,
    week_start  TEXT    NOT NULL,
    sections    TEXT,
    revision    INTEGER NOT NULL
);
-- The group a custom report is about.
CREATE TABLE custom_members (
    report_id  INTEGER NOT NULL REFERENCES reports (id),
    student_id INTEGER NOT NULL REFERENCES students (student_id),
    PRIMARY KEY (report_id, student_id)
) WITHOUT ROWID;

CREATE TABLE revisions (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL);

-- What filled the tables, written in the same transaction: without this row the school is not there.
CREATE TABLE seeded (id INTEGER PRIMARY KEY CHECK (id = 1), origin TEXT NOT NULL);

-- Invalidations that the cache's store may not have done yet; see outbox.rs.
CREATE TABLE outbox (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    recorded_ms INTEGER NOT NULL,
    event       TEXT    NOT NULL
);
-- What signs tokens, in hex: every process that shares the file accepts the same.
CREATE TABLE secrets (id INTEGER PRIMARY KEY CHECK (id = 1), tokens TEXT NOT NULL);
