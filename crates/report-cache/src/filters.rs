//! Filters as canonical JSON, and their hash.
//!
//! The form is what Python's `json.dumps(filters, sort_keys=True)` writes, so that a service in either
//! language computes the same key: keys sorted at every depth, `", "` and `": "` between, everything
//! outside printable ASCII as `\uXXXX` (surrogate pairs above the basic plane).

use std::fmt::{self, Write as _};

use md5::{Digest, Md5};
use serde_json::{Map, Number, Value};

/// What selects one answer among those of a report: a JSON object whose order means nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Filters(Map<String, Value>);

impl Filters {
    /// No filters: the plain report.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The filters in `object`. Numbers beyond 64 bits are doubles here, while Python keeps their digits.
    #[must_use]
    pub fn from_json(object: Map<String, Value>) -> Self {
        Self(object)
    }

    /// The value of one filter; `None` where the default holds.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The value of one filter given once as text; `None` where it is absent, repeated or not text.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Value::as_str)
    }

    /// Whether no filter differs from its default.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The canonical text, the same for every order of keys.
    #[must_use]
    pub fn canonical_json(&self) -> String {
        let mut out = String::new();
        write_object(&mut out, &self.0);
        out
    }

    /// First 12 hex digits of the MD5 of [`Filters::canonical_json`].
    #[must_use]
    pub fn hash(&self) -> FiltersHash {
        if self.0.is_empty() {
            return FiltersHash::NONE;
        }
        let digest = Md5::digest(self.canonical_json().as_bytes());
        let mut hash = [0; 6];
        hash.copy_from_slice(&digest[..6]);
        FiltersHash(hash)
    }
}

/// The last part of a key: 48 bits, written as 12 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FiltersHash([u8; 6]);

impl FiltersHash {
    /// Of no filters: the plain read, which most are.
    const NONE: Self = Self([0x99, 0x91, 0x4b, 0x93, 0x2b, 0xd3]);
}

impl fmt::Display for FiltersHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(true) => out.push_str("true"),
        Value::Bool(false) => out.push_str("false"),
        Value::Number(number) => write_number(out, number),
        Value::String(text) => write_text(out, text),
        Value::Array(items) => {
            out.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    out.push_str(", ");
                }
                write_value(out, item);
            }
            out.push(']');
        }
        Value::Object(object) => write_object(out, object),
    }
}

fn write_object(out: &mut String, object: &Map<String, Value>) {
    // Bytes of UTF-8 sort as code points do, which is how Python sorts.
    let mut members: Vec<_> = object.iter().collect();
    members.sort_unstable_by_key(|(name, _)| name.as_str());
    out.push('{');
    for (i, (name, value)) in members.into_iter().enumerate() {
        if i > 0 {
            out.push_str(", ");
        }
        write_text(out, name);
        out.push_str(": ");
        write_value(out, value);
    }
    out.push('}');
}

fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(out, "\\u{unit:04x}").expect("a String takes any text");
                }
            }
        }
    }
    out.push('"');
}

fn write_number(out: &mut String, number: &Number) {
    match number.as_f64() {
        Some(value) if number.is_f64() => write_float(out, value),
        _ => out.push_str(&number.to_string()),
    }
}

/// A double as Python's `repr` writes it: shortest digits that read back equal, with an exponent below
/// 1e-4 and from 1e16 on, of two digits at least.
fn write_float(out: &mut String, value: f64) {
    let shortest = format!("{value:e}");
    let (mantissa, exponent) = shortest.split_once('e').expect("{:e} always writes an exponent");
    let exponent: i32 = exponent.parse().expect("{:e} writes a whole exponent");
    if (-4..16).contains(&exponent) {
        // `{:?}` would switch to an exponent at other bounds; `{}` never does, but drops the `.0`.
        let plain = format!("{value}");
        out.push_str(&plain);
        if !plain.contains('.') {
            out.push_str(".0");
        }
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(out, "{mantissa}e{sign}{:02}", exponent.unsigned_abs()).expect("a String takes any text");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn canonical(value: Value) -> String {
        let mut out = String::new();
        write_value(&mut out, &value);
        out
    }

    #[test]
    fn text_is_escaped_as_python_escapes_it() {
        let table = [
            ("plain ~", r#""plain ~""#),
            ("\u{7f}\u{0}\u{1f}", r#""\u007f\u0000\u001f""#),
            ("\u{8}\u{c}\n\r\t", r#""\b\f\n\r\t""#),
            ("a/b", r#""a/b""#),
            ("ü", r#""\u00fc""#),
            ("\u{2028}", r#""\u2028""#),
            ("😀", r#""\ud83d\ude00""#),
        ];
        for (text, expected) in table {
            assert_eq!(canonical(json!(text)), expected);
        }
    }

    #[test]
    fn numbers_are_written_as_python_writes_them() {
        let table = [
            (json!(0), "0"),
            (json!(-7), "-7"),
            (json!(18_446_744_073_709_551_615_u64), "18446744073709551615"),
            (json!(2.5), "2.5"),
            (json!(2.0), "2.0"),
            (json!(-0.0), "-0.0"),
            (json!(0.1), "0.1"),
            (json!(0.0001), "0.0001"),
            (json!(0.00001), "1e-05"),
            (json!(1.5e-7), "1.5e-07"),
            (json!(123_456_789_012_345.6), "123456789012345.6"),
            (json!(1e15), "1000000000000000.0"),
            (json!(1e16), "1e+16"),
            (json!(1.25e22), "1.25e+22"),
            (json!(1e100), "1e+100"),
            (json!(5e-324), "5e-324"),
        ];
        for (number, expected) in table {
            assert_eq!(canonical(number), expected);
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    fn reversed(value: &Value) -> Value {
        match value {
            Value::Object(object) => {
                Value::Object(object.iter().rev().map(|(k, v)| (k.clone(), reversed(v))).collect())
            }
            Value::Array(items) => Value::Array(items.iter().map(reversed).collect()),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    proptest! {
        #[test]
        fn the_order_of_keys_never_changes_the_hash(
            members in prop::collection::hash_map(any::<String>(), any_json(), 0..6)
                .prop_map(|map| map.into_iter().collect::<Vec<_>>()),
            turn in 0_usize..6,
        ) {
            let one: Map<String, Value> = members.clone().into_iter().collect();
            let mut turned = members;
            let by = turn.min(turned.len());
            turned.rotate_left(by);
            let other = turned.iter().rev().map(|(k, v)| (k.clone(), reversed(v))).collect();
            prop_assert_eq!(Filters::from_json(one).hash(), Filters::from_json(other).hash());
        }

        #[test]
        fn the_canonical_text_is_ascii_and_reads_back_as_the_same_json(value in any_json()) {
            let text = canonical(value.clone());
            prop_assert!(text.is_ascii());
            prop_assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
        }
    }
}
