//! What a terminal may show of requests and answers: everything but secrets.

use super::login::Identity;
use super::target::Target;
use crate::plan::{Plan, Secrets};
use crate::scenario::{Credential, env};
use crate::workload::SEGMENT;
use http::HeaderMap;
use http::header::SET_COOKIE;
use percent_encoding::utf8_percent_encode;
use std::fmt;

/// What stands in place of a secret.
const BLANK: &str = "…";

/// Knows secrets, and takes them out of texts.
pub struct Redactor {
    /// Each as it stands in a text, an address, a form or JSON; the longest first, for a
    /// short one may be part of it.
    forms: Vec<String>,
}

impl Redactor {
    /// Knows the values that came from the environment, everybody's password, and what makes
    /// these people known to the target.
    pub fn new<'a>(plan: &Plan, target: &Target, identities: impl IntoIterator<Item = &'a Identity>) -> Self {
        let mut secrets = plan.secrets.clone();
        for password in target.password.iter() {
            secrets.add(password);
        }
        for text in identities.into_iter().flat_map(|identity| identity.secrets(plan)) {
            secrets.add(&text);
        }
        Self::of(&secrets)
    }

    /// Knows these alone.
    pub(super) fn of(secrets: &Secrets) -> Self {
        let mut redactor = Self { forms: Vec::new() };
        redactor.learn(secrets);
        redactor
    }

    /// Knows the passwords and tokens of the scenario's people as well.
    #[must_use]
    pub fn with_credentials(mut self, plan: &Plan) -> Self {
        let mut secrets = Secrets::default();
        for credential in plan.credentials.iter() {
            let (Credential::Password(text) | Credential::Token(text)) = credential;
            if let Ok(text) = env::expand(text, &|name| std::env::var(name).ok()) {
                secrets.add(&text);
            }
        }
        self.learn(&secrets);
        self
    }

    /// Takes in the cookies that an answer sets: a body may hold them, too.
    pub fn learn_cookies(&mut self, headers: &HeaderMap) {
        let mut secrets = Secrets::default();
        for header in headers.get_all(SET_COOKIE) {
            let pair = header.to_str().ok().and_then(|text| text.split(';').next()?.split_once('='));
            if let Some((_, value)) = pair {
                secrets.add(value.trim().trim_matches('"'));
            }
        }
        self.learn(&secrets);
    }

    fn learn(&mut self, secrets: &Secrets) {
        for secret in secrets.iter() {
            let json = serde_json::Value::from(secret).to_string();
            self.forms.extend([
                secret.to_owned(),
                utf8_percent_encode(secret, SEGMENT).to_string(),
                form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
                json[1..json.len() - 1].to_owned(),
            ]);
        }
        self.forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        self.forms.dedup();
    }

    /// The text without secrets.
    pub fn text(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for form in self.forms.iter().filter(|form| text.contains(form.as_str())) {
            out = out.replace(form, BLANK);
        }
        out
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_blanked_in_each_form_and_short_values_stay() {
        let mut secrets = Secrets::default();
        for secret in ["key/with \"quotes\"", "key/with", "abc"] {
            secrets.add(secret);
        }
        let mut redactor = Redactor::of(&secrets);
        for (text, expected) in [
            ("x key/with \"quotes\" y abc", "x … y abc"),
            ("/a?k=key%2Fwith+%22quotes%22", "/a?k=…"),
            ("/key%2Fwith%20%22quotes%22/", "/…/"),
            (r#"{"k": "key/with \"quotes\""}"#, r#"{"k": "…"}"#),
        ] {
            assert_eq!(redactor.text(text), expected);
        }
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, "sid=wxyz9876; Path=/".parse().unwrap());
        redactor.learn_cookies(&headers);
        assert_eq!(redactor.text("session wxyz9876"), "session …");
        assert_eq!(format!("{secrets:?} {redactor:?}"), "2 secrets Redactor");
    }
}
