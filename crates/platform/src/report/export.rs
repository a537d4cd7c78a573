//! Reports as comma-separated values (RFC 4180): one line for each value, named by its path.

use serde_json::Value;

/// Columns of the file.
const HEAD: &str = "report_id,report_type,field,value\r\n";
/// Fields that have a column of their own.
const COLUMNS: [&str; 2] = ["id", "report_type"];

/// Writes an export: first the envelope (`reader`, `count`, …), then each of its `results` in full.
pub(crate) fn csv(export: &Value) -> String {
    let mut out = String::from(HEAD);
    for (name, value) in export.as_object().into_iter().flatten() {
        if name != "results" {
            lines(&mut out, ",", name, value);
        }
    }
    for report in export["results"].as_array().into_iter().flatten() {
        let columns: Vec<String> = COLUMNS.iter().map(|name| cell(&report[*name])).collect();
        let columns = columns.join(",");
        for (name, value) in report.as_object().into_iter().flatten() {
            if !COLUMNS.contains(&name.as_str()) {
                lines(&mut out, &columns, name, value);
            }
        }
    }
    out
}

fn lines(out: &mut String, columns: &str, path: &str, value: &Value) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                lines(out, columns, &format!("{path}.{name}"), field);
            }
        }
        Value::Array(items) => {
            for (place, item) in items.iter().enumerate() {
                lines(out, columns, &format!("{path}.{place}"), item);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            out.extend([columns, ",", path, ",", &cell(value), "\r\n"]);
        }
    }
}

/// Quoted where RFC 4180 §2 asks for it; null is empty.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    };
    if text.contains([',', '"', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_value_has_a_line_and_awkward_ones_are_quoted() {
        let export = json!({
            "revision": 7,
            "results": [{
                "id": 3, "report_type": "custom", "title": "A, \"b\"",
                "student_id": null, "answers": [{"score": 5, "comment": "two\nlines"}],
            }],
        });
        let line = "3,custom";
        let expected = format!(
            "{HEAD},,revision,7\r\n{line},title,\"A, \"\"b\"\"\"\r\n{line},student_id,\r\n\
             {line},answers.0.score,5\r\n{line},answers.0.comment,\"two\nlines\"\r\n"
        );
        assert_eq!(csv(&export), expected);
    }
}
