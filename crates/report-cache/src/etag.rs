//! Validators: [`ETag`] and [`IfNoneMatch`] (RFC 9110 §8.8.3, §13.1.2).

use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest, Sha256};

use crate::coding::Coding;

/// What tells the tag of the gzip form from that of the plain one: strong tags must differ where the
/// bytes do (RFC 9110 §8.8.3.3).
const GZIP: &str = "-gzip";

/// A strong entity tag over the bytes of one representation, quotes included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ETag(String);

impl ETag {
    /// The tag of `body`: 128 bits of its SHA-256, so that equal tags mean equal bytes.
    #[must_use]
    pub fn of(body: &[u8]) -> Self {
        let digest = Sha256::digest(body);
        let mut tag = String::with_capacity(34);
        tag.push('"');
        for byte in &digest[..16] {
            for digit in [byte >> 4, byte & 0xf] {
                tag.push(char::from_digit(u32::from(digit), 16).expect("a nibble is a hex digit"));
            }
        }
        tag.push('"');
        Self(tag)
    }

    /// The tag of the same report in another coding; `self` is that of the plain form.
    #[must_use]
    pub fn coded(&self, coding: Coding) -> Self {
        match coding {
            Coding::Identity => self.clone(),
            Coding::Gzip => Self(format!("\"{}{GZIP}\"", self.0.trim_matches('"'))),
        }
    }

    /// Reads back what [`ETag::as_str`] wrote; `None` for anything but a strong entity tag.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let opaque = text.strip_prefix('"')?.strip_suffix('"')?;
        opaque.bytes().all(is_etagc).then(|| Self(text.to_owned()))
    }

    /// The field value, quotes included.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The field value for a header map.
    #[must_use]
    pub fn header_value(&self) -> HeaderValue {
        HeaderValue::try_from(self.as_str()).expect("an entity tag holds visible characters only")
    }
}

/// The `If-None-Match` of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfNoneMatch {
    /// `*`: any current representation matches.
    Any,
    /// A list; the opaque parts with their quotes, without `W/`, since only weak comparison applies.
    Tags(Vec<Vec<u8>>),
}

impl IfNoneMatch {
    /// The precondition in `headers`; `None` when there is none, or when it is malformed: an entity tag
    /// that cannot be read must not turn into a 304.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Option<Self> {
        let mut lines = headers.get_all(header::IF_NONE_MATCH).iter().peekable();
        lines.peek()?;
        // Several lines are one list (RFC 9110 §5.3).
        let joined = lines.map(HeaderValue::as_bytes).collect::<Vec<_>>().join(&b',');
        Self::parse(&joined)
    }

    fn parse(value: &[u8]) -> Option<Self> {
        if value.trim_ascii() == b"*" {
            return Some(Self::Any);
        }
        let mut tags = Vec::new();
        let mut rest = skip_separators(value);
        while !rest.is_empty() {
            let opaque = rest.strip_prefix(b"W/").unwrap_or(rest);
            let inner = opaque.strip_prefix(b"\"")?;
            let len = inner.iter().position(|&byte| byte == b'"')?;
            if !inner[..len].iter().all(|&byte| is_etagc(byte)) {
                return None;
            }
            tags.push(opaque[..len + 2].to_vec());
            let after = inner[len + 1..].trim_ascii_start();
            if !after.is_empty() && !after.starts_with(b",") {
                return None;
            }
            rest = skip_separators(after);
        }
        (!tags.is_empty()).then_some(Self::Tags(tags))
    }

    /// Whether a 304 is due: weak comparison, which ignores `W/` (RFC 9110 §8.8.3.2). `current` is the
    /// tag of the plain form; that of a coded one stands for the same report.
    #[must_use]
    pub fn matches(&self, current: &ETag) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => tags.iter().any(|tag| names(tag, current.as_str())),
        }
    }
}

/// Whether an opaque tag, in quotes, is `plain` or its coded form.
fn names(tag: &[u8], plain: &str) -> bool {
    let opening = plain.strip_suffix('"').unwrap_or(plain).as_bytes();
    match tag.strip_prefix(opening).and_then(|rest| rest.strip_suffix(b"\"")) {
        Some(rest) => rest.is_empty() || rest == GZIP.as_bytes(),
        None => false,
    }
}

/// Empty list members are allowed to a sender that errs (RFC 9110 §5.6.1.2).
fn skip_separators(value: &[u8]) -> &[u8] {
    let start = value.iter().position(|byte| !matches!(byte, b',' | b' ' | b'\t'));
    start.map_or(&[], |start| &value[start..])
}

/// `etagc`: any visible character but the quote, and bytes above ASCII.
fn is_etagc(byte: u8) -> bool {
    byte == 0x21 || (0x23..=0x7e).contains(&byte) || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bytes_have_equal_strong_tags() {
        let tag = ETag::of(b"{}");
        assert_eq!(tag.as_str(), "\"44136fa355b3678a1146ad16f7e8649e\"");
        assert_eq!(tag, ETag::of(b"{}"));
        assert_ne!(tag, ETag::of(b"{ }"));
        assert_eq!(ETag::parse(tag.as_str()), Some(tag));
        assert_eq!(ETag::parse("W/\"a\""), None);
        assert_eq!(ETag::parse("\"a\"b\""), None);
    }

    #[test]
    fn each_coding_has_a_strong_tag_of_its_own() {
        let plain = ETag::of(b"{}");
        let coded = plain.coded(Coding::Gzip);
        assert_eq!(coded.as_str(), "\"44136fa355b3678a1146ad16f7e8649e-gzip\"");
        assert_eq!(plain.coded(Coding::Identity), plain);
        assert_eq!(ETag::parse(coded.as_str()), Some(coded));
    }

    #[test]
    fn every_form_of_if_none_match_is_understood() {
        let current = ETag::parse("\"abc\"").unwrap();
        let table: [(&[&str], bool); 29] = [
            (&["\"abc-gzip\""], true),
            (&["W/\"abc-gzip\""], true),
            (&["\"x-gzip\", \"abc-gzip\""], true),
            (&["\"-gzip\""], false),
            (&["\"abc-gzip-gzip\""], false),
            (&["\"abc\""], true),
            (&["W/\"abc\""], true),
            (&["*"], true),
            (&[" * "], true),
            (&["\"x\", \"abc\""], true),
            (&["\"x\",W/\"abc\",\"y\""], true),
            (&["\"x\" ,\t\"abc\" "], true),
            (&[",, \"abc\",,"], true),
            (&["\"x\"", "\"abc\""], true),
            (&["\"a,b\", \"abc\""], true),
            (&["\"\", \"abc\""], true),
            (&["\"x\""], false),
            (&["W/\"x\""], false),
            (&["\"ABC\""], false),
            (&["\"a,b\""], false),
            (&[""], false),
            (&[","], false),
            // Malformed: no tag may be believed.
            (&["abc"], false),
            (&["\"abc"], false),
            (&["w/\"abc\""], false),
            (&["\"abc\" \"x\""], false),
            (&["\"abc\", x"], false),
            (&["*, \"abc\""], false),
            (&["\"a c\", \"abc\""], false),
        ];
        for (lines, expected) in table {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::IF_NONE_MATCH, line.parse().unwrap());
            }
            let matches = IfNoneMatch::from_headers(&headers).is_some_and(|sent| sent.matches(&current));
            assert_eq!(matches, expected, "{lines:?}");
        }
        assert_eq!(IfNoneMatch::from_headers(&HeaderMap::new()), None);
    }
}
