-- Applied after the totals are filled.
CREATE INDEX work_totals_by_assignment ON work_totals (assignment_id);

-- Who sits in a class, and what it was asked to do, is part of its reports too. As triggers: no write can
-- forget them.
CREATE TRIGGER class_joined AFTER INSERT ON students BEGIN
    INSERT INTO class_versions VALUES (NEW.class_id, 1) ON CONFLICT DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER class_left AFTER DELETE ON students BEGIN
    INSERT INTO class_versions VALUES (OLD.class_id, 1) ON CONFLICT DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER class_moved AFTER UPDATE ON students BEGIN
    INSERT INTO class_versions VALUES (OLD.class_id, 1) ON CONFLICT DO UPDATE SET version = version + 1;
    INSERT INTO class_versions VALUES (NEW.class_id, 1) ON CONFLICT DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER class_assigned AFTER INSERT ON assignments BEGIN
    INSERT INTO class_versions VALUES (NEW.class_id, 1) ON CONFLICT DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER class_unassigned AFTER DELETE ON assignments BEGIN
    INSERT INTO class_versions VALUES (OLD.class_id, 1) ON CONFLICT DO UPDATE SET version = version + 1;
END;
-- So are names and titles.
CREATE TRIGGER class_retitled AFTER UPDATE OF title ON assignments BEGIN
    INSERT INTO class_versions VALUES (NEW.class_id, 1) ON CONFLICT DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER class_renamed AFTER UPDATE OF name ON classes BEGIN
    INSERT INTO class_versions VALUES (NEW.id, 1) ON CONFLICT DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER student_renamed AFTER UPDATE OF name ON people BEGIN
    INSERT INTO class_versions SELECT class_id, 1 FROM students WHERE student_id = NEW.id
    ON CONFLICT DO UPDATE SET version = version + 1;
END;
CREATE TRIGGER subject_renamed AFTER UPDATE OF name ON subjects BEGIN
    INSERT INTO class_versions SELECT id, 1 FROM classes WHERE TRUE
    ON CONFLICT DO UPDATE SET version = version + 1;
END;
-- Totals copy these. A route that comes to change them has to compute the totals anew; until then it fails
-- rather than leave them wrong.
CREATE TRIGGER assignment_fixed BEFORE UPDATE OF class_id, subject_id, week, due_at ON assignments BEGIN
    SELECT RAISE(ABORT, 'an assignment keeps its class, subject, week and due time: totals stand on them');
END;
CREATE TRIGGER submission_fixed BEFORE UPDATE OF assignment_id, student_id ON submissions BEGIN
    SELECT RAISE(ABORT, 'a submission keeps its assignment and student: totals stand on them');
END;
ANALYZE;
