//! Which codings a reader takes: `Accept-Encoding` (RFC 9110 §12.5.3).

use http::{HeaderMap, header};

use crate::coding::Coding;
use crate::headers::members;

/// What a request says about the two codings a report can be sent in. Weights are thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AcceptEncoding {
    /// Of gzip, by its name or by `*`; 0 is "not acceptable".
    gzip: u16,
    /// Of identity, where the request names it or excludes it by `*;q=0`.
    identity: Option<u16>,
}

impl AcceptEncoding {
    /// Reads the field. A request without it would take any coding; it gets the plain form, since it may
    /// come from a client that cannot inflate. A member whose weight cannot be read is left out.
    #[must_use]
    pub fn from_headers(headers: &HeaderMap) -> Self {
        let (mut gzip, mut identity, mut any) = (None, None, None);
        for member in members(headers, &header::ACCEPT_ENCODING) {
            let (coding, parameters) = match member.split_once(';') {
                Some((coding, parameters)) => (coding.trim_ascii_end(), Some(parameters)),
                None => (member, None),
            };
            let Some(weight) = parameters.map_or(Some(1_000), weight) else { continue };
            // Names are case-insensitive, and x-gzip is gzip (RFC 9110 §8.4.1).
            let named = if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
                &mut gzip
            } else if coding.eq_ignore_ascii_case("identity") {
                &mut identity
            } else if coding == "*" {
                &mut any
            } else {
                continue;
            };
            *named = (*named).max(Some(weight));
        }
        Self { gzip: gzip.or(any).unwrap_or(0), identity: identity.or(any.filter(|&weight| weight == 0)) }
    }

    /// The coding to send of a body that is there as `stored` and can be had plain. A reader who refuses
    /// both gets the plain one: the RFC lets a server disregard the field.
    #[must_use]
    pub fn choose(&self, stored: Coding) -> Coding {
        let takes_gzip = self.gzip > 0 && self.identity.is_none_or(|identity| self.gzip >= identity);
        match stored {
            Coding::Gzip if takes_gzip => Coding::Gzip,
            Coding::Gzip | Coding::Identity => Coding::Identity,
        }
    }
}

/// `q=0.5` in thousandths (RFC 9110 §12.4.2); `None` for anything else.
fn weight(parameters: &str) -> Option<u16> {
    let (name, value) = parameters.trim_ascii().split_once('=')?;
    if !name.eq_ignore_ascii_case("q") {
        return None;
    }
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    if decimals.len() > 3 || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: u16 = format!("{decimals:0<3}").parse().ok()?;
    match (whole, thousandths) {
        ("0", thousandths) => Some(thousandths),
        ("1", 0) => Some(1_000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_wildcards_and_exclusions_choose_the_form() {
        let table: [(&[&str], bool); 29] = [
            (&["gzip"], true),
            (&["GZip"], true),
            (&["x-gzip"], true),
            (&["gzip, deflate, br, zstd"], true),
            (&["br", "gzip"], true),
            (&["*"], true),
            (&["*;q=0.1"], true),
            (&["br, *"], true),
            (&["gzip;q=0.001"], true),
            (&["gzip ; q=1.000"], true),
            (&["gzip;Q=1"], true),
            (&["gzip;q=0.5, identity;q=0.5"], true),
            (&["gzip;q=0.5, identity;q=0"], true),
            (&["gzip, *;q=0"], true),
            (&["identity;q=0, *;q=0.2"], true),
            (&[], false),
            (&[""], false),
            (&["identity"], false),
            (&["br"], false),
            (&["gzip;q=0"], false),
            (&["gzip;q=0.000, *"], false),
            (&["*;q=0"], false),
            (&["gzip;q=0.5, identity"], false),
            (&["identity;q=0.8, gzip;q=0.79"], false),
            (&["identity;q=0, br"], false),
            (&["gzip;q=2"], false),
            (&["gzip;q=0.1234"], false),
            (&["gzip;q=-1"], false),
            (&["gzip;level=9"], false),
        ];
        for (lines, expected) in table {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(header::ACCEPT_ENCODING, line.parse().unwrap());
            }
            let accept = AcceptEncoding::from_headers(&headers);
            let chosen = if expected { Coding::Gzip } else { Coding::Identity };
            assert_eq!(accept.choose(Coding::Gzip), chosen, "{lines:?}");
            assert_eq!(accept.choose(Coding::Identity), Coding::Identity, "{lines:?}");
        }
    }
}
