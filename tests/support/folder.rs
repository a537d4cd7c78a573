//! A run folder, read.

use cacheproof::evidence::Evidence;
use cacheproof::verdict::{Finding, Judgement, Verdict};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The folder of a run.
pub(crate) struct RunFolder {
    pub(crate) path: PathBuf,
}

impl RunFolder {
    pub(crate) fn at(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    #[track_caller]
    pub(crate) fn text(&self, file: &str) -> String {
        std::fs::read_to_string(self.path.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    #[track_caller]
    pub(crate) fn json(&self, file: &str) -> Value {
        serde_json::from_str(&self.text(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
    }

    #[track_caller]
    pub(crate) fn evidence(&self) -> Evidence {
        cacheproof::evidence::load(&self.path).unwrap()
    }

    #[track_caller]
    pub(crate) fn verdict(&self) -> Verdict {
        serde_json::from_value(self.json("verdict.json")).unwrap()
    }

    /// What was said of the SLO that begins so.
    #[track_caller]
    pub(crate) fn finding(&self, beginning: &str) -> Finding {
        let found = self.verdict().findings.into_iter().find(|finding| finding.slo.starts_with(beginning));
        found.unwrap_or_else(|| panic!("no SLO begins with {beginning}"))
    }

    /// The same, with this judgement.
    #[track_caller]
    pub(crate) fn judged(&self, beginning: &str, judgement: Judgement) -> Finding {
        let finding = self.finding(beginning);
        assert_eq!(finding.judgement, judgement, "{finding:#?}");
        finding
    }

    /// Caveats as people read them.
    #[track_caller]
    pub(crate) fn caveats(&self) -> String {
        self.verdict().caveats.iter().map(|caveat| format!("{caveat}\n")).collect()
    }

    /// Every file by its path in the folder.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.path, &self.path, &mut files);
        files
    }

    /// No file holds one of these texts, or anything that looks like a token of the
    /// school service: a number, a dot and 64 hexadecimal digits.
    #[track_caller]
    pub(crate) fn holds_no_secrets(&self, known: &[&str]) {
        for (name, bytes) in self.files() {
            let text = String::from_utf8_lossy(&bytes);
            for secret in known.iter().copied().chain(["Bearer "]) {
                assert!(!text.contains(secret), "{name} holds {secret}");
            }
            let token = bytes.windows(66).find(|window| {
                window[0].is_ascii_digit()
                    && window[1] == b'.'
                    && window[2..].iter().all(u8::is_ascii_hexdigit)
            });
            assert!(token.is_none(), "{name} holds what looks like a token: {token:?}");
        }
    }
}

fn collect(root: &Path, at: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in std::fs::read_dir(at).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else {
            files.insert(
                path.strip_prefix(root).unwrap().display().to_string(),
                std::fs::read(&path).unwrap(),
            );
        }
    }
}
