//! A name and password in a URL, as HTTP Basic (RFC 7617).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use reqwest::Url;

/// `Basic …` for the name and password in a URL, marked sensitive; `None` where it has none.
pub(super) fn basic(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let mut pair = decoded(url.username());
    pair.push(b':');
    pair.extend(decoded(url.password().unwrap_or_default()));
    let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair)))
        .expect("Base64 is made of header characters");
    value.set_sensitive(true);
    Some(value)
}

/// The URL without name and password, for messages.
pub(super) fn without(url: &Url) -> String {
    let mut url = url.clone();
    // A URL that cannot have them has none to leave out.
    let _ = url.set_password(None).and_then(|()| url.set_username(""));
    url.into()
}

/// Percent-decoding (RFC 3986 §2.1); a `%` that begins no byte stands for itself.
fn decoded(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let byte = match (first, tail) {
            (b'%', [high, low, ..]) => nibble(*high).zip(nibble(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    out
}

fn nibble(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_password_are_decoded_and_kept_out_of_messages() {
        let url: Url = "http://us%40er:p%3Aw%zz@host:3128/".parse().unwrap();
        let value = basic(&url).unwrap();
        assert!(value.is_sensitive());
        let encoded = value.to_str().unwrap().strip_prefix("Basic ").unwrap();
        assert_eq!(STANDARD.decode(encoded).unwrap(), b"us@er:p:w%zz");
        assert_eq!(without(&url), "http://host:3128/");
        assert_eq!(basic(&"http://host/".parse().unwrap()), None);
    }
}
